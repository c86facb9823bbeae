"""Polynomials as rows of coefficients, the highest power first: NumPy's older functions of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.exceptions import RankWarning

from ..primitives import composite, unsupported


def _row(p: Any) -> Any:
    """Give at least one coefficient in a row."""
    if not hasattr(p, "dtype"):
        p = np.asarray(p)
    return np.reshape(p, (1,)) if np.ndim(p) == 0 else p


@composite(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    """Horner's scheme."""
    if isinstance(p, np.poly1d):
        p = p.coeffs
    if isinstance(x, np.poly1d):
        y: Any = np.zeros(1)
        for i in range(len(p)):
            y = np.polyadd(np.polymul(y, x.coeffs), p[i])
        return y
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    y = np.zeros_like(x)
    for i in range(len(p)):
        y = y * x + p[i]
    return y


def _aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    """Give two polynomials equally many coefficients."""
    a1, a2 = _row(a1), _row(a2)
    missing = int(np.size(a2)) - int(np.size(a1))
    if missing > 0:
        a1 = np.concatenate([np.zeros(missing, a1.dtype), a1])
    elif missing < 0:
        a2 = np.concatenate([np.zeros(-missing, a2.dtype), a2])
    return a1, a2


@composite(np.polyadd)
def _polyadd(a1: Any, a2: Any) -> Any:
    return np.add(*_aligned(a1, a2))


@composite(np.polysub)
def _polysub(a1: Any, a2: Any) -> Any:
    return np.subtract(*_aligned(a1, a2))


def _without_leading_zeros(p: Any) -> Any:
    p = _row(p)
    first = next((i for i in range(np.size(p)) if p[i] != 0), int(np.size(p)) - 1)
    return p[first:] if first else p


@composite(np.polymul)
def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


@composite(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    p = _row(p)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    for _ in range(int(m)):
        p = p[:-1] * np.arange(np.size(p) - 1, 0, -1)
    return p


@composite(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    p, m = _row(p), int(m)
    np.polyint(np.ones(1), m, None if k is None else np.zeros(np.shape(k)))  # or NumPy's error
    constants: Any = np.zeros(m) if k is None else _row(k)
    for i in range(m):
        constant = constants[i : i + 1] if np.size(constants) > 1 or m == 1 else constants
        p = np.concatenate([p / np.arange(np.size(p), 0, -1), constant])
    return p


@composite(np.poly)
def _poly(seq_of_zeros: Any) -> Any:
    zeros = _row(seq_of_zeros)
    if np.ndim(zeros) == 2 and np.shape(zeros)[0] == np.shape(zeros)[1] > 0:
        zeros = np.linalg.eigvals(zeros)
    elif np.ndim(zeros) != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    p: Any = np.ones(1, zeros.dtype)
    for i in range(np.size(zeros)):
        p = np.convolve(p, np.concatenate([np.ones(1, zeros.dtype), -zeros[i : i + 1]]))
    return p


@composite(np.polydiv)
def _polydiv(u: Any, v: Any) -> Any:
    """Long division, whose remainder loses its leading coefficients that are as good as zero."""
    u, v = _row(u) + 0.0, _row(v) + 0.0
    m, n = int(np.size(u)) - 1, int(np.size(v)) - 1
    factors = []
    rest = u
    for k in range(m - n + 1):
        factors.append(rest[k : k + 1] * (1.0 / v[0]))
        taken = np.concatenate(
            [np.zeros(k, v.dtype), factors[-1] * v, np.zeros(m - n - k, v.dtype)]
        )
        rest = rest - taken
    quotient = np.concatenate(factors) if factors else np.zeros(1, np.result_type(u, v))
    first = 0
    while np.allclose(rest[first], 0) and first < m:
        first += 1
    return quotient, rest[first:]


unsupported(
    "The zeros of a polynomial may be complex, which have no gradients here.",
    np.roots,
)  # fmt: skip


@composite(np.polyfit)
def _polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None,
    cov: Any = False,
) -> Any:  # fmt: skip
    """Least squares with the powers of x, each scaled to length 1 so that none is lost."""
    x, y = _row(x) + 0.0, _row(y) + 0.0
    # What NumPy refuses is refused in its words.
    np.polyfit(np.arange(np.size(x) + 0.0), np.zeros(np.shape(y)), min(int(deg), 0))
    powers, right = np.vander(x, int(deg) + 1), y
    if w is not None:
        w = _row(w)
        powers = powers * np.expand_dims(w, 1)
        right = y * w if np.ndim(y) == 1 else y * np.expand_dims(w, 1)
    scale = np.sqrt(np.sum(powers * powers, axis=0))
    rcond = np.size(x) * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    solution, residuals, rank, s = np.linalg.lstsq(powers / scale, right, rcond)
    p = np.transpose(np.transpose(solution) / scale)
    if full:
        return p, residuals, rank, s, rcond
    if rank != deg + 1:
        warnings.warn("Polyfit may be poorly conditioned", RankWarning, stacklevel=2)
    if not cov:
        return p
    spread = np.linalg.inv(np.matmul(np.transpose(powers / scale), powers / scale))
    spread = spread / np.outer(scale, scale)
    if cov != "unscaled":
        freedom = np.size(x) - (int(deg) + 1)
        if freedom <= 0:
            raise ValueError(
                "the number of data points must exceed order to scale the covariance matrix"
            )
        spread = (
            spread * (residuals / freedom)
            if np.ndim(y) == 1
            else (np.expand_dims(spread, -1) * (residuals / freedom))
        )
    return p, spread
