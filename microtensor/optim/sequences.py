"""Several schedules for one optimizer: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import state
from .optimizer import Optimizer
from .options import COUNT, check
from .plateau import ReduceLROnPlateau
from .schedule import LRScheduler
from .states import refuse


class _Several(LRScheduler):
    """Schedules whose state is that of each of them, under its place."""

    kept: tuple[str, ...] = ("last_epoch",)
    schedulers: list[LRScheduler]

    def _gather(self, optimizer: Any, schedulers: Iterable[LRScheduler], every: str | None) -> None:
        name, found = type(self).__name__, list(schedulers)
        if not found:
            raise ArgumentError(f"{name}: there is no schedule to follow.", expected="at least one")
        for place, x in enumerate(found):
            if not isinstance(x, LRScheduler) or isinstance(x, ReduceLROnPlateau):
                raise ArgumentError(
                    f"{name}: schedulers must be schedules that need no metric.",
                    expected="such as [LinearLR(optimizer), ExponentialLR(optimizer, 0.9)]",
                    got=f"a {type(x).__name__} in place {place}",
                )
            if x.optimizer is not optimizer:
                raise ArgumentError(
                    f"{name}: all schedules must be of one optimizer.",
                    expected="the same optimizer for each",
                    got=f"another one for the {type(x).__name__} in place {place}",
                )
        times = {x.every for x in found}
        if every is None and len(times) > 1:
            raise ArgumentError(
                f"{name}: its schedules move at different times.",
                expected="every='epoch' or every='step', for this one and all in it",
                got=" and ".join(f"{type(x).__name__}({x.every!r})" for x in found),
            )
        self._attach(optimizer, every or times.pop())
        self.schedulers = found
        self.base_lrs = [group["initial_lr"] for group in self.optimizer.param_groups]

    def _reset(self) -> None:
        """Give the groups the rates that they had before any schedule."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]

    def restart(self) -> None:
        self._reset()
        self.begin()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy all that the schedules remember: those in place i under such as "0.last_epoch"."""
        found = super().state_dict()
        for place, x in enumerate(self.schedulers):
            found.update({f"{place}.{key}": array for key, array in x.state_dict().items()})
        return found

    def _read(self, given: dict[str, np.ndarray]) -> dict[str, Any]:
        found = super()._read({key: x for key, x in given.items() if "." not in key})
        parts: list[dict[str, np.ndarray]] = [{} for _ in self.schedulers]
        for key, x in given.items():
            place, dot, rest = key.partition(".")
            if dot and place.isdecimal() and int(place) < len(parts):
                parts[int(place)][rest] = x
            elif dot:
                refuse(type(self).__name__, "these schedules", [key])
        pairs = zip(self.schedulers, parts, strict=True)
        return {**found, "schedulers": [x._read(part) for x, part in pairs]}

    def _take(self, found: dict[str, Any]) -> None:
        for x, inside in zip(self.schedulers, found.pop("schedulers"), strict=True):
            x._take(inside)
        super()._take(found)


class SequentialLR(_Several):
    """Follows one schedule after the other, each from its beginning.

    In epoch ``t``, with milestones ``m1, m2 ...``: the first schedule up to ``m1``, from there on
    the second in its epoch ``t - m1``, and so on.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : list of LRScheduler
        Schedules of this optimizer; none that needs a metric.
    milestones : list of int
        The first epoch of each schedule but the first, in ascending order.
    every : {"epoch", "step"}, optional
        When ``train.fit`` calls `step`; as its schedules say.

    Raises
    ------
    ArgumentError
        If these are no such schedules, or the milestones not one fewer or not ascending.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(1.0)], lr=0.8)
    >>> warm_up = optim.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> schedule = SequentialLR(optimizer, [warm_up, optim.ExponentialLR(optimizer, 0.5)], [2])
    >>> for _ in range(4):
    ...     print(round(schedule.get_last_lr()[0], 6))
    ...     schedule.step()
    0.4
    0.6
    0.8
    0.4
    """

    kept = ("last_epoch", "milestones")

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Iterable[LRScheduler],
        milestones: Iterable[int],
        *,
        every: str | None = None,
    ) -> None:
        self._gather(optimizer, schedulers, every)
        self.milestones = [check("SequentialLR", "each milestone", COUNT, t) for t in milestones]
        ascending = self.milestones == sorted(set(self.milestones))
        if not ascending or len(self.milestones) != len(self.schedulers) - 1:
            raise ArgumentError(
                "SequentialLR: milestones must say when each schedule but the first begins.",
                expected=f"{len(self.schedulers) - 1} epochs, in ascending order",
                got=repr(self.milestones),
            )
        self._reset()
        self.begin()

    def begin(self) -> None:
        self.last_epoch = 0
        self.schedulers[0].begin()

    def step(self) -> None:
        if state.tracer is not None:
            return super().step()
        self.last_epoch += 1
        now = self.schedulers[bisect_right(self.milestones, self.last_epoch)]
        if self.last_epoch in self.milestones:
            now.restart()
        else:
            now.step()


class ChainedScheduler(_Several):
    """Follows several schedules at once: their factors multiply.

    Parameters
    ----------
    schedulers : list of LRScheduler
        Schedules of one optimizer; none that needs a metric.
    optimizer : Optimizer, optional
        Theirs.
    every : {"epoch", "step"}, optional
        When ``train.fit`` calls `step`; as its schedules say.

    Raises
    ------
    ArgumentError
        If these are no such schedules.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(1.0)], lr=0.8)
    >>> warm_up = optim.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> schedule = ChainedScheduler([warm_up, optim.ExponentialLR(optimizer, 0.5)])
    >>> for _ in range(4):
    ...     print(round(schedule.get_last_lr()[0], 6))
    ...     schedule.step()
    0.4
    0.2
    0.2
    0.1
    """

    def __init__(
        self,
        schedulers: Iterable[LRScheduler],
        optimizer: Optimizer | None = None,
        *,
        every: str | None = None,
    ) -> None:
        found = list(schedulers)
        if optimizer is None and found:
            optimizer = getattr(found[0], "optimizer", None)
        self._gather(optimizer, found, every)

    def begin(self) -> None:
        self.last_epoch = 0
        for x in self.schedulers:
            x.begin()

    def step(self) -> None:
        if state.tracer is not None:
            return super().step()
        self.last_epoch += 1
        for x in self.schedulers:
            x.step()
