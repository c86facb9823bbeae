"""How does one number go with another? Lines and points over the same axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ArgumentError, ShapeError
from . import canvas
from .theme import LIGHT

Pairs = Mapping[str, Any]


def plot(
    lines: Pairs,
    *,
    points: Pairs | None = None,
    names: Sequence[str] = ("x", "y"),
    title: str | None = None,
    log: bool = False,
    equal: bool = False,
) -> Any:
    """Draw what one number is for each of another: lines, and points among them.

    Parameters
    ----------
    lines : dict of str to (x, y)
        What each line is called, and its places: two arrays or Values of the same size. Where one
        is nan, the line is interrupted.
    points : dict of str to (x, y), optional
        The same, drawn as single points.
    names : two of str
        What the two numbers are.
    title : str, optional
    log : bool, default False
        Whether the axis of ``y`` is logarithmic.
    equal : bool, default False
        Whether both axes have one scale, as those of a map do.

    Returns
    -------
    matplotlib.figure.Figure
        It shows itself in a notebook; ``.save("plot.svg")`` writes it.

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    ShapeError
        If the two arrays differ in size.
    DependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.linspace(0, 1, 50)
    >>> figure = plot({"exact": (t, np.exp(-t))}, points={"measured": ([0.5], [0.6])})
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['exact', 'measured']
    """
    points = points or {}
    if not lines and not points:
        raise ArgumentError(
            "plot: there is nothing to draw.",
            expected='lines or points by their names, such as {"exact": (x, y)}',
            got="neither",
        )
    figure = canvas.figure(6.4, 5.2 if equal else 3.4)
    axes = figure.subplots()
    canvas.tidy(axes, title=title or "", x=names[0], y=names[1])
    if log:
        axes.set_yscale("log")
    if equal:
        axes.set_aspect("equal", adjustable="datalim")
    colors = canvas.SERIES
    for k, (name, pair) in enumerate(lines.items()):
        dashes = canvas.DASHES[min(k, len(canvas.DASHES) - 1)]  # told apart without colours, too
        axes.plot(
            *_places(name, pair), dashes, color=colors[k % len(colors)], linewidth=2, label=name
        )
    for k, (name, pair) in enumerate(points.items(), start=len(lines)):
        marker = canvas.MARKERS[(k - len(lines)) % len(canvas.MARKERS)]
        axes.plot(
            *_places(name, pair), marker, color=colors[k % len(colors)], markersize=5, label=name
        )
    if len(lines) + len(points) > 1:
        axes.legend(frameon=False, fontsize=9, labelcolor=LIGHT.ink)
    return figure


def _places(name: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    """Give the two arrays of a line, in one row each."""
    given = pair if isinstance(pair, tuple | list) and len(pair) == 2 else (pair,)
    arrays = [np.ravel(np.asarray(plain(x), dtype=float)) for x in given]
    if len(arrays) != 2 or arrays[0].size != arrays[1].size:
        raise ShapeError(
            f"plot: {name} must be two arrays of one size.",
            expected="(x, y), a place in y for each in x",
            got=", ".join(f"shape {np.shape(plain(x))}" for x in given),
        )
    return arrays[0], arrays[1]
