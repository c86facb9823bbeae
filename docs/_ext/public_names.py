"""Which names are public, what is each, and on which page of the reference does it stand?

Nothing is listed by hand: names come from ``__all__`` of the package and its rooms, and a page
holds what one room, or one part of the core, defines. A name of a part that no page is known for is
an error, so that none is left out.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any, NamedTuple

import microtensor

PACKAGE = microtensor.__name__
CORE = {  # files of the core that define public names, by the page that tells of them
    "value": ("value",),
    "functions": ("ops", "numpy"),
    "derivatives": ("derivatives",),
    "checks": ("checks", "anomalies"),
    "recording": ("graph", "recomputing", "randomness"),
    "operations": ("primitives", "dispatching"),
}
INTRODUCTIONS = {
    "value": "What does the user hold? Numbers, their gradient, and where they came from.",
    "functions": "What NumPy lacks, and networks need: functions of Values and of arrays.",
    "derivatives": "Functions of functions: gradients, Jacobians and products, of any order.",
    "checks": "Is a derivative right, and where did a nan come from?",
    "recording": "What is recorded, what is computed again, and where chance comes from.",
    "operations": "An operation of your own: a function that is recorded, and its rule.",
}
MANY = 40  # names on a page, from which each of its parts has a page of its own


class Public(NamedTuple):
    """A public name: the shortest way to it, what it is, and where it is defined."""

    name: str
    thing: Any
    module: str

    @property
    def short(self) -> str:
        """The name as it is written after `import microtensor as mt`, without the `mt`."""
        return self.name.removeprefix(f"{PACKAGE}.")


def module_of(thing: Any) -> str:
    """The module that defines a thing."""
    if inspect.ismodule(thing):
        return str(thing.__name__)
    return str(getattr(thing, "__module__", None) or "numpy")


def names_of(module: Any) -> list[str]:
    """The public names of a module: those it lists, else those that its own files define."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    inside = f"{module.__name__}."
    return [
        name
        for name, thing in sorted(vars(module).items())
        if not name.startswith("_")
        and not inspect.ismodule(thing)
        and f"{getattr(thing, '__module__', None)}.".startswith(inside)
    ]


def doors() -> list[Any]:
    """The package, its rooms, and the modules that those list among their names."""
    rooms = [importlib.import_module(f"{PACKAGE}.{room}") for room in microtensor._ROOMS]
    inner = [
        thing
        for room in rooms
        for name in names_of(room)
        if inspect.ismodule(thing := getattr(room, name))
    ]
    return [microtensor, *rooms, *inner]


def public() -> list[Public]:
    """Every public name once, by its shortest name: `microtensor.draw`, for it is `viz.draw`."""
    found: dict[int, Public] = {}
    for door in doors():
        for name in names_of(door):
            thing = getattr(door, name)
            if not inspect.ismodule(thing):
                whole = f"{door.__name__}.{name}"
                found.setdefault(id(thing), Public(whole, thing, module_of(thing)))
    return list(found.values())


def page_of(entry: Public) -> str:
    """The page that tells of a name: its room's, or its part's of the core.

    Raises
    ------
    LookupError
        If its part of the core belongs to no page.
    """
    part = entry.module.removeprefix(f"{PACKAGE}.").split(".")[0]
    if part in microtensor._ROOMS:
        return part
    if entry.name.count(".") == 2:  # a room's name that a file beside the rooms defines
        return entry.name.split(".")[1]
    for page, parts in CORE.items():
        if part in parts:
            return page
    raise LookupError(f"no page of the reference is known for {entry.name}, of {entry.module}")


def pages() -> dict[str, dict[str, list[Public]]]:
    """What stands on each page, by the module that defines it; the core's pages come first."""
    found: dict[str, dict[str, list[Public]]] = {page: {} for page in (*CORE, *microtensor._ROOMS)}
    for entry in public():
        found[page_of(entry)].setdefault(entry.module, []).append(entry)
    return {page: dict(sorted(parts.items(), key=_top_first)) for page, parts in found.items()}


def _top_first(part: tuple[str, list[Public]]) -> tuple[bool, str]:
    module, entries = part
    return all(entry.name.count(".") > 1 for entry in entries), module


def introduction(module: str) -> str:
    """The first paragraph of what a module says of itself."""
    words = importlib.import_module(module).__doc__ or ""
    return " ".join(words.split("\n\n")[0].split())
