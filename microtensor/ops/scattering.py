"""How are values added at places, fast? What `scatter_add` does, which the gradient of indexing is.

``np.add.at`` is right for every index, and takes about ten times as long as an assignment. Where
no place is named twice an assignment serves; where many are, sorting or counting brings the values
of one place together. All ways are deterministic; sums differ by their rounding only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

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
    place is named once need no sum.
    """
    n = out.shape[axis]
    if places.min() < -n or places.max() >= n:
        out[(slice(None),) * axis + (places,)]  # NumPy's own error
    values = values.reshape(*out.shape[:axis], -1, *out.shape[axis + 1 :])
    places = np.where(places < 0, places + n, places).reshape(-1)
    if axis == 0 and math.prod(out.shape[1:]) < 4:
        if 4 * places.size >= n:
            for i in np.ndindex(out.shape[1:]):
                column = (slice(None), *i)
                out[column] = np.bincount(places, values[column], n)
        else:
            np.add.at(out, places, values)
        return
    # Short integers are sorted by counting, in a tenth of the time.
    order = np.argsort(places.astype(np.uint16) if n <= 2**16 else places, kind="stable")
    places = places[order]
    first = np.concatenate([[True], places[1:] != places[:-1]])
    once = first & np.append(first[1:], True)
    before: tuple[Any, ...] = (slice(None),) * axis
    out[(*before, places[once])] = values.take(order[once], axis)
    if not once.all():
        order, places, first = order[~once], places[~once], np.flatnonzero(first[~once])
        out[(*before, places[first])] = np.add.reduceat(values.take(order, axis), first, axis)


def _add_numbers(out: np.ndarray, values: np.ndarray, index: Any) -> np.ndarray:
    """Add number by number, counting places; the sums are kept in double precision."""
    places = np.arange(out.size).reshape(out.shape)[index]
    weights = np.broadcast_to(values, places.shape).reshape(-1)
    return np.bincount(places.reshape(-1), weights, out.size).reshape(out.shape).astype(out.dtype)
