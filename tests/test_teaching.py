"""The grader: it passes what is right, objects to what is not, says why, and is never broken by an
engine."""

import functools
import inspect
import json
import math
import sys
import time
import types

import numpy as np
import pytest
from broken_engines import BROKEN, Overwrites, SkewedGradients, SkewedNumbers, StartsAtOne
from sound_engines import Arrays, Recursive, Sound

import microtensor as mt
from microtensor import micrograd
from microtensor.teaching import check
from microtensor.teaching.behaviours import NOTHING, agrees, result
from microtensor.teaching.chapters import CHAPTERS
from microtensor.teaching.chapters.operations import CONSTANTS, OPERATIONS, difference
from microtensor.teaching.limits import StoppedError, at_most

BEHAVIOURS = [behaviour for chapter in CHAPTERS for behaviour in chapter.behaviours]


graded = functools.cache(check)


def names(results):
    return [result.name for result in results]


# What is right passes


def test_this_library_passes_everything():
    report = check(mt.Value)
    assert report, str(report)
    assert {r.status for r in report} == {"right", "told"}
    assert len(report.graded) == len(BEHAVIOURS) - 2
    assert names(r for r in report if r.status == "told") == ["1 / 0", "log of 0"]


def test_the_drop_in_for_micrograd_passes():
    report = check(micrograd.Value)
    assert report, str(report)
    assert {r.chapter for r in report if r.status == "not offered"} == {"Arrays"}
    assert names(check(micrograd, "Functions", "Edges")) == names(
        r for r in report if r.chapter in ("Functions", "Edges")
    )


def test_a_sound_engine_passes_what_it_offers():
    report = check(Sound, *(chapter.name for chapter in CHAPTERS if chapter.name != "Size"))
    assert report, str(report)
    assert {r.chapter for r in report if r.status == "not offered"} == {
        "Arrays",
        "Second derivatives",
    }
    assert check(Arrays, "Arrays")


# What is not right does not


def test_micrograds_limits_are_found():
    report = check(Recursive)
    assert not report
    assert names(report.failures) == [
        "a ** 0 is 1 and flat, at 0 too",
        "a second backward does not count inner values twice",
        "two outputs can share a part of their graphs",
        "backward from an inner value, then from the output",
        "a sum of 10,000 terms has no depth limit",
        "a sum of 100,000 terms has none either",
    ]
    not_offered = {r.name for r in report if r.status == "not offered"}
    assert {"a ** b has slopes in both", "2 ** a has the slope 2**a * log(2)"} < not_offered
    assert report["a ** 0 is 1 and flat, at 0 too"].raised.startswith("ZeroDivisionError: ")
    assert "Answer n == 0 first" in report["a ** 0 is 1 and flat, at 0 too"].explanation
    twice = report["two outputs can share a part of their graphs"]
    assert (twice.compared[0].expected, twice.compared[0].got) == (16.0, 22.0)
    assert "Let backward set the gradients of inner values" in twice.explanation
    deeper = report["a sum of 100,000 terms has none either"]
    deep = report["a sum of 10,000 terms has no depth limit"]
    assert (deeper.raised, deeper.explanation) == (deep.raised, deep.explanation)
    assert deep.raised.startswith("RecursionError")
    assert "Keep a stack of your own" in deep.explanation


@pytest.mark.parametrize(("engine", "chapters", "first", "words", "others"), BROKEN)
def test_a_broken_engine_is_objected_to_and_its_fault_named(engine, chapters, first, words, others):
    report = graded(engine, *chapters)
    assert names(report.failures)[0] == first, str(report)
    assert set(names(report.failures)) == {first, *others}
    assert words in report.failures[0].explanation


def test_every_behaviour_has_an_engine_that_it_objects_to():
    engines = [(engine, chapters) for engine, chapters, *_ in BROKEN]
    engines += [(SkewedNumbers, ()), (SkewedGradients, ()), (StartsAtOne, ("Slopes",))]
    seen = {r.name for engine, chapters in engines for r in graded(engine, *chapters).failures}
    assert [b.name for b in BEHAVIOURS if b.graded and b.name not in seen] == []


def test_a_cause_is_named_only_where_the_numbers_are_those_of_the_mistake():
    for engine in (SkewedNumbers, SkewedGradients):
        for failure in graded(engine).failures:
            behaviour = next(b for b in BEHAVIOURS if b.name == failure.name)
            if failure.raised.startswith("not tried, since "):
                behaviour = next(b for b in BEHAVIOURS if b.name == behaviour.after)
            assert failure.explanation == behaviour.why


# The behaviours


def test_every_behaviour_has_a_name_of_its_own_and_an_explanation():
    assert len({b.name for b in BEHAVIOURS}) == len(BEHAVIOURS) == 90
    for b in BEHAVIOURS:
        assert len(b.why) > 40, b.name
        assert len(b.example.splitlines()) <= 9, b.name
        assert len(b.compared) == len(b.expected), b.name
        assert all(len(key) == len(b.expected) for key, _ in b.mistakes if isinstance(key, tuple))


@pytest.mark.parametrize("behaviour", [b for b in BEHAVIOURS if b.graded], ids=lambda b: b.name)
def test_the_code_that_is_shown_gives_what_is_expected(behaviour):
    if behaviour.name.startswith("a sum of 100,000"):
        assert behaviour.body.replace("100_000", "10_000") in {b.body for b in BEHAVIOURS}
        return
    functions = {name: lambda v, name=name: getattr(v, name)() for name in behaviour.functions}
    known = {"Value": mt.Value, "np": np, **functions}
    with np.errstate(all="ignore"):
        exec(behaviour.example, known)  # as a reader would, who copies it
        of_the_text = result(tuple(eval(what, known) for what in behaviour.compared))
        of_the_code = result(behaviour.run(mt.Value, *functions.values()))
    assert all(map(agrees, of_the_text, behaviour.expected))
    assert all(map(agrees, of_the_code, behaviour.expected))


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda b: b.name)
def test_a_mistake_that_is_known_is_a_mistake(behaviour):
    for key, _ in behaviour.mistakes:
        if isinstance(key, tuple):
            numbers = [0.0 if number is NOTHING else number for number in key]
            assert not all(map(agrees, numbers, behaviour.expected))


def test_slopes_of_the_table_are_those_of_calculus():
    by_text = {op.text: op for op in OPERATIONS}
    exact = {"a + b": (1, 1), "a - b": (1, -1), "a * b": (2, 3), "a / b": (0.5, -0.75)}
    exact |= {"-a": (-1,), "a ** 3": (12,)}
    for text, slopes in exact.items():
        op = by_text[text]
        got = [difference(op.compute, op.at, i) for i in range(len(op.at))]
        assert got == pytest.approx(slopes, abs=1e-8)
    for text, f, _ in CONSTANTS:
        assert f(4.0) == eval(text, {"a": 4.0})


@pytest.mark.parametrize(
    ("got", "expected", "answer"),
    [
        (3.0, 3.0, True),
        (np.float32(0.1), 0.1, True),
        (3.001, 3.0, False),
        (None, 3.0, False),
        (None, NOTHING, True),
        (0.0, NOTHING, True),
        (1.0, NOTHING, False),
        ("0", NOTHING, False),
        (math.inf, math.inf, True),
        (math.nan, 3.0, False),
        (math.nan, math.nan, True),
        (True, True, True),
        (1.0, True, False),
        ("3.0", 3.0, False),
        (np.ones(3), np.ones(3), True),
        (np.ones((1, 3)), np.ones(3), False),
        (2.0, np.full(3, 2.0), False),
        (np.ones(2), 1.0, False),
        (np.ones(1), 1.0, True),
    ],
)
def test_results_are_compared_by_number_and_shape(got, expected, answer):
    assert agrees(got, expected) is answer


# Engines that misbehave


class Silent(Sound):
    def __init__(self, *args):
        raise SystemExit("no")


class Loud(Sound):
    def backward(self):
        print("backward!")
        super().backward()


class Swallows(Sound):
    def backward(self):
        while True:
            try:
                self.nothing()
            except Exception:
                continue


class SlowInside(Sound):
    """Few lines, each of which takes long."""

    def backward(self):
        for _ in range(100_000):
            sum(range(30_000))


class Endless(Sound):
    def __init__(self, *args):
        super().__init__(*args)
        self.backward()

    def backward(self):
        self.backward()


def test_an_engine_that_leaves_the_program_is_graded_all_the_same():
    report = check(Silent, "Values")
    assert len(report.failures) == len(report)
    line = inspect.getsourcelines(Silent)[1] + 2
    assert report.failures[0].raised == f"SystemExit: no (test_teaching.py, line {line})"


@pytest.mark.parametrize("engine", [Swallows, Endless])
def test_an_engine_without_end_is_stopped(engine):
    before = sys.gettrace(), sys.getrecursionlimit()
    report = check(engine, "Order")
    assert len(report.failures) == 4
    assert (sys.gettrace(), sys.getrecursionlimit()) == before


def test_long_work_inside_of_single_lines_is_stopped():
    start = time.process_time()
    with pytest.raises(StoppedError), at_most(10**9, seconds=0.05):
        SlowInside(1.0).backward()
    assert time.process_time() - start < 5


def test_calls_can_be_counted_instead_of_lines():
    def lines():
        for _ in range(1000):
            pass

    with at_most(10, by_lines=False):
        lines()
    with pytest.raises(StoppedError), at_most(10):
        lines()

    def calls():
        for _ in range(20):
            lines()

    with pytest.raises(StoppedError), at_most(10, by_lines=False):
        calls()


def test_what_an_engine_prints_stays_out_of_sight(capsys):
    assert check(Loud, "Again")
    assert capsys.readouterr().out == ""


def test_ctrl_c_is_not_caught():
    class Interrupted(Sound):
        def backward(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(Interrupted, "Slopes")


def test_functions_beside_the_class_are_found():
    module = types.ModuleType("mine")
    module.Value = type("Bare", (Sound,), {"tanh": None})
    module.tanh = Sound.tanh
    report = check(module, "Functions")
    assert report
    assert report["tanh has the slope 1 - tanh(a)**2"].example.splitlines()[1] == "y = tanh(a)"
    as_method = check(Sound, "Functions")["tanh has the slope 1 - tanh(a)**2"]
    assert as_method.example.splitlines()[1] == "y = a.tanh()"


def test_a_function_that_makes_values_will_do():
    assert check(lambda number: mt.Value(number), "Values", "Arrays")


@pytest.mark.parametrize(
    ("engine", "got"),
    [(3, "a int"), (mt.Value(1.0), "a Value"), (types, "types, which has none")],
)
def test_what_is_no_engine_is_refused(engine, got):
    with pytest.raises(mt.errors.ArgumentError) as error:
        check(engine)
    assert str(error.value) == (
        "check: an engine is needed.\n"
        "  expected  a class such as Value, or a module that has a class named Value\n"
        f"  got       {got}\n"
        "  Give the class itself, as in check(Value), not a value made with it."
    )


def test_a_chapter_that_does_not_exist_is_refused():
    with pytest.raises(mt.errors.ArgumentError) as error:
        check(Sound, "Orders")
    assert str(error.value) == (
        "check: there is no such chapter.\n"
        "  expected  one or more of Values, Slopes, Constants, Powers, Functions, Reuse, Order, "
        "Again, Size, Edges, Arrays, Second derivatives\n"
        "  got       'Orders'"
    )


# The report


def test_a_report_prints_ticks_and_the_first_failures():
    report = check(Overwrites, "Reuse", "Order")
    page = str(report).splitlines()
    assert page[:3] == [
        "Overwrites: 1 of 12 behaviours are right",
        "",
        "Reuse               ✗✗✗✗✗✗✓✗          1 of 8",
    ]
    assert "    ✗ a * a counts both uses" in page
    assert "Order               ✗✗✗✗              0 of 4" in page
    assert str(report.failures[0]) in str(report)
    assert (
        str(report.failures[0])
        == """\
✗ Reuse: a * a counts both uses

    a = Value(3.0)
    y = a * a
    y.backward()
  ✗ a.grad  expected 6, got 3

  You assign the gradient where you should add it: a is used twice, each use
  contributes, and the second one overwrote the first. Write a.grad += ... in
  every rule. (If you do add, the operands are in a set, in which a and a are
  one: keep them in a tuple.)"""
    )
    assert " ".join(page[-2:]) == (
        "8 more failures are in report.failures, each of which prints as these do. Mend the first "
        "ones first: they may cause the others."
    )


@pytest.mark.parametrize("engine", [Overwrites, Recursive, Silent])
def test_a_report_fits_into_80_columns(engine):
    report = check(engine, "Reuse", "Order", "Again", "Powers", "Edges", "Values")
    assert max(map(len, str(report).splitlines())) <= 80
    assert all(max(map(len, str(r).splitlines())) <= 80 for r in report)


def test_every_example_and_explanation_fits_into_80_columns():
    report = check(Silent)
    assert all(max(map(len, str(r).splitlines())) <= 80 for r in report)


def test_a_report_becomes_json():
    report = check(Overwrites, "Reuse")
    read = json.loads(report.to_json())
    assert (read["engine"], read["right"], read["graded"]) == ("Overwrites", 1, 8)
    assert read["results"][0] == {
        "name": "a * a counts both uses",
        "chapter": "Reuse",
        "status": "wrong",
        "example": "a = Value(3.0)\ny = a * a\ny.backward()",
        "expected": {"a.grad": "6"},
        "got": {"a.grad": "3"},
        "explanation": report.failures[0].explanation,
    }


def test_a_report_is_found_in_by_name_and_shown_in_notebooks():
    report = check(Overwrites, "Reuse")
    assert report["a * a counts both uses"] is report.failures[0]
    with pytest.raises(KeyError):
        report["no such name"]
    assert report._repr_html_().startswith("<pre>Overwrites: 1 of 8")
