"""One layer, or a network of two, beside a path that goes around it, as transformers have them.

Legend: ``g`` gradient of the output, ``y`` output; ``r`` what goes around, ``x`` what goes through,
``h`` the hidden units, ``d`` their gradient before relu:

    h = relu(x aᵀ + b)        y = r + h cᵀ + e        d = g c where h > 0, else 0

The hidden units are many, and are kept; their sums and gradients are computed in parts that fit a
cache, and never held as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..lending import empty, ones
from ..primitives import differentiable, primitive, stands_for, together
from .linalg import linear, to_input, to_weight
from .masking import mask_in_place, masked
from .rectifiers import relu

CACHE = 2**21  # bytes of hidden units computed at a time: half as much takes longer to multiply


@primitive
def residual_linear(r: Any, x: Any, weight: Any, bias: Any) -> Any:
    """Give ``r + x weightᵀ + bias``: no array is held of what is added.

    Parameters
    ----------
    r : (..., O) array
    x : (..., I) array
    weight : (O, I) array
    bias : (O,) array, or None

    Returns
    -------
    (..., O) array

    References
    ----------
    .. [1] He et al., *Deep Residual Learning for Image Recognition* (2015), equation 1.
    """
    y = empty((*x.shape[:-1], len(weight)), _dtype(r, x, weight, bias))
    np.matmul(_rows(x), weight.T, out=_rows(y))
    if bias is not None:
        y += bias
    y += r
    return y


differentiable(
    residual_linear,
    lambda g, y, r, x, weight, bias: g,
    lambda g, y, r, x, weight, bias: to_input(g, y, x, weight, bias),
    lambda g, y, r, x, weight, bias: to_weight(g, y, x, weight, bias),
    lambda g, y, r, x, weight, bias: g,
)


@stands_for(residual_linear)
def _residual_linear(r: Any, x: Any, weight: Any, bias: Any) -> Any:
    return r + linear(x, weight, bias)


@primitive(keeps=True)
def residual_network(r: Any, x: Any, a: Any, b: Any, c: Any, e: Any) -> Any:
    """Give ``r + relu(x aᵀ + b) cᵀ + e``.

    Parameters
    ----------
    r : (..., O) array
    x : (..., I) array
    a : (H, I) array
    b : (H,) array, or None
    c : (O, H) array
    e : (O,) array, or None

    Returns
    -------
    (..., O) array

    References
    ----------
    .. [1] Vaswani et al., *Attention Is All You Need* (2017), equation 2.
    """
    through = _rows(x)
    h = empty((len(through), len(a)), _dtype(x, a, b))
    y = empty((*x.shape[:-1], len(c)), _dtype(r, h, c, e))
    out = _rows(y)
    for part in _parts(h):
        hidden = np.matmul(through[part], a.T, out=h[part])
        if b is not None:
            hidden += b
        np.maximum(hidden, 0, out=hidden)
        np.matmul(hidden, c.T, out=out[part])
    if e is not None:
        out += e
    y += r
    return y, h


def _dtype(*arrays: Any) -> Any:
    """Give the dtype of a sum; a bias may be None."""
    return np.result_type(*(x for x in arrays if x is not None))


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _parts(h: Any) -> Iterator[slice]:
    step = max(1, CACHE // max(1, h.itemsize * h.shape[1]))
    return (slice(start, start + step) for start in range(0, len(h) or 1, step))


def _hidden(x: Any, a: Any, b: Any) -> Any:
    return relu(linear(x, a, b))


def _to_sums(g: Any, x: Any, a: Any, b: Any, c: Any) -> Any:
    return masked(np.matmul(g, c), np.greater(linear(x, a, b), 0))


differentiable(
    residual_network,
    lambda g, y, r, x, a, b, c, e: g,
    lambda g, y, r, x, a, b, c, e: np.matmul(_to_sums(g, x, a, b, c), a),
    lambda g, y, r, x, a, b, c, e: np.matmul(
        np.transpose(_rows(_to_sums(g, x, a, b, c))), _rows(x)
    ),
    lambda g, y, r, x, a, b, c, e: _to_sums(g, x, a, b, c),
    lambda g, y, r, x, a, b, c, e: np.matmul(_rows(g).T, _rows(_hidden(x, a, b))),
    lambda g, y, r, x, a, b, c, e: g,
)


@stands_for(residual_network)
def _residual_network(r: Any, x: Any, a: Any, b: Any, c: Any, e: Any) -> Any:
    return r + linear(relu(linear(x, a, b)), c, e)


@together(residual_network)
def _from_output(
    g: Any, y: Any, wanted: Any, r: Any, x: Any, a: Any, b: Any, c: Any, e: Any, kept: Any
) -> list[Any]:
    rows, through, h = _rows(g), _rows(x), kept
    to_x = empty(x.shape, h.dtype)
    out = _rows(to_x)
    to_a, to_b = empty(a.shape, h.dtype), empty((len(a),), h.dtype)
    for part in _parts(h):
        hidden = h[part]
        d = np.matmul(rows[part], c, out=empty(hidden.shape, h.dtype))
        mask_in_place(d, np.greater(hidden, 0, out=empty(d.shape, bool)))
        np.matmul(d, a, out=out[part])
        _dot(d.T, through[part], to_a, part.start)
        _dot(ones(len(d), d.dtype), d, to_b, part.start)
        del d  # lest two of them be there
    to_c = _dot(rows.T, h, empty(c.shape, np.result_type(g, h))) if wanted[4] else None
    to_e = _dot(ones(len(rows), rows.dtype), rows, empty(rows.shape[1:], rows.dtype))
    return [g, to_x, to_a, to_b, to_c, to_e if wanted[5] else None]


def _dot(a: Any, b: Any, out: Any, is_more: Any = False) -> Any:
    """Put a b in a place, or add it to what is there."""
    if is_more:
        out += np.dot(a, b, out=empty(out.shape, out.dtype))
    else:
        np.dot(a, b, out=out)
    return out
