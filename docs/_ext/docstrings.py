"""Docstrings in NumPy's form, as the reference shows them.

A section becomes a field: parameters, attributes and results a list of definitions, whose types are
a text of shapes and words, in which public classes are links. References are numbered within their
docstring, since a page holds those of many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import public_names

SECTION = re.compile(r"^(\w+)\n(-{3,})\n", flags=re.M)
WORD = re.compile(r"[A-Za-z_][\w.]*")


def classes() -> dict[str, str]:
    """The whole name of each public class, by its own; the drop-in's have their own words."""
    found: dict[str, str] = {}
    for entry in public_names.public():
        if isinstance(entry.thing, type) and ".micrograd." not in entry.name:
            found.setdefault(entry.name.rsplit(".", 1)[-1], entry.name)
    return found


CLASSES = classes()


def convert(text: str) -> str:
    """A docstring as RST, its sections as fields."""
    head, *rest = SECTION.split(text)
    parts = [_numbered(head)]
    for title, _, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        parts.append(_section(title, body.strip("\n")))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _section(title: str, body: str) -> str:
    if title in ("Parameters", "Attributes"):
        return _field(title, "".join(_named(line, words) for line, words in entries(body)))
    if title == "Returns":
        return _field(title, "".join(_given(line, words) for line, words in entries(body)))
    if title == "Raises":
        return _field(title, "".join(_raised(line, words) for line, words in entries(body)))
    return f".. rubric:: {title}\n\n{_numbered(body)}"


def entries(body: str) -> Iterator[tuple[str, str]]:
    """Each line that is not indented, and the indented ones below it."""
    for piece in re.split(r"\n(?=\S)", body):
        line, _, words = piece.partition("\n")
        yield line, _dedented(words)


def _dedented(words: str) -> str:
    return re.sub(r"^    ", "", words, flags=re.M).strip("\n")


def _named(line: str, words: str) -> str:
    names, _, kind = line.partition(" : ")
    term = ", ".join(f"**{_plain(name)}**" for name in names.split(", "))
    return _definition(f"{term} : {linked(kind)}" if kind else term, words)


def _given(line: str, words: str) -> str:
    if " : " in line or re.fullmatch(r"[a-z_]+", line):
        return _named(line, words)
    return _definition(f"\\ {linked(line)}", words)  # "(B) ..." would begin a numbered list


def _raised(line: str, words: str) -> str:
    return _definition(linked(line), words)


def _definition(term: str, words: str) -> str:
    indented = re.sub(r"^(?=.)", "   ", _numbered(words), flags=re.M)
    return f"{term}\n{indented or '   ..'}\n\n"


def _field(title: str, body: str) -> str:
    return f":{title}:\n\n" + re.sub(r"^(?=.)", "   ", body, flags=re.M)


def _plain(text: str) -> str:
    return re.sub(r"([*|`_\\])", r"\\\1", text)


def linked(kind: str) -> str:
    """A type as text, in which public classes are links; code in backquotes stays as it is."""
    pieces = re.split(r"(``.*?``|`[^`]+`)", kind)
    return "".join(p if k % 2 else _with_links(p) for k, p in enumerate(pieces))


def _with_links(text: str) -> str:
    done, end = "", 0
    for word in WORD.finditer(text):
        done += _plain(text[end : word.start()]).replace(" : ", "\\ : ")
        done += _word(word[0])
        end = word.end()
    return done + _plain(text[end:])


def _word(word: str) -> str:
    if word in CLASSES:
        return f"\\ :py:class:`{word} <{CLASSES[word]}>`\\ "
    return _plain(word)


def _numbered(text: str) -> str:
    text = re.sub(r"^\.\. \[(\d+)\] ", r"\1. ", text, flags=re.M)
    return re.sub(r"\[(\d+)\]_", r"[\1]", text)


def setup(app) -> dict[str, bool]:
    def process(_app, _what, _name, _thing, _options, lines: list[str]) -> None:
        lines[:] = convert("\n".join(lines)).split("\n")

    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
