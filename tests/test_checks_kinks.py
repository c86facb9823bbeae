"""A kink is no error, and an error is no kink: at it, beside it, and far from it."""

import numpy as np
import pytest

import microtensor as mt
from microtensor.checks import check_gradients
from microtensor.differences import STEP, TOLERANCE, rate_of
from microtensor.errors import GradientCheckError


def lines(*rows):
    return "\n".join(rows)


def function(forward, *rules):
    fn = mt.primitive(lambda *x: forward(*x))
    mt.differentiable(fn, *rules)
    return fn


def verdicts(f, *args, order=1):
    return [row.verdict for row in check_gradients(f, *args, order=order, raises=False)]


def pairs(*x):
    return np.array(x, float)


# Kinks


KINKS = {
    "relu": (mt.relu, pairs(0, 1, -1)),
    "relu of zeros": (mt.relu, np.zeros(20)),
    "absolute": (np.absolute, pairs(0, 2)),
    "maximum": (lambda x: np.maximum(x[0], x[1]), pairs(1, 1)),
    "max": (np.max, pairs(3, 3, 1)),
    "clip": (lambda x: np.clip(x, -1, 1), pairs(-1, 0.5, 1)),
    "leaky relu": (mt.leaky_relu, pairs(0, 1)),
    "a norm at 0": (lambda x: abs(x[0]) + abs(x[1]), pairs(0, 0)),
    "a difference": (lambda x: np.absolute(x[1:] - x[:-1]), pairs(1, 1, 2)),
    "one of many": (mt.relu, np.where(np.arange(300) == 171, 0.0, np.linspace(-3, 3.02, 300))),
    "through a layer": (lambda x: mt.relu(x @ np.eye(3)) * 2.0, pairs(0, 1, 2)),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_told_apart_and_is_no_failure(name):
    f, x = KINKS[name]
    result = check_gradients(f, x, order=2)
    assert result[0].verdict == "kink"
    assert result[0].tolerance == TOLERANCE
    assert all(row.passed for row in result)


@pytest.mark.parametrize(
    ("wrong", "x"),
    [
        (lambda g, y, x: -g * (x >= 0), pairs(0, 1)),  # the sign, beside the kink and at it
        (lambda g, y, x: g * (x > 0) * 1.01, pairs(0, 1)),
        (lambda g, y, x: g * (x < 0), pairs(0, 1)),
        (lambda g, y, x: g * (x > 0) + 1e-6, pairs(0, -1)),  # a term too many
        (lambda g, y, x: g * 1.5, pairs(0)),  # above both slopes
        (lambda g, y, x: g * -0.5, pairs(0)),  # below both
        (lambda g, y, x: g * (1 + 1e-4), pairs(0)),
        (lambda g, y, x: g * np.nan, pairs(0)),
        (lambda g, y, x: g * np.inf, pairs(0)),
        (lambda g, y, x: g * (x > 0) * np.where(np.arange(50) == 31, 2, 1), np.arange(50.0)),
    ],
)
def test_a_wrong_rule_is_wrong_though_there_is_a_kink(wrong, x):
    relu = function(mt.relu, wrong)
    assert "WRONG" in verdicts(relu, x)
    with pytest.raises(GradientCheckError, match="is wrong at"):
        check_gradients(relu, x)


RULES = {
    "a sign": lambda g, y, x: -g * (x > 0),
    "a factor": lambda g, y, x: g * (x > 0) * 1.01,
    "a half": lambda g, y, x: g * (x > 0) * 0.5,  # between the slopes of the kink nearby
    "the mean of both slopes": lambda g, y, x: g * 0.5,
    "the other side": lambda g, y, x: g * (x < 0),
    "a missing term": lambda g, y, x: g * 0.0,
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("distance", [1e-8, 1e-7, 1e-6, STEP, 3 * STEP, 5 * STEP, 1e-3, 1.0])
def test_beside_a_kink_a_wrong_rule_is_wrong_and_the_right_one_right(name, distance):
    wrong = function(mt.relu, RULES[name])
    assert verdicts(wrong, pairs(distance)) == ["WRONG"]
    for side in (distance, -distance):
        assert verdicts(mt.relu, pairs(side)) == ["ok"]
        assert verdicts(lambda x: mt.relu(x) ** 2, pairs(side), order=2) == ["ok", "ok"]


@pytest.mark.parametrize("factor", [-1, 0, 0.5, 0.99, 1 + 1e-7, 2])
@pytest.mark.parametrize(
    ("forward", "slope"),
    [
        (np.sin, np.cos),
        (lambda x: np.exp(3 * x), lambda x: 3 * np.exp(3 * x)),
        (lambda x: np.sin(100 * x), lambda x: 100 * np.cos(100 * x)),
        (lambda x: np.sin(1e4 * x), lambda x: 1e4 * np.cos(1e4 * x)),
        (lambda x: 1 / x, lambda x: -1 / x**2),
        (np.log, lambda x: 1 / x),
    ],
)
def test_at_smooth_points_nothing_is_called_a_kink(forward, slope, factor):
    x = pairs(0.3, 1.7, 2.5)
    assert verdicts(function(forward, lambda g, y, x: g * slope(x)), x) == ["ok"]
    assert verdicts(function(forward, lambda g, y, x: g * slope(x) * factor), x) == ["WRONG"]


def test_a_kink_of_the_gradient_is_one_too():
    """Huber's loss has a continuous slope, whose own slope jumps at 1."""
    huber = lambda x: np.where(np.absolute(x) < 1, 0.5 * x * x, np.absolute(x) - 0.5)
    assert verdicts(huber, pairs(1.0, 2.0), order=2) == ["ok", "kink"]

    wrong = function(huber, lambda g, y, x: g * np.clip(mt.calls.plain(x), -1, 1))  # a constant
    assert verdicts(wrong, pairs(1.0, 0.5), order=2) == ["ok", "WRONG"]


# Where there is no slope


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.sign, pairs(0)),  # a jump
        (np.floor, pairs(1.5, 2.0)),
        (np.sqrt, pairs(0)),  # infinitely steep, and undefined below
        (np.cbrt, pairs(0)),
        (lambda x: np.sqrt(np.absolute(x)), pairs(0)),
    ],
)
def test_where_differences_do_not_settle_nothing_is_passed(f, x):
    assert verdicts(f, x)[0] in ("unclear", "WRONG")


def test_a_jump_is_told_for_what_it_is():
    with pytest.raises(GradientCheckError) as error:
        check_gradients(np.sign, pairs(0.0), order=1)
    assert str(error.value).splitlines()[:4] == [
        "check_gradients: the gradient of argument 0 cannot be checked at [0].",
        "  expected  a function that is smooth there, or has a kink",
        "  got       differences that do not settle: it jumps, is infinitely steep, or noisy",
        "  Check at another place.",
    ]


# The differences themselves


def slope(f, scale=1.0, noise=1e-16):
    return rate_of(lambda t: np.array([f(t)]), noise, scale, TOLERANCE)


def test_differences_extrapolate_to_the_fourth_order():
    """Richardson's weights, 4/3 and -1/3, leave h⁴: for exp, 4 h⁴ / 120 · f⁽⁵⁾."""
    step = 0.1
    rate = rate_of(lambda t: np.array([np.exp(t)]), 0.0, 1.0, 1.0, step)
    one, two = (np.sinh(n * step) / (n * step) for n in (1, 2))
    assert rate.below == rate.above == pytest.approx((4 * one - two) / 3, rel=1e-14)
    assert rate.below - 1 == pytest.approx(-4 * step**4 / 120, rel=0.01)
    assert one - 1 == pytest.approx(step**2 / 6, rel=0.01)


def test_slopes_on_both_sides_are_of_the_second_order():
    f = lambda t: np.exp(3 * t) if t > 0 else np.exp(-t)
    rate = slope(f, noise=0.0)
    assert rate.kind == "kink"
    assert rate.above == pytest.approx(3, abs=1e-5)
    assert rate.below == pytest.approx(-1, abs=1e-5)
    step = 1e-2
    rate = rate_of(lambda t: np.array([f(t)]), 0.0, 1.0, 1e-12, step)
    assert [rate.nearest(s) for s in (-5.0, 1.0, 5.0)] == [rate.below, 1.0, rate.above]


def test_steps_get_shorter_until_no_kink_is_within_reach():
    rate = slope(lambda t: np.absolute(t + 1e-7))
    assert (rate.kind, rate.below) == ("smooth", pytest.approx(1, abs=1e-7))
    assert slope(np.absolute).kind == "kink"
    assert slope(np.sign).kind == "unclear"
    assert slope(lambda t: np.random.default_rng(abs(hash(t))).random()).kind == "unclear"


# Kinks that meet


def test_an_error_where_kinks_cancel_says_that_all_is_right_beside_it():
    """relu(x) - maximum(x, 0) is 0 everywhere; PyTorch's slopes at 0, 0 and a half, are not."""
    f = lambda x: mt.relu(x) - np.maximum(x, 0)
    with pytest.raises(GradientCheckError) as error:
        check_gradients(f, np.array([0.0, 1.0]))
    assert "argument 0 is wrong at [0]." in str(error.value)
    assert str(error.value).endswith(
        lines(
            "",
            "  Beside this place, with a little noise on all arrays, every gradient is right, and",
            "  so the rules may be: where kinks of several operations meet, such as ties in max",
            "  pooling, each rule gives a slope of its own, and together they need not give one",
            "  of the whole. Check at x + noise.",
        )
    )
    rng = np.random.default_rng(0)
    assert check_gradients(f, np.array([0.0, 1.0]) + rng.uniform(0, 1e-3, 2)).passed


def refusing(x):
    """A wrong rule's function, which is called at zero only."""
    if np.any(np.abs(x) > 1e-4):
        raise ValueError("far from zero")
    return x + x


@pytest.mark.parametrize(
    "f", [function(lambda x: x + x, lambda g, y, x: g), function(refusing, lambda g, y, x: g)]
)
def test_a_rule_that_is_wrong_beside_it_too_says_nothing_more(f):
    with pytest.raises(GradientCheckError) as error:
        check_gradients(f, np.zeros(2), order=1)
    assert str(error.value).endswith(" by differences")
