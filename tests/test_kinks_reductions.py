"""What reductions, statistics and sorting do at ties, zeros, nan and infinity."""

import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import MissingRuleError
from microtensor.ops.quantiles import order_weights

INF, NAN = np.inf, np.nan


def gradient(f, x, g=1.0):
    v = Value(np.array(x, dtype=float))
    y = f(v)
    y.backward(np.broadcast_to(np.asarray(g, dtype=float), y.shape))
    return v.grad


# Numbers that PyTorch 2.13 gives for the functions named beside them

AS_PYTORCH = [
    ("amax, ties", np.max, [1, 3, 3], [0, 0.5, 0.5]),
    ("amax, infinite ties", np.max, [INF, INF, 0], [0.5, 0.5, 0]),
    ("amax, nan", np.max, [1, NAN, 3], [NAN, NAN, NAN]),
    ("amin, ties", np.min, [1, 1, 3], [0.5, 0.5, 0]),
    ("amin, nan", np.min, [NAN, NAN, 1], [NAN, NAN, NAN]),
    ("prod, one zero", np.prod, [2, 0, 5], [0, 10, 0]),
    ("prod, two zeros", np.prod, [2, 0, 0, 3], [0, 0, 0, 0]),
    ("cumprod, two zeros", np.cumprod, [2, 0, 0, 3], [1, 2, 0, 0]),
    ("cumprod", np.cumprod, [3, 3, 3, 3], [40, 39, 36, 27]),
    ("nansum", np.nansum, [1, NAN, 3], [1, 0, 1]),
    ("nansum, nan only", np.nansum, [NAN, NAN], [0, 0]),
    ("nanmean", np.nanmean, [1, NAN, 3], [0.5, 0, 0.5]),
    ("std(correction=0), constant", np.std, [3, 3, 3, 3], [0, 0, 0, 0]),
    ("std(correction=0), one entry", np.std, [2], [0]),
    ("var(correction=0), constant", np.var, [3, 3, 3], [0, 0, 0]),
    ("sort(stable=True), ties", lambda x: np.sort(x) * np.arange(4.0), [2, 0, 0, 2], [2, 0, 1, 3]),
    ("sort(stable=True), nan", lambda x: np.sort(x)[1:], [1, NAN, 3], [0, 1, 1]),
    ("quantile, ties", lambda x: np.quantile(x, 0.5), [3, 3, 3, 3], [0, 0.5, 0.5, 0]),
    ("quantile", lambda x: np.quantile(x, 0.5), [2, 0, 0, 3], [0.5, 0, 0.5, 0]),
    ("quantile, nan", lambda x: np.quantile(x, 0.5), [1, NAN, 3], [0, 1, 0]),
    ("quantile, several nan", lambda x: np.quantile(x, 0.5), [NAN, NAN], [0, 1]),
    ("nanquantile", lambda x: np.nanquantile(x, 0.5), [1, NAN, 3], [0.5, 0, 0.5]),
    ("nanquantile, nan only", lambda x: np.nanquantile(x, 0.5), [NAN, NAN], [1, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "expected"), [c[1:] for c in AS_PYTORCH],
                         ids=[c[0] for c in AS_PYTORCH])  # fmt: skip
def test_the_gradient_is_pytorchs(f, x, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy warns of slices of nan
        np.testing.assert_allclose(gradient(f, x), expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.std(x, ddof=1),
        lambda x: np.var(x, ddof=1),
        lambda x: np.var(x, ddof=1, where=np.array([True])),
        lambda x: np.cov(x),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_spread_of_one_entry_of_a_sample_is_nan_as_pytorchs(f):
    assert np.isnan(f(Value([2.0])).data)
    assert np.isnan(gradient(f, [2.0])).all()


# Where PyTorch gives nan, and there is a number


def test_an_infinite_gradient_leaves_what_was_not_chosen_at_zero_as_pytorchs_max_not_amax():
    np.testing.assert_array_equal(gradient(np.max, [1, 3, 3], INF), [0, INF, INF])
    np.testing.assert_array_equal(gradient(np.sort, [3, 1], [INF, 1]), [1, INF])
    np.testing.assert_array_equal(gradient(np.median, [3, 1, 7], INF), [INF, 0, 0])


def test_products_are_derived_without_a_division_where_pytorch_divides():
    np.testing.assert_array_equal(gradient(np.prod, [INF, 2]), [2, INF])
    np.testing.assert_array_equal(gradient(np.prod, [1, NAN, 3]), [NAN, 3, NAN])
    np.testing.assert_array_equal(gradient(np.cumprod, [INF, 2]), [3, INF])


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_a_mean_of_nan_only_sends_nothing_where_pytorch_sends_nan():
    np.testing.assert_array_equal(gradient(np.nanmean, [NAN, NAN]), [0, 0])


def test_second_derivatives_of_products_are_right_at_two_zeros():
    x = np.array([2.0, 0.0, 0.0, 3.0])
    expected = np.zeros((4, 4))
    expected[1, 2] = expected[2, 1] = 6  # 2 * 3
    np.testing.assert_array_equal(mt.hessian(np.prod)(x), expected)
    expected[1, 2] = expected[2, 1] = 2 + 6  # of 2·x1·x2 and 2·x1·x2·3
    expected[0, 1] = expected[1, 0] = 1  # of x0·x1
    np.testing.assert_array_equal(mt.hessian(lambda v: np.sum(np.cumprod(v)))(x), expected)


# Options


def test_what_where_leaves_out_leaves_no_trace():
    x, where = [1.0, NAN, 3.0, INF], np.array([True, False, True, False])
    for f in (np.sum, np.mean, np.prod, np.var, np.std):
        assert np.isfinite(gradient(lambda v, f=f: f(v, where=where), x)).all()
        assert (gradient(lambda v, f=f: f(v, where=where), x)[[1, 3]] == 0).all()
    for f in (np.max, np.min):
        np.testing.assert_array_equal(
            gradient(lambda v, f=f: f(v, where=where, initial=2.0), x),
            [0, 0, 1, 0] if f is np.max else [1, 0, 0, 0],
        )


def test_entries_that_equal_initial_share_everything_and_smaller_ones_nothing():
    np.testing.assert_array_equal(
        gradient(lambda v: np.max(v, initial=3.0), [1, 3, 3]), [0, 0.5, 0.5]
    )
    np.testing.assert_array_equal(gradient(lambda v: np.max(v, initial=4.0), [1, 3, 3]), [0, 0, 0])
    np.testing.assert_array_equal(gradient(np.nanmax, [-INF, NAN]), [1, 0])


def test_dtype_is_the_outputs_and_the_gradient_is_the_inputs():
    x = Value(np.array([1.0, 2.0, 4.0], np.float32))
    for f in (np.sum, np.prod, np.mean, np.var, np.std, np.cumsum, np.cumprod, np.nansum,
              np.nanmean, np.cumulative_sum, np.nancumprod, np.nanvar):  # fmt: skip
        y = f(x, dtype=np.float64)
        assert y.dtype == np.float64
        np.testing.assert_allclose(y.data, f(x.data, dtype=np.float64), rtol=1e-7)
        (g,) = mt.vjp(lambda v, f=f: f(v, dtype=np.float64), x.data)[1](np.ones(y.shape))
        assert g.dtype == np.float32
    assert not np.sum(x, dtype=int).requires_grad


# Parts that have no gradient


def test_sets_give_what_numpy_gives_beside_the_values():
    x = np.array([[3.0, 1.0], [3.0, NAN]])
    for f in (
        np.unique_all, np.unique_counts, np.unique_inverse,
        lambda v: np.unique(v, True, True, True), lambda v: np.unique(v, return_counts=True),
        lambda v: np.intersect1d(v, [[1.0, 5.0]], return_indices=True),
        lambda v: np.unique(v, axis=0, return_inverse=True),
        lambda v: np.unique(v, equal_nan=False, return_index=True),
    ):  # fmt: skip
        ours, theirs = f(Value(x)), f(x)
        assert type(ours) is type(theirs)
        np.testing.assert_array_equal(ours[0].data, theirs[0])
        for a, b in zip(ours[1:], theirs[1:], strict=True):
            np.testing.assert_array_equal(a, b)


def test_of_equal_entries_the_first_gets_the_gradient():
    np.testing.assert_array_equal(gradient(np.unique, [3, 1, 3, 3]), [1, 1, 0, 0])
    np.testing.assert_array_equal(gradient(lambda v: np.union1d(v, v), [3, 1]), [1, 1])


def test_average_gives_the_sum_of_its_weights():
    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    for options in ({}, {"weights": x}, {"axis": 0, "weights": [1, 2]}, {"keepdims": True}):
        for ours, theirs in zip(
            np.average(Value(x), returned=True, **options),
            np.average(x, returned=True, **options),
            strict=True,
        ):
            np.testing.assert_array_equal(getattr(ours, "data", ours), theirs)
    with pytest.raises(ZeroDivisionError):
        np.average(Value(x), weights=x * 0)


# Points of a line


def test_at_a_point_of_interp_the_slope_is_that_of_the_line_after_it():
    points, values = [0.0, 1.0, 3.0], [0.0, 2.0, 3.0]
    slopes = gradient(lambda v: np.interp(v, points, values), [-1, 0, 1, 2, 3, 4])
    np.testing.assert_array_equal(slopes, [0, 2, 0.5, 0.5, 0, 0])
    np.testing.assert_array_equal(
        np.interp(Value([0.0, 1.0]), [0.0, 1.0, 2.0], [1.0, 2.0, INF]).data, [1, 2]
    )


def test_a_histogram_of_values_is_refused_with_what_to_use():
    with pytest.raises(MissingRuleError) as error:
        np.histogram(Value([1.0]))
    assert str(error.value) == (
        "numpy.histogram is not supported on Values.\n"
        "  How many numbers fall into a bin changes in steps, and has no slope.\n"
        "  To sum weights by bins, use np.bincount(np.digitize(v.data, edges), weights=w)."
    )


def test_quantiles_are_not_differentiated_by_which_they_are():
    with pytest.raises(MissingRuleError) as error:
        np.quantile(np.arange(4.0), Value(0.3))
    assert str(error.value) == (
        "numpy.quantile has no derivative rule for its operand q.\n"
        "  Give q as a plain number, or as v.data."
    )


REFUSED = [
    lambda x: np.max(x, where=np.array([True, False, True])),
    lambda x: np.cumulative_sum(np.stack([x, x])),
    lambda x: np.diff(x, -1),
    lambda x: np.gradient(x, 1.0, 2.0),
    lambda x: np.gradient(x[:2], edge_order=2),
    lambda x: np.quantile(x, 1.5),
    lambda x: np.median(x, axis=3),
    lambda x: np.interp(x, [1.0, 2.0], [1.0]),
    lambda x: np.interp(x, [1.0], [1.0], period=0),
    lambda x: np.average(x, weights=[1.0, 2.0]),
    lambda x: np.cov(x, ddof=0.5),
    lambda x: np.var(x, ddof=1, correction=1),
    lambda x: np.convolve(x, []),
    lambda x: np.apply_along_axis(np.sum, 2, x),
    lambda x: np.partition(x, 7),
]  # fmt: skip


@pytest.mark.parametrize("f", REFUSED)
def test_what_numpy_refuses_is_refused_in_its_words(f):
    x = np.array([1.0, 2.0, 4.0])
    with pytest.raises((ValueError, TypeError)) as theirs:
        f(x)
    with pytest.raises(type(theirs.value)) as ours:
        f(Value(x))
    assert str(ours.value).split("\n")[0] == str(theirs.value).split("\n")[0]


def test_the_place_of_a_quantile_is_found_in_the_dtype_as_numpy_does():
    """Float16 rounds the place 1999.725 to 2000, and the last place, 2051, to 2052."""
    x = np.random.default_rng(0).permutation(2052).astype(np.int16).view(np.float16)
    for q, place in ((0.975, 2000), (1.0, 2051)):
        parts = order_weights(x, kind="quantile", q=q)
        assert parts.shape == (1, 2052)
        assert x[parts[0] > 0].tolist() == [np.sort(x)[place]] == [np.quantile(x, q)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", [np.sum, np.mean, np.prod, np.var, np.max])
def test_where_everything_is_left_out_nothing_is_sent(f):
    options = {"initial": 0.0} if f is np.max else {}
    for where in (False, np.bool_(False), np.zeros(2, bool)):
        found = gradient(lambda v, where=where: f(v, where=where, **options), [0.0, 2.0])
        np.testing.assert_array_equal(found, [0, 0])
    everywhere = gradient(lambda v: f(v, where=True, **options), [0.0, 2.0])
    np.testing.assert_array_equal(everywhere, gradient(lambda v: f(v, **options), [0.0, 2.0]))


@pytest.mark.parametrize("f", [np.sum, np.prod, np.max, np.ptp])
def test_a_number_may_be_reduced_along_axis_0_as_numpys(f):
    x = Value(np.array(2.0))
    y = f(x, axis=0)
    assert y.shape == f(x.data, axis=0).shape == ()
    y.backward()
    assert x.grad == (0 if f is np.ptp else 1)
