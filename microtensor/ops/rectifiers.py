"""Activations made of straight pieces, or of a straight piece and a curve.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Source of the definitions and of
the conventions at kinks: PyTorch's documentation of the functions of the same names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..primitives import differentiable, in_place, piecewise, primitive
from .masking import mask_in_place, masked


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


differentiable(relu, lambda g, y, x: masked(g, x > 0))
in_place(relu, lambda g, y, x: mask_in_place(g, x > 0))


@primitive
def negative_part(x: Any) -> Any:
    """Give ``min(x, 0)``; its derivative at 0 is taken as 0.

    Examples
    --------
    >>> negative_part(np.array([-1.0, 0.0, 2.0]))
    array([-1.,  0.,  0.])
    """
    if x.__class__ is float:
        return 0.0 if x >= 0 else x
    return np.minimum(x, 0)


differentiable(negative_part, lambda g, y, x: masked(g, x < 0))


@primitive
def slope_from(x: Any, low: float) -> Any:
    """Give the slope of a function of two straight pieces: 1 where x is positive, else ``low``.

    Examples
    --------
    >>> slope_from(np.array([-1.0, 0.0, 2.0]), 0.1)
    array([0.1, 0.1, 1. ])
    """
    if x.__class__ is float:
        return 1.0 if x > 0 else float(low)
    dtype = np.result_type(x, 1.0)
    if 0 <= low <= 1:
        return np.maximum(np.greater(x, 0), dtype.type(low))  # much faster than to choose
    return np.array([low, 1], dtype)[np.greater(x, 0).astype(np.intp)]


piecewise(slope_from)


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
    if x.__class__ is not float:
        x = np.asarray(x)
    if 0 < negative_slope <= 1:
        return np.maximum(x, negative_slope * x)
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


differentiable(leaky_relu, lambda g, y, x, negative_slope: g * slope_from(x, low=negative_slope))


@primitive
def prelu(x: Any, weight: Any) -> Any:
    """Give x where it is positive, else ``weight * x``, with a weight that is learned.

    Parameters
    ----------
    x : array or Value
        (N, C, ...), if there is a weight for each channel.
    weight : (1,) or () or (C,) array or Value

    Raises
    ------
    ShapeError
        If there are several weights, and not one for each channel.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, *Delving Deep into Rectifiers* (2015), equation 1.

    Examples
    --------
    >>> prelu(np.array([[-1.0, -1.0, 2.0]]), np.array([0.1, 0.2, 0.3]))
    array([[-0.1, -0.2,  2. ]])
    """
    return np.maximum(x, 0) + _by_channel(weight, x) * np.minimum(x, 0)


def _by_channel(weight: Any, x: Any) -> Any:
    if np.size(weight) == 1:
        return np.reshape(weight, ())
    channels = np.shape(x)[1] if np.ndim(x) > 1 else 1  # as PyTorch has it
    if np.shape(weight) != (channels,):
        raise ShapeError(
            "prelu: the weight must be one number, or one for each channel.",
            expected=f"shape (1,) or ({channels},), since x has shape {np.shape(x)}",
            got=f"shape {np.shape(weight)}",
        )
    return np.reshape(weight, (-1, *(1,) * (np.ndim(x) - 2)))


def _prelu_to_weight(g: Any, y: Any, x: Any, weight: Any) -> Any:
    sent = masked(g * x, x <= 0)
    if np.size(weight) == 1:
        return np.reshape(np.sum(sent), np.shape(weight))
    return np.sum(sent, axis=(0, *range(2, np.ndim(x))))


differentiable(
    prelu,
    lambda g, y, x, weight: masked(g, x > 0) + masked(g, x <= 0) * _by_channel(weight, x),
    _prelu_to_weight,
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
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


differentiable(
    elu,
    lambda g, y, x, alpha: g * (slope_from(x, low=alpha) * np.exp(negative_part(x))),
)


@primitive
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Give x where it is positive, else ``alpha * (exp(x / alpha) - 1)``: no kink, whatever alpha.

    References
    ----------
    .. [1] Barron, *Continuously Differentiable Exponential Linear Units* (2017).

    Examples
    --------
    >>> celu(np.array([-1.0, 2.0]), 0.5).round(4)
    array([-0.4323,  2.    ])
    """
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


differentiable(celu, lambda g, y, x, alpha: g * np.exp(negative_part(x) / alpha))

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(x: Any) -> Any:
    """Give `elu` with an alpha and a scale that keep mean 0 and variance 1 from layer to layer.

    References
    ----------
    .. [1] Klambauer, Unterthiner, Mayr, Hochreiter, *Self-Normalizing Neural Networks* (2017),
       equation 2.

    Examples
    --------
    >>> selu(np.array([-1.0, 2.0])).round(4)
    array([-1.1113,  2.1014])
    """
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


@primitive
def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Give x, held between two bounds; the derivative at the bounds is taken as 0.

    Raises
    ------
    ArgumentError
        If the lower bound is above the upper.

    Examples
    --------
    >>> hardtanh(np.array([-2.0, 0.5, 2.0]))
    array([-1. ,  0.5,  1. ])
    """
    if not min_val <= max_val:
        raise ArgumentError(
            "hardtanh: the bounds are in the wrong order.",
            expected="min_val <= max_val",
            got=f"min_val={min_val}, max_val={max_val}",
        )
    return np.minimum(np.maximum(x, min_val), max_val)


differentiable(
    hardtanh,
    lambda g, y, x, min_val, max_val: masked(
        g, np.logical_and(np.greater(x, min_val), np.less(x, max_val))
    ),
)


def relu6(x: Any) -> Any:
    """Give x, held between 0 and 6.

    References
    ----------
    .. [1] Krizhevsky, *Convolutional Deep Belief Networks on CIFAR-10* (2010).

    Examples
    --------
    >>> relu6(np.array([-2.0, 0.5, 8.0]))
    array([0. , 0.5, 6. ])
    """
    return hardtanh(x, min_val=0.0, max_val=6.0)


def hardsigmoid(x: Any) -> Any:
    """Give a sigmoid of three straight pieces: ``relu6(x + 3) / 6``.

    Examples
    --------
    >>> hardsigmoid(np.array([-4.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """
    return hardtanh(x, min_val=-3.0, max_val=3.0) / 6 + 0.5


@primitive
def hardswish(x: Any) -> Any:
    """Give ``x * relu6(x + 3) / 6``; its derivative is taken as 0 at -3, and as 1 at 3.

    References
    ----------
    .. [1] Howard and others, *Searching for MobileNetV3* (2019), section 5.2.

    Examples
    --------
    >>> hardswish(np.array([-4.0, 1.0, 4.0])).round(4)
    array([-0.    ,  0.6667,  4.    ])
    """
    return x * (np.minimum(np.maximum(x, -3.0) + 3, 6) / 6)


def _hardswish_rule(g: Any, y: Any, x: Any) -> Any:
    curved = np.logical_and(np.greater(x, -3), np.less(x, 3))
    return masked(g * (x / 3 + 0.5), curved) + masked(g, x >= 3)


differentiable(hardswish, _hardswish_rule)


@primitive
def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """Give x, or 0 where it is at most lambd in size.

    Examples
    --------
    >>> hardshrink(np.array([-1.0, 0.5, 2.0]))
    array([-1.,  0.,  2.])
    """
    return masked(x, np.logical_not(np.abs(x) <= lambd))


@primitive
def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """Move x towards 0 by lambd, and not beyond.

    Raises
    ------
    ArgumentError
        If lambd is negative.

    Examples
    --------
    >>> softshrink(np.array([-1.0, 0.25, 2.0]))
    array([-0.5,  0. ,  1.5])
    """
    if not lambd >= 0:
        raise ArgumentError(
            "softshrink: lambd must not be negative.",
            expected="a number of at least 0",
            got=f"lambd={lambd}",
        )
    return x - np.minimum(np.maximum(x, -lambd), lambd)


for _shrink in (hardshrink, softshrink):
    differentiable(_shrink, lambda g, y, x, lambd: masked(g, np.greater(np.abs(x), lambd)))


@primitive
def threshold(x: Any, threshold: float, value: float) -> Any:
    """Give x where it is above a threshold, else a value.

    Examples
    --------
    >>> threshold(np.array([-1.0, 2.0]), 0.5, 9.0)
    array([9., 2.])
    """
    return np.where(np.less_equal(x, threshold), float(value), x)[()]


differentiable(threshold, lambda g, y, x, threshold: masked(g, np.greater(x, threshold)))
