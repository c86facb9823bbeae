"""A call finds its program: the same one as long as what it rests on is the same."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, CompileWarning

X = np.arange(6.0).reshape(2, 3)


def test_the_same_shapes_are_the_same_program():
    f = mt.compile(lambda x: np.tanh(x) * 2)
    for x in (X, X + 1, -X):
        assert np.array_equal(f(x), np.tanh(x) * 2)
    assert len(f.programs) == 1


@pytest.mark.parametrize(
    "other", [X[:1], X.astype(np.float32), X.astype(int), 2.0, mt.Value(X), [1.0, 2.0]]
)
def test_another_kind_of_argument_is_another_program(other):
    f = mt.compile(lambda x: np.exp(x) if isinstance(x, mt.Value) else x)
    f(X)
    expected = np.exp(other.data if isinstance(other, mt.Value) else other)
    for _ in range(2):
        got = f(other)
        assert np.array_equal(got.data if isinstance(got, mt.Value) else got, expected)
    assert len(f.programs) == 2


def test_an_array_of_a_file_is_an_array(tmp_path):
    of_file = np.memmap(tmp_path / "x", float, "w+", shape=X.shape)
    of_file[:] = X
    f = mt.compile(lambda x, more: np.tanh(x) * more["w"])
    for x in (X, of_file, of_file + 1, of_file[:]):
        assert np.array_equal(f(x, {"w": x}), np.tanh(x) * x)
    assert len(f.programs) == 1


def test_a_masked_argument_is_refused():
    with pytest.raises(ArgumentError) as error:
        mt.compile(lambda x: x * 2)(np.ma.array(X, mask=X > 2))
    assert str(error.value).startswith("x: a masked array would lose its mask.")


@pytest.mark.parametrize("x", [X, 2.0, np.float32(2.0)])
def test_a_switch_and_an_integer_choose_the_program(x):
    f = mt.compile(lambda n, x, half=False: x * n / 2 if half else x * n)
    for n in (1, 2, 3, 2, 1):
        for half in (False, True):
            expected = x * n / 2 if half else x * n
            assert np.array_equal(f(n, x, half), expected)
            assert np.array_equal(f(n, x, half=half), expected)
    assert len(f.programs) == 6  # given by its name or its place, it is the same


def test_the_oldest_programs_are_forgotten():
    f = mt.compile(lambda n, x: x * n)
    with pytest.warns(CompileWarning, match="33 times, and keeps 32"):
        assert [float(f(n, 1.0)) for n in range(40)] == [float(n) for n in range(40)]
    assert len(f.programs) == 32
    assert float(f(0, 1.0)) == 0.0


def test_a_method_is_compiled_for_each_object():
    class Scale:
        def __init__(self, by):
            self.by = by

        @mt.compile
        def of(self, x):
            return x * self.by

    double, triple = Scale(2.0), Scale(3.0)
    for _ in range(3):
        assert np.array_equal(double.of(X), X * 2)
        assert np.array_equal(triple.of(X), X * 3)
    assert len(Scale.of.programs) == 2


def test_a_model_is_an_argument():
    f = mt.compile(lambda net, x: net(x))
    for net in (nn.Linear(3, 2, rng=0), nn.Linear(3, 2, rng=1)):
        for _ in range(2):
            assert np.array_equal(f(net, X).data, net(X).data)
    assert len(f.programs) == 2


def test_a_compiled_function_inside_of_another_is_a_part_of_it():
    inner = mt.compile(lambda x: np.exp(x))
    outer = mt.compile(lambda x: inner(x) + 1)
    assert np.array_equal(outer(X), np.exp(X) + 1)
    assert inner.programs == []


def test_a_compiled_function_tells_what_it_keeps():
    @mt.compile
    def step(x):
        return x

    assert repr(step) == "<compiled step: 0 programs, numpy>"
    step(1.0)
    assert repr(step) == "<compiled step: 1 program, numpy>"


def test_a_backend_that_is_none_is_refused():
    with pytest.raises(ArgumentError) as error:
        mt.compile(np.exp, backend="fortran")
    assert "compile: there is no such backend." in str(error.value)
    assert "got       'fortran'" in str(error.value)


def test_what_is_no_function_is_refused():
    with pytest.raises(ArgumentError) as error:
        mt.compile(3)
    assert str(error.value) == (
        "compile: it takes a function, and gives one that computes the same.\n"
        "  expected  a function, as in mt.compile(step) or above a definition, @mt.compile\n"
        "  got       a int"
    )


def test_a_group_that_is_added_is_trained():
    def losses_and_weights(compiled):
        net = nn.Linear(3, 2, rng=0)
        moves = mt.optim.SGD([net.weight], lr=0.1)

        def step(x):
            moves.zero_grad()
            net.bias.grad = None
            loss = (net(x) ** 2).sum()
            loss.backward()
            moves.step()
            return loss

        step = mt.compile(step) if compiled else step
        before = [float(step(X)) for _ in range(2)]
        moves.add_param_group({"params": [net.bias], "lr": 0.01})
        return [*before, *(float(step(X)) for _ in range(2))], net.bias.data.tolist()

    assert losses_and_weights(True) == losses_and_weights(False)


@pytest.mark.parametrize("backend", ["numpy", "interpreter"])
def test_a_program_may_be_called_in_several_threads(backend):
    f = mt.compile(mt.value_and_grad(lambda x: np.sum(np.tanh(x @ x.T) ** 2)), backend=backend)
    eager = mt.value_and_grad(lambda x: np.sum(np.tanh(x @ x.T) ** 2))
    given = [np.random.default_rng(i).standard_normal((60, 60)) for i in range(8)]
    f(given[0])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: f(given[i % 8]), range(64)))
    for i, (y, g) in enumerate(found):
        expected, slope = eager(given[i % 8])
        assert y == expected
        assert np.array_equal(g, slope)
