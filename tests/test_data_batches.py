"""Batches: each row once per round, and rows of the same index stay together."""

import numpy as np
import pytest

from microtensor import data, randomness
from microtensor.errors import ArgumentError, NotAnArrayError, ShapeError
from microtensor.value import Value

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("size", "sizes"), [(3, [3, 3, 3, 1]), (5, [5, 5]), (99, [10]), (1, 10 * [1])]
)
def test_a_round_holds_each_row_once_and_ends_with_what_is_left(size, sizes, shuffle):
    rounds = data.batches(X, Y, size=size, shuffle=shuffle, rng=0)
    taken = list(rounds)
    assert [len(x) for x, _ in taken] == sizes
    assert len(rounds) == len(sizes)
    assert sorted(np.concatenate([y for _, y in taken])) == list(range(10))
    for x, y in taken:
        np.testing.assert_array_equal(x, X[y])


def test_without_shuffling_the_order_is_the_arrays():
    assert [y.tolist() for _, y in data.batches(X, Y, 4, shuffle=False)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


def test_drop_last_leaves_out_a_smaller_batch_and_no_other():
    for size, count in ((3, 3), (5, 2)):
        rounds = data.batches(Y, size=size, drop_last=True)
        assert [len(y) for y in rounds] == [size] * count
        assert len(rounds) == count


def orders(rounds, count=3):
    return [np.concatenate(list(rounds)).tolist() for _ in range(count)]


def test_each_round_has_another_order_and_a_seed_repeats_all_rounds():
    first = orders(data.batches(Y, size=4, rng=0))
    assert first[0] != first[1] != first[2] != first[0]
    assert first == orders(data.batches(Y, size=4, rng=0))
    assert first != orders(data.batches(Y, size=4, rng=1))


def test_without_rng_the_default_generator_of_the_moment_decides(monkeypatch):
    monkeypatch.setattr(randomness, "_default", np.random.default_rng())
    rounds = data.batches(Y, size=4)
    randomness.seed(0)
    assert orders(rounds) == orders(data.batches(Y, size=4, rng=0))


def test_two_loops_at_once_do_not_disturb_each_other():
    rounds = data.batches(Y, size=5, rng=0)
    one, other = iter(rounds), iter(rounds)
    halves = [next(one), next(other), next(one), next(other)]
    assert sorted(np.concatenate(halves[::2])) == list(range(10))
    assert sorted(np.concatenate(halves[1::2])) == list(range(10))


def test_writing_into_a_batch_leaves_the_arrays_alone():
    for shuffle in (False, True):
        for x, _ in data.batches(X, Y, 4, shuffle=shuffle):
            x[:] = -1
    assert X.min() == 0


def test_one_array_gives_batches_and_several_give_tuples():
    batch, _ = data.batches(Y, size=5, shuffle=False)
    assert batch.tolist() == [0, 1, 2, 3, 4]
    (batch,) = data.batches(X, Y, X[:, 0], size=10, shuffle=False)
    assert len(batch) == 3


def test_lists_are_taken_as_arrays_and_dtypes_are_kept():
    x, y = next(iter(data.batches([[1.0], [2.0]], np.array([0, 1], dtype=np.int8), 2)))
    assert (x.dtype, y.dtype) == (np.float64, np.int8)


def test_a_value_is_not_data():
    with pytest.raises(NotAnArrayError):
        data.batches(Value(X), Y, size=2)


NOT_A_SIZE = (
    "batches: size is the number of rows in a batch.\n"
    "  expected  an integer of at least 1\n"
    "  got       {}\n"
    "  32 is usual, as in batches(x, y, size=32)."
)
WRONG = [
    (lambda: data.batches(X, Y, size=0), ArgumentError, NOT_A_SIZE.format(0)),
    (lambda: data.batches(X, Y, 2.5), ArgumentError, NOT_A_SIZE.format(2.5)),
    (lambda: data.batches(X, Y), ArgumentError, NOT_A_SIZE.format(None)),
    (
        lambda: data.batches(X, Y[:9], size=2),
        ShapeError,
        "batches: all arrays must have the same number of rows.\n"
        "  expected  arrays of 10 rows, one per example\n"
        "  got       arrays of shapes (10, 2), (9,)\n"
        "  The first axis counts the examples. If it is another one, move it there with "
        "np.moveaxis.",
    ),
    (
        lambda: data.batches(3.0, Y, size=2),
        ShapeError,
        "batches: all arrays must have the same number of rows.\n"
        "  expected  arrays of at least one axis: a row per example\n"
        "  got       arrays of shapes (), (10,)\n"
        "  The first axis counts the examples. If it is another one, move it there with "
        "np.moveaxis.",
    ),
    (
        lambda: data.batches(size=2),
        ArgumentError,
        "batches: there are no arrays to take rows from.\n"
        "  Pass them first, as in batches(x, y, size=32).",
    ),
    (
        lambda: data.batches(X[:0], size=2),
        ArgumentError,
        "batches: there would be no batch at all.\n"
        "  expected  at least one row\n"
        "  got       0 rows",
    ),
    (
        lambda: data.batches(X, size=11, drop_last=True),
        ArgumentError,
        "batches: there would be no batch at all.\n"
        "  expected  at least 11 rows, since drop_last leaves out smaller batches\n"
        "  got       10 rows",
    ),
]


@pytest.mark.parametrize(("make", "kind", "message"), WRONG)
def test_batches_that_cannot_be_are_an_error(make, kind, message):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == message


def test_its_repr_says_how_many_batches_of_what():
    assert repr(data.batches(X, Y, size=4)) == "Batches(3 of 4 rows from 10)"
