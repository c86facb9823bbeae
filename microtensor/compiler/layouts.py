"""Where in memory do a variable's numbers lie? At an offset of an array, so many entries apart.

A transpose or a slice computes nothing: it is another way through the same memory, which loops and
matrix products walk as well as any. NumPy itself is asked which way: a function that may give a
view is called on an array of the right shape, and its answer's address and strides are read off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .buffers import VIEWS
from .programs import Instruction, Variable


@dataclass(frozen=True)
class Layout:
    """The place of an array's entries in the memory of a variable, counted in entries.

    Attributes
    ----------
    root : Variable
        Whose memory it is, itself in C order.
    offset : int
    strides : tuple of int
        How far apart neighbours are along each axis; 0 where an axis is broadcast.
    shape : tuple of int
    """

    root: Variable
    offset: int
    strides: tuple[int, ...]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, x: Variable) -> Layout:
        """Give the layout of a variable in its own memory."""
        return cls(x, 0, in_order(x.shape), x.shape)

    def broadcast(self, shape: tuple[int, ...]) -> Layout:
        """Give the same entries, seen as an array of a shape that they are broadcast to."""
        missing = len(shape) - len(self.shape)
        strides = (0,) * missing + tuple(
            0 if n == 1 else s for n, s in zip(self.shape, self.strides, strict=True)
        )
        return Layout(self.root, self.offset, strides, shape)

    def is_whole(self) -> bool:
        """Tell whether it is all of the root, in order, whatever its shape is called."""
        n = int(np.prod(self.shape, dtype=int))
        return self.offset == 0 and n == self.root.size and self.in_order()

    def in_order(self) -> bool:
        """Tell whether the entries follow each other in memory."""
        expected = in_order(self.shape)
        ways = zip(self.shape, self.strides, expected, strict=True)
        return all(n == 1 or s == e for n, s, e in ways)


def in_order(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the strides of an array in C order, in entries."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def view_layout(ins: Instruction, given: Layout) -> Layout | None:
    """Give the layout of what a function of `VIEWS` gives; None where it has to copy."""
    if ins.fn not in VIEWS or any(v is not ins.operands[0] for v in ins.reads()):
        return None
    memory = np.empty(given.root.size, np.int8)  # of one byte an entry: strides count entries
    seen = np.lib.stride_tricks.as_strided(memory[given.offset :], given.shape, given.strides)
    found: Any = ins.compute(seen, *ins.operands[1:], **ins.options)
    if not isinstance(found, np.ndarray) or not np.may_share_memory(found, memory):
        return None
    start = found.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return Layout(given.root, start, found.strides, found.shape)


def loops_of(shape: tuple[int, ...], ways: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Give the lengths of the fewest loops that visit all entries in order.

    Neighbouring axes become one loop where each of ``ways`` (strides for each axis) goes through
    them with one step.
    """
    ways = list(ways)
    lengths: list[int] = []
    before: list[int] | None = None
    for axis, n in enumerate(shape):
        if n == 1:
            continue
        steps = [way[axis] for way in ways]
        joins = before is not None and all(b == n * s for b, s in zip(before, steps, strict=True))
        if joins:
            lengths[-1] *= n
        else:
            lengths.append(n)
        before = steps
    return tuple(lengths)


def steps_of(
    shape: tuple[int, ...], strides: tuple[int, ...], lengths: tuple[int, ...]
) -> tuple[int, ...]:
    """Give the step of each loop through an array, where loops of ``lengths`` visit its entries.

    The loops may be fewer than the axes, as `loops_of` makes them, or cut an axis in several.

    Raises
    ------
    ValueError
        If no loops of these lengths can.
    """
    axes: list[tuple[int, int]] = []
    for n, s in zip(shape, strides, strict=True):
        if n == 1:
            continue
        if axes and axes[-1][1] == n * s:  # the entries go on as they did
            axes[-1] = axes[-1][0] * n, s
        else:
            axes.append((n, s))
    steps: list[int] = []
    n, s = 1, 0
    for length in reversed(lengths):
        if n == 1:
            n, s = axes.pop()
        if n % length:
            raise ValueError("these loops do not visit the entries of such an array")
        steps.append(s)
        n, s = n // length, s * length
    return tuple(reversed(steps))
