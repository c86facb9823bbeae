"""The course's chapter on batches: every run again, with gradients written by hand."""

from __future__ import annotations

import timeit

import numpy as np
import pytest
from chapters import reading

from microtensor import data

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, 256)
Y = 1.5 * X + 0.5 + rng.normal(0, 0.8, 256)
ROWS = np.stack([X, np.ones(256)], axis=1)
BEST, (RESIDUE,), *_ = np.linalg.lstsq(ROWS, Y, rcond=None)


def above(way) -> float:
    """How far the error is above the least, on average over the places of a way."""
    return float(np.mean([np.mean((ROWS @ p - Y) ** 2) for p in np.reshape(way, (-1, 2))])) - (
        RESIDUE / 256
    )


def run(order, lrs) -> np.ndarray:
    """Gradient descent; for each epoch its rate and its batches of rows."""
    p = np.array([-1.0, -1.0])
    way = [p]
    for lr, batches in zip(lrs, order, strict=True):
        for rows in batches:
            p = p - lr * 2 * ROWS[rows].T @ (ROWS[rows] @ p - Y[rows]) / len(rows)
            way.append(p)
    return np.array(way)


def shuffled(size: int):
    rounds = data.batches(np.arange(256), size=size, rng=1)
    return [list(rounds) for _ in range(10)]


def test_the_chapter_runs_three_ways():
    with reading("course/08-batches") as page:
        page.prints(r"best w (\S+), best b (\S+), least error (\S+)", *BEST, RESIDUE / 256)
        page.shows("0.8", (0.8, 0.8))
        page.shows("0.64", 0.8**2)

        for name, size in (("batch", 256), ("minibatch", 16), ("stochastic", 1)):
            way, steps = run(shuffled(size), [0.05] * 10), 256 // size
            page.prints(
                rf"^{name} +(\d+) +(\S+) +(\S+)$",
                steps, above(way[steps]), above(way[-steps:]),
            )  # fmt: skip

        slopes = 2 * X * (-X - 1 - Y)  # of each row
        page.prints(r"all rows: (\S+)", slopes.mean())
        for size in (1, 4, 16, 64):
            spread = slopes.std() * np.sqrt((256 - size) / 255 / size)  # drawn without repeats
            far = 4 * spread / np.sqrt(500)
            page.prints(
                rf"^ *({size}) rows: mean +(\S+), spread (\S+)", size,
                (slopes.mean() - far, slopes.mean() + far), (0.88 * spread, 1.12 * spread),
            )  # fmt: skip

        # forward *, +, -, square, mean; backward two shares of the square and their sum, and for
        # each weight a sum, one of them after a product
        for size in (1, 16, 256):
            page.prints(rf"^ *({size}) rows: (\d+) calls, (\d+) op", size, 10, 10 * size)

        page.prints(r"^(-\S+) and (-\S+)$", slopes.mean(), slopes.mean())
        page.shows("0.7", (0.7, 0.7))
        falling = run(shuffled(1), 0.05 * 0.7 ** np.arange(10))[-1]
        page.prints(r"^above the least error: (\d\S+)", above(falling))
        in_order = [np.argsort(Y).reshape(16, 16)] * 10
        even = above(run(shuffled(16), [0.05] * 10)[-1])
        page.prints(r"sorted: (\S+), shuffled: (\S+)", above(run(in_order, [0.05] * 10)[-1]), even)


def test_the_claims_of_the_prose_hold():
    batch, mini, single = (run(shuffled(size), [0.05] * 10) for size in (256, 16, 1))
    assert above(batch[-1:]) > 0.2  # not there yet
    assert above(single[256:257]) < 0.2  # close within the first epoch
    assert above(single[-256:]) > 10 * above(mini[-16:])  # and then no closer
    falling = run(shuffled(1), 0.05 * 0.7 ** np.arange(10))[-1]
    assert above(falling) < above(single[-256:]) / 10
    in_order = run([np.argsort(Y).reshape(16, 16)] * 10, [0.05] * 10)[-1]
    assert above(in_order) > 10 * above(mini[-1:])


def test_numpy_adds_256_rows_in_the_time_of_a_few():
    few, many = np.ones(1), np.ones(256)
    seconds = [min(timeit.repeat(lambda x=x: x + x, number=500, repeat=30)) for x in (few, many)]
    assert seconds[1] < 3 * seconds[0]


@pytest.mark.parametrize("size", [16, 1])
def test_each_epoch_has_each_row_once(size):
    for epoch in shuffled(size):
        assert sorted(np.concatenate(epoch)) == list(range(256))
