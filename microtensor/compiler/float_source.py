"""How does a program of single numbers run? As arithmetic of Python's, a statement for each number.

micrograd's graphs hold nothing but numbers. NumPy takes half a microsecond for each, and Numba half
a minute to compile five hundred; Python itself multiplies two floats in some ten nanoseconds. What
is read once is written where it is read: ``act = b + w0 * x0 + w1 * x1``.

Where Python raises and NumPy gives inf or nan, the program is computed the other way. Sums and
products never raise. So once the last division or power is behind, nothing can fail, and what is
computed is laid into its place at once.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ..graph import next_number
from ..ops.activations import sigmoid
from ..ops.masking import masked
from ..ops.rectifiers import relu
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot
from .texts import Runner, Text

_CHOICE, _QUESTION, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(7)  # how tightly they bind
DEEP = 40  # operations that one expression may hold
_SIGNS: dict[Any, tuple[str, int]] = {
    np.add: ("+", _SUM), np.subtract: ("-", _SUM), np.multiply: ("*", _PRODUCT),
    np.true_divide: ("/", _PRODUCT),
}  # fmt: skip
_QUESTIONS = {
    np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==",
    np.not_equal: "!=",
}  # fmt: skip
# The same to the last bit as NumPy's; tanh and exp are not.
_OF_MATH = {np.sqrt: math.sqrt, np.sin: math.sin, np.cos: math.cos}
_OF_NUMPY = (np.tanh, np.exp, np.log, np.expm1, np.log1p, np.sinh, np.cosh, np.power, sigmoid)


_RAISING = (*_OF_MATH, *_OF_NUMPY)


def is_of_floats(program: Program) -> bool:
    """Tell whether a program computes with Python's floats alone, as this module knows how to."""
    return bool(program.instructions) and all(
        len(ins.outputs) == 1 and not ins.options and _is_known(ins) for ins in program.instructions
    )


def _is_known(ins: Instruction) -> bool:
    fn, out = ins.fn, ins.output
    if not all(_is_number(x) for x in ins.operands):
        return False
    if fn in _QUESTIONS:
        return True
    known = fn in _SIGNS or fn in _OF_MATH or fn in _OF_NUMPY or fn in (relu, masked, np.negative)
    return known and out.is_weak


def _is_number(x: Any) -> bool:
    if isinstance(x, Variable):
        return x.is_weak or (x.shape == () and x.dtype == np.dtype(bool))
    return isinstance(x, float | int)


class FloatText(Text):
    """Writes such a program."""

    def __init__(self, program: Program, instead: Runner) -> None:
        """Write it; ``instead`` computes it where Python raises."""
        names = {"next_number": next_number, "instead": instead, "bool_": np.bool_}
        super().__init__(program, **names, inf=math.inf, nan=math.nan)
        self._count = 0
        self._written: dict[Variable, tuple[str, int, int]] = {}  # text, how it binds, operations
        self._uses = Counter(v for ins in program.instructions for v in ins.reads())
        self._returned = {r.x for r in program.results if isinstance(r.x, Variable)}
        self._guards = dict(program.guards)
        self._places: dict[Variable, list[Slot]] = {}  # where a number is laid as it is computed
        for place, x in program.writes:
            if isinstance(x, Variable):
                self._places.setdefault(x, []).append(place)
        self._read()
        self._compute()

    def _new(self) -> str:
        self._count += 1
        return f"v{self._count - 1}"

    # What is read

    def _read(self) -> None:
        for place, v in self.program.inputs:
            leaves = v in self._returned or v in self._places
            if self._uses[v] or v in self._guards or leaves:
                self._local(v, self._reading(place))

    def _local(self, v: Variable, text: str) -> None:
        """Give a number a name, and ask whether it is the one that the program is for."""
        name = self._new()
        self.lines.append(f"{name} = {text}")
        self._written[v] = name, _ATOM, 0
        if v in self._guards:
            self.lines.append(f"if {'not ' * self._guards[v]}{name}: return None")

    # What is computed

    def _compute(self) -> None:
        instructions = self.program.instructions
        unsure = [i for i, ins in enumerate(instructions) if self._may_stop(ins)]
        sure = unsure[-1] + 1 if unsure else 0
        for ins in instructions[:sure]:
            self._write(ins, False)
        if sure:
            inside = [f"    {line}" for line in self.lines]
            failing = "except (ArithmeticError, ValueError): return instead(given)"
            self.lines = ["try:", *inside, failing]
        if any(type(place) is Leaf for place, _ in self.program.writes):
            self.lines.append("n = next_number()")  # they are given new numbers together
        for ins in instructions[sure:]:
            self._write(ins, True)
        self._finish()

    def _may_stop(self, ins: Instruction) -> bool:
        """Tell whether Python may raise, or the program may be another's."""
        divides = ins.fn is np.true_divide and (isinstance(ins.operands[1], Variable))
        return divides or ins.fn in _RAISING or ins.output in self._guards

    def _write(self, ins: Instruction, sure: bool) -> None:
        v = ins.output
        text, binds, operations = self._expression(ins)
        places = self._places.get(v, []) if sure else []
        uses = self._uses[v] + (v in self._returned)
        if places:
            targets = [self._target(place) for place in places]
            if all(targets) and v.is_weak:
                self._lay(v, text, [t for t in targets if t], uses)
                for place in places:
                    if type(place) is Leaf:
                        self.lines[-1] += f"; {self._name(place.node, 'p')}.number = n"
                del self._places[v]
                return
        alone = uses == 1 and v not in self._guards and not self._places.get(v)
        alone = alone and v not in self._returned and not self._may_stop(ins)
        if alone and binds != _CHOICE and operations < DEEP:
            self._written[v] = text, binds, operations
        else:
            self._local(v, text)

    def _lay(self, v: Variable, text: str, targets: list[str], uses: int) -> None:
        """Lay a number where it goes, and give it a name if it is read again."""
        if uses:
            name = self._new()
            targets.append(name)
            self._written[v] = name, _ATOM, 0
        self.lines.append(f"{' = '.join(targets)} = {text}")

    def _target(self, place: Slot) -> str | None:
        """Write a place as what is assigned to, if that is all there is to do."""
        if not isinstance(place, Leaf) or place.place is not None:
            return None
        what = "grad" if isinstance(place, Gradient) else "_data"
        return f"{self._name(place.node, 'p')}.{what}"

    def _expression(self, ins: Instruction) -> tuple[str, int, int]:
        fn, given = ins.fn, ins.operands
        operations = 1 + sum(self._operations(x) for x in given)
        if fn in _SIGNS:
            sign, binds = _SIGNS[fn]
            left, right = self._x(given[0], binds), self._x(given[1], binds + 1)
            return f"{left} {sign} {right}", binds, operations
        if fn is np.negative:
            return f"-{self._x(given[0], _SIGN)}", _SIGN, operations
        if fn in _QUESTIONS:
            text = f"{self._x(given[0], _SUM)} {_QUESTIONS[fn]} {self._x(given[1], _SUM)}"
            return text, _QUESTION, operations
        if fn is relu:  # so that nan stays nan
            x = self._named(given[0])
            return f"0.0 if {x} <= 0 else {x}", _CHOICE, operations
        if fn is masked:
            x, mask = self._x(given[0], _SUM), self._x(given[1], _QUESTION)
            return f"{x} if {mask} else 0.0", _CHOICE, operations
        if fn is np.power and _is_whole(given[1]):
            return f"{self._x(given[0], _ATOM)} ** {given[1]!r}", _POWER, operations
        if fn in _OF_MATH:
            return (
                f"{self._name(_OF_MATH[fn], 'f')}({self._x(given[0], _CHOICE)})",
                _ATOM,
                operations,
            )
        inside = ", ".join(self._x(x, _SUM) for x in given)
        return f"float({self._name(ins.compute, 'f')}({inside}))", _ATOM, operations

    def _operations(self, x: Any) -> int:
        return self._written[x][2] if isinstance(x, Variable) else 0

    def _x(self, x: Any, binds: int) -> str:
        """Write an operand, in parentheses if it would come apart."""
        if isinstance(x, Variable):
            text, own, _ = self._written[x]
            return text if own >= binds else f"({text})"
        text = repr(x)
        return f"({text})" if text.startswith("-") else text

    def _named(self, x: Any) -> str:
        """Write an operand that is read twice."""
        if isinstance(x, Variable) and self._written[x][1] != _ATOM:
            self._local(x, self._written[x][0])
        return self._x(x, _ATOM)

    # What is written

    def _finish(self) -> None:
        """Lay down what could not be at once, and give what is returned."""
        for place, x in self.program.writes:
            if isinstance(x, Variable) and x not in self._places:
                continue
            given, target = self._leaving(x), self._target(place)
            if target is None:
                self.lines.append(f"{self._name(place, 'place')}.write(given, {given})")
                continue
            self.lines.append(f"{target} = {given}")
            if isinstance(place, Leaf) and type(place) is Leaf:
                self.lines.append(f"{self._name(place.node, 'p')}.number = n")
        shown = ", ".join(self._leaving(r.x) for r in self.program.results)
        self.lines.append(f"return [{shown}]")

    def _leaving(self, x: Any) -> str:
        if not isinstance(x, Variable):
            return self._name(x, "k") if not isinstance(x, float | int) else f"({x!r})"
        text = self._written[x][0]
        return text if x.is_weak else f"bool_({text})"


def _is_whole(x: Any) -> bool:
    """Tell whether an exponent is a constant whole number: then a power is a float, or raises."""
    return not isinstance(x, Variable) and float(x).is_integer()
