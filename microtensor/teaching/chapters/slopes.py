"""Does each operation hand on the right gradient?"""

from __future__ import annotations

from typing import Any

from ..behaviours import NOTHING, Chapter
from .operations import OPERATIONS, add_slopes

chapter = Chapter("Slopes")


@chapter.behaviour(
    "the output's own gradient is 1",
    1.0,
    why="backward begins with dy/dy = 1. All other gradients are products with it.",
    mistakes={
        NOTHING: "The output has no gradient. If the others are missing as well, begin backward "
        "with self.grad = 1. If they are right, it was computed and not kept: who studies a graph "
        "wants to see it.",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * 2
    y.backward()
    return y.grad


@chapter.behaviour(
    "a value that is all of the graph has the gradient 1",
    1.0,
    why="A leaf may be the output, too: it has no operands, and da/da = 1. Its backward must not "
    "assume that somebody made it.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    a.backward()
    return a.grad


for operation in OPERATIONS:
    add_slopes(chapter, operation)


@chapter.behaviour(
    "slopes along a way are multiplied",
    -6.0,
    why="The chain rule: what arrives at a value is multiplied by the local slope, and handed on. "
    "Each rule uses the gradient of its own output, y.grad, and not 1.",
    mistakes={
        2.0: "Only a's own slope arrived: your rule sets the local slope and leaves out the "
        "gradient of the output, with which it has to be multiplied.",
        6.0: "The sign of the last step was lost on the way.",
    },
)
def _(Value: Any) -> Any:
    a = Value(0.5)
    b = a * 2
    c = b - 1.3
    y = c * -3
    y.backward()
    return a.grad


@chapter.behaviour(
    "backward goes through a whole expression",
    31.0,
    -20.0,
    30.0,
    10.0,
    why="With z = a*b + c the slope of z**2 is 2z, of a it is 2z*b, of b 2z*a. If only this fails "
    "and each operator is right alone, some inner value is not reached, or reached too early.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = Value(-2.0)
    c = Value(11.0)
    z = a * b + c
    y = z**2 + 6
    y.backward()
    return y.data, a.grad, b.grad, c.grad


@chapter.behaviour(
    "a value that was not used gets no gradient",
    NOTHING,
    NOTHING,
    why="Only what the output depends on changes it. An engine that gives other values a gradient "
    "keeps a list of all values, which then belongs to no graph.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    unused = Value(5.0)
    not_used_either = unused * 2
    y = a * 2
    y.backward()
    return unused.grad, not_used_either.grad


@chapter.behaviour(
    "backward changes no number",
    3.0,
    2.0,
    6.0,
    why="backward computes gradients and nothing else. Moving the parameters is the optimizer's "
    "part; a rule that writes into .data spoils the slopes of the rules after it.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = Value(2.0)
    y = a * b
    y.backward()
    return a.data, b.data, y.data
