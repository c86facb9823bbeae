"""Where linear algebra has a choice, or no derivative at all; what it refuses; and how fast it is.

The numbers called PyTorch's were computed with PyTorch 2.13.
"""

import warnings

import numpy as np
import pytest
from oracles import leaves

import microtensor as mt
from microtensor import Value, ops
from microtensor.errors import MissingRuleError, ShapeError
from microtensor.ops import products, pseudoinverses

INF, NAN = float("inf"), float("nan")
HALF, ROOT = 0.5, 0.5**0.5
ZERO, ONE = [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
MIRROR = [[1.0, 0.0], [0.0, -1.0]]


def gradient(f, x, create_graph=False):
    v = Value(x)
    np.sum(f(v)).backward(create_graph=create_graph)
    return v.grad


def second(f, x):
    """Differentiate the sum of the gradient."""
    v = Value(x)
    (g,) = mt.derivatives.gradients([np.sum(f(v))], [v], create_graph=True)
    return mt.derivatives.gradients([np.sum(g)], [v])[0]


def vector_norm(ord):
    return lambda x: np.linalg.vector_norm(x, ord=ord)


def matrix_norm(ord):
    return lambda x: np.linalg.matrix_norm(x, ord=ord)


AS_PYTORCH = [
    *((f"{p}-norm at 0", vector_norm(p), [0.0, 0.0], [0, 0])
      for p in (2, 1, 0, 3, 0.5, INF, -INF, -1)),
    ("inf-norm, two are largest", vector_norm(INF), [0.0, 2.0, -2.0], [0, HALF, -HALF]),
    ("-inf-norm with a 0", vector_norm(-INF), [0.0, 2.0, -2.0], [0, 0, 0]),
    ("-1-norm with a 0", vector_norm(-1), [0.0, 2.0, -2.0], [0, 0, 0]),
    ("1/2-norm with a 0", vector_norm(0.5), [0.0, 2.0, -2.0], [0, 2, -2]),
    ("3-norm with a 0", vector_norm(3), [0.0, 2.0, -2.0], [0, 2 ** (-2 / 3), -(2 ** (-2 / 3))]),
    ("Frobenius norm at 0", matrix_norm("fro"), ZERO, ZERO),
    ("nuclear norm at 0", matrix_norm("nuc"), ZERO, ONE),
    ("spectral norm at 0", matrix_norm(2), ZERO, [[HALF, 0], [0, HALF]]),
    ("spectral norm, tied", matrix_norm(2), MIRROR, [[HALF, 0], [0, -HALF]]),
    ("least singular value, tied", matrix_norm(-2), MIRROR, [[HALF, 0], [0, -HALF]]),
    ("column norm, tied", matrix_norm(1), MIRROR, [[HALF, 0], [0, -HALF]]),
    ("row norm, tied", matrix_norm(INF), MIRROR, [[HALF, 0], [0, -HALF]]),
    ("eigenvalues, tied", np.linalg.eigvalsh, ONE, ONE),
    ("squares of eigenvalues, tied", lambda x: np.linalg.eigh(x).eigenvalues ** 2, ONE,
     [[2, 0], [0, 2]]),
    ("singular values, tied", lambda x: np.linalg.svd(x).S, ONE, ONE),
    ("singular values, one 0", np.linalg.svdvals, [[1.0, 0.0], [0.0, 0.0]], ONE),
    ("Cholesky: half to each triangle", np.linalg.cholesky, [[4.0, 2.0], [2.0, 5.0]],
     [[3 / 16, 1 / 8], [1 / 8, 1 / 4]]),
    ("Cholesky: the upper triangle is not read", np.linalg.cholesky, [[4.0, 7.0], [2.0, 5.0]],
     [[3 / 16, 1 / 8], [1 / 8, 1 / 4]]),
    ("eigenvalue: half to each triangle", lambda x: np.linalg.eigvalsh(x)[0],
     [[4.0, 7.0], [2.0, 5.0]],
     [[0.6212678125181665, -0.485071250072666], [-0.485071250072666, 0.37873218748183357]]),
    ("condition of the identity", np.linalg.cond, ONE, MIRROR),
    ("pseudo-inverse of rank 1", np.linalg.pinv, [[1.0, 0.0], [0.0, 0.0]], [[-1, 1], [1, 0]]),
    ("pseudo-inverse of 0", np.linalg.pinv, ZERO, ZERO),
    ("least squares of rank 1", lambda x: np.linalg.lstsq(x, np.ones(2))[0],
     [[1.0, 0.0], [0.0, 0.0]], [[-1, 1], [1, 0]]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "f", "x", "wanted"), AS_PYTORCH, ids=[k[0] for k in AS_PYTORCH])
def test_a_choice_is_pytorchs(name, f, x, wanted):
    with np.errstate(divide="ignore"):  # NumPy itself warns of 0 ** -1
        found, recorded = gradient(f, x), gradient(f, x, True).data
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(recorded, wanted, rtol=1e-12, atol=1e-14)


def test_a_choice_is_noticed_to_be_another(monkeypatch):
    from test_functions import spoilt

    from microtensor.primitives import registry

    entry = registry[np.linalg.vector_norm]
    monkeypatch.setitem(registry, entry.fn, spoilt(entry, 0, entry.rules[0], lambda c: c + 1))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        test_a_choice_is_pytorchs(*AS_PYTORCH[0])


# What has no derivative is nan, as PyTorch's


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.linalg.eigh(x).eigenvectors, ONE),
        (lambda x: np.linalg.svd(x).U, ONE),
        (lambda x: np.linalg.svd(x).Vh, ONE),
        (np.linalg.cond, [[1.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_vectors_of_equal_values_have_no_derivative_as_in_pytorch(f, x):
    with np.errstate(all="ignore"):
        assert not np.all(np.isfinite(gradient(f, x)))


def test_the_second_derivative_of_a_norm_at_0_is_nan_as_in_pytorch():
    with np.errstate(all="ignore"):
        assert np.all(np.isnan(second(np.linalg.norm, [0.0, 0.0])))
        rows = second(lambda x: np.linalg.norm(x, axis=1), [[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_array_equal(np.isnan(rows), [[True, True], [False, False]])


def test_the_second_derivative_at_tied_eigenvalues_is_nan_as_in_pytorch():
    with np.errstate(all="ignore"):
        assert not np.all(np.isfinite(second(lambda x: np.linalg.eigvalsh(x) ** 2, ONE)))


def test_a_norm_at_0_sends_its_gradient_without_a_warning():
    """Warnings are errors here."""
    assert gradient(np.linalg.norm, [0.0, 0.0]).tolist() == [0, 0]


def test_log_determinants_of_a_batch_are_differentiable_beside_a_singular_one():
    """PyTorch: nan and inf for the singular one."""
    x = [[[1.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 4.0]]]
    found = gradient(lambda x: np.linalg.slogdet(x).logabsdet, x)
    np.testing.assert_array_equal(found, [[[NAN, NAN], [NAN, NAN]], [[0.5, 0], [0, 0.25]]])


@pytest.mark.parametrize("mode", ["reduced", "r"])
def test_qr_of_too_low_a_rank_is_an_error_backwards(mode):
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        gradient(lambda x: np.linalg.qr(x, mode)[0], ZERO)


# Where PyTorch is wrong, or gives nothing


def test_the_gradient_of_a_singular_determinant_is_its_cofactors():
    """PyTorch: zeros."""
    found = gradient(np.linalg.det, [[1.0, 2.0], [2.0, 4.0]])
    np.testing.assert_allclose(found, [[4, -2], [-2, 1]], rtol=1e-14)


def test_the_second_derivative_of_a_determinant_of_rank_n_minus_2_is_finite():
    """Of x00 x11 - x01 x10, times the first entry; PyTorch: nan."""
    np.testing.assert_allclose(second(np.linalg.det, ZERO), [[1, -1], [-1, 1]])
    np.testing.assert_allclose(
        second(np.linalg.det, np.diag([1.0, 0.0, 0.0])),
        [[0, 0, 0], [0, 1, -1], [0, -1, 1]],
        atol=1e-15,
    )


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_the_third_derivative_of_a_determinant_is_exact_at_any_rank(rank):
    """A cubic polynomial's is the same everywhere: that of its six signed products."""

    def along(f, v):
        return lambda x: np.sum(mt.grad(f)(x) * v)

    u, v, w = (np.random.default_rng(n).standard_normal((3, 3)) for n in (1, 2, 3))
    found = along(along(along(np.linalg.det, u), v), w)(
        np.diag([2.0, 1.0, 0.5]) * (np.arange(3) < rank)
    )
    signs = ((a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1))
    expected = sum(a * b * c * np.linalg.det(a * u + b * v + c * w) for a, b, c in signs) / 8
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("exponent", range(-18, 1))
def test_second_derivatives_of_determinants_keep_half_their_digits_near_singular(exponent):
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((4, 4))).Q for _ in range(2))
    x = left @ np.diag([3.0, 2.0, 1.0, 10.0**exponent]) @ right
    u, v = rng.standard_normal((2, 4, 4))
    g = mt.grad(lambda x: np.sum(mt.grad(np.linalg.det)(x) * u))(x)
    # Polarised: the part of degree 2 of a quartic polynomial, from five points on a line each.
    points = np.arange(-2, 3) / 4
    parts = [np.polyfit(points, [np.linalg.det(x + t * d) for t in points], 4)[2]
             for d in (u + v, u - v)]  # fmt: skip
    np.testing.assert_allclose(np.sum(g * v), (parts[0] - parts[1]) / 2, rtol=1e-7)


def test_singular_vectors_beyond_the_rank_move_with_the_others():
    """PyTorch ignores their gradient. I - U₁ U₁ᵀ is U₂ U₂ᵀ, so that both have one derivative."""
    x = np.random.default_rng(0).standard_normal((5, 2))
    weight = np.random.default_rng(1).standard_normal((5, 5))

    def beyond(x):
        u = np.linalg.svd(x).U[:, 2:]
        return weight * (u @ u.T)

    def within(x):
        u = np.linalg.svd(x, full_matrices=False).U
        return weight * (np.eye(5) - u @ u.T)

    np.testing.assert_allclose(gradient(beyond, x), gradient(within, x), rtol=1e-12, atol=1e-14)


def test_a_pseudo_inverse_that_cuts_values_off_is_differentiated_as_it_is():
    """PyTorch takes what was cut off for 0."""
    x = np.diag([2.0, 1.0])
    change = np.array([[0.0, 1.0], [0.0, 0.0]])
    y, dy = mt.jvp(lambda x: np.linalg.pinv(x, rcond=0.6), (x,), (change,))
    np.testing.assert_array_equal(y, [[0.5, 0], [0, 0]])
    step = 1e-6
    high, low = (np.linalg.pinv(x + s * change, rcond=0.6) for s in (step, -step))
    np.testing.assert_allclose(dy, (high - low) / (2 * step), atol=1e-9)
    np.testing.assert_allclose(dy, [[0, 1 / 6], [1 / 3, 0]], atol=1e-12)


def test_only_what_is_cut_off_and_not_0_is_differentiated_by_singular_values():
    """Two of them are 0 here, and their vectors have no derivative: they must not be asked for."""
    left, right = np.random.default_rng(0).standard_normal((2, 4))
    low_rank = np.outer(left, right)
    assert not pseudoinverses._cuts(low_rank, np.linalg.pinv(low_rank))
    assert np.all(np.isfinite(second(np.linalg.pinv, np.diag([1.0, 0.0, 0.0]))))
    regular = np.diag([2.0, 1.0])
    assert not pseudoinverses._cuts(regular, np.linalg.pinv(regular))
    assert pseudoinverses._cuts(regular, np.linalg.pinv(regular, 0.6))


@pytest.mark.parametrize("ord", [1, 2.5, 3, 4])
def test_the_slope_of_a_norms_slope_is_0_at_0_as_pytorchs(ord):
    np.testing.assert_array_equal(second(vector_norm(ord), [0.0, 0.0]), [0, 0])


def test_the_number_of_entries_has_no_slope_even_under_an_infinite_gradient():
    v = Value([0.0, 3.0])
    np.linalg.vector_norm(v, ord=0).backward(INF)
    np.testing.assert_array_equal(v.grad, [0, 0])


def test_the_slope_of_a_norms_slope_is_infinite_at_an_entry_of_0():
    with np.errstate(all="ignore"):
        found = second(vector_norm(1.5), [0.0, 2.0])
    assert not np.isfinite(found[0])
    np.testing.assert_allclose(found[1], 0, atol=1e-15)


@pytest.mark.parametrize("shape", [(2, 2), (3, 2, 2), (2, 3, 2, 2), (0, 2, 2)])
def test_singular_matrices_of_a_batch_have_an_infinite_condition(shape):
    x = np.broadcast_to([[2.0, 1.0], [0.0, 1.0]], shape).copy()
    x[..., :1, :] *= np.arange(np.prod(shape[:-2], dtype=int)).reshape(*shape[:-2], 1, 1)
    for p in (1, "fro"):
        found = np.linalg.cond(Value(x), p)
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(getattr(found, "data", found), np.linalg.cond(x, p))


# Nothing at all


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.inv, np.linalg.det, np.linalg.cholesky, np.linalg.pinv, np.linalg.eigvalsh,
        lambda x: np.linalg.slogdet(x).logabsdet, lambda x: np.linalg.qr(x).R,
        lambda x: np.linalg.svd(x).U, lambda x: np.linalg.solve(x, np.zeros((0, 2))),
        np.linalg.norm, lambda x: np.linalg.norm(x, axis=0), ops.matrix_exp,
    ],
)  # fmt: skip
def test_a_matrix_of_0_rows_has_a_gradient(f):
    assert gradient(f, np.zeros((0, 0))).shape == (0, 0)


def test_a_norm_of_nothing_is_0():
    v = Value(np.zeros((0, 3)))
    y = np.linalg.norm(v, axis=0)
    np.sum(y).backward()
    assert y.data.tolist() == [0, 0, 0]
    assert v.grad.shape == (0, 3)


# What is refused


def refusal(f, error=MissingRuleError):
    with pytest.raises(error) as caught:
        f(Value(np.eye(2)))
    return str(caught.value)


@pytest.mark.parametrize("name", ["eig", "eigvals"])
def test_eigenvalues_of_any_matrix_are_refused(name):
    assert refusal(getattr(np.linalg, name)) == (
        f"numpy.linalg.{name} is not supported on Values.\n"
        "  Eigenvalues are complex in general; those of symmetric matrices are real: "
        "np.linalg.eigh.\n"
        "  If it is not to be differentiated, call it on v.data."
    )


@pytest.mark.parametrize(
    ("fn", "option", "f"),
    [
        ("numpy.linalg.qr", "mode='raw'", lambda x: np.linalg.qr(x, "raw")),
        ("numpy.matmul", "axes=", lambda x: np.matmul(x, x, axes=[(0, 1)] * 3)),
        ("numpy.matvec", "axes=", lambda x: np.matvec(x, x, axes=[(0, 1), 0, 0])),
        ("numpy.vecdot", "axes=", lambda x: np.vecdot(x, x, axes=[-1, -1, ()])),
        ("numpy.vecdot", "keepdims=", lambda x: np.vecdot(x, x, keepdims=True)),
    ],
)
def test_an_option_without_a_rule_is_refused(fn, option, f):
    assert refusal(f) == (
        f"{fn} has no derivative rule for its option {option}.\n"
        "  Compute the same from functions that are known, or call it on v.data."
    )


def test_a_triangle_that_is_not_square_is_refused():
    message = refusal(lambda x: ops.solve_triangular(x[0], x[0], upper=True), ShapeError)
    assert message == (
        "solve_triangular: a must be made of square matrices.\n"
        "  expected  a of shape (..., N, N)\n"
        "  got       a of shape (2,)"
    )


NUMPYS = [
    (lambda x: np.linalg.qr(x, "x"), "Unrecognized mode 'x'"),
    (lambda x: np.linalg.multi_dot([x]), "Expecting at least two arrays"),
    (lambda x: np.linalg.norm(x, "x"), "Invalid norm order for matrices"),
    (lambda x: np.linalg.norm(x, 3), "Invalid norm order for matrices"),
    (lambda x: np.linalg.norm(x[0], "fro"), "Invalid norm order 'fro' for vectors"),
    (lambda x: np.linalg.norm(x, axis=(0, 1, 2)), "Improper number of dimensions to norm"),
    (lambda x: np.linalg.cond(x[:1], 1), "dimensions of the array must be square"),
    (lambda x: np.linalg.cond(x[:0]), "cond is not defined on empty arrays"),
    (lambda x: np.linalg.solve(x, x[:1]), "mismatch in its core dimension 0"),
    (lambda x: np.linalg.cholesky(-x), "Matrix is not positive definite"),
    (lambda x: np.linalg.inv(0 * x), "Singular matrix"),
    (lambda x: np.linalg.pinv(x, 1e-3, rtol=0.1), "can't be both set"),
    (lambda x: np.linalg.matrix_power(x, 1.5), "exponent must be an integer"),
    (lambda x: np.linalg.matrix_power(x[0], 2), "at least two-dimensional"),
    (lambda x: np.linalg.tensorinv(x, 0), "Invalid ind argument"),
    (lambda x: np.linalg.tensorsolve(x, x), "Input arrays must satisfy the requirement"),
    (lambda x: np.linalg.outer(x, x), "Input arrays must be one-dimensional"),
    (lambda x: np.linalg.matrix_transpose(x[0]), "at least 2-dimensional"),
    (lambda x: np.linalg.lstsq(x, x[0, :1]), "Incompatible dimensions"),
    (lambda x: np.linalg.cross(x, x), "3-dimensional"),
    (lambda x: np.cross(x[:, :1], x), "incompatible dimensions for cross product"),
    (lambda x: np.linalg.eigh(x, "X"), "UPLO argument must be 'L' or 'U'"),
]


@pytest.mark.parametrize(("f", "message"), NUMPYS, ids=[m for _, m in NUMPYS])
def test_wrong_use_is_numpys_own_error(f, message):
    for x in (Value(np.eye(2)), np.eye(2)):
        with pytest.raises((ValueError, TypeError), match=message):
            f(x)


def test_vectors_of_two_numbers_are_crossed_as_numpy_does_while_it_does():
    a, b, c = np.arange(1.0, 9.0).reshape(4, 2) % 5, np.ones(2), np.ones(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            expected = np.cross(a, b), np.cross(a, c)
        except ValueError:
            pytest.skip("this NumPy crosses vectors of three numbers only")
        found = np.cross(Value(a), b), np.cross(Value(a), c)
        slope = gradient(lambda a: np.cross(a, b), a)
    for y, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(y.data, e)
    np.testing.assert_array_equal(slope, [[1.0, -1.0]] * 4)
    with pytest.warns(DeprecationWarning, match="Arrays of 2-dimensional vectors"):
        np.cross(Value(a), b)


# What is returned


def test_results_are_of_numpys_types_with_names():
    x = np.array([[2.0, 1.0], [1.0, 3.0]])
    for fn in (np.linalg.eigh, np.linalg.svd, np.linalg.qr, np.linalg.slogdet):
        found, expected = fn(Value(x)), fn(x)
        assert type(found) is type(expected)
        assert all(isinstance(y, Value) for y in found)
    found, expected = np.linalg.lstsq(Value(x), x), np.linalg.lstsq(x, x)
    assert type(found) is tuple
    assert found[2] == expected[2] == 2
    assert not isinstance(found[2], Value)


def test_a_chain_is_multiplied_in_the_cheapest_order():
    """Cormen et al., *Introduction to Algorithms* (2022), section 14.2: (A(BC))((DE)F)."""
    split = products._cheapest_split([30, 35, 15, 5, 10, 20, 25])
    assert [split[part] for part in ((0, 5), (0, 2), (3, 5))] == [2, 0, 4]


@pytest.mark.parametrize("fn", [np.linalg.pinv, np.linalg.matrix_rank, np.linalg.svd])
def test_of_a_symmetric_matrix_the_lower_triangle_is_read(fn):
    x = np.array([[2.0, 9.0], [1.0, 1.0]])
    found, expected = leaves(fn(Value(x), hermitian=True)), leaves(fn(x, hermitian=True))
    for y, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(y.data, e, atol=1e-14)


@pytest.mark.parametrize("angle", [0.1, 5.0, 50.0])
def test_the_exponential_of_a_turn_is_its_rotation(angle):
    y = ops.matrix_exp(Value([[0.0, -angle], [angle, 0.0]]))
    cos, sin = np.cos(angle), np.sin(angle)
    np.testing.assert_allclose(y.data, [[cos, -sin], [sin, cos]], atol=1e-13)


def test_a_condition_is_infinite_where_a_matrix_is_singular():
    x = np.array([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 5.0]], ZERO])
    for p in (None, 1, -1, 2, -2, INF, -INF, "fro"):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(np.linalg.cond(Value(x), p).data, np.linalg.cond(x, p))
    x[1, 0, 0] = NAN
    for p in (1, "fro"):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(np.linalg.cond(Value(x), p).data, np.linalg.cond(x, p))


def test_a_decomposition_is_computed_once(monkeypatch):
    calls, numpys = [], {name: getattr(np.linalg, name) for name in ("svd", "eigh", "qr")}
    for name, fn in numpys.items():

        def counted(*args, _fn=fn, **options):
            calls.append(_fn.__name__)
            return _fn(*args, **options)

        monkeypatch.setattr(np.linalg, name, counted)
    x = Value(np.diag([3.0, 2.0, 1.0]))
    u, s, vh = numpys["svd"](x)
    np.sum(u * s + vh).backward()
    values, vectors = numpys["eigh"](x)
    np.sum(values * vectors).backward()
    q, r = numpys["qr"](x)
    np.sum(q * r).backward()
    assert calls == ["svd", "eigh", "qr"]
