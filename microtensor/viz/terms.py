"""What does a formula say? A `Term`: a number, a symbol, or a function of terms, in simplest form.

The formulas of the pictures are no texts that somebody wrote: they are traced from the rules
(`formulas.py`) and made simple here, by identities that are exact: 1·x = x, 0 + x = x, −(−x) = x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Key = Any  # what a symbol stands for: "g", "y", or the position of an operand


class Term(NamedTuple):
    """One part of a formula.

    Attributes
    ----------
    op : str
        "number", "symbol", or the last word of a function's name, such as "multiply".
    args : tuple
        The number; what the symbol stands for; or the function's operands, which are Terms, and
        its options, which are texts.

    Examples
    --------
    >>> simplified("multiply", number(1.0), symbol(0))
    Term(op='symbol', args=(0,))
    """

    op: str
    args: tuple

    @property
    def is_number(self) -> bool:
        return self.op == "number"


def number(x: float) -> Term:
    """Make the term of a constant."""
    return Term("number", (float(x),))


def symbol(key: Key) -> Term:
    """Make the term of what has a name."""
    return Term("symbol", (key,))


def is_value(term: Any, x: float) -> bool:
    """Tell whether a term is that number."""
    return isinstance(term, Term) and term.is_number and term.args[0] == x


def simplified(op: str, *args: Any) -> Term:
    """Make a term of simple ones, in its simplest form.

    >>> x = symbol("x")
    >>> simplified("subtract", number(0), simplified("negative", x)) == x
    True
    >>> simplified("multiply", x, number(2.0)) == simplified("multiply", number(2.0), x)
    True
    """
    simpler = _SIMPLER.get(op)
    found = simpler(*args) if simpler is not None and len(args) == _ARITY[op] else None
    return Term(op, args) if found is None else found


def _add(a: Term, b: Term) -> Term | None:
    if is_value(a, 0):
        return b
    if is_value(b, 0):
        return a
    if a.is_number and b.is_number:
        return number(a.args[0] + b.args[0])
    if b.op == "negative":
        return simplified("subtract", a, b.args[0])
    if a.op == "negative":
        return simplified("subtract", b, a.args[0])
    return simplified("multiply", number(2), a) if a == b else None


def _subtract(a: Term, b: Term) -> Term | None:
    if is_value(b, 0):
        return a
    if is_value(a, 0):
        return simplified("negative", b)
    if a.is_number and b.is_number:
        return number(a.args[0] - b.args[0])
    if b.op == "negative":
        return simplified("add", a, b.args[0])
    return None


def _negative(x: Term) -> Term | None:
    if x.is_number:
        return number(-x.args[0])
    if x.op == "negative":
        return x.args[0]
    if x.op == "subtract":
        return simplified("subtract", x.args[1], x.args[0])
    if x.op in ("multiply", "divide") and x.args[0].is_number:
        return simplified(x.op, number(-x.args[0].args[0]), x.args[1])
    return None


def _multiply(a: Term, b: Term) -> Term | None:
    if b.is_number and not a.is_number:
        a, b = b, a  # numbers come first
    if is_value(a, 0):
        return a
    if is_value(a, 1):
        return b
    if is_value(a, -1):
        return simplified("negative", b)
    if a.is_number:
        if b.is_number:
            return number(a.args[0] * b.args[0])
        if b.op == "multiply" and b.args[0].is_number:
            return simplified("multiply", number(a.args[0] * b.args[0].args[0]), b.args[1])
        if b.op == "negative":
            return simplified("multiply", number(-a.args[0]), b.args[0])
        return Term("multiply", (a, b))
    for x, other, first in ((a, b, True), (b, a, False)):
        if x.op == "negative":
            return simplified("negative", simplified("multiply", x.args[0], other))
        if x.op == "multiply" and x.args[0].is_number:
            rest = (x.args[1], other) if first else (other, x.args[1])
            return simplified("multiply", x.args[0], simplified("multiply", *rest))
        if x.op == "divide" and is_value(x.args[0], 1):
            return simplified("divide", other, x.args[1])
    return simplified("power", a, number(2)) if a == b else None


def _divide(a: Term, b: Term) -> Term | None:
    if is_value(b, 1):
        return a
    if is_value(a, 0):
        return a
    if a.is_number and b.is_number and b.args[0] != 0:
        return number(a.args[0] / b.args[0])
    if a.op == "negative":
        return simplified("negative", simplified("divide", a.args[0], b))
    if b.op == "negative":
        return simplified("negative", simplified("divide", a, b.args[0]))
    if a.op == "divide":
        return simplified("divide", a.args[0], simplified("multiply", a.args[1], b))
    return None


def _power(a: Term, b: Term) -> Term | None:
    if is_value(b, 1):
        return a
    if is_value(b, 0):
        return number(1)
    if a.op == "power" and a.args[1].is_number and b.is_number:
        inner, outer = a.args[1].args[0], b.args[0]
        if inner.is_integer() and outer.is_integer() and outer > 0:
            return simplified("power", a.args[0], number(inner * outer))
    return None


def _masked(x: Term, condition: Term) -> Term | None:
    if condition.is_number:
        return x if condition.args[0] else number(0)
    return simplified("multiply", x, Term("holds", (condition,)))


def _and(a: Term, b: Term) -> Term | None:
    if a.is_number:
        return b if a.args[0] else number(0)
    if b.is_number:
        return a if b.args[0] else number(0)
    return None


def _or(a: Term, b: Term) -> Term | None:
    if a.is_number:
        return number(1) if a.args[0] else b
    if b.is_number:
        return number(1) if b.args[0] else a
    return None


def _not(a: Term) -> Term | None:
    opposite = _OPPOSITES.get(a.op)
    if opposite is not None:  # of numbers: nan is neither
        return Term(opposite, a.args)
    return number(not a.args[0]) if a.is_number else None


_OPPOSITES = {"equal": "not_equal", "not_equal": "equal"}


def _where(condition: Term, a: Term, b: Term) -> Term | None:
    if condition.is_number:
        return a if condition.args[0] else b
    if is_value(b, 0):
        return _masked(a, condition)
    return a if a == b else None


_SIMPLER: dict[str, Callable[..., Term | None]] = {
    "add": _add,
    "subtract": _subtract,
    "negative": _negative,
    "positive": lambda x: x,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "square": lambda x: simplified("power", x, number(2)),
    "reciprocal": lambda x: simplified("divide", number(1), x),
    "logical_and": _and,
    "logical_or": _or,
    "logical_not": _not,
    "masked": _masked,
    "where": _where,
    "astype": lambda x: x,
}
_ARITY = dict.fromkeys(
    ("negative", "positive", "square", "reciprocal", "astype", "logical_not"), 1
) | {
    "add": 2, "subtract": 2, "multiply": 2, "divide": 2, "power": 2, "masked": 2, "where": 3,
    "logical_and": 2, "logical_or": 2,
}  # fmt: skip


def substituted(term: Term, terms: Mapping[Key, Term]) -> Term:
    """Put terms in the place of symbols, and make the result simple.

    >>> product = simplified("multiply", symbol("g"), symbol(0))
    >>> substituted(product, {"g": number(1), 0: symbol("x")})
    Term(op='symbol', args=('x',))
    """
    if term.op == "symbol":
        return terms.get(term.args[0], term)
    if term.is_number:
        return term
    parts = (substituted(a, terms) if isinstance(a, Term) else a for a in term.args)
    return simplified(term.op, *parts)


def symbols_in(term: Term) -> set[Key]:
    """List what a formula speaks of."""
    found, waiting = set(), [term]
    while waiting:
        t = waiting.pop()
        if t.op == "symbol":
            found.add(t.args[0])
        elif not t.is_number:
            waiting.extend(a for a in t.args if isinstance(a, Term))
    return found
