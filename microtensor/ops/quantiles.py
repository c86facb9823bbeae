"""Median, quantiles and percentiles, by every method that NumPy has.

A quantile mixes one or two of the entries. Which, and in what parts, depends on their order alone:
`order_weights` says so, and is constant between ties. Of equal entries, the one that comes first
is taken for the smaller, as PyTorch's quantile does it. A slice with a nan has the quantile nan,
which sends its gradient to that nan, as PyTorch's does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import (
    composite,
    differentiable,
    missing_operand,
    missing_option,
    piecewise,
    primitive,
)
from .choices import masked
from .reductions import NOT_GIVEN, axes_of


def _of_numpy(kind: str, x: Any, q: Any, method: str) -> Any:
    """Compute the quantiles along the last axis, whatever they are called."""
    fn = getattr(np, kind)
    return fn(x, axis=-1) if q is None else fn(x, q, axis=-1, method=method)


@primitive
def order_statistic(x: Any, kind: str, q: Any = None, method: str = "linear") -> Any:
    """Compute quantiles along the last axis, as the function of NumPy that is named ``kind``.

    Parameters
    ----------
    x : (..., N) array
    kind : {"median", "quantile", "percentile", "nanmedian", "nanquantile", "nanpercentile"}
    q : (...) array, optional
        Which quantiles; not for a median.
    method : str, default "linear"

    Returns
    -------
    array
        The shape of ``q``, and then that of ``x`` without its last axis.

    Examples
    --------
    >>> float(order_statistic(np.array([1.0, 3.0, 4.0, 9.0]), kind="median"))
    3.5
    """
    return _of_numpy(kind, x, q, method)


@primitive
def order_weights(x: Any, kind: str, q: Any = None, method: str = "linear") -> Any:
    """Tell which parts the entries of the last axis have in their quantiles.

    Parameters
    ----------
    x, kind, q, method
        As `order_statistic`'s.

    Returns
    -------
    (Q, ..., N) array
        For each of the Q quantiles, numbers that add up to 1.

    Examples
    --------
    >>> order_weights(np.array([4.0, 1.0, 9.0, 3.0]), kind="median")
    array([[0.5, 0. , 0. , 0.5]])
    """
    *rest, n = x.shape
    several = [q] if q is None or np.ndim(q) == 0 else list(np.reshape(q, (-1, 1)))
    rows, places = np.reshape(x, (-1, n)), np.argsort(np.reshape(x, (-1, n)), 1, kind="stable")
    parts = np.zeros((len(several), len(rows), n), x.dtype)
    nans = np.sum(np.isnan(rows), axis=1)
    every = np.arange(len(rows))
    for one, part in zip(several, parts, strict=True):
        for count in np.unique(nans) if n else []:
            some = every[nans == count]
            valid = n - int(count)
            if count and (valid == 0 or not kind.startswith("nan")):
                # nan is sorted to the end, and the last gets all; where nothing else is, the first.
                part[some, places[some, 0 if kind.startswith("nan") else -1]] = 1
                continue
            low, share = _place(kind, one, method, valid, x.dtype)
            part[some, places[some, low]] = 1 - share
            if share:
                part[some, places[some, low + 1]] = share
    return np.reshape(parts, (len(several), *rest, n))


def _place(kind: str, q: Any, method: str, n: int, dtype: Any) -> tuple[int, Any]:
    """Find a quantile between two places, and the share of the later: ask NumPy, in its dtype."""
    order = np.arange(n)
    place = np.reshape(_of_numpy(kind, order.astype(dtype), q, method), ())
    low = min(int(place), n - 1)
    above = np.reshape(_of_numpy(kind, (order > low).astype(dtype), q, method), ())
    return low, above[()]


piecewise(order_weights)


def _to_entries(g: Any, y: Any, x: Any, kind: Any, q: Any, method: Any) -> Any:
    parts = order_weights(x, kind=kind, q=q, method=method)  # (Q, ..., N)
    g = np.reshape(g, (*np.shape(parts)[:-1], 1))
    return np.sum(masked(g, np.not_equal(parts, 0)) * parts, axis=0)


differentiable(order_statistic, _to_entries)


def _along(
    fn: Any, a: Any, axis: Any, keepdims: Any, q: Any = None, method: str = "linear",
    weights: Any = None,
) -> Any:  # fmt: skip
    if weights is not None:
        raise missing_option(fn, "weights=")
    if getattr(q, "requires_grad", False):
        raise missing_operand(fn, "q")
    if not hasattr(a, "dtype"):
        a = np.asarray(a)
    shape, ndim = np.shape(a), np.ndim(a)
    # What NumPy refuses is refused in its words.
    trial = np.zeros([min(n, 1) for n in shape])
    if np.size(trial):
        fn(*(trial,) if q is None else (trial, q), axis=axis)
    axes = axes_of(axis, ndim)
    rest = tuple(i for i in range(ndim) if i not in axes)
    entries = np.reshape(
        np.transpose(a, rest + axes),
        (*(shape[i] for i in rest), int(np.prod([shape[i] for i in axes]))),
    )
    y = order_statistic(entries, kind=fn.__name__, q=q, method=method)
    if keepdims is NOT_GIVEN or not keepdims:
        return y
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return np.reshape(y, np.shape(q if q is not None else 0.0) + kept)


def _median(fn: Any) -> None:
    @composite(fn)
    def median(
        a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Any:  # fmt: skip
        return _along(fn, a, axis, keepdims)


def _quantile(fn: Any) -> None:
    @composite(fn)
    def quantile(
        a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: Any = False, *, weights: Any = None,
    ) -> Any:  # fmt: skip
        return _along(fn, a, axis, keepdims, q, method, weights)


_median(np.median)
_median(np.nanmedian)
_quantile(np.quantile)
_quantile(np.percentile)
_quantile(np.nanquantile)
_quantile(np.nanpercentile)
