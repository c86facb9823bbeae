"""What the examples of physics claim: a solution that solves, and error bars that are right."""

import numpy as np
import pytest
from shown_examples import example

import microtensor as mt
from microtensor import nn

burgers = example("13_physics_informed")
ball = example("15_fit_a_simulation")


# A network that solves a differential equation


def places(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, n), rng.uniform(0.05, 1, n)


def test_the_exact_solution_solves_the_equation_and_a_changed_one_does_not():
    x, t = places()
    assert np.abs(burgers.residual(burgers.exact, x, t)).max() < 1e-7
    changed = lambda x, t: 1.01 * burgers.exact(x, t)
    assert np.abs(burgers.residual(changed, x, t)).max() > 1e-3


def test_the_exact_solution_begins_and_ends_as_it_should():
    x = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(burgers.exact(x, np.full(21, 1e-12)), -np.sin(np.pi * x), atol=1e-5)
    np.testing.assert_allclose(burgers.exact(np.array([-1.0, 1.0]), np.ones(2)), 0, atol=1e-10)


def test_the_residual_is_that_of_differences():
    net = nn.MLP(2, [8, 1], activation="tanh", rng=0, dtype=float)
    u = burgers.guess_of(net)
    x, t = places()
    h = 1e-4

    def at(dx, dt):
        return u(x + dx, t + dt).data

    u_x = (at(h, 0) - at(-h, 0)) / (2 * h)
    u_xx = (at(h, 0) - 2 * at(0, 0) + at(-h, 0)) / h**2
    u_t = (at(0, h) - at(0, -h)) / (2 * h)
    expected = u_t + at(0, 0) * u_x - burgers.VISCOSITY * u_xx
    np.testing.assert_allclose(burgers.residual(u, x, t).data, expected, atol=1e-5)


def test_a_guess_has_the_right_start_and_ends_whatever_the_network_says():
    u = burgers.guess_of(nn.MLP(2, [8, 1], activation="tanh", rng=0, dtype=float))
    x = np.linspace(-1, 1, 11)
    np.testing.assert_allclose(u(x, np.zeros(11)).data, -np.sin(np.pi * x), atol=1e-15)
    np.testing.assert_allclose(u(np.array([-1.0, 1.0]), np.ones(2)).data, 0, atol=1e-15)


def test_learning_comes_nearer_to_the_solution_which_it_never_sees(capsys):
    rng = np.random.default_rng(0)
    x, t = rng.uniform(-1, 1, 500), rng.uniform(0, 1, 500)
    net = nn.MLP(2, [16, 16, 1], activation="tanh", rng=rng, dtype=float)
    before = burgers.error(burgers.guess_of(net))
    burgers.learn(net, x, t, rounds=1, iterations=250)
    assert burgers.error(burgers.guess_of(net)) < before / 4


# The parameters of a simulation


def column(*parameters):
    return np.array(parameters)[:, None]


def test_without_air_the_ball_flies_along_a_parabola():
    path = ball.flight(column(20.0, 30.0, 0.0, 0.0))[..., 0]
    t = ball.DT * np.arange(1, ball.SEEN + 1)
    v = 20 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    expected = np.stack([v[0] * t, 1 + v[1] * t - 9.81 / 2 * t**2], axis=1)
    np.testing.assert_allclose(path, expected, rtol=1e-12)


def test_lift_turns_the_ball_and_does_no_work():
    velocity = np.array([[3.0, -1.0], [4.0, 2.0]])  # two of them
    turning = ball.acceleration(velocity, 0.0, 0.1) - ball.GRAVITY
    np.testing.assert_allclose(np.sum(turning * velocity, axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(
        np.sqrt(np.sum(turning**2, axis=0)), 0.1 * np.sum(velocity**2, axis=0)
    )
    assert turning[1, 0] > 0  # a lift above 0 lifts what flies to the right


def test_films_do_not_meet():
    rng = np.random.default_rng(0)
    parameters = ball.TRUTH[:, None] * rng.uniform(0.8, 1.2, (4, 3))
    together = ball.flight(parameters)
    for k in range(3):
        np.testing.assert_allclose(together[..., k], ball.flight(parameters[:, [k]])[..., 0])


def test_slopes_and_curvature_are_those_of_one_film_alone():
    film = ball.films_of(ball.TRUTH, 2, np.random.default_rng(0))
    parameters = ball.TRUTH[:, None] * np.array([1.0, 1.1])
    slopes, curvature = ball.slopes(parameters), ball.curvature(parameters, film)
    for k in range(2):
        of_one = mt.jacobian(lambda p: ball.flight(p[:, None])[..., 0])(parameters[:, k])
        np.testing.assert_allclose(slopes[..., k], of_one, rtol=1e-9, atol=1e-12)
        hessian = mt.hessian(lambda p, k=k: ball.surprise(p[:, None], film[..., [k]]))
        np.testing.assert_allclose(curvature[k], hessian(parameters[:, k]), rtol=1e-8)


@pytest.fixture(scope="module")
def fits():
    """What is found of a film without noise, and of 1,000 with it."""
    clear = ball.flight(ball.TRUTH[:, None])
    noisy = ball.films_of(ball.TRUTH, 1000, np.random.default_rng(5))
    return ball.fitted(np.concatenate([clear, noisy], axis=-1), rounds=5)


def test_without_noise_the_truth_is_found_exactly(fits):
    np.testing.assert_allclose(fits[0][:, 0], ball.TRUTH, rtol=1e-7)


def test_the_truth_is_inside_of_the_error_bars_as_often_as_they_claim(fits):
    found, covariance = fits[0][:, 1:], fits[1][1:]
    off = found.T - ball.TRUTH  # (N, 4)
    z = off / np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    np.testing.assert_allclose(np.mean(np.abs(z) < 1, axis=0), 0.683, atol=0.045)  # 3 sigma
    np.testing.assert_allclose(np.mean(np.abs(z) < 2, axis=0), 0.954, atol=0.02)
    square = np.einsum("ni,nij,nj->n", off, np.linalg.inv(covariance), off)
    assert np.mean(square) == pytest.approx(4, abs=3 * np.sqrt(8 / 1000))  # chi², 4 parameters
    halved = off / (0.5 * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)))
    assert np.all(np.mean(np.abs(halved) < 1, axis=0) < 0.5)  # bars that are too small are noticed


def test_what_follows_is_inside_of_the_predicted_ellipse_as_often_as_it_claims(fits):
    found, covariance = fits[0][:, 1:], fits[1][1:]
    place, spread = ball.predicted(found, covariance)
    misses = place.T - ball.flight(ball.TRUTH[:, None], ball.LATER)[-1].T
    square = np.einsum("ni,nij,nj->n", misses, np.linalg.inv(spread), misses)
    assert np.mean(square < 5.991) == pytest.approx(0.95, abs=0.025)  # chi², 2 numbers
