"""Statistics: variance, averages, covariance; and reductions that pass over nan.

An entry that is passed over receives zero by selection, so that a nan leaves no trace in any
derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, missing_operand, missing_option
from .arithmetic import astype
from .choices import masked
from .reductions import NOT_GIVEN, count_of, given


@composite(np.var)
def _var(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = NOT_GIVEN, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    where = NOT_GIVEN if where is True else where
    total, count = _squared_deviations(a, axis, dtype, keepdims, where, mean)
    ddof = _degrees(np.var, ddof, correction)
    if where is NOT_GIVEN:
        return total / max(count - ddof, 0)
    return total / np.maximum(_beside(total, count) - ddof, 0)


def _squared_deviations(
    a: Any, axis: Any, dtype: Any, keepdims: Any, where: Any, mean: Any
) -> tuple[Any, Any]:
    """Sum the squares of how far the entries are from their mean, and count them."""
    if dtype is not None and np.dtype(dtype).kind != "f":  # it would cut off every step's decimals
        raise missing_option(np.var, f"dtype={np.dtype(dtype)}")
    selected = given(where=where)
    if mean is NOT_GIVEN:
        mean = np.mean(a, axis=axis, dtype=dtype, keepdims=True, **selected)
    deviation = a - mean
    if selected:
        deviation = masked(deviation, where)
    total = np.sum(np.square(deviation), axis=axis, dtype=dtype, **given(keepdims=keepdims))
    return total, count_of(a, axis, where)


def _beside(total: Any, count: Any) -> Any:
    """Give a count the shape and dtype of a total: an integer would widen float32."""
    return astype(np.reshape(count, np.shape(total)), np.result_type(total))


def _degrees(fn: Any, ddof: Any, correction: Any) -> Any:
    if correction is NOT_GIVEN or correction is None:
        return ddof
    if ddof != 0:
        fn(np.zeros(1), ddof=ddof, correction=correction)  # NumPy's own error: they are the same
    return correction


# The root has no slope at 0: PyTorch's convention is 0.
def _root(variance: Any) -> Any:
    constant = np.equal(variance, 0)
    return np.where(constant, 0, np.sqrt(np.where(constant, 1, variance)))


@composite(np.std)
def _std(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = NOT_GIVEN, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    options = given(where=where, mean=mean, correction=correction)
    return _root(np.var(a, axis, dtype, out, ddof, keepdims, **options))


@composite(np.average)
def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *,
    keepdims: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    kept = given(keepdims=keepdims)
    if not hasattr(a, "dtype"):
        a = np.asarray(a)
    if weights is None:
        y = np.mean(a, axis=axis, **kept)
        total: Any = astype(np.float64(count_of(a, axis)), y.dtype)
    else:
        # What NumPy refuses is refused in its words.
        np.average(np.ones(np.shape(a)), axis, np.ones(np.shape(weights)))
        if not hasattr(weights, "dtype"):
            weights = np.asarray(weights)
        if np.shape(weights) != np.shape(a):
            axes = [i % np.ndim(a) for i in (axis if isinstance(axis, tuple) else (axis,))]
            weights = np.transpose(weights, np.argsort(axes))
            weights = np.expand_dims(weights, [i for i in range(np.ndim(a)) if i not in axes])
        dtype = np.result_type(
            a.dtype, weights.dtype, np.float64 if a.dtype.kind in "iub" else a.dtype
        )
        if weights.dtype != dtype:
            weights = astype(weights, dtype)
        total = np.sum(np.broadcast_to(weights, np.shape(a)), axis=axis, **kept)
        if np.any(np.equal(total, 0)):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        y = np.sum(np.multiply(a, weights), axis=axis, **kept) / total
    if not returned:
        return y
    total = total if np.shape(total) == np.shape(y) else np.broadcast_to(total, np.shape(y))
    return y, total


@composite(np.cov)
def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    if hasattr(fweights, "requires_grad"):  # NumPy looks at these: they are counts
        raise missing_operand(np.cov, "fweights")
    # What NumPy refuses is refused in its words.
    few: Any = [np.zeros(np.shape(x)) if x is not None else None for x in (m, y)]
    with np.errstate(all="ignore"):
        options: Any = {"rowvar": rowvar, "bias": bias, "ddof": ddof, "fweights": fweights}
        np.cov(*few, **options)
    x = _rows(m, rowvar, dtype)
    if y is not None:
        x = np.concatenate([x, _rows(y, rowvar, dtype)], axis=0)
    if dtype is None:
        x = astype(x, np.result_type(x.dtype, np.float64))
    weights = fweights
    if aweights is not None:
        weights = aweights if fweights is None else np.multiply(fweights, aweights)
    ddof = (0 if bias else 1) if ddof is None else ddof
    mean: Any
    if weights is None:
        total: Any = np.shape(x)[1]
        mean, freedom = np.mean(x, axis=1, keepdims=True), total - ddof
        apart = scaled = x - mean
    else:
        total = np.sum(weights)
        mean = np.sum(x * weights, axis=1, keepdims=True) / total
        unbiased = total if aweights is None else np.sum(weights * aweights) / total
        freedom = total - ddof * (1 if aweights is None else unbiased)
        apart = x - mean
        scaled = apart * weights
    if freedom <= 0:
        freedom = 0.0
    return np.squeeze(np.matmul(scaled, np.transpose(apart)) / freedom)


def _rows(m: Any, rowvar: bool, dtype: Any) -> Any:
    """Lay the variables out as rows, and what was seen of them as columns."""
    if not hasattr(m, "dtype"):
        m = np.asarray(m)
    if dtype is not None:
        m = np.astype(m, dtype)
    if np.ndim(m) < 2:
        return np.reshape(m, (1, -1))
    return m if rowvar else np.transpose(m)


@composite(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    spread = np.sqrt(np.diagonal(c))
    return np.clip(c / np.expand_dims(spread, 1) / spread, -1, 1)


# Reductions that pass over nan


def _valid(a: Any, where: Any) -> Any:
    valid = np.logical_not(np.isnan(a))
    return valid if where is NOT_GIVEN else np.logical_and(valid, where)


@composite(np.nansum)
def _nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False,
    initial: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    options = given(keepdims=keepdims, initial=initial, where=where)
    return np.sum(np.where(np.isnan(a), 0, a), axis=axis, dtype=dtype, **options)


@composite(np.nanprod)
def _nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False,
    initial: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    options = given(keepdims=keepdims, initial=initial, where=where)
    return np.prod(np.where(np.isnan(a), 1, a), axis=axis, dtype=dtype, **options)


@composite(np.nanmean)
def _nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, *,
    where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    return np.mean(a, axis, dtype, where=_valid(a, where), **given(keepdims=keepdims))


@composite(np.nanvar)
def _nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0,
    keepdims: Any = False, *, where: Any = NOT_GIVEN, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    valid = _valid(a, where)
    total, count = _squared_deviations(a, axis, dtype, keepdims, valid, mean)
    freedom = _beside(total, count) - _degrees(np.nanvar, ddof, correction)
    enough = np.greater(freedom, 0)
    return np.where(enough, total / np.where(enough, freedom, 1), np.nan)


@composite(np.nanstd)
def _nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0,
    keepdims: Any = False, *, where: Any = NOT_GIVEN, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    options = given(where=where, mean=mean, correction=correction)
    return _root(np.nanvar(a, axis, dtype, out, ddof, keepdims, **options))


@composite(np.nanmax)
def _nanmax(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    return _nan_extremum(np.max, -np.inf, a, axis, keepdims, initial, where)


@composite(np.nanmin)
def _nanmin(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    return _nan_extremum(np.min, np.inf, a, axis, keepdims, initial, where)


def _nan_extremum(
    extremum: Any, lowest: float, a: Any, axis: Any, keepdims: Any, initial: Any, where: Any
) -> Any:
    options = {"axis": axis, **given(keepdims=keepdims)}
    if getattr(a, "dtype", np.dtype(float)).kind != "f":  # without a nan, or an infinity
        return extremum(a, **options, **given(initial=initial, where=where))
    extremum(np.empty(np.shape(a), bool), **options, **given(initial=initial, where=where))
    valid = _valid(a, where)
    if initial is not NOT_GIVEN:
        return extremum(a, initial=initial, where=valid, **options)
    y = extremum(a, initial=lowest, where=valid, **options)
    return np.where(np.any(valid, **options), y, np.nan)
