"""What steers the steps? The learning rate's schedule, and the clipping of gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import optim
from ..errors import ArgumentError


def rate(optimizer: Any) -> float:
    """Give the learning rate, that of the first group where there are several."""
    return float(optimizer.param_groups[0]["lr"])


class Schedule:
    """Moves a schedule when its time has come.

    Parameters
    ----------
    schedule : LRScheduler or callable
        A function gives the rate of each epoch.
    watched : str or None
        The name in the history of the number that it is shown, if it wants one.
    optimizer : Optimizer
    """

    def __init__(self, schedule: Any, watched: str | None, optimizer: Any) -> None:
        self.schedule, self.watched, self.optimizer = schedule, watched, optimizer
        self.kind = type(schedule).__name__
        self.moves = hasattr(schedule, "step")
        self.wants_number = isinstance(schedule, optim.ReduceLROnPlateau)
        self.every = getattr(schedule, "every", "epoch")

    def before_epoch(self, epoch: int) -> None:
        if not self.moves:
            for group in self.optimizer.param_groups:
                group["lr"] = float(self.schedule(epoch))

    def after_step(self, loss: float) -> None:
        if self.moves and self.every == "step":
            self.schedule.step(*([loss] if self.wants_number else []))

    def after_epoch(self, results: Mapping[str, float]) -> None:
        if self.moves and self.every == "epoch":
            self.schedule.step(*([self._number(results)] if self.wants_number else []))

    def _number(self, results: Mapping[str, float]) -> float:
        name = self.watched or ("val_loss" if "val_loss" in results else "loss")
        if name not in results:
            raise ArgumentError(
                f"fit: what {self.kind} is to watch was not measured.",
                expected=f"one of {', '.join(results)}",
                got=repr(name),
            )
        return results[name]

    def state_dict(self) -> Any:
        return self.schedule.state_dict() if self.moves else None

    def load_state_dict(self, state: Any) -> None:
        if self.moves:
            self.schedule.load_state_dict(state)


def as_schedule(given: Any, optimizer: Any) -> Schedule | None:
    """Give what moves a schedule, or say that it is none."""
    if given is None:
        return None
    schedule, watched = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    if isinstance(schedule, type) or not (callable(schedule) or hasattr(schedule, "step")):
        raise ArgumentError(
            "fit: this is no schedule.",
            expected="one of microtensor.optim, or a function of the epoch such as "
            "lambda epoch: 0.1 * 0.9**epoch",
            got=f"the class {schedule.__name__}" if isinstance(schedule, type) else repr(given),
        )
    if getattr(schedule, "optimizer", optimizer) is not optimizer:
        raise ArgumentError("fit: the schedule is of another optimizer than the one that steps.")
    if getattr(schedule, "mode", "min") == "max" and watched is None:
        raise ArgumentError(
            "fit: a schedule that waits for a large number must be told which.",
            expected='such as schedule=(schedule, "val_accuracy")',
            got='a schedule with mode="max", which would be shown the loss',
        )
    return Schedule(schedule, watched, optimizer)


def as_clip(given: Any) -> Callable[[Any], Any] | None:
    """Give a function that clips the gradients of parameters, or None for none."""
    if given is None:
        return None
    wanted = given if isinstance(given, Mapping) else {"norm": given}
    kind, most = next(iter(wanted.items()), (None, None))
    number = isinstance(most, int | float | np.number) and not isinstance(most, bool) and most > 0
    if len(wanted) != 1 or kind not in ("norm", "value") or not number:
        raise ArgumentError(
            "fit: clip says how large gradients may be.",
            expected='a positive number for their norm, {"norm": 1.0} or {"value": 0.5}',
            got=repr(given),
        )
    limit = float(most)  # type: ignore[arg-type]  # `number` says that it is one
    if kind == "norm":
        return lambda parameters: optim.clip_grad_norm(parameters, limit)
    return lambda parameters: optim.clip_grad_value(parameters, limit)
