"""Conventions of convolutions, pooling and activations: PyTorch's, unless noted; and their errors.

Numbers of PyTorch 2 were found by running it.
"""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, ops
from microtensor.errors import ArgumentError, MissingRuleError, ShapeError
from microtensor.graph import ancestors
from microtensor.ops import trilinear, windows

INF, NAN = np.inf, np.nan


def gradient(f, x, g=None):
    v = Value(np.array(x, dtype=float))
    y = f(v)
    y.backward(np.ones(y.shape) if g is None else np.array(g, dtype=float))
    return v.grad


# Activations

# function, input, output, gradient of its sum, both by PyTorch
AT_KINKS = [
    (mt.relu6, [-1, 0, 3, 6, 7], [0, 0, 3, 6, 6], [0, 0, 1, 0, 0]),
    (mt.hardtanh, [-2, -1, 0, 1, 2], [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]),
    (mt.hardsigmoid, [-4, -3, 0, 3, 4], [0, 0, 0.5, 1, 1], [0, 0, 1 / 6, 0, 0]),
    (mt.hardswish, [-4, -3, -1, 0, 3, 4], [0, 0, -1 / 3, 0, 3, 4], [0, 0, 1 / 6, 0.5, 1, 1]),
    (mt.hardshrink, [-1, -0.5, 0, 0.5, 1], [-1, 0, 0, 0, 1], [1, 0, 0, 0, 1]),
    (mt.softshrink, [-1, -0.5, 0, 0.5, 1], [-0.5, 0, 0, 0, 0.5], [1, 0, 0, 0, 1]),
    (lambda x: mt.threshold(x, 0.5, 9.0), [0, 0.5, 1], [9, 9, 1], [0, 0, 1]),
    (mt.softsign, [-1, 0, 1], [-0.5, 0, 0.5], [0.25, 1, 0.25]),
    (lambda x: mt.elu(x, 0.5), [0, 1], [0, 1], [0.5, 1]),
    (lambda x: mt.celu(x, 0.5), [0, 1], [0, 1], [1, 1]),
    (lambda x: mt.leaky_relu(x, -0.5), [-1, 0, 1], [0.5, 0, 1], [-0.5, -0.5, 1]),
    (lambda x: mt.prelu(x, np.array([0.25])), [-1, 0, 1], [-0.25, 0, 1], [0.25, 0.25, 1]),
    (lambda x: mt.softplus(x, 2.0, 3.0), [1.6, 2], [1.6, 2], [1, 1]),  # beyond the threshold
    (mt.logsigmoid, [-1000, 0, 1000], [-1000, -np.log(2), 0], [1, 0.5, 0]),
    (mt.mish, [-1000, 0, 1000], [0, 0, 1000], [0, 0.6, 1]),
    (mt.tanhshrink, [0.0], [0], [0]),
]


@pytest.mark.parametrize(("f", "x", "y", "slope"), AT_KINKS)
def test_values_and_gradients_at_kinks_are_those_of_pytorch(f, x, y, slope):
    np.testing.assert_allclose(f(np.array(x, dtype=float)), y, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(gradient(f, x), slope, rtol=1e-14, atol=1e-300)
    for entry, expected in zip(x, slope, strict=True):
        v = Value(float(entry))
        f(v).backward()
        np.testing.assert_allclose(v.grad, expected, rtol=1e-14, atol=1e-300)


# function, a place where it is flat
FLAT = [
    (mt.relu, -1.0), (mt.relu6, -1.0), (mt.relu6, 9.0), (mt.hardtanh, 2.0), (mt.hardshrink, 0.1),
    (mt.softshrink, 0.1), (lambda x: mt.threshold(x, 0, 0), -1.0), (mt.hardswish, -9.0),
    (mt.hardsigmoid, -9.0), (ops.rectifiers.negative_part, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x"), FLAT)
def test_an_infinite_gradient_where_a_function_is_flat_is_0(f, x):
    np.testing.assert_array_equal(gradient(f, [x, x], [INF, NAN]), [0, 0])


@pytest.mark.parametrize(
    "f",
    [mt.relu, mt.relu6, mt.leaky_relu, mt.elu, mt.celu, mt.selu, mt.hardtanh, mt.hardsigmoid,
     mt.hardswish, mt.hardshrink, mt.softshrink, mt.softplus, mt.logsigmoid, mt.mish, mt.softsign,
     lambda x: mt.threshold(x, 0.0, 5.0), lambda x: mt.prelu(x, np.array(0.3))],
)  # fmt: skip
def test_nan_stays_nan(f):
    np.testing.assert_array_equal(f(np.array([NAN])), [NAN])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_are_right_far_out(dtype):
    x = np.array([-1e30, -100.0, 100.0, 1e30], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_allclose(mt.softplus(x), np.maximum(x, 0), atol=1e-30)
        np.testing.assert_allclose(mt.logsigmoid(x), np.minimum(x, 0), atol=1e-30)
        np.testing.assert_allclose(mt.elu(x), np.maximum(x, -1))
        np.testing.assert_allclose(mt.mish(x[1:]), [0, *x[2:]], atol=1e-30)


def test_softplus_keeps_small_numbers():
    """log1p, not log(1 + ...): exp(-40) is far below the rounding of 1."""
    np.testing.assert_allclose(mt.softplus(np.array([-40.0])), [np.exp(-40.0)], rtol=1e-14)


def test_activations_refuse_options_that_make_no_sense():
    with pytest.raises(ArgumentError) as error:
        mt.hardtanh(Value([1.0]), 1.0, 0.5)
    assert str(error.value) == (
        "hardtanh: the bounds are in the wrong order.\n"
        "  expected  min_val <= max_val\n"
        "  got       min_val=1.0, max_val=0.5"
    )
    with pytest.raises(ArgumentError) as error:
        mt.softshrink(Value([1.0]), -0.5)
    assert str(error.value) == (
        "softshrink: lambd must not be negative.\n"
        "  expected  a number of at least 0\n"
        "  got       lambd=-0.5"
    )
    with pytest.raises(ShapeError) as error:
        mt.glu(Value([1.0, 2.0, 3.0]))
    assert str(error.value) == (
        "glu: the axis must have two halves.\n"
        "  expected  an even length of axis -1\n"
        "  got       shape (3,)"
    )
    with pytest.raises(ShapeError) as error:
        mt.prelu(Value(np.ones((2, 3))), Value([1.0, 2.0]))
    assert str(error.value) == (
        "prelu: the weight must be one number, or one for each channel.\n"
        "  expected  shape (1,) or (3,), since x has shape (2, 3)\n"
        "  got       shape (2,)"
    )


def test_one_hot_refuses_what_is_no_class():
    with pytest.raises(ArgumentError) as error:
        mt.one_hot([0, 3], 3)
    assert str(error.value) == (
        "one_hot: a label is no class.\n"
        "  expected  labels in 0 ... 2\n"
        "  got       labels from 0 to 3"
    )
    with pytest.raises(ArgumentError) as error:
        mt.one_hot([-1], 3)
    assert str(error.value).endswith("got       labels from -1 to -1")
    with pytest.raises(ArgumentError) as error:
        mt.one_hot(np.array([0.0, 1.0]))
    assert str(error.value) == (
        "one_hot: labels must be integers.\n"
        "  expected  an array of an integer dtype\n"
        "  got       dtype float64\n"
        "  If they are whole numbers, convert them: labels.astype(int)."
    )


def test_one_hot_rows_of_a_value_are_recorded_and_integers():
    rows = mt.one_hot(Value(np.array([1, 0])), 3)
    assert rows.dtype == np.int64
    assert not rows.requires_grad
    np.testing.assert_array_equal(rows.data, [[0, 1, 0], [1, 0, 0]])


# Pooling


def test_of_tied_entries_the_first_in_a_window_receives_the_gradient():
    tied = [[[1.0, 1.0, 0.0], [1.0, 2.0, 2.0], [0.0, 2.0, 2.0]]]
    found = gradient(lambda x: mt.max_pool2d(x, 2, 1), tied)
    np.testing.assert_array_equal(found, [[[0, 0, 0], [0, 4, 0], [0, 0, 0]]])
    found = gradient(lambda x: mt.max_pool2d(x, (1, 2), 1), tied)
    np.testing.assert_array_equal(found, [[[1, 1, 0], [0, 2, 0], [0, 2, 0]]])
    found = gradient(lambda x: mt.adaptive_max_pool1d(x, 2), [[5.0, 5.0, 5.0]])
    np.testing.assert_array_equal(found, [[1, 1, 0]])


def test_what_lies_in_the_padding_never_wins():
    found = gradient(lambda x: mt.max_pool1d(x, 3, 2, 1), [[-INF, -INF, -INF]])
    np.testing.assert_array_equal(found, [[1, 1, 0]])
    y, places = mt.max_pool1d(np.array([[-5.0, -7.0]]), 2, 1, 1, return_indices=True)
    np.testing.assert_array_equal(y, [[-5, -5, -7]])
    np.testing.assert_array_equal(places, [[0, 0, 1]])


def test_an_infinite_gradient_reaches_only_the_largest():
    found = gradient(lambda x: mt.max_pool1d(x, 2), [[1.0, 2.0, 3.0, 0.0]], [[INF, NAN]])
    np.testing.assert_array_equal(found, [[0, INF, NAN, 0]])


def test_nan_is_the_largest_and_the_first_of_several_receives_the_gradient():
    """PyTorch gives it to the last nan of a window, though of equal numbers to the first."""
    x = [[1.0, NAN, 3.0, NAN, 2.0, 4.0]]
    np.testing.assert_array_equal(mt.max_pool1d(np.array(x), 4, 2), [[NAN, NAN]])
    found = gradient(lambda x: mt.max_pool1d(x, 4, 2), x)
    np.testing.assert_array_equal(found, [[0, 1, 0, 1, 0, 0]])


def test_indices_are_integers_and_have_no_gradient():
    y, places = mt.max_pool2d(Value(np.arange(16.0).reshape(1, 4, 4)), 2, return_indices=True)
    assert y.requires_grad
    assert not places.requires_grad
    np.testing.assert_array_equal(places.data, [[[5, 7], [13, 15]]])
    y, places = mt.adaptive_max_pool1d(np.array([[[1.0, 4.0, 3.0]]]), 2, return_indices=True)
    np.testing.assert_array_equal(places, [[[1, 1]]])


def test_integers_are_pooled_too():
    np.testing.assert_array_equal(mt.max_pool1d(np.array([[-3, -2, 5]]), 2, 1, 1), [[-3, -2, 5, 5]])


# ceil_mode: the numbers of PyTorch 2 for 5 entries, a kernel of 2, a padding of 1
CEIL = [
    (True, False, [0.5, 2.5, 4.5]), (False, False, [1, 2.5, 4.5]),
    (True, True, [0.5, 2.5, 4.5]), (False, True, [1, 2.5, 4.5]),
]  # fmt: skip


@pytest.mark.parametrize(("count_pad", "ceil", "expected"), CEIL)
def test_means_count_the_padding_or_not(count_pad, ceil, expected):
    x = np.arange(1.0, 6.0).reshape(1, 5)
    np.testing.assert_array_equal(mt.avg_pool1d(x, 2, None, 1, ceil, count_pad), [expected])


def test_what_a_last_window_sees_beyond_the_padding_counts_for_nothing():
    x = np.arange(1.0, 6.0).reshape(1, 5)
    np.testing.assert_array_equal(mt.avg_pool1d(x, 3, ceil_mode=True), [[2, 4.5]])
    np.testing.assert_array_equal(mt.avg_pool1d(x, 2, 3, ceil_mode=True), [[1.5, 4.5]])
    np.testing.assert_array_equal(mt.max_pool1d(x, 2, 3), [[2, 5]])
    np.testing.assert_array_equal(mt.max_pool1d(x[:, :4], 1, 3, ceil_mode=True), [[1, 4]])


POOLING_ERRORS = [
    (
        lambda x: mt.max_pool2d(x, 2, padding=2), ArgumentError,
        "max_pool2d: the padding is more than half of the kernel.\n"
        "  expected  at most (1, 1), for a kernel of (2, 2)\n"
        "  got       (2, 2)\n"
        "  Some windows would see nothing at all. Take a larger kernel, or np.pad.",
    ),
    (
        lambda x: mt.max_pool2d(x, 9), ShapeError,
        "max_pool2d: the windows are larger than what they slide over.\n"
        "  expected  an input of at least (9, 9) along its last axes, padding included\n"
        "  got       (3, 4), with padding (0, 0)\n"
        "  Take a smaller kernel or dilation, or more padding.",
    ),
    (
        lambda x: mt.avg_pool2d(x, (2, 2, 2)), ArgumentError,
        "avg_pool2d: kernel_size must be one integer, or one for each axis that windows slide "
        "along.\n"
        "  expected  an integer of at least 1, or 2 of them\n"
        "  got       (2, 2, 2)",
    ),
    (
        lambda x: mt.avg_pool2d(x, 2, divisor_override=0), ArgumentError,
        "avg_pool2d: nothing can be divided by 0.\n"
        "  expected  divisor_override=None, or another number\n"
        "  got       divisor_override=0",
    ),
    (
        lambda x: mt.max_pool1d(x, 2.5), ShapeError,
        "max_pool1d: the input must have 3 axes, or 2 if there is no batch.\n"
        "  expected  shape (N, C, L) or (C, L)\n"
        "  got       shape (1, 2, 3, 4)\n"
        "  A single channel is an axis of length 1: x[:, None] gives a batch its own.",
    ),
    (
        lambda x: mt.max_pool2d(x, 2.5), ArgumentError,
        "max_pool2d: kernel_size must be one integer, or one for each axis that windows slide "
        "along.\n"
        "  expected  an integer of at least 1, or 2 of them\n"
        "  got       2.5",
    ),
    (
        lambda x: mt.adaptive_avg_pool2d(x, (2, 0)), ArgumentError,
        "adaptive_avg_pool2d: output_size must be one integer, or one for each axis that windows "
        "slide along.\n"
        "  expected  an integer of at least 1, or 2 of them\n"
        "  got       [2, 0]",
    ),
    (
        lambda x: mt.adaptive_avg_pool2d(x[:, :, :0], 1), ShapeError,
        "adaptive_avg_pool2d: there are no places to look at.\n"
        "  expected  at least one entry along each axis behind the channels\n"
        "  got       shape (1, 2, 0, 4)",
    ),
    (
        lambda x: mt.adaptive_max_pool1d(x[0, :, :, :0], 3), ShapeError,
        "adaptive_max_pool1d: there are no places to look at.\n"
        "  expected  at least one entry along each axis behind the channels\n"
        "  got       shape (2, 3, 0)",
    ),
    (
        lambda x: mt.interpolate(x[..., :0], scale_factor=2), ShapeError,
        "interpolate: there are no places to look at.\n"
        "  expected  at least one entry along each axis behind the channels\n"
        "  got       shape (1, 2, 3, 0)",
    ),
    (
        lambda x: mt.fold(x[0], (3, 4), 2), ShapeError,
        "fold: the columns are not those of such windows.\n"
        "  expected  shape (N, C * 4, 6) or (C * 4, 6): windows of (2, 2) lie at 6 places\n"
        "  got       shape (2, 3, 4)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("f", "kind", "message"), POOLING_ERRORS)
def test_pooling_refuses_what_does_not_fit(f, kind, message):
    for x in (np.ones((1, 2, 3, 4)), Value(np.ones((1, 2, 3, 4)))):
        with pytest.raises(kind) as error:
            f(x)
        assert str(error.value) == message


# Convolutions


def test_the_batch_may_be_left_out():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((2, 5, 4)), rng.standard_normal((3, 2, 2, 2)), np.ones(3)
    np.testing.assert_array_equal(mt.conv2d(x, w, b), mt.conv2d(x[None], w, b)[0])
    turned = w.swapaxes(0, 1)
    np.testing.assert_array_equal(
        mt.conv_transpose2d(x, turned, b), mt.conv_transpose2d(x[None], turned, b)[0]
    )


def test_one_more_zero_lies_behind_when_same_needs_an_odd_number():
    x, w = np.array([[1.0, 2.0, 3.0]]), np.array([[[10.0, 1.0]]])
    np.testing.assert_array_equal(mt.conv1d(x, w, padding="same"), [[12, 23, 30]])


def test_lists_are_arrays():
    np.testing.assert_array_equal(mt.conv1d([[1, 2, 4]], [[[-1, 1]]], [0.5]), [[1.5, 2.5]])
    np.testing.assert_array_equal(mt.max_pool1d([[1, 2, 4]], 2), [[2]])


def test_a_convolution_is_one_call_of_the_record():
    """So that pictures show a convolution, and not what it is made of."""
    x, w, b = Value(np.ones((1, 2, 4, 4))), Value(np.ones((3, 2, 2, 2))), Value(np.ones(3))
    y = mt.conv2d(x, w, b)
    assert [n.fn for n in ancestors(y) if n.fn] == [trilinear.convolution]


def by_columns(x, weight, bias, laid, groups):
    """Write a convolution as one product with the columns of all windows."""
    columns = windows.unfold_places(x, geometry=laid)  # (N, C, taps, *outputs)
    rows = weight.reshape(groups, weight.shape[0] // groups, -1)
    y = rows @ columns.reshape(len(x), groups, -1, math.prod(laid.outputs))
    y = y.reshape(len(x), weight.shape[0], *laid.outputs)
    return y if bias is None else y + bias.reshape(-1, *(1,) * len(laid.outputs))


def test_a_convolution_is_a_product_with_columns():
    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((2, 4, 5, 6)), rng.standard_normal((6, 2, 2, 3)), np.arange(6.0)
    laid = windows.lay("test", (5, 6), (2, 3), (2, 1), (1, 0), (1, 2))
    for bias in (None, b):
        fused = trilinear.convolution(x, w, bias, geometry=laid, groups=2)
        expected = by_columns(x, w, bias, laid, groups=2)
        np.testing.assert_allclose(fused, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("part", [1, 300, 2**40])
def test_how_many_columns_are_made_at_a_time_makes_no_difference(part, monkeypatch):
    rng = np.random.default_rng(2)
    x, w = rng.standard_normal((2, 3, 7, 5)), rng.standard_normal((4, 3, 3, 2))

    def all_three():
        y, pull = mt.vjp(lambda x, w: mt.conv2d(x, w, None, 2, 1, 2), x, w)
        return y, *pull(np.ones(np.shape(y)))

    expected = all_three()
    monkeypatch.setattr(trilinear, "CACHE", part)
    for found, right in zip(all_three(), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-13, atol=1e-13)


def test_a_wider_bias_widens_the_output():
    x, w = np.ones((1, 1, 2, 2), np.float32), np.ones((1, 1, 1, 1), np.float32)
    assert mt.conv2d(x, w, np.full(1, 0.1)).dtype == np.float64
    np.testing.assert_array_equal(mt.conv2d(x, w, np.full(1, 0.1)), np.full((1, 1, 2, 2), 1.1))


def test_the_third_derivative_of_a_convolution_in_both_operands_is_0():
    """It is linear in each, so that by x, w, x there is nothing left."""
    rng = np.random.default_rng(3)
    x, w = rng.standard_normal((1, 1, 3)), rng.standard_normal((1, 1, 2))

    def along(f, direction):
        return lambda x: np.sum(mt.grad(f)(x) * direction)

    def loss(z):
        return np.sum(mt.conv1d(z * x, z * z * w) * np.array([1.0, 2.0]))

    slope = mt.grad(along(along(loss, 1.0), 1.0))(1.0)  # of z * z * z, times the loss at 1
    np.testing.assert_allclose(slope, 6 * float(loss(1.0)), rtol=1e-12)


X, W = np.ones((2, 4, 5, 5)), np.ones((6, 4, 3, 3))

CONVOLUTION_ERRORS = [
    (
        lambda: mt.conv2d(Value(np.moveaxis(X, 1, -1)), W), ShapeError,
        "conv2d: the channels of the input do not fit the weight.\n"
        "  expected  4 channels, since weight has shape (6, 4, 3, 3), groups=1\n"
        "  got       5 channels, the second axis of the shape (2, 5, 5, 4)\n"
        "  Channels come before height and width: np.moveaxis(x, -1, 1) puts them there.",
    ),
    (
        lambda: mt.conv2d(X, Value(W[0])), ShapeError,
        "conv2d: the weight must have 4 axes, and entries.\n"
        "  expected  shape (O, C / groups, kH, kW)\n"
        "  got       shape (4, 3, 3)",
    ),
    (
        lambda: mt.conv_transpose1d(X[0], W), ShapeError,
        "conv_transpose1d: the weight must have 3 axes, and entries.\n"
        "  expected  shape (C, O / groups, k)\n"
        "  got       shape (6, 4, 3, 3)",
    ),
    (
        lambda: mt.conv2d(X, W, np.ones(4)), ShapeError,
        "conv2d: the bias must have one number for each channel of the output.\n"
        "  expected  shape (6,)\n"
        "  got       shape (4,)",
    ),
    (
        lambda: mt.conv2d(X, W[:, :1], groups=4), ArgumentError,
        "conv2d: groups must divide the channels of the output.\n"
        "  expected  a divisor of 6, since weight has shape (6, 1, 3, 3)\n"
        "  got       groups=4",
    ),
    (
        lambda: mt.conv_transpose2d(X, np.ones((4, 1, 2, 2)), groups=3), ArgumentError,
        "conv_transpose2d: groups must divide the channels of the input.\n"
        "  expected  a divisor of 4, since weight has shape (4, 1, 2, 2)\n"
        "  got       groups=3",
    ),
    (
        lambda: mt.conv2d(X, W, padding="full"), ArgumentError,
        "conv2d: there is no such padding.\n"
        "  expected  padding='same', padding='valid', or integers\n"
        "  got       'full'",
    ),
    (
        lambda: mt.conv2d(X, W, stride=2, padding="same"), ArgumentError,
        "conv2d: padding='same' is for windows one apart.\n"
        "  expected  stride=1\n"
        "  got       stride=(2, 2)\n"
        "  Say how many zeros you want: padding=1, for instance.",
    ),
    (
        lambda: mt.conv2d(X, W, stride=0), ArgumentError,
        "conv2d: stride must be one integer, or one for each axis that windows slide along.\n"
        "  expected  an integer of at least 1, or 2 of them\n"
        "  got       0",
    ),
    (
        lambda: mt.conv1d(X[0], np.ones((1, 5, 3)), dilation=4), ShapeError,
        "conv1d: the windows are larger than what they slide over.\n"
        "  expected  an input of at least (9,) along its last axes, padding included\n"
        "  got       (5,), with padding (0,)\n"
        "  Take a smaller kernel or dilation, or more padding.",
    ),
    (
        lambda: mt.conv_transpose2d(X, np.ones((4, 1, 2, 2)), output_padding=1), ArgumentError,
        "conv_transpose2d: output_padding must be smaller than stride or dilation.\n"
        "  expected  less than (1, 1)\n"
        "  got       (1, 1)\n"
        "  A larger one would only add zeros: np.pad does that.",
    ),
    (
        lambda: mt.conv_transpose2d(X, np.ones((4, 1, 2, 2)), padding=3), ShapeError,
        "conv_transpose2d: nothing is left of the output.\n"
        "  expected  a padding that cuts off less than there is\n"
        "  got       an output of (0, 0), with padding (3, 3)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("f", "kind", "message"), CONVOLUTION_ERRORS)
def test_convolutions_refuse_what_does_not_fit(f, kind, message):
    with pytest.raises(kind) as error:
        f()
    assert str(error.value) == message


# NumPy's windows


def test_a_window_longer_than_it_has_places_is_added_back():
    found = gradient(lambda x: np.lib.stride_tricks.sliding_window_view(x, 4), [0.0] * 5)
    np.testing.assert_array_equal(found, [1, 2, 2, 2, 1])


def test_windows_that_could_be_written_into_are_refused():
    with pytest.raises(MissingRuleError) as error:
        np.lib.stride_tricks.sliding_window_view(Value(np.ones(3)), 2, writeable=True)
    assert str(error.value).startswith(
        "numpy.lib.stride_tricks.sliding_window_view has no derivative rule for its option "
        "writeable=."
    )


# Images and similarities


def test_what_is_shuffled_can_be_shuffled_back():
    x = np.random.default_rng(4).standard_normal((2, 8, 3, 5))
    np.testing.assert_array_equal(mt.pixel_unshuffle(mt.pixel_shuffle(x, 2), 2), x)


def test_the_nearest_place_is_found_as_pytorch_rounds_it():
    x = np.arange(10)  # integers, too
    found = mt.interpolate(x[None, None], scale_factor=0.5)
    np.testing.assert_array_equal(found, [[[0, 2, 4, 6, 8]]])
    found = mt.interpolate(x[None, None].astype(float), size=6)  # floor(3 * 10 / 6) is 5
    np.testing.assert_array_equal(found, [[[0, 1, 3, 5, 6, 8]]])


def test_a_vector_of_zeros_has_no_direction_and_finite_gradients():
    np.testing.assert_array_equal(mt.normalize(np.zeros((1, 2))), [[0, 0]])
    found = gradient(mt.normalize, [[0.0, 0.0]])
    np.testing.assert_allclose(found, [[1e12, 1e12]])
    found = gradient(lambda x: mt.cosine_similarity(x, np.array([[3.0, 4.0]])), [[0.0, 0.0]])
    np.testing.assert_allclose(found, [[0.6e8, 0.8e8]])


IMAGE_ERRORS = [
    (
        lambda x: mt.pixel_shuffle(x, 2), ShapeError,
        "pixel_shuffle: the channels cannot be made into places.\n"
        "  expected  shape (..., C * 4, H, W)\n"
        "  got       shape (1, 3, 3, 2)",
    ),
    (
        lambda x: mt.pixel_unshuffle(x, 2), ShapeError,
        "pixel_unshuffle: the places cannot be made into channels.\n"
        "  expected  shape (..., C, H * 2, W * 2)\n"
        "  got       shape (1, 3, 3, 2)",
    ),
    (
        lambda x: mt.interpolate(x, 4, mode="bicubic"), ArgumentError,
        "interpolate: there is no such mode here.\n"
        "  expected  one of 'nearest', 'linear', 'bilinear', 'trilinear'\n"
        "  got       mode='bicubic'",
    ),
    (
        lambda x: mt.interpolate(x, 4, mode="linear"), ShapeError,
        "interpolate: mode='linear' is for inputs of another rank.\n"
        "  expected  3 axes\n"
        "  got       shape (1, 3, 3, 2)\n"
        "  linear, bilinear and trilinear are for 1, 2 and 3 axes of places.",
    ),
    (
        lambda x: mt.interpolate(x, 4, align_corners=True), ArgumentError,
        "interpolate: corners are aligned where neighbours are mixed only.\n"
        "  expected  align_corners=None for mode='nearest'\n"
        "  got       align_corners=True",
    ),
    (
        lambda x: mt.interpolate(x, 4, 2), ArgumentError,
        "interpolate: either a size or a factor is needed.\n"
        "  expected  size= or scale_factor=\n"
        "  got       both",
    ),
    (
        lambda x: mt.interpolate(x[0, 0], 4), ShapeError,
        "interpolate: the input must have a batch axis, channels, and places.\n"
        "  expected  shape (N, C, L), (N, C, H, W) or (N, C, D, H, W)\n"
        "  got       shape (3, 2)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("f", "kind", "message"), IMAGE_ERRORS)
def test_functions_of_images_refuse_what_does_not_fit(f, kind, message):
    with pytest.raises(kind) as error:
        f(Value(np.ones((1, 3, 3, 2))))
    assert str(error.value) == message


@pytest.mark.parametrize("shape", [(0, 4, 2, 2), (1, 0, 2, 2), (1, 4, 0, 2), (1, 4, 2, 0)])
def test_pixels_of_nothing_are_shuffled(shape):
    x = np.zeros(shape)
    y = mt.pixel_shuffle(x, 2)
    assert y.shape == (shape[0], shape[1] // 4, shape[2] * 2, shape[3] * 2)
    assert mt.pixel_unshuffle(y, 2).shape == shape


def test_cosine_similarity_is_along_an_axis_of_both_together_as_in_pytorch():
    a, b = np.array([[[3.0, 1.0], [4.0, 0.0]]]), np.array([[[1.0, 2.0]], [[0.0, 2.0]]])
    # (1, 2, 2) with (2, 1, 2), over the axis of length 1 in b: as of [[[1, 2], [1, 2]], ...]
    expected = mt.cosine_similarity(*np.broadcast_arrays(a, b), axis=1)
    np.testing.assert_array_equal(mt.cosine_similarity(Value(a), b, axis=1).data, expected)
    np.testing.assert_allclose(expected, [[7 / 50**0.5, 0.5**0.5], [0, 0.5**0.5]])
