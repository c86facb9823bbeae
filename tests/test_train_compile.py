"""`fit(compile=True)`: the same training as the plain loop's, to the last bit, as programs."""

import itertools
import signal
import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, data, losses, nn, optim, train
from microtensor.errors import AnomalyError, ArgumentError, CompileError, CompileWarning
from tests.compiled import differences, state_of

X, Y = data.moons(100, noise=0.1, rng=0)


def network(**options):
    return nn.MLP(2, [8, 2], activation="tanh", rng=0, **options)


def normalized():
    layers = nn.Linear(2, 8, rng=0), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3, rng=1)
    return nn.Sequential(*layers, nn.Dropout(0.2), nn.Linear(8, 2, rng=2))


class TwoInputs(nn.Module):
    def __init__(self):
        self.a, self.b = nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1)

    def forward(self, x, y):
        return {"sum": self.a(x) + self.b(y), "first": self.a(x)}


def of_two(outputs, targets):
    return losses.cross_entropy(outputs["sum"], targets) + 0.1 * np.mean(outputs["first"] ** 2)


def sgd(net):
    return optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)


def adam(net):
    return optim.Adam(net.parameters(), lr=0.05)


def trained(compiled, make=network, optimizer=sgd, loss=losses.cross_entropy, **options):
    """Train, and give all that there is to compare."""
    mt.seed(0)
    options = {name: x() if callable(x) and name in FRESH else x for name, x in options.items()}
    net = make()
    moves = optimizer(net)
    if "schedule" in options and not isinstance(options["schedule"], tuple):
        options["schedule"] = options["schedule"](moves)
    callbacks = options.pop("callbacks", [])
    options = {"data": (X, Y), "epochs": 3, "progress": False, "rng": 0} | options
    history = train.fit(
        net, loss, options.pop("data"), optimizer=moves, callbacks=callbacks, compile=compiled,
        **options,
    )  # fmt: skip
    found = history.lists, history.stopped
    health = [c.rows for c in callbacks if isinstance(c, train.GradientHealth)]
    return str(found), str(health), state_of(net, moves)()


FRESH = {"callbacks"}
CUT = [(X[i : i + 32], Y[i : i + 32]) for i in range(0, 100, 32)]

TRAININGS = {
    "SGD": {},
    "Adam": {"optimizer": adam},
    "RMSprop": {"optimizer": lambda net: optim.RMSprop(net.parameters())},
    "float64": {"make": lambda: network(dtype=np.float64)},
    "dropout and batch norm": {"make": normalized, "validation": (X, Y)},
    "metrics": {"metrics": ["accuracy", "top_1"], "validation": (X, Y)},
    "norm": {"clip": 0.05},
    "norm that is not reached": {"clip": 1e6},
    "value": {"clip": {"value": 0.01}, "optimizer": adam},
    "accumulate": {"accumulate": 3},
    "accumulate and clip": {"accumulate": 2, "clip": 0.1, "optimizer": adam},
    "schedule by step": {"schedule": lambda o: optim.OneCycleLR(o, max_lr=0.2, total_steps=30)},
    "schedule by epoch": {"schedule": lambda o: optim.StepLR(o, 1)},
    "function": {"schedule": lambda o: lambda epoch: 0.1 * 0.5**epoch, "optimizer": adam},
    "plateau": {"schedule": lambda o: optim.ReduceLROnPlateau(o, patience=0, threshold=0.5)},
    "list of batches": {"data": CUT},
    "two inputs": {
        "make": TwoInputs, "loss": of_two, "data": [(x, -x, y) for x, y in CUT],
        "optimizer": adam,
    },
    "lists of numbers": {"data": [(x.tolist(), y.tolist()) for x, y in CUT]},
    "callbacks": {
        "callbacks": lambda: [
            train.AverageWeights(0.9), train.BestWeights("loss"), train.GradientHealth(every=2)
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TRAININGS)
def test_numbers_are_those_of_the_plain_loop(name):
    plain, ours = (trained(compiled, **TRAININGS[name]) for compiled in (False, True))
    assert ours[:2] == plain[:2]
    assert differences(ours[2], plain[2], exact=True) == []


def test_another_training_is_told_apart():
    plain = trained(False)
    ours = trained(True, optimizer=lambda net: optim.SGD(net.parameters(), lr=0.1001))
    assert ours[0] != plain[0]
    assert differences(ours[2], plain[2], exact=True) != []


class Programs(train.Callback):
    """Counts the programs of a training."""

    def after_training(self, run):
        self.count = sum(len(step.programs) for step in run._compiled.steps.values())


def test_the_plain_loop_does_not_run_and_the_last_smaller_batch_has_a_program(monkeypatch):
    calls, seen = itertools.count(), Programs()
    backward = Value.backward

    def counted(self, *args, **options):
        next(calls)
        return backward(self, *args, **options)

    monkeypatch.setattr(Value, "backward", counted)
    trained(True, optimizer=adam, epochs=5, callbacks=[seen])
    assert seen.count == 2  # of 32 rows, and of 4
    assert next(calls) == 2  # while they were written


# Faults


def moved_before(compiled, **options):
    """Train until it fails, and give the message, and what the parameters are then."""
    net = options.pop("make", network)()
    loss, moves = options.pop("loss", losses.cross_entropy), options.pop("optimizer", sgd)(net)
    options |= {"optimizer": moves, "progress": False, "compile": compiled}
    with np.errstate(all="ignore"), pytest.raises(AnomalyError) as error:
        train.fit(net, loss, **options)
    return str(error.value), state_of(net)()


def nothing():
    net = nn.Linear(2, 1, rng=0)
    net.weight.data = np.zeros((1, 2), np.float32)
    return net


SPOILED = [*CUT[:2], (np.where(np.arange(64).reshape(32, 2) == 5, np.nan, CUT[2][0]), CUT[2][1])]

FAULTS = {
    "nan in the data": {"data": SPOILED},
    "a step too large": {
        "data": CUT, "epochs": 3, "optimizer": lambda net: optim.SGD(net.parameters(), lr=1e39)
    },
    "a gradient too large": {
        "make": nothing, "loss": lambda y, t: np.mean(y) * 1e10, "data": [(CUT[0][0] * 1e35, Y)],
        "clip": 1.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_finite_is_told_as_in_the_plain_loop(name):
    (told, state), (expected, plain) = (moved_before(c, **FAULTS[name]) for c in (True, False))
    assert told == expected
    assert differences(state, plain, exact=True) == []


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loss_of_a_wrong_kind_is_told_as_in_the_plain_loop(accumulate):
    def told(loss, compiled):
        with pytest.raises(Exception) as error:  # noqa: PT011  # which one is compared
            trained(compiled, loss=loss, accumulate=accumulate)
        return type(error.value), str(error.value)

    for loss in (lambda y, t: 1.0, lambda y, t: losses.cross_entropy(y, t, reduction="none")):
        assert told(loss, True) == told(loss, False)


class Interrupting(train.Callback):
    def __init__(self, steps):
        self.left = steps

    def after_step(self, run):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_training_after_the_step():
    plain, ours = (trained(c, callbacks=[Interrupting(5)]) for c in (False, True))
    assert "Ctrl-C in epoch 2, after step 1 of it" in ours[0]
    assert ours[0] == plain[0]
    assert differences(ours[2], plain[2], exact=True) == []


@pytest.mark.parametrize("optimizer", [sgd, adam])
@pytest.mark.parametrize(("first", "then"), [(True, True), (True, False), (False, True)])
def test_training_goes_on_from_a_checkpoint_with_the_very_numbers(tmp_path, optimizer, first, then):
    path = tmp_path / "run.checkpoint"
    options = {"make": normalized, "optimizer": optimizer}
    whole = trained(False, **options)
    trained(first, **options, checkpoint=path, callbacks=[Interrupting(6)])
    resumed = trained(then, **options, checkpoint=path, resume=True)
    assert differences(resumed[2], whole[2], exact=True) == []


# What cannot be compiled


def asks(x, y):
    return losses.cross_entropy(x if float(np.sum(x).data) > 0 else x * 2, y)


def test_a_loss_that_depends_on_numbers_is_refused_or_left_to_the_plain_loop():
    with pytest.raises(CompileError) as error:
        trained(True, loss=asks)
    assert error.value.__notes__[-1] == (
        "fit(compile=True): without it, the plain loop trains this model."
    )
    with pytest.warns(CompileWarning, match="fit: the steps are not compiled.\nstep: ") as caught:
        ours = trained({"fallback": True}, loss=asks)
    assert len(caught) == 1
    assert ours[0] == trained(False, loss=asks)[0]


def test_hooks_are_refused():
    net = network()
    with net.after_forward(lambda module, args, y: None), pytest.raises(CompileError):
        train.fit(
            net, losses.cross_entropy, (X, Y), optimizer=sgd(net), progress=False, compile=True
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"compile": True, "optimizer": lambda net: optim.LBFGS(net.parameters())},
            "fit: a step of LBFGS is no program, since it asks for the loss as often as it needs.\n"
            "  expected  compile=False, or another optimizer\n"
            "  got       compile=True",
        ),
        (
            {"compile": {"back": "numpy"}},
            "fit: compile says whether and how steps become programs.\n"
            '  expected  True, "numpy", or options of mt.compile as {"backend": "numpy", '
            '"fallback": True}\n'
            "  got       {'back': 'numpy'}",
        ),
        (
            {"compile": 3},
            "fit: compile says whether and how steps become programs.\n"
            '  expected  True, "numpy", or options of mt.compile as {"backend": "numpy", '
            '"fallback": True}\n'
            "  got       3",
        ),
    ],
)
def test_what_compile_cannot_be_is_refused(options, message):
    with pytest.raises(ArgumentError) as error:
        trained(options.pop("compile"), **options)
    assert str(error.value) == message


def test_a_backend_that_is_none_is_refused_before_anything_happens():
    with pytest.raises(ArgumentError, match=r"compile: there is no such backend\."):
        trained("fortran")


# The same for any function


def test_a_function_that_cannot_be_compiled_runs_as_it_is_when_that_is_asked_for():
    def f(x):
        return x * 2 if float(np.sum(x)) > 0 else -x

    g = mt.compile(f, fallback=True)
    with pytest.warns(CompileWarning) as caught:
        assert g(np.ones(2)).tolist() == [2, 2]
    assert caught[0].filename == __file__
    assert str(caught[0].message).startswith(
        "f runs as it is, since it cannot be compiled.\nf: float(v) asks for a number"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once for calls of the same shapes
        assert g(-np.ones(2)).tolist() == [1, 1]
    assert g.programs == []


def test_a_function_that_is_written_again_and_again_warns_once():
    f = mt.compile(lambda x, n: x * n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(32):
            f(np.ones(1), n)
    with pytest.warns(CompileWarning) as caught:
        found = [f(np.ones(1), n) for n in range(32, 40)]
    assert found == list(range(32, 40))
    assert [str(w.message) for w in caught] == [
        "<lambda> was written as a program 33 times, and keeps 32 of them.\n"
        "Is it called with ever other shapes, whole numbers, strings or objects?"
    ]
    assert caught[0].filename == __file__
