"""Random programs: compiled, each gives what it gives without, and so does its gradient."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from compiled import BACKENDS, differences
from hypothesis import given, settings
from hypothesis import strategies as st

import microtensor as mt
from microtensor import Value
from microtensor.compiler import compiling

EXAMPLES = 40
START = [(3, 4), (4,), (3, 1), ()]  # the shapes of the inputs
MOST = 8  # calls of a program


class Call(NamedTuple):
    """One call: what is called, of which of the values so far, and its options."""

    name: str
    places: tuple
    options: tuple = ()


ONE = {
    "tanh": np.tanh,
    "sin": np.sin,
    "exp of -x²": lambda x: np.exp(-x * x),
    "square": np.square,
    "negative": np.negative,
    "relu": mt.relu,
    "sigmoid": mt.sigmoid,
    "softplus": mt.softplus,
    "sqrt": lambda x: np.sqrt(x * x + 1),
    "softmax": lambda x: mt.softmax(x, axis=-1) if np.ndim(x) else x,
    "log_softmax": lambda x: mt.log_softmax(x, axis=-1) if np.ndim(x) else x,
    "cumsum": lambda x: np.cumsum(x, axis=-1) if np.ndim(x) else x,
    "transpose": np.transpose,
    "flat": lambda x: np.reshape(x, -1),
    "column": lambda x: np.reshape(x, (-1, 1)),
    "turned": lambda x: x[::-1] if np.ndim(x) else x,
    "first": lambda x: x[0] if np.ndim(x) else x,
    "last": lambda x: x[..., -1] if np.ndim(x) else x,
    "repeated": lambda x: x[[0, -1, 0]] if np.ndim(x) else x,
    "sorted": lambda x: np.sort(x, axis=-1) if np.ndim(x) else x,
    "held": lambda x: x * x.detach(),
    "positive part": lambda x: np.where(x > 0, x, 0.1 * x),
    "number": lambda x: 2.0 * x + 1,
    "checkpoint": lambda x: mt.checkpoint(lambda y: np.tanh(y) * y)(x),
}
REDUCED = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "var": np.var}
TWO = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: a / (1 + b * b),
    "maximum": np.maximum,
    "where": lambda a, b: np.where(a > b, a, b * 0.5),
}


def matmul(a, b):
    """Multiply as matrices whatever fits; else give the outer product."""
    if 0 < np.ndim(a) <= 2 and 0 < np.ndim(b) <= 2 and np.shape(a)[-1] == np.shape(b)[0]:
        return a @ b
    return np.reshape(a, (-1, 1)) * np.reshape(b, -1)[:5]


@st.composite
def programs(draw):
    """Draw a list of calls; each uses values that are there by then."""
    calls = []
    for i in range(draw(st.integers(1, MOST))):
        place = st.integers(0, len(START) + i - 1)
        kind = draw(st.sampled_from(["one", "reduced", "two", "matmul", "joined"]))
        if kind == "one":
            calls.append(Call(draw(st.sampled_from(sorted(ONE))), (draw(place),)))
        elif kind == "reduced":
            options = (draw(st.sampled_from([None, 0, -1])), draw(st.booleans()))
            calls.append(Call(draw(st.sampled_from(sorted(REDUCED))), (draw(place),), options))
        else:
            name = draw(st.sampled_from(sorted(TWO))) if kind == "two" else kind
            calls.append(Call(name, (draw(place), draw(place))))
    return calls


def computed(calls, inputs):
    """Give all values of a program; calls whose shapes do not fit give their first operand."""
    values = list(inputs)
    for name, places, options in calls:
        a, *others = [values[i] for i in places]
        if name in ONE:
            y = ONE[name](a)
        elif name in REDUCED:
            axis, keepdims = options
            y = REDUCED[name](a, axis=axis if np.ndim(a) else None, keepdims=keepdims)
        elif name == "matmul":
            y = matmul(a, others[0])
        elif name == "joined":
            y = np.concatenate([np.reshape(a, -1), np.reshape(others[0], -1)])
        else:
            fits = all(1 in (m, n) or m == n for m, n in zip(
                np.shape(a)[::-1], np.shape(others[0])[::-1], strict=False))  # fmt: skip
            y = TWO[name](a, others[0]) if fits else a
        if np.size(y) <= 400:  # outer products of outer products grow
            values.append(y)
        else:
            values.append(a)
    return values[len(inputs) :]


def number_of(calls):
    """Give the function of the inputs that sums all that a program computes, with weights."""

    def number(*inputs):
        total: Any = sum(np.sum(x**3) for x in inputs)  # it depends on all of them
        for i, y in enumerate(computed(calls, inputs)):
            weights = np.cos(np.arange(np.size(y)) + i).reshape(np.shape(y))
            total = total + np.sum(np.tanh(y) * weights)
        return total

    return number


def inputs(seed):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, shape) for shape in START]


def first_difference(f, backend, seeds=(0, 1)):
    step = mt.compile(f, backend=backend)
    for seed in seeds:
        wrong = differences(step(*map(Value, inputs(seed))), f(*map(Value, inputs(seed))))
        if wrong:
            return wrong
    return []


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(programs())
def test_a_random_program_computes_what_it_says(calls):
    for backend in BACKENDS:
        assert first_difference(lambda *xs: computed(calls, xs), backend) == []


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(programs())
def test_a_random_programs_gradient_is_its_own(calls):
    f = mt.value_and_grad(number_of(calls), tuple(range(len(START))))
    for backend in BACKENDS:
        step = mt.compile(f, backend=backend)
        for seed in (0, 1):
            assert differences(step(*inputs(seed)), f(*inputs(seed))) == []


@settings(max_examples=EXAMPLES // 2, deadline=None, derandomize=True)
@given(programs())
def test_a_random_programs_second_derivative_is_its_own(calls):
    size = lambda *xs: sum(np.sum(g * g) for g in mt.grad(number_of(calls), (0, 1))(*xs))
    f = mt.grad(size, (0, 1))
    step = mt.compile(f)
    for seed in (0, 1):
        assert differences(step(*inputs(seed)), f(*inputs(seed))) == []


@settings(max_examples=EXAMPLES // 2, deadline=None, derandomize=True)
@given(programs())
def test_a_random_program_trains(calls):
    def trained(compiled):
        parameters = [Value(x) for x in inputs(2)[:2]]

        def step(c, d):
            for p in parameters:
                p.grad = None
            loss = number_of(calls)(*parameters, c, d) + sum(np.sum(p * p) for p in parameters)
            loss.backward()
            for p in parameters:
                p.data -= 0.1 * p.grad
            return loss

        step = compiled(step)
        losses = [step(*map(Value, inputs(seed)[2:])) for seed in range(3)]
        return losses, [(p.data, p.grad) for p in parameters]

    expected = trained(lambda step: step)
    for backend in BACKENDS:
        found = trained(lambda step, backend=backend: mt.compile(step, backend=backend))
        assert differences(found, expected) == []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [mt.sigmoid, mt.silu, mt.softplus, mt.softmax, mt.log_softmax])
def test_large_numbers_give_no_warning(f, backend):
    for dtype in (np.float64, np.float32):
        x = np.array([-1000, 0, 1000], dtype)
        both = mt.value_and_grad(lambda x: np.sum(f(x)))
        assert differences(mt.compile(both, backend=backend)(x), both(x)) == []


# What follows shows the comparison passes that are wrong, and it must object.


def swap_operands(program):
    for ins in program.instructions:
        if ins.fn is np.subtract:
            ins.operands = ins.operands[::-1]


def forget_an_instruction(program):
    alike = [ins for ins in program.instructions
             if ins.fn is np.tanh and ins.operands[0].shape == ins.output.shape]  # fmt: skip
    for ins in alike:
        ins.fn = np.positive


def take_inputs_for_constants(program):
    slot, variable = program.inputs.pop()
    program.constants[variable] = np.array(variable.sample)
    assert slot is not None


@pytest.mark.parametrize(
    ("spoil", "calls"),
    [
        (swap_operands, [Call("subtract", (0, 1))]),
        (forget_an_instruction, [Call("tanh", (0,))]),
        (take_inputs_for_constants, [Call("tanh", (2,)), Call("multiply", (0, 3))]),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wrong_pass_is_seen(monkeypatch, spoil, calls, backend):
    right = compiling.trace_call

    def trace_call(*args):
        tracer, program = right(*args)
        spoil(program)
        return tracer, program

    f = lambda *xs: computed(calls, xs)
    assert first_difference(f, backend) == []
    monkeypatch.setattr(compiling, "trace_call", trace_call)
    assert first_difference(f, backend) != []
