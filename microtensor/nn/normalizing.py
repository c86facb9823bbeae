"""Normalisations that look at one example at a time: layer norm, RMS norm and group norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..ops.normalizing import check_last_axes, group_norm, sizes
from ..ops.standardizing import layer_normalization, rms_normalization
from .casting import floats
from .linear import positive
from .module import Module
from .places import here
from .state import Parameter


class LayerNorm(Module):
    """Gives the entries along the last axes mean 0 and variance 1, then scales and shifts them.

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``, where mean and variance are of the
    entries along those axes, of each place on its own, in training and in use.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The lengths of the last axes.
    eps : float, default 1e-5
    elementwise_affine : bool, default True
        Whether to scale and shift.
    bias : bool, default True
        Whether to shift, if it scales.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight, bias : Parameter of that shape, or None
        They start as 1 and 0.

    Called with (..., *normalized_shape), it gives the same shape.

    Raises
    ------
    ShapeError
        When called, if the last axes have other lengths.
    ArgumentError
        If normalized_shape is no shape.

    References
    ----------
    .. [1] Ba, Kiros, Hinton, *Layer Normalization* (2016), equations 3 and 4.

    Examples
    --------
    >>> LayerNorm(3)(np.array([[1.0, 2.0, 3.0]])).data.round(3)
    array([[-1.225,  0.   ,  1.225]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        self.normalized_shape = sizes("LayerNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        shifts = elementwise_affine and bias
        self.weight = ones(self.normalized_shape, dtype) if elementwise_affine else None
        self.bias = zeros(self.normalized_shape, dtype) if shifts else None

    def forward(self, x: Any) -> Any:
        x = _checked(self, x)
        axes = len(self.normalized_shape)
        return layer_normalization(x, self.weight, self.bias, axes=axes, eps=self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class RMSNorm(Module):
    """Divides the entries along the last axes by the root of their mean square, then scales them.

    ``y = x / sqrt(mean(x²) + eps) * weight``.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The lengths of the last axes.
    eps : float, optional
        The machine epsilon of the input's dtype if not given.
    elementwise_affine : bool, default True
        Whether to scale.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : Parameter of that shape, or None
        It starts as 1.

    Called with (..., *normalized_shape), it gives the same shape.

    Raises
    ------
    ShapeError, ArgumentError
        As `LayerNorm`.

    References
    ----------
    .. [1] Zhang, Sennrich, *Root Mean Square Layer Normalization* (2019), equation 4.

    Examples
    --------
    >>> RMSNorm(2)(np.array([3.0, -4.0])).data.round(4)
    array([ 0.8485, -1.1314], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        self.normalized_shape = sizes("RMSNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = ones(self.normalized_shape, dtype) if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        x = _checked(self, x)
        eps = float(np.finfo(x.dtype).eps) if self.eps is None else self.eps
        return rms_normalization(x, self.weight, axes=len(self.normalized_shape), eps=eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """Gives each group of channels of each example mean 0 and variance 1, then scales and shifts.

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``, where mean and variance are of the
    entries of a group, at all places, and weight and bias are of each channel.

    Parameters
    ----------
    num_groups : int
        Into how many groups the channels are cut.
    num_channels : int
        C.
    eps : float, default 1e-5
    affine : bool, default True
        Whether to scale and shift.
    bias : bool, default True
        Whether to shift, if it scales.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight, bias : (C,) Parameter, or None
        They start as 1 and 0.

    Called with (N, C, ...), it gives the same shape.

    Raises
    ------
    ArgumentError
        If num_groups does not divide num_channels, or one is no positive integer.
    ShapeError
        When called, if there are other channels.

    References
    ----------
    .. [1] Wu, He, *Group Normalization* (2018), equations 1, 2 and 7.

    Examples
    --------
    >>> GroupNorm(2, 4)(np.array([[1.0, 3.0, 10.0, 30.0]])).data.round(3)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        self.num_groups = positive("GroupNorm: num_groups", num_groups)
        self.num_channels = positive("GroupNorm: num_channels", num_channels)
        if self.num_channels % self.num_groups:
            raise ArgumentError(
                "GroupNorm: num_groups must divide num_channels.",
                expected=f"a divisor of {self.num_channels}",
                got=f"num_groups={self.num_groups}",
            )
        self.eps, self.affine = eps, affine
        self.weight = ones((num_channels,), dtype) if affine else None
        self.bias = zeros((num_channels,), dtype) if affine and bias else None

    def forward(self, x: Any) -> Any:
        x = floats(self, x)
        if np.ndim(x) < 2 or x.shape[1] != self.num_channels:
            raise ShapeError(
                f"{here(self)}: the input has the wrong channels.",
                expected=f"an input of shape (N, {self.num_channels}, ...)",
                got=f"an input of shape {x.shape}",
                hint="Channels come before the other axes: np.moveaxis(x, -1, 1) puts them there.",
            )
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


def ones(shape: tuple[int, ...], dtype: Any) -> Parameter:
    """Make a weight that changes nothing yet."""
    return Parameter(np.ones(shape, dtype))


def zeros(shape: tuple[int, ...], dtype: Any) -> Parameter:
    """Make a bias that changes nothing yet."""
    return Parameter(np.zeros(shape, dtype))


def _checked(module: Any, x: Any) -> Any:
    x = floats(module, x)
    if np.shape(x)[-len(module.normalized_shape) :] != module.normalized_shape:
        check_last_axes(here(module), np.shape(x), module.normalized_shape)
    return x
