"""The oracle itself: it lets right derivatives pass and objects to wrong ones, with their place."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.checks import TOLERANCE, check_gradients, compare_gradients
from microtensor.errors import ArgumentError, GradientCheckError


def lines(*rows):
    return "\n".join(rows)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def function(forward, *rules):
    """Make a function with the rules given, right or wrong."""
    fn = mt.primitive(lambda *x: forward(*x))  # one of its own, not NumPy's
    mt.differentiable(fn, *rules)
    return fn


# Right derivatives

RIGHT = {
    "tanh": (np.tanh, normal(3)),
    "a number": (lambda x: x**3, 2.0),
    "a value": (np.tanh, Value([0.3, 2.0])),
    "matmul": (np.matmul, normal(2, 3), normal(3, 4)),
    "broadcasting": (lambda a, b: a * b + b, normal(3, 1), normal(4)),
    "nested": (
        lambda p, x: {"y": p["w"] @ x + p["b"][0]}, {"w": normal(2, 3), "b": [1.0]}, normal(3)
    ),
    "options": (lambda x, i, mode: x[i] if mode == "one" else x, normal(3), 1, "one"),
    "integers beside floats": (lambda p: p["x"] ** p["n"], {"x": 1.5, "n": 3}),
    "tiny": (lambda x: 1e-12 * np.tanh(x), normal(3)),
    "huge": (lambda x: 1e12 * np.tanh(x), normal(3)),
    "at a large number": (lambda x: x * x, np.array([1e6, -1e9])),
    "at a small number": (lambda x: x * x, np.array([1e-6, 0.0])),
    "flat": (lambda x: x**5, np.zeros(2)),
    "curved": (lambda x: np.sin(100 * x), np.array([1.0, 2.0])),
    "zero": (lambda x: np.sign(x) * 0.0, np.array([1.0, 2.0])),
    "cancelling": (lambda x: (x - np.mean(x)).sum(), normal(50)),
    "large and cancelling": (lambda x: (np.exp(x) - np.exp(x) * 1.0).sum(), 5 + normal(50)),
    "many entries": (lambda x: mt.softmax(x), normal(10, 30)),
    "no entries": (lambda x: x.sum(), np.zeros((0, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("order", [1, 2])
def test_right_derivatives_pass(name, order):
    f, *args = RIGHT[name]
    result = check_gradients(f, *args, order=order)
    assert result
    assert result.passed
    assert len(result) % order == 0


# Wrong ones


def _scaled(factor):
    return lambda g, y, x: factor * g * (1 - y * y)


SLIGHTLY = function(np.tanh, _scaled(1.001))

WRONG = {
    "a sign": (function(np.tanh, _scaled(-1)), normal(3)),
    "a factor": (SLIGHTLY, normal(3)),
    "a small factor": (function(np.tanh, _scaled(1 + 1e-7)), normal(3)),
    "a factor of something tiny": (lambda x: 1e-9 * SLIGHTLY(x), normal(3)),
    "a factor of something huge": (lambda x: 1e9 * SLIGHTLY(x), normal(3)),
    "zeros": (function(np.tanh, lambda g, y, x: 0 * g), normal(3)),
    "a missing rule": (function(np.tanh, None), normal(3)),
    "swapped operands": (
        function(np.multiply, lambda g, y, a, b: g * a, lambda g, y, a, b: g * b),
        normal(3),
        normal(3, seed=1),
    ),
    "one entry": (
        function(np.tanh, lambda g, y, x: g * (1 - y * y) * np.where(np.arange(3) == 1, 2, 1)),
        normal(3),
    ),
    "one entry of many": (
        function(np.tanh, lambda g, y, x: g * (1 - y * y) * np.where(np.arange(500) == 321, 2, 1)),
        normal(500),
    ),
    "entries whose errors cancel": (
        function(np.tanh, lambda g, y, x: g * (1 - y * y) + np.array([1.0, -1.0])),
        normal(2),
    ),
    "broadcasting undone along another axis": (
        function(np.add, lambda g, y, a, b: g, lambda g, y, a, b: np.transpose(g)),
        normal(3, 3),
        normal(3),
    ),
    "one leaf of a nesting": (lambda p: p["a"] * SLIGHTLY(p["b"]), {"a": 2.0, "b": 0.5}),
    "not a number": (function(np.tanh, lambda g, y, x: g * np.nan), normal(3)),
    "infinity": (function(np.tanh, lambda g, y, x: g * np.inf), normal(3)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_derivatives_are_objected_to(name):
    f, *args = WRONG[name]
    assert not compare_gradients(f, *args)
    with pytest.raises(GradientCheckError):
        check_gradients(f, *args)


def test_a_wrong_second_derivative_is_found_behind_a_right_first_one():
    def rule(g, y, x):
        slope = 3 * (x.data if isinstance(x, Value) else x) ** 2  # .data leaves the graph
        return g * slope

    cube = function(lambda x: x**3, rule)
    assert check_gradients(cube, normal(3))
    result = compare_gradients(cube, normal(3), order=2)
    assert [row.passed for row in result] == [True, False]
    with pytest.raises(GradientCheckError, match="the gradient of the gradient, by argument 0"):
        check_gradients(cube, normal(3), order=2)


def test_a_failure_names_the_place_and_the_numbers():
    def wrong(g, y, x):
        return g * 2 * x * np.array([1.0, 1.0, 1.5])

    square = function(np.square, wrong)
    x = np.array([1.0, 2.0, 4.0])
    with pytest.raises(GradientCheckError) as error:
        check_gradients(lambda p: {"y": square(p["x"]).sum() * p["k"]}, {"k": 1.0, "x": x})
    weight = np.random.default_rng(0).standard_normal(())  # of the output, the first drawn
    row = compare_gradients(lambda p: square(p["x"]).sum() * p["k"], {"k": 1.0, "x": x})[0]
    assert row.where == "at ['x'][2]"
    assert row.error == pytest.approx(12 / (12 + 8), rel=0.5)
    assert str(error.value) == lines(
        "check_gradients: the gradient of argument 0 is wrong at ['x'][2].",
        f"  expected  {8 * weight:.10g}, by differences of the function",
        f"  got       {12 * weight:.10g}, by its rules",
        "  gradient of  relative error  tolerance  verdict",
        f"  argument 0  {row.error:14.1e}    3.7e-09  WRONG",
    )
    assert isinstance(error.value, AssertionError)


def test_a_result_is_a_table():
    result = compare_gradients(lambda a, b: a * b, 2.0, 3.0, order=2)
    assert repr(result) == lines(
        "gradient of                  relative error  tolerance  verdict",
        *(f"{row.what:<27}  {row.error:14.1e}    3.7e-09  ok" for row in result),
    )
    assert [row.what for row in result] == [
        "argument 0",
        "argument 1",
        "the gradient, by argument 0",
        "the gradient, by argument 1",
    ]
    assert result[0].tolerance == TOLERANCE == 100 * np.finfo(float).eps ** (2 / 3)


def test_the_tolerance_can_be_chosen():
    slightly = function(np.tanh, _scaled(1 + 1e-5))
    assert not compare_gradients(slightly, normal(3))
    assert check_gradients(slightly, normal(3), tolerance=1e-4)


def test_at_a_kink_differences_are_the_mean_of_both_slopes():
    """Documented: no convention has to agree with it, and relu's, 0, does not."""
    result = compare_gradients(mt.relu, np.array([0.0]))
    assert not result
    weight = np.random.default_rng(0).standard_normal(1)[0]
    assert (result[0].got, result[0].expected) == (0.0, pytest.approx(weight / 2))
    assert check_gradients(np.absolute, np.array([0.0]))  # whose convention is the mean


def test_nothing_of_the_callers_is_changed():
    x, v = normal(3), Value(normal(3))
    before = x.copy(), v.data.copy()
    check_gradients(lambda x, v: (x * v).sum(), x, v, order=2)
    assert np.array_equal(x, before[0])
    assert np.array_equal(v.data, before[1])
    assert v.grad is None


def test_directions_come_from_rng_and_are_the_same_again():
    f = lambda x: np.sin(x).sum()
    x = normal(30)
    assert compare_gradients(f, x) == compare_gradients(f, x, rng=0)
    assert compare_gradients(f, x) != compare_gradients(f, x, rng=np.random.default_rng(7))


# Wrong use


class Model:
    def named_parameters(self):
        return iter([])

    def named_modules(self):
        return iter([])


def float64_only(name, got):
    return lines(
        f"check_gradients: {name} must hold float64 and nothing else.",
        "  expected  float64, since differences of fewer digits show nothing",
        f"  got       {got}",
        "  Convert it with .astype(float).",
    )


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((normal(3).astype(np.float32),), {}, float64_only("argument 0", "float32")),
        ((normal(3), Value(np.float32(2))), {}, float64_only("argument 1", "float32")),
        (({"x": 1.0, "i": np.array([1])},), {}, float64_only("argument 0", "int64")),
        (({"x": 1.0, "name": "a"},), {}, float64_only("argument 0", "<U0")),
        (
            (3, np.array([1]), "a"),
            {},
            lines(
                "check_gradients: there is nothing to differentiate by.",
                "  expected  an argument that holds floats",
                "  got       int, ndarray, str",
            ),
        ),
        (
            (),
            {},
            lines(
                "check_gradients: there is nothing to differentiate by.",
                "  expected  an argument that holds floats",
                "  got       no arguments",
            ),
        ),
        ((1.0,), {"order": 3}, lines("check_gradients: order must be 1 or 2.", "  got       3")),
        (
            ([1.0, {"net": Model()}],),
            {},
            lines(
                "check_gradients: argument 0 holds a model.",
                "  expected  arrays, in any nesting",
                "  got       Model",
                "  Make its parameters the arguments of a function that computes the same.",
            ),
        ),
    ],
)
def test_wrong_use_is_told(args, options, message):
    with pytest.raises(ArgumentError) as error:
        check_gradients(lambda *a: a[0], *args, **options)
    assert str(error.value) == message
