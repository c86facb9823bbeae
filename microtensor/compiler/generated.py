"""Where is generated source executed? Here, and nowhere else.

What is executed was written by this room from a program: its names are its own, and the text that
a user gave (names, strings) is in none of them.
"""

from __future__ import annotations

import linecache
from itertools import count
from typing import Any

_numbers = count(1)


def executed(text: str, names: dict[str, Any], title: str = "program") -> dict[str, Any]:
    """Execute generated source among names, and give the names that there are then.

    Tracebacks show its lines.
    """
    where = f"<{''.join(c for c in title if c.isalnum() or c == '_')} {next(_numbers)}>"
    linecache.cache[where] = len(text), None, text.splitlines(keepends=True), where
    found = dict(names)
    exec(compile(text, where, "exec"), found)
    return found
