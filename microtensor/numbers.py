"""What can a Value hold? Real numbers: one of Python's, or an array of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from .calls import is_masked, lost_mask, not_real
from .errors import ArgumentError, DTypeError
from .graph import Node, label, rows_differ

_LISTS = (list, tuple)


def as_numbers(data: Any, dtype: Any) -> Any:
    """Convert what a user gives to a Python float or an array of its own."""
    if data.__class__ is float and dtype is None:
        return data
    if data.__class__ is np.ndarray and dtype is None and data.dtype.kind in "fiub":
        return data.copy("K")[()]  # as below, without the questions
    if isinstance(data, Node):
        raise ArgumentError(
            "Value: the data are a Value already.",
            expected="numbers",
            got=label(data),
            hint="Use it as it is, or v.detach() for a constant of the same numbers.",
        )
    if dtype is None and data.__class__ is int:
        return float(data)
    if isinstance(data, _LISTS) and _holds_values(data):
        raise ArgumentError(
            "Value: the data contain Values, whose graph would be lost.",
            expected="numbers",
            got=f"a {type(data).__name__} with Values in it",
            hint="Use np.stack([...]) to join Values into one.",
        )
    if is_masked(data):
        raise lost_mask("Value")
    array = _array(data, dtype)
    if array.dtype.kind == "c":
        raise not_real("Value: the data are", "c")
    if array.dtype.kind not in "fiub":
        raise DTypeError(
            "Value: the data are no numbers.",
            expected="a number, a nested list of numbers, or a numeric array",
            got=f"{type(data).__name__} (dtype {array.dtype})",
        )
    if dtype is None and array.dtype.kind in "iu" and not hasattr(data, "dtype"):
        array = array.astype(float)  # a list of Python's integers means real numbers
    return array[()]


def _array(data: Any, dtype: Any) -> np.ndarray:
    try:
        return np.array(data, dtype=dtype)
    except ValueError as error:
        if isinstance(data, _LISTS) and "inhomogeneous" in str(error):
            raise rows_differ("Value: the data", data) from None
        raise


def _holds_values(nested: Any) -> bool:
    stack = [nested]
    while stack:
        x = stack.pop()
        if isinstance(x, Node):
            return True
        if isinstance(x, _LISTS):
            stack.extend(x)
    return False
