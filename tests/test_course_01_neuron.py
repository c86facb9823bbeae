"""Chapter 1: each weighted sum is the article's, and NumPy's product of the same numbers."""

import re

import numpy as np
from chapters import reading
from worked_examples import published

ARTICLE = published("draelos2019.json")
X = np.array(ARTICLE["inputs"]["x"])
E, F, G = W = np.array(ARTICLE["inputs"]["W1_rows_E_F_G"], dtype=float)
BIAS = ARTICLE["inputs"]["b1"]
SUM_E = ARTICLE["published"]["weighted_sum_E"]
Z = ARTICLE["published"]["z"]


def test_the_numbers_of_the_chapter_are_those_of_the_article():
    with reading("course/01-a-neuron") as page:
        page.prints(r"weighted sum  (\S+)\nwith bias     (\S+)", SUM_E, Z[0])
        page.prints(r"E (\S+)   F (\S+)   G (\S+)", *Z)
        for told, z in zip(["2.7", "-11.67", "1.51"], Z, strict=True):
            page.shows(told, z)
        page.shows("0.5", X[0])
        page.shows("2.8", X[1])

        products = re.findall(r"^ *(\S+) times +(\S+) is +(\S+)$", page.printed, flags=re.M)
        assert len(products) == 4
        for (w_told, x_told, told), w, x in zip(products, F, X, strict=True):
            page.shows(w_told, w)
            page.shows(x_told, x)
            page.shows(told, w * x)
        page.shows("-8.4", min(F * X))

        page.prints(r"^(\S+)$", E @ X - SUM_E)
        assert page.names["b"].data == BIAS
        assert (page.names["hidden"].weight.data == W.astype("float32")).all()

        for a in (0, 1):
            page.shows(str(a), a)
            for b in (0, 1):
                told = f"({a}, {b}) both: {bool(a and b)}   at least one: {bool(a or b)}\n"
                assert told in page.printed
