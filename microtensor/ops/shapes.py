"""Functions that move entries about, join arrays, or repeat them.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. The rule of each is the way back:
what was moved is moved back, what was joined is cut, what was repeated is added up.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..primitives import composite, differentiable, missing_option, primitive, registry, static
from .indexing import scatter_add

static(np.zeros_like, np.ones_like, np.empty_like)

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


@composite(np.ravel)
def _ravel(a: Any, order: Any = "C") -> Any:
    return np.reshape(a, -1, order=order)


def _inverse(axes: tuple[int, ...]) -> list[int]:
    ndim = len(axes)
    return [int(i) for i in np.argsort([a % ndim for a in axes])]


def _negated(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift


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


def _pieces(x: Any, sections: Any, axis: int) -> list[Any]:
    """Cut as np.split does, by the places that it cuts an array of positions at."""
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
    np.split(np.arange(np.shape(x)[axis]), indices_or_sections)  # NumPy's own error
    return _pieces(x, indices_or_sections, axis)


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
    """Add up what each entry's copies received."""
    numbers = np.repeat(np.arange(np.size(x)).reshape(np.shape(x)), repeats, axis)
    added = scatter_add(np.reshape(g, -1), index=np.reshape(numbers, -1), shape=(np.size(x),))
    return np.reshape(added, np.shape(x))


def _tile_rule(g: Any, y: Any, x: Any, reps: Any) -> Any:
    numbers = np.tile(np.arange(np.size(x)).reshape(np.shape(x)), reps)
    added = scatter_add(np.reshape(g, -1), index=np.reshape(numbers, -1), shape=(np.size(x),))
    return np.reshape(added, np.shape(x))


differentiable(np.repeat, _repeat_rule)
differentiable(np.tile, _tile_rule)


def _diagonal_rule(g: Any, y: Any, x: Any, offset: int, axis1: int, axis2: int) -> Any:
    """Put the entries back on the diagonal that they were taken from."""
    shape = np.shape(x)
    numbers = np.diagonal(np.arange(np.size(x)).reshape(shape), offset, axis1, axis2)
    added = scatter_add(np.reshape(g, -1), index=numbers.reshape(-1), shape=(np.size(x),))
    return np.reshape(added, shape)


differentiable(np.diagonal, _diagonal_rule)


@composite(np.trace)
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@composite(np.atleast_1d)
def _atleast_1d(*arrays: Any) -> Any:
    out = [np.reshape(a, (1,)) if np.ndim(a) == 0 else a for a in arrays]
    return out[0] if len(out) == 1 else tuple(out)


@composite(np.vstack)
def _vstack(arrays: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    rows = [a if np.ndim(a) > 1 else np.reshape(a, (1, -1)) for a in arrays]
    return _concatenate(*rows, axis=0, dtype=dtype, casting=casting)


@composite(np.hstack)
def _hstack(arrays: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    rows = [np.atleast_1d(a) for a in arrays]
    axis = 0 if np.ndim(rows[0]) == 1 else 1
    return _concatenate(*rows, axis=axis, dtype=dtype, casting=casting)
