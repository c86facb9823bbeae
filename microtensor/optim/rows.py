"""How do many small parameters move at once? Laid end to end, as one row of numbers.

A small model's arrays are so short that calling NumPy costs more than counting. The small
parameters of one dtype are therefore laid end to end and moved as one row. Each number is computed
as it would be alone, so the result is the same; large parameters are rows of their own, and long
rows move part by part.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Node, assign, rebind
from .optimizer import Moving, Optimizer, State, subtract
from .options import Group
from .recorded import record_row_move

_SMALL = 2**15  # entries; beyond it, copying into a row costs more than a call
PART = 2**16  # entries; so many at a time, a formula's steps find in the cache what they work on


class Row:
    """Parameters laid end to end, with what is remembered of them.

    Attributes
    ----------
    t : int
        How many steps they took.
    """

    def __init__(self, parameters: list[Node], state: State) -> None:
        self.parameters = parameters
        self.state = state
        self.shapes = [np.shape(p._data) for p in parameters]
        ends = np.cumsum([0, *(np.size(p._data) for p in parameters)]).tolist()
        self.spans = [slice(a, b) for a, b in itertools.pairwise(ends)]
        self.t = _steps(state, parameters[0])
        self._step = np.array(self.t)  # the same for all of them
        self._kept: dict[str, np.ndarray] = {}
        for p in parameters:
            state.setdefault(p, {})["step"] = self._step

    def count(self) -> int:
        """Count a step, and give the number of steps."""
        self.counted(self.t + 1)
        return self.t

    def counted(self, t: float) -> None:
        """Say how many steps have been taken."""
        self.t = int(t)
        self._step[()] = self.t

    def kept(self, name: str, start: float = 0.0) -> np.ndarray:
        """Give what is remembered by this name, to be changed in place; first it is ``start``.

        The state's arrays are views of it.
        """
        row = self._kept.get(name)
        if row is None:
            parts = [self.state[p].get(name, np.full_like(p._data, start)) for p in self.parameters]
            row = np.concatenate(parts, axis=None)
            self._kept[name] = row
            for p, part in zip(self.parameters, self.split(row), strict=True):
                self.state[p][name] = part
        return row

    def data(self) -> np.ndarray:
        """Lay the parameters' numbers end to end."""
        return self.join([p._data for p in self.parameters])

    def join(self, arrays: list[Any]) -> np.ndarray:
        """Lay one array per parameter end to end."""
        if len(arrays) == 1:
            return np.reshape(arrays[0], -1)
        return np.concatenate(arrays, axis=None)

    def split(self, row: np.ndarray) -> list[Any]:
        """Cut a row into one array per parameter, in its shape."""
        return [
            row[span].reshape(shape) for span, shape in zip(self.spans, self.shapes, strict=True)
        ]


class Part(Row):
    """Some of a row's numbers, in a step that the row has counted."""

    def __init__(self, row: Row, numbers: np.ndarray, span: slice) -> None:
        self.row, self.numbers, self.span = row, numbers, span

    def count(self) -> int:
        return self.row.t

    def kept(self, name: str, start: float = 0.0) -> np.ndarray:
        return self.row.kept(name, start)[self.span]

    def data(self) -> np.ndarray:
        return self.numbers[self.span]


class RowOptimizer(Optimizer):
    """An optimizer that gives the `change` of a row of numbers, entry by entry."""

    def __init__(self, parameters: Any, lr: float, **options: Any) -> None:
        self._laid: dict[int, _Layout] = {}  # by the group's number
        super().__init__(parameters, lr, **options)

    def change(self, group: Group, row: Row, g: np.ndarray) -> np.ndarray:
        """Give what is subtracted from a row of parameters, in an array that may be written to.

        Parameters
        ----------
        group : dict
            The options.
        row : Row
            The parameters, and what is remembered of them.
        g : (n,) ndarray
            The gradient, which is left as it is.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to move.")

    # The same as `change`, by a formula that gives new arrays and calls row.keep: for programs.
    formula: Callable | None = None

    def move(self, group: Group, moving: Moving) -> None:
        for row, places in self._layout(group, moving).rows:
            g = row.join([moving[place][1] for place in places])
            if len(g) > PART:
                self._move_in_parts(group, row, g)
            else:
                change = self.change(group, row, g)
                subtract(zip(row.parameters, row.split(change), strict=True))

    def _move_in_parts(self, group: Group, row: Row, g: np.ndarray) -> None:
        row.count()
        numbers = row.data()
        new = np.empty_like(numbers)
        for start in range(0, len(g), PART):
            span = slice(start, start + PART)
            change = self.change(group, Part(row, numbers, span), g[span])
            np.subtract(numbers[span], change, out=new[span])
        for p, x in zip(row.parameters, row.split(new), strict=True):
            move = rebind if p._data.__class__ is np.ndarray else assign
            move(p, x)

    def _layout(self, group: Group, moving: Moving) -> _Layout:
        laid = self._laid.get(id(group))
        if laid is None or not laid.fits(self.state, moving):
            laid = self._laid[id(group)] = _Layout(self.state, moving)
        return laid

    def _is_laid(self, group: Group, laid: _Layout) -> bool:
        """Tell whether a layout is the one in use, of all that is remembered now."""
        return self._laid.get(id(group)) is laid and laid.is_remembered(self.state)

    def record_move(self, tracer: Any, group: Any, moving: Moving) -> None:
        record_row_move(self, tracer, group, moving)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_laid": {}}  # a copy lays out its own


class _Layout:
    """Rows of the parameters that move now: one for small ones that are of a kind.

    A parameter that had no gradient in some step has taken fewer steps than the others, and so is
    of another kind.
    """

    def __init__(self, state: State, moving: Moving) -> None:
        self.state = state
        self.present = [id(p) for p, _ in moving]  # rows hold them: no number is used again
        kinds: dict[Any, list[int]] = {}
        for place, (p, _) in enumerate(moving):
            alone = np.size(p._data) > _SMALL
            kind = place if alone else (np.asarray(p._data).dtype, _steps(state, p))
            kinds.setdefault(kind, []).append(place)
        self.rows = [
            (Row([moving[i][0] for i in places], state), places) for places in kinds.values()
        ]

    def fits(self, state: State, moving: Moving) -> bool:
        """Tell whether what moves is what lies here, with what is remembered now."""
        return self.present == [id(p) for p, _ in moving] and self.is_remembered(state)

    def is_remembered(self, state: State) -> bool:
        """Tell whether a state is still that of these rows, and was not told to forget."""
        return state is self.state and all(
            p in state for row, _ in self.rows for p in row.parameters
        )


def _steps(state: State, p: Node) -> int:
    return int(state.get(p, {}).get("step", 0))
