"""Which parameters do not learn as they should? Rules for one parameter and its gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..calls import plain
from .theme import short

Found = tuple[str, str, str, str, float, float, str, str]  # the fields of a Finding

WORDS = {"nan": "NaN", "infinite": "infinity"}
_HINTS = {
    "nan": "mt.detect_anomaly() around both passes names the operation that made it.",
    "exploding": "Try a smaller learning rate, clip gradients (optim.clip_grad_norm), or "
    "normalise what goes in.",
    "dead": "No example of the batch reaches these rows, as with rectified units that are closed. "
    "Try a smaller learning rate, He initialisation, or leaky_relu.",
    "vanishing": "It hardly learns beside the others. Try relu in place of sigmoid and tanh, "
    "residual connections, normalisation, or a better initialisation.",
    "unreached": "The output does not depend on it. Is its module used in forward()? If it need "
    "not learn, freeze() it.",
    "small": "Such a step hardly moves it: raise the learning rate, or use Adam.",
    "large": "Such a step throws it far: lower the learning rate.",
}


def parameter_findings(
    named: list[tuple[str, Any, Any]], limits: Any, lr: float | None, judged: bool
) -> list[Found]:
    """Say which parameters are unwell.

    Parameters
    ----------
    named : list of (path, parameter, gradient or None)
    limits : Limits
    lr : float or None
        Of the updates to look at.
    judged : bool
        Whether gradients should be there.
    """
    gradients = {name: _norms(grad) for name, _, grad in named if grad is not None}
    largest = max((rms for rms, _ in gradients.values() if math.isfinite(rms)), default=0.0)
    found: list[Found] = []
    for name, p, grad in named:
        module = name.rsplit(".", 1)[0] if "." in name else ""
        trouble = _of_data(p._data)
        if trouble is None and grad is None and judged:
            trouble = (
                "unreached", "no gradient", 0.0, 0.0, "no gradient arrives here.",
                _HINTS["unreached"],
            )  # fmt: skip
        if trouble is None and grad is not None:
            rms, norm = gradients[name]
            trouble = _of_gradient(np.atleast_1d(plain(grad)), rms, norm, largest, limits)
            if trouble is None and lr is not None:
                trouble = _of_update(p._data, rms, lr, limits.update)
        if trouble is not None:
            rule, words, number, limit, told, hint = trouble
            found.append((rule, name, module, words, number, limit, told, hint))
    return found


Trouble = tuple[str, str, float, float, str, str] | None


def _of_data(data: Any) -> Trouble:
    bad = int(np.sum(~np.isfinite(data)))
    if not bad:
        return None
    rule = "nan" if np.isnan(data).any() else "infinite"
    told = f"{bad} of {np.size(data)} entries are {WORDS[rule]}; limit: 0."
    return rule, f"{bad} {WORDS[rule]}", float(bad), 0.0, told, _HINTS["nan"]


def _of_gradient(g: np.ndarray, rms: float, norm: float, largest: float, limits: Any) -> Trouble:
    """Judge a gradient by the rules of train.GradientHealth, in their order."""
    if not norm < limits.exploding:
        told = f"the norm of the gradient is {short(norm)}; limit: {short(limits.exploding)}."
        return "exploding", f"grad {short(norm)}", norm, limits.exploding, told, _HINTS["exploding"]
    alive = (g != 0).reshape(len(g), -1).any(axis=1)
    dead = int(np.sum(~alive))
    if dead > limits.rows * len(g):
        told = f"the gradient is 0 in {dead} of {len(g)} rows; limit: {short(100 * limits.rows)} %."
        return "dead", f"{dead} of {len(g)} dead", dead / len(g), limits.rows, told, _HINTS["dead"]
    if rms < limits.vanishing * largest:
        ratio = rms / largest
        told = (
            f"entries of the gradient are {short(ratio)} of the largest parameter's; "
            f"limit: {short(limits.vanishing)}."
        )
        return (
            "vanishing", "vanishing", ratio, limits.vanishing, told, _HINTS["vanishing"],
        )  # fmt: skip
    return None


def _of_update(data: Any, rms: float, lr: float, limits: tuple[float, float]) -> Trouble:
    size = _norms(data)[0]
    if not size:
        return None  # biases start at 0: there is nothing to compare with
    ratio = lr * rms / size
    low, high = limits
    if low <= ratio <= high:
        return None
    limit, kind = (low, "small") if ratio < low else (high, "large")
    told = f"lr × grad is {short(ratio)} of the parameter; limit: {short(limit)}, best about 1e−3."
    return "update", f"{kind} update", ratio, limit, told, _HINTS[kind]


def _norms(x: Any) -> tuple[float, float]:
    """Give the root mean square of the entries, and the norm of all."""
    entries = np.asarray(plain(x), dtype=float)
    with np.errstate(all="ignore"):
        total = float(np.sum(entries**2))
    return math.sqrt(total / max(entries.size, 1)), math.sqrt(total)
