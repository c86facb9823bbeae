"""Long short-term memory, over a sequence in one call.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input; ``i, f, o`` input, forget and
output gates, ``n`` what is offered to the cell, ``c`` cell, ``h`` hidden state; ``d`` gradient of
what the gates are computed from; T time, B batch, I inputs, H hidden units. PyTorch's order of
the gates is i, f, n, o.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitives import differentiable, primitive, stands_for, together
from .activations import sigmoid
from .linalg import linear
from .recurrences import (
    Slopes,
    alone,
    blocks,
    contributions,
    empty,
    inside,
    keep_in_place,
    kept_where,
    pulled_back,
    sigmoid_of_turned,
    sums_of_inputs,
)

ORDER, SIGNS = [0, 1, 3, 2], (-1, -1, -1, 1)  # i, f, o, n: the sigmoids side by side


def lstm_step(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """Give the next hidden state and the next cell.

    Parameters
    ----------
    x : (..., I) array
    h, c : (..., H) array
        Hidden state and cell.
    w_ih : (4 H, I) array
        Weights of the gates i, f, n, o for the input, one below the other.
    w_hh : (4 H, H) array
        The same for the hidden state.
    b_ih, b_hh : (4 H,) array, optional

    Returns
    -------
    h, c : (..., H) array

    References
    ----------
    .. [1] Hochreiter, Schmidhuber, *Long Short-Term Memory* (1997).
    .. [2] Gers, Schmidhuber, Cummins, *Learning to Forget* (2000), equations 3 to 7, with tanh
       in both places, as it is written today.

    Examples
    --------
    >>> h, c = lstm_step(np.zeros(2), np.zeros(1), np.ones(1), np.zeros((4, 2)), np.zeros((4, 1)))
    >>> c, h.round(4)                                        # half of the cell is forgotten
    (array([0.5]), array([0.2311]))
    """
    i, f, n, o = np.split(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(n)
    return sigmoid(o) * np.tanh(c), c


@primitive(keeps=True)
def lstm_states(
    x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None,
    mask: Any = None,
) -> Any:  # fmt: skip
    """Give the hidden states and cells of `lstm_step` over a sequence, the first included.

    Parameters
    ----------
    x : (T, B, I) array
    h0, c0 : (B, H) array
        Before the first step.
    w_ih : (4 H, I) array
    w_hh : (4 H, H) array
    b_ih, b_hh : (4 H,) array, optional
    mask : (T, B) array of bool, optional
        False where a sequence has ended, or not begun: its states stay what they are.

    Returns
    -------
    (2, T + 1, B, H) array
        Hidden states, and cells.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, h0, c0 = rng.normal(size=(5, 2, 3)), np.zeros((2, 4)), np.zeros((2, 4))
    >>> y = lstm_states(x, h0, c0, rng.normal(size=(16, 3)), rng.normal(size=(16, 4)))
    >>> y.shape
    (2, 6, 2, 4)
    """
    steps, dtype = len(x), np.result_type(x, h0, c0, w_ih, w_hh)
    y = empty((2, steps + 1, *h0.shape), dtype)
    y[0, 0], y[1, 0] = h0, c0
    gates = sums_of_inputs(inside(x, mask), w_ih, (b_ih, b_hh), ORDER, SIGNS, dtype)
    weight = blocks(w_hh, ORDER, SIGNS, dtype)
    room = empty((4, *h0.shape), dtype)
    with np.errstate(over="ignore"):
        for t in range(steps):
            (h, next_h), (c, next_c) = y[:, t : t + 2]
            a = gates[:, t]
            a += np.matmul(h, weight, out=room)
            sigmoid_of_turned(a[:3])
            i, f, o, n = a
            np.tanh(n, out=n)
            np.multiply(f, c, out=next_c)
            next_c += np.multiply(i, n, out=room[0])
            keep_in_place(mask, t, next_c, c)
            np.multiply(o, np.tanh(next_c, out=room[0]), out=next_h)
            keep_in_place(mask, t, next_h, h)
    return y, gates


def _slopes(
    g: Any, y: Any, x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, mask: Any
) -> Slopes:
    """Go through the steps from the last; what the gates were is computed for all at once."""
    h, c = y[0, :-1], y[1, :-1]
    i, f, n, o = np.split(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, axis=-1)
    i, f, n, o = sigmoid(i), sigmoid(f), np.tanh(n), sigmoid(o)
    out = np.tanh(y[1, 1:])
    i_slope, f_slope, n_slope = n * i * (1 - i), c * f * (1 - f), i * (1 - n * n)
    o_slope, h_slope = out * o * (1 - o), o * (1 - out * out)
    weights = np.reshape(w_hh, (4, -1, np.shape(w_hh)[-1]))
    found = []
    dh, dc = g[0, -1], g[1, -1]
    for t in reversed(range(len(x))):
        inner = dc + dh * h_slope[t]
        parts = [inner * i_slope[t], inner * f_slope[t], inner * n_slope[t], dh * o_slope[t]]
        found.append(kept_where(mask, t, np.stack(parts), 0))
        dh = kept_where(mask, t, 0, dh) + np.sum(np.matmul(found[-1], weights), axis=0) + g[0, t]
        dc = kept_where(mask, t, inner * f[t], dc) + g[1, t]
    d = np.stack(found[::-1], axis=1)
    return Slopes(d, d, (dh, dc))


def _rule(position: int) -> Callable:
    def rule(
        g: Any, y: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
        mask: Any,
    ) -> Any:  # fmt: skip
        x = inside(x, mask)
        slopes = _slopes(g, y, x, w_ih, w_hh, b_ih, b_hh, mask)
        return contributions(slopes, alone(position, 7), x, y[0, :-1], w_ih)[position]

    return rule


differentiable(lstm_states, *map(_rule, range(7)))


@stands_for(lstm_states)
def _lstm_states(
    x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None,
    mask: Any = None,
) -> Any:  # fmt: skip
    x = inside(x, mask)
    h, c = [h0], [c0]
    for t in range(len(x)):
        next_h, next_c = lstm_step(x[t], h[t], c[t], w_ih, w_hh, b_ih, b_hh)
        h.append(kept_where(mask, t, next_h, h[t]))
        c.append(kept_where(mask, t, next_c, c[t]))
    return np.stack([np.stack(h), np.stack(c)])


@together(lstm_states)
def _all(
    g: Any, y: Any, wanted: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any, mask: Any, kept: Any,
) -> list[Any]:  # fmt: skip
    """Do as `_slopes`, on the gates that were kept, into arrays that are made once."""
    dtype = y.dtype
    weight = np.asarray(w_hh, dtype).reshape(4, -1, w_hh.shape[-1])[ORDER]
    d, room = empty(kept.shape, dtype), np.empty((4, *h0.shape), dtype)
    out, slope = np.empty((2, *h0.shape), dtype)
    dh, dc = g[:, -1].copy()
    for t in reversed(range(len(x))):
        i, f, o, n = gates = kept[:, t]
        di, df, do, dn = slopes = d[:, t]
        old_h, old_c = (dh, dc) if mask is None else (dh.copy(), dc.copy())
        np.tanh(y[1, t + 1], out=out)
        np.multiply(dh, out, out=do)
        dh *= o
        dc += dh
        dh *= np.multiply(out, out, out=out)
        dc -= dh  # dc + dh o (1 - out²)
        np.multiply(dc, n, out=di)
        np.multiply(dc, y[1, t], out=df)
        slopes[:3] *= gates[:3]
        slopes[:3] *= np.subtract(1, gates[:3], out=room[:3])
        np.multiply(dc, i, out=dn)
        dn -= np.multiply(dn, np.multiply(n, n, out=slope), out=slope)
        if mask is not None:
            slopes[:, ~mask[t]] = 0
        dc *= f
        keep_in_place(mask, t, dc, old_c)
        dh = pulled_back(slopes, weight, room)
        keep_in_place(mask, t, dh, old_h)
        dh += g[0, t]
        dc += g[1, t]
    found = Slopes(d, d, (dh, dc))
    return contributions(found, wanted, inside(x, mask), y[0, :-1], np.asarray(w_ih, dtype), ORDER)
