"""How does a step become part of a program? Written by its formula, on Values.

While a program is traced, gradients and parameters are Values, and so is what an optimizer
remembers and each number among its options, which a schedule may change from call to call. The
same equations then say what the program computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import CompileError
from ..graph import Node, assign, state
from ..ops import astype

if TYPE_CHECKING:
    from .options import Group

Moving = list[tuple[Node, Any]]


def number(x: Any) -> Any:
    """Give an option as Python's float, or as the Value that it is while a program is traced."""
    return x if isinstance(x, Node) else float(x)


def numbers_of(p: Node) -> Any:
    """Give a parameter's numbers, or the Value that stands for them while a program is traced."""
    return p._data if state.tracer is None else state.tracer.held(p)


class RecordedGroup:
    """A group's options while a program is traced: numbers are Values, switches what they are."""

    def __init__(self, tracer: Any, group: Group) -> None:
        self.tracer, self.group = tracer, group

    def __getitem__(self, name: str) -> Any:
        x = self.group[name]
        if isinstance(x, bool | np.bool_ | str) or x is None or name == "params":
            return x if name == "params" else self.tracer.setting(self.group, name)
        if isinstance(x, tuple):
            return tuple(self._number(f"{name}_{i}", name, i) for i in range(len(x)))
        return self._number(name, name, None)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self.group else default

    def _number(self, shown: str, name: str, place: int | None) -> Node:
        group = self.group

        def read() -> float:
            return float(group[name] if place is None else group[name][place])

        return self.tracer.place(shown, ("option", id(group), name, place), read)


def record_step(optimizer: Any, tracer: Any, closure: Callable | None) -> Any:
    """Do as `Optimizer.step` while a program is traced."""
    loss = None if closure is None else closure()
    tracer.phase("update")
    sizes = [len(group["params"]) for group in optimizer.param_groups]
    tracer.condition(lambda: [len(group["params"]) for group in optimizer.param_groups] == sizes)
    moved = False
    for group in optimizer.param_groups:
        moving = [(p, tracer.grad(p)) for p in group["params"]]
        moving = [(p, _fitted(optimizer, p, tracer.held(g))) for p, g in moving if g is not None]
        shown = RecordedGroup(tracer, group)
        if shown.get("maximize"):
            moving = [(p, -g) for p, g in moving]
        if moving:
            optimizer.record_move(tracer, shown, moving)
            moved = True
    tracer.phase("forward")
    if not moved:
        optimizer._refuse_to_stand()
    return loss


def _fitted(optimizer: Any, p: Node, g: Any) -> Any:
    """Do as `Optimizer._moving` with a gradient that its user has put there."""
    optimizer._fitted(p, g)  # which refuses another shape
    wanted = getattr(p._data, "dtype", None)
    return g if wanted is None or wanted == g.dtype else astype(g, wanted)


def record_move(optimizer: Any, tracer: Any, group: Any, moving: Moving) -> None:
    """Record `Optimizer.move`: what it remembers are Values meanwhile."""
    for p, _ in moving:
        _show(tracer, optimizer, p)
    optimizer.move(group, moving)
    for p, _ in moving:
        for name, x in optimizer.state.get(p, {}).items():
            place = _memory(tracer, optimizer, p, name, x)
            if isinstance(x, Node) and x is not place:
                tracer.write(place, x)


def _show(tracer: Any, optimizer: Any, p: Node) -> None:
    """Put Values in the place of what is remembered of a parameter, until the trace is over."""
    remembered = optimizer.state
    before = remembered.get(p)
    if not tracer.is_first(("remembered", id(optimizer), id(p))):  # the second step of one program
        return
    is_new = before is None
    tracer.condition(lambda: is_new == (p not in optimizer.state))
    if before is None:
        tracer.later(lambda: remembered.pop(p, None))
        return
    tracer.later(lambda: remembered.__setitem__(p, before))
    remembered[p] = {name: _memory(tracer, optimizer, p, name, x) for name, x in before.items()}


def _memory(tracer: Any, optimizer: Any, p: Node, name: str, x: Any) -> Node:
    """Give the Value that stands for one array that an optimizer remembers."""

    def read() -> Any:
        return optimizer.state[p][name]

    def write(new: Any) -> None:
        optimizer.state.setdefault(p, {})[name] = new

    def forget() -> None:
        optimizer.state.pop(p, None)

    key = ("remembered", id(optimizer), id(p), name)
    data = x._data if isinstance(x, Node) else x
    return tracer.place(name, key, read, write, data=data, forget=forget)


class RecordedRow:
    """A `Row` while a program is traced; see there."""

    def __init__(self, tracer: Any, row: Any) -> None:
        self.tracer, self.row = tracer, row

    def count(self) -> Any:
        row, tracer = self.row, self.tracer
        place = tracer.place("t", ("steps", id(row)), lambda: float(row.t), row.counted)
        t = tracer.latest(place) + 1.0
        tracer.write(place, t)
        return t

    def kept(self, name: str, start: float = 0.0) -> Any:
        return self.tracer.latest(self._place(name, start))

    def _place(self, name: str, start: float = 0.0) -> Any:
        array = self.row.kept(name, start)
        key = ("row", id(self.row), name)
        return self.tracer.place(name, key, lambda: array, self._write_to(array), in_place=True)

    def _write_to(self, array: np.ndarray) -> Callable[[Any], None]:
        def write(new: Any) -> None:
            if new is not array:
                array[...] = new

        return write

    def keep(self, name: str, new: Any) -> Any:
        """Give what is remembered by this name another value, and give that."""
        self.tracer.write(self._place(name), new)
        return new

    def data(self) -> Any:
        return self.join([self.tracer.held(p) for p in self.row.parameters])

    def join(self, arrays: list[Any]) -> Any:
        flat = [np.reshape(x, -1) for x in arrays]
        return flat[0] if len(flat) == 1 else np.concatenate(flat)

    def split(self, row: Any) -> list[Any]:
        spans = zip(self.row.spans, self.row.shapes, strict=True)
        return [np.reshape(row[span], shape) for span, shape in spans]


def record_row_move(optimizer: Any, tracer: Any, group: Any, moving: Moving) -> None:
    """Record `RowOptimizer.move` by the optimizer's formula."""
    if type(optimizer).formula is None:
        raise CompileError(
            f"{type(optimizer).__name__} gives no formula, by which its step could be a program.",
            expected="a method formula(group, row, g), as optim.Adam has",
            got="change alone, which writes into arrays",
            hint="Call optimizer.step() outside of the compiled function.",
        )
    for p, _ in moving:
        if p not in optimizer.state:
            tracer.unless_done(lambda p=p: optimizer.state.pop(p, None))
    own = group.group  # a condition is kept: it must not hold the tracer, nor its arrays
    laid = optimizer._layout(own, moving)
    tracer.condition(lambda: optimizer._is_laid(own, laid))
    for row, places in laid.rows:
        recorded = RecordedRow(tracer, row)
        change = optimizer.formula(
            group, recorded, recorded.join([moving[place][1] for place in places])
        )
        for p, d in zip(row.parameters, recorded.split(change), strict=True):
            assign(p, tracer.held(p) - d)
