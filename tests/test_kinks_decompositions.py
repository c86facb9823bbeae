"""Decompositions and determinants where a number is 0, and of batches of batches."""

import warnings

import numpy as np
import pytest

from microtensor import Value
from microtensor.errors import ShapeError
from microtensor.ops.exponentials import matrix_exp
from microtensor.ops.solving import solve_triangular

W = np.random.default_rng(0).standard_normal((3, 3))


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_singular_value_of_0_leaves_the_other_vectors_their_derivatives(side):
    """U₁ U₁ᵀ and V₁ V₁ᵀ move smoothly, though the vectors beyond may jump."""

    def weight(x):
        u, _, vh = np.linalg.svd(x)
        first = (u if side == "left" else vh.mT)[:, :2]
        return np.sum(W * (first @ first.mT))

    x, step = np.diag([3.0, 1.0, 0.0]), 1e-5
    v = Value(x)
    weight(v).backward()
    for i in np.ndindex(3, 3):
        change = np.zeros((3, 3))
        change[i] = step
        slope = (weight(x + change) - weight(x - change)) / (2 * step)
        np.testing.assert_allclose(v.grad[i], slope, atol=1e-8)


def test_in_a_batch_of_batches_the_singular_alone_have_no_slope():
    x = np.random.default_rng(1).standard_normal((2, 3, 4, 4))
    x[1, 2] = 0
    v = Value(x)
    with np.errstate(all="ignore"):
        np.linalg.slogdet(v).logabsdet.backward(np.ones((2, 3)))
    expected = np.linalg.inv(np.where(x == 0, np.eye(4), x)).mT
    expected[1, 2] = np.nan
    np.testing.assert_allclose(v.grad, expected, rtol=1e-12)
    alone = Value(np.zeros((2, 2)))
    with np.errstate(all="ignore"):
        np.linalg.slogdet(alone).logabsdet.backward(1.0)
    assert np.isnan(alone.grad).all()


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 2, 3)])
def test_exponentials_are_of_square_matrices(shape):
    for x in (np.ones(shape), Value(np.ones(shape))):
        with pytest.raises(ShapeError) as error:
            matrix_exp(x)
        assert str(error.value) == (
            "matrix_exp: a must be made of square matrices.\n"
            "  expected  a of shape (..., N, N)\n"
            f"  got       a of shape {shape}"
        )


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 2, 3)])
def test_triangular_systems_are_square(shape):
    for a in (np.ones(shape), Value(np.ones(shape))):
        with pytest.raises(ShapeError) as error:
            solve_triangular(a, np.ones(2), upper=True)
        assert str(error.value) == (
            "solve_triangular: a must be made of square matrices.\n"
            "  expected  a of shape (..., N, N)\n"
            f"  got       a of shape {shape}"
        )


def test_a_line_through_one_point_warns_once():
    for x in (Value([1.0]), np.array([1.0])):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            np.polyfit(x, [2.0], 1)
        assert [w.category for w in caught] == [np.exceptions.RankWarning]
