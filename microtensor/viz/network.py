"""How does a network look? As textbooks draw it: columns of neurons, weights as lines between.

A line is the wider and the deeper the larger its weight is, green for positive and purple for
negative; a neuron shows its bias. Of a wide layer the first neurons and the last are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphTooLargeError
from .activity import activity
from .captions import caption
from .chains import Layer, linear_chain
from .drawing import Drawing
from .labels import Placed, spread
from .neuron_names import Labels, beside, checked
from .theme import (
    FONT,
    TEXTBOOK,
    Theme,
    fuller,
    html,
    number,
    quoted,
    short,
    theme_named,
)

WIDEST = 12  # neurons of a layer that are all shown; of a wider one, eight, dots and the last
_SHOWN = 8
_LINES = 1_600  # weights that are drawn; with more layers, fewer neurons of each
_LABELLED = 24  # lines; with more, their numbers stand in the tooltips alone
_RADIUS = 0.26  # inches, as all measures below
_ROW, _COLUMN = 0.72, 2.1
_STRETCH = 1.3


@dataclass(frozen=True)
class Neuron:
    """One circle: where it stands, and which neuron of its layer it is."""

    id: str
    index: int
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Weight:
    """One line: from neuron ``a`` to neuron ``b``, and the number that its look tells."""

    layer: Layer
    a: Neuron
    b: Neuron
    told: float

    @property
    def id(self) -> str:
        return f"{self.a.id}_{self.b.id}"

    @property
    def value(self) -> float:
        return float(self.layer.weight[self.b.index, self.a.index])

    @property
    def grad(self) -> float | None:
        grads = self.layer.weight_grad
        return None if grads is None else float(grads[self.b.index, self.a.index])


def draw_network(
    model: Any,
    *,
    theme: str = "auto",
    by: str = "value",
    title: str | None = None,
    x: Any = None,
    labels: Labels | None = None,
) -> Drawing:
    """Draw a model that is a chain of linear layers.

    Parameters
    ----------
    model : model
        Its parameters are, layer by layer, a weight (out, in) and perhaps a bias (out,).
    theme : {"auto", "light", "dark", "textbook"}
    by : {"value", "gradient"}
        What the width and the colour of a line tell.
    title : str, optional
    x : (I,) array_like, optional
        One input, whose activations are shown in the neurons.
    labels : sequence of (sequence of str or None), optional
        Names of the inputs, and of the neurons of each layer.

    Returns
    -------
    Drawing

    Raises
    ------
    ArgumentError
        If the model is not such a chain, x is no input of it, there are not as many labels as
        circles, or gradients are to be shown and there are none.
    GraphTooLargeError
        If there are too many layers to be seen.
    """
    colors = theme_named(theme)
    layers = linear_chain(model)
    if by == "gradient" and any(layer.weight_grad is None for layer in layers):
        raise ArgumentError(
            "draw: this model has no gradients yet.",
            expected="a model whose parameters have .grad, for by='gradient'",
            got=f"no .grad of {layers[0].path}",
            hint="Call loss.backward() first, or draw its values.",
        )
    answers = None if x is None else activity(model, layers, x)
    widths = [layers[0].weight.shape[1], *(layer.weight.shape[0] for layer in layers)]
    called = checked(labels, widths)
    columns = _columns(widths)
    labelled = sum(len(a) * len(b) for a, b in pairwise(columns)) <= _LABELLED
    if labelled:  # numbers on lines need room
        across, down = _STRETCH, 1.0 if layers[0].weight_grad is None else _STRETCH
        columns = [[replace(n, x=n.x * across, y=n.y * down) for n in col] for col in columns]
    name = type(model).__name__
    drawing = Drawing(
        "microtensor",
        title=title or f"{name} {'→'.join(map(str, widths))}",
        text=_words(name, layers, widths),
        theme=theme,
        # Every place is given (the "!" of pos): neato only draws the lines.
        engine="neato",
        graph_attr={
            "layout": "neato", "bgcolor": colors.page, "fontname": FONT, "pad": "0.25",
            "outputorder": "edgesfirst", "splines": "line",
        },
        node_attr={"fontname": FONT, "fontsize": "11", "fontcolor": colors.ink},
        edge_attr={"arrowhead": "none"},
    )  # fmt: skip
    for k, column in enumerate(columns):
        answer = None if answers is None else answers[k]
        drawing.body.extend(_column(k, column, widths[k], layers, colors, answer))
        side = "left" if k == 0 else ("right" if k == len(layers) else "above")
        drawing.body.extend(beside(column, called[k], side, _RADIUS, colors))
    drawing.body.extend(_lines(columns, layers, colors, by, labelled))
    across = columns[-1][0].x - columns[0][0].x
    caption(drawing, name, widths, colors, by, title, answers is not None, across)
    return drawing


# Where things stand


def _columns(widths: list[int]) -> list[list[Neuron]]:
    """Place the neurons that are shown, each column centred; ids are v0_1, v0_2 ..."""
    shown, widest = _SHOWN, WIDEST
    while _count(widths, widest, shown) > _LINES and shown > 1:
        shown -= 1
        widest = shown + 1
    if _count(widths, widest, shown) > _LINES:
        raise GraphTooLargeError(
            f"A network of {len(widths) - 1} layers cannot be seen in one picture.",
            hint="Draw a part of it, such as a module of a few layers.",
        )
    columns = []
    for k, width in enumerate(widths):
        indices = _indices(width, widest, shown)
        rows = len(indices) + (1 if len(indices) < width else 0)  # one for the dots
        places = [row for row in range(rows) if rows == len(indices) or row != rows - 2]
        columns.append(
            [
                Neuron(f"n{k}_{i}", i, k * _COLUMN, ((rows - 1) / 2 - place) * _ROW)
                for i, place in zip(indices, places, strict=True)
            ]
        )
    return columns


def _indices(width: int, widest: int, shown: int) -> list[int]:
    return list(range(width)) if width <= widest else [*range(shown), width - 1]


def _count(widths: list[int], widest: int, shown: int) -> int:
    sizes = [len(_indices(w, widest, shown)) for w in widths]
    return sum(a * b for a, b in pairwise(sizes))


# What is written


def _column(
    k: int,
    column: list[Neuron],
    width: int,
    layers: list[Layer],
    colors: Theme,
    answer: np.ndarray | None,
) -> list[str]:
    kind = "input" if k == 0 else ("output" if k == len(layers) else "op")
    fill, line = colors.role(kind)
    layer = layers[k - 1] if k else None
    out = []
    for neuron in column:
        inside, words = _neuron(neuron, layer, colors, answer)
        out.append(
            f'\t{neuron.id} [id="{neuron.id}" class="k-{kind}" shape=circle fixedsize=true '
            f'width={2 * _RADIUS:g} style=filled fillcolor="{fill}" color="{line}" '
            f"penwidth={2 if kind == 'output' else 1.2} {_at(neuron.x, neuron.y)} "
            f"tooltip={quoted(words)} label=<{inside}>]\n"
        )
    x = column[0].x
    if len(column) < width:
        y = (column[-1].y + column[-2].y) / 2 if len(column) > 1 else column[-1].y + _ROW
        dots = f'<FONT POINT-SIZE="8" COLOR="{colors.muted}">•<BR/>•<BR/>•</FONT>'
        out.append(_text(f"n{k}_more", x, y, dots, f"{width - len(column)} more"))
    head = [f'<FONT POINT-SIZE="12" COLOR="{colors.ink}"><B>{_heading(k, layers)}</B></FONT>']
    about = f"{width} {'input' if k == 0 else 'neuron'}{'s' if width > 1 else ''}"
    if layer is not None and layer.activation:
        about += f" · {html(layer.activation, 20)}"
    head.append(f'<FONT POINT-SIZE="10" COLOR="{colors.muted}">{about}</FONT>')
    out.append(_text(f"n{k}_head", x, column[0].y + _ROW * 0.95, "<BR/>".join(head), about))
    return out


def _heading(k: int, layers: list[Layer]) -> str:
    if k == 0:
        return "input"
    path = layers[k - 1].path
    return html(re.sub(r"^(?:layers\.)?(?=\d+$)", "layer ", path), 24)


def _neuron(
    neuron: Neuron, layer: Layer | None, colors: Theme, answer: np.ndarray | None
) -> tuple[str, str]:
    """Give what stands in a circle, and its tooltip."""
    i = neuron.index
    rows = []
    if layer is None:
        words = f"input {i + 1}"
        sign = f'<I>x</I><FONT POINT-SIZE="7">{i + 1}</FONT>'
        if answer is None:
            rows.append(f'<FONT COLOR="{colors.ink}">{sign}</FONT>')
    else:
        words = f"{layer.path} neuron {i + 1}"
    if answer is not None:
        words += f"   {number(answer[i])}"
        color = colors.input[1] if layer is None else colors.forward
        told = fuller(answer[i])
        rows.append(_row(told, 9, f"<B>{told}</B>", color))
    if layer is not None and layer.bias is not None:
        words += f"   bias {number(layer.bias[i])}"
        bias = short(layer.bias[i], 2)
        ink = colors.bias or (colors.ink if answer is None else colors.muted)
        rows.append(_row(bias, 9 if answer is None else 7.5, bias, ink))
        if layer.bias_grad is not None:
            words += f"   grad {number(layer.bias_grad[i])}"
            rows.append(_row("", 7, f"∂ {short(layer.bias_grad[i], 2)}", colors.backward))
    return "<BR/>".join(rows) or "&#160;", words


def _row(measured: str, size: float, inside: str, color: str) -> str:
    """Write one line of a circle; long numbers are set smaller."""
    size = size if len(measured) <= 5 else min(size, 7.5)
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{color}">{inside}</FONT>'


def _lines(
    columns: list[list[Neuron]], layers: list[Layer], colors: Theme, by: str, labelled: bool
) -> list[str]:
    pairs: list[Weight] = []
    for layer, left, right in zip(layers, columns, columns[1:], strict=False):
        told = layer.weight if by == "value" else layer.weight_grad
        assert told is not None
        pairs.extend(
            Weight(layer, a, b, float(told[b.index, a.index])) for b in right for a in left
        )
    largest = max((abs(pair.told) for pair in pairs if np.isfinite(pair.told)), default=0.0)
    out = []
    for pair in pairs:
        color, width = _stroke(pair.told, largest, colors)
        words = f"{pair.layer.path}.weight[{pair.b.index}, {pair.a.index}] = {number(pair.value)}"
        if pair.grad is not None:
            words += f"   grad {number(pair.grad)}"
        # where gold is the colour of all weights, the line tells the sign
        dashes = "style=dashed " if colors is TEXTBOOK and pair.told < 0 else ""
        out.append(
            f'\t{pair.a.id} -> {pair.b.id} [id="{pair.id}" color="{color}" {dashes}'
            f"penwidth={width:.2f} tooltip={quoted(words)}]\n"
        )
    if labelled:
        out.extend(_numbers(pairs, colors))
    return out


def _stroke(x: float, largest: float, colors: Theme) -> tuple[str, float]:
    if not np.isfinite(x):
        return colors.nan, 3.0
    # Graphviz draws lines neuron by neuron, so weak ones come to lie on strong ones: they are
    # made transparent, not pale, which leaves what is under them as it is.
    if x == 0 or not largest:
        return f"{colors.arrow}30", 0.6
    share = abs(x) / largest
    least = 0.3 if colors is TEXTBOOK else 0.12
    opacity = round(255 * (least + (1 - least) * share))
    color = colors.weight[0] or colors.heat[-1 if x > 0 else 0]
    return f"{color}{opacity:02X}", 0.6 + 3.2 * share


def _numbers(pairs: list[Weight], colors: Theme) -> list[str]:
    """Write each weight on its line, and its gradient under it, where no other number is."""
    lines = {p.id: ((p.a.x, p.a.y), (p.b.x, p.b.y)) for p in pairs}
    texts = {p.id: max(short(p.value), _grad_text(p.grad), key=len) for p in pairs}
    rows = 1 if pairs[0].grad is None else 2
    by_id = {p.id: p for p in pairs}
    places = spread(lines, texts, margin=_RADIUS, rows=rows)
    return [_number(place, by_id[place.id], colors) for place in places]


def _grad_text(grad: float | None) -> str:
    return "" if grad is None else f"∂ {short(grad)}"


def _number(place: Placed, weight: Weight, colors: Theme) -> str:
    ink = colors.weight[1] or colors.ink
    inside = f'<FONT COLOR="{ink}">{short(weight.value)}</FONT>'
    if weight.grad is not None:
        inside += f'<BR/><FONT COLOR="{colors.backward}">{_grad_text(weight.grad)}</FONT>'
    inner = (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1" '
        f'BGCOLOR="{colors.ground}"><TR><TD><FONT POINT-SIZE="9.5">{inside}</FONT></TD></TR>'
        "</TABLE>"
    )
    return _text(f"w_{place.id}", place.x, place.y, inner, number(weight.value))


def _text(id: str, x: float, y: float, inner: str, words: str) -> str:
    return f'\t{id} [id="{id}" shape=plain {_at(x, y)} tooltip={quoted(words)} label=<{inner}>]\n'


def _at(x: float, y: float) -> str:
    return f'pos="{x:.3f},{y:.3f}!"'.replace("-0.000", "0.000")


def _words(name: str, layers: list[Layer], widths: list[int]) -> str:
    """Tell the network in words, one layer a line."""
    lines = [f"{name}   {widths[0]} inputs"]
    for layer in layers:
        outputs, inputs = layer.weight.shape
        line = f"  {layer.path}   {inputs}→{outputs}"
        line += f"   {layer.weight.size + (0 if layer.bias is None else outputs)} parameters"
        lines.append(line + (f"   {layer.activation}" if layer.activation else ""))
    return "\n".join(lines)
