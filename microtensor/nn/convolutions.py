"""Convolutions as layers, and those turned around: windows whose weights are trained.

Axes: ``N`` batch, ``C`` channels of the input, ``O`` of the output, ``L`` or ``H, W`` places.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..errors import ArgumentError, ShapeError
from ..ops.windows import per_axis
from ..randomness import generator
from .channels import channels, noted
from .linear import first_parameter, positive
from .module import Module
from .places import here

_PAD_MODES = {"zeros": None, "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class _Convolution(Module):
    """What convolutions and those turned around have in common: checked options, and weights."""

    axes: ClassVar[int]
    turned = False
    _shown: ClassVar[dict[str, Any]] = {"padding": 0, "dilation": 1, "output_padding": 0}

    def _setup(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any,
        dilation: Any, groups: int, bias: bool, padding_mode: str, rng: Any, dtype: Any,
    ) -> None:  # fmt: skip
        name, axes = type(self).__name__, self.axes
        self.in_channels = positive(f"{name}: in_channels", in_channels)
        self.out_channels = positive(f"{name}: out_channels", out_channels)
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, axes)
        self.stride = per_axis(name, "stride", stride, axes)
        self.padding = _padding(name, padding, self.stride)
        self.dilation = per_axis(name, "dilation", dilation, axes)
        self.groups = _groups(name, groups, self.in_channels, self.out_channels)
        self.padding_mode = _padding_mode(name, padding_mode, self.turned)
        ends = (self.in_channels, self.out_channels)
        first, second = ends if self.turned else ends[::-1]
        shape = (first, second // self.groups, *self.kernel_size)
        fan_in, rng = math.prod(shape[1:]), generator(rng)
        self.weight = first_parameter(shape, fan_in, rng, dtype)
        self.bias = first_parameter((self.out_channels,), fan_in, rng, dtype) if bias else None

    def extra_repr(self) -> str:
        shown = [f"{self.in_channels}, {self.out_channels}", f"kernel_size={self.kernel_size}"]
        shown.append(f"stride={self.stride}")
        for name, usual in self._shown.items():
            x = getattr(self, name, None)
            if x not in (None, (usual,) * self.axes):
                shown.append(f"{name}={x}")
        shown += [f"groups={self.groups}"] * (self.groups > 1)
        shown += ["bias=False"] * (self.bias is None)
        shown += [f"padding_mode={self.padding_mode}"] * (self.padding_mode != "zeros")
        return ", ".join(shown)


class Conv2d(_Convolution):
    """Slides windows over images, and gives the weighted sums of what they see.

    ``y[n, o, i, j] = b[o] + Σ w[o, c, k, l] x[n, c, i s + k, j s + l]`` for a stride of s, over
    channels c and the places (k, l) of the kernel.

    Parameters
    ----------
    in_channels, out_channels : int
        C and O.
    kernel_size : int or pair of int
        kH and kW.
    stride : int or pair of int, default 1
        How far windows are apart.
    padding : int or pair of int, or {"same", "valid"}, default 0
        How much there is added at each border; "same" keeps H and W.
    dilation : int or pair of int, default 1
        How far the entries that a window sees are apart.
    groups : int, default 1
        Into how many groups channels are cut; each group of outputs sees its group of inputs.
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What is added at the borders.
    rng : numpy.random.Generator or int, optional
        For the first weights; the process's default if not given.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (O, C / groups, kH, kW) Parameter
    bias : (O,) Parameter or None
        Both start evenly spread within ``1 / sqrt(C / groups kH kW)`` of 0, as PyTorch's do.

    Raises
    ------
    ArgumentError
        If an option is no such number, or groups do not divide the channels.
    ShapeError
        When called with anything but (N, C, H, W) or (C, H, W), with other channels, or with
        images smaller than a window.

    Notes
    -----
    From (N, C, H, W) to (N, O, H', W') with
    ``H' = (H + 2 padding - dilation (kH - 1) - 1) // stride + 1``, and W' likewise.

    References
    ----------
    .. [1] LeCun, Bottou, Bengio, Haffner, *Gradient-Based Learning Applied to Document
       Recognition* (1998), section II.
    .. [2] Dumoulin, Visin, *A Guide to Convolution Arithmetic for Deep Learning* (2016).

    Examples
    --------
    >>> layer = Conv2d(3, 8, 5, padding="same", rng=0)
    >>> layer(np.ones((2, 3, 28, 28))).shape
    (2, 8, 28, 28)
    >>> [(name, p.shape) for name, p in layer.named_parameters()]
    [('weight', (8, 3, 5, 5)), ('bias', (8,))]
    """

    axes = 2
    _apply: ClassVar[Callable] = staticmethod(ops.conv2d)

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", *, rng: Any = None, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self._setup(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, rng, dtype,
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        x = channels(self, x, self.in_channels, self.axes)
        padding: Any = self.padding
        if self.padding_mode != "zeros" and padding != "valid":
            x, padding = self._padded(x), 0
        with noted(self):
            return self._apply(
                x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
            )

    def _padded(self, x: Any) -> Any:
        """Add to the borders what is not zero; of an odd number, one more behind."""
        if self.padding == "same":
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        else:
            total = [2 * p for p in self.padding]
        sides = [(t // 2, t - t // 2) for t in total]
        room = 1 if self.padding_mode == "reflect" else 0  # the border itself is not repeated
        if self.padding_mode != "replicate" and any(
            max(side) > n - room for side, n in zip(sides, np.shape(x)[-self.axes :], strict=True)
        ):
            raise ShapeError(
                f"{here(self)}: there is too little at the borders to pad with.",
                expected=f"an input larger than the padding in each of the last {self.axes} axes",
                got=f"an input of shape {np.shape(x)}, with padding {self.padding!r}",
                hint='padding_mode="zeros" or "replicate" can pad any input.',
            )
        whole = [(0, 0)] * (np.ndim(x) - self.axes)
        return np.pad(x, [*whole, *sides], mode=_PAD_MODES[self.padding_mode])  # type: ignore[call-overload]  # one of NumPy's


class Conv1d(Conv2d):
    """Slides windows over sequences, (N, C, L) or (C, L): `Conv2d` along one axis.

    ``y[n, o, i] = b[o] + Σ w[o, c, k] x[n, c, i s + k]`` for a stride of s, over channels c and the
    places k of the kernel. Parameters, attributes, raises and references are those of `Conv2d`,
    with one number in place of a pair, and so is L', the length of what comes out.

    Examples
    --------
    >>> layer = Conv1d(4, 8, 3, stride=2, rng=0)
    >>> layer(np.ones((2, 4, 9))).shape, layer.weight.shape
    ((2, 8, 4), (8, 4, 3))
    """

    axes = 1
    _apply = staticmethod(ops.conv1d)


class ConvTranspose2d(_Convolution):
    """Does what a `Conv2d` of this weight does to gradients: spreads each entry by the weight.

    Where a convolution with a stride makes images smaller, this makes them larger:
    ``y[n, o, p, q] = b[o] + Σ w[c, o, k, l] x[n, c, i, j]`` for a stride of s, over channels c and
    all i, j, k, l with ``i s + k = p`` and ``j s + l = q``.

    Parameters
    ----------
    in_channels, out_channels : int
        C and O.
    kernel_size : int or pair of int
    stride : int or pair of int, default 1
    padding : int or pair of int, default 0
        How much is cut off at each border.
    output_padding : int or pair of int, default 0
        How much is not cut off at the end: with a stride, several sizes are convolved to one.
    groups : int, default 1
    bias : bool, default True
    dilation : int or pair of int, default 1
    padding_mode : {"zeros"}
    rng : numpy.random.Generator or int, optional
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (C, O / groups, kH, kW) Parameter
    bias : (O,) Parameter or None
        Both start evenly spread within ``1 / sqrt(O / groups kH kW)`` of 0, as PyTorch's do.

    Raises
    ------
    ArgumentError, ShapeError
        As `Conv2d`.

    Notes
    -----
    From (N, C, H, W) to (N, O, H', W') with
    ``H' = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1``.
    ``layer(x, output_size=(H', W'))`` chooses the output_padding of this call by its result.

    References
    ----------
    .. [1] Dumoulin, Visin, *A Guide to Convolution Arithmetic for Deep Learning* (2016), chapter 4.

    Examples
    --------
    >>> larger = ConvTranspose2d(8, 3, 4, stride=2, padding=1, rng=0)
    >>> larger(np.ones((2, 8, 7, 7))).shape
    (2, 3, 14, 14)
    >>> larger(np.ones((2, 8, 7, 7)), output_size=15).shape
    (2, 3, 15, 15)
    """

    axes = 2
    turned = True
    _apply: ClassVar[Callable] = staticmethod(ops.conv_transpose2d)

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, output_padding: Any = 0, groups: int = 1, bias: bool = True,
        dilation: Any = 1, padding_mode: str = "zeros", *, rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        self.output_padding = per_axis(name, "output_padding", output_padding, self.axes, least=0)
        if isinstance(padding, str):
            padding = per_axis(name, "padding", padding, self.axes, least=0)  # which refuses it
        self._setup(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, rng, dtype,
        )  # fmt: skip

    def forward(self, x: Any, output_size: Any = None) -> Any:
        x = channels(self, x, self.in_channels, self.axes)
        more = self.output_padding
        if output_size is not None:
            more = self._padding_for(tuple(x.shape[-self.axes :]), output_size)
        with noted(self):
            return self._apply(
                x, self.weight, self.bias, self.stride, self.padding, more, self.groups,
                self.dilation,
            )  # fmt: skip

    def _padding_for(self, sizes: tuple[int, ...], output_size: Any) -> tuple[int, ...]:
        """Give the output_padding that makes an output of a size, of those that can be."""
        name = type(self).__name__
        wanted = per_axis(name, "output_size", output_size, self.axes, least=1)
        options = (self.stride, self.padding, self.dilation, self.kernel_size)
        least = tuple(
            (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
            for n, stride, padding, dilation, kernel in zip(sizes, *options, strict=True)
        )
        most = tuple(n + stride - 1 for n, stride in zip(least, self.stride, strict=True))
        more = tuple(n - first for n, first in zip(wanted, least, strict=True))
        if any(not 0 <= m < stride for m, stride in zip(more, self.stride, strict=True)):
            raise ShapeError(
                f"{here(self)}: there is no output of this size.",
                expected=f"output_size from {least} to {most}, for an input of {sizes}",
                got=f"output_size={wanted}",
            )
        return more


class ConvTranspose1d(ConvTranspose2d):
    """Spreads the entries of sequences, (N, C, L) or (C, L): `ConvTranspose2d` along one axis.

    ``y[n, o, j] = b[o] + Σ w[c, o, k] x[n, c, i]`` for a stride of s, over channels c and all i and
    k with ``i s + k = j``. Parameters, attributes, raises and references are those of
    `ConvTranspose2d`, with one number in place of a pair, and so is L', the length of what comes
    out.

    Examples
    --------
    >>> ConvTranspose1d(4, 8, 2, stride=2, rng=0)(np.ones((2, 4, 9))).shape
    (2, 8, 18)
    """

    axes = 1
    _apply = staticmethod(ops.conv_transpose1d)


def _padding(name: str, padding: Any, stride: tuple[int, ...]) -> Any:
    if not isinstance(padding, str):
        return per_axis(name, "padding", padding, len(stride), least=0)
    if padding not in ("same", "valid"):
        raise ArgumentError(
            f"{name}: there is no such padding.",
            expected="padding='same', padding='valid', or integers",
            got=repr(padding),
        )
    if padding == "same" and max(stride) > 1:
        raise ArgumentError(
            f"{name}: padding='same' is for windows one apart.",
            expected="stride=1",
            got=f"stride={stride}",
            hint="Say how many zeros you want: padding=1, for instance.",
        )
    return padding


def _groups(name: str, groups: Any, inputs: int, outputs: int) -> int:
    groups = positive(f"{name}: groups", groups)
    if inputs % groups or outputs % groups:
        raise ArgumentError(
            f"{name}: groups must divide the channels.",
            expected=f"a divisor of in_channels={inputs} and out_channels={outputs}",
            got=f"groups={groups}",
        )
    return groups


def _padding_mode(name: str, mode: Any, turned: bool) -> str:
    modes = ["zeros"] if turned else list(_PAD_MODES)
    if mode not in modes:
        raise ArgumentError(
            f"{name}: there is no such padding_mode.",
            expected=f"one of {', '.join(map(repr, modes))}",
            got=repr(mode),
        )
    return mode
