"""Where do kernels write what leaves a program? Into arrays that nobody else holds, by address.

As `outlets`, which says how that is found out. Here the arrays of all results are two sets, which
take turns: what one step wrote is what the next reads. Each set knows its addresses, so that a step
asks NumPy for nothing; an array that somebody keeps is replaced by another.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np


class Landed:
    """One set of arrays.

    Attributes
    ----------
    arrays : list of array
    addresses : array of int
        Of all arrays.
    first : array of int
        The first of them: those that a step reads again.
    """

    __slots__ = ("addresses", "arrays", "first")

    def __init__(self, arrays: list[np.ndarray], read_again: int) -> None:
        self.arrays = arrays
        self.addresses = np.array([address(a) for a in arrays], np.int64)
        self.first = self.addresses[:read_again]


class Landings:
    """The arrays that a program's results are written into, this time and the next.

    Parameters
    ----------
    like : sequence of (shape, dtype)
        Of each result.
    read_again : int
        How many of them, the first, lie where the program reads at its next call.
    """

    __slots__ = ("like", "sets", "turn")

    def __init__(self, like: Sequence[tuple[tuple[int, ...], Any]], read_again: int) -> None:
        self.like, self.turn = list(like), 0
        self.sets = [Landed([np.empty(*x) for x in self.like], read_again) for _ in range(2)]

    def take(self) -> Landed:
        """Give the set whose turn it is, of arrays that nobody holds."""
        self.turn ^= 1
        found = self.sets[self.turn]
        for a in found.arrays:
            if sys.getrefcount(a) != _HELD:
                return self._replaced(found)
        return found

    def _replaced(self, found: Landed) -> Landed:
        """Put others in the place of arrays that somebody holds."""
        arrays = found.arrays
        for i in range(len(arrays)):
            a = arrays[i]
            if sys.getrefcount(a) != _HELD:
                arrays[i] = np.empty(*self.like[i])
                found.addresses[i] = address(arrays[i])
        return found


def address(a: np.ndarray) -> int:
    """Give where an array's memory begins."""
    return a.__array_interface__["data"][0]


def _count_held() -> int:
    """Count the references to an array of a set's that nobody else holds.

    They are counted as `Landings.take` counts them, and not supposed.
    """
    for a in [np.empty(0)]:
        return sys.getrefcount(a)
    return 0


_HELD = _count_held()
