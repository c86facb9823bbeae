"""Programs of single numbers are arithmetic of Python's, and give what is given without."""

import random

import numpy as np
import pytest
from compiled import Training, first_difference

import microtensor as mt
from microtensor import Value, micrograd
from microtensor.compiler import executing, float_source

BACKENDS = ["numpy", "numba"]


@pytest.fixture
def texts(monkeypatch):
    """Collect the texts that are written, so that a test knows that they are."""
    found = []

    class Watched(float_source.FloatText):
        def function(self):
            found.append(self.text)
            return super().function()

    monkeypatch.setattr(executing, "FloatText", Watched)
    return found


def micrograds():
    """Train micrograd's MLP, as its demo does."""
    random.seed(1)
    model = micrograd.MLP(2, [4, 3, 1])

    def step(a, b, target):
        loss = (model([a, b]) - target) ** 2
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.05 * p.grad
        return loss.data

    def state():
        numbers = {f"{i}.data": np.array(p.data) for i, p in enumerate(model.parameters())}
        return numbers | {f"{i}.grad": np.array(p.grad) for i, p in enumerate(model.parameters())}

    return Training(step, state)


def test_micrograds_network_learns_the_same_to_the_last_bit(texts):
    rng = random.Random(0)
    calls = [tuple(rng.uniform(-1, 1) for _ in range(3)) for _ in range(10)]
    assert first_difference(micrograds, calls, backends=BACKENDS, exact=True) == ""
    assert len(texts) == 2
    assert all("float(" not in text for text in texts)  # no call of NumPy's


def test_arithmetic_that_is_another_is_found_out(monkeypatch):
    monkeypatch.setitem(float_source._SIGNS, np.subtract, ("+", float_source._SUM))
    found = first_difference(micrograds, [(0.5, -1.0, 2.0)], backends=["numpy"])
    assert found.startswith("numpy, call 0: ")


FUNCTIONS = [
    lambda x, y: x + y, lambda x, y: x - (y - x), lambda x, y: x * (y + 3.0), lambda x, y: x / y,
    lambda x, y: -(x + y), lambda x, y: -x * -2.0, lambda x, y: np.tanh(x), lambda x, y: x**2,
    lambda x, y: (-x) ** 3, lambda x, y: x**-1, lambda x, y: (x * x) ** 0.5,
    lambda x, y: mt.relu(x - y), lambda x, y: np.exp(x), lambda x, y: np.log(x * x),
    lambda x, y: np.sin(x) * np.cos(y), lambda x, y: np.sqrt(x * x), lambda x, y: mt.sigmoid(x),
    lambda x, y: 2.0 - x, lambda x, y: 1 / (x * x + 1), lambda x, y: (x / y) / (y / x),
    lambda x, y: x - y * -1.5, lambda x, y: (x + y) * (x - y) / 2,
]  # fmt: skip


def random_training(seed):
    """Make up a step of a dozen functions of two numbers and a parameter."""
    picks = np.random.default_rng(seed).integers(0, 1000, (12, 3)).tolist()

    def make():
        w = Value(0.7)

        def step(x, y):
            w.grad = None
            seen = [w, w * x, w + y]
            for which, one, other in picks:
                f = FUNCTIONS[which % len(FUNCTIONS)]
                seen.append(0.5 * f(seen[one % len(seen)], seen[other % len(seen)]))
            total = sum(seen)
            total.backward()
            w.data = w.data - 0.01 * w.grad
            return total, seen[-1], w.data

        return Training(step, lambda: {"w": np.array(w.data), "grad": np.array(w.grad)})

    return make


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", range(30))
def test_a_random_step_of_numbers_is_the_same_to_the_last_bit(seed, texts):
    calls = [(0.3, -1.2), (1.0, 0.5), (-2.0, 0.0), (0.0, 0.0), (1e200, 1e200)]
    make = random_training(seed)
    assert first_difference(make, calls, backends=BACKENDS, exact=True) == ""
    assert texts


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_where_python_raises_numpys_inf_and_nan_are_given(texts):
    f = mt.compile(lambda x, y: x / y + 1.0)
    with np.errstate(all="ignore"):
        assert f(1.0, 2.0) == 1.5
        assert f(1.0, 0.0) == np.inf
        assert np.isnan(f(0.0, 0.0))
        power = mt.compile(lambda x: x**2 * 1.0)
        assert power(1e200) == np.inf
    assert len(texts) == 2


def test_a_number_that_is_read_twice_is_computed_once_and_others_where_they_are_read(texts):
    f = mt.compile(lambda a, b, c: (a + b * c - 1.0) * 2.0 + mt.relu(a * b))
    assert f(2.0, 3.0, 4.0) == 32.0
    lines = [line.strip() for line in texts[0].splitlines()]
    assert lines == [
        "def run(given):",
        "v0 = given[1]",
        "v1 = given[2]",
        "v2 = given[0]",
        "v3 = v2 * v0",
        "v4 = 0.0 if v3 <= 0 else v3",
        "v5 = (v2 + v0 * v1 - 1.0) * 2.0 + v4",
        "return [v5]",
    ]


def test_what_fails_has_changed_nothing(texts):
    w = Value(2.0)

    @mt.compile
    def step(x):
        w.data = w.data * x
        return np.float64(1.0) * (1.0 / x)

    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        step(1.0), step(0.0)
    assert w.data == 2.0
