"""How do rates begin? Low, for a while or ever less so."""

from __future__ import annotations

from .formulas import Factor
from .optimizer import Optimizer
from .options import COUNT, Check, check, is_number

POSITIVE_FACTOR = Check(
    "must be a factor above 0, at most 1", "such as 0.1", lambda x: is_number(x) and 0 < x <= 1
)
FACTOR = Check(
    "must be a factor from 0 to 1", "such as 1.0", lambda x: is_number(x) and 0 <= x <= 1
)


class LinearLR(Factor):
    """Warms up: lets the rate grow along a line, from a part of its first value to all of it.

    In epoch ``t``, with ``s`` and ``e`` the first and the last factor::

        lr = base · (s + (e - s) min(t, total_iters) / total_iters)

    Parameters
    ----------
    optimizer : Optimizer
    start_factor : float, default 1/3
        Above 0, at most 1.
    end_factor : float, default 1
        From 0 to 1.
    total_iters : int, default 5
        From which epoch on the factor is ``end_factor``.
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If a factor or total_iters is out of its range.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = LinearLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), 0.25, total_iters=3)
    >>> for _ in range(4):
    ...     print(round(schedule.get_last_lr()[0], 6))
    ...     schedule.step()
    0.2
    0.4
    0.6
    0.8
    """

    kept = ("last_epoch", "base_lrs", "start_factor", "end_factor", "total_iters")

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        *,
        every: str = "epoch",
    ) -> None:
        self.start_factor = check("LinearLR", "start_factor", POSITIVE_FACTOR, start_factor)
        self.end_factor = check("LinearLR", "end_factor", FACTOR, end_factor)
        self.total_iters = check("LinearLR", "total_iters", COUNT, total_iters)
        super().__init__(optimizer, every)

    def factor(self, t: int) -> float:
        gone = min(t, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * gone


class ConstantLR(Factor):
    """Keeps the rate at a part of its first value for a while.

    In epoch ``t``::

        lr = base · factor, and base from t = total_iters on

    Parameters
    ----------
    optimizer : Optimizer
    factor : float, default 1/3
        Above 0, at most 1.
    total_iters : int, default 5
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If the factor or total_iters is out of its range.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = ConstantLR(optim.SGD([nn.Parameter(1.0)], lr=0.8), 0.5, total_iters=1)
    >>> schedule.get_last_lr()
    [0.4]
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.8]
    """

    kept = ("last_epoch", "base_lrs", "start_factor", "total_iters")

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        *,
        every: str = "epoch",
    ) -> None:
        self.start_factor = check("ConstantLR", "factor", POSITIVE_FACTOR, factor)
        self.total_iters = check("ConstantLR", "total_iters", COUNT, total_iters)
        super().__init__(optimizer, every)

    def factor(self, t: int) -> float:
        return self.start_factor if t < self.total_iters else 1.0
