"""Was a prediction given the function that its loss applies? Its graph says so, and it is refused.

A second softmax sees scores between 0 and 1: no probability can come near 1 any more, gradients
are small, and a model learns slowly something else. Nothing in the numbers tells; the graph does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops import astype

_CHANGE_NO_NUMBER = {np.reshape, np.squeeze, operator.getitem, astype}
_INSTEAD = {
    "cross_entropy": (
        "scores, any real numbers, such as nn.Linear gives: softmax is part of the loss",
        "Leave out the model's last softmax, and use mt.softmax(scores) where probabilities are "
        "wanted.",
    ),
    "binary_cross_entropy_with_logits": (
        "scores, any real numbers, such as nn.Linear gives: sigmoid is part of the loss",
        "Leave out the model's last sigmoid, or pass its output to losses.binary_cross_entropy.",
    ),
    "nll": (
        "logarithms of probabilities",
        "Pass mt.log_softmax(scores), or the scores themselves to losses.cross_entropy.",
    ),
    "kl_div": ("logarithms of probabilities", "Pass mt.log_softmax(scores)."),
}


def refuse(loss: str, fn: Callable, x: Any, axis: int | None = None) -> None:
    """Raise if a Value is what a function gave; an array, or what has no graph, does not tell.

    Parameters
    ----------
    loss : str
    fn : {softmax, sigmoid}
    x : array or Value
        Where it was reshaped, converted or picked from after the call, it is what it was before.
    axis : int, optional
        Softmax along another axis than that of the classes is none of theirs, and passes.

    Raises
    ------
    ArgumentError
        If the function made it.
    """
    made_by = getattr(x, "fn", None)
    if made_by is not fn and made_by not in _CHANGE_NO_NUMBER:
        return  # nearly always, and soon
    shape = x.shape
    place = None if axis is None else axis - x.ndim  # counted from the end
    while made_by in _CHANGE_NO_NUMBER and (
        place is None
        or made_by is astype
        or (made_by is np.reshape and place == -1 and _keeps_rows(x))
    ):
        x = x.args[0]
        made_by = getattr(x, "fn", None)
    if made_by is not fn:
        return
    if place is not None and (x.kwargs or {}).get("axis", -1) not in (place, place + x.ndim):
        return
    expected, hint = _INSTEAD[loss]
    raise ArgumentError(
        f"{loss}: the prediction was made by {fn.__name__}.",
        expected=expected,
        got=f"probabilities of shape {shape}, the output of {fn.__name__}",
        hint=hint,
    )


def _keeps_rows(reshaped: Any) -> bool:
    return reshaped.ndim > 0 and reshaped.args[0].shape[-1:] == reshaped.shape[-1:]
