"""Losses of predictions that are one of two classes, in any shape. They are in nats."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import sigmoid, softplus
from ..primitives import differentiable, primitive, stands_for
from .comparing import check_between, factors, paired, reduced
from .twice import refuse


@primitive
def _two_class_cross_entropy(p: Any, t: Any) -> Any:
    # Each logarithm is at least -100, as in PyTorch: a certain mistake costs 100, not infinity.
    with np.errstate(divide="ignore"):
        log_p, log_rest = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
    return -(t * log_p + (1 - t) * log_rest)


_two_class_cross_entropy.__name__ = "binary_cross_entropy"

# d/dp = (p - t) / (p (1 - p)), and d/dt = log(1 - p) - log p. Where p is 0 or 1 the divisor is
# PyTorch's 1e-12: very large instead of infinite, so that sigmoid's own derivative makes it 0.
differentiable(
    _two_class_cross_entropy,
    lambda g, y, p, t: g * (p - t) / np.maximum(p * (1 - p), 1e-12),
    lambda g, y, p, t: g * _slope_in_target(p, t),
)


def _slope_in_target(p: Any, t: Any) -> Any:
    """Give y(p, 1) - y(p, 0), as y is linear in t."""
    at_1 = _two_class_cross_entropy(p, np.ones_like(t))
    return at_1 - _two_class_cross_entropy(p, np.zeros_like(t))


def binary_cross_entropy(
    probability: Any, target: Any, *, weight: Any = None, reduction: str = "mean"
) -> Any:
    """Mean cross-entropy of two classes, given the probability of the second one, in nats.

    Parameters
    ----------
    probability : Value or array_like
        Any shape, each from 0 to 1, as sigmoid gives.
    target : Value or array_like
        The same shape: 0 or 1, or a probability.
    weight : array_like, optional
        What each entry's loss is multiplied by; it broadcasts to that shape. The mean is still
        over the number of entries.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``-(t log p + (1 - t) log(1 - p))``, averaged over all entries, where no logarithm counts
        for less than -100.

    Raises
    ------
    ShapeError
        If the shapes differ, or the weight's does not broadcast to them.
    ArgumentError
        If a number is no probability, or the reduction is unknown.

    References
    ----------
    .. [1] Bishop, *Pattern Recognition and Machine Learning* (2006), equation 4.90.

    Examples
    --------
    >>> float(binary_cross_entropy(np.array([0.5, 0.5]), np.array([0.0, 1.0])))      # log 2
    0.6931471805599453
    """
    loss = "binary_cross_entropy"
    probability, target = paired(loss, probability, target)
    check_between(
        loss, probability, "the prediction", "For scores, use binary_cross_entropy_with_logits."
    )
    check_between(loss, target, "the target", _FROM_SIGNS)
    rows = _two_class_cross_entropy(probability, target)
    if weight is not None:
        rows = factors(loss, weight, probability) * rows
    return reduced(loss, rows, reduction)


_FROM_SIGNS = "For labels of -1 and 1, pass (target + 1) / 2."


@primitive
def _logistic(x: Any, second: Any, first: Any) -> Any:
    # Both softplus(x) and softplus(-x) are their larger half, 0 or |x|, and this logarithm.
    rest = np.log1p(np.exp(-np.abs(x)))
    return first * np.maximum(x, 0) + second * np.maximum(-x, 0) + (first + second) * rest


_logistic.__name__ = "binary_cross_entropy_with_logits"
differentiable(
    _logistic,
    lambda g, y, x, second, first: g * (first * sigmoid(x) - second * sigmoid(-x)),
    lambda g, y, x, second, first: g * softplus(-x),
    lambda g, y, x, second, first: g * softplus(x),
)


@stands_for(_logistic)
def _both_classes(x: Any, second: Any, first: Any) -> Any:
    return second * softplus(-x) + first * softplus(x)


def binary_cross_entropy_with_logits(
    logits: Any,
    target: Any,
    *,
    weight: Any = None,
    pos_weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """Mean cross-entropy of two classes under sigmoid(logits), in nats, without overflow.

    Parameters
    ----------
    logits : Value or array_like
        Any shape; any real number.
    target : Value or array_like
        The same shape: 0 or 1, or a probability.
    weight : array_like, optional
        What each entry's loss is multiplied by; it broadcasts to that shape.
    pos_weight : array_like, optional
        What the second class's part of it is multiplied by, such as the number of examples of
        the first class over that of the second; it broadcasts to that shape.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``t log(1 + exp(-x)) + (1 - t) log(1 + exp(x))``, averaged over all entries. Each term is
        exact at both ends, which the shorter ``softplus(x) - t x`` is not.

    Raises
    ------
    ShapeError
        If the shapes differ, or a weight's does not broadcast to them.
    ArgumentError
        If a target is no probability, the reduction is unknown, or the logits' graph says that
        sigmoid made them.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.2.

    Examples
    --------
    >>> float(binary_cross_entropy_with_logits(np.array([0.0]), np.array([1.0])))      # log 2
    0.6931471805599453
    """
    loss = "binary_cross_entropy_with_logits"
    x, t = paired(loss, logits, target)
    refuse(loss, sigmoid, x)
    check_between(loss, t, "the target", _FROM_SIGNS)
    second = t if pos_weight is None else factors(loss, pos_weight, x, "pos_weight") * t
    rows = _logistic(x, second, 1 - t)
    if weight is not None:
        rows = factors(loss, weight, x) * rows
    return reduced(loss, rows, reduction)
