"""exp, expm1 and tanh as kernels compute them: exact to three last places, and where it is odd."""

import numpy as np
import pytest

from microtensor.compiler import exponentials as module
from microtensor.compiler.exponentials import exponentials
from microtensor.compiler.machine import numba

MOST = 3  # units in the last place


def numbers(dtype):
    rng = np.random.default_rng(0)
    spread = [rng.standard_normal(20_000) * s for s in (1e-6, 0.01, 0.3, 1, 5, 30, 300)]
    return np.concatenate([*spread, np.linspace(-800, 800, 20_001)]).astype(dtype)


def computed(fn, x):
    """Run a function over an array, as a kernel does."""

    @numba().njit
    def loop(x, y):
        for i in range(x.size):
            y[i] = fn(x[i])

    y = np.empty_like(x)
    loop(x, y)
    return y


def units_off(name, dtype):
    """Measure the largest error, by the spacing of floats at the right answer."""
    x = numbers(dtype)
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(np.longdouble))
        near = exact.astype(dtype)
    usual = np.isfinite(near) & (np.abs(near) > np.finfo(dtype).tiny)
    off = np.abs(computed(exponentials()[f"{name}_{dtype.__name__}"], x) - exact)
    return float(np.max(off[usual] / np.spacing(np.abs(near[usual]))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["exp", "expm1", "tanh"])
def test_the_error_is_below_three_units_in_the_last_place(name, dtype):
    assert units_off(name, dtype) < MOST


def test_a_polynomial_that_is_too_short_is_found_out(monkeypatch):
    *_, high, low = facts = module._FACTS[np.float64]
    monkeypatch.setitem(module._FACTS, np.float64, (*facts[:3], 9, high, low))
    exponentials.cache_clear()
    try:
        assert units_off("exp", np.float64) > 100 * MOST
    finally:
        exponentials.cache_clear()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["exp", "expm1", "tanh"])
def test_zeros_infinities_and_nan_are_numpys(name, dtype):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e30, -1e30], dtype)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x)
    found = computed(exponentials()[f"{name}_{dtype.__name__}"], x)
    assert np.array_equal(found, expected, equal_nan=True)
    assert np.array_equal(np.signbit(found), np.signbit(expected))


def test_numbers_too_small_for_a_power_of_two_are_reached_in_two_steps():
    x = np.linspace(-745, -708.5, 500)
    found = computed(exponentials()["exp_float64"], x)
    assert np.max(np.abs(found - np.exp(x))) <= 5e-324
    assert 0 < found[0] < 1e-320
