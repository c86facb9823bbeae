"""Options and edges that a row of the table does not show: values and dtypes are NumPy's there,

refusals are in NumPy's words, and gradients agree with the oracle.
"""

import math

import numpy as np
import pytest
from oracles import check_first

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError, MissingRuleError, ShapeError
from microtensor.ops import accumulations, families

NAN, INF = math.nan, math.inf
X = np.array([3.0, 1.0, 2.0, 0.5])
M = np.array([[1.5, -0.5], [2.0, 4.0], [0.25, 3.0], [1.0, -2.0]])

VALUES = {
    "diff of bools": (lambda x: np.diff(x > 1), X),
    "float_power of float32": (lambda x: np.float_power(x, 2), X.astype(np.float32)),
    "float32 beside float64 in common": (
        lambda x: np.intersect1d(x, np.array([2.0, 3.0])), X.astype(np.float32),
    ),
    "setdiff1d, unique": (lambda x: np.setdiff1d(x, [1.0], assume_unique=True), X),
    "setdiff1d, repeated": (lambda x: np.setdiff1d(x, [1.0]), np.array([2.0, 1.0, 0.0, 2.0])),
    "setdiff1d, images": (lambda x: np.setdiff1d(x, [1.0], assume_unique=True), M),
    "setxor1d, repeated": (lambda x: np.setxor1d(x, [1.0, 7.0]), np.array([2.0, 2.0, 1.0])),
    "setxor1d of nan": (lambda x: np.setxor1d(x, [NAN, 1.0]), np.array([NAN, 2.0])),
    "unique_all of nan": (lambda x: np.unique_all(x)[3], np.array([NAN, 2.0, NAN])),
    "unique_values of nan": (lambda x: np.sort(np.unique_values(x)), np.array([NAN, 2.0, NAN])),
    "linspace to float32": (lambda x: np.linspace(x[0], 4.0, 4, dtype=np.float32), X),
    "linspace of two, step": (lambda x: np.linspace(x[0], 4.0, 2, retstep=True)[1], X),
    "linspace across all digits": (lambda x: np.linspace(x[0], 1.0, 2), np.array([1e16])),
    "geomspace across all digits": (lambda x: np.geomspace(x[0], 0.1, 2), np.array([1e30])),
    "arange to float32": (lambda x: np.arange(x[1], 3.0, dtype=np.float32, like=x), X),
    "arange from 0": (lambda x: np.arange(x[0], like=x), X),
    "array of more axes": (lambda x: np.array(x, ndmin=2, like=x), X),
    "geomspace from 1": (lambda x: np.geomspace(x[1], x[0], 3), X),
    "geomspace to 1": (lambda x: np.geomspace(x[0], x[1], 3), X),
    "hstack of one": (lambda x: np.hstack([x]), X),
    "polymul by nothing": (lambda x: np.polymul(0 * x, [1.0, 2.0]), X),
    "poly without zeros": (lambda x: np.poly(x[:0]), X),
    "polydiv, shorter": (lambda x: np.polydiv(x[:2], [1.0, 2.0, 3.0])[0], X),
    "polydiv of float32, shorter": (
        lambda x: np.polydiv(x[:2], np.array([1.0, 2.0, 3.0]))[0], X.astype(np.float32),
    ),
    "polyfit, far away": (
        lambda x: np.polyfit(1000.0 * np.arange(1.0, 8.0), np.resize(x, 7), 4), X,
    ),
    "polyfit, all of it": (
        lambda x: np.concatenate([np.ravel(a) for a in np.polyfit(X, x, 1, full=True)]), M,
    ),
    "polyfit of lower rank": (lambda x: np.polyfit(X, x, 2, rcond=0.3, full=True)[2], X * X),
    "real of bools": (lambda x: np.real(x > 1), X),
    "piecewise of one number": (lambda x: np.piecewise(x[0], x[0] > 0, [np.square]), X),
    "piecewise of one number, by a row": (
        lambda x: np.piecewise(x[0], np.array([False, True]), [np.square, np.negative]), X,
    ),
    "norm of a vector, of order 3": (lambda x: np.linalg.norm(x, 3), X),
    "norm of a vector, of order 2": (lambda x: np.linalg.norm(x, 2), X),
    "norm of a matrix, fro": (lambda x: np.linalg.norm(x, "fro"), M),
    "interp of float32": (lambda x: np.interp(x, 1 + x[2:3], x[:1]), X.astype(np.float32)),
    "interp at the end, right": (lambda x: np.interp(x, [0.0, 3.0], [1.0, 2.0], right=7.0), X),
    "interp at one point": (lambda x: np.interp(x, x[:1], [5.0]), X[:1]),
    "interp of nan": (lambda x: np.interp(x, [0.0, 1.0], [5.0, 6.0]), np.array([NAN, 0.5])),
    "average, how many": (lambda x: np.average(x, axis=0, returned=True)[1], M),
    "average, total of float32 weights": (
        lambda x: np.average(x, weights=np.ones(4, np.float32), returned=True)[1], X,
    ),
    "average of int8 by float32": (
        lambda w: np.average(np.arange(4, dtype=np.int8), weights=w), X.astype(np.float32),
    ),
    "average of float32 by int8": (
        lambda x: np.average(x, weights=np.arange(4, dtype=np.int8)), X.astype(np.float32),
    ),
    "corrcoef of one": (lambda x: np.corrcoef(x), X),
    "multiply.outer of a number": (lambda x: np.multiply.outer(2.0, x), X.astype(np.float32)),
    "multiply.outer by a number": (lambda x: np.multiply.outer(x, 2.0), X.astype(np.float32)),
    "hypot.reduce of a number": (lambda x: np.hypot.reduce(x, axis=-1), np.array(-2.0)),
    "logaddexp.reduce where all": (lambda x: np.logaddexp.reduce(x, where=True), X),
    "cov of two": (lambda x: np.cov(x), M[:2].T),
    "cov, far away": (lambda x: np.cov(x), 1e9 + M.T),
    "cov, far away and weighted": (lambda x: np.cov(x, aweights=X), 1e9 + M.T),
    "trim_zeros of zeros": (lambda x: np.trim_zeros(0 * x), X),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values_and_dtypes_are_numpys(name):
    f, x = VALUES[name]
    expected = f(x)
    found = f(Value(x))
    data = found.data if isinstance(found, Value) else found
    assert np.asarray(data).dtype == np.asarray(expected).dtype
    assert np.shape(data) == np.shape(expected)
    np.testing.assert_allclose(data, expected, rtol=1e-7, atol=1e-12)


SLOPES = {
    "trapezoid along the first axis": (
        lambda y, x: np.trapezoid(y, x, axis=0), [M, np.array([0.0, 0.5, 2.0, 3.0])],
    ),
    "trapezoid along the second axis": (
        lambda y, x: np.trapezoid(y, x, axis=1), [M, np.array([0.0, 0.5])],
    ),
    "trapezoid of one row over columns": (
        lambda y, x: np.trapezoid(y, x, axis=0), [X[:3], M[:3] @ [[1.0, 0.5], [0.0, 2.0]]],
    ),
    "trapezoid of a list": (lambda x: np.trapezoid([1.0, 2.0, 4.0, 3.0], x), [X]),
    "polyfit of columns, weighted": (
        lambda y, w: np.polyfit(X, y, 1, w=w), [M, np.array([1.0, 0.5, 2.0, 0.75])],
    ),
    "polyfit, one number more than coefficients": (
        lambda y: np.polyfit(X, y, 2, cov=True)[1], [X * X + [0.1, 0.0, -0.2, 0.3]],
    ),
    "polyadd, one more": (lambda a, b: np.polyadd(a, b), [X[:2], X[:3]]),
    "tensordot of fewer axes": (lambda a, b: np.tensordot(a, b, 1), [M, M[0]]),
    "tensordot of more axes": (
        lambda a, b: np.tensordot(a, b, 1), [X, np.arange(16.0).reshape(4, 2, 2)],
    ),
    "repeat of a number along an axis": (lambda x: np.repeat(x, 3, axis=0), [np.array(2.0)]),
    "cumprod of a number along an axis": (lambda x: np.cumprod(x, axis=0), [np.array(3.0)]),
    "apply_along_axis of nothing": (
        lambda x: np.apply_along_axis(np.sum, 1, x[:, :0]), [M],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives_agree_with_the_oracle(name):
    f, inputs = SLOPES[name]
    check_first(f, f, inputs)


REFUSED = {
    "where of one choice": lambda x: np.where(M > 0, x),
    "select, fewer choices": lambda x: np.select([M > 0, M > 1], [x]),
    "select, more choices": lambda x: np.select([M > 0], [x, x]),
    "select by numbers": lambda x: np.select([M], [x]),
    "select by numbers, too": lambda x: np.select([M > 0, M], [x, x]),
    "compress by a matrix": lambda x: np.compress([[True]], x),
    "piecewise, too many functions": lambda x: np.piecewise(x, M > 0, [np.sin] * 3),
    "geomspace from 0": lambda x: np.geomspace(0 * x, 1.0),
    "geomspace to 0": lambda x: np.geomspace(1.0, 0 * x),
    "poly of an oblong": lambda x: np.poly(x),
    "poly of an empty square": lambda x: np.poly(x[:0, :0]),
    "polyint, too few constants": lambda x: np.polyint(x[0], 3, [1.0, 2.0]),
    "polyfit, too few": lambda x: np.polyfit(x[:, 0], [1.0, 2.0], 1),
    "polyfit, no freedom": lambda x: np.polyfit([0.0, 1.0], x[:2, 0], 1, cov=True),
    "fro of three axes": lambda x: np.linalg.norm(x[None], "fro"),
    "f of three axes": lambda x: np.linalg.norm(x[None], "f"),
    "interp between points of a matrix": lambda x: np.interp(0.5, x, x),
    "interp between no points": lambda x: np.interp(0.5, x[0, :0], x[0, :0]),
    "correlate of a matrix": lambda x: np.correlate(x, [1.0, 2.0]),
    "correlate by a matrix": lambda x: np.correlate([1.0, 2.0], x),
    "apply_along_axis without such an axis": lambda x: np.apply_along_axis(np.sum, 2, x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused_in_its_words(name):
    f = REFUSED[name]
    with pytest.raises((ValueError, TypeError, IndexError)) as numpys:
        f(M)
    with pytest.raises(type(numpys.value)) as ours:
        f(Value(M))
    assert str(ours.value).splitlines() == str(numpys.value).splitlines()


def test_the_zeros_of_a_matrix_of_one_entry_are_its_eigenvalues_too():
    with pytest.raises(MissingRuleError, match=r"^numpy\.linalg\.eigvals is not supported"):
        np.poly(Value([[2.0]]))


def test_an_array_made_of_a_value_shares_its_memory_only_if_asked():
    v = Value(X)
    for ndmin in (0, 1, 2):
        assert not np.shares_memory(np.array(v, ndmin=ndmin, like=v).data, v.data)
        assert np.shares_memory(np.array(v, copy=False, ndmin=ndmin, like=v).data, v.data)
    for fn in (np.asarray, np.asanyarray):
        assert not np.shares_memory(fn(v, copy=True, like=v).data, v.data)
        assert np.shares_memory(fn(v, like=v).data, v.data)
    for copied in (True, False):
        for grid in np.meshgrid(v, v, copy=copied):
            assert np.shares_memory(grid.data, v.data) is not copied


def test_a_recurrence_has_the_dtype_of_both():
    single, double = np.array([0.5], np.float32), np.array([0.1])
    for a, b in ((single, double), (double, single)):
        for shape in ((1,), (2, 1)):
            y = accumulations.linear_recurrence(np.resize(a, shape), np.resize(b, shape))
            assert y.dtype == np.float64
            np.testing.assert_array_equal(y, np.resize(b, shape))


def test_the_infinite_sum_of_exponentials_shares_what_is_infinite_alone():
    """Beside a nan of infinities, the shares of finite numbers stay theirs."""
    a, b = Value([INF, 1.0]), Value([INF, 2.0])
    np.sum(np.logaddexp(a, b)).backward()
    np.testing.assert_allclose(a.grad, [0.5, 1 / (1 + math.e)], rtol=1e-15)
    np.testing.assert_allclose(b.grad, [0.5, math.e / (1 + math.e)], rtol=1e-15)


def test_softplus_is_itself_at_its_threshold_as_pytorchs():
    x = Value([20.0])
    y = mt.softplus(x)
    assert y.data.tolist() == [20.000000002061153]
    y.backward([1.0])
    assert x.grad.tolist() == [1 / (1 + math.exp(-20))]


def test_a_length_of_exactly_1_has_a_slope():
    a, b = Value([1.0, 0.0]), Value([0.0, -1.0])
    np.sum(np.hypot(a, b)).backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([1, 0], [0, -1])


def test_fabs_has_no_slope_at_0_as_pytorchs_abs():
    x = Value([-2.0, 0.0, 3.0])
    np.sum(np.fabs(x)).backward()
    assert x.grad.tolist() == [-1, 0, 1]


def test_at_a_bound_that_is_a_value_the_number_gets_the_gradient_as_pytorchs():
    a, low, high = Value([1.0, 2.0]), Value([1.0, 0.0]), Value([5.0, 2.0])
    np.sum(np.clip(a, low, high)).backward()
    assert [v.grad.tolist() for v in (a, low, high)] == [[1, 1], [0, 0], [0, 0]]


def test_of_bounds_that_are_equal_the_low_one_gets_what_is_below_both():
    a, low, high = Value([0.0]), Value([1.0]), Value([1.0])
    np.sum(np.clip(a, low, high)).backward()
    assert [v.grad.tolist() for v in (a, low, high)] == [[0], [1], [0]]


def test_a_line_to_an_infinite_neighbour_has_no_slope_at_its_point():
    for xs, x in (([0.0, 1.0, 2.0], 0.0), ([-2.0, -1.0, 0.0], 0.0), ([-1.0, 0.0, 1.0], 1.0)):
        v = Value([x])
        np.sum(np.interp(v, xs, [3.0, INF, 4.0])).backward()
        assert v.grad.tolist() == [0]


@pytest.mark.parametrize("options", [{"where": False}, {"where": X > 1}, {"initial": True}])
def test_options_of_a_reduction_without_a_rule_are_refused(options):
    with pytest.raises(
        MissingRuleError, match=r"no derivative rule for its option (where|initial)="
    ):
        np.logaddexp.reduce(Value(X), **options)


def test_correlations_are_at_most_1_in_size():
    x = np.random.default_rng(0).standard_normal(5)
    for factor in (3, -3):
        assert np.max(np.abs(np.corrcoef(Value(np.stack([x, factor * x + 1]))).data)) == 1


def test_a_variance_without_freedom_is_nan_as_numpys():
    with pytest.warns(RuntimeWarning, match="Degrees of freedom <= 0"):
        assert np.isnan(np.nanvar([1.0, 3.0], ddof=2))
    assert np.isnan(np.nanvar(Value([1.0, 3.0]), ddof=2).data)


def test_windows_far_apart_see_the_padding_before_the_array_only():
    x, weight = np.arange(1.0, 8.0)[None], np.array([[[100.0, 10.0, 1.0]]])
    y = mt.conv1d(x, weight, stride=4, padding=1)
    np.testing.assert_array_equal(y, [[12, 456]])


def test_images_without_channels_are_refused():
    with pytest.raises(ShapeError, match=r"expected  shape \(N, C, H, W\) or \(C, H, W\)"):
        mt.max_pool2d(np.ones((3, 3)), 2)


def test_where_needs_both_choices():
    for choices in ((Value(X),), (None, Value(X)), (Value(X), None)):
        with pytest.raises(ValueError, match="either both or neither of x and y should"):
            np.where(X > 1, *choices)


def test_the_cut_of_a_polynomials_fit_is_numpys():
    for x in (X, X.astype(np.float32)):
        found = np.polyfit(x, Value(M), 1, full=True)[4]
        assert found == len(x) * np.finfo(x.dtype).eps == np.polyfit(x, M, 1, full=True)[4]


def test_a_nan_equals_a_nan_only():
    assert np.array_equal(Value([NAN, 1.0]), [NAN, 1.0], equal_nan=True)
    assert not np.array_equal(Value([NAN, 1.0]), [2.0, 1.0], equal_nan=True)


def test_two_numbers_apart_by_one_factor_are_both_exact():
    b = 1e30  # exp(log(b)) is another number
    y = np.geomspace(Value(1.0), Value(b), 2)
    assert y.data.tolist() == [1.0, b]


def test_zero_to_a_negative_power_falls_without_bound_in_the_exponent_as_pytorchs():
    b = Value([-1.0])
    with np.errstate(divide="ignore"):
        np.sum(np.power(np.array([0.0]), b)).backward()
    assert b.grad.tolist() == [-INF]


def test_the_slope_of_a_power_at_exponent_0_changes_with_the_exponent():
    """d/db of d(a**b)/da = b a**(b-1) is 1/a there, on both sides of a = 1."""
    for a in (0.5, 2.0):
        v, b = Value([a]), Value([0.0])
        (slope,) = mt.derivatives.gradients([np.sum(np.power(v, b))], [v], create_graph=True)
        assert mt.derivatives.gradients([np.sum(slope)], [b])[0] == [1 / a]


def test_a_bessel_function_of_high_order_follows_its_series():
    """The first terms of Abramowitz and Stegun 9.6.10, at 1."""
    n = 60
    terms = [0.25**k / (math.factorial(k) * math.factorial(n + k)) for k in range(6)]
    found = families.bessel_i(1.0, order=n)
    np.testing.assert_allclose(found, 0.5**n * sum(terms), rtol=1e-12)


def test_same_keeps_the_length_under_every_kernel():
    for k in (1, 2, 3, 4, 5):
        weight = np.zeros((1, 1, k))
        weight[0, 0, (k - 1) // 2] = 1.0  # the entry that stands at the window's place
        np.testing.assert_array_equal(mt.conv1d(X[None], weight, padding="same"), X[None])


def test_shapes_that_do_not_fit_are_said_to_need_what_they_need():
    with pytest.raises(ShapeError, match="the places cannot be made into channels"):
        mt.pixel_unshuffle(np.zeros((1, 3, 2)), 2)
    with pytest.raises(ShapeError, match="the places cannot be made into channels"):
        mt.pixel_unshuffle(np.zeros((1, 2, 3)), 2)
    with pytest.raises(ShapeError, match=r"shape \(O, C / groups, kD, kH, kW\)"):
        mt.conv3d(np.zeros((1, 1, 2, 2, 2)), np.zeros((1, 1, 2, 2)))
    with pytest.raises(ArgumentError, match="groups"):
        mt.conv1d(np.zeros((1, 2, 3)), np.zeros((2, 1, 1)), groups=(2, 2))
    with pytest.raises(ShapeError, match="must have 5 axes"):
        mt.interpolate(np.zeros((1,) * 6), 4)


def test_numbers_are_ordered_by_keys_that_are_numbers_too():
    assert np.lexsort((Value(2.0), Value(1.0))) == np.lexsort((2.0, 1.0))


def test_what_memory_held_before_is_no_matter(monkeypatch):
    """NumPy is shown arrays, to refuse or not; it warned of infinities that these held."""
    monkeypatch.setattr(np, "empty", lambda shape, dtype=float: np.full(shape, INF).astype(dtype))
    assert np.diff(Value([1.0, 4.0])).data.tolist() == [3.0]
    with pytest.deprecated_call():
        y = np.cross(Value([1.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    assert y.data.tolist() == [0, 0, 1]
