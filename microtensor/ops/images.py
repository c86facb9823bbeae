"""Images made larger, and channels made into places.

Axes: ``N`` batch, ``C`` channels, ``H, W`` places. All are moves of entries, or products with a
matrix, so that there is nothing to derive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from .windows import batched, per_axis, some_places


def pixel_shuffle(x: Any, upscale_factor: int) -> Any:
    """Make r * r channels into one that is r times as high and as wide.

    Parameters
    ----------
    x : (..., C * r * r, H, W) array or Value
    upscale_factor : int
        r

    Returns
    -------
    (..., C, H * r, W * r) array or Value

    Raises
    ------
    ShapeError
        If r * r does not divide the channels.

    References
    ----------
    .. [1] Shi and others, *Real-Time Single Image and Video Super-Resolution Using an Efficient
       Sub-Pixel Convolutional Neural Network* (2016), equation 4.

    Examples
    --------
    >>> pixel_shuffle(np.arange(4.0).reshape(4, 1, 1), 2)
    array([[[0., 1.],
            [2., 3.]]])
    """
    (r,) = per_axis("pixel_shuffle", "upscale_factor", upscale_factor, 1)
    shape = np.shape(x)
    if len(shape) < 3 or shape[-3] % (r * r):
        raise ShapeError(
            "pixel_shuffle: the channels cannot be made into places.",
            expected=f"shape (..., C * {r * r}, H, W)",
            got=f"shape {shape}",
        )
    *batch, channels, h, w = shape
    x = np.reshape(x, (math.prod(batch), channels // (r * r), r, r, h, w))
    x = np.transpose(x, (0, 1, 4, 2, 5, 3))  # (N, C, H, r, W, r)
    return np.reshape(x, (*batch, channels // (r * r), h * r, w * r))


def pixel_unshuffle(x: Any, downscale_factor: int) -> Any:
    """Make squares of r * r places into as many channels: `pixel_shuffle` turned around.

    Raises
    ------
    ShapeError
        If r does not divide height and width.

    Examples
    --------
    >>> pixel_unshuffle(np.array([[[0.0, 1.0], [2.0, 3.0]]]), 2).ravel()
    array([0., 1., 2., 3.])
    """
    (r,) = per_axis("pixel_unshuffle", "downscale_factor", downscale_factor, 1)
    shape = np.shape(x)
    if len(shape) < 3 or shape[-1] % r or shape[-2] % r:
        raise ShapeError(
            "pixel_unshuffle: the places cannot be made into channels.",
            expected=f"shape (..., C, H * {r}, W * {r})",
            got=f"shape {shape}",
        )
    *batch, channels, h, w = shape
    x = np.reshape(x, (math.prod(batch), channels, h // r, r, w // r, r))
    x = np.transpose(x, (0, 1, 3, 5, 2, 4))  # (N, C, r, r, H, W)
    return np.reshape(x, (*batch, channels * r * r, h // r, w // r))


MODES = {"nearest": (3, 4, 5), "linear": (3,), "bilinear": (4,), "trilinear": (5,)}  # axes of x


def interpolate(
    x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
) -> Any:  # fmt: skip
    """Make images larger or smaller, by repeating entries or by mixing neighbours.

    Parameters
    ----------
    x : (N, C, L), (N, C, H, W) or (N, C, D, H, W) array or Value
    size : int or tuple of int, optional
        How long the last axes shall be.
    scale_factor : number or tuple of numbers, optional
        Or how many times as long as they are.
    mode : {"nearest", "linear", "bilinear", "trilinear"}
        Nearest: place i of H' shows place ``floor(i step)`` of H. The others, named for 1, 2 or 3
        axes: place i lies at ``(i + 1/2) step - 1/2`` and mixes its two neighbours along each.
        The step is H / H', or ``1 / factor`` if a factor is given.
    align_corners : bool, optional
        Of the linear modes: whether the first and the last places stay the first and the last,
        so that place i lies at ``i (H - 1) / (H' - 1)``.
    recompute_scale_factor : bool, optional
        Whether the step is H / H' where a factor is given too.

    Raises
    ------
    ArgumentError
        If not one of size and scale_factor is given, the mode is another, or corners are to be
        aligned where nothing is mixed.
    ShapeError
        If x has another number of axes than the mode is for, or one of length 0 for its places.

    Examples
    --------
    >>> interpolate(np.array([[[1.0, 2.0]]]), scale_factor=2)
    array([[[1., 1., 2., 2.]]])
    >>> interpolate(np.array([[[1.0, 2.0]]]), scale_factor=2, mode="linear")
    array([[[1.  , 1.25, 1.75, 2.  ]]])
    """
    if mode not in MODES:
        raise ArgumentError(
            "interpolate: there is no such mode here.",
            expected=f"one of {', '.join(map(repr, MODES))}",
            got=f"mode={mode!r}",
        )
    if mode == "nearest" and align_corners is not None:
        raise ArgumentError(
            "interpolate: corners are aligned where neighbours are mixed only.",
            expected="align_corners=None for mode='nearest'",
            got=f"align_corners={align_corners!r}",
        )
    if (size is None) == (scale_factor is None):
        raise ArgumentError(
            "interpolate: either a size or a factor is needed.",
            expected="size= or scale_factor=",
            got="neither" if size is None else "both",
        )
    axes = min(max(np.ndim(x) - 2, 1), 3)
    x, alone = batched("interpolate", x, axes)
    if alone:
        raise ShapeError(
            "interpolate: the input must have a batch axis, channels, and places.",
            expected="shape (N, C, L), (N, C, H, W) or (N, C, D, H, W)",
            got=f"shape {x.shape[1:]}",
        )
    if x.ndim not in MODES[mode]:
        raise ShapeError(
            f"interpolate: mode={mode!r} is for inputs of another rank.",
            expected=f"{MODES[mode][0]} axes",
            got=f"shape {x.shape}",
            hint="linear, bilinear and trilinear are for 1, 2 and 3 axes of places.",
        )
    inputs = some_places("interpolate", x)
    if size is not None:
        sizes = per_axis("interpolate", "size", size, axes)
    else:
        factors = tuple(scale_factor) if np.ndim(scale_factor) else (scale_factor,) * axes
        sizes = tuple(int(n * f) for n, f in zip(inputs, factors, strict=True))
        sizes = per_axis("interpolate", "size", sizes, axes)
    if size is not None or recompute_scale_factor:
        steps = [n / m for n, m in zip(inputs, sizes, strict=True)]
    else:
        steps = [1 / f for f in factors]
    for axis, (n, m, step) in enumerate(zip(inputs, sizes, steps, strict=True), start=2):
        if mode == "nearest":
            dtype = np.result_type(x.dtype, np.float32)
            numbers = np.arange(m, dtype=dtype) * dtype.type(step)
            rounded = np.floor(numbers.astype(np.float32))  # as PyTorch rounds them
            places = np.minimum(rounded.astype(int), n - 1)
            x = np.take(x, places, axis=axis)
        elif n != m or step != 1:
            weights = _mixing(n, m, step, bool(align_corners), x.dtype)
            x = np.swapaxes(np.swapaxes(x, axis, -1) @ weights, axis, -1)
    return x


def _mixing(n: int, m: int, step: float, align_corners: bool, dtype: Any) -> Any:
    """Give the matrix (n, m) that mixes n entries to m: two neighbours in each column."""
    if align_corners:
        at = np.arange(m) * ((n - 1) / max(m - 1, 1))
    else:
        at = np.maximum((np.arange(m) + 0.5) * step - 0.5, 0)
    low = at.astype(int)
    share = at - low
    weights = np.zeros((n, m), dtype if dtype.kind == "f" else float)
    weights[low, np.arange(m)] += 1 - share
    weights[np.minimum(low + 1, n - 1), np.arange(m)] += share
    return weights
