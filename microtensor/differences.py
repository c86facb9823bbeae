"""How fast does a function change? By differences of its numbers, and as far as they can tell.

Differences are taken with shorter and shorter steps until those on both sides agree, so that a
kink nearby is stepped over by no difference that counts. Where they never agree, but each side
settles by itself, there is a kink at this very place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # balances what a difference leaves out, step², with rounding, eps / step
TOLERANCE = 100 * EPS ** (2 / 3)  # a hundred times the error at that step
SMALLEST = 1e-6  # differences are relative to numbers of at least this size: below is rounding
_SHORTER, _TIMES = 8, 6  # so much shorter is each step than the one before, and so many there are
_CLOSE = 2.0**-24  # so close together are places that differ by rounding only; float32's, too
_ROUNDINGS = 8  # the formulas below add up eight times the noise of one number, at most

Line = Callable[[float], np.ndarray]  # the function's numbers, at a distance along a direction


class Rate(NamedTuple):
    """How fast the sum of a function's numbers changes along a line.

    ``below`` and ``above`` are the slopes on both sides; they are equal unless there is a kink.
    ``doubt`` is how far rounding may have moved them.
    """

    below: float
    above: float
    doubt: float
    kind: str  # "smooth", "kink", or "unclear": it jumps, is infinitely steep, or noise

    def nearest(self, slope: float) -> float:
        """Give the possible slope that is nearest to one: itself, between those of both sides."""
        low, high = sorted([self.below, self.above])
        return float(np.clip(slope, low, high))


def noise_of(line: Line, eps: float) -> float:
    """Estimate how far rounding moves the sum of a function's numbers.

    Fourth differences of numbers very close together leave nothing else, on the side where there
    is no kink. ``eps`` is the precision of the numbers, which is the least.

    References
    ----------
    .. [1] Moré, Wild, *Estimating Computational Noise* (2011).
    """
    sides = []
    for side in (_CLOSE, -_CLOSE):
        numbers = np.stack([line(side * n) for n in range(1, 7)])
        sides.append(float(np.max(np.sum(np.abs(np.diff(numbers, 4, axis=0)), axis=1))) / 8)
    return max(eps * float(np.sum(np.abs(line(0.0)))), min(sides))


def rate_of(line: Line, noise: float, scale: float, tolerance: float, step: float = STEP) -> Rate:
    """Find the slopes of a function's sum along a line.

    Parameters
    ----------
    line : callable
        Gives the function's numbers at a distance from where the slope is wanted.
    noise : float
        How far rounding moves their sum.
    scale : float
        Of what size slopes are.
    tolerance : float
        How far apart, relative to the scale, differences may be that agree.
    step : float
        The longest step.

    References
    ----------
    .. [1] Nocedal, Wright, *Numerical Optimization* (2006), section 8.1.
    .. [2] Richardson, *The Approximate Arithmetical Solution by Finite Differences* (1911).
    """
    start = line(0.0)
    sides: list[tuple[float, float]] = []
    doubt = 0.0
    for h in [step / _SHORTER**n for n in range(_TIMES)]:
        moves = {n: line(n * h) - start for n in (-4, -2, -1, 1, 2, 4)}
        s = {n: float(np.sum(move)) for n, move in moves.items()}
        one, two, four = ((s[n] - s[-n]) / (2 * n * h) for n in (1, 2, 4))
        central, coarser = (4 * one - two) / 3, (4 * two - four) / 3  # Richardson's: no step²
        above, below = (4 * s[1] - s[2]) / (2 * h), (s[-2] - 4 * s[-1]) / (2 * h)
        size = max(SMALLEST, scale, abs(central))
        doubt = _ROUNDINGS * (noise * _share(start, moves.values()) + EPS * size) / h
        apart = np.max(np.abs([above - below, central - coarser]))
        if apart <= tolerance * size + doubt:  # nan is not
            return Rate(central, central, doubt, "smooth")
        sides.append((below, above))
    (below, above), before = sides[-1], sides[-2]
    moved = np.max(np.abs(np.subtract(sides[-1], before)))
    settled = moved <= abs(above - below) / 20 + doubt
    return Rate(below, above, doubt, "kink" if settled else "unclear")


def _share(numbers: np.ndarray, moves: Iterable[np.ndarray]) -> float:
    """Tell how much of the noise is in numbers that move: the others have none to add."""
    whole = float(np.sum(np.abs(numbers)))
    moving = np.any([move != 0 for move in moves], axis=0)
    return float(np.sum(np.abs(numbers[moving]))) / whole if whole else 1.0
