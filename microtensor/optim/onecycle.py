"""One cycle: up to the largest rate and down to nearly nothing, while momentum does the reverse."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError
from .optimizer import Optimizer
from .options import BELOW_ONE, COUNT, SWITCH, Check, check, is_number, options_of
from .schedule import LRScheduler, for_groups

POSITIVE = Check("must be above 0", "a number above 0", lambda x: is_number(x) and x > 0)
SHARE = Check("must be from 0 to 1", "such as 0.3", lambda x: is_number(x) and 0 <= x <= 1)
STRATEGY = Check("must name a curve", "'cos' or 'linear'", lambda x: x in ("cos", "linear"))


class OneCycleLR(LRScheduler):
    """Lets the rate rise to ``max_lr`` and fall far below its start, and momentum fall and rise.

    With ``N`` steps in all, the rates at three moments, and ``a → b`` a curve from a to b::

        start = max_lr / div_factor        end = start / final_div_factor

        t from 0 to pct_start N - 1:       lr: start → max_lr      momentum: max → base
        from there to N - 1:               lr: max_lr → end        momentum: base → max

        cos:     a → b = b + (a - b) (1 + cos(π x)) / 2            x from 0 to 1
        linear:  a → b = a + (b - a) x

    ``three_phase`` falls back to ``start`` as fast as it rose, until 2 pct_start N - 2, and then
    to ``end``.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float, or list of float for the groups
    total_steps : int, optional
        How often the schedule is asked for a rate; or give ``epochs`` and ``steps_per_epoch``.
    epochs, steps_per_epoch : int, optional
    pct_start : float, default 0.3
        The share of the steps in which the rate rises.
    anneal_strategy : {"cos", "linear"}
    cycle_momentum : bool, default True
        Whether to change SGD's and RMSprop's momentum, or the first of Adam's betas.
    base_momentum, max_momentum : float or list of float, default 0.85 and 0.95
    div_factor, final_div_factor : float, default 25 and 10000
    three_phase : bool, default False
    every : {"step", "epoch"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, if the optimizer has no momentum to cycle, or if `step`
        is called more often than ``total_steps``.

    References
    ----------
    .. [1] Smith, Topin, *Super-Convergence: Very Fast Training of Neural Networks Using Large
       Learning Rates* (2018). Two phases are fastai's, as in PyTorch; the paper has three.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(1.0)], lr=0.1, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.6)
    >>> for _ in range(5):
    ...     print(round(optimizer.lr, 6), round(optimizer.momentum, 6))
    ...     schedule.step()
    0.04 0.95
    0.52 0.9
    1.0 0.85
    0.500002 0.9
    4e-06 0.95
    """

    kept = (
        "last_epoch", "base_lrs", "max_lrs", "min_lrs", "total_steps", "pct_start",
        "anneal_strategy", "cycle_momentum", "base_momentums", "max_momentums", "three_phase",
    )  # fmt: skip

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        *,
        every: str = "step",
    ) -> None:
        self._attach(optimizer, every)
        self.total_steps = _steps(total_steps, epochs, steps_per_epoch)
        self.pct_start = check("OneCycleLR", "pct_start", SHARE, pct_start)
        self.anneal_strategy = check("OneCycleLR", "anneal_strategy", STRATEGY, anneal_strategy)
        self.three_phase = check("OneCycleLR", "three_phase", SWITCH, three_phase)
        self.cycle_momentum = check("OneCycleLR", "cycle_momentum", SWITCH, cycle_momentum)
        self.max_lrs = for_groups("OneCycleLR", optimizer, "max_lr", POSITIVE, max_lr)
        self.base_momentums = for_groups(
            "OneCycleLR", optimizer, "base_momentum", BELOW_ONE, base_momentum
        )
        self.max_momentums = for_groups(
            "OneCycleLR", optimizer, "max_momentum", BELOW_ONE, max_momentum
        )
        check("OneCycleLR", "div_factor", POSITIVE, div_factor)
        check("OneCycleLR", "final_div_factor", POSITIVE, final_div_factor)
        self._check_momentum()
        for group, highest in zip(optimizer.param_groups, self.max_lrs, strict=True):
            group["initial_lr"] = highest / div_factor
        self.min_lrs = [x / div_factor / final_div_factor for x in self.max_lrs]
        super().__init__(optimizer, every)

    def get_lr(self) -> list[float]:
        t = self.last_epoch
        if t > self.total_steps:
            raise ArgumentError(
                "OneCycleLR: the cycle is over.",
                expected=f"at most total_steps={self.total_steps} steps",
                got=f"step {t}",
                hint="Give total_steps=, or epochs= and steps_per_epoch=, of the whole training.",
            )
        x, (first, last) = self._phase(t)
        rates = []
        for i, group in enumerate(self.optimizer.param_groups):
            corner = {
                "start": (self.base_lrs[i], self.max_momentums[i]),
                "top": (self.max_lrs[i], self.base_momentums[i]),
                "end": (self.min_lrs[i], self.max_momentums[i]),
            }
            rates.append(self._between(corner[first][0], corner[last][0], x))
            if self.cycle_momentum:
                _set_momentum(group, self._between(corner[first][1], corner[last][1], x))
        return rates

    def _phase(self, t: int) -> tuple[float, tuple[str, str]]:
        """Tell how far step t is in its phase, from 0 to 1, and what the phase connects."""
        rise = self.pct_start * self.total_steps
        ends = [(rise - 1, ("start", "top")), (self.total_steps - 1, ("top", "end"))]
        if self.three_phase:
            ends[1:] = [(2 * rise - 2, ("top", "start")), (self.total_steps - 1, ("start", "end"))]
        begin = 0.0
        for end, corners in ends:
            if t <= end:
                return (t - begin) / (end - begin) if end > begin else 1.0, corners
            begin = end
        return 1.0, corners  # one step too many, which no step of the optimizer uses

    def _between(self, a: float, b: float, x: float) -> float:
        if self.anneal_strategy == "linear":
            return a + (b - a) * x
        return b + (a - b) * (1 + math.cos(math.pi * x)) / 2

    def _check_momentum(self) -> None:
        options = options_of(type(self.optimizer))
        if self.cycle_momentum and not {"momentum", "betas"} & set(options):
            raise ArgumentError(
                f"OneCycleLR: {type(self.optimizer).__name__} has no momentum to cycle.",
                expected="an optimizer with the option momentum or betas",
                got=f"one with {', '.join(options)}",
                hint="Give cycle_momentum=False.",
            )


def _set_momentum(group: Any, momentum: float) -> None:
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    """Give the number of all steps, from one of the two ways to tell it."""
    if total_steps is not None:
        return check("OneCycleLR", "total_steps", COUNT, total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ArgumentError(
            "OneCycleLR: it must know how many steps there are.",
            expected="total_steps, or both epochs and steps_per_epoch",
            got=f"epochs={epochs} and steps_per_epoch={steps_per_epoch}",
        )
    check("OneCycleLR", "epochs", COUNT, epochs)
    return epochs * check("OneCycleLR", "steps_per_epoch", COUNT, steps_per_epoch)
