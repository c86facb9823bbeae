"""Functions that join arrays, or cut one into several.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. What was joined is cut again, by
the rule of `numpy.concatenate`; all others are rewritten with it, and with indexing.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitives import composite, differentiable, piecewise, primitive
from .arithmetic import astype


@primitive
def _concatenate(
    *arrays: Any, axis: int | None = 0, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    return np.concatenate(arrays, axis=axis, dtype=dtype, casting=casting)


_concatenate.__name__ = "concatenate"


def _concatenate_rule(
    g: Any, y: Any, position: int, *arrays: Any, axis: int | None, dtype: Any, casting: Any
) -> Any:
    """Cut out the part that came from this array; the engine gives it the array's dtype."""
    if axis is None:
        start = sum(int(np.size(a)) for a in arrays[:position])
        part = g[start : start + int(np.size(arrays[position]))]
        return np.reshape(part, np.shape(arrays[position]))
    axis %= np.ndim(g)
    start = sum(np.shape(a)[axis] for a in arrays[:position])
    stop = start + np.shape(arrays[position])[axis]
    return g[(slice(None),) * axis + (slice(start, stop),)]


differentiable(_concatenate, variadic=_concatenate_rule)


@composite(np.concatenate)
def _np_concatenate(
    arrays: Any, axis: int | None = 0, out: None = None, *, dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:  # fmt: skip
    return _concatenate(*arrays, axis=axis, dtype=dtype, casting=casting)


@composite(np.stack)
def _stack(
    arrays: Any, axis: int = 0, out: None = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    arrays = [a if hasattr(a, "shape") else np.asarray(a) for a in arrays]
    shapes = {np.shape(a) for a in arrays}
    if len(shapes) > 1:
        np.stack([np.empty(np.shape(a)) for a in arrays])  # NumPy's own error
    rows = [np.expand_dims(a, axis) for a in arrays]
    return _concatenate(*rows, axis=axis, dtype=dtype, casting=casting)


def _plain(sections: Any) -> Any:
    """Give places as plain numbers: no slice can be told by a Value."""
    return sections.tolist() if hasattr(sections, "tolist") else sections


def _pieces(x: Any, sections: Any, axis: int) -> list[Any]:
    """Cut as np.split does, by the places that it cuts an array of positions at."""
    sections = _plain(sections)
    places = np.array_split(np.arange(np.shape(x)[axis]), sections)
    axis %= np.ndim(x)
    cuts = np.cumsum([0] + [len(p) for p in places])
    if np.ndim(sections) != 0:
        bounds = [0, *sections, np.shape(x)[axis]]
        pairs = list(itertools.pairwise(bounds))
    else:
        pairs = [(int(a), int(b)) for a, b in itertools.pairwise(cuts)]
    return [x[(slice(None),) * axis + (slice(a, b),)] for a, b in pairs]


@composite(np.array_split)
def _array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return _pieces(x, indices_or_sections, axis)


@composite(np.split)
def _split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    indices_or_sections = _plain(indices_or_sections)
    np.split(np.arange(np.shape(x)[axis]), indices_or_sections)  # NumPy's own error
    return _pieces(x, indices_or_sections, axis)


@composite(np.vstack)
def _vstack(arrays: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    rows = [a if np.ndim(a) > 1 else np.reshape(a, (1, -1)) for a in arrays]
    return _concatenate(*rows, axis=0, dtype=dtype, casting=casting)


@composite(np.hstack)
def _hstack(arrays: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    rows = [np.atleast_1d(a) for a in arrays]
    axis = 0 if np.ndim(rows[0]) == 1 else 1
    return _concatenate(*rows, axis=axis, dtype=dtype, casting=casting)


@composite(np.dstack)
def _dstack(arrays: Any) -> Any:
    return _concatenate(*(np.atleast_3d(a) for a in arrays), axis=2)


@composite(np.column_stack)
def _column_stack(arrays: Any) -> Any:
    columns = [a if np.ndim(a) > 1 else np.reshape(a, (-1, 1)) for a in arrays]
    return _concatenate(*columns, axis=1)


@composite(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    if axis is None:
        return _concatenate(np.ravel(arr), np.ravel(values), axis=0)
    return _concatenate(arr, values, axis=axis)


@composite(np.block)
def _block(arrays: Any) -> Any:
    np.block(_outline(arrays))  # NumPy's own errors
    depth = _depth(arrays)
    ndim = max(depth, _most_axes(arrays))

    def join(part: Any, level: int) -> Any:
        if isinstance(part, list):
            return _concatenate(*(join(p, level - 1) for p in part), axis=-level)
        shape = np.shape(part)
        return np.reshape(part, (1,) * (ndim - len(shape)) + shape)

    return join(arrays, depth) if depth else np.copy(arrays)


def _outline(part: Any) -> Any:
    """Give bools in the shapes of nested arrays, which hold no memory of their own."""
    if isinstance(part, list):
        return [_outline(p) for p in part]
    return part if isinstance(part, tuple) else np.broadcast_to(np.False_, np.shape(part))


def _depth(part: Any) -> int:
    return 1 + _depth(part[0]) if isinstance(part, list) else 0


def _most_axes(part: Any) -> int:
    return max(map(_most_axes, part)) if isinstance(part, list) else np.ndim(part)


@primitive
def _inserted(shape: tuple[int, ...], places: Any, given: tuple[int, ...], axis: Any) -> Any:
    """Number the entries of two arrays, and insert the second's numbers into the first's."""
    first = np.arange(int(np.prod(shape))).reshape(shape)
    second = first.size + np.arange(int(np.prod(given))).reshape(given)
    return np.insert(first, places, second, axis)


@primitive
def _kept(shape: tuple[int, ...], places: Any, axis: int) -> Any:
    """Number the entries along an axis, and delete some of the numbers."""
    axis = normalize_axis_index(axis, len(shape))
    numbers = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return np.delete(numbers, places, axis).reshape(-1)


piecewise(_inserted, _kept)


@composite(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = _array(arr), _array(values)
    source = _inserted(np.shape(arr), obj, np.shape(values), axis)
    if values.dtype != arr.dtype:
        values = astype(values, arr.dtype)  # as NumPy does, even where it cuts off decimals
    return _concatenate(np.ravel(arr), np.ravel(values), axis=0)[source]


@composite(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    arr = _array(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return np.take(arr, _kept(np.shape(arr), obj, axis), axis)


def _array(x: Any) -> Any:
    """Make an array of a list or number; what has a shape stays as it is."""
    return x if hasattr(x, "dtype") else np.asarray(x)


@composite(np.resize)
def _resize(a: Any, new_shape: Any) -> Any:
    if isinstance(new_shape, int | np.integer):
        new_shape = (new_shape,)
    size = np.resize(np.False_, new_shape).size  # NumPy's own errors
    flat = np.ravel(a)
    have = int(np.size(flat))
    if have == 0:
        return np.zeros(new_shape, flat.dtype)
    return np.reshape(np.tile(flat, -(-size // have))[:size], new_shape)


@composite(np.broadcast_arrays)
def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@composite(np.meshgrid)
def _meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: Any = "xy"
) -> tuple[Any, ...]:
    np.meshgrid(indexing=indexing)  # NumPy's own error
    ndim = len(xi)
    axes = list(range(ndim))
    if indexing == "xy" and ndim > 1:
        axes[:2] = [1, 0]
    grids = [
        np.reshape(x, tuple(-1 if i == axis else 1 for i in range(ndim)))
        for x, axis in zip(xi, axes, strict=True)
    ]
    if not sparse:
        grids = list(np.broadcast_arrays(*grids))
    return tuple(np.copy(grid) for grid in grids) if copy else tuple(grids)


def _splits_along(fn: Any, axis_of: Any) -> None:
    """Say that a function is `numpy.split` along a certain axis."""

    @composite(fn)
    def split(ary: Any, indices_or_sections: Any) -> list[Any]:
        indices_or_sections = _plain(indices_or_sections)
        fn(np.broadcast_to(np.False_, np.shape(ary)), indices_or_sections)  # NumPy's own errors
        return np.split(ary, indices_or_sections, axis_of(np.ndim(ary)))


_splits_along(np.hsplit, lambda ndim: 0 if ndim == 1 else 1)
_splits_along(np.vsplit, lambda ndim: 0)
_splits_along(np.dsplit, lambda ndim: 2)


@composite(np.unstack)
def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    first = np.moveaxis(x, axis, 0)
    return tuple(first[i] for i in range(np.shape(first)[0]))


@composite(np.trim_zeros)
def _trim_zeros(filt: Any, trim: Any = "fb", axis: Any = None) -> Any:
    ndim = np.ndim(filt)
    np.trim_zeros(np.empty((0,) * ndim), trim, axis)  # NumPy's own errors
    places = np.argwhere(np.not_equal(filt, 0))
    index: list[slice] = [slice(None)] * ndim
    for a in range(ndim) if axis is None else [a % ndim for a in np.atleast_1d(axis)]:
        if np.shape(places)[0] == 0:
            index[a] = slice(0)
            continue
        first, last = int(np.min(places[:, a])), int(np.max(places[:, a]))
        front, back = "f" in trim.lower(), "b" in trim.lower()
        index[a] = slice(first if front else 0, last + 1 if back else None)
    return filt[tuple(index)]


@composite(np.array_equiv)
def _array_equiv(a1: Any, a2: Any) -> bool:
    try:
        np.broadcast_shapes(np.shape(a1), np.shape(a2))
    except ValueError:
        return False
    return bool(np.all(np.equal(a1, a2)))
