"""What is a function called with? Arrays, which a program reads; the rest, which it rests on.

Arrays, Python's floats and Values are the leaves that may differ from call to call. Everything
else (integers, switches, strings, models) is part of the key that a program is found by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..calls import is_masked, lost_mask
from ..graph import Node
from ..nesting import like

_SIMPLE = (int, str, bytes, bool, type(None), np.dtype, type)


class Arguments:
    """The arguments of one call, taken apart.

    Attributes
    ----------
    leaves : list
        Arrays, floats and Values, in order.
    names : list of str
        What each leaf is called.
    others : list
        What is neither a number nor a container, such as a model.
    key : tuple
        What a program for another call of this key would have to be the same for.
    """

    __slots__ = ("key", "leaves", "names", "others")

    def __init__(self, names: tuple[str, ...], args: tuple, kwargs: dict[str, Any]) -> None:
        self.leaves: list[Any] = []
        self.names: list[str] = []
        self.others: list[Any] = []
        key: list[Any] = []
        more = (f"argument_{i}" for i in range(len(names), len(args)))
        named = [*zip((*names, *more), args, strict=False), *sorted(kwargs.items())]
        for name, x in named:
            key.append(name)
            self._take(name, x, key)
        self.key = tuple(key)

    def _take(self, name: str, x: Any, key: list[Any]) -> None:
        if x.__class__ is np.ndarray:
            self._leaf(name, x)
            key.append((x.shape, x.dtype))
        elif isinstance(x, Node):
            same = next((i for i, y in enumerate(self.leaves) if y is x), None)
            self._leaf(name, x)
            key.append(
                ("Value", same, np.shape(x._data), _dtype(x._data), x._requires_grad, x.fn is None)
            )
        elif x.__class__ is float:
            self._leaf(name, x)
            key.append(float)
        elif isinstance(x, np.generic):
            self._leaf(name, x)
            key.append((x.dtype,))
        elif x.__class__ is list and x and is_numbers(x):
            x = np.asarray(x)
            self._leaf(name, x)
            key.append((list, x.shape, x.dtype))
        elif isinstance(x, np.ndarray):  # of a file, such as np.memmap gives
            if is_masked(x):
                raise lost_mask(name)
            self._leaf(name, np.asarray(x))
            key.append((x.shape, x.dtype))
        elif isinstance(x, dict):
            key.append((dict, *x))
            for k, inner in x.items():
                self._take(f"{name}_{k}", inner, key)
        elif isinstance(x, list | tuple):
            key.append((type(x), len(x)))
            for i, inner in enumerate(x):
                self._take(f"{name}_{i}", inner, key)
        elif isinstance(x, _SIMPLE):
            key.append((type(x), x))
        else:
            self.others.append(x)
            key.append(Same(x))

    def _leaf(self, name: str, x: Any) -> None:
        self.leaves.append(x)
        self.names.append(name)


class Same:
    """A key that equals only that of the very same object, which it holds."""

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.x is self.x

    def __hash__(self) -> int:
        return id(self.x)


def replaced(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """Give arguments with something else in the place of each leaf, in the order of `Arguments`."""
    if isinstance(x, np.generic | Node) or x.__class__ is float:
        return leaf(x)
    if isinstance(x, np.ndarray):
        return leaf(np.asarray(x))
    if x.__class__ is list and x and is_numbers(x):
        return leaf(np.asarray(x))
    if isinstance(x, dict):
        return {k: replaced(inner, leaf) for k, inner in x.items()}
    if isinstance(x, list):
        return [replaced(inner, leaf) for inner in x]
    if isinstance(x, tuple):
        return like(x, [replaced(inner, leaf) for inner in x])
    return x


def is_numbers(x: Any) -> bool:
    """Tell whether a list holds nothing but numbers of Python's, in lists of its own or not."""
    if x.__class__ is list:
        return all(map(is_numbers, x))
    return x.__class__ in (int, float, bool)


def _dtype(x: Any) -> Any:
    return getattr(x, "dtype", float)
