"""The loss became nan: where did it come from? The batch is run again, with every call watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..anomalies import detect_anomaly
from ..calls import plain
from ..errors import AnomalyError
from ..graph import label, rebind
from ..nesting import leaves
from ..randomness import Rng, generator, get_state, set_state
from .chances import Generators
from .feeding import Part
from .steering import rate


class Moment(NamedTuple):
    """What a step started from: enough to take it again."""

    group: list[Part]
    numbers: list[Any]  # of the parameters; optimizers make new arrays, so these stay as they are
    chances: list[tuple[Any, Any]]  # generators, and where they stood


class Detective:
    """Remembers the last two steps, and finds out which operation spoiled the numbers.

    Two, because infinite gradients of one step give infinite parameters, which the loss of the
    next one shows.

    Parameters
    ----------
    model, loss : callable
    optimizer : Optimizer
    """

    def __init__(self, model: Any, loss: Callable, optimizer: Any) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.trained = optimizer.parameters
        state = [x for _, x in model.named_state()] if hasattr(model, "named_state") else []
        self.state = list(dict.fromkeys([*self.trained, *state]))
        found = Generators(model=model, loss=loss).found.values()
        self.generators: list[Any] = [None, *(rng for rng in found if isinstance(rng, Rng))]
        self.now: Moment | None = None
        self.before: Moment | None = None

    def remember(self, group: list[Part]) -> None:
        """Note what a step starts from; it costs about a microsecond."""
        chances = self._chances() if self.generators else []
        if self.before is None and self.now is not None:  # what one step draws from, all do
            pairs = zip(chances, self.now.chances, strict=True)
            self.generators = [now[0] for now, before in pairs if now[1] != before[1]]
        self.before, self.now = self.now, Moment(group, [x._data for x in self.state], chances)

    def spoiled(self) -> str | None:
        """Name a trained parameter that is not finite; None if all are. Masks may well be -inf."""
        return next((self._name(x) for x in self.trained if not _is_finite(x._data)), None)

    def _name(self, x: Any) -> str:
        named = self.model.named_state() if hasattr(self.model, "named_state") else ()
        return next((path for path, own in named if own is x), label(x))

    def explain(self, problem: str) -> NoReturn:
        """Raise what is found out about a number that is not finite.

        Raises
        ------
        AnomalyError
            Always: with the first operation that made such a number, its line and module; or
            the data that hold one; or the step, if it was too large.
        """
        report = self._data_report() or self._report(self.now) or self._report(self.before)
        if report is None:
            spoiled = self.spoiled()
            report = (
                f"{spoiled} is not finite, of finite gradients: the step itself was too large.\n"
                f"Try a learning rate smaller than {rate(self.optimizer):.3g}."
                if spoiled
                else "Running the batch again gave finite numbers: what made them differs by run."
            )
        raise AnomalyError(problem, hint=report)

    def _data_report(self) -> str | None:
        """Say which numbers of the batch are not finite, if any are."""
        assert self.now is not None  # a step began
        for part in self.now.group:
            for what, given in (("inputs", part.inputs), ("targets", part.targets)):
                for x in map(np.asarray, map(plain, leaves(given))):
                    bad = ~np.isfinite(x) if x.dtype.kind == "f" else np.zeros(1, bool)
                    if bad.any():
                        rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
                        return (
                            f"Its {what} hold {bad.sum()} numbers of {x.size} that are nan or "
                            f"infinite, first in row {rows[0]}.\n"
                            "Look at the data: np.isfinite(x).all() should be True."
                        )
        return None

    def _report(self, moment: Moment | None) -> str | None:
        """Take a step again as it was, and give what `detect_anomaly` says; then undo it all."""
        if moment is None or not all(map(_is_finite, moment.numbers[: len(self.trained)])):
            return None
        now = Moment([], [x._data for x in self.state], self._chances())
        self._go_to(moment)
        try:
            with detect_anomaly():
                self.optimizer.zero_grad()
                for part in moment.group:
                    self.loss(self.model(*part.inputs), part.targets).backward(leaves_only=True)
        except AnomalyError as error:
            return str(error)
        finally:
            self._go_to(now)
        return None

    def _chances(self) -> list[tuple[Any, Any]]:
        return [(rng, _stand(rng)) for rng in self.generators]

    def _go_to(self, moment: Moment) -> None:
        for x, array in zip(self.state, moment.numbers, strict=True):
            rebind(x, array)
        for rng, state in moment.chances:
            set_state(rng, state)


def _stand(rng: Any) -> Any:
    """Tell where a generator stands, in its own words, which is faster than in plain ones."""
    rng = generator(rng)
    return rng.bit_generator.state if isinstance(rng, np.random.Generator) else get_state(rng)


def _is_finite(x: Any) -> bool:
    return bool(np.isfinite(x).all())
