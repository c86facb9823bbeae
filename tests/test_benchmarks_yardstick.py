"""The yardstick of the races is right, and the test that says so can object."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import handwritten
from benchmarks.races import mlp

EPS = float(np.finfo(np.float64).eps)


def problem() -> mlp.Problem:
    """Two hidden layers, small enough to nudge every weight."""
    return mlp.Problem.make([3, 5, 4, 3], 7, np.float64)


def gradients(p: mlp.Problem) -> handwritten.Layers:
    activations = handwritten.forward(p.layers, p.x)
    _, g = handwritten.cross_entropy(activations[-1], p.labels)
    return handwritten.backward(p.layers, activations, g)


def without_the_mask(p: mlp.Problem) -> handwritten.Layers:
    """Every unit seems to have been active, by too little to change the products."""
    activations = [np.maximum(h, 1e-300) for h in handwritten.forward(p.layers, p.x)]
    activations[0] = p.x
    _, g = handwritten.cross_entropy(handwritten.forward(p.layers, p.x)[-1], p.labels)
    return handwritten.backward(p.layers, activations, g)


def summed_over_the_batch(p: mlp.Problem) -> handwritten.Layers:
    return [(dW * len(p.x), db * len(p.x)) for dW, db in gradients(p)]


def bias_a_little_off(p: mlp.Problem) -> handwritten.Layers:
    return [(dW, db * (1 + 1e-6)) for dW, db in gradients(p)]


def distance_from_differences(backward) -> float:
    """Largest difference between a gradient and central differences of the yardstick's loss."""
    p = problem()
    h = EPS ** (1 / 3)

    def loss() -> float:
        return float(handwritten.cross_entropy(handwritten.forward(p.layers, p.x)[-1], p.labels)[0])

    worst = 0.0
    arrays = [a for layer in p.layers for a in layer]
    for array, gradient in zip(arrays, [a for d in backward(p) for a in d], strict=True):
        for i in np.ndindex(array.shape):
            there = array[i]
            array[i] = there + h
            above = loss()
            array[i] = there - h
            below = loss()
            array[i] = there
            worst = max(worst, abs((above - below) / (2 * h) - gradient[i]))
    return worst


# Truncation h^2 and rounding eps/h are both eps^(2/3) at h = eps^(1/3), times derivatives near 1;
# ten times that is the margin for their constants.
DIFFERENCES_AGREE = 10 * EPS ** (2 / 3)


def test_gradient_of_the_yardstick_is_its_loss_differentiated():
    assert distance_from_differences(gradients) < DIFFERENCES_AGREE


@pytest.mark.parametrize("wrong", [without_the_mask, summed_over_the_batch, bias_a_little_off])
def test_central_differences_object_to_a_wrong_gradient(wrong):
    assert distance_from_differences(wrong) > 10 * DIFFERENCES_AGREE


def test_loss_of_the_yardstick_is_log_of_the_number_of_classes_when_uniform():
    loss, g = handwritten.cross_entropy(np.zeros((2, 4)), np.array([0, 3]))
    assert float(loss) == pytest.approx(np.log(4), rel=EPS)
    assert np.array_equal(g[0] * 8, [-3, 1, 1, 1])


def test_loss_of_the_yardstick_does_not_overflow():
    loss, _ = handwritten.cross_entropy(np.array([[1e4, 0.0]]), np.array([1]))
    assert float(loss) == 1e4


def test_yardstick_stays_in_float32():
    p = mlp.Problem.make([3, 5, 3], 7)
    loss = handwritten.step(p.layers, p.x, p.labels, 0.1)
    assert {loss.dtype, *(a.dtype for layer in p.layers for a in layer)} == {np.dtype(np.float32)}
