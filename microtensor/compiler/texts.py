"""What is common to the texts that run a program: names for the objects in them, and what is read.

A text is the lines of a function ``run(given)`` of the leaves of the arguments. Objects that it
speaks of, such as parameters, stand beside it under names made for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .generated import executed
from .programs import Program
from .slots import Argument, Gradient, Leaf, Slot

Runner = Callable[[Any], list[Any] | None]


class Text:
    """The lines written so far, and the names in them.

    Attributes
    ----------
    program : Program
    names : dict of str to object
        What the text's names are.
    lines : list of str
    """

    def __init__(self, program: Program, **names: Any) -> None:
        self.program = program
        self.names: dict[str, Any] = names
        self.lines: list[str] = []
        self._ids: dict[int, str] = {}

    @property
    def text(self) -> str:
        """The function as source."""
        body = "\n".join(f"    {line}" for line in self.lines)
        return f"def run(given):\n{body}\n"

    def function(self) -> Runner:
        """Give the text as a function of the leaves of the arguments."""
        return executed(self.text, self.names, self.program.name)["run"]

    def _name(self, x: Any, start: str) -> str:
        """Name an object; the same one has one name."""
        if id(x) not in self._ids:
            self._ids[id(x)] = name = f"{start}{len(self.names)}"
            self.names[name] = x
        return self._ids[id(x)]

    def _reading(self, place: Slot) -> str:
        """Write how an input is read from its place."""
        if isinstance(place, Argument):
            return f"given[{place.place}]"
        if isinstance(place, Leaf) and place.place is None:
            what = "grad" if isinstance(place, Gradient) else "_data"
            return f"{self._name(place.node, 'p')}.{what}"
        return f"{self._name(place, 'place')}.read(given)"
