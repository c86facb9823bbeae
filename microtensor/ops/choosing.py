"""Functions that choose entries by conditions or by numbers.

Legend: ``g`` gradient of the output, ``y`` output. What was chosen receives the gradient. What was
not receives zero by selection, never by a product: an infinity that was not chosen leaves no trace.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, primitive
from .arithmetic import astype
from .indexing import scatter_set


@primitive
def _choose(a: Any, *choices: Any, mode: Any = "raise") -> Any:
    return np.choose(a, choices, mode=mode)


_choose.__name__ = "choose"


def _choose_rule(g: Any, y: Any, position: int, a: Any, *choices: Any, mode: str) -> Any:
    if mode == "wrap":
        a = np.remainder(a, len(choices))
    elif mode == "clip":
        a = np.clip(a, 0, len(choices) - 1)
    return np.where(np.equal(a, position - 1), g, 0)


differentiable(_choose, variadic=_choose_rule)


@composite(np.choose)
def _np_choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    return _choose(a, *choices, mode=mode)


@composite(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        np.select([True] * len(condlist), [0] * len(choicelist))  # NumPy's own errors
    y = default if hasattr(default, "dtype") or np.ndim(default) == 0 else np.asarray(default)
    for i in reversed(range(len(condlist))):
        condition = condlist[i] if hasattr(condlist[i], "dtype") else np.asarray(condlist[i])
        if condition.dtype != bool:
            wrong = np.empty(0, condition.dtype)  # NumPy's own error
            np.select([*[np.array([], bool)] * i, wrong], [0] * (i + 1))
        y = np.where(condition, choicelist[i], y)
    return y


@composite(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    if np.ndim(condition) != 1:
        np.compress(np.ones(np.shape(condition)), np.ones(1))  # NumPy's own error
    return np.take(a, np.flatnonzero(condition), axis)


@composite(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.take(arr, np.flatnonzero(condition))


@composite(np.piecewise)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Call each function on the entries of its condition only; the last that holds decides."""
    x = np.reshape(x, np.shape(x))  # an array, if it is a list or number
    several = isinstance(condlist, list | tuple) or np.ndim(condlist) > 0
    if not several or (np.ndim(condlist[0]) == 0 and np.ndim(x) > 0):
        condlist = [condlist]
    conditions = [np.not_equal(c, 0) for c in condlist]
    if len(funclist) == len(conditions) + 1:
        conditions.append(np.logical_not(np.any(np.stack(conditions), axis=0)))
    elif len(funclist) != len(conditions):
        np.piecewise(np.ones(1), [[True]] * len(conditions), [0] * len(funclist))  # its own error
    y = scatter_set(x, 0, index=...)  # where no condition holds
    for condition, fn in zip(conditions, funclist, strict=True):
        if not callable(fn):
            y = np.where(condition, fn, y)
        elif np.any(condition):
            y = scatter_set(y, fn(x[condition], *args, **kw), index=condition)
    return y if y.dtype == x.dtype else astype(y, x.dtype)
