"""Which colours, which digits, which characters? What every picture shares.

Colours are tokens with a light and a dark value. Text keeps a contrast of at least 4.5:1 on its
ground in both, and blue and orange are kept for the forward and the backward pass alone.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ArgumentError

# One family name, and exactly this one: of a list of families, engines take the whole string for
# one unknown font and measure Times, so that bold text overflows its box; for Helvetica, pango
# picks a face 15 % too wide. All engines agree on Arial within 1 %.
FONT = "Arial"
FONT_FAMILY = 'Arial, Helvetica, "Liberation Sans", sans-serif'  # what viewers of an SVG may take

# Signs are chosen among those that Arial and the font inside graphviz-pure both have: the nabla,
# the small triangle and the vertical ellipsis, for three, would be empty boxes.
MISSING = "—"  # a number that was not computed; never shown as 0


@dataclass(frozen=True)
class Theme:
    """The colours of one picture; each pair is a fill and its line."""

    page: str
    ink: str
    muted: str
    forward: str
    backward: str
    arrow: str
    input: tuple[str, str]
    param: tuple[str, str]
    op: tuple[str, str]
    const: tuple[str, str]
    output: tuple[str, str]
    module: tuple[str, str]
    failed: tuple[str, str]
    pills: tuple[str, ...]
    pill_ink: str
    clusters: tuple[str, ...]
    cluster_line: str
    heat: tuple[str, ...]
    heat_line: str
    nan: str
    health: tuple[str, str]
    ground: str  # under numbers that stand on a line
    weight: tuple[str, str] = ("", "")  # of a textbook's network: the line and the ink of weights,
    bias: str = ""  # and the ink of biases

    def role(self, kind: str) -> tuple[str, str]:
        """Give the fill and the line of a kind of box: input, param, op, module, failed, ..."""
        pair: tuple[str, str] = getattr(self, kind)
        return pair


# Constants are a shade off white: `theme="auto"` tells colours apart by their light value, and
# in the dark a constant is not the colour of an operation.
LIGHT = Theme(
    page="#FFFFFF", ink="#1B2430", muted="#5F6B7A", forward="#0B5CAD", backward="#B34700",
    arrow="#6E7B89",
    input=("#E3F1FC", "#0072B2"), param=("#FFF3C4", "#8A6A00"), op=("#FFFFFF", "#687482"),
    const=("#FEFEFE", "#687482"), output=("#FCE6F2", "#9B2A6B"), module=("#E9EFF4", "#687482"),
    failed=("#FFEDE8", "#C0270A"),
    pills=("#EDF0F3", "#FFF1E3", "#FFE2C8", "#FFD0A3", "#FFBD80"), pill_ink="#8F3700",
    clusters=("#F8FAFC", "#F1F5F8", "#E9EFF4"), cluster_line="#D3DBE3",
    # PRGn of ColorBrewer: purple negative, green positive, told apart by every kind of sight
    heat=("#762A83", "#9970AB", "#C2A5CF", "#E7D4E8", "#F7F7F7",
          "#D9F0D3", "#A6DBA0", "#5AAE61", "#1B7837"),
    heat_line="#B8C1CB", nan="#FFD400", health=("#FFD9C7", "#7A1F00"),
    ground="#FEFFFF",
)  # fmt: skip
DARK = Theme(
    page="#0D1218", ink="#E8EDF3", muted="#9AA7B5", forward="#7CC0FF", backward="#FFA566",
    arrow="#8494A5",
    input=("#12304A", "#56B4E9"), param=("#3B320F", "#E6C35C"), op=("#26303B", "#8A98A8"),
    const=("#1A222C", "#8A98A8"), output=("#44203A", "#E58CC2"), module=("#1B2530", "#8A98A8"),
    failed=("#431A12", "#FF8A6B"),
    pills=("#2A333D", "#3B2B1E", "#52361E", "#6C431C", "#875218"), pill_ink="#FFD2A8",
    clusters=("#12181F", "#161E27", "#1B2530"), cluster_line="#34404D",
    # a dark zero: the light one of PRGn would glare
    heat=("#E3B8FA", "#B583D3", "#80529C", "#4A2F5A", "#222B35",
          "#1F4D35", "#2F8353", "#5CBB7C", "#B4F0C2"),
    heat_line="#4A5766", nan="#FFD400", health=("#5A2A18", "#FFC9B0"),
    ground="#0D1218",
)  # fmt: skip

# Roles in the colours of Rachel Draelos' figures: inputs red, weights gold, biases green.
TEXTBOOK = replace(
    LIGHT, input=("#FDEAE8", "#B3261E"), param=("#FFF0B8", "#856500"),
    weight=("#C99700", "#805F00"), bias="#1B7031",
)  # fmt: skip
TEXTBOOK_DARK = replace(
    DARK, input=("#45201D", "#FF9B8E"), param=("#3B320F", "#E6C35C"),
    weight=("#D9A514", "#EBC75F"), bias="#7FD692",
)  # fmt: skip

THEMES = {"light": LIGHT, "dark": DARK, "auto": LIGHT, "textbook": TEXTBOOK}
_IN_THE_DARK = {"auto": DARK, "textbook": TEXTBOOK_DARK}  # of the themes that follow the reader


def theme_named(name: str) -> Theme:
    """Give the colours to draw with; some draw light and are given their dark values by CSS.

    Raises
    ------
    ArgumentError
        If there is no theme of that name.
    """
    return THEMES[one_of("draw", "theme", name, tuple(THEMES))]


def one_of(function: str, option: str, given: Any, allowed: tuple[str, ...]) -> str:
    """Return the given word, if it is one of the allowed ones."""
    if isinstance(given, str) and given in allowed:
        return given
    raise ArgumentError(
        f"{function}: {option} is not one that is known.",
        expected=" or ".join(map(repr, allowed)),
        got=repr(given),
    )


def light_to_dark(theme: str) -> list[tuple[str, str]]:
    """List the colours of a theme with the dark ones that stand in their place; often none."""
    if theme not in _IN_THE_DARK:
        return []
    pairs: dict[str, str] = {}
    for token in LIGHT.__dataclass_fields__:
        light, dark = getattr(THEMES[theme], token), getattr(_IN_THE_DARK[theme], token)
        if isinstance(light, str):
            light, dark = (light,), (dark,)
        for a, b in zip(light, dark, strict=True):
            pairs.setdefault(a, b)
    # The page is white as operations are; the drawing's ground is told by its place instead.
    pairs[LIGHT.op[0]] = DARK.op[0]
    return [(light, dark) for light, dark in pairs.items() if light]


# Numbers


def number(x: Any, digits: int = 4) -> str:
    """Write a number for a card: four decimals, no trailing zeros, a true minus.

    Examples
    --------
    >>> number(0.70710678), number(-3.0), number(1.234e-5), number(None)
    ('0.7071', '−3', '1.234e−5', '—')
    """
    if x is None:
        return MISSING
    x = float(x)
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else ("∞" if x > 0 else "−∞")
    if x == 0:
        return "0"
    if 1e-3 <= abs(x) < 1e5:
        text = f"{x:.{digits}f}".rstrip("0").rstrip(".")
    else:
        text = _scientific(x, digits)
    return text.replace("-", "−")


def short(x: Any, digits: int = 3) -> str:
    """Write a number for an arrow: three significant digits.

    >>> short(13.4567), short(-0.098149), short(123456.0)
    ('13.5', '−0.0981', '1.23e5')
    """
    if x is None or not math.isfinite(float(x)) or x == 0:
        return number(x)
    x = float(x)
    if not 1e-3 <= abs(x) < 1e5:
        return _scientific(x, digits - 1).replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(x))))
    text = f"{round(x, decimals):.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def fuller(x: Any) -> str:
    """Write a number with two decimals where six characters hold it, else in short.

    >>> fuller(-11.67), fuller(0.93702664), fuller(12345.678)
    ('−11.67', '0.937', '12346')
    """
    text = number(x, 2)
    return text if x is not None and abs(x) >= 1 and len(text) <= 6 else short(x)


def factor(x: Any) -> str:
    """Write a number as a factor of a product: negative ones in parentheses.

    >>> factor(0.5), factor(-3.0)
    ('0.5', '(−3)')
    """
    text = short(x)
    return f"({text})" if text.startswith("−") else text


def _scientific(x: float, digits: int) -> str:
    mantissa, exponent = f"{x:.{digits}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


_DTYPES = {"float": "f", "int": "i", "uint": "u", "bool": "bool", "complex": "c"}


def dtype_word(dtype: Any) -> str:
    """Write a dtype in short.

    >>> dtype_word(np.float32), dtype_word(bool)
    ('f32', 'bool')
    """
    name = np.dtype(dtype).name
    match = re.fullmatch(r"(float|int|uint|complex)(\d+)", name)
    return _DTYPES[match[1]] + match[2] if match else name


def shape_word(shape: tuple[int, ...]) -> str:
    """Write a shape.

    >>> shape_word((6, 4)), shape_word(())
    ('6×4', 'scalar')
    """
    return "×".join(map(str, shape)) if shape else "scalar"


# Characters

# Marks that turn the reading direction of all that follows them, and so could disguise a label.
_DIRECTION_MARKS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_LIMIT = 200


def clean(text: Any, limit: int = _LIMIT) -> str:
    """Make any text one line that XML can hold, no longer than ``limit`` characters.

    >>> clean("two\\nlines"), clean("x" * 300, limit=5)
    ('two lines', 'xxxx…')
    """
    text = str(text)
    if 0 < len(text) <= limit and text.isprintable() and text[0] != " " != text[-1]:
        return text
    text = text[: 4 * limit].translate(_DIRECTION_MARKS)
    kept = []
    for c in text:
        if c in "\n\r\t\v\f\x85\u2028\u2029":
            c = " "
        elif unicodedata.category(c) in ("Cc", "Cs", "Cn", "Co"):
            c = "\ufffd"
        kept.append(c)
    line = "".join(kept).strip() or " "
    return line if len(line) <= limit else line[: limit - 1] + "…"


def html(text: Any, limit: int = _LIMIT) -> str:
    """Escape a text for an HTML-like label: never empty, which would be a syntax error.

    >>> html("a<b & c"), html("")
    ('a&lt;b &amp; c', '&#160;')
    """
    text = clean(text, limit)
    if text == " ":
        return "&#160;"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Even in an HTML-like label, and even as &#92;N, \N stands for the name of the node; an
    # invisible space keeps the two apart.
    return re.sub(r"\\(?=[GNETHL])", "\\\\\u200b", text.replace('"', "&quot;"))


def quoted(text: Any, limit: int = _LIMIT) -> str:
    r"""Write a text as a quoted DOT string that stands for exactly this text.

    >>> print(quoted('say "hi" & \\N'))
    "say \"hi\" &amp; \\N"
    """
    text = clean(text, limit)
    # DOT expands entities and its own backslash codes in strings too.
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


_SUBSCRIPT = re.compile(
    r"(?P<base>[^\W\d_]{1,2}|[^\W_]{1,4}(?=[_.]))(?:[_.]?(?P<index>\d+(?:[_,.]\d+)*)|_(?P<word>\w{1,2}))"
)


_ENTRY = re.compile(r"([^\[\]]{1,16})(\[\d{1,4}(?:,\d{1,4}){0,3}\])")  # of an array: W1[0,1]


def symbol(name: str, limit: int = 24) -> str:
    """Set a name as mathematics does, italic and with its index lowered, for an HTML-like label.

    >>> symbol("w1")
    '<I>w<FONT POINT-SIZE="8">1</FONT></I>'
    >>> symbol("weight[0,1]")
    '<I>weight<FONT POINT-SIZE="8">[0,1]</FONT></I>'
    >>> symbol("learning_rate")
    '<I>learning_rate</I>'
    """
    entry = _ENTRY.fullmatch(name)
    if entry is not None:  # with its brackets: W1 at 0,1 is not W at 10,1
        array, place = entry.groups()
        return f'<I>{html(array)}<FONT POINT-SIZE="8">{place}</FONT></I>'
    match = _SUBSCRIPT.fullmatch(name)
    if match is None:
        return f"<I>{html(name, limit)}</I>"
    index = (match["index"] or match["word"]).replace("_", ",").replace(".", ",")
    return f'<I>{html(match["base"])}<FONT POINT-SIZE="8">{html(index)}</FONT></I>'
