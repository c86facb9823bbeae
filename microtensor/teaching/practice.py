"""Which exercises are there? Ten, from one neuron to a loop that learns."""

from __future__ import annotations

import math
from typing import Any

from . import solutions
from .exercising import Case, Exercise


def exercises() -> list[Exercise]:
    """Ten exercises in the order of learning; each prints its task and keeps its solution back.

    They need plain Python. Together they are an engine and its training loop.

    Returns
    -------
    list of Exercise
        Each with ``text``, ``stub``, ``check(function)``, ``hint`` and ``solution``.

    Examples
    --------
    >>> import microtensor as mt
    >>> first = mt.teaching.exercises()[0]
    >>> print(first)
    A neuron, forward
    <BLANKLINE>
      Multiply each input by its weight, add all of it and the bias, and return
      the sum.
    <BLANKLINE>
        def neuron(weights, inputs, bias):
            ...
    <BLANKLINE>
      check(function) grades it; .hint helps, and .solution shows an answer.
    >>> def neuron(weights, inputs, bias):
    ...     return sum(w * x for w, x in zip(weights, inputs)) + bias
    >>> print(first.check(neuron))
    ✓ A neuron, forward: right
    """
    return [*_FORWARD, *_LOCAL, *_GRAPHS, *_LEARNING]


def _square(x: float) -> float:
    return x * x


def _cube(x: float) -> float:
    return x**3


_FORWARD = [
    Exercise(
        "A neuron, forward",
        "Multiply each input by its weight, add all of it and the bias, and return the sum.",
        "Go through both lists together, with zip, and begin the sum with the bias.",
        solutions.neuron,
        [
            Case(([2.0], [3.0], 0.0), 6.0, "One input is multiplied by its weight."),
            Case(([2.0], [3.0], 1.0), 7.0, "The bias is added once, at the end or the beginning."),
            Case(
                ([3.0, 1.0, 5.0, -4.0], [0.5, 2.8, 0.0, -0.1], -2.0),
                2.7,
                "Every input has its own weight, in the same place of the list.",
            ),
        ],
    ),
    Exercise(
        "The slope of anything",
        "Return how fast f changes at x, without any formula: compare f a little above x and a "
        "little below it. Four digits should be right.",
        "(f(x + h) - f(x - h)) / (2h), with h about 0.00001.",
        solutions.slope,
        [
            Case((_square, 3.0), 6.0, "The slope of x² is 2x. Is h small, and is the difference "
                 "divided by 2h?", tolerance=1e-4),
            Case((_cube, -2.0), 12.0, "The slope of x³ is 3x², on the negative side as well.",
                 tolerance=1e-4),
            Case((abs, 0.0), 0.0, "Left and right of 0 it is equally high. One side alone gives 1 "
                 "or -1: take both.", tolerance=1e-4),
        ],
    ),
]  # fmt: skip

_LOCAL = [
    Exercise(
        "Backward through a product",
        "y = a * b, and gradient says how the output changes with y. Return how it changes with a, "
        "and with b, as a pair.",
        "If a moves by a little, a * b moves by b times as much. What arrives is multiplied by it.",
        solutions.product_backward,
        [
            Case((2.0, 3.0, 1.0), (3.0, 2.0), "Each factor receives the other one: if a moves by a "
                 "little, a * b moves by b times as much."),
            Case((2.0, 3.0, 10.0), (30.0, 20.0), "What arrives, gradient, is multiplied by the "
                 "local slope: y is not the output of all."),
            Case((0.0, -1.0, 2.0), (-2.0, 0.0), "No division: a number may be 0."),
        ],
    ),
    Exercise(
        "Backward through tanh",
        "y = tanh(x), and gradient says how the output changes with y. Return how with x.",
        "With t = tanh(x), the slope is 1 - t².",
        solutions.tanh_backward,
        [
            Case((0.0, 1.0), 1.0, "tanh is steepest at 0, with the slope 1."),
            Case((0.7, 1.0), 1 - math.tanh(0.7) ** 2, "It is 1 - t² of the output t, not of x."),
            Case((0.7, -3.0), -3 * (1 - math.tanh(0.7) ** 2), "What arrives is multiplied by it."),
            Case((1000.0, 1.0), 0.0, "Far out tanh is flat. math.tanh takes numbers of any size."),
        ],
    ),
    Exercise(
        "The chain rule",
        "A number goes through one function after another, and slopes has the local slope of each, "
        "the first function first. Return the gradient of every value on the way: of the input, of "
        "each result, and of the output, which is 1, in this order.",
        "Begin at the output with 1, and go back: each value's gradient is the next one's times "
        "the slope between them. Turn the list around at the end.",
        solutions.chain,
        [
            Case(([],), [1.0], "Without functions the output is the input, and its gradient is 1."),
            Case(([5.0],), [5.0, 1.0], "The output has 1, and the input the slope."),
            Case(([2.0, 3.0, 5.0],), [30.0, 15.0, 5.0, 1.0],
                 "Slopes are multiplied from the output back, so the last function's slope is in "
                 "all gradients before it."),
            Case(([2.0, 0.0, 5.0],), [0.0, 0.0, 5.0, 1.0],
                 "A slope of 0 stops the gradient for all that is before it."),
        ],
    ),
    Exercise(
        "Used more than once",
        "A value that is used twice gets two contributions. contributions is a list of pairs, the "
        "name of a value and an amount. Return a dict with the gradient of each name.",
        "Begin with 0 for each name, and add every amount to what the dict has.",
        solutions.accumulate,
        [
            Case(([("a", 2.0), ("b", 3.0)],), {"a": 2.0, "b": 3.0}, "Each name has its amount."),
            Case(([("a", 2.0), ("a", 3.0)],), {"a": 5.0},
                 "The second contribution is added to the first, it does not replace it."),
            Case(([],), {}, "Where nothing arrives, there is nothing."),
        ],
    ),
]  # fmt: skip

_DIAMOND = {"y": ["b", "c"], "c": ["b"], "b": ["a"], "a": []}
_LEVELS = {"y": ["d", "b"], "d": ["c"], "c": ["b"], "b": ["a"]}
_TWICE = {"y": ["a", "a"], "other": ["a"]}
_DEEP = {i: [i - 1] for i in range(1, 5000)}
_DOUBLING = {i: [i - 1, i - 1] for i in range(1, 60)}


def _order_of(operands: dict, output: Any) -> Any:
    """Make a judge of orders in which every value stands before its operands."""

    def judge(order: Any) -> str:
        if not isinstance(order, list | tuple):
            return f"expected a list, got {order!r}"
        place = {value: i for i, value in enumerate(order)}
        reached = set(solutions.backward_order(operands, output))
        if len(place) < len(order):
            twice = next(v for v in order if order.count(v) > 1)
            return f"{twice!r} is in it {order.count(twice)} times"
        if missing := reached - set(place):
            return f"{sorted(missing)[0]!r} is missing"
        if extra := set(place) - reached:
            return f"{sorted(extra)[0]!r} is in it, on which {output!r} does not depend"
        for value in order:
            for operand in operands.get(value, []):
                if place[operand] < place[value]:
                    return f"{operand!r} comes before {value!r}, which uses it, in {order}"
        return ""

    return judge


def _graph(operands: dict, output: Any, meaning: str, shown: str = "") -> Case:
    return Case((operands, output), None, meaning, judge=_order_of(operands, output), shown=shown)


_GRAPHS = [
    Exercise(
        "The order of the backward pass",
        "operands says of each value which others it was computed from; leaves have an empty list "
        "or are not in it. Return a list of all that output depends on, itself first, each once, "
        "and each before its operands.",
        "Append a value to a list when all its operands are in it already, and turn the list "
        "around at the end. A stack of your own, in a list, has no limit of depth.",
        solutions.backward_order,
        [
            _graph({"y": ["a", "b"]}, "y", "The output comes first, and then its operands."),
            _graph(_DIAMOND, "y", "b is used by y and by c: it has to wait for both. Append a "
                   "value after its operands, and turn the list around."),
            _graph(_LEVELS, "y", "b is near to y on one way and far on the other; level by level "
                   "is not enough."),
            _graph(_TWICE, "y", "A value may be an operand twice, and is in the order once. What y "
                   "does not depend on is left out."),
            _graph(_DOUBLING, 59, "There are 2**59 ways through this graph, and 60 values: visit "
                   "each value once.", "backward_order of a value doubled 59 times"),
            _graph(_DEEP, 4999, "A chain of 5,000 values is too deep for a function that calls "
                   "itself: use a stack of your own.", "backward_order of a chain of 5,000 values"),
        ],
    ),
    Exercise(
        "The backward pass",
        "order is a list that has each value before its operands, the output first. slopes says of "
        "each value which (operand, local slope) pairs it was computed from. Return a dict with "
        "the gradient of every value in order.",
        "The output has 1, all others begin with 0. Go through the order: each value adds its own "
        "gradient times the local slope to each operand.",
        solutions.backward,
        [
            Case(({}, ["y"]), {"y": 1.0}, "The gradient of the output is 1."),
            Case(({"y": [("a", 3.0), ("b", 2.0)]}, ["y", "a", "b"]),
                 {"y": 1.0, "a": 3.0, "b": 2.0}, "Each operand gets its local slope, times 1."),
            Case(({"y": [("b", 5.0)], "b": [("a", 2.0)]}, ["y", "b", "a"]),
                 {"y": 1.0, "b": 5.0, "a": 10.0}, "Slopes along a way are multiplied."),
            Case(({"y": [("a", 3.0), ("a", 3.0)]}, ["y", "a"]), {"y": 1.0, "a": 6.0},
                 "y = a * a uses a twice, and both uses are added."),
            Case(({"y": [("b", 1.0), ("c", 1.0)], "c": [("b", 3.0)], "b": [("a", 2.0)]},
                  ["y", "c", "b", "a"]), {"y": 1.0, "c": 1.0, "b": 4.0, "a": 8.0},
                 "b gets 1 from y and 3 from c, and hands the sum on."),
        ],
    ),
]  # fmt: skip

_LEARNING = [
    Exercise(
        "One step of gradient descent",
        "Return new parameters: each moved against its gradient, by the learning rate lr times it.",
        "Downhill is against the gradient: p - lr * g.",
        solutions.gradient_step,
        [
            Case(([1.0], [2.0], 0.1), [0.8], "The gradient points uphill: subtract it."),
            Case(([1.0, -1.0], [0.0, -4.0], 0.5), [1.0, 1.0],
                 "Each parameter has its own gradient; where it is 0 nothing moves."),
        ],
    ),
    Exercise(
        "Learning a line",
        "Fit w * x + b to the targets by gradient descent on the mean of the squared errors. Begin "
        "with w = b = 0, take so many steps with the rate lr, and return w and b.",
        "With e = w * x + b - target, the slope of the mean of e² in w is the mean of 2 * e * x, "
        "and in b the mean of 2 * e. Compute both before you move either.",
        solutions.learn,
        [
            Case(([1.0, 2.0], [3.0, 5.0], 0.1, 0), (0.0, 0.0), "No step leaves w = b = 0."),
            Case(([1.0, 3.0], [2.0, 4.0], 0.1, 1), (1.4, 0.6),
                 "One step: the errors are -2 and -4, so the slopes are -14 in w and -6 in b, "
                 "means over both samples of 2 * e * x and 2 * e."),
            Case(([1.0, 3.0], [2.0, 4.0], 0.05, 2), (0.99, 0.43),
                 "In the second step the errors are those of the moved line, and the slope in b is "
                 "taken before w moves."),
            Case(([-1.0, 0.0, 1.0, 2.0], [-1.0, 1.0, 3.0, 5.0], 0.1, 500), (2.0, 1.0),
                 "After 500 steps it is 2x + 1, from which the targets were made.", tolerance=1e-6),
        ],
    ),
]  # fmt: skip
