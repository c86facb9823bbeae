"""Adding to any places of an array is what np.add.at does, whichever way is the fastest."""

import numpy as np
import pytest

from microtensor.ops import scattering

RNG = np.random.default_rng(0)
ALL = slice(None)
MASK = RNG.random((20, 30)) < 0.7
CLIMBING, TWICE = np.arange(0, 300), np.repeat(np.arange(150), 2)

CASES = {
    "rows, many twice": ((7, 50), RNG.integers(-7, 7, 40)),
    "rows, both ends": ((7, 50), np.array([-7, 6, 0, -1, 6, 3])),
    "rows of a matrix of places": ((7, 50), RNG.integers(0, 7, (4, 5))),
    "rows of a tuple": ((7, 50), (RNG.integers(0, 7, 40),)),
    "rows, the last once": ((9, 50), np.array([3, 3, 1, 8, 0, 0, 2])),
    "columns": ((50, 7), (ALL, RNG.integers(-7, 7, 40))),
    "columns of three": ((50, 3), (ALL, RNG.integers(0, 3, 10))),
    "columns of a matrix of places": ((50, 7, 2), (ALL, RNG.integers(0, 7, (4, 5)))),
    "numbers, many": ((100,), RNG.integers(0, 100, 300)),
    "numbers, few of many": ((5000,), RNG.integers(0, 5000, 300)),
    "pairs": ((100, 2), RNG.integers(0, 100, 300)),
    "more than 65536 rows": ((70000, 4), np.tile([0, 65536, 65537, 69999, 4464, 1], 20)),
    "65536 rows": ((65536, 4), np.repeat([0, 65535, 256, 1, 65535], 20)),
    "a part of the columns": ((50, 9), (slice(0, 40), RNG.integers(0, 9, 40))),
    "one row, columns": ((5, 300), (3, RNG.integers(0, 300, 400))),
    "two arrays, twice": ((20, 30), (RNG.integers(0, 20, 500), RNG.integers(0, 30, 500))),
    "two arrays, few of many": ((200, 300), (RNG.integers(0, 9, 300), RNG.integers(0, 9, 300))),
    "two arrays, one climbs": ((300, 3), (CLIMBING, RNG.integers(0, 3, 300))),
    "two arrays, neither climbs": ((300, 3), (TWICE, TWICE % 3)),
    "a list": ((400,), CLIMBING.tolist()),
    "a tuple in a tuple": ((400,), (tuple(TWICE.tolist()),)),
    "a mask of one place, and a tuple": ((5, 4), (np.arange(5) == 3, (0,) * 300)),
    "climbing from 0": ((400,), CLIMBING),
    "climbing from -1": ((400,), np.arange(-1, 400)),
    "one place, numbers of a row": ((5, 300), np.array([2])),
    "climbing from below 0": ((400,), np.arange(-300, 100)),
    "twice, one after the other": ((400,), TWICE),
    "twice, at the end": ((400,), np.append(CLIMBING, 299)),
    "twice, at the beginning": ((400,), np.append(0, CLIMBING)),
    "matrix of places, climbing rows": ((400,), np.stack([CLIMBING, CLIMBING])),
    "mask": ((20, 30), MASK),
    "mask of rows": ((20, 30), MASK[:, 0]),
    "mask and places": ((20, 300), (np.eye(20, dtype=bool)[3] | True, np.full(20, 5), None)),
    "mask and one place": ((300, 3), (np.ones(300, bool), 1)),
    "new axis": ((20, 30), (None, MASK)),
    "True": ((20, 30), True),
    "slices": ((20, 30), (slice(2, 15), slice(None, None, -1))),
    "slices and one place": ((20, 30, 40), (..., 3)),
    "no places": ((20, 30), np.zeros(0, int)),
}


def added(add, shape, index, values, dtype):
    out = np.zeros(shape, dtype)
    return add(out, values, index)


def reference(out, values, index):
    np.add.at(out, index, values)
    return out


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.longdouble, np.int64])
@pytest.mark.parametrize("name", CASES)
def test_adding_at_places_is_numpys(name, dtype):
    shape, index = CASES[name]
    seen = np.zeros(shape)[index].shape
    values = RNG.integers(-9, 9, seen).astype(dtype)
    found = added(scattering.add_at, shape, index, values, dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, added(reference, shape, index, values, dtype))


@pytest.mark.parametrize("number", [2.0, np.float64(2.0)])
def test_one_number_is_added_everywhere(number):
    out = scattering.add_at(np.zeros(400), number, TWICE)
    np.testing.assert_array_equal(out, reference(np.zeros(400), number, TWICE))


@pytest.mark.parametrize("rows", [3, 7])
def test_one_row_is_added_at_each_place(rows):
    row, places = RNG.integers(-9, 9, 300).astype(float), np.array([0, 2, 2, 1])
    out = scattering.add_at(np.zeros((rows, 300)), row, places)
    np.testing.assert_array_equal(out, reference(np.zeros((rows, 300)), row, places))


def test_one_row_is_added_at_each_row_of_places():
    row, places = np.ones((1, 300)), np.stack([TWICE, TWICE]).reshape(2, 1, 1, 300)
    out = scattering.add_at(np.zeros(300), row, places)
    np.testing.assert_array_equal(out, reference(np.zeros(300), row, places))


@pytest.mark.parametrize("place", [7, -8])
@pytest.mark.parametrize(("shape", "before"), [((7, 50), ()), ((50, 7), (ALL,))])
def test_a_place_beyond_the_end_is_an_error(place, shape, before):
    places = np.array([0, place, 1, 1, 2, 3, 4])
    with pytest.raises(IndexError, match=f"index {place} is out of bounds"):
        scattering.add_at(np.zeros(shape), np.ones((7, 50) if not before else (50, 7)),
                          (*before, places))  # fmt: skip


@pytest.mark.parametrize("place", [7, -8])
@pytest.mark.parametrize("columns", [(), (3,)])
def test_a_place_beyond_the_end_of_few_columns_is_an_error(place, columns):
    places = np.resize([0, 1, place, 1], 300)
    with pytest.raises(IndexError, match=f"index {place} is out of bounds"):
        scattering.add_at(np.zeros((7, *columns)), np.ones((300, *columns)), places)


@pytest.mark.parametrize(
    ("index", "basic"),
    [
        (3, True), (np.int64(3), True), (None, True), (..., True), (slice(2), True),
        ((1, None, slice(2), ...), True), (True, False), ((1, False), False), ([1], False),
        (np.arange(2), False), ((1, [1]), False),
    ],
)  # fmt: skip
def test_an_index_of_integers_slices_and_new_axes_is_basic(index, basic):
    assert scattering.is_basic(index) is basic
