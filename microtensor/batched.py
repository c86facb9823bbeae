"""How does a function take all rows of a `Batch` at once? One way for each that rules call often.

Each is called as its function is, on Batches and arrays, and moves the axes that it is told behind
the axis of rows. One that cannot gives NotImplemented, and the rows are then taken one by one.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from . import ops
from .batches import RULES, Batch, after_rows, count_rows, elementwise, lined_up
from .ops import choices
from .ops.masking import masked


def _axes(x: Batch, axis: Any) -> tuple[int, ...]:
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return tuple(a + 1 for a in axes)


def _axis(x: Batch, axis: int) -> int:
    return normalize_axis_index(axis, x.ndim) + 1


def _reducing(fn: Callable) -> Callable:
    def rule(a: Batch, axis: Any = None, *, keepdims: bool = False) -> Batch:
        return Batch(fn(a.data, axis=_axes(a, axis), keepdims=keepdims))

    return rule


def _along(fn: Callable) -> Callable:
    def rule(a: Batch, axis: Any = None) -> Any:
        return NotImplemented if axis is None else Batch(fn(a.data, axis=_axis(a, axis)))

    return rule


def _triangle(fn: Callable) -> Callable:
    def rule(m: Batch, k: int = 0) -> Any:
        return Batch(fn(m.data, k)) if m.ndim > 1 else NotImplemented

    return rule


def _reshape(a: Batch, shape: Any, order: str = "C") -> Any:
    if order != "C" or a.size == 0:
        return NotImplemented
    shape = shape if isinstance(shape, tuple | list) else (shape,)
    return Batch(a.data.reshape(len(a.data), *shape))


def _transpose(a: Batch, axes: Any = None) -> Batch:
    order = range(a.ndim)[::-1] if axes is None else normalize_axis_tuple(axes, a.ndim)
    return Batch(a.data.transpose(0, *(n + 1 for n in order)))


def _swapaxes(a: Batch, axis1: int, axis2: int) -> Batch:
    return Batch(a.data.swapaxes(_axis(a, axis1), _axis(a, axis2)))


def _moveaxis(a: Batch, source: Any, destination: Any) -> Batch:
    return Batch(np.moveaxis(a.data, _axes(a, source), _axes(a, destination)))


def _expand_dims(a: Batch, axis: Any) -> Batch:
    count = a.ndim + np.size(axis)
    return Batch(np.expand_dims(a.data, tuple(n + 1 for n in normalize_axis_tuple(axis, count))))


def _squeeze(a: Batch, axis: Any = None) -> Batch:
    axis = tuple(n for n, size in enumerate(a.shape) if size == 1) if axis is None else axis
    return Batch(np.squeeze(a.data, _axes(a, axis)))


def _broadcast_to(array: Batch, shape: Any) -> Batch:
    shape = shape if isinstance(shape, tuple | list) else (shape,)
    (data,) = lined_up((array, np.empty((0,) * len(shape))))[:1]
    return Batch(np.broadcast_to(data, (len(data), *shape)))


def _flip(m: Batch, axis: Any = None) -> Batch:
    return Batch(np.flip(m.data, _axes(m, axis)))


def _roll(a: Batch, shift: Any, axis: Any = None) -> Any:
    return NotImplemented if axis is None else Batch(np.roll(a.data, shift, _axes(a, axis)))


def _every_row(arrays: Any) -> list[np.ndarray]:
    count = count_rows(arrays)
    return [
        a.data if isinstance(a, Batch) else np.broadcast_to(a, (count, *np.shape(a)))
        for a in arrays
    ]


def _concatenate(arrays: Any, axis: int | None = 0) -> Any:
    if axis is None:
        return NotImplemented
    rows = _every_row(arrays)
    return Batch(np.concatenate(rows, normalize_axis_index(axis, rows[0].ndim - 1) + 1))


def _stack(arrays: Any, axis: int = 0) -> Batch:
    rows = _every_row(arrays)
    return Batch(np.stack(rows, normalize_axis_index(axis, rows[0].ndim) + 1))


def _where(condition: Any, x: Any, y: Any) -> Any:
    return elementwise(np.where)(condition, x, y)


def _matmul(a: Any, b: Any) -> Any:
    if isinstance(a, Batch) and isinstance(b, np.ndarray) and a.ndim > 0 and b.ndim == 2:
        rows = a.data.reshape(-1, a.data.shape[-1])  # one large product, not many small ones
        return Batch((rows @ b).reshape(*a.data.shape[:-1], b.shape[1]))
    if isinstance(b, Batch) and isinstance(a, np.ndarray) and b.ndim == 1 and a.ndim == 2:
        return Batch(b.data @ a.T)
    if np.ndim(a) < 2 or np.ndim(b) < 2:
        row = np.expand_dims(a, 0) if np.ndim(a) == 1 else a
        column = np.expand_dims(b, 1) if np.ndim(b) == 1 else b
        added = ((-2,) if np.ndim(a) == 1 else ()) + ((-1,) if np.ndim(b) == 1 else ())
        return np.squeeze(np.matmul(row, column), added)
    return elementwise(np.matmul)(a, b)


def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.matmul(a, b) if np.ndim(a) <= 2 and np.ndim(b) <= 2 else NotImplemented


def _einsum(*operands: Any, subscripts: str) -> Any:
    names, output = subscripts.split("->")
    (rows,) = [c for c in string.ascii_letters if c not in subscripts][:1]
    named = [
        rows + name if isinstance(x, Batch) else name
        for name, x in zip(names.split(","), operands, strict=True)
    ]
    arrays = [x.data if isinstance(x, Batch) else x for x in operands]
    optimize = len(arrays) > 2
    return Batch(np.einsum(",".join(named) + "->" + rows + output, *arrays, optimize=optimize))


def _np_einsum(subscripts: Any, *operands: Any) -> Any:
    if not isinstance(subscripts, str) or "->" not in subscripts or "." in subscripts:
        return NotImplemented
    return _einsum(*operands, subscripts=subscripts.replace(" ", ""))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if np.ndim(axes) == 0:
        axes = (range(np.ndim(a) - axes, np.ndim(a)), range(axes))
    of_a, of_b = (
        normalize_axis_tuple(each, np.ndim(x)) for each, x in zip(axes, (a, b), strict=True)
    )
    if isinstance(a, Batch) and isinstance(b, Batch):
        return NotImplemented
    if isinstance(a, Batch):
        return Batch(np.tensordot(a.data, b, (tuple(n + 1 for n in of_a), of_b)))
    y = np.tensordot(a, b.data, (of_a, tuple(n + 1 for n in of_b)))
    return Batch(np.moveaxis(y, np.ndim(a) - len(of_a), 0))


def _scatter_add(values: Batch, index: Any, shape: tuple[int, ...]) -> Any:
    behind = after_rows(index)
    if behind is None:
        return NotImplemented
    return Batch(ops.scatter_add(values.data, index=behind, shape=(len(values.data), *shape)))


def _scatter_set(x: Any, values: Any, index: Any) -> Batch:
    rows = _every_row([x, values])[0]
    y = Batch(rows.astype(_result_type(x, values)))
    y[index] = values
    return y


def _solve(a: Any, b: Any) -> Any:
    if isinstance(a, Batch) or np.ndim(a) != 2 or b.ndim not in (1, 2):
        return NotImplemented
    columns = np.moveaxis(b.data, 0, -1)  # one matrix, of which one decomposition is enough
    y = np.linalg.solve(a, columns.reshape(len(a), -1)).reshape(columns.shape)
    return Batch(np.moveaxis(y, -1, 0))


def _astype(x: Batch, dtype: Any, copy: bool = True) -> Batch:
    return Batch(ops.astype(x.data, dtype, copy=copy))


def _result_type(*args: Any) -> np.dtype:
    return np.result_type(*(a.dtype if isinstance(a, Batch) else a for a in args))


_AT_ONCE: dict[Callable, Callable] = {
    **{fn: _reducing(fn) for fn in (np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all)},
    **{fn: _along(fn) for fn in (np.cumsum, np.cumprod)},
    **{fn: _triangle(fn) for fn in (np.tril, np.triu)},
    np.where: _where,
    np.clip: lambda a, low, high: elementwise(np.clip)(a, low, high),
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.result_type: _result_type,
    np.zeros_like: lambda a: Batch(np.zeros_like(a.data)),
    np.ones_like: lambda a: Batch(np.ones_like(a.data)),
    np.reshape: _reshape,
    np.ravel: lambda a: _reshape(a, -1),
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.moveaxis: _moveaxis,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.flip: _flip,
    np.roll: _roll,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.matmul: _matmul,
    np.dot: _dot,
    np.tensordot: _tensordot,
    np.einsum: _np_einsum,
    ops.einsums._einsum: _einsum,
    ops.scatter_add: _scatter_add,
    ops.scatter_set: _scatter_set,
    np.linalg.solve: _solve,
    **{fn: elementwise(fn) for fn in (masked, choices._to_greater, ops.elementwise._over_square)},
    ops.astype: _astype,
}
RULES.update(_AT_ONCE)
