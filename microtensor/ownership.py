"""Who holds an array? Only one that nobody else holds may be written into.

That is counted, not planned: whoever holds an array, or a view of it, has a reference to it, be it
the user, a hook, a rule that keeps things, or a value that waits for its gradient. How many there
are when a function here is called with a local variable is measured, on an array that comes the
same way, and not supposed.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np


def _references() -> tuple[int, int, int]:
    """Count references to an array that two calls have passed on, that one has, that none has."""

    def held(g: Any) -> int:
        return getrefcount(g)

    def ask(g: Any) -> int:
        return held(g)

    def pass_on(g: Any) -> tuple[int, int, int]:
        c = np.empty(0)
        return ask(g), ask(c), getrefcount(c)

    g = np.empty(0)
    return pass_on(g)


_PASSED, _MADE, ALONE = _references()


SMALL = 2**12  # entries; to find out who holds an array takes longer than to make another


def is_given_only(g: Any) -> bool:
    """Tell whether an array is held by the caller and by who passed it to it alone."""
    return _is_held_by(_PASSED, g)


def added(received: Any, c: Any) -> Any:
    """Give ``received + c``, in c itself where only the caller holds it.

    In-place sums would be wrong elsewhere: ``a + b`` sends one array to both.
    """
    if c.__class__ is received.__class__ is np.ndarray and _is_held_by(_MADE, c):
        return np.add(received, c, out=c)
    return received + c


def apart(c: Any, g: Any, y: Any, shown: Any) -> Any:
    """Give what a leaf may keep: no view of, and not the same as, anything else.

    An array that is no view and has ALONE references, of which one is the caller's variable, is
    that already.
    """
    if c.base is not None or c is g or c is y:
        return c.copy()
    for given in shown:
        if given is c:
            return c.copy()
    return c


def _is_held_by(references: int, a: Any) -> bool:
    return (
        getrefcount(a) == references
        and a.__class__ is np.ndarray
        and a.base is None
        and a.flags.writeable
    )
