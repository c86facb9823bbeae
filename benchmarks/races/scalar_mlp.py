"""micrograd's own MLP on one sample, every number a node: forward, backward, gradient descent.

Means over 200 steps, because the collector's visits are part of what a step costs and a median
would hide them. Each contestant has a process of its own, so nobody walks the heap of another.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from benchmarks.processes import ProcessRace
from benchmarks.race import CHECKED_STEPS, Contestant

RATE = 0.001
TARGET = 2.0
SIZES = {"small": (2, [16, 16, 1]), "large": (8, [32, 32, 1])}


def scalar_steps(
    module: str, compiled: bool, inputs: int, sizes: list[int], quick: bool
) -> dict[str, Any]:
    """Mean microseconds a step of the MLP in `module`, and its first losses."""
    random.seed(0)
    model = importlib.import_module(module).MLP(inputs, sizes)
    for p in model.parameters():  # the same start, however the module draws its own
        p.data = random.uniform(-1, 1)
    x = [random.uniform(-1, 1) for _ in range(inputs)]

    def step() -> float:
        loss = (model(x) - TARGET) ** 2
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= RATE * p.grad
        return loss.data

    if compiled:
        import microtensor as mt

        step = mt.compile(step)
    check = [float(step()) for _ in range(CHECKED_STEPS)]
    return {"value": mean_time(step, 20 if quick else 200), "check": check}


def mean_time(step: Callable[[], Any], calls: int) -> float:
    """Microseconds a call, everything included."""
    start = perf_counter()
    for _ in range(calls):
        step()
    return (perf_counter() - start) / calls * 1e6


def contestants(inputs: int, sizes: list[int]) -> list[Contestant]:
    """micrograd, and the drop-in of the same interface, as it is and compiled."""
    return [
        Contestant(key, key, needs, partial(scalar_steps, module, key == "compiled", inputs, sizes))
        for key, needs, module in [
            ("micrograd", "micrograd", "micrograd.nn"),
            ("microtensor", "microtensor.micrograd", "microtensor.micrograd"),
            ("compiled", "microtensor.micrograd", "microtensor.micrograd"),
        ]
    ]


RACES = [
    ProcessRace(
        name=f"scalar-{name}",
        title=f"a training step of micrograd's MLP({inputs}, {sizes}), one sample",
        unit="us",
        contestants=contestants(inputs, sizes),
    )
    for name, (inputs, sizes) in SIZES.items()
]
