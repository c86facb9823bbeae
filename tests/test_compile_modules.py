"""Every module: compiled, it computes and learns what it does without."""

import numpy as np
import pytest
from compiled import Training, first_difference, state_of

import microtensor as mt
from microtensor import Value, nn, optim
from microtensor.compiler import compiling

F64 = np.float64
STEPS = 10


def normal(*shape):
    """Give a maker of inputs: a Value of that shape, whose gradient is asked for."""
    return lambda rng: Value(rng.standard_normal(shape))


def integers(most, *shape):
    return lambda rng: rng.integers(0, most, shape)


class Held(nn.Module):
    """Uses the containers that are not called themselves."""

    def __init__(self, holder):
        self.holder = holder

    def forward(self, x):
        for part in self.holder.values() if isinstance(self.holder, nn.ModuleDict) else self.holder:
            x = part(x) if isinstance(part, nn.Module) else x * part
        return x


class Own(nn.Module):
    """A module of the user's own, with a parameter and a buffer that it assigns."""

    def __init__(self):
        self.scale = nn.Parameter(np.linspace(0.5, 1.5, 3))
        self.mean = nn.Buffer(np.zeros(3))

    def forward(self, x):
        if self.training:
            self.mean.data = 0.9 * self.mean.data + 0.1 * x.data.mean(axis=0)
        return np.tanh((x - self.mean) * self.scale)


def linear():
    return nn.Linear(3, 3, rng=0, dtype=F64)


def recurrent(cls, **options):
    return lambda: cls(3, 4, rng=0, dtype=F64, **options)


def with_lengths(rng):
    return Value(rng.standard_normal((5, 3, 3))), {"lengths": rng.integers(1, 6, 3)}


def encoder_layer(**options):
    options = {"dim_feedforward": 6, "dropout": 0.3, "rng": 3, "dtype": F64, **options}
    return nn.TransformerEncoderLayer(4, 2, **options)


def masked(rng):
    mask = np.triu(np.ones((5, 5), bool), 1)
    padding = rng.random((3, 5)) < 0.3
    padding[:, 0] = False
    return Value(rng.standard_normal((5, 3, 4))), {
        "src_mask": mask,
        "src_key_padding_mask": padding,
    }


def attended(rng):
    q, k = (Value(rng.standard_normal((5, 3, 4))) for _ in range(2))
    return q, k, Value(rng.standard_normal((5, 3, 4)))


# The module's name, how it is made, and what it is given.
CASES = [
    ("CELU", lambda: nn.CELU(0.7), normal(4, 3)),
    ("ELU", lambda: nn.ELU(0.7), normal(4, 3)),
    ("GELU", nn.GELU, normal(4, 3)),
    ("GELU", lambda: nn.GELU("tanh"), normal(4, 3)),
    ("GLU", nn.GLU, normal(4, 6)),
    ("GRU", recurrent(nn.GRU), normal(5, 3, 3)),
    ("GRU", recurrent(nn.GRU, num_layers=2, bidirectional=True, dropout=0.4), with_lengths),
    ("LSTM", recurrent(nn.LSTM), normal(5, 3, 3)),
    ("LSTM", recurrent(nn.LSTM, num_layers=2, bidirectional=True, dropout=0.4), with_lengths),
    ("LSTM", recurrent(nn.LSTM, proj_size=2), with_lengths),
    ("MLP", lambda: nn.MLP(3, [5, 2], "gelu", rng=0, dtype=F64), normal(4, 3)),
    ("RNN", recurrent(nn.RNN), normal(5, 3)),
    ("RNN", recurrent(nn.RNN, nonlinearity="relu", num_layers=2), with_lengths),
    ("SELU", nn.SELU, normal(4, 3)),
    ("AdaptiveAvgPool1d", lambda: nn.AdaptiveAvgPool1d(3), normal(2, 2, 7)),
    ("AdaptiveAvgPool2d", lambda: nn.AdaptiveAvgPool2d((3, 2)), normal(2, 2, 7, 5)),
    ("AdaptiveMaxPool1d", lambda: nn.AdaptiveMaxPool1d(3), normal(2, 2, 7)),
    ("AdaptiveMaxPool2d", lambda: nn.AdaptiveMaxPool2d((3, 2)), normal(2, 2, 7, 5)),
    ("AvgPool1d", lambda: nn.AvgPool1d(3, 2, 1), normal(2, 2, 7)),
    ("AvgPool2d", lambda: nn.AvgPool2d(2), normal(2, 2, 6, 4)),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(3, dtype=F64), normal(5, 3)),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(3, momentum=None, dtype=F64), normal(5, 3, 2)),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(3, track_running_stats=False, dtype=F64), normal(5, 3)),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(3, affine=False, dtype=F64), normal(5, 3)),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(3, dtype=F64), normal(2, 3, 4, 4)),
    ("Conv1d", lambda: nn.Conv1d(2, 4, 3, padding=1, groups=2, rng=0, dtype=F64), normal(2, 2, 7)),
    ("Conv2d", lambda: nn.Conv2d(2, 3, 3, stride=2, rng=0, dtype=F64), normal(2, 2, 7, 6)),
    ("Conv2d", lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect", rng=0, dtype=F64),
     normal(2, 2, 5, 6)),
    ("ConvTranspose1d", lambda: nn.ConvTranspose1d(2, 3, 3, 2, rng=0, dtype=F64), normal(2, 2, 5)),
    ("ConvTranspose2d", lambda: nn.ConvTranspose2d(2, 3, 3, 2, rng=0, dtype=F64),
     normal(2, 2, 4, 3)),
    ("Dropout", lambda: nn.Dropout(0.4), normal(4, 3)),
    ("Dropout", lambda: nn.Dropout(0.4, rng=5), normal(4, 3)),
    ("Dropout1d", lambda: nn.Dropout1d(0.4), normal(4, 3, 5)),
    ("Dropout2d", lambda: nn.Dropout2d(0.4, rng=5), normal(4, 3, 2, 2)),
    ("Embedding", lambda: nn.Embedding(7, 3, rng=0, dtype=F64), integers(7, 4, 2)),
    ("Embedding", lambda: nn.Embedding(7, 3, padding_idx=1, rng=0, dtype=F64), integers(7, 9)),
    ("Flatten", nn.Flatten, normal(2, 3, 4)),
    ("GRUCell", lambda: nn.GRUCell(3, 4, rng=0, dtype=F64), normal(2, 3)),
    ("GroupNorm", lambda: nn.GroupNorm(2, 4, dtype=F64), normal(3, 4, 5)),
    ("Hardshrink", nn.Hardshrink, normal(4, 3)),
    ("Hardsigmoid", nn.Hardsigmoid, normal(4, 3)),
    ("Hardswish", nn.Hardswish, normal(4, 3)),
    ("Hardtanh", nn.Hardtanh, normal(4, 3)),
    ("Identity", nn.Identity, normal(4, 3)),
    ("LSTMCell", lambda: nn.LSTMCell(3, 4, rng=0, dtype=F64), normal(2, 3)),
    ("Layer", lambda: nn.Layer(3, 4, "tanh", rng=0, dtype=F64), normal(2, 3)),
    ("LayerNorm", lambda: nn.LayerNorm(3, dtype=F64), normal(2, 3)),
    ("LayerNorm", lambda: nn.LayerNorm((2, 3), bias=False, dtype=F64), normal(4, 2, 3)),
    ("LeakyReLU", nn.LeakyReLU, normal(4, 3)),
    ("Linear", linear, normal(4, 3)),
    ("Linear", lambda: nn.Linear(3, 2, bias=False, rng=0, dtype=F64), normal(2, 4, 3)),
    ("LogSigmoid", nn.LogSigmoid, normal(4, 3)),
    ("LogSoftmax", nn.LogSoftmax, normal(4, 3)),
    ("MaxPool1d", lambda: nn.MaxPool1d(3, 2, 1), normal(2, 2, 7)),
    ("MaxPool2d", lambda: nn.MaxPool2d(2), normal(2, 2, 6, 4)),
    ("Mish", nn.Mish, normal(4, 3)),
    ("Module", Own, normal(4, 3)),
    ("ModuleDict", lambda: Held(nn.ModuleDict({"a": linear(), "b": nn.Tanh()})), normal(4, 3)),
    ("ModuleList", lambda: Held(nn.ModuleList([linear(), nn.ReLU(), linear()])), normal(4, 3)),
    ("MultiheadAttention", lambda: nn.MultiheadAttention(4, 2, dropout=0.3, rng=0, dtype=F64),
     attended),
    ("MultiheadAttention", lambda: nn.MultiheadAttention(
        4, 2, add_bias_kv=True, add_zero_attn=True, rng=0, dtype=F64), attended),
    ("Neuron", lambda: nn.Neuron(3, "sigmoid", rng=0, dtype=F64), normal(4, 3)),
    ("PReLU", lambda: nn.PReLU(3, dtype=F64), normal(4, 3)),
    ("Parameter", lambda: Held([nn.Parameter(np.arange(3.0))]), normal(4, 3)),
    ("ParameterList", lambda: Held(nn.ParameterList([np.arange(1.0, 4.0) / 4, np.ones((4, 3))])),
     normal(4, 3)),
    ("RMSNorm", lambda: nn.RMSNorm(3, dtype=F64), normal(2, 3)),
    ("RNNCell", lambda: nn.RNNCell(3, 4, rng=0, dtype=F64), normal(2, 3)),
    ("ReLU", nn.ReLU, normal(4, 3)),
    ("ReLU6", nn.ReLU6, normal(4, 3)),
    ("Sequential", lambda: nn.Sequential(linear(), nn.Tanh(), linear()), normal(4, 3)),
    ("SiLU", nn.SiLU, normal(4, 3)),
    ("Sigmoid", nn.Sigmoid, normal(4, 3)),
    ("Softmax", nn.Softmax, normal(4, 3)),
    ("Softmin", nn.Softmin, normal(4, 3)),
    ("Softplus", lambda: nn.Softplus(2.0, 1.0), normal(4, 3)),
    ("Softshrink", nn.Softshrink, normal(4, 3)),
    ("Softsign", nn.Softsign, normal(4, 3)),
    ("Tanh", nn.Tanh, normal(4, 3)),
    ("Tanhshrink", nn.Tanhshrink, normal(4, 3)),
    ("Threshold", lambda: nn.Threshold(0.1, 2.0), normal(4, 3)),
    ("TransformerEncoder", lambda: nn.TransformerEncoder(encoder_layer(), 2), normal(5, 3, 4)),
    ("TransformerEncoderLayer", encoder_layer, masked),
    ("TransformerEncoderLayer", lambda: encoder_layer(
        activation="gelu", norm_first=True, batch_first=True), normal(3, 5, 4)),
    ("Unflatten", lambda: nn.Unflatten(1, (2, 3)), normal(2, 6)),
    ("Upsample", lambda: nn.Upsample(scale_factor=2), normal(2, 2, 3)),
    ("Upsample", lambda: nn.Upsample(scale_factor=2, mode="bilinear"), normal(2, 2, 3, 4)),
]  # fmt: skip

NO_MODULES = {"Buffer", "init"}  # Buffer stands in every module that has state: Own, BatchNorm1d


def test_every_module_is_in_the_table():
    assert {name for name, *_ in CASES} == set(nn.__all__) - NO_MODULES


def training(make):
    """Give the maker of a training of a module that learns to give small numbers."""

    def made():
        net = make()
        parameters = list(net.parameters())
        optimizer = optim.SGD(parameters, lr=0.05, momentum=0.9) if parameters else None

        def step(*given):
            *args, kwargs = given if isinstance(given[-1], dict) else (*given, {})
            if optimizer is not None:
                optimizer.zero_grad()
            y = net(*args, **kwargs)
            loss = sum(np.mean(part * part + part) for part in flat(y))
            if loss.requires_grad:
                loss.backward()
            if optimizer is not None:
                optimizer.step()
            return y, loss

        return Training(step, state_of(net, *([optimizer] if optimizer else [])))

    return made


def flat(y):
    return [x for part in y for x in flat(part)] if isinstance(y, tuple) else [y]


def inputs(make, seed=0):
    """Give ten makers of arguments: other numbers each time, and fresh Values each call."""

    def given(i):
        def fresh():
            found = make(np.random.default_rng([seed, i]))
            return found if isinstance(found, tuple) else (found,)

        return fresh

    return [given(i) for i in range(STEPS)]


@pytest.mark.parametrize(
    ("make", "given"), [c[1:] for c in CASES], ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_a_module_trains_as_it_does_without(make, given):
    assert first_difference(training(make), inputs(given)) == ""


@pytest.mark.parametrize(
    ("make", "given"), [c[1:] for c in CASES], ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_a_module_gives_what_it_does_without(make, given):
    def made():
        net = make().eval()

        @mt.no_grad()
        def predict(*given):
            *args, kwargs = given if isinstance(given[-1], dict) else (*given, {})
            return net(*args, **kwargs)

        return Training(predict, state_of(net))

    assert first_difference(made, inputs(given)[:3]) == ""


# What follows shows the comparison wrong programs, and it must object.


def drop_a_write(program):
    program.writes.pop()


def drop_the_write_of_a_buffer(program):
    kept = [w for w in program.writes if w[0].name != "mean"]
    assert len(kept) == len(program.writes) - 1
    program.writes[:] = kept


def keep_the_first_argument(program):
    found = [(slot, v) for slot, v in program.inputs if slot.key[0] == "leaf" and slot.place == 0]
    ((slot, variable),) = found
    program.inputs.remove((slot, variable))
    program.constants[variable] = variable.sample


def keep_the_learning_rate(program):
    ((slot, _),) = [(s, v) for s, v in program.inputs if s.name == "momentum"]
    slot._read = lambda: 0.5


def compute_another_function(program):
    tanh = next(ins for ins in program.instructions if ins.fn is np.tanh)
    tanh.fn = np.sin


def compute_another_gradient(program):
    backward = [ins for ins in program.instructions if ins.phase == "backward"]
    next(ins for ins in backward if ins.fn is np.multiply).fn = np.add


def give_plain_numbers(program):
    program.results[0].as_value = program.results[0].flows = False


@pytest.mark.parametrize(
    "spoil",
    [
        drop_a_write,
        drop_the_write_of_a_buffer,
        keep_the_first_argument,
        keep_the_learning_rate,
        compute_another_function,
        compute_another_gradient,
        give_plain_numbers,
    ],
)
def test_a_wrong_program_is_seen(monkeypatch, spoil):
    right = compiling.trace_call

    def trace_call(*args):
        tracer, program = right(*args)
        spoil(program)
        return tracer, program

    assert first_difference(training(Own), inputs(normal(4, 3))) == ""
    monkeypatch.setattr(compiling, "trace_call", trace_call)
    assert first_difference(training(Own), inputs(normal(4, 3))) != ""


def test_a_program_that_draws_from_a_generator_of_its_own_is_seen(monkeypatch):
    right = compiling.trace_call

    def trace_call(*args):
        tracer, program = right(*args)
        for ins in program.instructions:
            if "rng" in ins.options:
                ins.options["rng"] = np.random.default_rng(0)
        return tracer, program

    monkeypatch.setattr(compiling, "trace_call", trace_call)
    make = training(lambda: nn.Dropout(0.4))
    assert "generator" in first_difference(make, inputs(normal(4, 3)))
