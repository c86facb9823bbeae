"""Einstein's sums.

Legend: ``g`` gradient of the output, ``y`` output; one letter per axis.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..primitives import composite, differentiable, primitive, static
from .indexing import scatter_add

# From how many products on BLAS wins: below, lining axes up takes longer than NumPy's own loop.
_WORTH_IT, _WORTH_IT_FOR_VECTORS = 4096, 65536


@primitive
def _einsum(*operands: Any, subscripts: str) -> Any:
    if len(operands) == 2:
        return _of_two(subscripts, *operands)
    if len(operands) == 1:
        return np.einsum(subscripts, *operands)
    path = _path(subscripts, *(np.shape(x) for x in operands))
    return np.einsum(subscripts, *operands, optimize=path)


@lru_cache(maxsize=256)
def _path(subscripts: str, *shapes: tuple[int, ...]) -> Any:
    """In which order to multiply so many arrays; False for all at once.

    Kept, since finding it takes longer than many a product.
    """
    terms = subscripts.partition("->")[0].split(",")
    sizes = {c: n for t, s in zip(terms, shapes, strict=True) for c, n in zip(t, s, strict=True)}
    if math.prod(sizes.values()) < _WORTH_IT:
        return False
    arrays = [np.broadcast_to(0.0, shape) for shape in shapes]
    return np.einsum_path(subscripts, *arrays, optimize="greedy")[0]


@lru_cache(maxsize=256)
def _axes_of_matrices(subscripts: str) -> tuple | None:
    """See two arrays as batches of matrices (rows, inner) and (inner, columns).

    Returns
    -------
    (batch, rows, inner, columns, to_output) or None
        Axes: pairs of both arrays' for the batch and the inner ones, the first's rows, the
        second's columns; and how to transpose the product. None if this is no matrix product.
    """
    names, _, output = subscripts.partition("->")
    a, b = names.split(",")
    if len(set(a)) < len(a) or len(set(b)) < len(b):
        return None
    batch = [c for c in a if c in b and c in output]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    inner = [c for c in a if c in b and c not in output]
    if not inner or not (rows or columns) or not set(rows + columns) <= set(output):
        return None
    product = batch + rows + columns
    return (
        [(a.index(c), b.index(c)) for c in batch],
        [a.index(c) for c in rows],
        [(a.index(c), b.index(c)) for c in inner],
        [b.index(c) for c in columns],
        [product.index(c) for c in output],
    )


def _of_two(subscripts: str, a: Any, b: Any) -> Any:
    """Sum the products of two arrays: by BLAS, where they are matrices and not small."""
    axes = _axes_of_matrices(subscripts)
    if axes is None or not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return np.einsum(subscripts, a, b)
    batch, rows, inner, columns, to_output = axes
    least = _WORTH_IT if rows and columns else _WORTH_IT_FOR_VECTORS
    work = a.size * math.prod([b.shape[j] for j in columns])
    if work < least or any(a.shape[i] != b.shape[j] for i, j in batch + inner):
        return np.einsum(subscripts, a, b)
    a = a.transpose([i for i, _ in batch] + rows + [i for i, _ in inner])
    b = b.transpose([j for _, j in batch] + [j for _, j in inner] + columns)
    n, m = len(batch), len(batch) + len(rows)
    outer, summed = a.shape[:n], math.prod(a.shape[m:])
    free = b.shape[n + len(inner) :]
    product = np.matmul(a.reshape(*outer, -1, summed), b.reshape(*outer, summed, -1))
    return product.reshape(*outer, *a.shape[n:m], *free).transpose(to_output)


_einsum.__name__ = "einsum"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in NumPy's order


def _explicit(subscripts: str, ndims: list[int]) -> str:
    """Write an einsum's subscripts with every axis named: no ellipsis, and with an output."""
    subscripts = subscripts.replace(" ", "")
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    free = [c for c in _LETTERS if c not in subscripts]
    widths = [n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True)]
    dots = "".join(
        free[: max([w for t, w in zip(terms, widths, strict=True) if "..." in t] or [0])]
    )
    terms = [
        t.replace("...", dots[len(dots) - w :] if w else "")
        for t, w in zip(terms, widths, strict=True)
    ]
    if arrow:
        output = output.replace("...", dots)
    else:
        letters = "".join(t.replace("...", "") for t in inputs.split(","))
        output = dots + "".join(c for c in sorted(set(letters)) if letters.count(c) == 1)
    return ",".join(terms) + "->" + output


def _einsum_rule(g: Any, y: Any, position: int, *operands: Any, subscripts: str) -> Any:
    """Sum the others and ``g`` into this operand's axes.

    An axis that only this operand has was summed away: its gradient is the same along it. An
    axis that it names twice was read on the diagonal: its gradient goes back there. An axis of
    length 1 that others have longer was broadcast: its gradient is left so, for the engine.
    """
    terms, _, output = subscripts.partition("->")
    names = terms.split(",")
    mine = names[position]
    sizes = dict(zip(mine, np.shape(operands[position]), strict=True))
    others = [n for i, n in enumerate(names) if i != position]
    arrays = [x for i, x in enumerate(operands) if i != position]
    known = [c for c in dict.fromkeys(mine) if c in output or any(c in n for n in others)]
    summed = _einsum(g, *arrays, subscripts=",".join([output, *others]) + "->" + "".join(known))
    axes = list(dict.fromkeys(mine))
    shape = tuple(np.shape(summed)[known.index(c)] if c in known else 1 for c in axes)
    spread = np.broadcast_to(
        np.reshape(summed, shape),
        tuple(n if sizes[c] == 1 else sizes[c] for c, n in zip(axes, shape, strict=True)),
    )
    if len(axes) == len(mine):
        return spread
    places = np.ogrid[tuple(slice(sizes[c]) for c in axes)]
    index = tuple(places[axes.index(c)] for c in mine)
    return scatter_add(spread, index=index, shape=np.shape(operands[position]))


differentiable(_einsum, variadic=_einsum_rule)


@composite(np.einsum)
def _np_einsum(subscripts: Any, *operands: Any, out: None = None, optimize: Any = False) -> Any:
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists(subscripts, *operands)
    if subscripts.count(",") + 1 != len(operands):
        np.einsum(subscripts, *(np.empty(np.shape(x)) for x in operands))  # NumPy's own error
    named = _explicit(subscripts, [np.ndim(x) for x in operands])
    return _einsum(*operands, subscripts=named)


def _from_lists(*args: Any) -> tuple[str, tuple]:
    """Turn the form ``einsum(a, [0, 1], b, [1, 2], [0, 2])`` into letters."""

    def letters(axes: Any) -> str:
        return "".join("..." if i is Ellipsis else _LETTERS[i] for i in axes)

    operands, axes = args[:-1:2], args[1::2]
    subscripts = ",".join(letters(a) for a in axes)
    if len(args) % 2:
        subscripts += "->" + letters(args[-1])
    return subscripts, operands


static(np.einsum_path)
