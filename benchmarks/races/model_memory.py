"""Peak memory of one training step beyond what the model holds, for whole models, PyTorch's too.

Each contestant has a process of its own, makes the steps that show that it computes what the others
do, and then one whose memory is followed: each allocation adds, each release subtracts, and the
highest sum counts. What a compiled step keeps for the next one counts too. NumPy reports its arrays
to `tracemalloc`; PyTorch reports its tensors to its profiler, which does not see what oneDNN and
MKL take for themselves, so that PyTorch is measured at its best. XLA reports nothing, so it is
named and not measured.

To add a model, add its race of steps to MODELS: a `StepRace` whose contestants have the keys
"microtensor" and "pytorch" (and "jax", or others that are NumPy's). There is nothing else to write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.processes import ProcessRace
from benchmarks.race import CHECKED_STEPS, Contestant, StepRace
from benchmarks.races import lenet, lstm, transformer
from benchmarks.races.memory import is_compiled, peak

MODELS: list[StepRace] = [*lenet.RACES, *lstm.RACES, *transformer.RACES]

UNSEEN = {"jax": "not measured: its allocator is unseen"}


def peak_of_pytorch(step: Callable[[], Any]) -> int:
    """Bytes of PyTorch's tensors at the highest point of one call, above what was held before."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    events = profiler.profiler.kineto_results.events()
    changes = [(e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"]
    highest = held = 0
    for _, change in sorted(changes, key=lambda at_and_bytes: at_and_bytes[0]):
        held += change
        highest = max(highest, held)
    return highest


def measuring(race: StepRace, contestant: Contestant) -> Contestant:
    """The contestant of a race of steps, as one of a race of processes that measures memory."""
    follow = peak_of_pytorch if contestant.key == "pytorch" else peak

    def enter(quick: bool) -> dict[str, Any]:
        if is_compiled(contestant):
            losses, held = contestant.enter.held(race.problem())
            return {"value": held / 1024, "check": losses}
        step = contestant.enter(race.problem())
        losses = [float(step()) for _ in range(CHECKED_STEPS)]
        return {"value": follow(step) / 1024, "check": losses}

    return replace(contestant, enter=enter, excuse=UNSEEN.get(contestant.key, ""))


RACES = [
    ProcessRace(
        name=f"memory-{race.name}",
        title=f"peak memory of {race.title}",
        unit="KiB",
        contestants=[measuring(race, contestant) for contestant in race.contestants],
        rounds=3,
    )
    for race in MODELS
]
