"""Every parameter of a model and its input are checked, and the model is left as it was."""

import copy

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn
from microtensor.checks import check_model
from microtensor.differences import TOLERANCE
from microtensor.errors import ArgumentError, GradientCheckError


def lines(*rows):
    return "\n".join(rows)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X, Y = normal(4, 3), normal(4, 2, seed=1)


def net(activation="tanh", dtype=np.float32):
    return nn.MLP(3, [5, 2], activation=activation, rng=0, dtype=dtype)


def test_every_parameter_and_the_input_have_a_row():
    result = check_model(net(), losses.mse, X, Y)
    names = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert [row.what for row in result] == [
        *names,
        "the input",
        *(f"the gradient, by {n}" for n in [*names, "the input"]),
        *(f"{n} in float32" for n in names),
    ]
    assert all(row.verdict == "ok" for row in result)
    assert result[0].tolerance == TOLERANCE
    assert result[-1].tolerance == 1000 * np.finfo(np.float32).eps
    assert max(map(len, repr(result).splitlines())) <= 80


def test_a_model_of_float64_has_rows_for_that_alone():
    result = check_model(net(dtype=float), losses.mse, X, Y, order=1)
    assert len(result) == 5
    assert not any("float32" in row.what for row in result)


@pytest.mark.parametrize(
    ("loss", "x", "targets"),
    [
        (losses.cross_entropy, X, (np.array([0, 1, 1, 0]),)),
        (losses.mse, X.astype(np.float32), (Y.astype(np.float32),)),
        (losses.mse, X.tolist(), (Y,)),
        (losses.mse, mt.Value(X), (mt.Value(Y),)),
        (lambda y: np.mean(y * y), X, ()),
        (lambda y, t, w: np.mean(w * (y - t) ** 2), X, (Y, normal(4, 2))),
    ],
)
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_losses_of_any_number_of_targets(loss, x, targets, activation):
    assert check_model(net(activation), loss, x, *targets)


def test_integers_are_passed_on_and_frozen_parameters_left_out():
    class Embedding(nn.Module):
        def __init__(self):
            self.table = nn.Parameter(normal(5, 2).astype(np.float32))
            self.scale = nn.Parameter(np.ones(2), requires_grad=False)

        def forward(self, ids):
            return np.tanh(self.table[ids]) * self.scale

    result = check_model(Embedding(), lambda y: np.mean(y * y), np.array([0, 3, 3]), order=1)
    assert [row.what for row in result] == ["table", "table in float32"]


def test_several_inputs_are_named_by_their_place():
    class Two(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(1.5)

        def forward(self, inputs):
            return self.w * inputs["a"] * inputs["b"]

    x = {"a": normal(3), "b": normal(3, seed=1)}
    result = check_model(Two(), np.sum, x, order=1)
    assert [row.what for row in result] == ["w", "the input['a']", "the input['b']"]


def test_a_wrong_rule_is_found_with_the_parameter_it_harms():
    wrong = mt.primitive(lambda x, w: x @ w)
    mt.differentiable(wrong, lambda g, y, x, w: g @ w.T, lambda g, y, x, w: 1.01 * (x.T @ g))

    class Net(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(3, 3, rng=0)
            self.weight = nn.Parameter(normal(3, 2))

        def forward(self, x):
            return wrong(np.tanh(self.inner(x)), self.weight)

    result = check_model(Net(), losses.mse, X, Y, raises=False)
    failed = [row.what for row in result if not row.passed]
    assert failed[0] == "weight"
    assert {"inner.weight", "inner.bias", "the input"}.isdisjoint(failed)
    assert result.worst.what in failed
    with pytest.raises(GradientCheckError, match=r"^check_model: the gradient of weight is wrong"):
        check_model(Net(), losses.mse, X, Y)


def test_a_relu_at_a_kink_is_no_failure():
    model = net("relu", dtype=float)
    model.layers[0].bias.data = np.zeros(5)
    x = np.zeros((1, 3))
    result = check_model(model, losses.mse, x, Y[:1])
    assert result
    assert {row.what for row in result if row.verdict == "kink"} >= {"layers.0.bias", "the input"}


class Stateful(nn.Module):
    """Keeps a running mean in training, as batch normalisation does."""

    def __init__(self):
        self.linear = nn.Linear(3, 2, rng=0)
        self.mean = nn.Buffer(np.zeros(2, np.float32))
        self.seen = []

    def forward(self, x):
        y = self.linear(x)
        if self.training:
            self.mean.data = 0.9 * self.mean.data + 0.1 * np.mean(y.data, axis=0)
        return y * (2.0 if self.training else 1.0)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model = Stateful().train(training)
    losses.mse(model(X), Y.astype(np.float32)).backward()
    mt.seed(3)
    before = copy.deepcopy(model.state_dict())
    numbers = [(p, p.data, p.grad, p.number) for p in model.parameters()]
    chance = mt.randomness.generator().bit_generator.state
    assert check_model(model, losses.mse, X, Y)
    for p, data, grad, number in numbers:
        assert p.data is data
        assert p.grad is grad
        assert p.number == number
    assert all(np.array_equal(a, before[k]) for k, a in model.state_dict().items())
    assert [m.training for m in model.modules()] == [training] * 2
    assert mt.randomness.generator().bit_generator.state == chance


class Dropout(nn.Module):
    def forward(self, x):
        return x * (mt.randomness.generator().random(np.shape(x)) > 0.5 if self.training else 1.0)


def test_a_random_layer_is_named_and_its_generator_left_alone():
    model = nn.Sequential(nn.Linear(3, 50), nn.Tanh(), Dropout(), nn.Linear(50, 2))
    chance = mt.randomness.generator().bit_generator.state
    with pytest.raises(ArgumentError) as error:
        check_model(model, losses.mse, X, Y)
    assert str(error.value) == lines(
        "check_model: two forward passes on the same numbers disagree, first in Sequential.2.",
        "  expected  the same numbers each time, or differences between them are chance",
        "  got       a function that draws random numbers, or changes as it is called",
        "  Use model.eval() for layers such as dropout, or make the generator anew inside.",
    )
    assert mt.randomness.generator().bit_generator.state == chance
    assert check_model(model.eval(), losses.mse, X, Y, order=1)


def test_long_paths_are_cut_where_they_say_the_least():
    inner = nn.Sequential(net())
    for _ in range(12):
        inner = nn.Sequential(inner)
    shown = repr(check_model(inner, losses.mse, X, Y, order=1)).splitlines()
    assert max(map(len, shown)) <= 80
    assert shown[1].startswith("…")
    assert "layers.0.weight" in shown[1]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            (np.tanh, losses.mse, X, Y),
            lines(
                "check_model: it takes a model, its loss, and what they are given.",
                "  expected  a Module, as in mt.check_model(net, losses.mse, x, y)",
                "  got       a ufunc",
                "  For a function, use mt.check_gradients(f, *args).",
            ),
        ),
        (
            (nn.Tanh(), np.sum, np.array([1, 2])),
            lines(
                "check_model: there is nothing to differentiate by.",
                "  expected  a model with parameters, or an input of floats",
                "  got       Tanh",
            ),
        ),
    ],
)
def test_wrong_use_is_told(args, message):
    with pytest.raises(ArgumentError) as error:
        check_model(*args)
    assert str(error.value) == message


def test_terms_that_cancel_in_float32_are_no_wrong_gradient():
    """Distances do not depend on the bias: its gradient is 0, and rounding in float32."""
    net = nn.Linear(2, 2, rng=0)
    x = np.random.default_rng(0).standard_normal((24, 2))

    def spread(z, y):
        return np.mean((z[:, None] - z[None]) ** 2)

    result = mt.check_model(net, spread, x, None)
    assert {row.what for row in result} >= {"bias", "bias in float32"}
