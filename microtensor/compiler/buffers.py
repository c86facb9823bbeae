"""Where does each number of a program lie? Planned once, so that a warm step allocates nothing.

Each array is computed into a buffer that is made beforehand. A buffer serves again when its array
was read for the last time, which is known from the program (liveness), and an elementwise function
may write where it reads, if it is the last to read there. Views of a buffer are made once as well.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .passes import last_uses
from .programs import Instruction, Program, Variable, order_of

VIEWS = {
    np.transpose, np.reshape, np.expand_dims, np.squeeze, np.swapaxes, np.moveaxis,
    np.broadcast_to, operator.getitem,
}  # fmt: skip


class Buffers:
    """The arrays that a program computes into.

    Attributes
    ----------
    arrays : dict of Variable to array
        What lies still from call to call: buffers, views of them, and constants.
    nbytes : int
        What the buffers take in all.
    """

    def __init__(self, program: Program) -> None:
        self.arrays: dict[Variable, np.ndarray] = dict(program.constants)
        self.nbytes = 0
        self.roots = _roots(program)
        self.last = _last_uses_of_roots(program, self.roots)
        self._free: dict[tuple, dict[tuple, list[np.ndarray]]] = {}  # by size, and by layout
        self._owned: dict[Variable, np.ndarray] = {}  # by root

    def root(self, x: Variable) -> Variable:
        """Give the variable whose memory this one lies in."""
        return self.roots.get(x, x)

    def view(self, ins: Instruction) -> bool:
        """Make what an instruction gives as a view of what lies still, if it can be one."""
        x = ins.operands[0]
        if x not in self.arrays or any(v is not x for v in ins.reads()):
            return False
        given = self.arrays[x]
        found = ins.compute(given, **ins.options)
        if not isinstance(found, np.ndarray) or not np.may_share_memory(found, given):
            return False
        self.arrays[ins.output] = found
        return True

    def seen_otherwise(self, calls: Sequence[Instruction]) -> set[Variable]:
        """Tell whose memory some calls read by a view of it, so that they may not write there."""
        return {self.root(v) for ins in calls for v in ins.reads() if self.root(v) is not v}

    def place(
        self, i: int, ins: Instruction, elementwise: bool, calls: Sequence[Instruction] = ()
    ) -> np.ndarray:
        """Find a place for what instruction ``i`` gives: where it reads, or one that is free.

        ``calls`` are those that run in turns with it, block by block.
        """
        x = ins.output
        array = self._where_it_reads(i, ins, calls or (ins,)) if elementwise else None
        if array is None:
            order = x.order if elementwise else None
            array = self._spare(x, order)
            if array is None:
                self.nbytes += x.nbytes
                array = _laid_out(x.shape, x.dtype, order)
        self._owned[x] = self.arrays[x] = array
        return array

    def release(self, i: int, ins: Instruction) -> None:
        """Take back the places that are read for the last time by instruction ``i``."""
        for x in {self.root(v) for v in (*ins.reads(), *ins.outputs) if v is not None}:
            if self.last.get(x, -1) <= i and x in self._owned:
                array = self._owned.pop(x)
                alike = self._free.setdefault((array.size, array.dtype), {})
                alike.setdefault((array.shape, order_of(array)), []).append(array)

    def _where_it_reads(
        self, i: int, ins: Instruction, calls: Sequence[Instruction]
    ) -> np.ndarray | None:
        otherwise = self.seen_otherwise(calls)
        for v in ins.operands:
            if isinstance(v, Variable) and v not in otherwise and v in self._owned:
                same = v.shape == ins.output.shape and v.dtype == ins.output.dtype
                if same and self.last.get(v, -1) == i:
                    return self._owned.pop(v)
        return None

    def _spare(self, x: Variable, order: tuple[int, ...] | None) -> np.ndarray | None:
        """Take a place that is free: of this shape and order, or of as many entries in a row."""
        alike = self._free.get((x.size, x.dtype), {})
        layout = (x.shape, order)
        if alike.get(layout):
            return alike[layout].pop()
        if order is None:
            for (_, other), free in alike.items():
                if free and other is None:
                    return free.pop().reshape(x.shape)
        return None


def _laid_out(shape: tuple[int, ...], dtype: Any, order: tuple[int, ...] | None) -> np.ndarray:
    """Make an array whose axes lie in memory in some order, the slowest first."""
    if order is None:
        return np.zeros(shape, dtype)
    return np.zeros([shape[a] for a in order], dtype).transpose(np.argsort(order))


def _roots(program: Program) -> dict[Variable, Variable]:
    """Tell in whose memory each variable may lie: a view lies in that of its operand."""
    roots: dict[Variable, Variable] = {}
    for ins in program.instructions:
        if ins.fn in VIEWS and isinstance(ins.operands[0], Variable):
            x = ins.operands[0]
            roots[ins.output] = roots.get(x, x)
    return roots


def _last_uses_of_roots(program: Program, roots: dict[Variable, Variable]) -> dict[Variable, int]:
    last: dict[Variable, int] = {}
    for x, i in last_uses(program).items():
        x = roots.get(x, x)
        last[x] = max(i, last.get(x, -1))
    return last
