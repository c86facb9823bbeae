"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .optimizer import Moving, Optimizer, subtract
from .options import NOT_NEGATIVE, SWITCH, Group, Option
from .recorded import number, numbers_of


class SGD(Optimizer):
    """Steps against the gradient, with momentum if it is asked for.

    With gradient ``g``, parameter ``p``, momentum ``μ``, dampening ``τ``, weight decay ``λ``::

        g = g + λ p                   (g = -g before that, to maximize)
        b = μ b + (1 - τ) g           (b = g in the first step)
        p = p - lr b                  (Nesterov: p - lr (g + μ b); no momentum: p - lr g)

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        Those to train, or groups of them with options of their own; see `Optimizer`.
    lr : float, default 0.001
    momentum, dampening, weight_decay : float, default 0
    nesterov : bool, default False
        Whether to step from where momentum will have led.
    maximize : bool, default False
        Whether to climb.

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

    momentum = Option(NOT_NEGATIVE)
    dampening = Option(NOT_NEGATIVE)
    weight_decay = Option(NOT_NEGATIVE)
    nesterov = Option(SWITCH)
    maximize = Option(SWITCH)

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
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    @classmethod
    def check_together(cls, group: Mapping[str, Any]) -> None:
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ArgumentError(
                "SGD: Nesterov's momentum needs momentum, and no dampening.",
                expected="momentum above 0 and dampening=0",
                got=f"momentum={group['momentum']} and dampening={group['dampening']}",
            )

    def move(self, group: Group, moving: Moving) -> None:
        lr = number(group["lr"])
        if group["momentum"] or group["weight_decay"]:
            moving = self._directions(group, moving)
        subtract([(p, lr * g) for p, g in moving])

    def _directions(self, group: Group, moving: Moving) -> Moving:
        """Give the equations' ``b``, or their ``g + μ b``, in place of each gradient."""
        decay, mu, state = number(group["weight_decay"]), number(group["momentum"]), self.state
        new, nesterov = 1 - number(group["dampening"]), group["nesterov"]
        found = []
        for p, g in moving:
            if decay:
                g = g + decay * numbers_of(p)
            if mu:
                kept = state.get(p)
                b = np.copy(g)[()] if kept is None else mu * kept["momentum_buffer"] + new * g
                state[p] = {"momentum_buffer": b}
                g = g + mu * b if nesterov else b
            found.append((p, g))
        return found
