"""Functions of one number or two, applied to each entry.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` (or ``a, b``) inputs. Source of the
derivatives: Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 4.1, 4.3 to 4.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import differentiable, primitive
from .masking import masked

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
# At 0 it is 0, as PyTorch's. Of nan it is nan, as y is; PyTorch's sign of nan is 0.
differentiable(np.absolute, lambda g, y, x: g * np.sign(x))
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


@primitive
def _over_square(x: Any, a: Any, b: Any) -> Any:
    """Give x / (a² + b²), and 0 where a = b = 0.

    Squares overflow, or vanish, long before lengths do: then it is divided by the length twice.
    """
    with np.errstate(over="ignore", under="ignore"):
        square = np.asarray(a * a + b * b)
    if square.size == 0 or _SAFE < square.min() <= square.max() < np.finfo(square.dtype).max:
        return x / square[()]
    length = np.hypot(a, b)
    return _over(_over(x, length), length)


_SAFE = 1e-30  # a square of at least this has all its digits, in float32 too


def _over(x: Any, length: Any) -> Any:
    return masked(x, np.not_equal(length, 0)) / (length + np.equal(length, 0))


differentiable(
    _over_square,
    lambda g, y, x, a, b: _over_square(g, a, b),
    lambda g, y, x, a, b: -2 * g * y * _over_square(a, a, b),
    lambda g, y, x, a, b: -2 * g * y * _over_square(b, a, b),
)

# At the origin there is no derivative: 0, as of the norm. So is PyTorch's of arctan2; its hypot
# gives nan.
differentiable(
    np.arctan2,
    lambda g, y, a, b: g * _over_square(b, a, b),
    lambda g, y, a, b: -g * _over_square(a, a, b),
)
differentiable(np.hypot, lambda g, y, a, b: g * _over(a, y), lambda g, y, a, b: g * _over(b, y))


@primitive
def _share(a: Any, b: Any) -> Any:
    """Give e^a / (e^a + e^b) = 1 / (1 + e^(b - a)), and 1/2 if both are the same infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        share = 1 / (1 + np.exp(np.subtract(b, a)))
    if not np.isnan(np.min(share, initial=1)):
        return share
    return np.where(np.equal(a, b), share.dtype.type(0.5), share)[()]


differentiable(
    _share,
    lambda g, y, a, b: g * (y * _share(b, a)),
    lambda g, y, a, b: -g * (y * _share(b, a)),
)

# log(e^a + e^b): each gets the share that its term has in the sum. PyTorch's is nan where both
# are the same infinity.
differentiable(
    np.logaddexp, lambda g, y, a, b: g * _share(a, b), lambda g, y, a, b: g * _share(b, a)
)
differentiable(
    np.logaddexp2,
    lambda g, y, a, b: g * _share(LOG_2 * a, LOG_2 * b),
    lambda g, y, a, b: g * _share(LOG_2 * b, LOG_2 * a),
)
