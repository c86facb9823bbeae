"""What is the derivative, as a formula? The rule itself, traced with symbols and made simple.

A rule that is shown Values is recorded. So it is called with the graph's own values, and what it
recorded is read back: where a value of the call comes up it is a symbol, everything else is a
function of symbols. With 1 in the place of the gradient, this is the local derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import backward, contributing, graph, primitives
from ..graph import Node as Recorded
from ..value import Value
from .names import function_word
from .terms import Term, number, simplified, symbol

_LARGEST = 60  # calls; the formula of more is no formula for a reader
_KEPT: dict[Any, Term | None] = {}  # formulas of the calls that were traced
_MOST_KEPT = 10_000


def forward_formula(made: Recorded) -> Term:
    """Write a call as a formula in the positions of its operands.

    Examples
    --------
    >>> import microtensor as mt
    >>> forward_formula(mt.Value(2.0) * mt.Value(3.0))
    Term(op='multiply', args=(Term(op='symbol', args=(0,)), Term(op='symbol', args=(1,))))
    """
    operands = [
        (_constant(a) if np.ndim(a) == 0 else None) or symbol(i) for i, a in enumerate(made.args)
    ]
    word = _word(made.fn)
    if word == "multiply" and operands[1].is_number:
        operands.reverse()
    if word in ("square", "reciprocal"):
        return simplified(word, *operands)
    return Term(word, (*operands, *_options(made.kwargs)))


class General(NamedTuple):
    """The formulas of a call on numbers, good for every call like it, whatever the numbers.

    Attributes
    ----------
    forward : Term
        In the positions of the operands.
    locals : dict of int to Term
        The local derivatives, by position; those are left out that are so at some numbers only.
    """

    forward: Term
    locals: dict[int, Term]


_GENERAL: dict[Any, General] = {}  # by what tells calls apart


def general_formulas(made: Recorded, boxed: frozenset[int]) -> General:
    """Write a call on numbers, and its local derivatives, with a symbol for every operand.

    Parameters
    ----------
    made : Node
        The value that the call made.
    boxed : set of int
        Positions of constants that are operands with a box of their own; other constants are
        part of the formula.

    Returns
    -------
    General

    Examples
    --------
    >>> import microtensor as mt
    >>> from microtensor.viz.notation import text
    >>> found = general_formulas(mt.Value(2.0) * 3.0, frozenset({1}))
    >>> text(found.forward, {0: "a", 1: "b"}), text(found.locals[0], {1: "b"})
    ('a·b', 'b')
    """
    pattern: list[Any] = []
    first = made.args[0] if made.args else None
    for i, a in enumerate(made.args):
        if isinstance(a, Recorded):
            pattern.append(i if i < 2 and a is not first else _first_place(made.args, a))
        else:
            pattern.append("box" if i in boxed else ("number", a))
    options = () if not made.kwargs else tuple(made.kwargs.items())
    key = (made.fn, tuple(pattern), options)
    try:
        found = _GENERAL.get(key)
    except TypeError:  # an option without a hash
        return _general(made, boxed)
    if found is None:
        if len(_GENERAL) >= _MOST_KEPT:
            _GENERAL.clear()
        found = _GENERAL[key] = _general(made, boxed)
    return found


def _first_place(args: tuple, a: Any) -> int:
    """Find where a value comes first: by what it is, as to compare Values is to compute."""
    return 0 if a is args[0] else next(j for j, other in enumerate(args) if other is a)


def _general(made: Recorded, boxed: frozenset[int]) -> General:
    fresh: dict[Any, Recorded] = {}
    operands: list[Any] = []
    for i, a in enumerate(made.args):
        if isinstance(a, Recorded):
            operands.append(fresh.setdefault(a, Value(a._data, requires_grad=a.requires_grad)))
        else:
            operands.append(Value(float(a)) if i in boxed else a)
    options = {k: v for k, v in (made.kwargs or {}).items() if k != "kept"}
    with graph.recording(), np.errstate(all="ignore"):
        again = made.fn(*operands, **options)
    if not isinstance(again, Recorded) or again.fn is not made.fn:
        return General(forward_formula(made), {})
    found = {}
    for i, a in enumerate(again.args):
        if isinstance(a, Recorded) and a.requires_grad:
            term, decided = _trace(again, i, one=True)
            if term is not None and not decided:
                found[i] = term
    return General(forward_formula(again), found)


def local_derivative(made: Recorded, position: int) -> Term | None:
    """Write the derivative of a call on numbers with respect to one operand.

    Parameters
    ----------
    made : Node
        The value that the call made.
    position : int
        Which operand.

    Returns
    -------
    Term or None
        In the symbols "y" (the value itself) and 0, 1, ... (its operands); None where there is no
        derivative, or its formula is too long to be read.

    Examples
    --------
    >>> import microtensor as mt
    >>> from microtensor.viz.notation import text
    >>> o = mt.tanh(mt.Value(0.5))
    >>> text(local_derivative(o, 0), {"y": "o", 0: "n"})
    '1 − o²'
    """
    return _traced(made, position, one=True)


def contribution_formula(made: Recorded, position: int) -> Term | None:
    """Write what a call sends to one operand, with "g" for the gradient of its value.

    The same as `local_derivative`, for arrays: where the gradient stands in a product of matrices
    matters.
    """
    return _traced(made, position, one=False)


def _traced(made: Recorded, position: int, one: bool) -> Term | None:
    key = _key(made, position, one)
    if key is not None and key in _KEPT:
        return _KEPT[key]
    term, decided = _trace(made, position, one)
    if key is not None and not decided:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = term
    return term


def _trace(made: Recorded, position: int, one: bool) -> tuple[Term | None, bool]:
    """Trace a rule; tell too whether the formula holds at these numbers only."""
    g = Value(np.ones_like(made._data) if np.ndim(made._data) else 1.0)
    try:
        with np.errstate(all="ignore"):
            sent = contributing.recorded_contribution(made, position, g)
    except (ArithmeticError, TypeError, ValueError):
        return None, True  # at these numbers there is none
    if sent is backward.NOTHING:
        return None, False
    names: dict[Recorded, Term] = {made: symbol("y")}
    for i, a in reversed(list(enumerate(made.args))):
        if isinstance(a, Recorded):
            names[a] = symbol(i)
    names[g] = number(1) if one else symbol("g")
    return _read(sent, names)


def _key(made: Recorded, position: int, one: bool) -> Any:
    """Tell calls apart whose formulas may differ; None where that is not known."""
    known = primitives.known(made.fn)
    if known is None:
        return None
    pattern: list[Any] = []
    for a in made.args:
        if isinstance(a, Recorded):
            first = next(i for i, other in enumerate(made.args) if other is a)
            pattern.append(("value", first, np.shape(a._data), np.asarray(a._data).dtype.kind))
        elif isinstance(a, int | float):
            pattern.append(("number", a))
        else:
            return None
    options = tuple(sorted((made.kwargs or {}).items(), key=lambda item: item[0]))
    if any(not isinstance(x, int | float | str | tuple | None) for _, x in options):
        return None
    key = (made.fn, position, one, tuple(pattern), options)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _read(root: Any, names: dict[Recorded, Term]) -> tuple[Term | None, bool]:
    """Turn what a rule recorded into a Term; tell whether it is so at these numbers only."""
    if not isinstance(root, Recorded):
        return _constant(root), True
    decided = False
    terms: dict[Recorded, Term] = dict(names)
    order = graph.ancestors(root, stop=frozenset(names))
    order = [node for node in order if node not in names]
    if len(order) > _LARGEST:
        return None, True
    for node in order:
        if node.fn is None:
            found = _constant(node._data)
            if found is None:
                return None, True
            terms[node] = found
            continue
        operands: list[Any] = []
        for a in node.args:
            term = terms[a] if isinstance(a, Recorded) else _constant(a)
            operands.append(Term("option", (_option(a),)) if term is None else term)
        if _is_truth(node) and node.fn not in _COMPARISONS:
            terms[node], decided = number(float(bool(node._data))), True
        else:
            word = _word(node.fn)
            spelled = _SPELLED.get(word)
            if spelled is not None:
                options = [found for x in (node.kwargs or {}).values() if (found := _constant(x))]
                terms[node] = spelled(*operands, *options)
            else:
                terms[node] = simplified(word, *operands, *_options(node.kwargs))
    return terms[root], decided


_COMPARISONS = {np.greater, np.less, np.greater_equal, np.less_equal}


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


def _word(fn: Any) -> str:
    word = function_word(fn)
    return "divide" if word == "true_divide" else word


def _constant(x: Any) -> Term | None:
    """Make the term of a number, or of an array of one number; None of anything else."""
    if isinstance(x, bool | np.bool_ | int | float | np.number):
        return number(float(x))
    if isinstance(x, np.ndarray) and x.size and x.dtype.kind in "fiub":
        first = x.reshape(-1)[0]
        if np.all(x == first):
            return number(float(first))
    return None


def _options(kwargs: dict[str, Any] | None) -> list[Term]:
    shown = {k: v for k, v in (kwargs or {}).items() if k != "kept" and v not in (None, False)}
    return [Term("option", (f"{k}={_option(v)}",)) for k, v in shown.items()]


def _option(x: Any) -> str:
    if isinstance(x, np.ndarray | Recorded):
        return "…"
    text = "new" if x is None else ("…" if x is Ellipsis else str(x))
    return text if len(text) <= 24 else text[:23] + "…"
