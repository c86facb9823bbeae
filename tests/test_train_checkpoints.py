"""Checkpoints: a training that is resumed gives the very numbers of one that was not stopped."""

import os
import random

import numpy as np
import pytest

import microtensor as mt
from microtensor import data, losses, nn, optim, train
from microtensor.errors import ArgumentError, FileFormatError, ParameterError
from microtensor.train.checkpoints import state_of
from microtensor.train.runs import Run

X, Y = data.moons(100, noise=0.1, rng=0)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """No power is lost in these tests, and a thousand files are written."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


class Stop(train.Callback):
    """Stops after so many steps in all: as good as a kill, where a checkpoint was just written."""

    def __init__(self, steps):
        self.steps = steps

    def after_step(self, run):
        if run.steps == self.steps:
            raise KeyboardInterrupt


class Watch(train.Callback):
    """Keeps the state of the run as it is at the end."""

    def after_training(self, run):
        self.state = state_of(run)


class Jitter:
    """Batches whose numbers are drawn as they are taken, from a generator that they hold."""

    def __init__(self, rng):
        self.rng = np.random.default_rng(rng)

    def __iter__(self):
        for i in range(0, 100, 32):
            x = X[i : i + 32]
            yield x + 0.01 * self.rng.standard_normal(x.shape), Y[i : i + 32]


def legacy(n):
    """Give batches that draw from NumPy's and Python's own generators."""
    for _ in range(n):
        rows = [random.randrange(100) for _ in range(20)]
        yield X[rows] + 0.01 * np.random.standard_normal((20, 2)), Y[rows]  # noqa: NPY002


class Legacy:
    def __iter__(self):
        return legacy(4)


def dropout_network(dtype=np.float32):
    """Two generators: a module's own, and the process's default."""
    return nn.Sequential(
        nn.Linear(2, 16, rng=0, dtype=dtype),
        nn.Tanh(),
        nn.Dropout(0.3, rng=5),
        nn.Linear(16, 16, rng=1, dtype=dtype),
        nn.Dropout(0.1),
        nn.Linear(16, 2, rng=2, dtype=dtype),
    )


KINDS = {
    "adam, arrays": {},
    "batches of the default generator": {"data": lambda: data.batches(X, Y, size=32)},
    "batches of an older generator": {
        "data": lambda: data.batches(X, Y, size=32, rng=np.random.RandomState(3))
    },
    "batches drawn as they are taken": {"data": lambda: Jitter(7)},
    "NumPy's and Python's generators": {"data": Legacy},
    "micro-batches": {"accumulate": 2, "data": lambda: data.batches(X, Y, size=16, rng=1)},
    "momentum, by step": {
        "make": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
        "schedule": lambda o: optim.OneCycleLR(o, 0.2, total_steps=100),
    },
    "plateau": {"schedule": lambda o: optim.ReduceLROnPlateau(o, patience=0, threshold=0.5)},
    "a function": {"schedule": lambda o: lambda epoch: 0.01 / (epoch + 1)},
    "callbacks": {
        "callbacks": lambda: [train.EarlyStopping(patience=50), train.AverageWeights(0.9),
                              train.GradientHealth(every=1)],
    },
    "a metric of the whole set": {"metrics": [train.r2, "accuracy"]},
}  # fmt: skip


def options_of(kind, path, every="epoch"):
    """Make everything anew, as another process would."""
    mt.seed(11)
    np.random.seed(12)  # noqa: NPY002
    random.seed(13)
    net = dropout_network()
    given = KINDS[kind]
    optimizer = given.get("make", lambda p: optim.Adam(p, lr=0.01))(net.parameters())
    schedule = given.get("schedule", lambda o: None)(optimizer)
    metrics = given.get("metrics", ["accuracy"])
    if kind == "a metric of the whole set":
        metrics = {"r2": lambda t, o: train.r2(t, o[:, 1]), "accuracy": train.accuracy}
    watch = Watch()
    return watch, {
        "model": net, "loss": losses.cross_entropy, "data": given.get("data", lambda: (X, Y))(),
        "optimizer": optimizer, "schedule": schedule, "metrics": metrics, "progress": False,
        "callbacks": [*given.get("callbacks", list)(), watch], "validation": (X[:40], Y[:40]),
        "accumulate": given.get("accumulate", 1), "epochs": 4, "rng": 9,
        "checkpoint": train.Checkpoint(path, every=every),
    }  # fmt: skip


def bits(x):
    """Turn a state into something that compares bit for bit; times are left out."""
    if isinstance(x, dict):
        return {key: bits(y) for key, y in x.items() if key != "seconds"}
    if isinstance(x, list | tuple):
        return [bits(y) for y in x]
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.str, np.shape(x), np.asarray(x).tobytes()
    return repr(x)


def perturb():
    """Leave the process's generators elsewhere than the training had them."""
    mt.seed(999)
    np.random.seed(998)  # noqa: NPY002
    random.seed(997)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [3, 4, 9])  # inside an epoch of four steps, and at its end
def test_a_resumed_training_gives_the_numbers_of_one_that_went_through(kind, stop, tmp_path):
    watch, options = options_of(kind, tmp_path / "through")
    whole = train.fit(**options)
    expected = bits(watch.state)

    _, options = options_of(kind, tmp_path / "stopped", every=stop)
    options["callbacks"].insert(0, Stop(stop + 1))
    with pytest.raises(KeyboardInterrupt):
        train.fit(**options)

    watch, options = options_of(kind, tmp_path / "stopped")
    perturb()
    resumed = train.fit(**options, resume=True)
    found = bits(watch.state)
    for part in found:
        assert found[part] == expected[part], part
    assert resumed.to_dict().keys() == whole.to_dict().keys()
    assert all(resumed[name] == whole[name] for name in whole)


class Broken:
    """Validation data that cannot be read the first time."""

    times = 0

    def __iter__(self):
        self.times += 1
        if self.times == 1:
            raise OSError("not there yet")
        return iter([(X, Y)])


def test_an_epoch_can_be_resumed_after_its_last_step(tmp_path):
    through = small(tmp_path / "through", validation=(X, Y))
    expected = train.fit(**through)
    path = tmp_path / "stopped"
    with pytest.raises(OSError, match="not there yet"):
        train.fit(**small(train.Checkpoint(path, every=4), validation=Broken()))
    options = small(path, validation=[(X, Y)], resume=True)
    history = train.fit(**options)
    assert history["loss"] == expected["loss"]
    assert bits(options["model"].state_dict()) == bits(through["model"].state_dict())


def test_a_difference_in_the_generators_would_be_noticed(tmp_path, monkeypatch):
    """With the generators left as they are, the resumed training is another one."""
    monkeypatch.setattr("microtensor.train.chances.Generators.restore", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_resumed_training_gives_the_numbers_of_one_that_went_through(
            "adam, arrays", 3, tmp_path
        )


def small(path, **others):
    """Make a small training with a checkpoint."""
    net = others.pop("model", None) or nn.MLP(2, [4, 2], activation="tanh", rng=0)
    make = others.pop("make", lambda p: optim.Adam(p, lr=0.01))
    given = {"data": (X, Y), "epochs": 2, "rng": 0, "checkpoint": path, "progress": False}
    return {
        "model": net, "loss": losses.cross_entropy, "optimizer": make(net.parameters()),
        **given, **others,
    }  # fmt: skip


def test_resuming_goes_on_to_more_epochs_and_stops_where_all_are_done(tmp_path):
    path = tmp_path / "run"
    first = train.fit(**small(path))
    again = train.fit(**small(path, resume=True))
    assert again.epochs == 2
    assert again["loss"] == first["loss"]
    more = train.fit(**small(path, resume=True, epochs=3))
    through = train.fit(**small(tmp_path / "other", epochs=3))
    assert more["loss"] == through["loss"]


def test_resume_begins_anew_where_there_is_no_file_unless_it_is_named(tmp_path):
    assert train.fit(**small(tmp_path / "none", resume=True)).epochs == 2
    with pytest.raises(FileNotFoundError):
        train.fit(**small(tmp_path / "some", resume=tmp_path / "missing"))
    path = tmp_path / "run"
    train.fit(**small(path))
    assert train.fit(**small(None, resume=str(path), epochs=4)).epochs == 4


def test_the_weights_of_a_checkpoint_are_read_as_any_weights(tmp_path):
    options = small(tmp_path / "run")
    train.fit(**options)
    other = nn.MLP(2, [4, 2], activation="tanh", rng=3)
    mt.load(tmp_path / "run", other, prefix="model.")
    for key, x in options["model"].state_dict().items():
        assert np.array_equal(other.state_dict()[key], x)


OTHERS = {
    "another model": (
        {"model": nn.MLP(2, [5, 2], activation="tanh", rng=1)},
        "MLP.load_state_dict: the state does not fit; nothing was changed.\n"
        "  layers.0.weight: expected shape (5, 2), got (4, 2)\n"
        "  layers.0.bias: expected shape (5,), got (4,)\n"
        "  layers.1.weight: expected shape (2, 5), got (2, 4)",
    ),
    "another dtype": (
        {"model": nn.MLP(2, [4, 2], activation="tanh", rng=1, dtype=np.float64)},
        "fit: the dtype of layers.0.weight is another one than when the checkpoint was written.\n"
        "  expected  float32\n  got       float64",
    ),
    "another optimizer": (
        {"make": lambda p: optim.SGD(p, lr=0.1)},
        "fit: the optimizer is another one than when the checkpoint was written.\n"
        "  expected  Adam\n  got       SGD",
    ),
    "other parameters": (
        {"make": lambda p: optim.Adam(p[:2], lr=0.01)},
        "Adam.load_state_dict: the state does not fit; nothing was changed.\n"
        "  expected  what state_dict() gives for these 2 parameters\n"
        "  got       another state; the first difference is at param_groups.0.params",
    ),
    "another schedule": (
        {"schedule": lambda epoch: 0.1},
        "fit: the schedule is another one than when the checkpoint was written.\n"
        "  expected  none\n  got       function",
    ),
    "other callbacks": (
        {"callbacks": [train.EarlyStopping()]},
        "fit: the list of callbacks that remember is another one than when the checkpoint was "
        "written.\n  expected  none\n  got       EarlyStopping",
    ),
    "other micro-batches": (
        {"accumulate": 2},
        "fit: accumulate is another one than when the checkpoint was written.\n"
        "  expected  1\n  got       2",
    ),
    "other metrics": (
        {"metrics": "accuracy"},
        "fit: the epoch that was interrupted measured something else.\n"
        "  expected  metrics none, as before\n  got       metrics accuracy",
    ),
    "other data": (
        {"data": data.batches(X, Y, size=50, rng=0)},
        "Batches.load_state_dict: the place is in other batches than these.\n"
        "  expected  a place in Batches(2 of 50 rows from 100), shuffled\n"
        "  got       2 batches of 32 rows from 100, shuffled\n"
        "  Make the batches as those before: of the same data, and by the same size.",
    ),
    "fewer batches": (
        {"data": [(X, Y)]},
        "fit: other random generators are held than when the checkpoint was written.\n"
        "  expected  one at data._rng\n  got       none\n"
        "  Give rng= to the same layers and data as then.",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_the_checkpoint_of_another_training_changes_nothing(case, tmp_path):
    path = tmp_path / "run"
    options = small(train.Checkpoint(path, every=2), callbacks=[Stop(3)])
    with pytest.raises(KeyboardInterrupt):
        train.fit(**options)
    given, message = OTHERS[case]
    perturb()
    options = small(path, **given, resume=True)
    before = [bits(options[x].state_dict()) for x in ("model", "optimizer")]
    default = mt.randomness.get_state()
    with pytest.raises((ParameterError, ArgumentError)) as error:
        train.fit(**options)
    assert str(error.value) == message
    assert error.value.__notes__[-1] == f"resuming from {path}; nothing was changed"
    assert [bits(options[x].state_dict()) for x in ("model", "optimizer")] == before
    assert mt.randomness.get_state() == default


def test_data_that_give_fewer_batches_than_before_are_refused(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train.fit(**small(train.Checkpoint(path, every=2), data=[(X, Y)] * 4, callbacks=[Stop(3)]))
    with pytest.raises(ArgumentError) as error:
        train.fit(**small(path, data=[(X, Y)], resume=True))
    assert str(error.value) == (
        "fit: the data give fewer batches than when the checkpoint was written.\n"
        "  expected  at least 2 steps an epoch\n  got       1"
    )


def test_a_checkpoint_that_is_damaged_or_none_changes_nothing(tmp_path):
    path = tmp_path / "run"
    train.fit(**small(path))
    whole = path.read_bytes()
    flips = np.random.default_rng(0).integers(0, len(whole) * 8, 300)
    cuts = np.random.default_rng(1).integers(0, len(whole), 50)
    for n, content in enumerate([*(_flipped(whole, i) for i in flips), *(whole[:n] for n in cuts)]):
        path.write_bytes(content)
        options = small(path, resume=True)
        before = bits(options["model"].state_dict())
        with pytest.raises(FileFormatError):
            train.fit(**options)
        assert bits(options["model"].state_dict()) == before, n
    mt.save(path, options["model"])
    with pytest.raises(FileFormatError, match="is no checkpoint"):
        train.fit(**small(path, resume=True))


def _flipped(content, bit):
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << (bit % 8)
    return bytes(flipped)


def test_every_says_when_a_checkpoint_is_written(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        "microtensor.train.checkpoints.save_checkpoint", lambda path, state: written.append(
            (state["epoch"], state["step"], state["steps"]))
    )  # fmt: skip
    train.fit(**small(tmp_path / "run"))
    assert written == [(1, 0, 4), (2, 0, 8)]
    written.clear()
    train.fit(**small(train.Checkpoint(tmp_path / "run", every=3)))
    assert written == [(0, 3, 3), (1, 0, 4), (1, 2, 6), (2, 0, 8)]
    for every in (0, "step", True, 1.5):
        with pytest.raises(ArgumentError) as error:
            train.Checkpoint("run", every=every)
        assert str(error.value) == (
            "Checkpoint: every says when the file is written.\n"
            f'  expected  "epoch", or a number of steps such as 500\n  got       {every!r}'
        )


def test_generators_are_found_wherever_they_are_held():
    class Holder:
        __slots__ = ("inside",)

    rngs = [np.random.default_rng(i) for i in range(8)]
    holder = Holder()
    holder.inside = rngs[0]
    net = dropout_network()
    net.extra = {"list": [rngs[1], (rngs[2],)], "same": rngs[1]}

    def closing_over(first, second):
        return lambda outputs, targets, rng=rngs[3]: (first, second, rng)

    loss = closing_over(rngs[4], rngs[5])

    run = Run(net, loss, [holder.inside], optimizer=optim.SGD(net.parameters(), lr=1.0), epochs=1,
              accumulate=1, validation=None, metrics={"it": loss}, callbacks=[], schedule=None,
              clip=None, checkpoint=None, progress=False, rng=rngs[6])  # fmt: skip
    found = run.generators.found
    own = [rngs.index(x) for x in found.values() if x in rngs]
    assert own == [1, 2, 4, 5, 3, 0, 6]
    assert found["rng"] is rngs[6]
    assert len(found) == 8  # and the one of the first Dropout
