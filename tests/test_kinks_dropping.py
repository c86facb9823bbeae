"""Which draws drop an entry."""

import numpy as np
import pytest

from microtensor.ops import dropping


class Draws:
    """A generator whose draws are known."""

    def random(self, shape):
        return np.resize([0.0, 0.5, 0.75], shape)


@pytest.mark.parametrize(
    ("p", "kept"), [(0.0, [1, 1, 1]), (0.5, [2, 0, 0]), (0.25, [4 / 3, 4 / 3, 0]), (1.0, [0, 0, 0])]
)
def test_an_entry_is_kept_where_the_draw_is_less_than_the_share_that_is(p, kept):
    y = dropping._noise(np.ones(3), p, Draws(), 0)
    np.testing.assert_array_equal(y, kept)
