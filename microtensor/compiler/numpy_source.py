"""How is a program run? As straight-line NumPy that computes into buffers, written once.

Every line is one call, ``multiply(g, mask, b3)``, whose last argument is where the result goes.
Buffers, and views of them, are names of the text's own; what leaves the program is taken from an
`Outlet` at the top, and what lies in a place is written at the bottom, when all is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import next_number
from ..ops.arithmetic import astype
from ..ops.masking import masked, masked_into
from .blocks import chains, is_cut, spans
from .buffers import VIEWS
from .generated import executed
from .lowering import less_at, picked
from .numpy_lines import Lines
from .outlets import Outlet, writable
from .passes import last_uses
from .programs import Instruction, Program, Variable
from .slots import Argument, Gradient, Leaf, Slot


class NumpySource(Lines):
    """Writes a program's text, and the names that it refers to.

    Attributes
    ----------
    text : str
    names : dict of str to object
        What the text's names are.
    """

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.names |= {"next_number": next_number, "writable": writable}
        self.top: list[str] = []
        self._writes = self._writes_by_variable()
        self._first = {place.key: x for place, x in program.inputs}  # what lies in a place at first
        self._guards: dict[Variable, list[bool]] = {}
        for x, answer in program.guards:
            self._guards.setdefault(x, []).append(answer)
        made = {x: i for i, ins in enumerate(program.instructions) for x in ins.outputs}
        self._last_guard = max((made.get(x, -1) for x in self._guards), default=-1)
        self._last = last_uses(program)
        self._read()
        for x in list(self._guards):
            if x in self._local:
                self._guard(x)
        found, end = chains(program), 0
        for i, ins in enumerate(program.instructions):
            if i in found:
                end = found[i]
                self._chain(i, end)
                self._let_go(end - 1, program.instructions[i:end])
            if i < end:
                continue
            self._write(i, ins)
            self.buffers.release(i, ins)
            self._let_go(i, [ins])
            for x in ins.outputs:
                if x in self._guards:
                    self._guard(x)
        self._finish()
        body = "\n".join(f"    {line}" for line in (*self.top, *self.lines))
        self.text = f"def run(given):\n{body}\n"

    def function(self) -> Callable:
        """Give the text as a function of the leaves of the arguments.

        It gives what is returned, or None if a guard does not hold.
        """
        return executed(self.text, self.names, self.program.name)["run"]

    def _read(self) -> None:
        for place, x in self.program.inputs:
            name = self._new_local(x)
            if isinstance(place, Argument):
                self.top.append(f"{name} = given[{place.place}]")
            elif isinstance(place, Leaf) and place.place is None:
                what = "grad" if isinstance(place, Gradient) else "_data"
                self.top.append(f"{name} = {self._name(place.node, 'p')}.{what}")
            else:
                self.top.append(f"{name} = {self._name(place, 'place')}.read(given)")

    def _let_go(self, i: int, calls: Sequence[Instruction]) -> None:
        """Forget what calls gave once it was read for the last time, so that its memory is free."""
        seen = dict.fromkeys(x for ins in calls for x in (*ins.reads(), *ins.outputs))
        over = [x for x in seen if x in self._passing and self._last.get(x, -1) <= i]
        if over:
            self.lines.append(f"del {', '.join(self._passing.pop(x) for x in over)}")

    def _guard(self, x: Variable) -> None:
        for answer in self._guards.pop(x):
            self.lines.append(f"if {'not ' * answer}{self._x(x)}: return None")

    def _writes_by_variable(self) -> dict[Variable, Slot]:
        """Tell where each variable is written, if that is one place and it leaves nowhere else."""
        found: dict[Variable, Slot] = {}
        returned = {r.x for r in self.program.results}
        for place, x in self.program.writes:
            if isinstance(x, Variable) and x not in found and x not in returned:
                found[x] = place
        return found

    def _write(self, i: int, ins: Instruction) -> None:
        out = ins.outputs[0] if len(ins.outputs) == 1 and not ins.is_rule else None
        if out is None:
            self._call(ins)
        elif out.is_weak:
            self._number(ins)
        elif ins.fn in VIEWS:
            self._view(i, ins)
        elif ins.fn is picked:
            rows = self._name(np.arange(ins.operands[0].shape[0]), "rows")
            x, places = map(self._x, ins.operands)
            self.lines.append(f"{self._new_local(out)} = {x}[{rows}, {places}]")
        elif out.shape == () or out.dtype is None or out.dtype.kind not in "fiub":
            self._scalar(ins)
        else:
            self._into(i, ins, out)

    def _chain(self, start: int, end: int) -> None:
        """Write a chain of elementwise calls as a loop over blocks; see `blocks`."""
        calls = self.program.instructions[start:end]
        made = {ins.output for ins in calls}
        inner = {x for x in made if self.buffers.last.get(x, -1) < end and x not in self._writes}
        shape, parts = calls[0].output.shape, spans(calls[0].output.shape)
        whole: dict[str, str] = {}  # what is cut, and what a block of it is called
        names: dict[Variable, str] = {}
        small = self._small_places(calls, inner, parts)
        lines: list[str] = []
        for i, ins in enumerate(calls, start):
            operands = [self._part(x, names, whole, shape) for x in ins.operands]
            out = ins.output
            if out in inner:
                target = names[out] = small[out]
            else:
                target = self._target(i, ins, out, True, calls)
                target = names[out] = self._cut(target, whole)
            lines.append(self._block_call(ins, operands, target))
        cuts = [f"{block} = {array}[s]" for array, block in whole.items()]
        ends = [f"{name} = {name}_whole[:s.stop - s.start]" for name in sorted({*small.values()})]
        over = self._name(parts, "parts")
        self.lines.append(f"for s in {over}:")
        self.lines += [f"    {line}" for line in (*cuts, *ends, *lines)]
        for i, ins in enumerate(calls, start):
            if ins.output not in inner:
                self.buffers.release(i, ins)
        for ins in calls:
            self.buffers.release(end - 1, ins)

    def _small_places(
        self, calls: list[Instruction], inner: set[Variable], parts: list[slice]
    ) -> dict[Variable, str]:
        """Find a block for each array that only the chain needs; one serves again once read."""
        rows = parts[0].stop
        last = {x: i for i, ins in enumerate(calls) for x in ins.reads() if x in inner}
        free: dict[Any, list[str]] = {}
        found: dict[Variable, str] = {}
        for i, ins in enumerate(calls):
            for x in {v for v in ins.reads() if last.get(v) == i}:
                free.setdefault(x.dtype, []).append(found[x])
            x = ins.output
            if x in inner:
                spare = free.get(x.dtype)
                name = spare.pop() if spare else f"t{len(self.names)}"
                if f"{name}_whole" not in self.names:
                    self.names[f"{name}_whole"] = np.empty((rows, *x.shape[1:]), x.dtype)
                found[x] = name
        return found

    def _part(
        self, x: Any, names: dict[Variable, str], whole: dict[str, str], shape: tuple[int, ...]
    ) -> str:
        if isinstance(x, Variable) and x in names:
            return names[x]
        return self._cut(self._x(x), whole) if is_cut(x, shape) else self._x(x)

    def _cut(self, array: str, whole: dict[str, str]) -> str:
        return whole.setdefault(array, f"{array}_")

    def _block_call(self, ins: Instruction, operands: list[str], target: str) -> str:
        if ins.fn is masked:
            return f"{self._fn(masked_into)}({target}, {', '.join(operands)})"
        out_is = "out=" if ins.fn in (np.maximum, np.minimum) else ""
        return f"{self._fn(ins.fn)}({', '.join(operands)}, {out_is}{target})"

    def _view(self, i: int, ins: Instruction) -> None:
        if self.buffers.view(ins):
            return
        x, out = ins.operands[0], ins.output
        is_copy = x in self.buffers.arrays and ins.fn is np.reshape and out.shape != ()
        if is_copy:  # of a view that is not in order
            array = self.buffers.place(i, ins, False)
            shaped = self._name(array.reshape(x.shape), "b")
            self.lines.append(f"{self._fn(np.copyto)}({shaped}, {self._x(x)})")
        elif ins.fn is np.transpose and not ins.options and len(ins.operands) == 1:
            source = self._x(x)
            self.lines.append(f"{self._new_local(out)} = {source}.T")
        else:
            self._call(ins)

    def _into(self, i: int, ins: Instruction, out: Variable) -> None:
        """Write a call that computes into a place, if there is a way; else one that makes one."""
        elementwise = isinstance(ins.fn, np.ufunc) and ins.fn.signature is None
        ways = self._way(ins, out)
        if ways is None:
            self._call(ins)
            return
        target = self._target(i, ins, out, elementwise or ins.fn in (masked, astype, less_at))
        for line in ways(target):
            self.lines.append(line)

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
        passing = self._passing_place(i, ins, out) if elementwise and not calls else None
        return passing or self._name(self.buffers.place(i, ins, elementwise, calls), "b")

    def _passing_place(self, i: int, ins: Instruction, out: Variable) -> str | None:
        """Find an array that a call has made, for this to be the last to read and to write."""
        otherwise = self.buffers.seen_otherwise((ins,))
        for x in ins.operands:
            if isinstance(x, Variable) and x in self._fresh and x not in otherwise:
                alike = x.shape == out.shape and x.dtype == out.dtype
                if alike and self.buffers.last.get(x, -1) == i:
                    self._fresh.remove(x)
                    self._fresh.add(out)
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

    def _finish(self) -> None:
        taken: set[Variable] = set()
        for place, x in self.program.writes:
            self._lay(place, x, taken)
        shown = [self._x(self._leaving(r.x, taken)) for r in self.program.results]
        self.lines.append(f"return [{', '.join(shown)}]")

    def _lay(self, place: Slot, x: Any, taken: set[Variable]) -> None:
        if place.in_place and isinstance(x, Variable):
            before = self._before(place)
            if before is not None and self._local.get(x) == self._local[before]:
                return
        given = self._x(self._leaving(x, taken))
        if isinstance(place, Leaf) and place.place is None:
            node = self._name(place.node, "p")
            if isinstance(place, Gradient):
                self.lines.append(f"{node}.grad = {given}")
            else:
                self.lines.append(f"{node}._data = {given}")
                self.lines.append(f"{node}.number = next_number()")
        else:
            self.lines.append(f"{self._name(place, 'place')}.write(given, {given})")

    def _leaving(self, x: Any, taken: set[Variable]) -> Any:
        """Give what may leave: no buffer, and nothing that leaves elsewhere too."""
        if not isinstance(x, Variable) or x.is_weak or x.dtype is None:
            return x
        root = self.buffers.root(x)
        if x in self.buffers.arrays or root in taken or root in self.buffers.arrays:
            copy = Variable(x.name, x.shape, x.dtype)
            source = self._x(x)
            self.lines.append(f"{self._new_local(copy)} = {source}.copy()")
            return copy
        taken.add(root)
        return x
