"""Losses of predictions that are classes: scores, logits or probabilities of them.

Legend: B rows, C classes. Cross-entropies are in nats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops import log_softmax, relu, softmax_cross_entropy, softplus
from ..primitives import differentiable, primitive
from .comparing import as_floats, check_between, paired, reduced
from .labels import check_labels, check_probabilities, check_signs


def cross_entropy(
    logits: Any, labels: Any, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> Any:
    """Mean cross-entropy of the true classes under softmax(logits), in nats.

    Parameters
    ----------
    logits : (B, C) or (C,) Value or array_like of float
        Unnormalised log-probabilities; any real number. Not softmax's output.
    labels : (B,) or () ndarray of int, or (B, C) or (C,) of float
        The true class of each row, in 0 ... C-1; or, as floats in the logits' shape, the
        probability of each class.
    label_smoothing : float, default 0
        How much of each row's probability is spread evenly over all classes.
    reduction : {"mean", "sum", "none"}
        "mean" is over the rows.

    Returns
    -------
    () or (B,) Value
        Per row ``logsumexp(logits) - logits[label]``; 0 at best, log C when uniform.

    Raises
    ------
    ShapeError
        If labels has not one class, or one distribution, per row of logits.
    ArgumentError
        If a label is no class, if probabilities are negative or do not add up to 1, or if an
        option is out of range.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.3.
    .. [2] Szegedy et al., *Rethinking the Inception Architecture* (2016), section 7: smoothing.

    Examples
    --------
    >>> float(cross_entropy(np.zeros((1, 2)), np.array([0])))      # log 2
    0.6931471805599453
    >>> float(cross_entropy(np.zeros((1, 2)), np.array([[0.5, 0.5]])))
    0.6931471805599453
    """
    logits = as_floats(logits)
    if not hasattr(labels, "dtype"):
        labels = np.asarray(labels)
    shape = logits.shape
    by_class = labels.dtype.kind != "f" or labels.shape != shape
    if by_class:
        check_labels(shape, labels)
    else:
        check_probabilities(labels)
    plain_mean = label_smoothing == 0 and reduction == "mean"
    if plain_mean and by_class and len(shape) == 2:
        return softmax_cross_entropy(logits, labels)  # fused: one step of the graph, and fast
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(
            "cross_entropy: label_smoothing must lie between 0 and 1.", got=f"{label_smoothing}"
        )
    log_p = log_softmax(logits)
    rows = _of_classes(log_p, labels) if by_class else -(_like(labels, log_p) * log_p).sum(axis=-1)
    if label_smoothing:
        rows = (1 - label_smoothing) * rows - label_smoothing * log_p.mean(axis=-1)
    return reduced("cross_entropy", rows, reduction)


def _of_classes(log_p: Any, labels: Any) -> Any:
    """Give minus the log-probability of each row's class."""
    return -log_p[labels] if log_p.ndim == 1 else -log_p[np.arange(len(labels)), labels]


def _like(x: Any, other: Any) -> Any:
    return x if x.dtype == other.dtype else x.astype(other.dtype)


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


def binary_cross_entropy(probability: Any, target: Any, reduction: str = "mean") -> Any:
    """Mean cross-entropy of two classes, given the probability of the second one, in nats.

    Parameters
    ----------
    probability : Value or array_like
        Any shape, each from 0 to 1, as sigmoid gives.
    target : Value or array_like
        The same shape: 0 or 1, or a probability.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``-(t log p + (1 - t) log(1 - p))``, averaged over all entries, where no logarithm counts
        for less than -100.

    Raises
    ------
    ShapeError
        If the shapes differ.
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
    return reduced(loss, _two_class_cross_entropy(probability, target), reduction)


_FROM_SIGNS = "For labels of -1 and 1, pass (target + 1) / 2."


def binary_cross_entropy_with_logits(logits: Any, target: Any, reduction: str = "mean") -> Any:
    """Mean cross-entropy of two classes under sigmoid(logits), in nats, without overflow.

    Parameters
    ----------
    logits : Value or array_like
        Any shape; any real number.
    target : Value or array_like
        The same shape: 0 or 1, or a probability.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``t log(1 + exp(-x)) + (1 - t) log(1 + exp(x))``, averaged over all entries. Each term is
        exact at both ends, which the shorter ``softplus(x) - t x`` is not.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If a target is no probability, or the reduction is unknown.

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
    check_between(loss, t, "the target", _FROM_SIGNS)
    return reduced(loss, t * softplus(-x) + (1 - t) * softplus(x), reduction)


def hinge(scores: Any, labels: Any, reduction: str = "mean") -> Any:
    """Mean amount by which scores miss the margin 1 on their side of 0: the max-margin loss.

    Parameters
    ----------
    scores : Value or array_like
        Any shape; positive for class 1, negative for class -1.
    labels : array_like
        The same shape, each -1 or 1.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``relu(1 - labels * scores)``, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If a label is neither -1 nor 1, or the reduction is unknown.

    References
    ----------
    .. [1] Cortes, Vapnik, *Support-Vector Networks* (1995).

    Examples
    --------
    >>> float(hinge(np.array([2.0, 0.5]), np.array([1, 1])))
    0.25
    """
    scores, labels = paired("hinge", scores, labels, "labels")
    check_signs(labels)
    return reduced("hinge", relu(1 - labels * scores), reduction)
