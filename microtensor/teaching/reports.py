"""What did the grader find? A page: ticks by chapter, then the first failures, explained."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .behaviours import Comparison

_MARKS = {"right": "✓", "wrong": "✗", "not offered": "–", "told": "·"}
_EXPLAINED = 3  # more at once is not read, and the first ones may cause the others


class Result(NamedTuple):
    """How one behaviour went. ``print`` it for the example and the explanation.

    Attributes
    ----------
    name, chapter : str
        Which behaviour.
    status : str
        "right", "wrong", "not offered" by the engine, or "told", where there is no right and wrong.
    example : str
        The lines that were run.
    compared : tuple of Comparison
        Each thing compared: ``what`` it is, what was ``expected``, and what the engine ``got``.
    raised : str
        What the engine raised instead, if it did, with the line; else empty.
    explanation : str
        Why engines get it wrong, and how it is mended.
    """

    name: str
    chapter: str
    status: str
    example: str
    compared: tuple[Comparison, ...]
    raised: str
    explanation: str

    def __str__(self) -> str:
        lines = [f"{_MARKS[self.status]} {self.chapter}: {self.name}", ""]
        lines += textwrap.indent(self.example, "    ").splitlines()
        lines += [*self._outcome(), ""]
        return "\n".join([*lines, *_wrapped(self.explanation, "  ")])

    def _outcome(self) -> list[str]:
        """Say what came of the example; an error takes the place of all numbers."""
        if self.raised:
            wanted = ", ".join(f"{row.what} = {shown(row.expected)}" for row in self.compared)
            raised = self.raised if len(self.raised) <= 300 else f"{self.raised[:299]}…"
            return [
                *_wrapped(f"expected  {wanted}", "    ", "              "),
                *_wrapped(f"got       {raised}", "    ", "              "),
            ]
        lines = []
        for row in self.compared:
            mark = " " if row.agrees else "✗"
            told = f"{row.what}  expected {shown(row.expected)}, got {shown(row.got)}"
            lines += _wrapped(told, f"  {mark} ", "      ")
        return lines

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "chapter": self.chapter,
            "status": self.status,
            "example": self.example,
            "expected": {row.what: shown(row.expected) for row in self.compared},
            "got": self.raised or {row.what: shown(row.got) for row in self.compared},
            "explanation": self.explanation,
        }


class Report:
    """What `check` found about an engine; true if nothing is wrong, and printed as a page.

    Attributes
    ----------
    engine : str
        The name of what was graded.
    results : tuple of Result
        One for each behaviour, in the order of the chapters; ``report["name"]`` finds one.
    """

    def __init__(self, engine: str, results: tuple[Result, ...]) -> None:
        self.engine, self.results = engine, results

    @property
    def graded(self) -> tuple[Result, ...]:
        """Those that are right or wrong."""
        return tuple(r for r in self.results if r.status in ("right", "wrong"))

    @property
    def failures(self) -> tuple[Result, ...]:
        """Those that are wrong, the first ones first: they often cause the others."""
        return tuple(r for r in self.results if r.status == "wrong")

    def __bool__(self) -> bool:
        return not self.failures

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, name: str) -> Result:
        for found in self.results:
            if found.name == name:
                return found
        raise KeyError(name)

    def __str__(self) -> str:
        right = len(self.graded) - len(self.failures)
        lines = [f"{self.engine}: {right} of {len(self.graded)} behaviours are right", ""]
        for chapter in dict.fromkeys(r.chapter for r in self.results):
            lines += self._chapter(chapter)
        explained = self._explained()
        for failure in explained:
            lines += ["", "─" * 72, str(failure)]
        if left := len(self.failures) - len(explained):
            lines += ["", "─" * 72, *_wrapped(_more(left), "")]
        return "\n".join(lines)

    __repr__ = __str__

    def _chapter(self, chapter: str) -> list[str]:
        """Give a line of ticks, and under it the names of what is wrong."""
        results = [r for r in self.results if r.chapter == chapter]
        if all(r.status == "not offered" for r in results):
            return [f"{chapter:<20}not offered"]
        graded = [r for r in results if r.status in ("right", "wrong")]
        right = sum(r.status == "right" for r in graded)
        ticks = "".join(_MARKS[r.status] for r in results)
        lines = [f"{chapter:<20}{ticks:<16}{right:>3} of {len(graded)}"]
        for r in results:
            if r.status == "wrong":
                lines += _wrapped(r.name, "    ✗ ", "      ")
            elif r.status == "told":
                got = r.raised or ", ".join(shown(row.got) for row in r.compared)
                lines += _wrapped(f"{r.name} gives {got}", "    · ", "      ")
        return lines

    def _explained(self) -> list[Result]:
        """Choose the first failures, one for each cause."""
        first: dict[str, Result] = {}
        for failure in self.failures:
            first.setdefault(failure.explanation, failure)
        return list(first.values())[:_EXPLAINED]

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def to_json(self) -> str:
        """Give all of it as JSON: the engine, the counts, and each result with its explanation."""
        return json.dumps(
            {
                "engine": self.engine,
                "right": len(self.graded) - len(self.failures),
                "graded": len(self.graded),
                "results": [r.to_dict() for r in self.results],
            },
            indent=2,
            ensure_ascii=False,
        )


def _more(left: int) -> str:
    """Say how the failures can be read that were left out."""
    them = "1 more failure is" if left == 1 else f"{left} more failures are"
    return (
        f"{them} in report.failures, each of which prints as these do. Mend the first ones first: "
        "they may cause the others."
    )


def shown(thing: Any) -> str:
    """Write a number or an array in few characters."""
    if (
        isinstance(thing, bool | str)
        or thing is None
        or not isinstance(thing, float | int | np.ndarray)
    ):
        return thing if isinstance(thing, str) else repr(thing)
    if isinstance(thing, np.ndarray):
        return " ".join(np.array2string(thing, precision=6, threshold=12).split())
    return f"{thing:.6g}"


def _wrapped(text: str, first: str, later: str | None = None) -> list[str]:
    return textwrap.wrap(
        text, 78, initial_indent=first, subsequent_indent=first if later is None else later,
        break_on_hyphens=False,
    )  # fmt: skip
