"""Which rules are called whole? Those of fused functions, which share work and keep things.

A rule that is shown Values is recorded, and so becomes a part of the program like any other. The
fused functions have a faster one that is shown arrays alone: it stands in the program as one
instruction, a `Rule`, which calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backward import NOTHING
from ..errors import GradientError
from ..fitting import fit
from ..ops.softmaxes import one_hot
from ..primitives import Known, differentiable, piecewise, primitive


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
    return np.shape(x), str(getattr(x, "dtype", None))  # a dtype equals None if it is float64


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


@primitive
def given_by_a_program(*leaves: Any, name: str) -> Any:
    """Stand for the call of a compiled function, whose graph is not there."""
    return leaves[0]


def _no_graph(g: Any, y: Any, position: int, *leaves: Any, name: str) -> Any:
    raise GradientError(
        f"backward: {name} was compiled, and no gradient flows through what it gives.",
        expected="backward() inside of the function, or mt.compile(mt.grad(f))",
        got="backward() outside, from a result of it",
        hint="The function that was not compiled records what it does.",
    )


differentiable(given_by_a_program, variadic=_no_graph)


# The operand on whose numbers the shape of a result depends; or an option, by its name.
_SHAPED_BY: dict[Any, int | str] = {
    np.argwhere: 0, np.flatnonzero: 0, np.bincount: 0, np.compress: 0, np.extract: 0,
    np.repeat: "repeats", np.pad: "pad_width", np.tile: "reps",
}  # fmt: skip


def gives_unknown_shape(
    fn: Any, operands: tuple, options: dict[str, Any], is_computed: Callable
) -> bool:
    """Tell whether the shape of what a call gives depends on numbers that are not known yet."""
    if fn is one_hot:
        return options.get("classes") is None and len(operands) == 1
    by = _SHAPED_BY.get(fn)
    if isinstance(by, int):
        return is_computed(operands[by])
    return by is not None and is_computed(options.get(by))
