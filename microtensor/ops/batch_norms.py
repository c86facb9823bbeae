"""Normalisation over a batch: each channel gets mean 0 and variance 1, then a scale and a shift.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input of shape (N, C, ...), ``w`` weight,
``b`` bias, ``m`` mean, ``v`` variance, ``r = 1 / sqrt(v + eps)``, ``n`` entries per channel.

Images are never reshaped: what a convolution gives lies in memory with the batch as its innermost
axis, and is left there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lending import empty, like
from ..primitives import differentiable, primitive, stands_for, together

_LETTERS = "abcdefgh"


def _rest(x: Any) -> tuple[int, ...]:
    """List all axes but that of the channels."""
    return (0, *range(2, np.ndim(x)))


def _count(x: Any) -> int:
    return max(np.size(x) // np.shape(x)[1], 1)  # of an empty batch all sums are 0


def along(x: Any, per_channel: Any) -> Any:
    """Give one number per channel the axes of x, so that NumPy broadcasts it to the others."""
    return np.reshape(per_channel, (-1, *(1,) * (np.ndim(x) - 2)))


def _sum_of_products(x: Any, z: Any) -> Any:
    """Give Σ x z of each channel, without the array of products."""
    places = _LETTERS[: np.ndim(x) - 2]
    return np.einsum(f"NC{places},NC{places}->C", x, z)


@primitive
def batch_moments(x: Any) -> Any:
    """Give the mean and the variance of each channel, over all of the batch.

    Parameters
    ----------
    x : (N, C, ...) array of float

    Returns
    -------
    (2, C) array
        Means, and variances: mean squares of the distances to the means (divided by n).

    Examples
    --------
    >>> batch_moments(np.array([[1.0, 5.0], [3.0, 5.0]]))
    array([[2., 5.],
           [1., 0.]])
    """
    moments = empty((2, x.shape[1]), x.dtype)
    mean, square = moments
    np.sum(x, axis=_rest(x), out=mean)
    mean /= _count(x)
    d = _less(x, mean)
    square[:] = _sum_of_products(d, d)
    square /= _count(x)
    return moments


def _moments_rule(g: Any, y: Any, x: Any) -> Any:
    """dm/dx = 1/n and dv/dx = 2 (x - m) / n: that m moves too adds Σ(x - m) = 0."""
    g = g / _count(x)
    return along(x, g[0]) + (x - along(x, y[0])) * along(x, 2 * g[1])


differentiable(batch_moments, _moments_rule)


@stands_for(batch_moments)
def _batch_moments(x: Any) -> Any:
    return np.stack([np.mean(x, axis=_rest(x)), np.var(x, axis=_rest(x))])


@primitive
def batch_norm(x: Any, weight: Any, bias: Any, moments: Any, eps: float) -> Any:
    """Normalise each channel by the batch's own moments: ``w (x - m) r + b``.

    Parameters
    ----------
    x : (N, C, ...) array of float
    weight, bias : (C,) array or None
    moments : (2, C) array
        ``batch_moments(x)``. What flows to x through them is part of the rule of x.
    eps : float
        What keeps a variance of 0 from being divided by.

    Returns
    -------
    (N, C, ...) array

    References
    ----------
    .. [1] Ioffe, Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing
       Internal Covariate Shift* (2015), algorithm 1, and section 3 for the derivatives.

    Examples
    --------
    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> batch_norm(x, None, None, batch_moments(x), 0.0001).round(3)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    y = _less(x, moments[0])
    y *= along(x, _scale(weight, moments, eps))
    if bias is not None:
        y += along(x, bias)
    return y


def _less(x: Any, per_channel: Any) -> Any:
    """Subtract one number per channel, of arrays."""
    y = like(x, np.result_type(x, per_channel))
    return np.subtract(x, along(x, per_channel), out=y)


def _scale(weight: Any, moments: Any, eps: float) -> Any:
    r = 1 / np.sqrt(moments[1] + eps)
    return r if weight is None else r * weight


# With ``z = (x - m) r``: dL/dw = Σ g z, dL/db = Σ g, and dL/dx = w r (g - mean(g) - z mean(g z)),
# which is the sum of the paper's three parts.


def _to_input(g: Any, y: Any, x: Any, weight: Any, bias: Any, moments: Any, eps: float) -> Any:
    n, r2 = _count(x), 1 / (moments[1] + eps)
    d = x - along(x, moments[0])
    by_variance = d * along(x, _sum_of_products(d, g) * r2 / n)
    by_mean = along(x, np.sum(g, axis=_rest(x)) / n)
    return (g - by_mean - by_variance) * along(x, _scale(weight, moments, eps))


differentiable(
    batch_norm,
    _to_input,
    lambda g, y, x, weight, bias, moments, eps: (
        _sum_of_products(x - along(x, moments[0]), g) / np.sqrt(moments[1] + eps)
    ),
    lambda g, y, x, weight, bias, moments: np.sum(g, axis=_rest(x)),
    None,
)


@together(batch_norm)
def _rule(
    g: Any, y: Any, wanted: Any, x: Any, weight: Any, bias: Any, moments: Any, eps: float
) -> Any:
    """Do the same with one new array, in which dx comes about, and each sum once."""
    n, r = _count(x), 1 / np.sqrt(moments[1] + eps)
    to_bias: Any = np.sum(g, axis=_rest(x)) if wanted[0] or wanted[2] else None
    if not (wanted[0] or wanted[1]):
        return [None, None, to_bias, None]
    d = _less(x, moments[0])
    to_weight = _sum_of_products(d, g) * r
    if not wanted[0]:
        return [None, to_weight, to_bias, None]
    d *= along(x, to_weight * r / -n)
    d += g
    d -= along(x, to_bias / n)
    d *= along(x, r if weight is None else r * weight)
    return [d, to_weight, to_bias, None]


@stands_for(batch_norm)
def _batch_norm(x: Any, weight: Any, bias: Any, moments: Any, eps: float) -> Any:
    m, v = np.mean(x, axis=_rest(x)), np.var(x, axis=_rest(x))
    z = (x - along(x, m)) / np.sqrt(along(x, v) + eps)
    z = z if weight is None else z * along(x, weight)
    return z if bias is None else z + along(x, bias)
