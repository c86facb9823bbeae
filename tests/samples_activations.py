"""Samples of the activations that PyTorch has and a person seldom writes out, and of one-hot rows.

The formulas are for complex numbers too, with a small imaginary part: they choose by the real one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import Row, between, case, distinct, nonzero, normal, offgrid, unary

from microtensor import ops
from microtensor.ops import rectifiers


def _choose(mask: Any, a: Any, b: Any) -> Any:
    return np.where(mask, a, b)


def _abs(x: Any) -> Any:
    return _choose(np.real(x) < 0, -x, x)


def _hold(x: Any, low: float, high: float) -> Any:
    return _choose(np.real(x) < low, low, _choose(np.real(x) > high, high, x))


def _exponential(x: Any, alpha: float = 1.0, scale: float = 1.0, width: float = 1.0) -> Any:
    return scale * _choose(np.real(x) > 0, x, alpha * (np.exp(x / width) - 1))


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return _choose(np.real(beta * x) > threshold, x, np.log(1 + np.exp(beta * x)) / beta)


def _prelu(x: Any, weight: Any) -> Any:
    if np.size(weight) > 1:
        weight = np.reshape(weight, (-1, *(1,) * (x.ndim - 2)))
    return _choose(np.real(x) > 0, x, weight * x)


def _softmin(x: Any, axis: int = -1) -> Any:
    return np.exp(-x) / np.sum(np.exp(-x), axis=axis, keepdims=True)


def _glu(x: Any, axis: int = -1) -> Any:
    values, gates = np.split(x, 2, axis)
    return values / (1 + np.exp(-gates))


def _dropping(x: Any, p: float, together: int = 0) -> Any:
    """A call that draws the same numbers every time, as a rule is differenced by."""
    return case(x, how=lambda fn, x: fn(x, p, np.random.default_rng(5), together))


def _dropped(x: Any, p: float, rng: Any, together: int) -> Any:
    shape = np.shape(x)[: np.ndim(x) - together] + (1,) * together
    return _choose(rng.random(shape, np.float32) < 1 - p, x / (1 - p) if p < 1 else x, 0)


def _drawing(p: float, *shape: int, dtype: Any = np.float64) -> Any:
    dtype = np.dtype(dtype)
    how = lambda fn, like: fn(like, p, np.random.default_rng(5), shape, dtype)
    return case(normal(2), how=how)


def _drawn(like: Any, p: float, rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    kept = rng.random(shape, np.float32) < 1 - p
    return np.where(kept, 1 / (1 - p) if p < 1 else 1, 0).astype(dtype)


# of numbers that are no arrays, only functions whose forward pass knows them
RECTIFIERS = [
    Row(rectifiers.negative_part, unary(nonzero), value=lambda x: _choose(np.real(x) < 0, x, 0)),
    Row(rectifiers.slope_from, case(nonzero(2, 3), 0.3), case(nonzero(3), low=-2.0),
        case(nonzero().of(None), 0.3),
        value=lambda x, low: _choose(np.real(x) > 0, 1.0, low)),
    Row(ops.leaky_relu, case(nonzero(2, 3), -0.5), case(nonzero(3), 1.5), case(nonzero(3), 0.0),
        value=lambda x, slope: _choose(np.real(x) > 0, x, slope * x), name="leaky_relu(steep)"),
    Row(ops.prelu, case(nonzero(2, 3), normal(3)), case(nonzero(2, 3), normal(1)),
        case(nonzero(2, 3, 4), normal(3)), case(nonzero(3), normal()), case(nonzero(), normal()),
        case(nonzero(3), normal(1)), case(nonzero(0, 3), normal(3)), value=_prelu),
    Row(ops.celu, unary(nonzero), case(nonzero(3), 0.5), case(nonzero(3), alpha=1.7),
        value=lambda x, alpha=1.0: _exponential(x, alpha, width=alpha)),
    Row(ops.selu, unary(nonzero),
        value=lambda x: _exponential(x, 1.6732632423543772, 1.0507009873554805)),
    Row(ops.hardtanh, unary(offgrid), case(offgrid(2, 3), -0.5, 2.5), case(offgrid(3), max_val=3.0),
        value=lambda x, min_val=-1.0, max_val=1.0: _hold(x, min_val, max_val)),
    Row(ops.relu6, case(between(-1, -0.3, 3)), case(between(0.3, 5, 3)), case(between(6.3, 9, 3)),
        value=lambda x: _hold(x, 0, 6)),
    Row(ops.hardsigmoid, unary(offgrid), value=lambda x: _hold(x + 3, 0, 6) / 6),
    Row(ops.hardswish, unary(offgrid), value=lambda x: x * _hold(x + 3, 0, 6) / 6),
    Row(ops.hardshrink, unary(offgrid), case(offgrid(3), 1.0), case(offgrid(3), lambd=0.0),
        value=lambda x, lambd=0.5: _choose(_abs(np.real(x)) > lambd, x, 0)),
    Row(ops.softshrink, unary(offgrid), case(offgrid(3), 1.0), case(offgrid(3), lambd=0.0),
        value=lambda x, lambd=0.5: x - _hold(x, -lambd, lambd)),
    Row(ops.threshold, case(distinct(2, 3), 0.04, 7.0), case(distinct(3), threshold=0.04, value=-1),
        case(nonzero().of(None), 0.0, 2.0),
        value=lambda x, threshold, value: _choose(np.real(x) > threshold, x, value)),
]  # fmt: skip

SMOOTH = [
    Row(ops.softplus, case(normal(2, 3), 2.0), case(normal(3), beta=0.5),
        case(nonzero(6), 2.0, 0.5), case(nonzero(6), beta=1.0, threshold=0.25), value=_softplus,
        name="softplus(beta, threshold)"),
    Row(ops.logsigmoid, unary(normal), value=lambda x: -np.log(1 + np.exp(-x))),
    Row(ops.mish, unary(normal), value=lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
    Row(ops.softsign, unary(nonzero), value=lambda x: x / (1 + _abs(x))),
    Row(ops.tanhshrink, unary(normal), value=lambda x: x - np.tanh(x)),
    Row(ops.glu, case(normal(4)), case(normal(2, 3), 0), case(normal(2, 3, 4), axis=-1),
        value=_glu),
    Row(ops.softmin, case(normal(3, 4)), case(normal(3, 4), axis=0), value=_softmin),
]  # fmt: skip

PLACES = [
    Row(ops.one_hot, case(np.array([2, 0, 1]), 4), case(np.array([[0], [3]])),
        case(np.array([1, 0], np.uint8), 3),
        case(np.array(1), classes=2), case(np.zeros(0, int), 3),
        value=lambda labels, classes=None: np.eye(
            classes or int(np.max(labels)) + 1, dtype=np.int64)[labels]),
]  # fmt: skip

DROPPING = [
    Row(ops.dropping.dropout, _dropping(normal(2, 3), p=0.4), _dropping(normal(), p=0.3),
        _dropping(normal(2, 3, 2), p=0.5, together=1), _dropping(normal(3), p=0.0),
        _dropping(normal(3), p=1), _dropping(normal(0, 3), p=0.5), value=_dropped),
    Row(ops.dropping.drawn_factors, _drawing(0.4, 2, 3), _drawing(0.5, 4, dtype=np.float32),
        _drawing(1, 3), value=_drawn, changes_dtype=True),
]  # fmt: skip

MORE_ACTIVATIONS = [*RECTIFIERS, *SMOOTH, *PLACES, *DROPPING]
