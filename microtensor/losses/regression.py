"""Losses of predictions that are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .comparing import paired, reduced


def mse(prediction: Any, target: Any, reduction: str = "mean") -> Any:
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


def l1(prediction: Any, target: Any, reduction: str = "mean") -> Any:
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
