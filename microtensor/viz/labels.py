"""Where does a number on a line stand? Where no other number is, and few other lines pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

Point = tuple[float, float]

_HEIGHT, _CHARACTER = 0.17, 0.075  # inches, of 9.5 points in Arial with a margin
_STEPS = 25


class Placed(NamedTuple):
    """The middle of one label, in inches."""

    id: str
    x: float
    y: float


def spread(
    lines: Mapping[str, tuple[Point, Point]],
    texts: Mapping[str, str],
    *,
    margin: float,
    rows: int = 1,
) -> list[Placed]:
    """Choose a place on each line for its text, the most crowded lines first.

    Parameters
    ----------
    lines : mapping of id to two points
        Straight lines, in inches.
    texts : mapping of id to str
        What is to be written on each.
    margin : float
        How much of each end stays free.
    rows : int, default 1
        How many lines of text each has.

    Returns
    -------
    list of Placed
        One per line. The same for the same input.
    """
    placed: list[tuple[Placed, float]] = []
    height = _HEIGHT * rows
    for id, (a, b) in sorted(lines.items()):
        half = (_CHARACTER * len(texts[id]) + 0.08) / 2
        length = math.dist(a, b)
        start = min(0.45, (margin + half + 0.04) / length)
        best, least = None, math.inf
        for step in range(_STEPS):
            t = start + (1 - 2 * start) * step / (_STEPS - 1)
            x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
            cost = 0.15 * abs(t - 0.4)
            for other, reach in placed:
                dx = half + reach - abs(x - other.x)
                dy = height - abs(y - other.y)
                if dx > 0 and dy > 0:
                    cost += 10 * dx * dy / (half * height)
            for name, (c, d) in lines.items():
                if name != id and c[0] <= x <= d[0]:
                    gap = abs(c[1] + (x - c[0]) / (d[0] - c[0]) * (d[1] - c[1]) - y)
                    cost += max(0.0, 1 - gap / height)
            if cost < least:
                best, least = Placed(id, x, y), cost
        assert best is not None
        placed.append((best, half))
    return [place for place, _ in placed]
