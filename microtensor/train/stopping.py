"""When is it enough? The best epoch is kept, and training ends when none is better for long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from .callbacks import Callback

if TYPE_CHECKING:
    from .runs import Run

_SMALL_IS_GOOD = ("loss", "error", "perplexity")
_LARGE_IS_GOOD = ("accuracy", "r2", "top_")


class BestWeights(Callback):
    """Keeps the weights of the best epoch, and puts them back at the end.

    Parameters
    ----------
    monitor : str, optional
        The name in the history that decides; "val_loss" if there is validation, else "loss".
    mode : "min" or "max", optional
        Whether small is good; known for losses, errors and the metrics of this library.

    Attributes
    ----------
    best : float
        The best number so far.
    epoch : int
        The epoch that it was measured after, from 1; 0 if there was none.

    Raises
    ------
    ArgumentError
        If monitor was not measured, or nobody knows whether small is good.
    """

    restores = True

    def __init__(self, monitor: str | None = None, *, mode: str | None = None) -> None:
        if mode not in (None, "min", "max"):
            raise ArgumentError(
                f"{type(self).__name__}: mode says whether small or large is good.",
                expected='"min", "max" or None',
                got=repr(mode),
            )
        self.monitor, self.mode, self.min_delta = monitor, mode, 0.0
        self._begin()

    def _begin(self) -> None:
        self.best, self.epoch, self.weights = math.nan, 0, None

    def before_training(self, run: Run) -> None:
        self._begin()

    def after_epoch(self, run: Run) -> None:
        name = self._watched(run)
        now = run.history[name][-1]
        if self._is_better(now, self._sign(name)):
            self.best, self.epoch = now, run.history.epochs
            self.weights = run.model.state_dict() if self.restores else None

    def after_training(self, run: Run) -> None:
        if self.weights is not None:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best, self.epoch, self.weights = state["best"], state["epoch"], state["weights"]

    def _watched(self, run: Run) -> str:
        name = self.monitor or ("val_loss" if "val_loss" in run.history else "loss")
        if name not in run.history:
            raise ArgumentError(
                f"{type(self).__name__}: what it monitors was not measured.",
                expected=f"one of {', '.join(run.history)}",
                got=repr(name),
            )
        return name

    def _sign(self, name: str) -> float:
        """Give +1 where small is good, -1 where large is."""
        if self.mode:
            return 1.0 if self.mode == "min" else -1.0
        if any(word in name for word in _SMALL_IS_GOOD):
            return 1.0
        if any(word in name for word in _LARGE_IS_GOOD):
            return -1.0
        raise ArgumentError(
            f"{type(self).__name__}: is a small {name} good, or a large one?",
            expected='mode="min" or mode="max"',
            got="no mode",
        )

    def _is_better(self, now: float, sign: float) -> bool:
        if math.isnan(now) or math.isnan(self.best):
            return not math.isnan(now)
        return sign * now < sign * self.best - self.min_delta


class EarlyStopping(BestWeights):
    """Ends training when no epoch was better for a while, and puts the best one's weights back.

    Parameters
    ----------
    monitor : str, optional
        The name in the history that decides; "val_loss" if there is validation, else "loss".
    patience : int, default 5
        How many epochs may pass that are no better.
    min_delta : float, default 0
        By how much an epoch must be better to count.
    mode : "min" or "max", optional
        Whether small is good; known for losses, errors and the metrics of this library.
    restore_best : bool, default True
        Whether to put the weights of the best epoch back at the end.

    Raises
    ------
    ArgumentError
        As `BestWeights`; or if patience is no positive integer, or min_delta is negative.

    References
    ----------
    .. [1] Prechelt, *Early Stopping: But When?* (1998): the criterion UP, by epochs.

    Examples
    --------
    >>> from microtensor import data, losses, nn, optim, train
    >>> net = nn.Linear(2, 2, rng=0)
    >>> history = train.fit(
    ...     net, losses.cross_entropy, data.blobs(60, classes=2, rng=0), epochs=50, rng=0,
    ...     optimizer=optim.SGD(net.parameters(), lr=0.5), progress=False,
    ...     callbacks=[train.EarlyStopping(patience=2, min_delta=0.01)],
    ... )
    >>> history.epochs < 50, history.stopped
    (True, 'loss was no better for 2 epochs')
    """

    def __init__(
        self,
        monitor: str | None = None,
        *,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, mode=mode)
        for name, x, least in (("patience", patience, 1), ("min_delta", min_delta, 0)):
            if not x >= least or (least and x != int(x)):
                raise ArgumentError(
                    f"EarlyStopping: {name} is too small." if x < least else
                    f"EarlyStopping: {name} counts epochs.",
                    expected=f"{'an integer' if least else 'a number'} of at least {least}",
                    got=repr(x),
                )  # fmt: skip
        self.patience, self.min_delta, self.restores = patience, min_delta, restore_best

    def after_epoch(self, run: Run) -> None:
        super().after_epoch(run)
        if run.history.epochs - self.epoch >= self.patience:
            run.stop(f"{self._watched(run)} was no better for {self.patience} epochs")
