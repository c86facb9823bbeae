"""In kernels, a program computes what it computes without, and changes what it should."""

import builtins
import operator
import tracemalloc

import numpy as np
import pytest
from compiled import Training, differences, first_difference, state_of

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler import machine, works
from microtensor.compiler.numba_running import in_kernels
from microtensor.compiler.programs import Instruction, Program, Result, Variable
from microtensor.compiler.slots import Argument, Place
from microtensor.errors import DependencyError

B = 12


def trained(make_model, make_optimizer, loss=losses.cross_entropy, dtype=np.float64):
    """Give a maker of a step that trains a model, and of what it changes."""

    def make():
        model = make_model(dtype)
        optimizer = make_optimizer(model)

        def step(x, y):
            optimizer.zero_grad()
            out = loss(model(x), y)
            out.backward(leaves_only=True)
            optimizer.step()
            return out

        return Training(step, state_of(model, optimizer))

    return make


def mlp(dtype):
    return nn.MLP(3, [8, 5, 4], activation="tanh", rng=0, dtype=dtype)


def batches(dtype, count=10, seed=0):
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal((B, 3)).astype(dtype), rng.integers(0, 4, B)) for _ in range(count)
    ]


OPTIMIZERS = {
    "SGD": lambda model: optim.SGD(model.parameters(), lr=0.1),
    "momentum": lambda model: optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "AdamW": lambda model: optim.AdamW(model.parameters(), lr=0.01, eps=1e-3),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_steps_of_training_are_those_without(name, dtype):
    make = trained(mlp, OPTIMIZERS[name], dtype=dtype)
    assert first_difference(make, batches(dtype), backends=["numba"]) == ""


def test_a_kernel_that_computes_something_else_is_found_out(monkeypatch):
    monkeypatch.setitem(works.FLOATS, np.tanh, "sin({0})")
    wrong = first_difference(trained(mlp, OPTIMIZERS["SGD"]), batches(float, 2), backends=["numba"])
    assert wrong.startswith("numba, call 0: ")


def convolutional(dtype):
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, bias=False, rng=0, dtype=dtype),
        nn.BatchNorm2d(2, dtype=dtype), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.3, rng=4),
        nn.Linear(8, 4, rng=1, dtype=dtype),
    )  # fmt: skip


def test_a_network_with_calls_between_the_kernels_learns_the_same():
    rng = np.random.default_rng(3)
    given = [(rng.standard_normal((6, 1, 4, 4)), rng.integers(0, 4, 6)) for _ in range(4)]
    make = trained(convolutional, OPTIMIZERS["momentum"])
    assert first_difference(make, given, backends=["numba"]) == ""


class Attention(nn.Module):
    """One head, written out, with a mask and a layer norm."""

    def __init__(self, dtype):
        rng = np.random.default_rng(0)
        self.q, self.v = (nn.Linear(6, 6, rng=rng, dtype=dtype) for _ in range(2))
        self.k = nn.Linear(6, 6, bias=False, rng=rng, dtype=dtype)  # whose gradient would be 0
        self.norm = nn.LayerNorm(6, dtype=dtype)
        self.embed = nn.Embedding(9, 6, rng=rng, dtype=dtype)

    def forward(self, words):
        x = self.embed(words)  # (B, T, C)
        shown = np.tril(np.ones((words.shape[1],) * 2, bool))
        scores = self.q(x) @ np.swapaxes(self.k(x), -1, -2) / np.sqrt(6.0)
        x = self.norm(x + mt.softmax(np.where(shown, scores, -np.inf)) @ self.v(x))
        centred = x - np.mean(x, axis=(1, 2), keepdims=True)
        return np.sum(centred * centred, axis=1)


def test_an_attention_head_learns_the_same():
    rng = np.random.default_rng(1)
    given = [(rng.integers(0, 9, (4, 5)), rng.integers(0, 6, 4)) for _ in range(4)]
    make = trained(Attention, OPTIMIZERS["AdamW"])
    assert first_difference(make, given, backends=["numba"]) == ""


UNARY = [np.tanh, np.exp, np.negative, np.square, np.sin, lambda x: np.sqrt(np.abs(x) + 1)]
BINARY = [
    np.add, np.subtract, np.multiply, np.maximum, np.minimum,
    lambda a, b: a / (1 + b * b), lambda a, b: np.where(a > b, a, 2 * b),
]  # fmt: skip
SHAPES = [(4, 3, 5), (3, 5), (5,), (4, 1, 5), (1, 3, 1), ()]


def random_function(seed):
    """Make up a function of two arrays: elementwise, of reductions, products and views."""
    rng = np.random.default_rng(seed)
    plan = rng.integers(0, 1000, (9, 5))

    def f(x, y):
        seen = [x, y, x * 0.5]
        for kind, one, other, which, axis in plan.tolist():
            a, b = seen[one % len(seen)], seen[other % len(seen)]
            if kind % 4 == 0:
                made = UNARY[which % len(UNARY)](0.3 * a)
            elif kind % 4 == 1:
                made = BINARY[which % len(BINARY)](a, b)
            elif kind % 4 == 2 and np.ndim(a):
                reduce = (np.sum, np.mean, np.max)[which % 3]
                over = axis % np.ndim(a) if axis % 5 else None
                made = 0.2 * reduce(a, axis=over, keepdims=True)
            elif np.ndim(a) == 3:
                turned = np.swapaxes(a, -1, -2) * 0.2
                made = (a @ (turned @ a), a[:, ::-1, 1:], turned)[which % 3]
                if np.shape(made) != np.shape(a):
                    made = np.sum(made) * 0.1
            else:
                made = np.reshape(np.transpose(a), np.shape(a))
            seen.append(made)
        return sum(np.sum(v * v) for v in seen) * 0.01

    return f


@pytest.mark.parametrize("seed", range(10))
def test_a_random_function_and_its_gradients_are_those_without(seed):
    f = mt.value_and_grad(random_function(seed), argnums=(0, 1))
    rng = np.random.default_rng(seed)
    shapes = SHAPES[seed % len(SHAPES)], (4, 3, 5)
    compiled = mt.compile(f, backend="numba")
    for _ in range(2):
        given = [rng.standard_normal(shape) for shape in shapes]
        assert differences(compiled(*given), f(*given)) == []


# What leaves, and what must not change


def test_what_somebody_keeps_keeps_its_numbers():
    model = mlp(np.float64)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @mt.compile(backend="numba")
    def step(x, y):
        optimizer.zero_grad()
        losses.cross_entropy(model(x), y).backward()
        optimizer.step()
        return x * 2

    kept = []
    for given in batches(np.float64, 6):
        result = step(*given)
        p = model.parameters()[0]
        kept += [(a, a.copy()) for a in (p.data, p.grad, result)]
    assert all(np.array_equal(a, before) for a, before in kept)
    assert len({id(a) for a, _ in kept}) == len(kept)


@pytest.mark.parametrize("name", ["momentum", "AdamW"])
def test_a_failing_guard_changes_nothing(name):
    make = trained(mlp, OPTIMIZERS[name])
    training = make()
    step = mt.compile(training.step, backend="numba")
    (x, y), *_ = batches(np.float64, 1)
    step(x, y), step(x, y)
    before = training.state()
    with pytest.raises(mt.errors.MicrotensorError):
        step(x, np.where(y == 0, 99, y))
    assert differences(training.state(), before, exact=True) == []


def test_what_a_kernel_still_reads_is_not_written_into():
    rows = [np.array([1.0, 2.0, 3.0, 4.0]) for _ in range(2)]
    found = []
    for row in rows:
        x, y = (Variable(name, (4,), row.dtype) for name in "xy")
        new, other = (Variable(name, (4,), row.dtype) for name in ("new", "other"))
        flipped = Variable("flipped", (4,), row.dtype)
        place = Place("x", ("x",), lambda row=row: row, lambda new: None, in_place=True)
        late = row is rows[1]  # the old numbers are read once more, the other way round
        instructions = [
            Instruction(np.add, (x, y), {}, [new]),
            Instruction(operator.getitem, (x,), {"index": slice(None, None, -1)}, [flipped]),
            Instruction(np.multiply, (new, flipped if late else y), {}, [other]),
        ]
        inputs = [(place, x), (Argument("y", 0), y)]
        program = Program("f", inputs, instructions, [Result(other)], writes=[(place, new)])
        (result,) = in_kernels(program, lambda given: None, [])([np.ones(4)])
        found.append((result.tolist(), row.tolist()))
    assert found[0] == ([2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 5.0])
    assert found[1][0] == [8.0, 9.0, 8.0, 5.0]


def test_a_negative_index_and_one_outside_are_what_they_are_without():
    f = mt.compile(lambda x, i: x[i] * 2, backend="numba")
    x = np.arange(12.0).reshape(4, 3)
    assert np.array_equal(f(x, np.array([0, 3])), x[[0, 3]] * 2)
    assert np.array_equal(f(x, np.array([-1, 1])), x[[-1, 1]] * 2)
    with pytest.raises(IndexError, match="out of bounds"):
        f(x, np.array([0, 4]))


def test_an_array_that_is_not_in_order_is_read_as_it_is():
    f = mt.compile(lambda x: np.tanh(x) @ x, backend="numba")
    x = np.random.default_rng(0).standard_normal((6, 6))
    for given in (x, x.T, x[::-1], np.asfortranarray(x), x):
        assert differences(f(given), np.tanh(given) @ given) == []


def test_a_warm_step_allocates_nothing():
    training = trained(lambda dtype: nn.MLP(3, [64, 4], rng=0), OPTIMIZERS["AdamW"])()
    step = mt.compile(training.step, backend="numba")
    given = batches(np.float32, 1)[0]
    for _ in range(5):
        step(*given)
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        for _ in range(3):
            step(*given)
        grown = tracemalloc.take_snapshot().compare_to(before, "lineno")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(s.size_diff for s in grown) < 1024
    assert peak < 20_000


# Kernels


def test_nests_that_do_the_same_are_compiled_once():
    model = nn.Sequential(*(nn.Sequential(nn.Linear(7, 7, rng=i), nn.Tanh()) for i in range(6)))
    training = trained(lambda dtype: model, OPTIMIZERS["SGD"], losses.mse)()
    before = len(machine._compiled)
    step = mt.compile(training.step, backend="numba")
    step(np.ones((5, 7), np.float32), np.ones((5, 7), np.float32))
    assert len(machine._compiled) - before <= 10


def test_without_numba_the_error_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "numba":
            raise ImportError("No module named 'numba'", name="numba")
        return real(name, *args, **kwargs)

    machine.numba.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError) as error:
        mt.compile(np.tanh, backend="numba")(np.ones(3))
    monkeypatch.undo()
    assert str(error.value) == (
        'compile(backend="numba") needs Numba and SciPy.\n'
        "  expected  both to be installed\n"
        "  got       no module named numba\n"
        '  pip install "microtensor[jit]"'
    )
