"""Pooling as layers: the largest, or the mean, of what each window sees; nothing is trained.

Axes: ``N`` batch, ``C`` channels, ``L`` or ``H, W`` places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..ops.windows import per_axis
from .casting import reals
from .channels import noted
from .module import Module


class _Windows(Module):
    """What pooling layers have in common: a window's size, and how far windows are apart."""

    axes: ClassVar[int]
    _apply: ClassVar[Callable]

    def _windows(self, kernel_size: Any, stride: Any, padding: Any) -> None:
        name = type(self).__name__
        per_axis(name, "kernel_size", kernel_size, self.axes)
        per_axis(name, "stride", kernel_size if stride is None else stride, self.axes)
        per_axis(name, "padding", padding, self.axes, least=0)
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Windows):
    """Gives the largest entry that each window over an image sees, channel by channel.

    ``y[n, c, i, j] = max x[n, c, i s + k, j s + l]`` for a stride of s, over the places (k, l) of
    the window.

    Parameters
    ----------
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        How far windows are apart; the kernel's size if not given.
    padding : int or pair of int, default 0
        How far windows reach over each border, where nothing is seen; at most half the kernel.
    dilation : int or pair of int, default 1
        How far the entries that a window sees are apart.
    return_indices : bool, default False
        Whether to give the places of the largest as well, counted in row-major order.
    ceil_mode : bool, default False
        Whether to lay one more window over what is left at the end.

    Raises
    ------
    ArgumentError
        If an option is no such number.
    ShapeError
        When called with anything but (N, C, H, W) or (C, H, W), or images smaller than a window.
    DTypeError
        When called with anything but real numbers.

    Notes
    -----
    From (N, C, H, W) to (N, C, H', W') with
    ``H' = (H + 2 padding - dilation (kH - 1) - 1) // stride + 1``. Where several entries are the
    largest, the first receives the gradient.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 9.3.

    Examples
    --------
    >>> import numpy as np
    >>> MaxPool2d(2)(np.array([[[1.0, 3.0, 2.0, 0.0], [4.0, 0.0, 0.0, 5.0]]]))
    array([[[4., 5.]]])
    """

    axes = 2
    _apply = staticmethod(ops.max_pool2d)

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        self._windows(kernel_size, stride, padding)
        per_axis(type(self).__name__, "dilation", dilation, self.axes)
        self.dilation, self.return_indices, self.ceil_mode = dilation, return_indices, ceil_mode

    def forward(self, x: Any) -> Any:
        with noted(self):
            return self._apply(
                reals(self, x), self.kernel_size, self.stride, self.padding, self.dilation,
                self.ceil_mode, self.return_indices,
            )  # fmt: skip

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class MaxPool1d(MaxPool2d):
    """Gives the largest of what each window over (N, C, L) or (C, L) sees: `MaxPool2d` on one axis.

    ``y[n, c, i] = max x[n, c, i s + k]`` for a stride of s, over the places k of the window.
    Parameters, raises and references are those of `MaxPool2d`, and so is L', the length of what
    comes out.

    Examples
    --------
    >>> import numpy as np
    >>> MaxPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[3., 2.]])
    """

    axes = 1
    _apply = staticmethod(ops.max_pool1d)


class AvgPool1d(_Windows):
    """Gives the mean of what each window over (N, C, L) or (C, L) sees: `AvgPool2d` on one axis.

    ``y[n, c, i] = Σ x[n, c, i s + k] / K`` for a stride of s, over the K places k of the window.
    Parameters, raises and references are those of `AvgPool2d`, without divisor_override.

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[2., 1.]])
    """

    axes = 1
    _apply = staticmethod(ops.avg_pool1d)

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        self._windows(kernel_size, stride, padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x: Any) -> Any:
        with noted(self):
            return self._apply(
                reals(self, x), self.kernel_size, self.stride, self.padding, self.ceil_mode,
                self.count_include_pad,
            )  # fmt: skip


class AvgPool2d(AvgPool1d):
    """Gives the mean of what each window over an image sees, channel by channel.

    ``y[n, c, i, j] = Σ x[n, c, i s + k, j s + l] / (kH kW)`` for a stride of s, over the places
    (k, l) of the window: from (N, C, H, W) to (N, C, H', W') with
    ``H' = (H + 2 padding - kH) // stride + 1``, with or without N.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode
        As for `MaxPool2d`.
    count_include_pad : bool, default True
        Whether the zeros of the padding count as entries. What ceil_mode reaches beyond them
        never counts.
    divisor_override : int, optional
        What to divide the sums by, instead of the number of entries.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        As `MaxPool2d`; and if divisor_override is 0.

    References
    ----------
    .. [1] LeCun, Bottou, Bengio, Haffner, *Gradient-Based Learning Applied to Document
       Recognition* (1998), section II.

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool2d(2)(np.array([[[1.0, 3.0], [2.0, 0.0]]]))
    array([[[1.5]]])
    """

    axes = 2
    _apply = staticmethod(ops.avg_pool2d)

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, x: Any) -> Any:
        with noted(self):
            return self._apply(
                reals(self, x), self.kernel_size, self.stride, self.padding, self.ceil_mode,
                self.count_include_pad, self.divisor_override,
            )  # fmt: skip


class AdaptiveAvgPool2d(Module):
    """Gives the mean of each of so many parts of an image, whatever its size.

    ``y[n, c, i, j] = mean x[n, c, part i, part j]``: from (N, C, H, W) to (N, C, H', W').

    With an output size of 1 it is the mean of each channel, which a classifier may follow.

    Parameters
    ----------
    output_size : int or pair of (int or None)
        H' and W'; None keeps the axis as it is. Part ``i`` of an axis of length H goes from
        ``floor(i H / H')`` to before ``ceil((i + 1) H / H')``: neighbours may share an entry.

    Raises
    ------
    ArgumentError
        When called, if output_size is no such number.
    ShapeError
        When called with anything but (N, C, H, W) or (C, H, W).
    DTypeError
        When called with anything but real numbers.

    References
    ----------
    .. [1] Lin, Chen, Yan, *Network In Network* (2014), section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveAvgPool2d(1)(np.arange(6.0).reshape(1, 2, 3))
    array([[[2.5]]])
    """

    _apply: ClassVar[Callable] = staticmethod(ops.adaptive_avg_pool2d)

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        with noted(self):
            return self._apply(reals(self, x), self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(AdaptiveAvgPool2d):
    """Gives the mean of each of so many parts of (N, C, L) or (C, L), whatever L is.

    ``y[n, c, i] = mean x[n, c, part i]``. Parameters, raises and references are those of
    `AdaptiveAvgPool2d`, with one number in place of a pair.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveAvgPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[2., 1.]])
    """

    _apply = staticmethod(ops.adaptive_avg_pool1d)


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """Gives the largest of each of so many parts of an image, as `AdaptiveAvgPool2d` cuts it.

    ``y[n, c, i, j] = max x[n, c, part i, part j]``: from (N, C, H, W) to (N, C, H', W'). With
    return_indices it gives their places as well, as `MaxPool2d` does. Other parameters, raises
    and references are those of `AdaptiveAvgPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveMaxPool2d((1, 2))(np.arange(6.0).reshape(1, 2, 3))
    array([[[4., 5.]]])
    """

    _apply = staticmethod(ops.adaptive_max_pool2d)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, x: Any) -> Any:
        with noted(self):
            return self._apply(reals(self, x), self.output_size, self.return_indices)


class AdaptiveMaxPool1d(AdaptiveMaxPool2d):
    """Gives the largest of each of so many parts of (N, C, L) or (C, L), whatever L is.

    ``y[n, c, i] = max x[n, c, part i]``. Parameters, raises and references are those of
    `AdaptiveMaxPool2d`, with one number in place of a pair.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveMaxPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[3., 2.]])
    """

    _apply = staticmethod(ops.adaptive_max_pool1d)
