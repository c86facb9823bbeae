"""Mean 0 and variance 1, or mean square 1, over the last axes: what normalisations are made of.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input; ``u`` the normalised input, and
``r`` what it was multiplied by for that:

    layer norm:  r = (mean((x - mean x)²) + eps)^-1/2        u = (x - mean x) r
    RMS norm:    r = (mean(x²) + eps)^-1/2                   u = x r

and y = u weight + bias. With h = g weight, the gradient of x is

    r (h - mean h - u mean(h u)), in which RMS norm has no mean h.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..lending import empty, ones, zeros
from ..primitives import differentiable, primitive, stands_for, together

# The primitives. They see the entries that are normalised together as a row. A sum over rows or
# columns is a product with ones, which takes a fifth of the time of a reduction.


@primitive(keeps=True)
def layer_normalization(x: Any, weight: Any, bias: Any, *, axes: int, eps: float) -> Any:
    """Give the entries along the last axes mean 0 and variance 1, then scale and shift them.

    Parameters
    ----------
    x : array of float
    weight, bias : array of the shape of the last axes, or None
    axes : int
        How many of the last axes are normalised together.
    eps : float
        Added to the variance.
    """
    rows = _rows(x, axes)
    n = rows.shape[1]
    mean = _means(rows, ones(n, rows.dtype))[:, None]
    y, u = _output(x, axes, weight, bias)
    np.subtract(rows, mean, out=u)
    r = _inverse_root(u, eps)
    return _scaled(y, u, r, weight, bias), (mean, r)


@primitive(keeps=True)
def rms_normalization(x: Any, weight: Any, *, axes: int, eps: float) -> Any:
    """Give the entries along the last axes mean square 1, then scale them.

    Parameters
    ----------
    x : array of float
    weight : array of the shape of the last axes, or None
    axes : int
        How many of the last axes are normalised together.
    eps : float
        Added to the mean square.
    """
    rows = _rows(x, axes)
    y, u = _output(x, axes, weight)
    np.copyto(u, rows)
    r = _inverse_root(u, eps)
    return _scaled(y, u, r, weight), r


def _rows(x: Any, axes: int) -> Any:
    n = math.prod(x.shape[x.ndim - axes :])
    return x.reshape(x.size // max(n, 1), n)


def _output(x: Any, axes: int, *others: Any) -> tuple[Any, Any]:
    """Make an array for the output, and give it as it is and as rows."""
    y = empty(x.shape, np.result_type(x, *(v for v in others if v is not None)))
    return y, _rows(y, axes)


def _means(rows: Any, w: Any) -> Any:
    """Give the mean of each row, its entries multiplied by w."""
    sums = np.dot(rows, w, out=empty(rows.shape[:1], np.result_type(rows, w)))
    sums /= sums.dtype.type(rows.shape[1])
    return sums


def _inverse_root(u: Any, eps: float) -> Any:
    """Give (mean(u²) + eps)^-1/2 of each row."""
    r = np.vecdot(u, u, out=empty(u.shape[:1], u.dtype))
    r /= u.shape[1]
    r += eps
    np.sqrt(r, out=r)
    return np.divide(1, r, out=r)[:, None]


def _scaled(y: Any, u: Any, r: Any, weight: Any, bias: Any = None) -> Any:
    u *= r
    if weight is not None:
        u *= weight.reshape(-1)
    if bias is not None:
        u += bias.reshape(-1)
    return y


# Their rules, one operand each


def _normal(x: Any, axes: int, eps: float, centred: bool) -> tuple[Any, Any]:
    """Give ``u`` and ``r``."""
    over = tuple(range(-axes, 0))
    d = x - np.mean(x, axis=over, keepdims=True) if centred else x
    r = 1 / np.sqrt(np.mean(d * d, axis=over, keepdims=True) + eps)
    return d * r, r


def _to_input(g: Any, x: Any, weight: Any, axes: int, eps: float, centred: bool) -> Any:
    u, r = _normal(x, axes, eps, centred)
    over = tuple(range(-axes, 0))
    h = g if weight is None else g * weight
    d = h - u * np.mean(h * u, axis=over, keepdims=True)
    return r * (d - np.mean(h, axis=over, keepdims=True) if centred else d)


differentiable(
    layer_normalization,
    lambda g, y, x, weight, bias, axes, eps: _to_input(g, x, weight, axes, eps, True),
    lambda g, y, x, weight, bias, axes, eps: g * _normal(x, axes, eps, True)[0],
    lambda g, y, x, weight, bias: g,
)
differentiable(
    rms_normalization,
    lambda g, y, x, weight, axes, eps: _to_input(g, x, weight, axes, eps, False),
    lambda g, y, x, weight, axes, eps: g * _normal(x, axes, eps, False)[0],
)


@stands_for(layer_normalization)
def _layer_normalization(x: Any, weight: Any, bias: Any, *, axes: int, eps: float) -> Any:
    u, _ = _normal(x, axes, eps, True)
    u = u if weight is None else u * weight
    return u if bias is None else u + bias


@stands_for(rms_normalization)
def _rms_normalization(x: Any, weight: Any, *, axes: int, eps: float) -> Any:
    u, _ = _normal(x, axes, eps, False)
    return u if weight is None else u * weight


# And for all operands at once: many arrays of as many rows as they find room for in a cache

CACHE = 2**17  # bytes of rows whose gradients are computed at a time


@together(layer_normalization)
def _layer_rule(
    g: Any, y: Any, wanted: Any, x: Any, weight: Any, bias: Any, axes: Any, kept: Any
) -> Any:
    mean, r = kept
    g = _rows(g, axes)
    to_bias = _column_sums(g).reshape(np.shape(bias)) if wanted[2] else None
    return [*_from_rows(g, x, weight, mean, r, wanted), to_bias]


@together(rms_normalization)
def _rms_rule(g: Any, y: Any, wanted: Any, x: Any, weight: Any, axes: Any, kept: Any) -> Any:
    return _from_rows(_rows(g, axes), x, weight, None, kept, wanted)


def _from_rows(g: Any, x: Any, weight: Any, mean: Any, r: Any, wanted: Any) -> list[Any]:
    """Give the gradients of x and weight; of RMS norm, if there is no mean."""
    rows = x.reshape(g.shape)
    w = ones(g.shape[1], rows.dtype) if weight is None else weight.reshape(-1)
    to_x = empty(x.shape, np.result_type(g, w)) if wanted[0] else None
    to_weight = zeros(w.shape, np.result_type(g, rows))
    step = max(1, CACHE // max(1, rows.itemsize * rows.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        d = empty(rows[part].shape, rows.dtype)  # u / r
        np.subtract(rows[part], 0 if mean is None else mean[part], out=d)
        gd = np.multiply(g[part], d, out=empty(d.shape, to_weight.dtype))
        if wanted[1]:
            to_weight += np.dot(r[part, 0], gd, out=empty(w.shape, gd.dtype))
        if to_x is not None:
            h = np.multiply(g[part], w, out=to_x.reshape(g.shape)[part])
            share = _means(gd, w)[:, None]
            share *= r[part]
            share *= r[part]
            d *= share  # u mean(h u), as h = g weight
            h -= d
            if mean is not None:
                h -= _means(g[part], w)[:, None]
            h *= r[part]
        del d, gd  # lest two of each be there
    return [to_x, to_weight.reshape(weight.shape) if wanted[1] else None]


def _column_sums(rows: Any) -> Any:
    sums = empty(rows.shape[1:], rows.dtype)
    return np.dot(ones(len(rows), rows.dtype), rows, out=sums)
