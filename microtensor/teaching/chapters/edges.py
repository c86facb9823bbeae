"""What happens at corners, and at numbers that are very large?"""

from __future__ import annotations

import math
from typing import Any

from ..behaviours import NOTHING, Chapter

chapter = Chapter("Edges")

_OVERFLOW = "Python's math.exp raises above 709. "


@chapter.behaviour(
    "relu at 0 has the slope 0",
    0.0,
    NOTHING,
    why="At its corner relu has no slope. Any number from 0 to 1 could be defended; everybody "
    "takes 0, so that results can be compared: let the gradient pass where y.data > 0.",
    mistakes={(0.0, 1.0): "The gradient passes where a >= 0. The convention is a > 0."},
)
def _(Value: Any, relu: Any) -> Any:
    a = Value(0.0)
    y = relu(a)
    y.backward()
    return y.data, a.grad


_TANH = (
    "Do not compute tanh as (e**2a - 1) / (e**2a + 1): e**2000 is too large for a float, though "
    "tanh is only 1. math.tanh knows how."
)


@chapter.behaviour(
    "tanh of 1,000 is 1, and flat",
    1.0,
    NOTHING,
    why=_TANH,
    mistakes={OverflowError: _OVERFLOW + _TANH, (math.nan, math.nan): "inf / inf. " + _TANH},
)
def _(Value: Any, tanh: Any) -> Any:
    a = Value(1000.0)
    y = tanh(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "tanh of -1,000 is -1, and flat",
    -1.0,
    NOTHING,
    why=_TANH,
    mistakes={OverflowError: _OVERFLOW + _TANH, (math.nan, math.nan): "inf / inf. " + _TANH},
)
def _(Value: Any, tanh: Any) -> Any:
    a = Value(-1000.0)
    y = tanh(a)
    y.backward()
    return y.data, a.grad


_EXP = "Floating-point arithmetic has inf for it, and a network goes on: np.exp gives it."


@chapter.behaviour(
    "exp of 1,000 is inf, and no error",
    math.inf,
    why=_EXP,
    mistakes={OverflowError: _OVERFLOW + _EXP},
)
def _(Value: Any, exp: Any) -> Any:
    a = Value(1000.0)
    y = exp(a)
    return y.data


@chapter.behaviour(
    "exp of -1,000 is 0, and flat",
    0.0,
    NOTHING,
    why="exp(-1000) is too small for a float, so it is 0, and so is its slope.",
)
def _(Value: Any, exp: Any) -> Any:
    a = Value(-1000.0)
    y = exp(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "log of a tiny number has a huge slope",
    math.log(1e-300),
    1e300,
    why="1 / 1e-300 is 1e300, a float like others. A small number added to a, against log(0), "
    "would change it.",
)
def _(Value: Any, log: Any) -> Any:
    a = Value(1e-300)
    y = log(a)
    y.backward()
    return y.data, a.grad


_SIGMOID = (
    "1 / (1 + exp(-a)) is right where a >= 0. Where a < 0 use exp(a) / (1 + exp(a)), which is the "
    "same number and never too large."
)


@chapter.behaviour(
    "sigmoid of 1,000 is 1, and flat",
    1.0,
    NOTHING,
    why=_SIGMOID,
    mistakes={OverflowError: _OVERFLOW + _SIGMOID, (math.nan, math.nan): "inf / inf. " + _SIGMOID},
)
def _(Value: Any, sigmoid: Any) -> Any:
    a = Value(1000.0)
    y = sigmoid(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "sigmoid of -1,000 is 0, and flat",
    0.0,
    NOTHING,
    why=_SIGMOID,
    mistakes={OverflowError: _OVERFLOW + _SIGMOID},
)
def _(Value: Any, sigmoid: Any) -> Any:
    a = Value(-1000.0)
    y = sigmoid(a)
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "1 / 0",
    math.inf,
    graded=False,
    why="Python raises ZeroDivisionError, NumPy gives inf; both are defended.",
)
def _(Value: Any) -> Any:
    a = Value(0.0)
    y = 1 / a
    return y.data


@chapter.behaviour(
    "log of 0",
    -math.inf,
    graded=False,
    why="Python's math.log raises ValueError, NumPy gives -inf; both are defended.",
)
def _(Value: Any, log: Any) -> Any:
    a = Value(0.0)
    y = log(a)
    return y.data
