"""What all losses do: pair each prediction with its target, weigh, and reduce to a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, MicrotensorError, ShapeError


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
    DTypeError
        If one holds something else than real numbers.
    """
    prediction = as_floats(prediction, loss, "prediction")
    target = in_dtype_of(prediction, target, loss, name)
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{loss}: prediction and {name} must have one shape.",
            expected=f"a {name} of shape {prediction.shape}, like the prediction",
            got=f"a {name} of shape {target.shape}",
            hint=_how_to_pair(prediction.shape, target.shape, name),
        )
    return prediction, target


def as_array(x: Any) -> Any:
    """Give arrays and Values as they are; lists, and arrays of other libraries, as arrays.

    Raises
    ------
    ShapeError
        If the rows of a list have different lengths.
    """
    if hasattr(x, "__array_function__"):
        return x
    try:
        return np.asarray(x)
    except ValueError as error:
        if isinstance(error, MicrotensorError) or not isinstance(x, list | tuple):
            raise
        raise ShapeError(
            "A loss takes arrays, and the rows of this list have different lengths.",
            expected="rows of one length",
            got=f"a {type(x).__name__} of {len(x)} rows that are no array",
            hint="Where sequences end early, fill them up, and weigh what was added with 0.",
        ) from None


def as_floats(x: Any, loss: str, name: str) -> Any:
    """Give an array or a Value of floats; Python's numbers and integers become float64."""
    x = as_array(x)
    if x.dtype.kind == "f":
        return x
    _check_real(x, loss, name)
    return x.astype(float)


def in_dtype_of(other: Any, x: Any, loss: str, name: str) -> Any:
    """Give an array or a Value in another's dtype."""
    x = as_array(x)
    if x.dtype == other.dtype:
        return x
    _check_real(x, loss, name)
    return x.astype(other.dtype)


def _check_real(x: Any, loss: str, name: str) -> None:
    if x.dtype.kind not in "fiub":
        raise DTypeError(
            f"{loss}: the {name} must hold real numbers.",
            expected="floats, integers or bools",
            got=f"dtype {x.dtype}",
        )


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
    raise unknown_reduction(loss, "'mean', 'sum' or 'none'", reduction)


def unknown_reduction(loss: str, expected: str, reduction: Any) -> ArgumentError:
    """Say which reductions there are."""
    return ArgumentError(f"{loss}: unknown reduction.", expected=expected, got=repr(reduction))


def factors(loss: str, weight: Any, x: Any, name: str = "weight") -> Any:
    """Give weights of the entries of x, in its dtype.

    Raises
    ------
    ShapeError
        If they do not broadcast to the shape of x.
    """
    weight = in_dtype_of(x, weight, loss, name)
    try:
        fits = np.broadcast_shapes(weight.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{loss}: {name} must fit the prediction.",
            expected=f"a shape that broadcasts to {x.shape}, the prediction's",
            got=f"a {name} of shape {weight.shape}",
        )
    return weight


def class_weights(loss: str, weight: Any, classes: int, scores: Any) -> Any:
    """Give the weights of the classes, in the dtype of the scores.

    Raises
    ------
    ShapeError
        If there is not one per class.
    """
    weight = in_dtype_of(scores, weight, loss, "weight")
    if weight.shape != (classes,):
        raise ShapeError(
            f"{loss}: weight must hold one number per class.",
            expected=f"a weight of shape ({classes},)",
            got=f"a weight of shape {weight.shape}",
        )
    return weight


def chosen(x: Any, labels: Any) -> Any:
    """Give each row's entry in the place of its label."""
    if isinstance(x, np.ndarray):  # labels that are Values can choose by this function only
        return np.take_along_axis(x, labels[:, None], axis=1)[:, 0]
    return x[np.arange(len(labels)), labels]


def of_class(weight: Any, labels: Any) -> Any:
    """Give the weight of each label's class; labels (B,)."""
    if isinstance(labels, np.ndarray):
        return np.take(weight, labels)
    return np.take_along_axis(weight, labels, axis=0)  # np.take does not see that they are a Value


def check_between(loss: str, x: Any, name: str, hint: str) -> None:
    """Raise ArgumentError unless all entries are probabilities, from 0 to 1."""
    if x.size == 0:
        return
    low, high = x.min(), x.max()
    if not (low >= 0 and high <= 1):
        raise ArgumentError(
            f"{loss}: {name} must lie between 0 and 1.",
            expected="probabilities",
            got=f"numbers from {float(low):g} to {float(high):g}",
            hint=hint,
        )


def check_not_negative(loss: str, x: Any, name: str, hint: str) -> None:
    """Raise ArgumentError if an entry is negative."""
    if x.size and x.min() < 0:
        raise ArgumentError(
            f"{loss}: {name} must not be negative.",
            expected="numbers of at least 0",
            got=f"{float(x.min()):g} among them",
            hint=hint,
        )


def check_option(loss: str, name: str, x: Any, fits: bool, expected: str) -> None:
    """Raise ArgumentError unless an option fits."""
    if not fits:
        raise ArgumentError(f"{loss}: {name} is out of range.", expected=expected, got=repr(x))
