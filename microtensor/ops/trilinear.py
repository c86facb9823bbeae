"""The form that convolution is: linear in the images, the weight and the gradient.

Legend: ``x`` images, ``w`` weight, ``g`` gradient of the output, ``y`` output; axes: ``N`` batch,
``C`` channels of x, ``O`` channels of y, ``L`` places of y in all images together, ``G`` groups.

All of it is one form, linear in each of three arrays (for one group, and one axis to slide along):

    T(x, w, g) = sum over n, c, o, i, k of  x[n, c, stride i + dilation k - padding] w[o, c, k] g[n, o, i]

Its derivative by g is the convolution of x with w; by x, the transposed convolution of g with w;
by w, the correlation of x with g. So each of the three primitives below has the other two as its
rules, and derivatives of every order stay among the three.

A convolution is a product of matrices: Chellapilla, Puri, Simard, *High Performance Convolutional
Neural Networks for Document Processing* (2006), section 4.1. The images lie in memory with the
batch as the innermost axis (C, H, W, N), so that all copying is of long runs of numbers; what is
given out is the usual (N, C, H, W), a view of that. The columns are made in parts that fit a cache.
"""  # noqa: E501  # the form is one line

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..lending import empty, zeros
from ..primitives import differentiable, primitive
from .windows import Geometry, taps

CACHE = 2**19  # bytes of columns made at a time: twice as much is as fast, half of it is slower


def _batch_last(x: Any, geometry: Geometry | None = None) -> Any:
    """Give (C, ..., N) in this order in memory; padded, if a geometry says how far to."""
    moved = np.moveaxis(x, 0, -1)
    if geometry is None or all(
        p == 0 and reach <= n
        for p, reach, n in zip(geometry.padding, geometry.extents, geometry.inputs, strict=True)
    ):
        if moved.flags.c_contiguous:
            return moved
        laid = empty(moved.shape, x.dtype)
        np.copyto(laid, moved)
        return laid
    padded = zeros((len(moved), *_padded(geometry), moved.shape[-1]), x.dtype)
    padded[(slice(None), *_inner(geometry))] = moved
    return padded


def _padded(geometry: Geometry) -> list[int]:
    return [
        max(p + n, reach)
        for p, n, reach in zip(geometry.padding, geometry.inputs, geometry.extents, strict=True)
    ]


def _inner(geometry: Geometry) -> list[slice]:
    return [slice(p, p + n) for p, n in zip(geometry.padding, geometry.inputs, strict=True)]


def _parts(geometry: Geometry, sizes: tuple[int, ...], row: int) -> Iterator[tuple[slice, list]]:
    """Cut the first axis of the outputs, and give each part with what its taps see.

    ``sizes`` are those of the padded images, ``row`` the bytes of one output row's columns.
    """
    step, n = max(1, CACHE // max(row, 1)), geometry.outputs[0]
    zeros = (0,) * (len(sizes) - 1)
    for start in range(0, n, step):
        stop = min(start + step, n)
        part = geometry._replace(
            inputs=sizes,
            outputs=(stop - start, *geometry.outputs[1:]),
            padding=(-start * geometry.stride[0], *zeros),
        )
        yield slice(start, stop), [(slice(None), *there[1:]) for _, there in taps(part)]


def _columns(x: Any, places: list, groups: int) -> Any:
    """Give (G, C / G * taps, L), from images (C, H, W, N)."""
    first = x[places[0]]
    if len(places) == 1:
        return first.reshape(groups, len(x) // groups, -1)
    columns = empty((len(x), len(places), *first.shape[1:]), x.dtype)
    for k, there in enumerate(places):
        columns[:, k] = x[there]
    return columns.reshape(groups, len(x) // groups * len(places), -1)


def _row(geometry: Geometry, x: Any) -> int:
    """Count the bytes of the columns of one output row; x is (C, ..., N)."""
    numbers = len(x) * math.prod(geometry.kernel) * math.prod(geometry.outputs[1:]) * x.shape[-1]
    return numbers * x.itemsize


@primitive
def convolution(x: Any, weight: Any, bias: Any = None, *, geometry: Geometry, groups: int) -> Any:
    """Slide windows over images, and give their weighted sums; see `conv2d`.

    Parameters
    ----------
    x : (N, C, *inputs) array
    weight : (O, C / groups, *kernel) array
    bias : (O,) array, optional
    geometry : Geometry
    groups : int

    Returns
    -------
    (N, O, *outputs) array
    """
    images = _batch_last(x, geometry)
    matrices = weight.reshape(groups, len(weight) // groups, -1)
    y = empty((len(weight), *geometry.outputs, len(x)), np.result_type(x, weight))
    by_group = y.reshape(groups, len(weight) // groups, *y.shape[1:])
    for rows, places in _parts(geometry, images.shape[1:-1], _row(geometry, images)):
        columns = _columns(images, places, groups)
        part = by_group[:, :, rows]
        np.matmul(matrices, columns, out=part.reshape(*part.shape[:2], -1))
        del columns  # lest two of them be there
    if bias is not None:
        bias = bias.reshape(-1, *(1,) * (y.ndim - 1))
        y = np.add(y, bias, out=y if bias.dtype == y.dtype else None)
    return np.moveaxis(y, -1, 0)


@primitive
def transposed_convolution(g: Any, weight: Any, *, geometry: Geometry, groups: int) -> Any:
    """Give each window's sum back to the places it came from; see `conv_transpose2d`.

    Parameters
    ----------
    g : (N, O, *outputs) array
    weight : (O, C / groups, *kernel) array
    geometry : Geometry
        Of the convolution that this is the transpose of.
    groups : int

    Returns
    -------
    (N, C, *inputs) array
    """
    sums = _batch_last(g)
    sums = sums.reshape(groups, len(sums) // groups, *sums.shape[1:])
    matrices = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)
    channels = weight.shape[1] * groups
    sizes = (*_padded(geometry), len(g))
    images = zeros((channels, *sizes), np.result_type(g, weight))
    # Of a column and a row, matmul takes up to 60 times the time of broadcasting.
    product = np.multiply if sums.shape[1] == 1 else np.matmul
    for rows, places in _parts(geometry, sizes[:-1], _row(geometry, images)):
        part = sums[:, :, rows]
        columns = empty((channels, len(places), *part.shape[2:]), images.dtype)
        by_group = columns.reshape(groups, matrices.shape[1], -1)
        product(matrices, part.reshape(*part.shape[:2], -1), out=by_group)
        for k, there in enumerate(places):
            images[there] += columns[:, k]
        del columns, by_group  # lest two of them be there
    return np.moveaxis(images[(slice(None), *_inner(geometry))], -1, 0)


@primitive
def weight_correlation(x: Any, g: Any, *, geometry: Geometry, groups: int) -> Any:
    """Add up, for each weight, what it multiplies, times what becomes of it.

    Parameters
    ----------
    x : (N, C, *inputs) array
    g : (N, O, *outputs) array
    geometry : Geometry
    groups : int

    Returns
    -------
    (O, C / groups, *kernel) array
    """
    images, sums = _batch_last(x, geometry), _batch_last(g)
    outputs, channels = len(sums), len(images) // groups
    sums = sums.reshape(groups, outputs // groups, *sums.shape[1:])
    shape = (groups, outputs // groups, channels * math.prod(geometry.kernel))
    total, room = zeros(shape, np.result_type(x, g)), empty(shape, np.result_type(x, g))
    for rows, places in _parts(geometry, images.shape[1:-1], 2 * _row(geometry, images)):
        part = sums[:, :, rows]  # its columns have no name, or two would live at the same time
        total += np.matmul(
            part.reshape(*part.shape[:2], -1),
            _columns(images, places, groups).swapaxes(1, 2),
            out=room,
        )
    return total.reshape(outputs, channels, *geometry.kernel)


def _over_places(g: Any) -> Any:
    """Sum each channel's gradients: what a bias receives."""
    return np.sum(g, axis=(0, *range(2, np.ndim(g))))


differentiable(
    convolution,
    lambda g, y, x, w, b, geometry, groups: transposed_convolution(
        g, w, geometry=geometry, groups=groups
    ),
    lambda g, y, x, w, b, geometry, groups: weight_correlation(
        x, g, geometry=geometry, groups=groups
    ),
    lambda g, y, x, w, b: _over_places(g),
)
differentiable(
    transposed_convolution,  # now g is the input; and the gradient of the output, G, is like x
    lambda G, y, g, w, geometry, groups: convolution(G, w, geometry=geometry, groups=groups),
    lambda G, y, g, w, geometry, groups: weight_correlation(G, g, geometry=geometry, groups=groups),
)
differentiable(
    weight_correlation,  # here G is like w
    lambda G, y, x, g, geometry, groups: transposed_convolution(
        g, G, geometry=geometry, groups=groups
    ),
    lambda G, y, x, g, geometry, groups: convolution(x, G, geometry=geometry, groups=groups),
)
