"""What is a behaviour? A few lines of code, what they should give, and why they often do not.

A behaviour is written as the function that tries it. Its body is the example that is shown, its
``return`` names what is compared::

    @chapter.behaviour("a * a has the slope 2a", 6.0, why="...", mistakes={3.0: "You assign ..."})
    def _(Value):
        a = Value(3.0)
        y = a * a
        y.backward()
        return a.grad

What it takes besides ``Value`` are functions, such as ``tanh``, that an engine may lack.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .engines import plain

STEPS = 200_000  # lines of Python: a behaviour of ten values needs some hundred


class Nothing:
    """What a gradient is where none arrived: zero, or None."""

    def __repr__(self) -> str:
        return "0 or None"


NOTHING = Nothing()


@dataclass(frozen=True, eq=False)
class Behaviour:
    """One thing that an engine should do.

    Attributes
    ----------
    name, chapter : str
        A sentence that says what is right, and what it is about.
    expected : tuple
        What should be returned: numbers, arrays, truths, or `NOTHING`.
    why : str
        What is behind it, why engines get it wrong, and how that is mended.
    mistakes : tuple of (tuple or type of exception, str)
        Wrong results that are known, each with what causes it.
    run : callable
        Tries it.
    text : str
        The body of ``run``; where it is empty, it is read from the source.
    needs : tuple of str
        What an engine may lack: functions, "arrays", "@", "create_graph".
    may_refuse : bool
        Whether a TypeError or an AssertionError says that the engine does not offer it.
    graded : bool
        False where there are several right ways: what happened is told only.
    after : str
        The behaviour that must be right before this one is tried.
    steps : int
        How many lines (of ``by_lines``, else calls) it may take.
    """

    name: str
    chapter: str
    expected: tuple
    why: str
    mistakes: tuple[tuple[Any, str], ...]
    run: Callable
    text: str = ""
    needs: tuple[str, ...] = ()
    may_refuse: bool = False
    graded: bool = True
    after: str = ""
    steps: int = STEPS
    by_lines: bool = True

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that ``run`` takes after Value."""
        return () if self.text else tuple(inspect.signature(self.run).parameters)[1:]

    @property
    def body(self) -> str:
        """The lines of ``run``, its return at the end."""
        if self.text:
            return self.text
        lines = inspect.getsource(self.run).splitlines()
        start = next(i for i, line in enumerate(lines) if line.lstrip().startswith("def ")) + 1
        return textwrap.dedent("\n".join(lines[start:]))

    @property
    def example(self) -> str:
        """The lines that are tried, without what is compared."""
        return self.body.rpartition("return ")[0].rstrip()

    @property
    def compared(self) -> tuple[str, ...]:
        """What is compared, as it is written: ``("y.data", "a.grad")``."""
        tree = ast.parse(self.body.rpartition("return ")[2].strip(), mode="eval").body
        parts = tree.elts if isinstance(tree, ast.Tuple) else [tree]
        return tuple(ast.unparse(part) for part in parts)


class Comparison(NamedTuple):
    """One thing compared: how it is written, what it should be, what it was."""

    what: str
    expected: Any
    got: Any

    @property
    def agrees(self) -> bool:
        return agrees(self.got, self.expected)


def agrees(got: Any, expected: Any) -> bool:
    """Tell whether a result is what was expected, as near as float32 would have it."""
    if expected is NOTHING:
        return got is None or (not isinstance(got, str | bool) and not np.any(got))
    if isinstance(expected, bool) or isinstance(got, bool | str) or got is None:
        return isinstance(got, bool) and got == expected
    if np.ndim(expected) and np.shape(got) != np.shape(expected):
        return False
    if np.size(got) != np.size(expected):
        return False
    return bool(np.allclose(got, expected, rtol=1e-5, atol=1e-6, equal_nan=True))


@dataclass
class Chapter:
    """Behaviours that belong together, under a name."""

    name: str
    behaviours: list[Behaviour] = field(default_factory=list)

    def behaviour(
        self,
        name: str,
        *expected: Any,
        why: str,
        mistakes: Mapping[Any, str] | None = None,
        needs: tuple[str, ...] = (),
        **options: Any,
    ) -> Callable[[Callable], Callable]:
        """Add the behaviour that the function under this line tries."""
        known = tuple(
            (key if isinstance(key, type | tuple) else (key,), " ".join(text.split()))
            for key, text in (mistakes or {}).items()
        )

        def add(run: Callable) -> Callable:
            made = Behaviour(
                name, self.name, expected, " ".join(why.split()), known, run, needs=needs, **options
            )
            self.behaviours.append(made)
            return run

        return add


def result(value: Any) -> tuple:
    """Give what a behaviour returned as plain numbers, arrays and truths."""
    return tuple(map(_plain, value if isinstance(value, tuple) else (value,)))


def _plain(value: Any) -> Any:
    try:
        return plain(value)
    except (TypeError, ValueError):
        return repr(value)
