"""What goes wrong while training runs: Ctrl-C, a kill, a full disk, numbers that are none."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import microtensor as mt
from microtensor import data, io, losses, nn, optim, train
from microtensor.errors import AnomalyError, GradientError

X, Y = data.moons(64, noise=0.1, rng=0)


def network():
    return nn.MLP(2, [4, 2], activation="tanh", rng=0)


def fit(net, given=None, lr=0.1, loss=losses.cross_entropy, make=optim.SGD, **options):
    options = {"epochs": 3, "progress": False, "rng": 0, **options}
    given = data.batches(X, Y, size=32, rng=0) if given is None else given
    optimizer = make(net.parameters(), lr=lr)
    return train.fit(net, loss, given, optimizer=optimizer, **options)


# Kill


# Reads what to train, forks for it, and tells the fork's end: importing takes long, forking not.
CHILD = """
import os, random, sys
import microtensor as mt
from microtensor import data, losses, nn, optim, train

class Told(train.Callback):
    told = False
    def after_step(self, run):
        if not self.told:
            self.told = True
            print("runs", os.getpid(), flush=True)

def training(path, epochs):
    mt.seed(0)
    random.seed(0)  # it is seeded anew in each fork
    x, y = data.moons(64, noise=0.1, rng=0)
    net = nn.Sequential(nn.Linear(2, 8, rng=0), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2, rng=2))
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    train.fit(
        net, losses.cross_entropy, data.batches(x, y, size=8, rng=0), optimizer=optimizer,
        epochs=epochs, checkpoint=train.Checkpoint(path, every=1), resume=True, progress=False,
        callbacks=[Told()],
    )

for line in sys.stdin:
    path, epochs = line.split()
    pid = os.fork()
    if not pid:
        training(path, int(epochs))
        os._exit(0)
    print("ended", os.waitpid(pid, 0)[1], flush=True)
"""


class Trainer:
    """Another process, whose trainings can be killed."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def start(self, path, epochs):
        print(path, epochs, file=self.process.stdin, flush=True)
        word, pid = self.process.stdout.readline().split()
        assert word == "runs"
        return int(pid)

    def end(self):
        word, status = self.process.stdout.readline().split()
        assert word == "ended"
        return int(status)


def state_of(path):
    """Give what a checkpoint holds, but for the times."""
    state = io.load_checkpoint(path)
    state["history"].pop("seconds")
    return state


def leaves(state):
    """List what is in a state, each with its bits."""
    if isinstance(state, dict):
        return [(key, *leaf) for key, x in state.items() for leaf in leaves(x)]
    if isinstance(state, list | tuple):
        return [(i, *leaf) for i, x in enumerate(state) for leaf in leaves(x)]
    return [(x.dtype.str, x.tobytes()) if isinstance(x, np.ndarray) else (repr(x),)
            for x in (state,)]  # fmt: skip


def test_a_training_killed_fifty_times_ends_as_one_that_was_not(tmp_path):
    """A checkpoint is written after each step, so that most kills fall into a writing."""
    rng = np.random.default_rng(0)
    path, drafts, steps = tmp_path / "run", 0, [0]
    with Trainer() as trainer:
        for _ in range(50):
            pid = trainer.start(path, 1_000_000)
            time.sleep(rng.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            assert trainer.end() == signal.SIGKILL
            drafts += any(tmp_path.glob(".run.*"))
            steps.append(io.load_checkpoint(path)["steps"] if path.exists() else 0)
        assert steps == sorted(steps)
        assert steps[-1] > 0
        assert drafts > 5  # that many fell into a writing
        epochs = io.load_checkpoint(path)["epoch"] + 2  # a step is left, wherever it was killed
        for name in ("run", "through"):
            trainer.start(tmp_path / name, epochs)
            assert trainer.end() == 0
    assert leaves(state_of(path)) == leaves(state_of(tmp_path / "through"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "through"]  # no draft is left


# A full disk


def test_a_full_disk_is_an_error_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run"
    written = []
    own = os.fsync

    def full(handle):
        written.append(handle)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        own(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        fit(network(), checkpoint=train.Checkpoint(path, every=1))
    monkeypatch.undo()
    assert io.load_checkpoint(path)["steps"] >= 1
    assert list(tmp_path.iterdir()) == [path]
    resumed = fit(network(), checkpoint=path, resume=True)
    assert resumed["loss"] == fit(network())["loss"]


# Ctrl-C


class Interrupt(train.Callback):
    """Presses Ctrl-C after a step of the training, so often."""

    def __init__(self, step, times=1):
        self.step, self.times = step, times

    def after_step(self, run):
        if run.steps == self.step:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("step", [1, 3, 4])
def test_ctrl_c_ends_the_epoch_and_keeps_what_was_learned(step, tmp_path):
    net, watch = network(), train.BestWeights()
    history = fit(net, validation=(X, Y), callbacks=[Interrupt(step), watch],
                  checkpoint=tmp_path / "run", metrics="accuracy")  # fmt: skip
    epoch = (step + 1) // 2
    inside = step - 2 * (epoch - 1)
    assert history.stopped == f"Ctrl-C in epoch {epoch}, after step {inside} of it"
    assert history.epochs == epoch == len(history["val_accuracy"])
    assert str(history).endswith(f"\nstopped: {history.stopped}")
    assert net.training is True
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed = fit(network(), validation=(X, Y), callbacks=[train.BestWeights()],
                  checkpoint=tmp_path / "run", metrics="accuracy", resume=True)  # fmt: skip
    through = fit(network(), validation=(X, Y), metrics="accuracy")
    assert dict(resumed) == dict(through)
    assert resumed.stopped is None


def test_ctrl_c_is_answered_where_progress_is_shown(capsys):
    fit(network(), callbacks=[Interrupt(3)], progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "Ctrl-C: this epoch ends here. Once more stops at once."


def test_ctrl_c_during_validation_lets_the_epoch_end():
    class Validation:
        def __iter__(self):
            signal.raise_signal(signal.SIGINT)
            return iter([(X, Y)])

    history = fit(network(), validation=Validation())
    assert (history.epochs, history.stopped) == (1, "Ctrl-C after epoch 1")


def test_a_second_ctrl_c_stops_at_once():
    net = network().eval()
    with pytest.raises(KeyboardInterrupt):
        fit(net, callbacks=[Interrupt(3, times=2)])
    assert net.training is False
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_programs_own_stays():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        history = fit(network(), callbacks=[Interrupt(3)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert (pressed, history.stopped, history.epochs) == ([1], None, 3)


def test_training_runs_beside_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(fit(network())))
    thread.start()
    thread.join()
    assert found[0].epochs == 3


INTERRUPTED = """
import json
from microtensor import data, losses, nn, optim, train
x, y = data.moons(64, noise=0.1, rng=0)
net = nn.Linear(2, 2, rng=0)
class Told(train.Callback):
    def after_step(self, run):
        if run.steps == 5:
            print("runs", flush=True)
optimizer = optim.SGD(net.parameters(), lr=0.1)
history = train.fit(net, losses.cross_entropy, (x, y), optimizer=optimizer, epochs=1_000_000,
                    callbacks=[Told()])
print(json.dumps([history.epochs, history.stopped, history["loss"][-1]]))
"""


def test_ctrl_c_from_outside_ends_a_program_well():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], **pipes)
    assert process.stdout.readline() == "runs\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    epochs, stopped, loss = json.loads(out)
    assert stopped.startswith(f"Ctrl-C in epoch {epochs}, after ") or (
        stopped == f"Ctrl-C after epoch {epochs}"
    )
    assert 0 < loss < 1
    assert "Traceback" not in err


# Numbers that are none


class Root(nn.Module):
    """A model whose slope is infinite at 0: the root of what its layer gives."""

    def __init__(self, start):
        self.layer = nn.Linear(1, 1, rng=0, dtype=np.float64)
        self.layer.weight.data, self.layer.bias.data = [[0.0]], [start]

    def forward(self, x):
        return np.sqrt(self.layer(x))


ONES = np.ones((4, 1))


def anomaly(net, given=((ONES, ONES),), **options):
    options = {"loss": losses.mse, **options}
    with np.errstate(all="ignore"), pytest.raises(AnomalyError) as error:
        fit(net, list(given), **options)
    return str(error.value)


def test_a_nan_of_the_forward_pass_is_explained():
    message = anomaly(Root(-1.0))
    lines = message.split("\n")
    assert lines[0] == "fit: the loss became nan in epoch 1, step 1, at lr 0.1."
    assert lines[1] == "  numpy.sqrt gave nan in 4 of 4 entries, of finite numbers."
    assert "return np.sqrt(self.layer(x))" in message
    assert "in module  Root" in message


def test_an_infinite_gradient_is_explained_when_the_next_loss_shows_it():
    message = anomaly(Root(0.0), [(ONES, ONES), (ONES, ONES)])
    lines = message.split("\n")
    assert lines[0] == "fit: the loss became inf in epoch 1, step 2, at lr 0.1."
    assert lines[1].startswith("  backward: the rule of numpy.sqrt gave -inf in 4 of 4 entries")
    assert "return np.sqrt(self.layer(x))" in message


def test_an_infinite_gradient_of_the_last_step_is_explained_too():
    message = anomaly(Root(0.0), epochs=1)
    lines = message.split("\n")
    assert lines[0] == "fit: layer.weight is not finite after step 1 of epoch 1."
    assert lines[1].startswith("  backward: the rule of numpy.sqrt gave -inf in 4 of 4 entries")


@pytest.mark.parametrize("every", [1, "epoch"])
def test_nan_never_takes_the_place_of_a_checkpoint(every, tmp_path):
    path = tmp_path / "run"
    message = anomaly(Root(0.0), [(ONES, ONES)] * 2, checkpoint=train.Checkpoint(path, every=every))
    assert message.startswith("fit: layer.weight is not finite after step 1") == (every == 1)
    assert not path.exists()


def test_a_clip_without_gradients_says_so():
    net = nn.Linear(2, 2, rng=0)
    other = nn.Parameter(np.zeros(2))
    with pytest.raises(GradientError, match="no parameter has a gradient"):
        train.fit(net, losses.cross_entropy, (X, Y), optimizer=optim.SGD([other], lr=0.1), clip=1.0,
                  progress=False)  # fmt: skip


def test_an_infinite_gradient_that_is_clipped_is_explained():
    message = anomaly(Root(0.0), clip=1.0)
    assert message.startswith("fit: the gradient is not finite in epoch 1, step 1, at lr 0.1.\n")
    assert "the rule of numpy.sqrt gave -inf in 4 of 4 entries" in message


def test_steps_that_are_too_large_are_told_from_operations():
    net = nn.Linear(1, 1, rng=0)
    message = anomaly(net, [(ONES, ONES)] * 3, lr=1e38)
    assert message.split("\n")[0].startswith("fit: the loss became inf in epoch 1, step ")
    net = nn.Linear(1, 1, rng=0)
    message = anomaly(net, lr=float("inf"))
    assert message.split("\n")[1:] == [
        "  weight is not finite, of finite gradients: the step itself was too large.",
        "  Try a learning rate smaller than inf.",
    ]


class Masked(nn.Module):
    """A buffer of -inf is no anomaly, as in a mask."""

    def __init__(self):
        self.layer, self.mask = nn.Linear(2, 3, rng=0), nn.Buffer([0.0, 0.0, -np.inf])
        self.bad = False

    def forward(self, x):
        y = self.layer(x) + self.mask
        return np.log(y - y) if self.bad else y


def test_masks_of_infinity_are_no_anomaly():
    net = Masked()
    assert fit(net).epochs == 3
    net.bad = True
    message = anomaly(net, [(X, Y)], loss=losses.cross_entropy)
    assert "numpy.subtract gave nan" in message


@pytest.mark.parametrize("what", ["inputs", "targets"])
def test_numbers_of_the_data_that_are_none_are_named(what):
    bad = np.ones((4, 1))
    bad[2] = np.nan
    batch = (bad, ONES) if what == "inputs" else (ONES, bad)
    message = anomaly(nn.Linear(1, 1, rng=0), [(ONES, ONES), batch])
    assert message == (
        "fit: the loss became nan in epoch 1, step 2, at lr 0.1.\n"
        f"  Its {what} hold 1 numbers of 4 that are nan or infinite, first in row 2.\n"
        "  Look at the data: np.isfinite(x).all() should be True."
    )


class Chance(nn.Module):
    """Divides by what it draws, which is sometimes 0."""

    def __init__(self, rng):
        self.layer, self.rng = nn.Linear(1, 1, rng=0), rng

    def forward(self, x):
        drawn = mt.randomness.generator(self.rng).integers(0, 8, x.shape).astype(np.float32)
        return self.layer(x) / drawn


@pytest.mark.parametrize("own", [True, False])
def test_the_batch_is_run_again_with_the_same_chance(own):
    mt.seed(1)
    rng = np.random.default_rng(1) if own else None
    message = anomaly(Chance(rng), [(np.ones((1, 1)), np.ones((1, 1)))] * 100, lr=1e-6)
    assert int(message.split("step ")[1].split(",")[0]) > 2
    assert "  numpy.divide gave -inf, of finite numbers.\n" in message


def test_what_was_found_out_leaves_the_model_and_chance_as_they_were():
    net = Chance(np.random.default_rng(3))
    with np.errstate(all="ignore"), pytest.raises(AnomalyError):
        fit(net, [(np.ones((1, 1)), np.ones((1, 1)))] * 100, lr=0.0, loss=losses.mse)
    fresh = Chance(np.random.default_rng(3))
    steps = 0
    with np.errstate(all="ignore"):
        while np.isfinite(fresh(np.ones((1, 1))).data).all():
            steps += 1
    assert net.rng.bit_generator.state == fresh.rng.bit_generator.state
    assert np.array_equal(net.layer.weight.data, fresh.layer.weight.data)
