"""Chapter 3: arrays and single numbers against NumPy and the slopes of the sigmoid by hand."""

import numpy as np
from chapters import reading
from worked_examples import published

ARTICLE = published("draelos2019.json")
INPUTS = ARTICLE["inputs"]
W, X, B = np.array(INPUTS["W1_rows_E_F_G"]), np.array(INPUTS["x"]), INPUTS["b1"]
Z, A = np.array(ARTICLE["computed"]["z"], float), np.array(ARTICLE["computed"]["a"], float)


def test_the_numbers_of_the_chapter():
    with reading("course/03-the-matrix-form") as page:
        page.prints(r"^z \[(.*)\]$", Z)
        page.prints(r"^a \[(.*)\]$", A)
        for entry in [*W.ravel(), *X]:
            if entry % 1:
                page.shows(f"{entry:g}", entry)
        for told, z in zip(["2.7", "-11.67", "1.51"], ARTICLE["published"]["z"], strict=True):
            page.shows(told, z)
        page.prints(r"^(\(.*\)) times (\(.*\)) gives (\(.*\))$", [3, 4], [4], [3])
        assert (W.shape, X.shape, (W @ X).shape) == ((3, 4), (4,), (3,))
        page.prints(r"W of shape (.*)\n  x of shape (.*)", [3, 4], [3])

        few, inputs = W[[0, 2], :2], X[:2]
        a = 1 / (1 + np.exp(-(few @ inputs + B)))
        by_hand = np.outer(a * (1 - a), inputs)
        page.prints(r"^\[\[(.*)\]\n \[(.*)\]\]$", *by_hand)
        page.prints(r"^(0\S+) (0\S+)\n(0\S+) (0\S+)$", *by_hand.ravel())
        page.prints(r"^(\d+) boxes with arrays, (\d+) with numbers$", 3 + 4, 8 + 4 + 4 + 2 + 1)
        assert "100,352" in page.prose
        assert 128 * 28 * 28 == 100_352

        z = few @ inputs + B
        page.prints(r"^\[(\d.*)\]\n\[(\d.*)\]\n", z, z)
        page.shows("5.6", 2.8 / 0.5)
        page.prints(r"^\[(5.*)\]$", [5.6, 5.6])
        assert "\nTrue\n" in page.printed
        page.prints(r"^(\(2, 5\)) (\(2,\))\n(\d+)$", [2, 5], [2], 2 * 5 + 2)
