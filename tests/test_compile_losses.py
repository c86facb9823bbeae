"""Every loss: compiled, it gives the numbers, gradients and errors that it gives without."""

import numpy as np
import pytest
from compiled import Training, first_difference

import microtensor as mt
from microtensor import Value, losses
from microtensor.compiler import compiling

B, C = 5, 3
CALLS = 10


def numbers(*shape):
    return lambda rng: rng.standard_normal(shape)


def between(low, high, *shape):
    return lambda rng: rng.uniform(low, high, shape)


def classes(*shape):
    return lambda rng: rng.integers(0, C, shape)


def classes_with(ignored, *shape):
    return lambda rng: np.where(rng.random(shape) < 0.3, ignored, rng.integers(0, C, shape))


def signs(*shape):
    return lambda rng: rng.choice([-1.0, 1.0], shape)


def shares(*shape):
    return lambda rng: rng.dirichlet(np.ones(C), shape)


def log_shares(*shape):
    return lambda rng: np.log(rng.dirichlet(np.ones(C), shape))


WEIGHT = np.array([0.5, 2.0, 1.5])

# A loss, what it is given (the first has a gradient), and its options.
CASES = [
    ("binary_cross_entropy", [between(0.1, 0.9, B), between(0, 1, B)], {}),
    ("binary_cross_entropy", [between(0.1, 0.9, B, 3), between(0, 1, B, 3)],
     {"weight": WEIGHT, "reduction": "sum"}),
    ("binary_cross_entropy_with_logits", [numbers(B), between(0, 1, B)], {}),
    ("binary_cross_entropy_with_logits", [numbers(B, 3), between(0, 1, B, 3)],
     {"weight": WEIGHT, "pos_weight": WEIGHT[::-1], "reduction": "none"}),
    ("cosine_embedding", [numbers(B, 4), numbers(B, 4), signs(B)], {"margin": 0.2}),
    ("cross_entropy", [numbers(B, C), classes(B)], {}),
    ("cross_entropy", [numbers(C), classes()], {}),
    ("cross_entropy", [numbers(2, C, 4), classes(2, 4)], {"weight": WEIGHT}),
    ("cross_entropy", [numbers(B, C), classes(B)], {"label_smoothing": 0.1, "weight": WEIGHT}),
    ("cross_entropy", [numbers(B, C), classes_with(-100, B)], {}),
    ("cross_entropy", [numbers(B, C), classes(B)], {"ignore_index": 1, "reduction": "sum"}),
    ("cross_entropy", [numbers(B, C), shares(B)], {"label_smoothing": 0.1}),
    ("cross_entropy", [numbers(B, C), shares(B)], {"weight": WEIGHT, "reduction": "none"}),
    ("gaussian_nll", [numbers(B), numbers(B), between(0.1, 2, B)], {}),
    ("gaussian_nll", [numbers(B, 2), numbers(B, 2), between(0.1, 2, B)], {"full": True}),
    ("hinge", [numbers(B), signs(B)], {}),
    ("huber", [numbers(B, 2), numbers(B, 2)], {"delta": 0.7}),
    ("kl_div", [log_shares(B), shares(B)], {}),
    ("kl_div", [log_shares(B), log_shares(B)], {"log_target": True, "reduction": "batchmean"}),
    ("l1", [numbers(B, 2), numbers(B, 2)], {"reduction": "sum"}),
    ("mse", [numbers(B, 2), numbers(B, 2)], {}),
    ("mse", [numbers(B, 2), numbers(B, 2)], {"reduction": "none"}),
    ("multi_margin", [numbers(B, C), classes(B)], {}),
    ("multi_margin", [numbers(B, C), classes(B)], {"p": 2, "weight": WEIGHT, "margin": 0.5}),
    ("nll", [log_shares(B), classes(B)], {}),
    ("nll", [log_shares(B), classes_with(-100, B)], {"weight": WEIGHT}),
    ("smooth_l1", [numbers(B, 2), numbers(B, 2)], {"beta": 0.7}),
    ("smooth_l1", [numbers(B, 2), numbers(B, 2)], {"beta": 0.0}),
]  # fmt: skip
IDS = [f"{i}-{c[0]}" for i, c in enumerate(CASES)]


def test_every_loss_is_in_the_table():
    assert {name for name, *_ in CASES} == set(losses.__all__)


def gradient_step(name, options):
    """Give the maker of the function that computes a loss and its gradients."""

    def make():
        loss = getattr(losses, name)

        def step(x, *more):
            rows = loss(x, *more, **options)
            np.sum(rows * np.arange(1.0, 1 + np.size(rows)).reshape(rows.shape)).backward()
            return rows

        return Training(step)

    return make


def calls(makers, seed=0, count=CALLS, dtype=float):
    def given(i):
        def fresh():
            rng = np.random.default_rng([seed, i])
            first, *more = [make(rng) for make in makers]
            return Value(first.astype(dtype)), *more

        return fresh

    return [given(i) for i in range(count)]


@pytest.mark.parametrize(("name", "makers", "options"), CASES, ids=IDS)
def test_a_loss_and_its_gradients_are_what_they_are_without(name, makers, options):
    assert first_difference(gradient_step(name, options), calls(makers)) == ""


@pytest.mark.parametrize(("name", "makers", "options"), CASES[::3], ids=IDS[::3])
def test_a_loss_of_small_floats_stays_one(name, makers, options):
    step = gradient_step(name, options)
    assert first_difference(step, calls(makers, count=2, dtype=np.float32)) == ""


@pytest.mark.parametrize(("name", "makers", "options"), CASES, ids=IDS)
def test_the_function_that_gives_a_loss_and_its_gradient_is_the_same(name, makers, options):
    def make():
        loss = getattr(losses, name)
        summed = lambda x, *more: np.sum(loss(x, *more, **options))
        return Training(mt.value_and_grad(summed))

    def plain(given):
        return lambda: tuple(x.data if isinstance(x, Value) else x for x in given())

    assert first_difference(make, [plain(given) for given in calls(makers, count=3)]) == ""


# Wrong labels are refused as they are without, whenever they come.

GOOD, BAD = np.array([0, 1, 2, 1, 0]), np.array([0, 1, 3, 1, 0])
WRONG = [
    ("cross_entropy", numbers(B, C), GOOD, [BAD, np.array([0, -1, 2, 1, 0]), GOOD + 1]),
    ("cross_entropy", numbers(B, C), np.eye(3)[GOOD], [np.eye(3)[GOOD] * 2]),
    ("nll", log_shares(B), GOOD, [BAD]),
    ("multi_margin", numbers(B, C), GOOD, [BAD]),
    ("hinge", numbers(B), np.ones(B), [np.zeros(B)]),
    ("binary_cross_entropy", between(0.1, 0.9, B), np.ones(B), [2 * np.ones(B), -np.ones(B)]),
    ("binary_cross_entropy_with_logits", numbers(B), np.ones(B), [np.full(B, np.nan)]),
    ("kl_div", log_shares(B), np.full((B, C), 1 / C), [np.full((B, C), -0.1)]),
]


@pytest.mark.parametrize(("name", "make", "good", "wrong"), WRONG)
def test_wrong_labels_are_refused_as_they_are_without(name, make, good, wrong):
    given = calls([make], count=1)[0]
    between_good = [labels for bad in wrong for labels in (good, bad)] + [good]
    for labels in (between_good, between_good[1:]):  # also if the first call of all is wrong
        first_difference_of = [lambda y=y: (*given(), y) for y in labels]
        assert first_difference(gradient_step(name, {}), first_difference_of) == ""


def test_rows_that_come_to_be_passed_over_make_another_program():
    step = mt.compile(losses.cross_entropy)
    logits = np.eye(3)
    some = step(logits, np.array([0, 1, -100]))
    assert some == losses.cross_entropy(logits, np.array([0, 1, -100]))
    assert step(logits, np.array([0, 1, 2])) == losses.cross_entropy(logits, np.array([0, 1, 2]))
    assert step(logits, np.array([-100, 1, 2])) == some
    assert len(step.programs) == 2


def test_labels_that_are_constants_are_asked_once():
    def make():
        labels = Value([1.0, 1.0, -1.0])
        return Training(lambda x: losses.hinge(x, labels.data) + losses.hinge(x, Value([1.0] * 3)))

    assert first_difference(make, [(np.arange(3.0) * i,) for i in range(3)]) == ""


def test_a_program_that_does_not_ask_is_seen(monkeypatch):
    right = compiling.trace_call

    def trace_call(*args):
        tracer, program = right(*args)
        program.guards.clear()
        return tracer, program

    monkeypatch.setattr(compiling, "trace_call", trace_call)
    makers = [numbers(B, C), classes_with(1, B)]
    step = gradient_step("cross_entropy", {"ignore_index": 1})
    given = [lambda: (Value(np.eye(5, 3)), GOOD * 0), *calls(makers)]
    assert "result" in first_difference(step, given)
