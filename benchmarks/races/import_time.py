"""What `import` costs, each in a fresh process, in turn."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.processes import run_fresh
from benchmarks.race import Contestant, Race, Result

PROGRAM = """
from time import perf_counter
start = perf_counter()
import {module}
print((perf_counter() - start) * 1e3)
"""


@dataclass(frozen=True, kw_only=True)
class ImportRace(Race):
    """The yardstick is NumPy itself. One round beforehand warms the disk and is not counted."""

    def measure(self, contestants: list[Contestant], quick: bool, result: Result) -> None:
        for counted in [False] + [True] * (3 if quick else 15):
            for contestant in contestants:
                took = float(run_fresh("-c", PROGRAM.format(module=contestant.needs)))
                if counted:
                    result.samples.setdefault(contestant.key, []).append(took)


RACES = [
    ImportRace(
        name="import",
        title="import, in a fresh process",
        unit="ms",
        contestants=[
            Contestant("numpy", "NumPy", "numpy"),
            Contestant("microtensor", "microtensor", "microtensor"),
            Contestant("pytorch", "PyTorch", "torch"),
            Contestant("jax", "JAX", "jax"),
            Contestant("autograd", "autograd", "autograd"),
            Contestant("mygrad", "MyGrad", "mygrad"),
        ],
    )
]
