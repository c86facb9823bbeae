"""How is a scene written in DOT? Boxes in nested frames, arrows between, and what keeps them apart.

Graphviz places everything; what it must be told so that the picture reads from left to right is
here, each with its reason.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .briefly import describe
from .cards import card, table
from .drawing import Drawing
from .folding import Box, Scene
from .snapshots import Edge, Snapshot
from .theme import Theme, factor, html, number, quoted, shape_word, short


def picture(
    drawing: Drawing,
    taken: Snapshot,
    shown: Scene,
    colors: Theme,
    *,
    rankdir: str,
    labelled: bool,
    gradients: bool = True,
) -> None:
    """Write the boxes, in their frames, and the arrows.

    Parameters
    ----------
    drawing : Drawing
        What to write to.
    taken : Snapshot
    shown : Scene
        The boxes and arrows.
    colors : Theme
    rankdir : {"LR", "TB"}
    labelled : bool
        Whether numbers stand on the arrows.
    gradients : bool, default True
        Whether boxes have a place for a gradient.
    """
    largest = max(
        (float(np.max(np.abs(n.grad), initial=0.0)) for n in taken.nodes
         if n.grad is not None and np.all(np.isfinite(n.grad))),
        default=None,
    )  # fmt: skip
    paths = {g.key: g.path for g in shown.groups}
    lines = {
        box.id: _box_line(box, colors, largest, paths.get(box.group or "", ""), gradients)
        for box in shown.boxes
    }
    drawing.body.extend(framed(shown, lines, colors, rankdir))
    norms = [e.norm for e in shown.arrows if e.norm is not None and math.isfinite(e.norm)]
    widest = max(norms, default=0.0)
    ports = ("e", "w") if rankdir == "LR" else ("s", "n")
    made = {edge.dst for edge in shown.arrows}
    steps = _steps(shown)
    for edge in shown.arrows:
        # What flows from call to call is held straight; leaves arrange themselves around it.
        weight = 8 if edge.src in made else 1
        line = _arrow_line(edge, taken, colors, widest, labelled, ports, weight, steps[edge.id])
        drawing.body.append(line)
    drawing.body.extend(_gates(shown))


def framed(shown: Scene, lines: dict[str, str], colors: Theme, rankdir: str) -> list[str]:
    """Put lines of boxes into the nested frames of their modules."""
    inside: dict[str | None, list[str]] = {}
    children: dict[str | None, list[str]] = {}
    for box in shown.boxes:
        inside.setdefault(box.group, []).append(lines[box.id])
    by_key = {g.key: g for g in shown.groups}
    for group in shown.groups:
        children.setdefault(group.parent, []).append(group.key)
    out = [f"\t{line}\n" for line in inside.get(None, [])]
    # Modules nest as deep as the user likes: no recursion.
    waiting: list[tuple[str, int] | None] = [(k, 1) for k in reversed(children.get(None, []))]
    open_frames: list[int] = []
    while waiting:
        item = waiting.pop()
        if item is None:
            out.append("\t" * open_frames.pop() + "}\n")
            continue
        key, depth = item
        fill = colors.clusters[min(depth, len(colors.clusters)) - 1]
        tab = "\t" * depth
        # Arrows enter at the left (or the top), so the title stands at the other end.
        side = "r" if rankdir == "LR" else "l"
        title = f"<B>{html(by_key[key].title, 60)}</B>"
        label = f'<FONT POINT-SIZE="11" COLOR="{colors.muted}">{title}</FONT>'
        out.append(f"{tab}subgraph cluster_{key} {{\n")
        out.append(
            f'{tab}\tlabel=<{label}>; labeljust={side}; style="rounded,filled"; '
            f'fillcolor="{fill}"; color="{colors.cluster_line}"; margin=12; '
            f"tooltip={quoted(by_key[key].title)}\n"
        )
        out.extend(f"{tab}\t{line}\n" for line in inside.get(key, []))
        open_frames.append(depth)
        waiting.append(None)
        waiting.extend((k, depth + 1) for k in reversed(children.get(key, [])))
    return out


def _box_line(box: Box, colors: Theme, largest: float | None, prefix: str, gradients: bool) -> str:
    if box.node is not None:
        options: dict[str, Any] = {"prefix": prefix, "inside": box.inside, "gradients": gradients}
        label = card(box.node, colors, largest=largest, **options)
        words, kind = value_words(box), box.node.kind
    else:
        label, words, kind = _module_card(box, colors, gradients), module_words(box), "module"
    # Ids are counted in topological order, never an address: two runs give the same bytes.
    return f'{box.id} [id="{box.id}" class="k-{kind}" tooltip={quoted(words)} label={label}]'


def value_words(box: Box) -> str:
    """Tell a value in one line, and the parameters that a neuron holds."""
    assert box.node is not None
    return "   ".join([describe(box.node), *map(describe, box.inside)])


def module_words(box: Box) -> str:
    """Tell a box of many values in one line."""
    return f"{box.title}   {_counts(box)}" + (f"   {box.told}" if box.told else "")


def _module_card(box: Box, colors: Theme, gradients: bool) -> str:
    lines = [
        (13, colors.ink, f"<B>► {html(box.title)}</B>"),
        (9, colors.muted, f"{_counts(box)} · out {shape_word(box.shape or ())}"),
        *([(9, colors.muted, html(box.told, 60))] if box.told else []),
        *([(9, colors.backward, f"‖grad‖ {short(box.grad_norm)}")] if gradients else []),
    ]
    rows = "".join(
        f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="{size}" COLOR="{color}">{line}</FONT></TD></TR>'
        for size, color, line in lines
    )
    return table(rows, "module", colors)


def _counts(box: Box) -> str:
    return f"{box.values:,} values · {box.params:,} params"


def _arrow_line(
    edge: Edge,
    taken: Snapshot,
    colors: Theme,
    widest: float,
    labelled: bool,
    ports: tuple[str, str],
    weight: int,
    steps: int,
) -> str:
    norm = edge.norm
    width = pen_width(norm, widest)
    blocked = taken.state == "fresh" and not norm  # nothing comes back through here
    words = _arrow_words(edge)
    attributes = [
        f'id="{edge.id}"',
        f"penwidth={width:.2f}",
        f"arrowsize={0.55 + 0.1 * width:.2f}",
        # Without ports, arrows enter boxes at their corners.
        f"tailport={ports[0]} headport={ports[1]}",
        f"weight={weight}" + (f" minlen={steps}" if steps > 1 else ""),
        f"tooltip={quoted(words)} labeltooltip={quoted(words)}",
    ]
    if blocked:
        attributes.append("style=dashed")
    if labelled and norm is not None:
        attributes.append(f"label=<{_spaced(_arrow_label(edge, colors))}>")
    return f"\t{edge.src} -> {edge.dst} [{' '.join(attributes)}]\n"


def pen_width(norm: float | None, widest: float) -> float:
    """Choose the width of an arrow: 1 to 2.8 points, over three powers of ten.

    >>> pen_width(1.0, 1.0), pen_width(1e-9, 1.0), pen_width(None, 1.0)
    (2.8, 1.0, 1.0)
    """
    if not norm or not widest or not math.isfinite(norm):
        return 1.0
    return 1.0 + 1.8 * max(0.0, 1.0 + math.log10(norm / widest) / 3.0)


def _arrow_label(edge: Edge, colors: Theme) -> str:
    if edge.local is None:
        return f'<FONT COLOR="{colors.backward}">‖g‖ {short(edge.norm)}</FONT>'
    left = f"{factor(edge.upstream)} × {factor(edge.local)} = "
    # A minus in front of a product is no factor: only the first of the two may stand bare.
    if edge.upstream is not None and edge.upstream < 0:
        left = f"{short(edge.upstream)} × {factor(edge.local)} = "
    return (
        f'<FONT COLOR="{colors.muted}">{left}</FONT>'
        f'<FONT COLOR="{colors.backward}"><B>{short(edge.contribution)}</B></FONT>'
    )


def _spaced(label: str) -> str:
    """Keep a label off its arrow, which runs right beside it."""
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
        f"<TR><TD>{label}</TD></TR></TABLE>"
    )


def _arrow_words(edge: Edge) -> str:
    if edge.contribution is None:
        return "no gradient"
    if edge.local is None:
        told = f", {edge.broadcast}" if edge.broadcast else ""
        return f"norm of the contribution {number(edge.norm)}{told}"
    return f"{number(edge.upstream)} × {number(edge.local)} = {number(edge.contribution)}"


def _steps(shown: Scene) -> dict[str, int]:
    """Tell how many ranks each arrow takes: two out of a module, where it meets a leaf outside.

    The leaf, such as a target, then stands between the module and the call that takes both; else
    it would be beside what is in the module, far above or below its frame.
    """
    home = {box.id: box.group for box in shown.boxes}
    made = {edge.dst for edge in shown.arrows}
    beside = {e.dst for e in shown.arrows if e.src not in made and home[e.src] == home[e.dst]}
    parent = {g.key: g.parent for g in shown.groups}

    def leaves(edge: Edge) -> bool:
        key = home[edge.src]
        while key is not None:
            key = parent[key]
            if key == home[edge.dst]:
                return True
        return False

    return {e.id: 2 if e.dst in beside and e.src in made and leaves(e) else 1 for e in shown.arrows}


def _gates(shown: Scene) -> list[str]:
    """Hold each leaf of a module to the rank after the value that it meets.

    Without, a module's parameters stand beside its inputs, and sibling modules drift apart. The
    gate is the value that it is combined with (x1 for w1): any other flips the order of neurons.
    """
    boxes = {box.id: box for box in shown.boxes}
    into: dict[str, list[str]] = {}
    for edge in shown.arrows:
        into.setdefault(edge.dst, []).append(edge.src)
    gates = []
    for edge in shown.arrows:
        leaf = boxes[edge.src]
        if leaf.group is None or leaf.id in into:
            continue
        partners = [p for p in into[edge.dst] if p != leaf.id]
        if not partners or boxes[partners[0]].group == leaf.group:
            continue
        gates.append(f"\t{partners[0]} -> {leaf.id} [style=invis weight=0]\n")
    return list(dict.fromkeys(gates))
