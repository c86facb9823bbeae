"""What the grader says of engines that others wrote: PyTorch agrees with what it expects, and
micrograd itself fails where the engine of the tests does that is built like it."""

import sys
from pathlib import Path

import micrograd.engine
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from sound_engines import Recursive

from microtensor.teaching import check
from microtensor.teaching.chapters import CHAPTERS

# PyTorch frees its graphs, and wants tensors for .grad and .data
LEFT_OUT = {"Again": 7, "Slopes": 1}


def leaf(number):
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("chapter", [c.name for c in CHAPTERS if c.name not in LEFT_OUT])
def test_pytorch_agrees_with_what_is_expected(chapter):
    report = check(leaf, chapter)
    assert report, str(report)
    assert {r.status for r in report} <= {"right", "told"}


def test_where_pytorch_does_not_agree_it_is_another_way_of_asking():
    report = check(leaf, *LEFT_OUT)
    assert len(report.failures) == sum(LEFT_OUT.values())
    (slope,) = (r for r in report.failures if r.chapter == "Slopes")
    assert slope.compared[0].got is None  # kept for leaves only
    for failure in report.failures:
        if failure.chapter == "Again":
            assert failure.raised.startswith(("RuntimeError: Trying to back", "TypeError: ")), (
                failure
            )


def test_micrograd_fails_where_the_engine_like_it_does():
    theirs, likewise = check(micrograd.engine.Value), check(Recursive)
    assert [r.status for r in theirs] == [r.status for r in likewise]
    assert [r.compared for r in theirs] == [r.compared for r in likewise]
    assert len(theirs.failures) == 6
