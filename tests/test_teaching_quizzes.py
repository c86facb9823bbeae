"""The quizzes: their gradients are right by another way, wrong answers get the chain rule as a
hint, and nothing that is printed gives an answer away."""

import json
import math
import re

import numpy as np
import pytest
from worked_examples import published

import microtensor as mt
from microtensor.errors import ArgumentError
from microtensor.teaching import Quiz, quizzes
from microtensor.teaching.asking import is_right

ALL = {quiz.name: quiz for quiz in quizzes()}
EACH = pytest.mark.parametrize("quiz", ALL.values(), ids=ALL)
CHAPTERS = [
    "01-a-neuron", "05-the-backward-pass", "06-why-order-matters", "03-the-matrix-form",
    "09-many-classes", "02-nonlinearities",
]  # fmt: skip


def leaves_of(value):
    """The inputs of a graph by name, and how to compute its output with some of them changed."""
    return {n.label: float(n.value) for n in mt.viz.snapshot(value).nodes if n.op is None}


def test_there_are_six_and_each_goes_with_a_chapter():
    assert list(ALL) == ["neuron", "mazur", "used-twice", "layer", "cross-entropy", "dead-relu"]
    assert [quiz.chapter for quiz in ALL.values()] == CHAPTERS


# Are the gradients right?


@EACH
def test_gradients_of_all_that_was_put_in_are_those_of_nudges(quiz):
    for name, truth in quiz.answers.items():
        if name in leaves_of(quiz.value):
            (nudge,) = mt.nudge(quiz.value, name)
            assert nudge.slope == pytest.approx(truth, rel=1e-6, abs=1e-8), name


def test_a_neurons_gradients_are_those_of_the_formula():
    o = math.tanh(2 * -3 + 0 * 1 + 6.8813735870195432)
    slope = 1 - o * o
    assert slope == pytest.approx(0.5)
    expected = {"w1": 2 * slope, "w2": 0.0, "b": slope, "x1": -3 * slope, "x2": slope}
    assert {k: ALL["neuron"].answers[k] for k in expected} == pytest.approx(expected)


def test_mazurs_gradients_are_the_published_ones():
    article, answers = published("mazur2015.json")["published"], ALL["mazur"].answers
    printed = {
        "w5": "dE_dw5", "w1": "dE_dw1", "out_o1": "dE_dout_o1", "net_o1": "dEo1_dnet_o1",
        "out_h1": "dE_dout_h1",
    }  # fmt: skip
    for name, key in printed.items():
        assert answers[name] == pytest.approx(float(article[key]), abs=6e-10), name


def test_a_value_used_twice_has_both_contributions():
    # L = 3 (a + c) a, so that dL/da = 3 (2 a + c)
    assert ALL["used-twice"].answers == {"p": 3, "s": 3 * 2, "a": 3 * (2 * 2 + 3), "c": 3 * 2}


def test_a_layers_gradients_are_the_matrix_forms():
    W, x = np.array([[1.0, -2], [3, 1]]), np.array([2.0, 1])
    z = W @ x + [1, -1]
    error = z - [0, 4]
    answers = ALL["layer"].answers
    found = np.array([[answers["W11"], answers["W12"]], [answers["W21"], answers["W22"]]])
    np.testing.assert_array_equal(found, np.outer(error, x))
    assert [answers["x1"], answers["x2"]] == (W.T @ error).tolist()
    assert [answers["b1"], answers["b2"]] == error.tolist() == [1, 2]


def test_softmax_and_cross_entropy_end_in_chances_minus_one_hot():
    answers = ALL["cross-entropy"].answers
    assert [answers[f"z{k}"] for k in (1, 2, 3)] == pytest.approx([0.5 - 1, 0.25, 0.25])


def test_of_a_dead_relu_nothing_learns():
    answers = ALL["dead-relu"].answers
    assert answers["h2"] == 10
    assert [answers[k] for k in ("z2", "w2", "b2", "w4")] == [0, 0, 0, 0]
    assert all(answers[k] != 0 for k in ("z1", "w1", "b1", "w3"))


# Answering


@EACH
def test_the_true_gradients_are_right_and_so_are_four_digits_of_them(quiz):
    assert quiz.check(quiz.answers)
    assert quiz.check({name: f"{truth:.4g}" for name, truth in quiz.answers.items()})
    assert str(quiz.check({})) == f"✓ {quiz.title}: right"


@EACH
def test_each_wrong_answer_is_told_the_chain_rule(quiz):
    for name, truth in quiz.answers.items():
        verdict = quiz.check({**quiz.answers, name: truth + 0.5})
        assert not verdict
        first, *uses = verdict.explanation.splitlines()
        assert first.endswith(f"By the chain rule, each use of {name} contributes:")
        assert 1 <= len(uses) <= 2
        assert all(re.match(rf"  ∂\w+/∂\(?{re.escape(name)}\)? \+= ", use) for use in uses)


def test_the_first_wrong_answer_from_the_output_is_explained():
    verdict = ALL["used-twice"].check({"a": 9, "p": 9, "s": 9})
    assert str(verdict) == (
        "✗ A value used twice\n"
        "  ∂L/∂p is not 9. By the chain rule, each use of p contributes:\n"
        "    ∂L/∂p += the slope of L by p, all else kept still"
    )


def test_names_that_are_products_stand_in_brackets():
    verdict = ALL["layer"].check({"W11": 0})
    assert "∂L/∂W11 += ∂L/∂(W11·x1) × ∂(W11·x1)/∂W11" in str(verdict)


@EACH
def test_blanks_are_asked_after_all_that_uses_them(quiz):
    place = {name: k for k, name in enumerate(quiz.blanks)}
    taken = mt.viz.snapshot(quiz.value)
    label = {node.id: node.label for node in taken.nodes}
    assert len(set(label.values())) == len(label), "two values have one name"
    for edge in taken.edges:
        if label[edge.src] in place and edge.dst != taken.root:
            assert place[label[edge.dst]] < place[label[edge.src]]


@pytest.mark.parametrize(
    ("answer", "truth", "right"),
    [(0.1235, 0.12345, True), (0.124, 0.12345, False), (1000.4, 1000, True), (0, 0, True),
     (1001, 1000, False), (1e-5, 0, False), (0, 1e-5, False), (-0.5, 0.5, False)],
)  # fmt: skip
def test_four_digits_are_right_and_zero_is_exact(answer, truth, right):
    assert is_right(answer, truth) is right


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"q": 1}, "check: nothing in this quiz that has a gradient is called 'q'.\n"
                   "  expected  some of p, s, a, c\n  got       'q'"),
        ({"a": "much"}, "check: the answer for 'a' is no number.\n"
                        "  expected  a number, such as 0.25\n  got       'much'"),
        ({"a": None}, "check: the answer for 'a' is no number.\n"
                      "  expected  a number, such as 0.25\n  got       None"),
    ],
)  # fmt: skip
def test_what_is_no_answer_says_so(answers, message):
    with pytest.raises(ArgumentError) as error:
        ALL["used-twice"].check(answers)
    assert str(error.value) == message


def of(graph):
    return Quiz("mine", "Mine", "Find them.", graph)


def same_names():
    x = mt.Value(2.0, name="x")
    return x * mt.Value(3.0, name="x")


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (lambda: (mt.Value([1.0, 2.0], name="x") * 2).sum(),
         "Quiz: the gradients that are asked for must be single numbers.\n"
         "  expected  a graph of numbers that ends in one number\n  got       arrays: t3, x\n"
         "  mt.unroll(value) gives the numbers behind arrays."),
        (lambda: mt.Value(2.0, name="x"),
         "Quiz: the gradients that are asked for must be single numbers.\n"
         "  expected  a graph of numbers that ends in one number\n"
         "  got       nothing that has a gradient"),
        (same_names,
         "Quiz: two values have one name, so that an answer could be for either.\n"
         "  expected  a name for each\n  got       x more than once"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_so(graph, message):
    with pytest.raises(ArgumentError) as error:
        of(graph).check({})
    assert str(error.value) == message


def test_arrays_are_asked_number_by_number():
    W, x = mt.Value([[1.0, 2.0]], name="W"), mt.Value([3.0, 4.0], name="x")
    quiz = of(lambda: mt.unroll((W @ x).sum() * 2))
    assert quiz.chapter == ""
    assert {k: v for k, v in quiz.answers.items() if k[0] in "Wx" and "·" not in k} == {
        "W[0,0]": 6, "W[0,1]": 8, "x[0]": 2, "x[1]": 4,
    }  # fmt: skip


# Showing


@EACH
def test_printing_a_quiz_hides_its_answers(quiz):
    shown = str(quiz) + repr(quiz) + quiz._repr_html_()
    assert quiz.title in shown
    assert not re.search(r"∂[^,\s]+ =", shown)
    for number in (f"{truth:.4g}" for truth in quiz.answers.values()):
        assert "." not in number or number not in shown
    assert max(map(len, str(quiz).splitlines())) <= 80


@EACH
def test_the_page_asks_for_the_same_gradients(quiz, tmp_path):
    page = quiz.page(tmp_path / "page.html", theme="dark")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="graph">(.*?)</script', text, re.S)[1])
    assert data["quiz"] is True
    assert data["title"] == quiz.title
    assert data["theme"] == "dark"
    asked = {
        n.label: n.grad for n in page.taken.nodes if n.grad is not None and n.id != page.taken.root
    }
    assert asked == quiz.answers
