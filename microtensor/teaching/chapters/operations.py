"""Do the operators compute and derive what they should? One table for both questions.

The slopes are not written down: they are central differences of the operator on Python's floats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..behaviours import Chapter


class Operation(NamedTuple):
    """An operator: its text, itself, where it is tried, why it is so, and known wrong slopes."""

    text: str
    compute: Callable
    at: tuple[float, ...]
    why: str
    mistakes: dict[Any, str]


OPERATIONS = [
    Operation(
        "a + b",
        lambda a, b: a + b,
        (3.0, 2.0),
        "If a moves by a little, a + b moves by as much, and so for b: both local slopes are 1, "
        "and a and b each receive the gradient of y as it is.",
        {},
    ),
    Operation(
        "a - b",
        lambda a, b: a - b,
        (3.0, 2.0),
        "If b grows, a - b shrinks by as much: the local slope of b is -1. Writing a - b as "
        "a + (-b) gives it for nothing.",
        {(1.0, 1.0): "The slope of b has lost its sign: b is subtracted, so it is -1."},
    ),
    Operation(
        "a * b",
        lambda a, b: a * b,
        (3.0, 2.0),
        "If a moves by a little, a * b moves by b times as much: the local slope of each operand "
        "is the number of the other one.",
        {
            (3.0, 2.0): "Each operand receives its own number. It should be that of the other one: "
            "a.grad gets b.data * y.grad."
        },
    ),
    Operation(
        "a / b",
        lambda a, b: a / b,
        (3.0, 2.0),
        "The local slopes are 1 / b and -a / b**2. Writing a / b as a * b**-1 gives both from the "
        "rules of * and **.",
        {
            (0.5, 0.75): "The slope of b has lost its sign: a / b falls when b grows.",
            (0.5, -1.5): "The slope of b is -a / b**2, with the square.",
            (0.5, -0.25): "The slope of b is -a / b**2; the a above is missing.",
        },
    ),
    Operation(
        "-a",
        lambda a: -a,
        (3.0,),
        "The local slope of -a is -1. Writing -a as a * -1 gives it for nothing.",
        {1.0: "The sign is lost: the slope of -a is -1."},
    ),
    Operation(
        "a ** 3",
        lambda a: a**3,
        (2.0,),
        "The local slope of a**n is n * a**(n - 1).",
        {
            24.0: "This is n * a**n. The exponent goes down by one: n * a**(n - 1).",
            4.0: "The factor n is missing: n * a**(n - 1).",
            6.0: "The rule of squares was used, n * a; in general it is n * a**(n - 1).",
        },
    ),
]  # fmt: skip

CONSTANTS = [
    ("a + 2", lambda a: a + 2, {}),
    ("2 + a", lambda a: 2 + a, {}),
    ("a - 2", lambda a: a - 2, {}),
    ("2 - a", lambda a: 2 - a, {
        (2.0, 1.0): "This is a - 2: __rsub__ has to turn its operands around.",
        (-2.0, 1.0): "The number is right and the slope is that of a - 2: here a is subtracted.",
    }),
    ("a * 2", lambda a: a * 2, {}),
    ("2 * a", lambda a: 2 * a, {}),
    ("a / 2", lambda a: a / 2, {}),
    ("2 / a", lambda a: 2 / a, {
        (2.0, 0.5): "This is a / 2: __rtruediv__ has to turn its operands around.",
    }),
]  # fmt: skip

_LEFT = (
    "Python asks the number on the left first; it does not know your class and gives up, and then "
    "Python calls the reflected method of the right operand, such as __radd__ or __rsub__. It has "
    "to be there, and it has to keep the order: the other one is on the left."
)
_RIGHT = (
    "The other operand may be a plain number, which has no .data and no .grad. Wrap it at the top "
    "of the method: other = other if isinstance(other, Value) else Value(other)."
)


def difference(f: Callable, at: tuple[float, ...], which: int, h: float = 1e-5) -> float:
    """The slope of a function of numbers in one of them, by a central difference."""
    above = f(*(x + h * (i == which) for i, x in enumerate(at)))
    below = f(*(x - h * (i == which) for i, x in enumerate(at)))
    return (above - below) / (2 * h)


def add_value(chapter: Chapter, op: Operation) -> None:
    """Add the behaviour that an operator computes the number it should."""
    names, at = "ab"[: len(op.at)], op.at

    def run(Value: Callable) -> Any:
        return op.compute(*map(Value, at)).data

    text = f"{_made(names, at)}\ny = {op.text}\nreturn y.data"
    why = (
        f"y.data should be {op.text} of the numbers in .data, wrapped in a new Value. The name of "
    )
    why += (
        "an operator's method is fixed: __add__, __sub__, __mul__, __truediv__, __neg__, __pow__."
    )
    chapter.behaviour(f"{op.text} computes its number", op.compute(*at), why=why, text=text)(run)


def add_slopes(chapter: Chapter, op: Operation) -> None:
    """Add the behaviour that backward gives every operand the operator's slope."""
    names, at = "ab"[: len(op.at)], op.at

    def run(Value: Callable) -> Any:
        values = [Value(x) for x in at]
        op.compute(*values).backward()
        return tuple(v.grad for v in values)

    text = f"{_made(names, at)}\ny = {op.text}\ny.backward()\nreturn "
    text += ", ".join(f"{name}.grad" for name in names)
    slopes = [difference(op.compute, at, i) for i in range(len(at))]
    add = chapter.behaviour(
        f"{op.text} hands on its slopes", *slopes, why=op.why, mistakes=op.mistakes, text=text
    )
    add(run)


def add_constant(chapter: Chapter, expression: str, f: Callable, mistakes: dict) -> None:
    """Add the behaviour that an operator takes a plain number on one side."""

    def run(Value: Callable) -> Any:
        a = Value(4.0)
        y = f(a)
        y.backward()
        return y.data, a.grad

    text = f"a = Value(4.0)\ny = {expression}\ny.backward()\nreturn y.data, a.grad"
    chapter.behaviour(
        f"{expression} takes a plain number on the {'right' if expression[0] == 'a' else 'left'}",
        f(4.0),
        difference(f, (4.0,), 0),
        why=_RIGHT if expression[0] == "a" else _LEFT,
        mistakes=mistakes,
        text=text,
    )(run)


def _made(names: str, at: tuple[float, ...]) -> str:
    return "\n".join(f"{name} = Value({x})" for name, x in zip(names, at, strict=True))
