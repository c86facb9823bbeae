"""How is somebody's engine spoken to? What makes its values, and which functions it offers."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError

FUNCTIONS = ("relu", "tanh", "exp", "log", "sigmoid")


class Engine:
    """A class of values, with the functions that are methods of it or stand beside it.

    Parameters
    ----------
    engine : type, module or callable
        The class; a module that has it as ``Value``, and maybe functions such as ``tanh``; or a
        function that makes a value of a number.
    """

    def __init__(self, engine: Any) -> None:
        module = engine if isinstance(engine, types.ModuleType | types.SimpleNamespace) else None
        make = getattr(module, "Value", None) if module else engine
        if not callable(make):
            raise ArgumentError(
                "check: an engine is needed.",
                expected="a class such as Value, or a module that has a class named Value",
                got=f"{module.__name__}, which has none"
                if isinstance(module, types.ModuleType)
                else f"a {type(engine).__name__}",
                hint="Give the class itself, as in check(Value), not a value made with it.",
            )
        self.make: Callable = make
        self.module = module
        self.name = getattr(engine, "__name__", type(engine).__name__)

    def function(self, name: str) -> Callable:
        """Give ``tanh`` and the like as a function of one value."""
        if (found := getattr(self.module, name, None)) is not None:
            return found
        return lambda value: getattr(value, name)()

    def is_method(self, name: str) -> bool:
        return getattr(self.module, name, None) is None

    def offers(self, what: str) -> bool:
        """Tell whether the engine has a function, ``"arrays"``, ``"@"`` or ``"create_graph"``."""
        if what == "arrays":
            return self._takes_arrays()
        if what == "@":
            return self.offers("arrays") and hasattr(self.make(1.0), "__matmul__")
        if what == "create_graph":
            return self._records_its_backward_pass()
        return not self.is_method(what) or hasattr(self.make(1.0), what)

    def _takes_arrays(self) -> bool:
        """An engine of numbers takes an array by accident; one of arrays can sum it, too."""
        total = self.make(np.array([1.0, 2.0])).sum()
        return float(np.asarray(total.data)) == 3.0

    def _records_its_backward_pass(self) -> bool:
        a = self.make(3.0)
        (a * a).backward(create_graph=True)
        return hasattr(a.grad, "backward")

    def spelled(self, code: str) -> str:
        """Write an example as this engine has it: ``a.tanh()`` where tanh is a method."""
        for name in FUNCTIONS:
            for value in "abcy":
                if self.is_method(name):
                    code = code.replace(f" {name}({value})", f" {value}.{name}()")
        return code


def plain(thing: Any) -> Any:
    """Give a number or an array of what an engine calls data or gradient; None stays None."""
    if hasattr(thing, "backward") and hasattr(thing, "data"):  # a gradient that is a value
        thing = thing.data
    if thing is None or isinstance(thing, bool | str):
        return thing
    array = np.asarray(thing, dtype=float)
    return float(array) if array.ndim == 0 else array
