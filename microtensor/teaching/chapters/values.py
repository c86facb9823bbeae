"""Does the forward pass hold and compute the right numbers?"""

from __future__ import annotations

from typing import Any

from ..behaviours import NOTHING, Chapter
from .operations import OPERATIONS, add_value

chapter = Chapter("Values")


@chapter.behaviour(
    "a value holds its number",
    2.5,
    why="The number that a value was made of is kept in .data, as it is.",
)
def _(Value: Any) -> Any:
    a = Value(2.5)
    return a.data


@chapter.behaviour(
    "a new value has no gradient yet",
    NOTHING,
    why="Gradients are set by backward. Before it, .grad is 0 (or None, which says that nothing "
    "was computed yet).",
    mistakes={1.0: "It starts at 1. Only the output starts there, and only in backward."},
)
def _(Value: Any) -> Any:
    a = Value(2.5)
    return a.grad


for operation in OPERATIONS:
    add_value(chapter, operation)


@chapter.behaviour(
    "whole numbers divide like real ones",
    1.5,
    0.5,
    why="Gradients need real numbers. An int that is kept as an int does no harm with Python's / "
    "and **, but does with //, or in an integer array. float(data) in __init__ settles it.",
    mistakes={(1.0, 0.5): "3 / 2 was rounded down: / became //, or an integer array."},
)
def _(Value: Any) -> Any:
    a = Value(3)
    y = a / 2
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "printing a value shows its number",
    True,
    why="Without __repr__ Python prints an address, which helps nobody who debugs a network. "
    "Return something like f'Value(data={self.data}, grad={self.grad})'.",
)
def _(Value: Any) -> Any:
    a = Value(2.5)
    return "2.5" in repr(a)


@chapter.behaviour(
    "values can be put in a set, each for itself",
    2,
    why="Walks over the graph keep what they have seen in a set. Two values are never the same "
    "only because their numbers are. Leave __eq__ and __hash__ alone; if you compare numbers in "
    "__eq__, add __hash__ = object.__hash__, and ask for identity with `is` or id().",
    mistakes={
        1: "The two became one: your __eq__ and __hash__ go by the number. In a graph, the second "
        "value would be taken for one that was seen already, and get no gradient.",
        TypeError: "A class that defines __eq__ loses its __hash__, so its values cannot be in "
        "sets or dicts. Drop __eq__, or add __hash__ = object.__hash__.",
    },
)
def _(Value: Any) -> Any:
    a = Value(1.0)
    b = Value(1.0)
    return len({a, b})


@chapter.behaviour(
    "computing changes no operand",
    1.5,
    3.0,
    2.0,
    why="An operator makes a new value. One that writes into self.data falsifies every other place "
    "where this operand is used.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = Value(2.0)
    y = (a * b + a) / b - a
    return y.data, a.data, b.data
