"""Chapter 2: sigmoids, slopes and dead neurons, each from its formula written in NumPy."""

import numpy as np
from chapters import reading
from worked_examples import published

ARTICLE = published("draelos2019.json")
Z, A = ARTICLE["computed"]["z"], ARTICLE["computed"]["a"]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return np.exp(-z) / (1 + np.exp(-z)) ** 2


def ten(function, derivative, x):
    """Give the slopes through 1, 2, ... 10 functions in a row."""
    total, found = 1.0, []
    for _ in range(10):
        total *= derivative(x)
        x = function(x)
        found.append(total)
    return found


def learned(slope_on_the_left, bias, steps=1000):
    """Train the neuron of the chapter, with the derivative of its error worked out by hand."""
    w, b = 1.0, bias
    for _ in range(steps):
        z = 2 * w + b
        leak = 1.0 if z > 0 else slope_on_the_left
        a = leak * z
        g = 2 * (a - 1) * leak
        w, b = w - 0.1 * g * 2, b - 0.1 * g
    return a


def test_the_numbers_of_the_chapter_follow_from_the_formulas():
    with reading("course/02-nonlinearities") as page:
        for x in (-1.0, 0.0, 2.0):
            y = 5 * (3 * x - 2) + 1
            page.prints(rf"two neurons +({y:.1f})   one neuron +({y:.1f})", y, 15 * x - 9)
        for a in (0, 1):
            for b in (0, 1):
                page.prints(rf"^({a}) ({b}) -> (\d)$", a, b, a != b)

        for name, z, a in zip("EFG", Z, A, strict=True):
            page.prints(rf"{name}   z = +(\S+)   a = (\S+)", float(z), float(a))
        page.shows("2.7", float(Z[0]))
        page.shows("-11.67", float(Z[1]))
        a = float(A[0])
        page.prints(r"slope +(\S+)\na\(1 - a\) (\S+)", slope(2.7), a * (1 - a))
        page.shows("0.25", slope(np.linspace(-8, 8, 1001)).max())

        page.prints(r"^(\d\.\de-\d+)$", slope(-11.67))
        page.shows("0.5", page.names["x"].data)
        left = ten(sigmoid, slope, 0.5)
        for k in (1, 2, 5, 10):
            page.prints(rf"^ *({k}) sigmoids? +(\S+)$", k, left[k - 1])
        assert left[9] < 1e-6

        page.prints(r"relu, bias (-1) +(\S+)", -1, learned(0.0, -1.0))
        page.prints(r"relu, bias (-10) +(\S+)\nleaky", -10, learned(0.0, -10.0))
        page.prints(r"leaky_relu, bias -10 +(\S+)", learned(0.01, -10.0))
        page.shows("0.01", -page.names["mt"].leaky_relu(-1.0))

        page.shows("0.8", page.names["z"].data)
        page.prints(r"^(\S+) (\S+)$", 1 / np.cosh(0.8) ** 2, 1 - np.tanh(0.8) ** 2)
        page.prints(r"^(0\.\d\d)$", ten(np.tanh, lambda x: 1 / np.cosh(x) ** 2, 0.5)[9])


def test_one_of_two_is_out_of_reach_without_a_bend():
    """The four wishes are inequalities of w1, w2 and b whose sum says 0 > 0."""
    signs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]) * [[-1], [1], [1], [-1]]
    assert (signs.sum(axis=0) == 0).all()
