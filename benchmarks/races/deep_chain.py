"""A chain of x = x * 1.0000001: how a graph that is deep and narrow is recorded, walked and freed.

Each library gets the length that it can do in reasonable time, and the measure is a step of the
chain. The yardstick is a chain of plain objects that can do nothing but this. Two races of the same
run: microseconds (forward, backward and freeing), and bytes held at the end of the forward pass
(growth of the process, so that memory outside Python counts as well).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.processes import ProcessRace
from benchmarks.race import Contestant, DisagreementError

FACTOR = 1.0000001


class Chain(NamedTuple):
    """`record(n)` makes a chain; `differentiate(chain)` gives the gradient of its start."""

    record: Callable[[int], Any]
    differentiate: Callable[[Any], float]


def multiply(x: Any, length: int) -> Any:
    """x * FACTOR * FACTOR * ..., one multiplication after the other."""
    for _ in range(length):
        x = x * FACTOR
    return x


def tape(leaf: Callable[[], Any]) -> Chain:
    """The chain of a library whose numbers have `.backward()` and `.grad`."""

    def record(length):
        start = leaf()
        return start, multiply(start, length)

    def differentiate(ends):
        start, end = ends
        end.backward()
        return float(start.grad)

    return Chain(record, differentiate)


class Link:
    """One multiplication, in the fewest words: its value, its operand, its gradient."""

    __slots__ = ("grad", "operand", "value")

    def __init__(self, value: float, operand: Link | None) -> None:
        self.value, self.operand, self.grad = value, operand, 0.0


def by_hand() -> Chain:
    """What Python objects cost when nothing is general: the pace of this machine."""

    def record(length):
        link = start = Link(1.0, None)
        for _ in range(length):
            link = Link(link.value * FACTOR, link)
        return start, link

    def differentiate(ends):
        start, link = ends
        link.grad = 1.0
        while link.operand is not None:
            link.operand.grad += link.grad * FACTOR
            link = link.operand
        return start.grad

    return Chain(record, differentiate)


def with_microtensor() -> Chain:
    from microtensor import Value

    return tape(lambda: Value(1.0))


def with_micrograd() -> Chain:
    from micrograd.engine import Value

    return tape(lambda: Value(1.0))


def with_pytorch() -> Chain:
    import torch

    torch.set_num_threads(1)
    return tape(lambda: torch.tensor(1.0, dtype=torch.float64, requires_grad=True))


def with_autograd() -> Chain:
    from autograd import make_vjp

    def record(length):
        vjp, _ = make_vjp(lambda x: multiply(x, length))(1.0)
        return vjp

    return Chain(record, lambda vjp: float(vjp(1.0)))


def with_mygrad() -> Chain:
    import mygrad as mg

    mg.turn_memory_guarding_off()
    return tape(lambda: mg.tensor(1.0))


def measure(what: str, make: Callable[[], Chain], length: int, quick: bool) -> dict[str, Any]:
    """Microseconds, or bytes, a step of a chain of `length`; a 50th of it when quick."""
    chain = make()
    length = max(500, length // 50) if quick and length > 1000 else length
    run(chain, 100)
    gc.collect()
    seconds, held = run(chain, length)
    note = f"{length:,} steps"
    if length < 1000:
        note += f"; at {10 * length:,} {failure(chain, 10 * length)}"
    value = seconds * 1e6 if what == "us" else held
    return {"value": value / length, "note": note}


def run(chain: Chain, length: int) -> tuple[float, int]:
    """Seconds for all of it, and the bytes by which the process grew in the forward pass."""
    before, start = resident(), perf_counter()
    recorded = chain.record(length)
    held = resident() - before
    gradient = chain.differentiate(recorded)
    del recorded
    seconds = perf_counter() - start
    expected = FACTOR**length
    if abs(gradient - expected) > length * sys.float_info.epsilon * expected:
        raise DisagreementError(f"the gradient of {length} steps is {gradient}, not {expected}")
    return seconds, held


def failure(chain: Chain, length: int) -> str:
    """What happens at a length that is expected to be too much."""
    try:
        run(chain, length)
    except RecursionError:
        return "RecursionError"
    return "it works too"


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not tell (not Linux)."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


ENTRIES = [
    ("handwritten", "hand-written objects", "benchmarks", by_hand, 1_000_000),
    ("microtensor", "microtensor", "microtensor.value", with_microtensor, 1_000_000),
    ("pytorch", "PyTorch", "torch", with_pytorch, 200_000),
    ("autograd", "autograd", "autograd", with_autograd, 200_000),
    ("mygrad", "MyGrad", "mygrad", with_mygrad, 200_000),
    ("micrograd", "micrograd", "micrograd", with_micrograd, 900),
]

RACES = [
    ProcessRace(
        name=name,
        title=title,
        unit=unit,
        rounds=rounds,
        contestants=[
            Contestant(key, label, needs, partial(measure, unit, make, length))
            for key, label, needs, make, length in ENTRIES
        ],
    )
    for name, title, unit, rounds in [
        ("chain-time", "a step of a deep chain: forward, backward, freed", "us", 3),
        ("chain-memory", "a step of a deep chain, held after the forward pass", "bytes", 1),
    ]
]
