"""What does one value look like? Cards, as HTML-like labels that every Graphviz engine draws.

A role is told four ways: by the word, the fill, the line, and the shape (parameters have square
corners, constants a dashed line, the output a double one). A single number shows its data and its
gradient; an array shows both as small maps, purple for negative and green for positive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .briefly import moments
from .snapshots import Node
from .theme import Theme, dtype_word, fuller, html, number, shape_word, short, symbol

_INSIDE = 8  # parameters of a neuron that are shown
CELLS = 10  # of a heat-map, each way
_CELL = 11  # points
_FEW, _BESIDE = 12, 4  # numbers that are written out, and how many of them in a row
_FIXED = f'FIXEDSIZE="TRUE" WIDTH="{_CELL}" HEIGHT="{_CELL}"'
_GAP = "&#160;&#160;"
# An empty <I></I> or <FONT></FONT> is a syntax error, so what is empty is a space.
_NOTHING = "&#160;"


def card(
    node: Node,
    theme: Theme,
    *,
    largest: float | None,
    prefix: str = "",
    inside: tuple[Node, ...] = (),
    gradients: bool = True,
) -> str:
    """Give the label of a value's box.

    Parameters
    ----------
    node : Node
    theme : Theme
    largest : float or None
        The largest gradient in the picture, by magnitude: it has the deepest pill.
    prefix : str
        The path of the module around it, which its name need not repeat.
    inside : tuple of Node
        Parameters that stand in the box, of which the first eight are shown.
    gradients : bool, default True
        Whether gradients are shown; one that is not there is a dash.

    Returns
    -------
    str
        An HTML-like label, with its angle brackets.
    """
    if node.kind == "failed":
        return table(_failed_rows(node, theme), node.kind, theme)
    if node.kind == "const" and node.is_scalar:
        rows = _row(_constant_cell(node, theme))
    elif node.is_scalar:
        rows = scalar_rows(node, theme, largest=largest, prefix=prefix, gradients=gradients)
    else:
        rows = _tensor_rows(node, theme, prefix, gradients)
    rows += _inside_rows(inside, theme, prefix, gradients)
    if node.health is not None:
        rows += _health_row(node.health, theme)
    return table(rows, node.kind, theme)


def table(rows: str, kind: str, theme: Theme) -> str:
    """Put rows into the frame of a role."""
    fill, line = theme.role(kind)
    style = {"param": "", "const": ' STYLE="ROUNDED,DASHED"'}.get(kind, ' STYLE="ROUNDED"')
    border = 2 if kind in ("output", "failed") else 1
    padding = 3 if kind == "const" else 2
    # The whole table is tinted: grounds of cells are square, and would poke out of round corners.
    return (
        f'<<TABLE BORDER="{border}"{style} COLOR="{line}" BGCOLOR="{fill}" CELLBORDER="0" '
        f'CELLSPACING="2" CELLPADDING="{padding}">{rows}</TABLE>>'
    )


def title_of(node: Node, theme: Theme, prefix: str = "") -> str:
    """Write the sign of the operation, bold, and the name, in italics."""
    parts = []
    if node.op is not None:
        parts.append(f"<B>{html(node.op, 28)}</B>")
    if node.name is not None and (node.name != node.word or node.op is None):
        name = node.name.removeprefix(prefix + ".") if prefix else node.name
        parts.append(symbol(name))
    elif node.expression is not None and node.kind == "op":
        parts.append(_font(_expression(node.expression), 11, theme.muted))
    if not parts and node.kind == "const":
        return _font(node.word, 9, theme.muted)
    return _font(_GAP.join(parts) or symbol(node.label), 13, theme.ink)


def scalar_rows(
    node: Node,
    theme: Theme,
    *,
    largest: float | None,
    prefix: str = "",
    title: str | None = None,
    gradients: bool = True,
) -> str:
    """Give the rows of a number's card: title and role, data, and its gradient if asked for."""
    line = theme.role(node.kind)[1]
    word = _font(html(node.word) if node.word else _NOTHING, 8.5, line)
    rows = _row(_left(title or title_of(node, theme, prefix)), _right(word))
    rows += _number_row("data", number(node.value), theme.forward, theme)
    if not gradients:
        return rows
    level = pill_level(node.grad, largest)
    ink = theme.pill_ink if level else theme.muted
    # The ground of a number needs a cell of its own, with round corners and space around it.
    rows += _row(
        _left(_font("grad", 9, theme.muted)),
        f'<TD ALIGN="RIGHT" STYLE="ROUNDED" BGCOLOR="{theme.pills[level]}">'
        f'<FONT COLOR="{ink}"><B>{number(node.grad)}</B></FONT></TD>',
    )
    return rows


def _inside_rows(inside: tuple[Node, ...], theme: Theme, prefix: str, gradients: bool) -> str:
    """Give a row for each parameter of a neuron: its name, its number, its gradient."""
    rows = ""
    for node in inside[:_INSIDE]:
        name = (node.name or node.label).removeprefix(prefix + ".") if prefix else node.label
        value = _font(f"<B>{number(node.value)}</B>", 9, theme.forward)
        grad = _GAP + _font(number(node.grad), 9, theme.backward) if gradients else ""
        title = _font(symbol(name), 9, theme.role("param")[1])
        rows += _row(_left(title), _right(value + grad))
    if len(inside) > _INSIDE:
        more = _font(f"and {len(inside) - _INSIDE} more", 9, theme.muted)
        rows += f'<TR><TD ALIGN="LEFT" COLSPAN="2">{more}</TD></TR>'
    return rows


def _failed_rows(node: Node, theme: Theme) -> str:
    """Give the rows of a call that raised: its sign, and what it said, line by line."""
    line = theme.role("failed")[1]
    title = _font(f"<B>{html(node.op, 28)}</B>", 13, theme.ink)
    rows = _row(_left(title), _right(_font(html(node.word), 8.5, line)))
    for text in (node.health or "").splitlines():
        words = _font(html(text, 60), 9, theme.ink)
        rows += f'<TR><TD ALIGN="LEFT" COLSPAN="2">{words}</TD></TR>'
    return rows


def pill_level(grad: Any, largest: float | None) -> int:
    """Choose how deep the ground of a gradient is, by its size on a logarithmic scale.

    >>> [pill_level(g, 1.0) for g in (None, 0.0, 1.0, 0.1, 1e-9)]
    [0, 0, 4, 3, 1]
    """
    if grad is None or not largest or not math.isfinite(largest):
        return 0
    size = abs(float(grad))
    if size == 0 or not math.isfinite(size):
        return 0
    return max(1, min(4, round(4 + 1.34 * math.log10(size / largest))))


def _constant_cell(node: Node, theme: Theme) -> str:
    value = f'<FONT COLOR="{theme.forward}"><B>{number(node.value)}</B></FONT>'
    name = _font(symbol(node.name), 13, theme.ink) + _GAP if node.name else ""
    return f"<TD>{name}{value}</TD>"


def _tensor_rows(node: Node, theme: Theme, prefix: str, gradients: bool) -> str:
    line = theme.role(node.kind)[1]
    kind = f"<B>{shape_word(node.shape)}</B>{_NOTHING}{dtype_word(node.dtype)}"
    maps = _map_cell("data", node.value, theme.forward, theme)
    if gradients and node.kind != "const" and node.requires_grad:
        maps += _map_cell("grad", node.grad, theme.backward, theme)
    head = _font(kind, 9, line)
    if node.word in ("output", "loss"):
        head = f"{_font(html(node.word), 8.5, line)}{_GAP}{head}"
    # One table for the title and one for the maps: a long title must not stretch the first map.
    titles = _inner(_row(_left(title_of(node, theme, prefix)), _right(_GAP + head)), wide=True)
    return _row(f"<TD>{titles}</TD>") + _row(f"<TD>{_inner(_row(maps))}</TD>")


def _map_cell(word: str, array: Any, color: str, theme: Theme) -> str:
    rows = _row(f"<TD>{_font(f'<B>{word}</B>', 9, color)}</TD>")
    if array is None:
        rows += _row(f"<TD>{_font(number(None), 12, theme.muted)}</TD>")
    else:
        rows += _row(f"<TD>{heat_map(array, theme)}</TD>")
        rows += _row(f"<TD>{_numbers(array, theme)}</TD>")
    return f'<TD VALIGN="TOP">{_inner(rows)}</TD>'


def _numbers(array: Any, theme: Theme) -> str:
    """Write the numbers of a small array as they lie in it; of others mean and spread."""
    entries = np.asarray(array)
    if entries.ndim == 1 and 0 < entries.size <= _BESIDE:
        return _font(_GAP.join(map(fuller, entries)), 9, theme.ink)
    if entries.ndim == 2 and 0 < entries.size <= _FEW and entries.shape[1] <= _BESIDE:
        lines = (map(fuller, line) for line in entries)
        cells = ("".join(f"<TD>{_font(x, 9, theme.ink)}</TD>" for x in line) for line in lines)
        return _inner("".join(map(_row, cells)))
    mean, spread = moments(array)
    words = f"μ{_NOTHING}{short(mean)}{_GAP}σ{_NOTHING}{short(spread)}"
    return _font(words, 8, theme.muted)


def heat_map(array: Any, theme: Theme) -> str:
    """Draw an array as at most 10×10 cells on a scale of its own, symmetric about zero.

    An array of more dimensions is laid out as rows of its last one. What is not finite has a
    colour that nothing else has.
    """
    blocks = shrunk(array)
    finite = np.abs(blocks[np.isfinite(blocks)])
    scale = float(np.max(finite, initial=0.0))
    zero = len(theme.heat) // 2
    rows = ""
    for line in blocks:
        cells = ""
        for x in line:
            if np.isfinite(x):
                level = zero + (round(zero * float(x) / scale) if scale else 0)
                color = theme.heat[level]
            else:
                color = theme.nan
            cells += f'<TD {_FIXED} BGCOLOR="{color}"></TD>'
        rows += f"<TR>{cells}</TR>"
    height, width = (n * _CELL + 2 for n in blocks.shape)
    # Nested tables stretch to fill their cell, so the table has a fixed size as its cells have.
    return (
        f'<TABLE BORDER="1" COLOR="{theme.heat_line}" FIXEDSIZE="TRUE" WIDTH="{width}" '
        f'HEIGHT="{height}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
    )


def shrunk(array: Any, cells: int = CELLS) -> np.ndarray:
    """Give a matrix of at most ``cells`` each way; each entry is the largest of its block.

    >>> shrunk(np.array([1.0, -3.0, 2.0, 0.5]), cells=2)
    array([[-3.,  2.]])
    """
    entries = np.asarray(array, dtype=np.float64)
    if entries.size == 0:
        return np.zeros((1, 1))
    matrix = entries.reshape(-1, entries.shape[-1]) if entries.ndim else entries.reshape(1, 1)
    rows, columns = (_ends(n, cells) for n in matrix.shape)
    out = np.empty((len(rows) - 1, len(columns) - 1))
    for i in range(len(rows) - 1):
        for j in range(len(columns) - 1):
            block = matrix[rows[i] : rows[i + 1], columns[j] : columns[j + 1]].ravel()
            bad = ~np.isfinite(block)
            out[i, j] = np.nan if bad.any() else block[np.argmax(np.abs(block))]
    return out


def _ends(n: int, parts: int) -> list[int]:
    parts = min(n, parts)
    return [i * n // parts for i in range(parts + 1)]


def _expression(text: str) -> str:
    for infix in "·+−/@":
        left, found, right = text.partition(infix)
        if found:
            return symbol(left) + html(infix) + symbol(right)
    return symbol(text)


def _number_row(word: str, text: str, color: str, theme: Theme) -> str:
    value = f'<FONT COLOR="{color}"><B>{text}</B></FONT>'
    return _row(_left(_font(word, 9, theme.muted)), _right(value))


def _health_row(health: str, theme: Theme) -> str:
    fill, ink = theme.health
    words = _font(f"<B>{html(health, 60)}</B>", 8.5, ink)
    return f'<TR><TD COLSPAN="2" STYLE="ROUNDED" BGCOLOR="{fill}">{words}</TD></TR>'


def _font(inner: str, size: float, color: str) -> str:
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{color}">{inner}</FONT>'


def _inner(rows: str, wide: bool = False) -> str:
    padding = 0 if wide else 1
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{padding}" CELLPADDING="{padding}">'
        f"{rows}</TABLE>"
    )


def _row(*cells: str) -> str:
    return f"<TR>{''.join(cells)}</TR>"


def _left(inner: str) -> str:
    return f'<TD ALIGN="LEFT">{inner}</TD>'


def _right(inner: str) -> str:
    return f'<TD ALIGN="RIGHT">{inner}</TD>'
