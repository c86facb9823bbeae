"""Reading and writing at places: indexing, taking, scattering.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Reading and adding are each
other's rule: what was read at a place receives its gradient there, added where a place was read
twice.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..lending import zeros
from ..primitives import composite, differentiable, piecewise, primitive, registry
from .scattering import add_at


@primitive
def scatter_add(values: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Add values into zeros at an index: what reading at that index is the transpose of.

    Parameters
    ----------
    values : array
        What to add, of the shape that indexing gives.
    index : index
        Any index that NumPy knows.
    shape : tuple of int
        The shape of the result.

    Returns
    -------
    array of that shape
        Values that fall on one place are added.

    Examples
    --------
    >>> scatter_add(np.array([1.0, 2.0, 4.0]), index=np.array([0, 2, 0]), shape=(3,))
    array([5., 0., 2.])
    """
    return add_at(zeros(shape, np.result_type(values)), values, index)


differentiable(scatter_add, lambda g, y, values, index: g[index])


# Indexing is Python's own operator: ``x[i]`` is ``operator.getitem(x, i)``.
differentiable(
    operator.getitem, lambda g, y, x, index: scatter_add(g, index=index, shape=np.shape(x))
)
registry[operator.getitem].computed_by(lambda x, index: x[index])


@primitive
def scatter_set(x: Any, values: Any, index: Any) -> Any:
    """Replace the entries of an array at an index.

    Parameters
    ----------
    x : array
    values : array
        Broadcast to the shape that ``x[index]`` has.
    index : index
        Where it names a place twice, the last value given for it stays.

    Returns
    -------
    array of the shape of ``x``

    Examples
    --------
    >>> scatter_set(np.array([1.0, 2.0, 3.0]), 9.0, index=1)
    array([1., 9., 3.])
    """
    out = np.array(x, dtype=np.result_type(x, values))  # integers do not cut off what is set
    out[index] = values
    return out


def _last_writer(shape: tuple[int, ...], index: Any) -> Any:
    """Tell which of the values written through an index are still there afterwards."""
    writers = np.empty(shape, int)
    written = writers[index]
    order = np.arange(np.size(written)).reshape(np.shape(written))
    writers[index] = order
    return writers[index] == order


def _to_values(g: Any, y: Any, x: Any, values: Any, index: Any) -> Any:
    read = np.where(_last_writer(np.shape(x), index), g[index], 0)
    axes = np.ndim(values) - np.ndim(read)  # an assignment overlooks leading axes of length 1
    return np.reshape(read, (1,) * axes + np.shape(read)) if axes > 0 else read


differentiable(
    scatter_set, lambda g, y, x, values, index: scatter_set(g, 0.0, index=index), _to_values
)


@composite(np.take)
def _take(
    a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise"
) -> Any:
    if not hasattr(indices, "dtype") or indices.dtype == bool:
        indices = np.asarray(indices, dtype=np.intp)  # to take, True is the number 1: no mask
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    if mode not in ("raise", "wrap", "clip"):
        np.take(np.zeros(1), 0, mode=mode)  # type: ignore[call-overload]  # NumPy's own error
    n = np.shape(a)[axis]
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    return a[(slice(None),) * (axis % np.ndim(a)) + (indices,)]


@primitive
def _looked_up(indices: Any, table: Any, axis: int) -> Any:
    """Read plain numbers at places that are a Value."""
    return np.take_along_axis(table, indices, axis)


_looked_up.__name__ = "take_along_axis"
piecewise(_looked_up)


@composite(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        arr, axis = np.reshape(arr, -1), 0
    if isinstance(arr, np.ndarray):
        return _looked_up(indices, table=arr, axis=axis)
    return arr[index_along(np.shape(arr), indices, axis)]


def index_along(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """Give the index of the places that `numpy.take_along_axis` reads in an array of a shape."""
    index = list(np.ogrid[tuple(slice(n) for n in shape)])  # broadcast against the indices
    if len(index) != np.ndim(indices):
        np.take_along_axis(np.empty(shape), np.empty(np.shape(indices), int), axis)  # its error
    index[axis] = indices
    return tuple(index)
