"""What may be left out of a program, without changing what it computes? Each pass is one answer.

A pass takes a program and gives another that means the same. They are exact: no sum is reordered,
and ``x * 0`` stays, since x may be infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ops.arithmetic import astype
from .lowering import less_at, lowered
from .programs import Instruction, Program, Variable

SMALL = 2**16  # bytes of a constant that is computed beforehand


def optimised(program: Program, instead: Mapping[Any, Any] | None = None) -> Program:
    """Give the program that is run: spelled out, and without what need not be computed.

    ``instead`` are passages of a backend's own; see `lowering`.
    """
    program = lowered(program, instead)
    for improve in PASSES:
        program = improve(program)
    return program


# Constants: what depends on nothing is computed once


def constants_folded(program: Program) -> Program:
    """Compute beforehand what depends on constants alone, unless it is large or drawn at random."""
    new: dict[Variable, Any] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        ins = instruction.replaced(new)
        x = ins.outputs[0]
        depends = any(v not in program.constants for v in ins.reads())
        if depends or draws(ins) or len(ins.outputs) != 1 or ins.is_rule or x.nbytes > SMALL:
            kept.append(ins)
        elif isinstance(x.sample, np.ndarray):
            program.constants[x] = x.sample
        else:
            new[x] = x.sample
    return program.with_instructions(kept, new)


def draws(ins: Instruction) -> bool:
    """Tell whether an instruction draws from a generator: it may neither go nor be shared."""
    values = [*ins.operands, *ins.options.values()]
    return any(is_generator(x) for x in values)


def is_generator(x: Any) -> bool:
    """Tell whether an operand is what random numbers are drawn from."""
    if isinstance(x, Variable):
        return x.is_generator
    return isinstance(x, np.random.Generator | np.random.RandomState)


# Identities: x * 1, x / 1, x ** 1, a transpose of a transpose, a reshape to the same shape


def identities_removed(program: Program) -> Program:
    """Put the operand in place of what is the same numbers in the same shape and dtype."""
    new: dict[Variable, Any] = {}
    made: dict[Variable, Instruction] = {}
    kept = []
    for instruction in program.instructions:
        ins = instruction.replaced(new)
        same = _same_as(ins, made)
        if same is not None and _alike(same, ins.output):
            new[ins.output] = same
        else:
            kept.append(ins)
            made[ins.output] = ins
    return program.with_instructions(kept, new)


def _alike(x: Any, y: Variable) -> bool:
    return isinstance(x, Variable) and x.shape == y.shape and x.dtype == y.dtype


def _same_as(ins: Instruction, made: dict[Variable, Instruction]) -> Any:
    if ins.is_rule or not ins.operands:
        return None
    x = ins.operands[0]
    if ins.fn in (np.multiply, np.true_divide, np.power) and _is_one(ins.operands[1]):
        return x
    if ins.fn is np.multiply and _is_one(x):
        return ins.operands[1]
    if ins.fn in (np.reshape, np.positive, np.broadcast_to, np.squeeze) or ins.fn is astype:
        return x  # if it is alike
    if ins.fn is np.transpose and not ins.options and isinstance(x, Variable):
        inner = made.get(x)
        if inner is not None and inner.fn is np.transpose and not inner.options:
            return inner.operands[0]
    return None


def _is_one(x: Any) -> bool:
    return not isinstance(x, Variable) and np.ndim(x) == 0 and bool(x == 1)


# Signs: where a rectifier's input is positive, its output is


def signs_of_outputs(program: Program) -> Program:
    """Ask ``max(x, 0)``, and not x, where x is positive: so x need not be kept for that."""
    rectified: dict[Variable, Variable] = {}
    kept = []
    for ins in program.instructions:
        if ins.fn in (np.maximum, np.greater) and not ins.options and _is_zero(ins.operands[1]):
            x = ins.operands[0]
            if ins.fn is np.maximum and isinstance(x, Variable) and _alike(x, ins.output):
                rectified[x] = ins.output
            elif ins.fn is np.greater and x in rectified:
                ins = ins.replaced({x: rectified[x]})
        kept.append(ins)
    return program.with_instructions(kept)


def _is_zero(x: Any) -> bool:
    return not isinstance(x, Variable) and np.ndim(x) == 0 and bool(x == 0)


# Repeats: what was computed already


def repeats_removed(program: Program) -> Program:
    """Compute a call of the same function of the same operands once (common subexpressions)."""
    seen: dict[Any, Instruction] = {}
    new: dict[Variable, Any] = {}
    kept = []
    for instruction in program.instructions:
        ins = instruction.replaced(new)
        key = None if draws(ins) or ins.is_rule or ins.fn is less_at else _key(ins)
        earlier = seen.get(key) if key is not None else None
        if earlier is not None:
            new.update(zip(ins.outputs, earlier.outputs, strict=True))
        else:
            kept.append(ins)
            if key is not None:
                seen[key] = ins
    return program.with_instructions(kept, new)


def _key(ins: Instruction) -> Any:
    options = tuple(sorted((k, _frozen(x)) for k, x in ins.options.items()))
    return ins.fn, tuple(map(_frozen, ins.operands)), options


def _frozen(x: Any) -> Any:
    """Give something that is equal for equal operands, numbers of other types told apart."""
    if isinstance(x, tuple | list):
        return tuple(map(_frozen, x))
    if isinstance(x, int | float | np.generic):
        return type(x).__name__, repr(x)
    return str(type(x)), id(x)


# The unused: what leads to nothing that is asked for


def unused_removed(program: Program) -> Program:
    """Leave out what nobody reads (dead code); but what draws at random stays."""
    wanted = set(program.needed())
    kept: list[Instruction] = []
    for ins in reversed(program.instructions):
        if draws(ins) or any(x in wanted for x in ins.outputs if x is not None):
            kept.append(ins)
            wanted.update(ins.reads())
    program = program.with_instructions(kept[::-1])
    program.constants = {v: x for v, x in program.constants.items() if v in wanted}
    return program


PASSES = (
    constants_folded,
    identities_removed,
    repeats_removed,
    signs_of_outputs,
    unused_removed,
)


def last_uses(program: Program) -> dict[Variable, int]:
    """Tell behind which instruction each variable is no longer read."""
    last: dict[Variable, int] = {}
    for i, ins in enumerate(program.instructions):
        for x in ins.reads():
            last[x] = i
    for x in program.needed():
        last[x] = len(program.instructions)
    return last
