"""Of ufuncs and their methods, for all shapes, dtypes, layouts and axes: NumPy's value, and the
derivative that independent oracles find.

Each property is shown a wrong rule, to see it object.
"""

import contextlib

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracles import check_first, check_second

from microtensor import Value
from microtensor.ops import choices, elementwise, families
from microtensor.ops.masking import masked
from microtensor.primitives import Known, registry

quick = settings(
    max_examples=20, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)

LAYOUTS = [
    lambda x: x,
    np.asfortranarray,
    lambda x: np.flip(np.flip(x).copy()),
    lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0) if x.ndim else x,
]


@st.composite
def operands(draw, count=1, min_dims=0, min_side=0):
    """Draw arrays that broadcast, none of whose numbers is near a kink, a pole or another."""
    shapes = draw(
        hnp.mutually_broadcastable_shapes(
            num_shapes=count, min_dims=min_dims, max_dims=3, min_side=min_side, max_side=3
        )
    ).input_shapes
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    layouts = [draw(st.sampled_from(LAYOUTS)) for _ in shapes]
    return [
        lay(rng.choice([-1.0, 1.0], s) * rng.uniform(0.5, 1.5, s))
        for lay, s in zip(layouts, shapes, strict=True)
    ]


def assert_right(f, arrays, slope=True):
    """Hold a function against NumPy, in both dtypes, and against the oracles of derivatives."""
    for dtype in (np.float32, np.float64):
        typed = [x.astype(dtype, order="K") for x in arrays]
        values = [Value(x) for x in typed]
        y, expected = f(*values), f(*typed)
        assert y.shape == np.shape(expected)
        assert y.dtype == np.asarray(expected).dtype
        assert isinstance(y.data, np.ndarray) == (y.ndim > 0)
        np.testing.assert_allclose(y.data, expected, rtol=100 * np.finfo(dtype).eps, atol=1e-6)
        if slope:
            y.backward(np.ones(y.shape))
            for v in values:
                assert np.shape(v.grad) == v.shape
                assert np.asarray(v.grad).dtype == dtype
    if slope:
        check_first(f, f, arrays)
        check_second(f, arrays)


BINARY = [
    np.add, np.multiply, np.true_divide, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot,
    np.arctan2, np.logaddexp, np.logaddexp2, np.copysign,
]  # fmt: skip


@quick
@given(operands(2))
def test_functions_of_two_numbers_broadcast(arrays):
    for fn in BINARY:
        assert_right(fn, arrays)


@quick
@given(operands(2), st.sampled_from([0.7, -1.3, 2.45]))
def test_remainders_have_the_slope_of_their_quotient(arrays, divisor):
    a = arrays[0] + 0.01 * np.pi
    assert_right(lambda x: np.fmod(x, divisor), [a])
    assert_right(lambda x: np.divmod(x, divisor)[1], [a])
    assert_right(lambda x: np.divmod(x, divisor)[0] + 0 * x, [a])


UNARY = [
    np.sinc, np.i0, np.deg2rad, np.degrees, np.nan_to_num, np.unwrap,
    lambda x: np.modf(x)[0], lambda x: np.frexp(x + np.copysign(0.007, x))[0],
    lambda x: np.ldexp(x, 3), lambda x: np.nextafter(x, 9),
]  # fmt: skip


@quick
@given(operands(1))
def test_functions_of_one_number(arrays):
    for fn in UNARY:
        if fn is not np.unwrap or arrays[0].ndim:  # NumPy wants an axis there
            assert_right(fn, arrays)


@quick
@given(operands(2))
def test_masked_is_where_and_keeps_what_is_not_finite_out(arrays):
    mask = arrays[1] > 0
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        x = np.select([arrays[0] > 1, arrays[0] < -1], [np.inf, np.nan], arrays[0]).astype(dtype)
        found = masked(x, mask)
        assert np.asarray(found).dtype == dtype
        np.testing.assert_array_equal(found, np.where(mask, x, dtype(0)))
    v = Value(np.broadcast_to(arrays[0], np.shape(found)))
    masked(v, mask).backward(np.where(mask, np.full(v.shape, 2.0), np.inf))
    np.testing.assert_array_equal(v.grad, np.where(mask, np.full(v.shape, 2.0), 0))


@st.composite
def reductions_of(draw, several):
    (x,) = draw(operands(1, min_dims=1, min_side=1))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    if several:
        axes = draw(st.permutations(range(x.ndim)))[: draw(st.integers(0, x.ndim))]
        axis = draw(st.sampled_from([axis, None, tuple(axes)]))
    return x, axis


@quick
@given(reductions_of(several=True), st.booleans())
def test_reduce_goes_along_any_axes(reduction, keepdims):
    x, axis = reduction
    for ufunc in (np.add, np.multiply, np.hypot, np.logaddexp, np.logaddexp2, np.fmax):
        assert_right(lambda x, f=ufunc: f.reduce(x, axis=axis, keepdims=keepdims), [x])


@quick
@given(reductions_of(several=False))
def test_accumulate_goes_along_any_axis(reduction):
    x, axis = reduction
    for ufunc in (np.add, np.maximum, np.minimum, np.subtract, np.hypot, np.logaddexp):
        assert_right(lambda x, f=ufunc: f.accumulate(x, axis=axis), [x])


@quick
@given(operands(1), operands(1))
def test_outer_meets_every_pair(a, b):
    for ufunc in (np.add, np.multiply, np.maximum, np.arctan2):
        assert_right(ufunc.outer, [a[0], 1.07 * b[0]])


@quick
@given(operands(1), st.integers(1, 5))
def test_bessel_functions_follow_their_recurrence(arrays, n):
    (x,) = arrays
    x = x * 5
    before, at, after = (families.bessel_i(x, order=k) for k in (n - 1, n, n + 1))
    np.testing.assert_allclose(before - after, 2 * n / x * at, rtol=1e-12, atol=1e-12)
    check_first(
        lambda v: families.bessel_i(v, order=n), lambda v: families.bessel_i(v, order=n), [x]
    )


@quick
@given(operands(1), st.integers(0, 5), st.sampled_from([1e-9, 0.01, 1.0, 4.0]))
def test_derivatives_of_sinc_are_each_others_derivatives(arrays, order, scale):
    (x,) = arrays

    def f(v):
        return families.sinc_derivative(v, order=order) / np.pi**order

    check_first(f, f, [x * scale])


# Wrong rules

PROPERTIES = [
    (test_functions_of_two_numbers_broadcast, np.hypot, 1),
    (test_functions_of_two_numbers_broadcast, np.fmin, 0),
    (test_functions_of_two_numbers_broadcast, choices._to_greater, 0),
    (test_functions_of_two_numbers_broadcast, elementwise._share, 1),
    (test_remainders_have_the_slope_of_their_quotient, np.fmod, 0),
    (test_remainders_have_the_slope_of_their_quotient, np.remainder, 0),
    (test_functions_of_one_number, np.sinc, 0),
    (test_functions_of_one_number, np.unwrap, 0),
    (test_masked_is_where_and_keeps_what_is_not_finite_out, masked, 0),
    (test_reduce_goes_along_any_axes, np.sum, 0),
    (test_reduce_goes_along_any_axes, np.hypot, 0),
    (test_accumulate_goes_along_any_axis, np.cumsum, 0),
    (test_accumulate_goes_along_any_axis, np.subtract, 1),
    (test_outer_meets_every_pair, np.multiply, 1),
    (test_bessel_functions_follow_their_recurrence, families.bessel_i, 0),
    (test_derivatives_of_sinc_are_each_others_derivatives, families.sinc_derivative, 0),
]


@contextlib.contextmanager
def spoilt(fn, position):
    """Let one rule be wrong by a hundredth."""
    entry = registry[fn]
    twin = Known(fn, "differentiable", entry.rules)
    twin.computed_by(entry.forward)
    twin.wanted = entry.wanted

    def wrong(*args, **options):
        return 1.01 * entry.rules[position](*args, **options)

    twin.rules = tuple(wrong if n == position else r for n, r in enumerate(entry.rules))
    twin.plain_rules = entry.plain_rules and twin.rules
    registry[fn] = twin
    try:
        yield
    finally:
        registry[fn] = entry


@pytest.mark.parametrize(("claim", "fn", "position"), PROPERTIES)
def test_each_property_objects_to_a_wrong_rule(claim, fn, position):
    with spoilt(fn, position), pytest.raises(AssertionError):
        claim()
