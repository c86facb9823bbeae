"""Are second derivatives right? For engines whose backward pass can be recorded.

Such an engine takes ``backward(create_graph=True)``; gradients are then values themselves.
"""

from __future__ import annotations

import math
from typing import Any

from ..behaviours import Chapter

chapter = Chapter("Second derivatives")
RECORDED = ("create_graph",)

_WHY = (
    "The rules have to be computed with values and not with their numbers, so that the backward "
    "pass is a graph, too; a rule that takes .data cuts it there."
)


@chapter.behaviour("the second derivative of a ** 3 is 6a", 12.0, needs=RECORDED, why=_WHY)
def _(Value: Any) -> Any:
    a = Value(2.0)
    y = a**3
    y.backward(create_graph=True)
    slope = a.grad
    a.grad = None
    slope.backward()
    return a.grad


@chapter.behaviour("the slope of a slope in another value", 6.0, needs=RECORDED, why=_WHY)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = Value(5.0)
    y = a * a * b
    y.backward(create_graph=True)
    slope = a.grad
    a.grad = None
    b.grad = None
    slope.backward()
    return b.grad


@chapter.behaviour("the third derivative of a ** 4 is 24a", 48.0, needs=RECORDED, why=_WHY)
def _(Value: Any) -> Any:
    a = Value(2.0)
    y = a**4
    y.backward(create_graph=True)
    first = a.grad
    a.grad = None
    first.backward(create_graph=True)
    second = a.grad
    a.grad = None
    second.backward()
    return a.grad


_T = math.tanh(0.7)


@chapter.behaviour(
    "the second derivative of tanh is -2t(1 - t**2)",
    -2 * _T * (1 - _T * _T),
    needs=RECORDED,
    why="1 - t**2 depends on t, which depends on a: t must be the output, and not its number. "
    + _WHY,
)
def _(Value: Any, tanh: Any) -> Any:
    a = Value(0.7)
    y = tanh(a)
    y.backward(create_graph=True)
    slope = a.grad
    a.grad = None
    slope.backward()
    return a.grad
