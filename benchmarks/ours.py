"""Our own contestants: a step of training as it is written, and compiled for each backend.

Each race of steps says how a step is made: `make(problem)` gives a function of the batch, which is
handed over at each call, as new ones would be.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.race import CHECKED_STEPS, Contestant

Make = Callable[[Any], Callable[[np.ndarray, np.ndarray], Any]]


@dataclass(frozen=True)
class Ours:
    """What a race enters: the step as it is, or compiled for a backend."""

    make: Make
    backend: str | None = None

    def __call__(self, problem: Any) -> Callable[[], Any]:
        step = self.compiled(self.make(problem))
        return lambda: step(problem.x, problem.labels)

    def compiled(self, step: Callable) -> Callable:
        if self.backend is None:
            return step
        import microtensor as mt

        return mt.compile(step, backend=self.backend)

    def held(self, problem: Any) -> tuple[list[float], int]:
        """The first losses, and the most bytes of arrays that a warm step holds beyond the model.

        A program keeps its buffers between two steps: they count, as if it made them in each.
        """
        plain = self.make(problem)
        step = self.compiled(plain)
        losses = [float(step(problem.x, problem.labels)) for _ in range(CHECKED_STEPS)]
        del step  # what the optimizer remembers is there now, and no program
        gc.collect()
        tracemalloc.start()
        try:
            step = self.compiled(plain)
            for _ in range(CHECKED_STEPS):
                step(problem.x, problem.labels)
            gc.collect()
            arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
            kept = tracemalloc.take_snapshot().filter_traces([arrays])
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            step(problem.x, problem.labels)
            highest = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return losses, sum(trace.size for trace in kept.traces) + highest - before


def contestants(make: Make) -> list[Contestant]:
    """The step as it is written, and compiled, NumPy's and Numba's."""
    return [
        Contestant("microtensor", "microtensor", "microtensor.optim", Ours(make)),
        Contestant("compiled", "compiled, NumPy", "microtensor.compiler", Ours(make, "numpy")),
        Contestant("compiled-numba", "compiled, Numba", "numba", Ours(make, "numba")),
    ]
