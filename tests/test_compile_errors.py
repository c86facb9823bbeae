"""What cannot be a program says so, and what to do; nothing is changed by it."""

import random

import numpy as np
import pytest
from compiled import differences, state_of

import microtensor as mt
from microtensor import Value, losses, nn, optim
from microtensor.errors import CompileError, GradientError

X = np.ones(3)


def net():
    return nn.Linear(3, 2, rng=0, dtype=float)


NET = net()
SGD = optim.SGD(NET.parameters(), lr=0.1)
LBFGS = optim.LBFGS(NET.parameters())
RNG = np.random.default_rng(0)
COUNT = 0
SEEN = [1]
BEFORE = Value(X) * 2
HELD = Value(X, name="held")


class Counting(nn.Module):
    def __init__(self):
        self.count = 0

    def forward(self, x):
        self.count += 1
        return x * 2


COUNTING = Counting()


class Recurring(nn.Module):
    def forward(self, x):
        self.last = x * 2
        return x


def trained(x, before_step=lambda: None):
    SGD.zero_grad()
    np.sum(NET(x)).backward()
    before_step()
    SGD.step()


def branches(x):
    return x if np.sum(x) > 0 else -x


def asks_for_a_number(x):
    return x * float(np.max(x))


def uses_as_an_index(x):
    return SEEN[np.argmax(x)]


def indexes_with_bools(x):
    return x[x > 0]


def asks_for_places(x):
    return np.flatnonzero(x)


def one_hot_of_unknown_width(x):
    return mt.one_hot(x.astype(int))


def counts_its_calls(x):
    global COUNT
    COUNT += 1
    return x * 2


def counts_calls_of_a_model(x):
    return COUNTING(x)


def remembers(x):
    return RECURRING(x)


RECURRING = Recurring()


def appends(x):
    SEEN.append(np.sum(x))
    return x


def draws_by_hand(x):
    return x + RNG.normal(size=3)


def draws_from_the_process(x):
    return x + mt.randomness.generator().normal(size=3)


def draws_from_numpy(x):
    return x + np.random.normal(size=3)  # noqa: NPY002  # what users do


def draws_from_python(x):
    return x * random.random()


def seeds(x):
    mt.seed(0)
    return x * 2


def draws_beside_the_library(x):
    y = mt.scaled_dot_product_attention(x[None], x[None], x[None], dropout_p=0.5, rng=RNG)
    return y + RNG.normal()


def draws_from_a_generator_of_the_moment(x):
    return mt.scaled_dot_product_attention(x[None], x[None], x[None], dropout_p=0.5, rng=0)


def reads_a_state(x):
    return NET.state_dict()["weight"] @ x


def loads_a_state(x):
    NET.load_state_dict({"weight": np.ones((2, 3)), "bias": np.ones(2)})


def reads_an_optimizers_state(x):
    return SGD.state_dict()


def sets_a_rate(x):
    SGD.lr = 0.5


def steps_between_steps(x):
    trained(x)
    SCHEDULE.step()
    trained(x)


SCHEDULE = optim.ExponentialLR(SGD, 0.5)
EMA = optim.EMA(NET)


def applies_an_average(x):
    with EMA.applied():
        return NET(x)


def detects_anomalies(x):
    with mt.detect_anomaly():
        return NET(x)


def steps_by_lbfgs(x):
    LBFGS.step(lambda: np.sum(NET(x)))


def uses_a_value_of_before(x):
    return x * BEFORE


class NoFormula(optim.rows.RowOptimizer):
    def change(self, group, row, g):
        return group["lr"] * g


NO_FORMULA = NoFormula(NET.parameters(), lr=0.1)


def steps_without_a_formula(x):
    NET.zero_grad()
    np.sum(NET(x)).backward()
    NO_FORMULA.step()


WRITTEN_ONCE = (
    "A program is written once for all numbers, so Python cannot ask for one while it is written."
)
KEPT = (
    "  expected  results that are returned; or .data of a Parameter, a Buffer or a Value\n"
    "  got       {}\n"
    "  Python runs once, while the program is written; then the program runs alone."
)
DRAWN = (
    "random numbers that NumPy draws while the program is written.\n"
    "  expected  the numbers as an argument, drawn before each call\n"
    "  got       {}\n"
    "  They would be the same at each call. What the library itself draws, as\n"
    "  nn.Dropout does, is drawn anew."
)
NO_PART = (
    "{} cannot be part of a program.\n"
    "  expected  forward, backward and the optimizer's step\n"
    "  got       {}\n"
    "  {}"
)
SHAPE = (
    "the shape of what {} gives depends on numbers.\n"
    "  expected  shapes that are known before the numbers, as np.where(mask, x, 0) has\n"
    "  got       {}\n"
    "  Do it outside of the compiled function, and give it the result."
)
NUMBER = (
    "{} asks for a number while the program is written.\n"
    "  expected  Values throughout: return v itself, and read its number after the call\n"
    "  got       {}, of a Value of shape ()\n"
    "  A program is written once for all numbers. Shapes may be asked freely."
)
CHANGES = "the function changes what a program leaves alone.\n"


def no_part(what, hint):
    return NO_PART.format(what, what, hint)


MESSAGES = {
    branches: "a number of the program decides what is computed.\n"
    "  expected  np.where(condition, a, b), which computes both and takes one\n"
    "  got       if, while, and, or, not, max, min or sorted, of a Value of shape ()\n"
    "  " + WRITTEN_ONCE,
    asks_for_a_number: NUMBER.format("float(v)", "float(v)"),
    uses_as_an_index: NUMBER.format("v as an index", "v as an index"),
    indexes_with_bools: SHAPE.format("indexing with bools", "indexing with bools"),
    asks_for_places: SHAPE.format("numpy.flatnonzero", "numpy.flatnonzero"),
    one_hot_of_unknown_width: SHAPE.format("one_hot", "one_hot"),
    counts_its_calls: CHANGES + KEPT.format("COUNT, which was 0"),
    counts_calls_of_a_model: CHANGES + KEPT.format("count, which was 0"),
    remembers: CHANGES + KEPT.format("last was set for the first time"),
    appends: CHANGES + KEPT.format("a list of 1 entries that now has 2"),
    draws_by_hand: DRAWN.format("a draw from a Generator"),
    draws_from_the_process: DRAWN.format("a draw from the process's generator"),
    draws_from_numpy: DRAWN.format("a draw from np.random"),
    draws_from_python: DRAWN.format("a draw from Python's random"),
    seeds: DRAWN.format("mt.seed(...) inside of the function"),
    draws_beside_the_library: DRAWN.format("a draw from a Generator"),
    draws_from_a_generator_of_the_moment: "a generator that is made inside of the function is "
    "drawn from.\n"
    "  expected  one that is made before it, which goes on from call to call\n"
    "  got       a Generator that nothing outside refers to, such as of rng=0\n"
    "  Make it outside: rng = np.random.default_rng(0).",
    reads_a_state: no_part("state_dict()", "Call it before or after the function."),
    loads_a_state: no_part("load_state_dict()", "Call it before the function."),
    reads_an_optimizers_state: no_part(
        "optimizer.state_dict()", "Call it before or after the function."
    ),
    sets_a_rate: no_part(
        "to set an optimizer's lr",
        "Do it before or after the call, or by a schedule, whose step() is done beside it.",
    ),
    steps_between_steps: "an optimizer's options change between two steps.\n"
    "  expected  the schedule's step after the last step of its optimizer, or before all\n"
    "  got       lr read before and after it\n"
    "  Call the schedule's step() outside of the compiled function.",
    applies_an_average: no_part(
        "EMA.applied()", "Enter it outside, and call the function inside of it."
    ),
    detects_anomalies: no_part(
        "mt.detect_anomaly()", "Enter it outside: inside of it, compiled functions run as written."
    ),
    steps_by_lbfgs: no_part(
        "LBFGS.step",
        "How often it computes the loss depends on numbers. Compile the closure instead.",
    ),
    uses_a_value_of_before: "a Value of shape (3,) was computed before, by multiply.\n"
    "  expected  leaves, and what the function computes of them\n"
    "  got       a Value whose graph goes on outside of the function\n"
    "  Compute it inside of the function; v.detach() gives a constant of it.",
}


@pytest.mark.parametrize("f", MESSAGES, ids=lambda f: f.__name__)
def test_what_cannot_be_a_program_says_so_and_changes_nothing(f):
    state = state_of(NET, SGD, SCHEDULE, EMA, RNG)
    before = state(), COUNT, COUNTING.count, list(SEEN), random.getstate()
    numpys, process = np.random.get_state()[1].copy(), mt.randomness.get_state()  # noqa: NPY002
    step = mt.compile(f)
    for _ in range(2):
        with pytest.raises(CompileError) as error:
            step(X)
        assert str(error.value) == f"{f.__name__}: {MESSAGES[f]}"
    after = state(), COUNT, COUNTING.count, list(SEEN), random.getstate()
    assert differences(after[0], before[0], exact=True) == []
    assert after[1:] == before[1:]
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    assert mt.randomness.get_state() == process
    assert "last" not in vars(RECURRING)
    assert step.programs == []


def test_what_is_refused_runs_where_it_is_not_compiled():
    random.seed(0)
    for f in MESSAGES:
        if f not in (indexes_with_bools, steps_by_lbfgs):
            f(X)
    SEEN[:] = [1]
    del RECURRING.last


def test_an_optimizer_without_a_formula_says_so():
    with pytest.raises(CompileError) as error:
        mt.compile(steps_without_a_formula)(X)
    assert str(error.value) == (
        "NoFormula gives no formula, by which its step could be a program.\n"
        "  expected  a method formula(group, row, g), as optim.Adam has\n"
        "  got       change alone, which writes into arrays\n"
        "  Call optimizer.step() outside of the compiled function."
    )


def test_a_hook_is_refused_whenever_it_comes():
    model = nn.Sequential(net(), nn.Tanh())
    step = mt.compile(lambda x: model(x))
    step(X)
    seen = []
    with model[0].after_forward(lambda *given: seen.append(1)):
        with pytest.raises(CompileError) as error:
            step(X)
        assert str(error.value) == "<lambda>: " + no_part(
            "a hook", "Remove it, or call the function that was not compiled."
        )
        assert seen == []
        model(X)
        assert seen == [1]
    np.testing.assert_array_equal(step(X).data, model(X).data)
    assert len(step.programs) == 1


def test_a_value_that_is_given_twice_over_is_refused():
    step = mt.compile(lambda x: np.sum(x * HELD))
    with pytest.raises(CompileError) as error:
        step(HELD)
    assert str(error.value) == (
        "<lambda>: held is an argument, and the function reaches it by itself.\n"
        "  expected  one way to it, so that a program need not know of two\n"
        "  got       both\n"
        "  Leave it out of the arguments: the function has it."
    )
    assert step(Value(X)).data == 3


def test_a_gradient_that_would_leave_by_an_argument_is_refused():
    def step(x):
        np.sum(x * x).backward()

    step = mt.compile(step)
    x = Value(X, name="x")
    step(x)
    np.testing.assert_array_equal(x.grad, 2 * X)
    with pytest.raises(CompileError) as error:
        step(x * 3)
    assert str(error.value) == (
        "step: a gradient flows to an argument, and further to what it was computed from.\n"
        "  expected  leaves as arguments; or the computation inside of the function\n"
        "  got       a Value of shape (3,), which was computed before the call\n"
        "  v.detach() gives a constant of the same numbers."
    )


def test_no_gradient_flows_through_what_a_program_gave():
    message = (
        "backward: f was compiled, and no gradient flows through what it gives.\n"
        "  expected  backward() inside of the function, or mt.compile(mt.grad(f))\n"
        "  got       backward() outside, from a result of it\n"
        "  The function that was not compiled records what it does."
    )

    def f(x):
        return np.sum(NET(x) ** 2)

    step = mt.compile(f)
    asked = [
        lambda: step(X).backward(),
        lambda: (step(X) + np.sum(NET(X))).backward(),
        lambda: mt.grad(step)(X),
        lambda: mt.grad(lambda x: step(x) * 2)(X),
        lambda: step(Value(X)).backward(),
    ]
    for ask in asked:
        with pytest.raises(GradientError) as error:
            ask()
        assert str(error.value) == message
    with mt.no_grad():
        assert not step(X).requires_grad
    np.testing.assert_allclose(mt.compile(mt.grad(f))(X).data, mt.grad(f)(X).data)


def test_the_library_asks_what_a_program_then_asks_each_time():
    def f(x, labels):
        return losses.hinge(x, labels)

    step = mt.compile(f)
    assert step(X, X) == f(X, X)
    with pytest.raises(mt.errors.ArgumentError, match=r"labels must be -1 or 1"):
        step(X, X * 2)
    assert step(2 * X, -X) == f(2 * X, -X)


def test_an_object_that_is_made_in_the_function_may_change():
    def f(x):
        seen, box = [], Counting()
        for i in range(3):
            box.count += 1
            seen.append(x * i * box.count)
        return sum(seen)

    np.testing.assert_array_equal(mt.compile(f)(X), f(X))
