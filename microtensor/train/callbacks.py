"""What happens beside training? Callbacks, called at four moments, and the simplest of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import optim

if TYPE_CHECKING:
    from .runs import Run


class Callback:
    """What is called at four moments of training; write those that you need.

    Each is given the `Run`: its ``model``, ``optimizer``, ``history``, ``epoch`` (how many are
    done), ``step`` (of the epoch, how many are done), and ``stop(reason)``, which ends training
    after the step or epoch that it is called in.

    A callback that remembers something gives it in ``state_dict`` and takes it in
    ``load_state_dict``, and is then resumed with the rest; one that does not may be there or not.

    Examples
    --------
    >>> class StopWhenGood(Callback):
    ...     def after_epoch(self, run):
    ...         if run.history["loss"][-1] < 0.1:
    ...             run.stop("the loss is small enough")
    """

    def before_training(self, run: Run) -> None:
        """Begin anew: an object may be used for several trainings."""

    def after_step(self, run: Run) -> None:
        """The parameters have moved, the gradients are still there, the schedule has not moved."""

    def after_epoch(self, run: Run) -> None:
        """The history has the epoch; the schedule has not moved yet."""

    def after_training(self, run: Run) -> None:
        """The last epoch is done, or training was stopped, but not by an error."""

    def state_dict(self) -> dict[str, Any]:
        """Give what is to be remembered: numbers, words and arrays."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave."""


class CSVLog(Callback):
    """Keeps the history in a CSV file: whole after each epoch, however training ends.

    Parameters
    ----------
    path : str or path
        A file that is there is replaced. A training that is resumed writes the epochs before, too.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def after_epoch(self, run: Run) -> None:
        run.history.to_csv(self.path)


class AverageWeights(Callback):
    """Keeps the moving average of the weights, and gives it to the model at the end.

    Until then, what is validated are the weights that train. ``callback.ema.applied()`` uses the
    average for a while.

    Parameters
    ----------
    decay : float, default 0.999
        See `microtensor.optim.EMA`.

    Attributes
    ----------
    ema : EMA
        There from the beginning of training.
    """

    ema: optim.EMA

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay

    def before_training(self, run: Run) -> None:
        self.ema = optim.EMA(run.model, self.decay)

    def after_step(self, run: Run) -> None:
        self.ema.update()

    def after_training(self, run: Run) -> None:
        for parameter, average in zip(self.ema.parameters, self.ema.average, strict=True):
            parameter.data = average.copy()

    def state_dict(self) -> dict[str, Any]:
        return self.ema.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.ema.load_state_dict(state)
