"""How is a program changed? By writing another: a builder takes one instruction after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..nesting import like
from .programs import Instruction, Variable


class Builder:
    """Writes instructions, and computes each on the traced run's numbers to know its result.

    Called with a function and operands, it writes that call and gives its variable, so that a
    passage reads like the NumPy that it stands for::

        y = b(np.matmul, x, b(np.transpose, weight))
    """

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.phase, self.module, self.name = "forward", "", ""

    def like(self, instruction: Instruction) -> Builder:
        """Write what follows in the place of an instruction."""
        self.phase, self.module = instruction.phase, instruction.module
        self.name = next(x.name for x in instruction.outputs if x is not None)
        return self

    def __call__(self, fn: Callable, *operands: Any, **options: Any) -> Variable:
        made = Instruction(fn, operands, options, [], self.phase, self.module)
        with np.errstate(all="ignore"):
            data = made.compute(
                *map(sample, operands), **{k: sample(x) for k, x in options.items()}
            )
        made.outputs = [Variable.like(self.name or made.name, data)]
        self.instructions.append(made)
        return made.output


def sample(x: Any) -> Any:
    """Give the numbers that an operand had in the traced run."""
    if isinstance(x, Variable):
        return x.sample
    if isinstance(x, tuple | list):
        return like(x, list(map(sample, x)))
    return x
