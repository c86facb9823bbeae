"""The largest, or the sum, of what each window sees: what pooling is made of.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input, ``v`` any array of the shape of x;
axes: ``N`` batch, ``C`` channels, and the axes that windows slide along. The sum over windows and
its transpose are each other's rule; so are taking at the largest entries, and putting there. Where
several entries are the largest, the first in row-major order is taken, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..lending import like
from ..primitives import differentiable, primitive
from .masking import masked_into
from .windows import Geometry, Index, taps


@primitive
def max_pool(x: Any, *, geometry: Geometry) -> Any:
    """Give the largest entry that each window sees; see `max_pool2d`.

    Parameters
    ----------
    x : (N, C, *inputs) array
    geometry : Geometry

    Returns
    -------
    (N, C, *outputs) array
    """
    (here, there), *others = taps(geometry)
    if here[1:] == tuple(slice(0, n) for n in geometry.outputs):
        first = x[there]
        y = like(first)
        np.copyto(y, first)
    else:
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        y = like(x, shape=(*x.shape[:2], *geometry.outputs))
        y.fill(lowest)
        others = taps(geometry)
    for here, there in others:
        np.maximum(y[here], x[there], out=y[here])
    return y


def _winners(x: Any, y: Any, geometry: Geometry) -> Iterator[tuple[Index, Index, Any]]:
    """Give, for each tap, which windows have their first largest entry there.

    It is one array of bools for all taps, to be used before the next is asked for.
    """
    free, first = like(y, bool), like(y, bool)
    free.fill(True)
    # nan is the largest of all, and not equal to itself.
    poisoned = bool(np.isnan(y, out=first).any())
    for here, there in taps(geometry):
        seen, largest, left = x[there], y[here], free[here]
        won = np.equal(seen, largest, out=first[here])
        if poisoned:
            won |= np.isnan(seen)
        won &= left
        left ^= won
        yield here, there, won


def _apart(geometry: Geometry) -> bool:
    """Tell whether no two windows see the same entry."""
    one = all(d == 1 for d in geometry.dilation)
    return one and all(k <= s for k, s in zip(geometry.kernel, geometry.stride, strict=True))


@primitive
def put_at_maxima(g: Any, x: Any, y: Any, *, geometry: Geometry) -> Any:
    """Add to zeros, where each window has its first largest entry.

    Parameters
    ----------
    g : (N, C, *outputs) array
        What is added.
    x : (N, C, *inputs) array
        In which the windows look.
    y : (N, C, *outputs) array
        Their largest entries.
    geometry : Geometry

    Returns
    -------
    (N, C, *inputs) array
    """
    out = like(x, np.result_type(g))
    out.fill(0)
    if _apart(geometry):
        for here, there, won in _winners(x, y, geometry):
            masked_into(out[there], g[here], won)
        return out
    for here, there, won in _winners(x, y, geometry):
        chosen = like(won, out.dtype)
        masked_into(chosen, g[here], won)
        out[there] += chosen
        del chosen  # lest two of them be there
    return out


@primitive
def take_at_maxima(v: Any, x: Any, y: Any, *, geometry: Geometry) -> Any:
    """Take from an array, where each window over another has its first largest entry.

    Parameters
    ----------
    v : (N, C, *inputs) array
        From which is taken.
    x, y, geometry
        As for `put_at_maxima`.

    Returns
    -------
    (N, C, *outputs) array
    """
    out = like(y, np.result_type(v))
    out.fill(0)
    for here, there, won in _winners(x, y, geometry):
        np.copyto(out[here], v[there], where=won)
    return out


differentiable(max_pool, lambda g, y, x, geometry: put_at_maxima(g, x, y, geometry=geometry))
differentiable(
    put_at_maxima,
    lambda G, out, g, x, y, geometry: take_at_maxima(G, x, y, geometry=geometry),
    None,  # which entry is the largest does not change by a small step
    None,
)
differentiable(
    take_at_maxima,
    lambda G, out, v, x, y, geometry: put_at_maxima(G, x, y, geometry=geometry),
    None,
    None,
)


@primitive
def sum_windows(x: Any, *, geometry: Geometry) -> Any:
    """Add up what each window sees."""
    y = like(x, shape=(*x.shape[:2], *geometry.outputs))
    y.fill(0)
    for here, there in taps(geometry):
        y[here] += x[there]
    return y


@primitive
def spread_windows(g: Any, *, geometry: Geometry) -> Any:
    """Give each entry the sum of what the windows that see it are given."""
    out = like(g, shape=(*g.shape[:2], *geometry.inputs))
    out.fill(0)
    for here, there in taps(geometry):
        out[there] += g[here]
    return out


differentiable(sum_windows, lambda g, y, x, geometry: spread_windows(g, geometry=geometry))
differentiable(spread_windows, lambda G, y, g, geometry: sum_windows(G, geometry=geometry))
