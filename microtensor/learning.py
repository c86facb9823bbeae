"""When are functions learned? The families that few programs need, when one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(dict[Callable, Entry], Generic[Entry]):
    """What is known of each function.

    Families of functions that few programs need are loaded when one is asked for that nobody
    knows, or when somebody looks through all. ``get`` alone asks what was loaded so far: it is on
    the way of every call, which asks again before it gives up.
    """

    others: Callable[[], Any] = staticmethod(lambda: None)  # loads the families that come later

    def __missing__(self, fn: Callable) -> Entry:
        self.others()
        found = self.get(fn)
        if found is None:
            raise KeyError(fn)
        return found

    def __contains__(self, fn: object) -> bool:
        if not super().__contains__(fn):
            self.others()
        return super().__contains__(fn)

    def __iter__(self) -> Iterator[Callable]:
        self.others()
        return super().__iter__()

    def __len__(self) -> int:
        self.others()
        return super().__len__()

    def items(self) -> Any:
        self.others()
        return super().items()

    def values(self) -> Any:
        self.others()
        return super().values()
