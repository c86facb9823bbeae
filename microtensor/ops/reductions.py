"""Functions that reduce an axis, or accumulate along one.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. ``axis`` and ``keepdims`` are
NumPy's: None, an integer, or a tuple of integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive, static

static(np.shape, np.ndim, np.size)
piecewise(
    np.argmax, np.argmin, np.any, np.all, np.count_nonzero, np.argsort, np.nonzero, np.argwhere,
    np.flatnonzero, np.searchsorted,
)  # fmt: skip


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Give the axes as non-negative integers."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def _count(x: Any, axis: Any) -> int:
    """Count the entries that one output entry is made of."""
    shape = np.shape(x)
    count = 1
    for a in _axes(axis, len(shape)):
        count *= shape[a]
    return count


def keep(r: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced array its axes of length 1 back, so that it broadcasts against ``x``."""
    if keepdims or np.ndim(x) == 0 or np.ndim(r) == np.ndim(x):
        return r
    axes = _axes(axis, np.ndim(x))
    return np.reshape(r, tuple(1 if i in axes else n for i, n in enumerate(np.shape(x))))


def _spread(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give each entry of ``x`` the gradient of the output entry that it went into."""
    return np.broadcast_to(keep(g, x, axis, keepdims), np.shape(x))


differentiable(np.sum, lambda g, y, x, axis, keepdims: _spread(g, x, axis, keepdims))
differentiable(
    np.mean, lambda g, y, x, axis, keepdims: _spread(g, x, axis, keepdims) / _count(x, axis)
)


def _extremum(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Share the gradient evenly among all entries that attain the extremum."""
    attains = np.equal(x, keep(y, x, axis, keepdims))
    share = attains / np.sum(attains, axis=axis, keepdims=True)
    return keep(g, x, axis, keepdims) * share


differentiable(np.max, _extremum)
differentiable(np.min, _extremum)


@primitive
def product_of_others(x: Any) -> Any:
    """Multiply, for each entry along the last axis, all the other entries.

    Parameters
    ----------
    x : (..., N) array

    Returns
    -------
    (..., N) array
        No division, so that zeros are no danger.

    Examples
    --------
    >>> product_of_others(np.array([2.0, 3.0, 0.0]))
    array([0., 0., 6.])
    """
    one = np.ones_like(x[..., :1])
    before = np.cumprod(np.concatenate([one, x[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([one, x[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def _product_of_others_rule(g: Any, y: Any, x: Any) -> Any:
    """d(prod of all but i)/dx_j = prod of all but i and j: row i is x with entry i set to 1."""
    n = np.shape(x)[-1]
    others = np.where(np.eye(n, dtype=bool), 1, np.expand_dims(x, -2))  # (..., i, j)
    without = np.where(np.eye(n, dtype=bool), 0, product_of_others(others))
    return np.sum(np.expand_dims(g, -1) * without, axis=-2)


differentiable(product_of_others, _product_of_others_rule)


def _prod(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    shape = np.shape(x)
    axes = _axes(axis, len(shape))
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    order = rest + axes  # the reduced axes last, and then as one
    lined_up = np.reshape(np.transpose(x, order), (*(shape[i] for i in rest), _count(x, axis)))
    others = np.reshape(product_of_others(lined_up), tuple(shape[i] for i in order))
    back = tuple(order.index(i) for i in range(len(shape)))
    return keep(g, x, axis, keepdims) * np.transpose(others, back)


differentiable(np.prod, _prod)


def _cumsum(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """Every later sum contains the entry: add up from the end."""
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(np.reshape(g, -1)))), np.shape(x))
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


differentiable(np.cumsum, _cumsum)


@composite(np.var)
def _var(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0,
    keepdims: bool = False, *, correction: Any = None,
) -> Any:  # fmt: skip
    if dtype is not None:
        a = a.astype(dtype)
    ddof = ddof if correction is None else correction
    deviation = a - np.mean(a, axis=axis, keepdims=True)
    total = np.sum(np.square(deviation), axis=axis, keepdims=keepdims)
    return total / max(_count(a, axis) - ddof, 0)


@composite(np.std)
def _std(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0,
    keepdims: bool = False, *, correction: Any = None,
) -> Any:  # fmt: skip
    variance = np.var(a, axis, dtype, out, ddof, keepdims, correction=correction)
    constant = np.equal(variance, 0)  # the root has no slope there; PyTorch's convention is 0
    return np.where(constant, 0, np.sqrt(np.where(constant, 1, variance)))


composite(np.amax)(np.max)
composite(np.amin)(np.min)
