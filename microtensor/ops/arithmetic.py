"""Arithmetic: sums, products, powers, remainders, and the conversion to another dtype.

Legend: ``g`` gradient of the output, ``y`` output, ``a, b`` (or ``x``) inputs. Broadcasting is
undone by the engine, so each rule is the one of single numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive
from .masking import masked

differentiable(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
differentiable(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
differentiable(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
differentiable(np.true_divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
differentiable(np.negative, lambda g, y, x: -g)
differentiable(np.positive, lambda g, y, x: g)


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """d(a**b)/da = b a**(b-1), and 0 where b = 0 and a is 0 or nan."""
    if b.__class__ in (float, int) and b != 0:
        slope = b * a ** (b - 1)
        return g * (math.nan if slope.__class__ is complex else slope)  # of a number below 0
    # Elsewhere the formula holds for b = 0 too, and so does its derivative by b.
    vanishes = np.logical_and(np.equal(b, 0), np.logical_not(np.greater(np.absolute(a), 0)))
    return g * masked(b * a ** (b - 1 + vanishes), np.logical_not(vanishes))


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """d(a**b)/db = a**b log a, and 0 where a = 0 <= b, as the limit from above is."""
    vanishes = np.logical_and(np.equal(a, 0), np.greater_equal(b, 0))
    return g * np.where(vanishes, 0, y * np.log(np.where(vanishes, 1, a)))


differentiable(np.power, _power_base, _power_exponent)


@composite(np.float_power)
def _float_power(x1: Any, x2: Any) -> Any:
    return np.power(_at_least_double(x1), _at_least_double(x2))


def _at_least_double(x: Any) -> Any:
    if x.__class__ in (float, int):
        return float(x)
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    dtype = np.result_type(x.dtype, np.float64)
    return x if x.dtype == dtype else astype(x, dtype)


# a % b = a - b * (a // b), and a // b is constant between its jumps. In fmod the quotient is
# rounded towards 0; found from the remainder, it is the one that was used, even where a / b would
# be rounded to the next. Where y is nan, so is the slope, which PyTorch's is not.
differentiable(np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b))
differentiable(np.fmod, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.rint((a - y) / b))


@composite(np.divmod)
def _divmod(x1: Any, x2: Any) -> Any:
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


piecewise(np.floor_divide)


@primitive
def astype(x: Any, dtype: Any, copy: bool = True) -> Any:
    """Convert to another dtype; the gradient is converted back.

    Parameters
    ----------
    x : array_like
        Any shape.
    dtype : dtype_like
        The new dtype. To integers or bools, nothing is differentiable any more.
    copy : bool, default True
        Whether to copy even where the dtype is right already.

    Returns
    -------
    array
        The same shape.

    Examples
    --------
    >>> import numpy as np
    >>> astype(np.array([1.5, 2.5]), np.float32).dtype
    dtype('float32')
    """
    return np.asarray(x).astype(dtype, copy=copy)[()]


differentiable(
    astype, lambda g, y, x, copy: g
)  # the engine gives each gradient its operand's dtype


@composite(np.astype)
def _np_astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    return astype(x, dtype, copy=copy)
