"""Which rules are called whole? Those of fused functions, which share work and keep things.

A rule that is shown Values is recorded, and so becomes a part of the program like any other. The
fused functions have a faster one that is shown arrays alone: it stands in the program as one
instruction, a `Rule`, which calls it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import NOTHING
from ..fitting import fit
from ..primitives import Known, piecewise, primitive


class Rule:
    """All contributions of one call, computed from arrays by the rules that the engine uses.

    It is called with the gradient of the output, the output, what the call kept (or None), and
    the operands; it gives a list with a contribution, or None, for each operand.

    Attributes
    ----------
    loose : frozenset of int
        Which contributions the rules give in another shape or dtype than that of their operand.
    """

    def __init__(self, known: Known, wanted: tuple[bool, ...], options: dict[str, Any]) -> None:
        self.known, self.wanted, self.options = known, wanted, options
        self.__name__ = f"{known.fn.__name__}_rule"
        self.loose: frozenset[int] | None = None  # found out by the first call

    def __call__(self, g: Any, y: Any, kept: Any, *operands: Any, **options: Any) -> list[Any]:
        known = self.known
        sent = self._sent(g, y, kept, *operands, **options)
        found = [
            fit(c, x, known.fn, i) if wanted and known.rules[i] is not None else None
            for i, (c, x, wanted) in enumerate(zip(sent, operands, self.wanted, strict=True))
        ]
        if self.loose is None:
            pairs = enumerate(zip(sent, found, strict=True))
            self.loose = frozenset(
                i for i, (c, x) in pairs if x is not None and _kind(c) != _kind(x)
            )
        return found

    def is_loose(self, i: int) -> bool:
        """Tell whether a contribution is to be fitted, as far as that is known."""
        return self.loose is None or i in self.loose

    def _sent(self, g: Any, y: Any, kept: Any, *operands: Any, **options: Any) -> list[Any]:
        known = self.known
        given = {**self.options, **options}
        if known.keeps:
            given["kept"] = kept
        if known.together is not None:
            seen = known.options_for(-1, given)
            return known.together(g, y, list(self.wanted), *operands, **seen)
        return [self._one(i, g, y, operands, given) for i in range(len(operands))]

    def _one(self, i: int, g: Any, y: Any, operands: tuple, given: dict[str, Any]) -> Any:
        rule = self.known.rules[i]
        if rule is None or not self.wanted[i]:
            return NOTHING
        return rule(g, y, *operands, **self.known.options_for(i, given))


def _kind(x: Any) -> tuple:
    return np.shape(x), getattr(x, "dtype", None)


@primitive
def held(x: Any) -> Any:
    """Give the same numbers as a constant: what `Value.data` and ``.grad`` are in a program."""
    return x


@primitive
def slot(x: Any) -> Any:
    """Stand for what lies in a place; see `slots`."""
    return x


@primitive
def part(whole: Any, place: int) -> Any:
    """Give one result of an instruction that has several."""
    return whole[place]


piecewise(held, slot, part)
