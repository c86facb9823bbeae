"""Far from 1, with repeated places, and by other routes: the numbers stay right."""

import math
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, ops
from microtensor.ops import activations
from microtensor.primitives import known

BIG = 1000.0


def value_and_gradient(f, x):
    v = Value(np.array(x))
    y = f(v)
    np.sum(y).backward()
    return y.data, v.grad


# Far out: the limits are known, and nothing overflows on the way (a warning would be an error)

FAR = [
    (mt.sigmoid, [-BIG, BIG], [0, 1], [0, 0]),
    (mt.softplus, [-BIG, BIG], [0, BIG], [0, 1]),
    (mt.silu, [-BIG, BIG], [0, BIG], [0, 1]),
    (mt.elu, [-BIG, BIG], [-1, BIG], [0, 1]),
    (mt.gelu, [-BIG, BIG], [0, BIG], [0, 1]),
    (lambda x: mt.gelu(x, "tanh"), [-BIG, BIG], [0, BIG], [0, 1]),
    (np.tanh, [-BIG, BIG], [-1, 1], [0, 0]),
    (mt.softmax, [0.0, BIG], [0, 1], [0, 0]),
    (lambda x: mt.log_softmax(x)[1:], [BIG, -BIG], [-2 * BIG], [-1, 1]),
    (mt.logsumexp, [BIG, BIG], BIG + math.log(2), [0.5, 0.5]),
    (mt.logsumexp, [-BIG, -BIG], -BIG + math.log(2), [0.5, 0.5]),
    (lambda x: np.logaddexp(x[0], x[1]), [BIG, -BIG], BIG, [1, 0]),
]


@pytest.mark.parametrize(("f", "x", "y", "slope"), FAR)
def test_far_out_the_limits_are_reached_without_overflow(f, x, y, slope):
    found, gradient = value_and_gradient(f, x)
    np.testing.assert_allclose(found, y, rtol=1e-15)
    np.testing.assert_allclose(gradient, slope, atol=1e-300)


@pytest.mark.parametrize(("f", "x", "y", "slope"), FAR)
def test_far_out_second_derivatives_are_finite(f, x, y, slope):
    second = mt.hessian(lambda x: np.sum(f(x)))(np.array(x))
    assert np.all(np.isfinite(second))


INTEGERS = [
    np.array([[0, 1, 100, 3], [5, 127, 2, 7]], dtype)
    for dtype in (np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64)
] + [np.array([[-7, 1, -100, 3]], dtype) for dtype in (np.int8, np.int64)]


def takes_integers_as_numbers(f, x):
    wanted = f(x.astype(float))
    return all(np.allclose(y, wanted, rtol=1e-12, atol=0) for y in (f(x), f(Value(x)).data))


@pytest.mark.parametrize(
    "f",
    [mt.sigmoid, mt.softplus, mt.logsigmoid, mt.silu, mt.mish, mt.glu, mt.softmax, mt.softmin,
     mt.log_softmax, mt.logsumexp, lambda x: mt.interpolate(x[None], 9, mode="linear")],
)  # fmt: skip
def test_integers_of_every_kind_and_bools_are_the_numbers_that_they_are(f):
    for x in (*INTEGERS, INTEGERS[0] > 4):
        assert takes_integers_as_numbers(f, x), x.dtype


@pytest.mark.parametrize(
    "f", [lambda x: 1 / (1 + np.exp(np.negative(x))), lambda x: np.exp(x - np.max(x))]
)
@pytest.mark.filterwarnings("ignore:.*encountered")
def test_unsigned_integers_that_wrap_around_would_be_noticed(f):
    assert [takes_integers_as_numbers(f, x) for x in INTEGERS[:4]] == [False] * 4


def test_the_loss_of_a_hopeless_model_is_its_margin():
    loss, gradient = value_and_gradient(
        lambda x: ops.softmax_cross_entropy(x, np.array([0, 1])), [[-BIG, BIG], [-BIG, BIG]]
    )
    assert loss == BIG  # the mean of 2000 and 0
    np.testing.assert_array_equal(gradient, [[-0.5, 0.5], [0, 0]])


@pytest.mark.parametrize("classes", [4, 100])  # few are summed another way than many
def test_the_fused_loss_and_what_it_stands_for_agree(classes):
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((5, classes)), np.array([0, classes - 1, 1, 1, 2])
    composite = known(ops.softmax_cross_entropy).stands_for
    fused, by_fused = value_and_gradient(lambda v: ops.softmax_cross_entropy(v, labels), x)
    plain, by_plain = value_and_gradient(lambda v: composite(v, labels), x)
    np.testing.assert_allclose(fused, plain, rtol=1e-14)
    np.testing.assert_allclose(by_fused, by_plain, rtol=1e-13, atol=1e-16)


def test_the_fused_loss_takes_labels_that_are_a_value_to_any_order():
    labels = Value(np.array([0, 1]))
    x = np.array([[0.3, -0.2], [1.0, 0.5]])
    by_value = mt.hessian(lambda v: ops.softmax_cross_entropy(v, labels))(x)
    np.testing.assert_array_equal(
        by_value, mt.hessian(lambda v: ops.softmax_cross_entropy(v, labels.data))(x)
    )


def test_linear_and_what_it_stands_for_agree():
    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((2, 3)), rng.standard_normal((4, 3)), rng.standard_normal(4)
    composite = known(ops.linear).stands_for
    for operands in [(x, w, b), (x, w), (x[0], w, b)]:
        np.testing.assert_allclose(ops.linear(*operands), composite(*operands), rtol=1e-14)


def test_linear_with_a_wider_bias_has_its_dtype():
    x, w, b = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.full(4, 0.1)
    y = ops.linear(Value(x), Value(w), Value(b))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y.data, np.full((2, 4), 3.1))


def test_gelu_without_scipy_is_the_same(monkeypatch):
    x = np.linspace(-4, 4, 17).reshape(1, 17)
    with_scipy = value_and_gradient(mt.gelu, x)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    without = value_and_gradient(mt.gelu, x)
    np.testing.assert_allclose(without[0], with_scipy[0], rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(without[1], with_scipy[1], rtol=1e-13, atol=1e-16)
    assert activations._erf(np.float64(0.5)) == math.erf(0.5)


# Places


def test_what_is_added_to_a_place_named_twice_is_added_twice():
    x = Value(np.zeros(4))
    v = Value(np.array([1.0, 2.0, 4.0]))
    y = x.at[[0, -4, 2]].add(v)
    np.testing.assert_array_equal(y.data, [3, 0, 4, 0])
    y.backward(np.array([1.0, 10.0, 100.0, 1000.0]))
    np.testing.assert_array_equal(v.grad, [1, 1, 100])
    np.testing.assert_array_equal(x.grad, [1, 10, 100, 1000])


def test_of_several_values_set_at_one_place_only_the_last_has_a_gradient():
    x = Value(np.zeros(3))
    v = Value(np.array([1.0, 2.0, 4.0]))
    y = x.at[[0, 0, -3]].set(v)
    np.testing.assert_array_equal(y.data, [4, 0, 0])
    y.backward(np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(v.grad, [0, 0, 1])
    np.testing.assert_array_equal(x.grad, [0, 10, 100])


def test_a_mask_adds_and_sets_where_it_is_true():
    x = Value(np.arange(4.0))
    mask = x.data > 1
    np.testing.assert_array_equal(x.at[mask].add(10).data, [0, 1, 12, 13])
    np.testing.assert_array_equal(x.at[mask].set(0).data, [0, 1, 0, 0])
    np.testing.assert_array_equal(x.at[x > 1].add(Value([1.0, 2.0])).data, [0, 1, 3, 5])


def test_setting_a_number_keeps_float32_and_does_not_cut_integers_off():
    assert Value(np.zeros(2, np.float32)).at[0].set(0.5).dtype == np.float32
    assert Value(np.zeros(2, np.float32)).at[0].add(0.5).dtype == np.float32
    assert Value(np.zeros(2, np.float32)).at[0].add(Value(0.5)).dtype == np.float32
    np.testing.assert_array_equal(Value(np.array([1, 2])).at[0].set(0.5).data, [0.5, 2.0])


def test_an_assignment_overlooks_leading_axes_of_length_1_as_numpys_does():
    x, v = Value(np.zeros((3, 2))), Value(np.array([[[1.0, 2.0]]]))
    y = x.at[:2].set(v)
    np.testing.assert_array_equal(y.data, [[1, 2], [1, 2], [0, 0]])
    y.backward(np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(v.grad, [[[2, 4]]])


def test_indices_may_be_values():
    x = Value(np.array([[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]]))
    order = np.argsort(x, axis=1)
    assert isinstance(order, Value)
    np.testing.assert_array_equal(np.take_along_axis(x, order, 1).data, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(np.take(x, np.argmax(x)).data, 6.0)
    np.testing.assert_array_equal(np.take(x, order[0], axis=1).data[0], [1, 2, 3])
    np.testing.assert_array_equal(x[x > 2.5].data, [3, 4, 6, 5])
    np.testing.assert_array_equal(x[np.argmax(x, axis=0)[0], 1].data, 6.0)


def test_where_of_a_condition_alone_gives_places():
    rows, columns = np.where(Value(np.array([[0.0, 1.0], [2.0, 0.0]])))
    assert (list(rows), list(columns)) == ([0, 1], [1, 0])


# The same by other routes


def test_einsum_with_three_operands_is_the_same_in_any_order():
    rng = np.random.default_rng(2)
    a, b, c = (rng.standard_normal(s) for s in ((3, 4), (4, 5), (5, 2)))
    f = lambda a, b, c, **o: np.sum(np.einsum("ij,jk,kl->il", a, b, c, **o) ** 2)
    plain = mt.grad(f, argnums=(0, 1, 2))(a, b, c)
    for optimize in (True, "greedy", "optimal", ["einsum_path", (0, 1), (0, 1)]):
        found = mt.grad(lambda *x, o=optimize: f(*x, optimize=o), argnums=(0, 1, 2))(a, b, c)
        for g, p in zip(found, plain, strict=True):
            np.testing.assert_allclose(g, p, rtol=1e-12)


IDENTITIES = [
    ("trace", lambda x: np.trace(x), lambda x: np.einsum("ii", x)),
    ("product", lambda x: x @ x, lambda x: np.tensordot(x, x, 1)),
    ("dot", lambda x: np.dot(x, x), lambda x: np.einsum("ij,jk", x, x)),
    ("outer", lambda x: np.outer(x[0], x[1]), lambda x: np.einsum("i,j->ij", x[0], x[1])),
    ("tile", lambda x: np.tile(x, (2, 1)), lambda x: np.concatenate([x, x])),
    ("pad", lambda x: np.pad(x, ((1, 0), (0, 0))), lambda x: np.vstack([np.zeros((1, 3)), x])),
    ("pad by axis", lambda x: np.pad(x, {-1: (1, 2)}), lambda x: np.pad(x, ((0, 0), (1, 2)))),
    ("roll", lambda x: np.roll(x, 1, 0), lambda x: np.concatenate([x[-1:], x[:-1]])),
    ("flip", lambda x: np.flip(x, 0), lambda x: x[::-1]),
    ("repeat", lambda x: np.repeat(x, 2, 0), lambda x: x[[0, 0, 1, 1, 2, 2]]),
    ("tril", lambda x: np.tril(x) + np.triu(x, 1), lambda x: +x),
    ("cumsum", lambda x: np.cumsum(x, 0)[-1], lambda x: np.sum(x, 0)),
    ("var", lambda x: np.var(x), lambda x: np.mean(x * x) - np.mean(x) ** 2),
    ("std", lambda x: np.std(x) ** 2, lambda x: np.var(x)),
    ("log_softmax", lambda x: mt.log_softmax(x), lambda x: np.log(mt.softmax(x))),
    ("logsumexp", lambda x: x[0] - mt.logsumexp(x[0]), lambda x: mt.log_softmax(x[0])),
    ("silu", lambda x: mt.silu(x), lambda x: x * mt.sigmoid(x)),
    ("relu", lambda x: mt.relu(x), lambda x: np.maximum(x, 0)),
    ("clip", lambda x: np.clip(x, -0.5, 0.5), lambda x: np.minimum(np.maximum(x, -0.5), 0.5)),
    ("split", lambda x: np.concatenate(np.split(x, 3)), lambda x: +x),
    ("stack", lambda x: np.stack([*x]), lambda x: +x),
    ("moveaxis", lambda x: np.moveaxis(x, 0, 1), lambda x: x.T),
    ("power", lambda x: (x * x) ** 1.5, lambda x: np.abs(x) ** 3),
    ("remainder", lambda x: np.remainder(x, 0.7), lambda x: x - 0.7 * np.floor_divide(x, 0.7)),
    ("sigmoid", lambda x: mt.sigmoid(x), lambda x: (1 + np.tanh(x / 2)) / 2),
    ("arctan2", lambda x: np.arctan2(x, 1 + x * x), lambda x: np.arctan(x / (1 + x * x))),
]


@pytest.mark.parametrize(("name", "f", "g"), IDENTITIES, ids=[i[0] for i in IDENTITIES])
def test_two_ways_to_one_function_have_one_value_and_two_derivatives(name, f, g):
    x = np.random.default_rng(3).standard_normal((3, 3))
    (y, pull), (z, pull_other) = mt.vjp(f, x), mt.vjp(g, x)
    np.testing.assert_allclose(y, z, rtol=1e-12, atol=1e-14)
    u = np.random.default_rng(4).standard_normal(np.shape(y))
    np.testing.assert_allclose(pull(u)[0], pull_other(u)[0], rtol=1e-11, atol=1e-13)
    second, other = (
        mt.hvp(lambda x, f=f: np.sum(f(x) * u), (x,), (np.ones_like(x),))[0] for f in (f, g)
    )
    np.testing.assert_allclose(second, other, rtol=1e-10, atol=1e-12)


def test_a_conversion_converts_the_gradient_back():
    x = Value(np.ones(2, np.float32))
    x.astype(np.float64).sum().backward()
    assert x.grad.dtype == np.float32
    y = Value(np.array([1.5, 2.5]))
    assert y.astype(np.float32).dtype == np.float32
    assert not y.astype(int).requires_grad
    assert y.astype(np.float64, copy=False).dtype == np.float64


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x, dtype=np.float64),
        lambda x: np.mean(x, 0, np.float64),
        lambda x: np.var(x, dtype=np.float64),
        lambda x: np.std(x, 0, np.float64),
        lambda x: np.trace(x, dtype=np.float64),
        lambda x: np.exp(x, dtype=np.float64),
        lambda x: np.concatenate([x, x], dtype=np.float64),
        lambda x: np.stack([x, x], dtype=np.float64),
        lambda x: np.vstack([x, x], dtype=np.float64),
        lambda x: np.hstack([x, x], dtype=np.float64),
    ],
)
def test_a_dtype_that_is_asked_for_is_had_and_the_gradient_keeps_the_inputs(f):
    x = Value(np.eye(2, dtype=np.float32))
    y = f(x)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.data, f(x.data), rtol=1e-15)
    np.sum(y).backward()
    assert x.grad.dtype == np.float32


def test_the_fifth_derivative_of_tanh_is_right():
    """With t = tanh x, it is 16 - 136 t² + 240 t⁴ - 120 t⁶."""
    d = np.tanh
    for _ in range(5):
        d = mt.grad(d)
    t2 = math.tanh(0.3) ** 2
    assert d(0.3) == pytest.approx(16 - 136 * t2 + 240 * t2**2 - 120 * t2**3, rel=1e-12)


@pytest.mark.parametrize("subscripts", ["ij->j", "ij->", "ij,kj->ik"])
def test_einsum_of_an_empty_axis_has_a_gradient(subscripts):
    operands = [mt.Value(np.zeros((0, 3))), mt.Value(np.ones((2, 3)))][: subscripts.count(",") + 1]
    np.einsum(subscripts, *operands).sum().backward()
    assert [v.grad.shape for v in operands] == [v.shape for v in operands]


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_softmax_over_nothing_is_nothing_as_in_pytorch(shape):
    for fn in (mt.softmax, mt.log_softmax, mt.softmin):
        x = mt.Value(np.zeros(shape, np.float32))
        y = fn(x)
        np.sum(y).backward()
        assert y.shape == x.grad.shape == shape
        assert y.dtype == np.float32


def test_logsumexp_over_nothing_is_minus_infinity_as_in_pytorch():
    x = mt.Value(np.zeros((2, 0)))
    np.testing.assert_array_equal(mt.logsumexp(x, axis=1).data, [-np.inf, -np.inf])
    assert mt.logsumexp(x, axis=0).shape == (0,)
    mt.logsumexp(x, axis=1).sum().backward()
    assert x.grad.shape == (2, 0)


def test_norms_of_order_above_2_have_no_slope_to_any_order_at_0_as_in_pytorch():
    norm = lambda x: np.linalg.norm(x, 3.5)
    np.testing.assert_array_equal(mt.grad(norm)(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(mt.hessian(norm)(np.zeros(3)), np.zeros((3, 3)))
