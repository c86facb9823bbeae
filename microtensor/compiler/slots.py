"""Where do a program's inputs come from, and where do its results go? A place for each.

A place is read when the program is called, and written when all of it has been computed, so that
a program that fails has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import Node, next_number


class Slot:
    """A place that numbers are read from, and perhaps written to.

    Attributes
    ----------
    name : str
        What a program calls what lies here.
    key : tuple
        Which place it is: two slots of one key are one place.
    in_place : bool
        Whether the array that lies here is written into; else another takes its place.
    """

    in_place = False

    def __init__(self, name: str, key: tuple) -> None:
        self.name, self.key = name, key

    def read(self, given: Sequence[Any]) -> Any:
        """Give what lies here; ``given`` are the leaves of the arguments of the call."""
        raise NotImplementedError

    def write(self, given: Sequence[Any], x: Any) -> None:
        """Lay something here."""
        raise NotImplementedError

    def keep(self, given: Sequence[Any]) -> Callable[[], None]:
        """Copy what lies here, and give the function that lays it here again."""
        x = self.read(given)
        kept = x.copy() if isinstance(x, np.ndarray) else x
        return lambda: self.write(given, kept)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Argument(Slot):
    """One array or number of what a program is called with; ``place`` counts the leaves."""

    def __init__(self, name: str, place: int) -> None:
        super().__init__(name, ("argument", place))
        self.place = place

    def read(self, given: Sequence[Any]) -> Any:
        return given[self.place]


class Leaf(Slot):
    """The numbers of a Value that no call made: a parameter, a buffer, or any other.

    ``find`` gives the Value: always the same, or the one among the arguments.
    """

    def __init__(self, name: str, node: Node, place: int | None = None) -> None:
        super().__init__(name, ("leaf", id(node)))
        self.node = node  # held, so that its number is not used again
        self.place = place

    def find(self, given: Sequence[Any]) -> Node:
        return self.node if self.place is None else given[self.place]

    def read(self, given: Sequence[Any]) -> Any:
        return self.find(given)._data

    def write(self, given: Sequence[Any], x: Any) -> None:
        node = self.find(given)
        node._data = x
        node.number = next_number()


class Gradient(Leaf):
    """The gradient of a leaf."""

    def __init__(self, name: str, node: Node, place: int | None = None) -> None:
        super().__init__(name, node, place)
        self.key = ("gradient", id(node))

    def read(self, given: Sequence[Any]) -> Any:
        return self.find(given).grad

    def write(self, given: Sequence[Any], x: Any) -> None:
        self.find(given).grad = x


class Place(Slot):
    """Any other place, such as what an optimizer remembers: how to read it, and how to write it.

    ``forget`` has nothing lie there, as before the first write; there is then a KeyError to read.
    """

    def __init__(
        self,
        name: str,
        key: tuple,
        read: Callable[[], Any],
        write: Callable[[Any], None] | None = None,
        in_place: bool = False,
        forget: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(name, key)
        self._read, self._write, self.in_place = read, write, in_place
        self._forget = forget

    def read(self, given: Sequence[Any]) -> Any:
        return self._read()

    def write(self, given: Sequence[Any], x: Any) -> None:
        assert self._write is not None
        self._write(x)

    def keep(self, given: Sequence[Any]) -> Callable[[], None]:
        try:
            return super().keep(given)
        except KeyError:
            if self._forget is None:
                raise
            return self._forget
