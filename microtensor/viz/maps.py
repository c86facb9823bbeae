"""Which numbers are large, and which are negative? An array as colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ArgumentError, ShapeError
from . import canvas
from .theme import LIGHT, shape_word, short

_WRITTEN = 12  # rows and columns; in larger ones numbers could not be read


def heatmap(
    array: Any,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    title: str | None = None,
    limit: float | None = None,
) -> Any:
    """Draw an array as colours: purple for negative, white for 0, green for positive.

    What is not finite has a colour that nothing else has. Small arrays show their numbers, too.

    Parameters
    ----------
    array : (R, C) or (C,) Value or array_like
    rows, columns : sequence of str, optional
        What they are; their places if not given.
    title : str, optional
    limit : float, optional
        Which number has the darkest green, and its negative the darkest purple: give the same to
        compare several maps. The largest magnitude by itself.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If it has more than two axes or no numbers, or there are not as many names as rows.
    ArgumentError
        If the limit is not greater than 0.
    DependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> figure = heatmap([[1.0, -2.0], [np.nan, 0.0]], columns=["w", "b"], title="weights")
    >>> figure.axes[0].images[0].get_clim()
    (-2.0, 2.0)
    """
    x = np.asarray(plain(array), dtype=float)
    shape = x.shape
    x = x[None, :] if x.ndim == 1 else x
    _check(x, shape, rows, columns, limit)
    finite = np.isfinite(x)
    size = limit if limit is not None else float(np.max(np.abs(x[finite]), initial=0.0)) or 1.0
    height, width = x.shape
    figure = canvas.figure(*_size(width, height))
    axes = figure.subplots()
    shown = np.where(finite, x, np.nan)
    picture = axes.imshow(
        np.ma.masked_invalid(shown), cmap=color_map(), vmin=-size, vmax=size, aspect="equal",
        interpolation="nearest",
    )  # fmt: skip
    canvas.tidy(axes, title=title or "", grid=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _names(axes.xaxis, columns, width)
    _names(axes.yaxis, rows, height)
    if height == 1 and rows is None:
        axes.set_yticks([])
    if max(x.shape) <= _WRITTEN:
        _write(axes, x, size)
    bar = figure.colorbar(picture, ax=axes, shrink=0.8, aspect=18, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=LIGHT.muted, labelsize=8, length=0)
    canvas.keep(axes)
    canvas.keep(bar.ax)
    if not finite.all():
        axes.set_xlabel(f"yellow: {int(np.sum(~finite))} not finite", fontsize=9, color=LIGHT.muted)
    return figure


def color_map() -> Any:
    """Give the theme's ramp from purple over white to green, with its colour for NaN."""
    canvas.figure_class()  # or say what is missing
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("microtensor", LIGHT.heat)
    return ramp.with_extremes(bad=LIGHT.nan)


def _check(
    x: np.ndarray, shape: tuple[int, ...], rows: Any, columns: Any, limit: float | None
) -> None:
    if x.ndim != 2 or not x.size:
        raise ShapeError(
            "heatmap: an array of one or two axes is needed.",
            expected="shape (R, C) or (C,), with numbers in it",
            got=f"shape {shape}",
            hint="Take a part, as in heatmap(w[0]), or reshape it.",
        )
    for word, names, n in (("rows", rows, x.shape[0]), ("columns", columns, x.shape[1])):
        if names is not None and len(names) != n:
            raise ShapeError(
                f"heatmap: {word} must name each of them.",
                expected=f"{n} names, for an array of shape {shape_word(x.shape)}",
                got=f"{len(names)} names",
            )
    if limit is not None and not 0 < limit < np.inf:
        raise ArgumentError(
            "heatmap: limit must be greater than 0.", expected="such as 1.0", got=repr(limit)
        )


def _size(width: int, height: int) -> tuple[float, float]:
    """Choose inches: cells of a third of an inch, in a figure that fits on a slide."""
    cell = min(0.5, 8.0 / max(width, 2 * height))
    return max(2.6, cell * width + 1.8), max(1.3, cell * height + 0.9)


def _names(axis: Any, names: Sequence[str] | None, n: int) -> None:
    if names is not None:
        turned = axis.axis_name == "x" and max(map(len, names)) > 6
        look = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if turned else {}
        axis.set_ticks(range(n), list(names), **look)
    elif n <= _WRITTEN:
        axis.set_ticks(range(n))
    else:
        axis.get_major_locator().set_params(integer=True)


def _write(axes: Any, x: np.ndarray, size: float) -> None:
    for (i, j), number in np.ndenumerate(x):
        dark = np.isfinite(number) and abs(number) > 0.6 * size
        axes.text(
            j, i, short(number, 2), ha="center", va="center", fontsize=8,
            color=LIGHT.page if dark else LIGHT.ink,
        )  # fmt: skip
