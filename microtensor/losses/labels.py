"""Are these labels? They are checked before a wrong one can train anything.

The checks ask for dtype, shape, least and greatest first, which takes microseconds; only a failed
one looks for the place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, MicrotensorError, ShapeError

_INT64, _UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


def check_labels(
    loss: str, name: str, shape: tuple[int, ...], labels: Any, ignore_index: int | None = None
) -> bool:
    """Raise unless there is one class per row of scores; tell whether some are passed over.

    Parameters
    ----------
    loss, name : str
        The loss, and what it calls the scores, for the messages.
    shape : tuple of int
        That of the scores: (B, C), (C,), or (B, C, d1, ...), where a row is one of the
        B × d1 × ... places.
    labels : array or Value
    ignore_index : int, optional
        The label of rows that do not count.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or there are no rows.
    ArgumentError
        If a label is no integer, or is neither in 0 ... C-1 nor `ignore_index`.
    """
    one = len(shape) == 1
    fits = labels.shape == (() if one else shape[:1] + shape[2:]) and shape and 0 not in shape
    if not fits or labels.dtype.kind not in "iu":
        raise _misfit(loss, name, shape, labels)
    classes = shape[0 if one else 1]
    if labels.__class__ is np.ndarray and labels.dtype is _INT64:
        # Read as unsigned, a negative label is larger than any class: one look for both ends.
        strange = np.maximum.reduce(labels.view(_UINT64), axis=None) >= classes
    else:  # a Value; or so narrow that a negative label could read as a class
        strange = labels.min() < 0 or labels.max() >= classes
    if not strange:
        if ignore_index is None or not 0 <= ignore_index < classes:
            return False
        return bool(np.any(np.equal(labels, ignore_index)))
    counted = True if ignore_index is None else labels != ignore_index
    wrong = np.reshape(((labels < 0) | (labels >= classes)) & counted, -1)
    if wrong.any():
        raise _no_such_class(loss, name, shape, classes, labels, int(np.argmax(wrong)))
    return True


def _misfit(loss: str, name: str, shape: tuple[int, ...], labels: Any) -> MicrotensorError:
    if not shape or 0 in shape:
        return ShapeError(
            f"{loss}: {name} must have one row per example.",
            expected=f"{name} of shape (B, C), or (C,) for one example, with no axis empty",
            got=f"{name} of shape {shape}",
        )
    rows = () if len(shape) == 1 else shape[:1] + shape[2:]
    if labels.shape == rows:
        other = loss == "cross_entropy"
        return ArgumentError(
            f"{loss}: labels must be integers"
            + (f", or probabilities in the {name}' shape." if other else "."),
            expected=f"integers of shape {rows}" + (f", or floats of shape {shape}" * other),
            got=f"labels of shape {labels.shape} and dtype {labels.dtype}",
            hint="If they are classes, pass labels.astype(int).",
        )
    return ShapeError(
        f"{loss}: labels must hold one class per row of {name}.",
        expected=f"labels of shape {rows}, since {name} has shape {shape}",
        got=f"labels of shape {labels.shape}",
        hint=_how_to_label(loss, name, shape, labels.shape),
    )


def _how_to_label(loss: str, name: str, shape: tuple[int, ...], got: tuple[int, ...]) -> str | None:
    axis = 0 if len(shape) == 1 else 1
    if got == shape:
        argmax = f"If each row has a 1 in the place of its class, pass labels.argmax(axis={axis})"
        if loss == "cross_entropy":
            return f"{argmax};\nif they are probabilities, pass labels.astype(float)."
        return f"{argmax}."
    if got == (*shape[:1], 1) and len(shape) == 2:
        return "If there is one label per row, pass labels[:, 0]."
    if len(shape) > 2 and got == shape[:-1]:
        return (
            "The classes are axis 1, as in PyTorch. If they are the last axis, pass\n"
            f"np.moveaxis({name}, -1, 1)."
        )
    return None


def _no_such_class(
    loss: str, name: str, shape: tuple[int, ...], classes: int, labels: Any, place: int
) -> ArgumentError:
    label = int(np.reshape(labels, -1)[place])
    where = ""
    if len(shape) == 2:
        where = f" in row {place}"
    elif len(shape) > 2:
        where = f" at {tuple(map(int, np.unravel_index(place, labels.shape)))}"
    counts_from_1 = labels.min() == 1 and labels.max() == classes
    return ArgumentError(
        f"{loss}: there is no class {label}.",
        expected=f"labels from 0 to {classes - 1}, since {name} has shape {shape}",
        got=f"label {label}{where}",
        hint="If the classes are counted from 1, pass labels - 1." if counts_from_1 else None,
    )


def check_probabilities(p: Any, axis: int) -> None:
    """Raise ArgumentError unless each row is not negative and adds up to 1, within 0.001."""
    sums = np.sum(p, axis=axis)
    off = np.reshape(abs(sums - 1), -1)
    if p.size and (p.min() < 0 or not off.max() <= 1e-3):
        least = np.reshape(p.min(axis=axis), -1)
        row = int(np.argmax((least < 0) | ~(off <= 1e-3)))
        raise ArgumentError(
            "cross_entropy: labels in the logits' shape must be probabilities.",
            expected="rows of numbers that are not negative and add up to 1",
            got=f"row {row}, which adds up to {float(np.reshape(sums, -1)[row]):g} "
            f"with {float(least[row]):g} as its least number",
            hint="For scores, pass mt.softmax(labels); for classes, integers of shape (B,).",
        )


def check_signs(loss: str, labels: Any, name: str = "labels") -> None:
    """Raise ArgumentError unless each label is -1 or 1."""
    wrong = np.reshape(abs(labels) != 1, -1)
    if np.any(wrong):
        place = int(np.argmax(wrong))
        raise ArgumentError(
            f"{loss}: {name} must be -1 or 1.",
            expected="-1 for one class, 1 for the other",
            got=f"{float(np.reshape(labels, -1)[place]):g} in place {place}",
            hint=f"For labels of 0 and 1, pass 2 * {name} - 1.",
        )
