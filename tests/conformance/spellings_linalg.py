"""PyTorch's linear algebra, in our words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from spellings_reductions import axes

from microtensor import ops


def product_added(fn):
    """Spell the family ``beta * x + alpha * fn(a, b)``."""
    return lambda x, a, b, beta=1, alpha=1: beta * x + alpha * fn(a, b)


def transposed(x):
    return np.swapaxes(x, -2, -1)


def cholesky(x, upper=False):
    return np.linalg.cholesky(x, upper=upper)


def with_info(fn):
    """Add the code that PyTorch's second result is: 0, all is well."""

    def spelled(x, *args, check_errors=False, **options):
        return fn(x, *args, **options), np.zeros(np.shape(x)[:-2], np.int32)

    return spelled


def from_factor(factor, upper=False):
    return transposed(factor) @ factor if upper else factor @ transposed(factor)


def cholesky_solve(b, factor, upper=False):
    return np.linalg.solve(from_factor(factor, upper), b)


def cholesky_inverse(factor, upper=False):
    return np.linalg.inv(from_factor(factor, upper))


def solve(a, b, left=True):
    if not left:
        return transposed(solve(transposed(a), transposed(b)))
    if b.ndim == 1 or b.shape == a.shape[:-1]:  # PyTorch: one right-hand side for each matrix
        return np.linalg.solve(a, b[..., None])[..., 0]
    return np.linalg.solve(a, b)


def solve_triangular(a, b, upper, left=True, unitriangular=False):
    if left:
        return ops.solve_triangular(a, b, upper=upper, unitriangular=unitriangular)
    a, b = transposed(a), transposed(b)
    return transposed(solve_triangular(a, b, not upper, unitriangular=unitriangular))


def triangular_solve(b, a, upper=True, transpose=False, unitriangular=False):
    """Give back the matrix, too, as PyTorch does."""
    system, upper = (transposed(a), not upper) if transpose else (a, upper)
    return solve_triangular(system, b, upper, unitriangular=unitriangular), a


def norm(x, p="fro", dim=None, keepdim=False, dtype=None):
    """Spell the older of PyTorch's two, whose "fro" is that of all entries."""
    if p == "nuc":
        return matrix_norm(x, p, (-2, -1) if dim is None else dim, keepdim)
    return vector_norm(x, 2 if p == "fro" else p, dim, keepdim)


def vector_norm(x, ord=2, dim=None, keepdim=False, dtype=None):
    dim = tuple(dim) if isinstance(dim, list) else dim
    return np.linalg.vector_norm(x, ord=ord, axis=axes(x, dim), keepdims=keepdim)


def matrix_norm(x, ord="fro", dim=(-2, -1), keepdim=False, dtype=None):
    return np.linalg.norm(x, ord, axis=tuple(dim), keepdims=keepdim)


def linalg_norm(x, ord=None, dim=None, keepdim=False, dtype=None):
    if ord is None or (dim is None and np.ndim(x) != 2) or isinstance(dim, int):
        return vector_norm(x, 2 if ord is None else ord, dim, keepdim)
    return np.linalg.norm(x, ord, axis=dim, keepdims=keepdim)


def dist(a, b, p=2):
    return np.linalg.vector_norm(a - b, ord=p)


def renorm(x, p, dim, maxnorm):
    others = tuple(a for a in range(x.ndim) if a != dim % x.ndim)
    size = np.linalg.vector_norm(x, ord=p, axis=others, keepdims=True)
    return np.where(size > maxnorm, x * (maxnorm / (size + 1e-7)), x)


def qr(x, mode="reduced"):
    if mode == "r":
        return np.zeros(0), np.linalg.qr(x, "r")
    return np.linalg.qr(x, mode)


def svd(x, full_matrices=True):
    return np.linalg.svd(x, full_matrices=full_matrices)


def old_svd(x, some=True, compute_uv=True):
    """Give V, not its transpose, as the older of PyTorch's two does."""
    u, s, vh = np.linalg.svd(x, full_matrices=not some)
    return u, s, SimpleNamespace(mH=vh)  # the samples look at V as V.mH only


def slogdet(x):
    return tuple(np.linalg.slogdet(x))


def pinv(x, *, rtol=None, hermitian=False, rcond=None):
    return np.linalg.pinv(x, rcond=rcond if rtol is None else rtol, hermitian=hermitian)


def matrix_rank(x, tol=None, hermitian=False, atol=None, rtol=None):
    """The bound is an absolute one, a share of the largest singular value, or the larger."""
    if atol is None:
        return np.linalg.matrix_rank(x, tol, hermitian, rtol=rtol)
    if rtol is None:
        return np.linalg.matrix_rank(x, atol, hermitian)
    s = np.linalg.svdvals(x)
    bound = np.maximum(np.expand_dims(atol, -1), np.expand_dims(rtol, -1) * s[..., :1])
    return np.sum(s > bound, axis=-1)


def block_diag(*matrices):
    """Place matrices along the diagonal of a larger one, each between columns of zeros."""
    matrices = [np.atleast_2d(m) for m in matrices]
    ends = np.cumsum([m.shape[1] for m in matrices])
    return np.concatenate(
        [
            np.pad(m, ((0, 0), (end - m.shape[1], ends[-1] - end)))
            for m, end in zip(matrices, ends, strict=True)
        ]
    )


def vander(x, N=None):
    x = np.atleast_1d(x)
    return x[..., None] ** np.arange(x.shape[-1] if N is None else N)


SPELLINGS = {
    "matmul": np.matmul,
    "mm": np.matmul,
    "bmm": np.matmul,
    "mv": np.matmul,
    "dot": np.dot,
    "vdot": np.vdot,
    "inner": np.inner,
    "outer": np.outer,
    "kron": np.kron,
    "tensordot": lambda a, b, dims: np.tensordot(a, b, dims),
    "einsum": lambda operands, equation: np.einsum(equation, *operands),
    "addmm": product_added(np.matmul),
    "addmv": product_added(np.matmul),
    "baddbmm": product_added(np.matmul),
    "addbmm": product_added(lambda a, b: np.sum(a @ b, axis=0)),
    "addr": product_added(np.outer),
    "linalg.multi_dot": np.linalg.multi_dot,
    "matrix_exp": ops.matrix_exp,
    "linalg.matrix_power": np.linalg.matrix_power,
    "linalg.vecdot": lambda a, b, dim=-1: np.linalg.vecdot(a, b, axis=dim),
    "cross": lambda a, b, dim=None: np.cross(a, b, axis=-1 if dim is None else dim),
    "linalg.cross": lambda a, b, dim=-1: np.cross(a, b, axis=dim),
    "block_diag": block_diag,
    "linalg.det": np.linalg.det,
    "linalg.slogdet": slogdet,
    "logdet": lambda x: np.linalg.slogdet(x)[1] + np.log(np.linalg.slogdet(x)[0]),
    "linalg.inv": np.linalg.inv,
    "linalg.inv_ex": with_info(np.linalg.inv),
    "linalg.solve": solve,
    "linalg.solve_ex": with_info(solve),
    "linalg.solve_triangular": solve_triangular,
    "triangular_solve": triangular_solve,
    "linalg.cholesky": cholesky,
    "linalg.cholesky_ex": with_info(cholesky),
    "cholesky": cholesky,
    "cholesky_solve": cholesky_solve,
    "cholesky_inverse": cholesky_inverse,
    "linalg.qr": qr,
    "qr": lambda x, some=True: qr(x, "reduced" if some else "complete"),
    "linalg.svd": svd,
    "svd": old_svd,
    "linalg.svdvals": np.linalg.svdvals,
    "linalg.eigh": lambda x, UPLO="L": tuple(np.linalg.eigh(x, UPLO)),
    "linalg.eigvalsh": lambda x, UPLO="L": np.linalg.eigvalsh(x, UPLO),
    "linalg.pinv": pinv,
    "pinverse": lambda x: np.linalg.pinv(x),
    "linalg.matrix_rank": matrix_rank,
    "linalg.cond": lambda x, p=None: np.linalg.cond(x, p),
    "linalg.tensorinv": lambda x, ind=2: np.linalg.tensorinv(x, ind),
    "linalg.tensorsolve": lambda a, b, dims=None: np.linalg.tensorsolve(a, b, dims),
    "linalg.norm": linalg_norm,
    "linalg.vector_norm": vector_norm,
    "linalg.matrix_norm": matrix_norm,
    "norm": norm,
    "dist": dist,
    "renorm": renorm,
    "linalg.vander": vander,
    "linalg.pinv[singular]": lambda a, b: np.linalg.pinv(a @ transposed(b)),
}
