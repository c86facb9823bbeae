"""What joining, building and choosing do at their edges: dtypes, refusals, fast ways to add."""

import subprocess
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import MissingRuleError
from microtensor.ops import scatter_add, scattering

X = np.arange(6.0).reshape(2, 3)


# In place, files, memory, records: refused, with what to use


_WRITES = (
    "  It writes into an array, which would falsify the graph.\n"
    "  Use {}, which gives a new Value and is differentiable,\n"
    "  or write into v.numpy(), a copy of the numbers."
)
_SET = "v.at[index].set(values)"
REFUSED = [
    ("put", lambda v: np.put(v, [0], 1.0), _WRITES.format(_SET)),
    ("copyto", lambda v: np.copyto(np.zeros((2, 3)), v),
     _WRITES.format(f"np.full(shape, v, like=v) or {_SET}")),
    ("putmask", lambda v: np.putmask(v, X > 1, 0.0), _WRITES.format("np.where(mask, values, v)")),
    ("place", lambda v: np.place(v, X > 1, [0.0]), _WRITES.format("np.where(mask, values, v)")),
    ("fill_diagonal", lambda v: np.fill_diagonal(v, 0.0),
     _WRITES.format("v.at[np.diag_indices_from(v)].set(values)")),
    ("put_along_axis", lambda v: np.put_along_axis(v, np.array([[0]]), 0.0, 1),
     _WRITES.format("v.at.along(indices, axis).set(values)")),
    ("savez", lambda v: np.savez("numbers", v),
     "  A file keeps numbers, not graphs: give it v.data, or keep a model with mt.save."),
    ("fromstring", lambda v: np.fromstring("1", like=v),
     "  It reads numbers that no Value gives: leave like= out, and wrap what it gives in mt.Value."
     "\n"
     "  If it is not to be differentiated, call it on v.data."),
    ("require", lambda v: np.require(v, like=v),
     "  It is about how numbers lie in memory, which no function of a Value depends on.\n"
     "  Use np.ascontiguousarray(v, like=v) to have them in order.\n"
     "  If it is not to be differentiated, call it on v.data."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "f", "reason"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_has_no_rule_is_refused_and_says_what_to_use(name, f, reason):
    with pytest.raises(MissingRuleError) as error:
        f(Value(X))
    assert str(error.value) == f"numpy.{name} is not supported on Values.\n{reason}"


def test_functions_of_records_are_refused_once_numpy_has_loaded_them():
    source = (
        "import microtensor as mt, sys\n"
        "assert 'numpy.lib.recfunctions' not in sys.modules\n"
        "from numpy.lib import recfunctions\n"
        "try:\n    recfunctions.drop_fields(mt.Value(1.0), 'a')\n"
        "except mt.errors.MissingRuleError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "numpy.lib.recfunctions.drop_fields is not supported on Values.\n"
        "  It is about arrays of records, and a Value holds numbers: give each field its own Value."
        "\n  If it is not to be differentiated, call it on v.data.\n"
    )


# Like


def test_creators_with_like_alone_give_plain_arrays_and_with_values_give_values():
    v = Value(2.0)
    for f in (np.zeros, np.ones, np.identity):
        assert f(2, like=v).__class__ is np.ndarray
    assert np.full(2, 7.0, like=v).__class__ is np.ndarray
    assert np.array([1.0, 2.0], like=v).__class__ is np.ndarray
    assert isinstance(np.full(2, v, like=v), Value)
    assert isinstance(np.array([[v, 1.0], [2.0, v]], like=v), Value)


def test_a_matrix_of_numbers_and_values_is_differentiable_in_each_of_them():
    def determinant(t):
        a = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), 2 * np.cos(t)]], like=t)
        return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]

    t = 0.7  # 1 + cos² t
    assert float(mt.grad(determinant)(t)) == pytest.approx(-np.sin(2 * t))


# Dtypes as NumPy's


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.insert([1, 2], 1, x),  # cuts off decimals
        lambda x: np.full_like(np.add(x, 1), 2.5, dtype=int),
        lambda x: np.append([1, 2], x),
        lambda x: np.linspace(0, x, 3),
        lambda x: np.linspace([0, 1], x, 3),
        lambda x: np.linspace(0, x, 3, dtype=int),
        lambda x: np.linspace(x, 9, 4, retstep=True)[1],
        lambda x: np.logspace(0, x, 3),
        lambda x: np.geomspace(1, x + 1, 3),
        lambda x: np.vander(np.ravel(x)),
        lambda x: np.select([np.array([True])], [x], 0),
        lambda x: np.column_stack([[1, 2], np.resize(x, 2)]),
        lambda x: np.choose([0, 1], [x, 1]),
        lambda x: np.piecewise(np.ravel(x), [[True]], [lambda v: v * np.float64(2)]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_numpys(f, dtype):
    x = np.asarray(2.75, dtype)
    expected = f(x)
    found = f(Value(x))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.data, expected, rtol=1e-6)


def test_the_step_of_one_number_is_not_a_number_as_numpys():
    assert np.isnan(np.linspace(Value(0.0), 1.0, 1, retstep=True)[1])
    assert np.isnan(np.linspace(0.0, 1.0, 1, retstep=True)[1])


def test_both_ends_of_a_range_are_exact():
    a, b = Value(0.1), Value(0.7)
    for f in (np.linspace, np.geomspace):
        y = f(a, b, 7)
        assert (y.data[0], y.data[-1]) == (0.1, 0.7)
        y[-1].backward()
        assert b.grad == 1.0
        assert a.grad in (None, 0.0)
        a.grad = b.grad = None


# What was not chosen leaves no trace


@pytest.mark.parametrize(
    "f",
    [
        lambda x, bad: np.choose(np.array([0, 0]), [x, bad]),
        lambda x, bad: np.select([np.array([True, True])], [x], bad),
        lambda x, bad: np.select([np.array([True, True])] * 2, [x, bad]),
        lambda x, bad: np.compress([True, True, False, False], np.append(x, bad)),
        lambda x, bad: np.delete(np.append(x, bad), [2, 3]),
        lambda x, bad: np.extract(np.array([[True, True], [False, False]]), np.stack([x, bad])),
    ],
    ids=["choose", "default", "select", "compress", "delete", "extract"],
)
def test_what_was_not_chosen_gets_a_gradient_of_zero_however_infinite_it_is(f):
    x, bad = Value([1.0, 2.0]), Value([np.inf, np.nan])
    y = f(x, bad)
    np.testing.assert_array_equal(y.data, [1.0, 2.0])
    y.backward(np.array([3.0, np.inf]))
    np.testing.assert_array_equal(x.grad, [3.0, np.inf])
    np.testing.assert_array_equal(bad.grad, [0.0, 0.0])


def test_piecewise_calls_a_function_on_its_own_entries_only():
    x = Value(np.array([-4.0, 4.0]))
    y = np.piecewise(x, [x > 0], [np.sqrt, 0.0])  # no warning: the root of -4 is never taken
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])


# Adding at places: every way gives what np.add.at gives


_rng = np.random.default_rng(0)
WAYS = {
    "a basic index": (np.s_[1:, ::2], (40, 30)),
    "a mask": (_rng.random((40, 30)) > 0.5, (40, 30)),
    "rows by a mask": (_rng.random(40) > 0.5, (40, 30)),
    "integers that climb": ((np.arange(40), _rng.integers(0, 30, 40)), (40, 30)),
    "rows": (_rng.integers(-40, 40, 300), (40, 30)),
    "rows in a table": (_rng.integers(0, 40, (30, 20)), (40, 3, 2)),
    "columns": (np.s_[:, _rng.integers(-30, 30, 50)], (40, 30)),
    "long rows": (_rng.integers(0, 70_000, 40), (70_000, 8)),
    "few rows": (_rng.integers(0, 2, 5), (2, 3)),
    "numbers": (_rng.integers(-40, 40, 1000), (40,)),
    "few of many": (_rng.integers(0, 90_000, 300), (90_000,)),
    "pairs": ((_rng.integers(-4, 4, 500), _rng.integers(0, 5, 500)), (4, 5)),
    "an open grid": (np.ix_([1, 1, 3], _rng.integers(0, 300, 200)), (4, 300)),
    "mixed": ((_rng.random(40) > 0.5, 2), (40, 30)),
    "True": (True, (3,)),
    "rows, twice each": (np.repeat(np.arange(100), 2), (100, 5)),
    "once each, not in order": (_rng.permutation(100), (100, 5)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, int])
@pytest.mark.parametrize("way", WAYS)
def test_adding_at_places_is_what_numpy_does_slowly(way, dtype):
    index, shape = WAYS[way]
    values = np.random.default_rng(1).integers(-99, 99, np.zeros(shape)[index].shape).astype(dtype)
    expected = np.zeros(shape, dtype)
    np.add.at(expected, index, values)
    found = scatter_add(values, index=index, shape=shape)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)  # sums of small integers are exact


def test_a_place_outside_of_the_array_is_an_error_on_every_way():
    for index in (9, [9], np.arange(9), np.full(600, 9), np.full(600, -5)):
        values = np.ones((4, 3))[np.zeros_like(index) if np.ndim(index) else 0]
        with pytest.raises(IndexError, match="is out of bounds for axis 0 with size 4"):
            scatter_add(values, index=index, shape=(4, 3))


def test_a_wrong_way_to_add_would_be_noticed(monkeypatch):
    monkeypatch.setattr(scattering, "_is_once", lambda index: True)
    index, shape = WAYS["rows"]
    values = np.ones((300, 30))
    expected = np.zeros(shape)
    np.add.at(expected, index, values)
    assert not np.array_equal(scatter_add(values, index=index, shape=shape), expected)


def test_sums_of_many_small_numbers_keep_their_digits():
    values = np.full(100_000, 0.1, np.float32)
    total = scatter_add(values, index=np.zeros(100_000, int), shape=(2,))
    assert total.dtype == np.float32
    assert total[0] == pytest.approx(float(np.float32(0.1)) * 100_000, rel=1e-7)


# at[...]


def test_what_take_along_axis_reads_at_along_writes():
    x, v = Value(X), Value(np.array([[7.0], [8.0]]))
    places = np.argmax(x, axis=1, keepdims=True)
    y = x.at.along(places, axis=1).set(v)
    expected = X.copy()
    np.put_along_axis(expected, places.data, v.data, axis=1)
    np.testing.assert_array_equal(y.data, expected)
    (y * X).sum().backward()
    np.testing.assert_array_equal(x.grad, np.where(expected == X, X, 0))
    np.testing.assert_array_equal(v.grad, [[2.0], [5.0]])


@pytest.mark.parametrize(
    ("shape", "places", "axis"),
    [((1, 5), (4, 2), 1), ((3, 1, 4), (1, 2, 4), 0), ((2, 3), (1, 2), 1)],
)
def test_take_along_axis_repeats_arrays_and_places_as_numpy_does(shape, places, axis):
    x = np.arange(np.prod(shape) * 1.0).reshape(shape)
    places = np.arange(np.prod(places)).reshape(places) % shape[axis]
    v = Value(x)
    y = np.take_along_axis(v, places, axis)
    np.testing.assert_array_equal(y.data, np.take_along_axis(x, places, axis))
    y.sum().backward()
    assert v.grad.sum() == y.size


def test_take_along_axis_refuses_places_for_fewer_rows_as_numpy_does():
    for x in (np.zeros((3, 4)), Value(np.zeros((3, 4)))):
        with pytest.raises(IndexError, match="could not be broadcast"):
            np.take_along_axis(x, np.zeros((2, 1), int), 1)
        with pytest.raises(ValueError, match="same number of dimensions"):
            np.take_along_axis(x, np.zeros(2, int), 1)


def test_plain_numbers_are_taken_along_an_axis_at_places_that_are_a_value():
    x = Value(np.array([[3.0, 1.0], [2.0, 5.0]]))
    best = np.argmax(x, axis=1, keepdims=True)
    y = np.take_along_axis(np.array([[10.0, 20.0], [30.0, 40.0]]), best, 1)
    np.testing.assert_array_equal(y.data, [[10.0], [40.0]])
    np.sum(x * y).backward()
    np.testing.assert_array_equal(x.grad, [[10.0, 10.0], [40.0, 40.0]])


def test_a_copy_is_an_array_of_its_own_and_differentiable():
    x = Value(X)
    y = x.copy()
    assert not np.may_share_memory(y.data, x.data)
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, 2 * X)
    assert y.origin.fn is np.copy
