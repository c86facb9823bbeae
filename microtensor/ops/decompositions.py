"""Decompositions of matrices: Cholesky, QR, eigenvalues of symmetric matrices, singular values.

Legend: ``g`` gradient of the output, ``y`` output, ``a`` matrices (..., M, N); ``K = min(M, N)``.

A decomposition is computed once, packed into one array, and recorded with derivative zero. Each
factor is then read off it by a function of its own, whose rule leads past it to ``a``. So a factor
that is not used sends nothing: eigenvalues have their gradient where eigenvectors have none.

Giles (2008) is his *Collected Matrix Derivative Results*.

A symmetric matrix is read from one triangle. Its gradient goes half to each, as if that matrix had
been made by ``(a + a.mT) / 2``. Vectors of equal values have no derivative: it is inf or nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import (
    composite,
    differentiable,
    missing_option,
    piecewise,
    primitive,
    unsupported,
)

_EighResult = type(np.linalg.eigh(np.eye(1)))
_QRResult = type(np.linalg.qr(np.eye(1)))
_SVDResult = type(np.linalg.svd(np.eye(1)))


def symmetrised(g: Any) -> Any:
    """Give both triangles what a matrix that is read from one of them receives."""
    return (g + g.mT) / 2


@primitive
def symmetric(a: Any, UPLO: Any) -> Any:
    """Complete a symmetric matrix from its lower ("L") or upper ("U") triangle."""
    lower = np.tril(a if UPLO.upper() == "L" else a.mT)
    return lower + np.tril(lower, -1).mT


differentiable(symmetric, lambda g, y, a: symmetrised(g))


# Cholesky: with S = L⁻ᵀ Φ(Lᵀ G) L⁻¹, where Φ keeps the lower triangle and half of the diagonal,
# dL/dA = (S + Sᵀ) / 2. Murray, *Differentiation of the Cholesky decomposition* (2016).
def _cholesky_rule(g: Any, y: Any, a: Any, upper: bool) -> Any:
    if upper:
        g, y = g.mT, y.mT
    product = y.mT @ g
    kept = (np.tril(product) + np.tril(product, -1)) / 2
    half = np.linalg.solve(y.mT, kept)
    return symmetrised(np.linalg.solve(y.mT, half.mT))


differentiable(np.linalg.cholesky, _cholesky_rule)


def _differences(values: Any) -> Any:
    """Subtract each from each, with 1 on the diagonal."""
    n = np.shape(values)[-1]
    gaps = np.expand_dims(values, -2) - np.expand_dims(values, -1)
    return np.where(np.eye(n, dtype=bool), 1, gaps)


# Symmetric eigenvalues


@primitive
def _spectrum(a: Any, UPLO: Any) -> Any:
    """Pack eigenvalues above eigenvectors, (..., N + 1, N)."""
    values, vectors = np.linalg.eigh(a, UPLO)
    return np.concatenate([values[..., None, :], vectors], axis=-2)


@primitive
def _eigenvalues(a: Any, spectrum: Any) -> Any:
    return spectrum[..., 0, :]


@primitive
def _eigenvectors(a: Any, spectrum: Any) -> Any:
    return spectrum[..., 1:, :]


def _to_eigenvectors(g: Any, y: Any, a: Any, spectrum: Any) -> Any:
    """V (VᵀG / (wⱼ - wᵢ)) Vᵀ off the diagonal."""
    gaps = _differences(_eigenvalues(a, spectrum))
    inner = np.where(np.eye(np.shape(a)[-1], dtype=bool), 0, y.mT @ g / gaps)
    return symmetrised(y @ inner @ y.mT)


# dw = diag(Vᵀ dA V) and dV = V (F ∘ Vᵀ dA V), Fᵢⱼ = 1 / (wⱼ - wᵢ): Giles (2008), section 3.
def _along_vectors(g: Any, left: Any, right: Any) -> Any:
    return (left * np.expand_dims(g, -2)) @ right.mT


def _to_eigenvalues(g: Any, y: Any, a: Any, spectrum: Any) -> Any:
    vectors = _eigenvectors(a, spectrum)
    return _along_vectors(g, vectors, vectors)


def _to_eigvalsh(g: Any, y: Any, a: Any, UPLO: Any) -> Any:
    vectors = np.linalg.eigh(a, UPLO).eigenvectors
    return _along_vectors(g, vectors, vectors)


piecewise(_spectrum)
unsupported(
    "Eigenvalues are complex in general; those of symmetric matrices are real: np.linalg.eigh.",
    np.linalg.eig,
    np.linalg.eigvals,
)
differentiable(_eigenvalues, _to_eigenvalues, None)
differentiable(_eigenvectors, _to_eigenvectors, None)
differentiable(np.linalg.eigvalsh, _to_eigvalsh)


@composite(np.linalg.eigh)
def _eigh(a: Any, UPLO: Any = "L") -> Any:
    spectrum = _spectrum(a, UPLO=UPLO)
    return _EighResult(_eigenvalues(a, spectrum), _eigenvectors(a, spectrum))


# Singular values


@primitive
def _singular(a: Any, full_matrices: bool) -> Any:
    """Pack U above s above V, as wide as the widest."""
    u, s, vh = np.linalg.svd(a, full_matrices)
    (m, columns), n, k = u.shape[-2:], vh.shape[-1], s.shape[-1]
    packed = np.zeros((*s.shape[:-1], m + 1 + n, max(columns, vh.shape[-2])), s.dtype)
    packed[..., :m, :columns] = u
    packed[..., m, :k] = s
    packed[..., m + 1 :, : vh.shape[-2]] = vh.mT
    return packed


@primitive
def _singular_values(a: Any, packed: Any) -> Any:
    return packed[..., a.shape[-2], : min(a.shape[-2:])]


@primitive
def _left_vectors(a: Any, packed: Any, full_matrices: bool) -> Any:
    m, n = a.shape[-2:]
    return packed[..., :m, : m if full_matrices else min(m, n)]


@primitive
def _right_vectors(a: Any, packed: Any, full_matrices: bool) -> Any:
    m, n = a.shape[-2:]
    return packed[..., m + 1 :, : n if full_matrices else min(m, n)]


def _to_basis(g: Any, basis: Any, k: int) -> tuple[Any, Any]:
    """Send the gradient of a whole basis to its first K vectors.

    The others move as little as they must to stay orthogonal: dU₂ = -U₁ dU₁ᵀ U₂. (PyTorch ignores
    their gradient.) Any basis of what they span would do, so only what does not depend on the
    choice, such as U₂ U₂ᵀ, has a derivative.
    """
    if np.shape(basis)[-1] == k:
        return g, basis
    first, rest = basis[..., :k], basis[..., k:]
    return g[..., :k] - rest @ (g[..., k:].mT @ first), first


def _to_vectors(g: Any, basis: Any, s: Any, other: Any) -> Any:
    """Send the gradient of the left vectors to the matrix.

    (U (UᵀG - GᵀU) / (sⱼ² - sᵢ²) S + (I - UUᵀ) G S⁻¹) Vᵀ: Townsend, *Differentiating the singular
    value decomposition* (2016).
    """
    g, u = _to_basis(g, basis, np.shape(s)[-1])
    inner = u.mT @ g
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    both = row + column
    twist = (inner - inner.mT) / (_differences(s) * np.where(both == 0, 1, both))
    total = u @ (twist * row)
    if np.shape(u)[-2] > np.shape(u)[-1]:
        total = total + (g - u @ inner) / row
    return total @ other.mT


def _to_left(g: Any, y: Any, a: Any, packed: Any) -> Any:
    right = _right_vectors(a, packed, full_matrices=False)
    return _to_vectors(g, y, _singular_values(a, packed), right)


def _to_right(g: Any, y: Any, a: Any, packed: Any) -> Any:
    left = _left_vectors(a, packed, full_matrices=False)
    return _to_vectors(g, y, _singular_values(a, packed), left).mT


# ds = diag(Uᵀ dA V): Giles (2008), section 3. At s = 0, too, as PyTorch does.
def _to_values(g: Any, y: Any, a: Any, packed: Any) -> Any:
    left, right = (f(a, packed, full_matrices=False) for f in (_left_vectors, _right_vectors))
    return _along_vectors(g, left, right)


def _to_svdvals(g: Any, y: Any, x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return _along_vectors(g, u, vh.mT)


@primitive
def svdvals_found(a: Any, s: Any) -> Any:
    """Give singular values that are known already."""
    return s


piecewise(_singular)
differentiable(svdvals_found, lambda g, y, a, s: _to_svdvals(g, y, a), None)
differentiable(_singular_values, _to_values, None)
differentiable(_left_vectors, _to_left, None)
differentiable(_right_vectors, _to_right, None)
differentiable(np.linalg.svdvals, _to_svdvals)


@composite(np.linalg.svd)
def _svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if hermitian:
        return _svd_of_symmetric(a, compute_uv)
    if not compute_uv:
        return np.linalg.svdvals(a)
    packed = _singular(a, full_matrices=full_matrices)
    return _SVDResult(
        _left_vectors(a, packed, full_matrices=full_matrices),
        _singular_values(a, packed),
        _right_vectors(a, packed, full_matrices=full_matrices).mT,
    )


def _svd_of_symmetric(a: Any, compute_uv: bool) -> Any:
    """Sort the eigenvalues by size; their signs go to the right vectors, as NumPy has it."""
    if not compute_uv:
        sizes = np.abs(np.linalg.eigvalsh(a))
        return np.take_along_axis(sizes, np.flip(np.argsort(sizes, -1), -1), -1)
    values, vectors = np.linalg.eigh(a)
    order = np.flip(np.argsort(np.abs(values), -1), -1)
    values = np.take_along_axis(values, order, -1)
    u = np.take_along_axis(vectors, np.expand_dims(order, -2), -1)
    signs = np.copysign(1.0, values)  # of 0, too: its vectors are of length 1
    return _SVDResult(u, np.abs(values), (u * np.expand_dims(signs, -2)).mT)


# QR


@primitive
def _factors(a: Any, mode: Any) -> Any:
    """Pack Q above Rᵀ."""
    q, r = np.linalg.qr(a, mode)
    return np.concatenate([q, r.mT], axis=-2)


@primitive
def _q_factor(a: Any, factors: Any) -> Any:
    return factors[..., : a.shape[-2], :]


@primitive
def _r_factor(a: Any, factors: Any) -> Any:
    return factors[..., a.shape[-2] :, :].mT


def _to_first_columns(g: Any, q: Any, r: Any, below: Any) -> Any:
    """(G + Q S) R⁻ᵀ, where S is symmetric and has the lower triangle of R G_Rᵀ - GᵀQ."""
    mirrored = q @ (np.tril(below) + np.tril(below, -1).mT)
    return np.linalg.solve(r, (mirrored if g is None else g + mirrored).mT).mT


# Walter, Lehmann, *Algorithmic Differentiation of Linear Algebra Functions* (2010);
# of a wide matrix [X, Y], X = QR as ever, and the rest of R is QᵀY.
def _to_q(g: Any, y: Any, a: Any, factors: Any) -> Any:
    m, n = np.shape(a)[-2:]
    g, q = _to_basis(g, y, min(m, n))
    r = _r_factor(a, factors)[..., : min(m, n), :]
    first = _to_first_columns(g, q, r[..., :m], -(g.mT @ q))
    return first if n <= m else np.concatenate([first, np.zeros_like(a[..., m:])], axis=-1)


def _to_r(g: Any, y: Any, a: Any, factors: Any) -> Any:
    m, n = np.shape(a)[-2:]
    k = min(m, n)
    q = _q_factor(a, factors)[..., :k]
    g, r = g[..., :k, :], y[..., :k, :]  # of a complete R the other rows are 0
    if n <= m:
        return _to_first_columns(None, q, r, r @ g.mT)
    g, g_rest = g[..., :m], g[..., m:]
    g_q, r = a[..., m:] @ g_rest.mT, r[..., :m]
    first = _to_first_columns(g_q, q, r, r @ g.mT - g_q.mT @ q)
    return np.concatenate([first, q @ g_rest], axis=-1)


piecewise(_factors)
differentiable(_q_factor, _to_q, None)
differentiable(_r_factor, _to_r, None)


@composite(np.linalg.qr)
def _qr(a: Any, mode: Any = "reduced") -> Any:
    if mode not in ("reduced", "complete", "r"):
        np.linalg.qr(np.eye(1), mode)  # NumPy's own error, if it knows of no such mode
        raise missing_option(np.linalg.qr, f"mode={mode!r}")
    factors = _factors(a, mode="reduced" if mode == "r" else mode)
    r = _r_factor(a, factors)
    return r if mode == "r" else _QRResult(_q_factor(a, factors), r)


for fn, name in (
    (_spectrum, "eigh"), (_eigenvalues, "eigenvalues"), (_eigenvectors, "eigenvectors"),
    (_singular, "svd"), (_singular_values, "singular_values"), (_left_vectors, "left_vectors"),
    (_right_vectors, "right_vectors"), (_factors, "qr"), (_q_factor, "q"), (_r_factor, "r"),
):  # fmt: skip
    fn.__name__ = name
