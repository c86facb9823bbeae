"""Sequences: convolving two, and reading between the points of one.

Legend: ``g`` gradient of the output, ``y`` output, ``a, v`` (or ``x``) inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable
from .arithmetic import astype
from .ordering import read_at


def _full(g: Any, a: Any, v: Any, mode: Any) -> Any:
    """Put back, as zeros, the ends of a convolution that its mode cuts off."""
    n, m = int(np.size(a)), int(np.size(v))
    shorter = min(n, m)
    name = str(mode)[:1].lower() if isinstance(mode, str) else "vsf"[int(mode)]
    start = {"f": 0, "s": (shorter - 1) // 2, "v": shorter - 1}[name]
    return np.pad(g, (start, n + m - 1 - start - int(np.size(g))))


# y[k] = sum of a[i] v[k-i]: to each factor goes g, as the other weighs it.
differentiable(
    np.convolve,
    lambda g, y, a, v, mode: np.correlate(_full(g, a, v, mode), np.reshape(v, -1), "valid"),
    lambda g, y, a, v, mode: np.correlate(_full(g, a, v, mode), np.reshape(a, -1), "valid"),
)


@composite(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    if np.size(a) < np.size(v):  # "same" then cuts one more off the other end
        return np.flip(np.convolve(v, np.flip(a), mode))
    return np.convolve(a, np.flip(v), mode)


@composite(np.interp)
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Read a line between each two points. At a point, the slope is that of the line after it."""
    x, xp, fp = _as_double(x), _as_double(xp), _as_double(fp)
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        period = abs(period)
        left = right = None
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = read_at(xp, order), read_at(fp, order)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    if np.shape(xp) != np.shape(fp) or np.size(xp) == 0:
        np.interp(0.0, np.zeros(np.shape(xp)), np.zeros(np.shape(fp)))  # NumPy's own error
    last = int(np.size(xp)) - 1
    low = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(last - 1, 0))
    high = np.minimum(low + 1, last)
    x0, y0, x1, y1 = (read_at(p, at) for at in (low, high) for p in (xp, fp))
    below, above = np.less(x, xp[0]), np.greater_equal(x, xp[-1])
    # Outside there is no line; and at a point an infinite neighbour must not turn 0 into nan.
    outside = np.logical_or(below, above)
    step, rise = np.where(outside, 0, x - x0), y1 - y0
    flat = np.logical_or(
        outside, np.logical_and(np.equal(step, 0), np.logical_not(np.isfinite(rise)))
    )
    rise, run = np.where(flat, 0, rise), np.where(flat, 1, x1 - x0)
    y = y0 + step * (rise / run)
    y = np.where(np.equal(x, xp[-1]), fp[-1], y)
    y = np.where(np.greater(x, xp[-1]), fp[-1] if right is None else right, y)
    return np.where(below, fp[0] if left is None else left, y)


def _as_double(x: Any) -> Any:
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    return x if x.dtype == np.float64 else astype(x, np.float64)
