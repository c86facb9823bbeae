"""Independent ways to a derivative, and what is claimed of two numbers that should be one.

The dot-product test holds all entries of a Jacobian J against the function at once: for random u
and v, uᵀ(J v) is the rate at which uᵀf changes along v. The complex step finds that rate to
rounding, ``Im f(x + ihv) / h``, since nothing is subtracted; where a function takes no complex
numbers, central differences find it to about ``eps ** (2/3)``.

References
----------
.. [1] Squire, Trapp, *Using Complex Variables to Estimate Derivatives of Real Functions* (1998).
.. [2] Nocedal, Wright, *Numerical Optimization* (2006), section 8.1.
.. [3] Fornberg, *Generation of Finite Difference Formulas on Arbitrarily Spaced Grids* (1988).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import microtensor as mt

EPS = float(np.finfo(np.float64).eps)
COMPLEX_STEP = 1e-30  # its square is far below rounding, so that the truncation error is none
STEP = EPS ** (1 / 4)  # the truncation error, step⁴, is rounding; kinks are further away
EXACT = 1000 * EPS  # the rounding of some hundred operations
DIFFERENCED = 100 * EPS ** (2 / 3)  # rounding, eps / step, of numbers up to about 1,000


class DisagreementError(AssertionError):
    """Two ways to the same number gave two numbers."""


class Rate(NamedTuple):
    """How fast a weighted output changes along a direction, how sure that is, and of what size."""

    number: float
    tolerance: float
    scale: float


def leaves(y: Any) -> list[Any]:
    return [x for part in y for x in leaves(part)] if isinstance(y, list | tuple) else [y]


def numbers(y: Any) -> list[np.ndarray]:
    return [np.asarray(x.data if isinstance(x, mt.Value) else x) for x in leaves(y)]


def weights(y: Any, rng: np.random.Generator) -> Any:
    """Draw random numbers in the structure of an output."""
    if isinstance(y, list | tuple):
        return [weights(part, rng) for part in y]
    return rng.standard_normal(np.shape(numbers(y)[0]))


def dot(a: Any, b: Any) -> float:
    return sum(float(np.sum(x * y)) for x, y in zip(numbers(a), numbers(b), strict=True))


def size(a: Any, b: Any) -> float:
    return sum(float(np.sum(np.abs(x * y))) for x, y in zip(numbers(a), numbers(b), strict=True))


def rate(f: Callable, xs: Sequence, vs: Sequence, u: Any) -> Rate:
    """Find how fast uᵀf changes along v at x, by calling f on plain arrays only."""
    try:
        ys = numbers(f(*(x + 1j * COMPLEX_STEP * v for x, v in zip(xs, vs, strict=True))))
        if all(y.dtype.kind == "c" for y in ys):
            changes = [y.imag / COMPLEX_STEP for y in ys]
            return Rate(dot(u, changes), EXACT, size(u, changes))
    except TypeError:
        pass  # it takes no complex numbers
    return difference(f, xs, vs, u)


def difference(f: Callable, xs: Sequence, vs: Sequence, u: Any) -> Rate:
    """Find the same by central differences with two steps, of which the error in step² cancels."""
    outputs = [
        numbers(f(*(x + n * STEP * v for x, v in zip(xs, vs, strict=True)))) for n in (2, 1, -1, -2)
    ]
    changes = [
        (8 * (near - below) - (far - beyond)) / (12 * STEP)
        for far, near, below, beyond in zip(*outputs, strict=True)
    ]
    return Rate(dot(u, changes), DIFFERENCED, size(u, changes) + size(u, outputs[0]))


def same(what: str, found: float, expected: Rate, terms: float) -> None:
    """Object unless two numbers agree, relative to the sizes of the terms they are sums of."""
    error = abs(found - expected.number) / max(1.0, terms, expected.scale)
    if not error <= expected.tolerance:  # nan fails
        raise DisagreementError(
            f"{what}: {found!r} should be {expected.number!r} "
            f"(relative error {error:.1e}, tolerance {expected.tolerance:.1e})"
        )


def check_first(f: Callable, reference: Callable, xs: Sequence, seed: int = 0) -> None:
    """Hold reverse and forward mode of f against the rates of a reference on plain arrays."""
    rng = np.random.default_rng([1, seed])
    vs = [np.asarray(rng.standard_normal(np.shape(x)))[()] for x in xs]
    y, pull = mt.vjp(f, *xs)
    u = weights(y, rng)
    expected = rate(reference, xs, vs, u)
    gradients = pull(u)
    same("reverse mode", dot(gradients, vs), expected, size(gradients, vs))
    _, changes = mt.jvp(f, tuple(xs), tuple(vs))
    same("forward mode", dot(u, changes), expected, size(u, changes))


def check_reverse(f: Callable, reference: Callable, xs: Sequence, seed: int = 0) -> None:
    """Hold reverse mode alone against the rates of a reference."""
    rng = np.random.default_rng([1, seed])
    vs = [np.asarray(rng.standard_normal(np.shape(x)))[()] for x in xs]
    y, pull = mt.vjp(f, *xs)
    u = weights(y, rng)
    gradients = pull(u)
    same("reverse mode", dot(gradients, vs), rate(reference, xs, vs, u), size(gradients, vs))


def check_second(f: Callable, xs: Sequence, seed: int = 0) -> None:
    """Hold the gradient of a gradient against differences of the gradient."""
    rng = np.random.default_rng([2, seed])
    vs, ws = ([np.asarray(rng.standard_normal(np.shape(x)))[()] for x in xs] for _ in range(2))
    u = weights(mt.vjp(f, *xs)[0], rng)

    def slope(*points: Any) -> Any:
        """How fast uᵀf changes along w."""
        gradients = mt.vjp(f, *points)[1](u)
        return sum(np.sum(g * w) for g, w in zip(gradients, ws, strict=True))

    if any(isinstance(g, mt.Value) for g in _connected(f, xs, u)):
        (found,) = [mt.vjp(slope, *xs)[1](1.0)]
        same("second derivative", dot(found, vs), difference(slope, xs, vs, 1.0), size(found, vs))
    else:  # no gradient depends on an input: the function is linear
        expected = difference(slope, xs, vs, 1.0)
        same("second derivative", 0.0, expected, 0.0)


def _connected(f: Callable, xs: Sequence, u: Any) -> Sequence:
    """Give the gradients that stay connected to the inputs they depend on."""
    return [
        g
        for g in mt.vjp(f, *(mt.Value(x) for x in xs))[1](u)
        if isinstance(g, mt.Value) and g.requires_grad
    ]
