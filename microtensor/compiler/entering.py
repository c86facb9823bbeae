"""Is the last program the one for this call too? A question in one line of generated text.

A training loop calls with the same shapes a thousand times, and nothing that the program rests on
has changed. To ask that the general way takes as long as a tenth of a small step, so the questions
are written out; whatever is unusual answers no, and is asked the general way.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CellType
from typing import Any

import numpy as np

from ..graph import PAUSED, Node, state
from .generated import executed
from .settings import Attribute, Setting, same
from .slots import Gradient


def entrance(
    args: tuple,
    paused: bool,
    settings: list[Setting],
    grads: list[tuple[Gradient, bool]],
    conditions: list[Callable[[], bool]],
) -> Callable[[tuple], Any] | None:
    """Give a function that takes the leaves out of positional arguments that a program fits.

    It gives None for others. There is none for arguments that are nested, or Values.
    """
    names = _Names(state=state, ndarray=np.ndarray, same=same, PAUSED=PAUSED)
    recording = f"state.scope is {'' if paused else 'not '}PAUSED"
    asked = ["state.tracer is None", recording, f"len(args) == {len(args)}"]
    leaves = []
    for i, x in enumerate(args):
        if isinstance(x, Node | np.generic | list | tuple | dict):
            return None
        if x.__class__ is np.ndarray or x.__class__ is float:
            leaves.append(f"args[{i}]")
        asked += _of_argument(f"args[{i}]", x, names)
    for gradient, was_there in grads:
        if gradient.place is not None:
            return None
        asked.append(f"{_name(names, 'p', gradient.node)}.grad is {'not ' * was_there}None")
    for holder, key, value in settings:
        if holder.__class__ is CellType:
            now = f"{_name(names, 'cell', holder)}.cell_contents"
        elif isinstance(holder, Attribute) and key.isidentifier():
            now = f"{_name(names, 'module', holder.of)}.{key}"
        else:
            now = f"{_name(names, 'holder', holder)}[{_name(names, 'key', key)}]"
        asked.append(_is_same(now, value, names))
    asked += [f"{_name(names, 'condition', c)}()" for c in conditions]
    taken = "args" if len(leaves) == len(args) else f"({', '.join(leaves)},)" if leaves else "()"
    lines = "\n            and ".join(asked)
    text = (
        "def enter(args):\n"
        "    try:\n"
        f"        if (\n            {lines}\n        ):\n"
        f"            return {taken}\n"
        "    except (KeyError, IndexError, ValueError, AttributeError):\n"
        "        pass\n"
        "    return None\n"
    )
    return executed(text, names, "entrance")["enter"]


def _of_argument(arg: str, x: Any, names: _Names) -> list[str]:
    if x.__class__ is np.ndarray:
        dtype = _name(names, "dtype", x.dtype)
        return [
            f"{arg}.__class__ is ndarray",
            f"{arg}.shape == {x.shape!r}",
            f"{arg}.dtype is {dtype}",
        ]
    return [f"{arg}.__class__ is float"] if x.__class__ is float else [_is_same(arg, x, names)]


def _is_same(now: str, value: Any, names: _Names) -> str:
    if isinstance(value, bool) or value is None:
        return f"{now} is {value!r}"
    known = _name(names, "value", value)
    if isinstance(value, int | float | str | bytes):
        return f"({now} is {known} or same({now}, {known}))"
    return f"{now} is {known}"


class _Names(dict[str, Any]):
    """Objects by their names; and names by their objects' ids, which they hold."""

    def __init__(self, **known: Any) -> None:
        super().__init__(known)
        self.known = {id(x): name for name, x in known.items()}


def _name(names: _Names, start: str, x: Any) -> str:
    """Name an object; the same one has one name."""
    if id(x) not in names.known:
        names.known[id(x)] = made = f"{start}_{len(names)}"
        names[made] = x
    return names.known[id(x)]


def finisher(
    results: list[Any], structure: Any, shown: Callable, linked: Callable
) -> Callable | None:
    """Give a function that puts results into the structure that is returned, if it is a simple one.

    ``shown`` makes a Value of an array, and ``linked`` one from which a gradient would flow.
    """
    count = iter(range(len(results)))

    def piece(tree: Any) -> str | None:
        if tree.__class__ is tuple:
            inner = [piece(x) for x in tree]
            return None if None in inner else f"({''.join(f'{x}, ' for x in inner)})"
        if isinstance(tree, list | tuple | dict) or hasattr(tree, "named_parameters"):
            return None if not isinstance(tree, Node) else leaf()
        return leaf()

    def leaf() -> str:
        i = next(count)
        if results[i].flows:
            return f"linked(found[{i}])"
        return f"shown(found[{i}])" if results[i].as_value else f"found[{i}]"

    text = piece(structure)
    if text is None:
        return None
    names = {"shown": shown, "linked": linked}
    return executed(f"def finish(found, given):\n    return {text}\n", names, "finish")["finish"]
