"""How does a table fit into a terminal? Columns are narrowed, then left out, and never wrapped.

The rules, one after the other until the table fits:

1. sparklines shrink from eight characters to four;
2. the first column is cut to 24 characters;
3. the lines between columns go, then the sparklines;
4. the first column is cut to 16 characters;
5. columns leave, the least important first;
6. what is still too wide is cut at the edge.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

_ASCII = {
    "│": "|", "─": "-", "┌": "+", "┬": "+", "┐": "+", "├": "+", "┼": "+", "┤": "+", "└": "+",
    "┴": "+", "┘": "+", "×": "x", "−": "-", "±": "+-", "μ": "mean", "σ": "sd", "–": "-", "—": "-",
    "→": "->", "…": "~", "·": "|", "‖∇‖": "|grad|", "✗": "X", "∞": "inf", "▁": "_", "▂": ".",
    "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "#",
}  # fmt: skip
STYLES = {"warn": "33", "error": "31;1", "dim": "2", "head": "1"}


class Column(NamedTuple):
    """A column.

    Attributes
    ----------
    key, title : str
    right : bool
        Whether it is set to the right, as numbers are.
    leaves : int
        In which place it leaves a table that is too wide; 0 for never.
    """

    key: str
    title: str
    right: bool = False
    leaves: int = 0


class Cell(NamedTuple):
    """A text, with the sparkline behind it, and how it is shown."""

    text: str
    spark: Callable[[int], str] | None = None
    style: str = ""


class Layout(NamedTuple):
    """How narrow a table has become."""

    spark: int = 8
    first: int = 48
    lines: bool = True
    without: int = 0  # how many columns have left


LAYOUTS = (
    Layout(),
    Layout(spark=4),
    Layout(spark=4, first=24),
    Layout(spark=4, first=24, lines=False),
    Layout(spark=0, first=24, lines=False),
    Layout(spark=0, first=16, lines=False),
)


def table(
    columns: list[Column], rows: list[dict[str, Cell]], width: int, *, color: bool, ascii: bool
) -> str:
    """Write a table that is at most so many characters wide.

    Examples
    --------
    >>> columns = [Column("a", "name"), Column("b", "size", right=True, leaves=1)]
    >>> rows = [{"a": Cell("first"), "b": Cell("1")}, {"a": Cell("second"), "b": Cell("20")}]
    >>> print(table(columns, rows, 40, color=False, ascii=False))
    ┌────────┬──────┐
    │ name   │ size │
    ├────────┼──────┤
    │ first  │    1 │
    │ second │   20 │
    └────────┴──────┘
    >>> print(table(columns, rows, 15, color=False, ascii=True))
    name    size
    ------------
    first      1
    second    20
    """
    last = LAYOUTS[-1]
    leaving = sum(1 for c in columns if c.leaves)
    for layout in [*LAYOUTS, *(last._replace(without=n + 1) for n in range(leaving))]:
        kept = _kept(columns, layout.without)
        cells = _cells(kept, rows, layout, ascii)
        widths = [max(extent(row[i].text) for row in cells) for i in range(len(kept))]
        if sum(widths) + (3 * len(kept) + 1 if layout.lines else 2 * len(kept) - 2) <= width:
            break
    else:
        room = max(4, width - sum(widths[:-1]) - 2 * (len(kept) - 1))
        for row in cells:
            row[-1] = row[-1]._replace(text=cut(row[-1].text, room, ascii))
        widths[-1] = min(widths[-1], room)
    padded = [
        [
            _styled(_padded(cell, width, column.right), cell.style * color)
            for cell, width, column in zip(row, widths, kept, strict=True)
        ]
        for row in cells
    ]
    return fitting(_framed(padded, widths) if layout.lines else _bare(padded, widths), ascii)


def _cells(
    columns: list[Column], rows: list[dict[str, Cell]], layout: Layout, ascii: bool
) -> list[list[Cell]]:
    """Give the cells, the titles first, as that layout has them."""
    titles = [Cell(fitting(column.title, ascii), None, "head") for column in columns]
    return [
        titles,
        *(
            [_fitted(row[column.key], i, layout, ascii) for i, column in enumerate(columns)]
            for row in rows
        ),
    ]


def _kept(columns: list[Column], without: int) -> list[Column]:
    gone = sorted((c for c in columns if c.leaves), key=lambda c: c.leaves)[:without]
    return [c for c in columns if c not in gone]


def _fitted(cell: Cell, position: int, layout: Layout, ascii: bool) -> Cell:
    text = cell.text
    if cell.spark is not None and layout.spark:
        text += " " + cell.spark(layout.spark)
    text = fitting(text, ascii)
    if position == 0:
        text = cut(text, layout.first, ascii)
    return cell._replace(text=text)


def _framed(rows: list[list[str]], widths: list[int]) -> str:
    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (w + 2) for w in widths) + right

    lines = [f"│ {' │ '.join(row)} │" for row in rows]
    head, *body = lines
    return "\n".join([rule("┌", "┬", "┐"), head, rule("├", "┼", "┤"), *body, rule("└", "┴", "┘")])


def _bare(rows: list[list[str]], widths: list[int]) -> str:
    head, *body = ["  ".join(row).rstrip() for row in rows]
    return "\n".join([head, "─" * (sum(widths) + 2 * len(widths) - 2), *body])


def _padded(cell: Cell, width: int, right: bool) -> str:
    space = " " * (width - extent(cell.text))
    return space + cell.text if right else cell.text + space


def _styled(text: str, style: str) -> str:
    return f"\033[{STYLES[style]}m{text}\033[0m" if style else text


def fitting(text: str, ascii: bool) -> str:
    """Write a text in ASCII where it must be; what has no likeness there becomes ``?``."""
    if not ascii:
        return text
    for sign, likeness in _ASCII.items():
        text = text.replace(sign, likeness)
    return text.encode("ascii", "replace").decode()


def extent(text: str) -> int:
    """Tell how many columns of a terminal a text takes; East Asian characters take two.

    >>> extent("abc"), extent("層"), extent("e" + chr(0x301))
    (3, 2, 1)
    """
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def cut(text: str, width: int, ascii: bool = False) -> str:
    """Cut a text to so many columns.

    >>> cut("encoder.layers.0", 10), cut("encoder", 10)
    ('encoder.l…', 'encoder')
    """
    if extent(text) <= width:
        return text
    while extent(text) > width - 1:
        text = text[:-1]
    return text + fitting("…", ascii)


def wrapped(parts: list[str], width: int, ascii: bool) -> list[str]:
    """Set parts one behind the other, with dots between them, on lines of that width.

    >>> wrapped(["one", "two", "three"], 10, False)
    ['one · two', 'three']
    """
    lines: list[str] = []
    for part in (fitting(part, ascii) for part in parts):
        longer = f"{lines[-1]} {fitting('·', ascii)} {part}" if lines else part
        if lines and extent(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(cut(part, width, ascii))
    return lines
