"""How is a function of arrays spelled number by number? By moves, sums and calls on each entry.

An array of scalar Values is a NumPy array of objects: NumPy moves, adds and multiplies such arrays
as it does any, so most functions need no more than to be called.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops, primitives
from ..errors import ArgumentError
from ..graph import Node
from ..ops import einsums, joining, trilinear, windowed
from ..ops.windows import Geometry, taps, unfold_places


def as_entries(x: Any) -> np.ndarray:
    """Give an array of objects; one Value is an array of no axes."""
    if isinstance(x, Node):
        found = np.empty((), dtype=object)
        found[()] = x
        return found
    return np.asarray(x, dtype=object)


def spelled(fn: Any) -> Callable:
    """Give a function of arrays of scalar Values that does what ``fn`` does to arrays.

    Raises
    ------
    ArgumentError
        If it is not known number by number.
    """
    own = _SPELLED.get(fn)
    if own is not None:
        return own
    if isinstance(fn, np.ufunc) and fn.signature is None:
        return functools.partial(_entry_by_entry, fn)
    if fn in _ELEMENTWISE:
        return functools.partial(_entry_by_entry, fn)
    if fn in _MOVES:
        return primitives.registry[fn].forward
    raise _unknown(fn)


def _unknown(fn: Any) -> ArgumentError:
    return ArgumentError(
        f"unroll: {primitives.name_of(fn)} is not known number by number.",
        expected="moves, sums, products, activations, softmax, convolutions and what they make up",
        got=primitives.name_of(fn),
        hint="Unroll a part of the expression, before or after it.",
    )


def _entry_by_entry(fn: Callable, *operands: Any, **options: Any) -> np.ndarray:
    """Call a function of numbers on each entry, and so record each as a call of its own."""
    arrays = np.broadcast_arrays(*(as_entries(a) for a in operands))
    found = np.empty(arrays[0].shape, dtype=object)
    for place in np.ndindex(found.shape):
        found[place] = fn(*(a[place] for a in arrays), **options)
    return found


def _along(axis: Any, x: np.ndarray) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(a % x.ndim for a in axes))


def _reduce(add: Callable, x: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> np.ndarray:
    """Put the entries along some axes together, two by two from the first to the last."""
    x = as_entries(x)
    axes = _along(axis, x)
    rest = [a for a in range(x.ndim) if a not in axes]
    rows = np.transpose(x, (*rest, *axes)).reshape([x.shape[a] for a in rest] + [-1])
    found = np.empty(rows.shape[:-1], dtype=object)
    for place in np.ndindex(found.shape):
        found[place] = functools.reduce(add, rows[place])
    if keepdims is True:
        found = found.reshape([1 if a in axes else n for a, n in enumerate(x.shape)])
    return found


def _add(a: Any, b: Any) -> Any:
    return a + b


def _sum(x: Any, **options: Any) -> np.ndarray:
    return _reduce(_add, x, **options)


def _mean(x: Any, axis: Any = None, **options: Any) -> np.ndarray:
    x = as_entries(x)
    total = _sum(x, axis=axis, **options)
    count = int(np.prod([x.shape[a] for a in _along(axis, x)]))
    return _entry_by_entry(lambda s: s / count, total)


def _logsumexp(x: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> np.ndarray:
    x = as_entries(x)
    shift = _shift(x)
    total = _sum(_entry_by_entry(lambda v: np.exp(v - shift if shift else v), x), axis=axis,
                 keepdims=keepdims)  # fmt: skip
    return _entry_by_entry(lambda s: np.log(s) + shift if shift else np.log(s), total)


def _softmax(x: Any, axis: int = -1, **_: Any) -> np.ndarray:
    x = as_entries(x)
    shift = _shift(x)
    powers = _entry_by_entry(lambda v: np.exp(v - shift if shift else v), x)
    return _entry_by_entry(lambda p, s: p / s, powers, _sum(powers, axis=axis, keepdims=True))


def _log_softmax(x: Any, axis: int = -1, **_: Any) -> np.ndarray:
    return _entry_by_entry(lambda v, s: v - s, x, _logsumexp(x, axis=axis, keepdims=True))


def _shift(x: np.ndarray) -> float:
    """Give a constant against overflow, where one is needed: e^(x - c) has the same shares."""
    largest = max((float(getattr(v, "data", v)) for v in x.reshape(-1)), default=0.0)
    return largest if abs(largest) > 300 else 0.0


def _windows(add: Callable, x: Any, *, geometry: Geometry) -> np.ndarray:
    """Put together what each window sees, from its first place to its last."""
    x = as_entries(x)
    found = np.full((*x.shape[:2], *geometry.outputs), None)
    joined = np.frompyfunc(lambda a, b: b if a is None else add(a, b), 2, 1)
    for here, there in taps(geometry):
        found[here] = joined(found[here], x[there])
    return found


_TIMES = np.frompyfunc(lambda w, x: w * x, 2, 1)  # of a Value and an array, entry by entry


def _convolution(
    x: Any, weight: Any, bias: Any = None, *, geometry: Geometry, groups: int
) -> np.ndarray:
    """Weigh and add what each window sees, channel by channel."""
    x, weight = as_entries(x), as_entries(weight)
    outputs, channels = weight.shape[:2]
    kernels = weight.reshape(outputs, channels, -1)
    found = np.full((len(x), outputs, *geometry.outputs), None)
    joined = np.frompyfunc(lambda a, wx: wx if a is None else a + wx, 2, 1)
    for o in range(outputs):
        first = o // (outputs // groups) * channels
        for c in range(channels):
            for k, (here, there) in enumerate(taps(geometry)):
                seen = _TIMES(as_entries(kernels[o, c, k]), x[:, first + c][there])
                found[:, o][here] = joined(found[:, o][here], seen)
        if bias is not None:
            found[:, o] = joined(found[:, o], as_entries(as_entries(bias)[o]))
    return found


_SPELLED: dict[Any, Callable] = {
    np.sum: _sum,
    np.mean: _mean,
    np.prod: functools.partial(_reduce, lambda a, b: a * b),
    np.max: functools.partial(_reduce, np.maximum),
    np.min: functools.partial(_reduce, np.minimum),
    np.matmul: lambda a, b: np.matmul(np.asarray(a, object), np.asarray(b, object)),
    np.dot: lambda a, b: np.dot(np.asarray(a, object), np.asarray(b, object)),
    ops.softmax: _softmax,
    ops.log_softmax: _log_softmax,
    ops.logsumexp: _logsumexp,
    ops.astype: lambda x, *_, **__: x,
    np.cumsum: lambda x, axis=None, **_: np.cumsum(as_entries(x), axis=axis),
    joining._concatenate: lambda *arrays, axis=0, **_: np.concatenate(
        [as_entries(a) for a in arrays], axis=axis
    ),
    einsums._einsum: lambda *operands, subscripts: np.einsum(
        subscripts, *map(as_entries, operands), optimize=False
    ),
    trilinear.convolution: _convolution,
    windowed.max_pool: functools.partial(_windows, lambda a, b: np.maximum(a, b)),
    windowed.sum_windows: functools.partial(_windows, _add),
    np.where: lambda c, a, b: np.where(np.asarray(c, dtype=bool), a, b),
}
_ELEMENTWISE = {
    ops.relu, ops.sigmoid, ops.leaky_relu, ops.elu, ops.gelu, ops.silu, ops.softplus, ops.mish,
    ops.hardtanh, ops.hardswish, ops.hardsigmoid, ops.relu6, ops.selu, ops.celu, ops.softsign,
    ops.logsigmoid, ops.tanhshrink, ops.softshrink, ops.hardshrink, ops.threshold, np.clip,
}  # fmt: skip


_MOVES = {  # they put entries in other places, and do nothing else
    operator.getitem, np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.squeeze,
    np.expand_dims, np.ravel, np.stack, np.broadcast_to, np.flip, np.roll, np.repeat, np.tile,
    np.take, np.take_along_axis, np.diagonal, np.lib.stride_tricks.sliding_window_view,
    unfold_places,
}  # fmt: skip
