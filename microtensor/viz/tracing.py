"""What does a rule do? It is shown Values, so it is recorded, and what was recorded is read back.

Where an operand of the call comes up it is a symbol, and all else is a function of symbols. What a
rule asks of its numbers is decided, or stays in the formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backward, calls, contributing, graph
from ..graph import Node as Recorded
from ..value import Value
from .names import function_word
from .terms import Term, number, simplified, symbol

_LARGEST = 60  # calls; the formula of more is no formula for a reader


def traced(
    made: Recorded, position: int, one: bool, logic: str = "decided"
) -> tuple[Term | None, bool]:
    """Trace a rule; tell too whether the formula holds at these numbers only.

    What a rule asks of its numbers may be decided, as it is here; or it may stay in the formula:
    as it is "shown", without what is so at single points alone, or "exact".
    """
    g = Value(np.ones_like(made._data) if np.ndim(made._data) else 1.0)
    made = _all_computed(made)
    try:
        with np.errstate(all="ignore"):
            sent = contributing.recorded_contribution(made, position, g)
    except (ArithmeticError, TypeError, ValueError):
        return None, True  # at these numbers there is none
    if sent is backward.NOTHING:
        return None if logic == "decided" else number(0), False
    names: dict[Recorded, Term] = {made: symbol("y")}
    for i, a in reversed(list(enumerate(made.args))):
        if isinstance(a, Recorded):
            names[a] = symbol(i)
    names[g] = number(1) if one else symbol("g")
    return _read(sent, names, logic)


def _all_computed(made: Recorded) -> Recorded:
    """Copy a call, with operands that look computed, so that all a rule does to them is recorded.

    What it does to leaves without a gradient alone is not: the formula would hold their numbers.
    """
    operands: dict[Recorded, Recorded] = {}
    for a in made.args:
        if isinstance(a, Recorded) and a not in operands:
            operands[a] = calls.record(a._data, np.copy, (a,), None, a._requires_grad, None)
    args = tuple(operands[a] if isinstance(a, Recorded) else a for a in made.args)
    return calls.record(made._data, made.fn, args, made.kwargs, made._requires_grad, None)


def _read(root: Any, names: dict[Recorded, Term], logic: str) -> tuple[Term | None, bool]:
    """Turn what a rule recorded into a Term; tell whether it is so at these numbers only."""
    if not isinstance(root, Recorded):
        return constant(root), True
    decided = False
    terms: dict[Recorded, Term] = dict(names)
    order = graph.ancestors(root, stop=frozenset(names))
    order = [node for node in order if node not in names]
    if len(order) > _LARGEST:
        return None, True
    for node in order:
        if node.fn is None:
            found = constant(node._data)
            if found is None:
                return None, True
            terms[node] = found
            continue
        operands: list[Any] = []
        for a in node.args:
            term = terms[a] if isinstance(a, Recorded) else constant(a)
            operands.append(Term("option", (_option(a),)) if term is None else term)
        word = word_of(node.fn)
        if logic != "decided" and (kept := _kept_logic(word, operands, logic)) is not None:
            terms[node] = kept
        elif _is_truth(node) and node.fn not in _COMPARISONS:
            terms[node], decided = number(float(bool(node._data))), True
        else:
            spelled = _SPELLED.get(word)
            if spelled is not None:
                options = [found for x in (node.kwargs or {}).values() if (found := constant(x))]
                terms[node] = spelled(*operands, *options)
            else:
                terms[node] = simplified(word, *operands, *options_of(node.kwargs))
    return terms[root], decided


_COMPARISONS = {np.greater, np.less, np.greater_equal, np.less_equal}


def _kept_logic(word: str, operands: list[Any], logic: str) -> Term | None:
    """Write what a rule asks of its numbers as a part of the formula."""
    if logic == "shown":
        if word in ("equal", "isnan", "isinf"):
            return number(0)
        if word == "not_equal":
            return number(1)
    elif word in ("masked", "where"):  # a product with 0 would be nan beside infinity
        condition = operands[1 if word == "masked" else 0]
        return None if condition.is_number else Term(word, tuple(operands))
    return simplified(word, *operands) if word in _LOGIC else None


_LOGIC = {
    "logical_and", "logical_or", "logical_not", "equal", "not_equal", "isnan", "isinf", "isfinite",
    "signbit",
}  # fmt: skip


def _holds(comparison: str, a: Term, b: Term) -> Term:
    return Term("holds", (simplified(comparison, a, b),))


def _to_greater(g: Term, a: Term, b: Term) -> Term:
    ties = simplified("multiply", number(0.5), _holds("equal", a, b))
    return simplified("multiply", g, simplified("add", _holds("greater", a, b), ties))


def _over_square(x: Term, a: Term, b: Term) -> Term:
    squares = simplified("add", simplified("square", a), simplified("square", b))
    return simplified("divide", x, squares)


# What the rules share among themselves is no word of a textbook: written out here.
_SPELLED: dict[str, Callable[..., Term]] = {
    "to_greater": _to_greater,
    "over_square": _over_square,
    "negative_part": lambda x: simplified("minimum", x, number(0)),
    "slope_from": lambda x, low: simplified(
        "where", simplified("greater", x, number(0)), number(1), low
    ),
    "broadcast_to": lambda x, *_: Term("spread", (x.args[0] if x.op == "reshape" else x,)),
    "share": lambda a, b: simplified("sigmoid", simplified("subtract", a, b)),
}


def _is_truth(node: Recorded) -> bool:
    data = np.asarray(node._data)
    return data.ndim == 0 and data.dtype == bool


def word_of(fn: Any) -> str:
    word = function_word(fn)
    return "divide" if word == "true_divide" else word


def constant(x: Any) -> Term | None:
    """Make the term of a number, or of an array of one number; None of anything else."""
    if isinstance(x, bool | np.bool_ | int | float | np.number):
        return number(float(x))
    if isinstance(x, np.ndarray) and x.size and x.dtype.kind in "fiub":
        first = x.reshape(-1)[0]
        if np.all(x == first):
            return number(float(first))
    return None


def options_of(kwargs: dict[str, Any] | None) -> list[Term]:
    shown = {k: v for k, v in (kwargs or {}).items() if k != "kept" and v not in (None, False)}
    return [Term("option", (f"{k}={_option(v)}",)) for k, v in shown.items()]


def _option(x: Any) -> str:
    if isinstance(x, np.ndarray | Recorded):
        return "…"
    text = "new" if x is None else ("…" if x is Ellipsis else str(x))
    return text if len(text) <= 24 else text[:23] + "…"
