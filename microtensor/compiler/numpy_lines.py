"""How is an instruction written as a line of NumPy? Where there is a way, into a place of its own.

The line is then ``multiply(g, mask, b3)``, whose end says where the result goes; else it is a call
that makes an array. Python's numbers are calculated with as they are elsewhere.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import numpy as np

from ..ops.arithmetic import astype
from ..ops.joining import _concatenate
from ..ops.masking import masked, masked_into
from ..ops.trilinear import convolution, transposed_convolution
from ..ops.windowed import put_at_maxima
from .blocks import shape_of
from .buffers import Buffers
from .lowering import less_at
from .programs import Instruction, Program, Variable, variables_in

_SIGNS = {np.add: "+", np.subtract: "-", np.multiply: "*"}
_REDUCTIONS = {
    np.sum: "add", np.max: "maximum", np.min: "minimum", np.prod: "multiply",
}  # fmt: skip
_PLACES = {np.dtype(f"i{n}") for n in (1, 2, 4, 8)}
_NARROW = 64  # a short last axis is reduced over the long axis of the transpose

# What these give is an array of its own: nobody keeps it, and it is a view of nothing that is kept.
FRESH = {convolution, put_at_maxima, transposed_convolution}


class Lines:
    """The lines written so far, and the names in them.

    Attributes
    ----------
    names : dict of str to object
        What the text's names are.
    lines : list of str
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.buffers = Buffers(program)
        self.names: dict[str, Any] = {"np": np}
        self.lines: list[str] = []
        self._local: dict[Variable, str] = {}
        self._ids: dict[int, str] = {}
        self._fresh: set[Variable] = set()  # arrays that a call has just made, and nobody else has
        self._views: dict[Any, np.ndarray] = {}
        self._places: dict[Any, str] = {}  # where what is read in each row of a matrix lies
        self._orders: dict[Variable, Any] = {}  # of the axes of arrays that lines have made
        self._passing: dict[Variable, str] = {}  # what calls gave, until it is read last

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
                start = "constant" if x in self.program.constants else "b"
                return self._name(self.buffers.arrays[x], start)
            return self._local[x]
        if hasattr(x, "_fields") and not any(variables_in(x)):
            return self._name(x, "c")
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

    # Lines

    def _call(self, ins: Instruction) -> None:
        """Write a call whose result is a new array."""
        targets = [self._new_local(x) if x is not None else "_" for x in ins.outputs]
        if ins.fn in FRESH:
            self._fresh.add(ins.output)
        self._passing |= {x: self._local[x] for x in ins.outputs if x is not None}
        left = ", ".join(targets) + ("," if ins.is_rule and len(targets) == 1 else "")
        self.lines.append(f"{left} = {self._as_call(ins)}")

    def _as_call(self, ins: Instruction) -> str:
        given = [self._x(x) for x in ins.operands]
        given += [f"{k}={self._x(x)}" for k, x in ins.options.items()]
        return f"{self._fn(ins.compute)}({', '.join(given)})"

    def _scalar(self, ins: Instruction) -> None:
        """Write a call that gives one number; a reduction goes straight to its ufunc."""
        options = dict(ins.options)
        axis = options.pop("axis", None)
        if ins.fn in _REDUCTIONS and not options and len(ins.operands) == 1:
            x = ins.operands[0]
            if isinstance(x, Variable) and x.dtype == ins.output.dtype:
                given = self._x(x)
                self.lines.append(
                    f"{self._new_local(ins.output)} = {self._reducer(ins)}({given}, {axis!r})"
                )
                return
        self._call(ins)

    def _reducer(self, ins: Instruction) -> str:
        ufunc = _REDUCTIONS[ins.fn]
        self.names.setdefault(f"{ufunc}_reduce", getattr(np, ufunc).reduce)
        return f"{ufunc}_reduce"

    def _number(self, ins: Instruction) -> None:
        """Write a calculation with Python's numbers, as they are calculated with elsewhere."""
        sign = _SIGNS.get(ins.fn)
        operands = [self._x(x) for x in ins.operands]
        name = self._new_local(ins.output)
        if sign is not None and all(_is_number(x) for x in ins.operands):
            self.lines.append(f"{name} = {operands[0]} {sign} {operands[1]}")
        else:
            self.names["number"] = number
            options = [f"{k}={self._x(x)}" for k, x in ins.options.items()]
            given = ", ".join([self._fn(ins.compute), *operands, *options])
            self.lines.append(f"{name} = number({given})")

    def _way(self, ins: Instruction, out: Variable) -> Callable[[str], list[str]] | None:
        """Give the lines that compute an instruction into a place of some name."""
        fn, x = ins.fn, ins.operands[0]
        operands = [self._x(a) for a in ins.operands]
        if isinstance(fn, np.ufunc) and fn.nout == 1 and not ins.options:
            name = self._fn(fn)
            alike = fn is np.matmul and all(_dtype(a) == out.dtype for a in ins.operands)
            if alike and all(len(shape_of(a)) == 2 for a in ins.operands):
                name = self._fn(np.dot)  # of two matrices, it takes half of matmul's time
            # NumPy wants to be told the name where a third operand could be meant.
            out_is = "out=" if fn in (np.maximum, np.minimum) else ""
            return lambda to: [f"{name}({', '.join(operands)}, {out_is}{to})"]
        if fn in _REDUCTIONS and isinstance(x, Variable) and x.dtype == out.dtype:
            return self._reduction(ins, out)
        if fn is masked and shape_of(x) == shape_of(ins.operands[1]) == out.shape:
            return lambda to: self._masked(ins, to)
        if fn is np.where and len(operands) == 3:
            copy = self._fn(np.copyto)
            return lambda to: [
                f"{copy}({to}, {operands[2]})",
                f"{copy}({to}, {operands[1]}, where={operands[0]})",
            ]
        if (fn is astype or fn is np.copy) and isinstance(x, Variable):
            copy, casting = self._fn(np.copyto), ", 'unsafe'" * (x.dtype != out.dtype)
            return lambda to: [f"{copy}({to}, {operands[0]}{casting})"]
        if fn is less_at:
            return lambda to: self._less_at(ins, to)
        if fn is _concatenate and all(_dtype(a) == out.dtype for a in ins.operands):
            axis = self._x(ins.options.get("axis", 0))
            pieces = ", ".join(operands) + "," * (len(operands) == 1)
            return lambda to: [f"{self._fn(np.concatenate)}(({pieces}), {axis}, {to})"]
        return None

    def _picked(self, ins: Instruction) -> None:
        """Write what reads one entry of each row, into a place of its own."""
        x, places = ins.operands
        flat = self._flat(x, self._x(x), places)
        if flat is None:
            rows = self._name(np.arange(x.shape[0]), "rows")
            source = f"{self._x(x)}[{rows}, {self._x(places)}]"
            self.lines.append(f"{self._new_local(ins.output)} = {source}")
            return
        found = self._name(np.empty(ins.output.shape, ins.output.dtype), "b")
        self._local[ins.output] = found
        self.lines.append(f'{flat[0]}.take({flat[1]}, out={found}, mode="clip")')

    def _less_at(self, ins: Instruction, to: str) -> list[str]:
        """Subtract a number from one entry of each row."""
        x, places, share = ins.operands
        given, out = self._x(x), ins.output
        lines = [] if to == given else [f"{self._fn(np.copyto)}({to}, {given})"]
        flat = self._flat(x if to == given else out, to, places)
        if flat is None:
            rows = self._name(np.arange(x.shape[0]), "rows")
            return [*lines, f"{to}[{rows}, {self._x(places)}] -= {self._x(share)}"]
        t = self._name(np.empty(out.shape[:1], out.dtype), "t")
        return [
            *lines,
            f'{flat[0]}.take({flat[1]}, out={t}, mode="clip")',
            f"{self._fn(np.subtract)}({t}, {self._x(share)}, {t})",
            f"{flat[0]}.put({flat[1]}, {t})",
        ]

    def _flat(self, x: Variable, array: str, places: Variable) -> tuple[str, str] | None:
        """Write a matrix as a row of numbers, and where in it one entry of each row is.

        None if it is not known how its numbers lie.
        """
        whole = self.names.get(array)
        if (whole is None and x not in self._orders) or places.dtype not in _PLACES:
            return None
        if whole is None:
            turned = self._orders[x] is not None
            flat = f"{array}{'.T' * turned}.reshape(-1)"
        else:
            turned = not whole.flags.c_contiguous
            if turned and not whole.flags.f_contiguous:
                return None
            flat = self._still((whole.T if turned else whole).reshape(-1))
        return flat, self._flat_places(places, x.shape, turned)

    def _flat_places(self, places: Variable, shape: tuple[int, ...], turned: bool) -> str:
        key = places, shape, turned
        if key not in self._places:
            at = self._places[key] = self._name(np.empty(shape[0], np.intp), "b")
            given = self._x(places)
            if turned:
                self.lines.append(f"{self._fn(np.multiply)}({given}, {shape[0]}, {at})")
                given = at
            rows = self._name(np.arange(shape[0]) * (1 if turned else shape[1]), "rows")
            self.lines.append(f"{self._fn(np.add)}({given}, {rows}, {at})")
        return self._places[key]

    def _masked(self, ins: Instruction, to: str) -> list[str]:
        """Multiply the bits of floats, as integers, by 1 or 0: see `masked_into`."""
        x, mask = ins.operands
        target, still = self.names.get(to), self.buffers.arrays
        whole = {4: np.int32, 8: np.int64}.get(x.dtype.itemsize)
        if whole is None or target is None or x not in still or mask not in still:
            return [f"{self._fn(masked_into)}({to}, {self._x(x)}, {self._x(mask)})"]
        seen = [still[x].view(whole), still[mask].view(np.int8), target.view(whole)]
        a, m, b = (self._still(array) for array in seen)
        return [f"{self._fn(np.multiply)}({a}, {m}, {b})"]

    def _still(self, view: np.ndarray) -> str:
        """Name a view of a buffer, made once for all."""
        key = (view.__array_interface__["data"], view.shape, view.strides, view.dtype.str)
        if key not in self._views:
            self._views[key] = view
        return self._name(self._views[key], "b")

    def _turned(self, x: Variable) -> str:
        """Name the transpose of an array."""
        still = self.buffers.arrays
        return self._still(still[x].T) if x in still else f"{self._x(x)}.T"

    def _reduction(self, ins: Instruction, out: Variable) -> Callable[[str], list[str]] | None:
        x = ins.operands[0]
        options = dict(ins.options)
        axis, keepdims = options.pop("axis", None), options.pop("keepdims", False)
        if options or len(ins.operands) > 1:
            return None
        axes = axis if isinstance(axis, tuple) else (axis,)
        given = self._x(x)
        last = len(x.shape) - 1
        if ins.fn is np.sum and axes == tuple(range(last)) and x.dtype.kind == "f" and not keepdims:
            # A sum of rows is a product with ones, by BLAS; as `fitting` has it for a bias.
            n = math.prod(x.shape[:-1])
            ones = self._name(np.ones(n, x.dtype), "ones")
            rows = given if last == 1 else f"{given}.reshape({(n, x.shape[-1])})"
            return lambda to: [f"{self._fn(np.dot)}({ones}, {rows}, {to})"]
        narrow = len(x.shape) == 2 and x.shape[1] < _NARROW and ins.fn in (np.max, np.min)
        if narrow and axes in ((last,), (-1,)) and x.size:
            turned = self._name(np.empty(x.shape[::-1], x.dtype), "b")
            copy, reduce, source = self._fn(np.copyto), self._reducer(ins), self._turned(x)
            return lambda to: [
                f"{copy}({turned}, {source})",
                f"{reduce}({turned}, 0, None, {self._column(to) if keepdims else to})",
            ]
        reduce = self._reducer(ins)
        return lambda to: [f"{reduce}({given}, {axis!r}, None, {to}, {bool(keepdims)!r})"]

    def _column(self, name: str) -> str:
        """Name the only column of an array."""
        array = self.names.get(name)
        return f"{name}[:, 0]" if array is None else self._still(array[:, 0])


def number(fn: Callable, *operands: Any, **options: Any) -> float:
    """Calculate with numbers of Python's as Values of them do: Python's way, else NumPy's."""
    python = _PYTHON.get(fn)
    if python is not None:
        try:
            y = python(*operands)
            if y.__class__ is float:
                return y
        except ArithmeticError:
            pass  # NumPy gives inf or nan
    return float(fn(*operands, **options))


def _dtype(x: Any) -> Any:
    return getattr(x, "dtype", None)


def _is_number(x: Any) -> bool:
    return x.is_weak if isinstance(x, Variable) else isinstance(x, float | int)


def _plain(x: slice) -> bool:
    return all(isinstance(i, int | None) for i in (x.start, x.stop, x.step))


_PYTHON: dict[Any, Callable] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul,
    np.true_divide: operator.truediv, np.power: operator.pow, np.negative: operator.neg,
}  # fmt: skip  # fmt: skip
