"""Where was an error made? The call is noted on it: what was called, on what, in which module."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Node, label, module_path
from .primitives import name_of

_LONGEST = 60  # characters of an operand that is no array


def note_call(error: Exception, fn: Any, operands: tuple, scope: Any, what: str = "in") -> None:
    """Note on an error which call it was made in, and keep the call for a picture of it."""
    if not hasattr(error, "failed_call"):  # the innermost is the one that failed
        error.failed_call = (fn, operands, scope)  # type: ignore[attr-defined]  # any may have one
    rows = [f"{what} {name_of(fn)}, of"]
    rows += [f"  {row}" for row in described(operands, scope)]
    if path := module_path(scope):
        rows.append(f"in module {path}")
    if what != "in" and isinstance(error, TypeError) and "positional argument" in str(error):
        rows.append("A rule is called with g, y and the inputs: lambda g, y, x: ... for one input.")
    error.add_note("\n".join(rows))


def described(operands: tuple, scope: Any) -> list[str]:
    """Name operands, with their shapes: Values as their user does, or by their paths."""
    return [_described(a, scope) for a in operands]


def _described(a: Any, scope: Any) -> str:
    if isinstance(a, Node):
        name = label(a, scope)
        return name if name.startswith("a Value") else f"{name} of shape {np.shape(a._data)}"
    if isinstance(a, np.ndarray):
        return f"an array of shape {a.shape}"
    if isinstance(a, list | tuple) and any(isinstance(x, Node | np.ndarray) for x in a):
        return f"a {type(a).__name__} of " + ", ".join(_described(x, scope) for x in a)
    shown = repr(a)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
