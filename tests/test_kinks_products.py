"""What products of vectors and chains of matrices refuse, and in which order they multiply."""

import functools

import numpy as np
import pytest

from microtensor import Value
from microtensor.ops import determinants, products

X = np.eye(2)
FOUR, THREE = np.ones((2, 4)), np.ones((2, 3))
REFUSED = [
    *((lambda v, n=n, k=k: np.linalg.multi_dot([v[None] if i == k else v for i in range(n)]),
       "must be") for n in (3, 4, 5) for k in range(n)),
    (lambda v: np.linalg.multi_dot([v[None], v, v[None]]), "must be"),
    (lambda v: np.linalg.matrix_power(v[:1], 1), "must be square"),
    (lambda v: np.linalg.outer(v, v[0]), "Input arrays must be one-dimensional"),
    (lambda v: np.linalg.outer(v[0], v), "Input arrays must be one-dimensional"),
    (lambda v: np.linalg.cross(v, THREE), "3-dimensional"),
    (lambda v: np.linalg.cross(THREE, v), "3-dimensional"),
    (lambda v: np.linalg.cross(np.tile(v, 2), THREE), "3-dimensional"),
    (lambda v: np.linalg.cross(THREE, np.tile(v, 2)), "3-dimensional"),
    (lambda v: np.cross(v, v[:, :1]), "incompatible dimensions for cross product"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_wrong_use_is_numpys_own_error(f, message):
    for v in (Value(X), X):
        with pytest.raises((ValueError, np.linalg.LinAlgError), match=message):
            f(v)


@pytest.mark.parametrize(
    "shapes", [((2, 2), (3, 2, 2)), ((3, 2, 2), (2, 2)), ((3, 2, 2), (4, 2, 2)), ((), (2,))]
)
def test_a_chain_of_two_is_numpys_dot_of_any_number_of_axes(shapes):
    a, b = (np.random.default_rng(0).standard_normal(s) for s in shapes)
    found, expected = np.linalg.multi_dot([Value(a), b]).data, np.linalg.multi_dot([a, b])
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_a_chain_is_split_where_no_other_way_costs_less(seed):
    sizes = np.random.default_rng(seed).integers(1, 50, 7).tolist()

    @functools.cache
    def least(i, j):
        return 0 if i == j else min(cost(i, j, k) for k in range(i, j))

    def cost(i, j, k):
        return least(i, k) + least(k + 1, j) + sizes[i] * sizes[k + 1] * sizes[j + 1]

    split = products._cheapest_split(sizes)
    assert all(cost(i, j, k) == least(i, j) for (i, j), k in split.items())
    assert len(split) == 15


@pytest.mark.parametrize("left", [(3,), (2, 3)])
@pytest.mark.parametrize("right", [(5,), (5, 6)])
def test_a_chain_is_split_by_its_sizes(left, right, monkeypatch):
    seen, split = [], products._cheapest_split
    monkeypatch.setattr(
        products, "_cheapest_split", lambda sizes: seen.append(sizes) or split(sizes)
    )
    np.linalg.multi_dot([Value(np.ones(s)) for s in (left, (3, 4), (4, 5), right)])
    assert seen == [[(1, *left)[-2], 3, 4, 5, (*right, 1)[1]]]


def test_a_condition_number_does_not_depend_on_the_scale():
    half = 2.0**26  # leaves half of the digits
    for size in (1e-12, 1.0, 1e12):
        a, b = size * X, X / size
        assert determinants._is_regular(a, b)
    assert not determinants._is_regular(np.ones((1, 1)), np.full((1, 1), half))
    assert not determinants._is_regular(np.ones((1, 1)), np.full((1, 1), 1.5 * half))
    assert determinants._frame(X)[3] == 0
