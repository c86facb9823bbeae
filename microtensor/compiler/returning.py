"""What does a compiled function return? What the function would: arrays, Values, parameters.

A Value that it gives has no graph behind it. Where a gradient would flow from it, it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..calls import record, unrecorded
from ..nesting import rebuild
from .entering import finisher
from .opaque import given_by_a_program
from .programs import Program, Result
from .slots import Leaf

Returned = Callable[[list[Any], Sequence[Any]], Any]


def returning(program: Program) -> Returned:
    """Give what makes the function's result of a program's results, and the arguments' leaves."""
    name = {"name": program.name}
    trained = [
        place for place, _ in program.inputs if type(place) is Leaf and place.node._requires_grad
    ]
    fixed = tuple(place.node for place in trained if place.place is None)

    def linked(data: Any, leaves: tuple = fixed) -> Any:
        shown = unrecorded(data)
        return record(shown._data, given_by_a_program, leaves, name, True, None)

    def leaf(result: Result, data: Any, given: Sequence[Any]) -> Any:
        if result.leaf is not None:
            place = next((p for p in trained if p.node is result.leaf), None)
            return result.leaf if place is None else place.find(given)
        if result.flows:
            return linked(data, tuple(place.find(given) for place in trained))
        return unrecorded(data) if result.as_value else data

    def rebuilt(results: list[Any], given: Sequence[Any]) -> Any:
        pairs = zip(program.results, results, strict=True)
        return rebuild(program.structure, iter([leaf(r, x, given) for r, x in pairs]))

    is_plain = len(fixed) == len(trained) and all(r.leaf is None for r in program.results)
    simple = finisher(program.results, program.structure, unrecorded, linked)
    return simple if is_plain and simple is not None else rebuilt
