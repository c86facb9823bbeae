"""What would another tool read of a program? JSON: all of it, but the numbers of large arrays."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from ..nesting import rebuild
from .literals import FEW, dotted_path
from .naming import named
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot


def as_json(program: Program, indent: int | None = 2) -> str:
    """Write a program as JSON.

    Variables are texts; numbers, true, false and null are themselves; all else is an object with
    one key that says what it is: "text", "tuple", "slice", "array", "dtype", "function", "other".

    Examples
    --------
    >>> import microtensor as mt
    >>> told = json.loads(as_json(mt.trace(lambda x: np.sum(np.tanh(x)))(np.ones(3))))
    >>> told["instructions"][0]["function"], told["instructions"][0]["operands"]
    ('np.tanh', ['x'])
    """
    return json.dumps(_Export(program).whole(), indent=indent, allow_nan=False)


class _Export:
    def __init__(self, program: Program) -> None:
        self.program, self.names = program, named(program)

    def whole(self) -> dict[str, Any]:
        program = self.program
        shown = [{"value": self.value(r.x), "is_value": r.as_value} for r in program.results]
        return {
            "name": program.name,
            "inputs": [{**self.kind(x), "place": _place(place)} for place, x in program.inputs],
            "constants": [self.constant(x, array) for x, array in program.constants.items()],
            "instructions": [self.instruction(ins) for ins in program.instructions],
            "results": self.structure(shown),
            "writes": [
                {"place": _place(place), "value": self.value(x)} for place, x in program.writes
            ],
            "guards": [{"value": self.value(x), "is": answer} for x, answer in program.guards],
            "gradients": {
                self.names[g]: self.names[x]
                for g, x in program.gradients.items()
                if g in self.names and x in self.names
            },
        }

    def instruction(self, ins: Instruction) -> dict[str, Any]:
        return {
            "outputs": [None if x is None else self.kind(x) for x in ins.outputs],
            "function": dotted_path(ins.fn) or ins.name,
            "operands": [self.value(x) for x in ins.operands],
            "options": {str(k): self.value(x) for k, x in ins.options.items()},
            "phase": ins.phase,
            "module": ins.module,
        }

    def kind(self, x: Variable) -> dict[str, Any]:
        dtype = "float" if x.is_weak else None if x.dtype is None else x.dtype.name
        return {"name": self.names[x], "shape": list(x.shape), "dtype": dtype}

    def constant(self, x: Variable, array: Any) -> dict[str, Any]:
        array = np.asarray(array)
        few = array.size <= FEW and array.dtype.kind in "fiub"
        return {**self.kind(x), **({"value": _numbers(array.tolist())} if few else {})}

    def structure(self, shown: list[dict[str, Any]]) -> Any:
        """Give the results nested as the function gave them."""
        return _keyed(rebuild(self.program.structure, iter(map(_Leaf, shown))))

    def value(self, x: Any) -> Any:
        """Give an operand or option in JSON's own kinds of values."""
        if isinstance(x, Variable):
            return self.names[x]
        if x is None or isinstance(x, bool | int | float):
            return _numbers(x)
        if isinstance(x, str):
            return {"text": x}
        if isinstance(x, np.generic):
            return {"array": _numbers(x.item()), "dtype": x.dtype.name}
        if isinstance(x, np.dtype):
            return {"dtype": x.name}
        if isinstance(x, slice):
            return {"slice": [self.value(p) for p in (x.start, x.stop, x.step)]}
        if isinstance(x, tuple | list):
            return {"tuple": [self.value(inner) for inner in x]}
        path = dotted_path(x)
        return {"other": type(x).__name__} if path is None else {"function": path}


class _Leaf:
    """One result, within the structure of all."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told


def _keyed(x: Any) -> Any:
    if isinstance(x, _Leaf):
        return x.told
    if isinstance(x, dict):
        return {"dict": {str(k): _keyed(v) for k, v in x.items()}}
    return {"tuple" if isinstance(x, tuple) else "list": [_keyed(inner) for inner in x]}


def _numbers(x: Any) -> Any:
    """Give numbers as JSON can hold them: infinities and nan as texts in an object."""
    if isinstance(x, list):
        return [_numbers(inner) for inner in x]
    return {"number": str(x)} if isinstance(x, float) and not math.isfinite(x) else x


def _place(place: Slot) -> dict[str, str]:
    kind = "gradient" if isinstance(place, Gradient) else place.key[0]
    return {
        "kind": "parameter" if kind == "leaf" and isinstance(place, Leaf) else kind,
        "name": place.name,
    }
