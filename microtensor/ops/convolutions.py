"""Convolutions, and convolutions turned around: the functions that people call.

Axes: ``N`` batch, ``C`` channels of the input, ``O`` of the output, ``L`` or ``D, H, W`` places.
They check shapes and options, which are PyTorch's, and leave the rest to `trilinear.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from .trilinear import convolution, transposed_convolution
from .windows import Geometry, batched, lay, per_axis


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Convolve sequences: `conv2d` along one axis.

    Parameters
    ----------
    x : (N, C, L) or (C, L) array or Value
    weight : (O, C / groups, k) array or Value
    bias : (O,) array or Value, optional
    stride, padding, dilation, groups
        As for `conv2d`.

    Returns
    -------
    (N, O, L') or (O, L') array or Value

    Raises
    ------
    ArgumentError, ShapeError
        As `conv2d`.

    Examples
    --------
    >>> conv1d(np.array([[1.0, 2.0, 4.0, 8.0]]), np.array([[[-1.0, 1.0]]]))
    array([[1., 2., 4.]])
    """
    return _convolve("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Slide windows over images, and give the weighted sums of what they see.

    It is the convolution of neural networks: the weight is not turned around.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W) array or Value
        Images.
    weight : (O, C / groups, kH, kW) array or Value
    bias : (O,) array or Value, optional
    stride : int or pair of int, default 1
        How far windows are apart.
    padding : int or pair of int, or {"same", "valid"}, default 0
        How many zeros there are at each border; "same" takes as many as keep H and W, one more
        behind than before if their number is odd.
    dilation : int or pair of int, default 1
        How far the entries that a window sees are apart.
    groups : int, default 1
        Into how many groups channels are cut; each group of outputs sees its group of inputs.

    Returns
    -------
    (N, O, H', W') or (O, H', W') array or Value
        ``H' = (H + 2 padding - dilation (kH - 1) - 1) // stride + 1``, and W' likewise.

    Raises
    ------
    ArgumentError
        If an option is no such number, or groups do not divide the channels.
    ShapeError
        If the shapes of x, weight and bias do not fit, or the windows do not fit in the images.

    References
    ----------
    .. [1] Dumoulin, Visin, *A Guide to Convolution Arithmetic for Deep Learning* (2016).

    Examples
    --------
    >>> image = np.array([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]])
    >>> conv2d(image, np.array([[[[-1.0, 1.0]]]]))                   # where it becomes brighter
    array([[[0., 1.],
            [0., 1.]]])
    """
    return _convolve("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Convolve volumes, (N, C, D, H, W) or (C, D, H, W): `conv2d` along three axes.

    Examples
    --------
    >>> conv3d(np.ones((1, 2, 2, 2)), np.ones((1, 1, 2, 2, 2)))
    array([[[[8.]]]])
    """
    return _convolve("conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Do what `conv1d` does to gradients: `conv_transpose2d` along one axis.

    Examples
    --------
    >>> conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 10.0]]]), stride=2)
    array([[ 1., 10.,  2., 20.]])
    """
    return _transpose(
        "conv_transpose1d", 1, x, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Do what the convolution of this weight does to gradients: spread each entry by the weight.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W) array or Value
    weight : (C, O / groups, kH, kW) array or Value
        As `conv2d` has it for the way from O channels to C.
    bias : (O,) array or Value, optional
    stride, dilation : int or pair of int, default 1
    padding : int or pair of int, default 0
        How much is cut off at each border.
    output_padding : int or pair of int, default 0
        How much is not cut off at the end: with a stride, several sizes are convolved to one.
    groups : int, default 1

    Returns
    -------
    (N, O, H', W') or (O, H', W') array or Value
        ``H' = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1``.

    Raises
    ------
    ArgumentError, ShapeError
        As `conv2d`; and if output_padding is as large as both stride and dilation.

    References
    ----------
    .. [1] Dumoulin, Visin, *A Guide to Convolution Arithmetic for Deep Learning* (2016), chapter 4.

    Examples
    --------
    >>> conv_transpose2d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 1, 2)))
    array([[[1., 3., 2.]]])
    """
    return _transpose(
        "conv_transpose2d", 2, x, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Do what `conv3d` does to gradients: `conv_transpose2d` along three axes.

    Examples
    --------
    >>> conv_transpose3d(np.array([[[[5.0]]]]), np.ones((1, 1, 1, 1, 2)))
    array([[[[5., 5.]]]])
    """
    return _transpose(
        "conv_transpose3d", 3, x, weight, bias, stride, padding, output_padding, groups, dilation
    )


def _convolve(
    where: str, axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    dilation: Any, groups: Any,
) -> Any:  # fmt: skip
    x, alone = batched(where, x, axes)
    weight, bias = _checked(where, axes, weight, bias, groups)
    _fits(where, x, weight.shape[1] * groups, f"weight has shape {weight.shape}, groups={groups}")
    if weight.shape[0] % groups:
        raise ArgumentError(
            f"{where}: groups must divide the channels of the output.",
            expected=f"a divisor of {weight.shape[0]}, since weight has shape {weight.shape}",
            got=f"groups={groups}",
        )
    _fits_bias(where, bias, weight.shape[0])
    kernel = weight.shape[2:]
    stride = per_axis(where, "stride", stride, axes)
    dilation = per_axis(where, "dilation", dilation, axes)
    before, behind = _padding(where, padding, kernel, stride, dilation)
    geometry = lay(where, x.shape[2:], kernel, stride, before, dilation, behind=behind)
    y = convolution(x, weight, bias, geometry=geometry, groups=groups)
    return y[0] if alone else y


def _transpose(
    where: str, axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: Any, dilation: Any,
) -> Any:  # fmt: skip
    x, alone = batched(where, x, axes)
    weight, bias = _checked(where, axes, weight, bias, groups)
    _fits(where, x, weight.shape[0], f"weight has shape {weight.shape}")
    if weight.shape[0] % groups:
        raise ArgumentError(
            f"{where}: groups must divide the channels of the input.",
            expected=f"a divisor of {weight.shape[0]}, since weight has shape {weight.shape}",
            got=f"groups={groups}",
        )
    _fits_bias(where, bias, weight.shape[1] * groups)
    stride = per_axis(where, "stride", stride, axes)
    dilation = per_axis(where, "dilation", dilation, axes)
    padding = per_axis(where, "padding", padding, axes, least=0)
    extra = per_axis(where, "output_padding", output_padding, axes, least=0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ArgumentError(
            f"{where}: output_padding must be smaller than stride or dilation.",
            expected=f"less than {tuple(map(max, zip(stride, dilation, strict=True)))}",
            got=f"{extra}",
            hint="A larger one would only add zeros: np.pad does that.",
        )
    outputs, kernel = x.shape[2:], weight.shape[2:]  # of the convolution the other way
    sizes = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(outputs, stride, padding, dilation, kernel, extra, strict=True)
    )
    if min(sizes) < 1:
        raise ShapeError(
            f"{where}: nothing is left of the output.",
            expected="a padding that cuts off less than there is",
            got=f"an output of {sizes}, with padding {padding}",
        )
    geometry = Geometry(sizes, kernel, outputs, stride, padding, dilation)
    y = transposed_convolution(x, weight, geometry=geometry, groups=groups)
    if bias is not None:
        y = y + np.reshape(bias, (-1, *(1,) * axes))
    return y[0] if alone else y


def _checked(where: str, axes: int, weight: Any, bias: Any, groups: Any) -> tuple[Any, Any]:
    weight = weight if hasattr(weight, "ndim") else np.asarray(weight, dtype=float)
    bias = bias if bias is None or hasattr(bias, "ndim") else np.asarray(bias, dtype=float)
    per_axis(where, "groups", groups, 1)
    if weight.ndim != axes + 2 or 0 in weight.shape:
        kernel = ", ".join({1: ["k"], 2: ["kH", "kW"], 3: ["kD", "kH", "kW"]}[axes])
        order = "C, O / groups" if "transpose" in where else "O, C / groups"
        raise ShapeError(
            f"{where}: the weight must have {axes + 2} axes, and entries.",
            expected=f"shape ({order}, {kernel})",
            got=f"shape {weight.shape}",
        )
    return weight, bias


def _fits(where: str, x: Any, channels: int, since: str) -> None:
    if x.shape[1] != channels:
        raise ShapeError(
            f"{where}: the channels of the input do not fit the weight.",
            expected=f"{channels} channels, since {since}",
            got=f"{x.shape[1]} channels, the second axis of the shape {x.shape}",
            hint="Channels come before height and width: np.moveaxis(x, -1, 1) puts them there.",
        )


def _fits_bias(where: str, bias: Any, channels: int) -> None:
    if bias is not None and bias.shape != (channels,):
        raise ShapeError(
            f"{where}: the bias must have one number for each channel of the output.",
            expected=f"shape ({channels},)",
            got=f"shape {bias.shape}",
        )


def _padding(
    where: str, padding: Any, kernel: tuple[int, ...], stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...]]:  # fmt: skip
    """Give how many zeros there are before and behind, along each axis."""
    if not isinstance(padding, str):
        both = per_axis(where, "padding", padding, len(kernel), least=0)
        return both, both
    if padding == "valid":
        return (0,) * len(kernel), (0,) * len(kernel)
    if padding != "same":
        raise ArgumentError(
            f"{where}: there is no such padding.",
            expected="padding='same', padding='valid', or integers",
            got=f"{padding!r}",
        )
    if max(stride) > 1:
        raise ArgumentError(
            f"{where}: padding='same' is for windows one apart.",
            expected="stride=1",
            got=f"stride={stride}",
            hint="Say how many zeros you want: padding=1, for instance.",
        )
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
