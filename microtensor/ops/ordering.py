"""Functions that put entries in order.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. What is moved takes its gradient
along. Equal entries keep their order, as in PyTorch's stable sort; nan comes last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive, unsupported
from .indexing import scatter_add

piecewise(np.argsort, np.argpartition, np.searchsorted, np.digitize)


@primitive
def ranks(x: Any, axis: int = -1) -> Any:
    """Tell which place each entry has in the order along an axis.

    Parameters
    ----------
    x : array
    axis : int, default -1

    Returns
    -------
    array of int, of the shape of ``x``
        Equal entries are ranked as they come.

    Examples
    --------
    >>> ranks(np.array([3.0, 1.0, 3.0, 0.0]))
    array([2, 1, 3, 0])
    """
    order = np.argsort(x, axis=axis, kind="stable")
    places = np.empty_like(order)
    along = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
    np.put_along_axis(places, order, np.arange(x.shape[axis]).reshape(along), axis)
    return places


piecewise(ranks)


@primitive
def permuted(x: Any, places: Any, axis: int = -1) -> Any:
    """Read all entries along an axis, each once; places may be computed from Values.

    Parameters
    ----------
    x : array
    places : array of int, of the shape of ``x``
        Along the axis, the numbers from 0 to N - 1 in some order.
    axis : int, default -1

    Returns
    -------
    array of the shape of ``x``

    Examples
    --------
    >>> permuted(np.array([3.0, 1.0, 2.0]), np.array([1, 2, 0]))
    array([1., 2., 3.])
    """
    return np.take_along_axis(x, places, axis)


# The order of a permutation is its inverse.
differentiable(
    permuted,
    lambda g, y, x, places, axis: permuted(g, np.argsort(places, axis), axis=axis),
    None,
)


@primitive
def read_at(x: Any, places: Any) -> Any:
    """Read the entries of the first axis at places, which may be computed from Values.

    Parameters
    ----------
    x : (N, ...) array
    places : array of int, or (N, ...) array of bool

    Returns
    -------
    array

    Examples
    --------
    >>> read_at(np.array([3.0, 1.0, 2.0]), np.array([[1, 1]]))
    array([[1., 1.]])
    """
    return x[places]


differentiable(
    read_at, lambda g, y, x, places: scatter_add(g, index=places, shape=np.shape(x)), None
)


def _sort(g: Any, y: Any, x: Any, axis: Any, kind: Any, order: Any, stable: Any) -> Any:
    if axis is None:
        return np.reshape(permuted(g, ranks(np.reshape(x, -1))), np.shape(x))
    return permuted(g, ranks(x, axis=axis), axis=axis)


differentiable(np.sort, _sort)


@composite(np.partition)
def _partition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    if axis is None:
        a, axis = np.reshape(a, -1), -1
    return permuted(a, np.argpartition(a, kth, axis, kind, order), axis=axis)


@composite(np.lexsort)
def _lexsort(keys: Any, axis: int = -1) -> Any:
    """Sort by the least important key first; later sorts keep its order among equals."""
    if len(keys) == 0 or np.ndim(keys[0]) == 0:
        return np.lexsort([np.zeros(np.shape(k)) for k in keys], axis)  # or NumPy's error
    order = np.argsort(keys[0], axis=axis, kind="stable")
    for i in range(1, len(keys)):
        key = permuted(keys[i], order, axis=axis)
        order = permuted(order, np.argsort(key, axis=axis, kind="stable"), axis=axis)
    return order


unsupported("It gives complex numbers; use np.sort, which gives real ones.", np.sort_complex)
