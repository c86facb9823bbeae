"""Systems of linear equations: inverses, solutions, least squares.

Legend: ``g`` gradient of the output, ``y`` output, ``a`` matrices, ``b`` right-hand sides.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitives import composite, differentiable, piecewise, primitive
from .decompositions import svdvals_found, symmetric

# d(A⁻¹) = -A⁻¹ dA A⁻¹: Giles (2008), section 2.2.3.
differentiable(np.linalg.inv, lambda g, y, a: -(y.mT @ g @ y.mT))


# X = A⁻¹ B: dL/dB = A⁻ᵀ G and dL/dA = -A⁻ᵀ G Xᵀ: Giles (2008), section 2.3.1.
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
    .. [1] Giles, *Collected Matrix Derivative Results* (2008), section 2.3.1.

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
    return np.linalg.solve(triangle + np.eye(a.shape[-1], dtype=a.dtype) * unitriangular, b)


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


# Pseudo-inverses


@primitive
def _pinv(a: Any, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond)


_pinv.__name__ = "pinv"


def _pinv_rule(g: Any, y: Any, a: Any) -> Any:
    """-PᵀG Pᵀ + (I - AP) Gᵀ P Pᵀ + PᵀP Gᵀ (I - PA), where P = A⁺ and the rank stays.

    Golub, Pereyra, *The Differentiation of Pseudo-Inverses* (1973), equation 4.12.
    """
    p, q, h = y, y.mT, g.mT
    m, n = np.shape(a)[-2:]
    to_a = -(q @ g @ q)
    if m > 0 < n:
        right = h @ p @ q
        left = q @ p @ h
        to_a = to_a + right - a @ (p @ right) + left - (left @ p) @ a
    return to_a


differentiable(_pinv, _pinv_rule)


@composite(np.linalg.pinv)
def _np_pinv(a: Any, rcond: Any = None, hermitian: bool = False, **rtol: Any) -> Any:
    """Find the cut-off that NumPy would take; its default differs between rcond and rtol."""
    if rtol.keys() - {"rtol"} or (rcond is not None and rtol):
        np.linalg.pinv(np.eye(1), rcond, **rtol)  # NumPy's own error
    if rcond is None:
        rcond = rtol.get("rtol", 1e-15)
    if rcond is None:
        rcond = max(np.shape(a)[-2:]) * np.finfo(a.dtype).eps
    return _pinv(symmetric(a, UPLO="L") if hermitian else a, rcond=rcond)


# Least squares


@primitive
def _lstsq(a: Any, b: Any, rcond: Any) -> Any:
    """Solve once; what depends on a and b is then read off by functions with rules."""
    return np.linalg.lstsq(a, b, rcond)


@primitive
def _solution(a: Any, b: Any, x: Any, rcond: Any) -> Any:
    return x


_lstsq.__name__ = _solution.__name__ = "lstsq"


# X = A⁺B, so that its rules are those of A⁺ and of the product.
def _to_system(g: Any, y: Any, a: Any, b: Any, x: Any, rcond: Any) -> Any:
    p = _pinv(a, rcond=rcond)
    if np.ndim(b) == 1:
        g, y, b = (np.expand_dims(v, -1) for v in (g, y, b))
    right = p.mT @ g
    missed = g - p @ (a @ g)  # what the solution cannot do: 0 for full column rank
    return -right @ y.mT + (b - a @ y) @ (p @ right).mT + (p.mT @ y) @ missed.mT


def _to_observed(g: Any, y: Any, a: Any, b: Any, x: Any, rcond: Any) -> Any:
    return _pinv(a, rcond=rcond).mT @ g


piecewise(_lstsq)
differentiable(_solution, _to_system, _to_observed, None)


@composite(np.linalg.lstsq)
def _np_lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Return what NumPy does; the rank is a plain number."""
    x, residuals, rank, s = _lstsq(a, b, rcond=rcond)
    eps = np.finfo(x.dtype).eps
    cut = eps * max(np.shape(a)) if rcond is None else eps if rcond < 0 else rcond
    x = _solution(a, b, x, rcond=cut)
    if np.size(residuals):
        squares = np.square(b - a @ x)
        residuals = np.reshape(np.sum(squares, axis=0), (-1,))
    return x, residuals, rank, svdvals_found(a, s)


# Ranks: whole numbers, whose derivative is zero.
piecewise(np.linalg.matrix_rank)
