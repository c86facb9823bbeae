"""The exponential of a matrix.

Legend: ``g`` gradient of the output, ``y`` output, ``a`` square matrices (..., N, N).
"""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitives import differentiable, primitive

_DEGREE, _RADIUS = 13, 5.371920351148152  # up to this 1-norm the approximation is exact to rounding
_PADE = [
    factorial(2 * _DEGREE - k) * factorial(_DEGREE) / factorial(2 * _DEGREE)
    / (factorial(k) * factorial(_DEGREE - k)) for k in range(_DEGREE + 1)
]  # fmt: skip


@primitive
def matrix_exp(a: Any) -> Any:
    """Sum the series I + A + A²/2! + A³/3! + ... of square matrices.

    exp(A) = exp(A / 2ᵏ) squared k times, where A / 2ᵏ is small enough for Padé's rational
    approximation of degree 13 [1]_.

    Parameters
    ----------
    a : (..., N, N) array

    Returns
    -------
    (..., N, N) array

    Raises
    ------
    ShapeError
        If ``a`` is not made of square matrices.

    References
    ----------
    .. [1] Higham, *The Scaling and Squaring Method for the Matrix Exponential Revisited* (2005).

    Examples
    --------
    >>> matrix_exp(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            "matrix_exp: a must be made of square matrices.",
            expected="a of shape (..., N, N)",
            got=f"a of shape {a.shape}",
        )
    size = np.abs(a).sum(-2).max(-1, initial=0)
    if not np.all(np.isfinite(size)):
        return np.full_like(a, np.nan)
    halvings = np.ceil(np.log2(np.maximum(size / _RADIUS, 1))).astype(int)[..., None, None]
    a = a * np.ldexp(np.ones((), a.real.dtype), -halvings)
    square = a @ a
    powers = [np.eye(*a.shape[-2:], dtype=a.dtype), square, square @ square]
    powers.append(powers[2] @ square)
    c = _PADE
    low = [sum(c[2 * k + odd] * p for k, p in enumerate(powers)) for odd in (0, 1)]
    high = [
        powers[3] @ sum(c[2 * k + 6 + odd] * p for k, p in enumerate(powers) if k) for odd in (0, 1)
    ]
    even, odd = low[0] + high[0], a @ (low[1] + high[1])
    y = np.linalg.solve(even - odd, even + odd)
    for k in range(halvings.max(initial=0)):
        y = np.where(k < halvings, y @ y, y)
    return y


def _matrix_exp_rule(g: Any, y: Any, a: Any) -> Any:
    """The derivative at Aᵀ in direction G stands in exp([[Aᵀ, G], [0, Aᵀ]]), top right.

    Mathias, *A Chain Rule for Matrix Functions and Applications* (1996).
    """
    n = np.shape(a)[-1]
    top = np.concatenate([a.mT, g], axis=-1)
    bottom = np.concatenate([np.zeros_like(a), a.mT], axis=-1)
    return matrix_exp(np.concatenate([top, bottom], axis=-2))[..., :n, n:]


differentiable(matrix_exp, _matrix_exp_rule)
