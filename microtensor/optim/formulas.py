"""Rates that a formula gives for each epoch: a base of schedules, and any function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError
from .optimizer import Optimizer
from .schedule import LRScheduler


class Factor(LRScheduler):
    """Schedules whose rate is ``floor + (base - floor) · factor(t)`` in epoch t.

    Each step multiplies what it finds by ``factor(t) / factor(t - 1)``, so that schedules of one
    optimizer multiply, as PyTorch's do.
    """

    floor = 0.0

    def factor(self, t: int) -> float:
        """Give the part of the first rate that is used in epoch t."""
        raise NotImplementedError(f"{type(self).__name__} has no formula.")

    def get_lr(self) -> list[float]:
        before = self.factor(self.last_epoch - 1) if self.last_epoch else 1.0
        after = self.factor(self.last_epoch)
        rates = self.get_last_lr()
        if after == before:
            return rates
        if before == 0:  # what was multiplied by 0 begins again
            return [
                lr + (base - self.floor) * after
                for lr, base in zip(rates, self.base_lrs, strict=True)
            ]
        return [self.floor + (lr - self.floor) * (after / before) for lr in rates]


class LambdaLR(LRScheduler):
    """Multiplies the first rate by a function of the epoch.

    In epoch ``t``::

        lr = base · lr_lambda(t)

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or list of them
        Gives a factor for an epoch; a list has one for each group.
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If it is not callable, or a list has not one for each group.

    Notes
    -----
    Functions are no part of ``state_dict()``: give the same ones when you go on.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = LambdaLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), lambda t: 1 / (1 + t))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.4]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        *,
        every: str = "epoch",
    ) -> None:
        self._attach(optimizer, every)
        groups = len(optimizer.param_groups)
        given: list[Any] = (
            list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * groups
        )
        if len(given) != groups or not all(map(callable, given)):
            raise ArgumentError(
                "LambdaLR: lr_lambda must be a function, or a list of one for each group.",
                expected=f"such as lambda t: 0.95**t, or {groups} of them",
                got=repr(lr_lambda),
            )
        self.lr_lambdas = given
        super().__init__(optimizer, every)

    def get_lr(self) -> list[float]:
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * float(factor(self.last_epoch)) for base, factor in pairs]
