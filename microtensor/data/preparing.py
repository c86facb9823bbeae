"""How are numbers made ready for a model? Labels as rows, and columns of one scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError


def one_hot(labels: Any, classes: int | None = None, *, dtype: Any = np.float32) -> np.ndarray:
    """Give a row of floats for each label: 1 in the place of its class, 0 in the others.

    They serve as targets of a loss such as `mse`. ``mt.one_hot`` gives integers, as PyTorch does.

    Parameters
    ----------
    labels : (...) array_like of int
        In 0 ... classes - 1.
    classes : int, optional
        How many there are; one more than the largest label, if not given.
    dtype : dtype, default float32

    Returns
    -------
    (..., classes) ndarray

    Raises
    ------
    ArgumentError
        If the labels are no integers, or one is no class.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ArgumentError(
            "one_hot: labels must be integers.",
            expected="an array of an integer dtype",
            got=f"dtype {labels.dtype}",
            hint="If they are whole numbers, convert them: labels.astype(int).",
        )
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, -1)
    width = high + 1 if classes is None else classes
    if low < 0 or high >= width:
        raise ArgumentError(
            "one_hot: a label is no class.",
            expected=f"labels in 0 ... {width - 1}",
            got=f"labels from {low} to {high}",
        )
    rows = np.zeros((labels.size, width), dtype)
    rows[np.arange(labels.size), labels.reshape(-1)] = 1
    return rows.reshape(*labels.shape, width)


def standardise(x: Any, axis: int | tuple[int, ...] | None = 0) -> Standardiser:
    """Learn from x how to give numbers mean 0 and standard deviation 1, column by column.

    Learn from the training rows alone, and apply it to all others too: what is known of the test
    rows must not reach the model.

    Parameters
    ----------
    x : (N, ...) array_like
        The rows to learn from.
    axis : int, tuple of int, or None, default 0
        The axes to take mean and deviation over: 0 for each column its own, (0, 2, 3) for each
        channel of (N, C, H, W) images, None for one of all numbers.

    Returns
    -------
    Standardiser
        Call it with rows.

    Raises
    ------
    ArgumentError
        If there is no row, or a number is NaN or infinite.

    Examples
    --------
    >>> from microtensor import data
    >>> train, test = data.split(*data.iris(), (100, 50), rng=0)
    >>> scaled = standardise(train.x)
    >>> scaled
    Standardiser(4 columns)
    >>> bool(np.abs(scaled(train.x).mean(axis=0)).max() < 1e-6)
    True
    >>> scaled(test.x).std(axis=0).round(2)
    array([0.82, 1.  , 0.9 , 0.97], dtype=float32)
    >>> bool(np.abs(scaled.inverse(scaled(test.x)) - test.x).max() < 1e-6)
    True
    """
    x = np.asarray(x)
    if x.ndim == 0 or x.size == 0 or x.dtype.kind not in "biuf" or not np.isfinite(x).all():
        bad = np.size(x) - np.isfinite(x).sum() if x.dtype.kind == "f" else 0
        raise ArgumentError(
            "standardise: mean and deviation need rows of finite numbers.",
            expected="at least one row, without NaN or infinity",
            got=f"shape {x.shape}, dtype {x.dtype}" + (f", {bad} NaN or infinite" if bad else ""),
        )
    mean = x.mean(axis=axis, keepdims=True, dtype=np.float64)
    std = x.std(axis=axis, keepdims=True, dtype=np.float64)
    constant = x.min(axis=axis, keepdims=True) == x.max(axis=axis, keepdims=True)
    std[constant] = 1  # what never varies becomes 0; rounding could make a tiny deviation of it
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
    return Standardiser(mean, std, tuple([None if i in axes else n for i, n in enumerate(x.shape)]))


class Standardiser:
    """What `standardise` learned: subtracts the mean, and divides by the deviation.

    Attributes
    ----------
    mean, std : ndarray of float64
        As many numbers as there are columns. The deviation is that of the rows themselves
        (``np.std``); it is 1 where a column never varied.

    Examples
    --------
    >>> scaled = standardise([[1.0, 5.0], [3.0, 5.0]])
    >>> scaled.mean, scaled.std
    (array([2., 5.]), array([1., 1.]))
    >>> scaled([[5.0, 6.0]])
    array([[3., 1.]])
    """

    def __init__(self, mean: np.ndarray, std: np.ndarray, shape: tuple[int | None, ...]) -> None:
        self._shape = shape  # what rows must look like, with None for the axes that are free
        columns = tuple(n or 1 for n in shape)
        while columns and shape[len(shape) - len(columns)] is None:
            columns = columns[1:]
        self.mean = mean.reshape(columns)
        self.std = std.reshape(columns)

    def __call__(self, x: Any) -> np.ndarray:
        """Give ``(x - mean) / std``; floats keep their dtype, integers become float32."""
        x = self._checked(x)
        return (x - self.mean.astype(x.dtype)) / self.std.astype(x.dtype)

    def inverse(self, x: Any) -> np.ndarray:
        """Give ``x * std + mean``, which undoes it."""
        x = self._checked(x)
        return x * self.std.astype(x.dtype) + self.mean.astype(x.dtype)

    def _checked(self, x: Any) -> np.ndarray:
        """Take rows as those learned from, or one of them."""
        x = np.asarray(x)
        one = self._shape[1:] if self._shape[0] is None else self._shape
        if not (_fits(x, self._shape) or _fits(x, one)):
            wanted = ", ".join("N" if n is None else str(n) for n in self._shape)
            raise ShapeError(
                "Standardiser: the rows have other columns than those it was made from.",
                expected=f"an array of shape ({wanted})",
                got=f"an array of shape {x.shape}",
            )
        return x if x.dtype.kind == "f" else x.astype(np.float32)

    def __repr__(self) -> str:
        return f"Standardiser({self.mean.size} columns)"


def _fits(x: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    return x.ndim == len(shape) and all(
        wanted in (None, n) for n, wanted in zip(x.shape, shape, strict=True)
    )
