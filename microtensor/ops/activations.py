"""Smooth activations.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Source of the definitions and of
the conventions at kinks: PyTorch's documentation of the functions of the same names. A list of
numbers is an array, as in NumPy: where Python's operators cannot take one, NumPy's functions do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..primitives import differentiable, primitive

SQRT_2, SQRT_2_OVER_PI = math.sqrt(2.0), math.sqrt(2.0 / math.pi)

tanh = np.tanh


@primitive
def sigmoid(x: Any) -> Any:
    """Give the logistic function, ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 2.7])).round(3)
    array([0.   , 0.5  , 0.937])
    """
    if x.__class__ is float:
        e = math.exp(-abs(x))
        return 1 / (1 + e) if x >= 0 else e / (1 + e)
    with np.errstate(over="ignore"):  # exp(-x) = inf gives 0, which is right
        return 1 / (1 + np.exp(np.subtract(0.0, x)))  # unsigned integers have no -x


differentiable(sigmoid, lambda g, y, x: g * (y * (1 - y)))


def _log_of_1_plus_exp(x: Any) -> Any:
    """No overflow, since the exponent, -abs(x), is never positive."""
    return np.maximum(x, 0) + np.log1p(np.exp(np.minimum(x, np.subtract(0.0, x))))


@primitive
def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """Give the smooth positive part, ``log(1 + exp(beta x)) / beta``.

    Parameters
    ----------
    x : array_like
    beta : float, default 1
        How sharp the bend is.
    threshold : float, default 20
        Where ``beta x`` is larger, x itself is given, and the derivative is 1.

    References
    ----------
    .. [1] Glorot, Bordes, Bengio, *Deep Sparse Rectifier Neural Networks* (2011).

    Examples
    --------
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    z = x if beta == 1 else np.multiply(beta, x)
    y = _log_of_1_plus_exp(z)
    return np.where(np.greater(z, threshold), x, y if beta == 1 else y / beta)[()]


differentiable(
    softplus,
    lambda g, y, x, beta, threshold: (
        g * np.where(np.greater(beta * x, threshold), 1, sigmoid(beta * x))
    ),
)


@primitive
def logsigmoid(x: Any) -> Any:
    """Give ``log(sigmoid(x))``, without the logarithm of a small number.

    Examples
    --------
    >>> logsigmoid(np.array([-20.0, 0.0])).round(4)
    array([-20.    ,  -0.6931])
    """
    return -_log_of_1_plus_exp(np.subtract(0.0, x))


differentiable(logsigmoid, lambda g, y, x: g * sigmoid(-x))


@primitive
def silu(x: Any) -> Any:
    """Give ``x * sigmoid(x)``, also known as swish.

    References
    ----------
    .. [1] Elfwing, Uchibe, Doya, *Sigmoid-Weighted Linear Units for Neural Network Function
       Approximation in Reinforcement Learning* (2018), equation 3.

    Examples
    --------
    >>> silu(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7311])
    """
    return x * sigmoid(x)


differentiable(silu, lambda g, y, x: g * (sigmoid(x) * (1 + x * (1 - sigmoid(x)))))


def _erf(x: Any) -> Any:
    """The error function: SciPy's where it is installed, else Python's, entry by entry."""
    if x.__class__ is float:
        return math.erf(x)
    try:
        from scipy.special import erf
    except ImportError:
        x = np.asarray(x)
        return np.array([math.erf(v) for v in x.ravel()], x.dtype).reshape(x.shape)[()]
    return erf(x)


@primitive
def normal_cdf(x: Any) -> Any:
    """Give the probability that a standard normal number is below x.

    Examples
    --------
    >>> normal_cdf(np.array([0.0, 1.96])).round(4)
    array([0.5  , 0.975])
    """
    return 0.5 * (1 + _erf(x / SQRT_2))


def _normal_density(x: Any) -> Any:
    return np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


differentiable(normal_cdf, lambda g, y, x: g * _normal_density(x))


@primitive
def gelu(x: Any, approximate: str = "none") -> Any:
    """Give ``x`` times the probability that a standard normal number is below it.

    Parameters
    ----------
    x : array_like
    approximate : {"none", "tanh"}
        Exact, or the approximation by tanh of the paper.

    Raises
    ------
    ArgumentError
        If there is no such form.

    References
    ----------
    .. [1] Hendrycks, Gimpel, *Gaussian Error Linear Units* (2016).

    Examples
    --------
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    if x.__class__ is not float:
        x = np.asarray(x)
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(_gelu_inner(x)))
    if approximate == "none":
        return x * normal_cdf(x)
    raise ArgumentError(
        "gelu: there is no such form.",
        expected="approximate='none' or approximate='tanh'",
        got=f"{approximate!r}",
    )


def _gelu_inner(x: Any) -> Any:
    return SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)


def _gelu_rule(g: Any, y: Any, x: Any, approximate: str) -> Any:
    if approximate == "none":
        return g * (normal_cdf(x) + x * _normal_density(x))
    t = np.tanh(_gelu_inner(x))
    inner = SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x * x)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)


differentiable(gelu, _gelu_rule)


@primitive
def mish(x: Any) -> Any:
    """Give ``x * tanh(softplus(x))``.

    References
    ----------
    .. [1] Misra, *Mish: A Self Regularized Non-Monotonic Activation Function* (2020), equation 1.

    Examples
    --------
    >>> mish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.3034,  0.    ,  0.8651])
    """
    return x * np.tanh(_log_of_1_plus_exp(x))


def _mish_rule(g: Any, y: Any, x: Any) -> Any:
    t = np.tanh(softplus(x))
    return g * (t + x * ((1 - t * t) * sigmoid(x)))


differentiable(mish, _mish_rule)


def softsign(x: Any) -> Any:
    """Give ``x / (1 + abs(x))``.

    Examples
    --------
    >>> softsign(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """
    return x / (1 + np.abs(x))


def tanhshrink(x: Any) -> Any:
    """Give ``x - tanh(x)``.

    Examples
    --------
    >>> tanhshrink(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.2384,  0.    ,  0.2384])
    """
    return x - np.tanh(x)


def glu(x: Any, axis: int = -1) -> Any:
    """Give the first half of x, each entry let through by the sigmoid of its partner in the second.

    Parameters
    ----------
    x : array or Value
    axis : int, default -1
        The axis that is cut in two.

    Raises
    ------
    ShapeError
        If its length is odd.

    References
    ----------
    .. [1] Dauphin, Fan, Auli, Grangier, *Language Modeling with Gated Convolutional Networks*
       (2017), equation 1.

    Examples
    --------
    >>> glu(np.array([1.0, 2.0, 0.0, 0.0]))
    array([0.5, 1. ])
    """
    shape = np.shape(x)
    if not shape or shape[axis] % 2:
        raise ShapeError(
            "glu: the axis must have two halves.",
            expected=f"an even length of axis {axis}",
            got=f"shape {shape}",
        )
    values, gates = np.split(x if hasattr(x, "shape") else np.asarray(x), 2, axis=axis)
    return values * sigmoid(gates)
