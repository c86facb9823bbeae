"""Which singular values pseudo-inverses and least squares cut off, and what their slopes are then.

A cut that leaves out the same values has the same derivatives, so that one cut is an oracle for
another.
"""

import numpy as np
import pytest

from microtensor import Value
from microtensor.ops import pseudoinverses

EPS = np.finfo(float).eps


def gradient(f, x):
    v = Value(np.array(x, dtype=float))
    y = f(v)
    y.backward(np.random.default_rng(0).standard_normal(y.shape))
    return v.grad


def tall(s, rows=4):
    """A matrix of the singular values 1 and s."""
    return np.array([[1.0, 0.0], [0.0, s], *[[0.0, 0.0]] * (rows - 2)])


def test_a_value_that_the_cut_meets_is_cut_off():
    x = np.diag([2.0, 1.0])
    found, expected = (gradient(lambda v, c=c: np.linalg.pinv(v, c), x) for c in (0.5, 0.6))
    np.testing.assert_array_equal(found, expected)


def test_each_matrix_of_a_batch_has_the_gradient_that_it_has_alone():
    rng = np.random.default_rng(0)
    for shape in ((3, 3), (3, 2), (2, 3)):
        batch = rng.standard_normal((5, *shape))
        g = rng.standard_normal((5, *shape[::-1]))
        v = Value(batch)
        np.linalg.pinv(v, 0.5).backward(g)
        for x, gx, found in zip(batch, g, v.grad, strict=True):
            alone = Value(x)
            np.linalg.pinv(alone, 0.5).backward(gx)
            np.testing.assert_allclose(found, alone.grad, rtol=1e-9, atol=1e-9)


def test_the_cut_of_a_batch_does_not_depend_on_how_many_there_are():
    batch = np.stack([np.diag([1.0, 3 * EPS])] * 5)  # 2 eps is the cut, of 2 rows
    found = np.linalg.pinv(Value(batch), rtol=None).data
    np.testing.assert_array_equal(found, np.linalg.pinv(batch, rtol=None))
    assert np.max(found) > 1e15


# (the second singular value, the cut, a cut of the same effect, columns of b)
LEAST_SQUARES = {
    "as many eps as rows, cut off": (1.5 * EPS, None, 1e-10, 3),
    "as many eps as rows, kept": (5 * EPS, None, 1e-30, 9),
    "half an eps, cut off": (0.4 * EPS, -1, 1e-10, 3),
    "half an eps, kept": (0.75 * EPS, -1, 1e-30, 3),
    "half an eps in place of 0, cut off": (0.4 * EPS, 0, 1e-10, 3),
    "half an eps in place of 0, kept": (0.75 * EPS, 0, 1e-30, 3),
    "half an eps in place of all, cut off": (0.4 * EPS, 1, 1e-10, 3),
    "half an eps in place of all, kept": (0.75 * EPS, 1, 1e-30, 3),
}


@pytest.mark.parametrize("name", LEAST_SQUARES)
def test_least_squares_cut_off_what_numpy_cuts_off(name):
    s, given, same, columns = LEAST_SQUARES[name]
    b = np.random.default_rng(1).standard_normal((4, columns))
    found, expected = (
        gradient(lambda a, c=c: np.linalg.lstsq(a, b, rcond=c)[0], tall(s)) for c in (given, same)
    )
    assert np.linalg.lstsq(tall(s), b, given)[2] == np.linalg.lstsq(tall(s), b, same)[2]
    np.testing.assert_array_equal(found, expected)


def test_what_is_lost_by_a_cut_is_more_than_rounding_leaves():
    one = np.ones((1, 1))
    for lost, expected in ((99.5, False), (100.0, False), (100.5, True)):
        assert pseudoinverses._cuts(one, one - lost * EPS) is expected
    assert pseudoinverses._cuts(np.stack([np.eye(2)] * 2), np.stack([np.eye(2), np.zeros((2, 2))]))
