"""Where are figures drawn? On matplotlib's, loaded when the first is drawn, with no global state.

A figure here is a matplotlib ``Figure`` that shows itself in a notebook and saves itself. It is not
registered with pyplot, so that it needs no ``close`` and opens no window.
"""

from __future__ import annotations

import functools
from io import BytesIO
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, DependencyError
from ..files import write_whole
from .theme import LIGHT

SERIES = (
    LIGHT.forward, LIGHT.backward, LIGHT.output[1], LIGHT.heat[-1], LIGHT.heat[0], LIGHT.param[1],
)  # fmt: skip
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
_DPI = 144
_FORMATS = ("svg", "png", "pdf")


@functools.cache
def figure_class() -> Any:
    """Give the class of figures.

    Raises
    ------
    DependencyError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError(
            "Figures need matplotlib, and it is not installed.",
            hint='pip install "microtensor[plot]"',
        ) from error

    class Plot(Figure):
        """A matplotlib figure that shows itself in a notebook, and that ``save`` writes."""

        def _repr_png_(self) -> bytes:
            return _content(self, "png")

        def save(self, path: Any) -> Path:
            """Write it to a file, whole or not at all, in the format of its suffix."""
            kind = Path(path).suffix.lower().removeprefix(".")
            if kind not in _FORMATS:
                raise ArgumentError(
                    "save: the suffix says how a figure is written.",
                    expected=".svg, .png or .pdf",
                    got=repr(Path(path).suffix),
                )
            return write_whole(path, _content(self, kind))

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            FigureCanvasAgg(self)

    return Plot


def figure(width: float, height: float) -> Any:
    """Make an empty figure, of so many inches."""
    return figure_class()(figsize=(width, height), layout="constrained", facecolor=LIGHT.page)


def tidy(axes: Any, *, title: str = "", x: str = "", y: str = "", grid: bool = True) -> None:
    """Give axes the look of all: few lines, the title at the left, words in ink."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LIGHT.heat_line)
    axes.tick_params(colors=LIGHT.muted, labelsize=9, which="both")
    axes.set_title(title, loc="left", fontsize=11, color=LIGHT.ink, weight="bold")
    axes.set_xlabel(x, fontsize=10, color=LIGHT.muted)
    axes.set_ylabel(y, fontsize=10, color=LIGHT.muted)
    if grid:
        axes.grid(color=LIGHT.cluster_line, linewidth=0.6)
        axes.set_axisbelow(True)


def end_labels(axes: Any, ends: list[tuple[float, float, str, str]]) -> None:
    """Write what each line is at its end, one below the other where lines meet.

    Parameters
    ----------
    ends : list of (x, y, text, color)
    """
    axes.figure.canvas.draw()
    to_pixels = axes.transData.transform
    step = 12 * axes.figure.dpi / 72
    ends = sorted(ends, key=lambda end: end[1])
    places = [float(to_pixels(end[:2])[1]) for end in ends]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + step)
    for (x, y, text, color), place in zip(ends, places, strict=True):
        offset = (place - float(to_pixels((x, y))[1])) * 72 / axes.figure.dpi
        axes.annotate(
            text, (x, y), xytext=(6, offset), textcoords="offset points", va="center",
            fontsize=9, color=color, annotation_clip=False,
        )  # fmt: skip


def _content(plot: Any, kind: str) -> bytes:
    import matplotlib

    content = BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    # What is written does not depend on the day, nor on the ids of a run.
    with matplotlib.rc_context({"svg.hashsalt": "microtensor"}):
        plot.savefig(content, format=kind, dpi=_DPI, metadata=metadata)
    return content.getvalue()
