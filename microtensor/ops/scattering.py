"""How are values added at places, fast? What `scatter_add` does, which the gradient of indexing is.

``np.add.at`` is right for every index, and takes about ten times as long as an assignment. Where
no place is named twice an assignment serves; where many are, sorting or counting brings the values
of one place together. All ways are deterministic; sums differ by their rounding only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..lending import counting, empty, where

_FEW = 256  # below, nothing is faster than np.add.at


def add_at(out: np.ndarray, values: Any, index: Any) -> np.ndarray:
    """Add values to an array of zeros at any index that NumPy knows, and give the array."""
    values = np.asarray(values)
    if is_basic(index):
        out[index] = values
    elif values.size < _FEW:
        np.add.at(out, index, values)
    elif _is_once(index):
        out[index] = values
    elif out.dtype.kind != "f" or out.dtype.itemsize > 8:
        np.add.at(out, index, values)
    else:
        places, axis = _only_axis(index)
        if places is not None and values.ndim == places.ndim + out.ndim - 1:
            _add_slices(out, values, places, axis)
        elif 4 * values.size >= out.size:
            return _add_numbers(out, values, index)
        else:
            np.add.at(out, index, values)
    return out


def is_basic(index: Any) -> bool:
    """Tell whether an index is made of integers, slices, None and Ellipsis: no place twice."""
    return all(map(_is_plain, index if isinstance(index, tuple) else (index,)))


def _is_plain(i: Any) -> bool:
    if isinstance(i, slice | int | np.integer):
        return not isinstance(i, bool)
    return i is None or i is Ellipsis


def _is_once(index: Any) -> bool:
    """Tell whether an index surely names no place twice: masks do not, nor integers that climb."""
    entries = index if isinstance(index, tuple) else (index,)
    arrays = [np.asarray(i) for i in entries if not _is_plain(i)]
    if all(i.dtype == bool for i in arrays):
        return True
    if any(i.dtype.kind not in "iu" or i.ndim != 1 for i in arrays):
        return False
    longest = max(arrays, key=len)  # pairs differ where one of their two numbers does
    return bool(longest.size and longest[0] >= 0 and (longest[1:] > longest[:-1]).all())


def _only_axis(index: Any) -> tuple[np.ndarray | None, int]:
    """Give the integers and their axis, if an index is integers along one axis, and all else."""
    entries = index if isinstance(index, tuple) else (index,)
    found = [(np.asarray(i), axis) for axis, i in enumerate(entries) if not isinstance(i, slice)]
    sliced = [i for i in entries if isinstance(i, slice)]
    if len(found) != 1 or any(i != slice(None) for i in sliced):
        return None, 0
    places, axis = found[0]
    return (places, axis) if places.dtype.kind in "iu" else (None, 0)


def _add_slices(out: np.ndarray, values: np.ndarray, places: np.ndarray, axis: int) -> None:
    """Add one slice of values for each place along an axis, as the gradient of an embedding does.

    Sorted by place, the slices of one place lie together, and are summed at once. Those whose
    place is named once need no sum. How many these are is known late, so what depends on it lies
    in a part of an array that has room for all.
    """
    n, m = out.shape[axis], places.size
    lowest = places.min()
    if lowest < -n or places.max() >= n:
        out[(slice(None),) * axis + (places,)]  # NumPy's own error
    values = values.reshape(*out.shape[:axis], m, *out.shape[axis + 1 :])
    places = _from_the_start(places.reshape(-1), n if lowest < 0 else 0)
    if axis == 0 and math.prod(out.shape[1:]) < 4:
        if 4 * m >= n:
            for i in np.ndindex(out.shape[1:]):
                column = (slice(None), *i)
                out[column] = np.bincount(places, values[column], n)
        else:
            np.add.at(out, places, values)
        return
    order, first, once = _sorted(places), empty((m,), bool), empty((m,), bool)
    first[0] = once[-1] = True
    np.not_equal(places[1:], places[:-1], out=first[1:])
    once[:-1] = first[1:]
    once &= first
    before: tuple[Any, ...] = (slice(None),) * axis
    if once.any():
        alone = where(once)
        out[(*before, _taken(places, alone))] = _taken(values, _taken(order, alone), axis)
        rest = where(np.logical_not(once, out=once))
        order, places, first = (_taken(x, rest) for x in (order, places, first))
    if len(places):
        starts = where(first)
        values = _taken(values, order, axis)
        room = empty((*out.shape[:axis], min(m, n), *out.shape[axis + 1 :]), out.dtype)
        sums = room[(*before, slice(len(starts)))]
        np.add.reduceat(values, starts, axis, out=sums)
        out[(*before, _taken(places, starts))] = sums


def _taken(x: np.ndarray, places: np.ndarray, axis: int = 0) -> np.ndarray:
    """Read entries along an axis into a part of an array that has room for all."""
    part = empty(x.shape, x.dtype)[(*(slice(None),) * axis, slice(len(places)))]
    return x.take(places, axis, out=part, mode="clip")


def _from_the_start(places: np.ndarray, n: int) -> np.ndarray:
    """Give places as an array to write into, negative ones counted from the start if there are."""
    found = empty(places.shape, np.intp)
    np.copyto(found, places)
    return np.remainder(found, n, out=found) if n else found


def _sorted(places: np.ndarray) -> np.ndarray:
    """Sort places where they lie, and give the order in which they stood, equal ones as they were.

    Each is sorted as one number with where it stands, which takes no more than the array.
    """
    bits, order = len(places).bit_length(), empty(places.shape, np.intp)
    np.left_shift(places, bits, out=places)
    places += counting(len(places))
    places.sort()
    np.bitwise_and(places, (1 << bits) - 1, out=order)
    np.right_shift(places, bits, out=places)
    return order


def _add_numbers(out: np.ndarray, values: np.ndarray, index: Any) -> np.ndarray:
    """Add number by number, counting places; the sums are kept in double precision."""
    places = np.arange(out.size).reshape(out.shape)[index]
    weights = np.broadcast_to(values, places.shape).reshape(-1)
    return np.bincount(places.reshape(-1), weights, out.size).reshape(out.shape).astype(out.dtype)
