"""Scaled dot-product attention, and the masks that say who may attend to what.

Axes: ``L`` queries, ``S`` keys, ``E`` the width of queries and keys, ``V`` that of values. What
people call is here, and checks shapes and options, which are PyTorch's; `attending.py` computes.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from .arithmetic import astype
from .attending import attend
from .dropping import drawn_factors
from .normalizing import floats


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: float | None = None, rng: Any = None,
) -> Any:  # fmt: skip
    """Give each query a mean of the values, weighted by how well their keys answer it.

    Parameters
    ----------
    query : (..., L, E) array or Value
    key : (..., S, E) array or Value
    value : (..., S, V) array or Value
        The axes before the last two are batch and heads; they broadcast.
    attn_mask : array or Value that broadcasts to (..., L, S), optional
        Of bools: True where a query may attend to a key. Of floats: added to the scores.
    dropout_p : float, default 0
        The probability with which each weight is dropped; the others grow by ``1 / (1 - p)``.
    is_causal : bool, default False
        Whether query i attends to keys 0 ... i only.
    scale : float, optional
        What the scores are multiplied by; ``1 / sqrt(E)`` if not given.
    rng : numpy.random.Generator or int, optional
        What dropout draws from; the process's default if not given.

    Returns
    -------
    (..., L, V) array or Value
        ``softmax(scale query keyᵀ + mask) value``; 0 for a query that may attend to nothing.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    DTypeError
        If the mask is neither of bools nor of floats.
    ArgumentError
        If both attn_mask and is_causal are given, or dropout_p is no probability.

    References
    ----------
    .. [1] Vaswani et al., *Attention Is All You Need* (2017), equation 1.

    Examples
    --------
    >>> query, key = np.array([[10.0, 0.0]]), np.array([[10.0, 0.0], [0.0, 10.0]])
    >>> value = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> scaled_dot_product_attention(query, key, value).round(3)      # the first key answers
    array([[1., 2.]])
    >>> mask = np.array([[False, True]])
    >>> scaled_dot_product_attention(query, key, value, mask).round(3)
    array([[3., 4.]])
    """
    where = "scaled_dot_product_attention"
    q, k, v = floats(query), floats(key), floats(value)
    shape = _scores_shape(where, np.shape(q), np.shape(k), np.shape(v))
    m = f = None
    if is_causal:
        if attn_mask is not None:
            raise ArgumentError(
                f"{where}: the mask is given twice.",
                expected="attn_mask, or is_causal=True",
                got="both",
                hint="Join them: attn_mask & np.tri(L, S, dtype=bool).",
            )
        m = causal_mask(*shape[-2:], q.dtype)
    elif attn_mask is not None:
        m, f = safe(additive(where, "attn_mask", attn_mask, shape, q.dtype), q.dtype)
    f = dropped(where, f, dropout_p, shape, q, rng)
    return attend(q, k, v, m, f, scale=1 / math.sqrt(np.shape(q)[-1]) if scale is None else scale)


def _scores_shape(where: str, q: tuple, k: tuple, v: tuple) -> tuple[int, ...]:
    """Give (..., L, S), or raise ShapeError."""
    hint = None
    if min(len(q), len(k), len(v)) < 2:
        expected = "a query (..., L, E), a key (..., S, E) and a value (..., S, V)"
    elif q[-1] != k[-1]:
        expected = f"queries and keys of one width: a key (..., {q[-1]})"
    elif k[-2] != v[-2]:
        expected = f"a value for each key: a value (..., {k[-2]}, V)"
    elif 0 in (k[-2], k[-1]):
        expected = "at least one key, of at least one number"
    else:
        try:
            batch = np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
            return (*batch, q[-2], k[-2])
        except ValueError:
            expected = "axes before the last two that broadcast"
            hint = "Heads come before places: (N, H, L, E)."
    raise ShapeError(
        f"{where}: the shapes do not fit.",
        expected=expected,
        got=f"a query {q}, a key {k}, a value {v}",
        hint=hint,
    )


@lru_cache(maxsize=32)
def causal_mask(queries: int, keys: int, dtype: Any) -> np.ndarray:
    """Give the mask (L, S) that keeps each query from the keys behind its own place.

    Examples
    --------
    >>> causal_mask(2, 3, np.dtype(float))
    array([[  0., -inf, -inf],
           [  0.,   0., -inf]])
    """
    mask = np.triu(np.full((queries, keys), -np.inf, dtype), 1)
    mask.flags.writeable = False
    return mask


def additive(
    where: str, name: str, mask: Any, shape: tuple[int, ...], dtype: Any, allowed: bool = True
) -> Any:
    """Give a mask as what is added to the scores: 0, or -inf where attention is not allowed.

    Parameters
    ----------
    where, name : str
        For the message.
    mask : array or Value
        Of bools or floats.
    shape : tuple of int
        What it must broadcast to.
    dtype : dtype
        That of the scores.
    allowed : bool, default True
        Which bool allows attention.

    Raises
    ------
    DTypeError, ShapeError
        If it is of something else, or has another shape.
    """
    mask = mask if hasattr(mask, "__array_function__") else np.asarray(mask)
    if mask.dtype.kind not in "bf":
        says = "allows attention" if allowed else "forbids attention"
        raise DTypeError(
            f"{where}: {name} must be of bools or of floats.",
            expected=f"bools, of which True {says}, or floats, which are added to the scores",
            got=f"dtype {mask.dtype}",
            hint=f"If it holds 0 and 1, pass {name}.astype(bool).",
        )
    have = np.shape(mask)
    try:
        fits = len(have) > 0 and np.broadcast_shapes(have, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{where}: {name} has the wrong shape.",
            expected=f"a shape that broadcasts to {shape}",
            got=f"shape {have}",
        )
    if mask.dtype.kind == "b":
        free, closed = dtype.type(0), dtype.type(-np.inf)
        return np.where(mask, free, closed) if allowed else np.where(mask, closed, free)
    return mask if mask.dtype == dtype else astype(mask, dtype)


def safe(m: Any, dtype: Any) -> tuple[Any, Any]:
    """Give a mask without rows of nothing but -inf, and factors that make their weights 0.

    The softmax of such a row would be 0 / 0.
    """
    dead = np.equal(np.max(m, axis=-1, keepdims=True), -np.inf)
    if not np.any(dead):
        return m, None
    zero, one = dtype.type(0), dtype.type(1)
    return np.where(dead, zero, m), np.where(dead, zero, one)


def dropped(where: str, f: Any, p: float, shape: tuple[int, ...], q: Any, rng: Any) -> Any:
    """Multiply factors of the weights by what dropout draws, in the dtype of the queries."""
    if not 0 <= p <= 1:
        raise ArgumentError(
            f"{where}: dropout_p is the probability of dropping a weight.",
            expected="a number from 0 to 1",
            got=repr(p),
        )
    if p == 0:
        return f
    from ..randomness import generator  # only who draws needs it

    none = np.isnan(q[..., :0])  # no number of it, and nothing to differentiate
    drawn = drawn_factors(none, p=p, rng=generator(rng), shape=shape, dtype=q.dtype)
    return drawn if f is None else f * drawn
