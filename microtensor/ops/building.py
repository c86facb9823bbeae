"""Functions that build arrays: from lists, from one number, from two ends, from nothing but shapes.

Those that look at shapes only give plain arrays, of constants; so does ``like=v`` with no Value
beside it. Where a Value gives an array its numbers, all are rewritten with functions that have
rules.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..primitives import composite, piecewise, primitive, static, unsupported
from .arithmetic import astype

static(np.zeros_like, np.ones_like, np.empty_like)
static(np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri, np.fromfunction)  # by like= only
static(np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)
static(np.min_scalar_type, np.may_share_memory, np.shares_memory)
static(np.array_repr, np.array_str, np.array2string)
piecewise(np.ix_, np.unravel_index, np.packbits, np.unpackbits)

# NumPy lists, beside np.ones, the private function that np.ones calls for like=.
_KNOW_LIKE: tuple[Any, ...] = (
    np.ones, np.full, np.eye, np.identity, np.tri, np.fromfunction, np.require, np.loadtxt,
    np.genfromtxt,
)  # fmt: skip
_TWINS = (inspect.unwrap(fn).__globals__.get(f"_{fn.__name__}_with_like") for fn in _KNOW_LIKE)
unsupported(
    "NumPy calls it for like=; call the public function of this name.",
    *(twin for twin in _TWINS if twin is not None),
)


# From lists, which may hold Values where like= names one


def _gathered(x: Any) -> Any:
    """Stack nested lists to one array."""
    if isinstance(x, list | tuple):
        parts = [_gathered(part) for part in x]
        return np.stack(parts) if parts else np.asarray(parts)
    return x if hasattr(x, "dtype") else np.asarray(x)


def _as_dtype(x: Any, dtype: Any) -> Any:
    return x if dtype is None or x.dtype == dtype else astype(x, dtype)


@composite(np.array)
def _array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", subok: bool = False,
    ndmin: int = 0,
) -> Any:  # fmt: skip
    gathered = _as_dtype(_gathered(object), dtype)
    copied = np.copy(gathered) if copy else gathered
    missing = ndmin - np.ndim(copied)
    return np.reshape(copied, (1,) * missing + np.shape(copied)) if missing > 0 else copied


def _converts(fn: Any) -> None:
    """Say that a function makes an array of what may be one already."""

    @composite(fn)
    def as_array(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None,
                 copy: Any = None) -> Any:  # fmt: skip
        converted = _as_dtype(_gathered(a), dtype)
        return np.copy(converted) if copy else converted


_converts(np.asarray)
_converts(np.asanyarray)


def _lays_out(fn: Any) -> None:
    """Say that a function decides how the numbers lie in memory."""

    @composite(fn)
    def laid_out(a: Any, dtype: Any = None) -> Any:
        order: Any = "C" if fn is np.ascontiguousarray else "F"
        return np.copy(np.atleast_1d(_as_dtype(_gathered(a), dtype)), order)


_lays_out(np.ascontiguousarray)
_lays_out(np.asfortranarray)


# From one number


@composite(np.full)
def _full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *,
          device: Any = None) -> Any:  # fmt: skip
    return np.copy(_as_dtype(np.broadcast_to(fill_value, shape), dtype))


@composite(np.full_like)
def _full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True,
    shape: Any = None, *, device: Any = None,
) -> Any:  # fmt: skip
    a = a if hasattr(a, "dtype") else np.asarray(a)
    return _full(np.shape(a) if shape is None else shape, fill_value, dtype or a.dtype)


# From two ends


@composite(np.linspace)
def _linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """Give ``start + i (stop - start) / n``, and stop itself at the end."""
    start, stop = _array_or_number(start), _array_or_number(stop)
    of_both = np.result_type(start, stop, 1.0)  # numbers are weak
    i, gaps = _steps(num, endpoint, of_both, max(np.ndim(start), np.ndim(stop)))
    step = np.subtract(stop, start) / max(gaps, 1)
    along = start + i * step
    if endpoint and gaps > 0:
        along = np.where(np.equal(i, gaps), stop, along)
    if dtype is not None and np.issubdtype(dtype, np.integer):
        along = np.floor(along)
    along = _as_dtype(along, dtype or of_both)
    along = along if axis == 0 else np.moveaxis(along, 0, axis)
    return (along, step if gaps > 0 else np.nan) if retstep else along


def _array_or_number(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, list | tuple) else x


def _steps(num: int, endpoint: bool, dtype: Any, ndim: int) -> tuple[Any, int]:
    """Give 0, 1, 2, ... along a new first axis, and the number of gaps up to the end."""
    count = len(np.linspace(0, 1, num))  # NumPy's own errors
    steps = np.arange(count, dtype=dtype).reshape((-1,) + (1,) * ndim)
    return steps, count - 1 if endpoint else count


@composite(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(start, stop, base)
        base = np.expand_dims(base, axis)
    y = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return _as_dtype(y, dtype)


@composite(np.geomspace)
def _geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    start, stop = _gathered(start), _gathered(stop)
    if np.any(np.equal(start, 0)) or np.any(np.equal(stop, 0)):
        np.geomspace(0, 0)  # NumPy's own error
    of_both = np.result_type(start, stop, np.zeros((), dtype))  # numbers are not weak here
    start, stop = _as_dtype(start, of_both), _as_dtype(stop, of_both)
    i, gaps = _steps(num, endpoint, of_both, max(np.ndim(start), np.ndim(stop)))
    sign = np.sign(start)
    logs = np.linspace(np.log(start / sign), np.log(stop / sign), num, endpoint)
    y = np.where(np.equal(i, 0), start, sign * np.exp(logs))
    if endpoint and gaps > 0:
        y = np.where(np.equal(i, gaps), stop, y)
    y = _as_dtype(y, dtype)
    return y if axis == 0 else np.moveaxis(y, 0, axis)


@primitive
def _plain_range(*bounds: Any) -> Any:
    return np.arange(*bounds)


static(_plain_range)


@composite(np.arange)
def _arange(
    start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None
) -> Any:
    if stop is None:
        start, stop = 0, start
    plain = _plain_range(start, stop, step)
    return _as_dtype(start + np.arange(len(plain)) * step, dtype or plain.dtype)


@composite(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    if np.ndim(x) != 1:
        np.vander(np.empty(np.shape(x)))  # NumPy's own error
    x = _as_dtype(_gathered(x), np.promote_types(x.dtype, int))
    exponents = np.arange(len(x) if N is None else N, dtype=x.dtype)
    return np.power(x[:, None], exponents if increasing else exponents[::-1])


# Of integers


@primitive
def _flat_places(*indices: Any, dims: Any, mode: Any, order: Any) -> Any:
    return np.ravel_multi_index(indices, dims, mode, order)


piecewise(_flat_places)


@composite(np.ravel_multi_index)
def _ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: Any = "C") -> Any:
    return _flat_places(*multi_index, dims=dims, mode=mode, order=order)
