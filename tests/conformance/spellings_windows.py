"""PyTorch's layers that slide windows over images, pad and rearrange them, in our words."""

from __future__ import annotations

import numpy as np

import microtensor as mt


def pad(x, widths, mode="constant", value=0.0):
    """PyTorch pads from the last axis on, and cuts where a width is negative."""
    pairs = [(0, 0)] * (x.ndim - len(widths) // 2)
    pairs += [tuple(widths[i : i + 2]) for i in range(len(widths) - 2, -1, -2)]
    options = {"constant_values": value or 0.0} if mode == "constant" else {}
    wider = [(max(a, 0), max(b, 0)) for a, b in pairs]
    less = tuple(slice(max(-a, 0), -max(-b, 0) or None) for a, b in pairs)
    if mode == "circular":  # what is cut off does not come round
        return np.pad(x[less], wider, "wrap")
    return np.pad(x, wider, {"replicate": "edge"}.get(mode, mode), **options)[less]


def channel_shuffle(x, groups):
    n, c, *rest = x.shape
    parts = np.swapaxes(np.reshape(x, (n, groups, c // groups, *rest)), 1, 2)
    return np.reshape(parts, x.shape)


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    square = np.pad(x * x, [(0, 0), (size // 2, (size - 1) // 2)] + [(0, 0)] * (x.ndim - 2))
    windows = np.lib.stride_tricks.sliding_window_view(square, size, axis=1)
    return x / (k + alpha * np.mean(windows, axis=-1)) ** beta


def upsample_bilinear(x, size=None, scale_factor=None):
    """Mix the nearest entries, by a matrix for each axis; corners stay where they are."""
    for axis in (2, 3):
        n = x.shape[axis]
        m = int(n * scale_factor) if size is None else size[axis - 2]
        places = np.linspace(0, n - 1, m)
        weights = np.stack([np.interp(places, np.arange(n), one) for one in np.eye(n)])
        x = np.swapaxes(np.swapaxes(x, axis, -1) @ weights, axis, -1)
    return x


def avg_pool2d(x, kernel_size, stride=None, *options):
    """An empty stride means none."""
    return mt.avg_pool2d(x, kernel_size, stride or None, *options)


SPELLINGS = {
    "nn.functional.conv1d": mt.conv1d,
    "nn.functional.conv2d": mt.conv2d,
    "nn.functional.conv3d": mt.conv3d,
    "nn.functional.conv_transpose1d": mt.conv_transpose1d,
    "nn.functional.conv_transpose2d": mt.conv_transpose2d,
    "nn.functional.conv_transpose3d": mt.conv_transpose3d,
    "nn.functional.max_pool1d": mt.max_pool1d,
    "nn.functional.max_pool2d": mt.max_pool2d,
    "nn.functional.max_pool3d": mt.max_pool3d,
    "nn.functional.avg_pool1d": mt.avg_pool1d,
    "nn.functional.avg_pool2d": avg_pool2d,
    "nn.functional.avg_pool3d": mt.avg_pool3d,
    "nn.functional.adaptive_avg_pool1d": mt.adaptive_avg_pool1d,
    "nn.functional.adaptive_avg_pool2d": mt.adaptive_avg_pool2d,
    "nn.functional.adaptive_max_pool1d": mt.adaptive_max_pool1d,
    "nn.functional.adaptive_max_pool2d": mt.adaptive_max_pool2d,
    "nn.functional.unfold": mt.unfold,
    "nn.functional.local_response_norm": local_response_norm,
    "nn.functional.pad": pad,
    "constant_pad_nd": lambda x, widths, value=0.0: pad(x, widths, "constant", value),
    "nn.functional.pixel_shuffle": mt.pixel_shuffle,
    "nn.functional.pixel_unshuffle": mt.pixel_unshuffle,
    "nn.functional.channel_shuffle": channel_shuffle,
    "nn.functional.upsample_bilinear": upsample_bilinear,
    "nn.functional.upsample_nearest": mt.interpolate,
}
