"""The course's chapter on shared values and the order of the backward pass."""

from __future__ import annotations

import numpy as np
from chapters import reading
from worked_examples import published


def gradient_descent_on_a_bowl(*, empties: bool) -> float:
    """Twenty steps of size 0.1 down (w - 3)², where gradients may pile up."""
    w = pile = 0.0
    for _ in range(20):
        pile = 2 * (w - 3) + (0.0 if empties else pile)
        w -= 0.1 * pile
    return w


def test_the_chapter_tells_why_order_matters():
    mazur = published("mazur2015.json")
    printed, exact = mazur["published"], mazur["computed_first_pass"]
    names = "dEo1_dout_h1", "dEo2_dout_h1", "dE_dout_h1"
    with reading("course/06-why-order-matters") as page:
        page.prints(
            r"^ *(0\.0553\S+)\n *(-0\.019\S+)\n *(\S+) in all",
            *[float(exact[name]) for name in names],
        )
        for name in names:
            page.shows(printed[name], float(printed[name]))
        page.shows("0.055", float(printed["dEo1_dout_h1"]))
        page.shows("0.019", -float(printed["dEo2_dout_h1"]))

        paths = r"∂y/∂a: (\d) paths .*\n +(1)\. .*\n +(.*)\n +(2)\. .*\n +(.*)\n.*∂y/∂a = (\S+)"
        page.prints(paths, 2, 1, [2, 3, 1, 2 * 3 * 1], 2, [2, 1, 2 * 1], 2 * 3 + 2)

        # y = 8 a; whoever hands b on before c has given it 3, or never sees the long path
        page.prints(r"NearestFirst +b \+ c: (\d)   c \+ b: (\d)", 2 * 1, 8)
        page.prints(r"OnTheWayIn +b \+ c: (\d)   c \+ b: (\d)", 2 * 1, 8)
        page.prints(r"OnTheWayOut +b \+ c: (\d)   c \+ b: (\d)", 8, 8)
        example = (
            r"Value\((3\.0)\)\n +b = a \* (2)\n +c = b \* (3)\n(?:.*\n)+?.*expected (\d), got (\d)"
        )
        page.prints(example, 3, 2, 3, 2 + 2 * 3, 2 * 1)
        page.prints(r"^(\d{13})$", 2**40)

        page.prints(r"^(16\.0) (4\.0)$", 8 + 8, 1 + 3)
        page.prints(r"^(30\.0)$", 8 + 2 * (4 + 1 + 3 * (1 + 1)))  # q held 4, and q * 3 held 1
        page.prints(r"emptied (\S+), not emptied (\S+)", 3 - 3 * 0.8**20,
                    gradient_descent_on_a_bowl(empties=False))  # fmt: skip

        slope = 5 * 3 * 2 + 2
        page.prints(r"NearestFirst +(\d+)\n.*In +(\d+)\n.*Out +(\d+)", 2, slope, slope)
        page.prints(r"mended: (\S+)", 2 * 8)
        page.prints(r"^(\d+) paths, gradient (\d+)", 2**10, 1024 * 1.0**1023)


def test_without_emptying_the_ball_never_comes_to_rest():
    """The page's words: past 3 and back, for ever."""
    w, pile, places = 0.0, 0.0, []
    for _ in range(2000):
        pile += 2 * (w - 3)
        w -= 0.1 * pile
        places.append(w)
    late = np.array(places[-100:])
    assert late.min() < 0.5
    assert late.max() > 5.5
