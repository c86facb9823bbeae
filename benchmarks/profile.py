"""Where our own step spends its time: cProfile of the contestant `ours` of a race of steps."""

from __future__ import annotations

import cProfile
import io
import pstats

from benchmarks.race import StepRace
from benchmarks.races import RACES

CALLS = 500


def profile(name: str, lines: int = 25) -> str:
    """The functions with the most time of their own in CALLS steps, as text.

    Raises
    ------
    LookupError
        If there is no such race, or it is not one of steps in this process.
    """
    race = RACES.get(name)
    if not isinstance(race, StepRace):
        races = [r.name for r in RACES.values() if isinstance(r, StepRace)]
        raise LookupError(f"no race of steps is called {name!r}; there are: {', '.join(races)}")
    ours = next(c for c in race.contestants if c.key == race.ours)
    step = ours.enter(race.problem())
    step()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(CALLS):
        step()
    profiler.disable()
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(lines)
    return text.getvalue()
