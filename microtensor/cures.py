"""What makes NaN, and what is usually done about it? By operation, for `detect_anomaly`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Node
from .ops.activations import sigmoid
from .ops.softmaxes import softmax

_LARGE = (
    "The numbers are too large for their dtype. Lower the learning rate, clip gradients, or scale\n"
    "the inputs; float32 ends at 3.4e38, float64 at 1.8e308."
)
_DROPPED = "If np.where drops the entry, let the branch it drops compute something safe."
_LOG = (
    "log(0) is -inf. Keep x above 0: np.log(np.maximum(x, 1e-12)), or np.log1p(x) for 1 + x.\n"
    + _DROPPED
)
_EXP = (
    "exp(x) overflows above 88 in float32 and 709 in float64. Subtract the maximum first, or use\n"
    "mt.softmax, mt.log_softmax, mt.logsumexp or mt.softplus, which do."
)
_DIVIDE = (
    "Nothing can be divided by 0. Add a small number to the divisor, as in x / (y + 1e-8).\n"
    + _DROPPED.replace("compute something safe", "divide by something else, such as 1")
)
_POWER = (
    "0 to a negative power is infinite, and a negative number to a fractional one is no number.\n"
    "Keep the base above 0 with np.maximum(x, 1e-12), or take np.abs(x) to the power."
)
_DOMAIN = "It is defined inside of an interval: np.clip(x, -1 + 1e-7, 1 - 1e-7) keeps x there."
_ROOT = "The root of a negative number is no real one. Use np.maximum(x, 0), or np.abs(x)."
_MULTIPLY = "0 * inf is no number: select with np.where instead of multiplying by a mask."
_SUBTRACT = "inf - inf is no number. Look at what made the operands infinite."

_CALLS: dict[Any, str] = {
    np.log: _LOG, np.log2: _LOG, np.log10: _LOG,
    np.log1p: _LOG.replace("log(0)", "log1p(-1)").replace(", or np.log1p(x) for 1 + x", ""),
    np.exp: _EXP, np.exp2: _EXP, np.expm1: _EXP, np.sinh: _EXP, np.cosh: _EXP,
    np.true_divide: _DIVIDE, np.reciprocal: _DIVIDE, np.remainder: _DIVIDE,
    np.floor_divide: _DIVIDE, np.power: _POWER, np.float_power: _POWER,
    np.sqrt: _ROOT, np.arcsin: _DOMAIN, np.arccos: _DOMAIN, np.arctanh: _DOMAIN,
    np.arccosh: "It is defined from 1 on: np.maximum(x, 1 + 1e-7) keeps x there.",
}  # fmt: skip
_RULES: dict[Any, str] = {
    np.sqrt: (
        "The slope of the root at 0 is infinite, and so is that of norms and standard deviations\n"
        "made with it. Add a small number under the root: np.sqrt(x + 1e-12)."
    ),
    np.cbrt: "The slope of the root at 0 is infinite. Keep x away from 0.",
    np.power: "x**p with p < 1 has an infinite slope at 0. Keep x above 0: np.maximum(x, 1e-12).",
    np.log: "The slope of log is 1/x, too large near 0. Keep x above 0: np.maximum(x, 1e-12).",
    np.true_divide: "The slope is 1/y and x/y², too large near y = 0. Divide by y + 1e-8.",
    np.arcsin: "The slope at -1 and 1 is infinite. " + _DOMAIN,
    np.arccos: "The slope at -1 and 1 is infinite. " + _DOMAIN,
}  # fmt: skip
_ZERO_TIMES = (
    "A gradient of 0, as np.where sends to what it drops, times an infinite slope is no number:\n"
    "let the branch that is dropped compute something safe, as in np.log(np.where(ok, x, 1))."
)


def cure_of_call(fn: Any, operands: tuple) -> str:
    """Say what is usually done when a call gave NaN or infinity."""
    finite = all(np.isfinite(x).all() for a in operands if (x := _floats(a)) is not None)
    if not finite:
        return _MULTIPLY if fn in (np.multiply, np.matmul) else _SUBTRACT
    makers = [a.fn for a in operands if isinstance(a, Node)]
    if fn in (np.log, np.log2, np.log10) and softmax in makers:
        return "The logarithm of a probability that was rounded to 0: use mt.log_softmax(x)."
    if fn in (np.log, np.log2, np.log10) and sigmoid in makers:
        return (
            "The logarithm of a probability that was rounded to 0: use -mt.softplus(-x), or\n"
            "losses.binary_cross_entropy_with_logits."
        )
    return _CALLS.get(fn, _LARGE)


def cure_of_rule(fn: Any, is_nan: bool) -> str:
    """Say what is usually done when a rule gave NaN or infinity."""
    cure = _RULES.get(fn, "The slope at these numbers is not finite. Keep the operands from them.")
    return f"{cure}\n{_ZERO_TIMES}" if is_nan else cure


def _floats(a: Any) -> Any:
    x = a._data if isinstance(a, Node) else a
    return x if isinstance(x, float | np.floating | np.ndarray) else None
