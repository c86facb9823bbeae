"""Attention: means of values, weighted by how well their keys answer a query.

Legend: ``g`` gradient of the output, ``y`` output; ``q, k, v`` queries, keys and values, ``m`` the
mask, which is added to the scores, ``f`` factors of the weights, which dropout draws; ``p`` the
weights, ``s`` the gradient of the scores. Axes: ``B`` batch, ``H`` heads, ``L`` queries, ``S``
keys, ``E`` the width of queries and keys, ``V`` that of values.

    p = softmax(scale q kᵀ + m)        y = (p f) v

With d = (g vᵀ) f the gradient of p, that of the scores is s = p (d - sum(d p)), so that those of
q, k and v are scale s k, scale sᵀ q and (p f)ᵀ g. The scale goes into vᵀ, which is copied anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..lending import empty, ones
from ..primitives import differentiable, primitive, stands_for, together
from .softmaxes import softmax


@primitive(keeps=True)
def attend(q: Any, k: Any, v: Any, m: Any, f: Any, *, scale: float) -> Any:
    """Give each query the mean of the values, weighted by softmax of its products with the keys.

    Parameters
    ----------
    q : (..., L, E) array
    k : (..., S, E) array
    v : (..., S, V) array
    m : array that broadcasts to (..., L, S), or None
        Added to the scores.
    f : array that broadcasts to (..., L, S), or None
        What the weights are multiplied by.
    scale : float
        What the products of queries and keys are multiplied by.

    Returns
    -------
    (..., L, V) array
    """
    p = _weights(q, k, m, scale)
    return _matmul(_times(p, f), v), p


# BLAS takes twice as long to multiply by the transpose of a small matrix as by a matrix, which is
# worth a copy. The scale goes into it.


def _scores(q: Any, k: Any, m: Any, scale: float) -> Any:
    """Give scale q kᵀ + m."""
    scores = _matmul(q, _times(k.swapaxes(-1, -2), scale), () if m is None else m.shape[:-2])
    if m is not None:
        scores += m
    return scores


def _matmul(a: Any, b: Any, batch: tuple[int, ...] = ()) -> Any:
    """Give a b, for as many matrices as a, b and ``batch`` have together."""
    batches = {a.shape[:-2], b.shape[:-2], batch} - {()}
    batch = batches.pop() if len(batches) == 1 else np.broadcast_shapes(*batches)
    return np.matmul(a, b, out=empty((*batch, a.shape[-2], b.shape[-1]), _dtype(a, b)))


def _times(x: Any, f: Any) -> Any:
    """Give x f, a number or an array, in order; or x, if f is None."""
    if f is None:
        return x
    of_f = getattr(f, "shape", ())
    shape = x.shape if of_f in ((), x.shape) else np.broadcast_shapes(x.shape, of_f)
    return np.multiply(x, f, out=empty(shape, _dtype(x, f)))


def _dtype(x: Any, f: Any) -> Any:
    of_f = getattr(f, "dtype", x.dtype)  # a number of Python's takes that of x
    return x.dtype if of_f is x.dtype else np.result_type(x, f)


# Softmax subtracts the largest score of each row, lest an exponential overflow. To find it takes
# longer than the exponentials, and scores of a model that learns are small: then it is not needed.
# The second number is what the exponentials of a row must add up to, for all to have their digits.

_HARMLESS = {np.dtype(np.float32): (60.0, np.exp(-30)), np.dtype(np.float64): (60.0, np.exp(-30))}


def _weights(q: Any, k: Any, m: Any, scale: float, logs: Any = None) -> Any:
    """Give p, computed in one array; ``logs`` becomes what exp(scores - it) is p.

    That is log(sum(exp(scores))).
    """
    p = _scores(q, k, m, scale)
    high, low = _HARMLESS.get(p.dtype, (-np.inf, np.inf))
    if np.maximum.reduce(p, axis=None, initial=0) <= high:
        sums = _exponentials(p)
        if np.minimum.reduce(sums, axis=None, initial=1) >= low:
            p /= sums
            if logs is not None:
                np.log(sums, out=logs)
            return p
        p = _scores(q, k, m, scale)
    largest = np.maximum.reduce(p, axis=-1, keepdims=True)
    p -= largest
    sums = _exponentials(p)
    p /= sums
    if logs is not None:
        np.add(largest, np.log(sums), out=logs)
    return p


def _exponentials(p: Any) -> Any:
    """Put exp(p) in place of p, and give the sums of its rows, (..., 1)."""
    np.exp(p, out=p)
    sums, n = empty((*p.shape[:-1], 1), p.dtype), p.shape[-1]
    # A product with ones takes a sixth of a sum's time.
    np.dot(p.reshape(sums.size, n), ones(n, p.dtype), out=sums.reshape(-1))
    return sums


def weights(q: Any, k: Any, m: Any, scale: float) -> Any:
    """Give p, step by step, of arrays or Values."""
    scores = np.matmul(q * scale, np.swapaxes(k, -1, -2))
    return softmax(scores if m is None else scores + m, axis=-1)


def _to_scores(g: Any, q: Any, k: Any, v: Any, m: Any, f: Any, scale: float) -> Any:
    p, d = weights(q, k, m, scale), np.matmul(g, np.swapaxes(v, -1, -2))
    d = d if f is None else d * f
    return p * (d - np.sum(d * p, axis=-1, keepdims=True))


def _to_query(g: Any, y: Any, q: Any, k: Any, v: Any, m: Any, f: Any, scale: float) -> Any:
    return np.matmul(_to_scores(g, q, k, v, m, f, scale), k) * scale


def _to_key(g: Any, y: Any, q: Any, k: Any, v: Any, m: Any, f: Any, scale: float) -> Any:
    return np.matmul(np.swapaxes(_to_scores(g, q, k, v, m, f, scale), -1, -2), q) * scale


def _to_value(g: Any, y: Any, q: Any, k: Any, v: Any, m: Any, f: Any, scale: float) -> Any:
    p = weights(q, k, m, scale)
    return np.matmul(np.swapaxes(p if f is None else p * f, -1, -2), g)


def _to_mask(g: Any, y: Any, q: Any, k: Any, v: Any, m: Any, f: Any, scale: float) -> Any:
    return _to_scores(g, q, k, v, m, f, scale)


differentiable(attend, _to_query, _to_key, _to_value, _to_mask, None)


@stands_for(attend)
def _attend(q: Any, k: Any, v: Any, m: Any, f: Any, *, scale: float) -> Any:
    p = weights(q, k, m, scale)
    return np.matmul(p if f is None else p * f, v)


@together(attend)
def _from_output(
    g: Any, y: Any, wanted: Any, q: Any, k: Any, v: Any, m: Any, f: Any, scale: Any, kept: Any
) -> list[Any]:
    p: Any = kept
    s: Any = None
    # The gradient of the mask is s itself.
    within, after = (None, scale) if wanted[3] else (scale, None)
    if wanted[0] or wanted[1] or wanted[3]:
        s = _scores_gradient(g, y, p, v, f, within)
    return [
        _matmul(s, _times(k, after)) if wanted[0] else None,
        _matmul(s.swapaxes(-1, -2), _times(q, after)) if wanted[1] else None,
        _matmul(_times(p, f).swapaxes(-1, -2), g) if wanted[2] else None,
        s,
        None,
    ]


def _scores_gradient(g: Any, y: Any, p: Any, v: Any, f: Any, scale: float | None) -> Any:
    """Give s times a scale, computed in one array; sum(d p) = g y, which is shorter."""
    s = _matmul(g, _times(v.swapaxes(-1, -2), 1 if scale is None else scale))
    if f is not None:
        s *= f
    sums = np.vecdot(g, y, out=empty(g.shape[:-1], _dtype(g, y)))
    if scale is not None:
        sums *= scale
    s -= sums[..., None]
    s *= p
    return s


# Where queries, keys and values are of one sequence, one product makes all three, side by side.
# They are cut into heads, and these put together again, without copying any of it. The weights are
# computed for as many sequences at a time as fit a cache. Those of short sequences are kept for the
# way back, where they are no more than queries, keys and values. Those of long ones are computed
# again: what is kept is one number of each query, the logarithm of its sum, with which p needs no
# largest score.

CACHE = 2**18  # bytes of weights computed at a time


@primitive(keeps=True)
def attend_to_itself(qkv: Any, m: Any, f: Any, *, heads: int, scale: float) -> Any:
    """Let each head attend to its own part of queries, keys and values that lie side by side.

    Parameters
    ----------
    qkv : (B, L, 3 H E) array
        Of each place its queries, keys and values, each of them head by head.
    m, f : arrays that broadcast to (B, H, L, L), or None
        As for `attend`.
    heads : int
        H.
    scale : float

    Returns
    -------
    (B, L, H E) array
    """
    y = empty((*qkv.shape[:2], qkv.shape[2] // 3), qkv.dtype)
    out = cut(y, heads)
    is_short = heads * qkv.shape[1] <= qkv.shape[2]
    kept: list[Any] = []
    logs = None if is_short else empty((*out.shape[:-1], 1), y.dtype)
    for part, (q, k, v, mask, factors) in _parts(qkv, m, f, heads):
        p = _weights(q, k, mask, scale, None if logs is None else logs[part])
        np.matmul(_times(p, factors), v, out=out[part])
        kept.append(p if logs is None else logs[part])
        del p  # lest two of them be there
    return y, (is_short, kept)


def _parts(qkv: Any, m: Any, f: Any, heads: int) -> Iterator[tuple[slice, list[Any]]]:
    """Give q, k, v, m and f of some sequences at a time."""
    count, length, _ = qkv.shape
    step = max(1, CACHE // max(1, heads * length * length * qkv.itemsize))
    three = _three(qkv, heads)
    for start in range(0, count, step):
        part = slice(start, start + step)
        of_part = [x if x is None or x.ndim < 4 or len(x) == 1 else x[part] for x in (m, f)]
        yield part, [*three[:, part], *of_part]


def _three(qkv: Any, heads: int) -> Any:
    """See queries, keys and values, each (B, H, L, E), in (B, L, 3 H E)."""
    batch, length, width = qkv.shape
    shape = batch, length, 3, heads, width // (3 * heads)
    return qkv.reshape(shape).transpose(2, 0, 3, 1, 4)


def cut(x: Any, heads: int) -> Any:
    """See (B, L, H E) as (B, H, L, E)."""
    batch, length, width = x.shape
    return x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)


def join(x: Any) -> Any:
    """Lay (B, H, L, E) as (B, L, H E)."""
    batch, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, heads * width)


def _to_three(g: Any, y: Any, qkv: Any, m: Any, f: Any, heads: int, scale: float) -> Any:
    given = (cut(g, heads), None, *_three(qkv, heads), m, f, scale)
    return np.concatenate([join(rule(*given)) for rule in (_to_query, _to_key, _to_value)], axis=-1)


def _to_own_mask(g: Any, y: Any, qkv: Any, m: Any, f: Any, heads: int, scale: float) -> Any:
    q, k, v = _three(qkv, heads)
    return _to_scores(cut(g, heads), q, k, v, m, f, scale)


differentiable(attend_to_itself, _to_three, _to_own_mask, None)


@stands_for(attend_to_itself)
def _attend_to_itself(qkv: Any, m: Any, f: Any, *, heads: int, scale: float) -> Any:
    return join(_attend(*_three(qkv, heads), m, f, scale=scale))


@together(attend_to_itself)
def _from_own_output(
    g: Any, y: Any, wanted: Any, qkv: Any, m: Any, f: Any, heads: Any, scale: Any, kept: Any
) -> list[Any]:
    to_qkv = empty(qkv.shape, qkv.dtype)
    to_q, to_k, to_v = _three(to_qkv, heads)
    g, y = cut(g, heads), cut(y, heads)
    to_mask: Any = empty((*y.shape[:3], y.shape[2]), y.dtype) if wanted[1] else None
    within, after = (None, scale) if wanted[1] else (scale, None)
    has_weights, of_parts = kept
    parts = _parts(qkv, m, f, heads)
    for (part, (q, k, v, mask, factors)), p in zip(parts, of_parts, strict=True):
        if not has_weights:
            logs, p = p, _scores(q, k, mask, scale)
            p -= logs
            np.exp(p, out=p)
        s = _scores_gradient(g[part], y[part], p, v, factors, within)
        if wanted[1]:
            to_mask[part] = s
        np.matmul(s, _times(k, after), out=to_q[part])
        np.matmul(s.swapaxes(-1, -2), _times(q, after), out=to_k[part])
        np.matmul(_times(p, factors).swapaxes(-1, -2), g[part], out=to_v[part])
        del p, s
    return [to_qkv, to_mask, None]
