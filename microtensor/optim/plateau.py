"""Lower the rate when a metric has stopped getting better."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError
from ..graph import Node, state
from .optimizer import Optimizer
from .options import NOT_NEGATIVE, Check, check, is_number
from .schedule import LRScheduler, for_groups

SHRINKING = Check(
    "must be a factor from 0 to below 1", "such as 0.1", lambda x: is_number(x) and 0 <= x < 1
)
AT_LEAST_0 = Check(
    "must be an integer of at least 0",
    "0, 1, 2 ...",
    lambda x: is_number(x) and x == int(x) and x >= 0,
)
MODE = Check("must say which metric is better", "'min' or 'max'", lambda x: x in ("min", "max"))
THRESHOLD_MODE = Check(
    "must say what the threshold is", "'rel' or 'abs'", lambda x: x in ("rel", "abs")
)


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the rate by ``factor`` when ``patience`` epochs brought nothing better.

    A metric ``a`` is better than the best so far, ``b``, with threshold ``h``, if::

        min:   a < b (1 - h)   (rel)      a < b - h   (abs)
        max:   a > b (1 + h)   (rel)      a > b + h   (abs)

    After ``patience + 1`` epochs in a row that were not better::

        lr = max(lr · factor, min_lr)     (left as it is if that changes it by at most eps)

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}
        Whether small metrics are good, such as losses, or large ones, such as accuracies.
    factor : float, default 0.1
    patience : int, default 10
    threshold : float, default 1e-4
    threshold_mode : {"rel", "abs"}
    cooldown : int, default 0
        How many epochs after a reduction are not counted.
    min_lr : float, or list of float for the groups, default 0
    eps : float, default 1e-8
    every : {"epoch", "step"}
        When ``train.fit`` calls `step`.

    Raises
    ------
    ArgumentError
        If an option is out of its range, or `step` gets no number. A metric that is nan is no
        number: it raises too, where PyTorch counts it as not better.

    Examples
    --------
    >>> from microtensor import nn, optim
    >>> schedule = ReduceLROnPlateau(optim.SGD([nn.Parameter(1.0)], lr=0.8), factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.1):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.4]
    """

    kept = (
        "last_epoch", "base_lrs", "mode", "factor", "patience", "threshold", "threshold_mode",
        "cooldown", "min_lrs", "eps", "best", "num_bad_epochs", "cooldown_counter",
    )  # fmt: skip

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
        *,
        every: str = "epoch",
    ) -> None:
        name = "ReduceLROnPlateau"
        self._attach(optimizer, every)
        self.mode = check(name, "mode", MODE, mode)
        self.factor = check(name, "factor", SHRINKING, factor)
        self.patience = check(name, "patience", AT_LEAST_0, patience)
        self.threshold = check(name, "threshold", NOT_NEGATIVE, threshold)
        self.threshold_mode = check(name, "threshold_mode", THRESHOLD_MODE, threshold_mode)
        self.cooldown = check(name, "cooldown", AT_LEAST_0, cooldown)
        self.min_lrs = for_groups(name, optimizer, "min_lr", NOT_NEGATIVE, min_lr)
        self.eps = check(name, "eps", NOT_NEGATIVE, eps)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer, every)

    def get_lr(self) -> list[float]:
        return self.get_last_lr()  # nothing is known of a metric yet

    def step(self, metric: Any = None) -> None:
        """Take the metric of an epoch, and lower the rates if it is one too many that is no better.

        Parameters
        ----------
        metric : float
            Such as the validation loss; a Value of one number will do.
        """
        tracer = state.tracer
        if tracer is not None:
            groups = self.optimizer.param_groups
            if isinstance(metric, Node):
                return tracer.effect(self.step, groups, of=metric)
            return tracer.effect(lambda: self.step(metric), groups)
        self.last_epoch, metric = self.last_epoch + 1, _number(metric)
        if self._is_better(metric):
            self.best, self.num_bad_epochs = metric, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._set(self._reduced())
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _is_better(self, metric: float) -> bool:
        h, b = self.threshold, self.best
        if self.mode == "min":
            return metric < (b * (1 - h) if self.threshold_mode == "rel" else b - h)
        return metric > (b * (1 + h) if self.threshold_mode == "rel" else b + h)

    def _reduced(self) -> list[float]:
        pairs = zip(self.get_last_lr(), self.min_lrs, strict=True)
        lower = [(lr, max(lr * self.factor, least)) for lr, least in pairs]
        return [new if lr - new > self.eps else lr for lr, new in lower]


def _number(metric: Any) -> float:
    try:
        found = float(metric)
    except (TypeError, ValueError):
        found = math.nan
    if math.isnan(found):
        raise ArgumentError(
            "ReduceLROnPlateau.step: it needs the metric to watch.",
            expected="one number, such as the validation loss",
            got=repr(metric),
        )
    return found
