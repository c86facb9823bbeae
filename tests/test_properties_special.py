"""SciPy's functions over shapes, broadcasting, dtypes and layouts, drawn at random.

Each claim is shown a wrong rule, and objects.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DisagreementError, check_first, check_second
from samples_special import real
from scipy import special

import microtensor as mt
from microtensor import Value
from microtensor.ops.special import log_of_sum_exp
from microtensor.primitives import Known, registry

FEW = settings(max_examples=60, deadline=None, derandomize=True)

UNARY = {  # with the numbers that they are drawn between
    special.erf: (-3, 3), special.erfcx: (-2, 5), special.log_ndtr: (-9, 5),
    special.gammaln: (0.2, 9), special.psi: (0.3, 9), special.rgamma: (-2.4, 4),
    special.logit: (0.1, 0.9), special.entr: (0.2, 3), special.exprel: (-2, 2),
    special.ellipk: (-3, 0.8), special.i1e: (0.2, 5), special.j1: (-5, 5),
}  # fmt: skip
BINARY = {
    special.xlogy: (0.2, 3), special.betaln: (0.3, 4), special.kl_div: (0.2, 3),
    special.boxcox: (0.2, 2), special.pseudo_huber: (0.3, 3),
}  # fmt: skip
LAYOUTS = {
    "as made": lambda x: x,
    "Fortran": lambda x: np.asfortranarray(x) if x.ndim else x,
    "backwards": lambda x: np.flip(np.flip(x).copy()) if x.ndim else x,
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
}
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@st.composite
def pairs_of_shapes(draw):
    """Draw two shapes that broadcast: either may have a 1, or miss leading axes."""
    whole = draw(shapes)
    both = []
    for _ in range(2):
        cut = draw(st.integers(0, len(whole)))
        both.append(tuple(1 if draw(st.booleans()) else n for n in whole[cut:]))
    return both


def numbers(seed, shape, bounds, layout="as made", dtype=np.float64):
    x = np.random.default_rng(seed).uniform(*bounds, shape)
    return LAYOUTS[layout](np.asarray(x, dtype))[()]


def check_value(fn, *xs):
    """Hold value and dtype against SciPy's own."""
    found, expected = fn(*map(Value, xs)), fn(*xs)
    np.testing.assert_array_equal(found.data, expected)
    assert np.asarray(found.data).dtype == np.asarray(expected).dtype
    assert found.shape == np.shape(expected)


def check_gradient_dtypes(fn, *xs):
    values = [Value(x) for x in xs]
    np.sum(fn(*values)).backward()
    assert all(np.shape(v.grad) == v.shape for v in values)
    assert all(np.asarray(v.grad).dtype == v.dtype for v in values)


seeds, layouts = st.integers(0, 99), st.sampled_from(sorted(LAYOUTS))
dtypes = st.sampled_from([np.float32, np.float64])


@FEW
@given(st.sampled_from(sorted(UNARY, key=str)), seeds, shapes, layouts, dtypes)
def test_a_function_of_one_number_agrees_with_scipys_and_differences(fn, seed, shape, lay, kind):
    x = numbers(seed, shape, UNARY[fn], lay, kind)
    check_value(fn, x)
    check_gradient_dtypes(fn, x)
    check_first(fn, real(fn), [np.asarray(x, float)], seed)
    if seed % 4 == 0:
        check_second(fn, [np.asarray(x, float)], seed)


@FEW
@given(st.sampled_from(sorted(BINARY, key=str)), seeds, pairs_of_shapes(), layouts, dtypes)
def test_a_function_of_two_numbers_broadcasts_as_scipys(fn, seed, both, lay, kind):
    a, b = (numbers(seed + n, s, BINARY[fn], lay, kind) for n, s in enumerate(both))
    check_value(fn, a, b)
    check_gradient_dtypes(fn, a, b)
    check_first(fn, real(fn), [np.asarray(a, float), np.asarray(b, float)], seed)
    if seed % 4 == 0:
        check_second(fn, [np.asarray(a, float), np.asarray(b, float)], seed)


@st.composite
def shapes_with_axes(draw):
    """Draw a shape of no empty axis, and an axis in any form that SciPy takes."""
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
    places = st.integers(-len(shape), len(shape) - 1)
    several = st.lists(places, min_size=1, unique_by=lambda a: a % len(shape)).map(tuple)
    return shape, draw(st.one_of(st.none(), places, several))


def check_sums(seed, shape, axis, keepdims, weighted, lay):
    a = numbers(seed, shape, (-3, 3), lay)
    b = numbers(seed + 1, shape[-1:], (0.2, 2)) if weighted else None
    options = {"axis": axis, "keepdims": keepdims}
    xs = [a] if b is None else [a, b]

    def of(fn):
        return lambda a, b=None: fn(a, b=b, **options)

    expected = special.logsumexp(a, b=b, **options)
    np.testing.assert_allclose(of(mt.special.logsumexp)(*xs), expected, rtol=1e-14, atol=1e-14)
    check_first(of(mt.special.logsumexp), real(of(special.logsumexp)), xs, seed)


@FEW
@given(seeds, shapes_with_axes(), st.booleans(), st.booleans(), layouts)
def test_weighted_sums_of_exponentials_agree_over_any_axes(seed, drawn, keepdims, weighted, lay):
    check_sums(seed, *drawn, keepdims, weighted, lay)


@FEW
@given(st.integers(0, 5), seeds, shapes)
def test_the_orders_of_a_family_agree_with_differences(order, seed, shape):
    x = numbers(seed, shape, (0.3, 3))
    for fn in (special.jv, special.kve, special.eval_chebyu, mt.special.spherical_jn):
        of_scipy = getattr(special, fn.__name__)
        check_first(
            lambda x, fn=fn: fn(order, x), real(lambda x, f=of_scipy: f(order, x)), [x], seed
        )


# Each is shown a wrong rule


def spoil(monkeypatch, fn, position):
    entry = registry[fn]
    rules = list(entry.rules)
    right = rules[position]
    rules[position] = lambda g, y, *inputs, **options: 1.01 * right(g, y, *inputs, **options)
    twin = Known(fn, "differentiable", tuple(rules))
    twin.wanted, twin.plain_rules = entry.wanted, entry.plain_rules and twin.rules
    monkeypatch.setitem(registry, fn, twin)


@pytest.mark.parametrize("fn", UNARY, ids=lambda f: f.__name__)
def test_a_wrong_rule_of_one_number_is_noticed(monkeypatch, fn):
    spoil(monkeypatch, fn, 0)
    claim = test_a_function_of_one_number_agrees_with_scipys_and_differences.hypothesis
    with pytest.raises(DisagreementError):
        claim.inner_test(fn, 4, (3,), "as made", np.float64)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("fn", BINARY, ids=lambda f: f.__name__)
def test_a_wrong_rule_of_two_numbers_is_noticed(monkeypatch, fn, position):
    spoil(monkeypatch, fn, position)
    claim = test_a_function_of_two_numbers_broadcasts_as_scipys.hypothesis
    with pytest.raises(DisagreementError):
        claim.inner_test(fn, 4, ((2, 3), (3,)), "as made", np.float64)


@pytest.mark.parametrize("position", [0, 1])
def test_a_wrong_rule_of_weighted_sums_is_noticed(monkeypatch, position):
    spoil(monkeypatch, log_of_sum_exp, position)
    with pytest.raises(DisagreementError):
        check_sums(0, (2, 3), -1, False, True, "as made")


@pytest.mark.parametrize("fn", [special.jv, special.kve, special.eval_chebyu])
def test_a_wrong_rule_of_a_family_is_noticed(monkeypatch, fn):
    spoil(monkeypatch, fn, 1)
    with pytest.raises(DisagreementError):
        test_the_orders_of_a_family_agree_with_differences.hypothesis.inner_test(2, 0, (3,))


def test_the_shapes_drawn_broadcast():
    found = []

    @FEW
    @given(pairs_of_shapes())
    def look(both):
        found.append(math.prod(np.broadcast_shapes(*both)))

    look()
    assert 0 in found
    assert max(found) > 1
