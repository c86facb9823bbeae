"""Where does chance come from? The process's default generator, and what ``rng=`` may be."""

from __future__ import annotations

import operator
from collections.abc import Callable
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


def put_back(rng: np.random.Generator) -> None:
    """Make a generator the process's default again, after `seed` has put another in its place."""
    global _default
    _default = rng


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


def get_state(rng: Any = None) -> dict[str, Any]:
    """Tell where a generator stands, in numbers, strings, lists and dicts, such as JSON keeps.

    Parameters
    ----------
    rng : None, Generator or RandomState
        None for the process's default one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before = get_state(rng)
    >>> first = rng.standard_normal(3)
    >>> set_state(rng, before)
    >>> bool(np.all(first == rng.standard_normal(3)))
    True
    """
    rng = generator(rng)
    if isinstance(rng, np.random.RandomState):
        return _in_plain_words(rng.get_state(legacy=False))
    return _in_plain_words(rng.bit_generator.state)


def set_state(rng: Any, state: Any) -> None:
    """Put a generator where another one of its kind stood, or itself before; see `get_state`.

    Parameters
    ----------
    rng : None, Generator or RandomState
        None for the process's default one.
    state : dict
        What `get_state` gave.

    Raises
    ------
    ArgumentError
        If the state is none, or of another kind of generator; nothing is changed then.
    """
    rng = generator(rng)
    before = get_state(rng)
    try:
        _put(rng, state)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        _put(rng, before)
        raise ArgumentError(
            "the random generator cannot be put into this state.",
            expected=f"what get_state gave of a {before['bit_generator']} generator",
            got=_what_it_seems(state, before["bit_generator"], error),
        ) from None


def mark(rng: Rng) -> Callable[[], None]:
    """Give the function that puts a generator back where it stands now.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> put_back = mark(rng)
    >>> first = rng.standard_normal(3)
    >>> put_back()
    >>> bool(np.all(first == rng.standard_normal(3)))
    True
    """
    before: Any
    if isinstance(rng, np.random.RandomState):
        before = rng.get_state(legacy=False)
    else:
        before = rng.bit_generator.state
    return lambda: _put(rng, before)


def _what_it_seems(state: Any, kind: str, error: Exception) -> str:
    if not isinstance(state, dict):
        return f"a {type(state).__name__}"
    if state.get("bit_generator") != kind:
        return f"one of {state.get('bit_generator', 'no known kind')}"
    return f"one that is damaged: {error!r}"


def _put(rng: Rng, state: Any) -> None:
    if isinstance(rng, np.random.RandomState):
        rng.set_state(state)
    else:
        rng.bit_generator.state = state


def _in_plain_words(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _in_plain_words(inner) for key, inner in x.items()}
    return x.tolist() if isinstance(x, np.ndarray | np.generic) else x
