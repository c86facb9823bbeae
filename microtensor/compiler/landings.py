"""Where do kernels write what leaves a program? Into arrays that nobody else holds, by address.

As `outlets`, which says how that is found out. Here each array is remembered with its address, so
that a step that writes where an earlier one did asks NumPy for nothing.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

import numpy as np

MOST = 4  # arrays that a landing remembers

Landed = tuple[np.ndarray, int, Any]  # an array, its address, and a weak reference to it


class Landing:
    """One result of a program: the array that it is written into this time."""

    __slots__ = ("dtype", "landed", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, dtype
        self.landed: list[Landed] = []

    def other(self, current: Any = None) -> Landed:
        """Give an array that nobody holds, and that does not lie in the place now."""
        for found in self.landed:
            a = found[0]
            if a is not current and sys.getrefcount(a) == _HELD:
                return found
        return self._new()

    def _new(self) -> Landed:
        a = np.empty(self.shape, self.dtype)
        found = a, address(a), weakref.ref(a)
        if len(self.landed) < MOST:
            self.landed.append(found)
        return found


def address(a: np.ndarray) -> int:
    """Give where an array's memory begins."""
    return a.__array_interface__["data"][0]


def _count_held() -> int:
    """Count the references to an array of a landing's that nobody else holds.

    They are counted as `Landing.other` counts them, and not supposed.
    """

    def other(landed: list[Any], current: Any = None) -> int:
        for found in landed:
            a = found[0]
            if a is not current:
                return sys.getrefcount(a)
        return 0

    return other([(np.empty(0), 0, None)])


_HELD = _count_held()
