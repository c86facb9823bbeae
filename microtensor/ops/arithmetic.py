"""Arithmetic and comparison, the two-operand functions.

Legend: ``g`` gradient of the output, ``y`` output, ``a, b`` (or ``x``) inputs. Broadcasting is
undone by the engine, so each rule is the one of single numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive, static

differentiable(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
differentiable(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
differentiable(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
differentiable(np.true_divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
differentiable(np.negative, lambda g, y, x: -g)
differentiable(np.positive, lambda g, y, x: g)


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """d(a**b)/da = b a**(b-1), and 0 where b = 0, even at a = 0."""
    if b.__class__ in (float, int) and b != 0:
        slope = b * a ** (b - 1)
        return g * (math.nan if slope.__class__ is complex else slope)  # of a number below 0
    exponent = np.where(np.equal(b, 0), 1, b - 1)
    return g * np.where(np.equal(b, 0), 0, b * a**exponent)


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """d(a**b)/db = a**b log a, and 0 where a = 0 <= b, as the limit from above is."""
    vanishes = np.logical_and(np.equal(a, 0), np.greater_equal(b, 0))
    return g * np.where(vanishes, 0, y * np.log(np.where(vanishes, 1, a)))


differentiable(np.power, _power_base, _power_exponent)

# Where both are equal, each gets half: the mean of the one-sided derivatives, as PyTorch's.
differentiable(
    np.maximum,
    lambda g, y, a, b: _to_winner(g, a, b, np.greater),
    lambda g, y, a, b: _to_winner(g, b, a, np.greater),
)
differentiable(
    np.minimum,
    lambda g, y, a, b: _to_winner(g, a, b, np.less),
    lambda g, y, a, b: _to_winner(g, b, a, np.less),
)


def _to_winner(g: Any, a: Any, b: Any, wins: Any) -> Any:
    return np.where(np.equal(a, b), 0.5 * g, np.where(wins(a, b), g, 0))


# a % b = a - b * (a // b), and a // b is constant between its jumps.
differentiable(np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b))

piecewise(
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.logical_not,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.invert,
    np.floor_divide,
    np.sign,
    np.floor,
    np.ceil,
    np.rint,
    np.trunc,
    np.round,
    np.around,
    np.isfinite,
    np.isnan,
    np.isinf,
    np.signbit,
    np.isclose,
)
static(np.isrealobj, np.iscomplexobj, np.result_type, np.can_cast, np.common_type)


@composite(np.allclose)
def _allclose(a: Any, b: Any, **options: Any) -> bool:
    return bool(np.all(np.isclose(a, b, **options)))


@composite(np.array_equal)
def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    if np.shape(a1) != np.shape(a2):
        return False
    same = np.equal(a1, a2)
    if equal_nan:
        same = np.logical_or(same, np.logical_and(np.isnan(a1), np.isnan(a2)))
    return bool(np.all(same))


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


@primitive
def _clip(a: Any, low: Any, high: Any) -> Any:
    y = np.clip(a, low, high)
    return float(y) if all(x.__class__ in _NUMBERS for x in (a, low, high)) else y


_NUMBERS = (float, int, type(None))  # of these alone, a result is a number without a dtype too


_clip.__name__ = "clip"
# As PyTorch's: at a bound the gradient passes to a, and a low above high gives high.
differentiable(
    _clip,
    lambda g, y, a, low, high: np.where(_inside(a, low, high), g, 0),
    lambda g, y, a, low, high: np.where(_below(a, low, high), g, 0),
    lambda g, y, a, low, high: np.where(_above(a, low, high), g, 0),
)


def _inside(a: Any, low: Any, high: Any) -> Any:
    above = True if low is None else np.greater_equal(a, low)
    below = True if high is None else np.less_equal(a, high)
    return np.logical_and(above, below)


def _below(a: Any, low: Any, high: Any) -> Any:
    below = np.less(a, low)
    return below if high is None else np.logical_and(below, np.less_equal(low, high))


def _above(a: Any, low: Any, high: Any) -> Any:
    above = np.greater(a, high)
    return above if low is None else np.logical_or(above, np.less(high, low))


@composite(np.clip)
def _np_clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: None = None, *,
    min: Any = None, max: Any = None,
) -> Any:  # fmt: skip
    return _clip(a, min if a_min is None else a_min, max if a_max is None else a_max)
