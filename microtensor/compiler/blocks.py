"""Which calls run block by block? Chains of elementwise functions of large arrays (fusion).

An array that is larger than the cache is fetched from memory by each call that reads it. A chain
of calls that runs on some rows at a time fetches them once; what only the chain needs never leaves
the cache, and needs no more memory than a block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.masking import masked
from .programs import Instruction, Program, Variable

LARGE = 2**16  # entries: from there on, whole arrays do not stay in the caches
BLOCK = 2**14  # entries of a block


def is_elementwise(ins: Instruction) -> bool:
    """Tell whether each entry of the result depends on the same entry of the operands alone."""
    if ins.fn is masked:
        x, mask = ins.operands
        return isinstance(x, Variable) and x.shape == shape_of(mask) == ins.output.shape
    fn = ins.fn
    return isinstance(fn, np.ufunc) and fn.signature is None and fn.nout == 1 and not ins.options


def shape_of(x: Any) -> tuple[int, ...]:
    """Give the shape of an operand."""
    return x.shape if isinstance(x, Variable) else np.shape(x)


def sunk(program: Program) -> Program:
    """Move each elementwise call on large arrays to its only reader, so that chains stand together.

    A name is given once, so a call may stand anywhere between what it reads and who reads it.
    """
    readers: dict[Variable, list[int]] = {}
    for i, ins in enumerate(program.instructions):
        for x in ins.reads():
            readers.setdefault(x, []).append(i)
    ends = set(program.needed())
    before: dict[int, list[int]] = {}
    moved: set[int] = set()
    for i, ins in enumerate(program.instructions):
        x = ins.outputs[0]
        users = set(readers.get(x, ())) if x is not None else set()
        if len(users) == 1 and x not in ends and _may_move(ins, program.instructions[min(users)]):
            before.setdefault(min(users), []).append(i)
            moved.add(i)
    order: list[Instruction] = []
    for i in range(len(program.instructions)):
        if i not in moved:
            _emit(i, program.instructions, before, order)
    return program.with_instructions(order)


def _emit(
    i: int, all_: list[Instruction], before: dict[int, list[int]], order: list[Instruction]
) -> None:
    """Write a call behind those that were moved to it, however long the chain."""
    stack = [(i, False)]
    while stack:
        j, is_ready = stack.pop()
        if is_ready:
            order.append(all_[j])
        else:
            stack.append((j, True))
            stack.extend((k, False) for k in reversed(before.get(j, ())))


def _may_move(ins: Instruction, reader: Instruction) -> bool:
    if len(ins.outputs) != 1 or ins.is_rule or not is_elementwise(ins):
        return False
    x, y = ins.output, reader.outputs[0]
    return x.size >= LARGE and y is not None and y.shape == x.shape and is_elementwise(reader)


def chains(program: Program) -> dict[int, int]:
    """Find the chains: where each begins, and behind which call it ends."""
    found: dict[int, int] = {}
    i, n = 0, len(program.instructions)
    guards = {x for x, _ in program.guards}
    while i < n:
        j = i
        while j < n and _belongs(program.instructions[j], program.instructions[i], guards):
            j += 1
        if j - i >= 2:
            found[i] = j
        i = max(j, i + 1)
    return found


def _belongs(ins: Instruction, first: Instruction, guards: set[Variable]) -> bool:
    x = ins.outputs[0]
    if len(ins.outputs) != 1 or x is None or ins.is_rule or x in guards or x.dtype is None:
        return False
    in_rows = x.order is None and all(v.order is None for v in ins.reads())  # else rows lie apart
    alike = x.size >= LARGE and x.shape == first.outputs[0].shape
    return alike and in_rows and is_elementwise(ins)


def spans(shape: tuple[int, ...]) -> list[slice]:
    """Cut the first axis into blocks."""
    rows = max(1, BLOCK * shape[0] // max(1, int(np.prod(shape))))
    return [slice(i, min(i + rows, shape[0])) for i in range(0, shape[0], rows)]


def is_cut(x: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether an operand is cut as well, or the same for all blocks."""
    have = shape_of(x)
    return len(have) == len(shape) and have[0] == shape[0] != 1
