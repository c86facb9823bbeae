"""How are many examples taken a few at a time?"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..randomness import generator


def batches(
    *arrays: Any,
    size: int | None = None,
    shuffle: bool = True,
    rng: Any = None,
    drop_last: bool = False,
) -> Batches:
    """Take the rows of the arrays a batch at a time, each row once per round.

    What it gives can be looped over as often as you like, in a new random order each time, and
    has a length, the number of batches in a round.

    Parameters
    ----------
    *arrays : (N, ...) array_like
        Any number of them, usually x and y; rows of the same index stay together.
    size : int
        The number of rows in a batch; may also stand last, as in ``batches(x, y, 32)``.
    shuffle : bool, default True
        Whether the rows come in random order, another one each round.
    rng : None, int, Generator or RandomState
        Where the order comes from; an int gives the same sequence of rounds every time.
    drop_last : bool, default False
        Whether to leave out the last batch of a round where it has fewer rows than the others.

    Returns
    -------
    Batches
        Gives a tuple of arrays, one batch of each; of one array alone, its batch.

    Raises
    ------
    ShapeError
        If the arrays have different numbers of rows.
    ArgumentError
        If size is no integer of at least 1, or there would be no batch at all.

    Examples
    --------
    >>> x, y = np.arange(10).reshape(5, 2), np.array([0, 1, 2, 3, 4])
    >>> for x_batch, y_batch in batches(x, y, 2, shuffle=False):
    ...     print(x_batch.tolist(), y_batch)
    [[0, 1], [2, 3]] [0 1]
    [[4, 5], [6, 7]] [2 3]
    [[8, 9]] [4]

    Another order each round:

    >>> rounds = batches(y, size=5, rng=0)
    >>> len(rounds), next(iter(rounds)), next(iter(rounds))
    (1, array([2, 4, 3, 0, 1]), array([4, 1, 2, 0, 3]))
    """
    if size is None and arrays and np.ndim(arrays[-1]) == 0:
        *arrays, size = arrays  # type: ignore[assignment]  # batches(x, y, 32)
    return Batches(tuple(map(np.asarray, arrays)), size, shuffle, rng, drop_last)


class Batches:
    """The rounds of batches that `batches` makes; loop over it, or ask its ``len``.

    Attributes
    ----------
    arrays : tuple of (N, ...) ndarray
        What the batches are taken from.
    size : int
        The number of rows in a batch.

    Examples
    --------
    >>> rounds = batches(np.arange(100), size=32, drop_last=True)
    >>> rounds
    Batches(3 of 32 rows from 100)
    """

    def __init__(
        self, arrays: tuple[np.ndarray, ...], size: Any, shuffle: bool, rng: Any, drop_last: bool
    ) -> None:
        self.arrays = arrays
        self.rows = _common_length(arrays)
        self.size = _checked_size(size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self._rng = None if rng is None else generator(rng)  # None: the default one of the moment
        if len(self) == 0:
            smaller = f"at least {self.size} rows, since drop_last leaves out smaller batches"
            raise ArgumentError(
                "batches: there would be no batch at all.",
                expected=smaller if drop_last else "at least one row",
                got=f"{self.rows} rows",
            )

    def __len__(self) -> int:
        """Give the number of batches in a round."""
        return self.rows // self.size if self.drop_last else -(-self.rows // self.size)

    def __iter__(self) -> Iterator[Any]:
        """Start a round, in a new order."""
        order = np.arange(self.rows)
        if self.shuffle:
            order = generator(self._rng).permutation(order)
        return self._round(order)

    def _round(self, order: np.ndarray) -> Iterator[Any]:
        for i in range(len(self)):
            rows = order[i * self.size : (i + 1) * self.size]
            batch = tuple(array[rows] for array in self.arrays)  # copies, so writing is safe
            yield batch if len(batch) > 1 else batch[0]

    def __repr__(self) -> str:
        return f"Batches({len(self)} of {self.size} rows from {self.rows})"


def _common_length(arrays: tuple[np.ndarray, ...]) -> int:
    if not arrays:
        raise ArgumentError(
            "batches: there are no arrays to take rows from.",
            hint="Pass them first, as in batches(x, y, size=32).",
        )
    if any(array.ndim == 0 for array in arrays) or len({len(array) for array in arrays}) > 1:
        rows = f"{len(arrays[0])} rows, one" if arrays[0].ndim else "at least one axis: a row"
        raise ShapeError(
            "batches: all arrays must have the same number of rows.",
            expected=f"arrays of {rows} per example",
            got="arrays of shapes " + ", ".join(str(array.shape) for array in arrays),
            hint="The first axis counts the examples. If it is another one, move it there with "
            "np.moveaxis.",
        )
    return len(arrays[0])


def _checked_size(size: Any) -> int:
    try:
        count = operator.index(size)
    except TypeError:
        count = 0
    if count < 1:
        raise ArgumentError(
            "batches: size is the number of rows in a batch.",
            expected="an integer of at least 1",
            got=repr(size),
            hint="32 is usual, as in batches(x, y, size=32).",
        )
    return count
