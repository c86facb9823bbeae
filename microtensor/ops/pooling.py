"""Pooling: the largest, or the mean, of what each window sees. The functions that people call.

Axes: ``N`` batch, ``C`` channels, ``L`` or ``D, H, W`` places. They check options, which are
PyTorch's, and leave the rest to `windowed.py`.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .windowed import max_pool, sum_windows, take_at_maxima
from .windows import Geometry, batched, lay, per_axis, some_places


def max_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Give the largest of what each window over (N, C, L) or (C, L) sees; see `max_pool2d`.

    Examples
    --------
    >>> max_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[3., 2.]])
    """
    return _max_pool(
        "max_pool1d", 1, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Give the largest entry that each window sees.

    Where several are the largest, the first in row-major order receives the gradient.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W) array or Value
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        How far windows are apart; the kernel's size if not given.
    padding : int or pair of int, default 0
        How far windows reach over each border, where nothing is seen; at most half the kernel.
    dilation : int or pair of int, default 1
        How far the entries that a window sees are apart.
    ceil_mode : bool, default False
        Whether to lay one more window over what is left at the end.
    return_indices : bool, default False
        Whether to give the places of the largest as well.

    Returns
    -------
    y : (N, C, H', W') or (C, H', W') array or Value
    indices : array or Value of int, of that shape
        Only with return_indices: places in the image, counted in row-major order.

    Raises
    ------
    ArgumentError
        If an option is no such number, or the padding is more than half the kernel.
    ShapeError
        If x has another number of axes, or is smaller than a window.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 9.3.

    Examples
    --------
    >>> x = np.array([[[1.0, 3.0, 2.0, 0.0], [4.0, 0.0, 0.0, 5.0]]])
    >>> max_pool2d(x, 2)
    array([[[4., 5.]]])
    >>> max_pool2d(x, (1, 2), return_indices=True)[1]
    array([[[1, 2],
            [4, 7]]])
    """
    return _max_pool(
        "max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool3d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Give the largest of what each window over (N, C, D, H, W) sees; see `max_pool2d`.

    Examples
    --------
    >>> max_pool3d(np.arange(8.0).reshape(1, 2, 2, 2), 2)
    array([[[[7.]]]])
    """
    return _max_pool(
        "max_pool3d", 3, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def avg_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """Give the mean of what each window over (N, C, L) or (C, L) sees; see `avg_pool2d`.

    Examples
    --------
    >>> avg_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[2., 1.]])
    """
    return _avg_pool(
        "avg_pool1d", 1, x, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Give the mean of what each window sees.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W) array or Value
    kernel_size, stride, padding, ceil_mode
        As for `max_pool2d`.
    count_include_pad : bool, default True
        Whether the zeros of the padding count as entries. What ceil_mode reaches beyond them
        never counts.
    divisor_override : int, optional
        What to divide the sums by, instead of the number of entries.

    Returns
    -------
    (N, C, H', W') or (C, H', W') array or Value

    Raises
    ------
    ArgumentError, ShapeError
        As `max_pool2d`; and if divisor_override is 0.

    Examples
    --------
    >>> avg_pool2d(np.array([[[1.0, 3.0], [2.0, 0.0]]]), 2)
    array([[[1.5]]])
    """
    return _avg_pool(
        "avg_pool2d", 2, x, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def avg_pool3d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Give the mean of what each window over (N, C, D, H, W) sees; see `avg_pool2d`.

    Examples
    --------
    >>> avg_pool3d(np.arange(8.0).reshape(1, 2, 2, 2), 2)
    array([[[[3.5]]]])
    """
    return _avg_pool(
        "avg_pool3d", 3, x, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def _pooled(
    where: str, axes: int, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any,
    ceil: bool,
) -> Geometry:  # fmt: skip
    kernel = per_axis(where, "kernel_size", kernel, axes)
    stride = kernel if stride is None else per_axis(where, "stride", stride, axes)
    padding = per_axis(where, "padding", padding, axes, least=0)
    dilation = per_axis(where, "dilation", dilation, axes)
    most = tuple((d * (k - 1) + 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    if any(p > m for p, m in zip(padding, most, strict=True)):
        raise ArgumentError(
            f"{where}: the padding is more than half of the kernel.",
            expected=f"at most {most}, for a kernel of {kernel}",
            got=f"{padding}",
            hint="Some windows would see nothing at all. Take a larger kernel, or np.pad.",
        )
    return lay(where, x.shape[2:], kernel, stride, padding, dilation, ceil=ceil)


def _max_pool(
    where: str, axes: int, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any,
    ceil: bool, with_places: bool,
) -> Any:  # fmt: skip
    x, alone = batched(where, x, axes)
    geometry = _pooled(where, axes, x, kernel, stride, padding, dilation, ceil)
    y = max_pool(x, geometry=geometry)
    if not with_places:
        return y[0] if alone else y
    places = np.arange(math.prod(x.shape[2:])).reshape(x.shape[2:])
    indices = take_at_maxima(np.broadcast_to(places, x.shape), x, y, geometry=geometry)
    return (y[0], indices[0]) if alone else (y, indices)


def _avg_pool(
    where: str, axes: int, x: Any, kernel: Any, stride: Any, padding: Any, ceil: bool,
    with_padding: bool, divisor: Any,
) -> Any:  # fmt: skip
    x, alone = batched(where, x, axes)
    geometry = _pooled(where, axes, x, kernel, stride, padding, 1, ceil)
    if divisor is None:
        divisor = _entries(geometry, with_padding, x.dtype)
    elif divisor == 0:
        raise ArgumentError(
            f"{where}: nothing can be divided by 0.",
            expected="divisor_override=None, or another number",
            got="divisor_override=0",
        )
    y = sum_windows(x, geometry=geometry) / divisor
    return y[0] if alone else y


def _entries(geometry: Geometry, with_padding: bool, dtype: Any) -> Any:
    """Count the entries of each window; one number, if all have as many."""
    counts = []
    for n, k, o, s, p, _ in zip(*geometry, strict=True):
        start = np.arange(o) * s - p
        low, high = (-p, n + p) if with_padding else (0, n)
        counts.append(np.minimum(start + k, high) - np.maximum(start, low))
    entries = functools.reduce(np.multiply.outer, counts)
    if np.all(entries == entries.flat[0]):
        return int(entries.flat[0])
    return entries.astype(np.result_type(dtype, np.float16))


# As many windows as are asked for


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """Give the mean of each of so many parts of (N, C, L) or (C, L); see `adaptive_avg_pool2d`.

    Examples
    --------
    >>> adaptive_avg_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[2., 1.]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", 1, x, output_size)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """Give the mean of each of so many parts of an image, whatever its size.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W) array or Value
    output_size : int or pair of (int or None)
        H' and W'; None keeps the axis as it is. Part ``i`` of an axis of length H goes from
        ``floor(i H / H')`` to before ``ceil((i + 1) H / H')``: neighbours may share an entry.

    Returns
    -------
    (N, C, H', W') or (C, H', W') array or Value

    Raises
    ------
    ArgumentError
        If output_size is no such number.
    ShapeError
        If x has another number of axes, or one of length 0 for its places.

    Examples
    --------
    >>> adaptive_avg_pool2d(np.arange(6.0).reshape(1, 2, 3), (1, 2))
    array([[[2., 3.]]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", 2, x, output_size)


def adaptive_max_pool1d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Give the largest of each of so many parts of (N, C, L) or (C, L); see `adaptive_max_pool2d`.

    Examples
    --------
    >>> adaptive_max_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[3., 2.]])
    """
    return _adaptive_max_pool("adaptive_max_pool1d", 1, x, output_size, return_indices)


def adaptive_max_pool2d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Give the largest of each of so many parts of an image, as `adaptive_avg_pool2d` cuts it.

    With return_indices it gives their places as well, as `max_pool2d` does.

    Examples
    --------
    >>> adaptive_max_pool2d(np.arange(6.0).reshape(1, 2, 3), (1, 2))
    array([[[4., 5.]]])
    """
    return _adaptive_max_pool("adaptive_max_pool2d", 2, x, output_size, return_indices)


def _sizes(where: str, output_size: Any, inputs: tuple[int, ...]) -> tuple[int, ...]:
    given = output_size if isinstance(output_size, tuple | list) else (output_size,) * len(inputs)
    if len(given) == len(inputs):
        given = [n if size is None else size for size, n in zip(given, inputs, strict=True)]
    return per_axis(where, "output_size", given, len(inputs))


def _parts(n: int, parts: int) -> list[slice]:
    return [slice(i * n // parts, -(-(i + 1) * n // parts)) for i in range(parts)]


def _adaptive_avg_pool(where: str, axes: int, x: Any, output_size: Any) -> Any:
    x, alone = batched(where, x, axes)
    for axis, size in enumerate(_sizes(where, output_size, some_places(where, x)), start=2):
        n = x.shape[axis]
        if size == 1:
            x = np.mean(x, axis=axis, keepdims=True)
        elif size != n:
            means = np.zeros((n, size), np.result_type(x.dtype, np.float16))
            for i, part in enumerate(_parts(n, size)):
                means[part, i] = 1 / (part.stop - part.start)
            x = np.swapaxes(np.swapaxes(x, axis, -1) @ means, axis, -1)
    return x[0] if alone else x


def _adaptive_max_pool(where: str, axes: int, x: Any, output_size: Any, with_places: bool) -> Any:
    x, alone = batched(where, x, axes)
    n, c, *_ = x.shape
    inputs = some_places(where, x)
    sizes = _sizes(where, output_size, inputs)
    if all(i % s == 0 for i, s in zip(inputs, sizes, strict=True)):
        kernel = tuple(map(operator.floordiv, inputs, sizes))
        return _max_pool(where, axes, x[0] if alone else x, kernel, None, 0, 1, False, with_places)
    # The places of each part, in row-major order; short ones name their last place again.
    numbers = np.arange(math.prod(inputs)).reshape(inputs)
    parts = itertools.product(*map(_parts, inputs, sizes))
    places = [numbers[part].ravel() for part in parts]
    longest = max(map(len, places))
    table = np.array([np.pad(p, (0, longest - len(p)), "edge") for p in places])
    seen = np.reshape(x, (n, c, -1))[:, :, table]  # (N, C, parts, entries)
    first = np.expand_dims(np.argmax(seen, axis=-1), -1)
    y = np.reshape(np.take_along_axis(seen, first, axis=-1), (n, c, *sizes))
    if not with_places:
        return y[0] if alone else y
    named = np.broadcast_to(table, seen.shape)
    indices = np.reshape(np.take_along_axis(named, first, axis=-1), (n, c, *sizes))
    return (y[0], indices[0]) if alone else (y, indices)
