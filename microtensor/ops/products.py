"""More products: of vectors, of whole arrays, of chains of matrices; and NumPy's other names.

Legend: ``g`` gradient of the output, ``y`` output, ``a, b`` inputs.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..primitives import composite, differentiable, primitive, registry

# Products of vectors. NumPy's own options of axis are of a function that is called by name.


_VECDOT: Any = np.vecdot  # NumPy's types know of no axis


def _vecdot(a: Any, b: Any, axis: int = -1, **kwargs: Any) -> Any:
    return _VECDOT(a, b, axis=axis, **kwargs)


differentiable(
    np.vecdot,
    lambda g, y, a, b, axis: np.expand_dims(g, axis) * b,
    lambda g, y, a, b, axis: np.expand_dims(g, axis) * a,
)
registry[np.vecdot].computed_by(_vecdot)

differentiable(
    np.matvec,
    lambda g, y, a, b: np.expand_dims(g, -1) * np.expand_dims(b, -2),
    lambda g, y, a, b: np.matvec(a.mT, g),
)
differentiable(
    np.vecmat,
    lambda g, y, a, b: np.matvec(b, g),
    lambda g, y, a, b: np.expand_dims(a, -1) * np.expand_dims(g, -2),
)


@composite(np.vdot)
def _vdot(a: Any, b: Any, /) -> Any:
    return np.matmul(np.reshape(a, -1), np.reshape(b, -1))


@composite(np.inner)
def _inner(a: Any, b: Any, /) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, axes=((-1,), (-1,)))


@primitive
def _cross(a: Any, b: Any) -> Any:
    return np.cross(a, b)


_cross.__name__ = "cross"
# The triple product g . (a x b) may be turned: (b x g) . a = (g x a) . b.
differentiable(_cross, lambda g, y, a, b: _cross(b, g), lambda g, y, a, b: _cross(g, a))


@composite(np.cross)
def _np_cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    sizes = [np.shape(x)[i] for x, i in ((a, axisa), (b, axisb)) if np.ndim(x)]
    if sizes != [3, 3]:  # NumPy warns of vectors of 2 numbers, or finds what is wrong
        np.cross(np.zeros(np.shape(a)), np.zeros(np.shape(b)), axisa, axisb, axisc)
    a, b = (_of_three(np.moveaxis(x, i, -1)) for x, i in ((a, axisa), (b, axisb)))
    y = _cross(a, b)
    return y[..., 2] if sizes == [2, 2] else np.moveaxis(y, -1, axisc)


def _of_three(x: Any) -> Any:
    """Put vectors of 2 numbers into space."""
    if np.shape(x)[-1] == 3:
        return x
    return np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1)


@composite(np.kron)
def _kron(a: Any, b: Any) -> Any:
    """Multiply all pairs of entries; those of b lie within each of a's."""
    ndim = max(np.ndim(a), np.ndim(b))
    shapes = [(1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b)]
    outer, inner = (
        np.reshape(x, tuple(itertools.chain(*(pair[::step] for pair in zip(s, ones, strict=True)))))
        for x, s, ones, step in zip((a, b), shapes, [(1,) * ndim] * 2, (1, -1), strict=True)
    )
    return np.reshape(outer * inner, tuple(n * m for n, m in zip(*shapes, strict=True)))


# Chains


def _cheapest_split(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Find where to split each part of a chain of matrices, so that multiplying costs least.

    Cormen et al., *Introduction to Algorithms* (2022), section 14.2.
    """
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for i, j in ((i, i + length) for length in range(1, n) for i in range(n - length)):
        cost[i, j], split[i, j] = min(
            (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
            for k in range(i, j)
        )
    return split


@composite(np.linalg.multi_dot)
def _multi_dot(arrays: Any, *, out: None = None) -> Any:
    arrays = [x if hasattr(x, "shape") else np.asarray(x) for x in arrays]
    ndims = [np.ndim(x) for x in arrays]
    if len(arrays) == 2:
        return np.dot(*arrays)  # of any number of axes, as NumPy has it
    if len(arrays) < 2 or any(n != 2 for n in ndims[1:-1]) or not {1, 2} >= {ndims[0], ndims[-1]}:
        np.linalg.multi_dot([np.empty(np.shape(x)) for x in arrays])  # NumPy's own error
    first = (1, *np.shape(arrays[0]))[-2:]
    split = _cheapest_split([*first, *((*np.shape(x), 1)[1] for x in arrays[1:])])

    def product(i: int, j: int) -> Any:
        if i == j:
            return arrays[i]
        return np.matmul(product(i, split[i, j]), product(split[i, j] + 1, j))

    return product(0, len(arrays) - 1)


@composite(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    """Multiply the squares, squares of squares, ... that the binary digits of n name."""
    if np.ndim(a) < 2 or np.shape(a)[-1] != np.shape(a)[-2] or int(n) != n:
        np.linalg.matrix_power(np.zeros(np.shape(a)), n)  # NumPy's own error
    if n == 0:
        return np.where(False, a, np.eye(*np.shape(a)[-2:], dtype=a.dtype))  # in a's shape
    square = np.linalg.inv(a) if n < 0 else a
    n = abs(n)
    result: Any = None
    while True:
        n, digit = divmod(n, 2)
        if digit:
            result = square if result is None else result @ square
        if n == 0:
            return +result
        square = square @ square


# NumPy's other names. These are functions of their own, of the last two axes or the last.


@composite(np.linalg.matmul)
def _matmul(x1: Any, x2: Any, /) -> Any:
    return np.matmul(x1, x2)


@composite(np.linalg.tensordot)
def _tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return np.tensordot(x1, x2, axes=axes)


@composite(np.linalg.vecdot)
def _linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return _VECDOT(x1, x2, axis=axis)


@composite(np.linalg.outer)
def _outer(x1: Any, x2: Any, /) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        np.linalg.outer(np.empty(np.shape(x1)), np.empty(np.shape(x2)))  # NumPy's own error
    return np.outer(x1, x2)


@composite(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    if np.shape(x1)[axis] != 3 or np.shape(x2)[axis] != 3:
        np.linalg.cross(np.empty(np.shape(x1)), np.empty(np.shape(x2)), axis=axis)  # NumPy's error
    return np.cross(x1, x2, axis=axis)


@composite(np.linalg.trace)
def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype=dtype)


@composite(np.linalg.diagonal)
def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@composite(np.linalg.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    if np.ndim(x) < 2:
        np.linalg.matrix_transpose(np.empty(np.shape(x)))  # NumPy's own error
    return np.swapaxes(x, -1, -2)
