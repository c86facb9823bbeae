"""PyTorch's own operators on PyTorch's own samples: values, first and second derivatives.

Outside of the normal run: ``python -m pytest tests/conformance`` where PyTorch is installed.
What is spelled how stands in ``spellings_*.py``; what disagrees, and why, in ``disagreements.py``
and, written by ``python tests/conformance/page.py``, in ``docs/conformance.md``.
"""

import functools

import numpy as np
import operators
import page
import pytest
import spellings
from disagreements import DISAGREEMENTS, of
from left_out import LEFT_OUT_NAMES

import microtensor as mt
from microtensor import Value
from microtensor.primitives import registry

database = functools.cache(operators.database)


@functools.cache
def outcomes_of(name):
    """Compare all variants of one operator, once in a run."""
    return {
        operators.full_name(variant): operators.compare(
            variant, spellings.spelling_of(operators.full_name(variant))
        )
        for variant in database()[name]
    }


def complaints(outcomes_by_name, known):
    """Tell of samples that disagree and are not listed, and of listed ones that agree."""
    found = []
    for name, outcomes in outcomes_by_name.items():
        listed = known[name].samples if name in known else frozenset()
        wrong = {o.number: o.complaint for o in outcomes if o.complaint}
        new, stale = sorted(wrong.keys() - listed), sorted(listed - wrong.keys())
        found += [f"{name}, sample {n}: {wrong[n]}" for n in new]
        found += [f"{name}, sample {n} is listed as a disagreement, and agrees" for n in stale]
    return found


@pytest.mark.parametrize("name", spellings.NAMES)
def test_an_operator_agrees_on_every_sample_but_the_listed_ones(name):
    assert complaints(outcomes_of(name), DISAGREEMENTS) == []


def test_nearly_everything_agrees_and_the_page_says_so(capsys):
    figures = page.figures({name: outcomes_of(name) for name in spellings.NAMES})
    with capsys.disabled():
        print("\n" + page.summary(figures))
    assert figures.names >= 215
    assert figures.agreeing / figures.samples >= 0.985
    assert page.of_operators(figures) in page.PAGE.read_text(), "python tests/conformance/page.py"


def test_every_operator_is_spelled_or_left_out_with_a_reason():
    left_out = [name for names in LEFT_OUT_NAMES.values() for name in names]
    assert sorted([*spellings.NAMES, *left_out]) == sorted(database())


def test_every_disagreement_is_of_a_spelled_operator():
    variants = {operators.full_name(v) for name in spellings.NAMES for v in database()[name]}
    assert DISAGREEMENTS.keys() <= variants
    assert spellings.SPELLINGS.keys() <= variants | set(spellings.NAMES)


# What follows shows the comparison something wrong, and it must object.


def complaint_about(name, spelling):
    """Give the first complaint about a spelling of an operator, or nothing."""
    outcomes = operators.compare(database()[name][0], spelling)
    return next((o.complaint for o in outcomes if o.complaint), "")


def spoil(monkeypatch, fn, *rules):
    monkeypatch.setattr(registry[fn], "rules", rules)
    monkeypatch.setattr(registry[fn], "plain_rules", rules)


@pytest.mark.parametrize(("name", "spelling"), [("sin", np.sin), ("atan2", np.arctan2)])
def test_the_right_rule_is_accepted(name, spelling):
    assert complaint_about(name, spelling) == ""


def test_a_rule_of_the_wrong_sign_is_seen(monkeypatch):
    spoil(monkeypatch, np.sin, lambda g, y, x: -g * np.cos(x))
    assert complaint_about("sin", np.sin).startswith("argument 0: first is off")


def test_a_slightly_wrong_rule_of_one_argument_is_seen(monkeypatch):
    right, wrong = registry[np.arctan2].rules
    spoil(monkeypatch, np.arctan2, right, lambda *given: wrong(*given) * (1 + 1e-7))
    assert complaint_about("atan2", np.arctan2).startswith("argument 1: first is off")


def test_a_rule_that_is_right_only_once_is_seen(monkeypatch):
    plain = lambda x: x.data if isinstance(x, Value) else x
    spoil(monkeypatch, np.sin, lambda g, y, x: g * np.cos(plain(x)))
    assert complaint_about("sin", np.sin).startswith("argument 0: second is off")


def test_a_wrong_value_is_seen():
    assert complaint_about("sin", lambda x: np.sin(x) + 1e-8).startswith("value is off")


def test_a_spelling_that_loses_the_gradient_is_seen():
    detached = lambda x: Value(np.sin(x.data), requires_grad=False)
    assert complaint_about("sin", detached).startswith("argument 0: first is off")
    assert complaint_about("sin", lambda x: np.sin(x.data)).startswith("argument 0: first is off")


@pytest.mark.parametrize(
    ("name", "spelling", "complaint"),
    [
        ("sum", lambda x, dim=None: np.sum(x), "TypeError: <lambda>() got an unexpected"),
        ("sum", lambda x, **options: np.sum(x, keepdims=True), "value has shape (1,)"),
        ("sin", lambda x: np.sin(x).astype(np.float32), "value has dtype float32"),
        ("eq", lambda a, b: np.equal(a, b) * 1.0, "value has dtype float64"),
        ("eq", np.not_equal, "value differs"),
        ("chunk", lambda x, n, dim=0: [x], "1 outputs instead of"),
        ("lgamma", lambda x: mt.erf(x), "AttributeError"),
    ],
)  # fmt: skip
def test_other_faults_of_a_value_are_seen(name, spelling, complaint):
    assert complaint_about(name, spelling).startswith(complaint)


def test_infinity_and_nan_in_other_places_are_seen():
    theirs = operators.torch.tensor([np.nan, 1.0, np.inf], dtype=operators.torch.float64)
    told = [
        operators.difference("value", np.array(ours), theirs)
        for ours in ([np.nan, 1.0, np.inf], [2.0, 1.0, np.inf], [np.nan, 1.0, -np.inf],
                     [np.nan, np.nan, np.inf])
    ]  # fmt: skip
    other = "value is not infinite or nan in the same places"
    assert told == ["", other, other, "value is off by nan of its size"]


def test_a_small_result_is_compared_with_its_own_size():
    tenth, thousandth = (operators.torch.tensor([x]).double() for x in (0.1, 1e-3))
    assert operators.difference("first", thousandth.numpy() * (1 + 1e-8), thousandth)
    assert operators.difference("second", tenth.numpy() * (1 + 1e-6), tenth)
    assert not operators.difference("first", np.array([1e-15]), 0 * tenth)


def test_new_and_stale_disagreements_are_seen():
    outcomes = {"sin": [operators.Outcome(0, "", 2), operators.Outcome(1, "value is off", 0)]}
    assert complaints(outcomes, {}) == ["sin, sample 1: value is off"]
    assert complaints(outcomes, {"sin": of("sin", "1", "why")}) == []
    assert complaints(outcomes, {"sin": of("sin", "0-1", "why")}) == [
        "sin, sample 0 is listed as a disagreement, and agrees"
    ]
