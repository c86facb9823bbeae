"""Windows that slide over an array: how they lie, their view, and their sums.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input; axes: ``N`` batch, ``C`` channels.
A window's *taps* are its places; at each tap, all windows together see one strided slice of the
array. So every function here, and in the files of convolutions and pooling, is a loop over taps
of whole slices. What reads through windows and what adds back through them are each other's rule.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..primitives import differentiable, primitive

Index = tuple[Any, ...]


class Geometry(NamedTuple):
    """How windows lie over an array; one number for each axis that they slide along.

    Window number ``o`` has its tap ``k`` at place ``o * stride + k * dilation - padding``; there is
    nothing at places outside of ``0 ... inputs - 1``.
    """

    inputs: tuple[int, ...]
    kernel: tuple[int, ...]
    outputs: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]  # before the first entry; what is behind the last follows
    dilation: tuple[int, ...]

    @property
    def extents(self) -> tuple[int, ...]:
        """How far the windows reach, from the first one's first tap."""
        return tuple(
            (o - 1) * s + (k - 1) * d + 1
            for o, s, k, d in zip(
                self.outputs, self.stride, self.kernel, self.dilation, strict=True
            )
        )


@lru_cache(maxsize=4096)
def taps(geometry: Geometry) -> list[tuple[Index, Index]]:
    """Give, for each tap in row-major order, what it sees.

    Returns
    -------
    list of (here, there)
        The windows ``here`` see the entries ``there``: indices of the outputs and of the inputs,
        whose last axes are those that windows slide along.

    Examples
    --------
    >>> for here, there in taps(Geometry((4,), (2,), (3,), (1,), (0,), (1,))):
    ...     print(here, there)
    (Ellipsis, slice(0, 3, None)) (Ellipsis, slice(0, 3, 1))
    (Ellipsis, slice(0, 3, None)) (Ellipsis, slice(1, 4, 1))
    """
    axes = [_taps_of_axis(*numbers) for numbers in zip(*geometry, strict=True)]
    return [
        ((..., *(here for here, _ in pairs)), (..., *(there for _, there in pairs)))
        for pairs in itertools.product(*axes)
    ]


def _taps_of_axis(n: int, kernel: int, outputs: int, s: int, p: int, d: int) -> list:
    pairs = []
    for k in range(kernel):
        first = k * d - p  # where the first window has this tap
        low = max(0, -(first // s))  # the first window that has it inside of the array
        high = max(low, min(outputs, (n - 1 - first) // s + 1))
        start = first + low * s
        pairs.append((slice(low, high), slice(start, start + (high - low) * s, s)))
    return pairs


def per_axis(where: str, name: str, given: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """Give an option as one integer per axis.

    Raises
    ------
    ArgumentError
        If it is neither one integer nor one for each axis, or one is too small.
    """
    try:
        numbers = tuple(map(operator.index, given if np.ndim(given) else (given,)))
    except TypeError:
        numbers = ()
    if len(numbers) == 1:
        numbers *= axes
    if len(numbers) != axes or min(numbers) < least:
        raise ArgumentError(
            f"{where}: {name} must be one integer, or one for each axis that windows slide along.",
            expected=f"an integer of at least {least}" + (f", or {axes} of them" * (axes > 1)),
            got=f"{given!r}",
        )
    return numbers


def batched(where: str, x: Any, axes: int) -> tuple[Any, bool]:
    """Give an input its batch axis, and tell whether it had none.

    Raises
    ------
    ShapeError
        If its number of axes fits neither.
    """
    x = x if hasattr(x, "ndim") else np.asarray(x, dtype=float)
    if x.ndim == axes + 1:
        return np.expand_dims(x, 0), True
    if x.ndim != axes + 2:
        names = ", ".join({1: ["L"], 2: ["H", "W"], 3: ["D", "H", "W"]}[axes])
        raise ShapeError(
            f"{where}: the input must have {axes + 2} axes, or {axes + 1} if there is no batch.",
            expected=f"shape (N, C, {names}) or (C, {names})",
            got=f"shape {x.shape}",
            hint="A single channel is an axis of length 1: x[:, None] gives a batch its own.",
        )
    return x, False


def some_places(where: str, x: Any) -> tuple[int, ...]:
    """Give the lengths of the axes of places of (N, C, ...), or raise ShapeError if one is 0."""
    places = x.shape[2:]
    if 0 in places:
        raise ShapeError(
            f"{where}: there are no places to look at.",
            expected="at least one entry along each axis behind the channels",
            got=f"shape {x.shape}",
        )
    return places


def lay(
    where: str, inputs: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...],
    padding: tuple[int, ...], dilation: tuple[int, ...], *, behind: tuple[int, ...] | None = None,
    ceil: bool = False,
) -> Geometry:  # fmt: skip
    """Lay as many windows over an array as fit; with ceil, one more that reaches over its end.

    Raises
    ------
    ShapeError
        If not one fits.
    """
    outputs = []
    for n, k, s, p, q, d in zip(
        inputs, kernel, stride, padding, behind or padding, dilation, strict=True
    ):
        room = n + p + q - (d * (k - 1) + 1)
        count = (-(-room // s) if ceil else room // s) + 1
        if ceil and (count - 1) * s >= n + p:
            count -= 1  # a window must not begin behind the array
        outputs.append(count)
    if min(outputs) < 1:
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        raise ShapeError(
            f"{where}: the windows are larger than what they slide over.",
            expected=f"an input of at least {reach} along its last axes, padding included",
            got=f"{inputs}, with padding {padding}",
            hint="Take a smaller kernel or dilation, or more padding.",
        )
    return Geometry(inputs, kernel, tuple(outputs), stride, padding, dilation)


# NumPy's own windows


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,)))


@primitive
def add_windows(w: Any, window_shape: Any, axis: Any, shape: tuple[int, ...]) -> Any:
    """Add windows back to where `numpy.lib.stride_tricks.sliding_window_view` reads them.

    Parameters
    ----------
    w : array
        What is added, of the shape of that view.
    window_shape, axis
        As for that view.
    shape : tuple of int
        The shape of the result.

    Examples
    --------
    >>> add_windows(np.ones((3, 2)), window_shape=2, axis=None, shape=(4,))
    array([1., 2., 2., 1.])
    """
    axes = _axes(axis, len(shape))
    out = np.zeros(shape, np.result_type(w))
    counts = np.shape(w)[: len(shape)]
    for places in np.ndindex(*np.shape(w)[len(shape) :]):
        start = [0] * len(shape)
        for a, place in zip(axes, places, strict=True):  # an axis may be named twice
            start[a] += place
        out[tuple(slice(a, a + n) for a, n in zip(start, counts, strict=True))] += w[(..., *places)]
    return out


differentiable(
    np.lib.stride_tricks.sliding_window_view,
    lambda g, y, x, window_shape, axis: add_windows(
        g, window_shape=window_shape, axis=axis, shape=np.shape(x)
    ),
)
differentiable(
    add_windows,
    lambda g, y, w, window_shape, axis: np.lib.stride_tricks.sliding_window_view(
        g, window_shape, axis
    ),
)


# Windows as columns


@primitive
def unfold_places(x: Any, *, geometry: Geometry) -> Any:
    """Give (N, C, taps, *outputs)."""
    n, c = x.shape[:2]
    out = np.zeros((n, c, len(taps(geometry)), *geometry.outputs), x.dtype)
    for k, (here, there) in enumerate(taps(geometry)):
        out[(slice(None), slice(None), k, *here[1:])] = x[there]
    return out


@primitive
def fold_places(w: Any, *, geometry: Geometry) -> Any:
    """Add (N, C, taps, *outputs) back to the places that each tap saw: (N, C, *inputs)."""
    out = np.zeros((*w.shape[:2], *geometry.inputs), w.dtype)
    for k, (here, there) in enumerate(taps(geometry)):
        out[there] += w[(slice(None), slice(None), k, *here[1:])]
    return out


differentiable(unfold_places, lambda g, y, x, geometry: fold_places(g, geometry=geometry))
differentiable(fold_places, lambda g, y, w, geometry: unfold_places(g, geometry=geometry))


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Give the windows of images as columns, as PyTorch's function of this name does.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W) array or Value
    kernel_size, dilation, padding, stride : int or pair of int

    Returns
    -------
    (N, C * kH * kW, L) or (C * kH * kW, L) array or Value
        One column for each of the L places of a window, in row-major order.

    Raises
    ------
    ArgumentError
        If an option is no integer, and no pair of them.
    ShapeError
        If x has another number of axes, or is smaller than a window.

    Examples
    --------
    >>> unfold(np.arange(6.0).reshape(1, 2, 3), (2, 2))
    array([[0., 1.],
           [1., 2.],
           [3., 4.],
           [4., 5.]])
    """
    x, alone = batched("unfold", x, 2)
    geometry = lay(
        "unfold", x.shape[2:], *_options("unfold", kernel_size, stride, padding, dilation)
    )
    columns = unfold_places(x, geometry=geometry)
    rows, places = x.shape[1] * columns.shape[2], math.prod(geometry.outputs)
    columns = np.reshape(columns, (x.shape[0], rows, places))
    return columns[0] if alone else columns


def fold(
    x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Any:  # fmt: skip
    """Add columns up to the images whose windows they are: `unfold` turned around.

    Parameters
    ----------
    x : (N, C * kH * kW, L) or (C * kH * kW, L) array or Value
    output_size : int or pair of int
        Height and width of the images.
    kernel_size, dilation, padding, stride : int or pair of int

    Returns
    -------
    (N, C, H, W) or (C, H, W) array or Value
        Entries that several windows have are sums.

    Raises
    ------
    ArgumentError
        If an option is no integer, and no pair of them.
    ShapeError
        If the columns are not those of such windows.

    Examples
    --------
    >>> fold(np.ones((4, 2)), (2, 3), (2, 2))
    array([[[1., 2., 1.],
            [1., 2., 1.]]])
    """
    x = x if hasattr(x, "ndim") else np.asarray(x, dtype=float)
    size = per_axis("fold", "output_size", output_size, 2)
    geometry = lay("fold", size, *_options("fold", kernel_size, stride, padding, dilation))
    places, entries = math.prod(geometry.outputs), math.prod(geometry.kernel)
    if x.ndim not in (2, 3) or x.shape[-1] != places or x.shape[-2] % entries:
        raise ShapeError(
            "fold: the columns are not those of such windows.",
            expected=f"shape (N, C * {entries}, {places}) or (C * {entries}, {places}): "
            f"windows of {geometry.kernel} lie at {places} places",
            got=f"shape {x.shape}",
        )
    n = 1 if x.ndim == 2 else x.shape[0]
    split = (n, x.shape[-2] // entries, entries, *geometry.outputs)
    out = fold_places(np.reshape(x, split), geometry=geometry)
    return out[0] if x.ndim == 2 else out


def _options(
    where: str, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> Iterator[tuple[int, ...]]:
    yield per_axis(where, "kernel_size", kernel, 2)
    yield per_axis(where, "stride", stride, 2)
    yield per_axis(where, "padding", padding, 2, least=0)
    yield per_axis(where, "dilation", dilation, 2)
