"""Has a run changed what a program would not change? Attributes, globals, lists: it is an error."""

from __future__ import annotations

import contextlib
from types import CellType
from typing import Any

from ..errors import CompileError
from .settings import Attribute, Length, is_kept
from .watching import Watch


class Surroundings:
    """What a function may reach, as it was before it ran."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._entries = {
            id(x.of.of): (x.of.of, x.of.of.copy())
            for x, _, _ in watch.settings
            if isinstance(x, Attribute) and isinstance(x.of, Length)
        }

    def check(self, name: str) -> None:
        """Raise CompileError if something is not as it was, and put it back."""
        changed = [setting for setting in self.watch.settings if not is_kept(setting)]
        added = self.watch.added()
        if not changed and not added:
            return
        got = [_told(*setting) for setting in changed]
        got += [f"{attribute} was set for the first time" for _, attribute in added]
        for setting in changed:
            _put_back(*setting)
        for x, attribute in added:
            vars(x).pop(attribute, None)
        for x, entries in self._entries.values():
            if len(x) != len(entries):
                x.clear()
                (x.extend if isinstance(x, list) else x.update)(entries)
        raise CompileError(
            f"{name}: the function changes what a program leaves alone.",
            expected="results that are returned; or .data of a Parameter, a Buffer or a Value",
            got=got[0],
            hint="Python runs once, while the program is written; then the program runs alone.",
        )


def _told(holder: Any, name: Any, before: Any) -> str:
    if isinstance(holder, Attribute) and isinstance(holder.of, Length):
        return f"a {type(holder.of.of).__name__} of {before} entries that now has {holder.of.n}"
    where = f"an entry of a {type(holder).__name__}" if isinstance(name, int) else str(name)
    return f"{where}, which was {_short(before)}"


def _short(x: Any) -> str:
    return repr(x) if isinstance(x, int | float | str | None) else f"a {type(x).__name__}"


def _put_back(holder: Any, name: Any, before: Any) -> None:
    if holder.__class__ is CellType:
        holder.cell_contents = before
    elif not isinstance(holder, Attribute):
        with contextlib.suppress(IndexError, KeyError):  # of what is shorter now: it is refilled
            holder[name] = before
    elif not isinstance(holder.of, Length):
        setattr(holder.of, name, before)
