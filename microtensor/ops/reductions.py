"""Functions that reduce axes: sum, mean, product, maximum and their kin.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. ``axis`` and ``keepdims`` are
NumPy's: None, an integer, or a tuple of integers. ``where`` tells which entries take part; those
that do not receive zero by selection, whatever they are. ``initial`` is a number, and takes part
without being differentiable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive, static
from .arithmetic import astype
from .choices import masked

static(np.shape, np.ndim, np.size)
piecewise(
    np.argmax, np.argmin, np.any, np.all, np.count_nonzero, np.nonzero, np.argwhere,
    np.flatnonzero, np.nanargmax, np.nanargmin,
)  # fmt: skip

NOT_GIVEN: Any = np._NoValue  # what NumPy's own defaults are


def given(**options: Any) -> dict[str, Any]:
    """Leave out the options that were not given."""
    return {name: x for name, x in options.items() if x is not NOT_GIVEN}


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Give the axes as non-negative integers; a number has none, though NumPy lets 0 be named."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def count_of(x: Any, axis: Any, where: Any = True) -> Any:
    """Count the entries that one output entry is made of."""
    shape = np.shape(x)
    if not (where is True or where is NOT_GIVEN):
        return np.sum(np.broadcast_to(where, shape), axis=axis, keepdims=True, dtype=np.intp)
    count = 1
    for a in axes_of(axis, len(shape)):
        count *= shape[a]
    return count


def keep(r: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced array its axes of length 1 back, so that it broadcasts against ``x``."""
    if keepdims or np.ndim(x) == 0 or np.ndim(r) == np.ndim(x):
        return r
    axes = axes_of(axis, np.ndim(x))
    return np.reshape(r, tuple(1 if i in axes else n for i, n in enumerate(np.shape(x))))


def _spread(g: Any, x: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    """Give each entry of ``x`` the gradient of the output entry that it went into."""
    g = np.broadcast_to(keep(g, x, axis, keepdims), np.shape(x))
    return g if where is NOT_GIVEN or where is True else masked(g, where)


def _mean(g: Any, y: Any, x: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    if where is NOT_GIVEN or where is True:
        each = g / count_of(x, axis)  # before it is spread: there are fewer numbers to divide
        return np.broadcast_to(keep(each, x, axis, keepdims), np.shape(x))
    each = keep(g, x, axis, keepdims) / np.maximum(count_of(x, axis, where), 1)
    return _spread(each, x, axis, True, where)


differentiable(
    np.sum, lambda g, y, x, axis, keepdims, initial, where: _spread(g, x, axis, keepdims, where)
)
differentiable(np.mean, _mean)


# Entries that attain the extremum share its gradient evenly, as in PyTorch's amax and amin, and
# where one is nan, so is the gradient of all. Where entries equal `initial`, they share everything
# (PyTorch has no such option); where it is beyond them all, nothing is sent. An infinite gradient
# leaves the entries that were not chosen at 0, as in PyTorch's max(); amax turns them into nan.
def _extremum(g: Any, y: Any, x: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    y, g = keep(y, x, axis, keepdims), keep(g, x, axis, keepdims)
    is_nan = np.isnan(y)
    attains = np.logical_or(np.equal(x, y), is_nan)
    if not (where is NOT_GIVEN or where is True):
        attains = np.logical_and(attains, where)
    count = np.sum(attains, axis=axis, keepdims=True, dtype=np.intp)
    if not (initial is NOT_GIVEN or initial is None):
        count = np.maximum(count, 1)
    share = astype(g / count, np.result_type(x))  # a count is an integer, and would widen float32
    return masked(np.where(is_nan, np.nan, share), attains)


differentiable(np.max, _extremum)
differentiable(np.min, _extremum)
composite(np.amax)(np.max)
composite(np.amin)(np.min)


@composite(np.ptp)
def _ptp(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    if not hasattr(a, "dtype"):
        a = np.asarray(a)
    options = {"axis": axis, **given(keepdims=keepdims)}
    return np.max(a, **options) - np.min(a, **options)


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


def _prod(g: Any, y: Any, x: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    everywhere = where is NOT_GIVEN or where is True
    shape = np.shape(x)
    axes = axes_of(axis, len(shape))
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    order = rest + axes  # the reduced axes last, and then as one
    entries = np.transpose(x if everywhere else np.where(where, x, 1), order)
    entries = np.reshape(entries, (*(shape[i] for i in rest), count_of(x, axis)))
    others = np.reshape(product_of_others(entries), tuple(shape[i] for i in order))
    back = tuple(order.index(i) for i in range(len(shape)))
    c = keep(g, x, axis, keepdims) * np.transpose(others, back)
    if not (initial is NOT_GIVEN or initial is None):
        c = c * initial
    return c if everywhere else masked(c, where)


differentiable(np.prod, _prod)
