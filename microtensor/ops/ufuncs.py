"""The methods of ufuncs: reduce, accumulate and outer, in functions that have rules.

Where NumPy has a function for it (``np.add.reduce`` is ``np.sum``), that is used; any other ufunc
of two operands is applied along the axis, entry after entry, as NumPy applies it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, MissingRuleError
from ..primitives import piecewise, primitive
from .arithmetic import astype
from .elementwise import LOG_2
from .softmaxes import logsumexp

_REDUCED: dict[np.ufunc, Callable] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_FOLDED = {  # for others, such as arctan2, NumPy's reduce depends on how it goes through memory
    np.subtract, np.true_divide, np.hypot, np.logaddexp, np.logaddexp2, np.fmax, np.fmin,
    np.logical_xor, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm,
}  # fmt: skip


_SIGNS: dict[np.ufunc, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/", np.floor_divide: "//",
    np.remainder: "%", np.power: "**", np.matmul: "@", np.bitwise_and: "&", np.bitwise_or: "|",
    np.bitwise_xor: "^", np.left_shift: "<<", np.right_shift: ">>",
}  # fmt: skip


def method_of(ufunc: np.ufunc, method: str) -> Callable:
    """Give what computes a ufunc's method by functions that have rules.

    Raises
    ------
    MissingRuleError
        If there is none, as for ``reduceat``.

    Examples
    --------
    >>> method_of(np.subtract, "outer")(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([[0., 1.],
           [1., 2.]])
    """
    if method == "outer":
        return lambda a, b, **options: ufunc(*_spread(a, b), **options)
    if method in _METHODS and (ufunc in _REDUCED or ufunc in _FOLDED):
        return lambda x, *args, **options: _METHODS[method](ufunc, x, *args, **options)
    instead = {
        "reduce": "Apply it along the axis, entry after entry",
        "accumulate": "Apply it along the axis, entry after entry, and np.stack the results",
        "reduceat": f"Use np.{ufunc.__name__}.reduce of each slice, and np.stack the results",
    }
    raise MissingRuleError(
        f"numpy.{ufunc.__name__}.{method} has no derivative rule.",
        hint=f"{instead[method]}, or call it on v.data.",
    )


def _spread(a: Any, b: Any) -> tuple[Any, Any]:
    """Give the first operand as many further axes as the second has."""
    b = b if hasattr(b, "dtype") else np.asarray(b)  # numbers are not weak here
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b


def _reduce(
    ufunc: np.ufunc, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None,
    keepdims: bool = False, **options: Any,
) -> Any:  # fmt: skip
    _refuse_out(ufunc, "reduce", out)
    x = _converted(ufunc, x, dtype)
    if np.ndim(x) == 0 and axis in (0, -1):
        axis = None  # NumPy takes a number for a row of one here
    if ufunc in _REDUCED:
        where: Any = options.get("where")
        if x.__class__ is np.ndarray and hasattr(where, "requires_grad"):
            x = np.where(where, x, x)  # a Value too: it is a mask of Values that leads here
        return _REDUCED[ufunc](x, axis=axis, keepdims=keepdims, **options)
    for name, given in options.items():
        if not (name == "where" and given is True):
            raise MissingRuleError(
                f"numpy.{ufunc.__name__}.reduce has no derivative rule for its option {name}=.",
                hint="Compute the same from functions that are known, or call it on v.data.",
            )
    if np.size(x) and ufunc is np.logaddexp:
        return logsumexp(x, axis=axis, keepdims=keepdims)
    if np.size(x) and ufunc is np.logaddexp2:
        return logsumexp(x * LOG_2, axis=axis, keepdims=keepdims) / LOG_2
    return _fold(ufunc, x, axis, keepdims)


def _fold(ufunc: np.ufunc, x: Any, axis: Any, keepdims: bool) -> Any:
    shape = np.shape(x)
    trial = np.ones([min(n, 1) for n in shape], x.dtype)
    ufunc.reduce(trial, axis=axis)  # what NumPy refuses is refused in NumPy's words
    if axis is None:
        axis = tuple(range(len(shape)))
    axes = tuple(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,)))
    start = ufunc.identity  # 0 for hypot, so that one entry gives its size
    if not axes:
        return x if start is None else ufunc(start, x)
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    count = int(np.prod([shape[a] for a in axes]))
    if count == 0:
        of_nothing = ufunc.reduce(np.zeros(shape, x.dtype), axis=axis, keepdims=keepdims)
        return of_nothing + np.sum(x, axis=axis, keepdims=keepdims)  # a sum of nothing
    entries = np.reshape(np.transpose(x, axes + rest), (count, *(shape[i] for i in rest)))
    y = entries[0] if start is None else ufunc(start, entries[0])
    for i in range(1, count):
        y = ufunc(y, entries[i])
    return np.reshape(y, [1 if i in axes else n for i, n in enumerate(shape)]) if keepdims else y


def _accumulate(ufunc: np.ufunc, x: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    _refuse_out(ufunc, "accumulate", out)
    x = _converted(ufunc, x, dtype)
    ufunc.accumulate(np.ones([1] * np.ndim(x), x.dtype), axis=axis)  # or NumPy's error
    if ufunc is np.add:
        return np.cumsum(x, axis=axis)
    if ufunc is np.multiply:
        return np.cumprod(x, axis=axis)
    if np.shape(x)[axis] == 0:
        return x
    if ufunc is np.maximum or ufunc is np.minimum:
        latest = _latest_extremum(x, axis=axis, greatest=ufunc is np.maximum)
        return np.take_along_axis(x, latest, axis=axis)
    entries = np.moveaxis(x, axis, 0)
    running = [entries[0]]
    for i in range(1, len(entries)):
        running.append(ufunc(running[-1], entries[i]))
    return np.stack(running, axis=axis)


_METHODS: dict[str, Callable] = {"reduce": _reduce, "accumulate": _accumulate}


@primitive
def _latest_extremum(x: Any, axis: int, greatest: bool) -> Any:
    """Tell where along the axis the greatest (or least) entry up to each place stands.

    Of equal ones it is the latest, which is PyTorch's convention for cummax and cummin.
    """
    y = (np.maximum if greatest else np.minimum).accumulate(x, axis=axis)
    attains = (x == y) | np.isnan(x)
    places = np.arange(x.shape[axis]).reshape(
        [-1 if n == axis % x.ndim else 1 for n in range(x.ndim)]
    )
    return np.maximum.accumulate(np.where(attains, places, 0), axis=axis)


piecewise(_latest_extremum)


def _converted(ufunc: np.ufunc, x: Any, dtype: Any) -> Any:
    """Do as NumPy: convert first, and then compute."""
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    if ufunc in (np.logical_and, np.logical_or, np.logical_xor):
        return np.not_equal(x, 0)
    return x if dtype is None or x.dtype == np.dtype(dtype) else astype(x, dtype)


def written_in_place(ufunc: np.ufunc) -> ArgumentError:
    """Build the error for ``array -= value``, which NumPy takes for ``out=array``."""
    name = ufunc.__name__
    if ufunc not in _SIGNS:
        hint = f"Use np.{name} of v.data, or leave out= out: the result is a new Value."
    else:
        sign = _SIGNS[ufunc]
        hint = f"Use array {sign}= v.data, or array = array {sign} v, which is a new Value."
    return ArgumentError(
        f"numpy.{name}: a Value cannot be written into an array, which would lose its graph.",
        hint=hint,
    )


def _refuse_out(ufunc: np.ufunc, method: str, out: Any) -> None:
    if out is not None:
        raise ArgumentError(
            f"numpy.{ufunc.__name__}.{method}: out= would overwrite an array that a graph may "
            "need.",
            hint="Leave it out: the result is a new Value.",
        )
