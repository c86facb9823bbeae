"""Functions that apply other functions: along an axis, over axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite


@composite(np.apply_along_axis)
def _apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    if not hasattr(arr, "dtype"):
        arr = np.asarray(arr)
    # What NumPy refuses is refused in its words.
    np.apply_along_axis(np.size, axis, np.empty([min(n, 1) for n in np.shape(arr)], bool))
    axis = axis % np.ndim(arr)
    rows = np.moveaxis(arr, axis, -1)
    outer = np.shape(rows)[:-1]
    results = [func1d(rows[i], *args, **kwargs) for i in np.ndindex(outer)]
    inner = np.shape(results[0])
    y = np.reshape(np.stack(results), (*outer, *inner))
    # The axes that func1d gives stand where the axis was.
    order = [*range(axis), *range(len(outer), len(outer) + len(inner)), *range(axis, len(outer))]
    return np.transpose(y, order)


@composite(np.apply_over_axes)
def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    ndim = np.ndim(a)
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        y = func(a, axis + ndim if axis < 0 else axis)
        if np.ndim(y) != ndim:
            y = np.expand_dims(y, axis)
            if np.ndim(y) != ndim:
                raise ValueError("function is not returning an array of the correct shape")
        a = y
    return a
