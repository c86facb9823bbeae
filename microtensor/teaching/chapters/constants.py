"""Do plain numbers work beside values, and do all powers?"""

from __future__ import annotations

import math
from typing import Any

from ..behaviours import NOTHING, Chapter
from .operations import CONSTANTS, add_constant

chapter = Chapter("Constants")
powers = Chapter("Powers")

for expression, function, mistakes in CONSTANTS:
    add_constant(chapter, expression, function, mistakes)


@chapter.behaviour(
    "sum() adds up a list of values",
    6.0,
    1.0,
    1.0,
    why="sum begins with 0 and computes 0 + a first, so __radd__ must take a plain number.",
)
def _(Value: Any) -> Any:
    a = Value(2.0)
    b = Value(4.0)
    y = sum([a, b])
    y.backward()
    return y.data, a.grad, b.grad


@powers.behaviour(
    "negative exponents follow the same rule",
    0.5,
    -0.25,
    why="The slope of a**-1 is -1 * a**-2, by the same n * a**(n - 1).",
    mistakes={(0.5, -1.0): "a**0 was taken for a**-2: the exponent goes down, to -2."},
)
def _(Value: Any) -> Any:
    a = Value(2.0)
    y = a**-1
    y.backward()
    return y.data, a.grad


@powers.behaviour(
    "fractional exponents follow the same rule",
    3.0,
    1 / 6,
    why="The slope of the root a**0.5 is 0.5 * a**-0.5; an int() around an exponent loses it.",
)
def _(Value: Any) -> Any:
    a = Value(9.0)
    y = a**0.5
    y.backward()
    return y.data, a.grad


@powers.behaviour(
    "negative numbers can be raised to whole powers",
    -8.0,
    12.0,
    why="(-2)**3 is -8, and its slope is 3 * (-2)**2. A power computed as exp(n * log(a)) fails "
    "here, since log wants positive numbers.",
)
def _(Value: Any) -> Any:
    a = Value(-2.0)
    y = a**3
    y.backward()
    return y.data, a.grad


@powers.behaviour(
    "a ** 0 is 1 and flat, at 0 too",
    1.0,
    0.0,
    why="a**0 is 1 everywhere, so its slope is 0 everywhere. The formula n * a**(n - 1) asks for "
    "0 * 0**-1, which Python refuses and NumPy calls nan: answer n == 0 before you use it.",
    mistakes={
        ZeroDivisionError: "n * a**(n - 1) is 0 * 0.0**-1 here, and Python raises on the power "
        "before the product with 0 could hide it. Answer n == 0 first: the slope is 0.",
        (1.0, math.nan): "n * a**(n - 1) is 0 * inf here, which is nan. Answer n == 0 first.",
    },
)
def _(Value: Any) -> Any:
    a = Value(0.0)
    y = a**0
    y.backward()
    return y.data, a.grad


@powers.behaviour(
    "a ** b has slopes in both",
    8.0,
    12.0,
    8 * math.log(2),
    may_refuse=True,
    why="The slope in the base is b * a**(b - 1), the slope in the exponent is a**b * log(a). An "
    "engine may refuse a value as an exponent, but must not treat it as a constant.",
    mistakes={
        (8.0, 12.0, NOTHING): "The exponent was taken for a constant: its slope is a**b * log(a).",
    },
)
def _(Value: Any) -> Any:
    a = Value(2.0)
    b = Value(3.0)
    y = a**b
    y.backward()
    return y.data, a.grad, b.grad


@powers.behaviour(
    "2 ** a has the slope 2**a * log(2)",
    8.0,
    8 * math.log(2),
    may_refuse=True,
    why="Here the exponent is the variable, and the slope is 2**a * log(2). It is the method "
    "__rpow__; __rpow__ = __pow__ would compute a**2.",
    mistakes={
        (9.0, 6.0): "This is a**2: __rpow__ has to turn its operands around.",
        (8.0, 12.0): "The rule n * a**(n - 1) is that of the base; this is the exponent.",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = 2**a
    y.backward()
    return y.data, a.grad
