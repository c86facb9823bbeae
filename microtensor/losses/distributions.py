"""Losses of predictions that are distributions: over classes, or of a number. They are in nats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ops import softmax
from ..primitives import differentiable, primitive
from .comparing import (
    check_not_negative,
    check_option,
    in_dtype_of,
    paired,
    reduced,
    unknown_reduction,
)
from .twice import refuse


def kl_div(
    log_probabilities: Any, target: Any, *, log_target: bool = False, reduction: str = "mean"
) -> Any:
    """Give the Kullback-Leibler divergence of predictions from the target, in nats.

    Parameters
    ----------
    log_probabilities : Value or array_like
        Any shape, with rows along the first axis: logarithms, as `log_softmax` gives.
    target : Value or array_like
        The same shape: probabilities, or logarithms of them.
    log_target : bool, default False
        Whether the target holds logarithms.
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean" is the divergence itself, averaged over the rows. "mean" is over all entries:
        a C-th of that for C classes.

    Returns
    -------
    () or the same shape
        Per entry ``t (log t - log_probabilities)``, which is 0 where t is 0.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If a target is negative and no logarithm, the reduction is unknown, or softmax made what
        should be logarithms.

    References
    ----------
    .. [1] Kullback, Leibler, *On Information and Sufficiency* (1951).

    Examples
    --------
    >>> p, q = np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])
    >>> float(kl_div(np.log(p), q, reduction="batchmean"))      # log 2
    0.6931471805599453
    """
    x, t = paired("kl_div", log_probabilities, target)
    refuse("kl_div", softmax, x)
    if log_target:
        entries = np.exp(t) * (t - x)
    else:
        check_not_negative("kl_div", t, "the target", "For logarithms, pass log_target=True.")
        entries = t * (np.log(np.where(t == 0, 1, t)) - x)  # t log t is 0 at 0
    if reduction == "batchmean":
        return np.sum(entries) / (x.shape[0] if x.ndim else 1)
    if reduction not in ("mean", "sum", "none"):
        raise unknown_reduction("kl_div", "'mean', 'batchmean', 'sum' or 'none'", reduction)
    return reduced("kl_div", entries, reduction)


@primitive
def _at_least(var: Any, least: Any) -> Any:
    return np.maximum(var, least)


# As if nothing had been raised: a variance that fell below the least one can still grow.
differentiable(_at_least, lambda g, y, var, least: g, None)


def gaussian_nll(
    prediction: Any,
    target: Any,
    var: Any,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Mean negative log-likelihood of the target under a normal distribution, in nats.

    Parameters
    ----------
    prediction : (..., D) Value or array_like
        The means.
    target : (..., D) Value or array_like
        The same shape.
    var : Value, array_like or float
        The variances: in the same shape; with 1 in the place of an axis, along which it is
        shared; without the last axis, along which it is shared, too; or one number for all.
    full : bool, default False
        Whether the constant ``log(2 pi) / 2`` is added to each.
    eps : float, default 1e-6
        No variance counts for less. The derivative is taken at it, and passed on to the variance
        as if it had not been raised.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    () or the same shape
        ``(log(var) + (prediction - target)² / var) / 2``, averaged over all entries.

    Raises
    ------
    ShapeError
        If the shapes differ, or the variances' fits none of these.
    ArgumentError
        If a variance is negative, eps is not positive, or the reduction is unknown.

    References
    ----------
    .. [1] Nix, Weigend, *Estimating the Mean and Variance of the Target Probability
       Distribution* (1994).

    Examples
    --------
    >>> float(gaussian_nll(np.array([1.0, 2.0]), np.array([1.0, 4.0]), np.array([1.0, 1.0])))
    1.0
    """
    loss = "gaussian_nll"
    check_option(loss, "eps", eps, eps > 0, "a number above 0")
    mean, target = paired(loss, prediction, target)
    var = in_dtype_of(mean, var, loss, "var")
    shape = mean.shape
    if var.shape == shape[:-1] != shape:
        var = var[..., None]
    if var.ndim and (
        var.ndim != len(shape)
        or any(n not in (1, m) for n, m in zip(var.shape, shape, strict=True))
    ):
        raise ShapeError(
            f"{loss}: var must hold one variance per prediction, or for all along an axis.",
            expected=f"var of shape {shape}, or with 1 in the place of an axis, {shape[:-1]} or ()",
            got=f"var of shape {var.shape}",
        )
    check_not_negative(loss, var, "var", "For logarithms of variances, pass np.exp(var).")
    var = _at_least(var, eps)
    off = mean - target
    entries = (np.log(var) + off * off / var) / 2
    if full:
        entries = entries + math.log(2 * math.pi) / 2
    return reduced(loss, entries, reduction)
