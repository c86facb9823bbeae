"""What may data be? A pair of arrays, a dataset, or anything that gives batches in a loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..calls import plain
from ..data import Batches, Dataset, batches
from ..errors import ArgumentError, ShapeError
from ..nesting import leaves

SIZE = 32  # rows in a batch, where arrays are given
AT_ONCE = 256  # where nothing is learned from them


class Part(NamedTuple):
    """A batch, and what it is worth in a step.

    Attributes
    ----------
    inputs : tuple
        What the model is called with.
    targets
        What the loss compares its output with.
    rows : int
    share : float or None
        The rows' share of those of the step; None where it is the only batch, which is all.
    """

    inputs: tuple
    targets: Any
    rows: int
    share: float | None


def as_batches(given: Any, *, learning: bool, rng: Any = None, epochs: int = 1) -> Any:
    """Give what can be looped over for batches.

    Parameters
    ----------
    given : (x, y), Dataset, or iterable of batches
        Arrays and datasets are taken 32 rows at a time in random order to learn from them, and
        256 in their own order else. What is looped over gives tuples: the inputs, then the targets.
    learning : bool
    rng : None, int, Generator or RandomState
    epochs : int
        How often it will be looped over.

    Raises
    ------
    ArgumentError
        If it is none of these, or can be looped over only once and that is not enough.
    """
    options = {"size": SIZE if learning else AT_ONCE, "shuffle": learning, "rng": rng}
    if isinstance(given, Batches):
        return given
    if isinstance(given, tuple) and not any(isinstance(x, tuple) for x in given):
        if len(given) < 2:
            raise _no_data(f"a tuple of {len(given)}")
        return batches(*map(plain, given), **options)
    if _has_shape(given) or isinstance(given, str | dict):
        raise _no_data(f"a {type(given).__name__}")
    if isinstance(given, Dataset) and not isinstance(given, list | tuple):
        return batches(given, **options)
    if not isinstance(given, Iterable):
        raise _no_data(f"a {type(given).__name__}")
    if hasattr(given, "__next__") and epochs > 1:  # an iterator is used up by one loop
        raise ArgumentError(
            "fit: the data can be looped over only once.",
            expected=f"something that gives its batches anew in each of {epochs} epochs",
            got=f"a {type(given).__name__}",
            hint="Use data.batches(...), a list, or a class with __iter__.",
        )
    return given


def groups(given: Iterable[Any], size: int) -> Iterator[list[Part]]:
    """Give the batches so many at a time, each with its share of the rows.

    The last group may be smaller. No batch is asked for before its group is.
    """
    if size == 1:
        for batch in given:
            yield [part(batch)]
        return
    group = []
    for batch in given:
        group.append(part(batch))
        if len(group) == size:
            yield _shared(group)
            group = []
    if group:
        yield _shared(group)


def part(batch: Any) -> Part:
    """Take a batch apart: all but its last array are inputs, and that is the targets."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        got = f"one of shape {np.shape(batch)}" if _has_shape(batch) else type(batch).__name__
        raise ArgumentError(
            "fit: a batch must be a tuple: the inputs, then the targets.",
            expected="(x, y)",
            got=f"{len(batch)} alone" if isinstance(batch, tuple | list) else got,
            hint="Where there are no targets but the inputs, give them twice: (x, x).",
        )
    *inputs, targets = batch
    counted = targets.__class__ is np.ndarray and targets.ndim
    return Part(tuple(inputs), targets, len(targets) if counted else rows(targets), None)


def rows(targets: Any) -> int:
    """Count the rows of the targets, in the first of them where they are nested.

    >>> rows({"class": np.zeros(5), "box": np.zeros((5, 4))})
    5
    """
    targets = plain(leaves(targets)[0] if isinstance(targets, dict | tuple) else targets)
    if np.ndim(targets) == 0:
        raise ShapeError(
            "fit: targets must have a row for each example.",
            expected="an array of at least one axis",
            got=f"{targets!r}",
        )
    return len(targets)


def _shared(group: list[Part]) -> list[Part]:
    total = sum(p.rows for p in group)
    return [p._replace(share=p.rows / total) for p in group] if len(group) > 1 else group


def _has_shape(x: Any) -> bool:
    return hasattr(x, "shape")


def _no_data(got: str) -> ArgumentError:
    return ArgumentError(
        "fit: there is no data in this form.",
        expected="(x, y), data.batches(x, y, size=32), a dataset, or a list of (x, y) batches",
        got=got,
    )
