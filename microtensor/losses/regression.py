"""Losses of predictions that are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import differentiable, primitive
from .comparing import check_option, paired, reduced


def mse(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean squared error, in the target's unit squared.

    Parameters
    ----------
    prediction : Value or array_like
        Any shape.
    target : Value or array_like
        The same shape.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``(prediction - target)²``, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ: (B, 1) against (B,) would be a (B, B) matrix of differences.
    ArgumentError
        If the reduction is unknown.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), equation 5.5.

    Examples
    --------
    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    prediction, target = paired("mse", prediction, target)
    difference = prediction - target
    return reduced("mse", difference * difference, reduction)


def l1(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean absolute error, in the target's unit; its derivative where they agree is taken as 0.

    Parameters
    ----------
    prediction : Value or array_like
        Any shape.
    target : Value or array_like
        The same shape.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``|prediction - target|``, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If the reduction is unknown.

    References
    ----------
    .. [1] Bishop, *Pattern Recognition and Machine Learning* (2006), section 1.5.5.

    Examples
    --------
    >>> float(l1(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    prediction, target = paired("l1", prediction, target)
    return reduced("l1", np.abs(prediction - target), reduction)


@primitive
def _huber(d: Any, delta: Any) -> Any:
    within = np.clip(d, -delta, delta)
    return within * (d - within / 2)  # d²/2 within, delta (|d| - delta/2) beyond


_huber.__name__ = "huber"
differentiable(_huber, lambda g, y, d, delta: g * np.clip(d, -delta, delta), None)


def smooth_l1(prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean") -> Any:
    """Mean absolute error that is rounded off to a parabola below beta: `huber`, over beta.

    Parameters
    ----------
    prediction : Value or array_like
        Any shape.
    target : Value or array_like
        The same shape.
    beta : float, default 1
        Where the parabola ends; at 0 it is `l1`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        With ``d = prediction - target``: ``d² / (2 beta)`` where ``|d| < beta``, and
        ``|d| - beta / 2`` elsewhere, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If beta is negative, or the reduction is unknown.

    References
    ----------
    .. [1] Girshick, *Fast R-CNN* (2015), equation 3.

    Examples
    --------
    >>> smooth_l1(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
    check_option("smooth_l1", "beta", beta, beta >= 0, "a number of at least 0")
    prediction, target = paired("smooth_l1", prediction, target)
    difference = prediction - target
    rows = _huber(difference, beta) / beta if beta else np.abs(difference)
    return reduced("smooth_l1", rows, reduction)


def huber(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Mean squared error, halved, that goes on as a straight line above delta.

    Parameters
    ----------
    prediction : Value or array_like
        Any shape.
    target : Value or array_like
        The same shape.
    delta : float, default 1
        Where the line begins: outliers pull with this slope at most.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        With ``d = prediction - target``: ``d² / 2`` where ``|d| <= delta``, and
        ``delta (|d| - delta / 2)`` elsewhere, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If delta is not positive, or the reduction is unknown.

    References
    ----------
    .. [1] Huber, *Robust Estimation of a Location Parameter* (1964).

    Examples
    --------
    >>> huber(np.array([0.5, 3.0]), np.zeros(2), delta=2.0, reduction="none")
    array([0.125, 4.   ])
    """
    check_option("huber", "delta", delta, delta > 0, "a number above 0")
    prediction, target = paired("huber", prediction, target)
    return reduced("huber", _huber(prediction - target, delta), reduction)
