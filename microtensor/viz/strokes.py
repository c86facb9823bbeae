"""How is a curve written as SVG? Lines, dots, words and round numbers, in colours of the theme."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

import numpy as np

_TICKS = 5


def ticks(low: float, high: float) -> list[float]:
    """Give at most five round numbers in a range.

    >>> ticks(-5, 5), ticks(-0.06, 1.06)
    ([-4.0, -2.0, 0.0, 2.0, 4.0], [0.0, 0.25, 0.5, 0.75, 1.0])
    """
    power = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    for step in (power * factor for factor in (1, 2, 2.5, 5, 10, 20, 25)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < _TICKS:
            break
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def jumps(y: np.ndarray) -> np.ndarray:
    """Tell between which points a function jumps: where it moves far more than a little aside.

    A jump through the middle, as that of ``sign`` through 0, takes two steps.

    >>> jumps(np.sign(np.linspace(-3, 3, 7))).astype(int)
    array([0, 0, 1, 1, 0, 0])
    """
    steps = np.abs(np.diff(y))
    aside = np.pad(steps, 2, constant_values=0.0)
    aside = np.maximum(aside[:-4], aside[4:])
    finite = y[np.isfinite(y)]
    return np.asarray(steps > 20 * aside + 0.05 * np.ptp(finite)) if finite.size else steps > 0


def path(x: np.ndarray, y: np.ndarray, broken: np.ndarray) -> str:
    """Write a line through points, taken up where it is broken or not finite."""
    words, pen = [], False
    for k, (a, b) in enumerate(zip(x, y, strict=True)):
        if not math.isfinite(b):
            pen = False
            continue
        if k and broken[k - 1]:
            pen = False
        words.append(f"{'L' if pen else 'M'}{a:.1f} {b:.1f}")
        pen = True
    return "".join(words)


def dots(x: np.ndarray, y: np.ndarray) -> str:
    """Draw the places of a way, the first one open, and a line through them."""
    through = path(x, y, np.zeros(len(x), bool))
    found = f'<path d="{through}" fill="none" stroke="var(--ink)" stroke-width="1.2"/>'
    for k, (a, b) in enumerate(zip(x, y, strict=True)):
        found += (
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="var(--{"ink" if k else "page"})" '
            'stroke="var(--ink)" stroke-width="1.2"/>'
        )
    return f'<g clip-path="url(#CLIP)">{found}</g>'


def line(a: tuple[float, float], b: tuple[float, float], is_axis: bool) -> str:
    color, width = ("muted", 1) if is_axis else ("cluster_line", 0.6)
    return (
        f'<path d="M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" '
        f'stroke="var(--{color})" stroke-width="{width}"/>'
    )


def text(
    x: float, y: float, words: str, color: str, size: float, anchor: str, more: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="var(--{color})"{more}>{escape(words)}</text>'
    )
