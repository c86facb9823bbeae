"""Samples of products of matrices, decompositions and solvers.

A symmetric matrix is read from one triangle: its samples make it symmetric first, so that both
ways to a derivative see the same perturbations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from draws import Draw, Row, case, distinct, nonzero, normal

from microtensor import ops
from microtensor.ops import decompositions, determinants, einsums, products, pseudoinverses


def regular(*shape: int) -> Draw:
    """Draw matrices far from singular, with singular values far from each other."""

    def sample(rng: np.random.Generator, s: tuple[int, ...]) -> Any:
        u, _, vh = np.linalg.svd(rng.standard_normal(s), full_matrices=False)
        return (u * (1 + 1.2 * np.arange(u.shape[-1]))) @ vh

    return Draw(shape, sample)


def of_rank(rank: int, *shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.standard_normal((*s[:-1], rank))
                @ rng.standard_normal((*s[:-2], rank, s[-1])))  # fmt: skip


def definite(*shape: int) -> Draw:
    """Draw halves of symmetric positive definite matrices with eigenvalues apart."""

    def sample(rng: np.random.Generator, s: tuple[int, ...]) -> Any:
        q = np.linalg.qr(rng.standard_normal(s)).Q
        return (q * (1 + 1.2 * np.arange(s[-1]))) @ q.mT / 2

    return Draw(shape, sample)


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def symmetric(read: Callable = lambda y: y, **options: Any) -> Callable:
    """Call on a matrix made symmetric."""
    return lambda f, x: read(f(x + _transposed(x), **options))


def real(fn: Callable) -> Callable:
    """Refuse complex numbers, of which a function takes the conjugate or the size."""

    def of_real(*inputs: Any, **options: Any) -> Any:
        if any(map(np.iscomplexobj, inputs)):
            raise TypeError("real numbers only")
        return fn(*inputs, **options)

    return of_real


def first(f: Any, *inputs: Any) -> Any:
    return f(*inputs)[0]


def on_list(f: Any, *inputs: Any) -> Any:
    return f(list(inputs))


def _vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    return np.sum(a * b, axis)  # NumPy's takes the conjugate of a


_SQUARES = ((3, 3), (2, 3, 3), (1, 1), (2, 1, 3, 3), (0, 0), (0, 2, 2))


PRODUCTS = [
    Row(np.einsum, case("ij,kj->ki", normal(16, 17), normal(18, 17)),
        case("bqhd,bkhd->bhqk", normal(2, 9, 3, 8), normal(2, 10, 3, 8)),
        case("iij,jk->ik", normal(8, 8, 17), normal(17, 18)),
        case("ij,kkj->ik", normal(16, 17), normal(8, 8, 17)),
        case("ij,jk->k", normal(16, 17), normal(17, 18)),
        case("ij,jk->ik", normal(256, 1), normal(17, 17)),
        case("ij,jk->ik", normal(16, 16), normal(1, 18)),
        case("ij,jk->ik", normal(2, 3), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        case("ij,jk->ik", [[1.0, 2.0, 3.0]], normal(3, 2)),
        case("...i,...i->...", normal(2, 1, 3, 2), normal(3, 2)),
        case("aij,jbi->ba", normal(8, 8, 9), normal(9, 8, 8), optimize="greedy"),
        case("ij,jk,kl->li", normal(16, 17), normal(17, 18), normal(18, 3)),
        name="numpy.einsum(large)", through=(einsums._einsum,)),
    Row(np.einsum_path, case("ij,jk,kl->il", normal(2, 3), normal(3, 4), normal(4, 2))),
    Row(np.vdot, case(normal(3), normal(3)), case(normal(2, 3), normal(3, 2)),
        case(normal(), normal()), case(normal(0), normal(0)),
        value=lambda a, b: np.sum(np.ravel(a) * np.ravel(b))),
    Row(np.inner, case(normal(3), normal(3)), case(normal(2, 3), normal(4, 3)),
        case(normal(2, 3), normal(3)), case(normal(2, 2, 3), normal(5, 3)),
        case(normal(3), normal(2, 2, 3)),
        case(normal(), normal(3)), case(normal(2, 3), 2.0), case(normal(2, 0), normal(0))),
    Row(np.vecdot, case(normal(3), normal(3)), case(normal(2, 3), normal(3)),
        case(normal(2, 1, 3), normal(4, 3)), case(normal(3, 2), normal(3, 2), axis=0),
        case(normal(0, 3), normal(3)), value=_vecdot),
    Row(np.matvec, case(normal(2, 3), normal(3)), case(normal(4, 2, 3), normal(3)),
        case(normal(2, 3), normal(4, 3)), case(normal(4, 1, 2, 3), normal(5, 3)),
        case(normal(0, 3), normal(3))),
    Row(np.vecmat, case(normal(2), normal(2, 3)), case(normal(2), normal(4, 2, 3)),
        case(normal(4, 2), normal(2, 3)), case(normal(0), normal(0, 3)),
        value=lambda a, b: np.matmul(a[..., None, :], b)[..., 0, :]),
    Row(np.cross, case(normal(3), normal(3)), case(normal(2, 3), normal(3)),
        case(normal(3, 2), normal(2, 3), axisa=0), case(normal(2, 3), normal(3, 2), -1, 0, 0),
        case(normal(3, 2), normal(3, 2), axis=0), case(normal(3, 4), normal(2, 4, 3), 0),
        case(normal(0, 3), normal(3)), through=(products._cross,)),
    Row(np.kron, case(normal(2, 3), normal(3, 2)), case(normal(2), normal(3)),
        case(normal(2, 2), normal(3)), case(normal(2), normal(2, 1, 3)), case(normal(), normal(2)),
        case(normal(2, 0), normal(2, 2))),
    Row(np.linalg.multi_dot, *(case(*(normal(*s) for s in shapes), how=on_list) for shapes in (
        ((2, 3), (3, 4)), ((2, 3), (3, 4), (4, 2)), ((5, 1), (1, 5), (5, 2), (2, 3)),
        ((3,), (3, 2), (2, 2), (2,)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3, 1), (1,)),
    ))),
    Row(np.linalg.matrix_power,
        [case(regular(3, 3), n) for n in (1, 2, 3, 4, 5, 7, 8, -1, -2, -3, 0)],
        case(regular(2, 2, 2), 3), case(regular(2, 2, 2), -2), case(regular(2, 2, 2), 0),
        case(normal(0, 0), 3)),
    Row(np.linalg.matmul, case(normal(2, 3), normal(3, 4))),
    Row(np.linalg.tensordot, case(normal(2, 3), normal(3, 4), axes=1)),
    Row(np.linalg.vecdot, case(normal(2, 3), normal(3)), case(normal(3, 2), normal(3, 2), axis=0),
        value=_vecdot),
    Row(np.linalg.outer, case(normal(2), normal(3))),
    Row(np.linalg.cross, case(normal(2, 3), normal(3)), case(normal(3, 2), normal(3, 2), axis=0)),
    Row(np.linalg.trace, case(normal(3, 3)), case(normal(2, 3, 4), offset=1)),
    Row(np.linalg.diagonal, case(normal(3, 3)), case(normal(2, 3, 4), offset=-1)),
    Row(np.linalg.matrix_transpose, case(normal(2, 3)), case(normal(4, 2, 3))),
]  # fmt: skip


def _triangular(f: Any, a: Any, b: Any) -> Any:
    return f(a, b, upper=True)


def _solved(a: Any, b: Any, upper: bool, unitriangular: bool = False) -> Any:
    kept = (np.triu if upper else np.tril)(a)
    if unitriangular:
        kept = kept - kept * np.eye(a.shape[-1]) + np.eye(a.shape[-1])
    return np.linalg.solve(kept, b)


def _series(a: Any) -> Any:
    """Sum the series of exp as it stands; for small matrices, that loses few digits."""
    term = total = np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    for k in range(1, 80):
        term = term @ a / k
        total = total + term
    return total


SOLVING = [
    Row(np.linalg.inv, [case(regular(*s)) for s in _SQUARES]),
    Row(np.linalg.solve, case(regular(3, 3), normal(3)), case(regular(3, 3), normal(3, 2)),
        case(regular(2, 3, 3), normal(3)), case(regular(2, 3, 3), normal(3, 2)),
        case(regular(2, 3, 3), normal(2, 3, 1)), case(regular(3, 3), normal(2, 3, 2)),
        case(regular(2, 1, 3, 3), normal(4, 3, 2)), case(regular(3, 3), normal(3, 3)),
        case(regular(0, 0), normal(0)), case(regular(0, 0), normal(0, 2)),
        case(regular(0, 2, 2), normal(2, 3)), case(regular(3, 3), normal(3, 0))),
    Row(ops.solve_triangular,
        [case(regular(3, 3), normal(3, 2), upper=u, unitriangular=one)
         for u in (True, False) for one in (True, False)],
        case(regular(3, 3), normal(3), upper=True), case(regular(2, 3, 3), normal(3), upper=False),
        case(regular(2, 3, 3), normal(3, 2), upper=False),
        case(regular(0, 0), normal(0), upper=True),
        value=_solved),
    Row(np.linalg.tensorinv, case(regular(4, 4), how=lambda f, x: f(np.reshape(x, (2, 2, 4)))),
        case(regular(6, 6), how=lambda f, x: f(np.reshape(x, (6, 3, 2)), ind=1))),
    Row(np.linalg.tensorsolve,
        case(regular(4, 4), normal(2, 2), how=lambda f, a, b: f(np.reshape(a, (2, 2, 4)), b)),
        case(regular(4, 4), normal(4), how=lambda f, a, b: f(np.reshape(a, (4, 2, 2)), b)),
        case(regular(6, 6), normal(2, 3), axes=(0,),
             how=lambda f, a, b: f(np.reshape(a, (6, 2, 3)), b, axes=(0,)))),
    Row(np.linalg.pinv, case(regular(4, 3)), case(regular(3, 4)), case(regular(2, 3, 3)),
        case(regular(2, 1, 4, 2), 1e-10), case(regular(3, 2), rtol=1e-10),
        case(regular(3, 2), rtol=None), case(regular(2, 4, 3), rcond=np.array([1e-9, 1e-8])),
        case(definite(3, 3), how=symmetric(hermitian=True)),
        case(of_rank(1, 4, 1), of_rank(1, 1, 3), how=lambda f, a, b: f(a @ b)),  # the rank stays
        case(regular(4, 2), regular(2, 3), how=lambda f, a, b: f(a @ b)),
        [case(regular(*s), 0.4) for s in ((4, 4), (5, 4), (4, 6), (2, 4, 3))],  # cut off, not 0
        case(normal(0, 3)), case(normal(2, 3, 0)), through=(pseudoinverses._pinv,),
        differenced=True, value=real(np.linalg.pinv)),
    Row(np.linalg.lstsq, case(regular(4, 3), normal(4), how=first),
        case(regular(4, 3), normal(4, 2), how=lambda f, a, b: [*f(a, b)[:2], f(a, b)[3]]),
        case(regular(4, 2), normal(4), how=lambda f, a, b: f(a, b, rcond=None)[1]),
        case(regular(3, 4), normal(3), how=first), case(regular(3, 3), normal(3, 2), how=first),
        case(regular(4, 2), regular(2, 3), normal(4),
             how=lambda f, a, b, c: f(a @ b, c, rcond=1e-9)[0]),
        case(regular(4, 3), normal(4, 0), how=first),
        case(regular(4, 3), normal(4), how=lambda f, a, b: f(a, b, -1)[0]),
        case(regular(5, 4), normal(5), how=lambda f, a, b: f(a, b, 0.4)[0]),
        through=(pseudoinverses._solution, decompositions.svdvals_found), differenced=True,
        value=real(np.linalg.lstsq)),
    Row(ops.matrix_exp, [case(regular(*s)) for s in _SQUARES],
        case(Draw((2, 2, 2), lambda rng, s: rng.standard_normal(s) * [[[0.1]], [[3.0]]])),
        value=_series),
    Row(np.linalg.det, [case(regular(*s)) for s in _SQUARES],
        [case(of_rank(r, n, n)) for n, r in ((3, 2), (3, 1), (4, 2), (2, 0), (1, 0), (5, 2))],
        case(of_rank(2, 2, 3, 3)),
        case(Draw((2, 3, 3), lambda rng, s: np.stack([np.eye(3), np.diag([1.0, 2.0, 0.0])])))),
    Row(np.linalg.slogdet, [case(regular(*s)) for s in _SQUARES], through=(determinants._slogdet,),
        differenced=True),
    Row(determinants._frame, case(of_rank(2, 3, 3)), case(regular(2, 3, 3))),
    Row(determinants._is_regular, case(regular(3, 3), regular(3, 3)),
        case(np.eye(3), Draw((3, 3), lambda rng, s: np.full(s, 1e9)))),
    Row(pseudoinverses._lstsq, case(regular(4, 3), normal(4), rcond=None)),
    Row(pseudoinverses._cuts, case(of_rank(1, 2, 2), np.zeros((2, 2)))),
    Row(np.linalg.matrix_rank, case(of_rank(2, 3, 4)), case(of_rank(2, 2, 3, 3)), case(normal(3)),
        case(regular(3, 3), 1.5), case(regular(3, 3), rtol=0.5),
        case(of_rank(1, 3, 3), how=symmetric(hermitian=True))),
    Row(np.linalg.cond, case(regular(3, 3)), case(regular(2, 4, 3)), case(regular(2, 3, 3), -2),
        case(regular(4, 3), 2), case(regular(4, 3), -2),
        *(case(regular(2, 3, 3), p) for p in (2, 1, -1, np.inf, -np.inf, "fro", "nuc")),
        differenced=True,
        value=real(np.linalg.cond)),
]  # fmt: skip


def _projector(basis: Any) -> Any:
    return basis @ _transposed(basis)


DECOMPOSITIONS = [
    Row(np.linalg.cholesky, [case(definite(*s), how=symmetric()) for s in _SQUARES],
        case(definite(2, 3, 3), how=symmetric(upper=True)), differenced=True,
        value=real(np.linalg.cholesky)),
    Row(decompositions.symmetric, case(normal(3, 3), how=symmetric(UPLO="L")),
        case(normal(2, 3, 3), how=symmetric(UPLO="U")), value=lambda a, UPLO: a),
    Row(np.linalg.eigh, [case(definite(*s), how=symmetric()) for s in _SQUARES],
        case(definite(2, 3, 3), how=symmetric(UPLO="U")),
        through=(decompositions._spectrum, decompositions._eigenvalues,
                 decompositions._eigenvectors), differenced=True,
        value=real(np.linalg.eigh)),
    Row(np.linalg.eigvalsh, [case(definite(*s), how=symmetric()) for s in _SQUARES],
        case(definite(2, 3, 3), how=symmetric(UPLO="U")), differenced=True,
        value=real(np.linalg.eigvalsh)),
    Row(np.linalg.svd, [case(regular(*s), full_matrices=False) for s in
        ((3, 3), (4, 2), (2, 4), (2, 5, 3), (2, 3, 5), (1, 1), (0, 2, 2), (3, 0), (0, 3))],
        case(regular(3, 3)), case(regular(4, 3)), case(regular(2, 2, 3)),  # one vector more
        case(regular(1, 2, 3, 2)),
        case(regular(5, 2), how=lambda f, x: _projector(f(x).U[..., 2:])),
        case(regular(2, 5), how=lambda f, x: _projector(_transposed(f(x).Vh)[..., 2:])),
        case(regular(4, 3), compute_uv=False), case(definite(3, 3), how=symmetric(hermitian=True)),
        case(definite(2, 3, 3), how=symmetric(hermitian=True)),
        *(case(definite(*s), how=symmetric(hermitian=True, compute_uv=False))
          for s in ((3, 3), (2, 3, 3))),
        through=(decompositions._singular, decompositions._singular_values,
                 decompositions._left_vectors, decompositions._right_vectors), differenced=True,
        value=real(np.linalg.svd)),
    Row(np.linalg.svdvals, case(regular(3, 3)), case(regular(4, 2)), case(regular(2, 2, 5)),
        case(regular(0, 3)), differenced=True,
        value=real(np.linalg.svdvals)),
    Row(np.linalg.qr, [case(regular(*s)) for s in
        ((3, 3), (4, 2), (2, 4), (2, 5, 3), (2, 3, 5), (1, 1), (0, 2, 2), (3, 0), (0, 3))],
        [case(regular(*s), mode=m) for s in ((3, 3), (2, 4), (4, 3)) for m in ("complete", "r")],
        case(regular(5, 2), how=lambda f, x: _projector(f(x, mode="complete").Q[..., 2:])),
        case(regular(5, 2), how=lambda f, x: f(x, mode="complete").R),
        through=(decompositions._factors, decompositions._q_factor,
                 decompositions._r_factor), differenced=True,
        value=real(np.linalg.qr)),
]  # fmt: skip

_INF = float("inf")

NORMS = [
    Row(np.linalg.vector_norm,
        [case((distinct if abs(p) == _INF else nonzero)(2, 3), ord=p, axis=a, keepdims=k)
         for p in (2, 1, 3, 2.5, 0.5, -1, _INF, -_INF)
         for a, k in ((None, False), (-1, True), ((0, 1), True))],
        case(nonzero(2, 3, 2), axis=(0, -1)), case(nonzero(4)), case(nonzero(3), ord=0),
        case(nonzero()),
        case(normal(0, 3), axis=1), differenced=True,
        value=real(np.linalg.vector_norm)),
    Row(np.linalg.matrix_norm, *(case(regular(2, 3, 4), ord=p, keepdims=k)
        for p in ("fro", "nuc", 2, -2, 1, -1, _INF, -_INF) for k in (False, True)),
        differenced=True,
        value=real(np.linalg.matrix_norm)),
    Row(np.linalg.norm, case(nonzero(4)), case(nonzero(2, 3)), case(nonzero(2, 3, 2)),
        case(nonzero()), case(nonzero(2, 3), keepdims=True), case(nonzero(2, 3), None, 0),
        case(nonzero(2, 3), 3, -1, True), case(nonzero(2, 3, 2), axis=(0, 2)),
        case(nonzero(2, 3, 2), axis=(1,), keepdims=True), case(nonzero(4), 1), case(nonzero(4), 2),
        case(distinct(4), _INF), case(nonzero(4), 0), case(regular(3, 4), "f"),
        *(case(regular(3, 4), p) for p in ("fro", "nuc", 2, -2, 1, -1, _INF, -_INF)),
        case(regular(3, 4), how=lambda f, x: f(np.stack([x, 2 * x], 1), 1, (2, 0), True)),
        case(regular(3, 4), "nuc", (1, 0), keepdims=True), differenced=True,
        value=real(np.linalg.norm)),
]  # fmt: skip

LINALG: list[Row] = [*PRODUCTS, *SOLVING, *DECOMPOSITIONS, *NORMS]
