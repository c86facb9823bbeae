"""Jacobians are found by passes of many rows at once, and are those found row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_functions import SMOOTH, of_drawn, of_rows

import microtensor as mt
from microtensor import Value, batched, batches, nn, ops, running
from microtensor.batches import RULES, Batch, one_by_one
from microtensor.errors import MissingRuleError
from microtensor.ops import choices
from microtensor.ops.masking import masked
from microtensor.running import Run

EXACT = 1e-12  # sums may be taken in another order


def runs(row):
    """Run the samples of a row; several outputs are joined to one."""
    for case, inputs in row.samples():
        f, xs = of_drawn(case, inputs, row.fn)

        def one(*xs, f=f):
            y = f(*xs)
            if isinstance(y, list | tuple):
                return np.concatenate([np.reshape(part, -1) for part in y])
            return y

        run = Run(one, tuple(xs), {}, tuple(range(len(xs))))
        if run.outputs[0].size:
            yield run


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=EXACT, atol=EXACT)


@of_rows(SMOOTH)
def test_the_rows_found_at_once_are_those_found_one_by_one(row):
    for run in runs(row):
        assert_same(run.rows_at_once(), run.rows_one_by_one())


def test_most_functions_that_rules_call_take_all_rows_at_once(monkeypatch):
    """Else every Jacobian could be found row by row, unseen."""
    slow = set()

    def noted(fn, args, options):
        slow.add(fn.__name__)
        return one_by_one(fn, args, options)

    monkeypatch.setattr(batches, "one_by_one", noted)
    for fn in (np.multiply, np.sum, np.matmul, np.where, np.concatenate, ops.linear, ops.softmax):
        for run in (run for row in SMOOTH if row.fn is fn for run in runs(row)):
            run.rows_at_once()
    assert slow <= {"reshape"}  # of nothing


# Each way to take all rows at once, against taking them one by one

RNG = np.random.default_rng(0)
A, M, V, N, T = (RNG.standard_normal(s) for s in ((3, 4), (4, 4), (4,), (), (2, 3, 4)))
MASK = np.array([True, False, True, True])


def rows(*shape):
    return Batch(RNG.standard_normal((5, *shape)))


G = {
    shape: rows(*shape) for shape in ((), (1,), (4,), (3, 4), (4, 3), (2, 3, 4), (1, 3, 1), (3, 3))
}
G4, G34, G43, G234 = G[4,], G[3, 4], G[4, 3], G[2, 3, 4]


def of(*args, **options):
    """A call of a function that is given later."""
    return lambda f: f(*args, **options)


AXES = (None, 0, -1, (0, 1), (-1, 0), ())

CALLS = {
    **{fn: [*(of(G34, axis=a, keepdims=k) for a in AXES for k in (True, False)),
            of(G234, (0, -1)), of(G[()])]
       for fn in (np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all)},
    **{fn: [of(G34, 0), of(G34, axis=-1), of(G34)]
       for fn in (np.cumsum, np.cumprod)},
    **{fn: [of(G34), of(G234, 1), of(G34, k=-1), of(G4)]
       for fn in (np.tril, np.triu)},
    np.where: [of(MASK, G34, 0), of(MASK, G[()], G4), of(MASK, A, G4),
               of(np.greater(G4, 0), V, G34)],
    np.clip: [of(G34, -0.5, 0.5), of(G4, None, V), of(A, G4, 1.0),
              of(G34, max=0.5)],
    np.reshape: [of(G34, (2, 6)), of(G34, -1), of(G34, (4, -1)),
                 of(G34, (4, 3), order="F"), of(G[()], (1, 1))],
    np.ravel: [of(G34), of(G34, "F"), of(G[()])],
    np.transpose: [of(G34), of(G234, (1, -1, 0)), of(G4)],
    np.swapaxes: [of(G234, 0, -1), of(G34, axis1=1, axis2=0)],
    np.moveaxis: [of(G234, 0, -1), of(G234, (0, 1), (2, 0))],
    np.expand_dims: [of(G34, 0), of(G34, -1), of(G4, (0, 2))],
    np.squeeze: [of(G[1, 3, 1]), of(G[1, 3, 1], 0), of(G[1, 3, 1], -1)],
    np.broadcast_to: [of(G4, (3, 4)), of(G[()], (2,)), of(G[1,], 3)],
    np.flip: [*(of(G34, a) for a in AXES)],
    np.roll: [of(G34, 1, 0), of(G34, (1, 2), (0, -1)), of(G34, 2)],
    np.concatenate: [of([G34, A]), of((A, G34), axis=-1), of([A, G4], None)],
    np.stack: [of([G34, A]), of((A, G34), axis=-1), of([G4, G4], 1)],
    np.matmul: [of(G34, M), of(A, G43), of(G34, G43), of(G4, M),
                of(A, G4), of(G4, V), of(V, G4), of(G4, G4),
                of(G234, M), of(T, G43), of(G34, T.mT), of(G4, T.mT),
                of(T, G4), of(G234, V), of(V, G43)],
    np.dot: [of(G34, M), of(A, G4), of(G4, V), of(G[()], A),
             of(G34, T.mT), of(2.0, G4)],
    np.tensordot: [of(G34, A), of(A, G34), of(G34, M, 1),
                   of(T, G34, ([-1], [1])), of(G234, A, ((1, 2), (0, 1))),
                   of(G34, G34, 2), of(G4, V, 0)],
    np.einsum: [of("ij,jk->ik", G34, M), of("ij, ij -> i", G34, G34),
                of("ij,j", A, G4), of("...j,j->...", G34, V),
                of("ij,jk,k->i", A, M, G4), of("ii->i", G[3, 3])],
    ops.einsums._einsum: [of(G34, M, subscripts="ij,jk->ik"), of(A, G4, subscripts="ij,j->ji")],
    ops.scatter_add: [of(G4, index=np.array([0, 2, 0, 1]), shape=(3,)),
                      of(G34, index=(slice(1, 4), slice(None)), shape=(5, 4)),
                      of(G4, index=(1, np.array([0, 0, 1, 4])), shape=(2, 5)),
                      of(G43, index=([0, 1, 0, 2], slice(None), 1), shape=(3, 3, 2))],
    ops.scatter_set: [of(G34, 0.0, index=1), of(A, G4, index=(2,)),
                      of(G34, G4, index=[0, 2]), of(G34, V[:3], index=(slice(None), 1)),
                      of(G4, 1, index=MASK)],
    masked: [of(G34, MASK), of(G4, A > 0), of(G[()], MASK)],
    choices._to_greater: [of(G34, A, V), of(G4, A, A), of(G[()], 1.0, V)],
    ops.elementwise._over_square: [of(G34, A, V), of(G4, V, 2.0)],
    np.linalg.solve: [of(M, G4), of(M, G43), of(T[:, :3, :3], G[3, 3]), of(G[3, 3], V[:3])],
    ops.astype: [of(G34, np.float32), of(G4, dtype=float, copy=False)],
    np.zeros_like: [of(G34)],
    np.ones_like: [of(G34)],
}  # fmt: skip
OF_ONE_ROW = {np.shape, np.ndim, np.size, np.result_type}  # what a Batch answers as one row does


def differs(fn, call):
    """Tell whether all rows at once give other numbers than the rows one by one."""
    found = call(lambda *args, **options: batches.called(fn, args, options))
    expected = call(lambda *args, **options: one_by_one(fn, args, options))
    same_kind = (found.shape, found.dtype) == (expected.shape, expected.dtype)
    return not same_kind or not np.allclose(found.data, expected.data, rtol=EXACT, atol=EXACT)


def test_every_way_to_take_rows_at_once_is_sampled():
    assert RULES.keys() - CALLS.keys() == OF_ONE_ROW


@pytest.mark.parametrize("fn", CALLS, ids=lambda f: f.__name__)
def test_all_rows_at_once_give_what_they_give_one_by_one(fn):
    assert not any(differs(fn, call) for call in CALLS[fn])


@pytest.mark.parametrize("fn", CALLS, ids=lambda f: f.__name__)
def test_a_wrong_way_to_take_them_at_once_is_noticed(monkeypatch, fn):
    def wrong(*args, **options):
        y = right(*args, **options)
        return y if y is NotImplemented else Batch(np.where(y.data == 0, 1, 0).astype(y.dtype))

    right = RULES[fn]
    monkeypatch.setitem(RULES, fn, wrong)
    assert any(differs(fn, call) for call in CALLS[fn])


def test_a_wrong_way_makes_a_wrong_jacobian(monkeypatch):
    monkeypatch.setitem(
        RULES, np.broadcast_to, lambda a, shape: 2 * batched._broadcast_to(a, shape)
    )
    run = Run(lambda x: np.sum(x, axis=1), (A,), {}, 0)
    with pytest.raises(AssertionError):
        assert_same(run.rows_at_once(), run.rows_one_by_one())


def test_questions_of_shape_are_answered_for_one_row():
    assert (np.shape(G34), np.ndim(G34), np.size(G34), len(G34)) == ((3, 4), 2, 12, 3)
    assert np.result_type(G34, np.float32) == np.float64
    assert [row.shape for row in G34] == [(4,)] * 3
    assert (G34.T.shape, G234.mT.shape) == ((4, 3), (2, 4, 3))
    assert G34.reshape(4, 3).shape == G34.reshape((4, 3)).shape == (4, 3)
    assert G234.transpose(2, 0, 1).shape == G234.transpose((2, 0, 1)).shape == (4, 2, 3)
    assert G34.sum(axis=0).shape == (4,)
    assert not hasattr(G34, "flags")


# Indexing

entries = st.one_of(
    st.integers(-3, 2), st.just(Ellipsis), st.none(), st.just([True, False, True]),
    st.builds(slice, st.integers(-4, 4), st.none(), st.sampled_from([-1, 1, 2])),
    st.lists(st.integers(-3, 2), min_size=2, max_size=2),
)  # fmt: skip
indices = st.lists(entries, max_size=4).filter(lambda i: i.count(Ellipsis) < 2).map(tuple)


def check_index(index):
    """Hold reading and writing at an index against each row's; tell whether it can be read."""
    g = Batch(np.arange(2 * 27.0).reshape(2, 3, 3, 3))
    try:
        expected = np.stack([row[index] for row in g.data])
    except IndexError:
        return False
    np.testing.assert_array_equal(g[index].data, expected)
    behind = batches.after_rows(index)
    if behind is not None:
        written, rows = g.copy(), g.data.copy()
        written[index] = -Batch(expected)
        for row, values in zip(rows, expected, strict=True):
            row[index] = -values
        np.testing.assert_array_equal(written.data, rows)
    return True


@settings(max_examples=300, deadline=None, derandomize=True)
@given(indices)
def test_any_index_reads_and_writes_in_each_row(index):
    check_index(index)


def test_a_wrong_place_of_the_rows_is_noticed(monkeypatch):
    monkeypatch.setattr(batches, "after_rows", lambda index: (slice(None), *index))
    with pytest.raises(AssertionError):
        check_index(([0, 1], slice(None), [1, 2]))
    assert check_index(([0, 1], [1, 2]))


# What a Batch cannot do, rows do one by one


@mt.primitive
def square(x):
    return x * x


def _written(g, x):
    out = np.zeros(np.shape(x))
    out[...] = g
    return 2 * x * out


def _subtracted(g, x):
    out = np.zeros(np.shape(x))
    out -= g
    return -2 * x * out


def _added_at(g, x):
    out = np.zeros(np.shape(x))
    np.add.at(out, np.arange(len(x)), g)
    return 2 * x * out


IMPOSSIBLE = {
    "asks whether": lambda g, x: 2 * x * g if np.any(g) else 0 * x,
    "makes an array": lambda g, x: 2 * x * np.asarray(g),
    "makes a number": lambda g, x: 2 * x * [float(e) for e in g],
    "writes": _written,
    "writes by an operator": _subtracted,
    "writes at places": _added_at,
    "copies into": lambda g, x: np.copyto(np.zeros(4), g) or 2 * x * g,
    "wants an attribute": lambda g, x: 2 * x * g.view(np.ndarray),
    "is of other sizes": lambda g, x: 2 * x * g + 0 * np.sum(g[np.nonzero(g)]),
}
POSSIBLE = {
    "changes what it made": lambda g, x: (h := 2 * x * g, h.__isub__(x * g), h.__iadd__(x * g))[0],
    "calls what is not known": lambda g, x: np.convolve(g, [0, 2, 0], "same") * x,
    "reduces by a method of ufuncs": lambda g, x: 2 * x * g + 0 * np.add.reduce(g),
    "gives integers of no gradient": lambda g, x: 2 * x * g + np.zeros(4, int),
}


@pytest.mark.parametrize("way", IMPOSSIBLE | POSSIBLE)
def test_a_rule_that_does_what_a_batch_cannot_gives_the_same_jacobian(monkeypatch, way):
    rule = (IMPOSSIBLE | POSSIBLE)[way]
    twin = mt.primitive(lambda x: x * x)
    mt.differentiable(twin, lambda g, y, x: rule(g, x))
    x = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(mt.jacobian(twin)(x), np.diag(2 * x))
    if way in IMPOSSIBLE:
        with pytest.raises((TypeError, ValueError, AttributeError)):
            Run(twin, (x,), {}, 0).rows_at_once()
    else:
        Run(twin, (x,), {}, 0).rows_at_once()


def test_complex_numbers_in_a_rule_are_not_cut():
    f = mt.primitive(lambda x: x * x)
    mt.differentiable(f, lambda g, y, x: g * (2 * x + 1j))
    with pytest.raises(TypeError):
        Run(f, (np.ones(3),), {}, 0).rows_at_once()


def test_the_error_of_a_missing_rule_is_the_rows_own():
    from scipy import special

    with pytest.raises(MissingRuleError, match=r"scipy.special.jv has no .* operand v"):
        mt.jacobian(lambda v: special.jv(v, 1.0))(np.ones(3))


# Passes


def calls_of_a_rule(jacobian, *args):
    """Count how often the rule of a function is called."""
    count = []

    def rule(g, y, x):
        count.append(1)
        return g * 2 * x

    f = mt.primitive(lambda x: x * x)
    mt.differentiable(f, rule)
    return jacobian(f)(*args), len(count)


def test_a_jacobian_is_found_in_one_pass():
    found, count = calls_of_a_rule(mt.jacobian, np.arange(100.0))
    np.testing.assert_array_equal(found, np.diag(2 * np.arange(100.0)))
    assert count == 1


def test_a_hessian_is_found_in_one_pass_through_the_gradient():
    found, count = calls_of_a_rule(
        lambda f: mt.hessian(lambda x: np.sum(f(x) * x)), np.arange(10.0)
    )
    np.testing.assert_allclose(found, np.diag(6 * np.arange(10.0)), rtol=1e-14)
    assert count <= 4


def test_a_few_rows_are_found_one_by_one():
    found, count = calls_of_a_rule(mt.jacobian, np.arange(3.0))
    np.testing.assert_array_equal(found, np.diag(2 * np.arange(3.0)))
    assert count == 3


def test_large_jacobians_are_found_in_several_passes(monkeypatch):
    monkeypatch.setattr(running, "MOST_NUMBERS", 70)
    found, count = calls_of_a_rule(mt.jacobian, np.arange(10.0))
    np.testing.assert_array_equal(found, np.diag(2 * np.arange(10.0)))
    assert count == 2  # of 7 rows and of 3


# Results


def test_jacobians_are_arrays_of_their_own_in_the_dtype_of_their_input():
    x = np.arange(3, dtype=np.float32)
    both = mt.jacobian(lambda a, b: a + b, (0, 1))(x, np.ones(3))
    assert [j.dtype for j in both] == [np.float32, np.float64]
    assert not np.may_share_memory(*both)
    both[0][:] = 7
    np.testing.assert_array_equal(both[1], np.eye(3))


def test_jacobians_of_numbers_by_numbers_are_numbers():
    assert mt.jacobian(lambda x: x * x)(3.0) == 6.0
    np.testing.assert_array_equal(mt.jacobian(lambda x: np.stack([x, x * x]))(3.0), [1.0, 6.0])
    assert mt.jacobian(np.sum)(np.ones(2)).tolist() == [1.0, 1.0]


def test_an_input_that_the_output_does_not_depend_on_has_zeros():
    of_a, of_b = mt.jacobian(lambda a, b: a * 2, (0, 1))(np.ones(2), np.ones((2, 2)))
    np.testing.assert_array_equal(of_a, 2 * np.eye(2))
    np.testing.assert_array_equal(of_b, np.zeros((2, 2, 2)))


def test_a_jacobian_by_a_models_parameters_has_their_names():
    model = nn.Linear(3, 2, rng=np.random.default_rng(0))
    x = np.arange(3, dtype=np.float32)
    found = mt.jacobian(lambda m: m(x))(model)
    np.testing.assert_array_equal(mt.calls.plain(found["weight"]), np.eye(2)[:, :, None] * x)


def test_a_jacobian_stays_connected_to_values_of_the_callers():
    w = Value([2.0, 3.0])
    mt.jacobian(lambda x: w * x * x)(np.ones(2)).sum().backward()
    np.testing.assert_array_equal(w.grad, [2.0, 2.0])


def test_a_function_differentiated_within_another_leaves_plain_numbers():
    def inner(a):
        return mt.grad(lambda a, b: a * b * b, (0, 1))(a, 3.0)

    assert mt.grad(lambda a: inner(a)[0])(2.0) == 0.0
    assert isinstance(mt.grad(lambda a: inner(a)[0])(2.0), float)
    assert isinstance(mt.grad(lambda a: mt.vjp(lambda b: a * b, 3.0)[1](1.0)[0])(2.0), float)
    outer = mt.grad(lambda b: mt.grad(lambda a: a * a * b)(3.0))
    assert (outer(2.0), type(outer(2.0))) == (6.0, float)
    w = Value(5.0)
    mt.grad(lambda a: w * mt.grad(lambda a, b: a * b * w, (0, 1))(a, 3.0)[1])(2.0).backward()
    assert w.grad == 10.0
