"""The quizzes of the course on their pages: answered by keyboard, wrong and right."""

import pytest
from test_access import violations

from microtensor.teaching import quizzes
from microtensor.teaching.asking import is_right

ALL = {quiz.name: quiz for quiz in quizzes()}


def box_of(tab, name):
    """The number of a value's box."""
    return tab.evaluate("() => window.explorer.labels()").index(name)


def walk_to(tab, selector, most=200):
    """Press Tab until what is wanted has the focus, as somebody without a mouse does."""
    for _ in range(most):
        if tab.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {selector}")


def answer(tab, name, text):
    """Choose a box and type an answer, with the keyboard alone."""
    walk_to(tab, f'[data-box="{box_of(tab, name)}"]')
    tab.keyboard.press("Enter")
    walk_to(tab, "#answer")
    tab.keyboard.press("Control+a")
    tab.keyboard.type(text)
    tab.keyboard.press("Enter")


def test_a_quiz_is_answered_by_keyboard_alone(pages):
    quiz = ALL["used-twice"]
    tab = pages.open(quiz.page())
    answer(tab, "a", "15")
    assert "Not yet" in tab.locator(".verdict").inner_text()
    hint = tab.locator("#hint").inner_text()
    assert "∂L/∂a += ∂L/∂s × ∂s/∂a" in hint
    assert "∂L/∂a += ∂L/∂p × ∂p/∂a" in hint
    assert "Find ∂L/∂p first" in hint
    for k, (name, truth) in enumerate(quiz.answers.items(), 1):
        answer(tab, name, f"{truth:g}")
        assert f"{k} of 4 found" in tab.locator("#panel").inner_text()
    assert tab.locator(".card .grad").all_text_contents().count("?") == 0


def test_a_hint_next_to_the_output_is_its_slope_and_names_nothing_twice(pages):
    tab = pages.open(ALL["used-twice"].page())
    answer(tab, "p", "10")
    lines = [line for line in tab.locator("#hint").inner_text().splitlines() if "∂" in line]
    assert lines == ["∂L/∂p += 3"]


@pytest.mark.parametrize("quiz", ALL.values(), ids=ALL)
def test_every_blank_refuses_a_wrong_answer_hints_and_takes_the_right_one(pages, quiz):
    tab = pages.open(quiz.page())
    for k, (name, truth) in enumerate(quiz.answers.items(), 1):
        tab.locator(f'[data-box="{box_of(tab, name)}"]').dispatch_event("click")
        field = tab.locator("#answer")
        field.fill(str(truth + 0.5))
        field.press("Enter")
        assert "Not yet" in tab.locator(".verdict").inner_text(), name
        assert " += " in tab.locator("#hint").inner_text(), name
        assert k > 1 or violations(tab) == []
        field.fill(f"{truth:.4g}".replace("-", "−"))  # the minus of the page, too
        field.press("Enter")
        assert f"{k} of {len(quiz.answers)} found" in tab.locator("#panel").inner_text(), name


@pytest.mark.parametrize("text", ["0.5", "0.5002", "0.5004", "0.499", "0.49976", "−0.5", "0"])
def test_the_page_and_python_agree_on_what_is_right(pages, text):
    tab = pages.open(ALL["neuron"].page())
    answer(tab, "b", text)
    found = "1 of 9 found" in tab.locator("#panel").inner_text()
    assert found == is_right(float(text.replace("−", "-")), ALL["neuron"].answers["b"])


def test_a_wide_quiz_begins_at_its_output_where_it_can_be_read(pages):
    for width in (1280, 360):
        tab = pages.open(ALL["mazur"].page(), width=width)
        shown = tab.locator(f'[data-box="{box_of(tab, "E")}"]').bounding_box()
        canvas = tab.locator("#canvas").bounding_box()
        assert canvas["x"] < shown["x"]
        assert shown["x"] + shown["width"] <= canvas["x"] + canvas["width"]
        assert shown["height"] > 30  # three lines
