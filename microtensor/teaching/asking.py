"""What is a quiz? A graph whose gradients are blank, to be found by the chain rule and checked.

The same questions stand on a page to click and type in, and can be answered in Python.
"""

from __future__ import annotations

import html
import os
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError
from .exercising import Verdict


@dataclass(frozen=True)
class Quiz:
    """A graph, and what is to be found in it. ``print`` it for the questions, without answers.

    Attributes
    ----------
    name : str
        Short, as in the name of its page's file.
    title, text : str
        What it is about, and what to do.
    graph : callable
        Gives the output, one number; what should be spoken of has a name.
    chapter : str
        The chapter of the course that it goes with, if it does.

    Examples
    --------
    >>> import microtensor as mt
    >>> used_twice = mt.teaching.quizzes()[2]
    >>> used_twice.blanks
    ('p', 's', 'a', 'c')
    >>> print(used_twice.check({"p": 3, "s": 6, "a": 15}))
    ✗ A value used twice
      ∂L/∂a is not 15. By the chain rule, each use of a contributes:
        ∂L/∂a += ∂L/∂s × ∂s/∂a
        ∂L/∂a += ∂L/∂p × ∂p/∂a

    One of your own:

    >>> def product():
    ...     w, x = mt.Value(3.0, name="w"), mt.Value(2.0, name="x")
    ...     y = w * x
    ...     y.name = "y"
    ...     return y
    >>> print(mt.teaching.Quiz("product", "A product", "What does each factor get?", product))
    A product
    <BLANKLINE>
      What does each factor get?
    <BLANKLINE>
      Find ∂y/∂w, ∂y/∂x.
    <BLANKLINE>
      page() asks on a page; check({name: number}) checks answers.
    """

    name: str
    title: str
    text: str
    graph: Callable[[], Any]
    chapter: str = ""

    @property
    def value(self) -> Any:
        """The output of its graph, made anew: a Value, to be drawn or explained."""
        return self.graph()

    @property
    def blanks(self) -> tuple[str, ...]:
        """What the gradients are asked of, from next to the output to the inputs."""
        return tuple(self._truths())

    @property
    def answers(self) -> dict[str, float]:
        """The gradient of each blank. Try to find them first."""
        return self._truths()

    def page(self, path: str | os.PathLike[str] | None = None, *, theme: str = "auto") -> Any:
        """Make the page of the quiz, which shows itself in a notebook, as `mt.quiz` does."""
        import microtensor as mt

        return mt.quiz(self.value, path, title=self.title, theme=theme)

    def check(self, answers: Mapping[str, Any]) -> Verdict:
        """Check some or all of the gradients, and explain the first that is wrong.

        Parameters
        ----------
        answers : mapping of str to float
            By the names of the blanks. Four digits are enough; what is 0 must be 0.

        Returns
        -------
        Verdict
            True if none is wrong.

        Raises
        ------
        ArgumentError
            If a name is none of the blanks, or an answer is no number.
        """
        truths = self._truths()
        for name in sorted(answers, key=lambda name: _place(name, truths)):
            if not is_right(_number(name, answers[name]), truths[name]):
                return Verdict(self.title, False, self._hint(name, answers[name]))
        return Verdict(self.title, True)

    def _snapshot(self) -> Any:
        import microtensor as mt

        return mt.viz.snapshot(self.value)

    def _truths(self) -> dict[str, float]:
        taken = self._snapshot()
        asked = [taken.node(i) for i in _from_the_output(taken)]
        _check_asked(asked)
        return {node.label: float(node.grad) for node in asked}

    def _hint(self, name: str, got: Any) -> str:
        """Say by which uses a value acts on the output, as the page does."""
        taken = self._snapshot()
        label = {node.id: node.label for node in taken.nodes}
        output = label[taken.root]
        sought = _slope(output, name)
        lines = [f"{sought} is not {got}. By the chain rule, each use of {name} contributes:"]
        for edge in taken.edges:
            if label[edge.src] != name or edge.local is None:
                continue
            user = label[edge.dst]
            if edge.dst == taken.root:
                lines.append(f"  {sought} += the slope of {output} by {name}, all else kept still")
            else:
                lines.append(f"  {sought} += {_slope(output, user)} × {_slope(user, name)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        wrap = textwrap.TextWrapper(76, initial_indent="  ", subsequent_indent="  ")
        taken = self._snapshot()
        output = taken.node(taken.root).label
        asked = ", ".join(_slope(output, name) for name in self.blanks)
        return "\n".join(
            [self.title, "", *wrap.wrap(self.text), "", *wrap.wrap(f"Find {asked}."), "",
             "  page() asks on a page; check({name: number}) checks answers."]
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<quiz {self.name}: {self.title}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _from_the_output(taken: Any) -> list[str]:
    """List what has a gradient, next to the output first; each after all that uses it."""
    left = Counter(edge.src for edge in taken.edges)
    operands: dict[str, list[str]] = {}
    for edge in taken.edges:
        operands.setdefault(edge.dst, []).append(edge.src)
    found = []
    for node in reversed(taken.nodes):
        if node.id in operands:
            found.append(node.id)
        for operand in operands.get(node.id, ()):
            left[operand] -= 1
            if not left[operand] and operand not in operands:
                found.append(operand)  # a leaf, after the last that uses it
    return [i for i in found if i != taken.root and taken.node(i).grad is not None]


def _slope(y: str, x: str) -> str:
    """Write ∂y/∂x, with brackets around a name that is a product or a sum."""
    return "/".join(
        f"∂({name})" if re.search(r"[ +−·×/@]", name) else f"∂{name}" for name in (y, x)
    )


def _check_asked(asked: list[Any]) -> None:
    """Refuse what cannot be asked: arrays, and two values of one name."""
    arrays = [node.label for node in asked if not node.is_scalar]
    if arrays or not asked:
        raise ArgumentError(
            "Quiz: the gradients that are asked for must be single numbers.",
            expected="a graph of numbers that ends in one number",
            got=f"arrays: {', '.join(arrays)}" if arrays else "nothing that has a gradient",
            hint="mt.unroll(value) gives the numbers behind arrays." if arrays else None,
        )
    twice = [label for label, count in Counter(n.label for n in asked).items() if count > 1]
    if twice:
        raise ArgumentError(
            "Quiz: two values have one name, so that an answer could be for either.",
            expected="a name for each",
            got=f"{', '.join(twice)} more than once",
        )


def is_right(answer: float, truth: float) -> bool:
    """Compare as the page does: to four digits, and exactly where nothing arrives."""
    near = abs(answer - truth) <= max(5e-4 * abs(truth), 6e-5)
    return near and (truth == 0) == (answer == 0)


def _place(name: Any, truths: Mapping[str, float]) -> int:
    if name not in truths:
        raise ArgumentError(
            f"check: nothing in this quiz that has a gradient is called {name!r}.",
            expected=f"some of {', '.join(truths)}",
            got=repr(name),
        )
    return list(truths).index(name)


def _number(name: str, answer: Any) -> float:
    try:
        return float(answer)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"check: the answer for {name!r} is no number.",
            expected="a number, such as 0.25",
            got=repr(answer),
        ) from None
