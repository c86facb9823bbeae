"""How good is it? Functions of (targets, outputs), in scikit-learn's order, that give one number.

A metric is any such function; it is shown plain arrays. What a function gives for parts of the
data says nothing of the whole in general (think of R² or F1), so it is called once, with all
rows of the epoch. Where the whole is the average of its rows, `averaged` says so, and nothing
needs to be kept.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ArgumentError, ShapeError
from ..ops import logsumexp


class averaged:  # noqa: N801  # a decorator
    """Mark a metric that is an average over rows, so that batches can be averaged, too.

    Parameters
    ----------
    mean : callable
        A function of (targets, outputs) that gives the mean over the rows.
    then : callable, optional
        What becomes of the mean in the end, such as a root.

    Examples
    --------
    >>> @averaged
    ... def half_right(targets, outputs):
    ...     return np.mean(np.abs(targets - outputs) < 0.5)
    >>> half_right(np.array([1.0, 2.0]), np.array([1.1, 3.0]))
    0.5
    """

    def __init__(self, mean: Callable, then: Callable = float) -> None:
        self.mean, self.then = mean, then
        functools.update_wrapper(self, mean)

    def __call__(self, targets: Any, outputs: Any) -> float:
        return self.then(float(self.mean(plain(targets), plain(outputs))))


@averaged
def accuracy(targets: Any, outputs: Any) -> Any:
    """The share of rows whose class is right.

    Parameters
    ----------
    targets : (B, ...) array of int
        The true classes. Or (B, C, ...) probabilities, of which the largest counts.
    outputs : (B, C, ...) array of float
        One number per class, such as logits: the largest is the answer. Or (B, ...), like the
        targets: floats are taken for logits of one class against another, so that above 0 means
        class 1 (or +1, against -1); integers and bools are classes. For probabilities, compare
        first: ``lambda t, o: train.accuracy(t, o > 0.5)``.

    Raises
    ------
    ShapeError
        If there is not one answer per target.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1]), np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]))
    0.6666666666666666
    >>> accuracy(np.array([0, 1]), np.array([-0.3, 2.0]))
    1.0
    """
    targets, outputs = np.asarray(targets), np.asarray(outputs)
    if targets.ndim == outputs.ndim > 1 and targets.dtype.kind == "f" and targets.shape[1] > 1:
        targets = np.argmax(targets, axis=1)
    if outputs.ndim == targets.ndim + 1:
        answers = np.argmax(outputs, axis=1)
    elif outputs.dtype.kind == "f" and outputs.shape == targets.shape:
        if targets.size and not (targets.min() >= -1 and targets.max() <= 1):
            raise ShapeError(
                "accuracy: one output per row can tell two classes only.",
                expected="outputs of shape (B, C), one number per class, or targets 0 and 1",
                got=f"outputs of shape {outputs.shape}, and targets up to {targets.max()}",
                hint="For the error of numbers, there is mean_absolute_error.",
            )
        targets, answers = targets > 0, outputs > 0
    else:
        answers = outputs
    if answers.shape != targets.shape:
        raise ShapeError(
            "accuracy: there must be one answer per target.",
            expected=f"outputs of shape {(*targets.shape[:1], 'C', *targets.shape[1:])}, one "
            f"number per class, or {targets.shape}".replace("'C'", "C"),
            got=f"outputs of shape {outputs.shape}",
        )
    return np.mean(answers == targets)


def top_k(k: int) -> averaged:
    """Make the metric that counts rows whose class is among the k largest outputs.

    Of equal outputs, those of lower classes count as larger.

    Parameters
    ----------
    k : int

    Returns
    -------
    metric
        Named ``top_k``, such as "top_5"; targets (B, ...) of int, outputs (B, C, ...). It raises
        ArgumentError where there are fewer than k classes: it would be 1 whatever the outputs.

    Examples
    --------
    >>> top_k(2)(np.array([0, 1]), np.array([[1.0, 2.0, 0.0], [3.0, 1.0, 2.0]]))
    0.5
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ArgumentError("top_k: k is a number of classes.", expected="1, 2, 3 ...", got=repr(k))

    def share(targets: Any, outputs: Any) -> Any:
        rank = -np.moveaxis(np.asarray(outputs), 1, -1)
        best = np.argsort(rank, axis=-1, kind="stable")[..., :k]
        if best.shape[:-1] != np.shape(targets):
            raise ShapeError(
                f"top_{k}: there must be one row of outputs per target.",
                expected=f"targets of shape {best.shape[:-1]}",
                got=f"targets of shape {np.shape(targets)}",
            )
        if k > best.shape[-1]:
            raise ArgumentError(
                f"top_{k}: there are fewer classes than {k}, so that every row would count.",
                expected=f"k of at most {best.shape[-1]}",
                got=f"outputs of shape {np.shape(outputs)}",
            )
        return np.mean(np.any(best == np.asarray(targets)[..., None], axis=-1))

    share.__name__ = f"top_{k}"
    share.__doc__ = f"The share of rows whose class is among the {k} largest outputs."
    return averaged(share)


@averaged
def mean_absolute_error(targets: Any, outputs: Any) -> Any:
    """The mean of ``|output - target|``; both of one shape.

    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    return np.mean(np.abs(_difference("mean_absolute_error", targets, outputs)))


@averaged
def mean_squared_error(targets: Any, outputs: Any) -> Any:
    """The mean of ``(output - target)²``; both of one shape.

    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    return np.mean(_difference("mean_squared_error", targets, outputs) ** 2)


def _squared(targets: Any, outputs: Any) -> Any:
    """The root of the mean of ``(output - target)²``, in the unit of the targets.

    >>> root_mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.4142135623730951
    """
    return np.mean(_difference("root_mean_squared_error", targets, outputs) ** 2)


_squared.__name__ = "root_mean_squared_error"
root_mean_squared_error = averaged(_squared, then=math.sqrt)


def _surprise(targets: Any, outputs: Any) -> Any:
    """The exponential of the mean cross-entropy: among how many equal choices the model wavers.

    Targets are classes (B, ...) of int, outputs their logits (B, C, ...); 1 at best, C when
    uniform.

    References
    ----------
    .. [1] Jelinek, Mercer, Bahl, Baker, *Perplexity: a measure of the difficulty of speech
       recognition tasks* (1977).

    Examples
    --------
    >>> perplexity(np.array([0, 1]), np.zeros((2, 4)))
    4.0
    """
    logits, classes = np.moveaxis(np.asarray(outputs), 1, -1), np.asarray(targets)
    if logits.shape[:-1] != classes.shape or classes.dtype.kind not in "iu":
        raise ShapeError(
            "perplexity: there must be one row of logits per class.",
            expected=f"targets of shape {logits.shape[:-1]}, of int",
            got=f"targets of shape {classes.shape}, of {classes.dtype}",
        )
    chosen = np.take_along_axis(logits, classes[..., None], axis=-1)[..., 0]
    return np.mean(logsumexp(logits, axis=-1) - chosen, dtype=float)


_surprise.__name__ = "perplexity"
perplexity = averaged(_surprise, then=lambda nats: math.exp(nats) if nats < 709 else math.inf)


def r2(targets: Any, outputs: Any) -> float:
    """How much of the targets' variance is explained: R², the coefficient of determination.

    ``1 - Σ (target - output)² / Σ (target - mean target)²``: 1 at best, 0 for the mean, below it
    for what is worse. Several columns are averaged; of targets that are all equal it is nan.

    References
    ----------
    .. [1] Draper, Smith, *Applied Regression Analysis* (1998), section 1.3.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """
    difference = _difference("r2", targets, outputs).astype(float)
    targets = np.asarray(plain(targets), float)
    unexplained = np.sum(difference**2, axis=0)
    total = np.sum((targets - np.mean(targets, axis=0)) ** 2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, 1 - unexplained / total, np.nan)
    return float(np.mean(share))


def _difference(name: str, targets: Any, outputs: Any) -> np.ndarray:
    targets, outputs = np.asarray(plain(targets)), np.asarray(plain(outputs))
    if targets.shape != outputs.shape:
        raise ShapeError(
            f"{name}: targets and outputs must have one shape.",
            expected=f"outputs of shape {targets.shape}, like the targets",
            got=f"outputs of shape {outputs.shape}",
        )
    return outputs - targets
