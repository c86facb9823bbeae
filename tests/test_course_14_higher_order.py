"""Chapter 14: Newton's steps by formulas of Rosenbrock's valley, the swing by Runge and Kutta."""

from itertools import pairwise

import numpy as np
from chapters import reading


def slope(x, y):
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


def curvature(x, y):
    return np.array([[2 - 400 * (y - 3 * x * x), -400 * x], [-400 * x, 200.0]])


def swing(times, steps=50):
    """u'' + 0.5 u' + u = 0 from rest at 1, by Runge's and Kutta's method of fourth order."""

    def rate(s):
        return np.array([s[1], -0.5 * s[1] - s[0]])

    state, places = np.array([1.0, 0.0]), [1.0]
    for h in np.diff(times) / steps:
        for _ in range(steps):
            a = rate(state)
            b = rate(state + h / 2 * a)
            c = rate(state + h / 2 * b)
            d = rate(state + h * c)
            state = state + h / 6 * (a + 2 * b + 2 * c + d)
        places.append(state[0])
    return np.array(places)


def test_newtons_steps_are_the_formulas_and_the_networks_keep_their_promises():
    with reading("course/14-higher-order") as page:
        names = page.names
        p = np.array([-1.2, 1.0])
        page.prints(r"^\[(-\S+ +-\S+) ?\]", slope(*p))
        page.prints(r"^\[\[ *(.*?)\]$", curvature(*p)[0])
        page.prints(r"^ \[ *(.*?)\]\]$", curvature(*p)[1])
        for step in range(7):
            value = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
            page.prints(rf"step ({step}): loss (\S+)", step, value)
            p = p - np.linalg.solve(curvature(*p), slope(*p))

        sizes = [1, 32, 32, 1]
        weights = sum(a * b + b for a, b in pairwise(sizes))
        assert f"{weights:,} weights" in " ".join(page.prose.split())
        # The rough one goes through the points; the smooth one is at least three times closer.
        page.prints(r"rough   from the points (\S+)   from the sine (\S+)", (0, 0.03), (0.04, 0.5))
        page.prints(r"smooth  from the points (\S+)   from the sine (\S+)", (0.04, 0.2), (0, 0.015))

        times = names["times"]
        np.testing.assert_allclose(names["exact"], swing(times), atol=1e-8)
        error = np.max(np.abs(names["u"](times).data - swing(times)))
        page.prints(r"largest error: (\S+)", error)
        assert error < 0.02
        page.prints(r"damping (\S+)", (0.45, 0.55))
        page.shows("0.5", 0.5)  # of the equation, as `swing` above has it
        assert page.printed.count("True") == 4
        assert "False" not in page.printed
