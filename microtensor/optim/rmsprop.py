"""RMSprop: steps measured by the gradient's recent size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .options import BELOW_ONE, NOT_NEGATIVE, SWITCH, Group, Option
from .recorded import number
from .rows import Row, RowOptimizer


class RMSprop(RowOptimizer):
    """Steps along the gradient over the root of its mean square.

    With gradient ``g``, parameter ``p``, weight decay ``λ``, momentum ``μ``::

        g = g + λ p                               (g = -g before that, to maximize)
        v = α v + (1 - α) g²
        a = α a + (1 - α) g                       (centered only; otherwise a = 0)
        d = g / (sqrt(v - a²) + eps)
        b = μ b + d                               (no momentum: b = d)
        p = p - lr b

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        Those to train, or groups of them with options of their own; see `Optimizer`.
    lr : float, default 0.01
    alpha : float, default 0.99
        How slowly the mean square changes.
    eps : float, default 1e-8
        Against division by zero; outside of the root, as in PyTorch.
    weight_decay, momentum : float, default 0
    centered : bool, default False
        Whether to divide by the standard deviation in place of the root mean square.
    maximize : bool, default False
        Whether to climb.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If a number is negative, or alpha not below 1.

    References
    ----------
    .. [1] Tieleman, Hinton, *Neural Networks for Machine Learning* (2012), lecture 6e.
    .. [2] Graves, *Generating Sequences With Recurrent Neural Networks* (2013), equations 38 to
       41: centered, with momentum. There eps is inside of the root, and lr inside of ``b``.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0, 100.0])
    >>> optimizer = RMSprop([p], lr=0.1, alpha=0.75)
    >>> (p * p).sum().backward()
    >>> optimizer.step()                        # lr / sqrt(1 - alpha) long, whatever the gradient
    >>> p.data.round(6)
    array([ 0.8, 99.8])
    """

    alpha = Option(BELOW_ONE)
    eps = Option(NOT_NEGATIVE)
    weight_decay = Option(NOT_NEGATIVE)
    momentum = Option(NOT_NEGATIVE)
    centered = Option(SWITCH)
    maximize = Option(SWITCH)

    kept = ("step", "square_avg", "momentum_buffer", "grad_avg")
    needed = frozenset({"step", "square_avg"})

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def formula(self, group: Any, row: Any, g: Any) -> Any:
        lr, eps, alpha = number(group["lr"]), number(group["eps"]), number(group["alpha"])
        decay, mu = number(group["weight_decay"]), number(group["momentum"])
        row.count()
        if decay:
            g = g + decay * row.data()
        v = row.keep("square_avg", alpha * row.kept("square_avg") + (1 - alpha) * (g * g))
        if group["centered"]:
            a = row.keep("grad_avg", alpha * row.kept("grad_avg") + (1 - alpha) * g)
            v = np.maximum(v - a * a, 0)  # a variance of 0 may round to less
        change = g / (np.sqrt(v) + eps)
        if mu:
            change = row.keep("momentum_buffer", mu * row.kept("momentum_buffer") + change)
        return lr * change

    def change(self, group: Group, row: Row, g: np.ndarray) -> np.ndarray:
        lr, eps, alpha = float(group["lr"]), float(group["eps"]), float(group["alpha"])
        decay, mu = float(group["weight_decay"]), float(group["momentum"])
        row.count()
        v = row.kept("square_avg")
        if decay:
            g = g + decay * row.data()
        scratch = g * g
        scratch *= 1 - alpha
        v *= alpha
        v += scratch
        if group["centered"]:
            a = row.kept("grad_avg")
            a *= alpha
            a += (1 - alpha) * g
            np.multiply(a, a, out=scratch)
            np.subtract(v, scratch, out=scratch)
            np.maximum(scratch, 0, out=scratch)  # a variance of 0 may round to less
            np.sqrt(scratch, out=scratch)
        else:
            np.sqrt(v, out=scratch)
        scratch += eps
        change = np.divide(g, scratch, out=scratch)
        if mu:
            b = row.kept("momentum_buffer")
            b *= mu
            b += change
            np.copyto(change, b)
        change *= lr
        return change
