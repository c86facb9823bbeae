"""Chapter 12: an operation, a layer, a loss and an optimizer, held against what they should be."""

import numpy as np
import pytest
from chapters import reading


def solved(M, e):
    """Kepler's equation by halving an interval, which knows nothing of derivatives."""
    low, high = M - 1, M + 1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle - e * np.sin(middle) < M else (low, middle)
    return (low + high) / 2


def test_its_numbers_are_keplers_and_the_fit_finds_what_was_hidden():
    with reading("course/12-your-own-parts") as page:
        names = page.names
        E, h = solved(1.0, 0.5), 1e-5
        assert names["kepler"](1.0, 0.5) == pytest.approx(E, abs=1e-12)
        slope = (solved(1.0, 0.5 + h) - solved(1.0, 0.5 - h)) / (2 * h)
        page.prints(r"the gradient of argument (\d) is wrong", 1)
        page.prints(r"expected  (\S+), by differences", (slope - 1e-8, slope + 1e-8))
        page.prints(r"got       (\S+), by its rules", np.sin(1.0) / (1 - 0.5 * np.cos(E)))

        page.shows("0.6", 1 / (1 + np.exp(-names["truth"].shape.data)))
        errors = np.delete(names["seen"] - names["truth"](names["t"]).data, names["wrong"], axis=0)
        assert 0.018 < np.std(errors) < 0.022
        page.shows("0.02", 0.02)
        assert pytest.approx(2500) == (1 / 0.02) ** 2
        page.prints(r"square: e = (\S+), a year of (\S+)", (0.61, 0.75), (2.4, 2.6))
        page.prints(r"cauchy: e = (\S+), a year of (\S+)", (0.58, 0.61), (2.49, 2.51))

        page.prints(r"(\d+) steps", 3 + 20 * 9)  # the first line of the loop, and twenty turns
        page.shows("0.9", 0.9)  # of the task, as it is set
        assert "False" not in page.printed
        assert page.printed.count("True") == 5
