"""SciPy's special functions: errors, gammas, entropies, exponentials, elliptic integrals.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input; names of parameters are SciPy's.
Source of the derivatives: NIST Digital Library of Mathematical Functions (DLMF), whose sections
the comments name.

This file needs SciPy, which only the extra ``science`` brings. It is imported when one of SciPy's
functions meets a Value (`calls.call`), so that importing microtensor never imports SciPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ..primitives import differentiable, known, missing_operand, piecewise, primitive, unsupported
from .reductions import keep

ROOT_PI, ROOT_2, LOG_10 = math.sqrt(math.pi), math.sqrt(2.0), math.log(10.0)
TWO_OVER_ROOT_PI, ROOT_2_PI = 2 / ROOT_PI, math.sqrt(2 * math.pi)
DEGREE = math.pi / 180


def learn(fn: Callable, *rules: Any) -> None:
    """Give a function its rules, unless the user has given it some before; theirs hold."""
    if known(fn) is None:
        differentiable(fn, *rules)


def refused(fn: Callable, name: str) -> Callable:
    """Make the rule of an operand whose derivative exists and is not known, such as an order."""

    def rule(g: Any, y: Any, *inputs: Any) -> Any:
        raise missing_operand(fn, name)

    rule.refuses = True  # type: ignore[attr-defined]  # so that tests can tell it from others
    return rule


# Error functions (DLMF 7.2, 7.10), and the normal distribution's

learn(special.erf, lambda g, y, x: g * (TWO_OVER_ROOT_PI * np.exp(-x * x)))
learn(special.erfc, lambda g, y, x: g * (-TWO_OVER_ROOT_PI * np.exp(-x * x)))
learn(special.erfcx, lambda g, y, x: g * (2 * x * y - TWO_OVER_ROOT_PI))
learn(special.erfi, lambda g, y, x: g * (TWO_OVER_ROOT_PI * np.exp(x * x)))
learn(special.erfinv, lambda g, y, x: g * (ROOT_PI / 2 * np.exp(y * y)))
learn(special.erfcinv, lambda g, y, x: g * (-ROOT_PI / 2 * np.exp(y * y)))
learn(special.dawsn, lambda g, y, x: g * (1 - 2 * x * y))
learn(special.ndtr, lambda g, y, x: g * (np.exp(-0.5 * x * x) / ROOT_2_PI))
learn(special.ndtri, lambda g, y, x: g * (ROOT_2_PI * np.exp(0.5 * y * y)))
# density / probability, both of which vanish far to the left, where erfcx does not
learn(special.log_ndtr, lambda g, y, x: g * (2 / ROOT_2_PI / special.erfcx(-x / ROOT_2)))
learn(special.ndtri_exp, lambda g, y, x: g * (ROOT_2_PI / 2 * special.erfcx(-y / ROOT_2)))


# The logistic function and its inverse

learn(special.expit, lambda g, y, x: g * (y * (1 - y)))
learn(special.log_expit, lambda g, y, x: g * special.expit(-x))


def _logit_rule(g: Any, y: Any, x: Any) -> Any:
    outside = np.logical_or(np.less(x, 0), np.greater(x, 1))  # nan there, as PyTorch's
    return g / np.where(outside, math.nan, x * (1 - x))


learn(special.logit, _logit_rule)


# Gamma functions (DLMF 5.2, 5.9, 8.8) and zeta (25.11.17)


@primitive
def polygamma(n: Any, x: Any) -> Any:
    """Give the n-th derivative of the digamma function, as ``scipy.special.polygamma`` does.

    Parameters
    ----------
    n : int or array of int
        The order, 0 or more.
    x : array_like
        Its dtype is the result's.

    Examples
    --------
    >>> round(float(polygamma(1, 1.0)), 4)      # pi squared over 6
    1.6449
    """
    return in_the_dtype_of(x, special.polygamma(n, x))


@primitive
def multigammaln(a: Any, d: int) -> Any:
    """Give the log of the d-variate gamma function, as ``scipy.special.multigammaln`` does.

    Parameters
    ----------
    a : array_like
        Above ``(d - 1) / 2``.
    d : int
        The dimension.

    Examples
    --------
    >>> round(float(multigammaln(2.0, 1)), 4)      # log gamma(2)
    0.0
    """
    return in_the_dtype_of(a, special.multigammaln(a, d))


def in_the_dtype_of(x: Any, y: Any) -> Any:
    """Give float32 for float32, where SciPy gives float64, and numbers for numbers."""
    dtype = getattr(x, "dtype", None)
    return np.asarray(y, dtype if dtype is not None and dtype.kind == "f" else None)[()]


def _rgamma_rule(g: Any, y: Any, x: Any) -> Any:
    # 1/Γ(x) = Γ(1-x) sin(πx) / π (5.5.3): to the left psi has poles, and this has none
    is_right = np.greater(x, 0.5)
    right, left = np.where(is_right, x, 1), np.where(is_right, 0, x)
    turn = np.cos(math.pi * left) - np.sin(math.pi * left) * special.psi(1 - left) / math.pi
    return g * np.where(is_right, -y * special.psi(right), special.gamma(1 - left) * turn)


def _gamma_density(a: Any, x: Any) -> Any:
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    powers = special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x)
    return np.exp(powers - special.betaln(a, b))


learn(special.gamma, lambda g, y, x: g * (y * special.psi(x)))
learn(special.gammaln, lambda g, y, x: g * special.psi(x))
learn(special.loggamma, lambda g, y, x: g * special.psi(x))
learn(special.psi, lambda g, y, x: g * polygamma(1, x))
learn(polygamma, None, lambda g, y, n, x: g * polygamma(n + 1, x))
learn(special.rgamma, _rgamma_rule)
learn(multigammaln, lambda g, y, a, d: g * sum(special.psi(a - 0.5 * i) for i in range(d)))
piecewise(special.gammasgn)

learn(
    special.beta,
    lambda g, y, a, b: g * (y * (special.psi(a) - special.psi(a + b))),
    lambda g, y, a, b: g * (y * (special.psi(b) - special.psi(a + b))),
)
learn(
    special.betaln,
    lambda g, y, a, b: g * (special.psi(a) - special.psi(a + b)),
    lambda g, y, a, b: g * (special.psi(b) - special.psi(a + b)),
)

_rule: Callable
for _fn, _rule in (
    (special.gammainc, lambda g, y, a, x: g * _gamma_density(a, x)),
    (special.gammaincc, lambda g, y, a, x: -g * _gamma_density(a, x)),
    (special.gammaincinv, lambda g, y, a, p: g / _gamma_density(a, y)),
    (special.gammainccinv, lambda g, y, a, p: -g / _gamma_density(a, y)),
):
    learn(_fn, refused(_fn, "a"), _rule)

for _fn, _rule in (
    (special.betainc, lambda g, y, a, b, x: g * _beta_density(a, b, x)),
    (special.betaincc, lambda g, y, a, b, x: -g * _beta_density(a, b, x)),
    (special.betaincinv, lambda g, y, a, b, p: g / _beta_density(a, b, y)),
    (special.betainccinv, lambda g, y, a, b, p: -g / _beta_density(a, b, y)),
):
    learn(_fn, refused(_fn, "a"), refused(_fn, "b"), _rule)

_zeta = special._ufuncs._zeta  # what scipy.special.zeta(x, q) calls
learn(_zeta, refused(special.zeta, "x"), lambda g, y, x, q: -g * (x * _zeta(x + 1, q)))


# Logs and entropies


def _log_unless(nothing: Any, log: Callable, x: Any) -> Any:
    """The derivative of x log(y) in x; 0 where x is 0 and the log is none, as PyTorch's."""
    return np.where(nothing, 0, log(np.where(nothing, 1, x)))


def _xlogy_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * _log_unless(np.logical_and(np.equal(a, 0), np.less_equal(b, 0)), np.log, b)


def _xlog1py_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * _log_unless(np.logical_and(np.equal(a, 0), np.less_equal(b, -1)), np.log1p, b)


learn(special.xlogy, _xlogy_rule, lambda g, y, a, b: g * (a / b))
learn(special.xlog1py, _xlog1py_rule, lambda g, y, a, b: g * (a / (b + 1)))
learn(special.entr, lambda g, y, x: g * (-np.log(x) - 1))
learn(
    special.rel_entr,
    lambda g, y, a, b: g * (np.log(a / b) + 1),
    lambda g, y, a, b: -g * (a / b),
)
learn(
    special.kl_div,
    lambda g, y, a, b: g * np.log(a / b),
    lambda g, y, a, b: g * (1 - a / b),
)


# Losses; beyond delta the one of Huber is straight


def _pseudo_huber_delta(g: Any, y: Any, delta: Any, r: Any) -> Any:
    root = np.sqrt(1 + np.square(r / delta))
    return g * (2 * y / delta - np.square(r) / (delta * root))


learn(
    special.huber,
    lambda g, y, delta, r: g * np.maximum(np.abs(r) - delta, 0),
    lambda g, y, delta, r: g * np.clip(r, -delta, delta),
)
learn(
    special.pseudo_huber,
    _pseudo_huber_delta,
    lambda g, y, delta, r: g * (r / np.sqrt(1 + np.square(r / delta))),
)


# Hypergeometric functions (DLMF 13.3, 15.5, 16.3): each derivative is the next of its kind

learn(
    special.hyp0f1,
    refused(special.hyp0f1, "v"),
    lambda g, y, v, z: g * (special.hyp0f1(v + 1, z) / v),
)
learn(
    special.hyp1f1,
    refused(special.hyp1f1, "a"),
    refused(special.hyp1f1, "b"),
    lambda g, y, a, b, x: g * (special.hyp1f1(a + 1, b + 1, x) * (a / b)),
)
learn(
    special.hyp2f1,
    *(refused(special.hyp2f1, name) for name in "abc"),
    lambda g, y, a, b, c, z: g * (special.hyp2f1(a + 1, b + 1, c + 1, z) * (a * b / c)),
)
learn(
    special.hyperu,
    refused(special.hyperu, "a"),
    refused(special.hyperu, "b"),
    lambda g, y, a, b, x: -g * (special.hyperu(a + 1, b + 1, x) * a),
)


# Exponentials and what they integrate to (DLMF 6.2, 8.19); written as hypergeometric functions,
# the derivatives do not divide by what vanishes


def _expn_rule(g: Any, y: Any, n: Any, x: Any) -> Any:
    before = special.expn(np.maximum(n - 1, 0), x)
    return -g * np.where(np.equal(n, 0), np.exp(-x) * (1 / x + 1 / (x * x)), before)


learn(special.exp2, lambda g, y, x: g * y * math.log(2.0))
learn(special.exp10, lambda g, y, x: g * y * LOG_10)
learn(special.expm1, lambda g, y, x: g * (y + 1))
learn(special.log1p, lambda g, y, x: g / (x + 1))
learn(special.cosm1, lambda g, y, x: -g * np.sin(x))
learn(special.cbrt, lambda g, y, x: g / (3 * y * y))
learn(special.exprel, lambda g, y, x: g * (special.hyp1f1(2, 3, x) / 2))
learn(special.exp1, lambda g, y, x: -g * (np.exp(-x) / x))
learn(special.expi, lambda g, y, x: g * (np.exp(x) / x))
learn(special.expn, refused(special.expn, "n"), _expn_rule)
learn(special.spence, lambda g, y, x: -g * special.hyp2f1(1, 1, 2, 1 - x))
learn(special.wrightomega, lambda g, y, x: g * (y / (1 + y)))

learn(special.sindg, lambda g, y, x: g * (DEGREE * special.cosdg(x)))
learn(special.cosdg, lambda g, y, x: -g * (DEGREE * special.sindg(x)))
learn(special.tandg, lambda g, y, x: g * (DEGREE * (1 + y * y)))
learn(special.cotdg, lambda g, y, x: -g * (DEGREE * (1 + y * y)))


# Powers of Box and Cox: (x^l - 1) / l = log(x) exprel(l log(x)), and back


def _slope_in_power(log: Any, power: Any) -> Any:
    lowest = np.logical_and(np.isneginf(log), np.greater_equal(power, 0))  # y = -1 / power there
    log = np.where(lowest, 0, log)
    slope = log * log * (special.hyp1f1(2, 3, power * log) / 2)
    return np.where(lowest, 1 / np.square(np.where(lowest, power, 1)), slope)


def _slope_of_inverse(z: Any, x: Any, power: Any) -> Any:
    return z * (x * x) * (special.hyp2f1(2, 2, 3, -power * x) / -2)


learn(
    special.boxcox,
    lambda g, y, x, power: g * np.power(x, power - 1),
    lambda g, y, x, power: g * _slope_in_power(np.log(x), power),
)
learn(
    special.boxcox1p,
    lambda g, y, x, power: g * np.exp((power - 1) * np.log1p(x)),
    lambda g, y, x, power: g * _slope_in_power(np.log1p(x), power),
)
learn(
    special.inv_boxcox,
    lambda g, y, x, power: g * np.power(y, 1 - power),
    lambda g, y, x, power: g * _slope_of_inverse(y, x, power),
)
learn(
    special.inv_boxcox1p,
    lambda g, y, x, power: g * np.power(y + 1, 1 - power),
    lambda g, y, x, power: g * _slope_of_inverse(y + 1, x, power),
)


# Complete elliptic integrals (DLMF 19.5.1 and 19.5.2), which are hypergeometric; 15.8.1 for the
# last, whose x is the distance from the pole

learn(special.ellipk, lambda g, y, m: g * (math.pi / 8 * special.hyp2f1(1.5, 1.5, 2, m)))
learn(special.ellipe, lambda g, y, m: g * (-math.pi / 8 * special.hyp2f1(0.5, 1.5, 2, m)))
learn(
    special.ellipkm1,
    lambda g, y, x: g * (-math.pi / 8 * special.hyp2f1(0.5, 0.5, 2, 1 - x) / x),
)


# Sums of exponentials, with weights


@primitive
def log_of_sum_exp(
    a: Any, b: Any, axis: Any = None, keepdims: bool = False, magnitude: bool = False
) -> Any:
    """Give ``log(sum(b * exp(a)))``; nan if the sum is negative, unless its magnitude will do.

    >>> a, b = np.array([0.0, 0.0]), np.array([1.0, -3.0])
    >>> round(float(log_of_sum_exp(a, b, magnitude=True)), 4)      # log 2
    0.6931
    """
    y = special.logsumexp(a, axis, b, keepdims, return_sign=magnitude)
    return np.asarray(y[0] if magnitude else y, _float_of(a, b))[()]


@primitive
def sign_of_sum_exp(a: Any, b: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Give the sign of ``sum(b * exp(a))``, the second result of ``scipy.special.logsumexp``.

    >>> float(sign_of_sum_exp(np.array([0.0, 0.0]), np.array([1.0, -3.0])))
    -1.0
    """
    return np.asarray(special.logsumexp(a, axis, b, keepdims, True)[1], _float_of(a, b))[()]


def _float_of(*xs: Any) -> np.dtype:
    """Tell the dtype of a calculation with arrays and numbers; older SciPys give float64."""
    return np.result_type(0.0, *(np.asarray(x) if isinstance(x, list) else x for x in xs))


def _share(g: Any, y: Any, a: Any, b: Any, axis: Any, keepdims: bool, magnitude: bool) -> Any:
    """Give g exp(a) / sum(b exp(a)), the derivative in b; that in a is b times as large."""
    whole = np.broadcast_to(a, np.broadcast_shapes(np.shape(a), np.shape(b)))
    sign = sign_of_sum_exp(a, b, axis=axis, keepdims=keepdims)
    sign, g, y = (keep(each, whole, axis, keepdims) for each in (sign, g, y))
    return g * sign * np.exp(whole - np.where(np.isinf(y), 0, y))


def _share_of_exponents(
    g: Any, y: Any, a: Any, b: Any, axis: Any, keepdims: bool, magnitude: bool
) -> Any:
    share = _share(g, y, a, b, axis, keepdims, magnitude)
    # Not b * share: times 0, an infinite exp(a) counts not.
    lost = np.logical_and(np.equal(b, 0), np.logical_not(np.isfinite(share)))
    return b * np.where(lost, 0, share)


learn(log_of_sum_exp, _share_of_exponents, _share)
piecewise(sign_of_sum_exp, special.round)
unsupported(
    "It gives several arrays, and no rule of theirs is known.",
    special.airy, special.airye, special.ellipj, special.fresnel, special.itairy, special.shichi,
    special.sici,
)  # fmt: skip
unsupported(
    "It gives complex numbers, which have no gradients here.",
    special.hankel1, special.hankel1e, special.hankel2, special.hankel2e, special.kelvin,
    special.modfresnelm, special.modfresnelp, special.wofz, special._ufuncs._lambertw,
)  # fmt: skip
