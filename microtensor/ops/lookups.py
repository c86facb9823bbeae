"""Embeddings: one row of a table for each number.

Legend: ``g`` gradient of the output, ``y`` output.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..lending import empty
from ..primitives import differentiable, primitive, stands_for
from .indexing import scatter_add, scatter_set


@primitive
def look_up(weight: Any, ids: Any, *, padding_idx: int | None = None) -> Any:
    """Give one row of a table for each number; see `embedding`.

    Parameters
    ----------
    weight : (V, C) array
    ids : array of int
        In 0 ... V-1.
    padding_idx : int, optional
        A row that is taken as a constant.

    Returns
    -------
    (..., C) array
    """
    rows = empty((*np.shape(ids), weight.shape[1]), weight.dtype)
    return weight.take(ids, axis=0, out=rows, mode="clip")  # else take would make another array


def _to_weight(g: Any, y: Any, weight: Any, ids: Any, padding_idx: int | None) -> Any:
    c = scatter_add(g, index=ids, shape=np.shape(weight))
    return c if padding_idx is None else scatter_set(c, 0.0, index=padding_idx)


differentiable(look_up, _to_weight, None)


@stands_for(look_up)
def _look_up(weight: Any, ids: Any, *, padding_idx: int | None = None) -> Any:
    return weight[ids]


def embedding(ids: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """Give one row of a table of vectors for each number.

    Parameters
    ----------
    ids : array of int
        Any shape; numbers of rows, in 0 ... V-1.
    weight : (V, C) array or Value
    padding_idx : int, optional
        A row that receives no gradient; -1 is the last one.

    Returns
    -------
    (..., C) array or Value
        ``weight[ids]``.

    Raises
    ------
    DTypeError
        If ids are no integers.
    ArgumentError
        If there is no such row: a negative number does not count from the end.
    ShapeError
        If weight is no table.

    References
    ----------
    .. [1] Bengio, Ducharme, Vincent, Jauvin, *A Neural Probabilistic Language Model* (2003),
       section 2.

    Examples
    --------
    >>> embedding(np.array([2, 0, 2]), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    array([[4., 5.],
           [0., 1.],
           [4., 5.]])
    """
    weight = weight if hasattr(weight, "ndim") else np.asarray(weight, float)
    if weight.ndim != 2:
        raise ShapeError(
            "embedding: the weight must be a table, with one row per number.",
            expected="shape (V, C)",
            got=f"shape {weight.shape}",
        )
    rows = weight.shape[0]
    ids = check_ids(lambda: "embedding", ids, rows)
    return look_up(weight, ids, padding_idx=row_of_padding("embedding", padding_idx, rows))


def check_ids(where: Callable[[], str], ids: Any, rows: int) -> Any:
    """Give ids as an array or Value, or raise unless each is the number of a row.

    ``where`` is asked for the place that a message names.
    """
    ids = ids if hasattr(ids, "__array_function__") else np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise DTypeError(
            f"{where()}: ids must be integers.",
            expected="an array of an integer dtype",
            got=f"dtype {ids.dtype}",
            hint="If they are whole numbers, convert them: ids.astype(int).",
        )
    if ids.size and not (np.min(ids) >= 0 and np.max(ids) < rows):
        raise ArgumentError(
            f"{where()}: there is no such row.",
            expected=f"ids in 0 ... {rows - 1}",
            got=f"ids from {int(np.min(ids))} to {int(np.max(ids))}",
        )
    return ids


def row_of_padding(where: str, padding_idx: Any, rows: int) -> int | None:
    """Give the row of padding counted from the start, or raise ArgumentError if there is none."""
    if padding_idx is None:
        return None
    try:
        row = operator.index(padding_idx)
    except TypeError:
        row = rows
    if not -rows <= row < rows:
        raise ArgumentError(
            f"{where}: padding_idx must be the number of a row.",
            expected=f"an integer from {-rows} to {rows - 1}",
            got=repr(padding_idx),
        )
    return row % rows
