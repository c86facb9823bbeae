"""What is a model given? Its floats are converted to the dtype of its parameters, once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node
from ..ops import astype


def at_door(x: Any, dtype: np.dtype) -> Any:
    """Convert floats that have a dtype, and lists of Python's; leave the rest as it is."""
    if isinstance(x, (np.ndarray, np.generic)):
        own = x.dtype
        if own is dtype:
            return x
    elif isinstance(x, Node):
        own = getattr(x._data, "dtype", None)  # a Python float has none: it is weak
    elif isinstance(x, list | tuple):
        if not _starts_with_number(x):
            return x
        array = np.asarray(x)
        return array.astype(dtype) if array.dtype.kind == "f" else x
    else:
        return x
    if own is None or own is dtype or own.kind != "f" or own == dtype:
        return x
    return astype(x, dtype)


def as_floats(x: Any, dtype: np.dtype) -> Any:
    """Convert integers, and nested lists of numbers and Values, to floats of this dtype."""
    if isinstance(x, list | tuple):
        rows = [as_floats(row, dtype) for row in x]
        return np.stack(rows) if rows else np.empty(0, dtype)
    if isinstance(x, Node):
        return astype(x, dtype)
    return np.asarray(x, dtype)


def _starts_with_number(nested: Any) -> bool:
    while isinstance(nested, list | tuple) and nested:
        nested = nested[0]
    return isinstance(nested, float | int | np.floating)
