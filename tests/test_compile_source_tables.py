"""Every module and function of the library, as a text: it computes what the program does."""

import numpy as np
import pytest
import test_compile_functions as functions
import test_compile_losses as losses
import test_compile_modules as modules
import test_compile_optim as optimizers
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compile_source import agree, inputs_of, loaded

import microtensor as mt
from microtensor import optim

SHARE = 3  # of the rows of functions, one in so many is tried here


@pytest.mark.parametrize(
    ("make", "arguments"),
    [case[1:] for case in modules.CASES],
    ids=[f"{i}-{case[0]}" for i, case in enumerate(modules.CASES)],
)
def test_the_text_of_a_modules_training_computes_what_the_program_does(make, arguments):
    training = modules.training(make)()
    program = mt.trace(training.step)(*modules.inputs(arguments)[0]())
    with np.errstate(all="ignore"):
        agree(program, program.source)


@pytest.mark.parametrize(("name", "options"), optimizers.OPTIMIZERS)
def test_the_text_of_an_optimizers_step_computes_what_the_program_does(name, options):
    make = optimizers.training(lambda net: getattr(optim, name)(net.parameters(), **options))
    step, (first, second) = make().step, list(optimizers.batches(count=2))
    for batch in (first, second):  # before the optimizer remembers anything, and after
        program = mt.trace(step)(*batch)
        agree(program, program.source)
        step(*batch)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "makers", "options"), losses.CASES, ids=losses.IDS)
def test_the_text_of_a_loss_computes_what_the_program_does(name, makers, options, dtype):
    step = losses.gradient_step(name, options)().step
    program = mt.trace(step)(*losses.calls(makers, count=1, dtype=dtype)[0]())
    agree(program, program.source, fresh=False)


ROWS = [row for row in functions.ROWS if row.name not in functions.REFUSED]


@pytest.mark.parametrize("row", ROWS[::SHARE], ids=repr)
def test_the_text_of_a_function_and_its_gradient_computes_what_the_program_does(row):
    case, inputs = next(iter(row.samples()))
    f, xs = functions.of_drawn(case, inputs, row.fn)
    if row in functions.SMOOTH and xs:
        f = mt.value_and_grad(functions.weighed(f), tuple(range(len(xs))))
    with np.errstate(all="ignore"):
        program = mt.trace(f)(*xs)
        agree(program, program.source, fresh=False)


STEPS = [
    np.tanh, np.exp, np.negative, np.square, mt.sigmoid, mt.relu, mt.softmax, np.transpose,
    lambda x: x**1, lambda x: x**2, lambda x: 1 - x, lambda x: x / 3.0,
    lambda x: np.sum(x, axis=-1),
    lambda x: x[..., None], lambda x: np.reshape(x, -1), lambda x: np.concatenate([x, x]),
    lambda x: np.float32(0.5) * x, lambda x: np.where(x > 0.1, x, 0.0), lambda x: np.max(x, axis=0),
    lambda x: np.swapaxes(x, -1, -2), lambda x: x.mean(), lambda x: x[::-1],
]  # fmt: skip
JOINS = [np.add, np.subtract, np.multiply, np.maximum, lambda a, b: np.sum(a) * b]
KINDS = [(3, 4), (4,), (), (1, 4)]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data())
def test_a_random_program_and_its_text_compute_the_same(data):
    rng = np.random.default_rng(0)
    dtype = data.draw(st.sampled_from([np.float64, np.float32]))
    inputs = [rng.normal(size=shape).astype(dtype) for shape in KINDS] + [0.7]
    number = st.integers(0, 40)
    plan = data.draw(st.lists(st.tuples(number, number, number), min_size=1, max_size=12))

    def f(*values):
        made = list(values)
        for which, i, j in plan:
            a, b = made[i % len(made)], made[j % len(made)]
            try:
                if which < 2 * len(JOINS):
                    made.append(JOINS[which % len(JOINS)](a, b))
                else:
                    made.append(STEPS[which % len(STEPS)](a))
            except (IndexError, ValueError, TypeError):  # shapes that do not fit
                continue
        return sum(np.mean(x) for x in made[1:])

    with np.errstate(all="ignore"):
        program = mt.trace(mt.value_and_grad(f, argnums=tuple(range(5))))(*inputs)
        agree(program, program.source, fresh=False)


def test_weak_and_strong_numbers_stay_what_they_are():
    def f(a, x):
        return a * np.float64(2.0), np.float32(0.1) * x, a * x, a**1, x**1, -a

    program = mt.trace(f)(0.5, np.float32(3.0))
    found = loaded(program.source)["f"](**inputs_of(program))
    kinds = [getattr(v, "dtype", type(v)) for v in found]
    assert kinds == [np.float64, np.float32, np.float32, float, np.float32, float]
