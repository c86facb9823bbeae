"""Functions that go along an axis: running sums and products, differences, slopes, areas.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input; N entries along the axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, primitive
from .arithmetic import astype
from .reductions import NOT_GIVEN


def _cumsum(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """Every later sum contains the entry: add up from the end."""
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(np.reshape(g, -1)))), np.shape(x))
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


differentiable(np.cumsum, _cumsum)


@primitive
def linear_recurrence(a: Any, b: Any) -> Any:
    """Go along the last axis by ``s[i] = a[i] s[i-1] + b[i]``, from ``s[-1] = 0``.

    Parameters
    ----------
    a, b : (..., N) arrays

    Returns
    -------
    (..., N) array

    Examples
    --------
    >>> linear_recurrence(np.array([2.0, 2.0, 2.0]), np.array([1.0, 0.0, 5.0]))
    array([1., 2., 9.])
    """
    a, b = np.broadcast_arrays(a, b)
    dtype = np.result_type(a, b)
    if a.ndim == 1:  # Python's numbers take a tenth of the time of NumPy's
        total, sums = 0.0, []
        for factor, term in zip(a.tolist(), b.tolist(), strict=True):
            total = factor * total + term
            sums.append(total)
        return np.array(sums, dtype)
    s = np.empty(a.shape, dtype)
    running: Any = np.zeros(a.shape[:-1], dtype)
    for i in range(a.shape[-1]):
        running = a[..., i] * running + b[..., i]
        s[..., i] = running
    return s


def _earlier(x: Any, first: float) -> Any:
    """Move all entries of the last axis one place on."""
    return np.concatenate([np.full_like(x[..., :1], first), x[..., :-1]], axis=-1)


def _to_terms(g: Any, a: Any) -> Any:
    """b[i] is in s[i], and in each later one by the factor between: r[i] = g[i] + a[i+1] r[i+1]."""
    return np.flip(linear_recurrence(_earlier(np.flip(a, -1), 0), np.flip(g, -1)), -1)


differentiable(
    linear_recurrence,
    lambda g, y, a, b: _to_terms(g, a) * _earlier(y, 0),
    lambda g, y, a, b: _to_terms(g, a),
)


def _cumprod(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """y[k] without x[i] is the product before i times that from i + 1 to k: a sum over k >= i.

    The sum is a recurrence, without a division, so that zeros are no danger.
    """
    if axis is None or np.ndim(x) == 0:
        return np.reshape(_cumprod(np.reshape(g, -1), y, np.reshape(x, -1), 0), np.shape(x))
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    before = np.cumprod(_earlier(x, 1), axis=-1)
    return np.moveaxis(before * _to_terms(g, x), -1, axis)


differentiable(np.cumprod, _cumprod)


@composite(np.cumulative_sum)
def _cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: None = None,
    include_initial: bool = False,
) -> Any:  # fmt: skip
    return _cumulative(np.cumsum, np.cumulative_sum, 0, x, axis, dtype, include_initial)


@composite(np.cumulative_prod)
def _cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: None = None,
    include_initial: bool = False,
) -> Any:  # fmt: skip
    return _cumulative(np.cumprod, np.cumulative_prod, 1, x, axis, dtype, include_initial)


def _cumulative(
    along: Any, whole: Any, initial: int, x: Any, axis: Any, dtype: Any, include_initial: bool
) -> Any:
    x = np.reshape(x, (1,)) if np.ndim(x) == 0 else x
    whole(np.empty((1,) * np.ndim(x)), axis=axis)  # what NumPy refuses is refused in its words
    axis = 0 if axis is None else axis
    y = along(x, axis=axis, dtype=dtype)
    if not include_initial:
        return y
    shape = list(np.shape(y))
    shape[axis] = 1
    return np.concatenate([np.full(shape, initial, y.dtype), y], axis=axis)


@composite(np.nancumsum)
def _nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Any:
    return np.cumsum(np.where(np.isnan(a), 0, a), axis=axis, dtype=dtype)


@composite(np.nancumprod)
def _nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Any:
    return np.cumprod(np.where(np.isnan(a), 1, a), axis=axis, dtype=dtype)


def _at(axis: int, ndim: int, places: Any) -> tuple:
    """Index one axis, and leave all others whole."""
    return (slice(None),) * (axis % ndim) + (places,)


@composite(np.diff)
def _diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN
) -> Any:
    if not hasattr(a, "dtype"):
        a = np.asarray(a)
    np.diff(np.zeros((2,) * np.ndim(a)), n if n < 1 else 1, axis)  # or NumPy's error
    if n == 0:
        return a
    ndim = np.ndim(a)
    ends = []
    for end in (prepend, append):
        if end is not NOT_GIVEN and np.ndim(end) == 0:
            one = tuple(1 if i == axis % ndim else m for i, m in enumerate(np.shape(a)))
            end = np.broadcast_to(end, one)
        ends.append([] if end is NOT_GIVEN else [end])
    if prepend is not NOT_GIVEN or append is not NOT_GIVEN:
        a = np.concatenate([*ends[0], a, *ends[1]], axis=axis)
    minus = np.not_equal if a.dtype == bool else np.subtract
    for _ in range(n):
        a = minus(a[_at(axis, ndim, slice(1, None))], a[_at(axis, ndim, slice(None, -1))])
    return a


@composite(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = np.reshape(ary, -1)
    parts = [
        None if to_begin is None else np.reshape(to_begin, -1),
        ary[1:] - ary[:-1],
        None if to_end is None else np.reshape(to_end, -1),
    ]
    y = np.concatenate([p for p in parts if p is not None])
    return y if y.dtype == ary.dtype else np.astype(y, ary.dtype)


@composite(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    ndim = np.ndim(y)
    width = dx
    if x is not None:
        width = np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
        if np.ndim(x) == 1:
            width = np.reshape(width, [-1 if i == axis % ndim else 1 for i in range(ndim)])
    if not hasattr(y, "dtype"):
        y = np.asarray(y)
    ends = y[_at(axis, ndim, slice(1, None))] + y[_at(axis, ndim, slice(None, -1))]
    return np.sum(width * ends / 2.0, axis=axis)


@composite(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    if not hasattr(f, "dtype"):
        f = np.asarray(f)
    ndim = np.ndim(f)
    spacings: Any = [np.arange(float(np.size(v))) if np.ndim(v) == 1 else 1.0 for v in varargs]
    # What NumPy refuses is refused in its words; and it tells how many arrays it gives.
    options: Any = {"axis": axis, "edge_order": edge_order}
    trial: Any = np.gradient(np.zeros(np.shape(f)), *spacings, **options)
    axes = tuple(range(ndim)) if axis is None else (axis,) if np.ndim(axis) == 0 else tuple(axis)
    steps = [1.0] * len(axes) if not varargs else list(varargs)
    if len(steps) == 1:
        steps = steps * len(axes)
    if f.dtype.kind in "iub":
        f = np.astype(f, np.float64)
    slopes = [_slope(f, h, a, edge_order) for h, a in zip(steps, axes, strict=True)]
    slopes = [y if y.dtype == f.dtype else astype(y, f.dtype) for y in slopes]
    return tuple(slopes) if isinstance(trial, tuple) else slopes[0]


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Fit a parabola through each three neighbours; at the ends, a line or a parabola."""
    f = np.moveaxis(f, axis, 0)
    n, ndim = np.shape(f)[0], np.ndim(f)
    if np.ndim(spacing) == 0:
        inner = (f[2:] - f[:-2]) / (2.0 * spacing)
        before = after = spacing
        first = last = (spacing, spacing)
    else:
        h = np.diff(spacing)
        if h.dtype.kind in "iub":
            h = np.astype(h, np.float64)
        first, last = (h[0], h[1 % (n - 1)]), (h[-1], h[-2 % (n - 1)])
        h = np.reshape(h, (-1,) + (1,) * (ndim - 1))
        before, after = h[:-1], h[1:]
        inner = (
            f[:-2] * (-after / (before * (before + after)))
            + f[1:-1] * ((after - before) / (before * after))
            + f[2:] * (before / (after * (before + after)))
        )
    if edge_order == 1:
        left = (f[1] - f[0]) / first[0]
        right = (f[-1] - f[-2]) / last[0]
    else:
        left = _one_sided(f[0], f[1], f[2], *first)
        right = -_one_sided(f[-1], f[-2], f[-3], *last)
    y = np.concatenate([np.expand_dims(left, 0), inner, np.expand_dims(right, 0)])
    return np.moveaxis(y, 0, axis)


def _one_sided(f0: Any, f1: Any, f2: Any, h: Any, k: Any) -> Any:
    """Give the slope at the first of three points, h and then k apart."""
    return (
        f0 * (-(2.0 * h + k) / (h * (h + k))) + f1 * ((h + k) / (h * k)) - f2 * (h / (k * (h + k)))
    )
