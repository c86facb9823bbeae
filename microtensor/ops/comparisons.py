"""Functions of steps: comparison, logic, rounding, and what only integers have.

Their derivative is zero wherever it exists; calls are recorded all the same, so that a program
made from the record computes them anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy._core import umath

from ..primitives import composite, piecewise, static

piecewise(
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.logical_not,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.invert,
    np.sign,
    np.floor,
    np.ceil,
    np.rint,
    np.trunc,
    np.round,
    np.around,
    np.isfinite,
    np.isnan,
    np.isinf,
    np.signbit,
    np.isclose,
    np.spacing,
    np.gcd,
    np.lcm,
    np.left_shift,
    np.right_shift,
    np.bitwise_count,
)
static(np.isrealobj, np.iscomplexobj, np.result_type, np.can_cast, np.common_type)
static(vars(umath)["_ones_like"])  # what np.ones_like once was


@composite(np.allclose)
def _allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> bool:
    return bool(np.all(np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)))


@composite(np.array_equal)
def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    if np.shape(a1) != np.shape(a2):
        return False
    same = np.equal(a1, a2)
    if equal_nan:
        same = np.logical_or(same, np.logical_and(np.isnan(a1), np.isnan(a2)))
    return bool(np.all(same))


@composite(np.fix)
def _fix(x: Any, out: None = None) -> Any:
    return np.trunc(x)


@composite(np.isposinf)
def _isposinf(x: Any, out: None = None) -> Any:
    return np.logical_and(np.isinf(x), np.logical_not(np.signbit(x)))


@composite(np.isneginf)
def _isneginf(x: Any, out: None = None) -> Any:
    return np.logical_and(np.isinf(x), np.signbit(x))
