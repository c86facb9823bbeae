"""Chapter 4: the article's output, and the same network for other inputs in NumPy."""

import re

import numpy as np
from chapters import reading
from worked_examples import published

ARTICLE = published("draelos2019.json")
INPUTS, COMPUTED = ARTICLE["inputs"], ARTICLE["computed"]
X, W1 = np.array(INPUTS["x"]), np.array(INPUTS["W1_rows_E_F_G"])
W2, B1, B2 = np.array(INPUTS["w_out_E_F_G"], dtype=float), INPUTS["b1"], INPUTS["b_out"]
OUTPUT = float(COMPUTED["output"])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def network(x, w2=W2):
    return sigmoid(w2 @ sigmoid(W1 @ x + B1) + B2)


def test_the_numbers_of_the_chapter():
    with reading("course/04-the-forward-pass") as page:
        page.prints(r"^output (\S+)$", OUTPUT)
        page.shows("0.3882", ARTICLE["published"]["output"])
        page.shows("0.388", OUTPUT)
        E, F, _ = map(float, COMPUTED["a"])
        page.shows("8.55e-6", F)
        page.shows("0.00000855", F)
        page.shows("0.937", E)

        cases = [X, np.add(X, [0, 0, 1, 0]), X * [1, 0, 1, 1]]
        for case in cases:
            told = re.escape(str(case.tolist()).replace("-0.0,", "0.0,"))
            page.prints(rf"^({told}) -> (\S+)$", case, network(case))
        hidden = [sigmoid(W1 @ case + B1)[2] for case in cases[:2]]
        assert hidden[0] > 0.5 > hidden[1]  # G's yes is taken away

        page.prints(r"^(-\d\.\d{3})$", float(COMPUTED["z_out"]))
        page.prints(r"^(0\.\d{6})$", OUTPUT - network(X, W2 * [1, 0, 1]))
        page.prints(r"^(15) (\d+)$", W1.size + W2.size, 784 * 128 + 128 * 10)


def test_the_explanations_of_the_chapter_hold_the_articles_numbers():
    with reading("course/04-the-forward-pass") as page:
        page.left.clear()
        mt, output = page.names["mt"], page.names["forward"](page.names["x"])
        told = str(mt.explain(output, gradients=False))
        assert "z1 = t1 + b1 = [2.7, −11.67, 1.51]" in told
        assert told.count("\n") == 6
        assert f"output = σ(z2) = σ(−0.4549) = {OUTPUT:.4f}" in told
        told = str(mt.explain(mt.unroll(output), gradients=False))
        sums = (" = 4.7 + (−2) = 2.7", " = (−9.67) + (−2) = −11.67", " = 3.51 + (−2) = 1.51")
        assert all(line in told for line in sums)
