"""Which arrays may leave a program? Only those that nobody else holds, or new ones.

``before = p.data`` must keep its numbers when the next step is made, and so must a gradient or a
result that somebody keeps. Who holds an array has a reference to it, or to a view of it, which has
one. So an array that left is used again once nobody but its place holds it; else another is made.
How many references there are then is measured, as in `ownership`, and not supposed.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

MOST = 4  # arrays that an outlet remembers


class Outlet:
    """One result of a program: the array that it is written into this time."""

    __slots__ = ("arrays", "dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, dtype
        self.arrays: list[np.ndarray] = []

    def take(self, current: Any = None) -> np.ndarray:
        """Give an array that nobody holds but the place itself, where ``current`` lies now.

        What lies there may be given too: it is about to be replaced, and nobody reads it.
        """
        for a in self.arrays:
            if sys.getrefcount(a) == (_HELD_IN_PLACE if a is current else _HELD):
                return a
        return self._new()

    def other(self, current: Any = None) -> np.ndarray:
        """Give an array that nobody holds, and that does not lie in the place now."""
        for a in self.arrays:
            if a is not current and sys.getrefcount(a) == _HELD:
                return a
        return self._new()

    def again(self, current: Any) -> np.ndarray:
        """Give ``current``, in a local variable of the caller's, if nobody else holds it; or other.

        What is new lies in the place next time: so a place needs one array, and not two in turn.
        """
        for a in self.arrays:
            if a is current and sys.getrefcount(a) == _HELD_IN_PLACE_AND_LOCAL:
                return a
        return self.other(current)

    def _new(self) -> np.ndarray:
        a = np.empty(self.shape, self.dtype)
        if len(self.arrays) < MOST:
            self.arrays.append(a)
        return a


class _Place:
    __slots__ = ("array",)
    array: Any


def _count_held() -> tuple[int, int, int]:
    """Count the references to an array that an `Outlet` sees.

    They are those where it lies in no place, in one, and in a local variable of the caller's too.
    """

    def take(arrays: list[np.ndarray], current: Any = None) -> int:
        for a in arrays:
            return sys.getrefcount(a)
        return 0

    place, arrays = _Place(), [np.empty(0)]
    remembered = take(arrays)
    place.array = arrays[0]
    in_place = take(arrays, place.array)
    local = place.array
    return remembered, in_place, take(arrays, local)


_HELD, _HELD_IN_PLACE, _HELD_IN_PLACE_AND_LOCAL = _count_held()


def writable(a: Any) -> bool:
    """Tell whether an array, in a local variable of the caller's, is held by its place alone."""
    return sys.getrefcount(a) == _IN_PLACE and a.base is None and a.flags.writeable


def _count_in_place() -> int:
    def writable(a: Any) -> int:
        return sys.getrefcount(a)

    place = _Place()
    place.array = np.empty(0)
    local = place.array
    return writable(local)


_IN_PLACE = _count_in_place()
