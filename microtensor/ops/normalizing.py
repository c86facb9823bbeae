"""Normalisations: layer norm, RMS norm and group norm. The functions that people call.

They check shapes and options, which are PyTorch's, and leave the rest to `standardizing.py`.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from .arithmetic import astype
from .standardizing import layer_normalization, rms_normalization


def layer_norm(
    x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Give the entries along the last axes mean 0 and variance 1, then scale and shift them.

    Parameters
    ----------
    x : (..., *normalized_shape) array or Value
    normalized_shape : int or tuple of int
        The lengths of the axes that are normalised together.
    weight, bias : array or Value of that shape, optional
    eps : float, default 1e-5
        Added to the variance, which is divided by.

    Returns
    -------
    array or Value of the shape of x
        ``(x - mean) / sqrt(variance + eps) * weight + bias``; the variance is of the entries
        themselves, their squares divided by n.

    Raises
    ------
    ShapeError
        If the last axes of x, or weight or bias, have another shape.
    ArgumentError
        If normalized_shape is no shape.

    References
    ----------
    .. [1] Ba, Kiros, Hinton, *Layer Normalization* (2016), equations 3 and 4.

    Examples
    --------
    >>> layer_norm(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 30.0]]), 3).round(3)
    array([[-1.225,  0.   ,  1.225],
           [-0.707, -0.707,  1.414]])
    """
    x, shape = floats(x), sizes("layer_norm", normalized_shape)
    check_last_axes("layer_norm", np.shape(x), shape)
    weight, bias = (_fitting("layer_norm", v, shape, n) for v, n in ((weight, 0), (bias, 1)))
    return layer_normalization(x, weight, bias, axes=len(shape), eps=eps)


def rms_norm(x: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """Divide the entries along the last axes by the root of their mean square, then scale them.

    Parameters
    ----------
    x : (..., *normalized_shape) array or Value
    normalized_shape : int or tuple of int
        The lengths of the axes that are normalised together.
    weight : array or Value of that shape, optional
    eps : float, optional
        Added to the mean square; the machine epsilon of x's dtype if not given.

    Returns
    -------
    array or Value of the shape of x
        ``x / sqrt(mean(x²) + eps) * weight``.

    Raises
    ------
    ShapeError, ArgumentError
        As `layer_norm`.

    References
    ----------
    .. [1] Zhang, Sennrich, *Root Mean Square Layer Normalization* (2019), equation 4.

    Examples
    --------
    >>> rms_norm(np.array([3.0, -4.0]), 2).round(4)
    array([ 0.8485, -1.1314])
    """
    x, shape = floats(x), sizes("rms_norm", normalized_shape)
    check_last_axes("rms_norm", np.shape(x), shape)
    weight = _fitting("rms_norm", weight, shape, 0)
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    return rms_normalization(x, weight, axes=len(shape), eps=eps)


def group_norm(
    x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Give each group of channels of each example mean 0 and variance 1, then scale and shift.

    Parameters
    ----------
    x : (N, C, ...) array or Value
    num_groups : int
        Into how many groups the channels are cut.
    weight, bias : (C,) array or Value, optional
        One number for each channel.
    eps : float, default 1e-5

    Returns
    -------
    array or Value of the shape of x

    Raises
    ------
    ShapeError
        If x has no axis of channels, or weight or bias not one number for each.
    ArgumentError
        If num_groups does not divide the channels.

    References
    ----------
    .. [1] Wu, He, *Group Normalization* (2018), equations 1, 2 and 7.

    Examples
    --------
    >>> group_norm(np.array([[1.0, 3.0, 10.0, 30.0]]), 2).round(3)
    array([[-1.,  1., -1.,  1.]])
    """
    x = floats(x)
    shape = np.shape(x)
    check_groups("group_norm", shape, num_groups)
    rows = (shape[0], num_groups, math.prod(shape[1:]) // num_groups)
    y = layer_normalization(np.reshape(x, rows), None, None, axes=1, eps=eps)
    y = np.reshape(y, shape)
    by_channel = (-1, *(1,) * (len(shape) - 2))
    for place, v in enumerate((weight, bias)):
        if v is not None:
            v = np.reshape(_fitting("group_norm", v, shape[1:2], place), by_channel)
            y = y + v if place else y * v
    return y


def floats(x: Any) -> Any:
    """Give an array or a Value of floats; Python's numbers and integers become float64."""
    if not hasattr(x, "dtype"):
        return np.asarray(x, float)
    return x if x.dtype.kind == "f" else astype(x, float)


def sizes(where: str, normalized_shape: Any) -> tuple[int, ...]:
    """Give the shape that is normalised over, which may be one integer."""
    given = normalized_shape
    try:
        shape = tuple(map(operator.index, given if np.ndim(given) else (given,)))
    except TypeError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ArgumentError(
            f"{where}: normalized_shape must be the lengths of the last axes.",
            expected="a positive integer, or a tuple of them",
            got=repr(given),
        )
    return shape


def check_last_axes(where: str, shape: tuple[int, ...], normalized_shape: tuple[int, ...]) -> None:
    """Raise ShapeError unless a shape ends as it should."""
    if shape[-len(normalized_shape) :] != normalized_shape:
        inner = ", ".join(map(str, normalized_shape))
        raise ShapeError(
            f"{where}: the input has the wrong last axes.",
            expected=f"an input of shape (..., {inner}), since normalized_shape says so",
            got=f"an input of shape {shape}",
        )


def check_groups(where: str, shape: tuple[int, ...], num_groups: Any) -> None:
    """Raise unless there are channels, and the groups divide them."""
    if len(shape) < 2:
        raise ShapeError(
            f"{where}: the input has no channels.",
            expected="an input of shape (N, C, ...)",
            got=f"an input of shape {shape}",
        )
    if not isinstance(num_groups, int | np.integer) or num_groups < 1 or shape[1] % num_groups:
        raise ArgumentError(
            f"{where}: num_groups must divide the channels.",
            expected=f"a divisor of {shape[1]}, as the input has shape {shape}",
            got=f"num_groups={num_groups!r}",
        )


def _fitting(where: str, v: Any, shape: tuple[int, ...], place: int) -> Any:
    if v is None:
        return None
    v = floats(v)
    if np.shape(v) != shape:
        raise ShapeError(
            f"{where}: {('weight', 'bias')[place]} must have one number for each entry or channel.",
            expected=f"shape {shape}",
            got=f"shape {np.shape(v)}",
        )
    return v
