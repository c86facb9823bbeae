"""Is it right to call backward again, on this graph or another?"""

from __future__ import annotations

from typing import Any

from ..behaviours import NOTHING, Chapter

chapter = Chapter("Again")

_KEPT = (
    "The inner value c still held the gradient of the first call, so the second call handed it on "
    "again. Let backward set the gradients of inner values (those that have operands) to 0 before "
    "it starts; only leaves add up over calls."
)
_INNER = (
    "Only leaves add up over calls. What an inner value holds is the gradient of this call, and "
    "nothing of an earlier one, or it would be handed on again."
)
_LEAVES = (
    "Gradients of leaves add up over calls, until the user sets them to 0; so a large batch can be "
    "computed in parts."
)
_FORGOT = (
    "backward forgot what the leaf held. Gradients of leaves add up over calls until the user sets "
    "them to 0; so a large batch can be computed in parts."
)


@chapter.behaviour(
    "gradients of two graphs add up in the leaves",
    7.0,
    why=_LEAVES,
    mistakes={5.0: _FORGOT},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * 2
    y.backward()
    z = a * 5
    z.backward()
    return a.grad


@chapter.behaviour(
    "a leaf set to 0 starts afresh",
    5.0,
    why="Users set .grad to 0 between steps. A sum that is kept elsewhere does not see it.",
    mistakes={7.0: "The gradient was set to 0, and the old one came back: it is kept twice."},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * 2
    y.backward()
    a.grad = 0.0
    z = a * 5
    z.backward()
    return a.grad


@chapter.behaviour(
    "a second backward gives the leaves the sum",
    4.0,
    6.0,
    why="The graph is still there, so the same gradients come again, and are added.",
    mistakes={
        (2.0, 3.0): _FORGOT,
        (6.0, 9.0): "The output began with 2: its own gradient was added to, 1 + 1. Begin backward "
        "with self.grad = 1, and not with self.grad += 1.",
    },
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    b = Value(2.0)
    y = a * b
    y.backward()
    y.backward()
    return a.grad, b.grad


@chapter.behaviour(
    "a second backward does not count inner values twice",
    20.0,
    why=_INNER,
    mistakes={30.0: _KEPT, 10.0: _FORGOT},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    c = a * 2
    y = c * 5
    y.backward()
    y.backward()
    return a.grad


@chapter.behaviour(
    "two outputs can share a part of their graphs",
    16.0,
    why=_INNER,
    mistakes={22.0: _KEPT, 10.0: _FORGOT},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    c = a * 2
    y = c * 3
    z = c * 5
    y.backward()
    z.backward()
    return a.grad


@chapter.behaviour(
    "backward from an inner value, then from the output",
    12.0,
    why=_INNER,
    mistakes={14.0: _KEPT, 10.0: _FORGOT},
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    c = a * 2
    y = c * 5
    c.backward()
    y.backward()
    return a.grad


@chapter.behaviour(
    "backward from an inner value leaves later ones alone",
    2.0,
    NOTHING,
    why="backward goes from a value to what it was computed from, never to what was computed from "
    "it. A list of all operations, run from its end, has to start at the value that was asked.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    c = a * 2
    y = c * 5
    c.backward()
    return a.grad, y.grad


@chapter.behaviour(
    "a new forward pass sees new numbers",
    16.0,
    8.0,
    why="After an update, a.data is another number, and what is computed then has to use it.",
)
def _(Value: Any) -> Any:
    a = Value(3.0)
    y = a * a
    a.data = 4.0
    y = a * a
    y.backward()
    return y.data, a.grad


@chapter.behaviour(
    "twenty steps of gradient descent arrive",
    3 - 3 * 0.8**20,
    why="The loop of all training: forward, zero, backward, move. If only this fails, something is "
    "kept from one step to the next.",
)
def _(Value: Any) -> Any:
    a = Value(0.0)
    for _ in range(20):
        loss = (a - 3) ** 2
        a.grad = 0.0
        loss.backward()
        a.data = a.data - 0.1 * a.grad
    return a.data
