"""Where does each line put what it computes? Where numbers may be overwritten, or nobody looks.

What leaves a program is written into an `Outlet`, or over the numbers that it replaces. What passes
lies in a buffer; or, where functions are called whole, that ask for arrays themselves, in an array
that is lent, as theirs are: so each may lie where the other did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from ..lending import Lender, empty
from ..ops.arithmetic import astype
from ..ops.masking import masked
from .numpy_lines import Lines
from .outlets import Outlet
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot

LENT = 2**15  # bytes of an array that is not worth a buffer of its own, where some are lent


def is_whole(ins: Instruction) -> bool:
    """Tell whether an instruction is a call of a fused function, which asks for arrays itself."""
    is_ours = hasattr(ins.fn, "__wrapped_primitive__") and ins.fn not in (masked, astype)
    return ins.is_rule or is_ours


class Places(Lines):
    """The lines written so far, and where their results go.

    Attributes
    ----------
    top : list of str
        Lines that stand before all others: what is read, and what is taken from outlets.
    lender : Lender or None
        Where fused functions take their arrays from, and large arrays between their calls.
    """

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.top: list[str] = []
        self.lender = Lender() if any(map(is_whole, program.instructions)) else None
        self._writes = self._writes_by_variable()
        self._first = {place.key: x for place, x in program.inputs}  # what lies in a place at first
        self._guards: dict[Variable, list[bool]] = {}
        for x, answer in program.guards:
            self._guards.setdefault(x, []).append(answer)
        made = {x: i for i, ins in enumerate(program.instructions) for x in ins.outputs}
        self._last_guard = max((made.get(x, -1) for x in self._guards), default=-1)

    def _writes_by_variable(self) -> dict[Variable, Slot]:
        """Tell where each variable is written, if that is one place and it leaves nowhere else."""
        found: dict[Variable, Slot] = {}
        returned = {r.x for r in self.program.results}
        for place, x in self.program.writes:
            if isinstance(x, Variable) and x not in found and x not in returned:
                found[x] = place
        return found

    def _target(
        self,
        i: int,
        ins: Instruction,
        out: Variable,
        elementwise: bool,
        calls: Sequence[Instruction] = (),
    ) -> str:
        if out in self._writes and self.buffers.root(out) is out:
            in_place = elementwise and self._may_be_written(i, ins, out, calls or (ins,))
            return self._outlet(out, self._writes[out], in_place, i > self._last_guard)
        if self.buffers.last.get(out, -1) >= len(self.program.instructions):  # it is returned
            return self._returned_place(out)
        passing = self._passing_place(i, ins, out, calls or (ins,)) if elementwise else None
        if passing is None and self._is_lent(out):
            return self._lent_place(out, out.order if elementwise else None)
        return passing or self._name(self.buffers.place(i, ins, elementwise, calls), "b")

    def _is_lent(self, out: Variable) -> bool:
        return self.lender is not None and out.nbytes >= LENT

    def _lent_place(self, out: Variable, order: tuple[int, ...] | None = None) -> str:
        """Write where a large result goes that nobody else is to see, until it is read."""
        name = self._passing[out] = self._new_local(out)
        dtype = self._name(out.dtype.type, out.dtype.name)
        shape = out.shape if order is None else tuple(out.shape[a] for a in order)
        turned = "" if order is None else f".transpose({tuple(map(int, np.argsort(order)))})"
        self.lines.append(f"{name} = {self._fn(empty)}({shape}, {dtype}){turned}")
        self._fresh.add(out)
        self._orders[out] = order
        return name

    def _passing_place(
        self, i: int, ins: Instruction, out: Variable, calls: Sequence[Instruction]
    ) -> str | None:
        """Find an array that a call has made, for this to be the last to read and to write."""
        otherwise = self.buffers.seen_otherwise(calls)
        for x in ins.operands:
            if isinstance(x, Variable) and x in self._fresh and x not in otherwise:
                alike = x.shape == out.shape and x.dtype == out.dtype
                if alike and self.buffers.last.get(x, -1) == i:
                    self._fresh.remove(x)
                    self._fresh.add(out)
                    if x in self._orders:
                        self._orders[out] = self._orders[x]
                    name = self._local[out] = self._passing[out] = self._passing.pop(x)
                    return name
        return None

    def _returned_place(self, out: Variable) -> str:
        """Write where a result goes that is returned."""
        outlet = self._name(Outlet(out.shape, out.dtype), "outlet")
        name = self._new_local(out)
        self.top.append(f"{name} = {outlet}.take()")
        return name

    def _before(self, place: Slot) -> Variable | None:
        """Give the variable of what lies in a place at first, if the program reads it."""
        return self._first.get(place.key)

    def _may_be_written(
        self, i: int, ins: Instruction, out: Variable, calls: Sequence[Instruction]
    ) -> bool:
        """Tell whether a result may go where its place's old numbers lie: nobody reads them after.

        What a guard may stop must have changed nothing.
        """
        before = self._before(self._writes[out])
        if before is None or before in self.buffers.seen_otherwise(calls):
            return False
        return self.buffers.last.get(before, -1) <= i and i > self._last_guard

    def _outlet(self, out: Variable, place: Slot, in_place: bool, is_safe: bool) -> str:
        """Write where a result goes that is laid into a place."""
        before = self._before(place)
        if place.in_place and in_place and before is not None:
            self._local[out] = self._local[before]
            return self._local[out]
        if self._is_replaced(place) and is_safe and self._is_lent(out):
            return self._lent_place(out)
        outlet = self._name(Outlet(out.shape, out.dtype), "outlet")
        name = self._new_local(out)
        if before is None and is_safe:
            self.top.append(f"{name} = {outlet}.take({self._current(place)})")
        elif before is not None and in_place:
            old = self._local[before]
            self.top.append(f"{name} = {old} if writable({old}) else {outlet}.again({old})")
        else:
            current = self._local[before] if before is not None else self._current(place)
            self.top.append(f"{name} = {outlet}.other({current})")
        return name

    def _current(self, place: Slot) -> str:
        if isinstance(place, Leaf) and place.place is None:
            what = "grad" if isinstance(place, Gradient) else "_data"
            return f"{self._name(place.node, 'p')}.{what}"
        return ""

    def _is_replaced(self, place: Slot) -> TypeGuard[Gradient]:
        """Tell whether a place holds a gradient that nobody reads before there is another."""
        is_own = isinstance(place, Gradient) and place.place is None
        return is_own and self._before(place) is None
