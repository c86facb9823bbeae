"""The gated recurrent unit, over a sequence in one call.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input, ``h`` hidden state; ``r, z`` reset
and update gates, ``n`` the new state that is offered, ``q`` what it takes from the old one; T time,
B batch, I inputs, H hidden units. PyTorch's order of the gates is r, z, n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..lending import aligned, empty
from ..primitives import differentiable, primitive, stands_for, together
from .activations import sigmoid
from .linalg import linear
from .recurrences import (
    Slopes,
    alone,
    blocks,
    contributions,
    inside,
    keep_in_place,
    kept_where,
    pulled_back,
    sigmoid_of_turned,
    sums_of_inputs,
)

ORDER, SIGNS = [0, 1, 2], (-1, -1, 1)


def gru_step(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Give the next hidden state: ``z`` parts of the old one, ``1 - z`` of the new.

    Parameters
    ----------
    x : (..., I) array
    h : (..., H) array
    w_ih : (3 H, I) array
        Weights of r, z, n for the input, one below the other.
    w_hh : (3 H, H) array
        The same for the hidden state.
    b_ih, b_hh : (3 H,) array, optional

    Returns
    -------
    (..., H) array

    References
    ----------
    .. [1] Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder for Statistical
       Machine Translation* (2014), equations 5 to 8; here ``r`` is applied after the product with
       ``W_hn``, as in version 1 of the paper and in PyTorch.

    Examples
    --------
    >>> gru_step(np.zeros(2), np.ones(1), np.zeros((3, 2)), np.zeros((3, 1)))
    array([0.5])
    """
    a_r, a_z, a_n = np.split(linear(x, w_ih, b_ih), 3, axis=-1)
    q_r, q_z, q_n = np.split(linear(h, w_hh, b_hh), 3, axis=-1)
    r, z = sigmoid(a_r + q_r), sigmoid(a_z + q_z)
    n = np.tanh(a_n + r * q_n)
    return n + z * (h - n)


@primitive(keeps=True)
def gru_states(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, mask: Any = None
) -> Any:
    """Give the hidden states of `gru_step` over a sequence, the first included.

    Parameters
    ----------
    x : (T, B, I) array
    h0 : (B, H) array
        Before the first step.
    w_ih : (3 H, I) array
    w_hh : (3 H, H) array
    b_ih, b_hh : (3 H,) array, optional
    mask : (T, B) array of bool, optional
        False where a sequence has ended, or not begun: its state stays what it is.

    Returns
    -------
    (T + 1, B, H) array

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, h0 = rng.normal(size=(5, 2, 3)), np.zeros((2, 4))
    >>> gru_states(x, h0, rng.normal(size=(12, 3)), rng.normal(size=(12, 4))).shape
    (6, 2, 4)
    """
    steps, dtype = len(x), np.result_type(x, h0, w_ih, w_hh)
    y = aligned((steps + 1, *h0.shape), dtype)
    y[0] = h0
    gates = sums_of_inputs(inside(x, mask), w_ih, (b_ih,), ORDER, SIGNS, dtype)
    offers = aligned((steps, *h0.shape), dtype)  # q of each step
    weight, room = blocks(w_hh, ORDER, SIGNS, dtype), aligned((3, *h0.shape), dtype)
    bias = None if b_hh is None else blocks(b_hh[:, None], ORDER, SIGNS, dtype)
    with np.errstate(over="ignore"):
        for t in range(steps):
            (h, next_h), a, q = y[t : t + 2], gates[:, t], offers[t]
            np.matmul(h, weight, out=room)
            if bias is not None:
                room += bias
            q[...] = room[2]
            a[:2] += room[:2]
            sigmoid_of_turned(a[:2])
            r, z, n = a
            n += np.multiply(r, q, out=room[0])
            np.tanh(n, out=n)
            np.multiply(z, np.subtract(h, n, out=room[0]), out=next_h)
            next_h += n
            keep_in_place(mask, t, next_h, h)
    return y, (gates, offers)


def _slopes(
    g: Any, y: Any, x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, mask: Any
) -> Slopes:
    """Go through the steps from the last; what the gates were is computed for all at once."""
    h = y[:-1]
    a_r, a_z, a_n = np.split(linear(x, w_ih, b_ih), 3, axis=-1)
    q_r, q_z, q = np.split(linear(h, w_hh, b_hh), 3, axis=-1)
    r, z = sigmoid(a_r + q_r), sigmoid(a_z + q_z)
    n = np.tanh(a_n + r * q)
    z_slope, n_slope, r_slope = (h - n) * z * (1 - z), (1 - z) * (1 - n * n), q * r * (1 - r)
    weights = np.reshape(w_hh, (3, -1, np.shape(w_hh)[-1]))
    inputs, states = [], []
    dh = g[-1]
    for t in reversed(range(len(x))):
        dh_here = kept_where(mask, t, dh, 0)
        dz, dn = dh_here * z_slope[t], dh_here * n_slope[t]
        dr = dn * r_slope[t]
        inputs.append(np.stack([dr, dz, dn]))
        states.append(np.stack([dr, dz, dn * r[t]]))
        through = np.sum(np.matmul(states[-1], weights), axis=0)
        dh = kept_where(mask, t, dh * z[t], dh) + through + g[t]
    return Slopes(np.stack(inputs[::-1], axis=1), np.stack(states[::-1], axis=1), (dh,))


def _rule(position: int) -> Callable:
    def rule(
        g: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, mask: Any
    ) -> Any:
        x = inside(x, mask)
        slopes = _slopes(g, y, x, w_ih, w_hh, b_ih, b_hh, mask)
        return contributions(slopes, alone(position, 6), x, y[:-1], w_ih)[position]

    return rule


differentiable(gru_states, *map(_rule, range(6)))


@stands_for(gru_states)
def _gru_states(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, mask: Any = None
) -> Any:
    x = inside(x, mask)
    h = [h0]
    for t in range(len(x)):
        new = gru_step(x[t], h[t], w_ih, w_hh, b_ih, b_hh)
        h.append(kept_where(mask, t, new, h[t]))
    return np.stack(h)


@together(gru_states)
def _all(
    g: Any, y: Any, wanted: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
    mask: Any, kept: Any,
) -> list[Any]:  # fmt: skip
    """Do as `_slopes`, on what was kept, into arrays that are made once."""
    gates, offers = kept
    dtype = y.dtype
    weight = aligned((3, *w_hh[::3].shape), dtype)
    weight[...] = w_hh.reshape(weight.shape)
    inputs, states = aligned((2, *gates.shape), dtype)
    room, slope = aligned((3, *h0.shape), dtype), aligned(h0.shape, dtype)
    dh, old = empty(h0.shape, dtype), empty(h0.shape, dtype)
    np.copyto(dh, g[-1])
    for t in reversed(range(len(x))):
        r, z, n = gates[:, t]
        dr, dz, dn = inputs[:, t]
        np.subtract(1, gates[:2, t], out=room[:2])
        np.multiply(dh, room[1], out=dn)
        dn -= np.multiply(dn, np.multiply(n, n, out=slope), out=slope)  # dh (1 - z) (1 - n²)
        np.multiply(dn, offers[t], out=dr)
        np.multiply(dh, np.subtract(y[t], n, out=slope), out=dz)
        inputs[:2, t] *= gates[:2, t]
        inputs[:2, t] *= room[:2]
        states[:2, t] = inputs[:2, t]
        np.multiply(dn, r, out=states[2, t])
        if mask is not None:
            inputs[:, t, ~mask[t]] = states[:, t, ~mask[t]] = 0
        dh, old = old, dh
        pulled_back(states[:, t], weight, room, dh)
        dh += np.multiply(old, z, out=slope)
        keep_in_place(mask, t, dh, old)
        dh += g[t]
    slopes = Slopes(inputs, states, (dh,))
    return contributions(slopes, wanted, inside(x, mask), y[:-1], np.asarray(w_ih, dtype))
