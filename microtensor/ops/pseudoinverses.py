"""Pseudo-inverses and least squares: systems of any shape and rank.

Legend: ``g`` gradient of the output, ``y`` output, ``a`` matrices, ``b`` right-hand sides. As
derivatives go, the rank stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive
from .decompositions import svdvals_found, symmetric


@primitive
def _pinv(a: Any, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond)


@primitive
def _cuts(a: Any, pinv: Any) -> Any:
    """Tell whether singular values were cut off that are not 0 but for rounding."""
    lost = np.linalg.norm(a - a @ pinv @ a, axis=(-2, -1))
    eps = np.finfo(a.dtype).eps
    return bool(np.any(lost > 100 * max(a.shape) * eps * np.linalg.norm(a, axis=(-2, -1))))


_pinv.__name__, _cuts.__name__ = "pinv", "cuts"
piecewise(_cuts)


def _pinv_rule(g: Any, y: Any, a: Any, rcond: Any) -> Any:
    """-PᵀG Pᵀ + (I - AP) Gᵀ P Pᵀ + PᵀP Gᵀ (I - PA), where P = A⁺ and the rank stays.

    Golub, Pereyra, *The Differentiation of Pseudo-Inverses* (1973), equation 4.12.
    """
    if _cuts(a, y):
        return _through_singular_values(g.mT, a, rcond)
    p, q, h = y, y.mT, g.mT
    right, left = h @ p @ q, q @ p @ h
    return -(q @ g @ q) + right - a @ (p @ right) + left - (left @ p) @ a


def _through_singular_values(h: Any, a: Any, rcond: Any) -> Any:
    """Do the same where A⁺ leaves out singular values that are not 0.

    A⁺ᵀ = U f(S) Vᵀ, f(s) being 1 / s or 0. With E = UᵀHV, its derivative scales E + Eᵀ by
    (fᵢ - fⱼ) / (sᵢ - sⱼ) and E - Eᵀ by (fᵢ + fⱼ) / (sᵢ + sⱼ). Noferini, *A formula for the
    Fréchet derivative of a generalized matrix function* (2017).
    """
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    v = vh.mT
    kept = s > np.expand_dims(rcond, -1) * np.max(s, axis=-1, keepdims=True)
    f = np.where(kept, 1 / np.where(kept, s, 1), 0)
    row, column, f_row, f_column = (np.expand_dims(x, i) for x in (s, f) for i in (-2, -1))
    both = np.equal(np.expand_dims(kept, -2), np.expand_dims(kept, -1))
    even = np.where(both, -f_row * f_column, (f_row - f_column) / np.where(both, 1, row - column))
    odd = np.where(both, f_row * f_column, (f_row + f_column) / np.where(both, 1, row + column))
    e = u.mT @ h @ v
    inner = (even * (e + e.mT) + odd * (e - e.mT)) / 2
    beside = (h @ v - u @ e) * np.expand_dims(f * f, -2) @ vh  # what U does not reach, then V
    return u @ inner @ vh + beside + u @ (np.expand_dims(f * f, -1) * (u.mT @ h - e @ vh))


differentiable(_pinv, _pinv_rule)


@composite(np.linalg.pinv)
def _np_pinv(a: Any, rcond: Any = None, hermitian: bool = False, **rtol: Any) -> Any:
    """Find the cut-off that NumPy would take; its default differs between rcond and rtol."""
    if rtol.keys() - {"rtol"} or (rcond is not None and rtol):
        np.linalg.pinv(np.eye(1), rcond, **rtol)  # NumPy's own error
    if rcond is None:
        rcond = rtol.get("rtol", 1e-15)
    if rcond is None:  # given as rtol
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
    if _cuts(a, p):
        return _pinv_rule(g @ b.mT, p, a, rcond)
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
    # LAPACK takes its own eps, the half of NumPy's, in place of what is no share.
    cut = eps * max(np.shape(a)) if rcond is None else rcond if 0 < rcond < 1 else eps / 2
    x = _solution(a, b, x, rcond=cut)
    if np.size(residuals):
        squares = np.square(b - a @ x)
        residuals = np.reshape(np.sum(squares, axis=0), (-1,))
    return x, residuals, rank, svdvals_found(a, s)


# Ranks: whole numbers, whose derivative is zero.
piecewise(np.linalg.matrix_rank)
