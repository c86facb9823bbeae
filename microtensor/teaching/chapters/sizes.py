"""Does it work when graphs are large?"""

from __future__ import annotations

from typing import Any

from ..behaviours import Chapter
from ..limits import StoppedError

chapter = Chapter("Size")

_DEEP = (
    "Your walk calls itself once for every value, and Python allows about 1,000 calls inside of "
    "each other. A loss that adds up 1,000 terms is as deep. Keep a stack of your own, in a list: "
    "push the operands, and append a value to the order when its operands are done."
)
_SLOW = (
    "The walk takes far more steps than there are values: it goes over some again and again, or "
    "asks `v in a_list`, which looks through all of it. Keep what was seen in a set."
)


@chapter.behaviour(
    "a sum of 10,000 terms has no depth limit",
    10_001.0,
    10_001.0,
    why="The way back is as long as the way there, and no longer: each value is visited once.",
    mistakes={RecursionError: _DEEP, StoppedError: _SLOW},
    steps=20_000_000,
)
def _(Value: Any) -> Any:
    a = Value(1.0)
    y = a
    for _ in range(10_000):
        y = y + a
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "a sum of 100,000 terms has none either",
    100_001.0,
    100_001.0,
    why="Twice as many values take twice as long. A higher recursion limit moves the end of the "
    "road, and does not take it away.",
    mistakes={RecursionError: _DEEP, StoppedError: _SLOW},
    steps=20_000_000,
    by_lines=False,
    after="a sum of 10,000 terms has no depth limit",
)
def _(Value: Any) -> Any:
    a = Value(1.0)
    y = a
    for _ in range(100_000):
        y = y + a
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "a value can be used 2,000 times",
    2000.0,
    why="The contributions of all uses are added, here over a tree of sums.",
    mistakes={StoppedError: _SLOW},
    steps=5_000_000,
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    terms = [a * 1 for _ in range(2000)]
    while len(terms) > 1:
        terms = [sum(terms[i : i + 2]) for i in range(0, len(terms), 2)]
    y = terms[0]
    y.backward()
    return a.grad


@chapter.behaviour(
    "500 weights and 500 inputs each get their own",
    249.5,
    499.0,
    why="A wide neuron: the gradient of each weight is its input, and of each input its weight.",
    mistakes={RecursionError: _DEEP, StoppedError: _SLOW},
    steps=5_000_000,
)
def _(Value: Any) -> Any:
    w = [Value(float(i)) for i in range(500)]
    x = [Value(0.5 * i) for i in range(500)]
    y = sum(wi * xi for wi, xi in zip(w, x, strict=True))
    y.backward()
    return w[499].grad, x[499].grad
