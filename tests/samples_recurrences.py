"""Samples of recurrences: the equations of the papers, one sequence and one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from draws import Case, Row, case, normal

from microtensor import ops


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def lstm(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> tuple:
    """Gers, Schmidhuber, Cummins (2000): input gate, forget gate, candidate, output gate."""
    i, f, n, o = (W[k] @ x + U[k] @ h + b[0][k] + b[1][k] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(n)
    return sigmoid(o) * np.tanh(c), c


def projecting(P: Any) -> Callable:
    """Sak, Senior, Beaufays (2014): what the cells let out is mixed, and fed back so."""

    def step(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> tuple:
        u, c = lstm(x, h, c, W, U, b)
        return P @ u, c

    return step


def gru(x: Any, h: Any, W: Any, U: Any, b: Any) -> tuple:
    """Cho et al. (2014), version 1: reset gate, update gate, candidate."""
    r, z = (sigmoid(W[k] @ x + b[0][k] + U[k] @ h + b[1][k]) for k in range(2))
    n = np.tanh(W[2] @ x + b[0][2] + r * (U[2] @ h + b[1][2]))
    return ((1 - z) * n + z * h,)


def elman(nonlinearity: str) -> Callable:
    """Elman (1990)."""

    def step(x: Any, h: Any, W: Any, U: Any, b: Any) -> tuple:
        a = W[0] @ x + b[0][0] + U[0] @ h + b[1][0]
        return (np.tanh(a) if nonlinearity == "tanh" else np.where(np.real(a) > 0, a, 0),)

    return step


def trajectory(step: Callable, gates: int, x: Any, starts: Any, weights: Any, mask: Any) -> Any:
    """Every state of every sequence: (states, T + 1, B, H), without the first axis if it is 1.

    States of different widths stand side by side.
    """
    W, U = (np.reshape(w, (gates, -1, w.shape[-1])) for w in weights[:2])
    given = [*weights[2:], None, None][:2]
    b = [np.zeros(W.shape[:2]) if w is None else np.reshape(w, (gates, -1)) for w in given]
    dtype = np.result_type(x, *starts, *(w for w in weights if w is not None))
    y = [np.zeros((len(x) + 1, *s.shape), dtype) for s in starts]
    for sequence in range(x.shape[1]):
        states = tuple(s[sequence] for s in starts)
        for t in range(len(x) + 1):
            if t and (mask is None or mask[t - 1, sequence]):
                states = step(x[t - 1, sequence], *states, W, U, b)
            for path, state in zip(y, states, strict=True):
                path[t, sequence] = state
    alike = len({s.shape for s in starts}) == 1
    return y[0] if len(y) == 1 else np.stack(y) if alike else np.concatenate(y, axis=-1)


def _rnn(x: Any, h: Any, *weights: Any, nonlinearity: str = "tanh", mask: Any = None) -> Any:
    return trajectory(elman(nonlinearity), 1, x, (h,), weights, mask)


def _gru(x: Any, h: Any, *weights: Any, mask: Any = None) -> Any:
    return trajectory(gru, 3, x, (h,), weights, mask)


def _lstm(x: Any, h: Any, c: Any, *weights: Any, mask: Any = None) -> Any:
    return trajectory(lstm, 4, x, (h, c), weights, mask)


def _projected(x: Any, h: Any, c: Any, *weights: Any, mask: Any = None) -> Any:
    return trajectory(projecting(weights[-1]), 4, x, (h, c), weights, mask)


LIGHT = np.linspace(-1, 1, 18, dtype=np.float32).reshape(3, 2, 3)  # beside weights of float64
ENDS = np.array([[True, True, False], [True, False, True], [True, False, False]])


def _cases(gates: int, states: int, **options: Any) -> list[Case]:
    """With biases, without, with one of them; of one step; with ends; from constant states."""

    def inputs(steps: int = 3, batch: int = 2) -> list:
        start = [normal(batch, 2) for _ in range(states)]
        return [normal(steps, batch, 3), *start, normal(2 * gates, 3), normal(2 * gates, 2)]

    b = normal(2 * gates)
    x, *_, w_ih, w_hh = inputs()
    return [
        case(*inputs(), b, b, **options),
        case(*inputs(2, 1), None, None, **options),
        case(*inputs(1, 2), None, b, **options),
        case(*inputs(3, 3), b, b, mask=ENDS, **options),
        case(x, *[np.zeros((2, 2), np.float32)] * states, w_ih, w_hh, b, None, **options),
        case(LIGHT, *inputs()[1:], b, b, **options),
    ]


def _projected_cases() -> list[Case]:
    """The same, of three cells and a state of two; its weights lighter than the others, too."""
    b, w_hr = normal(12), normal(2, 3)

    def inputs(steps: int = 3, batch: int = 2) -> list:
        states = [normal(batch, 2), normal(batch, 3)]
        return [normal(steps, batch, 4), *states, normal(12, 4), normal(12, 2)]

    x, *_, w_ih, w_hh = inputs()
    zeros = [np.zeros((2, width), np.float32) for width in (2, 3)]
    light = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 2, 4)
    return [
        case(*inputs(), b, b, w_hr),
        case(*inputs(2, 1), None, None, w_hr),
        case(*inputs(1, 2), None, b, w_hr),
        case(*inputs(3, 3), b, b, w_hr, mask=ENDS),
        case(x, *zeros, w_ih, w_hh, b, None, w_hr),
        case(light, *inputs()[1:], b, b, w_hr),
        case(*inputs(), b, b, np.array([[0.5, 1, -1], [2, 0.25, 0]], np.float32)),
    ]


def _projected_step() -> Case:
    weights = normal(12, 4), normal(12, 2), normal(12), None, normal(2, 3)
    return case(normal(3, 4), normal(3, 2), normal(3, 3), *weights)


def _after_projecting(x: Any, *others: Any) -> Any:
    y = _projected(x[None], *others)[1]
    return y[:, :2], y[:, 2:]


def _step(gates: int, states: int, **options: Any) -> list[Case]:
    """Of a batch, and of one sequence, without biases."""
    b = normal(2 * gates)
    weights = normal(2 * gates, 3), normal(2 * gates, 2)
    return [
        case(normal(3, 3), *[normal(3, 2)] * states, *weights, b, b, **options),
        case(normal(3), *[normal(2)] * states, *weights, **options),
    ]


def _after_one(value: Callable, states: int) -> Callable:
    """The last of the states that a trajectory of one step has."""

    def step(x: Any, *others: Any, **options: Any) -> Any:
        if x.ndim == 1:
            starts = [s[None] for s in others[:states]]
            y = step(x[None], *starts, *others[states:], **options)
            return y[0] if states == 1 else tuple(s[0] for s in y)
        y = value(x[None], *others, **options)
        return y[1] if states == 1 else (y[0, 1], y[1, 1])

    return step


RECURRENCES = [
    Row(ops.rnn_states, _cases(1, 1), _cases(1, 1, nonlinearity="relu"), value=_rnn),
    Row(ops.gru_states, _cases(3, 1), value=_gru),
    Row(ops.lstm_states, _cases(4, 2), value=_lstm),
    Row(ops.rnn_step, _step(1, 1), _step(1, 1, nonlinearity="relu"), value=_after_one(_rnn, 1)),
    Row(ops.gru_step, _step(3, 1), value=_after_one(_gru, 1)),
    Row(ops.lstm_step, _step(4, 2), value=_after_one(_lstm, 2)),
    Row(ops.projected_lstm_states, _projected_cases(), value=_projected),
    Row(ops.lstm_step, _projected_step(), value=_after_projecting, name="lstm_step(w_hr)"),
]
