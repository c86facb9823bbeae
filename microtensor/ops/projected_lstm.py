"""Long short-term memory whose hidden state is projected, over a sequence in one call.

A layer of H cells puts out, and feeds back, P < H mixtures of what they let out: the weights of the
gates are narrower, and so is what comes out. The steps are those of `lstm`, with one product more.

Legend: as in `lstm`; ``u`` what the cells let out, ``h = u W_hrᵀ`` hidden state; T time, B batch,
I inputs, H cells, P the width of the hidden state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..lending import aligned, empty
from ..primitives import differentiable, primitive, stands_for, together
from .lstm import ORDER, SIGNS, Step, back_in_place, lstm_step, step_in_place
from .recurrences import (
    Slopes,
    alone,
    blocks,
    contributions,
    in_order,
    inside,
    keep_in_place,
    kept_where,
    pulled_back,
    rows,
    sums_of_inputs,
)


@primitive(keeps=True)
def projected_lstm_states(
    x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
    mask: Any = None,
) -> Any:  # fmt: skip
    """Give the hidden states and cells of `lstm_step` with w_hr, over a sequence.

    Parameters
    ----------
    x : (T, B, I) array
    h0 : (B, P) array
    c0 : (B, H) array
        Before the first step.
    w_ih : (4 H, I) array
    w_hh : (4 H, P) array
    b_ih, b_hh : (4 H,) array or None
    w_hr : (P, H) array
    mask : (T, B) array of bool, optional
        False where a sequence has ended, or not begun: its states stay what they are.

    Returns
    -------
    (T + 1, B, P + H) array
        Hidden states, and beside each its cell; those before the first step included.

    References
    ----------
    .. [1] Sak, Senior, Beaufays, *Long Short-Term Memory Recurrent Neural Network Architectures
       for Large Scale Acoustic Modeling* (2014), equations 1 to 7, without peepholes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, h0, c0 = rng.normal(size=(5, 2, 3)), np.zeros((2, 1)), np.zeros((2, 4))
    >>> w_ih, w_hh, w_hr = (rng.normal(size=s) for s in [(16, 3), (16, 1), (1, 4)])
    >>> projected_lstm_states(x, h0, c0, w_ih, w_hh, None, None, w_hr).shape
    (6, 2, 5)
    """
    steps, dtype = len(x), np.result_type(x, h0, c0, w_ih, w_hh, w_hr)
    y = empty((steps + 1, len(h0), h0.shape[1] + c0.shape[1]), dtype)
    h, c = aligned((steps + 1, *h0.shape), dtype), aligned((steps + 1, *c0.shape), dtype)
    h[0], c[0] = h0, c0
    gates = sums_of_inputs(inside(x, mask), w_ih, (b_ih, b_hh), ORDER, SIGNS, dtype)
    weight, projection = blocks(w_hh, ORDER, SIGNS, dtype), np.asarray(w_hr.T, dtype)
    room, u = aligned((4, *c0.shape), dtype), aligned(c0.shape, dtype)
    with np.errstate(over="ignore"):
        for t in range(steps):
            a = gates[:, t]
            a += np.matmul(h[t], weight, out=room)
            step_in_place(a, c[t], c[t + 1], u)
            np.matmul(u, projection, out=h[t + 1])
            keep_in_place(mask, t, c[t + 1], c[t])
            keep_in_place(mask, t, h[t + 1], h[t])
    return np.concatenate([h, c], axis=-1, out=y), gates


def _slopes(
    g: Any, y: Any, x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, mask: Any
) -> tuple[Slopes, Callable]:
    """Go through the steps from the last; give what flows to w_hr too, as a function."""
    width = np.shape(w_hr)[0]
    step = Step.of(x, y[:-1, :, :width], y[..., width:], w_ih, w_hh, b_ih, b_hh)
    weights = np.reshape(w_hh, (4, -1, width))
    found, projected = [], []
    dh, dc = g[-1, :, :width], g[-1, :, width:]
    for t in reversed(range(len(x))):
        projected.append(kept_where(mask, t, dh, 0))
        sums, before = step.back(t, np.matmul(dh, w_hr), dc)
        found.append(kept_where(mask, t, sums, 0))
        back = np.sum(np.matmul(found[-1], weights), axis=0)
        dh = kept_where(mask, t, 0, dh) + back + g[t, :, :width]
        dc = kept_where(mask, t, before, dc) + g[t, :, width:]
    d = np.stack(found[::-1], axis=1)
    to_w_hr = lambda: np.matmul(np.transpose(rows(np.stack(projected[::-1]))), rows(step.h))
    return Slopes(d, d, (dh, dc)), to_w_hr


def _rule(position: int) -> Callable:
    def rule(
        g: Any, y: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
        w_hr: Any, mask: Any,
    ) -> Any:  # fmt: skip
        x = inside(x, mask)
        slopes, to_w_hr = _slopes(g, y, x, w_ih, w_hh, b_ih, b_hh, w_hr, mask)
        if position == 7:
            return to_w_hr()
        before = y[:-1, :, : np.shape(w_hr)[0]]
        return contributions(slopes, alone(position, 7), x, before, w_ih)[position]

    return rule


differentiable(projected_lstm_states, *map(_rule, range(8)))


@stands_for(projected_lstm_states)
def _projected_lstm_states(
    x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
    mask: Any = None,
) -> Any:  # fmt: skip
    x = inside(x, mask)
    h, c = [h0], [c0]
    for t in range(len(x)):
        next_h, next_c = lstm_step(x[t], h[t], c[t], w_ih, w_hh, b_ih, b_hh, w_hr)
        h.append(kept_where(mask, t, next_h, h[t]))
        c.append(kept_where(mask, t, next_c, c[t]))
    return np.concatenate([np.stack(h), np.stack(c)], axis=-1)


@together(projected_lstm_states)
def _all(
    g: Any, y: Any, wanted: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any, w_hr: Any, mask: Any, kept: Any,
) -> list[Any]:  # fmt: skip
    """Do as `_slopes`, on the gates that were kept, into arrays that are made once."""
    dtype, width = y.dtype, len(w_hr)
    w_hr = np.asarray(w_hr, dtype)
    weight = in_order(np.asarray(w_hh, dtype).reshape(4, -1, width), ORDER)
    before, c = y[:-1, :, :width], y[..., width:]
    d, room = aligned(kept.shape, dtype), empty((4, *c0.shape), dtype)
    projected, narrow = empty(before.shape, dtype), empty((4, *h0.shape), dtype)
    dh, old_h = empty(h0.shape, dtype), empty(h0.shape, dtype)
    dc, old_c, wide = (empty(c0.shape, dtype) for _ in range(3))
    dh[...], dc[...] = g[-1, :, :width], g[-1, :, width:]
    for t in reversed(range(len(x))):
        if mask is not None:
            np.copyto(old_c, dc)
        projected[t] = dh
        np.matmul(dh, w_hr, out=wide)
        back_in_place(d[:, t], wide, dc, kept[:, t], c[t], c[t + 1], room)
        if mask is not None:
            d[:, t, ~mask[t]] = 0
            projected[t, ~mask[t]] = 0
        keep_in_place(mask, t, dc, old_c)
        dh, old_h = old_h, dh
        pulled_back(d[:, t], weight, narrow, dh)
        keep_in_place(mask, t, dh, old_h)
        dh += g[t, :, :width]
        dc += g[t, :, width:]
    found, w_ih = Slopes(d, d, (dh, dc)), np.asarray(w_ih, dtype)
    given = contributions(found, wanted[:7], inside(x, mask), before, w_ih, ORDER)
    return [*given, _to_projection(projected, kept[2], c[1:]) if wanted[7] else None]


def _to_projection(projected: np.ndarray, o: np.ndarray, c: np.ndarray) -> np.ndarray:
    u = np.tanh(c, out=empty(c.shape, c.dtype))
    np.multiply(o, u, out=u)
    out = empty((projected.shape[-1], c.shape[-1]), u.dtype)
    return np.matmul(rows(projected).T, rows(u), out=out)
