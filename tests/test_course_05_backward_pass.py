"""Chapter 5: every number is Mazur's, or has its further digits from the same file."""

import re

import numpy as np
import pytest
from chapters import reading
from worked_examples import published

ARTICLE = published("mazur2015.json")
PRINTED = ARTICLE["published"]
FIRST = ARTICLE["computed_first_pass"]
ROUNDS = ARTICLE["trajectories"]
SIMULTANEOUS = ROUNDS["simultaneous, biases fixed"]
INPUTS = ARTICLE["inputs"]


def first(name):
    return float(FIRST[name])


def error_at(w5):
    """Give the error for another w5, in NumPy."""
    W1, W2 = (np.array(INPUTS[k]) for k in ("W1_rows_h1_h2", "W2_rows_o1_o2"))
    W2[0, 0] = w5
    h = 1 / (1 + np.exp(-(W1 @ INPUTS["x"] + INPUTS["b1"])))
    out = 1 / (1 + np.exp(-(W2 @ h + INPUTS["b2"])))
    return 0.5 * np.sum((INPUTS["target"] - out) ** 2)


@pytest.fixture(scope="module")
def page():
    with reading("course/05-the-backward-pass") as page:
        yield page


def test_the_forward_pass(page):
    page.shows("0.751", first("out_o1"))
    page.shows("0.773", first("out_o2"))
    for target in INPUTS["target"]:
        page.shows(f"{target}", target)
    for name in ("net_h1", "out_h1", "out_h2", "net_o1", "out_o1", "out_o2"):
        page.prints(rf"^{name}  (\S+)$", first(name))
    errors = (first("E_o1"), first("E_o2"), first("E_total"))
    page.prints(r"^E_o1 +(\S+)\nE_o2 +(\S+)\nE +(\S+)$", *errors)
    page.shows("0.298371109", float(PRINTED["E_total"]))


def test_the_nudge(page):
    up, down = error_at(0.41), error_at(0.39)
    slope = (up - down) / 0.02
    numbers = (0.01, up, down, slope, first("dE_dw5"))
    page.prints(r"^w5 +(\S+) +(\S+) +(\S+) +(\S+) +(\S+) ✓$", *numbers)
    page.shows("0.082", slope)
    page.prints(r"^(\d+) nudged, all agree: True$", 8 + 2 + 2)


def test_the_chain_rule_in_words(page):
    page.shows("-0.741", -first("dE_dout_o1"))
    page.shows("0.741", first("dE_dout_o1"))
    page.shows("0.74136507", float(PRINTED["dE_dout_o1"]))
    page.shows("0.187", first("dout_o1_dnet_o1"))
    page.shows("0.593", first("out_h1"))
    page.shows("0.055399425", first("dEo1_dout_h1"))
    page.shows("-0.019049119", float(PRINTED["dEo2_dout_h1"]))
    page.shows("0.036350306", first("dE_dout_h1"))
    page.shows("0.241300709", first("dout_h1_dnet_h1"))
    page.shows("0.05", INPUTS["x"][0])
    page.shows("0.000438568", first("dE_dw1"))
    page.shows("0.1385", first("delta_o1"))
    page.shows("0.0381", -first("delta_o2"))


def test_the_explanations_are_the_articles(page):
    mt, step = page.names["mt"], page.names["forward"]
    page.names["restart"]()
    step = step()
    told = str(mt.explain(step["E"], wrt="w5", digits=9, names=step))
    miss, slope, out = (f"{first(k):.9f}" for k in ("dE_dout_o1", "dout_o1_dnet_o1", "out_h1"))
    listed = f"1 × (−{miss.rstrip('0')}) × (−1) × {slope} × {out}"
    assert f"= {listed}\n         = {first('dE_dw5'):.9f}\n" in told
    told = str(mt.explain(step["E"], wrt="w1", digits=9, names=step))
    assert "2 paths" in told
    assert told.rstrip().endswith("✓")
    assert float(re.findall(r"= ([\d.]+)e−4\n", told)[-1]) * 1e-4 == pytest.approx(first("dE_dw1"))


def test_all_gradients_and_the_update(page):
    page.shows("0.5", INPUTS["eta"])
    updated = ARTICLE["computed_updated_weights_simultaneous"]
    for k in range(1, 9):
        page.prints(rf"^dE/dw{k} +(\S+)$", first(f"dE_dw{k}"))
        page.prints(rf"^w{k}  (\S+)$", float(updated[f"w{k}"]))
    page.prints(r"^E +(0\.\d{12})$", SIMULTANEOUS["1"]["E_total"])


def test_where_the_articles_last_digits_come_from(page):
    page.prints(r"^E +(0\.2910279\d+)$", ROUNDS["sequential, biases fixed"]["1"]["E_total"])
    page.shows("0.291027924", float(PRINTED["E_after_first_round"]))
    w1 = float(ARTICLE["computed_updated_weights_sequential"]["w1"])
    page.prints(r"^used for w1 +(\S+)\nits gradient +(\S+)$", (0.15 - w1) / 0.5, first("dE_dw1"))
    assert "w5 was changed after multiply had used it" in page.printed


def test_the_exercises(page):
    page.prints(r"^(0\.10\d+) (0\.10\d+)$", first("dE_db2_shared"), first("dE_db2_shared"))
    shared = ROUNDS["simultaneous, a bias per layer"]["1"]["E_total"]
    page.prints(r"^(0\.285\d+)$", shared)
    assert shared < SIMULTANEOUS["1"]["E_total"]
    page.prints(r"^(0\.0\d{5}) (0\.9\d{5})$", *SIMULTANEOUS["1000"]["outputs"])
