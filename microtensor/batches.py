"""How do many gradients travel in one pass? As a `Batch`: one array, a row for each of them.

A Jacobian needs a backward pass per entry of the output. The passes differ in their gradients
alone, so one pass can carry them all, along an axis that comes first and that no rule sees: a
Batch has the shape of one row, and speaks NumPy's two protocols, as a Value does. Rules are plain
NumPy and work on it unchanged.

The functions that rules call most have a way to take all rows at once: `RULES`, which
``batched.py`` fills. Any other is called row by row, which is right for every function. What a
Batch cannot do (be tested for truth, become an array, be written into one) raises TypeError:
whoever sent it then sends its rows one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

ALL = slice(None)
RULES: dict[Callable, Callable] = {}  # how a function takes all rows at once


class Batch(NDArrayOperatorsMixin):
    """Arrays of one shape, side by side; what is asked of it is answered for each.

    Parameters
    ----------
    data : (B, ...) array
        The rows.

    Examples
    --------
    >>> rows = Batch(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    >>> rows.shape, np.sum(rows).data
    ((2,), array([ 3.,  7., 11.]))
    >>> (np.array([10.0, 1.0]) * rows).data
    array([[10.,  2.],
           [30.,  4.],
           [50.,  6.]])
    """

    __slots__ = ("data",)

    def __init__(self, data: np.ndarray) -> None:
        self.data = data

    shape = property(lambda self: self.data.shape[1:])
    ndim = property(lambda self: self.data.ndim - 1)
    size = property(lambda self: math.prod(self.shape))
    dtype = property(lambda self: self.data.dtype)
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))  # noqa: N815  # NumPy's name

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Batch]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Batch:
        behind = after_rows(index)
        if behind is None:
            return one_by_one(lambda x: x[index], (self,), {})
        return Batch(self.data[behind])

    def __setitem__(self, index: Any, value: Any) -> None:
        behind = after_rows(index)
        if behind is None:
            raise TypeError("these places are not the same in every row")
        place = Batch(self.data[behind])
        self.data[behind] = lined_up((value, place))[0]

    def astype(self, dtype: Any, copy: bool = True) -> Batch:
        if self.dtype.kind == "c":
            raise TypeError("complex numbers would lose a part")
        return Batch(self.data.astype(dtype, copy=copy))

    def copy(self) -> Batch:
        return Batch(self.data.copy())

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        return called(np.reshape, (self, shape if len(shape) > 1 else shape[0], order), {})

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes if len(axes) > 1 else axes[0] if axes else None)

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(f"a Batch has no {name}")
        return lambda *args, **options: getattr(np, name)(self, *args, **options)

    # NumPy's two protocols

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        if method == "at" or (out is not None and not isinstance(out[0], Batch)):
            raise TypeError("rows cannot be written into one array")
        if method != "__call__":
            return one_by_one(getattr(ufunc, method), inputs, options)
        if ufunc.signature is None and not options:
            y = ufunc(*lined_up(inputs))
            y = tuple(map(Batch, y)) if y.__class__ is tuple else Batch(y)
        else:
            y = called(ufunc, inputs, options)
        if out is None:
            return y
        out[0][...] = y  # g -= x
        return out[0]

    def __array_function__(self, fn: Callable, types: Any, args: tuple, options: dict) -> Any:
        return called(fn, args, options)

    # What would have one answer for all rows

    def _has_many(self, *_: Any) -> Any:
        raise TypeError("a Batch is many arrays, and this has one answer")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __complex__ = _has_many


_METHODS = {
    "clip", "cumsum", "diagonal", "dot", "max", "mean", "min", "prod", "ravel", "repeat", "squeeze",
    "sum", "swapaxes", "take", "trace",
}  # fmt: skip


def called(fn: Callable, args: tuple, options: dict[str, Any]) -> Any:
    """Call a function on all rows at once if there is a way, else on each."""
    rule = RULES.get(fn)
    if rule is not None:
        try:
            y = rule(*args, **options)
        except (TypeError, ValueError, AttributeError):
            y = NotImplemented  # called in a way that the rule does not know
        if y is not NotImplemented:
            return y
    return one_by_one(fn, args, options)


# Row by row


def one_by_one(fn: Callable, args: tuple, options: dict[str, Any]) -> Any:
    """Call a function on each row, and join what it gives."""
    n = count_rows((*args, *options.values()))
    return _joined(
        [fn(*_row(args, i), **{k: _row(v, i) for k, v in options.items()}) for i in range(n)]
    )


def count_rows(x: Any) -> int:
    """Find how many rows there are, wherever among the arguments the first Batch stands."""
    if isinstance(x, Batch):
        return len(x.data)
    return max(map(count_rows, x), default=0) if isinstance(x, tuple | list) else 0


def _row(x: Any, i: int) -> Any:
    if isinstance(x, Batch):
        return x.data[i]
    return type(x)([_row(each, i) for each in x]) if type(x) in (tuple, list) else x


def _joined(rows: list[Any]) -> Any:
    first = rows[0]
    if isinstance(first, tuple | list):
        return [_joined(list(column)) for column in zip(*rows, strict=True)]
    if first is None:
        raise TypeError("rows cannot be written into one array")
    return Batch(np.stack(rows))


# How rows are lined up


def lined_up(args: Any) -> list[Any]:
    """Give arrays that broadcast row by row: the axis of rows comes before the longest shape."""
    ranks = [a.data.ndim - 1 if a.__class__ is Batch else np.ndim(a) for a in args]
    most = max(ranks)
    return [
        a if a.__class__ is not Batch else a.data if rank == most else _widened(a.data, most - rank)
        for a, rank in zip(args, ranks, strict=True)
    ]


def _widened(data: np.ndarray, axes: int) -> np.ndarray:
    return data.reshape((len(data), *(1,) * axes, *data.shape[1:]))


def elementwise(fn: Callable) -> Callable:
    """Make the way in which a function of entries takes all rows at once: its operands lined up."""

    def rule(*args: Any) -> Any:
        y = fn(*lined_up(args))
        return tuple(map(Batch, y)) if isinstance(y, tuple) else Batch(y)

    return rule


def after_rows(index: Any) -> tuple | None:
    """Give the index that does the same behind the axis of rows; None if there is none.

    Arrays in an index that stand apart from each other put their axes first, before the rows.
    """
    entries = index if isinstance(index, tuple) else (index,)
    if any(isinstance(i, bool | np.bool) for i in entries):
        return None
    whole = (slice, type(None), type(Ellipsis))
    places = [n for n, i in enumerate(entries) if not isinstance(i, whole)]
    arrays = [n for n in places if not isinstance(entries[n], int | np.integer)]
    apart = places and places[-1] - places[0] >= len(places)
    return None if arrays and apart else (ALL, *entries)
