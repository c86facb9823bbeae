"""Which random generators does a training draw from, and where does each of them stand?"""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, ParameterError
from ..graph import Node
from ..randomness import get_state, set_state

_LEAVES = (Node, np.ndarray, np.generic, str, bytes, int, float, complex, type, types.ModuleType)
_KINDS = (np.random.Generator, np.random.RandomState, random.Random)


class Generators:
    """The generators that are held by a model, its data, and whatever else belongs to a training.

    They are looked for in attributes, in lists, tuples and dicts, and in what functions close
    over. The process's own three are always among them: that of `microtensor.seed`, of
    ``numpy.random`` and of ``random``. One that only a global name of yours leads to is not found.

    Parameters
    ----------
    **holders
        What to look through, by the name that its generators' paths begin with.
    """

    def __init__(self, **holders: Any) -> None:
        self.found = dict(_held(holders))

    def states(self) -> dict[str, Any]:
        """Tell where each of them stands, by its path."""
        own = {path: _state(rng) for path, rng in self.found.items()}
        theirs = np.random.get_state(legacy=False)  # noqa: NPY002  # users may draw from it
        return {**own, "default": get_state(), "numpy.random": theirs, "random": _state(random)}

    def restore(self, states: Mapping[str, Any]) -> None:
        """Put each of them where it stood.

        Raises
        ------
        ParameterError
            If there are others now than then.
        """
        if differing := sorted({*states} ^ {*self.found, "default", "numpy.random", "random"}):
            raise ParameterError(
                "fit: other random generators are held than when the checkpoint was written.",
                expected=f"{'one' if differing[0] in states else 'none'} at {differing[0]}",
                got="none" if differing[0] in states else "one",
                hint="Give rng= to the same layers and data as then.",
            )
        for path, rng in self.found.items():
            _restore(path, rng, states[path])
        set_state(None, states["default"])
        np.random.set_state(states["numpy.random"])  # noqa: NPY002
        _restore("random", random, states["random"])


def _state(rng: Any) -> Any:
    """Tell where a generator stands; hundreds of words are an array."""
    if isinstance(rng, np.random.Generator):
        return get_state(rng)
    if isinstance(rng, np.random.RandomState):
        return rng.get_state(legacy=False)
    version, words, gauss = rng.getstate()  # Python's, or its module
    return {"version": version, "words": np.array(words, np.uint32), "gauss": gauss}


def _restore(path: str, rng: Any, state: Any) -> None:
    try:
        if isinstance(rng, np.random.Generator | np.random.RandomState):
            set_state(rng, state)
        else:
            rng.setstate((state["version"], tuple(state["words"].tolist()), state["gauss"]))
    except (ArgumentError, KeyError, TypeError, ValueError) as error:
        error.add_note(f"for the generator at {path}")
        raise


def _held(holders: Any) -> Iterator[tuple[str, Any]]:
    """Find every generator once, with the path that leads to it."""
    seen: set[int] = set()
    stack = [(name, holder) for name, holder in holders.items()][::-1]
    while stack:
        path, x = stack.pop()
        if isinstance(x, _LEAVES) or x is None or id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, _KINDS):
            yield path, x
        else:
            stack += [(f"{path}.{name}", inner) for name, inner in _inside(x)][::-1]


def _inside(x: Any) -> list[tuple[Any, Any]]:
    """List what something holds, with the names that lead there."""
    if isinstance(x, Mapping):
        return list(x.items())
    if isinstance(x, list | tuple):
        return [(i, y) for i, y in enumerate(x) if not isinstance(y, _LEAVES)]
    if isinstance(x, functools.partial):
        return [("func", x.func), ("args", x.args), ("keywords", x.keywords)]
    if isinstance(x, types.MethodType):
        return [("__self__", x.__self__), ("__func__", x.__func__)]
    if isinstance(x, types.FunctionType):
        cells = zip(x.__code__.co_freevars, x.__closure__ or (), strict=True)
        held = [(name, cell.cell_contents) for name, cell in cells if _is_filled(cell)]
        return [*held, ("defaults", x.__defaults__), ("keywords", x.__kwdefaults__)]
    slots = [n for cls in type(x).__mro__ for n in _names(getattr(cls, "__slots__", ()))]
    held = [(n, getattr(x, n)) for n in slots if n[:2] != "__" and hasattr(x, n)]
    return [*held, *getattr(x, "__dict__", {}).items()]


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
