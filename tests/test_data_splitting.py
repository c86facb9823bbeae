"""Splits: every row in one part at most, the parts as large as asked, classes shared out evenly."""

import numpy as np
import pytest

from microtensor import data
from microtensor.data.splitting import _table
from microtensor.errors import ArgumentError, ShapeError

X, Y = np.arange(40).reshape(20, 2), np.arange(20)


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        ((0.8, 0.2), [16, 4]),
        ((0.7, 0.2, 0.1), [14, 4, 2]),
        ((1 / 3, 1 / 3, 1 / 3), [7, 7, 6]),
        ((0.5, 0.25), [10, 5]),
        ((1.0,), [20]),
        ((12, 8), [12, 8]),
        ((3, 2, 1), [3, 2, 1]),
        (np.array([5, 15]), [5, 15]),
    ],
    ids=str,
)
def test_parts_are_as_large_as_asked_and_share_no_row(sizes, counts):
    parts = data.split(X, Y, sizes, rng=0)
    assert [len(part.y) for part in parts] == counts
    rows = np.concatenate([part.y for part in parts])
    assert len(set(rows.tolist())) == len(rows)
    for x, y in parts:
        np.testing.assert_array_equal(x, X[y])


def test_chance_decides_and_a_seed_repeats_it():
    one, two, three = (data.split(X, Y, (0.5, 0.5), rng=n)[0].y.tolist() for n in (0, 0, 1))
    assert one == two != three
    assert one != sorted(one)


def test_each_row_is_as_likely_in_each_part():
    rng = np.random.default_rng(0)
    count = np.zeros(20)
    for _ in range(2000):
        count[data.split(X, Y, (5, 15), rng=rng)[0].y] += 1
    # 2000 draws of 1/4: a deviation of 19.4, and five of them are seldom
    assert np.abs(count - 500).max() < 5 * 19.4


def tables(seed, count=300):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        classes = rng.integers(0, 12, rng.integers(1, 8))
        rows = int(classes.sum())
        if rows:
            cuts = np.sort(rng.integers(0, rows + 1, rng.integers(1, 6)))
            yield classes, np.diff([0, *cuts, rows]).tolist()


def is_even(table, classes, parts):
    share = np.outer(classes, parts) / sum(parts)
    return (
        (table.sum(axis=0) == parts).all()
        and (table.sum(axis=1) == classes).all()
        and (np.abs(table - share) < 1).all()
    )


def test_each_class_has_its_share_of_each_part_up_to_rounding():
    assert all(is_even(_table(*given), *given) for given in tables(0))


def test_rounding_each_class_alone_would_be_seen():
    """Such as scikit-learn's older way, where the parts' sizes are not met."""

    def alone(classes, parts):
        shares = np.outer(classes, parts) / sum(parts)
        low = np.floor(shares).astype(int)
        for row, rest in enumerate(classes - low.sum(axis=1)):
            low[row, np.argsort(low[row] - shares[row], kind="stable")[:rest]] += 1
        return low

    assert not all(is_even(alone(*given), *given) for given in tables(0))


@pytest.mark.parametrize("names", [np.arange(3), np.array(["b", "a", "c"]), [7, -1, 3]])
def test_stratified_parts_hold_the_classes_in_proportion(names):
    y = np.repeat(names, [50, 30, 20])
    parts = data.split(np.arange(100), y, (0.7, 0.2, 0.1), stratify=True, rng=0)
    for part, share in zip(parts, (7, 2, 1), strict=True):
        assert [int((part.y == name).sum()) for name in names] == [5 * share, 3 * share, 2 * share]
        np.testing.assert_array_equal(y[part.x], part.y)


def test_other_classes_than_y_can_be_shared_out():
    groups = np.arange(20) % 2
    train, test = data.split(X, Y, (10, 10), stratify=groups, rng=0)
    assert groups[train.y].sum() == groups[test.y].sum() == 5


NO_SIZES = (
    "split: the sizes are none of parts.\n"
    "  expected  fractions of at most 1 in all, or counts of at most 20 rows in all\n"
    "  got       {}\n"
    "  As in split(x, y, (0.8, 0.2))."
)
ROWS = "split: x, y and classes must have the same number of rows.\n"
WRONG = [
    ((X, Y, (0.8, 0.3)), {}, ArgumentError, NO_SIZES.format("(0.8, 0.3)")),
    ((X, Y, (15, 6)), {}, ArgumentError, NO_SIZES.format("(15, 6)")),
    ((X, Y, (-1, 6)), {}, ArgumentError, NO_SIZES.format("(-1, 6)")),
    ((X, Y, (float("nan"), 0.5)), {}, ArgumentError, NO_SIZES.format("(nan, 0.5)")),
    ((X, Y, ()), {}, ArgumentError, NO_SIZES.format("()")),
    ((X, Y, 0.8), {}, ArgumentError, NO_SIZES.format("0.8")),
    ((X, Y, ("a",)), {}, ArgumentError, NO_SIZES.format("('a',)")),
    (
        (X, Y, (0.98, 0.02)),
        {},
        ArgumentError,
        "split: a part would have no row.\n"
        "  expected  at least one row in each part\n"
        "  got       parts of [20, 0] rows, of 20",
    ),
    (
        (X, Y[:19], (0.5, 0.5)),
        {},
        ShapeError,
        ROWS + "  expected  arrays whose first axis counts the examples\n"
        "  got       x of shape (20, 2), y of shape (19,)",
    ),
    (
        (X, Y, (0.5, 0.5)),
        {"stratify": [0, 1]},
        ShapeError,
        ROWS + "  expected  arrays whose first axis counts the examples\n"
        "  got       x of shape (20, 2), y of shape (20,), 2 classes",
    ),
    (
        (X, X, (0.5, 0.5)),
        {"stratify": True},
        ShapeError,
        "split: stratify wants one class per row.\n"
        "  expected  classes of shape (N,)\n"
        "  got       y of shape (20, 2)",
    ),
]


@pytest.mark.parametrize(("args", "options", "kind", "message"), WRONG)
def test_splits_that_cannot_be_are_an_error(args, options, kind, message):
    with pytest.raises(kind) as error:
        data.split(*args, **options)
    assert str(error.value) == message
