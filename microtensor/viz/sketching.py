"""How does a function of one number look? Its curve, and its derivative's: a panel for each.

The derivative is not written down anywhere here: it is that of the function's own rules. Blue is
the function and orange its derivative, as data and gradients are in every other picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from .. import backward
from ..calls import plain
from ..errors import ArgumentError, ShapeError
from ..files import write_whole
from ..value import Value
from .strokes import dots, jumps, line, path, text, ticks
from .theme import DARK, FONT_FAMILY, LIGHT, clean, number, short

_POINTS = 481  # odd, so that the middle, where many have a kink, is one of them
_WIDTH, _HEIGHT = 230, 170  # pixels of a panel, with its margins
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 26, 24
_COLUMNS = 4  # of a file
_TOKENS = ("page", "ink", "muted", "forward", "backward", "cluster_line")


class Curve(NamedTuple):
    """What is drawn in one panel.

    Attributes
    ----------
    name : str
    x, y : (N,) ndarray
    slope : (N,) ndarray or None
        The derivative at each x, where it is drawn.
    way : (M, 2) ndarray or None
        The places on it of somebody who goes down.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray | None
    way: np.ndarray | None = None


def sketch(
    *functions: Callable[[Any], Any] | Mapping[str, Callable[[Any], Any]],
    x: Sequence[float] = (-5.0, 5.0),
    y: Sequence[float] | None = None,
    derivative: bool = True,
    ways: Mapping[str, Any] | None = None,
) -> Sketch:
    """Sketch functions of one number with their derivatives: a panel for each function.

    It follows the reader's dark mode, and its panels find room on a phone.

    Parameters
    ----------
    *functions : callable, or dict of str to callable
        Each takes a Value of many numbers, and gives as many, entry by entry: ``mt.sigmoid``,
        ``np.sin``, ``lambda x: x**2``. In a dict, with the names to write above them.
    x : two of float
        From where to where.
    y : two of float, optional
        The same range for all, what is beyond is cut off. By itself, each panel has its own.
    derivative : bool, default True
        Whether to draw the derivative as well.
    ways : dict of str to (M,) array_like, optional
        By the name of a function, at which numbers an optimizer was: dots on its curve, with lines
        from each to the next.

    Returns
    -------
    Sketch
        It shows itself in a notebook; ``.save("curves.svg")`` writes it.

    Raises
    ------
    ArgumentError
        If there is no function, a range is not two rising numbers, or a way is on none of them.
    ShapeError
        If a function does not give as many numbers as it takes, or a way is not made of numbers.

    Examples
    --------
    >>> import microtensor as mt
    >>> print(sketch(mt.sigmoid, {"square": lambda x: x**2}, x=(-4, 4)))
    sigmoid   from 0.018 to 0.982   its derivative from 0.0177 to 0.25
    square   from 0 to 16   its derivative from −8 to 8
    >>> sketch({"loss": lambda w: w**2}, derivative=False, ways={"loss": [4, 2, 1]})
    loss   from 0 to 25   2 steps from 16 to 1
    """
    low, high = _range("x", x)
    if y is not None:
        y = _range("y", y)
    named: list[tuple[str, Callable[[Any], Any]]] = []
    for given in functions:
        pairs = given.items() if isinstance(given, Mapping) else [(_name_of(given), given)]
        named.extend(pairs)
    if not named:
        raise ArgumentError(
            "sketch: there is nothing to draw.",
            expected="functions of one number, such as mt.sigmoid",
            got="none",
        )
    points = np.linspace(low, high, _POINTS)
    points[np.abs(points) < 1e-12 * (high - low)] = 0.0  # 0 itself, not its rounding
    curves = [_curve(name, f, points, derivative) for name, f in named]
    for name, places in (ways or {}).items():
        k = _place([name for name, _ in named], name)
        curves[k] = curves[k]._replace(way=_way(*named[k], places))
    return Sketch(curves, y)


def _place(names: list[str], name: str) -> int:
    if name not in names:
        raise ArgumentError(
            "sketch: a way is on no curve.",
            expected=f"one of {', '.join(map(repr, names))}",
            got=repr(name),
        )
    return names.index(name)


def _way(name: str, function: Any, places: Any) -> np.ndarray:
    x = np.asarray(plain(places), dtype=float)
    if x.ndim != 1 or not x.size:
        raise ShapeError(
            f"sketch: the way on {name} must be made of numbers.",
            expected="shape (M,), the places one after the other",
            got=f"shape {x.shape}",
        )
    with np.errstate(all="ignore"):
        return np.stack([x, np.asarray(plain(function(x)), dtype=float)], axis=1)


def _range(option: str, given: Any) -> tuple[float, float]:
    ends = np.ravel(np.asarray(given, dtype=float))
    if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] < ends[1]:
        raise ArgumentError(
            f"sketch: {option} says from where to where.",
            expected="two numbers, the lower first, such as (-5, 5)",
            got=repr(given),
        )
    return float(ends[0]), float(ends[1])


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "f" if name == "<lambda>" else name


def _curve(name: str, function: Any, points: np.ndarray, derivative: bool) -> Curve:
    x = Value(points)
    with np.errstate(all="ignore"):  # outside of its domain a function is not drawn
        y = function(x)
        numbers = np.asarray(plain(y), dtype=float)
        if numbers.shape != points.shape:
            raise ShapeError(
                f"sketch: {name} must be a function of single numbers.",
                expected=f"{points.size} numbers for {points.size}, entry by entry",
                got=f"shape {numbers.shape}",
            )
        slope = None
        if derivative:
            known = isinstance(y, Value) and y.requires_grad
            ones = np.ones(points.shape)
            slope = backward.gradients([y], [x], [ones])[0] if known else np.zeros(points.shape)
    return Curve(clean(name, 40), points, numbers, slope)


class Sketch:
    """Curves in panels: shown in a notebook, printed in words, or written with ``save``.

    Attributes
    ----------
    curves : list of Curve
    y : two of float, or None
        The range of all panels, if they share one.
    """

    def __init__(self, curves: list[Curve], y: tuple[float, float] | None) -> None:
        self.curves, self.y = curves, y

    def __str__(self) -> str:
        return "\n".join(map(_in_words, self.curves))

    __repr__ = __str__

    @property
    def svg(self) -> str:
        """All panels in one picture, at most four beside each other."""
        columns = min(len(self.curves), _COLUMNS)
        rows = -(-len(self.curves) // columns)
        inside = "".join(
            f'<g transform="translate({_WIDTH * (k % columns)},{_HEIGHT * (k // columns)})">'
            f"{self._panel(curve)}</g>"
            for k, curve in enumerate(self.curves)
        )
        return self._framed(inside, _WIDTH * columns, _HEIGHT * rows, str(self))

    def save(self, path: Any) -> Path:
        """Write it to an SVG file, whole or not at all.

        Raises
        ------
        ArgumentError
            If the name does not end in .svg.
        """
        if Path(path).suffix.lower() != ".svg":
            raise ArgumentError(
                "save: curves are written as SVG.",
                expected="a file name that ends in .svg",
                got=repr(Path(path).name),
            )
        return write_whole(path, (self.svg + "\n").encode())

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        panels = [
            self._framed(self._panel(curve), _WIDTH, _HEIGHT, _in_words(curve), in_page=True)
            for curve in self.curves
        ]
        least, most = 0.65 * _WIDTH, 1.4 * _WIDTH * len(panels)
        return (
            f'<div class="microtensor-curves" style="display:grid;gap:8px;max-width:{most:g}px;'
            f'grid-template-columns:repeat(auto-fit,minmax({least:g}px,1fr))">'
            f"{''.join(panels)}</div>"
        )

    # One panel

    def _panel(self, curve: Curve) -> str:
        low, high = self.y or _heights(curve)
        across = (curve.x[0], curve.x[-1])
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

        def left(x: Any) -> Any:
            return _LEFT + (x - across[0]) / (across[1] - across[0]) * width

        def top(y: Any) -> Any:
            return _TOP + (high - y) / (high - low) * height

        found = [text(_LEFT, 16, curve.name, "ink", 14, "start", ' font-weight="bold"')]
        for tick in ticks(*across):
            at = float(left(tick))
            found.append(line((at, _TOP), (at, _TOP + height), tick == 0))
            found.append(text(at, _HEIGHT - 8, number(tick), "muted", 12, "middle"))
        for tick in ticks(low, high):
            at = float(top(tick))
            found.append(line((_LEFT, at), (_LEFT + width, at), tick == 0))
            found.append(text(_LEFT - 5, at + 4, number(tick), "muted", 12, "end"))
        drawn = [(curve.y, "forward", "")]
        if curve.slope is not None:
            drawn.insert(0, (curve.slope, "backward", ' stroke-dasharray="5 3"'))
        for values, color, dashes in drawn:
            inside = np.clip(values, low - (high - low), high + (high - low))
            inside = np.where(np.isfinite(values), inside, np.nan)
            way = path(left(curve.x), top(inside), jumps(values))
            found.append(
                f'<path d="{way}" fill="none" stroke="var(--{color})" stroke-width="2"{dashes} '
                'stroke-linejoin="round" clip-path="url(#CLIP)"/>'
            )
        if curve.way is not None:
            near = np.abs(curve.way[:, 1] - low) < 50 * (high - low)  # an SVG's numbers have limits
            seen = curve.way[np.logical_and.accumulate(near)]
            found.append(dots(left(seen[:, 0]), top(seen[:, 1])))
        return "".join(found)

    def _framed(
        self, inside: str, width: int, height: int, words: str, *, in_page: bool = False
    ) -> str:
        digest = hashlib.sha256((inside + words).encode()).hexdigest()[:8]
        scope, clip = f"mt-{digest}", f"mt-clip-{digest}"  # ids and classes reach a whole page
        light = ";".join(f"--{t}:{getattr(LIGHT, t)}" for t in _TOKENS)
        dark = ";".join(f"--{t}:{getattr(DARK, t)}" for t in _TOKENS)
        either = ";".join(
            f"--{t}:light-dark({getattr(LIGHT, t)},{getattr(DARK, t)})" for t in _TOKENS
        )
        # In a page the page says whether it is dark, which need not be what the system says.
        supported = "@supports (color:light-dark(#000,#fff))"
        of_page = f"{supported}{{.{scope}{{{either}}}}}" if in_page else ""
        frame = (
            f'<clipPath id="{clip}"><rect x="{_LEFT}" y="{_TOP}" '
            f'width="{_WIDTH - _LEFT - _RIGHT}" height="{_HEIGHT - _TOP - _BOTTOM}"/></clipPath>'
        )
        inside = inside.replace("url(#CLIP)", f"url(#{clip})")
        title = "Curves of functions" + (", and of their derivatives" if self._has_slopes() else "")
        size = 'width="100%"' if in_page else f'width="{width}px" height="{height}px"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{scope}" role="img" '
            f"viewBox=\"0 0 {width} {height}\" {size} font-family='{FONT_FAMILY}'>"
            f"<title>{escape(title)}</title><desc>{escape(words)}</desc>"
            f"<style>.{scope}{{{light}}}"
            f"@media (prefers-color-scheme:dark){{.{scope}{{{dark}}}}}{of_page}</style>"
            f'<rect width="{width}" height="{height}" fill="var(--page)"/>{frame}{inside}</svg>'
        )

    def _has_slopes(self) -> bool:
        return any(curve.slope is not None for curve in self.curves)


def _in_words(curve: Curve) -> str:
    told = f"{curve.name}   {_extent(curve.y)}"
    if curve.slope is not None:
        told += f"   its derivative {_extent(curve.slope)}"
    if curve.way is not None:
        first, last = curve.way[0, 1], curve.way[-1, 1]
        told += f"   {len(curve.way) - 1} steps from {short(first)} to {short(last)}"
    return told


def _extent(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "nowhere defined"
    return f"from {short(finite.min())} to {short(finite.max())}"


def _heights(curve: Curve) -> tuple[float, float]:
    """Choose the range of a panel: all that is finite, and a little more."""
    values = curve.y if curve.slope is None else np.concatenate([curve.y, curve.slope])
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    room = 0.06 * (high - low) or 1.0
    return float(low - room), float(high + room)
