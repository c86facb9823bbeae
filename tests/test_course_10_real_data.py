"""The course's chapter on real data: what training gives lies in ranges, the rest is computed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from chapters import reading


def gradients(net, x: np.ndarray, y: np.ndarray) -> list[float]:
    """The root mean squares of the weights' gradients of layers of sigmoids, by hand."""
    weights = [layer.weight.data.astype(float) for layer in net.layers]
    biases = [layer.bias.data.astype(float) for layer in net.layers]
    outputs = [x.astype(float)]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        outputs.append(1 / (1 + np.exp(-(outputs[-1] @ w.T + b))))
    scores = outputs[-1] @ weights[-1].T + biases[-1]
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    delta = (p - np.eye(10)[y]) / len(y)
    found = []
    for w, a in zip(reversed(weights), reversed(outputs), strict=True):
        found.append(float(np.sqrt(np.mean((delta.T @ a) ** 2))))
        delta = (delta @ w) * a * (1 - a)
    return found[::-1]


@pytest.fixture(scope="module")
def page():
    with reading("course/10-real-data") as read:
        yield read


def test_three_parts_and_a_guesser(page):
    names = page.names
    assert names["given"].y[0] == 0
    assert len(names["given"].y) + len(names["test"].y) == 1797
    page.prints(r"^(1154) (\d+) (\d+)$", round(1442 * 0.8), round(1442 * 0.2), 1797 - 1442)
    spread = np.sqrt(0.1 * 0.9 / 288)  # of one guesser; the best of 200 is 2 to 5 of these above
    page.prints(r"all guessers (\S+), the best one (\S+)", (0.095, 0.105),
                (0.1 + 2 * spread, 0.1 + 5 * spread))  # fmt: skip
    page.prints(r"on the test (\S+)", (0.1 - 3 * spread, 0.1 + 3 * spread))


def test_fifty_images_are_learned_by_heart_and_the_cures_help(page):
    assert len(page.names["few"].y) == 50
    assert 64 * 256 + 256 + 256 * 10 + 10 == 19_210
    page.prints(r"training   loss (\S+)\nvalidation loss (\S+), at best (\S+)",
                (0, 0.005), (1.1, 1.8), (0.7, 1.05))  # fmt: skip
    page.prints(r"stopped after (\d+) epochs, back to epoch (\d+)\nvalidation loss (\S+)",
                (12, 40), (2, 30), (0.7, 1.05))  # fmt: skip
    stopped, best = map(int, re.search(r"after (\d+) epochs.*epoch (\d+)", page.printed).groups())
    assert stopped == best + 10
    page.prints(r"training   loss (\S+)\nvalidation loss (\S+)$", (0.005, 0.05), (0.7, 1.05))
    for n, low, high in ((50, 0.65, 0.86), (200, 0.88, 0.96), (1154, 0.95, 1)):
        page.prints(rf"^ *({n}) images: validation accuracy (\S+)", n, (low, high))
    page.prints(r"^validation (\S+), test (\S+)", (0.95, 1), (0.95, 1))


def test_what_is_not_well_is_found(page):
    viz, losses, sick = page.names["viz"], page.names["losses"], page.names["sick"]
    x, y = page.names["learned"]
    found = {f.rule for f in viz.health(losses.cross_entropy(sick(x), y))}
    assert found == {"dead"}
    found = {f.rule for f in viz.health(page.names["loss"])}
    assert found == {"vanishing"}
    bars = re.findall(r"^(\de-\d\d)  #+", page.printed, flags=re.M)
    deep, larger = gradients(page.names["deep"], x, y), gradients(page.names["larger"], x, y)
    assert len(bars) == len(deep) + len(larger)
    for bar, size in zip(bars, deep + larger, strict=True):
        page.shows(bar, size)
    assert deep[-1] / deep[0] > 100_000
    assert 30 < larger[-1] / larger[0] < 300


def test_the_exercises(page):
    page.prints(r"^ *(8) units: best (\S+), last (\S+)", 8, (0.8, 1.2), (0.85, 1.3))
    page.prints(r"^(256) units: best (\S+), last (\S+)", 256, (0.7, 1.05), (1.1, 1.8))
    found = re.findall(r"units: best (\S+), last (\S+)", page.printed)
    (small, small_last), (large, large_last) = ([float(x) for x in row] for row in found)
    assert small > large
    assert small_last - small < (large_last - large) / 2
    right = np.mean(page.names["answers"] == page.names["test"].y)
    page.prints(r"on the diagonal (\S+)", right)


def test_no_number_is_left(page):
    assert not page.left
