"""What does a fused function stand for? Its composite, replayed, in place of the one call.

Fused functions are there for speed: softmax with cross-entropy, a product with its bias. A reader
wants the textbook's steps, so pictures show what they stand for, with every number in between.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from .. import graph, primitives
from ..graph import Node as Recorded
from ..value import Value


class Call(NamedTuple):
    """One value of the graph, with the call that made it as it is to be shown.

    Of a fused function's result, ``made`` is the last call of what it stands for, and ``args`` has
    the operands of the graph itself in place of those it was replayed on.
    """

    value: Recorded
    made: Recorded
    args: tuple
    scope: Any


def calls_of(order: list[Recorded], expand: bool, but: Container[Recorded] = ()) -> list[Call]:
    """List the calls of a graph, oldest first, as they are to be shown.

    Parameters
    ----------
    order : list of Node
        The graph, operands first.
    expand : bool
        Whether fused functions are shown as what they stand for.
    but : container of Node
        The values that are not expanded.
    """
    calls: list[Call] = []
    bodies: dict[Any, Any] = {None: None}  # a graph has few functions, each often
    for value in order:
        fn = value.fn
        if fn not in bodies:
            bodies[fn] = _body(fn) if expand else None
        body = bodies[fn]
        if body is not None and value not in but:
            calls.extend(_expanded(value, body))
        else:
            calls.append(Call(value, value, value.args, value.scope))
    return calls


def _body(fn: Any) -> Any:
    """Find what a fused function stands for; None for others, and for one that draws at random."""
    known = primitives.known(fn)
    if known is None or known.keeps == "constant":  # to replay it would draw anew
        return None
    return known.stands_for


def _expanded(value: Recorded, body: Any) -> list[Call]:
    """Replay what a fused function stands for, and give its calls in place of the fused one."""
    stand_ins: dict[Recorded, Recorded] = {}  # ours -> the graph's own
    fresh: dict[Recorded, Value] = {}
    for a in value.args:
        if isinstance(a, Recorded) and a not in fresh:
            fresh[a] = Value(a._data, requires_grad=a.requires_grad)
            stand_ins[fresh[a]] = a
    options = {k: v for k, v in (value.kwargs or {}).items() if k != "kept"}
    operands = [fresh[a] if isinstance(a, Recorded) else a for a in value.args]
    with graph.recording():
        result = body(*operands, **options)
    if not isinstance(result, Recorded) or result.fn is None:
        return [Call(value, value, value.args, value.scope)]
    stand_ins[result] = value
    inner = [n for n in graph.ancestors(result) if n is result or n not in stand_ins]
    return [
        Call(
            stand_ins.get(made, made),
            made,
            tuple(stand_ins.get(a, a) if isinstance(a, Recorded) else a for a in made.args),
            value.scope,
        )
        for made in inner
    ]
