"""How small can a page's program be? Shorter names, and no comments and needless spaces.

A name gets a short one wherever it stands, if it is declared in the program and is nowhere a
property: then it is the program's own, and giving it another name everywhere changes nothing.
Line ends stay where they are, so that statements end where they did; what stands in strings and
regular expressions is not touched.
"""

from __future__ import annotations

import itertools
import re
import string
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Token(NamedTuple):
    """A piece of a program; of a template, the texts and the code between are pieces each."""

    kind: str
    text: str


_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<word>[\w$]+)
      | (?P<end>\s*\n\s*)
      | (?P<space>[ \t]+)
      | (?P<sign>\.\.\.|\?\.|.)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_TEMPLATE_TEXT = re.compile(r"(?:\\.|[^`\\$]|\$(?!\{))*(?:`|\$\{)", re.DOTALL)
# A slash begins an expression only where a value may begin: after an operator or a bracket.
_BEFORE_VALUE = {"(", ",", "=", ":", "[", "!", "&", "|", "?", "{", "}", ";", ">", "", "return"}
# A brace holds statements after these, such as => and ), and properties after all others.
_BEFORE_BLOCK = {")", ">", ";", "{", "}", "else", "try", "do", "finally", ""}
_GLOBALS = ("Math", "Number", "document", "Infinity", "undefined", "Object")  # of every program
_DECLARING = {"const", "let", "function"}


def squeezed(script: str) -> str:
    """Make a JavaScript program shorter that does the same.

    Examples
    --------
    >>> squeezed('const sum = x + 1; /* one more */ say("a  b", `c ${ sum } d`);')
    'let a=x+1;say("a  b",`c ${a} d`);'
    >>> squeezed("x = a + +b;  return /a b/.test(x)")
    'x=a+ +b;return/a b/.test(x)'
    """
    tokens = list(tokens_of(script))
    names = _short_names(tokens)
    given = ",".join(f"{names[name]}={name}" for name in _GLOBALS if name in names)
    out = [f"let {given};\n"] if given else []
    gap, last = False, ""
    for kind, token in tokens:
        if kind in ("comment", "space"):
            gap = True
            continue
        if kind == "end":
            if last not in ("\n", ""):
                out.append("\n")
            gap, last = False, "\n"
            continue
        if kind == "word":
            # What is never given another value may be: the program was written with const.
            token = "let" if token == "const" else names.get(token, token)
        if gap and _would_join(last, token):
            out.append(" ")
        out.append(token)
        gap, last = False, token
    return "".join(out).rstrip("\n")


def tokens_of(script: str) -> Iterator[Token]:
    """Cut a program into its pieces, which make it up when they are put together again.

    >>> script = "f(`a ${ {b: `c`} }`, /[/]/g, 1 / 2)"
    >>> "".join(token.text for token in tokens_of(script)) == script
    True
    """
    at, last = 0, ""
    braces: list[int] = []  # how many are open in the code of each template around
    while at < len(script):
        c = script[at]
        inside = bool(braces) and braces[-1] == 0
        if c == "`" or (c == "}" and inside):
            match = _TEMPLATE_TEXT.match(script, at + 1)
            kind = "template"
            assert match is not None
            if c == "}":
                braces.pop()
            if match[0].endswith("${"):
                braces.append(0)
            text = c + match[0]
        elif c == "/" and script[at + 1] != "*" and last in _BEFORE_VALUE:
            match = _REGEX.match(script, at)
            assert match is not None
            kind, text = "regex", match[0]
        else:
            match = _TOKEN.match(script, at)
            assert match is not None
            kind, text = str(match.lastgroup), match[0]
            if braces and text in "{}":
                braces[-1] += 1 if text == "{" else -1
        yield Token(kind, text)
        at += len(text)
        if kind not in ("comment", "space", "end"):
            last = text


def _short_names(tokens: list[Token]) -> dict[str, str]:
    """Choose a short name for each of the program's own, the most frequent ones first."""
    code = [t for t in tokens if t.kind not in ("comment", "space", "end")]
    used = Counter(t.text for t in code if t.kind == "word")
    own = {b.text for a, b in itertools.pairwise(code) if a.text in _DECLARING and b.kind == "word"}
    for a, b, c, d in zip(code, code[1:], code[2:], code[3:], strict=False):
        if a.text == "," and b.kind == "word" and c.text == "=" and d.text not in ("=", ">"):
            own.add(b.text)  # a second one: const a = 1, b = 2
    # A global that comes often is given a short name too, once, at the beginning.
    own |= {name for name in _GLOBALS if used[name] * (len(name) - 2) > len(name) + 4}
    own -= _properties(code)
    short = (
        a + b
        for b in ["", *string.ascii_letters, *string.digits]
        for a in string.ascii_letters
        if a + b not in used and a + b not in ("do", "if", "in", "of", "as")
    )
    worth = sorted(own, key=lambda name: (-used[name] * len(name), name))
    return {name: new for name, new in zip(worth, short, strict=False) if len(new) < len(name)}


def _properties(code: list[Token]) -> set[str]:
    """List the words that stand as a property: after a dot, or as a key in braces."""
    found = set()
    around: list[str] = []
    for before, token, after in zip([Token("", ""), *code], code, [*code[1:], Token("", "")],
                                    strict=False):  # fmt: skip
        if token.kind == "template":
            if token.text.startswith("}") and around:
                around.pop()
            if token.text.endswith("${"):
                around.append("${")
        elif token.text in ("(", "["):
            around.append(token.text)
        elif token.text == "{":
            around.append("block" if before.text in _BEFORE_BLOCK else "{")
        elif token.text in (")", "]", "}"):
            around.pop()
        elif token.kind == "word":
            is_key = (
                bool(around) and around[-1] == "{" and before.text in ("{", ",")
                and after.text in (":", ",", "}", "(")
            )  # fmt: skip
            if before.text in (".", "?.") or is_key:
                found.add(token.text)
    return found


def _would_join(before: str, after: str) -> bool:
    """Tell whether two tokens would be another without the space between them."""
    a, b = before[-1:], after[:1]
    return (_is_word(a) and _is_word(b)) or (a in ("+", "-", "/") and a == b)


def _is_word(c: str) -> bool:
    return c in ("$", "_") or c.isalnum()
