"""Which quizzes are there? Six, from one neuron to one that no longer learns."""

from __future__ import annotations

import math
from typing import Any

from .asking import Quiz


def quizzes() -> list[Quiz]:
    """Six quizzes that go with the course; each has a page, and keeps its answers back.

    Returns
    -------
    list of Quiz
        Each with ``text``, ``page()``, ``blanks``, ``check(answers)`` and ``answers``.

    Examples
    --------
    >>> import microtensor as mt
    >>> print(mt.teaching.quizzes()[2])
    A value used twice
    <BLANKLINE>
      s = a + c, and p = s × a: a is used twice. Both uses change L, and both
      contributions are added.
    <BLANKLINE>
      Find ∂L/∂p, ∂L/∂s, ∂L/∂a, ∂L/∂c.
    <BLANKLINE>
      page() asks on a page; check({name: number}) checks answers.
    """
    return list(_ALL)


def _number(x: float, name: str, learned: bool = True) -> Any:
    import microtensor as mt

    return mt.Value(float(x), name=name, requires_grad=learned)


def _named(name: str, value: Any) -> Any:
    value.name = name
    return value


def _half_square(name: str, inside: str, difference: Any) -> Any:
    return _named(name, 0.5 * _named(f"{inside}²", _named(inside, difference) ** 2))


def _neuron() -> Any:
    """Of A. Karpathy's lecture on micrograd: the bias is chosen so that 1 - o² is one half."""
    x1, x2 = _number(2, "x1"), _number(0, "x2")
    w1, w2, b = _number(-3, "w1"), _number(1, "w2"), _number(6.8813735870195432, "b")
    n = _named("n", _named("s", _named("p1", x1 * w1) + _named("p2", x2 * w2)) + b)
    return _named("o", n.tanh())


def _mazur() -> Any:
    """M. Mazur, *A Step by Step Backpropagation Example* (2015), in the article's names."""
    i1, i2 = _number(0.05, "i1", learned=False), _number(0.10, "i2", learned=False)
    w = {k: _number(x, f"w{k}") for k, x in enumerate(
        (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55), 1)}  # fmt: skip
    b1, b2 = _number(0.35, "b1"), _number(0.60, "b2")

    def neuron(name: str, first: Any, second: Any, b: Any) -> Any:
        weighted = _named(f"sum_{name}", first[0] * first[1] + second[0] * second[1])
        net = _named(f"net_{name}", weighted + b)
        return _named(f"out_{name}", net.sigmoid())

    h1 = neuron("h1", (w[1], i1), (w[2], i2), b1)
    h2 = neuron("h2", (w[3], i1), (w[4], i2), b1)
    o1 = neuron("o1", (w[5], h1), (w[6], h2), b2)
    o2 = neuron("o2", (w[7], h1), (w[8], h2), b2)
    E_o1 = _half_square("E_o1", "d1", 0.01 - o1)
    E_o2 = _half_square("E_o2", "d2", 0.99 - o2)
    return _named("E", E_o1 + E_o2)


def _used_twice() -> Any:
    a, c = _number(2, "a"), _number(3, "c")
    return _named("L", 3 * _named("p", _named("s", a + c) * a))


def _layer() -> Any:
    """W x + b, number by number, and half the squared distance from a target."""
    x = [_number(2, "x1"), _number(1, "x2")]
    W = [[_number(1, "W11"), _number(-2, "W12")], [_number(3, "W21"), _number(1, "W22")]]
    b, target = [_number(1, "b1"), _number(-1, "b2")], [0.0, 4.0]
    errors = []
    for row, bias, aim, k in zip(W, b, target, "12", strict=True):
        weighted = _named(f"s{k}", row[0] * x[0] + row[1] * x[1])
        z = _named(f"z{k}", weighted + bias)
        errors.append(_half_square(f"E{k}", f"d{k}", z - aim))
    return _named("L", errors[0] + errors[1])


def _cross_entropy() -> Any:
    """Three scores, of which the first is the right class; its chance is one half."""
    z = [_number(math.log(2), "z1"), _number(0, "z2"), _number(0, "z3")]
    e = [_named(f"e{k}", score.exp()) for k, score in enumerate(z, 1)]
    total = _named("S", _named("e12", e[0] + e[1]) + e[2])
    p1 = _named("p1", e[0] / total)
    return _named("L", -_named("ln p1", p1.log()))


def _dead_relu() -> Any:
    x, t = _number(2, "x", learned=False), 4.0
    w1, b1, w3 = _number(1, "w1"), _number(1, "b1"), _number(2, "w3")
    w2, b2, w4 = _number(-2, "w2"), _number(1, "b2"), _number(5, "w4")
    h1 = _named("h1", _named("z1", w1 * x + b1).relu())
    h2 = _named("h2", _named("z2", w2 * x + b2).relu())
    y = _named("y", w3 * h1 + w4 * h2)
    return _half_square("L", "d", y - t)


_ALL = (
    Quiz(
        "neuron",
        "A neuron",
        "Two inputs, two weights, a bias and tanh. The slope of tanh is 1 - o², which is one half "
        "here. A sum hands on what arrives; a product multiplies it by the other factor.",
        _neuron,
        "01-a-neuron",
    ),
    Quiz(
        "mazur",
        "The chain rule on Mazur's network",
        "Begin with w5, as the article does: E, E_o1, out_o1, net_o1, w5. Then w1, which acts on "
        "both outputs. The slope of the sigmoid is out × (1 - out).",
        _mazur,
        "05-the-backward-pass",
    ),
    Quiz(
        "used-twice",
        "A value used twice",
        "s = a + c, and p = s × a: a is used twice. Both uses change L, and both contributions "
        "are added.",
        _used_twice,
        "06-why-order-matters",
    ),
    Quiz(
        "layer",
        "A layer as a matrix",
        "z = W x + b, number by number, and L is half the squared distance of z from (0, 4). The "
        "gradient of W is that of z times x; the gradient of x is Wᵀ times that of z.",
        _layer,
        "03-the-matrix-form",
    ),
    Quiz(
        "cross-entropy",
        "Softmax and cross-entropy",
        "Three scores become chances, and the loss is -ln of the first, which is 1/2. The way back "
        "is long, and its end is short: the gradient of the scores is the chances minus (1, 0, 0).",
        _cross_entropy,
        "09-many-classes",
    ),
    Quiz(
        "dead-relu",
        "A relu that is dead",
        "Two neurons. The second one's z is below 0: a large gradient arrives at h2, and nothing "
        "comes through. What does gradient descent change in it?",
        _dead_relu,
        "02-nonlinearities",
    ),
)
