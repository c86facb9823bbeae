"""Reductions, running sums, quantiles, sorting, convolving: over shapes, axes, dtypes, layouts.

Each property is shown a wrong rule, and must object.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from oracles import DisagreementError, check_first, check_second

import microtensor as mt
from microtensor import Value
from microtensor.ops import quantiles
from microtensor.primitives import Known, registry

SETTINGS = settings(max_examples=12, deadline=None, derandomize=True, phases=(Phase.generate,))
WHOLE = st.randoms(use_true_random=False).map(lambda r: r.randrange(2**32))


def laid(x, layout):
    """Lay the same numbers out in memory in another way."""
    if layout == "Fortran":
        return np.asfortranarray(x)
    if layout == "backwards" and x.ndim:
        return x[..., ::-1].copy()[..., ::-1]
    return np.repeat(x, 2, -1)[..., ::2] if layout == "between" and x.ndim else x


@st.composite
def arrays(draw, least=0, smallest=1):
    """Draw an array whose entries are all different, and 0.01 apart at least."""
    shape = draw(st.lists(st.integers(smallest, 4), min_size=least, max_size=3).map(tuple))
    rng = np.random.default_rng(draw(WHOLE))
    x = 0.1 * rng.permutation(int(np.prod(shape))).reshape(shape) + 0.05 - 0.7
    return laid(x, draw(st.sampled_from(["C", "Fortran", "backwards", "between"])))


@st.composite
def with_axis(draw, several=True, least=0, none=True):
    """Draw an array, and None, an integer, a negative one, or a tuple for its axis."""
    x = draw(arrays(least))
    forms = [st.none()] if none else []
    if x.ndim:
        one = st.integers(-x.ndim, x.ndim - 1)
        forms.append(one)
        if several:
            forms.append(st.lists(one, unique_by=lambda a: a % x.ndim, min_size=1).map(tuple))
    return x, draw(st.one_of(forms))


def agree(f, x, second=True):
    """Hold value, dtype, and derivatives of a function of one array against NumPy's."""
    for dtype, eps in ((np.float64, 1e-13), (np.float32, 1e-5)):
        light = x.astype(dtype)
        ours, theirs = f(Value(light)), f(light)
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours.data, theirs, rtol=eps, atol=eps)
        assert ours.dtype == np.asarray(theirs).dtype
    check_first(f, f, [x])
    if second:
        check_second(f, [x])


def reductions_agree(drawn, keepdims, fn, data_where):
    x, axis = drawn
    options = {"axis": axis, "keepdims": keepdims}
    agree(lambda v: fn(v, **options), x)
    where = np.random.default_rng(data_where).random(x.shape) < 0.7
    assume(np.all(np.any(where, axis=axis)))
    if fn in (np.max, np.min):
        options["initial"] = -9.0 if fn is np.max else 9.0
    agree(lambda v: fn(v, where=where, **options), x, second=False)


@pytest.mark.parametrize("fn", [np.sum, np.mean, np.prod, np.max, np.min])
def test_reductions_agree_over_axes_options_and_layouts(fn, monkeypatch):
    @SETTINGS
    @given(with_axis(), st.booleans(), WHOLE)
    def check(drawn, keepdims, seed):
        reductions_agree(drawn, keepdims, fn, seed)

    check()
    monkeypatch.setitem(registry, fn, spoilt(fn))
    with pytest.raises(DisagreementError):
        check()


def spoilt(fn):
    """Give a function's entry with its first rule 1% wrong."""
    entry = registry[fn]
    place = next(n for n, rule in enumerate(entry.rules) if rule is not None)
    twin = Known(fn, "differentiable", entry.rules)
    twin.computed_by(entry.forward)
    right = entry.rules[place]
    twin.wanted = entry.wanted
    twin.rules = tuple(
        (lambda *a, **k: 1.01 * right(*a, **k)) if n == place else rule
        for n, rule in enumerate(entry.rules)
    )
    twin.plain_rules = entry.plain_rules and twin.rules
    return twin


def real(fn):
    """Keep complex numbers away from what conjugates them: differences must do."""

    def f(v):
        if np.iscomplexobj(v):
            raise TypeError
        return fn(v)

    return f


CASES = [
    (lambda x, a: np.cumsum(x, axis=a), np.cumsum, False),
    (lambda x, a: np.cumprod(x, axis=a), np.cumprod, False),
    (lambda x, a: np.sort(x, axis=a), np.sort, False),
    (lambda x, a: np.ptp(x, axis=a), np.max, True),
    (lambda x, a: np.median(x, axis=a), quantiles.order_statistic, True),
    (lambda x, a: np.quantile(x, [0.1, 0.77], axis=a), quantiles.order_statistic, True),
    (lambda x, a: np.nansum(x, axis=a, keepdims=True), np.sum, True),
    (lambda x, a: np.nanmax(x, axis=a), np.max, True),
    (lambda x, a: np.var(x, axis=a), np.sum, True),
]


@pytest.mark.parametrize(("f", "primitive", "several"), CASES)
def test_functions_along_axes_agree(f, primitive, several, monkeypatch):
    @SETTINGS
    @given(with_axis(several, least=1))
    def check(drawn):
        x, axis = drawn
        agree(real(lambda v: f(v, axis)), x)

    check()
    monkeypatch.setitem(registry, primitive, spoilt(primitive))
    with pytest.raises(DisagreementError):
        check()


def test_running_products_are_right_wherever_zeros_are(monkeypatch):
    @SETTINGS
    @given(st.lists(st.sampled_from([0.0, 0.0, -1.5, 0.5, 2.0]), min_size=1, max_size=6))
    def check(entries):
        x = np.array(entries)
        for f in (np.prod, np.cumprod):
            check_first(f, f, [x])
            check_second(f, [x])

    check()
    monkeypatch.setitem(registry, np.cumprod, spoilt(np.cumprod))
    with pytest.raises(DisagreementError):
        check()


def test_convolutions_agree_over_sizes_and_modes(monkeypatch):
    @SETTINGS
    @given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(["full", "same", "valid"]), WHOLE)
    def check(n, m, mode, seed):
        rng = np.random.default_rng(seed)
        a, v = rng.standard_normal(n), rng.standard_normal(m)
        for fn in (np.convolve, np.correlate):
            ours = fn(Value(a), Value(v), mode)
            np.testing.assert_allclose(ours.data, fn(a, v, mode), rtol=1e-12, atol=1e-12)
            check_first(
                lambda p, q, fn=fn: fn(p, q, mode),
                lambda p, q, fn=fn: fn(p, np.conj(q) if fn is np.correlate else q, mode),
                [a, v],
            )

    check()
    monkeypatch.setitem(registry, np.convolve, spoilt(np.convolve))
    with pytest.raises(DisagreementError):
        check()


def test_a_sum_of_quantiles_times_weights_sends_its_weights_to_as_many_entries(monkeypatch):
    """Every quantile is a mean of entries, so its gradient adds up to 1, ties and nan or not."""

    @SETTINGS
    @given(
        st.lists(st.sampled_from([0.0, 1.0, 1.0, 2.5, np.nan]), min_size=1, max_size=7),
        st.floats(0, 1), st.sampled_from(["linear", "hazen", "nearest", "inverted_cdf"]),
        st.sampled_from([np.quantile, np.nanquantile]),
    )  # fmt: skip
    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def check(entries, q, method, fn):
        x = np.array(entries)
        assume(fn is np.quantile or not np.isnan(x).all())
        g = mt.grad(lambda v: fn(v, q, method=method))(x)
        if abs(np.sum(g) - 1) > 1e-12:
            raise DisagreementError("the parts of a quantile do not add up to 1")

    check()
    entry = quantiles.order_statistic
    monkeypatch.setitem(registry, entry, spoilt(entry))
    with pytest.raises(DisagreementError):
        check()


def test_empty_axes_and_empty_arrays_are_as_numpys():
    for shape in ((0,), (0, 3), (2, 0)):
        x = np.zeros(shape)
        for f in (np.sum, np.prod, np.cumsum, np.cumprod, np.sort, np.nansum, np.diff, np.unique):
            v = Value(x)
            y = f(v)
            np.testing.assert_array_equal(y.data, f(x))
            y.backward(np.ones(y.shape))
            assert v.grad.shape == shape
