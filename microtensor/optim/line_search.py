"""How far along a direction? Until both of Wolfe's strong conditions hold.

Legend: ``t`` is how far, ``f`` the loss there, ``slope`` its derivative along the direction. A step
is good if the loss fell enough, and is flat enough there::

    f(t) ≤ f(0) + c1 t slope(0)             |slope(t)| ≤ c2 |slope(0)|

References
----------
.. [1] Nocedal, Wright, *Numerical Optimization* (2006), algorithms 3.5 and 3.6. How a trial step is
   chosen is minFunc's (Schmidt, 2005), as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

C1, C2 = 1e-4, 0.9
NARROW = 1e-9  # as long as a bracket is worth being searched


class Point(NamedTuple):
    """A place on the line: how far, the loss (infinite if it is none), the gradient, the slope."""

    t: float
    f: float
    g: Any
    slope: float


Line = Callable[[float], Point]


def strong_wolfe(at: Line, start: Point, t: float, longest: float, most: int) -> tuple[Point, int]:
    """Find a good step.

    Parameters
    ----------
    at : callable
        Evaluates the loss at a distance.
    start : Point
        Distance 0; its slope is negative.
    t : float
        The first distance to try.
    longest : float
        The largest entry of the direction.
    most : int
        How many distances may be tried after the first.

    Returns
    -------
    Point
        Where both conditions hold, or the best that was found.
    int
        How many distances were tried.
    """
    a, b, tried = _bracket(at, start, t, most)
    if b is None:
        return a, tried
    return _zoom(at, start, [a, b], tried, longest, most)


def _bracket(at: Line, start: Point, t: float, most: int) -> tuple[Point, Point | None, int]:
    """Go on until a good step lies between two points, or is met: then there is no second."""
    before, now, tried = start, at(t), 1
    while tried <= most:
        if not _falls(now, start) or (tried > 2 and now.f >= before.f):
            return before, now, tried
        if _is_flat(now, start):
            return now, None, tried
        if now.slope >= 0:
            return before, now, tried
        bounds = now.t + 0.01 * (now.t - before.t), now.t * 10
        before, now = now, at(_lowest_of_cubic(before, now, bounds))
        tried += 1
    return start, now, tried


def _zoom(
    at: Line, start: Point, ends: list[Point], tried: int, longest: float, most: int
) -> tuple[Point, int]:
    """Narrow a bracket: try a place in it, and keep the side on which the loss falls."""
    low = _lower(ends)
    stuck = False
    while tried <= most and abs(ends[1].t - ends[0].t) * longest >= NARROW:
        t, stuck = _trial(ends, stuck)
        now = at(t)
        tried += 1
        if not _falls(now, start) or now.f >= ends[low].f:
            ends[1 - low] = now
            low = _lower(ends)
            continue
        if _is_flat(now, start):
            return now, tried
        if now.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = now
    return ends[low], tried


def _falls(p: Point, start: Point) -> bool:
    return p.f <= start.f + C1 * p.t * start.slope


def _is_flat(p: Point, start: Point) -> bool:
    return abs(p.slope) <= -C2 * start.slope


def _lower(ends: list[Point]) -> int:
    return 0 if ends[0].f <= ends[1].f else 1


def _trial(ends: list[Point], stuck: bool) -> tuple[float, bool]:
    """Choose a place between the ends: the cubic's lowest, unless that stays close to an end.

    The second time that it is close, or where it is an end, it is moved a tenth inwards.
    """
    first, last = sorted((ends[0].t, ends[1].t))
    t = _lowest_of_cubic(ends[0], ends[1], (first, last))
    tenth = 0.1 * (last - first)
    if min(last - t, t - first) >= tenth:
        return t, False
    if not stuck and first < t < last:
        return t, True
    return (last - tenth if abs(t - last) < abs(t - first) else first + tenth), False


def _lowest_of_cubic(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Find where the cubic through two points, with their slopes, is lowest between bounds.

    The middle of the bounds, where it has no lowest place; Nocedal and Wright, equation 3.59.
    """
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t) if b.t > a.t else math.nan
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (bounds[0] + bounds[1]) / 2
    d2 = math.sqrt(square)
    steepness = b.slope - a.slope + 2 * d2
    if steepness == 0:
        return (bounds[0] + bounds[1]) / 2
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / steepness)
    return min(max(t, bounds[0]), bounds[1])
