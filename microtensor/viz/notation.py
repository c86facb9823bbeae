"""How is a formula written? As text with the signs of mathematics, or as LaTeX.

Each is one small table, and one walk that puts brackets where they are needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from .terms import Key, Term
from .theme import number as decimal

Names = Mapping[Key, str]

_SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = 1, 2, 3, 4, 5  # how tightly they bind
_SUPERSCRIPTS = str.maketrans("0123456789−.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
_NAMED = {0.5: "½", 0.25: "¼", 0.6931471805599453: "ln 2", 2.302585092994046: "ln 10"}

_BRACKETED = re.compile(r"\([-−][^()]*\)")  # a negative number, as the factor of a product

# sign, and how tightly it and its operands bind
_INFIX = {
    "add": (" + ", _SUM, _SUM, _SUM), "subtract": (" − ", _SUM, _SUM, _PRODUCT),
    "multiply": ("·", _PRODUCT, _PRODUCT, _PRODUCT), "divide": ("/", _PRODUCT, _PRODUCT, _POWER),
    "matmul": (" @ ", _PRODUCT, _PRODUCT, _POWER),
    "remainder": (" mod ", _PRODUCT, _PRODUCT, _POWER),
    "greater": (" > ", 0, _SUM, _SUM), "less": (" < ", 0, _SUM, _SUM),
    "greater_equal": (" ≥ ", 0, _SUM, _SUM), "less_equal": (" ≤ ", 0, _SUM, _SUM),
    "equal": (" = ", 0, _SUM, _SUM), "not_equal": (" ≠ ", 0, _SUM, _SUM),
    "logical_and": (" and ", 0, 0, 0), "logical_or": (" or ", 0, 0, 0),
}  # fmt: skip
_WORDS = {
    "sigmoid": "σ", "log": "ln", "log2": "log₂", "log10": "log₁₀", "amax": "max", "amin": "min",
    "maximum": "max", "minimum": "min", "relu": "ReLU", "normal_cdf": "Φ",
}  # fmt: skip


def text(term: Term, names: Names) -> str:
    """Write a formula as one line of text.

    Examples
    --------
    >>> from .terms import number, simplified, symbol
    >>> y = symbol("y")
    >>> rest = simplified("subtract", number(1), y)
    >>> text(simplified("multiply", y, rest), {"y": "out_h1"})
    'out_h1·(1 − out_h1)'
    """
    return _text(term, names)[0]


def _text(term: Term, names: Names) -> tuple[str, int]:
    op, args = term
    if op == "number":
        return _number_as_text(args[0])
    if op == "symbol":
        return names[args[0]], _ATOM if names[args[0]].isidentifier() else _atom(names[args[0]])
    if op == "option":
        return str(args[0]), _ATOM
    if op in _INFIX and len(args) == 2:
        sign, own, left, right = _INFIX[op]
        return f"{_held(args[0], names, left)}{sign}{_held(args[1], names, right)}", own
    if op == "negative":
        return f"−{_held(args[0], names, _PRODUCT)}", _NEGATIVE
    if op == "power" and len(args) == 2:
        base = _held(args[0], names, _ATOM)
        if args[1].is_number:
            exponent = decimal(args[1].args[0]).replace("½", "0.5")
            if all(c in "0123456789−" for c in exponent):
                return base + exponent.translate(_SUPERSCRIPTS), _POWER
        return f"{base}^{_held(args[1], names, _ATOM)}", _POWER
    if op == "sqrt":
        return f"√{_held(args[0], names, _ATOM)}", _POWER
    if op in ("absolute", "fabs"):
        return f"|{text(args[0], names)}|", _ATOM
    if op == "holds":
        return f"[{text(args[0], names)}]", _ATOM
    if op == "logical_not":
        return f"not {_held(args[0], names, _SUM)}", 0
    if op == "where" and len(args) == 3:
        condition, a, b = (text(part, names) for part in args)
        return f"({a} if {condition}, else {b})", _ATOM
    if op in ("transpose", "swapaxes"):
        return f"{_held(args[0], names, _ATOM)}ᵀ", _POWER
    inside = ", ".join(_alone(_text(a, names)[0]) for a in args)
    return f"{_WORDS.get(op, op)}({inside})", _ATOM


def _alone(written: str) -> str:
    """Take the brackets off a negative number: a function's own hold it."""
    return written[1:-1] if _BRACKETED.fullmatch(written) else written


def _held(term: Any, names: Names, tightly: int) -> str:
    """Write a part, in brackets where the sign beside it binds more tightly."""
    written, own = _text(term, names)
    return written if own >= tightly else f"({written})"


def _number_as_text(x: float) -> tuple[str, int]:
    named = _NAMED.get(x)
    if named is not None:
        return named, _ATOM
    return decimal(x), _ATOM if x >= 0 else _NEGATIVE


def _atom(name: str) -> int:
    """Tell how tightly a name binds that may be an expression, such as ``x1·w1``."""
    if name.startswith("∂"):
        return _ATOM  # a derivative is one thing, with its bar
    if any(sign in name for sign in (" + ", " − ", " - ")):
        return _SUM
    return _PRODUCT if any(sign in name for sign in "·×/@") else _ATOM


# LaTeX

_LATEX_INFIX = {
    "add": " + ", "subtract": " - ", "multiply": r" \cdot ", "matmul": r"\,",
    "remainder": r" \bmod ", "greater": " > ", "less": " < ", "greater_equal": r" \ge ",
    "less_equal": r" \le ", "equal": " = ", "not_equal": r" \ne ",
    "logical_and": r" \land ", "logical_or": r" \lor ",
}  # fmt: skip
_LATEX_WORDS = {
    "sigmoid": r"\sigma", "tanh": r"\tanh", "exp": r"\exp", "log": r"\ln", "sin": r"\sin",
    "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh", "cosh": r"\cosh", "log2": r"\log_2",
    "log10": r"\log_{10}", "arcsin": r"\arcsin", "arccos": r"\arccos", "arctan": r"\arctan",
    "amax": r"\max", "amin": r"\min", "maximum": r"\max", "minimum": r"\min",
    "normal_cdf": r"\Phi", "relu": r"\operatorname{ReLU}",
}  # fmt: skip
_LATEX_NAMED = {
    0.5: r"\tfrac{1}{2}", 0.25: r"\tfrac{1}{4}", 0.6931471805599453: r"\ln 2",
    2.302585092994046: r"\ln 10",
}  # fmt: skip
_LATEX_SPECIAL = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\hat{\ }", "~": r"\sim ", "−": "-", "·": r"\cdot ", "×": r"\times ",
    "<": r"\lt ", ">": r"\gt ", " ": r"\ ", "⁻": "-", "`": "'", "\n": r"\ ",
}  # fmt: skip


def latex(term: Term, names: Names) -> str:
    """Write a formula as LaTeX for its mathematics mode; names must be LaTeX already.

    Examples
    --------
    >>> from .terms import number, simplified, symbol
    >>> y = symbol("y")
    >>> square = simplified("power", y, number(2))
    >>> print(latex(simplified("subtract", number(1), square), {"y": "o"}))
    1 - {o}^{2}
    """
    return _latex(term, names)[0]


def _latex(term: Term, names: Names) -> tuple[str, int]:
    op, args = term
    if op == "number":
        return latex_number(args[0]), _ATOM if args[0] >= 0 else _NEGATIVE
    if op == "symbol":
        return names[args[0]], _ATOM
    if op == "option":
        return latex_text(str(args[0])), _ATOM
    if op == "divide":
        return rf"\frac{{{latex(args[0], names)}}}{{{latex(args[1], names)}}}", _PRODUCT
    if op in _LATEX_INFIX and len(args) == 2:
        _, own, left, right = _INFIX[op]
        parts = [_held_latex(args[0], names, left), _held_latex(args[1], names, right)]
        return _LATEX_INFIX[op].join(parts), own
    if op == "negative":
        return f"-{_held_latex(args[0], names, _PRODUCT)}", _NEGATIVE
    if op == "power" and len(args) == 2:
        return f"{{{_held_latex(args[0], names, _ATOM)}}}^{{{latex(args[1], names)}}}", _POWER
    if op == "sqrt":
        return rf"\sqrt{{{latex(args[0], names)}}}", _ATOM
    if op in ("absolute", "fabs"):
        return rf"\left|{latex(args[0], names)}\right|", _ATOM
    if op == "where" and len(args) == 3:
        condition, a, b = (latex(part, names) for part in args)
        cases = rf"{a} & \text{{if }} {condition} \\ {b} & \text{{else}}"
        return rf"\begin{{cases}} {cases} \end{{cases}}", _ATOM
    if op == "holds":
        return rf"\left[{latex(args[0], names)}\right]", _ATOM
    if op == "logical_not":
        return rf"\lnot {_held_latex(args[0], names, _SUM)}", 0
    if op in ("transpose", "swapaxes"):
        return rf"{{{_held_latex(args[0], names, _ATOM)}}}^{{\top}}", _POWER
    word = _LATEX_WORDS.get(op) or rf"\operatorname{{{latex_text(op)}}}"
    inside = ", ".join(_alone(latex(a, names)) for a in args)
    return rf"{word}\left({inside}\right)", _ATOM


def _held_latex(term: Any, names: Names, tightly: int) -> str:
    written, own = _latex(term, names)
    return written if own >= tightly else rf"\left({written}\right)"


def latex_number(x: float, digits: int = 4) -> str:
    """Write a number in LaTeX: ``1.23e−5`` is a power of ten.

    >>> print(latex_number(0.5), latex_number(-3.0), latex_number(1.5e-7))
    \\tfrac{1}{2} -3 1.5 \\times 10^{-7}
    """
    named = _LATEX_NAMED.get(x)
    return latex_decimal(x, digits) if named is None else named


def latex_decimal(x: float, digits: int = 4) -> str:
    """Write a number in LaTeX as it stands in a result, with no name for one half."""
    written = decimal(x, digits).replace("−", "-").replace("∞", r"\infty ")
    if written == "nan":
        return r"\mathrm{nan}"
    mantissa, e, exponent = written.partition("e")
    return rf"{mantissa} \times 10^{{{exponent}}}" if e else written


def latex_text(words: str) -> str:
    """Escape any text, so that LaTeX shows it and none of it is a command.

    >>> print(latex_text("50%_x"))
    50\\%\\_x
    """
    return "".join(_LATEX_SPECIAL.get(c, c) for c in composed(words))


def composed(words: str) -> str:
    """Put letters and their accents together; an accent that stays alone is left out.

    A formula cannot hold an accent that has no letter to stand on.

    >>> composed("e\u0301t\u0301")
    'ét'
    """
    if words.isascii():
        return words
    whole = unicodedata.normalize("NFC", words)
    return "".join(c for c in whole if not unicodedata.category(c).startswith("M"))


def latex_name(name: str) -> str:
    """Set a name as mathematics does: one letter is italic, what follows ``_`` is an index.

    >>> print(latex_name("w5"), latex_name("out_h1"), latex_name("x"))
    w_{5} \\mathit{out}_{h1} x
    """
    name = composed(name) or " "
    base, mark, index = name.partition("_")
    if not mark and name.rstrip("0123456789") != name and name[:1].isalpha():
        base = name.rstrip("0123456789")
        index = name[len(base) :]
    if not base.isalpha():
        return rf"\mathrm{{{latex_text(name)}}}"
    head = base if len(base) == 1 else rf"\mathit{{{base}}}"
    return f"{head}_{{{latex_text(index)}}}" if index else head
