"""Determinants, of singular matrices too.

Legend: ``g`` gradient of the output, ``y`` output, ``a`` square matrices (..., N, N).
Giles (2008) is his *Collected Matrix Derivative Results*.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive


def _det_rule(g: Any, y: Any, a: Any) -> Any:
    """dL/dA = g cof(A), which is g det(A) A⁻ᵀ of a regular matrix: Giles (2008), section 2.2."""
    return np.expand_dims(g, (-2, -1)) * _cofactors(a, y)


differentiable(np.linalg.det, _det_rule)


def _cofactors(a: Any, determinant: Any) -> Any:
    """Compute the determinants of all that is left without a row and a column.

    Polynomials of the entries, they exist where A⁻¹ does not, and so do all their derivatives.
    Where A is near singular, turn it by its singular vectors, held fast: A = U B Vᵀ. Then
    B = [[E, F], [H, K]] with E regular and all that is near singular in K - H E⁻¹ F, which is
    small; inverting by blocks, nothing is divided by det(A).
    """
    try:
        inverse = np.linalg.inv(a)
        regular = _is_regular(a, inverse)
    except np.linalg.LinAlgError:
        regular = False
    if not regular:
        left, right, sign, nullity = _frame(a)
        regular = nullity == 0
    if regular:
        return np.expand_dims(determinant, (-2, -1)) * inverse.mT
    b = left.mT @ a @ right
    n = np.shape(b)[-1] - nullity
    e, f, h, k = b[..., :n, :n], b[..., :n, n:], b[..., n:, :n], b[..., n:, n:]
    inverse = np.linalg.inv(e)
    to_rest, from_rest = inverse @ f, h @ inverse
    adjugate, small = _adjugate(k - h @ to_rest, nullity)
    top = [small * inverse + to_rest @ adjugate @ from_rest, -to_rest @ adjugate]
    blocks = [np.concatenate(top, -1), np.concatenate([-adjugate @ from_rest, adjugate], -1)]
    turned = np.concatenate(blocks, -2) * (sign * np.expand_dims(np.linalg.det(e), (-2, -1)))
    return left @ turned.mT @ right.mT


@primitive
def _is_regular(a: Any, inverse: Any) -> Any:
    """Tell whether condition numbers leave a second derivative half of its digits."""
    condition = np.abs(a).sum(-2).max(-1, initial=0) * np.abs(inverse).sum(-2).max(-1, initial=0)
    return bool(np.all(condition * np.sqrt(np.finfo(a.dtype).eps) < 1))


@primitive
def _frame(a: Any) -> Any:
    """Give singular vectors U and V, det(U) det(V), and how many values are near 0 at most."""
    u, s, vh = np.linalg.svd(a)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    near = s <= np.sqrt(np.finfo(a.dtype).eps) * s[..., :1]
    return u, vh.mT, np.sign(sign)[..., None, None], int(near.sum(-1).max(initial=0))


_frame.__name__, _is_regular.__name__ = "frame", "is_regular"
piecewise(_frame, _is_regular)


def _adjugate(s: Any, n: int) -> tuple[Any, Any]:
    """Compute adj(S) and det(S) of N rows, by Faddeev and Le Verrier's recurrence.

    N_1 = I, N_(k+1) = tr(S N_k) / k I - S N_k; adj(S) = N_N and det(S) = tr(S N_N) / N. It divides
    by no entry. Gantmacher, *The Theory of Matrices* (1959), chapter IV, section 5.
    """
    identity = np.eye(n, dtype=s.dtype)
    adjugate = np.broadcast_to(identity, np.shape(s))
    for k in range(1, n):
        product = s @ adjugate
        adjugate = _trace(product) / k * identity - product
    return adjugate, _trace(s @ adjugate) / n


def _trace(a: Any) -> Any:
    return np.expand_dims(np.linalg.trace(a), (-2, -1))


@primitive
def _slogdet(a: Any) -> Any:
    return np.stack(np.linalg.slogdet(a))


_slogdet.__name__ = "slogdet"
_SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


# d log|det A| = tr(A⁻¹ dA): Giles (2008), section 2.2. The sign is constant between its jumps.
def _slogdet_rule(g: Any, y: Any, a: Any) -> Any:
    singular = np.expand_dims(np.equal(y[0], 0), (-2, -1))
    if np.any(singular):  # log 0 has no derivative; the rest of the batch has
        regular = np.where(singular, np.eye(*np.shape(a)[-2:], dtype=a.dtype), a)
        inverse = np.where(singular, np.nan, np.linalg.inv(regular))
    else:
        inverse = np.linalg.inv(a)
    return np.expand_dims(g[1], (-2, -1)) * inverse.mT


differentiable(_slogdet, _slogdet_rule)


@composite(np.linalg.slogdet)
def _np_slogdet(a: Any) -> Any:
    packed = _slogdet(a)
    return _SlogdetResult(packed[0], packed[1])
