"""The course's chapter on classes: the follow-up article's numbers, and the losses' by formula."""

from __future__ import annotations

import numpy as np
import pytest
from chapters import reading
from worked_examples import published

LECTURES = {entry["id"]: entry for entry in published("lectures.json")}
Z = np.array(LECTURES["draelos2019_sigmoid_softmax"]["inputs"]["z"])
SIGMOID = 1 / (1 + np.exp(-Z))
SOFTMAX = np.exp(Z) / np.exp(Z).sum()


def test_the_chapter_tells_one_from_several():
    article = LECTURES["draelos2019_sigmoid_softmax"]
    with reading("course/09-many-classes") as page:
        names = ("pneumonia", "cardiomegaly", "nodule", "abscess")
        for name, score, a, b in zip(names, Z, SIGMOID, SOFTMAX, strict=True):
            page.prints(rf"^{name} +(\S+) +(\S+) +(\S+)$", score, a, b)
        page.prints(r"in all +(\S+) +(\S+)", SIGMOID.sum(), 1)
        printed = article["published"]["sigmoid"] + article["published"]["softmax"]
        assert page.names["each"].data == pytest.approx(printed[:4], abs=article["tolerance"])
        assert page.names["one"].data == pytest.approx(printed[4:], abs=article["tolerance"])
        for number in printed:  # as they were printed
            page.shows(f"{number:.2f}", number)
        page.shows("2.53", sum(printed[:4]))
        page.shows("0.3775", SIGMOID[0])
        page.shows("0.6953", SOFTMAX[3])

        truth = np.array([0, 0, 0, 1])
        page.prints(r"^loss (\S+), and (\S+)", *[-np.log(SOFTMAX[3])] * 2)
        page.prints(r"and 0\.\d+\ngradient (.*)", SOFTMAX - truth)
        truth = np.array([0, 1, 0, 1])
        bits = -np.log(np.where(truth, SIGMOID, 1 - SIGMOID)).sum()
        page.prints(r"^loss (\d\.\d{4})\ngradient (.*)", bits, SIGMOID - truth)

        s = 1 / (1 + np.exp(10))
        page.prints(r"squared error: (\S+)", 2 * (s - 1) * s * (1 - s))
        page.prints(r"cross-entropy: (\S+)", s - 1)
        page.prints(r"^(\[.*\]) (\S+)$", [1, 0, 0], 1000)  # log(e^1000 + 2) is 1000
        page.prints(r"^once (\S+)\ntwice (\S+)", np.log1p(3 * np.exp(-50)), np.log1p(3 / np.e))
        page.prints(r"probabilities of shape \((\d),\), the output of softmax", len(Z))
        page.prints(r"^(2\.\d+)$", np.log(10))
        page.prints(r"loss (\S+), accuracy (\S+)", (0, 0.12), (0.94, 1))

        worked = LECTURES["cs231n_softmax_grad"]
        for text, number in zip(("0.2", "−0.7", "0.5"), worked["published"]["df"], strict=True):
            page.shows(text, number)
        page.shows("0.3", worked["inputs"]["p"][1])
        page.prints(
            r"class (1): (.*)", worked["inputs"]["correct_class"], worked["published"]["df"]
        )
        assert "\nTrue\nFalse\nTrue\n" in page.printed
        page.prints(r"sigmoid (\S+), softmax (\S+)", 1 / (1 + np.exp(3)), 1 / 4)


def test_each_row_of_softmaxs_derivatives_sums_to_0_and_sigmoids_are_on_the_diagonal():
    with reading("course/09-many-classes") as page:
        mt, z = page.names["mt"], Z
        assert mt.jacobian(mt.softmax)(z).sum(axis=1) == pytest.approx(0, abs=1e-15)
        assert mt.jacobian(mt.sigmoid)(z) == pytest.approx(np.diag(SIGMOID * (1 - SIGMOID)))
        page.left.clear()
