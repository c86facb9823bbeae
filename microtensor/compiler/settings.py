"""What does a function rest on, beside its arguments? Python's own numbers, switches and objects.

A program holds the answer of each ``if`` that the function asked. So it looks, before each call,
whether what could have decided them is still there: the plain attributes of every model that was
called, and the plain globals and closed-over names of the function itself.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from types import CellType, FunctionType
from typing import Any

import numpy as np

from ..graph import Node, Scope

_PLAIN = (int, float, str, bytes, bool, type(None))
_HELD = (Node, np.random.Generator, np.random.RandomState)
_ABSENT = object()
_HOUSE = __name__.partition(".")[0]

Setting = tuple[Any, Any, Any]  # a holder, the name in it, and what was there


def holds(settings: list[Setting]) -> bool:
    """Tell whether everything is as it was."""
    for holder, name, value in settings:
        try:
            now = holder.cell_contents if holder.__class__ is CellType else holder[name]
        except (KeyError, IndexError, ValueError):
            return False
        if now is not value and not (isinstance(value, _PLAIN) and same(now, value)):
            return False
    return True


def same(a: Any, b: Any) -> bool:
    """Tell whether two plain things are of one type and equal, nan included."""
    return a.__class__ is b.__class__ and (a == b or (a != a and b != b))


def settings_of_models(scopes: list[Scope]) -> list[Setting]:
    """List the attributes of the models that ran: numbers, switches, parameters and parts."""
    found: list[Setting] = []
    seen: set[int] = set()
    for scope in scopes:
        model = scope.chain()[0].module
        if model is not None:
            for _, module in model.named_modules():
                if id(module) not in seen:
                    seen.add(id(module))
                    found.extend(_inside(vars(module)))
                    if "training" not in vars(module):
                        found.append((Attribute(module), "training", module.training))
    return found


class Attribute:
    """Reads an attribute that a class may give, as an item."""

    def __init__(self, of: Any) -> None:
        self.of = of

    def __getitem__(self, name: str) -> Any:
        return getattr(self.of, name)


def _inside(holder: Any) -> Iterator[Setting]:
    entries = list(holder.items() if isinstance(holder, dict) else enumerate(holder))
    for name, x in entries:
        if isinstance(x, (*_PLAIN, *_HELD)) or hasattr(x, "named_parameters"):
            if name != "_dtype_path":
                yield holder, name, x
        elif isinstance(x, list | tuple | dict) and len(x) < 1000:
            yield from _inside(x)


def settings_of_function(f: Any) -> list[Setting]:
    """List the plain globals and closed-over names that a function and those it calls may read."""
    found: list[Setting] = []
    stack, seen = [f], set()
    while stack:
        f = stack.pop()
        f = getattr(f, "__func__", f)
        if not isinstance(f, FunctionType) or id(f) in seen:
            continue
        seen.add(id(f))
        cells = zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)
        for name, cell in cells:
            try:
                x = cell.cell_contents
            except ValueError:
                continue
            stack.append(x)
            if isinstance(x, _PLAIN) or hasattr(x, "named_parameters"):
                found.append((cell, name, x))
        if (f.__module__ or "").partition(".")[0] in (_HOUSE, "numpy"):
            continue
        for name in _names_in(f.__code__):
            x = f.__globals__.get(name, _ABSENT)
            if x is not _ABSENT and name not in vars(builtins):
                stack.append(x)
                if isinstance(x, _PLAIN) or hasattr(x, "named_parameters"):
                    found.append((f.__globals__, name, x))
    return found


def _names_in(code: Any) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if hasattr(inner, "co_names"):
            yield from _names_in(inner)
