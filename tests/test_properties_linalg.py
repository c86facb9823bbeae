"""Of any batch, size, dtype and memory layout: the value is NumPy's, and derivatives are right.

Each family draws a call; the oracles of tests/oracles.py hold its derivatives. Each family is then
shown its rules one hundredth too large, and must object.
"""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from oracles import DisagreementError, check_first, check_second, leaves, numbers
from samples_linalg import definite, real, regular

from microtensor import Value, ops
from microtensor.ops import decompositions, determinants, einsums, products, pseudoinverses
from microtensor.primitives import name_of, registry

BATCHES = st.sampled_from([(), (2,), (0,), (2, 1), (1, 2)])
SIZES = st.integers(0, 4)
LAYOUTS = {
    "C": lambda x: x,
    "Fortran": np.asfortranarray,
    "backwards": lambda x: np.flip(np.flip(x).copy()),
    "between": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


class Drawn:
    """What a family draws its call from."""

    def __init__(self, data):
        self.data = data
        self.rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))

    def one_of(self, *choices):
        return self.data.draw(st.sampled_from(choices))

    def batch(self):
        return self.data.draw(BATCHES, label="batch")

    def size(self, least=0):
        return max(least, self.data.draw(SIZES, label="size"))

    def axis(self, ndim):
        """No axis, one from either end, or several."""
        one = st.integers(-ndim, ndim - 1)
        pair = st.permutations(range(ndim)).map(lambda p: tuple(p[:2]))
        return self.data.draw(st.none() | one | pair, label="axis")

    def normal(self, *shape):
        return self.rng.standard_normal(shape)

    def nonzero(self, *shape):
        return self.rng.choice([-1.0, 1.0], shape) * self.rng.uniform(0.3, 1.5, shape)

    def regular(self, *shape):
        return regular(*shape)(self.rng)

    def separated(self, n):
        """Draw matrices whose symmetric part has eigenvalues that are far from each other."""
        return 0.3 * self.rng.standard_normal((*self.batch(), n, n)) + np.diag(2.0 * np.arange(n))

    def definite(self, n):
        return definite(*self.batch(), n, n)(self.rng)


def symmetric(fn, **options):
    return lambda x: fn(x + np.swapaxes(x, -1, -2), **options)


# Each family gives a function and the arrays to call it on.


def inverting(d):
    n = d.size()
    return np.linalg.inv, [d.regular(*d.batch(), n, n)]


def solving(d):
    n, a = d.size(1), d.batch()
    b = (n,) if d.one_of(True, False) else (*d.one_of(a, a[1:], ()), n, d.size())
    return np.linalg.solve, [d.regular(*a, n, n), d.normal(*b)]


def triangles(d):
    n, a = d.size(1), d.batch()
    upper, one = d.one_of(True, False), d.one_of(True, False)
    shape = d.one_of((n,), (*a, n, 2), (n, 1))
    return (
        lambda a, b: ops.solve_triangular(a, b, upper=upper, unitriangular=one),
        [d.regular(*a, n, n) + 3 * np.eye(n), d.normal(*shape)],
    )


def pseudoinverting(d):
    m, n = d.size(), d.size()
    rank = d.one_of(min(m, n), min(m, n, 1))
    options = {"rcond": 1e-9} if rank < min(m, n) else d.one_of({}, {"rtol": None})
    left, right = d.regular(*d.batch(), m, rank), d.regular(rank, n)
    return lambda a, b: np.linalg.pinv(a @ b, **options), [left, right]


def fitting(d):
    m, n = d.size(1), d.size(1)
    b = d.one_of((m,), (m, 1), (m, 3))
    return lambda a, b: np.linalg.lstsq(a, b)[0], [d.regular(m, n), d.normal(*b)]


def determinants_of_any_rank(d):
    n = d.size()
    rank = d.data.draw(st.integers(0, n), label="rank")
    batch = d.batch()
    product = d.regular(*batch, n, rank) @ d.regular(*batch, rank, n)
    return np.linalg.det, [product if rank < n else d.regular(*batch, n, n)]


def log_determinants(d):
    n = d.size()
    return np.linalg.slogdet, [d.regular(*d.batch(), n, n)]


def cholesky(d):
    return symmetric(np.linalg.cholesky, upper=d.one_of(True, False)), [d.definite(d.size())]


def eigenvectors(d):
    return symmetric(np.linalg.eigh, UPLO=d.one_of("L", "U")), [d.separated(d.size())]


def eigenvalues(d):
    return symmetric(np.linalg.eigvalsh, UPLO=d.one_of("L", "U")), [d.definite(d.size())]


def singular_vectors(d):
    m, n = d.size(), d.size()
    full = abs(m - n) < 2 and min(m, n) > 0 and d.one_of(True, False)
    return lambda x: np.linalg.svd(x, full_matrices=full), [d.regular(*d.batch(), m, n)]


def singular_values(d):
    return np.linalg.svdvals, [d.regular(*d.batch(), d.size(1), d.size(1))]


def qr(d):
    m, n = d.size(), d.size()
    mode = d.one_of("reduced", "r", *(["complete"] if m <= n + 1 and n else []))
    return lambda x: np.linalg.qr(x, mode), [d.regular(*d.batch(), m, n)]


def vector_norms(d):
    x = d.nonzero(*(d.size(1) for _ in range(3)))
    options = {"axis": d.axis(3), "ord": d.one_of(0.5, 1, 2, 3, -1, -2.5)}
    options["keepdims"] = d.one_of(True, False)
    return lambda x: np.linalg.vector_norm(x, **options), [x]


def norms(d):
    x = d.nonzero(2, d.size(1), d.size(1))
    axis = d.one_of(None, 0, -1, (0, 2), (-1, 1), (2, 1))
    matrix = isinstance(axis, tuple)
    kinds = ("fro", "nuc", 2, 1, np.inf) if matrix else (None,) if axis is None else (1, 2, 3.5)
    order, keepdims = d.one_of(None, *kinds), d.one_of(True, False)
    return lambda x: np.linalg.norm(x, order, axis, keepdims), [x]


def powers(d):
    n, exponent = d.size(1), d.data.draw(st.integers(-3, 6), label="exponent")
    return lambda a: np.linalg.matrix_power(a, exponent), [d.regular(*d.batch(), n, n)]


def chains(d):
    sizes = [d.size(1) for _ in range(d.one_of(3, 4, 5))]
    shapes = list(itertools.pairwise(sizes))
    if d.one_of(True, False):
        shapes[0] = shapes[0][1:]
    if d.one_of(True, False):
        shapes[-1] = shapes[-1][:1]
    return lambda *xs: np.linalg.multi_dot(xs), [d.normal(*s) for s in shapes]


def crosses(d):
    a, b = d.normal(2, 3, 4), d.normal(*d.one_of((2, 3, 4), (1, 3, 4), (2, 3, 1)))
    axisc = d.one_of(0, 1, -1)
    return lambda a, b: np.cross(a, b, 1, -2, axisc), [a, b]


def kroneckers(d):
    a, b = ([d.size() for _ in range(d.one_of(0, 1, 2, 3))] for _ in range(2))
    return np.kron, [d.normal(*a), d.normal(*b)]


def vector_products(d):
    m, n, batch = d.size(), d.size(), d.batch()
    fn, a, b = d.one_of(
        (np.matvec, (*batch, m, n), (n,)), (np.matvec, (m, n), (*batch, n)),
        (np.vecmat, (*batch, m), (m, n)), (np.vecmat, (m,), (*batch, m, n)),
        (np.vecdot, (*batch, n), (n,)), (np.inner, (*batch, n), (m, n)), (np.vdot, (m, n), (n, m)),
    )  # fmt: skip
    return fn, [d.normal(*a), d.normal(*b)]


def einsums_of_all_sizes(d):
    sizes = {c: d.one_of(0, 1, 2, 17) for c in "bijk"}
    names, output = d.one_of("bij,bkj", "jib,jk", "ij,kj", "bij,jb"), d.one_of(0, 1)
    letters = "".join(dict.fromkeys(names.replace(",", "").replace("j", "")))
    subscripts = f"{names}->{letters[::-1] if output else letters}"
    xs = [d.normal(*(sizes[c] for c in term)) for term in names.split(",")]
    return lambda a, b: np.einsum(subscripts, a, b), xs


FAMILIES = {
    inverting: [np.linalg.inv],
    solving: [np.linalg.solve],
    triangles: [ops.solve_triangular],
    pseudoinverting: [pseudoinverses._pinv],
    fitting: [pseudoinverses._solution],
    determinants_of_any_rank: [np.linalg.det],
    log_determinants: [determinants._slogdet],
    cholesky: [np.linalg.cholesky],
    eigenvectors: [decompositions._eigenvalues, decompositions._eigenvectors],
    eigenvalues: [np.linalg.eigvalsh],
    singular_vectors: [
        decompositions._singular_values,
        decompositions._left_vectors,
        decompositions._right_vectors,
    ],
    singular_values: [np.linalg.svdvals],
    qr: [decompositions._q_factor, decompositions._r_factor],
    vector_norms: [np.linalg.vector_norm],
    norms: [np.linalg.vector_norm, np.linalg.svdvals],
    powers: [np.linalg.inv, np.matmul],
    chains: [np.matmul],
    crosses: [products._cross],
    kroneckers: [np.multiply],
    vector_products: [np.matvec, np.vecmat, np.vecdot, np.matmul],
    einsums_of_all_sizes: [einsums._einsum],
}


def holds(family, examples):
    """Hold a family's calls against NumPy and the oracles."""

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    @given(st.data())
    def of_any_call(data):
        d = Drawn(data)
        f, xs = family(d)
        lay = LAYOUTS[d.one_of(*LAYOUTS)]
        xs = [lay(x) if x.ndim else x[()] for x in xs]
        dtype = d.one_of(np.float64, np.float64, np.float32)
        light = [x.astype(dtype) for x in xs]
        values = [Value(x) for x in light]
        found, expected = leaves(f(*values)), leaves(f(*light))
        eps = np.finfo(dtype).eps
        for y, e in zip(found, expected, strict=True):
            assert y.shape == np.shape(e)
            assert y.dtype == np.asarray(e).dtype
            np.testing.assert_allclose(y.data, e, rtol=1e3 * eps, atol=1e3 * eps)
        if dtype == np.float32:
            for y in found:
                y.backward(np.ones(y.shape))
            assert all(v.grad is None or np.asarray(v.grad).dtype == dtype for v in values)
        else:
            check_first(f, real(f), xs)
            check_second(f, xs)
        assert all(type(y.data) is type(e) for y, e in zip(found, expected, strict=True))
        assert len(numbers(expected)) == len(found)

    of_any_call()


def of_families(argument="family"):
    return pytest.mark.parametrize(argument, FAMILIES, ids=lambda f: f.__name__)


@of_families()
def test_values_are_numpys_and_derivatives_agree_with_the_oracles(family):
    holds(family, examples=20)


WRONG = [(family, fn) for family, fns in FAMILIES.items() for fn in fns]


@pytest.mark.parametrize(
    ("family", "fn"), WRONG, ids=[f"{family.__name__} {name_of(fn)}" for family, fn in WRONG]
)
def test_each_family_objects_to_a_wrong_rule(family, fn, monkeypatch):
    def wrong(rule):
        return rule and (lambda *args, **options: 1.01 * rule(*args, **options))

    twin = copy.copy(registry[fn])
    twin.rules = tuple(map(wrong, twin.rules))
    twin.plain_rules = twin.plain_rules and twin.rules
    monkeypatch.setitem(registry, fn, twin)
    with pytest.raises(DisagreementError):
        holds(family, examples=1000)  # until one draw shows it
