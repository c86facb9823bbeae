"""What pooling does without a batch, with parts of any size, and at the bounds of its options."""

import numpy as np
import pytest

import microtensor as mt
from microtensor.errors import ArgumentError

RNG = np.random.default_rng(0)
LINE, IMAGE, SPACE = (RNG.standard_normal(s) for s in ((2, 6), (2, 6, 4), (2, 4, 4, 4)))

ALONE = {
    "max_pool1d": (lambda x: mt.max_pool1d(x, 2), LINE),
    "max_pool3d": (lambda x: mt.max_pool3d(x, 2), SPACE),
    "avg_pool1d": (lambda x: mt.avg_pool1d(x, 2), LINE),
    "avg_pool2d": (lambda x: mt.avg_pool2d(x, 2), IMAGE),
    "adaptive_avg_pool1d": (lambda x: mt.adaptive_avg_pool1d(x, 4), LINE),
    "adaptive_avg_pool2d": (lambda x: mt.adaptive_avg_pool2d(x, (4, 1)), IMAGE),
    "adaptive_max_pool1d, equal parts": (lambda x: mt.adaptive_max_pool1d(x, 3), LINE),
    "adaptive_max_pool1d": (lambda x: mt.adaptive_max_pool1d(x, 4), LINE),
    "adaptive_max_pool2d": (lambda x: mt.adaptive_max_pool2d(x, (4, 3)), IMAGE),
    "places of max_pool2d": (lambda x: mt.max_pool2d(x, 2, return_indices=True), IMAGE),
    "places of equal parts": (lambda x: mt.adaptive_max_pool2d(x, 2, return_indices=True), IMAGE),
    "places of parts": (lambda x: mt.adaptive_max_pool2d(x, 3, return_indices=True), IMAGE),
}


@pytest.mark.parametrize("name", ALONE)
def test_the_batch_may_be_left_out(name):
    f, x = ALONE[name]
    found, batch = f(x), f(np.stack([x, -x]))
    if not isinstance(found, tuple):
        found, batch = (found,), (batch,)
    assert len(found) == len(batch)
    for a, b in zip(found, batch, strict=True):
        np.testing.assert_array_equal(a, b[0])


def test_more_parts_than_places_see_places_again():
    x = np.array([[1.0, 3.0, 2.0]])
    np.testing.assert_array_equal(mt.adaptive_max_pool1d(x, 6), [[1, 1, 3, 3, 2, 2]])
    np.testing.assert_array_equal(mt.adaptive_avg_pool1d(x, 6), [[1, 1, 3, 3, 2, 2]])


def test_an_odd_kernel_is_padded_by_less_than_its_half():
    x = np.ones((1, 5))
    assert mt.max_pool1d(x, 3, 1, 1).shape == (1, 5)
    with pytest.raises(ArgumentError, match="the padding is more than half of the kernel"):
        mt.max_pool1d(x, 3, 1, 2)
