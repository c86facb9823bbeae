"""What is a model given? Its floats are converted to the dtype of its parameters, once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import is_masked, lost_mask
from ..errors import DTypeError, ShapeError
from ..graph import Node
from ..ops import astype
from .places import here


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
        try:
            array = np.asarray(x)
        except ValueError:  # rows of different lengths: the module knows if it takes them
            return x
        return array.astype(dtype) if array.dtype.kind == "f" else x
    else:
        return x
    if own is None or own is dtype or own.kind != "f" or own == dtype or is_masked(x):
        return x  # what is masked is refused where it meets a Value
    return astype(x, dtype)


def all_at_door(args: tuple, dtype: np.dtype) -> tuple:
    """Do as `at_door`; what is given several times is converted once, and stays one."""
    found = [at_door(x, dtype) for x in args]
    if len(args) > 1:
        places = {id(x): place for place, x in enumerate(args)}
        found = [found[places[id(x)]] for x in args]
    return tuple(found)


def floats(module: Any, x: Any) -> Any:
    """Give floats as they are, and anything else as `as_floats` does."""
    data = x._data if isinstance(x, Node) else x
    if data.__class__ is np.ndarray and data.dtype.kind == "f":
        return x
    return as_floats(module, x)


def reals(module: Any, x: Any) -> Any:
    """Give real numbers as they are, integers too; nested lists as `as_floats` does.

    Raises
    ------
    DTypeError
        If they are no real numbers.
    ShapeError
        If the rows of a list have different shapes.
    """
    data = x._data if isinstance(x, Node) else x
    if data.__class__ is np.ndarray and data.dtype.kind == "f":
        return x
    if isinstance(x, list | tuple):
        return as_floats(module, x)
    dtype = np.asarray(data).dtype
    if dtype.kind not in "fiub":
        raise _no_numbers(module, x, dtype)
    return x


def as_floats(module: Any, x: Any) -> Any:
    """Convert integers, and nested lists of numbers and Values, to the dtype of a module's weights.

    Raises
    ------
    DTypeError
        If they are no real numbers: an imaginary part would be lost, a None would become nan.
    ShapeError
        If the rows of a list have different shapes.
    ArgumentError
        If an array is masked.
    """
    return _converted(module, x, module._dtype() or np.dtype(np.float32))


def _converted(module: Any, x: Any, dtype: np.dtype) -> Any:
    if isinstance(x, Node):
        return astype(x, dtype)
    if isinstance(x, list | tuple):
        rows = [_converted(module, row, dtype) for row in x]
        shapes = [np.shape(row) for row in rows]
        if len(set(shapes)) > 1:
            raise _ragged(module, shapes)
        return np.stack(rows) if rows else np.empty(0, dtype)
    if is_masked(x):
        raise lost_mask(here(module))
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise _no_numbers(module, x, array.dtype)
    return array.astype(dtype)


def _ragged(module: Any, shapes: list[tuple[int, ...]]) -> ShapeError:
    other = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
    return ShapeError(
        f"{here(module)}: the rows of the input have different shapes.",
        expected=f"rows of shape {shapes[0]}, as the first one has",
        got=f"a row of shape {shapes[other]}, in place {other}",
    )


def _no_numbers(module: Any, x: Any, dtype: np.dtype) -> DTypeError:
    hints = {
        "c": "Give it the real and the imaginary parts, as channels or features of their own.",
        "O": "If they are numbers, convert them: x.astype(float).",
    }
    is_array = isinstance(x, np.ndarray | np.generic)
    return DTypeError(
        f"{here(module)}: the input must hold real numbers.",
        expected="floats, integers or bools",
        got=f"dtype {dtype}" if is_array else f"a {type(x).__name__}",
        hint=hints.get(dtype.kind) if is_array else None,
    )


def _starts_with_number(nested: Any) -> bool:
    while isinstance(nested, list | tuple) and nested:
        nested = nested[0]
    return isinstance(nested, float | int | np.floating)
