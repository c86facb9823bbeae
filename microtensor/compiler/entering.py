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

_SINGLE = (bool, type(None))


def entrance(
    args: tuple,
    paused: bool,
    settings: list[Setting],
    grads: list[tuple[Gradient, bool]],
    conditions: list[Callable[[], bool]],
) -> Callable[[tuple], bool] | None:
    """Give a function that tells whether a program fits a call of these positional arguments.

    None if they are not all arrays and Python's floats.
    """
    names: dict[str, Any] = {"state": state, "ndarray": np.ndarray, "same": same, "PAUSED": PAUSED}
    recording = f"state.scope is {'' if paused else 'not '}PAUSED"
    asked = ["state.tracer is None", recording, f"len(args) == {len(args)}"]

    def name(start: str, x: Any) -> str:
        return next((n for n, y in names.items() if y is x), None) or _new(names, start, x)

    for i, x in enumerate(args):
        if x.__class__ is np.ndarray:
            asked += [
                f"args[{i}].__class__ is ndarray",
                f"args[{i}].shape == {x.shape!r}",
                f"args[{i}].dtype is {name('dtype', x.dtype)}",
            ]
        elif x.__class__ is float:
            asked.append(f"args[{i}].__class__ is float")
        else:
            return None
    for gradient, was_there in grads:
        if gradient.place is not None:
            return None
        asked.append(f"{name('p', gradient.node)}.grad is {'not ' * was_there}None")
    for holder, key, value in settings:
        if holder.__class__ is CellType:
            now = f"{name('cell', holder)}.cell_contents"
        elif isinstance(holder, Attribute):
            now = f"{name('module', holder.of)}.{key}"
        elif isinstance(key, int | str):
            now = f"{name('holder', holder)}[{key!r}]"
        else:
            return None
        known = name("value", value)
        is_same = f"{now} is {value!r}" if isinstance(value, _SINGLE) else f"{now} is {known}"
        if isinstance(value, int | float | str | bytes) and not isinstance(value, bool):
            is_same = f"({is_same} or same({now}, {known}))"
        asked.append(is_same)
    asked += [f"{name('condition', c)}()" for c in conditions]
    lines = "\n            and ".join(asked)
    text = (
        "def fits(args):\n"
        "    try:\n"
        f"        return (\n            {lines}\n        )\n"
        "    except (KeyError, IndexError, ValueError, AttributeError):\n"
        "        return False\n"
    )
    return executed(text, names, "entrance")["fits"]


def _new(names: dict[str, Any], start: str, x: Any) -> str:
    made = f"{start}_{len(names)}"
    names[made] = x
    return made


def finisher(results: list[Any], structure: Any, shown: Callable) -> Callable | None:
    """Give a function that puts results into the structure that is returned, if it is a simple one.

    ``shown`` makes a Value of an array.
    """
    count = iter(range(len(results)))

    def piece(tree: Any) -> str | None:
        if tree.__class__ is tuple:
            inner = [piece(x) for x in tree]
            return None if None in inner else f"({', '.join(map(str, inner))},)"
        if isinstance(tree, list | tuple | dict) or hasattr(tree, "named_parameters"):
            return None if not isinstance(tree, Node) else leaf()
        return leaf()

    def leaf() -> str:
        i = next(count)
        return f"shown(found[{i}])" if results[i].as_value else f"found[{i}]"

    text = piece(structure)
    if text is None:
        return None
    return executed(f"def finish(found):\n    return {text}\n", {"shown": shown}, "finish")[
        "finish"
    ]
