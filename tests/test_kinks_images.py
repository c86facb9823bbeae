"""How images that keep their size, or nearly, are interpolated."""

import numpy as np

import microtensor as mt

X = np.array([[[1.0, 2.0, 4.0, 8.0]]])


def test_a_factor_that_adds_no_place_moves_the_places_that_are_there():
    """Place i of 4 lies at (i + 1/2) / 1.2 - 1/2, as PyTorch has it."""
    found = mt.interpolate(X, scale_factor=1.2, mode="linear")
    at = np.maximum((np.arange(4) + 0.5) / 1.2 - 0.5, 0)
    np.testing.assert_allclose(found[0, 0], np.interp(at, np.arange(4), X[0, 0]), rtol=1e-15)


def test_images_that_keep_their_size_are_not_mixed():
    x = np.array([[[1.0, np.inf, np.nan]]])
    for options in ({"size": 3}, {"scale_factor": 1}, {"size": 3, "align_corners": True}):
        np.testing.assert_array_equal(mt.interpolate(x, mode="linear", **options), x)
