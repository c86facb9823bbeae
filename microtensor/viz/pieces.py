"""How is one thing said in two ways? A `Piece` of mathematics, as a line of text and as LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import notation
from .terms import Key, Term
from .theme import number, shape_word


class Piece(NamedTuple):
    """A bit of mathematics, both ways.

    >>> said("x") + Piece(" = ", " = ") + value(0.5)
    Piece(text='x = 0.5', latex='x = 0.5')
    """

    text: str
    latex: str

    def __add__(self, other: Any) -> Piece:
        return Piece(self.text + other.text, self.latex + other.latex)


EQUALS = Piece(" = ", " = ")
GROWS = Piece(" += ", r" \mathrel{+}= ")
TIMES = Piece(" × ", r" \cdot ")
PLUS = Piece(" + ", " + ")
NOTHING = Piece("", "")

_WRITTEN_OUT = 4  # numbers of a row


def said(label: str) -> Piece:
    """Say a name."""
    return Piece(label, notation.latex_name(label))


def words(text: str) -> Piece:
    """Say something in words, in the middle of a formula."""
    return Piece(text, rf"\text{{{plain_text(text)}}}")


_IN_WORDS = {
    "·": "–", "\\": "/", "^": "'", "~": "-", "`": "'", "\n": " ", "<": r"\textless{}",
    ">": r"\textgreater{}",
}  # fmt: skip


def plain_text(text: str) -> str:
    r"""Escape words for LaTeX's ``\text``.

    >>> print(plain_text("50% of {x}_1"))
    50\% of \{x\}\_1
    """
    found = []
    for c in notation.composed(text):
        if c in "{}$&#%_":
            found.append("\\" + c)
        else:
            found.append(_IN_WORDS.get(c, c))
    return "".join(found)


def value(x: Any, digits: int = 4) -> Piece:
    """Say a number, the few numbers of a short row, or the shape and the length of an array."""
    if x is None or np.ndim(x) == 0:
        shown = number(x, digits)
        if x is None:
            return Piece(shown, r"\text{—}")
        return Piece(shown, notation.latex_decimal(float(x), digits))
    entries = np.asarray(x, dtype=np.float64)
    if entries.ndim == 1 and 0 < entries.size <= _WRITTEN_OUT:
        latex = r",\; ".join(notation.latex_decimal(float(entry), digits) for entry in entries)
        return Piece(f"[{', '.join(number(entry, digits) for entry in entries)}]", f"[{latex}]")
    with np.errstate(all="ignore"):
        length = float(np.sqrt(np.sum(np.square(entries))))
    shape = shape_word(entries.shape)
    by = shape.replace("×", r" \times ")
    return Piece(
        f"{shape} ‖{number(length, digits)}‖",
        rf"{by}\;\|{notation.latex_decimal(length, digits)}\|",
    )


def as_factor(x: Any, digits: int = 4) -> Piece:
    """Say a number as a factor: a negative one in brackets."""
    if x is None or np.ndim(x):
        return value(x, digits)
    plain = value(x, digits)
    if float(x) >= 0 or float(x) != float(x):
        return plain
    return Piece(f"({plain.text})", f"({plain.latex})")


def derivative(of: str, by: str) -> Piece:
    """Say ∂of/∂by."""
    top, bottom = notation.latex_name(of), notation.latex_name(by)
    return Piece(f"∂{_whole(of)}/∂{_whole(by)}", rf"\frac{{\partial {top}}}{{\partial {bottom}}}")


def _whole(label: str) -> str:
    return label if all(c not in label for c in " +−·×/@") else f"({label})"


def formula(term: Term, names: Mapping[Key, Piece]) -> Piece:
    """Say a formula in the pieces that its symbols stand for."""
    return Piece(
        notation.text(term, {key: piece.text for key, piece in names.items()}),
        notation.latex(term, {key: piece.latex for key, piece in names.items()}),
    )


def joined(sign: Piece, pieces: Iterable[Piece]) -> Piece:
    """Put a sign between pieces."""
    found = list(pieces)
    return Piece(sign.text.join(p.text for p in found), sign.latex.join(p.latex for p in found))
