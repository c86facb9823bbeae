"""How are examples divided into those to learn from and those to be tested on?"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..randomness import generator
from .examples import Examples


def split(
    x: Any, y: Any, sizes: Sequence[float], *, stratify: Any = False, rng: Any = None
) -> tuple[Examples, ...]:
    """Divide examples at random into parts, such as training, validation and test.

    Parameters
    ----------
    x : (N, ...) array_like
    y : (N, ...) array_like
    sizes : sequence of float or int
        The parts' sizes. Fractions, which sum to at most 1: as many rows as they are of N, so
        that (0.8, 0.1, 0.1) leaves no row over. Or counts of rows, which sum to at most N.
    stratify : bool or (N,) array_like, default False
        Whether each class of y has the same share of each part as it has of all, to within a
        row; or the classes that are to have it.
    rng : None, int, Generator or RandomState
        Where chance comes from; an int gives the same parts every time.

    Returns
    -------
    tuple of Examples
        One for each size, its rows in random order. No row is in two of them.

    Raises
    ------
    ShapeError
        If x, y and the classes have different numbers of rows.
    ArgumentError
        If the sizes are none, or a part would have no row.

    References
    ----------
    The method of the largest remainder makes whole numbers of the shares.

    Examples
    --------
    >>> from microtensor import data
    >>> train, validation, test = split(*data.iris(), (0.8, 0.1, 0.1), stratify=True, rng=0)
    >>> len(train.y), np.bincount(validation.y), np.bincount(test.y)
    (120, array([5, 5, 5]), array([5, 5, 5]))
    >>> rest, test = split(np.arange(10), np.arange(10) % 2, (7, 2), rng=0)
    >>> rest.x, test.x
    (array([4, 6, 2, 7, 3, 5, 9]), array([0, 8]))
    """
    x, y = np.asarray(x), np.asarray(y)
    classes = _classes(y, stratify)
    _check_rows(x, y, classes)
    counts = _counts(sizes, len(x))
    order = generator(rng).permutation(len(x))
    owners = _owners(counts, order, classes)
    parts = [order[owners[order] == part] for part in range(len(counts))]
    return tuple([Examples(x[rows], y[rows]) for rows in parts])


def _classes(y: np.ndarray, stratify: Any) -> np.ndarray:
    """Number the class of each row."""
    if stratify is False or stratify is None:
        return np.zeros(len(y) if y.ndim else 0, np.int64)
    given = y if stratify is True else np.asarray(stratify)
    if given.ndim != 1:
        raise ShapeError(
            "split: stratify wants one class per row.",
            expected="classes of shape (N,)",
            got=f"{'y' if stratify is True else 'classes'} of shape {given.shape}",
        )
    return np.unique(given, return_inverse=True)[1].reshape(-1)


def _check_rows(x: np.ndarray, y: np.ndarray, classes: np.ndarray) -> None:
    if x.ndim == 0 or y.ndim == 0 or not len(x) == len(y) == len(classes):
        raise ShapeError(
            "split: x, y and classes must have the same number of rows.",
            expected="arrays whose first axis counts the examples",
            got=f"x of shape {x.shape}, y of shape {y.shape}"
            + (f", {len(classes)} classes" if y.ndim and len(classes) != len(y) else ""),
        )


def _counts(sizes: Sequence[float], rows: int) -> list[int]:
    """Make numbers of rows of the sizes."""
    given = list(sizes) if isinstance(sizes, Sequence | np.ndarray) else []
    fractions = any(not _is_integer(size) for size in given)
    try:
        numbers = [float(size) for size in given]
    except (TypeError, ValueError):
        numbers = []
    most = 1 + 1e-9 if fractions else rows  # 0.7 + 0.2 + 0.1 is a little less than 1
    if not numbers or not all(size >= 0 for size in numbers) or sum(numbers) > most:
        raise ArgumentError(
            "split: the sizes are none of parts.",
            expected=f"fractions of at most 1 in all, or counts of at most {rows} rows in all",
            got=repr(sizes),
            hint="As in split(x, y, (0.8, 0.2)).",
        )
    counts = _rounded(np.array(numbers) * rows if fractions else np.array(numbers))
    if 0 in counts:
        raise ArgumentError(
            "split: a part would have no row.",
            expected="at least one row in each part",
            got=f"parts of {counts} rows, of {rows}",
        )
    return counts


def _is_integer(x: Any) -> bool:
    try:
        operator.index(x)
    except TypeError:
        return False
    return not isinstance(x, bool | np.bool_)


def _rounded(shares: np.ndarray) -> list[int]:
    """Round to whole numbers of the same sum: up where the remainders are largest.

    >>> _rounded(np.array([2.5, 1.2, 1.3]))
    [3, 1, 1]
    """
    shares = np.round(shares, 6)  # 0.1 * 30 is a little more than 3
    counts = np.floor(shares).astype(int)
    left = round(float(shares.sum())) - counts.sum()
    counts[np.argsort(counts - shares, kind="stable")[:left]] += 1
    return counts.tolist()


def _owners(counts: list[int], order: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Give each row its part, by dealing out each class in the random order."""
    table = _table(np.bincount(classes), [*counts, len(order) - sum(counts)])  # the rest: no part
    owners = np.empty(len(order), np.int64)
    for label, row in enumerate(table):
        owners[order[classes[order] == label]] = np.repeat(np.arange(len(row)), row)
    return owners


def _table(classes: np.ndarray, parts: list[int]) -> np.ndarray:
    """Say how many rows of each class a part has, where both sums are given.

    The share is class * part / N, rounded up or down; a table of such numbers that has the right
    sums exists, since the shares themselves have them, and those are the bounds of a flow.

    >>> _table(np.array([5, 5]), [5, 3, 2])
    array([[2, 2, 1],
           [3, 1, 1]])
    """
    low, rest = np.divmod(np.outer(classes, parts), sum(parts))
    up = np.zeros(low.shape, bool)
    for row, count in enumerate(classes - low.sum(axis=1)):
        up[row, np.argsort(-rest[row], kind="stable")[:count]] = True
    while (excess := low.sum(axis=0) + up.sum(axis=0) - parts).any():
        _move_one(up, rest > 0, int(np.argmax(excess)), int(np.argmin(excess)))
    return low + up


def _move_one(up: np.ndarray, may_be: np.ndarray, source: int, target: int) -> None:
    """Take one row from a part and give it to another, by way of others if need be."""
    came_from = {source: (source, 0)}
    queue = [source]
    for part in queue:
        rows, others = np.nonzero((up[:, [part]] & ~up) & may_be)
        for row, other in zip(rows.tolist(), others.tolist(), strict=True):
            if other not in came_from:
                came_from[other] = (part, row)
                queue.append(other)
    while target != source:
        part, row = came_from[target]
        up[row, part], up[row, target] = False, True
        target = part
