"""Whose array is it? What a call is given as an option, or keeps, is a plain array in the record.

It is recognised by identity, so that a program reads in its place what it is computed from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import record
from ..errors import CompileError
from ..graph import Node
from ..nesting import like
from .opaque import held


class Owners:
    """The Values that plain arrays of the record belong to."""

    name: str

    def __init__(self) -> None:
        self._owners: dict[int, tuple[Any, Node, str]] = {}

    def own(self, array: Any, node: Node, which: str = "") -> None:
        """Remember whose numbers a plain array holds; ``which`` is "kept" for what a call kept."""
        self._owners[id(array)] = (array, node, which)

    def owner(self, array: Any) -> tuple[Node, str] | None:
        """Tell which Value an array is that stands in the record as a plain one."""
        found = self._owners.get(id(array))
        return None if found is None or found[0] is not array else found[1:]

    def is_computed(self, x: Any) -> bool:
        """Tell whether an option is, or holds, what a Value stands for."""
        if isinstance(x, tuple | list):
            return any(map(self.is_computed, x))
        return isinstance(x, np.ndarray | np.generic) and self.owner(x) is not None

    def as_option(self, fn: Any, name: str, x: Node) -> Any:
        """Give an option's array, and remember whose it is."""
        data = x._data
        if name == "index" and getattr(data, "dtype", None) == np.dtype(bool) and np.ndim(data):
            raise self.shape_depends_on_numbers("indexing with bools")
        if not isinstance(data, np.ndarray | np.generic):
            return self.numbers(x, f"{fn.__name__}({name}=v)")
        self.own(data, x)
        return data

    def shown(self, g: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Give options with Values in the place of their arrays, for a rule that computes.

        The gradient is a Value then too, since functions look at what stands first.
        """
        found = False

        def value(x: Any) -> Any:
            owner = self.owner(x) if isinstance(x, np.ndarray | np.generic) else None
            if owner is not None and not owner[1]:
                nonlocal found
                found = True
                return owner[0]
            return like(x, [value(inner) for inner in x]) if isinstance(x, tuple | list) else x

        options = {name: value(x) for name, x in options.items()}
        if found and not isinstance(g, Node):
            g = record(g, held, (g,), None, False, None)
        return g, options

    def shape_depends_on_numbers(self, name: str) -> CompileError:
        """Build the error for a result whose shape is not known before the numbers are."""
        return CompileError(
            f"{self.name}: the shape of what {name} gives depends on numbers.",
            expected="shapes that are known before the numbers, as np.where(mask, x, 0) has",
            got=name,
            hint="Do it outside of the compiled function, and give it the result.",
        )

    def numbers(self, node: Node, how: str) -> Any:
        """Give the data of a constant; see `Tracer`."""
        raise NotImplementedError
