"""How much work is an instruction? Floating-point operations, and bytes.

A fused function is counted as what it stands for, and its rule as the chain rule through that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..derivatives import vjp
from ..flops import operations
from ..nesting import like
from ..primitives import registry
from .arguments import Arguments
from .compiling import trace
from .lowering import lowered
from .opaque import Rule
from .programs import Instruction, Variable


class Counter:
    """Counts the operations of instructions; equal calls are counted once."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}

    def __call__(self, ins: Instruction) -> int:
        """Count the operations of one instruction."""
        fn = ins.fn.known.fn if isinstance(ins.fn, Rule) else ins.fn
        known = registry.get(fn)
        body = None if known is None else known.stands_for
        if body is None or known is None or known.keeps == "constant":
            return _of_rule(ins) if isinstance(ins.fn, Rule) else _of_call(ins)
        key = (ins.fn.wanted if isinstance(ins.fn, Rule) else None, fn, _outline(ins))
        if key not in self._known:
            self._known[key] = self._of_fused(ins, body)
        return self._known[key]

    def _of_fused(self, ins: Instruction, body: Callable) -> int:
        options = {k: _stand_in(x) for k, x in ins.options.items()}
        if not isinstance(ins.fn, Rule):
            program = lowered(trace(lambda *xs: body(*xs, **options))(*_given(ins.operands)))
            return sum(map(self, program.instructions))
        wanted, operands = ins.fn.wanted, list(_given(ins.operands[3:]))
        options = ins.fn.options | options
        places = [i for i, is_wanted in enumerate(wanted) if is_wanted]

        def backward(g: Any, *differentiated: Any) -> Any:
            def f(*xs: Any) -> Any:
                given = list(operands)
                for i, x in zip(places, xs, strict=True):
                    given[i] = x
                return body(*given, **options)

            return vjp(f, *differentiated)[1](g)

        g = _stand_in(ins.operands[0])
        program = lowered(trace(backward)(g, *(operands[i] for i in places)))
        return sum(self(i) for i in program.instructions if i.phase == "backward")


def _of_call(ins: Instruction) -> int:
    subscripts = str(ins.options.get("subscripts", ""))
    return operations(ins.name, _shapes(ins.operands), ins.output.size, subscripts)


def _of_rule(ins: Instruction) -> int:
    """Count what a fused rule gives: each contribution is as much work as the call itself."""
    assert isinstance(ins.fn, Rule)
    y, operands = ins.operands[1], ins.operands[3:]
    shapes = _shapes(operands)
    word = ins.name.removesuffix("_rule").lstrip("_")
    whole = operations(word, shapes, int(np.prod(np.shape(_stand_in(y)), dtype=int)))
    counted = 0
    for i, wanted in enumerate(ins.fn.wanted):
        if wanted:  # a product's bias takes a sum, no product
            counted += whole if i < 2 else operations("sum", [y.shape], 1)
    return counted


def _shapes(operands: Iterable[Any]) -> list[tuple[int, ...]]:
    numbers = (Variable, np.ndarray, np.generic, int, float)
    return [getattr(x, "shape", ()) for x in operands if isinstance(x, numbers)]


def _given(operands: Iterable[Any]) -> Iterable[Any]:
    return map(_stand_in, operands)


def _stand_in(x: Any) -> Any:
    """Give numbers of the shape and dtype that an operand has; which ones does not matter."""
    if isinstance(x, Variable):
        if x.dtype is None:
            return 1.0
        return np.ones(x.shape, x.dtype) if x.dtype.kind == "f" else np.zeros(x.shape, x.dtype)
    if isinstance(x, tuple | list):
        return like(x, [_stand_in(inner) for inner in x])
    return x


def _outline(ins: Instruction) -> Any:
    """Give something that is equal for calls of equal shapes and options."""
    return Arguments((), (_drawn(ins.operands), _drawn(ins.options)), {}).key


def _drawn(x: Any) -> Any:
    if isinstance(x, Variable):
        return (x.shape, str(x.dtype))
    if isinstance(x, dict):
        return {k: _drawn(inner) for k, inner in x.items()}
    return like(x, [_drawn(inner) for inner in x]) if isinstance(x, tuple | list) else x


def size_of(arrays: Iterable[Variable]) -> int:
    """Count the bytes of some arrays, each once."""
    return sum(x.nbytes for x in set(arrays))
