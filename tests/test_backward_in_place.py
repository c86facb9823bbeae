"""Rules that write into the gradient they are given: only where nobody else holds it."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, ownership
from microtensor.ops import relu
from microtensor.ownership import added
from microtensor.primitives import registry

X = np.array([[-1.0, 2.0, np.nan], [0.5, -4.0, 0.0]])
G = np.array([[10.0, np.inf, 30.0], [40.0, np.nan, 60.0]])
MASKED = np.array([[0.0, np.inf, 0.0], [40.0, 0.0, 0.0]])


@pytest.fixture(autouse=True)
def _no_array_is_small(monkeypatch):
    monkeypatch.setattr(ownership, "SMALL", 0)


@pytest.fixture
def written(monkeypatch):
    """The gradients that relu's rule has written into."""
    arrays, rule = [], registry[relu].in_place

    def noting(g, y, x):
        arrays.append(g)
        return rule(g, y, x)

    monkeypatch.setattr(registry[relu], "in_place", noting)
    return arrays


def through_relu():
    x = Value(X)
    return x, relu(x + 0.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_gradient_that_nobody_holds_is_written_into(written, dtype):
    x = Value(X.astype(dtype))
    y = relu(x + dtype(0)) * G.astype(dtype)
    y.backward(np.ones_like(X, dtype=dtype), leaves_only=True)
    assert np.array_equal(x.grad, MASKED.astype(dtype))
    assert len(written) == 1


def test_a_gradient_that_the_user_holds_is_left_as_it_is(written):
    g = G.copy()
    x, y = through_relu()
    y.backward(g, leaves_only=True)
    assert np.array_equal(x.grad, MASKED)
    assert np.array_equal(g, G, equal_nan=True)
    assert not written


def test_a_gradient_that_is_a_view_is_left_as_it_is(written):
    x, y = through_relu()
    (y.reshape(-1) * 2.0).backward(G.ravel().copy(), leaves_only=True)
    assert np.array_equal(x.grad, 2 * MASKED)
    assert not written  # it is a matrix's view of a row


def test_a_gradient_that_is_kept_for_its_value_is_left_as_it_is(written):
    x, y = through_relu()
    (y * G).backward(np.ones_like(X))
    assert np.array_equal(y.grad, G, equal_nan=True)
    assert np.array_equal(x.grad, MASKED)
    assert not written


def test_one_gradient_of_two_values_is_written_into_by_the_last_only(written):
    a, b = Value(X), Value(-X)
    total = (relu(a + 0.0) + relu(b + 0.0)) * G
    total.backward(np.ones_like(X), leaves_only=True)
    assert np.array_equal(a.grad, MASKED)
    assert np.array_equal(b.grad, np.where(-X > 0, G, 0), equal_nan=True)
    assert len(written) == 1


def test_a_gradient_that_a_rule_keeps_is_left_as_it_is(written):
    kept = []

    @mt.primitive
    def remembered(x):
        return x * 1.0

    mt.differentiable(remembered, lambda g, y, x: kept.append(g * G) or kept[-1])
    x, y = through_relu()
    remembered(y).backward(np.ones_like(X), leaves_only=True)
    assert np.array_equal(x.grad, MASKED)
    assert np.array_equal(kept[0], G, equal_nan=True)
    assert not written


def test_gradients_of_functions_and_their_gradients_are_the_same_either_way(written):
    def f(x):
        return np.sum(relu(x * x - 1.0) ** 2 * x)

    at = np.array([0.5, 1.5, -2.0])
    u = at * at - 1
    slope = np.where(u > 0, 4 * at * u * at + u * u, 0)
    assert np.allclose(mt.grad(f)(at), slope, rtol=1e-14)
    curve = np.where(u > 0, 16 * at * u - 4 * at * u + 8 * at**3, 0)
    assert np.allclose(mt.grad(lambda x: np.sum(mt.grad(f)(x)))(at), curve, rtol=1e-14)
    assert written


def test_what_is_written_by_a_wrong_rule_is_seen_here(monkeypatch):
    monkeypatch.setattr(registry[relu], "in_place", lambda g, y, x: np.multiply(g, 2, out=g))
    x, y = through_relu()
    (y * G).backward(np.ones_like(X), leaves_only=True)
    assert not np.array_equal(x.grad, MASKED)


# Sums


def test_a_sum_is_written_into_what_was_just_made_and_into_nothing_else():
    received, held, readonly = np.ones(3), [np.full(3, 2.0)], np.full(3, 2.0)
    readonly.flags.writeable = False
    c = np.full(3, 2.0)
    assert added(received, c) is c
    assert c.tolist() == [3, 3, 3]
    c = held[0]
    assert added(received, c).tolist() == [3, 3, 3]
    c = held[0][:]
    assert added(received, c).tolist() == [3, 3, 3]
    c, readonly = readonly, None
    assert added(received, c).tolist() == [3, 3, 3]
    assert held[0].tolist() == c.tolist() == [2, 2, 2]
    assert received.tolist() == [1, 1, 1]


def test_contributions_to_one_value_are_summed_whoever_else_received_them():
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    u, v = a * 1.0, b * 1.0
    ((u + v) * 2.0 + u * v + (u - v)).backward(np.ones(2), leaves_only=True)
    assert a.grad.tolist() == [2 + 3 + 1, 2 + 4 + 1]
    assert b.grad.tolist() == [2 + 1 - 1, 2 + 2 - 1]


def test_small_gradients_are_not_asked_who_holds_them(written, monkeypatch):
    monkeypatch.setattr(ownership, "SMALL", X.size)
    x = Value(X)
    (relu(x + 0.0) * G).backward(np.ones_like(X), leaves_only=True)
    assert np.array_equal(x.grad, MASKED)
    assert written == []
