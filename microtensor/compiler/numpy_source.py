"""How is a program run? As straight-line NumPy that computes into buffers, written once.

Every line is one call, ``multiply(g, mask, b3)``, whose last argument is where the result goes.
Buffers, and views of them, are names of the text's own; what leaves the program is taken from an
`Outlet` at the top, and what lies in a place is written at the bottom, when all is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import next_number
from ..ops.arithmetic import astype
from ..ops.masking import masked, masked_into
from .blocks import BLOCK, chains, is_cut, spans
from .buffers import VIEWS
from .generated import executed
from .lowering import less_at, picked
from .numpy_places import Places
from .outlets import writable
from .passes import last_uses
from .programs import Instruction, Program, Variable, is_reordered
from .slots import Argument, Gradient, Leaf, Slot


class NumpySource(Places):
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
        self._blocks: dict[Any, str] = {}  # of chains: what they are called, and their memory
        self._memory: dict[Any, np.ndarray] = {}
        self._last = last_uses(program)
        self._read()
        for x in list(self._guards):
            if x in self._local:
                self._guard(x)
        self._clear()
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
                    self._clear()
        self._finish()
        body = "\n".join(f"    {line}" for line in (*self.top, *self.lines))
        self.text = f"def run(given):\n{body}\n"

    def function(self) -> Callable:
        """Give the text as a function of the leaves of the arguments.

        It gives what is returned, or None if a guard does not hold.
        """
        return self.lent(executed(self.text, self.names, self.program.name)["run"])

    def lent(self, run: Callable) -> Callable:
        """Let a function made of the text take its arrays from the program's lender."""
        lender = self.lender
        if lender is None:
            return run

        def lent(*given: Any) -> Any:
            with lender:
                return run(*given)

        return lent

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

    def _clear(self) -> None:
        """Let go of the gradients that are replaced, if no guard can stop the step any more."""
        if not self._guards and self.lender is not None:
            for place, _ in self.program.writes:
                if self._is_replaced(place):
                    self.lines.append(f"{self._name(place.node, 'p')}.grad = None")

    def _write(self, i: int, ins: Instruction) -> None:
        out = ins.outputs[0] if len(ins.outputs) == 1 and not ins.is_rule else None
        if out is None:
            self._call(ins)
        elif out.is_weak:
            self._number(ins)
        elif ins.fn in VIEWS:
            self._view(i, ins)
        elif ins.fn is picked:
            self._picked(ins)
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
        seen = [block for array, block in whole.items() if array not in self.names]
        if seen:
            self.lines.append(f"del {', '.join(seen)}")
        for i, ins in enumerate(calls, start):
            if ins.output not in inner:
                self.buffers.release(i, ins)
        for ins in calls:
            self.buffers.release(end - 1, ins)

    def _small_places(
        self, calls: list[Instruction], inner: set[Variable], parts: list[slice]
    ) -> dict[Variable, str]:
        """Find a block for each array that only the chain needs; one serves again once read."""
        last = {x: i for i, ins in enumerate(calls) for x in ins.reads() if x in inner}
        free: dict[Any, list[str]] = {}
        count: dict[Any, int] = {}
        found: dict[Variable, str] = {}
        for i, ins in enumerate(calls):
            for x in {v for v in ins.reads() if last.get(v) == i}:
                free.setdefault(x.dtype, []).append(found[x])
            x = ins.output
            if x in inner:
                spare, n = free.get(x.dtype), count.get(x.dtype, 0)
                if not spare:
                    spare = [self._block((parts[0].stop, *x.shape[1:]), x.dtype, n)]
                    count[x.dtype] = n + 1
                found[x] = spare.pop()
        return found

    def _block(self, shape: tuple[int, ...], dtype: Any, n: int) -> str:
        """Name the place for blocks that is number ``n`` of a chain; chains take turns with it."""
        size, key = math.prod(shape), (shape, dtype, n)
        if key not in self._blocks:
            place = dtype, n, max(size, BLOCK)
            memory = self._memory.get(place)
            if memory is None:
                memory = self._memory[place] = np.empty(place[-1], dtype)
            self._blocks[key] = f"t{len(self.names)}"
            self.names[f"{self._blocks[key]}_whole"] = memory[:size].reshape(shape)
        return self._blocks[key]

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
            name = self._passing[out] = self._new_local(out)
            self.lines.append(f"{name} = {source}.T")
            if x in self._orders and len(x.shape) == 2:
                self._orders[out] = (1, 0) if self._orders[x] is None else None
        elif ins.fn is np.reshape and is_reordered(x, out.shape) and self._is_lent(out):
            name = self._lent_place(out)
            self.lines.append(f"{self._fn(np.copyto)}({name}.reshape({x.shape}), {self._x(x)})")
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
