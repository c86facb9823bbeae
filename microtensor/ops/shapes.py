"""Functions that move entries about, repeat them, or surround them with others.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. The rule of each is the way back:
what was moved is moved back, what was repeated is added up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitives import composite, differentiable, missing_option, primitive, registry
from .indexing import scatter_add

differentiable(np.copy, lambda g, y, x: g)
differentiable(np.reshape, lambda g, y, x, order: np.reshape(g, np.shape(x), order=order))
differentiable(np.broadcast_to, lambda g, y, x: g)  # undone by the engine, as all broadcasting
differentiable(np.expand_dims, lambda g, y, x: np.reshape(g, np.shape(x)))
differentiable(np.squeeze, lambda g, y, x, axis: np.reshape(g, np.shape(x)))
differentiable(np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
differentiable(
    np.moveaxis, lambda g, y, x, source, destination: np.moveaxis(g, destination, source)
)
differentiable(
    np.transpose,
    lambda g, y, x, axes: np.transpose(g, None if axes is None else _inverse(axes)),
)
differentiable(np.flip, lambda g, y, x, axis: np.flip(g, axis))
differentiable(np.roll, lambda g, y, x, shift, axis: np.roll(g, _negated(shift), axis))
differentiable(np.tril, lambda g, y, x, k: np.tril(g, k))
differentiable(np.triu, lambda g, y, x, k: np.triu(g, k))


def _reshape(a: Any, shape: Any, order: Any = "C", copy: Any = None) -> Any:
    if order not in ("C", "F"):  # "A" depends on how the numbers lie in memory
        raise missing_option(np.reshape, f"order={order!r}")
    return np.reshape(a, shape, order=order, copy=copy)


registry[np.reshape].computed_by(_reshape)


def _copy(a: Any, order: Any = "K", subok: Any = False) -> Any:
    return a if a.__class__ is float else np.copy(a, order, subok)  # a number stays one


registry[np.copy].computed_by(_copy)


@composite(np.ravel)
def _ravel(a: Any, order: Any = "C") -> Any:
    return np.reshape(a, -1, order=order)


def _inverse(axes: Any) -> list[int]:
    axes = np.reshape(axes, -1)  # of a vector, NumPy takes an integer, too
    ndim = len(axes)
    return [int(i) for i in np.argsort([a % ndim for a in axes])]


def _negated(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift


@primitive
def _pad(x: Any, width: Any, constant_values: Any) -> Any:
    return np.pad(x, width, constant_values=constant_values)


_pad.__name__ = "pad"


def _inner(width: Any, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Give the index of the original inside of the padded array."""
    pairs = np.broadcast_to(np.asarray(width), (len(shape), 2))
    return tuple(slice(int(p[0]), int(p[0]) + n) for p, n in zip(pairs, shape, strict=True))


differentiable(_pad, lambda g, y, x, width: g[_inner(width, np.shape(x))])


@composite(np.pad)
def _np_pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if isinstance(pad_width, dict):  # by axis; older NumPys do not know of it
        by_axis = {axis % np.ndim(array): pair for axis, pair in pad_width.items()}
        pad_width = [np.broadcast_to(by_axis.get(i, 0), 2) for i in range(np.ndim(array))]
    if mode == "constant" and options.keys() <= {"constant_values"}:
        return _pad(array, pad_width, options.get("constant_values", 0.0))
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise missing_option(np.pad, f"mode={mode!r}")
    if options.get("reflect_type", "even") != "even":
        raise missing_option(np.pad, f"reflect_type={options['reflect_type']!r}")
    # These modes copy entries: pad the entries' numbers, and take the entries they name.
    numbers = np.arange(np.size(array)).reshape(np.shape(array))
    return np.reshape(array, -1)[np.pad(numbers, pad_width, mode=mode, **options)]


def _repeat_rule(g: Any, y: Any, x: Any, repeats: Any, axis: int | None) -> Any:
    """Add up what each entry's copies received; they lie side by side."""
    shape = np.shape(x) if axis is not None and np.ndim(x) else (int(np.size(x)),)
    axis = normalize_axis_index(axis or 0, len(shape))
    if np.size(repeats) == 1:
        times = int(np.reshape(repeats, -1)[0])
        before, after = shape[: axis + 1], shape[axis + 1 :]
        if after == () and times > 0:  # many short sums: a product with ones is much faster
            added = np.matmul(np.reshape(g, (*before, times)), np.ones(times, g.dtype))
        else:
            added = np.sum(np.reshape(g, (*before, times, *after)), axis + 1)
    else:
        places = np.repeat(np.arange(shape[axis]), repeats)
        added = scatter_add(g, index=(slice(None),) * axis + (places,), shape=shape)
    return np.reshape(added, np.shape(x))


def _tile_rule(g: Any, y: Any, x: Any, reps: Any) -> Any:
    """Add up what the copies of the whole received."""
    reps = tuple(np.reshape(reps, -1))
    ndim = np.ndim(y)
    shape = (1,) * (ndim - np.ndim(x)) + np.shape(x)
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = [n for pair in zip(reps, shape, strict=True) for n in pair]
    added = np.sum(np.reshape(g, pairs), axis=tuple(range(0, 2 * ndim, 2)))
    return np.reshape(added, np.shape(x))


differentiable(np.repeat, _repeat_rule)
differentiable(np.tile, _tile_rule)


def _diagonal_rule(g: Any, y: Any, x: Any, offset: int, axis1: int, axis2: int) -> Any:
    """Put the entries back on the diagonal that they were taken from."""
    shape = np.shape(x)
    n, m = shape[axis1], shape[axis2]
    others = [k for i, k in enumerate(shape) if i not in (axis1 % len(shape), axis2 % len(shape))]
    # In a row, the entries of a diagonal are m + 1 places apart.
    first = offset if offset >= 0 else -offset * m
    along = slice(first, first + np.shape(g)[-1] * (m + 1), m + 1)
    flat = scatter_add(g, index=(..., along), shape=(*others, n * m))
    return np.moveaxis(np.reshape(flat, (*others, n, m)), (-2, -1), (axis1, axis2))


differentiable(np.diagonal, _diagonal_rule)


@composite(np.trace)
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@composite(np.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    if np.ndim(x) < 2:
        np.matrix_transpose(np.empty(np.shape(x)))  # NumPy's own error
    return np.swapaxes(x, -1, -2)


@composite(np.fliplr)
def _fliplr(m: Any) -> Any:
    if np.ndim(m) < 2:
        np.fliplr(np.empty(np.shape(m)))  # NumPy's own error
    return np.flip(m, 1)


@composite(np.flipud)
def _flipud(m: Any) -> Any:
    if np.ndim(m) < 1:
        np.flipud(np.empty(()))  # NumPy's own error
    return np.flip(m, 0)


@composite(np.rot90)
def _rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    np.rot90(np.broadcast_to(np.False_, np.shape(m)), k, axes)  # NumPy's own errors
    first, second = axes
    quarters = k % 4
    if quarters == 0:
        return np.copy(m)
    if quarters == 2:
        return np.flip(m, (first, second))
    turned = np.swapaxes(m, first, second)
    return np.flip(turned, first if quarters == 1 else second)


@composite(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    before = np.rollaxis(np.broadcast_to(np.False_, np.shape(a)), axis, start)  # its own errors
    ndim = before.ndim
    axis, start = axis % ndim, start + ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@composite(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    if np.ndim(v) != 1:
        return np.diagonal(v, k) if np.ndim(v) == 2 else np.diag(np.empty(np.shape(v)))
    length = int(np.size(v))
    n = length + abs(k)
    # In a row, the entries of a diagonal are n + 1 places apart.
    first = k if k >= 0 else -k * n
    along = slice(first, first + length * (n + 1), n + 1)
    return np.reshape(scatter_add(v, index=along, shape=(n * n,)), (n, n))


@composite(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@composite(np.atleast_1d)
def _atleast_1d(*arrays: Any) -> Any:
    out = [np.reshape(a, (1,)) if np.ndim(a) == 0 else a for a in arrays]
    return out[0] if len(out) == 1 else tuple(out)


@composite(np.atleast_2d)
def _atleast_2d(*arrays: Any) -> Any:
    out = [a if np.ndim(a) >= 2 else np.reshape(a, (1, -1)) for a in arrays]
    return out[0] if len(out) == 1 else tuple(out)


@composite(np.atleast_3d)
def _atleast_3d(*arrays: Any) -> Any:
    out = [_three_axes(a) for a in arrays]
    return out[0] if len(out) == 1 else tuple(out)


def _three_axes(a: Any) -> Any:
    if np.ndim(a) >= 3:
        return a
    return np.expand_dims(a, 2) if np.ndim(a) == 2 else np.reshape(a, (1, -1, 1))
