"""The races of memory follow PyTorch's tensors as they follow NumPy's arrays."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.races import memory, model_memory

torch = pytest.importorskip("torch")

SIZE = 2**18  # numbers of a float32 array of 1 MiB


def two_at_once(make):
    """Three arrays are made, and at most two are held at once."""

    def step():
        a = make()
        b = a + a
        del a
        return (b + b).sum()

    return step


def test_the_highest_point_is_the_same_for_tensors_and_arrays():
    held = torch.ones(SIZE)  # before the step, so not counted
    found = model_memory.peak_of_pytorch(two_at_once(held.clone))
    of_numpy = memory.peak(two_at_once(held.numpy().copy))
    assert found == pytest.approx(2 * 4 * SIZE, rel=0.01)
    assert of_numpy == pytest.approx(found, rel=0.01)


def test_one_more_held_is_one_more_counted():
    kept = []

    def step():
        kept.append(torch.ones(SIZE))
        two_at_once(lambda: torch.ones(SIZE))()

    assert model_memory.peak_of_pytorch(step) == pytest.approx(3 * 4 * SIZE, rel=0.01)


def test_models_have_both_contestants_and_the_unseen_are_named():
    for race in model_memory.RACES:
        excuses = {c.key: c.excuse for c in race.contestants}
        assert excuses["microtensor"] == excuses["pytorch"] == ""
        assert excuses.get("jax", "not") != ""


def test_what_is_measured_is_checked():
    (ours,) = [c for c in model_memory.RACES[0].contestants if c.key == "microtensor"]
    answer = ours.enter(True)
    assert answer["value"] > 1000
    assert len(answer["check"]) == 5
    assert np.all(np.isfinite(answer["check"]))
