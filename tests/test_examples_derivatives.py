"""What the examples of derivatives claim: a gradient through a gradient, and one of an equation."""

import numpy as np
import pytest
from shown_examples import example

import microtensor as mt
from microtensor import data, nn

learning = example("14_learning_to_learn")
solved = example("16_solved_for")


# Learning to learn


def begun(seed, width=3):
    rng = np.random.default_rng(seed)
    weights = [w.data for w in learning.begin(rng, width)]
    x, y = learning.waves(4, 2 * learning.POINTS, rng)
    half = learning.POINTS
    return weights, (x[:, :half], y[:, :half]), (x[:, half:], y[:, half:]), rng


def test_the_objectives_slope_needs_the_second_derivative():
    weights, given, asked, rng = begun(0)
    direction = [rng.standard_normal(w.shape) for w in weights]
    whole, nudged, half = learning.slope_three_ways(weights, given, asked, direction)
    assert whole == pytest.approx(nudged, rel=1e-6)
    assert half != pytest.approx(nudged, rel=1e-2)


def test_the_gradient_is_the_one_with_the_hessian_written_out():
    """(I - α H) ∇L for each wave, with the Hessian H as a matrix."""
    weights, given, asked, _ = begun(1)
    sizes = np.cumsum([w.size for w in weights])[:-1]

    def unpacked(flat):
        return [p.reshape(w.shape) for p, w in zip(np.split(flat, sizes), weights, strict=True)]

    def loss(flat, x, y):
        return np.mean((learning.network(unpacked(flat), x) - y) ** 2)

    flat = np.concatenate([w.ravel() for w in weights])
    expected = 0
    for k in range(4):
        x, y, x_asked, y_asked = given[0][k], given[1][k], asked[0][k], asked[1][k]
        moved = flat - learning.RATE * mt.grad(loss)(flat, x, y)
        hessian = mt.hessian(loss)(flat, x, y)
        slope = mt.grad(loss)(moved, x_asked, y_asked)
        expected = expected + (slope - learning.RATE * hessian @ slope) / 4
    found = mt.grad(learning.after_a_step)(weights, given, asked)
    np.testing.assert_allclose(np.concatenate([g.ravel() for g in found]), expected, rtol=1e-9)


def test_a_step_on_all_waves_is_a_step_on_each():
    weights, given, _, _ = begun(2)
    together = learning.stepped(learning.for_each(weights, 4), *given)
    for k in range(4):
        own = (given[0][k : k + 1], given[1][k : k + 1])
        alone = learning.stepped(learning.for_each(weights, 1), *own)
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[k], b[0], rtol=1e-12)


def test_who_learned_to_learn_needs_one_step():
    learned = learning.learn(learning.after_a_step, 400, np.random.default_rng(0))
    usual = learning.learn(learning.at_once, 400, np.random.default_rng(0))
    x, y = learning.waves(200, learning.POINTS + 30, np.random.default_rng(1))
    found, other = (learning.adapting(w, x, y, 1) for w in (learned, usual))
    assert found[1] < 0.65 * found[0]
    assert found[1] < 0.75 * min(other)


# An operation that is solved for


def test_keplers_equation_is_solved_on_every_orbit():
    M, e = np.meshgrid(np.linspace(-np.pi, np.pi, 41), np.linspace(0, 0.99, 12))
    E = solved.kepler(M, e)
    np.testing.assert_allclose(E - e * np.sin(E), M, atol=1e-13)


def test_the_rules_of_both_operations_are_right_twice():
    rng = np.random.default_rng(0)
    assert mt.check_gradients(solved.kepler, rng.uniform(0, 6, 5), 0.4, order=2).passed
    W = rng.uniform(-0.2, 0.2, (4, 4))
    assert mt.check_gradients(solved.rest, W, rng.standard_normal((3, 4)), order=2).passed


def test_a_rule_that_forgets_the_feedback_is_noticed():
    @mt.primitive
    def forgetful(W, u):
        return solved.rest(W, u)

    slope = lambda g, z: g * (1 - z * z)  # of one round
    mt.differentiable(
        forgetful, lambda g, z, W, u: slope(g, z).T @ z, lambda g, z, W, u: slope(g, z)
    )
    with pytest.raises(mt.errors.GradientCheckError):
        mt.check_gradients(forgetful, np.full((3, 3), 0.2), np.ones((2, 3)))


def test_it_is_one_step_of_the_graph_and_agrees_with_all_rounds():
    rng = np.random.default_rng(0)
    W = mt.Value(rng.uniform(-0.2, 0.2, (4, 4)), name="W")
    u = mt.Value(rng.standard_normal((3, 4)), name="u")
    z = solved.rest(W, u)
    unrolled = solved.rounds(W, u, 100)
    np.testing.assert_allclose(z.data, unrolled.data, atol=1e-12)
    g = rng.standard_normal((3, 4))
    z.backward(g)
    ours = W.grad.copy(), u.grad.copy()
    W.grad = u.grad = None
    unrolled.backward(g)
    np.testing.assert_allclose(ours[0], W.grad, rtol=1e-9)
    np.testing.assert_allclose(ours[1], u.grad, rtol=1e-9)
    assert len(mt.viz.snapshot(z).nodes) == 3


def test_the_difference_shrinks_with_the_rounds():
    W = np.full((2, 2), 0.4)
    off = solved.shortfalls(W, np.array([[0.1, -0.2]]), [1, 5, 20, 200])
    assert off[0] > off[1] > off[2] > off[3]
    assert off[3] < 1e-12


def test_a_layer_at_rest_is_at_rest_and_learns(capsys):
    rng = np.random.default_rng(0)
    layer = solved.Equilibrium(2, 6, rng)
    layer.free.data = 100 * layer.free.data  # however large: it is scaled
    x = rng.standard_normal((5, 2))
    W = 0.95 * layer.free.data / np.abs(layer.free.data).sum(axis=1, keepdims=True)
    z = layer(x).data
    np.testing.assert_allclose(z, np.tanh(z @ W.T + layer.enter(x).data), atol=1e-12)
    points, labels = data.moons(60, noise=0.1, rng=0)
    net = nn.Sequential(solved.Equilibrium(2, 8, rng), nn.Linear(8, 2, rng=rng, dtype=float))
    assert solved.learn(net, points, labels, 60) > 0.85
