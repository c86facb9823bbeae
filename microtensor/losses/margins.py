"""Losses that want a margin: between a score and its side of 0, two scores, two directions.

Legend: B rows, C classes, D dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ops import relu
from .comparing import (
    as_array,
    as_floats,
    check_option,
    chosen,
    class_weights,
    in_dtype_of,
    of_class,
    paired,
    reduced,
)
from .labels import check_labels, check_signs


def hinge(scores: Any, labels: Any, *, reduction: str = "mean") -> Any:
    """Mean amount by which scores miss the margin 1 on their side of 0: the max-margin loss.

    Parameters
    ----------
    scores : Value or array_like
        Any shape; positive for class 1, negative for class -1.
    labels : array_like
        The same shape, each -1 or 1.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``relu(1 - labels * scores)``, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If a label is neither -1 nor 1, or the reduction is unknown.

    References
    ----------
    .. [1] Cortes, Vapnik, *Support-Vector Networks* (1995).

    Examples
    --------
    >>> float(hinge(np.array([2.0, 0.5]), np.array([1, 1])))
    0.25
    """
    scores, labels = paired("hinge", scores, labels, "labels")
    check_signs("hinge", labels)
    return reduced("hinge", relu(1 - labels * scores), reduction)


def multi_margin(
    scores: Any,
    labels: Any,
    *,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """Mean amount by which other classes' scores come nearer than a margin to the true class's.

    Parameters
    ----------
    scores : (B, C) or (C,) Value or array_like
        Any real number.
    labels : (B,) or () array of int
        The true class of each row, in 0 ... C-1.
    p : {1, 2}
        The power of the amount.
    margin : float, default 1
        How far the true class's score must stand above each other.
    weight : (C,) array_like, optional
        What a row's loss is multiplied by, by its class. The mean is still over the rows.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or (B,)
        Per row ``sum(relu(margin - s[label] + s[c])**p, c != label) / C``.

    Raises
    ------
    ShapeError
        If labels has not one class per row, or weight not one number per class.
    ArgumentError
        If a label is no class, or an option is out of range.

    References
    ----------
    .. [1] Crammer, Singer, *On the Algorithmic Implementation of Multiclass Kernel-based Vector
       Machines* (2001): with the largest miss in the place of the sum.
    .. [2] Weston, Watkins, *Support Vector Machines for Multi-Class Pattern Recognition* (1999).

    Examples
    --------
    >>> float(multi_margin(np.array([[3.0, 2.5, 0.0]]), np.array([0])))      # 0.5 / 3
    0.16666666666666666
    """
    loss = "multi_margin"
    check_option(loss, "p", p, p in (1, 2), "1 or 2")
    scores = as_floats(scores, loss, "scores")
    labels = as_array(labels)
    if scores.ndim > 2:
        raise ShapeError(
            f"{loss}: scores must have one row per example.",
            expected="scores of shape (B, C), or (C,) for one example",
            got=f"scores of shape {scores.shape}",
        )
    check_labels(loss, "scores", scores.shape, labels)
    shape, classes = labels.shape, scores.shape[-1]
    scores, labels = scores.reshape(-1, classes), labels.reshape(-1)
    own = chosen(scores, labels)[:, None]
    missed = relu(margin - own + scores)
    others = np.not_equal(labels[:, None], np.arange(classes))
    rows = np.sum(np.where(others, missed if p == 1 else missed * missed, 0), axis=1) / classes
    if weight is not None:
        rows = of_class(class_weights(loss, weight, classes, scores), labels) * rows
    return reduced(loss, rows.reshape(shape), reduction)


def cosine_embedding(
    x1: Any, x2: Any, target: Any, *, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """Mean angle, by its cosine, that pairs are off: together if they belong so, else apart.

    Parameters
    ----------
    x1, x2 : (B, D) or (D,) Value or array_like
        The two vectors of each pair.
    target : (B,) or () array_like
        1 for a pair that should point the same way, -1 for one that should not.
    margin : float, default 0
        From -1 to 1: pairs that should not may still have a cosine up to it.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or (B,)
        Per pair ``1 - cos`` where target is 1, and ``relu(cos - margin)`` where it is -1, with
        ``cos = x1·x2 / sqrt((x1·x1 + 1e-12) (x2·x2 + 1e-12))``.

    Raises
    ------
    ShapeError
        If x1 and x2 differ in shape, or target has not one sign per pair.
    ArgumentError
        If a target is neither -1 nor 1, or an option is out of range.

    References
    ----------
    .. [1] Salton, McGill, *Introduction to Modern Information Retrieval* (1983): the cosine.

    Examples
    --------
    >>> a, b = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 0.0]])
    >>> cosine_embedding(a, b, np.array([1, -1]), reduction="none").round(6)
    array([1., 1.])
    """
    loss = "cosine_embedding"
    check_option(loss, "margin", margin, -1 <= margin <= 1, "a cosine, from -1 to 1")
    x1 = as_floats(x1, loss, "x1")
    x2, target = in_dtype_of(x1, x2, loss, "x2"), in_dtype_of(x1, target, loss, "target")
    if x1.ndim not in (1, 2) or x2.shape != x1.shape or target.shape != x1.shape[:-1]:
        raise ShapeError(
            f"{loss}: there must be pairs of vectors, and one sign per pair.",
            expected="x1 and x2 of one shape, (B, D) or (D,), and target of shape (B,) or ()",
            got=f"x1 of shape {x1.shape}, x2 of {x2.shape}, and target of {target.shape}",
            hint="If there is one sign per pair, pass target[:, 0]."
            if target.shape == (*x1.shape[:-1], 1)
            else None,
        )
    check_signs(loss, target, "target")
    # The small number keeps the slope of the square root finite at a vector of zeros.
    squares = (np.sum(x1 * x1, axis=-1) + 1e-12) * (np.sum(x2 * x2, axis=-1) + 1e-12)
    cos = np.sum(x1 * x2, axis=-1) / np.sqrt(squares)
    return reduced(loss, np.where(target > 0, 1 - cos, relu(cos - margin)), reduction)
