"""What all losses do: pair each prediction with its target, and reduce the rows to a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError


def paired(loss: str, prediction: Any, target: Any, name: str = "target") -> tuple[Any, Any]:
    """Give both as arrays or Values of one shape, the target in the prediction's dtype.

    Parameters
    ----------
    loss, name : str
        The loss, and what its second argument is called, for the message.
    prediction, target : array_like or Value

    Raises
    ------
    ShapeError
        If the shapes differ: broadcasting would compare each prediction with every target.
    """
    prediction = as_floats(prediction)
    if not hasattr(target, "dtype"):
        target = np.asarray(target, prediction.dtype)
    elif target.dtype != prediction.dtype:
        target = target.astype(prediction.dtype)
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{loss}: prediction and {name} must have one shape.",
            expected=f"a {name} of shape {prediction.shape}, like the prediction",
            got=f"a {name} of shape {target.shape}",
            hint=_how_to_pair(prediction.shape, target.shape, name),
        )
    return prediction, target


def as_floats(x: Any) -> Any:
    """Give an array or a Value of floats; Python's numbers and integers become float64."""
    if not hasattr(x, "dtype"):
        return np.asarray(x, float)
    return x if x.dtype.kind == "f" else x.astype(float)


def _how_to_pair(have: tuple[int, ...], got: tuple[int, ...], name: str) -> str:
    index = None
    if have == (*got, 1):
        index = "[:, None]" if len(got) == 1 else "[..., None]"
    elif got == (*have, 1):
        index = "[:, 0]" if len(have) == 1 else "[..., 0]"
    if index is None:
        return "Each prediction needs one target of its own."
    return (
        f"Broadcasting them would compare every prediction with every target: pass {name}{index}."
    )


def reduced(loss: str, rows: Any, reduction: str) -> Any:
    """Give the mean of the rows' losses, their sum, or themselves.

    Raises
    ------
    ArgumentError
        If the reduction is none of these.
    """
    if reduction == "mean":
        return np.mean(rows)
    if reduction == "sum":
        return np.sum(rows)
    if reduction == "none":
        return rows
    raise ArgumentError(
        f"{loss}: unknown reduction.",
        expected="'mean', 'sum' or 'none'",
        got=repr(reduction),
    )


def check_between(loss: str, x: Any, name: str, hint: str) -> None:
    """Raise ArgumentError unless all entries are probabilities, from 0 to 1."""
    if x.size == 0:
        return
    low, high = float(x.min()), float(x.max())
    if not (low >= 0 and high <= 1):
        raise ArgumentError(
            f"{loss}: {name} must lie between 0 and 1.",
            expected="probabilities",
            got=f"numbers from {low:g} to {high:g}",
            hint=hint,
        )
