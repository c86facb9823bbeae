"""How do the two passes go, one step after the other? One SVG that plays in a browser or a README.

The picture is that of `draw`, with every number in it; CSS hides what is not computed yet. Readers
who prefer no motion, and programs that know no CSS, see the finished picture.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from ..errors import ArgumentError, GraphTooLargeError
from ..files import write_whole
from ..graph import Node as Recorded
from .capture import snapshot
from .graphs import draw
from .playing import Step, steps_of
from .theme import FONT_FAMILY, LIGHT

_LARGEST = 60  # boxes: more could not be followed
_HELD = 3  # steps that the finished picture stands still before it begins again
_STRIP = 40  # points below the picture, for what is happening in words
_GROUP = re.compile(r'<g id="(v\d+(?:_v\d+_\d+)?)" class="(node|edge)[^"]*">\n(.*?)</g>\n', re.S)
_SIZE = re.compile(r'width="[\d.]+pt" height="([\d.]+)pt"\s*viewBox="0.00 0.00 ([\d.]+) ([\d.]+)"')
_GROUND = re.compile(r'<g id="graph0"[^>]*>\n<polygon [^>]*points="(-?[\d.]+),(-?[\d.]+) [^>]*/>\n')


def animate(
    root: Any,
    path: str | Path = "backprop.svg",
    *,
    seconds_per_step: float = 0.8,
    theme: str = "auto",
    rankdir: str = "LR",
    names: Mapping[str, Any] | None = None,
    params: Iterable[Any] | None = None,
    title: str | None = None,
) -> Path:
    """Write one animated SVG of a graph: the forward pass, the seed, the backward pass, again.

    Forward, each value appears when it is computed. Backward, each arrow shows what the chain rule
    sends through it, and a gradient appears when all its contributions have arrived. It plays
    wherever SVG is shown, as in a README, with no script; with ``prefers-reduced-motion`` it stands
    still, and everything is there.

    Parameters
    ----------
    root : Value
        The output, one number. ``backward`` need not have been called, and no ``.grad`` is touched.
    path : str or Path, default "backprop.svg"
    seconds_per_step : float, default 0.8
    theme, rankdir, names, params, title
        As `draw` takes them.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        If the output is no Value, or no single number with a gradient; or an option does not fit.
    GraphTooLargeError
        If there are more than 60 boxes.
    MissingEngineError
        If there is no Graphviz.

    Examples
    --------
    >>> import microtensor as mt
    >>> x, w = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w")
    >>> animate((x * w).tanh(), "tanh.svg").name
    'tanh.svg'
    """
    _check(root, path, seconds_per_step)
    taken = snapshot(root, names=names, params=params)
    if taken.state != "fresh":
        raise ArgumentError(
            "animate: there is no backward pass to play.",
            expected="one number that depends on something with a gradient, such as a loss",
            got="a graph that was changed since" if taken.state == "stale"
            else f"a Value of shape {np.shape(root._data)} without gradients",
        )  # fmt: skip
    drawing = draw(
        root, edges="labels", fold=False, theme=theme, rankdir=rankdir, names=names, params=params,
        title=title,
    )  # fmt: skip
    svg = drawing.svg
    drawn = [match[1] for match in _GROUP.finditer(svg)]
    boxes = sum("_" not in id for id in drawn)
    if boxes > _LARGEST:
        raise GraphTooLargeError(
            f"animate: {boxes} boxes could not be followed.",
            expected=f"at most {_LARGEST}",
            got=str(boxes),
            hint="Play a smaller part: one neuron, one layer, a batch of one. For all of it, draw.",
        )
    return write_whole(path, played(svg, steps_of(taken, drawn), seconds_per_step).encode())


def _check(root: Any, path: Any, seconds: Any) -> None:
    if not isinstance(root, Recorded):
        raise ArgumentError(
            "animate: the output must be a Value.",
            expected="a Value, such as a loss",
            got=f"a {type(root).__name__}",
        )
    if Path(path).suffix.lower() != ".svg":
        raise ArgumentError(
            "animate: only an SVG can play.",
            expected="a file name that ends in .svg",
            got=repr(str(path)),
        )
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 < seconds < float("inf"):
        raise ArgumentError(
            "animate: seconds_per_step must be a time.",
            expected="a number greater than 0, such as 0.8",
            got=repr(seconds),
        )


class _Clock(NamedTuple):
    """When each step is, in per cent of the whole."""

    scope: str
    steps: int
    turn: int  # the first step of the backward pass
    seconds: float

    @property
    def whole(self) -> float:
        return (self.steps + _HELD) * self.seconds

    def at(self, step: float) -> str:
        return f"{100 * step / (self.steps + _HELD):.3f}%"

    def rules(self) -> str:
        """Write the keyframes: what appears at a step, and what is there during one alone."""
        s = self.scope
        found = [
            f".{s} [class^=from],.{s} [class^=in]{{animation-duration:{self.whole:g}s;"
            "animation-iteration-count:infinite;animation-timing-function:linear}",
            f".{s} [class^=in]{{opacity:0}}",
            f".{s} .flow{{stroke-dasharray:7 5;animation:{s}-flow .6s linear infinite}}",
            f".{s} .back .flow{{animation-direction:reverse}}",
            f"@keyframes {s}-flow{{from{{stroke-dashoffset:12}}to{{stroke-dashoffset:0}}}}",
            f".{s} .bar{{transform-origin:left;transform-box:fill-box;"
            f"animation:{s}-forth {self.whole:g}s linear infinite}}",
            f".{s} .bar.back{{animation-name:{s}-back}}",
            f"@keyframes {s}-forth{{0%{{transform:scaleX(0)}}{self.at(self.turn)},100%"
            "{transform:scaleX(1)}}",
            f"@keyframes {s}-back{{0%,{self.at(self.turn)}{{transform:scaleX(0)}}"
            f"{self.at(self.steps)},100%{{transform:scaleX(1)}}}}",
        ]
        for k in range(self.steps):
            begin, shown, end = self.at(k), self.at(k + 0.3), self.at(k + 1)
            found += [
                f".{s} .from{k}{{animation-name:{s}-f{k}}}.{s} .in{k}{{animation-name:{s}-i{k}}}",
                f"@keyframes {s}-f{k}{{0%,{begin}{{opacity:0}}{shown},100%{{opacity:1}}}}",
                f"@keyframes {s}-i{k}{{0%,{begin}{{opacity:0}}{shown},{end}{{opacity:1}}"
                f"{self.at(k + 1.01)},100%{{opacity:0}}}}",
            ]
        # With less motion, and on paper, the finished picture stands still.
        found.append(
            f"@media (prefers-reduced-motion:reduce){{.{s} *{{animation:none!important}}}}"
        )
        found.append(f"@media print{{.{s} *{{animation:none!important}}}}")
        return "".join(found)


def played(svg: str, steps: list[Step], seconds: float) -> str:
    """Make the finished SVG of a drawing play its steps.

    Parameters
    ----------
    svg : str
    steps : list of Step
    seconds : float
        For each step.

    Returns
    -------
    str
        The same bytes for the same input.
    """
    scope = "mt-play-" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    turn = sum(not step.backward for step in steps)
    clock = _Clock(scope, len(steps), turn, seconds)
    appears = {id: k for k, step in enumerate(steps) for id in step.shows}
    gradients = {id: k for k, step in enumerate(steps) for id in step.gradients}
    active: dict[str, list[tuple[int, Step]]] = {}
    for k, step in enumerate(steps):
        for id in step.active:
            active.setdefault(id, []).append((k, step))

    def animated(match: re.Match) -> str:
        id, kind, body = match[1], match[2], match[3]
        opening = match[0][: match[0].index("\n") + 1]
        turns = active.get(id, [])
        if kind == "edge":
            return opening + _edge(body, appears.get(id), turns) + "</g>\n"
        return opening + _box(body, appears.get(id), gradients.get(id), turns) + "</g>\n"

    svg = _GROUP.sub(animated, svg)
    svg = _with_strip(svg, steps, turn)
    opening = re.search(r"<svg\b[^>]*>", svg)
    if opening is None:
        return svg
    tag = opening[0]
    tag = (
        tag.replace('class="', f'class="{scope} ', 1)
        if 'class="' in tag
        else tag.replace("<svg ", f'<svg class="{scope}" ', 1)
    )
    style = f"<style>{clock.rules()}</style>"
    return svg[: opening.start()] + tag + "\n" + style + svg[opening.end() :]


def _box(body: str, appears: int | None, gradient: int | None, turns: list) -> str:
    """Let a card appear with its data, and its gradient when it is complete."""
    title, rest = _parted(body)
    at = rest.find(">grad</text>")
    cut = rest.rfind("<text", 0, at) if at >= 0 else len(rest)
    data, grad = rest[:cut], rest[cut:]
    if grad:
        grad = f'<g class="from{gradient}">\n{grad}</g>\n' if gradient is not None else grad
    shown = data + grad
    if appears is not None:
        shown = f'<g class="from{appears}">\n{shown}</g>\n'
    outline = re.search(r'<(?:path|polygon) fill="none" stroke="[^"]*"[^>]*/>\n', data)
    rings = ""
    for k, step in turns:
        if outline is None:
            break
        ring = re.sub(r'stroke="[^"]*"', f'stroke="{_color(step)}"', outline[0], count=1)
        ring = re.sub(r' stroke-width="[^"]*"', "", ring).replace("/>", ' stroke-width="3.5"/>')
        rings += ring.replace("<", f'<g class="in{k}"><', 1).replace("/>\n", "/></g>\n")
    return title + shown + rings


def _parted(body: str) -> tuple[str, str]:
    """Part the words for screen readers from the shapes."""
    end = body.find("</title>\n")
    return ("", body) if end < 0 else (body[: end + 9], body[end + 9 :])


def _edge(body: str, appears: int | None, turns: list) -> str:
    """Let an arrow flow when it is used, and show what it sends back when it does."""
    title, rest = _parted(body)
    at = rest.find("<text")
    line, label = (rest, "") if at < 0 else (rest[:at], rest[at:])
    if label and appears is not None:
        label = f'<g class="from{appears}">\n{label}</g>\n'
    arrives = next((k for k, step in turns if not step.backward), None)
    if arrives is not None:
        line = f'<g class="from{arrives}">\n{line}</g>\n'
    flows = ""
    path = re.search(r'<path [^>]*d="([^"]*)"/>', line)
    for k, step in turns:
        if path is None:
            break
        way = "back" if step.backward else "forth"
        flows += (
            f'<g class="in{k}"><g class="{way}"><path class="flow" fill="none" '
            f'stroke="{_color(step)}" stroke-width="3" d="{path[1]}"/></g></g>\n'
        )
    return title + line + label + flows


def _color(step: Step) -> str:
    return (LIGHT.backward if step.backward else LIGHT.forward).lower()


def _with_strip(svg: str, steps: list[Step], turn: int) -> str:
    """Put a strip below the picture: what is happening, and how far it has come."""
    size, ground = _SIZE.search(svg), _GROUND.search(svg)
    if size is None or ground is None:
        return svg
    height, width = float(size[3]) + _STRIP, float(size[2])
    new = size[0].replace(f'height="{size[1]}pt"', f'height="{height:g}pt"')
    new = new.replace(f"{size[2]} {size[3]}", f"{size[2]} {height:.2f}")
    left, top = float(ground[1]), float(ground[2])
    right, bottom = left + width, top + _STRIP
    polygon = '<polygon fill="{}" stroke="none" points="{},{} {},{} {},{} {},{}"{}/>\n'.format
    strip = polygon(
        LIGHT.page.lower(), left, top - 1, right, top - 1, right, bottom, left, bottom, ""
    )
    middle = left + width * turn / len(steps)
    for way, color, a, b in (
        ("forth", LIGHT.forward, left, middle),
        ("back", LIGHT.backward, middle, right),
    ):
        shape = polygon(color.lower(), a, bottom - 4, b, bottom - 4, b, bottom, a, bottom,
                        f' class="bar {way}"')  # fmt: skip
        strip += shape
    for k, step in enumerate(steps):
        strip += (
            f'<text class="in{k}" x="{left + 18:g}" y="{top + 20:g}" '
            f'font-family=\'{FONT_FAMILY}\' font-size="13.00" fill="{_color(step)}">'
            f"{escape(step.told)}</text>\n"
        )
    svg = svg[: ground.end()] + strip + svg[ground.end() :]
    return svg.replace(size[0], new, 1)
