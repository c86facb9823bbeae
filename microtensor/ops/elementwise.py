"""Functions of one number, applied to each entry, and the choice between two.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Source of the derivatives:
Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 4.1, 4.3 to 4.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import differentiable, registry

LOG_2, LOG_10 = float(np.log(2.0)), float(np.log(10.0))

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
differentiable(
    np.arctan2,
    lambda g, y, a, b: g * b / (a * a + b * b),
    lambda g, y, a, b: -g * a / (a * a + b * b),
)

differentiable(np.sinh, lambda g, y, x: g * np.cosh(x))
differentiable(np.cosh, lambda g, y, x: g * np.sinh(x))
differentiable(np.tanh, lambda g, y, x: g * (1 - y * y))
differentiable(np.arcsinh, lambda g, y, x: g / np.sqrt(x * x + 1))
differentiable(np.arccosh, lambda g, y, x: g / np.sqrt(x * x - 1))
differentiable(np.arctanh, lambda g, y, x: g / (1 - x * x))

# log(e^a + e^b): each gets the share that its term has in the sum, e^(a-y) and e^(b-y).
differentiable(
    np.logaddexp,
    lambda g, y, a, b: g * np.exp(a - y),
    lambda g, y, a, b: g * np.exp(b - y),
)


def _where_chosen(g: Any, chosen: Any) -> Any:
    # Not g * chosen: an infinite g at a place that was not chosen would give nan.
    return np.where(chosen, g, 0)


differentiable(
    np.where,
    None,
    lambda g, y, condition, a, b: _where_chosen(g, condition),
    lambda g, y, condition, a, b: _where_chosen(g, np.logical_not(condition)),
)


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.where(condition)  # the places of what is true
    chosen = np.where(condition, x, y)
    if chosen.ndim == 0:
        weak = x.__class__ in (float, int) and y.__class__ in (float, int)
        return float(chosen) if weak else chosen[()]  # a number without a dtype stays one
    return chosen


registry[np.where].computed_by(_where)
