"""An array is lent to one at a time: who holds it, or a view of it, keeps it."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest

from microtensor import lending
from microtensor.lending import MANY, SMALL, Lender, aligned, counting, empty, ones, where, zeros

N = 1000  # numbers of an array that is lent


def place(x):
    return x.__array_interface__["data"][0]


def turns(lender, turn, count=4):
    """Give what some turns give."""
    found = []
    for _ in range(count):
        with lender:
            found.append(turn())
    return found


def test_arrays_are_new_where_nobody_lends():
    x = empty((N,), np.float32)
    assert x.base is None
    assert x.shape == (N,)
    assert x.dtype == np.float32
    assert zeros((2, 3), int).tolist() == [[0, 0, 0], [0, 0, 0]]
    with Lender():
        assert empty((N,), float).base is not None
    assert empty((N,), float).base is None


@pytest.mark.parametrize("n", [3, MANY, MANY + 1])
def test_what_is_made_once_is_what_numpy_makes(n):
    for _ in range(2):
        assert np.array_equal(ones(n, np.float32), np.ones(n, np.float32))
        assert np.array_equal(counting(n), np.arange(n))
        with Lender():
            assert np.array_equal(ones(n, float), np.ones(n))
            assert np.array_equal(counting(n), np.arange(n))
            assert ones(n, float).dtype == float
    assert (ones(n, int) is ones(n, int)) is (n <= MANY)
    if n <= MANY:
        with pytest.raises(ValueError, match="read-only"):
            ones(n, int)[0] = 2


@pytest.mark.parametrize("lends", [False, True])
def test_places_that_are_true_are_those_of_numpy(lends):
    rng = np.random.default_rng(0)
    masks = [np.zeros(0, bool), *(rng.random(300) < share for share in (0, 0.1, 0.5, 1))]
    lender = Lender()
    for mask in [*masks, *masks]:
        expected = np.flatnonzero(mask)
        if lends:
            with lender:
                found = where(mask)
        else:
            found = where(mask)
        assert np.array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("lends", [False, True])
@pytest.mark.parametrize("make", [aligned, zeros, empty])
def test_arrays_begin_where_a_line_of_the_cache_does(make, lends):
    for n in range(N, N + 9):
        if lends:
            with Lender():
                x = make((n,), np.float32)
        else:
            x = make((n,), np.float32)
        x[:] = 1
        assert place(x) % lending.LINE == 0 or (make is not aligned and not lends)


def test_zeros_are_zeros_where_other_numbers_were():
    def turn():
        x = empty((N,), float)
        x[:] = 7
        where_it_was = place(x)
        del x
        y = zeros((N,), float)
        return place(y) == where_it_was and not y.any()

    assert all(turns(Lender(), turn))


def test_an_array_that_is_held_is_lent_to_nobody_else():
    def turn():
        x = empty((N,), float)
        view = x[10:20].reshape(2, 5).T
        start = place(x)
        del x
        y = empty((N,), float)
        apart = not np.may_share_memory(view, y)
        del view
        z = empty((N,), float)
        return apart, place(z) == start, np.may_share_memory(y, z)

    assert set(turns(Lender(), turn)) == {(True, True, False)}


def test_what_is_kept_from_a_turn_keeps_its_numbers():
    lender, kept = Lender(), []
    for i in range(8):
        with lender:
            x, y = empty((N,), float), empty((N,), float)
            x[:], y[:] = i, -i
            kept.append(x if i % 2 else x[::2])
            del x, y
    assert all((x == i).all() for i, x in enumerate(kept))


def test_a_turn_that_goes_otherwise_takes_no_array_from_who_holds_it():
    lender, rng = Lender(), np.random.default_rng(0)
    kept = []
    for _ in range(60):
        with lender:
            held = []
            for _ in range(rng.integers(1, 12)):
                x = empty((int(rng.integers(1, 4)) * N,), np.float32)
                number = float(rng.random())
                x[:] = number
                held.append((x[1:], np.float32(number)))
                del x
                if rng.random() < 0.5:
                    held.pop(int(rng.integers(len(held))))
                assert all((y == n).all() for y, n in held)
            kept += held[: rng.integers(2)]
            del held[:]
        kept = kept[-5:]
        assert all((y == n).all() for y, n in kept)


def test_arrays_that_are_held_in_turn_lie_in_the_same_memory():
    def turn():
        for n in (4 * N, N, 3 * N, 2 * N, 2 * N, 4 * N):
            x = empty((n,), np.float32)
            x[:] = n
            del x

    lender = Lender()
    turns(lender, turn)
    assert lender.nbytes == 16 * N


def test_memory_is_that_of_the_moment_when_most_is_held():
    def turn():
        x, y = empty((2 * N,), np.uint8), empty((4 * N,), np.uint8)
        del x
        z = empty((3 * N,), np.uint8)
        del y, z
        return empty((6 * N,), np.uint8) is None

    lender = Lender()
    turns(lender, turn)
    assert 7 * N <= lender.nbytes < 7 * N + 4 * lending.LINE


def test_a_warm_turn_makes_no_array():
    def turn():
        x = empty((20, N), float)
        y = np.equal(x, 1, out=empty(x.shape, bool))
        del x
        return (y & y).nbytes if makes_one else y.nbytes

    lender, makes_one = Lender(), False
    turns(lender, turn)

    def highest():
        gc.collect()
        tracemalloc.start()
        turns(lender, turn, 1)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert highest() < 4000
    makes_one = True
    assert highest() > 20 * N  # an array that nobody lent is seen


def test_small_arrays_and_arrays_of_objects_are_new():
    with Lender():
        assert empty((SMALL,), np.uint8).base is None
        assert empty((SMALL + 1,), np.uint8).base is not None
        assert empty((N,), object).tolist() == [None] * N


def test_an_error_ends_a_turn():
    lender = Lender()

    def turn():
        x, y = empty((N,), float), empty((3 * N,), float)
        del x, y

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            turns(lender, lambda: empty((2 * N,), float).size / 0)
        assert empty((N,), float).base is None
        turns(lender, turn)
    with lender:
        x, y = empty((N,), float), empty((3 * N,), float)
        assert not np.may_share_memory(x, y)


def test_within_a_turn_another_may_be_taken():
    outer, inner = Lender(), Lender()
    for _ in range(3):
        with outer:
            a = empty((N,), float)
            with inner:
                b = empty((N,), float)
            c = empty((N,), float)
            assert not any(np.may_share_memory(x, y) for x, y in [(a, b), (a, c), (b, c)])
            del a, b, c
    assert outer.nbytes == 16 * N
    assert inner.nbytes == 8 * N


def test_a_lender_lends_to_its_own_thread_alone():
    found = []
    with Lender():
        thread = threading.Thread(target=lambda: found.append(empty((N,), float).base))
        thread.start()
        thread.join()
    assert found == [None]


def test_memory_that_is_kept_for_good_is_forgotten():
    lender, kept = Lender(), []
    for _ in range(50):
        with lender:
            kept.append(empty((N,), float))
    assert len(lender.blocks) <= 11
