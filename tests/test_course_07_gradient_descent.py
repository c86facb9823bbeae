"""The course's chapter on gradient descent: every end of a way by its own formula."""

from __future__ import annotations

import numpy as np
from chapters import reading
from worked_examples import published


def valley_slopes(w: np.ndarray) -> np.ndarray:
    return np.array([0.2, 4.0]) * w


def banana(w: np.ndarray) -> float:
    x, y = w
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def banana_slopes(w: np.ndarray) -> np.ndarray:
    x, y = w
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


def with_momentum(slopes, w, lr: float, mu: float, steps: int) -> np.ndarray:
    b = np.zeros(2)
    for _ in range(steps):
        b = mu * b + slopes(w)
        w = w - lr * b
    return w


def with_adam(slopes, w, lr: float, steps: int) -> np.ndarray:
    """Kingma and Ba's algorithm 1, with their constants."""
    m = s = np.zeros(2)
    for t in range(1, steps + 1):
        g = slopes(w)
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        w = w - lr * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return w


def test_the_chapter_skis_down_as_the_formulas_do():
    with reading("course/07-gradient-descent") as page:
        for lr in (0.01, 0.1, 0.5, 0.9, 1.1):
            end = 3 - 3 * (1 - 2 * lr) ** 20
            page.prints(rf"^rate +({lr}) +w after (20) steps +(\S+)", lr, 20, end)

        start = np.array([-4.5, 2.0])
        page.prints(r"^(-0\.9) (8\.0)$", *valley_slopes(start))
        for word, lr in (("small", 0.05), ("good", 0.42), ("large", 0.55)):
            u, v = start * (1 - np.array([0.2, 4]) * lr) ** 20
            page.prints(rf"{word}, (\S+) +ends at u = +(\S+), v = +(\S+)", lr, u, v)
        page.shows("0.2", valley_slopes(np.ones(2))[0])
        page.shows("0.42", (0, 2 / 4))
        page.shows("0.916", 1 - 0.2 * 0.42)
        page.shows("0.8", 1 - 1 / 5)
        page.prints(
            r"first step: (\S+) and (\S+)", *with_adam(valley_slopes, start, 0.4, 1) - start
        )

        rosenbrock = next(e for e in published("textbooks.json") if e["id"] == "rosenbrock_start")
        start, printed = np.array(rosenbrock["inputs"]["x0"]), rosenbrock["published"]
        page.prints(r"start: loss (\S+), slopes (\S+) and (\S+)", printed["f"], *printed["grad"])
        adam = banana(with_adam(banana_slopes, start, 0.1, 400))
        page.prints(
            r"plain +loss (\S+)", banana(with_momentum(banana_slopes, start, 0.001, 0, 400))
        )
        page.prints(r"momentum +loss (\S+)",
                    banana(with_momentum(banana_slopes, start, 0.001, 0.9, 400)))  # fmt: skip
        page.prints(r"Adam +loss (\S+)", adam)
        page.prints(r"^(0\.05\d+)$", adam)
        for text in ("0.1", "0.01"):  # rates to try
            page.shows(text, float(text))

        page.prints(r"^(\S+) and (\S+)$", 2 - 12 / 6, 2 - 12 / 3)
        page.prints(r"jumps to v = (\S+)", 2 * (1 - 4000 * 0.42))
        assert "Adam's ways are the same: True" in page.printed
        assert page.printed.rstrip().endswith("True")


def test_a_rate_that_is_too_large_leaves_the_valley_across_it():
    u, v = np.array([-4.5, 2.0]) * (1 - np.array([0.2, 4]) * 0.55) ** 20
    assert abs(u) < 4.5
    assert abs(v) > 2
