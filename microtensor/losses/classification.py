"""Losses of predictions that are classes, one of many: logits, or logarithms of probabilities.

Legend: B rows, C classes; (d1, ...) further axes, of an image or a sequence, each place of which
is a row of its own. Cross-entropies are in nats.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops import log_softmax, softmax, softmax_cross_entropy
from .comparing import as_array, as_floats, chosen, class_weights, in_dtype_of, of_class, reduced
from .labels import check_labels, check_probabilities
from .twice import refuse


def cross_entropy(
    logits: Any,
    labels: Any,
    *,
    weight: Any = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Any:
    """Mean cross-entropy of the true classes under softmax(logits), in nats.

    Parameters
    ----------
    logits : (B, C), (C,) or (B, C, d1, ...) Value or array_like of float
        Unnormalised log-probabilities; any real number. Not softmax's output.
    labels : (B,), () or (B, d1, ...) ndarray of int, or of float in the logits' shape
        The true class of each row, in 0 ... C-1; or the probability of each class.
    weight : (C,) array_like, optional
        How much each class counts. The mean of rows with labels is then the weighted one: it is
        divided by the sum of the weights of the rows' classes.
    ignore_index : int, default -100
        Rows with this label count for nothing, in the mean's divisor too. It may be a class.
    label_smoothing : float, default 0
        How much of each row's probability is spread evenly over all classes.
    reduction : {"mean", "sum", "none"}
        "mean" is over the rows.

    Returns
    -------
    () Value, or the shape of one label per row
        Per row ``logsumexp(logits) - logits[label]``; 0 at best, log C when uniform.

    Raises
    ------
    ShapeError
        If labels has not one class, or one distribution, per row of logits, or weight not one
        number per class.
    ArgumentError
        If a label is no class, if probabilities are negative or do not add up to 1, if an
        option is out of range, if no row counts, so that there is no mean, or if the logits'
        graph says that softmax made them.

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
    >>> float(cross_entropy(np.zeros((3, 2)), np.array([0, 1, -100]), reduction="sum"))  # 2 log 2
    1.3862943611198906
    """
    logits = as_floats(logits, "cross_entropy", "logits")
    labels = as_array(labels)
    shape = logits.shape
    by_class = labels.dtype.kind != "f" or labels.shape != shape
    skips = by_class and check_labels("cross_entropy", "logits", shape, labels, ignore_index)
    axis = 0 if len(shape) == 1 else 1
    refuse("cross_entropy", softmax, logits, axis)
    if by_class and not skips and weight is None and label_smoothing == 0 and reduction == "mean":
        # Fused: one step of the graph, and fast.
        if len(shape) != 2:
            logits, labels = _rows(logits), labels.reshape(-1)
        return softmax_cross_entropy(logits, labels)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(
            "cross_entropy: label_smoothing is the share that all classes get.",
            expected="a number from 0 to 1",
            got=f"{label_smoothing}",
        )
    if weight is not None:
        weight = class_weights("cross_entropy", weight, shape[axis], logits)
    if not by_class:
        return _of_probabilities(logits, labels, axis, weight, label_smoothing, reduction)
    log_p = log_softmax(_rows(logits))
    ignored = ignore_index if skips else None
    return _of_classes("cross_entropy", log_p, labels, weight, ignored, reduction, label_smoothing)


def nll(
    log_probabilities: Any,
    labels: Any,
    *,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Mean negative log-likelihood of the true classes, given log-probabilities, in nats.

    After `log_softmax` it is `cross_entropy`, which needs no such layer and is faster.

    Parameters
    ----------
    log_probabilities : (B, C), (C,) or (B, C, d1, ...) Value or array_like of float
        Logarithms, as `log_softmax` gives: neither probabilities nor scores, which are not told
        from them.
    labels : (B,), () or (B, d1, ...) ndarray of int
        The true class of each row, in 0 ... C-1.
    weight : (C,) array_like, optional
        How much each class counts. The mean is then the weighted one.
    ignore_index : int, default -100
        Rows with this label count for nothing. It may be a class.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () Value, or the shape of labels
        Per row ``-weight[label] * log_probabilities[label]``; the mean is divided by the sum of
        the rows' weights.

    Raises
    ------
    ShapeError
        If labels has not one class per row, or weight not one number per class.
    ArgumentError
        If a label is no class, the reduction is unknown, no row counts, or softmax made what
        should be logarithms.

    References
    ----------
    .. [1] Murphy, *Probabilistic Machine Learning: An Introduction* (2022), section 4.2.

    Examples
    --------
    >>> float(nll(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 0])))      # (log 2 + log 4) / 2
    1.0397207708399179
    """
    log_p = as_floats(log_probabilities, "nll", "log_probabilities")
    labels = as_array(labels)
    shape = log_p.shape
    skips = check_labels("nll", "log_probabilities", shape, labels, ignore_index)
    refuse("nll", softmax, log_p)
    if weight is not None:
        weight = class_weights("nll", weight, shape[0 if len(shape) == 1 else 1], log_p)
    ignored = ignore_index if skips else None
    return _of_classes("nll", _rows(log_p), labels, weight, ignored, reduction)


def _rows(x: Any) -> Any:
    """Give (B, C), (C,) or (B, C, d1, ...) as a matrix (rows, C)."""
    if x.ndim == 1:
        return x.reshape(1, -1)
    return x if x.ndim == 2 else np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _of_classes(
    loss: str,
    log_p: Any,
    labels: Any,
    weight: Any,
    ignored: int | None,
    reduction: str,
    smoothing: float = 0.0,
) -> Any:
    """Give the loss of labels, with each row weighted by its class; `ignored` ones count 0."""
    shape, labels = labels.shape, labels.reshape(-1)
    kept = None if ignored is None else labels != ignored
    if kept is not None:
        labels = np.where(kept, labels, 0)
    shares = None if weight is None else of_class(weight, labels)
    rows = -chosen(log_p, labels)
    if shares is not None:
        rows = shares * rows
    if smoothing:
        spread = -np.mean(log_p if weight is None else weight * log_p, axis=1)
        rows = (1 - smoothing) * rows + smoothing * spread
    if kept is not None:
        rows = np.where(kept, rows, 0)  # not times 0, which leaves nan what was infinite
        shares = np.where(kept, np.ones((), log_p.dtype) if shares is None else shares, 0)
    if reduction != "mean" or shares is None:
        return reduced(loss, rows.reshape(shape), reduction)
    total = np.sum(shares)
    if total == 0:
        raise ArgumentError(
            f"{loss}: no row counts, so there is no mean.",
            expected="a label other than ignore_index whose class has a weight",
            got=f"{math.prod(shape)} rows whose weights add up to 0",
            hint="Pass over such a batch, or pass reduction='sum', which is 0.",
        )
    return np.sum(rows) / total


def _of_probabilities(
    logits: Any, p: Any, axis: int, weight: Any, smoothing: float, reduction: str
) -> Any:
    """Give the loss of a distribution per row: each class has its share, times its weight."""
    check_probabilities(p, axis)
    log_p = log_softmax(logits, axis)
    p = in_dtype_of(log_p, p, "cross_entropy", "labels")
    if weight is not None:
        log_p = weight.reshape(-1, *[1] * (log_p.ndim - axis - 1)) * log_p
    rows = -np.vecdot(p, log_p, axis=axis)  # type: ignore[call-overload]  # NumPy's stub lacks axis
    if smoothing:
        rows = (1 - smoothing) * rows - smoothing * log_p.mean(axis=axis)
    return reduced("cross_entropy", rows, reduction)
