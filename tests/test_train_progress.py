"""What is seen while training runs: in a terminal of 80 columns, and piped."""

import os
import re
import sys
import threading

import pytest

from microtensor import data, losses, nn, optim, train
from microtensor.train.progress import Progress

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

import fcntl
import pty
import struct
import termios

X, Y = data.moons(640, noise=0.1, rng=0)


class Unknown:
    """Batches that do not tell how many they are."""

    def __iter__(self):
        return iter(data.batches(X, Y, size=32, rng=0))


def fit(epochs, **options):
    net = nn.MLP(2, [16, 2], activation="tanh", rng=0)
    options = {"data": data.batches(X, Y, size=32, rng=0), "validation": (X, Y),
               "metrics": "accuracy", **options}  # fmt: skip
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    train.fit(net, losses.cross_entropy, epochs=epochs, optimizer=optimizer, **options)


def in_terminal(monkeypatch, columns, *arguments, **options):
    """Train on a terminal, and give the states of the line that were drawn there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    drawn = []

    def read():
        while more := _read(ours):
            drawn.append(more)

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as patched, open(theirs, "w") as stderr:
        patched.setattr(sys, "stderr", stderr)
        fit(*arguments, **options)
    reader.join(timeout=60)
    os.close(ours)
    text = b"".join(drawn).decode()
    return [state for state in re.split(r"[\r\n]+", text) if state.strip()]


def _read(handle):
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end is closed
        return b""


def piped(capsys, *arguments, **options):
    fit(*arguments, **options)
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_a_terminal_shows_one_bar_with_everything_in_80_columns(monkeypatch):
    states = in_terminal(monkeypatch, 80, 40)
    assert all(len(state) < 80 for state in states)
    end = states[-1]
    assert re.fullmatch(
        r"40/40 \|█+\| 00:00 left, loss 0\.\d+/0\.\d+, [\d.]+[kM]? rows/s, "
        r"accuracy 0\.\d+/0\.\d+ *", end
    ), end  # fmt: skip
    middle = states[len(states) // 2]
    assert re.match(r" ?\d+/40 \|[█▏▎▍▌▋▊▉ ]+\| 00:0\d left, loss ", middle), middle


def test_a_narrow_terminal_shows_what_fits(monkeypatch):
    states = in_terminal(monkeypatch, 50, 20)
    assert all(len(state) < 50 for state in states)
    assert re.match(r"20/20 \|█+\| 00:00 left, loss 0\.\d+/0\.\d+", states[-1])


def test_a_terminal_counts_steps_where_nobody_knows_how_many_there_are(monkeypatch):
    states = in_terminal(monkeypatch, 80, 3, data=Unknown(), validation=None, metrics=())
    assert re.match(r"3/3 60 steps, 00:0\d, loss 0\.\d+, [\d.]+[kM]? rows/s", states[-1])


def test_a_pipe_gets_a_line_per_epoch(capsys):
    lines = piped(capsys, 3)
    assert len(lines) == 3
    assert re.fullmatch(
        r"epoch 2/3: loss 0\.\d+, accuracy 0\.\d+, val_loss 0\.\d+, val_accuracy 0\.\d+, "
        r"[\d.]+[kM]? rows/s", lines[1]
    )  # fmt: skip


def test_a_pipe_gets_few_lines_of_many_epochs(capsys):
    lines = piped(capsys, 95)
    assert [line.split(":")[0] for line in lines] == [
        f"epoch {n:2}/95" for n in (1, *range(5, 96, 5))
    ]


def test_nothing_is_shown_where_nothing_is_wanted(capsys):
    assert piped(capsys, 3, progress=False) == []


def test_a_bar_in_a_notebook_is_the_notebooks(monkeypatch):
    """Such bars come from tqdm.notebook; what is said beside them has more room."""
    made = []

    class Notebook:
        __module__ = "tqdm.notebook"
        desc = postfix = ""

        def __init__(self, **options):
            self.options, self.container = options, object()
            made.append(self)

        def refresh(self):
            pass

    import tqdm.auto

    monkeypatch.setattr(tqdm.auto, "tqdm", Notebook)
    progress = Progress(epochs=2, steps=5, done=0, shown=True)
    results = {f"metric_{i}": 0.5 for i in range(6)}
    progress.epoch(1, {"loss": 0.5, **results}, seconds=1.0)
    assert made[0].options["total"] == 10
    assert made[0].postfix.startswith("loss 0.5, ")
    assert made[0].postfix.endswith("metric_5 0.5")
