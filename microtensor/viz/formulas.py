"""What is the derivative, as a formula? The rule itself, traced with symbols and made simple.

A rule that is shown Values is recorded. So it is called with the graph's own values, and what it
recorded is read back (`tracing.py`). With 1 in the place of the gradient, this is the local
derivative.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import graph, primitives
from ..graph import Node as Recorded
from ..value import Value
from .counterparts import UNCHANGED
from .terms import Term, number, simplified, symbol
from .tracing import constant, options_of, traced, word_of

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
        (constant(a) if np.ndim(a) == 0 else None) or symbol(i) for i, a in enumerate(made.args)
    ]
    word = word_of(made.fn)
    if word == "multiply" and operands[1].is_number:
        operands.reverse()
    if word in ("square", "reciprocal"):
        return simplified(word, *operands)
    return Term(word, (*operands, *options_of(made.kwargs)))


class General(NamedTuple):
    """The formulas of a call on numbers, good for every call like it, whatever the numbers.

    Attributes
    ----------
    forward : Term
        In the positions of the operands.
    locals : dict of int to Term
        The local derivatives, by position; those are left out that are so at some numbers only.
        What happens at single points, such as at 0⁰, is left out of them.
    program, programs : Term or None, dict of int to Term
        The same with their options as numbers and with every point, to compute with.
    """

    forward: Term
    locals: dict[int, Term]
    program: Term | None
    programs: dict[int, Term]


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
            place = i if i < 2 and a is not first else _first_place(made.args, a)
            pattern.append(place if a._requires_grad else ("given", place))
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
        return General(forward_formula(made), {}, None, {})
    if word_of(made.fn) in UNCHANGED and len(again.args) == 1:
        return General(forward_formula(again), {0: number(1)}, exact_call(again), {0: number(1)})
    found: list[dict[int, Term]] = []
    for logic in ("shown", "exact"):
        found.append({})
        for i, a in enumerate(again.args):
            if isinstance(a, Recorded) and a.requires_grad:
                term, decided = traced(again, i, one=True, logic=logic)
                if term is not None and not decided:
                    found[-1][i] = term
    return General(forward_formula(again), found[0], exact_call(again), found[1])


def exact_call(made: Recorded) -> Term | None:
    """Write a call on numbers with its options as numbers after its operands, for programs.

    An option that is a word is part of the function's name; None where an option is neither.

    Examples
    --------
    >>> import microtensor as mt
    >>> [a.args[0] for a in exact_call(mt.elu(mt.Value(2.0))).args]       # alpha is 1 by default
    [0, 1.0]
    >>> exact_call(mt.gelu(mt.Value(2.0), approximate="tanh")).op
    'gelu[tanh]'
    """
    word, known = word_of(made.fn), primitives.registry[made.fn]
    operands = [
        symbol(i) if isinstance(a, Recorded) else constant(a) for i, a in enumerate(made.args)
    ]
    if word == "clip":  # a bound that is left out is no bound
        bounds = (symbol(0), number(-math.inf), number(math.inf))
        given = zip(made.args, operands, bounds, strict=True)
        operands = [bound if a is None else term for a, term, bound in given]
    if any(a is None for a in operands):
        return None
    if word in UNCHANGED:
        return Term(word, tuple(operands[:1]))
    options = dict(made.kwargs or {})
    options.pop("kept", None)
    if hasattr(made.fn, "__wrapped_primitive__"):
        options = {n: options.get(n, known.defaults.get(n)) for n in known.names[len(operands) :]}
    elif word == "round" and len(operands) == 1:
        options = {"decimals": options.get("decimals", 0)}
    for x in options.values():
        if isinstance(x, str):
            word = f"{word}[{x}]"
        elif (term := constant(x)) is not None:
            operands.append(term)
        elif x is not None and x is not False:
            return None
    return Term(word, tuple(operands))


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
    return _remembered(made, position, one=True)


def contribution_formula(made: Recorded, position: int) -> Term | None:
    """Write what a call sends to one operand, with "g" for the gradient of its value.

    The same as `local_derivative`, for arrays: where the gradient stands in a product of matrices
    matters.
    """
    return _remembered(made, position, one=False)


def _remembered(made: Recorded, position: int, one: bool) -> Term | None:
    key = _key(made, position, one)
    if key is not None and key in _KEPT:
        return _KEPT[key]
    term, decided = traced(made, position, one)
    if key is not None and not decided:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = term
    return term


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
