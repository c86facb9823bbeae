"""Is a value right that is used more than once, and is the graph walked in the right order?"""

from __future__ import annotations

from typing import Any

from ..behaviours import Chapter
from ..limits import StoppedError

chapter = Chapter("Reuse")
order = Chapter("Order")

_ADD = (
    "You assign the gradient where you should add it: a is used twice, each use contributes, and "
    "the second one overwrote the first. Write a.grad += ... in every rule."
)
_SET = "the operands are in a set, in which a and a are one: keep them in a tuple."


@chapter.behaviour(
    "a * a counts both uses",
    6.0,
    why="A value that is used twice changes the output on two ways, and the gradient is the sum "
    "over them. Every rule adds to .grad.",
    mistakes={
        3.0: f"{_ADD} (If you do add, {_SET})",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * a
    y.backward()
    return a.grad


@chapter.behaviour(
    "a + a counts both uses",
    2.0,
    why="The two operands are the same value, and each of them contributes 1.",
    mistakes={
        1.0: f"{_ADD} (If you do add, {_SET})",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a + a
    y.backward()
    return a.grad


@chapter.behaviour(
    "a - a has the slope 0",
    0.0,
    0.0,
    why="a is used twice; the two contributions, 1 and -1, cancel.",
    mistakes={
        (0.0, -1.0): f"{_ADD} (If you do add, {_SET})",
        (0.0, 1.0): "Only the first use was counted; the second contributes -1.",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a - a
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "two ways that part and meet are added",
    36.0,
    why="a reaches y through b and through c. Each way contributes the product of its slopes.",
    mistakes={18.0: _ADD},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = a * 2
    c = a * 3
    y = b * c
    y.backward()
    return a.grad


@chapter.behaviour(
    "a value used early and late is right",
    28.0,
    why="a*a*a + a has the slope 3a**2 + 1: four uses, at three depths.",
    mistakes={1.0: _ADD, 9.0: _ADD, 10.0: _ADD, 19.0: f"a * a counted once: {_SET}"},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * a * a + a
    y.backward()
    return a.grad


@chapter.behaviour(
    "a += makes a new value",
    12.0,
    3.0,
    7.0,
    why="Without __iadd__ Python turns y += a into y = y + a, which is right. An __iadd__ that "
    "adds to self.data keeps the old graph, in which the addition never happened. Delete it.",
    mistakes={
        (12.0, 3.0, 6.0): "The number has the addition in it and the gradient has not: __iadd__ "
        "changed y.data in place and recorded nothing. Delete __iadd__; Python then uses __add__.",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * a
    y += a
    y.backward()
    return y.data, a.data, a.grad


@chapter.behaviour(
    "values with equal numbers stay apart",
    3.0,
    3.0,
    why="A walk must know a value again by what it is, not by its number.",
    mistakes={
        (
            3.0,
            0.0,
        ): "a and b were taken for one value, since their numbers are equal. A visited set "
        "goes by __eq__ and __hash__: leave both as they are, or keep id(v) in it.",
        (
            0.0,
            3.0,
        ): "a and b were taken for one value, since their numbers are equal. A visited set "
        "goes by __eq__ and __hash__: leave both as they are, or keep id(v) in it.",
        (6.0, 0.0): "a * 3 and b * 3 were taken for one value, since their numbers are equal.",
    },
)
def _(Value: Any) -> Any:
    a = Value(2.0)
    b = Value(2.0)
    y = a * 3 + b * 3
    y.backward()
    return a.grad, b.grad


@chapter.behaviour(
    "doubling 40 times takes 40 steps back",
    2.0**40,
    why="Each addition is a place where two ways meet, so there are 2**40 ways. backward has to "
    "visit every value once, with its whole gradient, and not every way.",
    mistakes={
        StoppedError: "Your backward follows every way through the graph by itself, and there are "
        "2**40 of them. Collect each value once, in topological order, and go through that list.",
    },
)
def _(Value: Any) -> Any:
    a = Value(1.0)
    y = a
    for _ in range(40):
        y = y + y
    y.backward()
    return a.grad


_ORDER = (
    "b is used on two ways, and has to wait for both before it hands its gradient on. In reverse "
    "topological order every value comes after all that uses it."
)
_EARLY = (
    "b handed its gradient on before c had added to it, so a got one way of two. A value may go on "
    "only when all that uses it is done: walk the graph in reverse topological order. Build it by "
    "appending a value after its operands, and go through that list from its end."
)
_TWICE = (
    "b went on twice, the second time with the first contribution still in it. Visit each value "
    "once, after all that uses it: in reverse topological order."
)


@order.behaviour(
    "a value waits for all its uses, the short way first",
    8.0,
    why=_ORDER,
    mistakes={2.0: _EARLY, 10.0: _TWICE},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = a * 2
    c = b * 3
    y = b + c
    y.backward()
    return a.grad


@order.behaviour(
    "a value waits for all its uses, the long way first",
    8.0,
    why=_ORDER,
    mistakes={6.0: _EARLY, 2.0: _EARLY, 14.0: _TWICE},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = a * 2
    c = b * 3
    y = c + b
    y.backward()
    return a.grad


@order.behaviour(
    "going level by level is not enough",
    32.0,
    why="b is one step from y on one way and three steps on the other. Neither the nearest first "
    "nor the order in which they are met is right: reverse topological order is.",
    mistakes={
        2.0: "b handed its gradient on when it was met first, one step from y; the way over c and "
        "d came later. Breadth-first order is no topological order: a value may go on only when "
        "all that uses it is done.",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = a * 2
    c = b * 3
    d = c * 5
    y = d + b
    y.backward()
    return a.grad


@order.behaviour(
    "shortcuts around ten blocks are right",
    1.5**10,
    why="Each block adds its input to its output, as residual networks do, so the slope is 1.5 ten "
    "times. It is the test of the order on a graph of some size.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a
    for _ in range(10):
        y = y + y * 0.5
    y.backward()
    return a.grad
