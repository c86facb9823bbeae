"""Does a state fit a model? It is checked whole before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ParameterError


def check_state(
    where: str, own: Iterable[tuple[str, Any]], state: Mapping[str, Any], strict: bool = True
) -> dict[str, np.ndarray]:
    """Give the state as arrays, or say all that does not fit.

    Parameters
    ----------
    where : str
        Who asks, for the message.
    own : iterable of (path, Parameter or Buffer)
        What is to be filled; one that is shared appears under each of its paths.
    state : mapping of str to array_like
    strict : bool, default True
        Whether each of own must be in the state, under one of its paths, and nothing else; if
        not, one key in both is enough.

    Raises
    ------
    ParameterError
        If keys, shapes or kinds of numbers differ, or a shared one is given two values.
    """
    if not isinstance(state, Mapping):
        raise ParameterError(
            f"{where}: a state is a dict of arrays.",
            expected="what state_dict() gives",
            got=f"a {type(state).__name__}",
        )
    wanted = dict(own)
    arrays = {key: _array(x) for key, x in state.items() if key in wanted}
    given = {wanted[key] for key in arrays}
    missing = [key for key, x in wanted.items() if x not in given]
    unexpected = [str(key) for key in state if key not in wanted]
    told = strict or not arrays
    problems = [
        *_listed("missing", missing if told else []),
        *_listed("unexpected", unexpected if told else []),
        *(_misfit(key, arrays[key], x) for key, x in wanted.items() if key in arrays),
        *_disagreements(wanted, arrays),
    ]
    problems = [row for row in problems if row]
    if problems:
        problems += _begin_alike(wanted, state)
        raise ParameterError(
            f"{where}: the state does not fit; nothing was changed.",
            hint="\n".join(problems),
        )
    return arrays


def _array(x: Any) -> np.ndarray:
    try:
        return np.asarray(plain(x)).copy()  # np.array would ask a tensor for a copy, which is new
    except ValueError:  # rows of different lengths
        return np.array(x, object)


def _listed(what: str, keys: list[str]) -> list[str]:
    return [f"{what}: {', '.join(keys)}"] if keys else []


def _misfit(key: str, array: np.ndarray, x: Any) -> str:
    """Say how an array differs from what it is to fill; nothing if it fits."""
    if array.shape != np.shape(x._data):
        return f"{key}: expected shape {np.shape(x._data)}, got {array.shape}"
    if array.dtype.kind not in "fiub":
        return f"{key}: expected numbers, got dtype {array.dtype}"
    dtype = getattr(x._data, "dtype", np.dtype(float))
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        return f"{key}: expected numbers that dtype {dtype} can hold, got dtype {array.dtype}"
    if array.dtype.itemsize > dtype.itemsize:
        with np.errstate(over="ignore"):
            lost = np.isfinite(array) & ~np.isfinite(array.astype(dtype))
        if lost.any():
            return f"{key}: expected numbers that dtype {dtype} can hold, got {array[lost][0]:g}"
    return ""


def _begin_alike(wanted: dict[str, Any], state: Mapping[str, Any]) -> list[str]:
    """Say what all keys begin with, if nothing else is wrong with them: such as ``module.``."""
    first = next(iter(wanted), "")
    for key in state:
        prefix = str(key).removesuffix(first)
        if prefix and prefix != key and {f"{prefix}{k}" for k in wanted} <= set(state):
            return [
                f"The keys begin with {prefix!r}. Leave it off: "
                f"mt.load(path, model, prefix={prefix!r}), or\n"
                f"{{key.removeprefix({prefix!r}): x for key, x in state.items()}}"
            ]
    return []


def _disagreements(wanted: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[str]:
    """Compare what is given for one parameter under several paths."""
    first: dict[Any, str] = {}
    rows = []
    for key, x in wanted.items():
        other = first.setdefault(x, key)
        both_given = key != other and key in arrays and other in arrays
        if both_given and not np.array_equal(arrays[key], arrays[other]):
            rows.append(f"{key}: is shared with {other}, got other numbers for it")
    return rows
