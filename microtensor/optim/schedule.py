"""What every schedule is: it gives each group of an optimizer another rate, time after time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import state
from .optimizer import Optimizer
from .options import Check, check
from .recorded import RecordedGroup, number
from .states import as_array, copied, from_array, refuse

EVERY = Check(
    "must say when the schedule moves", "'epoch' or 'step'", lambda x: x in ("epoch", "step")
)


class LRScheduler:
    """Changes the learning rates of an optimizer, group by group.

    Making it sets the rates of the first epoch; `step`, called after the epoch's last step of the
    optimizer, sets those of the next. A schedule of your own gives `get_lr`.

    Parameters
    ----------
    optimizer : Optimizer
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`: after each epoch, or after each step of the optimizer.

    Attributes
    ----------
    last_epoch : int
        How often `step` was called: the index of the epoch, or step, whose rates are set.
    base_lrs : list of float
        Each group's rate before any schedule changed it.

    Raises
    ------
    ArgumentError
        If there is no optimizer, or an option has a value that cannot be.

    Notes
    -----
    Several schedules of one optimizer multiply: each changes the rate that it finds.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> class Halves(LRScheduler):
    ...     def get_lr(self):
    ...         rates = [group["lr"] for group in self.optimizer.param_groups]
    ...         return [rate / 2 for rate in rates] if self.last_epoch else rates
    >>> schedule = Halves(optim.SGD([nn.Parameter(1.0)], lr=0.8))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.4]
    """

    every: str
    kept: tuple[str, ...] = ("last_epoch", "base_lrs")  # what state_dict holds

    def __init__(self, optimizer: Optimizer, every: str = "epoch") -> None:
        self._attach(optimizer, every)
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", float(group["lr"]))
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.begin()

    def _attach(self, optimizer: Optimizer, every: str) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"{name}: the first argument must be the optimizer.",
                expected="such as optim.SGD(net.parameters(), lr=0.1)",
                got=f"a {type(optimizer).__name__}",
            )
        self.optimizer = optimizer
        self.every = check(name, "every", EVERY, every)
        self.last_epoch = 0

    def get_lr(self) -> list[float]:
        """Compute each group's rate for ``self.last_epoch`` from the one that it has now."""
        raise NotImplementedError(f"{type(self).__name__} does not say how rates change.")

    def begin(self) -> None:
        """Set the rates of the first epoch, from those that the optimizer has."""
        self.last_epoch = 0
        self._set(self.get_lr())

    def restart(self) -> None:
        """Set the rates of the first epoch, from those that were there before any schedule."""
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = lr
        self.begin()

    def step(self) -> None:
        """Set the rates of the next epoch, or of the next step."""
        if state.tracer is not None:  # a program reads the rates, and this is done beside it
            return state.tracer.effect(self.step, self.optimizer.param_groups)
        self.last_epoch += 1
        self._set(self.get_lr())

    def _set(self, rates: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """List the groups' rates that are set now."""
        groups: Any = self.optimizer.param_groups
        if state.tracer is not None:  # a program reads them at each call
            groups = [RecordedGroup(state.tracer, group) for group in groups]
        return [number(group["lr"]) for group in groups]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy all that the schedule remembers into a flat dict of arrays."""
        return {name: as_array(getattr(self, name)) for name in self.kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; the rates themselves are the optimizer's state.

        Raises
        ------
        ParameterError
            If it is the state of another kind of schedule, or of another number of groups.
            Nothing is changed then.
        """
        self._take(self._read(copied(type(self).__name__, state)))

    def _read(self, given: dict[str, np.ndarray]) -> dict[str, Any]:
        """Check a state, and give what it says by the names of attributes."""
        own = LRScheduler.state_dict(self)
        misfits = [n for n, x in own.items() if n not in given or not _alike(given[n], x)]
        misfits += [name for name in given if name not in own]
        refuse(type(self).__name__, "this schedule", misfits)
        found = {name: from_array(x) for name, x in given.items()}
        return {n: list(x) if isinstance(x, tuple) else x for n, x in found.items()}

    def _take(self, found: dict[str, Any]) -> None:
        for name, x in found.items():
            setattr(self, name, x)

    def __repr__(self) -> str:
        names = [n for n in self.kept if n != "base_lrs"]
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in [*names, "every"])
        return f"{type(self).__name__}({shown})"


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype == np.uint8 or a.shape == b.shape  # texts may be of any length


def for_groups(
    name: str, optimizer: Optimizer, option: str, must: Check, given: Any
) -> list[float]:
    """Give a number for each group, from one for all or a list."""
    groups = len(optimizer.param_groups)
    listed = list(given) if isinstance(given, list | tuple) else [given] * groups
    if len(listed) != groups:
        raise ArgumentError(
            f"{name}: {option} must be one number, or a list of one for each group.",
            expected=f"{groups} of them",
            got=repr(given),
        )
    return [float(check(name, option, must, x)) for x in listed]
