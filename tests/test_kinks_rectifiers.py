"""What activations of straight pieces do with plain numbers, at their corners and bounds."""

import numpy as np
import pytest

from microtensor import Value, ops
from microtensor.derivatives import gradients
from microtensor.errors import ShapeError
from microtensor.ops.masking import masked


def gradient(f, x):
    v = Value(np.array(x, dtype=float))
    np.sum(f(v)).backward()
    return v.grad


@pytest.mark.parametrize(
    ("fn", "wanted"),
    [(ops.relu, [0.0, 0.0, 2.0]), (ops.rectifiers.negative_part, [-1.5, 0.0, 0.0])],
)
def test_a_python_number_is_cut_at_0_as_an_array_is(fn, wanted):
    found = [fn(Value(x)).data for x in (-1.5, 0.0, 2.0)]
    assert found == wanted
    assert all(type(y) is float for y in found)


def test_the_slope_of_the_negative_part_at_0_is_0():
    assert gradient(ops.rectifiers.negative_part, [-1.0, 0.0, 1.0]).tolist() == [1, 0, 0]


def test_bounds_that_are_equal_leave_one_number_and_no_slope():
    def f(x):
        return ops.hardtanh(x, 0.5, 0.5)

    assert f(np.array([-1.0, 0.5, 2.0])).tolist() == [0.5, 0.5, 0.5]
    assert gradient(f, [-1.0, 0.5, 2.0]).tolist() == [0, 0, 0]


def test_an_elu_with_a_negative_alpha_has_its_slope():
    np.testing.assert_allclose(
        gradient(lambda x: ops.elu(x, alpha=-0.5), [-1.0, 2.0]), [-0.5 * np.exp(-1.0), 1.0]
    )


def test_without_a_channel_axis_prelu_takes_one_weight_as_pytorchs():
    with pytest.raises(ShapeError) as caught:
        ops.prelu(np.ones(2), np.ones(2))
    assert str(caught.value) == (
        "prelu: the weight must be one number, or one for each channel.\n"
        "  expected  shape (1,) or (1,), since x has shape (2,)\n"
        "  got       shape (2,)"
    )


def test_prelu_with_a_negative_weight_has_its_slopes():
    x, weight = Value(np.array([-1.0, 2.0])), Value(np.array([-0.5]))
    y = ops.prelu(x, weight)
    assert y.data.tolist() == [0.5, 2.0]
    np.sum(y).backward()
    assert x.grad.tolist() == [-0.5, 1.0]
    assert weight.grad.tolist() == [-1.0]


def test_mixed_second_derivatives_of_prelu_are_one_number_at_the_corner_too():
    x, weight = Value(np.array([0.0])), Value(np.array([0.25]))
    y = np.sum(ops.prelu(x, weight))
    by_x, by_weight = gradients([y], [x, weight], create_graph=True)
    assert [by_x.data.tolist(), by_weight.data.tolist()] == [[0.25], [0.0]]
    assert gradients([by_x], [weight])[0].tolist() == [1.0]
    assert gradients([by_weight], [x])[0].tolist() == [1.0]


def test_an_infinite_term_shares_as_pytorchs():
    np.testing.assert_array_equal(gradient(ops.logsumexp, [np.inf, 1.0]), [np.inf, np.exp(1.0)])


def test_no_labels_have_no_classes():
    assert ops.one_hot(np.zeros(0, int)).shape == (0, 0)


@pytest.mark.parametrize("chosen", [True, np.True_, False, np.False_])
def test_what_is_masked_of_a_number_of_pythons_is_one(chosen):
    y = masked(2.0, chosen)
    assert type(y) is float
    assert y == 2.0 * bool(chosen)
