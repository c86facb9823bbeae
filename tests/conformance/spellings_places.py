"""PyTorch's operators that read and write chosen places, in our words: indexing and ``x.at``."""

from __future__ import annotations

import operator

import numpy as np

import microtensor as mt


def places(index, dim):
    """Give the places that an index along one dim names: its own place in every other dim."""
    grid = list(np.indices(index.shape, sparse=True))
    grid[dim] = index.astype(int)
    return tuple(grid)


def along(x, dim, index):
    """Name whole slices along a dim."""
    return (slice(None),) * (dim % np.ndim(x)) + (index,)


def gather(x, dim, index):
    if np.size(index) == 0:  # whose shape PyTorch does not compare with that of x
        return np.reshape(np.ravel(x)[:0], np.shape(index))
    return np.reshape(np.atleast_1d(x)[places(np.atleast_1d(index), dim)], np.shape(index))


def given(index, source):
    """Give the part of the source that belongs to the index."""
    if np.ndim(source) == 0:
        return source
    return source[tuple(slice(n) for n in np.shape(index))]


def scatter(x, dim, index, source):
    rows, index = np.atleast_1d(x), np.atleast_1d(index)
    return np.reshape(rows.at[places(index, dim)].set(given(index, source)), np.shape(x))


def scatter_add(x, dim, index, source):
    rows, index = np.atleast_1d(x), np.atleast_1d(index)
    return np.reshape(rows.at[places(index, dim)].add(given(index, source)), np.shape(x))


def index_select(x, dim, index):
    return np.take(np.atleast_1d(x), index, axis=dim) if np.ndim(x) else x[None][index][0]


def index_copy(x, dim, index, source):
    rows = np.atleast_1d(x)
    return np.reshape(rows.at[along(rows, dim, index)].set(source), np.shape(x))


def index_add(x, dim, index, source, alpha=1):
    rows = np.atleast_1d(x)
    return np.reshape(rows.at[along(rows, dim, index)].add(alpha * source), np.shape(x))


def index_put(x, indices, values, accumulate=False):
    return x.at[indices].add(values) if accumulate else x.at[indices].set(values)


def masked_scatter(x, mask, source):
    mask = np.broadcast_to(mask, np.broadcast_shapes(np.shape(mask), np.shape(x)))
    x = np.broadcast_to(x, mask.shape)
    return x.at[mask].set(np.ravel(source)[: int(np.sum(mask))])


def masked_select(x, mask):
    shape = np.broadcast_shapes(np.shape(x), np.shape(mask))
    return np.broadcast_to(x, shape)[np.broadcast_to(mask, shape)]


def put(x, index, source, accumulate=False):
    flat, index, source = np.ravel(x), np.ravel(index), np.ravel(source)
    changed = flat.at[index].add(source) if accumulate else flat.at[index].set(source)
    return np.reshape(changed, np.shape(x))


def take_along_dim(x, index, dim=None):
    if dim is None:
        return np.take_along_axis(np.ravel(x), np.ravel(index), 0)
    return np.take_along_axis(x, index, dim)


def diagonal_scatter(x, source, offset=0, dim1=0, dim2=1):
    last = np.moveaxis(x, (dim1, dim2), (-2, -1))
    places = np.arange(source.shape[-1])
    rows, columns = places + max(-offset, 0), places + max(offset, 0)
    return np.moveaxis(last.at[..., rows, columns].set(source), (-2, -1), (dim1, dim2))


def select_scatter(x, source, dim, index):
    return x.at[along(x, dim, index)].set(source)


def slice_scatter(x, source, dim=0, start=None, end=None, step=1):
    return x.at[along(x, dim, slice(start, end, step))].set(source)


SPELLINGS = {
    "__getitem__": operator.getitem,
    "where": lambda x, condition, other: np.where(condition, x, other),
    "take": lambda x, index: np.take(x, index),
    "take_along_dim": take_along_dim,
    "gather": gather,
    "scatter": scatter,
    "scatter_add": scatter_add,
    "index_select": index_select,
    "index_copy": index_copy,
    "index_add": index_add,
    "index_fill": index_copy,
    "index_put": index_put,
    "masked_fill": lambda x, mask, value: np.where(mask, value, x),
    "masked_scatter": masked_scatter,
    "masked_select": masked_select,
    "put": put,
    "diagonal_scatter": diagonal_scatter,
    "select_scatter": select_scatter,
    "slice_scatter": slice_scatter,
    "nn.functional.embedding": lambda weight, index: mt.embedding(index, weight),
}
