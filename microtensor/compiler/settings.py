"""Is all that a program rests on as it was? Python's own numbers, switches and objects.

A program holds the answer of each ``if`` that the function asked. So it looks, before each call,
whether what could have decided them is still there. What that is, `watching` finds out.
"""

from __future__ import annotations

from types import CellType
from typing import Any

_PLAIN = (int, float, str, bytes, bool, type(None))
HOUSE = __name__.partition(".")[0]

Setting = tuple[Any, Any, Any]  # a holder, the name in it, and what was there


def holds(settings: list[Setting]) -> bool:
    """Tell whether everything is as it was."""
    return all(map(is_kept, settings))


def is_kept(setting: Setting) -> bool:
    """Tell whether one thing is as it was."""
    holder, name, value = setting
    try:
        now = holder.cell_contents if holder.__class__ is CellType else holder[name]
    except (AttributeError, KeyError, IndexError, ValueError):
        return False
    return now is value or (isinstance(value, _PLAIN) and same(now, value))


def same(a: Any, b: Any) -> bool:
    """Tell whether two plain things are of one type and equal, nan included."""
    return a.__class__ is b.__class__ and (a == b or (a != a and b != b))


class Attribute:
    """Reads an attribute that a class may give, as an item."""

    def __init__(self, of: Any) -> None:
        self.of = of

    def __getitem__(self, name: str) -> Any:
        return getattr(self.of, name)


class Entry:
    """Reads what a class itself holds by a name, as an item: a descriptor, not what it gives."""

    def __init__(self, of: type) -> None:
        self.of = of

    def __getitem__(self, name: str) -> Any:
        return vars(self.of)[name]

    def __setitem__(self, name: str, x: Any) -> None:
        setattr(self.of, name, x)


class Length:
    """Reads the length of something as an attribute."""

    def __init__(self, of: Any) -> None:
        self.of = of

    @property
    def n(self) -> int:
        return len(self.of)
