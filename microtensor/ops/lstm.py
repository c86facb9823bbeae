"""Long short-term memory, over a sequence in one call.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input; ``i, f, o`` input, forget and
output gates, ``n`` what is offered to the cell, ``c`` cell, ``h`` hidden state; ``d`` gradient of
what the gates are computed from; T time, B batch, I inputs, H hidden units. PyTorch's order of
the gates is i, f, n, o.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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
    in_order,
    inside,
    keep_in_place,
    kept_where,
    pulled_back,
    sigmoid_of_turned,
    sums_of_inputs,
)

ORDER, SIGNS = [0, 1, 3, 2], (-1, -1, -1, 1)  # i, f, o, n: the sigmoids side by side


def lstm_step(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None,
    w_hr: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Give the next hidden state and the next cell.

    Parameters
    ----------
    x : (..., I) array
    h : (..., P) array
        Hidden state; P is H where nothing is projected.
    c : (..., H) array
        Cell.
    w_ih : (4 H, I) array
        Weights of the gates i, f, n, o for the input, one below the other.
    w_hh : (4 H, P) array
        The same for the hidden state.
    b_ih, b_hh : (4 H,) array, optional
    w_hr : (P, H) array, optional
        Projects the hidden state: P numbers of it are put out and fed back.

    Returns
    -------
    h : (..., P) array
    c : (..., H) array

    References
    ----------
    .. [1] Hochreiter, Schmidhuber, *Long Short-Term Memory* (1997).
    .. [2] Gers, Schmidhuber, Cummins, *Learning to Forget* (2000), equations 3 to 7, with tanh
       in both places, as it is written today.
    .. [3] Sak, Senior, Beaufays, *Long Short-Term Memory Recurrent Neural Network Architectures
       for Large Scale Acoustic Modeling* (2014): the projection.

    Examples
    --------
    >>> h, c = lstm_step(np.zeros(2), np.zeros(1), np.ones(1), np.zeros((4, 2)), np.zeros((4, 1)))
    >>> c, h.round(4)                                        # half of the cell is forgotten
    (array([0.5]), array([0.2311]))
    """
    i, f, n, o = np.split(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(n)
    h = sigmoid(o) * np.tanh(c)
    return h if w_hr is None else linear(h, w_hr), c


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
    y = aligned((2, steps + 1, *h0.shape), dtype)
    y[0, 0], y[1, 0] = h0, c0
    gates = sums_of_inputs(inside(x, mask), w_ih, (b_ih, b_hh), ORDER, SIGNS, dtype)
    weight = blocks(w_hh, ORDER, SIGNS, dtype)
    room = aligned((4, *h0.shape), dtype)
    with np.errstate(over="ignore"):
        for t in range(steps):
            (h, next_h), (c, next_c) = y[:, t : t + 2]
            a = gates[:, t]
            a += np.matmul(h, weight, out=room)
            step_in_place(a, c, next_c, next_h)
            keep_in_place(mask, t, next_c, c)
            keep_in_place(mask, t, next_h, h)
    return y, gates


def step_in_place(a: np.ndarray, c: np.ndarray, next_c: np.ndarray, next_h: np.ndarray) -> None:
    """Replace the sums of one step, in `ORDER` and with `SIGNS`, by its gates; fill in its states.

    Parameters
    ----------
    a : (4, B, H) array
    c : (B, H) array
        The cell before the step.
    next_c, next_h : (B, H) array
        Room for the cell, and the hidden state, after it.
    """
    sigmoid_of_turned(a[:3])
    i, f, o, n = a
    np.tanh(n, out=n)
    np.multiply(f, c, out=next_c)
    next_c += np.multiply(i, n, out=next_h)
    np.multiply(o, np.tanh(next_c, out=next_h), out=next_h)


class Step(NamedTuple):
    """What every step is made of, (T, B, H) each: how far the sums of its gates move its states.

    Attributes
    ----------
    h, f : what it puts out, and the forget gate
    to_i, to_f, to_n : the slopes of the cell by the sums of three gates
    to_o, to_c : the slopes of ``h`` by the sum of the fourth, and by the cell
    """

    h: Any
    f: Any
    to_i: Any
    to_f: Any
    to_n: Any
    to_o: Any
    to_c: Any

    @classmethod
    def of(cls, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Step:
        """Compute it for all steps at once, from the T states h before each, and T + 1 cells."""
        i, f, n, o = np.split(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, axis=-1)
        i, f, n, o = sigmoid(i), sigmoid(f), np.tanh(n), sigmoid(o)
        out = np.tanh(c[1:])
        return cls(
            o * out, f, n * i * (1 - i), c[:-1] * f * (1 - f), i * (1 - n * n),
            out * o * (1 - o), o * (1 - out * out),
        )  # fmt: skip

    def back(self, t: int, dh: Any, dc: Any) -> tuple[Any, Any]:
        """Give the gradients of the sums of the gates i, f, n, o, and of the cell before."""
        inner = dc + dh * self.to_c[t]
        sums = [inner * self.to_i[t], inner * self.to_f[t], inner * self.to_n[t], dh * self.to_o[t]]
        return np.stack(sums), inner * self.f[t]


def _slopes(
    g: Any, y: Any, x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, mask: Any
) -> Slopes:
    """Go through the steps from the last; what the gates were is computed for all at once."""
    step = Step.of(x, y[0, :-1], y[1], w_ih, w_hh, b_ih, b_hh)
    weights = np.reshape(w_hh, (4, -1, np.shape(w_hh)[-1]))
    found = []
    dh, dc = g[0, -1], g[1, -1]
    for t in reversed(range(len(x))):
        sums, before = step.back(t, dh, dc)
        found.append(kept_where(mask, t, sums, 0))
        dh = kept_where(mask, t, 0, dh) + np.sum(np.matmul(found[-1], weights), axis=0) + g[0, t]
        dc = kept_where(mask, t, before, dc) + g[1, t]
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
    weight = in_order(np.asarray(w_hh, dtype).reshape(4, -1, w_hh.shape[-1]), ORDER)
    d, room = aligned(kept.shape, dtype), empty((4, *h0.shape), dtype)
    dh, dc = starts = empty((2, *h0.shape), dtype)
    old_h, old_c = old = starts if mask is None else empty(starts.shape, dtype)
    np.copyto(starts, g[:, -1])
    for t in reversed(range(len(x))):
        if mask is not None:
            np.copyto(old, starts)
        back_in_place(d[:, t], dh, dc, kept[:, t], y[1, t], y[1, t + 1], room)
        if mask is not None:
            d[:, t, ~mask[t]] = 0
        keep_in_place(mask, t, dc, old_c)
        pulled_back(d[:, t], weight, room, dh)
        keep_in_place(mask, t, dh, old_h)
        dh += g[0, t]
        dc += g[1, t]
    found = Slopes(d, d, (dh, dc))
    return contributions(found, wanted, inside(x, mask), y[0, :-1], np.asarray(w_ih, dtype), ORDER)


def back_in_place(
    d: np.ndarray, dh: np.ndarray, dc: np.ndarray, gates: np.ndarray, c: np.ndarray,
    next_c: np.ndarray, room: np.ndarray,
) -> None:  # fmt: skip
    """Fill in the gradients of the sums of one step; dc becomes that of the cell before it.

    Parameters
    ----------
    d : (4, B, H) array
        Room for them, in `ORDER`.
    dh, dc : (B, H) array
        Gradients of what the step puts out, which is lost, and of its cell.
    gates : (4, B, H) array
        What `step_in_place` left.
    c, next_c : (B, H) array
        The cell before and after the step.
    room : (4, B, H) array
        Anything.
    """
    (i, f, o, n), (di, df, do, dn), out = gates, d, room[3]
    np.tanh(next_c, out=out)
    np.multiply(dh, out, out=do)
    dh *= o
    dc += dh
    dh *= np.multiply(out, out, out=out)
    dc -= dh  # dc + dh o (1 - out²)
    np.multiply(dc, n, out=di)
    np.multiply(dc, c, out=df)
    d[:3] *= gates[:3]
    d[:3] *= np.subtract(1, gates[:3], out=room[:3])
    np.multiply(dc, i, out=dn)
    dn -= np.multiply(dn, np.multiply(n, n, out=out), out=out)
    dc *= f
