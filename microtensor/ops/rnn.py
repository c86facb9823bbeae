"""The simple recurrent network, over a sequence in one call.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input, ``h`` hidden state, ``d`` gradient
of the sum that the nonlinearity is given; T time, B batch, I inputs, H hidden units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..lending import empty
from ..primitives import differentiable, primitive, stands_for, together
from .linalg import linear
from .rectifiers import relu
from .recurrences import (
    Slopes,
    alone,
    contributions,
    inside,
    keep_in_place,
    kept_where,
    rows,
)

FUNCTIONS: dict[str, Callable] = {"tanh": np.tanh, "relu": relu}


def rnn_step(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None,
    nonlinearity: str = "tanh",
) -> Any:  # fmt: skip
    """Give the next hidden state, ``tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh)``.

    Parameters
    ----------
    x : (..., I) array
    h : (..., H) array
    w_ih : (H, I) array
    w_hh : (H, H) array
    b_ih, b_hh : (H,) array, optional
    nonlinearity : {"tanh", "relu"}

    Returns
    -------
    (..., H) array

    References
    ----------
    .. [1] Elman, *Finding Structure in Time* (1990).

    Examples
    --------
    >>> rnn_step(np.ones(2), np.ones(1), np.ones((1, 2)), np.ones((1, 1)), nonlinearity="relu")
    array([3.])
    """
    return FUNCTIONS[nonlinearity](linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))


@primitive
def rnn_states(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None,
    nonlinearity: str = "tanh", mask: Any = None,
) -> Any:  # fmt: skip
    """Give the hidden states of `rnn_step` over a sequence, the first included.

    Parameters
    ----------
    x : (T, B, I) array
    h0 : (B, H) array
        Before the first step.
    w_ih : (H, I) array
    w_hh : (H, H) array
    b_ih, b_hh : (H,) array, optional
    nonlinearity : {"tanh", "relu"}
    mask : (T, B) array of bool, optional
        False where a sequence has ended, or not begun: its state stays what it is.

    Returns
    -------
    (T + 1, B, H) array

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, h0 = rng.normal(size=(5, 2, 3)), np.zeros((2, 4))
    >>> rnn_states(x, h0, rng.normal(size=(4, 3)), rng.normal(size=(4, 4))).shape
    (6, 2, 4)
    """
    dtype = np.result_type(x, h0, w_ih, w_hh)
    w_ih, w_hh = np.asarray(w_ih, dtype), np.asarray(w_hh, dtype)
    y = empty((len(x) + 1, *h0.shape), dtype)
    y[0] = h0
    sums = np.dot(rows(inside(x, mask)), w_ih.T, out=rows(y[1:]))
    for bias in (b_ih, b_hh):
        if bias is not None:
            sums += bias
    weight, room = empty(w_hh.shape, dtype), empty(h0.shape, dtype)
    np.copyto(weight, w_hh.T)
    for t in range(len(x)):
        h, a = y[t : t + 2]
        a += np.dot(h, weight, out=room)
        np.tanh(a, out=a) if nonlinearity == "tanh" else np.maximum(a, 0, out=a)
        keep_in_place(mask, t, a, h)
    return y


def _slopes(g: Any, y: Any, w_hh: Any, nonlinearity: str, mask: Any) -> Slopes:
    """Go through the steps from the last: tanh' = 1 - h², relu' = 1 where h > 0."""
    h = y[1:]
    slope = 1 - h * h if nonlinearity == "tanh" else np.greater(h, 0)
    found = []
    dh = g[-1]
    for t in reversed(range(len(h))):
        found.append(kept_where(mask, t, dh * slope[t], 0))
        dh = kept_where(mask, t, 0, dh) + np.matmul(found[-1], w_hh) + g[t]
    d = np.stack(found[::-1])[None]
    return Slopes(d, d, (dh,))


def _rule(position: int) -> Callable:
    def rule(
        g: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
        nonlinearity: str, mask: Any,
    ) -> Any:  # fmt: skip
        slopes = _slopes(g, y, w_hh, nonlinearity, mask)
        return contributions(slopes, alone(position, 6), inside(x, mask), y[:-1], w_ih)[position]

    return rule


differentiable(rnn_states, *map(_rule, range(6)))


@stands_for(rnn_states)
def _rnn_states(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None,
    nonlinearity: str = "tanh", mask: Any = None,
) -> Any:  # fmt: skip
    x = inside(x, mask)
    h = [h0]
    for t in range(len(x)):
        new = rnn_step(x[t], h[t], w_ih, w_hh, b_ih, b_hh, nonlinearity)
        h.append(kept_where(mask, t, new, h[t]))
    return np.stack(h)


@together(rnn_states)
def _all(
    g: Any, y: Any, wanted: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
    nonlinearity: str, mask: Any,
) -> list[Any]:  # fmt: skip
    """Do as `_slopes`, into arrays that are made once."""
    w_ih, w_hh = np.asarray(w_ih, y.dtype), np.asarray(w_hh, y.dtype)
    d, positive = empty(y[1:].shape, y.dtype), empty(h0.shape, bool)
    dh, old = empty(h0.shape, y.dtype), empty(h0.shape, y.dtype)
    np.copyto(dh, g[-1])
    for t in reversed(range(len(d))):
        h = y[t + 1]
        if nonlinearity == "tanh":
            np.subtract(1, np.multiply(h, h, out=d[t]), out=d[t])
            d[t] *= dh
        else:
            np.multiply(dh, np.greater(h, 0, out=positive), out=d[t])
        if mask is not None:
            d[t, ~mask[t]] = 0
        dh, old = old, dh
        np.dot(d[t], w_hh, out=dh)
        keep_in_place(mask, t, dh, old)
        dh += g[t]
    d = d[None]
    return contributions(Slopes(d, d, (dh,)), wanted, inside(x, mask), y[:-1], w_ih)
