"""Batch normalisation: what it gives, what runs along, and when."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, ShapeError
from microtensor.ops import batch_norms
from microtensor.primitives import known

RNG = np.random.default_rng(0)
X = RNG.normal(5.0, 3.0, (6, 4, 3, 2))


def layer(**options):
    return nn.BatchNorm2d(4, dtype=np.float64, **options)


def test_channels_have_mean_0_and_variance_1_while_training():
    y = layer(eps=1e-12)(X).data
    assert np.allclose(y.mean((0, 2, 3)), 0)
    assert np.allclose(y.var((0, 2, 3)), 1)


@pytest.mark.parametrize(("of_x", "of_moments"), [("f4", "f8"), ("f8", "f4")])
def test_moments_of_another_width_make_the_result_wide(of_x, of_moments):
    moments = batch_norms.batch_moments(X).astype(of_moments)
    y = batch_norms.batch_norm(X.astype(of_x), None, None, moments, 1e-5)
    assert y.dtype == np.float64
    assert np.allclose(y, layer()(X).data, atol=1e-5)


def test_weight_and_bias_are_the_deviation_and_the_mean_of_each_channel():
    norm = layer(eps=1e-12)
    norm.weight.data, norm.bias.data = [1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 2.0, 3.0]
    y = norm(X).data
    assert np.allclose(y.mean((0, 2, 3)), norm.bias.data)
    assert np.allclose(y.std((0, 2, 3)), norm.weight.data)


def test_running_moments_follow_those_of_the_batches():
    norm, mean, var = layer(momentum=0.3), np.zeros(4), np.ones(4)
    for k in range(3):
        batch = X * (k + 1)
        norm(batch)
        mean = 0.7 * mean + 0.3 * batch.mean((0, 2, 3))
        var = 0.7 * var + 0.3 * batch.var((0, 2, 3), ddof=1)
    assert np.allclose(norm.running_mean.data, mean)
    assert np.allclose(norm.running_var.data, var)
    assert norm.num_batches_tracked.data == 3


def test_without_momentum_they_are_the_means_of_all_batches():
    norm = layer(momentum=None)
    batches = [X, 2 * X, 7 - X]
    for batch in batches:
        norm(batch)
    assert np.allclose(norm.running_mean.data, np.mean([b.mean((0, 2, 3)) for b in batches], 0))


def test_in_evaluation_the_running_moments_are_used_and_stay():
    norm = layer()
    norm(X)
    before = norm.state_dict()
    y = norm.eval()(X).data
    mean, var = (before[f"running_{k}"][:, None, None] for k in ("mean", "var"))
    assert np.allclose(y, (X - mean) / np.sqrt(var + 1e-5))
    after = norm.state_dict()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_without_running_moments_the_batchs_own_serve_in_evaluation_too():
    norm = layer(track_running_stats=False, affine=False)
    assert norm.state_dict() == {}
    assert np.allclose(norm(X), norm.eval()(X))


def test_running_moments_follow_while_nothing_is_recorded_too():
    norm = layer()
    with mt.no_grad():
        norm(X)
    assert norm.num_batches_tracked.data == 1
    assert np.all(norm.running_mean.data != 0)


def test_a_checkpoint_moves_the_running_moments_once():
    once, twice = layer(), layer()
    once(mt.Value(X)).sum().backward()
    mt.checkpoint(twice)(mt.Value(X)).sum().backward()
    assert np.array_equal(once.running_mean.data, twice.running_mean.data)
    assert twice.num_batches_tracked.data == 1


def test_keys_and_dtypes_are_kept():
    norm = nn.BatchNorm1d(3)
    norm(np.ones((2, 3)))
    assert {key: x.dtype for key, x in norm.state_dict().items()} == {
        "weight": np.float32, "bias": np.float32, "running_mean": np.float32,
        "running_var": np.float32, "num_batches_tracked": np.int64,
    }  # fmt: skip
    assert [name for name, _ in norm.named_parameters()] == ["weight", "bias"]
    assert norm.state_dict()["num_batches_tracked"].shape == ()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"bias": False}])
def test_its_gradients_agree_with_differences(training, options):
    norm = nn.BatchNorm1d(3, dtype=np.float64, **options)
    x = RNG.standard_normal((5, 3, 2))
    norm(x)
    norm.train(training)
    weights = RNG.standard_normal(x.shape)
    assert mt.check_gradients(lambda x: (norm(x) * weights).sum(), x, order=2)
    net = nn.Sequential(norm, nn.Flatten(), nn.Linear(6, 1, rng=0, dtype=np.float64))
    assert mt.check_model(net, lambda y, t: np.mean((y - t) ** 2), x, np.ones((5, 1)))


@pytest.mark.parametrize("weight", [None, RNG.standard_normal(4)])
@pytest.mark.parametrize("bias", [None, RNG.standard_normal(4)])
def test_one_call_is_what_it_stands_for_and_so_are_its_gradients(weight, bias):
    fused, spelled = ([None if v is None else mt.Value(v) for v in (X, weight, bias)] for _ in "ab")
    moments = [batch_norms.batch_moments(fused[0]),
               known(batch_norms.batch_moments).stands_for(spelled[0])]  # fmt: skip
    assert np.allclose(moments[0].data, moments[1].data, rtol=1e-12)
    y = batch_norms.batch_norm(*fused, moments[0], 0.1)
    z = known(batch_norms.batch_norm).stands_for(*spelled, moments[1], 0.1)
    assert np.allclose(y.data, z.data, rtol=1e-12)
    for output in (y, z):
        (output**3).sum().backward()
    for v, w in zip(fused, spelled, strict=True):
        if v is not None:
            assert np.allclose(v.grad, w.grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("of", ["x", "weight", "bias", "x weight", "x bias", "weight bias"])
def test_only_the_gradients_that_are_wanted_come(of):
    norm, x = layer(), mt.Value(X, requires_grad="x" in of.split())
    other, z = layer(), mt.Value(X)
    for name in ("weight", "bias"):
        getattr(norm, name).data = getattr(other, name).data = RNG.standard_normal(4)
        getattr(norm, name).requires_grad = name in of
    (norm(x) ** 3).sum().backward()
    (other(z) ** 3).sum().backward()
    pairs = {"x": (x, z), "weight": (norm.weight, other.weight), "bias": (norm.bias, other.bias)}
    for name, (found, expected) in pairs.items():
        if name in of.split():
            assert np.allclose(found.grad, expected.grad, rtol=1e-12)
        else:
            assert found.grad is None


def test_the_same_network_learns_with_and_without_a_scale_of_its_input():
    """The output does not depend on the scale and shift of a channel, which is the point."""
    norm = layer(eps=1e-12)
    assert np.allclose(norm(X).data, norm(1000 * X - 300).data)


def test_large_means_do_not_cost_accuracy():
    x = (RNG.standard_normal((64, 1, 8, 8)) + 3000).astype(np.float32)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean()) / exact.std()
    # the input itself is rounded at 3000 * eps, of a deviation of 1
    assert np.allclose(nn.BatchNorm2d(1, eps=0.0)(x).data, exact, atol=3000 * 1.2e-7 * 4)


def test_an_empty_batch_changes_nothing_but_the_count():
    norm = layer()
    x = mt.Value(np.zeros((0, 4, 2, 2)))
    y = norm(x)
    y.sum().backward()
    assert y.shape == x.grad.shape == (0, 4, 2, 2)
    assert np.array_equal(norm.running_mean.data, np.zeros(4))
    assert np.array_equal(norm.running_var.data, np.ones(4))
    assert norm.num_batches_tracked.data == 1
    assert np.array_equal(norm.weight.grad, np.zeros(4))


# What is said of a wrong input


@pytest.mark.parametrize(
    ("norm", "shape", "message"),
    [
        (nn.BatchNorm2d(3), (2, 3, 4),
         "Sequential.0: the input has the wrong number of axes.\n"
         "  expected  an input of shape (N, 3, H, W)\n"
         "  got       an input of shape (2, 3, 4)"),
        (nn.BatchNorm2d(1), (2, 3, 4),
         "Sequential.0: the input has the wrong number of axes.\n"
         "  expected  an input of shape (N, 1, H, W)\n"
         "  got       an input of shape (2, 3, 4)\n"
         "  A single channel is an axis of length 1: x[:, None] gives a batch its own."),
        (nn.BatchNorm1d(3), (2, 3, 4, 5),
         "Sequential.0: the input has the wrong number of axes.\n"
         "  expected  an input of shape (N, 3) or (N, 3, L)\n"
         "  got       an input of shape (2, 3, 4, 5)"),
        (nn.BatchNorm1d(3), (2, 4),
         "Sequential.0: the input has the wrong number of channels.\n"
         "  expected  3 channels, in axis 1\n"
         "  got       4, in an input of shape (2, 4)"),
        (nn.BatchNorm1d(3), (1, 3),
         "Sequential.0: one entry per channel has no variance to normalise by.\n"
         "  expected  more than one entry per channel while training\n"
         "  got       an input of shape (1, 3)\n"
         "  Use batches of more than one, drop_last=True for the last one, or model.eval()."),
    ],
)  # fmt: skip
def test_a_wrong_input_is_an_error_with_the_place(norm, shape, message):
    with pytest.raises(ShapeError) as error:
        nn.Sequential(norm)(np.zeros(shape))
    assert str(error.value) == message


def test_one_entry_is_fine_in_evaluation():
    assert nn.BatchNorm1d(3).eval()(np.ones((1, 3))).shape == (1, 3)


@pytest.mark.parametrize("name", ["eps", "momentum"])
def test_an_option_is_not_negative(name):
    with pytest.raises(ArgumentError) as error:
        nn.BatchNorm1d(3, **{name: -1})
    assert str(error.value) == (
        f"BatchNorm1d: {name} must not be negative.\n"
        "  expected  a number of at least 0\n  got       -1"
    )
