"""How alike are two vectors? Their length, distance and angle.

Legend: ``p`` the power of the norm, ``eps`` what keeps a length from being 0. The names and numbers
are PyTorch's, of the functions of the same names; its ``dim`` is ``axis`` here.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def normalize(x: Any, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Any:
    """Divide by the norm along an axis, so that it becomes 1; or by eps, if it is less.

    Examples
    --------
    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    return x / np.maximum(np.linalg.norm(x, ord=p, axis=axis, keepdims=True), eps)


def cosine_similarity(a: Any, b: Any, axis: int = 1, eps: float = 1e-8) -> Any:
    """Give the cosine of the angle between vectors along an axis.

    Examples
    --------
    >>> cosine_similarity(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([0.6])
    """
    a, b = np.broadcast_arrays(a, b)  # the axis is one of what they make together
    lengths = [np.maximum(np.linalg.norm(v, axis=axis, keepdims=True), eps) for v in (a, b)]
    return np.sum((a / lengths[0]) * (b / lengths[1]), axis=axis)


def pairwise_distance(
    a: Any, b: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False
) -> Any:
    """Give the norm of ``a - b + eps`` along the last axis.

    Examples
    --------
    >>> pairwise_distance(np.array([[1.0, 2.0]]), np.array([[4.0, 6.0]])).round(4)
    array([5.])
    """
    return np.linalg.norm(np.subtract(a, b) + eps, ord=p, axis=-1, keepdims=keepdims)
