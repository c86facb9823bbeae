"""Are gradients of arrays right? For engines whose values hold arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..behaviours import Chapter

chapter = Chapter("Arrays")
ARRAYS = ("arrays",)

_UNDO = (
    "Where an operand was stretched to the shape of the other one, each of its numbers was used "
    "many times, and its gradient is the sum over those uses. Add the gradient up along the "
    "stretched axes, until it has the operand's own shape."
)


@chapter.behaviour(
    "a product of arrays goes entry by entry",
    np.array([3.0, 5.0]),
    np.array([1.0, 2.0]),
    needs=ARRAYS,
    why="Each entry is a product of two numbers. The slope of sum() is 1 for every entry.",
)
def _(Value: Any) -> Any:
    a = Value(np.array([1.0, 2.0]))
    b = Value(np.array([3.0, 5.0]))
    y = (a * b).sum()
    y.backward()
    return a.grad, b.grad


@chapter.behaviour(
    "a row added to a matrix gets its own shape back",
    np.ones((2, 3)),
    np.full(3, 2.0),
    needs=ARRAYS,
    why=_UNDO,
)
def _(Value: Any) -> Any:
    a = Value(np.ones((2, 3)))
    b = Value(np.array([1.0, 2.0, 3.0]))
    y = (a + b).sum()
    y.backward()
    return a.grad, b.grad


@chapter.behaviour(
    "a column times a matrix gets its own shape back",
    np.full((2, 1), 3.0),
    needs=ARRAYS,
    why=_UNDO,
)
def _(Value: Any) -> Any:
    a = Value(np.ones((2, 3)))
    b = Value(np.array([[2.0], [5.0]]))
    y = (a * b).sum()
    y.backward()
    return b.grad


@chapter.behaviour(
    "a number times an array gets one number",
    6.0,
    np.full(3, 2.0),
    needs=ARRAYS,
    why=_UNDO,
)
def _(Value: Any) -> Any:
    a = Value(2.0)
    b = Value(np.array([1.0, 2.0, 3.0]))
    y = (a * b).sum()
    y.backward()
    return a.grad, b.grad


@chapter.behaviour(
    "gradients share no memory",
    np.full(2, 2.0),
    np.ones(2),
    needs=ARRAYS,
    why="a + b hands the same array to both operands. If a.grad += ... then writes into that "
    "array, b's gradient changes with it. Write a.grad = a.grad + ..., or hand on copies.",
)
def _(Value: Any) -> Any:
    a = Value(np.array([1.0, 2.0]))
    b = Value(np.array([3.0, 5.0]))
    c = a + b
    y = (c + a).sum()
    y.backward()
    return a.grad, b.grad


@chapter.behaviour(
    "a matrix product has its two slopes",
    np.array([[3.0, 7.0], [3.0, 7.0]]),
    np.array([[4.0, 4.0], [6.0, 6.0]]),
    needs=("arrays", "@"),
    why="With G the gradient of A @ B, A gets G @ B.T and B gets A.T @ G. The shapes leave no "
    "other way.",
)
def _(Value: Any) -> Any:
    a = Value(np.array([[1.0, 2.0], [3.0, 4.0]]))
    b = Value(np.array([[1.0, 2.0], [3.0, 4.0]]))
    y = (a @ b).sum()
    y.backward()
    return a.grad, b.grad
