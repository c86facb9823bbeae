"""Nonlinearities, softmax and their fused loss.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Source of the definitions and of
the conventions at kinks: PyTorch's documentation of the functions of the same names.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..primitives import differentiable, primitive, stands_for
from .reductions import keep

SQRT_2, SQRT_2_OVER_PI = math.sqrt(2.0), math.sqrt(2.0 / math.pi)

tanh = np.tanh


@primitive
def relu(x: Any) -> Any:
    """Give the positive part, ``max(x, 0)``; its derivative at 0 is taken as 0.

    Examples
    --------
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    if x.__class__ is float:
        return 0.0 if x <= 0 else x  # so that nan stays nan
    return np.maximum(x, 0)


differentiable(relu, lambda g, y, x: g * (x > 0))


@primitive
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Give x where it is positive, else ``negative_slope * x``.

    References
    ----------
    .. [1] Maas, Hannun, Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*
       (2013).

    Examples
    --------
    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    return np.where(np.greater(x, 0), x, negative_slope * x)[()]


differentiable(
    leaky_relu,
    lambda g, y, x, negative_slope: np.where(np.greater(x, 0), g, negative_slope * g),
)


@primitive
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Give x where it is positive, else ``alpha * (exp(x) - 1)``.

    References
    ----------
    .. [1] Clevert, Unterthiner, Hochreiter, *Fast and Accurate Deep Network Learning by
       Exponential Linear Units* (2016), equation 15.

    Examples
    --------
    >>> elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0)))[()]


differentiable(
    elu,
    lambda g, y, x, alpha: np.where(
        np.greater(x, 0), g, g * (alpha * np.exp(np.where(np.greater(x, 0), 0, x)))
    ),
)


@primitive
def sigmoid(x: Any) -> Any:
    """Give the logistic function, ``1 / (1 + exp(-x))``, without overflow.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 2.7])).round(3)
    array([0.   , 0.5  , 0.937])
    """
    if x.__class__ is float:
        e = math.exp(-abs(x))
        return 1 / (1 + e) if x >= 0 else e / (1 + e)
    e = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0), 1, e)[()] / (1 + e)


differentiable(sigmoid, lambda g, y, x: g * (y * (1 - y)))


@primitive
def softplus(x: Any) -> Any:
    """Give the smooth positive part, ``log(1 + exp(x))``.

    Examples
    --------
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    return np.logaddexp(x, 0)


differentiable(softplus, lambda g, y, x: g * sigmoid(x))


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
def softmax(x: Any, axis: int = -1) -> Any:
    """Give probabilities proportional to ``exp(x)`` along an axis.

    Parameters
    ----------
    x : array_like
    axis : int, default -1
        The axis along which they sum to 1.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), equation 6.29.

    Examples
    --------
    >>> softmax(np.array([-0.5, 1.2, -0.1, 2.4])).round(4)
    array([0.0383, 0.2094, 0.0571, 0.6953])
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))  # the largest exponent is 0: no overflow
    return e / np.sum(e, axis=axis, keepdims=True)


differentiable(
    softmax,
    lambda g, y, x, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
)


@primitive
def log_softmax(x: Any, axis: int = -1) -> Any:
    """Give ``log(softmax(x))`` without forming small probabilities.

    Examples
    --------
    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


differentiable(
    log_softmax,
    lambda g, y, x, axis: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
)


@primitive
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Give ``log(sum(exp(x)))`` over an axis, without overflow.

    Parameters
    ----------
    x : array_like
    axis : int, tuple of int or None
    keepdims : bool, default False

    Examples
    --------
    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 4)      # 1000 + log 2
    1000.6931
    """
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # all -inf: their sum is exp(-inf), no nan
    with np.errstate(divide="ignore"):
        y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)[()]


def _logsumexp_rule(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Each term gets the share that it has in the sum: softmax."""
    g, y = keep(g, x, axis, keepdims), keep(y, x, axis, keepdims)
    return g * np.exp(x - np.where(np.isfinite(y), y, 0))


differentiable(logsumexp, _logsumexp_rule)


@primitive(keeps=True)
def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """Give the mean cross-entropy of the true classes under ``softmax(logits)``, in nats.

    Parameters
    ----------
    logits : (B, C) array
    labels : (B,) array of int
        Classes in 0 ... C-1.

    Returns
    -------
    () array

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.3.

    Examples
    --------
    >>> float(softmax_cross_entropy(np.zeros((1, 2)), np.array([0])))      # log 2
    0.6931471805599453
    """
    n, classes = logits.shape
    # The spellings of max and sum over a short axis that are fastest: over the long axis of the
    # transpose, and as a product with ones.
    top = np.maximum.reduce(np.ascontiguousarray(logits.T), axis=0)
    shifted = logits - top[:, None]
    e = np.exp(shifted)
    total = e.dot(np.ones(classes, e.dtype))
    true = shifted[np.arange(n), labels]  # which refuses a label that is no class
    loss = np.add.reduce(np.log(total) - true) / e.dtype.type(n)
    return loss, e / total[:, None]


def _softmax_cross_entropy_rule(g: Any, y: Any, logits: Any, labels: Any, kept: Any) -> Any:
    """d loss / d logits = (softmax - onehot) / B; the softmax was kept by the forward pass."""
    n, classes = np.shape(logits)
    if kept is None:
        onehot = np.equal(np.expand_dims(labels % classes, 1), np.arange(classes))
        return (softmax(logits, axis=1) - onehot) * (g / n)
    share = g / kept.dtype.type(n)
    d = kept * share
    d[np.arange(n), labels] -= share
    return d


differentiable(softmax_cross_entropy, _softmax_cross_entropy_rule, None)


@stands_for(softmax_cross_entropy)
def _softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    rows = np.arange(len(labels))
    return -np.mean(log_softmax(logits, axis=1)[rows, labels])
