"""Which matrix products does BLAS compute? Those of two matrices at a time, as they lie.

A matrix that is transposed, or part of a larger one, needs no copy: BLAS is told how far apart the
rows are, and whether they are columns.

References
----------
.. [1] Dongarra, Du Croz, Hammarling, Duff, *A Set of Level 3 Basic Linear Algebra Subprograms*
   (1990): what GEMM computes, and what its arguments mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from .layouts import Layout, in_order
from .programs import Instruction, Variable

MOST = 4096  # matrices of a batch; more are left to NumPy
_FLOATS = {np.dtype(np.float32), np.dtype(np.float64)}


@dataclass(eq=False)
class Product:
    """``c = a @ b``, for each matrix of a batch.

    Attributes
    ----------
    a, b, c : Layout
        Of shapes (..., M, K), (..., K, N) and (..., M, N); the batch is the same.
    """

    a: Layout
    b: Layout
    c: Layout

    def roots(self) -> set[Variable]:
        return {self.a.root, self.b.root, self.c.root}

    @property
    def dtype(self) -> np.dtype:
        return self.c.root.dtype

    def matrices(self) -> list[tuple[int, int, int]]:
        """Give where the three matrices begin, for each of the batch."""
        batch = self.c.shape[:-2]
        places = []
        for at in product(*map(range, batch)):
            starts = (
                x.offset + sum(i * s for i, s in zip(at, x.strides, strict=False))
                for x in (self.a, self.b, self.c)
            )
            places.append(tuple(starts))
        return places  # type: ignore[return-value]  # three each


def product_of(
    ins: Instruction,
    layout: Callable[[Variable], Layout],
    copied: Callable[[Layout], Layout],
) -> Product | None:
    """See an instruction as products for BLAS; None if it is none.

    ``copied`` gives the layout of a copy that is in order.
    """
    out = ins.output if ins.outputs and ins.outputs[0] is not None else None
    if ins.fn not in (np.matmul, np.dot) or ins.options or out is None:
        return None
    a, b = ins.operands
    if not all(isinstance(x, Variable) and x.dtype == out.dtype for x in (a, b)):
        return None
    if out.dtype not in _FLOATS or not a.size or not b.size or not out.size:
        return None
    if ins.fn is np.dot and max(len(a.shape), len(b.shape)) > 2:
        return None
    left, right = layout(a), layout(b)
    if len(a.shape) == 1:
        left = Layout(left.root, left.offset, (0, *left.strides), (1, *left.shape))
    if len(b.shape) == 1:
        right = Layout(right.root, right.offset, (*right.strides, 0), (*right.shape, 1))
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    if prod(batch) > MOST and right.shape[:-2]:
        return None
    shape = (*batch, left.shape[-2], right.shape[-1])
    left, right = _over(left, batch), _over(right, batch)
    whole = Layout(out, 0, in_order(shape), shape)
    left, right, whole = _as_one(left, right, whole)
    if prod(whole.shape[:-2]) > MOST:
        return None
    if leading(left) is None:
        left = copied(left)
    if leading(right) is None:
        right = copied(right)
    return Product(left, right, whole)


def leading(x: Layout) -> tuple[bool, int] | None:
    """Tell whether a matrix lies by columns, and how far apart they, or its rows, are."""
    (m, n), (rows, columns) = x.shape[-2:], x.strides[-2:]
    if (columns == 1 or n == 1) and (rows >= max(n, 1) or m == 1):
        return False, max(rows, n, 1)
    if (rows == 1 or m == 1) and (columns >= max(m, 1) or n == 1):
        return True, max(columns, m, 1)
    return None


def _over(x: Layout, batch: tuple[int, ...]) -> Layout:
    matrix = x.shape[-2:]
    outer = Layout(x.root, x.offset, x.strides[:-2], x.shape[:-2]).broadcast(batch)
    return Layout(x.root, x.offset, (*outer.strides, *x.strides[-2:]), (*batch, *matrix))


def _as_one(a: Layout, b: Layout, c: Layout) -> tuple[Layout, Layout, Layout]:
    """See a batch of products by one matrix as one product, where the rows follow each other."""
    while len(a.shape) > 2:
        n = a.shape[-2]
        if b.strides[-3] or a.strides[-3] != n * a.strides[-2] or not a.strides[-2]:
            break
        a, c = (_rows_joined(x) for x in (a, c))
        b = Layout(b.root, b.offset, b.strides[:-3] + b.strides[-2:], b.shape[:-3] + b.shape[-2:])
    return a, b, c


def _rows_joined(x: Layout) -> Layout:
    shape = (*x.shape[:-3], x.shape[-3] * x.shape[-2], x.shape[-1])
    return Layout(x.root, x.offset, x.strides[:-3] + x.strides[-2:], shape)
