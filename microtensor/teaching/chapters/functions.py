"""Do the nonlinear functions compute and derive what they should?"""

from __future__ import annotations

import math
from typing import Any

from ..behaviours import NOTHING, Chapter

chapter = Chapter("Functions")


@chapter.behaviour(
    "relu lets positive numbers through, with the slope 1",
    3.0,
    1.0,
    why="relu(a) = max(a, 0). Above 0 it is a itself, and its slope is 1.",
)
def _(Value: Any, relu: Any) -> Any:
    a = Value(3.0)
    y = relu(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "relu stops negative numbers, with the slope 0",
    0.0,
    NOTHING,
    why="Below 0, relu is flat: nothing passes, forward or backward.",
    mistakes={
        (0.0, 1.0): "The gradient passed although the number did not. Multiply it by "
        "(y.data > 0): a relu that is off hands nothing on.",
    },
)
def _(Value: Any, relu: Any) -> Any:
    a = Value(-3.0)
    y = relu(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "tanh has the slope 1 - tanh(a)**2",
    math.tanh(0.7),
    1 - math.tanh(0.7) ** 2,
    why="The slope is written with the output t = tanh(a): 1 - t**2.",
    mistakes={
        (math.tanh(0.7), 1 - 0.7**2): "You square the input. It is the output: 1 - tanh(a)**2.",
        (math.tanh(0.7), 1 - math.tanh(0.7)): "The square is missing: 1 - tanh(a)**2.",
    },
)
def _(Value: Any, tanh: Any) -> Any:
    a = Value(0.7)
    y = tanh(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "exp is its own slope",
    math.exp(0.7),
    math.exp(0.7),
    why="The slope of exp at a is exp(a), the output itself: a.grad gets y.data * y.grad.",
    mistakes={
        (math.exp(0.7), 0.7): "You multiply by the input. It is the output, exp(a).",
        (math.exp(0.7), 1.0): "The local slope is missing: multiply by exp(a).",
    },
)
def _(Value: Any, exp: Any) -> Any:
    a = Value(0.7)
    y = exp(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "log has the slope 1 / a",
    math.log(0.7),
    1 / 0.7,
    why="The slope of the natural logarithm at a is 1 / a.",
    mistakes={
        (math.log10(0.7), 1 / 0.7): "This is the logarithm to the base 10; math.log is natural.",
        (math.log(0.7), 1 / math.log(0.7)): "You divide by the output. It is the input: 1 / a.",
    },
)
def _(Value: Any, log: Any) -> Any:
    a = Value(0.7)
    y = log(a)
    y.backward()
    return y.data, a.grad


_S = 1 / (1 + math.exp(-0.7))


@chapter.behaviour(
    "sigmoid has the slope s * (1 - s)",
    _S,
    _S * (1 - _S),
    why="With s = 1 / (1 + exp(-a)), the output, the slope is s * (1 - s).",
    mistakes={(_S, 0.7 * (1 - 0.7)): "You take a * (1 - a) of the input. It is the output's."},
)
def _(Value: Any, sigmoid: Any) -> Any:
    a = Value(0.7)
    y = sigmoid(a)
    y.backward()
    return y.data, a.grad
