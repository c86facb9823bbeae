"""Layers, activations and initialisers: each against its plain formula."""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).standard_normal((5, 3))


def np_gelu(x):
    return np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.flat]).reshape(x.shape)


ACTIVATIONS = [
    (nn.Identity(), lambda x: x),
    (nn.ReLU(), lambda x: np.where(x > 0, x, 0)),
    (nn.LeakyReLU(), lambda x: np.where(x > 0, x, 0.01 * x)),
    (nn.LeakyReLU(0.3), lambda x: np.where(x > 0, x, 0.3 * x)),
    (nn.ELU(), lambda x: np.where(x > 0, x, np.exp(x) - 1)),
    (nn.ELU(alpha=2.0), lambda x: np.where(x > 0, x, 2 * (np.exp(x) - 1))),
    (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    (nn.Tanh(), lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))),
    (nn.Softplus(), lambda x: np.log(1 + np.exp(x))),
    (nn.Softplus(beta=3.0), lambda x: np.log(1 + np.exp(3 * x)) / 3),
    (nn.SiLU(), lambda x: x / (1 + np.exp(-x))),
    (nn.GELU(), np_gelu),
    (
        nn.GELU(approximate="tanh"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    (nn.Softmax(), lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
    (nn.Softmax(dim=0), lambda x: np.exp(x) / np.exp(x).sum(0)),
    (nn.LogSoftmax(), lambda x: x - np.log(np.exp(x).sum(1, keepdims=True))),
    (nn.LogSoftmax(dim=0), lambda x: x - np.log(np.exp(x).sum(0))),
    (nn.Softmin(), lambda x: np.exp(-x) / np.exp(-x).sum(1, keepdims=True)),
    (nn.Softmin(dim=0), lambda x: np.exp(-x) / np.exp(-x).sum(0)),
    (nn.Softplus(2.0, 1.0), lambda x: np.where(2 * x > 1, x, np.log(1 + np.exp(2 * x)) / 2)),
    (nn.LogSigmoid(), lambda x: -np.log(1 + np.exp(-x))),
    (nn.Softsign(), lambda x: x / (1 + np.abs(x))),
    (nn.Tanhshrink(), lambda x: x - np.tanh(x)),
    (nn.Mish(), lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
    (nn.CELU(2.0), lambda x: np.where(x > 0, x, 2 * (np.exp(x / 2) - 1))),
    (nn.SELU(), lambda x: 1.0507009873554805 * np.where(
        x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))),
    (nn.Hardtanh(), lambda x: np.clip(x, -1, 1)),
    (nn.Hardtanh(-0.2, 0.4), lambda x: np.clip(x, -0.2, 0.4)),
    (nn.ReLU6(), lambda x: np.clip(x, 0, 6)),
    (nn.Hardsigmoid(), lambda x: np.clip(x + 3, 0, 6) / 6),
    (nn.Hardswish(), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    (nn.Hardshrink(), lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    (nn.Softshrink(0.3), lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.3, 0)),
    (nn.Threshold(0.3, 9.0), lambda x: np.where(x > 0.3, x, 9)),
]  # fmt: skip


@pytest.mark.parametrize(("module", "formula"), ACTIVATIONS, ids=[repr(m) for m, _ in ACTIVATIONS])
def test_an_activation_is_its_formula(module, formula):
    assert np.allclose(module(X), formula(X), rtol=1e-12, atol=1e-14)
    assert np.allclose(module(mt.Value(X)).data, formula(X), rtol=1e-12, atol=1e-14)
    assert mt.check_gradients(module, X)
    assert module(X.astype(np.float32)).dtype == np.float32


def test_an_activation_shows_its_options():
    assert [repr(m) for m, _ in ACTIVATIONS[3:6]] == [
        "LeakyReLU(negative_slope=0.3)",
        "ELU(alpha=1.0)",
        "ELU(alpha=2.0)",
    ]
    assert repr(nn.GELU()) == "GELU(approximate='none')"


def test_gelu_knows_two_forms():
    with pytest.raises(ArgumentError) as error:
        nn.GELU(approximate="fast")
    assert str(error.value) == (
        "GELU: unknown approximation.\n"
        "  expected  approximate='none' or approximate='tanh'\n"
        "  got       'fast'"
    )


@pytest.mark.parametrize(("n", "slopes"), [(1, 0.25), (3, [0.1, 0.2, 0.3])])
def test_prelu_learns_the_slopes_of_the_negative_side(n, slopes):
    layer = nn.PReLU(n, dtype=np.float64)
    assert np.array_equal(layer.weight.data, np.full(n, 0.25))
    layer.weight.data = np.broadcast_to(slopes, (n,))
    layer(X).sum().backward()
    assert np.allclose(layer(X).data, np.where(X > 0, X, slopes * X))
    assert np.allclose(layer.weight.grad, np.minimum(X, 0).sum(0 if n > 1 else None))
    assert repr(layer) == f"PReLU(num_parameters={n})"


def test_prelu_needs_a_slope_for_each_channel():
    with pytest.raises(ShapeError) as error:
        nn.Sequential(nn.PReLU(2))(X)
    assert str(error.value) == (
        "prelu: the weight must be one number, or one for each channel.\n"
        "  expected  shape (1,) or (3,), since x has shape (5, 3)\n"
        "  got       shape (2,)"
    )
    assert error.value.__notes__[-1].endswith("in module Sequential.0")


def test_glu_lets_one_half_through_by_the_other():
    x = np.random.default_rng(1).standard_normal((4, 6))
    assert np.allclose(nn.GLU()(x), x[:, :3] / (1 + np.exp(-x[:, 3:])))
    assert np.allclose(nn.GLU(0)(x), x[:2] / (1 + np.exp(-x[2:])))
    with pytest.raises(ShapeError) as error:
        nn.Sequential(nn.GLU())(mt.Value(X))
    assert error.value.__notes__ == ["in module Sequential.0"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Hardtanh(2.0, 1.0),
         "Hardtanh: the lower bound must be below the upper one.\n"
         "  expected  min_val < max_val\n  got       min_val=2.0, max_val=1.0"),
        (lambda: nn.CELU(0), "CELU: alpha must not be 0.\n  expected  such as 1.0\n  got       0"),
        (lambda: nn.PReLU(0), "PReLU: num_parameters must be a positive integer.\n"
         "  expected  1 or more\n  got       0"),
    ],
)  # fmt: skip
def test_a_wrong_option_of_an_activation_is_an_error(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == message


# Layers


def test_linear_is_its_formula():
    layer = nn.Linear(3, 2, rng=0, dtype=np.float64)
    w, b = layer.weight.data, layer.bias.data
    assert (layer.weight.shape, layer.bias.shape) == ((2, 3), (2,))
    assert np.allclose(layer(X).data, X @ w.T + b)
    assert np.allclose(layer(X[0]).data, w @ X[0] + b)
    assert layer(np.stack([X, X])).shape == (2, 5, 2)


def test_linear_can_do_without_a_bias():
    layer = nn.Linear(3, 2, bias=False, rng=0, dtype=np.float64)
    assert list(layer.state_dict()) == ["weight"]
    assert np.allclose(layer(X).data, X @ layer.weight.data.T)


def test_the_gradients_of_a_network_agree_with_differences():
    net = nn.MLP(3, [4, 2], activation="tanh", rng=0, dtype=np.float64)
    assert mt.check_gradients(lambda x: net(x).sum(), X)
    weight = net.layers[0].weight.data

    def as_function(w):
        layer = net.layers[1]
        return np.tanh(X @ w.T + net.layers[0].bias.data) @ layer.weight.data.T

    net(X).sum().backward()
    assert np.allclose(net.layers[0].weight.grad, mt.grad(lambda w: as_function(w).sum())(weight))


def test_neuron_layer_and_mlp_are_their_formulas():
    neuron = nn.Neuron(3, "tanh", rng=0, dtype=np.float64)
    assert np.allclose(neuron(X).data, np.tanh(X @ neuron.weight.data + neuron.bias.data))
    assert neuron(X[0]).shape == ()
    assert list(neuron.state_dict()) == ["weight", "bias"]
    layer = nn.Layer(3, 2, "relu", rng=0, dtype=np.float64)
    assert np.allclose(layer(X).data, np.maximum(X @ layer.weight.data.T + layer.bias.data, 0))
    net = nn.MLP(3, [4, 4, 2], "sigmoid", rng=0, dtype=np.float64)
    h = X
    for i, part in enumerate(net.layers):
        h = h @ part.weight.data.T + part.bias.data
        h = 1 / (1 + np.exp(-h)) if i < 2 else h
    assert np.allclose(net(X).data, h)


def test_a_neuron_is_one_row_of_a_layer():
    layer, neuron = nn.Layer(3, 2, "tanh", rng=0), nn.Neuron(3, "tanh")
    neuron.weight.data, neuron.bias.data = layer.weight.data[1], layer.bias.data[1]
    assert np.allclose(neuron(X).data, layer(X).data[:, 1], rtol=1e-6)


@pytest.mark.parametrize("activation", ["gelu", np.sin, mt.relu, nn.ELU(0.5), None])
def test_an_activation_may_be_a_name_a_function_a_module_or_none(activation):
    net = nn.MLP(3, [4, 1], activation, rng=0)
    assert net(X).shape == (5, 1)
    assert len(net.parameters()) == 4


def test_the_activation_of_a_layer_is_shown_as_one_would_write_it():
    shown = [repr(nn.Layer(1, 1, a)).split("=")[1] for a in ("tanh", np.sin, None)]
    assert shown == ["'tanh')", "sin)", "None)"]


def test_parameters_are_float32_unless_said_otherwise():
    for module in (nn.Linear(2, 1), nn.Neuron(2), nn.Layer(2, 1), nn.MLP(2, [2, 1])):
        assert {p.dtype for p in module.parameters()} == {np.dtype(np.float32)}
        assert module(np.ones((3, 2))).dtype == np.float32
    net = nn.MLP(2, [2, 1], dtype=np.float64)
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    "x",
    [[1, 2], (1.0, 2.0), [True, False], np.array([1, 2]), [mt.Value(1.0), mt.Value(2.0)],
     [[1, 2], [3, 4]], mt.Value(np.array([1, 2]))],
    ids=repr,
)  # fmt: skip
def test_layers_take_integers_and_lists_as_floats_of_their_own_kind(x):
    layer = nn.Linear(2, 1, rng=0)
    assert layer(x).dtype == np.float32
    numbers = np.array([float(v) for v in x] if np.ndim(x[0]) == 0 else x)
    assert np.allclose(layer(x).data, layer(numbers).data)


def test_a_list_of_values_keeps_their_gradients():
    a, b = mt.Value(1.0), mt.Value(2.0)
    nn.Neuron(2, None, rng=0)([a, b]).backward()
    assert a.grad != 0
    assert b.grad != 0


def test_a_seed_repeats_the_weights_and_layers_differ():
    one, two = nn.MLP(4, [4, 4], rng=0), nn.MLP(4, [4, 4], rng=np.random.default_rng(0))
    assert np.array_equal(one.layers[1].weight.data, two.layers[1].weight.data)
    assert not np.array_equal(one.layers[0].weight.data, one.layers[1].weight.data)
    mt.seed(5)
    first = nn.Linear(2, 2).weight.data
    mt.seed(5)
    assert np.array_equal(nn.Linear(2, 2).weight.data, first)


WRONG_WIDTHS = [
    (lambda: nn.Linear(3, 1, rng=0), (5, 2), "Linear", (1, 3), ""),
    (lambda: nn.Neuron(3, rng=0), (5, 4), "Neuron", (3,), ""),
    (lambda: nn.MLP(3, [2, 1], rng=0), (3, 5), "MLP.layers.0", (2, 3), "transposed"),
    (lambda: nn.MLP(3, [2, 1], rng=0), (), "MLP.layers.0", (2, 3), ""),
    (
        lambda: nn.Sequential(nn.Linear(3, 2, rng=0), nn.MLP(4, [1])),
        (5, 3),
        "Sequential.1.layers.0",
        (1, 4),
        "",
    ),
]


@pytest.mark.parametrize(("make", "shape", "where", "weight", "kind"), WRONG_WIDTHS)
def test_a_wrong_width_is_an_error_with_the_place(make, shape, where, weight, kind):
    with pytest.raises(ShapeError) as error:
        make()(np.zeros(shape))
    width = weight[-1]
    got = (5, 2) if where.startswith("Sequential") else shape
    hint = f"Give it {width} numbers in the last axis, or make the layer for what it is given."
    if kind:
        hint = f"The first axis has {width}: perhaps the input is transposed, and x.T is meant."
    assert str(error.value) == (
        f"{where}: the input has the wrong width.\n"
        f"  expected  an input of shape (..., {width}), since the weight has shape {weight}\n"
        f"  got       an input of shape {got}\n"
        f"  {hint}"
    )


def test_a_wrong_width_is_an_error_while_nothing_is_recorded_too():
    with mt.no_grad(), pytest.raises(ShapeError) as error:
        nn.MLP(3, [1], rng=0)([])
    assert str(error.value) == (
        "Layer: the input has the wrong width.\n"
        "  expected  an input of shape (..., 3), since the weight has shape (1, 3)\n"
        "  got       an input of shape (0,)\n"
        "  Give it 3 numbers in the last axis, or make the layer for what it is given."
    )


BAD_SIZES = [
    (lambda: nn.Linear(0, 1), "Linear: in_features", "0"),
    (lambda: nn.Linear(1, 2.5), "Linear: out_features", "2.5"),
    (lambda: nn.Layer(1, -1), "Layer: out_features", "-1"),
    (lambda: nn.Neuron("3"), "Neuron: in_features", "'3'"),
    (lambda: nn.MLP(0, [1]), "MLP: in_features", "0"),
    (lambda: nn.MLP(1, [1, 0]), "MLP: widths[1]", "0"),
]


@pytest.mark.parametrize(("make", "what", "got"), BAD_SIZES)
def test_a_size_is_a_positive_integer(make, what, got):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == (
        f"{what} must be a positive integer.\n  expected  1 or more\n  got       {got}"
    )


@pytest.mark.parametrize("widths", [16, []])
def test_the_widths_of_an_mlp_are_a_list(widths):
    with pytest.raises(ArgumentError) as error:
        nn.MLP(2, widths)
    assert str(error.value) == (
        "MLP: widths must list the number of neurons of each layer.\n"
        "  expected  a list such as [16, 16, 1]; the last is the number of outputs\n"
        f"  got       {widths}"
    )


@pytest.mark.parametrize("make", [nn.Neuron, nn.Layer, nn.MLP])
def test_an_unknown_activation_is_told_with_those_that_are_known(make):
    sizes = {nn.Neuron: (2,), nn.Layer: (2, 1), nn.MLP: (2, [1])}[make]
    with pytest.raises(ArgumentError) as error:
        make(*sizes, activation="rule")
    assert str(error.value) == (
        f"{make.__name__}: unknown activation.\n"
        "  expected  one of elu, gelu, leaky_relu, relu, sigmoid, silu, softplus, tanh, "
        "a function or module, or None\n"
        "  got       'rule'"
    )


# Sequential


def test_sequential_applies_its_parts_in_order():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), np.tanh, nn.Linear(4, 1, rng=1))
    h = np.tanh(X @ net[0].weight.data.T + net[0].bias.data)
    assert np.allclose(net(X).data, h @ net[2].weight.data.T + net[2].bias.data, rtol=1e-5)
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_sequential_is_read_as_a_list():
    parts = [nn.Tanh(), nn.ReLU(), nn.Sigmoid()]
    net = nn.Sequential(*parts)
    assert len(net) == 3
    assert list(net) == parts
    assert net[-1] is parts[2]
    assert list(net[1:]) == parts[1:]
    assert list(net[1:].append(nn.Identity()))[:2] == parts[1:]
    assert len(net.append(nn.Identity())) == 4


def test_a_part_of_a_sequential_can_be_replaced():
    net = nn.Sequential({"body": nn.Linear(3, 4, rng=0), "head": nn.Linear(4, 2)})
    net[-1] = head = nn.Linear(4, 5, rng=1)
    assert net[1] is head
    assert net(X).shape == (5, 5)
    assert list(net.state_dict()) == ["body.weight", "body.bias", "head.weight", "head.bias"]
    with pytest.raises(ArgumentError) as error:
        net[0] = nn.ReLU
    assert str(error.value) == (
        "Sequential: part body is a class, and no module yet.\n"
        "  expected  ReLU(), with brackets\n"
        "  got       ReLU"
    )
    with pytest.raises(IndexError):
        net[2] = nn.ReLU()


def test_sequential_takes_names():
    net = nn.Sequential({"hidden": nn.Linear(2, 2, rng=0), "out": nn.Linear(2, 1, rng=0)})
    assert next(iter(net.state_dict())) == "hidden.weight"


BAD_PARTS = [
    (
        ([nn.Tanh()],),
        "Sequential: part 0 cannot be called.\n"
        "  expected  a module, or a function of one array\n"
        "  got       a list\n"
        "  Pass modules one by one: Sequential(*modules), not a list of them.",
    ),
    (
        (3,),
        "Sequential: part 0 cannot be called.\n"
        "  expected  a module, or a function of one array\n"
        "  got       a int",
    ),
    (
        ({"forward": nn.Tanh()},),
        "Sequential: the name 'forward' is taken.\n"
        "  expected  a name of its own for each part, and none of Sequential's own\n"
        "  got       'forward'",
    ),
]


@pytest.mark.parametrize(("parts", "message"), BAD_PARTS)
def test_sequential_takes_what_can_be_called(parts, message):
    with pytest.raises(ArgumentError) as error:
        nn.Sequential(*parts)
    assert str(error.value) == message


# Initialisers

SHAPE = (400, 300)  # so the variance of a sample is known to about 1 % (sqrt(2 / 120000) = .4 %)
VARIANCES = [
    (nn.init.uniform, {"low": -0.5, "high": 1.0}, 1.5**2 / 12),
    (nn.init.normal, {"std": 0.3}, 0.09),
    (nn.init.xavier_uniform, {}, 2 / 700),
    (nn.init.xavier_uniform, {"gain": 2.0}, 8 / 700),
    (nn.init.xavier_normal, {}, 2 / 700),
    (nn.init.xavier_normal, {"gain": 2.0}, 8 / 700),
    (nn.init.kaiming_uniform, {}, 2 / 300),
    (nn.init.kaiming_uniform, {"mode": "fan_out", "gain": 1.0}, 1 / 400),
    (nn.init.kaiming_normal, {}, 2 / 300),
    (nn.init.kaiming_normal, {"mode": "fan_out", "gain": 1.0}, 1 / 400),
]


@pytest.mark.parametrize(("start", "options", "variance"), VARIANCES)
def test_an_initialiser_has_the_variance_it_says(start, options, variance):
    w = start(SHAPE, rng=0, dtype=np.float64, **options)
    assert abs(w.var() / variance - 1) < 5 * math.sqrt(2 / w.size)  # five standard errors
    assert w.shape == SHAPE
    assert start(SHAPE, rng=0, **options).dtype == np.float32


def test_the_check_of_variances_objects_to_the_other_fan():
    w = nn.init.kaiming_normal(SHAPE, rng=0, dtype=np.float64)
    assert abs(w.var() / (2 / 400) - 1) > 5 * math.sqrt(2 / w.size)


def test_even_numbers_stay_within_their_bound():
    bound = math.sqrt(6 / 700)
    w = nn.init.xavier_uniform(SHAPE, rng=0, dtype=np.float64)
    assert 0.99 * bound < np.abs(w).max() <= bound


def test_constants_are_what_they_say():
    assert np.array_equal(nn.init.zeros((2, 3)), np.zeros((2, 3)))
    assert np.array_equal(nn.init.constant((2,), value=3.0), [3, 3])
    assert nn.init.normal((1000,), rng=0, mean=5.0).mean() > 4.8


def test_linear_starts_as_pytorch_does():
    layer = nn.Linear(300, 400, rng=0, dtype=np.float64)
    for p in layer.parameters():
        assert 0.9 / math.sqrt(300) < np.abs(p.data).max() <= 1 / math.sqrt(300)
    assert abs(layer.weight.data.var() * 3 * 300 - 1) < 0.02


@pytest.mark.parametrize("shape", [(), (0, 3)])
def test_fans_need_inputs_and_outputs(shape):
    with pytest.raises(ShapeError) as error:
        nn.init.xavier_uniform(shape)
    assert str(error.value) == (
        "init: the weights of a layer need inputs and outputs.\n"
        "  expected  a shape (outputs, inputs, *kernel), each at least 1\n"
        f"  got       shape {shape}"
    )


def test_kaiming_knows_two_modes():
    with pytest.raises(ArgumentError) as error:
        nn.init.kaiming_normal((2, 2), mode="fan")
    assert str(error.value) == (
        "init: unknown mode.\n  expected  'fan_in' or 'fan_out'\n  got       'fan'"
    )


@pytest.mark.parametrize(
    ("shape", "fans"), [((4,), (4, 1)), ((3, 2), (2, 3)), ((8, 3, 5, 5), (75, 200))]
)
def test_fans_count_the_weights_of_an_output_and_of_an_input(shape, fans):
    assert nn.init.fans(shape) == fans


def test_weights_are_not_taken_for_their_shape():
    weight = nn.Linear(3, 2).weight
    for fill in (nn.init.zeros, nn.init.normal, nn.init.xavier_uniform, nn.init.kaiming_normal):
        assert fill(weight.shape).shape == (2, 3)
        with pytest.raises(ArgumentError) as error:
            fill(weight)
        assert str(error.value) == (
            "init: the first argument is the shape of the weights.\n"
            "  expected  a tuple such as (16, 2)\n"
            "  got       a Parameter of shape (2, 3)\n"
            "  For new numbers: weight.data = init.xavier_uniform(weight.shape)."
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: nn.Linear(3, 2), (4, 3)),
        (lambda: nn.MLP(3, [2]), (4, 3)),
        (lambda: nn.Conv2d(1, 1, 2), (1, 1, 4, 4)),
        (lambda: nn.BatchNorm1d(3), (4, 3)),
        (lambda: nn.LayerNorm(3), (4, 3)),
        (lambda: nn.LSTM(3, 2), (4, 1, 3)),
        (lambda: nn.GRUCell(3, 2), (4, 3)),
        (lambda: nn.TransformerEncoderLayer(4, 2, 8), (4, 3, 4)),
    ],
)
def test_a_masked_input_is_refused_by_every_layer(make, shape, dtype):
    masked = np.ma.array(np.ones(shape, dtype), mask=np.arange(np.prod(shape)) % 2)
    with pytest.raises(ArgumentError, match="a masked array would lose its mask"):
        make()(masked)
