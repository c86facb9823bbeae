"""Are all labels classes? One look for both ends, where the program asked for each.

Read as unsigned, a negative integer is larger than any class. So ``labels.min() < 0`` and
``labels.max() >= classes``, each of which takes as long as a small matrix product, are one
question, if both are to be answered with no.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .building import Builder
from .passes import unused_removed
from .programs import Instruction, Program, Variable


def bounds_joined(program: Program) -> Program:
    """Ask once whether integers lie in ``0 ... n - 1``, where guards ask for both ends."""
    made = {ins.output: ins for ins in program.instructions if ins.outputs[0] is not None}
    low = {x: y for x, answer in program.guards if not answer and (y := _below_zero(x, made))}
    b = Builder()
    joined: dict[Variable, Variable | None] = {}
    for ins in program.instructions:
        b.instructions.append(ins)
        found = _at_least(ins, made)
        if found is not None and (ins.output, False) in program.guards:
            y, n = found
            pair = next((x for x, z in low.items() if z is y), None)
            if pair is not None:
                joined[ins.output] = b.like(ins)(outside, y, n)
                joined[pair] = None
    if not joined:
        return program
    asked = [(joined.get(x, x), answer) for x, answer in program.guards]
    program = program.with_instructions(b.instructions)
    program.guards = [(x, answer) for x, answer in asked if x is not None]
    return unused_removed(program)


def outside(x: np.ndarray, n: int) -> Any:
    """Tell whether one of some integers is none of ``0 ... n - 1``."""
    return x.view(np.uint64).max() >= n


def _below_zero(x: Variable, made: dict[Variable, Instruction]) -> Variable | None:
    ins = made.get(x)
    if ins is None or ins.fn is not np.less or not _is_number(ins.operands[1], 0):
        return None
    return _extreme_of(ins.operands[0], np.min, made)


def _at_least(ins: Instruction, made: dict[Variable, Instruction]) -> tuple[Variable, int] | None:
    if ins.fn is not np.greater_equal or not isinstance(ins.operands[1], int):
        return None
    y = _extreme_of(ins.operands[0], np.max, made)
    return None if y is None else (y, ins.operands[1])


def _extreme_of(x: Any, fn: Any, made: dict[Variable, Instruction]) -> Variable | None:
    ins = made.get(x) if isinstance(x, Variable) else None
    if ins is None or ins.fn is not fn or ins.options.get("axis") is not None:
        return None
    y = ins.operands[0]
    return y if isinstance(y, Variable) and y.dtype == np.int64 and y.size else None


def _is_number(x: Any, n: int) -> bool:
    return x.__class__ is int and x == n
