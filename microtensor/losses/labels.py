"""Are these labels? They are checked before a wrong one can train anything.

The checks ask for dtype, shape, least and greatest first, which takes microseconds; only a failed
one looks for the place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, MicrotensorError, ShapeError


def check_labels(shape: tuple[int, ...], labels: Any) -> None:
    """Raise unless there is one class per row of logits of that shape.

    Parameters
    ----------
    shape : tuple of int
        That of the logits, (B, C) or (C,).
    labels : array or Value

    Raises
    ------
    ShapeError
        If the shapes do not fit, or there are no rows.
    ArgumentError
        If a label is no integer, or not in 0 ... C-1.
    """
    fits = len(shape) in (1, 2) and labels.shape == shape[:-1] and 0 not in shape
    if not fits or labels.dtype.kind not in "iu":
        raise _misfit(shape, labels)
    if labels.__class__ is np.ndarray and labels.dtype == np.int64:
        # Read as unsigned, a negative label is larger than any class: one look for both ends.
        wrong = labels.view(np.uint64).max() >= shape[-1]
    else:  # a Value; or so narrow that a negative label could read as a class
        wrong = labels.min() < 0 or labels.max() >= shape[-1]
    if wrong:
        raise _no_such_class(shape, labels)


def _misfit(shape: tuple[int, ...], labels: Any) -> MicrotensorError:
    if len(shape) not in (1, 2) or 0 in shape:
        return ShapeError(
            "cross_entropy: logits must have one row per example.",
            expected="logits of shape (B, C), or (C,) for one example, with no axis empty",
            got=f"logits of shape {shape}",
            hint=f"Make the rows one axis: logits.reshape(-1, {shape[-1]}) and labels.reshape(-1)."
            if len(shape) > 2 and 0 not in shape
            else None,
        )
    if labels.shape == shape[:-1]:
        return ArgumentError(
            "cross_entropy: labels must be integers, or probabilities in the logits' shape.",
            expected=f"integers of shape {shape[:-1]}, or floats of shape {shape}",
            got=f"labels of shape {labels.shape} and dtype {labels.dtype}",
            hint="If they are classes, pass labels.astype(int).",
        )
    hint = None
    if labels.shape == (*shape[:-1], 1):
        hint = "If there is one label per row, pass labels[:, 0]."
    elif labels.shape == shape:
        hint = (
            "If each row has a 1 in the place of its class, pass labels.argmax(axis=-1);\n"
            "if they are probabilities, pass labels.astype(float)."
        )
    return ShapeError(
        "cross_entropy: labels must hold one class per row of logits.",
        expected=f"labels of shape {shape[:-1]}, since logits has shape {shape}",
        got=f"labels of shape {labels.shape}",
        hint=hint,
    )


def _no_such_class(shape: tuple[int, ...], labels: Any) -> ArgumentError:
    classes = shape[-1]
    wrong = np.reshape((labels < 0) | (labels >= classes), -1)
    row = int(np.argmax(wrong))
    label = int(np.reshape(labels, -1)[row])
    counts_from_1 = labels.min() == 1 and labels.max() == classes
    return ArgumentError(
        f"cross_entropy: there is no class {label}.",
        expected=f"labels from 0 to {classes - 1}, since logits has shape {shape}",
        got=f"label {label} in row {row}" if len(shape) == 2 else f"label {label}",
        hint="If the classes are counted from 1, pass labels - 1." if counts_from_1 else None,
    )


def check_probabilities(p: Any) -> None:
    """Raise ArgumentError unless each row is not negative and adds up to 1, within 0.001."""
    sums = np.sum(p, axis=-1)
    off = np.reshape(abs(sums - 1), -1)
    if p.size and (p.min() < 0 or not off.max() <= 1e-3):
        row = int(np.argmax(np.reshape(p.min(axis=-1) < 0, -1) | ~(off <= 1e-3)))
        raise ArgumentError(
            "cross_entropy: labels in the logits' shape must be probabilities.",
            expected="rows of numbers that are not negative and add up to 1",
            got=f"row {row}, which adds up to {float(np.reshape(sums, -1)[row]):g} "
            f"with {float(np.reshape(p.min(axis=-1), -1)[row]):g} as its least number",
            hint="For scores, pass mt.softmax(labels); for classes, integers of shape (B,).",
        )


def check_signs(labels: Any) -> None:
    """Raise ArgumentError unless each label is -1 or 1."""
    wrong = np.reshape(abs(labels) != 1, -1)
    if np.any(wrong):
        place = int(np.argmax(wrong))
        raise ArgumentError(
            "hinge: labels must be -1 or 1.",
            expected="-1 for one class, 1 for the other",
            got=f"{float(np.reshape(labels, -1)[place]):g} in place {place}",
            hint="For labels of 0 and 1, pass 2 * labels - 1.",
        )
