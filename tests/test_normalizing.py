"""Normalisations: mean 0, variance 1, and what they say of wrong use."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, nn
from microtensor.errors import ArgumentError, ShapeError
from microtensor.ops import standardizing
from microtensor.ops.standardizing import layer_normalization, rms_normalization
from microtensor.primitives import registry

RNG = np.random.default_rng(0)
X = 3 * RNG.standard_normal((4, 6, 5)) + 2


def lines(*rows):
    return "\n".join(rows)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_layer_norm_gives_mean_0_and_variance_1(dtype):
    y = mt.layer_norm(X.astype(dtype), 5, eps=0.0)
    assert y.dtype == dtype
    assert np.allclose(y.mean(-1), 0, atol=1e-6)
    assert np.allclose(y.var(-1), 1, rtol=1e-5)
    assert np.allclose(mt.layer_norm(X, (6, 5), eps=0.0).var((1, 2)), 1)


def test_layer_norm_does_not_see_shift_and_scale_of_its_input():
    assert np.allclose(mt.layer_norm(7 * X + 3, 5, eps=0.0), mt.layer_norm(X, 5, eps=0.0))
    assert not np.allclose(mt.rms_norm(7 * X + 3, 5), mt.rms_norm(X, 5))
    assert np.allclose(mt.rms_norm(7 * X, 5), mt.rms_norm(X, 5))


def test_rms_norm_gives_mean_square_1():
    assert np.allclose((mt.rms_norm(X, 5, eps=0.0) ** 2).mean(-1), 1)


def test_of_numbers_with_mean_0_both_are_the_same():
    centred = X - X.mean(-1, keepdims=True)
    assert np.allclose(mt.rms_norm(centred, 5, eps=1e-5), mt.layer_norm(centred, 5))


def test_equal_numbers_are_divided_by_the_root_of_eps():
    assert np.array_equal(mt.layer_norm(np.full((2, 3), 7.0), 3), np.zeros((2, 3)))
    x = Value(np.full((1, 3), 7.0))
    (mt.layer_norm(x, 3) * np.array([1.0, 2.0, 6.0])).sum().backward()
    assert np.allclose(x.grad, np.array([-2.0, -1.0, 3.0]) / np.sqrt(1e-5))


@pytest.mark.parametrize("norm", [mt.layer_norm, mt.rms_norm])
def test_gradients_of_one_row_at_a_time_are_those_of_all_at_once(norm, monkeypatch):
    arrays = X, *RNG.standard_normal((1 + (norm is mt.layer_norm), 6, 5))

    def run():
        x, *others = (Value(a) for a in arrays)
        norm(x, (6, 5), *others).backward(np.cos(X))
        return [v.grad for v in (x, *others)]

    whole = run()
    monkeypatch.setattr(standardizing, "CACHE", 1)
    for a, b in zip(run(), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_group_norm_is_layer_norm_of_each_group():
    w, b = RNG.standard_normal((2, 6))
    y = mt.group_norm(X, 3, w, b)
    for g in range(3):
        part = slice(2 * g, 2 * g + 2)
        u = mt.layer_norm(X[:, part], (2, 5))
        assert np.allclose(y[:, part], u * w[part, None] + b[part, None])
    assert np.allclose(mt.group_norm(X, 1), mt.layer_norm(X, (6, 5)))


def test_a_large_mean_costs_no_digits():
    y = mt.layer_norm(X + 1e8, 5)
    assert np.allclose(y, mt.layer_norm(X, 5), atol=1e-6)


WEIGHTS = RNG.standard_normal((4, 6, 5))  # a plain sum of u u would not depend on x


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w, b: mt.layer_norm(x, (6, 5), w, b) * WEIGHTS,
        lambda x, w, b: mt.rms_norm(x, (6, 5), w) * WEIGHTS + b,
        lambda x, w, b: mt.group_norm(x, 3, w[:, 0], b[:, 1]) * WEIGHTS,
    ],
)
def test_gradients_agree_with_differences(f):
    w, b = RNG.standard_normal((2, 6, 5))
    assert mt.check_gradients(f, X[:1], w, b)


def test_second_derivatives_agree_with_differences():
    w, b, weights = RNG.standard_normal((3, 3))
    for f in (
        lambda x, w, b: mt.layer_norm(x, 3, w, b) ** 2 * weights,
        lambda x, w, b: mt.rms_norm(x, 3, w) ** 2 * weights + b,
    ):
        assert mt.check_gradients(f, X[0, :2, :3], w, b, order=2)


@pytest.mark.parametrize("fn", [layer_normalization, rms_normalization])
def test_check_gradients_objects_where_one_contribution_is_wrong(fn, monkeypatch):
    right = registry[fn].together
    arrays = [X[0, :2], X[1, 0], X[1, 1]][: registry[fn].arity]
    for place in range(len(arrays)):

        def wrong(*args, place=place, **options):
            sent = right(*args, **options)
            return [1.01 * c if n == place else c for n, c in enumerate(sent)]

        monkeypatch.setattr(registry[fn], "together", wrong)
        with pytest.raises(mt.errors.GradientCheckError):
            mt.check_gradients(lambda *xs: fn(*xs, axes=1, eps=1e-5) * WEIGHTS[0, :2], *arrays)


# Layers


def test_layers_are_their_functions():
    w, b = RNG.standard_normal((2, 5))
    layer = nn.LayerNorm(5, eps=0.1, dtype=np.float64)
    layer.weight.data, layer.bias.data = w, b
    assert np.allclose(layer(X).data, mt.layer_norm(X, 5, w, b, 0.1))
    layer = nn.RMSNorm(5, dtype=np.float64)
    layer.weight.data = w
    assert np.allclose(layer(X).data, mt.rms_norm(X, 5, w))
    layer = nn.GroupNorm(2, 6, dtype=np.float64)
    layer.weight.data = X[0, :, 0]
    assert np.allclose(layer(X).data, mt.group_norm(X, 2, X[0, :, 0]))


@pytest.mark.parametrize(
    ("layer", "keys"),
    [
        (nn.LayerNorm(5), ["weight", "bias"]),
        (nn.LayerNorm((6, 5), bias=False), ["weight"]),
        (nn.LayerNorm(5, elementwise_affine=False), []),
        (nn.RMSNorm(5), ["weight"]),
        (nn.RMSNorm(5, elementwise_affine=False), []),
        (nn.GroupNorm(2, 6), ["weight", "bias"]),
        (nn.GroupNorm(2, 6, affine=False), []),
    ],
    ids=repr,
)
def test_layers_start_as_pytorchs_do(layer, keys):
    state = layer.state_dict()
    assert list(state) == keys
    assert all((x == (key == "weight")).all() for key, x in state.items())
    y = layer(X.astype(np.float32))
    assert (y.shape, y.dtype) == (X.shape, np.float32)


def test_layers_take_integers_and_lists():
    assert np.allclose(nn.LayerNorm(3)([[1, 2, 3]]).data, mt.layer_norm([[1, 2, 3]], 3), rtol=1e-5)
    assert np.allclose(mt.group_norm(np.array([[1, 3]]), 1), [[-1, 1]], rtol=1e-4)


# Wrong use


def test_a_wrong_shape_is_told_by_the_function_and_with_the_place_by_the_layer():
    rest = ("  expected  an input of shape (..., 3), since normalized_shape says so",
            "  got       an input of shape (4, 6, 5)")  # fmt: skip
    for call, where in (
        (lambda: mt.layer_norm(X, 3), "layer_norm"),
        (lambda: mt.rms_norm(X, 3), "rms_norm"),
        (lambda: nn.LayerNorm(3)(X), "LayerNorm"),
        (lambda: nn.Sequential(nn.RMSNorm(3))(X), "Sequential.0"),
    ):
        with pytest.raises(ShapeError) as error:
            call()
        assert str(error.value) == lines(f"{where}: the input has the wrong last axes.", *rest)


@pytest.mark.parametrize("shape", [0, (), (3, -1), 2.5, "3"])
def test_a_shape_is_of_positive_integers(shape):
    with pytest.raises(ArgumentError) as error:
        nn.LayerNorm(shape)
    assert str(error.value) == lines(
        "LayerNorm: normalized_shape must be the lengths of the last axes.",
        "  expected  a positive integer, or a tuple of them",
        f"  got       {shape!r}",
    )


def test_a_scale_of_another_shape_is_told():
    with pytest.raises(ShapeError) as error:
        mt.layer_norm(X, 5, np.ones(5), np.ones(6))
    assert str(error.value) == lines(
        "layer_norm: bias must have one number for each entry or channel.",
        "  expected  shape (5,)",
        "  got       shape (6,)",
    )


def test_groups_divide_the_channels():
    for groups in (4, 2.0):
        with pytest.raises(ArgumentError) as error:
            mt.group_norm(X, groups)
        assert str(error.value) == lines(
            "group_norm: num_groups must divide the channels.",
            "  expected  a divisor of 6, as the input has shape (4, 6, 5)",
            f"  got       num_groups={groups}",
        )
    with pytest.raises(ArgumentError) as error:
        nn.GroupNorm(4, 6)
    assert str(error.value) == lines(
        "GroupNorm: num_groups must divide num_channels.",
        "  expected  a divisor of 6",
        "  got       num_groups=4",
    )


def test_channels_that_are_missing_are_told():
    with pytest.raises(ShapeError) as error:
        mt.group_norm(X[0, 0], 1)
    assert str(error.value) == lines(
        "group_norm: the input has no channels.",
        "  expected  an input of shape (N, C, ...)",
        "  got       an input of shape (5,)",
    )
    with pytest.raises(ShapeError) as error:
        nn.GroupNorm(1, 5)(X)
    assert str(error.value) == lines(
        "GroupNorm: the input has the wrong channels.",
        "  expected  an input of shape (N, 5, ...)",
        "  got       an input of shape (4, 6, 5)",
        "  Channels come before the other axes: np.moveaxis(x, -1, 1) puts them there.",
    )
