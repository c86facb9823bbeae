"""Where are figures drawn? On matplotlib's, loaded when the first is drawn, with no global state.

A figure here is a matplotlib ``Figure`` that shows itself in a notebook and saves itself. It is not
registered with pyplot, so that it needs no ``close`` and opens no window. As SVG it follows the
reader's dark mode: page, words and lines change their colours. What stands on a map, whose own
colours stay, is kept as it is; see `keep`.
"""

from __future__ import annotations

import functools
import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ..errors import ArgumentError, DependencyError
from ..files import write_whole
from .theme import DARK, LIGHT, clean, light_to_dark

SERIES = (
    LIGHT.forward, LIGHT.backward, LIGHT.output[1], LIGHT.heat[-1], LIGHT.heat[0], LIGHT.param[1],
)  # fmt: skip
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
_DPI = 144
_KEPT = "kept"  # how the names of groups begin that dark mode leaves alone
_HEARD = 8  # texts inside of axes; more are a table's
_DRAWN = (LIGHT.page, LIGHT.ink, LIGHT.muted, LIGHT.heat_line, LIGHT.cluster_line, *SERIES)
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

        def _repr_svg_(self) -> str | None:
            return _content(self, "svg").decode() if _is_flat(self) else None  # a megabyte

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


def keep(axes: Any) -> None:
    """Let what is drawn inside of axes stay as it is in dark mode; call it last.

    Title, labels and ticks stand on the page, and change with it.
    """
    outside = {
        axes.patch,
        axes.xaxis,
        axes.yaxis,
        *axes.spines.values(),
        axes.title,
        axes._left_title,
        axes._right_title,
    }
    for i, artist in enumerate(axes.get_children()):
        if artist not in outside:
            artist.set_gid(f"{_KEPT}{axes.figure.axes.index(axes)}-{i}")


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
    is_kept = kind != "svg" or not _is_flat(plot)  # mountains have shades of their own
    return content.getvalue() if is_kept else _for_readers(content.getvalue(), _words(plot))


def _is_flat(plot: Any) -> bool:
    return all(axes.name != "3d" for axes in plot.axes)


def _words(plot: Any) -> str:
    """Say what a figure shows, for those who hear it: titles, axes, and what lines are called."""
    words = [plot.get_suptitle()]
    for axes in plot.axes:
        words += [axes.get_title(loc="left"), axes.get_ylabel(), axes.get_xlabel()]
        legend = axes.get_legend()
        written = [*(legend.get_texts() if legend else ()), *axes.texts]
        words += [text.get_text() for text in written] if len(written) <= _HEARD else []
    return ", ".join(dict.fromkeys(word.strip() for word in words if word.strip()))


def _for_readers(svg: bytes, words: str) -> bytes:
    """Add words for a screen reader, and dark colours of lines, words and the page."""
    text = svg.decode()
    # Selectors reach the whole page when an SVG stands in one: they are bound to this picture.
    scope = "mt-" + hashlib.sha256(svg).hexdigest()[:8]
    rules = []
    for light, dark in {**dict(light_to_dark("auto")), LIGHT.page: DARK.page}.items():
        if light not in _DRAWN:
            continue
        for word in ("fill", "stroke"):
            found = f'[style*="{word}: {light.lower()}"]'  # as matplotlib writes it
            rules.append(f".{scope} {found}:not([id^={_KEPT}] *){{{word}:{dark}!important}}")
    style = "@media (prefers-color-scheme:dark){" + "".join(rules) + "}</style>"
    text = text.replace("<svg ", f'<svg role="img" class="{scope}" ', 1)
    title = f"<title>{escape(clean(words, 300))}</title>\n <defs>" if words else "<defs>"
    return text.replace("<defs>", title, 1).replace("</style>", style, 1).encode()
