"""How does a gradient fit what it is the gradient of? Shapes, dtypes, and broadcasting undone.

An operand that was broadcast was used several times, and its contributions are added: here, once,
so that no rule has to.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .batches import Batch
from .errors import DTypeError, GradientError, ShapeError
from .graph import Node
from .ops.arithmetic import astype
from .primitives import name_of


def fit(c: Any, x: Any, fn: Any, position: int) -> Any:
    """Give a contribution the shape and dtype of its operand, undoing broadcasting.

    An operand that was broadcast was used several times; its contributions are added.

    Parameters
    ----------
    c : array, Batch or Node
        The contribution, of a shape that the shape of ``x`` broadcasts to.
    x : array or float
        The operand's data.
    fn, position
        The call, for the message.

    Raises
    ------
    ShapeError
        If the contribution cannot have come from broadcasting, so that the rule is wrong.
    GradientError
        If the rule gave None.
    """
    if c.__class__ is np.ndarray and x.__class__ is np.ndarray:
        shape = c.shape
        if len(shape) > 1 and shape[-1:] == x.shape:  # a bias: a sum over the long axis, by BLAS
            rows = c if len(shape) == 2 else c.reshape(math.prod(shape[:-1]), shape[-1])
            c = _ones(len(rows), c.dtype).dot(rows)
            return c if c.dtype is x.dtype else c.astype(x.dtype, copy=False)
        if shape == x.shape:
            return c.astype(x.dtype, copy=False)
    if c.__class__ is float and (x.__class__ is float or x.__class__ is int):
        return c
    if c is None:
        raise GradientError(
            f"The rule of {name_of(fn)} for operand {position} gave None.",
            expected="the gradient of that operand",
            hint="Does it return what it computes? Where no derivative exists, "
            "give None in place of the rule.",
        )
    have, want = np.shape(c), np.shape(x)
    if have != want:
        extra = len(have) - len(want)
        if extra < 0 or any(
            n not in (1, m) for n, m in zip(want, have[max(extra, 0) :], strict=True)
        ):
            raise ShapeError(
                f"The rule of {name_of(fn)} for operand {position} gave a wrong shape.",
                expected=f"{want}, as the operand has, or a shape that it broadcasts to",
                got=f"{have}",
                hint="Rules may leave broadcasting to be undone, but nothing else.",
            )
        axes = tuple(range(extra)) + tuple(
            extra + i for i, n in enumerate(want) if n == 1 and have[extra + i] != 1
        )
        c = np.sum(c, axis=axes)
        if np.shape(c) != want:
            c = np.reshape(c, want)
    if isinstance(c, Batch):
        return c if c.dtype == _dtype(x) else c.astype(_dtype(x))
    if isinstance(c, Node):
        same = c._data.__class__ is float or _dtype(c._data) == _dtype(x)
        return c if same else astype(c, _dtype(x))
    if x.__class__ is float or x.__class__ is int:
        return float(c)
    dtype = _dtype(x)
    if want == ():
        return dtype.type(c)
    return np.asarray(c, dtype=dtype)


@lru_cache(maxsize=64)
def _ones(n: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones


def _dtype(x: Any) -> np.dtype:
    return x.dtype if hasattr(x, "dtype") else np.dtype(float)


def seed_for(node: Node, gradient: Any = None) -> Any:
    """Make the gradient to start from: ones, or what was given, in the output's shape and dtype."""
    x = node._data
    if gradient is None:
        if not hasattr(x, "dtype"):
            return 1.0
        return np.ones(x.shape, x.dtype) if x.shape else x.dtype.type(1)
    if isinstance(gradient, Node | Batch):
        return gradient
    given = np.asarray(gradient)
    if given.dtype.kind not in "fiub":
        raise DTypeError(
            "backward: the gradient to start from must be real numbers.",
            expected=f"numbers that convert to {_dtype(x)}, the dtype of the output",
            got=f"dtype {given.dtype}",
        )
    return given.astype(x.dtype)[()] if hasattr(x, "dtype") else float(given)


def zeros_for(node: Node) -> Any:
    """Make the gradient of a value that nothing arrived at."""
    x = node._data
    return np.zeros(x.shape, x.dtype)[()] if hasattr(x, "dtype") else 0.0
