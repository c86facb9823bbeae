"""What may an option be? Each has a check, for the whole optimizer and for each group of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from ..graph import refuse_while_traced, state
from .recorded import RecordedGroup


class Check(NamedTuple):
    """What an option must be, in words and as a test."""

    claim: str
    expected: str
    holds: Callable[[Any], bool]


def is_number(x: Any) -> bool:
    """Tell whether it is a real number, and no bool."""
    return isinstance(x, int | float | np.number) and not isinstance(x, bool)


def is_count(x: Any) -> bool:
    """Tell whether it is an integer of at least 1."""
    return isinstance(x, int | np.integer) and not isinstance(x, bool) and bool(x > 0)


NOT_NEGATIVE = Check(
    "must not be negative", "a number of at least 0", lambda x: is_number(x) and x >= 0
)
BELOW_ONE = Check(
    "must be a number from 0 to below 1",
    "such as 0.99",
    lambda x: is_number(x) and 0 <= x < 1,
)
TWO_BELOW_ONE = Check(
    "must be two numbers from 0 to below 1",
    "such as (0.9, 0.999)",
    lambda x: isinstance(x, tuple | list) and len(x) == 2 and all(map(BELOW_ONE.holds, x)),
)
COUNT = Check("must be a positive integer", "1, 2, 3 ...", is_count)
SWITCH = Check("must be a switch", "True or False", lambda x: isinstance(x, bool | np.bool_))


def check(where: str, option: str, must: Check, x: Any) -> Any:
    """Give an option's value, or say what it must be."""
    if not must.holds(x):
        raise ArgumentError(f"{where}: {option} {must.claim}.", expected=must.expected, got=repr(x))
    return x


class Option:
    """A number or a switch of an optimizer: the attribute is the one that all its groups share."""

    def __init__(self, must: Check) -> None:
        self.must = must

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        given = [group[self.name] for group in optimizer.param_groups]
        if any(x != given[0] for x in given):
            raise ArgumentError(
                f"{type(optimizer).__name__}.{self.name}: the groups differ in it.",
                expected="one for all groups",
                got=", ".join(map(repr, given)),
                hint=f'Read or set that of one group: param_groups[0]["{self.name}"].',
            )
        if state.tracer is not None:  # a program reads it at each call
            shown = RecordedGroup(state.tracer, optimizer.param_groups[0])
            state.tracer.condition(lambda: self._is_shared(optimizer))
            return shown[self.name]
        return given[0]

    def _is_shared(self, optimizer: Any) -> bool:
        first, *others = [group[self.name] for group in optimizer.param_groups]
        return all(x == first for x in others)

    def __set__(self, optimizer: Any, x: Any) -> None:
        self.__get__(optimizer)  # refuses where groups have numbers of their own
        for group in optimizer.param_groups:
            group[self.name] = x


class Group(dict):
    """Parameters that move by the same options: a dict that checks what is written into it.

    Parameters
    ----------
    optimizer : type
        The optimizer's class, whose `Option` attributes may be keys beside "params".
    items : mapping
    """

    _more = ("params", "initial_lr")  # the latter is where schedules began

    def __init__(self, optimizer: Any, items: Mapping[str, Any]) -> None:
        dict.__init__(self, items)
        self._optimizer = optimizer
        for name, x in items.items():
            self._check(name, x)
        self._optimizer.check_together(self)

    def _check(self, name: str, x: Any) -> None:
        where, known = self._optimizer.__name__, options_of(self._optimizer)
        if name in known:
            check(where, name, known[name].must, x)
        elif name not in self._more:
            raise ArgumentError(
                f"{where}: there is no option {name!r}.",
                expected=f"one of {', '.join(known)}",
                got=repr(name),
            )

    def __setitem__(self, name: str, x: Any) -> None:
        refuse_while_traced(
            f"to set an optimizer's {name}",
            "Do it before or after the call, or by a schedule, whose step() is done beside it.",
        )
        self._check(name, x)
        self._optimizer.check_together({**self, name: x})
        dict.__setitem__(self, name, x)

    update = MutableMapping.update  # these write by __setitem__, as dict's own do not
    setdefault = MutableMapping.setdefault

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]  # dict's | gives a plain dict
        self.update(other)
        return self

    def __reduce__(self) -> Any:  # for copies: their items are given at once
        return Group, (self._optimizer, dict(self))


def options_of(optimizer: type) -> dict[str, Option]:
    """Give the options of an optimizer's class by name, in the order of their definition."""
    return {
        name: x
        for cls in reversed(optimizer.__mro__)
        for name, x in vars(cls).items()
        if isinstance(x, Option)
    }
