"""What is an exercise? A task, a check that explains, a hint, and a solution that stays hidden."""

from __future__ import annotations

import copy
import html
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .limits import StoppedError, at_most

STEPS = 3_000_000  # lines of Python; the largest case takes some hundred thousand


@dataclass(frozen=True)
class Case:
    """Arguments, what they should give, and what it means if they do not.

    ``judge``, if there is one, takes what was given, and tells what is wrong with it, or "".
    """

    arguments: tuple
    expected: Any
    meaning: str
    judge: Callable[[Any], str] | None = None
    shown: str = ""  # instead of the arguments, where they are many
    tolerance: float = 1e-9

    def complaint(self, got: Any) -> str:
        """Tell what is wrong with a result, or "" if nothing is."""
        if self.judge is not None:
            return self.judge(got)
        if is_same(got, self.expected, self.tolerance):
            return ""
        return f"expected {_short(self.expected)}, got {_short(got)}"


@dataclass(frozen=True)
class Verdict:
    """Whether a function solves an exercise; true if it does. ``explanation`` says why not."""

    title: str
    passed: bool
    explanation: str = ""

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        if self.passed:
            return f"✓ {self.title}: right"
        return f"✗ {self.title}\n{textwrap.indent(self.explanation, '  ')}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


class Exercise:
    """A function to be written. ``print`` it for the task, which shows no solution.

    Attributes
    ----------
    name : str
        The name of the function.
    title, text : str
        What it is about, and the task.
    hint : str
        A push in the right direction.

    Examples
    --------
    >>> import microtensor as mt
    >>> exercise = mt.teaching.exercises()[2]
    >>> print(exercise.stub)
    def product_backward(a, b, gradient):
        ...
    >>> print(exercise.check(lambda a, b, gradient: (gradient * a, gradient * b)))
    ✗ Backward through a product
      product_backward(2.0, 3.0, 1.0)
        expected (3.0, 2.0), got (2.0, 3.0)
      Each factor receives the other one: if a moves by a little, a * b moves by b
      times as much.
    """

    def __init__(
        self, title: str, text: str, hint: str, answer: Callable, cases: Sequence[Case]
    ) -> None:
        self.name = answer.__name__
        self.title = title
        self.text, self.hint = " ".join(text.split()), " ".join(hint.split())
        self._answer, self._cases = answer, tuple(cases)

    @property
    def stub(self) -> str:
        """The function to be written, empty."""
        return f"def {self.name}({', '.join(inspect.signature(self._answer).parameters)}):\n    ..."

    @property
    def solution(self) -> str:
        """One right answer, as text. Try the hint first."""
        return inspect.getsource(self._answer)

    def check(self, function: Callable) -> Verdict:
        """Try a function on some cases, and explain the first that it gets wrong."""
        for case in self._cases:
            if explanation := self._wrong(function, case):
                return Verdict(self.title, False, explanation)
        return Verdict(self.title, True)

    def _wrong(self, function: Callable, case: Case) -> str:
        """Explain what a function gets wrong in a case, or give "" if nothing."""
        arguments = copy.deepcopy(case.arguments)
        meaning = case.meaning
        try:
            with at_most(STEPS):
                complaint = case.complaint(function(*arguments))
        except KeyboardInterrupt:
            raise
        except RecursionError:
            complaint = "raised RecursionError: the function calls itself too often"
        except StoppedError:
            complaint = "was stopped: it had not come to an end, or takes far too many steps"
        except BaseException as error:
            complaint = f"raised {type(error).__name__}: {error}"
        if not complaint and not is_same(list(arguments), list(case.arguments)):
            complaint = "the result is right, but the arguments were changed"
            meaning = "Who calls the function may need them again: make new lists and dicts."
        if not complaint:
            return ""
        call = case.shown or f"{self.name}({', '.join(map(_short, case.arguments))})"
        return "\n".join([call, *_wrapped(complaint, "  "), *_wrapped(meaning, "")])

    def __str__(self) -> str:
        lines = [self.title, "", *_wrapped(self.text, "  "), ""]
        lines += textwrap.indent(self.stub, "    ").splitlines()
        lines += ["", "  check(function) grades it; .hint helps, and .solution shows an answer."]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<exercise {self.name}: {self.title}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def is_same(got: Any, expected: Any, tolerance: float = 1e-9) -> bool:
    """Compare numbers nearly, and lists, tuples and dicts of them entry by entry."""
    if callable(expected):
        return got is expected or callable(got)
    if isinstance(expected, Mapping):
        return (
            isinstance(got, Mapping)
            and got.keys() == expected.keys()
            and all(is_same(got[k], expected[k], tolerance) for k in expected)
        )
    if isinstance(expected, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(expected)
            and all(is_same(g, e, tolerance) for g, e in zip(got, expected, strict=True))
        )
    if isinstance(expected, str):
        return isinstance(got, str) and got == expected
    try:
        return math.isclose(float(got), expected, rel_tol=tolerance, abs_tol=tolerance)
    except (TypeError, ValueError):
        return False


def _short(thing: Any) -> str:
    text = getattr(thing, "__name__", None) or repr(thing)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, 76, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
