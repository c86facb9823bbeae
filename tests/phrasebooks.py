"""Pages that say the same thing twice: there, and here, in the two columns of their tables.

A page is read from its top, as its reader does: its blocks and the cells of one column are run in
one namespace, in their order. What a cell gives as an expression can be compared.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

PAGES = sorted((Path(__file__).parent.parent / "docs" / "coming-from").glob("[!i]*.md"))
BLOCK = {"there": "py", "here": "python"}  # the site runs the second kind
COLUMN = {"there": 0, "here": -1}
PIECE = re.compile(r"^```(\w+)\n(.*?)^```|^\|([^\n]*)\|$", flags=re.S | re.M)


class Piece(NamedTuple):
    """A block of code, or a row of a table."""

    block: str | None  # its language
    text: str
    cells: tuple[str, ...] = ()


def pieces(text: str) -> Iterator[Piece]:
    """Give the blocks of a page, and the rows of its tables of two columns, in their order."""
    columns: tuple[str, ...] = ()
    end = 0
    for found in PIECE.finditer(text):
        if text[end : found.start()] != "\n":
            columns = ()  # something between: the next row begins a table
        end = found.end()
        if found[1]:
            columns = ()
            yield Piece(found[1], found[2])
            continue
        cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", found[3]))
        if not columns:
            columns = cells
        elif len(columns) == 2 and columns[-1] == "here" and not set(cells[0]) <= set("-:"):
            yield Piece(None, found[0], cells)


def spans(cell: str) -> list[str]:
    """Give the pieces of code in a cell."""
    return [code.replace(r"\|", "|") for code in re.findall(r"`([^`]+)`", cell)]


def run(code: str, names: dict) -> Any:
    """Run a piece of code; what its last line gives, if that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "<page>", "exec"), names)  # our own page, run as a reader would
        if last is not None:
            return eval(compile(ast.Expression(last.value), "<page>", "eval"), names)
    return None


def read(
    text: str, side: str, kept: Callable[[Any], Any] = lambda x: x
) -> list[tuple[Piece, list[Any]]]:
    """Run one side of a page, and give what the code in each row gave, as it is kept.

    Raises
    ------
    AssertionError
        If something fails: with the row.
    """
    names: dict = {"__name__": "__main__"}
    found = []
    for piece in pieces(text):
        if piece.block is None:
            codes = spans(piece.cells[COLUMN[side]])
        else:
            codes = [piece.text] if piece.block == BLOCK[side] else []
        given = []
        for code in codes:
            try:
                given.append(kept(run(code, names)))
            except Exception as error:
                raise AssertionError(
                    f"{code!r} in {piece.text!r}: {type(error).__name__}: {error}"
                ) from error
        if piece.block is None:
            found.append((piece, given))
    return found
