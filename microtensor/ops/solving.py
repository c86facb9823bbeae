"""Systems of linear equations: inverses, solutions, triangles.

Legend: ``g`` gradient of the output, ``y`` output, ``a`` matrices, ``b`` right-hand sides.
Giles (2008) is his *Collected Matrix Derivative Results*.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitives import composite, differentiable, primitive

# d(A⁻¹) = -A⁻¹ dA A⁻¹: Giles (2008), section 2.2.
differentiable(np.linalg.inv, lambda g, y, a: -(y.mT @ g @ y.mT))


# X = A⁻¹ B: dL/dB = A⁻ᵀ G and dL/dA = -A⁻ᵀ G Xᵀ: Giles (2008), section 2.3.
def _solve_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(b) == 1:  # only then does NumPy see a vector, not a stack of matrices
        return np.linalg.solve(a.mT, np.expand_dims(g, -1))[..., 0]
    return np.linalg.solve(a.mT, g)


def _solve_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    to_b = _solve_right(g, y, a, b)
    if np.ndim(b) == 1:
        return -np.expand_dims(to_b, -1) * np.expand_dims(y, -2)
    return -(to_b @ y.mT)


differentiable(np.linalg.solve, _solve_left, _solve_right)


@composite(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    shape = np.shape(a)
    if ind <= 0:
        np.linalg.tensorinv(np.ones(1), ind)  # NumPy's own error
    inverse = np.linalg.inv(np.reshape(a, (math.prod(shape[ind:]), -1)))
    return np.reshape(inverse, shape[ind:] + shape[:ind])


@composite(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    if axes is not None:
        rest = [k for k in range(np.ndim(a)) if k not in axes]
        a = np.transpose(a, rest + list(axes))
    unknowns = np.shape(a)[np.ndim(b) :]
    if math.prod(unknowns) != np.size(b):
        np.linalg.tensorsolve(np.ones(np.shape(a)), np.ones(np.shape(b)))  # NumPy's own error
    square = np.reshape(a, (np.size(b), np.size(b)))
    return np.reshape(np.linalg.solve(square, np.reshape(b, -1)), unknowns)


@primitive
def solve_triangular(a: Any, b: Any, *, upper: bool, unitriangular: bool = False) -> Any:
    """Solve A X = B for X, where A is triangular.

    Parameters
    ----------
    a : (..., N, N) array
        Only one of its triangles is read.
    b : (N,) or (..., N, K) array
        A vector only if it has one axis, as in `numpy.linalg.solve`.
    upper : bool
        Whether A is upper triangular; else lower.
    unitriangular : bool, default False
        Whether to take A's diagonal as ones, whatever it holds.

    Returns
    -------
    (..., N) or (..., N, K) array

    Raises
    ------
    ShapeError
        If ``a`` is not made of square matrices.
    numpy.linalg.LinAlgError
        If there is a 0 on the diagonal.

    References
    ----------
    .. [1] Giles, *Collected Matrix Derivative Results* (2008), section 2.3.

    Examples
    --------
    >>> a = np.array([[2.0, 9.0], [1.0, 4.0]])
    >>> solve_triangular(a, np.array([2.0, 5.0]), upper=False)
    array([1., 1.])
    """
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            "solve_triangular: a must be made of square matrices.",
            expected="a of shape (..., N, N)",
            got=f"a of shape {a.shape}",
        )
    triangle = (np.triu if upper else np.tril)(a, (1 if upper else -1) if unitriangular else 0)
    return np.linalg.solve(triangle + np.eye(*a.shape[-2:], dtype=a.dtype) * unitriangular, b)


def _triangular_right(g: Any, y: Any, a: Any, b: Any, upper: bool, unitriangular: bool) -> Any:
    options = {"upper": not upper, "unitriangular": unitriangular}
    if np.ndim(b) == 1:
        return solve_triangular(a.mT, np.expand_dims(g, -1), **options)[..., 0]
    return solve_triangular(a.mT, g, **options)


def _triangular_left(g: Any, y: Any, a: Any, b: Any, upper: bool, unitriangular: bool) -> Any:
    """What was not read receives nothing."""
    to_b = _triangular_right(g, y, a, b, upper, unitriangular)
    vector = np.ndim(b) == 1
    full = np.expand_dims(to_b, -1) * np.expand_dims(y, -2) if vector else to_b @ y.mT
    return (np.triu if upper else np.tril)(-full, (1 if upper else -1) if unitriangular else 0)


differentiable(solve_triangular, _triangular_left, _triangular_right)
