"""When are functions learned? The families that load late, when one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(dict[Callable, Entry], Generic[Entry]):
    """What is known of each function.

    Families of functions are loaded when one is asked for that nobody knows, lot by lot until it
    is found, or when somebody looks through all. ``get`` alone asks what was loaded so far: it is
    on the way of every call, which asks again before it gives up.
    """

    later: Callable[[], Iterable[Any]] = staticmethod(tuple)  # loads one lot at each step

    def __init__(self) -> None:
        super().__init__()
        self.loaded: dict[Callable, Entry] = {}  # what is here so far; a plain dict answers sooner

    def __setitem__(self, fn: Callable, entry: Entry) -> None:
        super().__setitem__(fn, entry)
        self.loaded[fn] = entry

    def __delitem__(self, fn: Callable) -> None:
        super().__delitem__(fn)
        del self.loaded[fn]

    def pop(self, fn: Callable, *default: Any) -> Any:
        self.loaded.pop(fn, None)
        return super().pop(fn, *default)

    def __missing__(self, fn: Callable) -> Entry:
        for _ in self.later():
            found = self.get(fn)
            if found is not None:
                return found
        raise KeyError(fn)

    def __contains__(self, fn: object) -> bool:
        has = super().__contains__
        return has(fn) or any(has(fn) for _ in self.later())

    def __iter__(self) -> Iterator[Callable]:
        self._learn_all()
        return super().__iter__()

    def __len__(self) -> int:
        self._learn_all()
        return super().__len__()

    def items(self) -> Any:
        self._learn_all()
        return super().items()

    def values(self) -> Any:
        self._learn_all()
        return super().values()

    def _learn_all(self) -> None:
        for _ in self.later():
            pass
