"""Samples of the functions of images and of similarities, which are made of others."""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import Row, case, nonzero, normal

from microtensor.ops import images, similarities


def _shuffle(x: Any, upscale_factor: int) -> Any:
    r, (*batch, channels, h, w) = upscale_factor, x.shape
    out = np.zeros((*batch, channels // r**2, h * r, w * r), x.dtype)
    for c, i, j in np.ndindex(channels // r**2, r, r):
        out[..., c, i::r, j::r] = x[..., c * r * r + i * r + j, :, :]
    return out


def _unshuffle(x: Any, downscale_factor: int) -> Any:
    r, (*batch, channels, h, w) = downscale_factor, x.shape
    out = np.zeros((*batch, channels * r**2, h // r, w // r), x.dtype)
    for c, i, j in np.ndindex(channels, r, r):
        out[..., c * r * r + i * r + j, :, :] = x[..., c, i::r, j::r]
    return out


def _nearest(x: Any, size: Any = None, scale_factor: Any = None) -> Any:
    inputs = x.shape[2:]
    sizes = np.broadcast_to(size or [int(n * scale_factor) for n in inputs], len(inputs))
    index = [[i * n // m for i in range(m)] for n, m in zip(inputs, sizes, strict=True)]
    return x[(slice(None), slice(None), *np.ix_(*index))]


def _linear(
    x: Any, size: Any = None, scale_factor: Any = None, mode: str = "", align_corners: bool = False
) -> Any:
    """Read each axis off the line through its neighbours, as np.interp does."""
    for axis in range(2, x.ndim):
        n = x.shape[axis]
        m = np.broadcast_to(size, x.ndim - 2)[axis - 2] if size else int(n * scale_factor)
        step = n / m if size else 1 / scale_factor
        at = (np.arange(m) + 0.5) * step - 0.5
        at = np.linspace(0, n - 1, m) if align_corners else at
        x = np.apply_along_axis(lambda row, at=at, n=n: np.interp(at, np.arange(n), row), axis, x)
    return x


def _norm(x: Any, p: float, axis: int) -> Any:
    size = np.where(np.real(x) < 0, -x, x)
    return np.sum(size**p, axis=axis, keepdims=True) ** (1 / p)


def _normalize(x: Any, p: float = 2.0, axis: int = 1) -> Any:
    return x / _norm(x, p, axis)


def _cosine(a: Any, b: Any, axis: int = 1) -> Any:
    return np.sum(a * b / (_norm(a, 2, axis) * _norm(b, 2, axis)), axis=axis)


def _distance(a: Any, b: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Any:
    y = _norm(a - b + eps, p, -1)
    return y if keepdims else y[..., 0]


IMAGES = [
    Row(images.pixel_shuffle, case(normal(2, 4, 2, 3), 2), case(normal(9, 1, 2), upscale_factor=3),
        case(normal(1, 0, 4, 2, 2), 2), value=_shuffle),
    Row(images.pixel_unshuffle, case(normal(2, 1, 4, 2), 2),
        case(normal(2, 3, 3), downscale_factor=3), value=_unshuffle),
    Row(images.interpolate, case(normal(2, 1, 3), 5), case(normal(1, 2, 3, 4), (2, 6)),
        case(normal(1, 2, 2, 3), scale_factor=2), case(normal(1, 1, 2, 1, 2), size=3),
        case(normal(0, 1, 2), 4), value=_nearest),
    Row(images.interpolate, case(normal(2, 1, 3), 5, mode="linear"),
        case(normal(1, 2, 3, 4), (2, 6), mode="bilinear", align_corners=True),
        case(normal(1, 2, 2, 3), scale_factor=2, mode="bilinear"),
        case(normal(1, 1, 3, 3), scale_factor=1.5, mode="bilinear"),
        case(normal(1, 1, 5), 1, mode="linear", align_corners=True),
        case(normal(1, 1, 2, 1, 2), size=3, mode="trilinear"), value=_linear,
        name="interpolate(linear)"),
    Row(similarities.normalize, case(nonzero(2, 3)), case(nonzero(2, 3), 3.0, 0),
        case(nonzero(2, 3, 2), p=1.0, axis=-1), value=_normalize),
    Row(similarities.cosine_similarity, case(nonzero(2, 3), nonzero(2, 3)),
        case(nonzero(2, 3, 2), nonzero(2, 3, 2), axis=-1), value=_cosine),
    Row(similarities.pairwise_distance, case(nonzero(2, 3), normal(2, 3)),
        case(nonzero(3), normal(3), 3.0), case(nonzero(2, 3), normal(3), keepdims=True),
        value=_distance),
]  # fmt: skip
