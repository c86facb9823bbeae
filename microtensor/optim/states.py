"""How is a state kept? As a flat dict of arrays, which any file of arrays can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ParameterError


def as_array(x: Any) -> np.ndarray:
    """Turn a number, switch, text, tuple or None into an array; `from_array` turns it back."""
    if x is None or isinstance(x, str):
        return np.frombuffer((x or "").encode(), np.uint8).copy()
    return np.array(x)


def from_array(array: Any) -> Any:
    """Turn an array back into the option or the count it was made of."""
    array = np.asarray(array)
    if array.dtype == np.uint8 and array.ndim == 1:
        return bytes(array).decode() or None
    return tuple(array.tolist()) if array.ndim else array.item()


def copied(where: str, state: Any) -> dict[str, np.ndarray]:
    """Copy a state that was given, or say that it is none."""
    if not isinstance(state, Mapping):
        raise ParameterError(
            f"{where}.load_state_dict: a state is a dict of arrays.",
            expected="what state_dict() gives",
            got=f"a {type(state).__name__}",
        )
    return {str(key): np.array(x) for key, x in state.items()}


def refuse(where: str, what: str, differences: Iterable[str]) -> None:
    """Say where a state differs from what is expected, if it does."""
    for first in differences:
        raise ParameterError(
            f"{where}.load_state_dict: the state does not fit; nothing was changed.",
            expected=f"what state_dict() gives for {what}",
            got=f"another state; the first difference is at {first}",
        )
