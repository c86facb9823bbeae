"""PyTorch's operators that reshape, join, cut and repeat, in our words."""

from __future__ import annotations

import itertools

import numpy as np

from microtensor import Value


def flatten(x, start_dim=0, end_dim=-1):
    x = np.atleast_1d(x)
    end = end_dim % x.ndim
    return np.reshape(x, (*x.shape[:start_dim], -1, *x.shape[end + 1 :]))


def unflatten(x, dim, sizes):
    dim = dim % x.ndim
    return np.reshape(x, (*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


def transpose(x, a, b):
    return x if np.ndim(x) == 0 else np.swapaxes(x, a, b)


def squeeze(x, dim=None):
    """Leave out dimensions of one entry; PyTorch passes over longer ones that are named."""
    if dim is None or np.ndim(x) == 0:
        return np.squeeze(x)
    dims = (dim,) if isinstance(dim, int) else dim
    return np.squeeze(x, tuple(d for d in dims if x.shape[d] == 1))


def expand(x, shape):
    extra = len(shape) - np.ndim(x)
    kept = (1,) * extra + np.shape(x)
    return np.broadcast_to(x, [k if n == -1 else n for n, k in zip(shape, kept, strict=True)])


def sum_to_size(x, *shape):
    shape = shape[0] if shape and not isinstance(shape[0], int) else shape
    extra = np.ndim(x) - len(shape)
    kept = tuple(extra + i for i, n in enumerate(shape) if n == 1)
    return np.reshape(np.sum(x, axis=(*range(extra), *kept)), shape)


def cat(parts, dim=0):
    """Join arrays; PyTorch passes over those of shape (0,), whatever the others'."""
    parts = [p for p in parts if p.shape != (0,)] or parts
    return np.concatenate(parts, axis=dim)


def narrow(x, dim, start, length):
    return np.take(x, range(int(start), int(start) + length), axis=dim)


def split(x, sizes, dim=0):
    """Cut into parts of these sizes, or of one size with a rest."""
    n = x.shape[dim]
    if isinstance(sizes, int):
        return np.split(x, range(sizes, n, sizes), axis=dim)
    return np.split(x, np.cumsum(sizes)[:-1], axis=dim)


def chunk(x, chunks, dim=0):
    return split(x, -(-x.shape[dim] // chunks), dim)


def tensor_split(x, where, dim=0):
    where = where if isinstance(where, int) else np.asarray(where).tolist()
    return np.array_split(x, where, axis=dim)


def slice_of(x, dim=0, start=None, end=None, step=1):
    return x[(slice(None),) * dim + (slice(start, end, step),)]


def unbind(x, dim=0):
    return list(np.moveaxis(x, dim, 0))


def diag_embed(x, offset=0, dim1=-2, dim2=-1):
    n = x.shape[-1] + abs(offset)
    rows = np.arange(x.shape[-1]) + max(-offset, 0)
    placed = zeros(x, (*x.shape[:-1], n, n)).at[..., rows, rows + offset].set(x)
    return np.moveaxis(placed, (-2, -1), (dim1, dim2))


def zeros(x, shape):
    """Give zeros to place entries of x in."""
    return Value(np.zeros(shape, x.dtype))


def repeat_interleave(x, repeats, dim=None, output_size=None):
    return np.repeat(x, repeats, axis=dim)


def unfold(x, dimension, size, step):
    if np.ndim(x) == 0:
        return np.reshape(x, (1,))
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=dimension)
    return slice_of(windows, dimension % np.ndim(x), step=step)


def several(fn):
    """Let a function of one array take several, or a list of them."""

    def spelled(*arrays):
        arrays = arrays[0] if isinstance(arrays[0], list | tuple) else arrays
        return [fn(x) for x in arrays]

    return spelled


def meshgrid(*arrays, indexing):
    arrays = arrays[0] if isinstance(arrays[0], list) else arrays
    return np.meshgrid(*arrays, indexing=indexing)


def cartesian_prod(*arrays):
    if len(arrays) == 1:
        return arrays[0]
    return np.stack([np.ravel(x) for x in np.meshgrid(*arrays, indexing="ij")], axis=-1)


def combinations(x, r=2, with_replacement=False):
    chosen = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(chosen(range(len(x)), r)), int).reshape(-1, r)
    return x[places]


SPELLINGS = {
    "reshape": np.reshape,
    "view": np.reshape,
    "view_copy": np.reshape,
    "reshape_as": lambda x, other: np.reshape(x, np.shape(other)),
    "view_as": lambda x, other: np.reshape(x, np.shape(other)),
    "ravel": np.ravel,
    "flatten": flatten,
    "unflatten": unflatten,
    "permute": np.transpose,
    "permute_copy": np.transpose,
    "transpose": transpose,
    "transpose_copy": transpose,
    "T": lambda x: x.T,
    "H": lambda x: x.T,
    "t": np.transpose,
    "t_copy": np.transpose,
    "mT": lambda x: np.matrix_transpose(x),
    "mH": lambda x: np.matrix_transpose(x),
    "movedim": np.moveaxis,
    "squeeze": squeeze,
    "squeeze_copy": squeeze,
    "unsqueeze": np.expand_dims,
    "unsqueeze_copy": np.expand_dims,
    "expand": expand,
    "expand_copy": expand,
    "expand_as": lambda x, other: np.broadcast_to(x, np.shape(other)),
    "broadcast_to": np.broadcast_to,
    "broadcast_tensors": np.broadcast_arrays,
    "sum_to_size": sum_to_size,
    "atleast_1d": several(np.atleast_1d),
    "atleast_2d": several(np.atleast_2d),
    "atleast_3d": several(np.atleast_3d),
    "cat": cat,
    "stack": np.stack,
    "hstack": np.hstack,
    "vstack": np.vstack,
    "dstack": np.dstack,
    "column_stack": np.column_stack,
    "chunk": chunk,
    "unsafe_chunk": chunk,
    "split": split,
    "unsafe_split": split,
    "split_with_sizes": split,
    "split_with_sizes_copy": split,
    "tensor_split": tensor_split,
    "hsplit": np.hsplit,
    "vsplit": np.vsplit,
    "dsplit": np.dsplit,
    "unbind": unbind,
    "unbind_copy": unbind,
    "narrow": narrow,
    "narrow_copy": narrow,
    "select": lambda x, dim, index: np.take(x, index, axis=dim),
    "slice": slice_of,
    "unfold": unfold,
    "unfold_copy": unfold,
    "diag": np.diag,
    "diagflat": lambda x, offset=0: np.diagflat(x, offset),
    "diag_embed": diag_embed,
    "diagonal": lambda x, offset=0, dim1=0, dim2=1: np.diagonal(x, offset, dim1, dim2),
    "diagonal_copy": lambda x, offset=0, dim1=0, dim2=1: np.diagonal(x, offset, dim1, dim2),
    "linalg.diagonal": lambda x, offset=0, dim1=-2, dim2=-1: np.diagonal(x, offset, dim1, dim2),
    "tril": np.tril,
    "triu": np.triu,
    "roll": np.roll,
    "flip": lambda x, dims: np.flip(x, dims),
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "rot90": lambda x, k=1, dims=(0, 1): np.rot90(x, k, dims),
    "fft.fftshift": lambda x, dim=None: np.fft.fftshift(x, dim),
    "fft.ifftshift": lambda x, dim=None: np.fft.ifftshift(x, dim),
    "tile": np.tile,
    "repeat": np.tile,
    "repeat_interleave": repeat_interleave,
    "meshgrid": meshgrid,
    "cartesian_prod": cartesian_prod,
    "combinations": combinations,
}
