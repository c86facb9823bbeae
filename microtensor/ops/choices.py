"""Functions that choose one of several numbers: where, maximum, clip and their kin.

Legend: ``g`` gradient of the output, ``y`` output, ``a, b`` (or ``x``) inputs. The chosen one gets
the gradient, and the others nothing: `masked`, not a product with 0, which is nan where ``g`` is
infinite.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy._core import umath

from ..errors import InPlaceError
from ..primitives import composite, differentiable, primitive, registry
from .arithmetic import astype
from .masking import masked

_NUMBERS = (float, int, type(None))  # of these alone, a result is a number without a dtype too


differentiable(
    np.where,
    None,
    lambda g, y, condition, a, b: masked(g, condition),
    lambda g, y, condition, a, b: masked(g, np.logical_not(condition)),
)


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None or y is None:  # the places of what is true, or NumPy's own error
        return np.where(condition, *(choice for choice in (x, y) if choice is not None))
    chosen = np.where(condition, x, y)
    if chosen.ndim == 0:
        weak = x.__class__ in (float, int) and y.__class__ in (float, int)
        return float(chosen) if weak else chosen[()]  # a number without a dtype stays one
    return chosen


registry[np.where].computed_by(_where)


@primitive
def _to_greater(g: Any, a: Any, b: Any) -> Any:
    """Give the gradient where a > b, and half of it where a = b."""
    ties = np.equal(a, b)
    won = masked(g, np.logical_not(np.less_equal(a, b)))
    return won + 0.5 * masked(g, ties) if np.any(ties) else won


differentiable(_to_greater, lambda g, y, x, a, b: _to_greater(g, a, b), None, None)

# Where both are equal, each gets half: the mean of the one-sided derivatives, as PyTorch's. Where
# either is nan, so is the output, and both get all, as PyTorch's.
differentiable(
    np.maximum,
    lambda g, y, a, b: _to_greater(g, a, b),
    lambda g, y, a, b: _to_greater(g, b, a),
)
differentiable(
    np.minimum,
    lambda g, y, a, b: _to_greater(g, b, a),
    lambda g, y, a, b: _to_greater(g, a, b),
)


# These pass over nan. Where both are equal, the first gets all, as PyTorch's.
def _first_is_greater(a: Any, b: Any) -> Any:
    return np.logical_or(np.greater_equal(a, b), np.isnan(b))


def _first_is_less(a: Any, b: Any) -> Any:
    return np.logical_or(np.less_equal(a, b), np.isnan(b))


differentiable(
    np.fmax,
    lambda g, y, a, b: masked(g, _first_is_greater(a, b)),
    lambda g, y, a, b: masked(g, np.logical_not(_first_is_greater(a, b))),
)
differentiable(
    np.fmin,
    lambda g, y, a, b: masked(g, _first_is_less(a, b)),
    lambda g, y, a, b: masked(g, np.logical_not(_first_is_less(a, b))),
)

# A step of the first, which takes the second's value on its edge.
differentiable(np.heaviside, None, lambda g, y, a, b: masked(g, np.equal(a, 0)))


@primitive
def _clip(a: Any, low: Any, high: Any) -> Any:
    y = np.clip(a, low, high)
    return float(y) if all(x.__class__ in _NUMBERS for x in (a, low, high)) else y


_clip.__name__ = "clip"
# As PyTorch's: at a bound the gradient passes to a, and a low above high gives high. Where low is
# high, and a below both, low gets the gradient; PyTorch's is lost.
differentiable(
    _clip,
    lambda g, y, a, low, high: masked(g, _inside(a, low, high)),
    lambda g, y, a, low, high: masked(g, _below(a, low, high)),
    lambda g, y, a, low, high: masked(g, _above(a, low, high)),
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


composite(vars(umath)["clip"])(_clip)  # the ufunc that np.clip ends in


@composite(np.nan_to_num)
def _nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """Replace what is not finite; as PyTorch's, the gradient passes where x is finite only."""
    if not copy:
        raise InPlaceError(
            "numpy.nan_to_num: copy=False would change a Value in place.",
            hint="Leave it out: the result is a new Value.",
        )
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    if x.dtype.kind != "f":
        return x
    largest = float(np.finfo(x.dtype).max)
    y = np.where(np.isneginf(x), -largest if neginf is None else neginf, x)
    y = np.where(np.isposinf(x), largest if posinf is None else posinf, y)
    y = np.where(np.isnan(x), nan, y)
    return y if y.dtype == x.dtype else astype(y, x.dtype)
