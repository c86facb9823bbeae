"""Adagrad: each number's steps shrink with all the gradients it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .options import NOT_NEGATIVE, SWITCH, Group, Option
from .recorded import number
from .rows import Row, RowOptimizer


class Adagrad(RowOptimizer):
    """Steps along the gradient over the root of the sum of its squares.

    With gradient ``g``, parameter ``p``, ``t`` steps taken, weight decay ``λ``, decay ``η`` of the
    learning rate::

        g = g + λ p                               (g = -g before that, to maximize)
        s = s + g²
        p = p - lr / (1 + (t - 1) η) · g / (sqrt(s) + eps)

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        Those to train, or groups of them with options of their own; see `Optimizer`.
    lr : float, default 0.01
    lr_decay : float, default 0
    weight_decay : float, default 0
    initial_accumulator_value : float, default 0
        The sum ``s`` before the first step.
    eps : float, default 1e-10
        Against division by zero.
    maximize : bool, default False
        Whether to climb.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If a number is negative.

    References
    ----------
    .. [1] Duchi, Hazan, Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic
       Optimization* (2011), figure 1, with a diagonal matrix. The decay of the learning rate and
       eps are PyTorch's.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0, 100.0])
    >>> optimizer = Adagrad([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()                        # the first step is lr long, whatever the gradient
    >>> p.data.round(6)
    array([ 0.9, 99.9])
    """

    lr_decay = Option(NOT_NEGATIVE)
    weight_decay = Option(NOT_NEGATIVE)
    initial_accumulator_value = Option(NOT_NEGATIVE)
    eps = Option(NOT_NEGATIVE)
    maximize = Option(SWITCH)

    kept = ("step", "sum")
    needed = frozenset({"step", "sum"})

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def formula(self, group: Any, row: Any, g: Any) -> Any:
        decay, eps = number(group["weight_decay"]), number(group["eps"])
        lr = number(group["lr"]) / (1 + (row.count() - 1) * number(group["lr_decay"]))
        start = float(group.group["initial_accumulator_value"])
        if decay:
            g = g + decay * row.data()
        s = row.keep("sum", row.kept("sum", start) + g * g)
        return g / (np.sqrt(s) + eps) * lr

    def change(self, group: Group, row: Row, g: np.ndarray) -> np.ndarray:
        decay, eps = float(group["weight_decay"]), float(group["eps"])
        lr = float(group["lr"]) / (1 + (row.count() - 1) * float(group["lr_decay"]))
        s = row.kept("sum", float(group["initial_accumulator_value"]))
        if decay:
            g = g + decay * row.data()
        scratch = g * g
        s += scratch
        np.sqrt(s, out=scratch)
        scratch += eps
        change = np.divide(g, scratch, out=scratch)
        change *= lr
        return change
