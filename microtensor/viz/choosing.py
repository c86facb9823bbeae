"""What of a graph is shown? All of it, its modules, the numbers behind its arrays, or a part.

Small graphs are taken whole. Of large ones only what will be seen is taken; what could not be read
all the same is refused, with the ways to draw a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import graph
from ..errors import ArgumentError
from ..graph import Node as Recorded
from . import coarse
from . import names as words
from .capture import snapshot, too_many
from .folding import BUDGET, Scene, scene
from .passes import order_of
from .repeats import fold_repeats
from .snapshots import Snapshot
from .unrolling import unroll

READABLE = 1_500  # boxes; more are refused
_WHOLE = 5_000  # values that are taken one by one; of more, what is not shown is only counted


@dataclass(frozen=True)
class Wish:
    """What a reader asked for; the words are those of `draw`."""

    view: str
    fold: bool | str | None
    depth: int | None
    between: Any
    neighbourhood: Any
    hops: int
    names: Mapping[str, Any] | None
    params: Iterable[Any] | None
    gradient: Any
    gradients: bool
    force: bool


def chosen(root: Recorded, wish: Wish) -> tuple[Snapshot, Scene]:
    """Give the values and the boxes of a picture.

    Raises
    ------
    GraphTooLargeError
        If there would be more than 1,500 boxes.
    ArgumentError
        If the part that is asked for is not in the graph.
    """
    if wish.view == "scalar":
        root, wish = _number_by_number(root, wish)
    taking = {
        "names": wish.names, "params": wish.params,
        "gradient": wish.gradient, "gradients": wish.gradients,
    }  # fmt: skip
    most = np.inf if wish.force else READABLE
    depth = 1 if wish.view == "module" and wish.depth is None else wish.depth
    if wish.between is not None or wish.neighbourhood is not None:
        taken, shown = coarse.capture(root, _part(root, wish), **taking)
    elif _is_coarse(order := order_of(root)[0], depth) and not wish.force and wish.view != "tensor":
        choice = coarse.folded(order, root, depth, READABLE, wish.params)
        taken, shown = coarse.capture(root, choice, **taking)
    else:
        open_limit = None if wish.force else READABLE
        limit = None if wish.force else _WHOLE
        taken = snapshot(root, limit=limit, open_limit=open_limit, **taking)
        budget = BUDGET if not wish.force and wish.view != "tensor" else len(taken.nodes)
        shown = scene(taken, fold=wish.fold, depth=depth, budget=budget)
    if wish.fold is not False:
        shown = fold_repeats(shown)
    if len(shown.boxes) > most:
        raise too_many(len(shown.boxes), READABLE)
    return taken, shown


def chosen_of(taken: Snapshot, wish: Wish) -> tuple[Snapshot, Scene]:
    """Do as `chosen` with a snapshot, or a part of one, that was taken before."""
    if wish.view == "scalar" and not taken.is_scalar:
        raise ArgumentError(
            "draw: a snapshot of arrays does not know the numbers behind them.",
            expected="a snapshot of mt.unroll(value), for view='scalar'",
            got="one of arrays",
        )
    if wish.between is not None:
        taken = taken.between(*wish.between)
    if wish.neighbourhood is not None:
        taken = taken.neighbourhood(wish.neighbourhood, wish.hops)
    depth = 1 if wish.view == "module" and wish.depth is None else wish.depth
    budget = BUDGET if not wish.force and wish.view != "tensor" else len(taken.nodes)
    shown = scene(taken, fold=wish.fold, depth=depth, budget=budget)
    if wish.fold is not False:
        shown = fold_repeats(shown)
    if len(shown.boxes) > READABLE and not wish.force:
        raise too_many(len(shown.boxes), READABLE)
    return taken, shown


def _is_coarse(order: list[Recorded], depth: int | None) -> bool:
    """Tell whether what will not be seen is only to be counted."""
    if len(order) > _WHOLE:
        return True
    outside = (v for v in order if not isinstance(v.scope, graph.Scope))
    return depth is not None and sum(max(1, len(v.args)) for v in outside) > READABLE


def _part(root: Recorded, wish: Wish) -> coarse.Choice:
    order = order_of(root)[0]
    if wish.between is not None and wish.neighbourhood is not None:
        raise ArgumentError(
            "draw: two parts of the graph are asked for.",
            expected="between= or neighbourhood=",
            got="both",
        )
    if wish.neighbourhood is not None:
        middle = _found(wish.neighbourhood, order, wish.names)
        if isinstance(wish.hops, bool) or not isinstance(wish.hops, int) or wish.hops < 1:
            raise ArgumentError(
                "draw: hops is no number of steps.", expected="1 or more", got=repr(wish.hops)
            )
        return coarse.part(order, ends=None, middle=middle, hops=wish.hops)
    if not isinstance(wish.between, tuple | list) or len(wish.between) != 2:
        raise ArgumentError(
            "draw: between must be two values of the graph.",
            expected="a pair such as (w, loss), of Values or their names",
            got=f"{type(wish.between).__name__}",
        )
    first, last = (_found(v, order, wish.names) for v in wish.between)
    choice = coarse.part(order, ends=(first, last), middle=None, hops=0)
    if all(choice.place.get(v) == "" for v in order):
        raise ArgumentError(
            "draw: no path leads from the first of between to the second.",
            expected="a value, and one that was computed from it",
            got=f"{graph.label(first)}, and {graph.label(last)}",
        )
    return choice


def _found(what: Any, order: list[Recorded], names: Mapping[str, Any] | None) -> Recorded:
    """Find a value of the graph, or the one that a name stands for."""
    if isinstance(what, Recorded):
        if any(what is value for value in order):
            return what
        raise ArgumentError(
            f"draw: {graph.label(what)} is not in the graph.",
            expected="a value that the output was computed from",
            got="another one",
        )
    given, _ = words.names_by_identity(names)
    models = {id(m): m for v in order if (m := _model(v)) is not None}
    paths = words.parameter_paths(models.values())
    called: dict[str, Recorded] = {}
    for value in order:
        if (name := value.name or paths.get(value) or given.get(id(value))) is not None:
            called.setdefault(name, value)
    if what in called:
        return called[what]
    known = list(called)
    raise ArgumentError(
        f"draw: there is no value named {what!r} in the graph.",
        expected="one of " + ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
        if known
        else "a Value, as none of the graph has a name",
        got=repr(what),
    )


def _model(value: Recorded) -> Any:
    return value.scope.chain()[0].module if isinstance(value.scope, graph.Scope) else None


def _number_by_number(root: Recorded, wish: Wish) -> tuple[Recorded, Wish]:
    """Take the graph of the numbers behind the arrays; parameters stay parameters."""
    order = order_of(root)[0]
    if all(np.shape(value._data) == () for value in order):
        return root, wish
    if np.size(root._data) != 1:
        raise ArgumentError(
            "draw: the scalar view needs an output that is one number.",
            expected="one number, such as a loss or y[0, 0]",
            got=f"an output of shape {np.shape(root._data)}",
        )
    numbers = unroll(root, names=wish.names)
    if isinstance(numbers, np.ndarray):
        numbers = numbers.reshape(-1)[0]
    if numbers.name is None:
        numbers.name = root.name
    params = wish.params
    if params is not None:  # those of the arrays: their numbers are told by their names
        arrays = snapshot(root, names=wish.names, params=params, gradients=False)
        weights = {node.name for node in arrays.nodes if node.kind == "param" and node.name}
        leaves = [v for v in graph.ancestors(numbers) if v.fn is None and v.name is not None]
        params = [v for v in leaves if (v.name or "").partition("[")[0] in weights]
    changed = {"view": "auto", "params": params, "gradient": None, "names": None}
    return numbers, Wish(**{**vars(wish), **changed})
