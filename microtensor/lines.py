"""Where was it called? The user's line of each call, remembered where somebody asks for it.

To find a line takes longer than to add two numbers, so nothing is remembered by itself. The calls
are watched as `anomalies` watches them, which knows the lines that it passed, too.
"""

from __future__ import annotations

import linecache
import os
from typing import NamedTuple

from .anomalies import _look_on, _traces, _watch, file_shown
from .decorating import Decorator
from .graph import Node


class Line(NamedTuple):
    """One line of a user's program.

    >>> str(Line("/home/ada/train.py", 12))
    'train.py:12'
    """

    path: str
    number: int

    def __str__(self) -> str:
        return f"{os.path.basename(file_shown(self.path))}:{self.number}"

    @property
    def told(self) -> str:
        """Where it is and what stands there."""
        return f"{self} · {self.text}" if self.text else str(self)

    @property
    def text(self) -> str:
        """What stands there, without the spaces before it; nothing if it cannot be read."""
        return linecache.getline(self.path, self.number).strip()


class source_lines(Decorator):  # noqa: N801  # used as a function, as no_grad is
    """Remember the line that each call inside is written in, for the pictures of its graph.

    Pictures of a graph without modules that is too large to be shown whole are then put together
    by these lines, and the page of ``explore`` says where each value was computed. It watches the
    thread that it is entered in, and makes each call on numbers about six times slower there.

    Examples
    --------
    >>> import microtensor as mt
    >>> with source_lines():
    ...     y = mt.Value(2.0) * 3.0
    >>> str(line_of(y)).endswith(":2")
    True
    """

    def __enter__(self) -> None:
        _watch.lines += 1
        _look_on(+1)

    def __exit__(self, *_: object) -> None:
        _look_on(-1)
        _watch.lines -= 1


def line_of(value: Node) -> Line | None:
    """Give the line that a value was computed in, where it is remembered."""
    trace = _traces.get(value.number)
    return None if trace is None else Line(*trace.place)
