"""Which entries differ, and how many fall where: sets, bins, and what is summed in them.

The entries of a set are entries of its inputs, and take their gradient from there: of equal ones,
the first, as ``return_index`` tells. PyTorch refuses to differentiate these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive, registry, unsupported
from .arithmetic import astype
from .ordering import read_at

piecewise(np.isin)


@primitive
def unique_places(x: Any, axis: int | None = None, equal_nan: bool = True) -> Any:
    """Tell where the different entries of an array first are, in their order.

    Parameters
    ----------
    x : array
    axis, equal_nan
        As those of ``np.unique``.

    Returns
    -------
    tuple of three arrays of int
        The places, the inverse, and the counts, as ``np.unique`` gives them.

    Examples
    --------
    >>> unique_places(np.array([3.0, 1.0, 3.0]))[0]
    array([1, 0])
    """
    return np.unique(x, True, True, True, axis, equal_nan=equal_nan)[1:]


@primitive
def common_places(a: Any, b: Any, assume_unique: bool = False) -> Any:
    """Tell where the entries that two arrays share first are, as ``np.intersect1d`` does.

    Examples
    --------
    >>> common_places(np.array([3.0, 1.0]), np.array([4.0, 3.0]))
    (array([0]), array([1]))
    """
    return np.intersect1d(a, b, assume_unique, return_indices=True)[1:]


piecewise(unique_places, common_places)


@composite(np.unique)
def _unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False,
    return_counts: bool = False, axis: Any = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    places, inverse, counts = unique_places(ar, axis=axis, equal_nan=equal_nan)
    values = np.take(ar, places, axis=axis)
    wanted = ((places, return_index), (inverse, return_inverse), (counts, return_counts))
    more = tuple(x for x, is_wanted in wanted if is_wanted)
    return (values, *more) if more else values


@composite(np.unique_values)
def _unique_values(x: Any, /) -> Any:
    return np.unique(x, equal_nan=False)


def _named(fn: Any, *options: str) -> None:
    @composite(fn)
    def body(x: Any, /) -> Any:
        wanted: Any = dict.fromkeys(options, True)
        found = np.unique(x, **wanted, equal_nan=False)
        return type(fn(np.zeros(1)))(*found)


_named(np.unique_all, "return_index", "return_inverse", "return_counts")
_named(np.unique_inverse, "return_inverse")
_named(np.unique_counts, "return_counts")


@composite(np.intersect1d)
def _intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    first, second = common_places(ar1, ar2, assume_unique=assume_unique)
    values = np.reshape(ar1, -1)[first]
    dtype = np.result_type(*(x if hasattr(x, "dtype") else np.asarray(x) for x in (ar1, ar2)))
    values = values if values.dtype == dtype else astype(values, dtype)
    return (values, first, second) if return_indices else values


@composite(np.union1d)
def _union1d(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate((ar1, ar2), axis=None))


@composite(np.setdiff1d)
def _setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    ar1 = np.reshape(ar1, -1) if assume_unique else np.unique(ar1)
    return read_at(ar1, np.isin(ar1, ar2, invert=True))


@composite(np.setxor1d)
def _setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    if not assume_unique:
        ar1, ar2 = np.unique(ar1), np.unique(ar2)
    both = np.concatenate((ar1, ar2), axis=None)
    values, counts = np.unique(both, return_counts=True, equal_nan=False)
    return values[counts == 1]


# Each weight is summed in the bin of its number.
differentiable(np.bincount, None, lambda g, y, x, weights, minlength: read_at(g, x))


def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    return np.bincount(x, weights, minlength)


registry[np.bincount].computed_by(_bincount)  # older NumPys do not tell its parameters

unsupported(
    "How many numbers fall into a bin changes in steps, and has no slope.\n"
    "To sum weights by bins, use np.bincount(np.digitize(v.data, edges), weights=w).",
    np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges,
)  # fmt: skip
