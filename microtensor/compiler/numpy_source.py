"""How is a program run? As straight-line NumPy that computes into buffers, written once.

Every line is one call, ``multiply(g, mask, b3)``, whose last argument is where the result goes.
Buffers, and views of them, are names of the text's own; what leaves the program is taken from an
`Outlet` at the top, and what lies in a place is written at the bottom, when all is there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import numpy as np

from ..graph import next_number
from ..ops.arithmetic import astype
from ..ops.masking import masked, masked_into
from .buffers import VIEWS, Buffers
from .building import sample
from .generated import executed
from .lowering import less_at
from .outlets import Outlet, writable
from .programs import Instruction, Program, Variable
from .slots import Argument, Gradient, Leaf, Slot

_SIGNS = {np.add: "+", np.subtract: "-", np.multiply: "*"}
_REDUCTIONS = {
    np.sum: "add.reduce", np.max: "maximum.reduce", np.min: "minimum.reduce",
    np.prod: "multiply.reduce",
}  # fmt: skip
_NARROW = 64  # a short last axis is reduced over the long axis of the transpose


class NumpySource:
    """Writes a program's text, and the names that it refers to.

    Attributes
    ----------
    text : str
    names : dict of str to object
        What the text's names are.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.buffers = Buffers(program)
        self.names: dict[str, Any] = {"np": np, "next_number": next_number, "writable": writable}
        self.lines: list[str] = []
        self.top: list[str] = []
        self._local: dict[Variable, str] = {}
        self._ids: dict[int, str] = {}
        self._writes = self._writes_by_variable()
        self._guards: dict[Variable, list[bool]] = {}
        for x, answer in program.guards:
            self._guards.setdefault(x, []).append(answer)
        made = {x: i for i, ins in enumerate(program.instructions) for x in ins.outputs}
        self._last_guard = max((made.get(x, -1) for x in self._guards), default=-1)
        self._read()
        for x in list(self._guards):
            if x in self._local:
                self._guard(x)
        for i, ins in enumerate(program.instructions):
            self._write(i, ins)
            self.buffers.release(i, ins)
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

    # Names

    def _name(self, x: Any, start: str) -> str:
        """Name an object of the text's; the same one has one name."""
        if id(x) not in self._ids:
            name = start if start not in self.names else f"{start}{len(self.names)}"
            self._ids[id(x)] = name
            self.names[name] = x
        return self._ids[id(x)]

    def _fn(self, fn: Any) -> str:
        name = getattr(fn, "__name__", "f").strip("_")
        return self._name(fn, name if name.isidentifier() and not iskeyword(name) else "f")

    def _x(self, x: Any) -> str:
        """Write an operand."""
        if isinstance(x, Variable):
            if x in self.buffers.arrays:
                return self._name(self.buffers.arrays[x], "b")
            return self._local[x]
        if isinstance(x, tuple):
            inside = ", ".join(map(self._x, x))
            return f"({inside},)" if len(x) == 1 else f"({inside})"
        if isinstance(x, list):
            return f"[{', '.join(map(self._x, x))}]"
        if isinstance(x, slice):
            return (
                f"slice({x.start!r}, {x.stop!r}, {x.step!r})" if _plain(x) else self._name(x, "s")
            )
        if x is None or x is Ellipsis or isinstance(x, bool | int | str):
            return "..." if x is Ellipsis else repr(x)
        if isinstance(x, float):
            return repr(x) if np.isfinite(x) else f"float({str(x)!r})"
        return self._name(x, "c")

    def _new_local(self, x: Variable) -> str:
        name = self._local[x] = f"v{len(self._local)}"
        return name

    # The top: what is read, and where results go

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

    # The lines

    def _write(self, i: int, ins: Instruction) -> None:
        out = ins.outputs[0] if len(ins.outputs) == 1 and not ins.is_rule else None
        if out is None:
            self._call(ins)
        elif out.is_weak:
            self._number(ins)
        elif ins.fn in VIEWS:
            self._view(i, ins)
        elif out.shape == () or out.dtype is None or out.dtype.kind not in "fiub":
            self._call(ins)
        else:
            self._into(i, ins, out)

    def _call(self, ins: Instruction) -> None:
        """Write a call whose result is a new array."""
        targets = [self._new_local(x) if x is not None else "_" for x in ins.outputs]
        left = ", ".join(targets) + ("," if ins.is_rule and len(targets) == 1 else "")
        self.lines.append(f"{left} = {self._as_call(ins)}")

    def _as_call(self, ins: Instruction) -> str:
        given = [self._x(x) for x in ins.operands]
        given += [f"{k}={self._x(x)}" for k, x in ins.options.items()]
        return f"{self._fn(ins.compute)}({', '.join(given)})"

    def _number(self, ins: Instruction) -> None:
        """Write a calculation with Python's numbers, as they are calculated with elsewhere."""
        sign = _SIGNS.get(ins.fn)
        operands = [self._x(x) for x in ins.operands]
        name = self._new_local(ins.output)
        if sign is not None and all(_is_number(x) for x in ins.operands):
            self.lines.append(f"{name} = {operands[0]} {sign} {operands[1]}")
        else:
            self.names["number"] = number
            given = ", ".join([self._fn(ins.compute), *operands])
            self.lines.append(f"{name} = number({given})")

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
        target = self._target(i, ins, out, elementwise or ins.fn in (masked, astype))
        for line in ways(target):
            self.lines.append(line)

    def _target(self, i: int, ins: Instruction, out: Variable, elementwise: bool) -> str:
        if out in self._writes and self.buffers.root(out) is out:
            return self._outlet(i, ins, out, self._writes[out], elementwise)
        if self.buffers.last.get(out, -1) >= len(self.program.instructions):  # it is returned
            outlet = self._name(Outlet(out.shape, out.dtype), "outlet")
            name = self._new_local(out)
            self.top.append(f"{name} = {outlet}.take()")
            return name
        return self._name(self.buffers.place(i, ins, elementwise), "b")

    def _outlet(
        self, i: int, ins: Instruction, out: Variable, place: Slot, elementwise: bool
    ) -> str:
        """Write where a result goes that is laid into a place."""
        before = next((x for p, x in self.program.inputs if p.key == place.key), None)
        is_last = before is None or (
            self.buffers.last.get(before, -1) <= i and (elementwise or before not in ins.reads())
        )
        is_last = is_last and i > self._last_guard  # what a guard may stop has changed nothing
        if place.in_place and before is not None and is_last:
            self._local[out] = self._local[before]
            return self._local[out]
        outlet = self._name(Outlet(out.shape, out.dtype), "outlet")
        name = self._new_local(out)
        if before is None and i > self._last_guard:
            self.top.append(f"{name} = {outlet}.take({self._current(place)})")
        elif before is not None and is_last:
            old = self._local[before]
            self.top.append(f"{name} = {old} if writable({old}) else {outlet}.other({old})")
        else:
            current = self._local[before] if before is not None else self._current(place)
            self.top.append(f"{name} = {outlet}.other({current})")
        return name

    def _current(self, place: Slot) -> str:
        if isinstance(place, Leaf) and place.place is None:
            what = "grad" if isinstance(place, Gradient) else "_data"
            return f"{self._name(place.node, 'p')}.{what}"
        return ""

    def _way(self, ins: Instruction, out: Variable) -> Callable[[str], list[str]] | None:
        """Give the lines that compute an instruction into a place of some name."""
        fn, x = ins.fn, ins.operands[0]
        operands = [self._x(a) for a in ins.operands]
        if isinstance(fn, np.ufunc) and fn.nout == 1 and not ins.options:
            name = self._fn(fn)
            alike = fn is np.matmul and all(_dtype(a) == out.dtype for a in ins.operands)
            if alike and all(np.ndim(sample(a)) == 2 for a in ins.operands):
                name = self._fn(np.dot)  # of two matrices, it takes half of matmul's time
            # NumPy wants to be told the name where a third operand could be meant.
            out_is = "out=" if fn in (np.maximum, np.minimum) else ""
            return lambda to: [f"{name}({', '.join(operands)}, {out_is}{to})"]
        if fn in _REDUCTIONS and isinstance(x, Variable) and x.dtype == out.dtype:
            return self._reduction(ins, out)
        if fn is masked and x.shape == ins.operands[1].shape == out.shape:
            into = self._fn(masked_into)
            return lambda to: [f"{into}({to}, {operands[0]}, {operands[1]})"]
        if fn is np.where and len(operands) == 3:
            copy = self._fn(np.copyto)
            return lambda to: [
                f"{copy}({to}, {operands[2]})",
                f"{copy}({to}, {operands[1]}, where={operands[0]})",
            ]
        if fn is astype and isinstance(x, Variable):
            copy = self._fn(np.copyto)
            return lambda to: [f"{copy}({to}, {operands[0]}, 'unsafe')"]
        if fn is less_at:
            copy, rows = self._fn(np.copyto), self._name(np.arange(out.shape[0]), "rows")
            return lambda to: [
                f"{copy}({to}, {operands[0]})",
                f"{to}[{rows}, {operands[1]}] -= {operands[2]}",
            ]
        return None

    def _reduction(self, ins: Instruction, out: Variable) -> Callable[[str], list[str]] | None:
        x = ins.operands[0]
        options = dict(ins.options)
        axis, keepdims = options.pop("axis", None), options.pop("keepdims", False)
        if options or len(ins.operands) > 1:
            return None
        axes = axis if isinstance(axis, tuple) else (axis,)
        given = self._x(x)
        if ins.fn is np.sum and axes == (0,) and len(x.shape) == 2 and x.dtype.kind == "f":
            ones = self._name(np.ones(x.shape[0], x.dtype), "ones")
            if not keepdims:  # a sum of rows is a product with ones, by BLAS
                return lambda to: [f"{self._fn(np.dot)}({ones}, {given}, {to})"]
        last = len(x.shape) - 1
        narrow = len(x.shape) == 2 and x.shape[1] < _NARROW and ins.fn in (np.max, np.min)
        if narrow and axes in ((last,), (-1,)) and x.size:
            turned = self._name(np.empty(x.shape[::-1], x.dtype), "b")
            copy, name = self._fn(np.copyto), _REDUCTIONS[ins.fn]
            self.names.setdefault(name.partition(".")[0], getattr(np, name.partition(".")[0]))
            end = "[:, 0]" if keepdims else ""
            return lambda to: [
                f"{copy}({turned}, {given}.T)",
                f"{name}({turned}, 0, None, {to}{end})",
            ]
        name = _REDUCTIONS[ins.fn]
        ufunc = name.partition(".")[0]
        self.names.setdefault(ufunc, getattr(np, ufunc))
        return lambda to: [f"{name}({given}, {axis!r}, None, {to}, {bool(keepdims)!r})"]

    # The bottom: what is written

    def _finish(self) -> None:
        taken: set[Variable] = set()
        for place, x in self.program.writes:
            self._lay(place, x, taken)
        shown = [self._x(self._leaving(r.x, taken)) for r in self.program.results]
        self.lines.append(f"return [{', '.join(shown)}]")

    def _lay(self, place: Slot, x: Any, taken: set[Variable]) -> None:
        inputs = {v: p for p, v in self.program.inputs}
        if place.in_place and isinstance(x, Variable):
            before = next((v for v, p in inputs.items() if p.key == place.key), None)
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


def number(fn: Callable, *operands: Any) -> float:
    """Calculate with numbers of Python's as Values of them do: Python's way, else NumPy's."""
    python = _PYTHON.get(fn)
    if python is not None:
        try:
            y = python(*operands)
            if y.__class__ is float:
                return y
        except ArithmeticError:
            pass  # NumPy gives inf or nan
    return float(fn(*operands))


_PYTHON: dict[Any, Callable] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul,
    np.true_divide: operator.truediv, np.power: operator.pow, np.negative: operator.neg,
}  # fmt: skip


def _dtype(x: Any) -> Any:
    return getattr(x, "dtype", None)


def _is_number(x: Any) -> bool:
    return x.is_weak if isinstance(x, Variable) else isinstance(x, float | int)


def _plain(x: slice) -> bool:
    return all(isinstance(i, int | None) for i in (x.start, x.stop, x.step))
