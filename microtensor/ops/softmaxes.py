"""Softmax and its kin, along an axis, and the fused loss.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..primitives import differentiable, piecewise, primitive, stands_for
from .reductions import keep

FEW = 64  # classes: the sums over so short an axis are fastest along rows of the other one


def _largest(x: Any, axis: Any) -> Any:
    """Give it as a float: a difference of unsigned integers would never be below 0."""
    return np.max(x, axis=axis, keepdims=True) + 0.0 if np.size(x) else 0.0  # none has no largest


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
    e = np.exp(x - _largest(x, axis))  # the largest exponent is 0: no overflow
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
    if not np.size(x):
        return np.exp(x)  # as empty, in the same dtype
    shifted = x - _largest(x, axis)
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
    top = _largest(x, axis)
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
    x = logits.T  # (C, B)
    if len(x) < FEW:
        x = x.copy()
    x = x - np.maximum.reduce(x)
    e = np.exp(x)
    total = np.add.reduce(e)
    true = np.arange(len(logits)), labels
    loss = np.add.reduce(np.log(total) - x.T[true]) / e.dtype.type(len(logits))
    e /= total
    kept = e.T
    kept[true] -= 1
    return loss, np.ascontiguousarray(kept)


def _softmax_cross_entropy_rule(g: Any, y: Any, logits: Any, labels: Any, kept: Any) -> Any:
    """d loss / d logits = (softmax - onehot) / B; the bracket was kept by the forward pass."""
    n, classes = np.shape(logits)
    if kept is None:
        onehot = np.equal(np.expand_dims(labels % classes, 1), np.arange(classes))
        return (softmax(logits, axis=1) - onehot) * (g / n)
    return kept * (g / kept.dtype.type(n))


differentiable(softmax_cross_entropy, _softmax_cross_entropy_rule, None)


@stands_for(softmax_cross_entropy)
def _softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    rows = np.arange(len(labels))
    return -np.mean(log_softmax(logits, axis=1)[rows, labels])


def softmin(x: Any, axis: int = -1) -> Any:
    """Give probabilities proportional to ``exp(-x)`` along an axis.

    Examples
    --------
    >>> softmin(np.array([0.5, -1.2, 0.1, -2.4])).round(4)
    array([0.0383, 0.2094, 0.0571, 0.6953])
    """
    return softmax(np.subtract(0.0, x), axis=axis)


@primitive
def one_hot(labels: Any, classes: int | None = None) -> Any:
    """Give a row for each label: 1 in the place of its class, 0 in the others.

    Parameters
    ----------
    labels : array of int
    classes : int, optional
        How many there are; one more than the largest label, if not given.

    Returns
    -------
    (..., classes) array of int
        ``.astype(np.float32)`` makes probabilities of it.

    Raises
    ------
    ArgumentError
        If labels are no integers, or one is not in ``0 ... classes - 1``.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ArgumentError(
            "one_hot: labels must be integers.",
            expected="an array of an integer dtype",
            got=f"dtype {labels.dtype}",
            hint="If they are whole numbers, convert them: labels.astype(int).",
        )
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, -1)
    if classes is None:
        classes = high + 1
    if low < 0 or high >= classes:
        raise ArgumentError(
            "one_hot: a label is no class.",
            expected=f"labels in 0 ... {classes - 1}",
            got=f"labels from {low} to {high}",
        )
    return np.equal(labels[..., None], np.arange(classes)).astype(np.int64)


piecewise(one_hot)
