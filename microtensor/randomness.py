"""Where does chance come from? The process's default generator, and what ``rng=`` may be."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .errors import ArgumentError

Rng = np.random.Generator | np.random.RandomState
_default = np.random.default_rng()


def seed(n: int) -> None:
    """Restart the process's default generator, so that what follows can be repeated.

    It is used wherever a function is given no ``rng=``. ``np.random`` and ``random`` have
    generators of their own, which are left alone.

    Parameters
    ----------
    n : int
        Any integer of at least 0; each gives another sequence.

    Raises
    ------
    ArgumentError
        If n is not such an integer.

    Examples
    --------
    >>> seed(0)
    >>> first = generator().standard_normal(3)
    >>> seed(0)
    >>> bool(np.all(first == generator().standard_normal(3)))
    True
    """
    global _default
    _default = _from_seed(n, "seed: n")


def generator(rng: Any = None) -> Rng:
    """Give the generator that ``rng=`` stands for.

    Parameters
    ----------
    rng : None, int, numpy.random.Generator or numpy.random.RandomState
        None for the process's default, which `seed` restarts; an int for a new generator that
        starts there; a generator for itself. The older RandomState repeats numbers that were
        published with ``np.random.seed``.

    Raises
    ------
    ArgumentError
        If rng is none of these.

    Examples
    --------
    >>> bool(generator(7).random() == np.random.default_rng(7).random())
    True
    >>> mine = np.random.default_rng(7)
    >>> generator(mine) is mine
    True
    """
    if rng is None:
        return _default
    if isinstance(rng, np.random.Generator | np.random.RandomState):
        return rng
    return _from_seed(rng, "rng")


def _from_seed(n: Any, what: str) -> np.random.Generator:
    try:
        if isinstance(n, bool | np.bool_):
            raise TypeError  # operator.index would take True for 1
        return np.random.default_rng(operator.index(n))  # ValueError below 0
    except (TypeError, ValueError):
        others = "" if what.startswith("seed") else ", a numpy.random.Generator or None"
        raise ArgumentError(
            f"{what} cannot start a random sequence.",
            expected=f"an integer of at least 0{others}",
            got=repr(n),
            hint="0 will do; the same integer gives the same numbers every time.",
        ) from None
