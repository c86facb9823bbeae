"""What a rule may do, and what is said of one that does something else."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.backward import gradients
from microtensor.errors import ArgumentError, GradientError, ShapeError
from microtensor.fitting import fit
from microtensor.primitives import Known, known, name_of, stands_for, together


def lines(*rows):
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("gradient", "operand", "got"),
    [(np.ones(2), np.ones(3), "(2,)"), (1.0, np.ones(3), "()"), (np.ones((3, 2)), 1.0, None)],
)
def test_a_contribution_is_reduced_or_refused(gradient, operand, got):
    if got is None:
        assert fit(gradient, operand, np.add, 0) == 6.0
        return
    with pytest.raises(ShapeError) as error:
        fit(gradient, operand, np.add, 1)
    assert str(error.value) == lines(
        "The rule of numpy.add for operand 1 gave a wrong shape.",
        "  expected  (3,), as the operand has, or a shape that it broadcasts to",
        f"  got       {got}",
        "  Rules may leave broadcasting to be undone, but nothing else.",
    )


@pytest.mark.parametrize("at", [2.0, np.array([1.0, 2.0])])
@pytest.mark.parametrize(
    "rule", [lambda g, y, x: None, lambda g, y, x, power: None, lambda g, y, x, power=2: None]
)
def test_a_rule_that_returns_nothing_is_refused(rule, at):
    @mt.primitive
    def raised(x, power=2):
        return x**power

    mt.differentiable(raised, rule)
    with pytest.raises(GradientError) as error:
        raised(Value(at)).backward(np.ones(np.shape(at)))
    assert str(error.value) == lines(
        "The rule of raised for operand 0 gave None.",
        "  expected  the gradient of that operand",
        "  Does it return what it computes? Where no derivative exists, "
        "give None in place of the rule.",
    )


def test_a_rule_in_pythons_numbers_gives_numpys_where_python_turns_complex_or_raises():
    @mt.primitive
    def root(x, times=1):
        return np.sqrt(x) * times

    mt.differentiable(root, lambda g, y, x: 0.5 * g * x**-0.5)
    for at, slope in ((4.0, 0.25), (0.0, np.inf), (-4.0, np.nan)):
        x = Value(at)
        with np.errstate(all="ignore"):
            root(x).backward()
        assert np.array_equal(x.grad, slope, equal_nan=True)


def test_rules_see_options_by_name_with_their_defaults():
    seen = []

    @mt.primitive
    def scaled(x, factor=3.0, shift=0.0):
        return x * factor + shift

    def rule(g, y, x, factor, shift):
        seen.append((factor, shift))
        return g * factor

    mt.differentiable(scaled, rule)
    for y in (scaled(Value(2.0)), scaled(Value(2.0), 5.0), scaled(Value(2.0), shift=1.0)):
        y.backward()
    assert seen == [(3.0, 0.0), (5.0, 0.0), (3.0, 1.0)]


def test_a_rule_may_differentiate_on_its_own():
    """A value defined by an equation: its rule runs passes through a graph of its own."""

    @mt.primitive
    def root(a):
        return np.sqrt(a)

    def rule(g, y, a):
        slope = mt.grad(lambda z: (z * z - a).sum())(y)
        return g / slope

    mt.differentiable(root, rule)
    x = Value([4.0, 9.0])
    (root(x * x) * x).sum().backward()
    assert x.grad.tolist() == [8, 18]
    assert mt.grad(mt.grad(lambda a: root(a) * 1.0))(4.0) == -1 / 32


def test_a_rule_may_run_a_pass_through_the_graph_that_is_being_passed():
    w = Value(3.0)
    inner = w * w

    @mt.primitive
    def peek(x):
        return x * 1.0

    mt.differentiable(peek, lambda g, y, x: g * gradients([inner], [w])[0])
    (peek(inner) + inner).backward()
    assert w.grad == 6.0 * 6.0 + 6.0


def test_a_variadic_function_has_one_rule_that_is_told_the_position():
    @mt.primitive
    def weighted(*arrays, step=1.0):
        return sum(i * step * a for i, a in enumerate(arrays, 1))

    def rule(g, y, position, *arrays, step):
        return (position + 1) * step * g

    mt.differentiable(weighted, variadic=rule)
    xs = [Value(1.0), Value([1.0, 1.0]), 5.0, Value(1.0)]
    weighted(*xs, step=10.0).sum().backward()
    assert (xs[0].grad, xs[1].grad.tolist(), xs[3].grad) == (20.0, [20.0, 20.0], 80.0)


# What is known


def _rule(g, y, a, b):
    return g


def test_a_function_is_declared_with_its_rules():
    @mt.primitive
    def f(x):
        return x

    for declare, got in (
        (lambda: mt.differentiable(f), "0 rules"),
        (lambda: mt.differentiable(f, max, variadic=max), "1 rules and variadic="),
    ):
        with pytest.raises(ArgumentError) as error:
            declare()
        assert str(error.value) == lines(
            "differentiable: f needs its rules.",
            "  expected  one rule per array argument, or variadic=rule",
            f"  got       {got}",
        )


def test_a_function_is_declared_once():
    for declare in (
        lambda: mt.differentiable(np.divide, _rule, _rule),
        lambda: mt.piecewise(np.true_divide),
        lambda: mt.static(np.true_divide),
        lambda: mt.composite(np.divide)(_rule),
    ):
        with pytest.raises(ArgumentError) as error:
            declare()
        assert str(error.value) == "numpy.divide is known already, as differentiable."


def test_the_five_words():
    @mt.primitive
    def f(x):
        return np.round(x)

    @mt.primitive
    def g(x):
        return x.shape

    @mt.primitive
    def h(x):
        raise AssertionError("a composite is computed by its body")

    mt.piecewise(f)
    mt.static(g)
    mt.composite(h)(lambda x: f(x) + 2 * x)
    x = Value([1.2, 2.7])
    assert isinstance(known(h), Known)
    assert [known(fn).word for fn in (f, g, h, np.add)] == [
        "piecewise", "static", "composite", "differentiable",
    ]  # fmt: skip
    assert known(len) is None
    assert g(x) == (2,)
    h(x).sum().backward()
    assert x.grad.tolist() == [2, 2]
    assert f(x).origin.fn is f


def test_a_primitive_may_give_pythons_numbers_and_several():
    @mt.primitive
    def count(x):
        return len(x)

    @mt.primitive
    def nothing(x):
        pass

    mt.piecewise(count, nothing)
    assert count(Value([1.0, 2.0])).data == 2
    with pytest.raises(TypeError) as error:
        nothing(Value([1.0, 2.0]))
    assert str(error.value).startswith("nothing gave objects that are no real numbers.")


def test_a_fused_function_names_what_it_stands_for():
    @mt.primitive
    def axpy(a, x, y):
        return a * x + y

    mt.differentiable(axpy, *[lambda g, r, a, x, y: g] * 3)
    body = stands_for(axpy)(lambda a, x, y: a * x + y)
    assert known(axpy).stands_for is body


def test_functions_are_named_as_users_write_them():
    @mt.primitive
    def mine(x):
        return x

    named = [name_of(fn) for fn in (np.true_divide, np.linalg.norm, mine, np.frompyfunc(max, 2, 1))]
    assert named[:3] == ["numpy.divide", "numpy.linalg.norm", "mine"]
    assert "max" in named[3]


# One rule for all operands


@pytest.fixture
def scaled_sum():
    """x * a + x * b, which counts how often each kind of rule was asked."""
    asked = []

    @mt.primitive
    def scaled_sum(x, a, b, power=1):
        return (x * (a + b)) ** power

    def slope(g, x, a, b, power):
        asked.append("one")
        return g * power * (x * (a + b)) ** (power - 1)

    mt.differentiable(
        scaled_sum,
        lambda g, y, x, a, b, power: slope(g, x, a, b, power) * (a + b),
        lambda g, y, x, a, b, power: slope(g, x, a, b, power) * x,
        lambda g, y, x, a, b, power: slope(g, x, a, b, power) * x,
    )

    @together(scaled_sum)
    def _(g, y, wanted, x, a, b, power):
        asked.append(wanted)
        inner = g * power * (x * (a + b)) ** (power - 1)
        return [inner * (a + b), inner * x, inner * x]

    return scaled_sum, asked


def test_a_rule_for_all_operands_is_asked_once_and_told_who_wants(scaled_sum):
    f, asked = scaled_sum
    x, a = Value([1.0, 2.0]), Value(3.0)
    (f(x, a, 4.0, power=2)).sum().backward()
    assert asked == [[True, True, False]]
    assert x.grad.tolist() == [98.0, 196.0]
    assert a.grad == 2 * 7 * 1 + 2 * 14 * 2
    f(x, a, 4.0).sum().backward()  # with the option's default
    assert x.grad.tolist() == [105.0, 203.0]


def test_higher_derivatives_and_rows_go_by_the_rules_of_single_operands(scaled_sum):
    f, asked = scaled_sum
    x = np.array([1.0, 2.0, 0.5, 3.0])
    assert mt.check_gradients(lambda x, a: f(x, a, 1.0, power=3), x, 0.5, order=2)
    asked.clear()
    assert np.allclose(mt.jacobian(lambda x: f(x, 1.0, 1.0, power=2))(x), np.diag(8 * x))
    mt.hessian(lambda x: f(x, 1.0, 1.0, power=2).sum())(x)
    assert set(asked) == {"one"}


def test_a_rule_for_all_operands_that_is_wrong_is_noticed(scaled_sum):
    f, _ = scaled_sum
    known(f).together = lambda g, y, wanted, x, a, b, power: [g * (a + b), None, g * x]
    x, a = Value([1.0, 2.0]), Value([3.0, 1.0])
    with pytest.raises(mt.errors.GradientCheckError):
        mt.check_gradients(lambda x: f(x, 1.0, 1.0, power=2), np.array([1.0, 2.0]))
    with pytest.raises(GradientError, match=r"^The rule of scaled_sum for operand 1 gave None"):
        f(x, a, 1.0).sum().backward()
