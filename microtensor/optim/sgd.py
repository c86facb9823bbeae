"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .optimizer import Optimizer, State, subtract


class SGD(Optimizer):
    """Steps against the gradient, with momentum if it is asked for.

    With gradient ``g``, parameter ``p``, momentum ``μ``, dampening ``τ``, weight decay ``λ``::

        g = g + λ p
        b = μ b + (1 - τ) g           (b = g in the first step)
        p = p - lr b                  (Nesterov: p - lr (g + μ b); no momentum: p - lr g)

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float, default 0.001
    momentum, dampening, weight_decay : float, default 0
    nesterov : bool, default False

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If a number is negative, or Nesterov's momentum is asked for without momentum or with
        dampening.

    References
    ----------
    .. [1] Sutskever, Martens, Dahl, Hinton, *On the importance of initialization and momentum in
       deep learning* (2013), section 2. The learning rate stands outside of the momentum here,
       as in PyTorch, and inside there.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0])
    >>> optimizer = SGD([p], lr=0.1, momentum=0.9)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.data
    array([0.8])
    """

    kept = ("momentum_buffer",)

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = self._not_negative("momentum", momentum)
        self.dampening = self._not_negative("dampening", dampening)
        self.weight_decay = self._not_negative("weight_decay", weight_decay)
        self.nesterov = nesterov
        if nesterov and (momentum == 0 or dampening != 0):
            raise ArgumentError(
                "SGD: Nesterov's momentum needs momentum, and no dampening.",
                expected="momentum above 0 and dampening=0",
                got=f"momentum={momentum} and dampening={dampening}",
            )
        self._buffers: list[Any] = [None] * len(self.parameters)

    def step(self) -> None:
        lr = float(self.lr)
        moving = self._moving()
        if self.momentum or self.weight_decay:
            moving = [(i, p, self._direction(i, p._data, g)) for i, p, g in moving]
        for _, p, g in moving:
            subtract(p, lr * g)

    def _direction(self, place: int, p: Any, g: Any) -> Any:
        """Give the equations' ``b``, or their ``g + μ b``."""
        mu = float(self.momentum)
        if self.weight_decay:
            g = g + float(self.weight_decay) * p
        if not mu:
            return g
        b = self._buffers[place]
        b = np.array(g)[()] if b is None else mu * b + (1 - float(self.dampening)) * g
        self._buffers[place] = b
        return g + mu * b if self.nesterov else b

    @property
    def state(self) -> State:
        return [{} if b is None else {"momentum_buffer": b} for b in self._buffers]

    def _restore(self, state: State) -> None:
        self._buffers = [kept.get("momentum_buffer") for kept in state]
