"""Functions of functions: their structures, their identities, and how they nest."""

from typing import NamedTuple

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, nn

EPS = np.finfo(float).eps
RNG_SEED = 0


class Line(NamedTuple):
    slope: object
    shift: object


def normal(*shape, seed=RNG_SEED):
    return np.random.default_rng(seed).standard_normal(shape)


def close(a, b, rounding=100):
    np.testing.assert_allclose(a, b, rtol=rounding * EPS, atol=rounding * EPS)


# Structures


@pytest.mark.parametrize(
    ("f", "argument", "gradient"),
    [
        (lambda x: x * x, 3.0, 6.0),
        (lambda x: x * x, 3, 6.0),
        (lambda x: x * x, np.float32(3), np.float32(6)),
        (lambda x: x * x, np.int64(3), 6.0),
        (lambda x: (x * x).sum(), np.array([1.0, 2.0]), np.array([2.0, 4.0])),
        (lambda x: x[0] * x[1], [2.0, 5.0], [5.0, 2.0]),
        (lambda x: x[0] * x[1][0], (2.0, [5.0]), (5.0, [2.0])),
        (lambda p: p["a"] * p["b"]["c"], {"a": 2.0, "b": {"c": 5.0}}, {"a": 5.0, "b": {"c": 2.0}}),
        (lambda p: p.slope * 2 + p.shift, Line(2.0, 3.0), Line(2.0, 1.0)),
        (lambda x: x[0] * 2.0, [1.0, np.ones(2)], [2.0, np.zeros(2)]),
        (lambda x: x.sum(), np.array([[1.0]]), np.array([[1.0]])),
        (lambda x: x, np.array([2.0]), np.array([1.0])),
    ],
)
def test_a_gradient_has_the_structure_of_its_argument(f, argument, gradient):
    found = mt.grad(f)(argument)
    assert type(found) is type(gradient)
    assert repr(found) == repr(gradient)
    value, again = mt.value_and_grad(f)(argument)
    assert repr(again) == repr(gradient)
    assert not isinstance(value, Value)


def test_argnums_choose_arguments():
    def f(a, b, *, c):
        return a * b**2 * c

    assert mt.grad(f)(2.0, 3.0, c=1.0) == 9.0
    assert mt.grad(f, 1)(2.0, 3.0, c=1.0) == 12.0
    assert mt.grad(f, -1)(2.0, 3.0, c=1.0) == 12.0
    assert mt.grad(f, (1, 0))(2.0, 3.0, c=1.0) == (12.0, 9.0)
    assert mt.grad(f, [0])(2.0, 3.0, c=1.0) == (9.0,)
    assert mt.grad(f)(2.0, 3, c="xyz".index("y")) == 9.0


def test_a_function_keeps_its_other_arguments_as_they_are():
    seen = []
    mt.grad(lambda x, mode, table: seen.append((mode, table)) or x)(1.0, "fast", [1, 2])
    assert seen == [("fast", [1, 2])]


class Model:
    def __init__(self):
        self.w = Weight(np.array([1.0, 2.0]))
        self.b = Weight(3.0)

    def named_parameters(self):
        return iter([("w", self.w), ("inner.b", self.b)])

    def named_modules(self):
        return iter([("", self)])

    def __call__(self, x):
        return (self.w * x).sum() + self.b


class Weight(Value):
    is_parameter = True


def test_a_model_is_differentiated_by_its_parameters():
    net = Model()
    square = mt.value_and_grad(lambda m, x: m(x) ** 2)
    with mt.no_grad():
        value, grads = square(net, np.array([1.0, 1.0]))
    assert value == 36.0
    assert repr(grads) == "{'w': array([12., 12.]), 'inner.b': 12.0}"
    assert net.w.grad is None
    with mt.no_grad():
        tangent = {"w": np.array([1.0, 0.0]), "inner.b": 2.0}
        y, dy = mt.jvp(lambda m: m(np.ones(2)), (net,), (tangent,))
    assert (y, dy) == (6.0, 3.0)


def test_gradients_by_a_model_stay_connected_to_its_parameters():
    net, x = Model(), np.ones(2)
    square = mt.grad(lambda m: m(x) ** 2)
    slopes = square(net)
    (slopes["w"] ** 2).sum().backward()  # d/dw of |2 (w·x + b) x|² = 8 (w·x + b) |x|² x
    assert np.array_equal(net.w.grad, np.full(2, 8 * 6.0 * 2))
    second = mt.grad(lambda m: square(m)["w"].sum())(net)
    assert np.array_equal(second["w"].data, np.full(2, 4.0))


@pytest.mark.parametrize("kind", [Value, nn.Parameter])
def test_a_gradient_penalty_reaches_a_value_that_was_given(kind):
    p = kind([2.0])
    slope = mt.grad(lambda w: (w**3).sum())(p)
    ((slope * slope).sum() + p.sum()).backward()
    assert p.grad.tolist() == [2 * 12 * 12 + 1]  # d/dp (3 p²)² + p
    assert float(mt.hessian(lambda w: w**3)(kind(2.0))) == 12.0


def test_a_frozen_parameter_that_is_given_is_differentiated_by():
    assert mt.grad(lambda w: w**3)(nn.Parameter(2.0, requires_grad=False)) == 12.0


# Products with Jacobians


def nonlinear(x, p):
    return {"y": np.tanh(x @ p["w"] + p["b"]), "z": (x * x).sum()}


POINT = (normal(2, 3), {"w": normal(3, 4, seed=1), "b": normal(4, seed=2)})
TANGENT = (normal(2, 3, seed=3), {"b": normal(4, seed=4), "w": normal(3, 4, seed=5)})


def dot(a, b):
    if isinstance(a, dict):
        return sum(dot(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return sum(dot(x, y) for x, y in zip(a, b, strict=True))
    return float(np.sum(a * b))


def test_jvp_and_vjp_are_each_others_transposes():
    y, pull = mt.vjp(nonlinear, *POINT)
    _, dy = mt.jvp(nonlinear, POINT, TANGENT)
    u = {"z": 0.7, "y": normal(*np.shape(y["y"]), seed=6)}
    close(dot(u, dy), dot(pull(u), TANGENT))
    assert abs(dot(u, dy) - 1.001 * dot(pull(u), TANGENT)) > 1e-4 * abs(dot(u, dy))


def test_entries_of_a_dict_are_matched_by_name():
    y, pull = mt.vjp(lambda x: {"a": x, "b": 10 * x}, 1.0)
    assert y == {"a": 1.0, "b": 10.0}
    assert pull({"b": 1.0, "a": 0.0}) == (10.0,)


def test_pull_can_be_called_again_and_takes_lists_for_arrays():
    _, pull = mt.vjp(lambda a, b: a * b, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    for _ in range(3):
        assert [g.tolist() for g in pull([1.0, 10.0])] == [[3, 40], [1, 20]]
    connected = pull(Value([1.0, 1.0]))
    assert isinstance(connected[0], Value)


def test_a_jacobian_holds_every_vjp_and_every_jvp():
    def f(x):
        return np.stack([x[0] * x[1], np.sin(x[1]), x.sum()])

    x, u, v = normal(2), normal(3, seed=1), normal(2, seed=2)
    J = mt.jacobian(f)(x)
    assert J.shape == (3, 2)
    close(J, [[x[1], x[0]], [0, np.cos(x[1])], [1, 1]])
    close(u @ J, mt.vjp(f, x)[1](u)[0])
    close(J @ v, mt.jvp(f, (x,), (v,))[1])


def test_jacobians_have_the_outputs_shape_then_the_inputs():
    x = normal(2, 3)
    J = mt.jacobian(lambda x: x.T * 2)(x)
    assert J.shape == (3, 2, 2, 3)
    assert np.array_equal(J, 2 * np.einsum("jk,il->ijkl", np.eye(2), np.eye(3)))
    assert mt.jacobian(lambda x: 3 * x)(2.0) == 3.0
    assert mt.jacobian(lambda x: np.stack([x, x * x]))(2.0).tolist() == [1, 4]
    assert mt.jacobian(lambda x: x[:0])(np.ones(2)).shape == (0, 2)
    by_name = mt.jacobian(lambda p: p["a"] * p["b"])({"a": np.ones(2), "b": 2.0})
    assert (by_name["a"].tolist(), by_name["b"].tolist()) == ([[2, 0], [0, 2]], [1, 1])
    first, second = mt.jacobian(lambda a, b: a * b, (0, 1))(np.ones(2), 2.0)
    assert (first.tolist(), second.tolist()) == ([[2, 0], [0, 2]], [1, 1])


def test_float32_stays_float32():
    x = np.ones(2, np.float32)
    assert mt.grad(lambda x: (x**3).sum())(x).dtype == np.float32
    assert mt.jacobian(lambda x: x**3)(x).dtype == np.float32
    assert mt.hessian(lambda x: (x**3).sum())(x).dtype == np.float32
    assert mt.jvp(lambda x: x**3, (x,), (x,))[1].dtype == np.float32


# Second and higher derivatives


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def test_the_hessian_of_rosenbrocks_function_is_its_formula():
    x, y = 1.2, -0.7
    H = mt.hessian(rosenbrock)(np.array([x, y]))
    close(H, [[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200]])


def test_a_hessian_is_symmetric_and_holds_every_product():
    x, v = normal(5), normal(5, seed=1)
    f = lambda x: rosenbrock(np.sin(x))
    H = mt.hessian(f)(x)
    scale = np.abs(H).max()
    close(H / scale, H.T / scale)
    close(mt.hvp(f, (x,), (v,))[0] / scale, H @ v / scale)
    close(mt.jvp(mt.grad(f), (x,), (v,))[1] / scale, H @ v / scale)  # forward over reverse


def test_hvp_takes_several_arguments_in_their_structure():
    f = lambda a, p: a**2 * p["b"] ** 3
    da, dp = mt.hvp(f, (2.0, {"b": 3.0}), (1.0, {"b": 10.0}))
    assert da == 2 * 27 * 1.0 + 2 * 2 * 3 * 9 * 10.0
    assert dp == {"b": 2 * 2 * 3 * 9 * 1.0 + 4 * 6 * 3 * 10.0}


QUARTIC = [(4, 3), (12, 2), (24, 1), (24, 0), (0, 0)]  # c and n of c x^n, from 4 x^3 on


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (np.sin, [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin, np.cos]),
        (np.exp, [np.exp] * 5),
        (lambda x: x**4, [lambda x, c=c, n=n: c * x**n for c, n in QUARTIC]),
        (lambda x: 3 * x + 1, [lambda x: 3.0, *[lambda x: 0.0] * 4]),
        (lambda x: np.sign(x) + 2.0, [lambda x: 0.0] * 5),
        (lambda x: x * 0 + 2.0, [lambda x: 0.0] * 5),
    ],
)
def test_derivatives_to_the_fifth(f, derivatives):
    for derivative in derivatives:
        f = mt.grad(f)
        for at in (0.7, np.float64(0.7), np.array(0.7)):
            found = f(at)
            assert not isinstance(found, Value)
            close(found, derivative(0.7))


def test_hessians_of_what_is_not_curved_are_zero():
    x = np.ones(2)
    assert mt.hessian(lambda x: x.sum())(x).tolist() == [[0, 0], [0, 0]]
    assert mt.hvp(lambda x: x.sum(), (x,), (x,))[0].tolist() == [0, 0]
    assert mt.hessian(lambda x: 3 * x)(2.0) == 0.0


def test_a_function_of_each_entry_has_its_derivatives_as_the_gradient_of_the_sum():
    """What other libraries call elementwise_grad: one pass, since entries do not mix."""
    x = np.linspace(-2, 2, 7)
    slope = lambda f: lambda x: mt.grad(lambda x: f(x).sum())(x)
    close(slope(np.tanh)(x), 1 - np.tanh(x) ** 2)
    close(slope(slope(np.tanh))(x), -2 * np.tanh(x) * (1 - np.tanh(x) ** 2))


# What does not depend, and what is no longer connected


def test_the_gradient_of_what_does_not_depend_is_zero():
    w = Value(3.0)
    assert mt.grad(lambda x, y: y * 2, (0, 1))(np.ones(2), 3.0)[0].tolist() == [0, 0]
    assert mt.grad(lambda x: np.argmax(x) * 1.0)(np.ones(2)).tolist() == [0, 0]
    assert mt.grad(lambda x: Value(3.0, requires_grad=False))(2.0) == 0.0
    assert mt.grad(lambda x: w * 2)(2.0).data == 0.0
    assert mt.jvp(lambda x: Value(3.0, requires_grad=False), (2.0,), (1.0,)) == (3.0, 0.0)


CALLS = {
    "grad": lambda f: mt.grad(f)(2.0),
    "value_and_grad": lambda f: mt.value_and_grad(f)(2.0)[1],
    "vjp": lambda f: mt.vjp(f, 2.0)[1](1.0)[0],
    "jvp": lambda f: mt.jvp(f, (2.0,), (1.0,))[1],
    "jacobian": lambda f: mt.jacobian(f)(2.0),
    "hessian": lambda f: mt.hessian(f)(2.0),
    "hvp": lambda f: mt.hvp(f, (2.0,), (1.0,))[0],
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_that_leaves_the_graph_is_warned_of_at_the_users_line(name):
    with pytest.warns(mt.errors.DisconnectedWarning) as caught:
        assert CALLS[name](lambda x: float(x) ** 2) == 0.0
    assert {str(w.message) for w in caught} == {
        "the function gave float, not a Value: nothing connects it to its input, "
        "so its gradient is zero. float(x), x.data and x.item() leave the graph."
    }
    assert {w.filename for w in caught} == {__file__}


# Nesting


def test_nested_gradients_do_not_confuse_their_variables():
    """Siskind, Pearlmutter, Perturbation Confusion and Referential Transparency (2005)."""
    for f, slope in [
        (lambda x: x * mt.grad(lambda y: x + y)(1.0), 1.0),
        (lambda x: x * mt.grad(lambda y: x * y)(1.0), 4.0),
        (lambda x: x * mt.grad(lambda y: x * y)(x), 4.0),
        (lambda x: x * mt.grad(lambda y: y**3)(x), 36.0),
        (lambda x: mt.jvp(lambda y: x * y, (1.0,), (x,))[1], 4.0),
        (lambda x: mt.jvp(lambda y: y * y * x, (x,), (1.0,))[1], 8.0),
        (lambda x: mt.hvp(lambda y: y**3 * x, (x,), (1.0,))[0], 24.0),
        (lambda x: mt.jacobian(lambda y: y * x)(x), 1.0),
        (lambda x: mt.hessian(lambda y: y**3)(x), 6.0),
        (lambda x: mt.vjp(lambda y: y * x, x)[1](x)[0], 4.0),
        (lambda x: mt.value_and_grad(lambda y: y * x)(x)[0], 4.0),
    ]:
        assert mt.grad(f)(2.0) == slope


def test_results_stay_connected_to_values_that_the_function_closes_over():
    w = Value([2.0, 3.0], name="w")
    f = lambda x: (w * x**2).sum()
    x = np.array([1.0, 10.0])
    for result, expected in [
        (mt.grad(f)(x).sum(), [2, 20]),
        (mt.value_and_grad(f)(x)[0], [1, 100]),
        (mt.vjp(f, x)[0], [1, 100]),
        (mt.vjp(f, x)[1](1.0)[0].sum(), [2, 20]),
        (mt.jvp(f, (x,), (np.ones(2),))[1], [2, 20]),
        (mt.jacobian(lambda x: w * x)(x).sum(), [1, 1]),
        (mt.hessian(f)(x).sum(), [2, 2]),
        (mt.hvp(f, (x,), (np.ones(2),))[0].sum(), [2, 2]),
    ]:
        w.grad = None
        result.backward()
        assert w.grad.tolist() == expected


def test_results_stay_connected_to_values_that_are_given():
    x = Value(3.0)
    slope = mt.grad(lambda x: x**3)(x)
    (slope * slope).backward()
    assert x.grad == 2 * 27 * 18.0
    constant = Value(3.0, requires_grad=False)
    assert mt.grad(lambda x: x**3)(constant) == 27.0
    assert isinstance(mt.grad(lambda x: 2 * x)(x), Value)


def test_no_gradient_of_the_callers_is_touched():
    x, w = Value(3.0), Value(2.0)
    mt.grad(lambda x: x * w)(x)
    mt.hessian(lambda x: x * x * w)(x)
    assert x.grad is None
    assert w.grad is None


def test_under_no_grad_results_are_plain_numbers():
    w, x = Value(2.0), Value(3.0)
    with mt.no_grad():
        assert mt.grad(lambda x: x * x * w)(x) == 12.0
        assert mt.hessian(lambda x: x**3 * w)(3.0) == 36.0
        assert mt.jvp(lambda x: x * w, (3.0,), (1.0,)) == (6.0, 2.0)
        assert mt.vjp(lambda x: x * w, 3.0)[1](1.0) == (2.0,)
        assert mt.hvp(lambda x: x**3 * w, (3.0,), (1.0,)) == (36.0,)
        assert not mt.graph.is_recording()
