"""Norms of vectors and matrices, and condition numbers.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Where a norm has a corner, the
gradient is PyTorch's: 0 where the 2-norm is 0, and shared among entries that are largest together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable
from .masking import masked

_INF = float("inf")


def _vector_norm_rule(g: Any, y: Any, x: Any, axis: Any, keepdims: bool, ord: Any) -> Any:
    """(|x| / y)^(p-1) sign(x): each entry's share in the norm."""
    if not keepdims:
        axis = tuple(range(np.ndim(x))) if axis is None else axis
        g, y = np.expand_dims(g, axis), np.expand_dims(y, axis)
    if ord == 2:
        return x * (g * _reciprocal(y))
    if ord in (0, 1):  # the number of nonzero entries, 0, is a function of steps
        return (g if ord else masked(g, False)) * np.sign(x)
    if abs(ord) == _INF:
        largest = np.equal(np.abs(x), y)
        return g / np.sum(largest, axis=axis, keepdims=True) * np.where(largest, np.sign(x), 0)
    if ord > 2:  # at 0 PyTorch takes every derivative as 0
        zero = np.equal(y, 0)
        share = np.where(zero, 0, np.abs(x) / np.where(zero, 1, y))
        return g * np.sign(x) * share ** (ord - 1)
    share = np.abs(x) * _reciprocal(y)
    # At 0 the slope of the slope is infinite, for p < 1 the slope itself, which PyTorch takes as 0.
    none = np.equal(share, 0)
    power = np.where(none, 1, share) ** (ord - 1)
    return g * np.sign(x) * np.where(none, 0 * np.sqrt(np.abs(x)), power)


def _reciprocal(y: Any) -> Any:
    """Divide 1 by a norm; 0 at 0, as PyTorch, and there the root makes the derivative nan."""
    zero = np.equal(y, 0)
    return np.where(zero, np.sqrt(y), 1 / np.where(zero, 1, y))


differentiable(np.linalg.vector_norm, _vector_norm_rule)


@composite(np.linalg.matrix_norm)
def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, ord, axis=(-2, -1), keepdims=keepdims)


@composite(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    if axis is None and (ord is None or (np.ndim(x), ord) in ((2, "fro"), (1, 2), (2, "f"))):
        return np.linalg.vector_norm(x, keepdims=keepdims)
    axes = tuple(range(np.ndim(x))) if axis is None else axis
    axes = tuple(axes) if np.iterable(axes) else (axes,)
    if len(axes) == 1 and ord is None:
        ord = 2
    if len(axes) not in (1, 2) or (len(axes) == 1 and isinstance(ord, str)):
        return np.linalg.norm(np.empty(np.shape(x)), ord, axis, keepdims)  # NumPy's own error
    if len(axes) == 1:
        return np.linalg.vector_norm(x, axis=axes[0], keepdims=keepdims, ord=ord)
    if ord is None or ord in ("fro", "f"):
        return np.linalg.vector_norm(x, axis=axes, keepdims=keepdims)
    return _of_matrices(x, ord, axes, keepdims)


def _of_matrices(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    """Norms that see rows, columns or singular values."""
    x = np.moveaxis(x, axes, (-2, -1))
    if ord == "nuc":
        y = np.sum(np.linalg.svdvals(x), axis=-1)
    elif ord in (2, -2):
        y = (np.max if ord == 2 else np.min)(np.linalg.svdvals(x), axis=-1)
    elif ord in (1, -1, _INF, -_INF):
        sums = np.sum(np.abs(x), axis=-2 if abs(ord) == 1 else -1)
        y = (np.max if ord > 0 else np.min)(sums, axis=-1)
    else:
        return np.linalg.norm(np.eye(1), ord, axis=(0, 1))  # NumPy's own error
    return np.expand_dims(y, tuple(a % np.ndim(x) for a in axes)) if keepdims else y


@composite(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Any:
    if 0 in np.shape(x)[-2:]:
        np.linalg.cond(np.empty(np.shape(x)))  # NumPy's own error
    if p is None or p in (2, -2):
        s = np.linalg.svdvals(x)
        with np.errstate(all="ignore"):
            ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        return _no_nan(ratio, x)
    singular = np.equal(np.linalg.slogdet(x).sign, 0)
    if np.any(singular):
        singular = np.expand_dims(singular, (-2, -1))
        inverse = np.linalg.inv(np.where(singular, np.eye(*np.shape(x)[-2:]), x))
        inverse = np.where(singular, _INF, inverse)
    else:
        inverse = np.linalg.inv(x)
    sizes = (np.linalg.norm(v, p, axis=(-2, -1)) for v in (x, inverse))
    with np.errstate(all="ignore"):
        return _no_nan(next(sizes) * next(sizes), x)


def _no_nan(ratio: Any, x: Any) -> Any:
    """Of a matrix without nan, 0 / 0 and the like are an infinite condition."""
    unclear = np.isnan(ratio)
    if not np.any(unclear):
        return ratio
    return np.where(unclear & ~np.any(np.isnan(x), axis=(-2, -1)), _INF, ratio)
