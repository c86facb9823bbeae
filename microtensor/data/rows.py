"""What are batches taken from? Rows of arrays, or the examples of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..errors import ArgumentError, ShapeError
from .examples import Examples


@runtime_checkable
class Dataset(Protocol):
    """Whatever has a length and gives an example for each index from 0: there is no base class.

    An example is an array, a number, or a tuple or dict of them; with a ``collate`` of one's own,
    anything. The index is a Python int.

    Examples
    --------
    >>> from microtensor import data
    >>> class Squares:
    ...     def __len__(self):
    ...         return 5
    ...
    ...     def __getitem__(self, i):
    ...         return float(i), i * i
    >>> list(data.batches(Squares(), size=3, shuffle=False))
    [(array([0., 1., 2.]), array([0, 1, 4])), (array([3., 4.]), array([ 9, 16]))]
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class ArrayRows:
    """Rows of arrays, which stay together."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.arrays[0])

    def take(self, rows: np.ndarray) -> Any:
        batch = tuple([array[rows] for array in self.arrays])  # copies, so writing is safe
        return batch if len(batch) > 1 else batch[0]

    def __getitem__(self, row: int) -> Any:
        """Give one row, as a dataset does."""
        example = tuple([array[row] for array in self.arrays])
        return example if len(example) > 1 else example[0]


class ExampleRows:
    """Examples of a dataset, which a function makes batches of."""

    def __init__(self, dataset: Dataset, collate: Callable[[list[Any]], Any]) -> None:
        self.dataset = dataset
        self.collate = collate

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, rows: np.ndarray) -> Any:
        return self.collate([self.dataset[row] for row in rows.tolist()])


def rows_of(source: Sequence[Any], collate: Callable[[list[Any]], Any] | None) -> Any:
    """Tell arrays from a dataset."""
    if len(source) == 1 and isinstance(source[0], Examples):
        source = source[0]
    elif len(source) == 1 and _is_dataset(source[0], collate):
        return ExampleRows(source[0], collate or stack)
    arrays = ArrayRows(_of_common_length([np.asarray(x) for x in source]))
    return arrays if collate is None else ExampleRows(arrays, collate)


def _is_dataset(x: Any, collate: Any) -> bool:
    if not isinstance(x, Dataset) or isinstance(x, Mapping) or hasattr(x, "__array__"):
        return False
    return not isinstance(x, list | tuple | range | str | bytes) or collate is not None


def _of_common_length(arrays: list[np.ndarray]) -> list[np.ndarray]:
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
    return arrays


def stack(examples: Sequence[Any]) -> Any:
    """Make one batch of examples: arrays along a new first axis, inside tuples and dicts too.

    This is what `batches` does with the examples of a dataset, where no ``collate`` is given.

    Parameters
    ----------
    examples : list of B examples
        Arrays and numbers of one shape, or tuples, lists or dicts of them.

    Returns
    -------
    (B, ...) ndarray, or a tuple or dict of them

    Raises
    ------
    ShapeError
        If the shapes, the lengths of the tuples or the keys of the dicts differ.

    Examples
    --------
    >>> stack([(np.zeros(2), 1), (np.ones(2), 0)])
    (array([[0., 0.],
           [1., 1.]]), array([1, 0]))
    >>> stack([{"word": 3, "next": 4}, {"word": 4, "next": 5}])
    {'word': array([3, 4]), 'next': array([4, 5])}
    """
    first = examples[0]
    if isinstance(first, Mapping):
        _check_alike(examples, [sorted(map(str, e)) for e in examples], "keys")
        return {key: stack([e[key] for e in examples]) for key in first}
    if isinstance(first, tuple | list):
        _check_alike(examples, [len(e) for e in examples], "lengths")
        return tuple([stack(part) for part in zip(*examples, strict=True)])
    arrays = [np.asarray(e) for e in examples]
    _check_alike(examples, [a.shape for a in arrays], "shapes")
    return np.stack(arrays)


def _check_alike(examples: Sequence[Any], found: list[Any], what: str) -> None:
    other = next((i for i, x in enumerate(found) if x != found[0]), None)
    if other is not None:
        raise ShapeError(
            "batches: the examples of a batch do not fit together.",
            expected=f"one of {what} {found[0]}, like the first of the batch",
            got=f"{what} {found[other]} in number {other}",
            hint="Pass collate=, a function that makes a batch of a list of examples: it can pad "
            "them.",
        )
