"""The exercises: solutions pass, empty and wrong answers do not and are told why, and nothing that
is printed gives a solution away."""

import math

import pytest

from microtensor.teaching import exercises
from microtensor.teaching.exercising import is_same

ALL = {exercise.name: exercise for exercise in exercises()}


def written(exercise, text):
    """Give the function that a text defines, as a learner would have it."""
    names = {"math": math}
    exec(text, names)
    return names[exercise.name]


def test_there_are_ten_in_the_order_of_learning():
    assert list(ALL) == [
        "neuron",
        "slope",
        "product_backward",
        "tanh_backward",
        "chain",
        "accumulate",
        "backward_order",
        "backward",
        "gradient_step",
        "learn",
    ]


@pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
def test_the_solution_that_is_shown_passes(exercise):
    verdict = exercise.check(written(exercise, exercise.solution))
    assert verdict, str(verdict)
    assert str(verdict) == f"✓ {exercise.title}: right"


@pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
def test_an_empty_answer_fails_and_is_explained(exercise):
    verdict = exercise.check(written(exercise, exercise.stub))
    assert not verdict
    assert "None" in verdict.explanation
    assert len(verdict.explanation.splitlines()) >= 3


@pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
def test_printing_an_exercise_hides_its_solution_and_its_hint(exercise):
    body = exercise.solution.split(":\n", 1)[1]
    page = str(exercise) + repr(exercise) + exercise._repr_html_()
    assert exercise.stub.splitlines()[0] in page
    assert " ".join(exercise.text.split()) in " ".join(str(exercise).split())
    for line in body.splitlines():
        assert not line.strip() or line.strip() not in page
    assert exercise.hint not in " ".join(page.split())
    assert max(map(len, str(exercise).splitlines())) <= 80
    assert len(exercise.hint) > 20


# Wrong answers: what is wrong, and a word that its explanation must have


def by_recursion(operands, output):
    done, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for operand in operands.get(value, []):
                visit(operand)
            done.append(value)

    visit(output)
    return done[::-1]


def when_met(operands, output):
    met = [output]
    for value in met:
        met += [operand for operand in operands.get(value, []) if operand not in met]
    return met


def every_way(operands, output):
    done = [output]
    for operand in operands.get(output, []):
        below = every_way(operands, operand)
        done = [v for v in done if v not in below] + below
    return done


def replacing(slopes, order):
    gradients = dict.fromkeys(order, 0.0) | {order[0]: 1.0}
    for value in order:
        for operand, local in slopes.get(value, []):
            gradients[operand] = gradients[value] * local
    return gradients


def without_the_chain(slopes, order):
    gradients = dict.fromkeys(order, 0.0) | {order[0]: 1.0}
    for value in order:
        for operand, local in slopes.get(value, []):
            gradients[operand] += local
    return gradients


def moved_one_by_one(inputs, targets, lr, steps):
    w = b = 0.0
    n = len(inputs)
    pairs = list(zip(inputs, targets, strict=True))
    for _ in range(steps):
        w -= lr * sum(2 * (w * x + b - t) * x for x, t in pairs) / n
        b -= lr * sum(2 * (w * x + b - t) for x, t in pairs) / n
    return w, b


def in_place(parameters, gradients, lr):
    for i, g in enumerate(gradients):
        parameters[i] -= lr * g
    return parameters


def endless(parameters, gradients, lr):
    while True:
        pass


def failing(parameters, gradients, lr):
    raise SystemExit("no")


def replaced(contributions):
    return dict(contributions)


def forward_slopes(slopes):
    gradients = [1.0]
    for local in slopes:
        gradients.append(gradients[-1] * local)
    return gradients


WRONG = [
    ("neuron", lambda w, x, b: sum(a * c for a, c in zip(w, x, strict=True)), "The bias is added"),
    ("neuron", lambda w, x, b: w[0] * x[0] + b, "Every input has its own weight"),
    ("neuron", lambda w, x, b: sum(a * c + b for a, c in zip(w, x, strict=True)), "own weight"),
    ("slope", lambda f, x: f(x + 0.1) - f(x - 0.1), "divided by 2h"),
    ("slope", lambda f, x: (f(x + 1e-6) - f(x)) / 1e-6, "take both"),
    ("product_backward", lambda a, b, g: (g * a, g * b), "Each factor receives the other one"),
    ("product_backward", lambda a, b, g: (b, a), "What arrives"),
    ("product_backward", lambda a, b, g: (g * a * b / a, g * a * b / b), "No division"),
    ("tanh_backward", lambda x, g: g * (1 - x * x), "of the output t, not of x"),
    ("tanh_backward", lambda x, g: 1 - math.tanh(x) ** 2, "What arrives is multiplied"),
    ("tanh_backward", lambda x, g: g / math.cosh(x) ** 2, "any size"),
    ("chain", forward_slopes, "The output has 1"),
    ("chain", lambda slopes: [*slopes, 1.0], "Slopes are multiplied from the output back"),
    ("accumulate", replaced, "it does not replace it"),
    ("backward_order", by_recursion, "use a stack of your own"),
    ("backward_order", when_met, "b is used by y and by c"),
    ("backward_order", every_way, "visit each value once"),
    ("backward_order", lambda operands, output: list(operands), "The output comes first"),
    ("backward_order", lambda operands, output: ["y", "a", "b", "a"], "The output comes first"),
    ("backward", without_the_chain, "Slopes along a way are multiplied"),
    ("backward", replacing, "both uses are added"),
    ("gradient_step", lambda p, g, lr: [a + lr * b for a, b in zip(p, g, strict=True)], "uphill"),
    ("gradient_step", in_place, "make new lists and dicts"),
    ("gradient_step", endless, "it had not come to an end"),
    ("gradient_step", failing, "raised SystemExit: no"),
    ("learn", moved_one_by_one, "One step: the errors are -2 and -4"),
    ("learn", lambda x, t, lr, steps: (2.0, 1.0), "No step leaves w = b = 0"),
]


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_a_wrong_answer_is_told_why(name, answer, words):
    verdict = ALL[name].check(answer)
    assert not verdict
    assert words in " ".join(verdict.explanation.split())
    assert max(map(len, str(verdict).splitlines())) <= 80


def test_every_exercise_objects_to_a_wrong_answer():
    assert {name for name, *_ in WRONG} == set(ALL)


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        (["y", "a"], "'b' is missing"),
        (["y", "a", "b", "a"], "'a' is in it 2 times"),
        (["y", "a", "b", "c"], "'c' is in it, on which 'y' does not depend"),
        (["a", "y", "b"], "'a' comes before 'y', which uses it, in ['a', 'y', 'b']"),
        ({"y", "a", "b"}, "expected a list, got {"),
    ],
)
def test_an_order_that_is_wrong_is_told_where(order, complaint):
    told = ALL["backward_order"].check(lambda operands, output: order).explanation
    assert told.splitlines()[1].strip().startswith(complaint)


def test_a_wrong_answer_prints_the_call_both_results_and_the_reason():
    verdict = ALL["accumulate"].check(replaced)
    assert (
        str(verdict)
        == """\
✗ Used more than once
  accumulate([('a', 2.0), ('a', 3.0)])
    expected {'a': 5.0}, got {'a': 3.0}
  The second contribution is added to the first, it does not replace it."""
    )


def test_ctrl_c_is_not_caught():
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ALL["neuron"].check(interrupted)


@pytest.mark.parametrize(
    ("got", "expected", "answer"),
    [
        (1.0, 1.0, True),
        (1, 1.0, True),
        (1.1, 1.0, False),
        (None, 1.0, False),
        ("one", 1.0, False),
        ((1.0, 2.0), [1.0, 2.0], True),
        ((1.0,), [1.0, 2.0], False),
        (3.0, [1.0], False),
        ({"a": 1.0}, {"a": 1.0}, True),
        ({"b": 1.0}, {"a": 1.0}, False),
        ({"a": 2.0}, {"a": 1.0}, False),
        ([("a", 1.0)], {"a": 1.0}, False),
        ("a", "a", True),
        (1.0, "a", False),
    ],
)
def test_answers_are_compared_entry_by_entry(got, expected, answer):
    assert is_same(got, expected) is answer
