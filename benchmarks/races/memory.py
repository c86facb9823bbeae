"""Peak memory of one training step beyond what the model holds, for the MLPs of `mlp`.

NumPy reports its arrays to `tracemalloc`; PyTorch and XLA have allocators of their own, which it
does not see, so they are named and not measured.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.ours import Ours
from benchmarks.race import Contestant, Race, Result
from benchmarks.races import mlp


@dataclass(frozen=True, kw_only=True)
class MemoryRace(Race):
    """`enter(problem())` gives `step`, as in the race for time."""

    problem: Callable[[], Any]

    def measure(self, contestants: list[Contestant], quick: bool, result: Result) -> None:
        for contestant in contestants:
            rounds = 1 if quick else 3
            if is_compiled(contestant):
                found = [contestant.enter.held(self.problem())[1] for _ in range(rounds)]
            else:
                step = contestant.enter(self.problem())
                step()
                found = [peak(step) for _ in range(rounds)]
            result.samples[contestant.key] = [n / 1024 for n in found]


def is_compiled(contestant: Contestant) -> bool:
    """Whether a contestant keeps memory between its steps, which counts."""
    return isinstance(contestant.enter, Ours) and contestant.enter.backend is not None


def peak(step: Callable[[], Any]) -> int:
    """Bytes at the highest point of one call, above what was held before it."""
    gc.collect()
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


UNSEEN = {"pytorch", "jax"}
CONTESTANTS = [
    replace(c, excuse="not measured: its allocator is unseen") if c.key in UNSEEN else c
    for c in mlp.CONTESTANTS
]

RACES = [
    MemoryRace(
        name=f"memory-{race.name.removeprefix('mlp-')}",
        title=f"peak memory of {race.title}",
        unit="KiB",
        contestants=CONTESTANTS,
        problem=race.problem,
    )
    for race in mlp.RACES
]
