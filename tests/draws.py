"""How samples are drawn: inputs of a domain and shape, cases of a function, rows of the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from microtensor.primitives import name_of


class Draw(NamedTuple):
    """One input that gradients are asked for; shape None draws a Python number."""

    shape: tuple[int, ...] | None
    sample: Callable

    def __call__(self, rng: np.random.Generator) -> Any:
        if self.shape is None:
            return float(self.sample(rng, ()))
        return np.asarray(self.sample(rng, self.shape))

    def of(self, shape: tuple[int, ...] | None) -> Draw:
        return self._replace(shape=shape)


def normal(*shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.standard_normal(s))


def between(low: float, high: float, *shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.uniform(low, high, s))


def positive(*shape: int) -> Draw:
    return between(0.3, 2.0, *shape)


def nonzero(*shape: int) -> Draw:
    """Numbers at least 0.3 away from a kink or pole at 0."""
    return Draw(shape, lambda rng, s: rng.choice([-1.0, 1.0], s) * rng.uniform(0.3, 1.5, s))


def offgrid(*shape: int) -> Draw:
    """Numbers at least 0.2 away from every multiple of 1/2."""
    return Draw(shape, lambda rng, s: rng.integers(-4, 5, s) + rng.choice([0.2, 0.7, -0.3], s))


def distinct(*shape: int) -> Draw:
    """Numbers no two of which are nearer than 0.2, so that no step makes a tie."""

    def sample(rng: np.random.Generator, s: tuple[int, ...]) -> Any:
        return 0.3 * rng.permutation(math.prod(s)).reshape(s) - 1 + 0.1 * rng.random()

    return Draw(shape, sample)


class Case(NamedTuple):
    """One call: inputs (drawn, or constants as they are), and options; ``how`` if it is unusual."""

    inputs: tuple
    options: dict[str, Any]
    how: Callable | None = None

    def draw(self, seed: int = 0) -> list[Any]:
        rng = np.random.default_rng(seed)
        return [i(rng) if isinstance(i, Draw) else i for i in self.inputs]

    @property
    def places(self) -> list[int]:
        """Which inputs are drawn, and so differentiated by."""
        return [n for n, i in enumerate(self.inputs) if isinstance(i, Draw)]

    def call(self, fn: Callable, inputs: list[Any]) -> Any:
        if self.how is not None:
            return self.how(fn, *inputs)
        return fn(*inputs, **self.options)


def case(*inputs: Any, how: Callable | None = None, **options: Any) -> Case:
    return Case(inputs, options, how)


class Row:
    """What is sampled of one function.

    Parameters
    ----------
    fn : callable
        The function, as a key of the registry, or any other way to call one.
    *cases : Case or list of Case
    value : callable, optional
        An independent formula for the output, on plain arrays; ``fn`` itself, which for a function
        of NumPy's is NumPy, if not given.
    name : str, optional
    through : tuple of callable
        Further entries of the registry, which this function is rewritten with.
    changes_dtype : bool
        Whether the output's dtype is an option.
    differenced : bool
        Whether it takes no complex numbers as it takes real ones, so that central differences
        must serve in place of the complex step.
    """

    def __init__(
        self, fn: Callable, *cases: Any, value: Callable | None = None, name: str | None = None,
        through: tuple = (), changes_dtype: bool = False, differenced: bool = False,
    ) -> None:  # fmt: skip
        self.fn, self.value, self.through = fn, value or fn, through
        self.name = name or name_of(fn)
        self.changes_dtype, self.differenced = changes_dtype, differenced
        self.cases: list[Case] = []
        for c in cases:
            self.cases.extend([c] if isinstance(c, Case) else c)

    def __repr__(self) -> str:
        return self.name

    def samples(self) -> Iterator[tuple[Case, list[Any]]]:
        for n, c in enumerate(self.cases):
            yield c, c.draw(seed=n)


def unary(domain: Callable[..., Draw]) -> list[Case]:
    """A function of one number: on a number, no axis, one, two, and on nothing."""
    draw = domain()
    return [case(draw.of(shape)) for shape in (None, (), (5,), (2, 3), (0, 3))]


def binary(
    left: Callable[..., Draw], right: Callable[..., Draw] | None = None, numbers: bool = True
) -> list[Case]:
    """A function of two numbers: all the ways to broadcast; with numbers, Python's too."""
    shapes: list[tuple] = [
        ((2, 3), (2, 3)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((), (3,)), ((2, 3), ()), ((), ()),
        ((1,), (2, 3)), ((0, 3), (3,)), ((0, 3), (1, 3)),
    ]  # fmt: skip
    if numbers:
        shapes += [(None, (3,)), ((3,), None), (None, None), (None, ())]
    a, b = left(), (right or left)()
    return [case(a.of(s), b.of(t)) for s, t in shapes]
