"""Layers that compute nothing: the same numbers in another shape."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from .module import Module
from .places import here


class Flatten(Module):
    """Joins axes into one, in row-major order: from images (B, C, H, W) to rows (B, C H W).

    ``y[b, (c H + h) W + w] = x[b, c, h, w]``.

    Parameters
    ----------
    start_dim, end_dim : int, default 1, -1
        The first and the last axis that are joined; negative ones count from the end.

    Raises
    ------
    ArgumentError
        If one of them is no integer.
    ShapeError
        When called, if the input lacks one of these axes, or they are in the wrong order.

    Examples
    --------
    >>> Flatten()(np.ones((5, 3, 2, 2))).shape
    (5, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = axis_number("Flatten: start_dim", start_dim)
        self.end_dim = axis_number("Flatten: end_dim", end_dim)

    def forward(self, x: Any) -> Any:
        shape = np.shape(x) or (1,)  # one number is a row of one, as in PyTorch
        start = axis_of(self, self.start_dim, len(shape), np.shape(x))
        end = axis_of(self, self.end_dim, len(shape), np.shape(x))
        if start > end:
            raise ShapeError(
                f"{here(self)}: the first axis to join is behind the last.",
                expected="start_dim at or before end_dim",
                got=f"start_dim={self.start_dim}, end_dim={self.end_dim} for shape {np.shape(x)}",
            )
        joined = math.prod(shape[start : end + 1])
        return np.reshape(x, (*shape[:start], joined, *shape[end + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Cuts one axis into several, the last of them the fastest: the inverse of `Flatten`.

    From rows (B, C H W) to images (B, C, H, W): ``y[b, c, h, w] = x[b, (c H + h) W + w]``.

    Parameters
    ----------
    dim : int
        The axis.
    unflattened_size : tuple of int
        What it becomes; one of them may be -1, which is found from the others.

    Raises
    ------
    ArgumentError
        If the axis is no integer, or the sizes are no such integers.
    ShapeError
        When called, if the input lacks the axis, or it has another number of entries.

    Examples
    --------
    >>> Unflatten(1, (3, -1, 2))(np.ones((5, 12))).shape
    (5, 3, 2, 2)
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        self.dim = axis_number("Unflatten: dim", dim)
        self.unflattened_size = _sizes(unflattened_size)

    def forward(self, x: Any) -> Any:
        shape = np.shape(x)
        axis, sizes = axis_of(self, self.dim, len(shape), shape), self.unflattened_size
        given = math.prod(size for size in sizes if size != -1)
        if shape[axis] != given and (-1 not in sizes or given == 0 or shape[axis] % given):
            raise ShapeError(
                f"{here(self)}: the axis cannot be cut into these sizes.",
                expected=f"{'a multiple of ' if -1 in sizes else ''}{given} in axis {self.dim}, "
                f"for sizes {sizes}",
                got=f"an input of shape {shape}",
            )
        found = [shape[axis] // max(given, 1) if size == -1 else size for size in sizes]
        return np.reshape(x, (*shape[:axis], *found, *shape[axis + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


def axis_number(what: str, dim: Any) -> int:
    """Give the number of an axis as an int, or raise ArgumentError if it is none."""
    try:
        return operator.index(dim)
    except TypeError:
        raise ArgumentError(
            f"{what} must be the number of an axis.",
            expected="an integer, such as -1 for the last axis",
            got=repr(dim),
        ) from None


def axis_of(module: Module, dim: Any, ndim: int, shape: tuple[int, ...]) -> int:
    """Give the place of an axis, counted from the first, or raise ShapeError if there is none."""
    if not -ndim <= dim < ndim:
        raise ShapeError(
            f"{here(module)}: the input has no axis {dim}.",
            expected=f"an input of at least {dim + 1 if dim >= 0 else -dim} axes",
            got=f"an input of shape {shape}",
        )
    return dim % ndim


def _sizes(given: Any) -> tuple[int, ...]:
    try:
        sizes = tuple(operator.index(n) for n in given)
    except TypeError:
        sizes = ()
    if not sizes or min(sizes) < -1 or sizes.count(-1) > 1:
        raise ArgumentError(
            "Unflatten: unflattened_size must list the sizes of the new axes.",
            expected="a tuple such as (3, 8, 8), with at most one -1",
            got=repr(given),
        )
    return sizes
