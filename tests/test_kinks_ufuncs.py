"""Where derivatives of ufuncs are a matter of choice: PyTorch's choice, unless noted; and refusals.

Numbers "by PyTorch" were printed by PyTorch 2 for the sum of the output.
"""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError, DTypeError, InPlaceError, MissingRuleError
from microtensor.ops.families import bessel_i, sinc_derivative

INF, NAN, PI = np.inf, np.nan, np.pi


def gradients(f, inputs):
    values = [Value(x) for x in inputs]
    with np.errstate(all="ignore"):
        np.sum(f(*values)).backward()
    return [v.grad for v in values]


# name, function, inputs, gradients by PyTorch
PYTORCH = [
    ("fmax, equal", np.fmax, [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]], [[0, 1, 1], [1, 0, 0]]),
    ("fmin, equal", np.fmin, [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]], [[1, 1, 0], [0, 0, 1]]),
    ("fmax of nan", np.fmax, [[NAN, 1.0, NAN], [1.0, NAN, NAN]], [[0, 1, 1], [1, 0, 0]]),
    ("fmin of nan", np.fmin, [[NAN, 1.0, NAN], [1.0, NAN, NAN]], [[0, 1, 1], [1, 0, 0]]),
    ("maximum of nan", np.maximum, [[NAN, 1.0, NAN], [1.0, NAN, NAN]], [[1, 1, 1], [1, 1, 1]]),
    ("minimum of nan", np.minimum, [[NAN, 1.0, NAN], [1.0, NAN, NAN]], [[1, 1, 1], [1, 1, 1]]),
    ("maximum of inf", np.maximum, [[INF, INF], [INF, 0.0]], [[0.5, 1], [0.5, 0]]),
    ("fmod", np.fmod, [[5.0, -5.0, 6.0], [3.0, 3.0, 3.0]], [[1, 1, 1], [-1, 1, -2]]),
    ("copysign at 0", np.copysign, [[0.0, -0.0, 2.0, -2.0], [1.0, -1.0, -1.0, -1.0]],
     [[0, 0, -1, 1], [0, 0, 0, 0]]),
    ("sinc at 0", np.sinc, [[0.0, -0.0, 0.5]], [[0, 0, -4 / PI]]),
    ("i0 at 0", np.i0, [[0.0]], [[0]]),
    ("arctan2 of 0 and 0", np.arctan2, [[0.0, -0.0], [0.0, -0.0]], [[0, 0], [0, 0]]),
    ("nan_to_num", np.nan_to_num, [[NAN, INF, -INF, 0.0, 2.0]], [[0, 0, 0, 1, 1]]),
    ("logaddexp, one infinite", np.logaddexp, [[INF, 0.0, -INF], [0.0, INF, 0.0]],
     [[1, 0, 0], [0, 1, 1]]),
    ("logaddexp2, equal", np.logaddexp2, [[1.0], [1.0]], [[0.5], [0.5]]),
    ("nan ** 0", np.power, [[NAN], [0.0]], [[0], [NAN]]),
    ("frexp", lambda x: np.frexp(x)[0], [[5.0, -0.25, 0.0]], [[0.125, 2, 1]]),
    ("ldexp", lambda x: np.ldexp(x, 3), [[5.0, 0.0]], [[8, 8]]),
    ("angle", np.angle, [[-2.0, 2.0]], [[0, 0]]),
    ("cummax, ties", np.maximum.accumulate, [[1.0, 3.0, 3.0, 2.0, 3.0]], [[1, 1, 2, 0, 1]]),
    ("cummin, ties", np.minimum.accumulate, [[2.0, 1.0, 1.0, 3.0]], [[1, 1, 2, 0]]),
    ("cummax of nan", np.maximum.accumulate, [[1.0, NAN, 3.0, NAN]], [[1, 2, 0, 1]]),
    ("sqrt of a clipped number", lambda x: np.sqrt(np.clip(x, 0.0, None)), [[-1.0, 4.0]],
     [[0, 0.25]]),
    ("sqrt of a maximum", lambda x: np.sqrt(np.maximum(x, 0.0)), [[-1.0, 4.0]], [[0, 0.25]]),
    ("sqrt of a chosen number", lambda x: np.sqrt(np.where(x > 0, x, 0.0)), [[-1.0, 4.0]],
     [[0, 0.25]]),
]  # fmt: skip

OURS = [
    # A constant has to come from one of the two: PyTorch's gradient is lost where low is high.
    ("clip, low = high", lambda a, b: np.clip(a, b, 1.0), [[0.0, 2.0], [1.0, 1.0]],
     [[0, 0], [1, 0]]),
    # 0 as of the norm: PyTorch's hypot gives nan.
    ("hypot of 0 and 0", np.hypot, [[0.0, 3.0], [0.0, 4.0]], [[0, 0.6], [0, 0.8]]),
    # Both infinities alike share alike: PyTorch's is nan.
    ("logaddexp, both infinite", np.logaddexp, [[INF, -INF], [INF, -INF]], [[0.5] * 2] * 2),
    # What is nan has a slope of nan: PyTorch's sign(nan) is 0.
    ("absolute of nan", np.absolute, [[NAN]], [[NAN]]),
    # PyTorch divides one infinity by the other.
    ("copysign of inf", np.copysign, [[INF, -INF], [-1.0, -1.0]], [[-1, 1], [0, 0]]),
    # Each neighbour has a neighbour as far away: PyTorch has 0 where both are equal.
    ("nextafter", np.nextafter, [[1.0, 2.0], [2.0, 2.0]], [[1, 1], [0, 0]]),
    # PyTorch has none.
    ("heaviside", np.heaviside, [[-1.0, 0.0, 2.0], [0.5, 0.5, 0.5]], [[0, 0, 0], [0, 1, 0]]),
]  # fmt: skip

KINKS = PYTORCH + OURS


@pytest.mark.parametrize(("name", "f", "inputs", "expected"), KINKS, ids=[k[0] for k in KINKS])
def test_conventions_where_a_derivative_is_a_choice(name, f, inputs, expected):
    for found, wanted in zip(gradients(f, inputs), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize(("name", "f", "inputs", "expected"), KINKS, ids=[k[0] for k in KINKS])
def test_a_recorded_gradient_takes_the_same_choice(name, f, inputs, expected):
    values = [Value(x) for x in inputs]
    with np.errstate(all="ignore"):
        np.sum(f(*values)).backward(create_graph=True)
    for v, wanted in zip(values, expected, strict=True):
        np.testing.assert_allclose(v.grad.data, wanted, rtol=1e-12)


# Further derivatives


def derivative(f, order):
    for _ in range(order):
        f = mt.grad(f)
    return f


@pytest.mark.parametrize("order", range(7))
def test_sinc_has_derivatives_of_every_order_at_0(order):
    """Of the series sum (-1)^k (pi x)^(2k) / (2k + 1)!; PyTorch's second one is nan."""
    expected = 0 if order % 2 else (-1) ** (order // 2) * PI**order / (order + 1)
    assert derivative(np.sinc, order)(0.0) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("order", "expected"), [*enumerate([1, 0, 1 / 2, 0, 3 / 8, 0, 5 / 16])])
def test_i0_has_derivatives_of_every_order_at_0(order, expected):
    """Of the series sum (x/2)^(2k) / k!²: order! / 2^order / (order/2)!²."""
    assert derivative(np.i0, order)(0.0) == pytest.approx(expected, rel=1e-14)


def test_bessel_functions_take_published_values():
    """Abramowitz and Stegun (1964), table 9.8: e^-x I1(x), and x^-2 I2(x)."""
    x = np.array([1.0, 2.0, 5.0, 10.0])
    np.testing.assert_allclose(
        np.exp(-x) * bessel_i(x, order=1),
        [0.2079104154, 0.2152692892, 0.1639722669, 0.1212626814],
        rtol=3e-10,
    )
    np.testing.assert_allclose(bessel_i(1.0, order=2), 0.1357476698, rtol=1e-9)


def test_bessel_functions_are_right_near_0_and_far_out():
    np.testing.assert_allclose(bessel_i(1e-200, order=1), 5e-201, rtol=1e-13)
    assert bessel_i(-3.0, order=1) == -bessel_i(3.0, order=1)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(
            bessel_i(np.array([INF, -INF, 1e4, NAN, 0.0]), order=1), [INF, -INF, INF, NAN, 0]
        )
    assert np.isfinite(bessel_i(713.0, order=1))  # where e^713 is not


@pytest.mark.parametrize("family", [sinc_derivative, bessel_i])
def test_families_are_of_real_numbers(family):
    with pytest.raises(TypeError):
        family(np.array([1j]), order=1)


def test_the_derivative_of_a_power_by_both_is_right_where_the_exponent_is_0():
    """d/db of b a^(b-1) is 1/a at b = 0; PyTorch's is 0 there."""
    for zero in (0.0, np.zeros(1)):
        found = mt.grad(lambda b: mt.grad(lambda a: np.sum(np.power(a, b)))(2.0))(zero)
        assert float(np.sum(found)) == 0.5


@pytest.mark.parametrize("scale", [1e-25, 1e25])
@pytest.mark.parametrize("fn", [np.hypot, np.arctan2])
def test_lengths_whose_squares_are_no_floats_keep_their_slopes(fn, scale):
    near = gradients(fn, np.array([[3.0], [4.0]], np.float32))
    far = gradients(fn, np.float32(scale) * np.array([[3.0], [4.0]], np.float32))
    for a, b in zip(near, far, strict=True):
        np.testing.assert_allclose(b * (scale if fn is np.arctan2 else 1), a, rtol=1e-6)


def test_a_share_of_large_numbers_keeps_its_digits():
    a, b = gradients(np.logaddexp, [[1e15], [1e15 - 1]])
    np.testing.assert_allclose([a[0], b[0]], [1 / (1 + np.exp(-1)), 1 / (1 + np.e)], rtol=1e-14)


# Values


def test_functions_of_several_outputs_give_what_numpy_gives():
    x = np.array([2.5, -2.5, -0.0, INF])
    for f in (np.modf, np.frexp, lambda x: np.divmod(x, 2.0), lambda x: divmod(x, 2.0)):
        with np.errstate(all="ignore"):
            for found, expected in zip(f(Value(x)), f(x), strict=True):
                np.testing.assert_array_equal(found.data, expected)
                np.testing.assert_array_equal(np.signbit(found.data), np.signbit(expected))


def test_a_real_number_is_its_own_real_part():
    v = Value(np.array([1.5, -2.5], np.float32))
    for f in (np.real, np.conj, np.real_if_close):
        (g,) = gradients(f, [v.data])
        np.testing.assert_array_equal(g, [1, 1])
        assert f(v).dtype == np.float32
    np.testing.assert_array_equal(np.imag(v), [0, 0])
    np.testing.assert_array_equal(np.isreal(v), [True, True])
    np.testing.assert_array_equal(np.iscomplex(v), [False, False])
    assert np.real(Value(np.array([1, 2]))).dtype == np.int64


def test_what_is_not_finite_is_replaced_as_numpy_replaces_it():
    x = np.array([NAN, INF, -INF, 1.5])
    for dtype in (np.float32, np.float64):
        for options in ({}, {"nan": 3.0}, {"posinf": 1e3, "neginf": np.array(-7.0)}):
            typed = x.astype(dtype)
            found = np.nan_to_num(Value(typed), **options)
            np.testing.assert_array_equal(found.data, np.nan_to_num(typed, **options))
            assert found.dtype == dtype
    assert np.nan_to_num(Value(np.array([1, 2]))).data.tolist() == [1, 2]
    assert np.nan_to_num(np.array([NAN]), nan=Value(2.0).detach().data).tolist() == [2.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.hypot(x, 2), lambda x: np.fmax(x, 2), lambda x: np.divmod(x, 2)[1],
        lambda x: np.modf(x)[0], lambda x: np.frexp(x)[0], lambda x: np.ldexp(x, 2), np.sinc,
        np.i0, np.real, np.conj, np.deg2rad, np.fix, np.angle, np.nan_to_num, np.spacing,
        lambda x: np.float_power(x, 2), lambda x: np.logaddexp(x, 1), lambda x: np.fmod(x, 2),
        lambda x: np.copysign(x, -1), lambda x: np.nextafter(x, 9), np.add.reduce,
    ],
)  # fmt: skip
def test_a_result_of_numbers_has_no_dtype_to_impose(f):
    result = f(Value(1.5))
    assert type(result.data) is float
    assert result.data == f(1.5)
    assert (result * np.ones(2, np.float32)).dtype == np.float32


def test_a_dtype_that_a_ufunc_is_given_is_kept_to():
    light, heavy = Value(np.ones(2, np.float32)), Value(np.ones(2))
    assert np.add(light, 1, dtype=float).dtype == np.float64
    y = np.exp(heavy, dtype=np.float32)
    y.backward(np.ones(2, np.float32))
    assert (y.dtype, heavy.grad.dtype) == (np.float32, np.float64)
    assert np.add.reduce(heavy, dtype=np.float32).dtype == np.float32
    assert np.subtract.accumulate(light, dtype=float).dtype == np.float64
    assert np.add.accumulate(Value(np.array([1, 2])), dtype=float).dtype == np.float64


# Reductions


def test_a_reduction_of_nothing_is_numpys_and_connected():
    v = Value(np.zeros((0, 3)))
    for ufunc, identity in ((np.hypot, 0), (np.logaddexp, -INF), (np.add, 0), (np.multiply, 1)):
        y = ufunc.reduce(v)
        assert y.data.tolist() == [identity] * 3
        assert y.requires_grad
    with pytest.raises(ValueError, match="maximum which has no identity"):
        np.maximum.reduce(v)
    assert np.hypot.accumulate(v).shape == (0, 3)


@pytest.mark.parametrize(
    ("reduce", "message"),
    [
        (lambda x: np.subtract.reduce(x, axis=None), "reduction operation 'subtract' is not"),
        (lambda x: np.hypot.reduce(x, axis=2), "axis 2 is out of bounds for array of dimension 2"),
        (lambda x: np.add.accumulate(x, axis=5), "axis 5 is out of bounds for array of dimension"),
        (lambda x: np.add.accumulate(x[0, 0]), "cannot accumulate on a scalar"),
        (lambda x: np.exp.reduce(x), "reduce only supported for binary functions"),
        (lambda x: np.matmul.outer(x, x), "method outer is not allowed in ufunc with non-trivial"),
    ],
)
def test_what_numpy_refuses_is_refused_in_numpys_words(reduce, message):
    with pytest.raises((ValueError, TypeError), match=message):
        reduce(Value(np.ones((2, 3))))


def test_a_number_is_reduced_as_a_row_of_one():
    for v in (Value(2.5), Value(np.array(2.5))):
        for ufunc in (np.add, np.multiply, np.maximum, np.hypot):
            assert ufunc.reduce(v).data == 2.5


def test_reductions_of_integers_and_bools_stay_so():
    v = Value(np.array([6, 4, 2]))
    assert np.gcd.reduce(v).data == 2
    assert np.bitwise_or.reduce(v).data == 6
    assert np.maximum.accumulate(v).data.tolist() == [6, 6, 6]
    assert np.logical_xor.reduce(v).data
    assert np.logical_and.accumulate(Value([1.5, 0.0, 2.0])).data.tolist() == [True, False, False]


# Refusals


def message_of(kind, act):
    with pytest.raises(kind) as error:
        act()
    return str(error.value)


X = Value(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("act", "option"),
    [
        (lambda: np.hypot(X, X, where=np.ones(3, bool)), "numpy.hypot", ),
        (lambda: np.divmod(X, X, dtype=np.float32), "numpy.divmod"),
        (lambda: np.hypot.reduce(X, initial=1.0), "numpy.hypot.reduce"),
        (lambda: np.fmax.reduce(X, where=np.ones(3, bool)), "numpy.fmax.reduce"),
    ],
)  # fmt: skip
def test_an_option_without_a_rule_is_refused(act, option):
    message = message_of(MissingRuleError, act)
    assert message.startswith(f"{option} has no derivative rule for its option ")
    assert message.endswith(
        "=.\n  Compute the same from functions that are known, or call it on v.data."
    )


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda: np.hypot(X, X, out=np.ones((2, 3))), "numpy.hypot"),
        (lambda: np.modf(X, out=(np.ones((2, 3)), None)), "numpy.modf"),
        (lambda: np.add.reduce(X, out=np.ones(3)), "numpy.add.reduce"),
        (lambda: np.hypot.accumulate(X, out=np.ones((2, 3))), "numpy.hypot.accumulate"),
        (lambda: np.fix(X, np.ones((2, 3))), "numpy.fix"),
        (lambda: np.isposinf(X, np.ones((2, 3), bool)), "numpy.isposinf"),
        (lambda: np.isneginf(X, out=np.ones((2, 3), bool)), "numpy.isneginf"),
    ],
)
def test_writing_into_an_array_is_refused(act, name):
    assert message_of(ArgumentError, act) == (
        f"{name}: out= would overwrite an array that a graph may need.\n"
        "  Leave it out: the result is a new Value."
    )


@pytest.mark.parametrize(
    ("act", "name", "hint"),
    [
        (lambda a: a.__isub__(X), "subtract",
         "Use array -= v.data, or array = array - v, which is a new Value."),
        (lambda a: a.__ipow__(X), "power",
         "Use array **= v.data, or array = array ** v, which is a new Value."),
        (lambda a: np.hypot(a, X, out=a), "hypot",
         "Use np.hypot of v.data, or leave out= out: the result is a new Value."),
    ],
)  # fmt: skip
def test_an_array_that_takes_a_value_in_place_is_told_of_its_data(act, name, hint):
    array = np.zeros((2, 3))
    assert message_of(ArgumentError, lambda: act(array)) == (
        f"numpy.{name}: a Value cannot be written into an array, which would lose its graph.\n"
        f"  {hint}"
    )
    assert not array.any()


def test_replacing_in_place_is_refused():
    assert message_of(InPlaceError, lambda: np.nan_to_num(X, copy=False)) == (
        "numpy.nan_to_num: copy=False would change a Value in place.\n"
        "  Leave it out: the result is a new Value."
    )


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda: np.isnat(X), "numpy.isnat"),
        (lambda: np.strings.isalpha(X), "isalpha"),
        (lambda: np.strings.str_len(X), "str_len"),
    ],
)
def test_functions_of_strings_and_dates_say_so(act, name):
    assert message_of(MissingRuleError, act) == (
        f"{name} is not supported on Values.\n"
        "  It works on strings or dates, and a Value holds real numbers.\n"
        "  If it is not to be differentiated, call it on v.data."
    )


def test_functions_that_turn_complex_say_so():
    assert message_of(MissingRuleError, lambda: np.emath.sqrt(X)) == (
        "numpy.lib.scimath.sqrt is not supported on Values.\n"
        "  It gives complex numbers for some real ones. The function in np gives nan for those.\n"
        "  If it is not to be differentiated, call it on v.data."
    )
    for act in (lambda: np.conj(X) * 1j, lambda: np.astype(X, complex)):
        with pytest.raises(DTypeError, match="gave complex numbers, which have no gradients here"):
            act()
