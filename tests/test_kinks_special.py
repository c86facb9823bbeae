"""What SciPy's functions give where it takes a convention, and what they refuse."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import microtensor as mt
from microtensor import Value
from microtensor.errors import MissingRuleError, NotAnArrayError
from microtensor.ops.families import bessel_i

INF, NAN = np.inf, np.nan


def gradients(fn, *inputs):
    """Give the gradients of the sum of an elementwise function, by each input."""
    values = [Value(np.array(x, float)) for x in inputs]
    with np.errstate(all="ignore"):
        fn(*values).sum().backward()
    return [v.grad for v in values]


PYTORCH = [  # the function, its inputs, and the gradients that PyTorch gives
    (special.xlogy, ([0.0, 0.0, 0.0, 2.0], [0.0, -1.0, 0.5, 0.0]),
     ([0.0, 0.0, np.log(0.5), -INF], [NAN, -0.0, 0.0, INF])),
    (special.xlog1py, ([0.0, 0.0, 0.0, 2.0], [-1.0, -2.0, -0.5, -1.0]),
     ([0.0, 0.0, np.log(0.5), -INF], [NAN, -0.0, 0.0, INF])),
    (special.logit, ([-0.5, 0.0, 0.5, 1.0, 1.5],), ([NAN, INF, 4.0, INF, NAN],)),
    (special.entr, ([0.0, 1.0, -1.0],), ([INF, -1.0, NAN],)),
    (special.erfinv, ([-1.0, 0.0, 1.0],), ([INF, np.sqrt(np.pi) / 2, INF],)),
    (special.ndtri, ([0.0, 0.5, 1.0],), ([INF, np.sqrt(2 * np.pi), INF],)),
    (special.i0e, ([0.0],), ([0.0],)),
    (special.i1e, ([0.0],), ([0.5],)),
    (special.log_ndtr, ([-1e4, 0.0, 40.0],), ([1.00000001e4, np.sqrt(2 / np.pi), 0.0],)),
]  # fmt: skip


def name_only(x):
    return getattr(x, "__name__", "")


@pytest.mark.parametrize(("fn", "inputs", "expected"), PYTORCH, ids=name_only)
def test_gradients_at_the_edge_of_the_domain_are_those_of_pytorch(fn, inputs, expected):
    for found, right in zip(gradients(fn, *inputs), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12)


def test_the_reciprocal_gamma_function_has_slopes_where_gamma_has_poles():
    """At -n they are (-1)^n n!, which is also what differences tend to."""
    n = np.arange(6)
    found = gradients(special.rgamma, -n.astype(float))[0]
    np.testing.assert_allclose(found, (-1.0) ** n * special.factorial(n), rtol=1e-12)


def test_the_reciprocal_gamma_function_has_slopes_at_whole_numbers():
    n = np.arange(1.0, 7.0)
    found = gradients(special.rgamma, n)[0]
    np.testing.assert_allclose(found, -special.psi(n) / special.gamma(n), rtol=1e-12)


def test_the_slope_in_the_power_of_box_and_cox_has_its_limits_at_0():
    found = gradients(special.boxcox, [0.0, 0.0], [0.0, 2.0])[1]
    np.testing.assert_array_equal(found, [INF, 0.25])


def test_terms_of_weight_0_have_a_mixed_second_derivative():
    a, b = Value([0.0, 1.0]), Value([1.0, 0.0])
    y = mt.special.logsumexp(a, b=b)
    by_a, by_b = mt.derivatives.gradients([y], [a, b], create_graph=True)
    of_a = mt.derivatives.gradients([by_a[1]], [b])[0]
    of_b = mt.derivatives.gradients([by_b[1]], [a])[0]
    np.testing.assert_allclose(of_a[1], np.e, rtol=1e-15)  # of log(e^a0 + b1 e^a1)
    np.testing.assert_allclose(of_b[1], np.e, rtol=1e-15)


def test_sums_of_exponentials_that_are_0_or_infinite_share_as_pytorchs():
    a, b = gradients(lambda a, b: mt.special.logsumexp(a, b=b), [INF, 1.0], [1.0, 1.0])
    np.testing.assert_array_equal(a, [INF, np.exp(1.0)])
    a, b = gradients(
        lambda a, b: mt.special.logsumexp(a, b=b, return_sign=True)[0], [0.0, 0.0], [1.0, -1.0]
    )
    np.testing.assert_array_equal([a, b], np.zeros((2, 2)))


def test_sums_of_exponentials_have_the_dtype_of_both():
    a, b = np.ones(2, np.float32), np.ones(2)
    y, sign = mt.special.logsumexp(Value(a), b=b, return_sign=True)
    assert y.dtype == sign.dtype == np.float64


def test_box_and_cox_meet_the_logarithm_at_a_power_of_zero():
    x = np.array([0.5, 1.0, 3.0])
    by_x, by_power = gradients(special.boxcox, x, np.zeros(3))
    np.testing.assert_allclose(by_x, 1 / x, rtol=1e-14)
    np.testing.assert_allclose(by_power, np.log(x) ** 2 / 2, rtol=1e-14)
    by_x, by_power = gradients(special.inv_boxcox, x, np.zeros(3))
    np.testing.assert_allclose(by_x, np.exp(x), rtol=1e-14)
    np.testing.assert_allclose(by_power, -np.exp(x) * x**2 / 2, rtol=1e-14)


def test_functions_that_are_quotients_at_zero_have_their_limits():
    np.testing.assert_allclose(gradients(special.exprel, [0.0])[0], [0.5], rtol=1e-15)
    np.testing.assert_allclose(gradients(special.spence, [1.0])[0], [-1.0], rtol=1e-15)
    np.testing.assert_allclose(gradients(special.ellipk, [0.0])[0], [np.pi / 8], rtol=1e-15)
    np.testing.assert_allclose(gradients(special.ellipe, [0.0])[0], [-np.pi / 8], rtol=1e-15)

    def spherical(x):
        return mt.special.spherical_jn(1, x)

    np.testing.assert_allclose(gradients(spherical, [0.0])[0], [1 / 3], rtol=1e-15)


def test_a_distance_from_the_pole_of_the_elliptic_integral_keeps_its_digits():
    """K(1 - x) is about log(4 / sqrt(x)), whose slope is -1 / 2x."""
    found = gradients(special.ellipkm1, [1e-300, 1e-20])[0]
    np.testing.assert_allclose(found, [-5e299, -5e19], rtol=1e-14)


def test_a_loss_of_huber_beyond_delta_has_the_slope_delta():
    by_delta, by_residual = gradients(special.huber, np.ones(4), [-3.0, -1.0, 0.5, 3.0])
    np.testing.assert_array_equal(by_delta, [2.0, 0.0, 0.0, 2.0])
    np.testing.assert_array_equal(by_residual, [-1.0, -1.0, 0.5, 1.0])


def test_a_weight_of_zero_hides_an_infinite_exponential():
    a, b = Value([INF, 1.0, 2.0]), np.array([0.0, 1.0, 3.0])
    y = mt.special.logsumexp(a, b=b)
    y.backward()
    share = np.exp(1) / (np.exp(1) + 3 * np.exp(2))
    np.testing.assert_allclose(a.grad, [0.0, share, 1 - share], rtol=1e-14)


def test_the_log_of_a_negative_sum_is_nan_and_has_no_slope():
    a = Value([0.0, 0.0])
    with np.errstate(invalid="ignore"):
        y = mt.special.logsumexp(a, b=[1.0, -3.0])
        y.backward()
    assert np.isnan(y.data)
    assert np.all(np.isnan(a.grad))


# What is refused


REFUSED = [
    (special.jv, "v", (1.0, 2.0)),
    (special.yn, "n", (1.0, 2.0)),
    (special.gammainc, "a", (1.0, 2.0)),
    (special.zeta, "x", (2.0, 2.0)),
    (special.hyp2f1, "a", (1.0, 2.0, 3.0, 0.5)),
    (special.eval_gegenbauer, "n", (2.0, 1.0, 0.5)),
]


@pytest.mark.parametrize(("fn", "operand", "inputs"), REFUSED, ids=name_only)
def test_an_operand_whose_derivative_is_not_known_is_refused(fn, operand, inputs):
    order, *others = inputs
    name = "" if fn is special.zeta else "scipy.special."  # zeta is a plain function
    with pytest.raises(MissingRuleError) as error:
        mt.grad(lambda v: fn(v, *others))(order)
    assert str(error.value) == (
        f"{name}{fn.__name__} has no derivative rule for its operand {operand}.\n"
        f"  Give {operand} as a plain number, or as v.data."
    )


def test_functions_of_several_results_and_of_complex_ones_say_so():
    with pytest.raises(MissingRuleError) as error:
        special.airy(Value(1.0))
    assert str(error.value) == (
        "scipy.special.airy is not supported on Values.\n"
        "  It gives several arrays, and no rule of theirs is known.\n"
        "  If it is not to be differentiated, call it on v.data."
    )
    with pytest.raises(MissingRuleError) as error:
        special.hankel1(0, Value(1.0))
    assert str(error.value) == (
        "scipy.special.hankel1 is not supported on Values.\n"
        "  It gives complex numbers, which have no gradients here.\n"
        "  If it is not to be differentiated, call it on v.data."
    )


def test_a_function_of_scipy_without_a_rule_is_named_in_full():
    with pytest.raises(MissingRuleError) as error:
        special.agm(Value(1.0), 2.0)
    assert str(error.value).startswith("scipy.special.agm has no derivative rule.\n")
    one_line = "mt.differentiable(scipy.special.agm, lambda g, y, a, b: g * ..., ...)"
    assert one_line in str(error.value)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax", "polygamma"])
def test_a_plain_function_of_scipy_refuses_a_value_and_ours_takes_it(name):
    order = (1,) if name == "polygamma" else ()
    with pytest.raises(NotAnArrayError):
        getattr(special, name)(*order, Value([1.0, 2.0]))
    assert isinstance(getattr(mt.special, name)(*order, Value([1.0, 2.0])), Value)


# When rules are learned


def run(source):
    """Run code in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "imports",
    [
        "import scipy.special as s, microtensor as mt",
        "import microtensor as mt, scipy.special as s",
    ],
)
def test_scipy_may_be_imported_before_and_after(imports):
    assert (
        run(f"{imports}\nprint(mt.grad(s.xlogy)(2.0, 1.0), round(-mt.grad(s.j0)(1.0), 4))")
        == "0.0 0.4401"
    )


def test_a_rule_of_the_users_own_holds():
    source = (
        "import scipy.special as s, microtensor as mt\n"
        "mt.differentiable(s.erf, lambda g, y, x: g * 7)\n"
        "print(mt.grad(s.erf)(0.0), round(mt.grad(s.gamma)(1.0), 4))"
    )
    assert run(source) == "7.0 -0.5772"


def test_without_scipy_the_room_says_how_to_get_it():
    source = (
        "import sys; sys.modules['scipy'] = None\n"
        "import microtensor as mt\n"
        "try: mt.special\n"
        "except ImportError as error: print(type(error).__name__, error, sep='|')"
    )
    assert run(source) == (
        "DependencyError|mt.special needs SciPy, and it is not installed.\n"
        '  pip install "microtensor[science]"'
    )


def test_the_room_has_all_that_scipy_has():
    assert mt.special.erf is special.erf
    assert set(dir(mt.special)) >= {*special.__all__, "spherical_jn", "logsumexp"}
    with pytest.raises(AttributeError):
        mt.special.no_such_name


def test_boxcox_of_0_is_minus_1_by_power_which_has_a_slope():
    with np.errstate(divide="ignore"):
        (by_power,) = gradients(lambda p: special.boxcox(0.0, p), [0.5, 2.0])
        (second,) = gradients(lambda p: mt.grad(lambda q: special.boxcox(0.0, q).sum())(p), [0.5])
        assert gradients(lambda p: special.boxcox1p(-1.0, p), [2.0])[0] == 0.25
    assert by_power.tolist() == [4.0, 0.25]
    assert second == [-16.0]


@pytest.mark.parametrize("order", [1, 3, 8])
def test_bessel_functions_are_exact_from_small_to_large_numbers(order):
    for x in [*np.linspace(0.01, 60, 40), 250.0, 700.0]:
        np.testing.assert_allclose(bessel_i(x, order=order), special.iv(order, x), rtol=1e-12)
