"""A page of the course, run as its reader runs it, with every number that it prints.

    with reading("course/01-a-neuron") as page:
        page.shows("-11.67", published["z"][1])
        page.prints(r"output (\\S+)", sigmoid(-0.4549))
        page.prints(r"held out: (\\S+) %", (95, 100))

A number is right if it is the expected one to the last digit shown. Leaving the block fails if a
number of the page was not asserted: in prose those with a point or an exponent, in what the page
prints all of them.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

DOCS = Path(__file__).resolve().parent.parent / "docs"
sys.path.insert(0, str(DOCS / "_ext"))

from cells import cells  # noqa: E402  # the site's own splitter of pages

NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.\d*|\.?\d+)(?:e[+-]?\d+)?(?![\w])")
PICTURES = ("_repr_svg_", "_repr_html_", "_repr_png_", "_repr_markdown_", "_repr_mimebundle_")


def numbers_of(text: str, *, whole: bool = True) -> list[str]:
    """The numbers of a text as they are written; without those that have no point if not whole."""
    found = NUMBER.findall(text.replace("−", "-"))
    found = [number.rstrip(".") for number in found]
    return [n for n in found if whole or "." in n or "e" in n]


def agrees(text: str, value: float) -> bool:
    """Whether the value, rounded to the digits shown, is the text."""
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** (int(exponent or 0) - decimals)
    return bool(abs(float(text) - value) <= half * (1 + 1e-6) + 1e-15 * abs(value))


def run(code: str, names: dict) -> str:
    """What a cell prints, its last expression included unless that is shown as a picture."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)  # our own page
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
            if value is not None and not any(hasattr(value, name) for name in PICTURES):
                print(repr(value))
    return printed.getvalue()


class Page:
    """A page that was run: `names` of its cells, its `prose`, what it `printed`."""

    def __init__(self, text: str) -> None:
        self.names: dict = {"__name__": "__main__"}
        self.prose = self.printed = ""
        for cell in cells(text):
            if cell.is_code:
                self.printed += run(cell.text, self.names) + "\n"
            else:
                self.prose += re.sub(r"\]\([^)]*\)|<[^>]*>", " ", cell.text) + "\n"
        self.left = set(numbers_of(self.prose, whole=False)) | set(numbers_of(self.printed))

    def shows(self, text: str, value) -> None:
        """The number is written so on the page and is the value, or in a range (low, high)."""
        text = text.replace("−", "-")
        written = numbers_of(self.prose) + numbers_of(self.printed)
        assert text in written, f"the page does not show {text}"
        self._check(text, value)

    def prints(self, pattern: str, *values) -> None:
        """Each group of the pattern in what is printed holds its value's numbers, wherever it is.

        A value is a number, an array (all its numbers, in order) or a range (low, high).
        """
        matches = list(re.finditer(pattern, self.printed.replace("−", "-"), flags=re.M))
        assert matches, f"the page prints nothing like {pattern!r}"
        for match in matches:
            assert len(match.groups()) == len(values), f"{pattern!r}: one value for each group"
            for text, value in zip(match.groups(), values, strict=True):
                numbers = numbers_of(text)
                wanted = [value] if isinstance(value, tuple) else list(np.ravel(value))
                assert len(numbers) == len(wanted) > 0, f"{text!r}: {len(wanted)} numbers expected"
                for number, one in zip(numbers, wanted, strict=True):
                    self._check(number, one)

    def _check(self, text: str, value) -> None:
        if isinstance(value, tuple):
            low, high = value
            assert low <= float(text) <= high, f"the page shows {text}, not in {low} ... {high}"
        else:
            assert agrees(text, float(value)), (
                f"the page shows {text}, which should be {float(value)!r}"
            )
        self.left.discard(text)


@contextlib.contextmanager
def reading(name: str) -> Iterator[Page]:
    """The page docs/NAME.md, run; fails at the end if a number of it was not asserted."""
    page = Page((DOCS / f"{name}.md").read_text())
    yield page
    assert not page.left, f"nobody asserts these numbers of {name}: {sorted(page.left)}"
