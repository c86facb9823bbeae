"""How does a computation look? `draw`: the graph of a Value, with the chain rule on its arrows.

Arrows point as the forward pass goes. On each stands what the chain rule sends back through it,
``upstream × local = contribution``; it is the wider the more it sends, and dashed where nothing
comes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Model
from ..graph import Node as Recorded
from . import classic, dots, failures, network
from .choosing import READABLE, Wish, chosen, chosen_of
from .drawing import Drawing
from .folding import Scene
from .neuron_names import Labels
from .snapshots import Snapshot
from .theme import FONT, Theme, html, one_of, theme_named

_EQUATIONS = 40  # arrows; with more, the numbers stand in the tooltips alone


def draw(
    root_or_model: Any,
    *,
    view: str = "auto",
    rankdir: str = "LR",
    theme: str = "auto",
    edges: str = "auto",
    style: str = "card",
    fold: bool | str | None = None,
    depth: int | None = None,
    between: Any = None,
    neighbourhood: Any = None,
    hops: int = 2,
    names: Mapping[str, Any] | None = None,
    params: Iterable[Any] | None = None,
    title: str | None = None,
    gradient: Any = None,
    gradients: bool = True,
    by: str = "value",
    x: Any = None,
    labels: Labels | None = None,
    force: bool = False,
) -> Drawing:
    """Draw the computation graph of a Value, or the network of a model.

    Gradients are computed on the side: ``backward`` need not have been called, and no ``.grad``
    is touched.

    Parameters
    ----------
    root_or_model : Value, Snapshot, model or exception
        An output, such as a loss, or what `snapshot` took of one, or a part of that; a model that
        is a chain of linear layers, such as an MLP; or what a forward pass raised, for the graph up
        to the call that failed, which is red.
    view : {"auto", "scalar", "tensor", "module"}
        ``scalar`` shows the numbers behind arrays, as `unroll` gives them; ``tensor`` every value
        and no module folded up; ``module`` folds up every module below the outermost, as
        ``depth=1`` does. By itself: values as they are, and modules folded up, the deepest first,
        where there would be more than 400 boxes.
    rankdir : {"LR", "TB"}
        From left to right, or from top to bottom.
    theme : {"auto", "light", "dark", "textbook"}
        ``auto`` is light, and follows the reader's dark mode in an SVG; so does ``textbook``, which
        has inputs red, weights gold and biases green.
    edges : {"auto", "labels", "plain"}
        Whether numbers stand on the arrows; by itself, up to 40 arrows.
    style : {"card", "micrograd"}
        ``micrograd`` gives that library's boxes and circles.
    fold : bool or "neurons", optional
        Whether chains of additions become one Σ; by itself, above 40 values. With "neurons", a sum
        of weights times inputs becomes one box with its weights and its bias in it. Equal modules
        that are folded up and follow each other become one, ``× n``, unless this is False.
    depth : int, optional
        How deep modules are shown open: 0 folds up the outermost. Where a large graph has more than
        400 calls in no module, they become at most 24 boxes: one for each line of the program, if
        `source_lines` remembers them and they are so few, else one for each stretch of calls.
    between : pair of Value or str, optional
        Draw the paths from the first to the second alone, with what their calls are of.
    neighbourhood : Value or str, optional
        Draw what is at most ``hops`` steps from this value alone.
    hops : int, default 2
    names : mapping of str to Value or array, optional
        Names for what has none, such as ``locals()``.
    params : iterable of Value, optional
        Which leaves are parameters. By itself: those of the models in the graph, and without any
        model those with the names that textbooks give weights (w1, W, b, theta).
    title : str, optional
        Stands above the picture.
    gradient : array_like, optional
        The gradient to start from, for an output that is not one number.
    gradients : bool, default True
        Whether to compute gradients, and to show them. False draws the forward pass alone.
    by : {"value", "gradient"}
        For a network: what the width and the colour of a weight tell.
    x : array_like, optional
        For a network: one input, whose activations are shown in the neurons.
    labels : sequence of (sequence of str or None), optional
        For a network: names of the inputs, and of the neurons of each layer, as in
        ``[["height", "weight"], None, ["cat", "dog"]]``.
    force : bool, default False
        Whether to draw what is too large to be read.

    Returns
    -------
    Drawing
        A ``graphviz.Digraph`` that shows itself in a notebook and saves itself with ``.save``.

    Raises
    ------
    ArgumentError
        If it is neither a Value nor a model, an option is not one that is known, or a part is not
        in the graph.
    GraphTooLargeError
        If there would be more than 1,500 boxes.

    Examples
    --------
    >>> import microtensor as mt
    >>> from microtensor.viz import draw
    >>> x, w = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w")
    >>> print(draw((x * w).tanh()))
    tanh t4 (output)   data −1   grad 1
      × x·w   data −6   grad 2.4577e−5
        x (input)   data 2   grad −7.373e−5
        w (param)   data −3   grad 4.9153e−5
    """
    colors = theme_named(theme)
    one_of("draw", "view", view, ("auto", "scalar", "tensor", "module"))
    one_of("draw", "rankdir", rankdir, ("LR", "TB"))
    one_of("draw", "edges", edges, ("auto", "labels", "plain"))
    one_of("draw", "style", style, ("card", "micrograd"))
    one_of("draw", "by", by, ("value", "gradient"))
    if isinstance(fold, str):
        one_of("draw", "fold", fold, ("neurons",))
    if isinstance(root_or_model, Recorded | Snapshot | BaseException):
        if labels is not None:
            raise ArgumentError(
                "draw: labels are names of a model's neurons, and values have names of their own.",
                expected="a model, for labels=",
                got="a Value",
                hint="Name values with names=, or when you make them: Value(2.0, name='x').",
            )
        if x is not None:
            raise ArgumentError(
                "draw: x is an input for a model's network, and a Value has its inputs already.",
                expected="a model, for x=",
                got="a Value",
            )
        wish = Wish(
            view, fold, depth, between, neighbourhood, hops, names, params, gradient, gradients,
            force,
        )  # fmt: skip
        if isinstance(root_or_model, Recorded):
            taken, shown = chosen(root_or_model, wish)
        elif isinstance(root_or_model, Snapshot):
            taken, shown = chosen_of(root_or_model, wish)
        else:
            taken, shown = failures.pictured(root_or_model, wish)
        last = taken.node(taken.root)
        label = last.label if last.kind != "failed" else f"what led to {last.op}, which failed"
        drawing = _blank(rankdir, theme, colors, title or f"Graph of {label}")
        drawing.text = _in_words(taken, shown)
        labelled = edges == "labels" or (edges == "auto" and len(shown.arrows) <= _EQUATIONS)
        if style == "micrograd":
            classic.picture(drawing, shown, colors)
        else:
            dots.picture(
                drawing, taken, shown, colors,
                rankdir=rankdir, labelled=labelled, gradients=gradients,
            )  # fmt: skip
        cards = style == "card"
        hints = _hints(taken, shown, cards, cards and labelled, gradients)
        _caption(drawing, title, hints, colors)
        return drawing
    if isinstance(root_or_model, Model):
        return network.draw_network(
            root_or_model, theme=theme, by=by, title=title, x=x, labels=labels
        )
    raise ArgumentError(
        "draw: there is nothing to draw.",
        expected="a Value, such as a loss, a model, or an error of a forward pass",
        got=f"{type(root_or_model).__name__}",
        hint="Wrap numbers before you compute with them: x = Value(2.0, name='x').",
    )


def _blank(rankdir: str, theme: str, colors: Theme, title: str) -> Drawing:
    return Drawing(
        "microtensor",
        title=title,
        theme=theme,
        graph_attr={
            "rankdir": rankdir, "bgcolor": colors.page, "fontname": FONT, "nodesep": "0.20",
            "ranksep": "0.45", "splines": "spline", "pad": "0.25", "outputorder": "edgesfirst",
            # Without it each cluster is ranked apart: modules fall into a staircase, and the
            # gates below do nothing.
            "newrank": "true",
        },
        node_attr={
            "shape": "plain", "fontname": FONT, "fontsize": "12", "fontcolor": colors.ink,
        },
        edge_attr={
            "color": colors.arrow, "fontname": FONT, "fontsize": "9.5", "fontcolor": colors.muted,
        },
    )  # fmt: skip


def _in_words(taken: Snapshot, shown: Scene) -> str:
    """Tell the graph as a tree; where there are boxes of many values, box by box."""
    if any(box.inside for box in shown.boxes):
        return "\n".join(map(dots.value_words, shown.boxes[:READABLE]))
    if all(box.node is not None for box in shown.boxes) and len(taken.nodes) <= READABLE:
        return taken.to_text()
    boxes = shown.boxes[:READABLE]
    return "\n".join(dots.value_words(b) if b.node else dots.module_words(b) for b in boxes)


def _hints(
    taken: Snapshot, shown: Scene, cards: bool, labelled: bool, gradients: bool
) -> list[str]:
    hints = list(shown.notes)
    if taken.node(taken.root).kind == "failed":
        hints.append("the call in red failed")
    elif taken.state == "stale":
        hints.append("changed since it was computed: compute it again for gradients")
    elif gradients and taken.state == "none" and taken.node(taken.root).requires_grad:
        root = taken.node(taken.root)
        if root.shape and np.size(root.value) != 1:
            hints.append("no gradients, as the output is not one number: give gradient=")
    if labelled and taken.state == "fresh":
        hints.append(
            "each arrow, read backwards: grad × local derivative = contribution"
            if taken.is_scalar
            else "on each arrow: the size of the gradient that it sends back"
        )
    if cards and not taken.is_scalar:
        hints.append("purple negative · green positive · each map has its own scale")
    return hints


def _caption(drawing: Drawing, title: str | None, hints: list[str], colors: Theme) -> None:
    parts = []
    if title:
        parts.append(f'<FONT POINT-SIZE="15" COLOR="{colors.ink}"><B>{html(title)}</B></FONT>')
    if hints:
        gap = "&#160;" * 4 if title else ""
        words = html("   ·   ".join(hints), 400)
        parts.append(f'<FONT POINT-SIZE="10" COLOR="{colors.muted}">{gap}{words}</FONT>')
        parts.append('<BR/><FONT POINT-SIZE="4">&#160;</FONT>')  # off the highest box
    if parts:
        drawing.graph_attr.update(label=f"<{''.join(parts)}>", labelloc="t", labeljust="l")
