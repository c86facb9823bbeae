"""Functions of one number or two, applied to each entry.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` (or ``a, b``) inputs. Source of the
derivatives: Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 4.1, 4.3 to 4.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import differentiable
from .activations import sigmoid
from .choices import masked

LOG_2, LOG_10 = float(np.log(2.0)), float(np.log(10.0))
DEGREE = float(np.pi / 180)

differentiable(np.exp, lambda g, y, x: g * y)
differentiable(np.exp2, lambda g, y, x: g * y * LOG_2)
differentiable(np.expm1, lambda g, y, x: g * (y + 1))
differentiable(np.log, lambda g, y, x: g / x)
differentiable(np.log2, lambda g, y, x: g / (x * LOG_2))
differentiable(np.log10, lambda g, y, x: g / (x * LOG_10))
differentiable(np.log1p, lambda g, y, x: g / (x + 1))

differentiable(np.sqrt, lambda g, y, x: g / (2 * y))
differentiable(np.cbrt, lambda g, y, x: g / (3 * y * y))
differentiable(np.square, lambda g, y, x: g * (2 * x))
differentiable(np.reciprocal, lambda g, y, x: -g * y * y)
differentiable(np.absolute, lambda g, y, x: g * np.sign(x))  # 0 at 0, as PyTorch's
differentiable(np.fabs, lambda g, y, x: g * np.sign(x))

differentiable(np.sin, lambda g, y, x: g * np.cos(x))
differentiable(np.cos, lambda g, y, x: -g * np.sin(x))
differentiable(np.tan, lambda g, y, x: g * (1 + y * y))
differentiable(np.arcsin, lambda g, y, x: g / np.sqrt(1 - x * x))
differentiable(np.arccos, lambda g, y, x: -g / np.sqrt(1 - x * x))
differentiable(np.arctan, lambda g, y, x: g / (1 + x * x))
differentiable(np.sinh, lambda g, y, x: g * np.cosh(x))
differentiable(np.cosh, lambda g, y, x: g * np.sinh(x))
differentiable(np.tanh, lambda g, y, x: g * (1 - y * y))
differentiable(np.arcsinh, lambda g, y, x: g / np.sqrt(x * x + 1))
differentiable(np.arccosh, lambda g, y, x: g / np.sqrt(x * x - 1))
differentiable(np.arctanh, lambda g, y, x: g / (1 - x * x))

differentiable(np.deg2rad, lambda g, y, x: g * DEGREE)
differentiable(np.radians, lambda g, y, x: g * DEGREE)
differentiable(np.rad2deg, lambda g, y, x: g / DEGREE)
differentiable(np.degrees, lambda g, y, x: g / DEGREE)


# Squares of lengths would overflow, or vanish, long before the lengths do. At the origin there is
# no derivative: 0, as of the norm. So is PyTorch's of arctan2; its hypot gives nan.
def _over(x: Any, length: Any) -> Any:
    return masked(x, np.not_equal(length, 0)) / (length + np.equal(length, 0))


def _over_square(x: Any, a: Any, b: Any) -> Any:
    length = np.hypot(a, b)
    return _over(_over(x, length), length)


differentiable(
    np.arctan2,
    lambda g, y, a, b: g * _over_square(b, a, b),
    lambda g, y, a, b: -g * _over_square(a, a, b),
)
differentiable(np.hypot, lambda g, y, a, b: g * _over(a, y), lambda g, y, a, b: g * _over(b, y))


# log(e^a + e^b): each gets the share that its term has in the sum. The share of a is
# e^a / (e^a + e^b) = sigmoid(a - b), and two that are the same infinity share alike: nan with
# PyTorch, which has shares of 1 and 0 where only one is infinite, as here.
def _lead(a: Any, b: Any) -> Any:
    comparable = np.logical_not(np.logical_and(np.isinf(a), np.equal(a, b)))
    return masked(a, comparable) - masked(b, comparable)


differentiable(
    np.logaddexp,
    lambda g, y, a, b: g * sigmoid(_lead(a, b)),
    lambda g, y, a, b: g * sigmoid(_lead(b, a)),
)
differentiable(
    np.logaddexp2,
    lambda g, y, a, b: g * sigmoid(LOG_2 * _lead(a, b)),
    lambda g, y, a, b: g * sigmoid(LOG_2 * _lead(b, a)),
)
