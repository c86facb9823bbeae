"""Dropout: how much is dropped, what is left, when, and from which generator."""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, ShapeError
from microtensor.ops import dropping

X = np.random.default_rng(0).uniform(1, 2, (200, 300))


def assert_share(dropped, p, n):
    """A share of n draws is within five standard errors of its probability."""
    assert abs(dropped - p) < 5 * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_drops_a_share_and_scales_the_rest_up(p, dtype):
    x = X.astype(dtype)
    y = nn.Dropout(p, rng=0)(x)
    assert y.dtype == dtype
    assert_share(np.mean(y == 0), p, y.size)
    assert np.allclose(y[y != 0], (x / (1 - p))[y != 0], rtol=1e-6)


def test_the_test_of_shares_objects_to_another_probability():
    with pytest.raises(AssertionError):
        assert_share(np.mean(nn.Dropout(0.5, rng=0)(X) == 0), 0.52, X.size)


def test_dropout_gives_its_input_in_evaluation():
    assert nn.Dropout(0.5).eval()(X) is X
    assert nn.Dropout(0.0)(X) is X
    assert np.all(nn.Dropout(1.0)(X) == 0)


def test_a_gradient_flows_through_what_was_kept():
    x = mt.Value(X)
    y = nn.Dropout(0.25, rng=0)(x)
    y.sum().backward()
    assert np.array_equal(x.grad, np.where(y.data == 0, 0, 1 / 0.75))


def test_the_second_derivative_is_of_the_same_draw():
    x = X[0, :9]

    def dropped_cubes(x):
        return nn.Dropout(0.5, rng=0)(x**3).sum()

    kept = nn.Dropout(0.5, rng=0)(x) != 0
    assert 0 < kept.sum() < 9
    assert np.allclose(mt.grad(dropped_cubes)(x), 3 * x**2 * 2 * kept)
    slopes = mt.grad(lambda x: mt.grad(dropped_cubes)(x).sum())
    assert np.allclose(slopes(x), 6 * x * 2 * kept)


def test_dropout_draws_from_its_own_generator_or_from_the_process():
    one = nn.Dropout(rng=np.random.default_rng(3))
    assert np.array_equal(one(X), nn.Dropout(rng=3)(X))
    assert not np.array_equal(one(X), nn.Dropout(rng=3)(X))  # it has moved on
    layer = nn.Dropout()
    mt.seed(3)
    first = layer(X)
    mt.seed(3)
    assert layer.rng is None
    assert np.array_equal(layer(X), first)
    older = [nn.Dropout(rng=np.random.RandomState(3))(X) for _ in range(2)]
    assert np.array_equal(*older)
    assert_share(np.mean(older[0] == 0), 0.5, X.size)


def test_a_checkpoint_draws_the_same_again():
    net = nn.Sequential(nn.Linear(300, 40, rng=0), nn.Dropout(0.5, rng=1), nn.Tanh())
    plain, again = mt.Value(X), mt.Value(X)
    net(plain).sum().backward()
    net[1].rng = np.random.default_rng(1)
    mt.checkpoint(net)(again).sum().backward()
    assert np.array_equal(plain.grad, again.grad)


@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.Dropout1d, (100, 40, 7)), (nn.Dropout2d, (100, 40, 3, 5))]
)
def test_channels_are_dropped_whole(layer, shape):
    y = layer(0.3, rng=0)(np.ones(shape)).reshape(100, 40, -1)
    dropped = np.all(y == 0, axis=-1)
    assert np.all(np.where(dropped[:, :, None], 0, 1 / 0.7) == y)
    assert_share(np.mean(dropped), 0.3, dropped.size)


@pytest.mark.parametrize("p", [-0.1, 1.5, math.nan, "0.5", None])
def test_p_is_a_probability(p):
    with pytest.raises(ArgumentError) as error:
        nn.Dropout2d(p)
    assert str(error.value) == (
        "Dropout2d: p is the probability of dropping an entry.\n"
        "  expected  a number from 0 to 1\n"
        f"  got       {p!r}"
    )


@pytest.mark.parametrize(
    ("layer", "expected"), [(nn.Dropout1d(), "(B, C, T)"), (nn.Dropout2d(), "(B, C, H, W)")]
)
def test_channels_need_their_axes(layer, expected):
    with pytest.raises(ShapeError) as error:
        nn.Sequential(nn.Tanh(), layer)(mt.Value(np.ones((2, 3))))
    assert str(error.value) == (
        f"Sequential.1: it drops whole channels, and the input has none.\n"
        f"  expected  an input of shape {expected}\n"
        "  got       an input of shape (2, 3)\n"
        "  x[None] makes a batch of one; Dropout drops single entries."
    )


def test_numbers_and_lists_can_be_dropped_too():
    assert nn.Dropout(0.5, rng=0)(mt.Value(1.0)).item() in (0.0, 2.0)
    assert nn.Dropout(0.5, rng=0)([1.0] * 8).shape == (8,)


def test_a_number_stays_one_and_an_array_is_no_view():
    rng = np.random.default_rng(0)
    for x in (np.float64(3), np.float32(3)):
        assert type(dropping.dropout(x, 0.5, rng, 0)) is type(x)
    assert dropping.dropout(X, 0.5, rng, 0).base is None


def test_dropout_shows_its_probability():
    assert [repr(d(0.2)) for d in (nn.Dropout, nn.Dropout2d)] == [
        "Dropout(p=0.2)",
        "Dropout2d(p=0.2)",
    ]
