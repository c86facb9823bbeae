"""Taking turns: contestants, races, and the check that all computed the same."""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

CHECKED_STEPS = 5

# Two float32 programs that sum in another order drift apart by some thousand roundings; half the
# digits must remain: sqrt(eps) of float32.
TOLERANCE = 2.0**-11.5


class DisagreementError(RuntimeError):
    """A contestant computes something else than the yardstick, so its time means nothing."""


@dataclass(frozen=True)
class Contestant:
    """Who takes part: `enter` is what the race calls; `needs` is the module it cannot do without.

    A contestant that is there but cannot take part says why in `excuse`: it is named, not dropped.
    """

    key: str
    title: str
    needs: str
    enter: Callable[..., Any] | None = None
    excuse: str = ""

    def installed(self) -> bool:
        """Whether the module is found; nothing of a peer is imported to learn it."""
        try:
            return importlib.util.find_spec(self.needs) is not None
        except ModuleNotFoundError:  # the package around a submodule is not there
            return False


@dataclass
class Result:
    """What a race measured: one number per contestant and round, in the order of the turns."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Race:
    """A contest. The first contestant is the yardstick; `ours` is set against each of the others.

    Subclasses say how to measure: `measure(contestants, quick, result)` fills the result.
    """

    name: str
    title: str
    unit: str
    contestants: Sequence[Contestant]
    ours: str = "microtensor"

    def run(self, keys: Iterable[str] | None = None, quick: bool = False) -> Result:
        """Measure those installed, or of them those asked for; name the others with a reason."""
        result, starters = Result(), []
        for contestant in self.contestants:
            if keys is not None and contestant.key not in keys:
                result.missing[contestant.key] = "not asked for"
            elif contestant.excuse:
                result.missing[contestant.key] = contestant.excuse
            elif not contestant.installed():
                result.missing[contestant.key] = f"absent: no module named {contestant.needs}"
            else:
                starters.append(contestant)
        if starters:
            self.measure(starters, quick, result)
        return result

    def measure(self, contestants: list[Contestant], quick: bool, result: Result) -> None:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class StepRace(Race):
    """Training steps in one process. `enter(problem())` gives `step`: one step, giving the loss.

    Each contestant receives a problem of its own, made anew, so nobody trains another's weights.
    """

    unit: str = "us"
    problem: Callable[[], Any] = lambda: None

    def measure(self, contestants: list[Contestant], quick: bool, result: Result) -> None:
        steps = {c.key: c.enter(self.problem()) for c in contestants}
        agree({name: [float(step()) for _ in range(CHECKED_STEPS)] for name, step in steps.items()})
        rounds, turn = (5, 0.002) if quick else (51, 0.01)
        result.samples = in_turn(steps, rounds, turn)


def agree(losses: dict[str, list[float]]) -> None:
    """Refuse contestants whose losses, step by step, are not those of the first one.

    Raises
    ------
    DisagreementError
        If a loss differs by more than TOLERANCE, relative to the yardstick's; or if the yardstick's
        own loss hardly moves, for then agreement would prove nothing.
    """
    (yardstick, expected), *others = losses.items()
    if abs(expected[-1] - expected[0]) < 20 * TOLERANCE * abs(expected[0]):
        raise DisagreementError(
            f"{yardstick}: the loss hardly moves in {len(expected)} steps, so it cannot tell\n"
            f"  got       {expected}\n"
            "  Take a larger learning rate."
        )
    for name, got in others:
        if not all(abs(g - e) <= TOLERANCE * abs(e) for g, e in zip(got, expected, strict=True)):
            raise DisagreementError(
                f"{name}: does not compute what {yardstick} computes; the race is void\n"
                f"  expected  losses {expected}\n"
                f"  got       losses {got}"
            )


def in_turn(
    steps: dict[str, Callable[[], Any]], rounds: int, turn: float
) -> dict[str, list[float]]:
    """Microseconds a call, one mean per contestant and round, taken A B C A B C ...

    A turn is as many calls as the first contestant makes in `turn` seconds, and the same number for
    everybody. The collector stays on, and its share counts; what the libraries made when they were
    imported is frozen first, so nobody pays for the heap of another.
    """
    gc.collect()
    gc.freeze()
    try:
        first = next(iter(steps.values()))
        calls = max(1, round(turn * 1e6 / min(time_of(first, 1) for _ in range(5))))
        samples: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                samples[name].append(time_of(step, calls))
    finally:
        gc.unfreeze()
    return samples


def time_of(step: Callable[[], Any], calls: int) -> float:
    """Microseconds a call, the mean of `calls` in a row."""
    start = perf_counter()
    for _ in range(calls):
        step()
    return (perf_counter() - start) / calls * 1e6
