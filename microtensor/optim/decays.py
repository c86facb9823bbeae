"""How do rates fall over time? In steps, by a power, along a cosine."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable

from .formulas import Factor
from .optimizer import Optimizer
from .options import COUNT, NOT_NEGATIVE, check


class StepLR(Factor):
    """Multiplies the rate by gamma after each ``step_size`` epochs.

    In epoch ``t``::

        lr = base · gamma^floor(t / step_size)

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
    gamma : float, default 0.1
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If step_size is no positive integer, or gamma negative.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = StepLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     print(schedule.get_last_lr())
    ...     schedule.step()
    [0.8]
    [0.8]
    [0.4]
    [0.4]
    """

    kept = ("last_epoch", "base_lrs", "step_size", "gamma")

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, *, every: str = "epoch"
    ) -> None:
        self.step_size = check("StepLR", "step_size", COUNT, step_size)
        self.gamma = check("StepLR", "gamma", NOT_NEGATIVE, gamma)
        super().__init__(optimizer, every)

    def factor(self, t: int) -> float:
        return self.gamma ** (t // self.step_size)


class MultiStepLR(Factor):
    """Multiplies the rate by gamma at each of the milestones.

    In epoch ``t``::

        lr = base · gamma^(how many milestones are at most t)

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
        Epochs.
    gamma : float, default 0.1
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If a milestone is no positive integer, or gamma negative.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = MultiStepLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), [1, 3], gamma=0.5)
    >>> for _ in range(4):
    ...     print(schedule.get_last_lr())
    ...     schedule.step()
    [0.8]
    [0.4]
    [0.4]
    [0.2]
    """

    kept = ("last_epoch", "base_lrs", "milestones", "gamma")

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        *,
        every: str = "epoch",
    ) -> None:
        self.milestones = sorted(
            check("MultiStepLR", "each milestone", COUNT, t) for t in milestones
        )
        self.gamma = check("MultiStepLR", "gamma", NOT_NEGATIVE, gamma)
        super().__init__(optimizer, every)

    def factor(self, t: int) -> float:
        return self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(Factor):
    """Multiplies the rate by gamma after each epoch.

    In epoch ``t``::

        lr = base · gamma^t

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If gamma is negative.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = ExponentialLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.4]
    """

    kept = ("last_epoch", "base_lrs", "gamma")

    def __init__(self, optimizer: Optimizer, gamma: float, *, every: str = "epoch") -> None:
        self.gamma = check("ExponentialLR", "gamma", NOT_NEGATIVE, gamma)
        super().__init__(optimizer, every)

    def factor(self, t: int) -> float:
        return self.gamma**t


class CosineAnnealingLR(Factor):
    """Lets the rate fall along half a cosine, from its first value to ``eta_min``.

    In epoch ``t``::

        lr = eta_min + (base - eta_min) (1 + cos(π t / T_max)) / 2

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
        The epoch that has the lowest rate. After it, the rate rises again.
    eta_min : float, default 0
        The lowest rate.
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If T_max is no positive integer, or eta_min negative.

    References
    ----------
    .. [1] Loshchilov, Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts* (2017),
       equation 5, without restarts.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = CosineAnnealingLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), T_max=2)
    >>> for _ in range(3):
    ...     print(round(schedule.get_last_lr()[0], 6))
    ...     schedule.step()
    0.8
    0.4
    0.0
    """

    kept = ("last_epoch", "base_lrs", "T_max", "eta_min")

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, *, every: str = "epoch"
    ) -> None:
        self.T_max = check("CosineAnnealingLR", "T_max", COUNT, T_max)
        self.eta_min = check("CosineAnnealingLR", "eta_min", NOT_NEGATIVE, eta_min)
        super().__init__(optimizer, every)

    @property
    def floor(self) -> float:  # type: ignore[override]  # a constant of the others
        return self.eta_min

    def factor(self, t: int) -> float:
        return (1 + math.cos(math.pi * t / self.T_max)) / 2
