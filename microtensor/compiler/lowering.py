"""What do the fused functions consist of? Here each is spelled out in elementary instructions.

A passage says what its function computes in the same order of operations, so that the numbers
stay the same to the last bit; what it keeps for its rule is a variable like any other. What is
not spelled out stays one instruction, and is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ops.activations import sigmoid
from ..ops.linalg import linear
from ..ops.rectifiers import relu
from ..ops.softmaxes import FEW, log_softmax, softmax, softmax_cross_entropy
from .building import Builder
from .opaque import Rule
from .programs import Instruction, Program, Variable

Passage = Callable[..., Any]
passages: dict[Any, Passage] = {}
rule_passages: dict[Any, Passage] = {}


def spelled_out(fn: Callable) -> Callable[[Passage], Passage]:
    """Say what a function consists of: ``passage(b, *operands, **options)`` gives its outputs."""

    def learn(passage: Passage) -> Passage:
        passages[fn] = passage
        return passage

    return learn


def rule_spelled_out(fn: Callable) -> Callable[[Passage], Passage]:
    """Say what a fused rule consists of: ``passage(b, wanted, g, y, kept, *operands)``."""

    def learn(passage: Passage) -> Passage:
        rule_passages[fn] = passage
        return passage

    return learn


def lowered(program: Program, instead: Mapping[Any, Passage] | None = None) -> Program:
    """Spell out the fused functions of a program; ``instead`` are passages of a backend's own."""
    known = {**passages, **(instead or {})}
    b = Builder()
    new: dict[Variable, Any] = {}
    for instruction in program.instructions:
        ins = instruction.replaced(new)
        if not _spell_out(b.like(ins), ins, new, known):
            b.instructions.append(ins)
    return program.with_instructions(b.instructions, new)


def _spell_out(
    b: Builder, ins: Instruction, new: dict[Variable, Any], known: Mapping[Any, Passage]
) -> bool:
    if isinstance(ins.fn, Rule):
        passage = rule_passages.get(ins.fn.known.fn)
        if passage is None:
            return False
        options = ins.fn.options | ins.options
        found = passage(b, ins.fn.wanted, *ins.operands, **options)
    else:
        passage = known.get(ins.fn)
        if passage is None:
            return False
        found = passage(b, *ins.operands, **ins.options)
        if found is None:
            return False
        if len(ins.outputs) == 1:
            found = (found,)
    for old, made in zip(ins.outputs, found, strict=True):
        if old is not None:
            if isinstance(made, Variable) and made is not old:
                made.name = old.name
            new[old] = made
    return True


# The passages


@spelled_out(linear)
def _linear(b: Builder, x: Any, weight: Any, bias: Any = None) -> Any:
    y = b(np.matmul, x, b(np.transpose, weight))
    return y if bias is None else b(np.add, y, bias)


@spelled_out(relu)
def _relu(b: Builder, x: Any) -> Any:
    return b(np.maximum, x, 0) if x.dtype is not None else None


@spelled_out(sigmoid)
def _sigmoid(b: Builder, x: Any) -> Any:
    if x.dtype is None:
        return None
    return b(np.true_divide, 1, b(np.add, 1, b(np.exp, b(np.negative, x))))


@spelled_out(softmax)
def _softmax(b: Builder, x: Any, axis: int = -1) -> Any:
    if x.size == 0:
        return None
    e = b(np.exp, b(np.subtract, x, b(np.max, x, axis=axis, keepdims=True)))
    return b(np.true_divide, e, b(np.sum, e, axis=axis, keepdims=True))


@spelled_out(log_softmax)
def _log_softmax(b: Builder, x: Any, axis: int = -1) -> Any:
    if x.size == 0:
        return None
    shifted = b(np.subtract, x, b(np.max, x, axis=axis, keepdims=True))
    total = b(np.sum, b(np.exp, shifted), axis=axis, keepdims=True)
    return b(np.subtract, shifted, b(np.log, total))


@spelled_out(softmax_cross_entropy)
def _softmax_cross_entropy(b: Builder, logits: Any, labels: Any) -> Any:
    n, classes = logits.shape
    x = b(np.transpose, logits)  # (C, B)
    if classes < FEW:
        x = b(np.copy, x)
    shifted = b(np.subtract, x, b(np.max, x, axis=-2))
    e = b(np.exp, shifted)
    total = b(np.sum, e, axis=-2)
    true = b(picked, b(np.transpose, shifted), labels)
    loss = b(np.sum, b(np.subtract, b(np.log, total), true))
    p = b(np.transpose, b(np.true_divide, e, total))
    return b(np.true_divide, loss, logits.dtype.type(n)), b(less_at, p, labels, 1)


@rule_spelled_out(softmax_cross_entropy)
def _softmax_cross_entropy_rule(
    b: Builder, wanted: Any, g: Any, y: Any, kept: Any, logits: Any, labels: Any
) -> Any:
    share = b(np.true_divide, g, logits.dtype.type(logits.shape[0]))
    return b(np.multiply, kept, share), None


def picked(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Give one entry of each row: ``x[i, places[i]]``."""
    return x[np.arange(len(x)), places]


def less_at(x: np.ndarray, places: np.ndarray, share: Any) -> np.ndarray:
    """Give ``x`` with ``share`` subtracted from one entry of each row."""
    y = x.copy()
    y[np.arange(len(x)), places] -= share
    return y
