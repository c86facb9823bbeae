"""The oracle itself: it lets right derivatives pass and objects to wrong ones, with their place."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.checks import check_gradients
from microtensor.differences import TOLERANCE
from microtensor.errors import ArgumentError, GradientCheckError


def lines(*rows):
    return "\n".join(rows)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def compare_gradients(f, *args, order=1, **options):
    return check_gradients(f, *args, order=order, raises=False, **options)


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
    "a factor at a large number": (
        function(np.square, lambda g, y, x: 1.0001 * g * 2 * x),
        np.array([1e6, -1e9]),
    ),
    "a very small factor of one entry of many": (
        function(np.tanh, lambda g, y, x: g * (1 - y * y) * (1 + 3e-8 * (np.arange(500) == 0))),
        0.5 + 0 * normal(500),
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


@pytest.mark.parametrize("entry", [0, 1, 321, 498, 499])
def test_an_entry_that_no_sample_holds_is_found_by_halving(entry):
    factor = 1 + (np.arange(500) == entry)
    f = function(np.tanh, lambda g, y, x: g * (1 - y * y) * factor)
    assert compare_gradients(f, normal(500))[0].where == f"at [{entry}]"


def test_a_wrong_second_derivative_is_found_behind_a_right_first_one():
    def rule(g, y, x):
        slope = 3 * (x.data if isinstance(x, Value) else x) ** 2  # .data leaves the graph
        return g * slope

    cube = function(lambda x: x**3, rule)
    assert check_gradients(cube, normal(3), order=1)
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
        check_gradients(lambda p: {"y": square(p["x"]).sum() * p["k"]}, {"k": 1.0, "x": x}, order=1)
    right, wrong_row = compare_gradients(
        lambda p: square(p["x"]).sum() * p["k"], {"k": 1.0, "x": x}
    )
    assert (wrong_row.where, wrong_row.verdict, right.verdict) == ("at [2]", "WRONG", "ok")
    assert wrong_row.error == pytest.approx((12 - 8) / 12)
    assert str(error.value) == lines(
        "check_gradients: the gradient of argument 0['x'] is wrong at [2].",
        "  expected  8, by differences of the function",  # 2 x, as the output is one number
        "  got       12, by its rules",
        "  gradient of      relative error  tolerance  verdict  worst",
        f"  argument 0['k']  {right.error:14.1e}    3.7e-09  ok       all",
        "  argument 0['x']         3.3e-01    3.7e-09  WRONG    [2]",
        "  worst: argument 0['x'] at [2]",
        "         12 by rules, 8 by differences",
    )
    assert isinstance(error.value, AssertionError)


def test_several_outputs_are_weighted_so_that_mistakes_in_two_do_not_cancel():
    def swapped(g, y, x):
        return g[::-1] * 2 * x  # right in the sum, and of no output

    square = function(np.square, swapped)
    result = compare_gradients(lambda x: square(x), np.array([3.0, 3.0]))
    assert not result.passed
    weights = np.random.default_rng(0).standard_normal(2)
    assert abs(result.worst.expected - result.worst.got) == pytest.approx(
        6 * abs(weights[0] - weights[1])
    )


def test_a_result_is_a_table():
    result = compare_gradients(lambda a, b: a * b, 2.0, 3.0, order=2)
    short = {"along a random direction": "all", "at its number": "its number"}
    worst = result.worst
    assert worst.error == max(row.error for row in result)
    assert repr(result) == lines(
        "gradient of                  relative error  tolerance  verdict  worst",
        *(
            f"{row.what:<27}  {row.error:14.1e}    3.7e-09  ok       {short[row.where]}"
            for row in result
        ),
        f"worst: {worst.what} {worst.where}",
        f"       {worst.got:.6g} by rules, {worst.expected:.6g} by differences",
    )
    assert max(map(len, repr(result).splitlines())) <= 80
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


def test_nothing_of_the_callers_is_changed():
    x, v = normal(3), Value(normal(3))
    before = x.copy(), v.data.copy()
    check_gradients(lambda x, v: (x * v).sum(), x, v, order=2)
    assert np.array_equal(x, before[0])
    assert np.array_equal(v.data, before[1])
    assert v.grad is None


def test_directions_come_from_rng_and_are_the_same_again():
    f = np.sin
    x = normal(30)
    assert compare_gradients(f, x) == compare_gradients(f, x, rng=0)
    assert compare_gradients(f, x) != compare_gradients(f, x, rng=np.random.default_rng(7))


# Chance and precision


def test_a_function_of_chance_is_refused_and_the_generator_goes_on_from_where_it_was():
    rng = np.random.default_rng(0)
    with pytest.raises(ArgumentError) as error:
        check_gradients(lambda x: x * rng.random(3), normal(3))
    assert str(error.value) == lines(
        "check_gradients: two forward passes on the same numbers disagree.",
        "  expected  the same numbers each time, or differences between them are chance",
        "  got       a function that draws random numbers, or changes as it is called",
        "  Use model.eval() for layers such as dropout, or make the generator anew inside.",
    )
    state = mt.randomness.generator().bit_generator.state
    assert check_gradients(lambda x: x * np.random.default_rng(0).random(3), normal(3))
    with pytest.raises(ArgumentError):
        check_gradients(lambda x: x * mt.randomness.generator().random(3), normal(3))
    assert mt.randomness.generator().bit_generator.state == state


EPS32 = np.finfo(np.float32).eps


def test_float32_is_checked_in_float64_and_then_held_against_it():
    x = normal(3).astype(np.float32)
    result = check_gradients(lambda x: np.tanh(x) * x, x)
    assert [row.what for row in result] == [
        "argument 0",
        "the gradient, by argument 0",
        "argument 0 in float32",
    ]
    assert [row.tolerance for row in result] == [TOLERANCE, TOLERANCE, 1000 * EPS32]
    assert result[2].error < 10 * EPS32


def test_a_rule_that_is_slightly_wrong_is_found_in_float32():
    x = normal(3).astype(np.float32)
    result = compare_gradients(function(np.tanh, _scaled(1 + 1e-7)), x)
    assert [row.verdict for row in result] == ["WRONG", "ok"]


def test_a_rule_that_is_wrong_in_float32_only_is_found():
    def rule(g, y, x):
        return g * (1 - y * y) * (1.001 if y.dtype == np.float32 else 1.0)

    f = function(np.tanh, rule)
    assert check_gradients(f, normal(3), order=1)
    result = compare_gradients(f, normal(3).astype(np.float32))
    assert [row.verdict for row in result] == ["ok", "WRONG"]
    assert result[1].error == pytest.approx(1e-3, rel=1e-3)
    with pytest.raises(GradientCheckError, match="argument 0 in float32 is wrong at"):
        check_gradients(f, normal(3).astype(np.float32), order=1)


def test_a_function_that_takes_no_float64_is_differenced_in_float32():
    def only(f):
        def strict(x):
            if x.dtype != np.float32:
                raise TypeError("float32, please")
            return f(x)

        return strict

    x = normal(3).astype(np.float32)
    right = check_gradients(only(np.tanh), x, order=1)
    assert right[0].tolerance == pytest.approx(100 * EPS32 ** (2 / 3), rel=0.5)
    for wrong in (_scaled(-1), _scaled(1.01), lambda g, y, x: g):
        assert not compare_gradients(only(function(np.tanh, wrong)), x)


def test_a_function_that_computes_in_float32_within_is_held_to_that():
    f = lambda x: np.tanh(x.astype(np.float32)).astype(float)
    result = check_gradients(f, normal(3), order=1)
    assert 1e-5 < result[0].tolerance < 1e-2
    wrong = function(np.tanh, _scaled(1.02))
    assert not compare_gradients(lambda x: wrong(x.astype(np.float32)).astype(float), normal(3))


def test_an_error_in_the_second_decimal_behind_a_large_constant_is_found():
    """Differences of 1e6 + f(x) lose ten digits, and still tell 1.01 from 1."""
    right, wrong = (
        lambda x, f=f: 1e6 + f(x).sum() for f in (np.tanh, function(np.tanh, _scaled(1.01)))
    )
    assert check_gradients(right, normal(3), order=1)
    assert not compare_gradients(wrong, normal(3))


# Wrong use


class Model:
    def named_parameters(self):
        return iter([])

    def named_modules(self):
        return iter([])


def floats_only(name, got):
    return lines(
        f"check_gradients: {name} must hold floats and nothing else.",
        "  expected  floats, beside which differences can be taken",
        f"  got       {got}",
        "  Convert it with .astype(float), or make it an argument of its own.",
    )


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (({"x": 1.0, "i": np.array([1])},), {}, floats_only("argument 0", "int64")),
        (({"x": 1.0, "name": "a"},), {}, floats_only("argument 0", "<U0")),
        (
            (3, np.array([1]), "a"),
            {},
            lines(
                "check_gradients: there is nothing to differentiate by.",
                "  expected  an argument that holds floats",
                "  got       int, ndarray of int64, str",
                "  Make integers floats: 3.0, or x.astype(float).",
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
                "  Use mt.check_model(model, loss, x, y), which checks every parameter.",
            ),
        ),
    ],
)
def test_wrong_use_is_told(args, options, message):
    with pytest.raises(ArgumentError) as error:
        check_gradients(lambda *a: a[0], *args, **options)
    assert str(error.value) == message
