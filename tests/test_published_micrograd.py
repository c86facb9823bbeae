"""micrograd's own numbers, through the drop-in: its README, its test, and its demo of moons.

`published/micrograd_moons.json` holds the demo's data, and the loss and accuracy it printed after
each of its 100 steps; `published/lectures.json` the rest.
"""

import gc
import random

import numpy as np
import pytest
import test_published
from worked_examples import compare, published

import microtensor as mt
from microtensor import data, micrograd

DEMO = published("micrograd_moons.json")
LECTURES = test_published.EXAMPLES
X, Y = np.array(DEMO["inputs"]["X"]), np.array(DEMO["inputs"]["y"])
SIGNS = (2 * Y - 1).tolist()


@pytest.mark.parametrize("name", ["micrograd_readme", "micrograd_sanity_check"])
def test_micrograds_own_examples_come_out_of_the_drop_in(monkeypatch, name):
    monkeypatch.setattr(test_published, "Value", micrograd.Value)
    entry = LECTURES.entries[name]
    compare(LECTURES.programs[name](**entry["inputs"]), entry)


def demo(steps):
    """Train as the demo does, number by number; give the losses and accuracies."""
    random.seed(DEMO["inputs"]["seed"])
    model = micrograd.MLP(2, [16, 16, 1])
    inputs = [list(map(micrograd.Value, row)) for row in X.tolist()]
    losses, accuracies = [], []
    for k in range(steps):
        scores = list(map(model, inputs))
        hinges = [(1 + -y * score).relu() for y, score in zip(SIGNS, scores, strict=True)]
        regular = 1e-4 * sum(p * p for p in model.parameters())
        loss = sum(hinges) * (1.0 / len(hinges)) + regular
        correct = [(y > 0) == (score.data > 0) for y, score in zip(SIGNS, scores, strict=True)]

        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
        losses.append(loss.data)
        accuracies.append(sum(correct) / len(correct))
    return losses, accuracies


def demo_on_arrays(steps, lr=1.0):
    """The same training, a layer at a time."""
    random.seed(DEMO["inputs"]["seed"])
    weights, biases = [], []
    for nin, nout in [(2, 16), (16, 16), (16, 1)]:
        drawn = [[random.uniform(-1, 1) for _ in range(nin)] for _ in range(nout)]
        weights.append(mt.Value(drawn))
        biases.append(mt.Value(np.zeros(nout)))
    y = np.array(SIGNS)
    losses, accuracies = [], []
    for k in range(steps):
        h = X
        for W, b in zip(weights, biases, strict=True):
            h = mt.relu(h @ W.T + b) if W is not weights[-1] else h @ W.T + b
        scores = h[:, 0]
        regular = 1e-4 * sum((p * p).sum() for p in weights + biases)
        loss = mt.relu(1 - y * scores).mean() + regular
        for p in weights + biases:
            p.grad = None
        loss.backward()
        for p in weights + biases:
            p.data -= lr * (1.0 - 0.9 * k / 100) * p.grad
        losses.append(loss.item())
        accuracies.append(np.mean((y > 0) == (scores.data > 0)))
    return losses, accuracies


def compare_with_print(losses, accuracies):
    steps = len(losses)
    printed = DEMO["published"]
    np.testing.assert_allclose(losses, printed["losses"][:steps], rtol=0, atol=DEMO["tolerance"])
    np.testing.assert_allclose(accuracies, printed["accuracies"][:steps], rtol=0, atol=1e-12)


@pytest.fixture
def _no_collector():
    gc.disable()  # a step leaves it nothing to find, and many small objects to search
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
def test_micrograd_moons_demo():
    compare_with_print(*demo(100))


def test_micrograd_moons_demo_on_arrays():
    compare_with_print(*demo_on_arrays(100))


def test_a_learning_rate_that_is_off_by_a_millionth_is_seen():
    with pytest.raises(AssertionError):
        compare_with_print(*demo_on_arrays(100, lr=1 + 1e-6))


def test_the_made_moons_are_those_of_the_demo():
    x, y = data.moons(100, noise=0.1, rng=np.random.RandomState(1337))
    np.testing.assert_allclose(x, X, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(y, Y)
