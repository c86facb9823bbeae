"""What is a dataset? Inputs and their answers, row by row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Examples(NamedTuple):
    """Inputs ``x`` and answers ``y``: row i of one belongs to row i of the other.

    A tuple of two, so ``x, y = data.moons()`` works, as does ``data.batches(*data.moons(), 32)``.

    Attributes
    ----------
    x : (N, ...) ndarray of float
        One input per row.
    y : (N,) ndarray of int64
        The class of each row, in 0 ... C-1.

    Examples
    --------
    >>> from microtensor import data
    >>> data.moons(100).x.shape
    (100, 2)
    """

    x: np.ndarray
    y: np.ndarray


class Split(NamedTuple):
    """Examples to learn from, and others to be tested on.

    A tuple of two pairs: ``(x_train, y_train), (x_test, y_test) = data.digits()`` works, as does
    ``data.digits().test.x``.

    Attributes
    ----------
    train, test : Examples
        No row is in both.

    Examples
    --------
    >>> from microtensor import data
    >>> train, test = data.digits()
    >>> len(train.y), len(test.y)
    (1442, 355)
    """

    train: Examples
    test: Examples
