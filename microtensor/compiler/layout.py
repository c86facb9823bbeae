"""How are lines of a program laid out? Aligned comments, headings, and at most 100 columns."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

WIDTH = 100
_COLUMN = 66  # where comments stand at most


@dataclass
class Line:
    """One line of text, and what is said beside it."""

    text: str
    shape: str = ""
    module: str = ""
    heading: str = ""
    after: str = ""

    @property
    def comment(self) -> str:
        return "  ".join(filter(None, (self.shape, self.module, self.after)))


def laid_out(lines: Iterable[Line]) -> list[str]:
    """Align the comments of lines, part by part, and put headings above the parts.

    Examples
    --------
    >>> for line in laid_out([Line("", heading="forward"), Line("    y = x @ w.T", "(2, 3)"),
    ...                       Line("    loss = y.sum()", "", "Net.head")]):
    ...     print(line)
    <BLANKLINE>
        # forward
        y = x @ w.T       # (2, 3)
        loss = y.sum()    # Net.head
    """
    found: list[str] = []
    part: list[Line] = []
    for line in [*lines, Line("", heading="end")]:
        if not line.heading:
            part.append(line)
            continue
        found += _aligned(part)
        part = []
        if line.heading != "end":
            found += ["", f"    # {line.heading}"]
    return found


def _aligned(lines: list[Line]) -> list[str]:
    long = [len(line.text) for line in lines if line.comment and len(line.text) <= _COLUMN]
    column = max(long, default=0) + 4
    shapes = max((len(line.shape) for line in lines if line.module), default=0)
    found = []
    for line in lines:
        beside = line.comment
        if line.module and shapes:
            beside = f"{line.shape:<{shapes}}  {line.module}"
        whole = f"{line.text:<{column - 2}}  # {beside}" if beside else line.text
        if len(whole) <= WIDTH:
            found.append(whole)
        else:
            indent = len(line.text) - len(line.text.lstrip())
            found += [f"{' ' * indent}# {beside}"] if beside else []
            found += wrapped(line.text)
    return found


def wrapped(line: str, width: int = WIDTH) -> list[str]:
    """Break a line of Python within brackets, if it is too long.

    >>> for part in wrapped("total = add(alpha, beta, gamma, delta)", 24):
    ...     print(part)
    total = add(
        alpha, beta, gamma,
        delta,
    )
    """
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    text = line[len(indent) :]
    opened, commas, signs = _places_to_break(text)
    target, equals, call = text.partition(" = ")
    is_tuple = "," in target and target.replace(", ", "").replace("*", "").isidentifier()
    if opened is not None and opened > width - len(indent) and equals and is_tuple:
        names = _packed([f"{t}," for t in target.split(", ")], width - len(indent) - 4)
        first, *rest = wrapped(f"{indent}x = {call}", width)
        first = f"{indent}) {first[len(indent) + 2 :]}"
        return [f"{indent}(", *(f"{indent}    {part}" for part in names), first, *rest]
    start = text.find(" = ") + 3
    signs = [place for place in signs if 3 <= start < place]
    if opened is not None and not signs:
        places = [opened + 1, *(c + 1 for c in commas), len(text) - 1]
        parts = [text[a:b].strip() for a, b in pairwise(places)]
        parts = [part if part.endswith(",") or len(parts) == 1 else f"{part}," for part in parts]
        inside = [
            new
            for part in _packed(parts, width - len(indent) - 4)
            for new in _within(part, indent, width)
        ]
        return [indent + text[: opened + 1], *inside, indent + text[-1]]
    if start < 3 or text.startswith("assert"):
        return [line]
    places = [start, *signs, len(text)]
    parts = _packed([text[a:b].strip() for a, b in pairwise(places)], width - len(indent) - 4)
    return [f"{indent}{text[:start]}(", *(f"{indent}    {part}" for part in parts), f"{indent})"]


def _within(part: str, indent: str, width: int) -> list[str]:
    return (
        wrapped(f"{indent}    {part}", width)
        if not part.endswith(",")
        else [*(lines := wrapped(f"{indent}    {part[:-1]}", width - 1))[:-1], lines[-1] + ","]
    )


def _packed(parts: list[str], width: int) -> list[str]:
    """Put as many parts on a line as there is room for."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + 1 + len(part) <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def _places_to_break(text: str) -> tuple[int | None, list[int], list[int]]:
    """Find the bracket that the text ends with, the commas in it, and signs outside of all."""
    stack: list[int] = []
    opened, commas, signs = None, list[int](), list[int]()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.OP:
            continue
        place = token.start[1]
        if token.string in "([{":
            stack.append(place)
            if len(stack) == 1:
                commas = []
        elif token.string in ")]}":
            opened = stack.pop()
            if stack or place != len(text) - 1:
                opened = None
        elif token.string == "," and len(stack) == 1:
            commas.append(place)
        elif token.string in "+-*/@" and not stack and text[place - 1] == " ":
            signs.append(place)
    return opened, commas, signs


def filled(words: list[str], indent: int, beside: str = "") -> list[str]:
    """Write words as lines that end in commas, with a comment beside the first.

    >>> filled(["x", "labels"], 4, "  # arguments")
    ['    x, labels,  # arguments']
    """
    lines: list[str] = []
    now = " " * indent
    for word in words:
        room = WIDTH - (len(beside) if not lines else 0)
        if len(now) + len(word) + 2 > room and now.strip():
            lines.append(now.rstrip())
            now = " " * indent
        now += f"{word}, "
    lines.append(now.rstrip())
    lines[0] += beside
    return lines
