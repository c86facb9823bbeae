"""Datasets of one's own: whatever has a length and takes an index gives batches."""

import numpy as np
import pytest

from microtensor import data
from microtensor.errors import ArgumentError, ShapeError


class Squares:
    """The numbers from 0 to 6 and their squares; it counts what it was asked for."""

    def __init__(self):
        self.asked = []

    def __len__(self):
        return 7

    def __getitem__(self, i):
        assert type(i) is int
        self.asked.append(i)
        return np.full(2, float(i)), i * i


def test_a_dataset_gives_batches_of_its_examples():
    rounds = data.batches(Squares(), size=3, rng=0)
    assert len(rounds) == 3
    seen = list(rounds)
    assert [len(y) for _, y in seen] == [3, 3, 1]
    for x, y in seen:
        assert x.shape == (len(y), 2)
        np.testing.assert_array_equal(x[:, 0] ** 2, y)
    assert sorted(np.concatenate([y for _, y in seen])) == [i * i for i in range(7)]


def test_the_order_is_that_of_arrays_with_the_same_seed():
    x = np.arange(7)
    of_arrays = np.concatenate(list(data.batches(x, size=3, rng=4)))
    of_dataset = np.concatenate([y for _, y in data.batches(Squares(), 3, rng=4)])
    np.testing.assert_array_equal(of_arrays**2, of_dataset)


def test_examples_are_made_when_their_batch_is_wanted():
    dataset = Squares()
    rounds = iter(data.batches(dataset, size=2, shuffle=False))
    assert dataset.asked == []
    next(rounds)
    assert dataset.asked == [0, 1]


def test_a_pair_of_examples_is_taken_as_x_and_y():
    train = data.moons(10, rng=0)
    for one, two in zip(
        data.batches(train, size=4, rng=0), data.batches(*train, size=4, rng=0), strict=True
    ):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])


def test_collate_is_given_the_rows_of_arrays():
    seen = []
    rounds = data.batches(np.arange(4), [5, 6, 7, 8], 2, shuffle=False, collate=seen.append)
    assert list(rounds) == [None, None]
    assert seen == [[(0, 5), (1, 6)], [(2, 7), (3, 8)]]
    seen.clear()
    list(data.batches(np.arange(2), size=2, shuffle=False, collate=seen.append))
    assert seen == [[0, 1]]


def test_with_collate_a_list_is_a_dataset_of_whatever_it_holds():
    rounds = data.batches(["a", "bc", "d"], size=2, shuffle=False, collate="".join)
    assert list(rounds) == ["abc", "d"]


def test_dicts_tuples_and_numbers_are_stacked():
    examples = [{"x": np.ones(2), "y": (1, 2.0)}, {"y": (3, 4.0), "x": np.zeros(2)}]
    batch = data.stack(examples)
    assert list(batch) == ["x", "y"]
    assert batch["x"].tolist() == [[1, 1], [0, 0]]
    assert [part.tolist() for part in batch["y"]] == [[1, 3], [2, 4]]
    assert batch["y"][0].dtype == np.int64


HINT = "  Pass collate=, a function that makes a batch of a list of examples: it can pad them."
UNLIKE = [
    ([np.ones(2), np.ones(2), np.ones(3)], "shapes (2,)", "shapes (3,) in number 2"),
    ([(1, 2), (1,)], "lengths 2", "lengths 1 in number 1"),
    ([{"a": 1}, {"b": 1}], "keys ['a']", "keys ['b'] in number 1"),
]


@pytest.mark.parametrize(("examples", "expected", "got"), UNLIKE)
def test_examples_that_differ_are_named(examples, expected, got):
    with pytest.raises(ShapeError) as error:
        data.stack(examples)
    assert str(error.value) == (
        "batches: the examples of a batch do not fit together.\n"
        f"  expected  one of {expected}, like the first of the batch\n"
        f"  got       {got}\n" + HINT
    )


def test_an_empty_dataset_is_an_error():
    class Nothing(Squares):
        def __len__(self):
            return 0

    with pytest.raises(ArgumentError) as error:
        data.batches(Nothing(), size=2)
    assert str(error.value) == (
        "batches: there would be no batch at all.\n  expected  at least one row\n  got       0 rows"
    )
