"""Adam, and AdamW: steps measured by the gradient's own size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .options import NOT_NEGATIVE, SWITCH, TWO_BELOW_ONE, Group, Option
from .recorded import number
from .rows import Row, RowOptimizer


class Adam(RowOptimizer):
    """Steps along the gradient's mean over the root of its mean square.

    With gradient ``g``, parameter ``p``, ``t`` steps taken, weight decay ``λ``::

        g = g + λ p                               (g = -g before that, to maximize)
        m = β1 m + (1 - β1) g                     m̂ = m / (1 - β1^t)
        v = β2 v + (1 - β2) g²                    v̂ = v / (1 - β2^t)
        p = p - lr m̂ / (sqrt(v̂) + eps)            (amsgrad: the largest v so far in v̂)

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        Those to train, or groups of them with options of their own; see `Optimizer`.
    lr : float, default 0.001
    betas : (float, float), default (0.9, 0.999)
        How slowly the mean and the mean square change.
    eps : float, default 1e-8
        Against division by zero.
    weight_decay : float, default 0
        Added to the gradient here; `AdamW` keeps it out of the means.
    amsgrad : bool, default False
        Whether steps never grow again after a large gradient.
    maximize : bool, default False
        Whether to climb.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If a number is negative, or a beta not below 1.

    References
    ----------
    .. [1] Kingma, Ba, *Adam: A Method for Stochastic Optimization* (2015), algorithm 1.
    .. [2] Reddi, Kale, Kumar, *On the Convergence of Adam and Beyond* (2018), algorithm 2.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0])
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()                        # the first step is lr long, whatever the gradient
    >>> p.data.round(6)
    array([0.9])
    """

    betas = Option(TWO_BELOW_ONE)
    eps = Option(NOT_NEGATIVE)
    weight_decay = Option(NOT_NEGATIVE)
    amsgrad = Option(SWITCH)
    maximize = Option(SWITCH)

    kept = ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    needed = frozenset({"step", "exp_avg", "exp_avg_sq"})
    _decays_apart = False

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def formula(self, group: Any, row: Any, g: Any) -> Any:
        lr, eps, decay = number(group["lr"]), number(group["eps"]), number(group["weight_decay"])
        beta1, beta2 = map(number, group["betas"])
        t = row.count()
        decays = bool(decay)
        if decays and not self._decays_apart:
            g = g + decay * row.data()
        m = row.keep("exp_avg", beta1 * row.kept("exp_avg") + (1 - beta1) * g)
        v = row.keep("exp_avg_sq", beta2 * row.kept("exp_avg_sq") + (1 - beta2) * (g * g))
        if group["amsgrad"]:
            v = row.keep("max_exp_avg_sq", np.maximum(row.kept("max_exp_avg_sq"), v))
        root = np.sqrt(1 - beta2**t)  # sqrt(v̂) + eps = (sqrt(v) + eps root) / root
        change = m / (np.sqrt(v) + eps * root) * (lr * root / (1 - beta1**t))
        if decays and self._decays_apart:
            change = change + lr * decay * row.data()
        return change

    def change(self, group: Group, row: Row, g: np.ndarray) -> np.ndarray:
        lr, eps, decay = float(group["lr"]), float(group["eps"]), float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        t, m, v = row.count(), row.kept("exp_avg"), row.kept("exp_avg_sq")
        if decay and not self._decays_apart:
            g = g + decay * row.data()
        scratch = (1 - beta1) * g
        m *= beta1
        m += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - beta2
        v *= beta2
        v += scratch
        if group["amsgrad"]:
            largest = row.kept("max_exp_avg_sq")
            v = np.maximum(largest, v, out=largest)
        root = math.sqrt(1 - beta2**t)  # sqrt(v̂) + eps = (sqrt(v) + eps root) / root
        np.sqrt(v, out=scratch)
        scratch += eps * root
        change = np.divide(m, scratch, out=scratch)
        change *= lr * root / (1 - beta1**t)
        if decay and self._decays_apart:
            change += lr * decay * row.data()
        return change


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters by itself, apart from the gradient.

    As `Adam`, without ``g = g + λ p`` and with::

        p = p - lr (m̂ / (sqrt(v̂) + eps) + λ p)

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
    lr : float, default 0.001
    betas : (float, float), default (0.9, 0.999)
    eps : float, default 1e-8
    weight_decay : float, default 0.01
    amsgrad, maximize : bool, default False

    Raises
    ------
    ParameterError, ArgumentError
        As `Adam`.

    References
    ----------
    .. [1] Loshchilov, Hutter, *Decoupled Weight Decay Regularization* (2019), algorithm 2.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0])
    >>> optimizer = AdamW([p], lr=0.1, weight_decay=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(6)
    array([0.85])
    """

    _decays_apart = True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas, eps, weight_decay, amsgrad=amsgrad, maximize=maximize
        )
