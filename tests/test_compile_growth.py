"""Making a program is linear in depth: counted in steps of Python's interpreter, not timed."""

import gc
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler.numpy_source import NumpySource


def deep(depth, optimizer):
    """A step of a network of so many layers, and what it is called with."""
    net = nn.MLP(4, [4] * depth, activation="relu", rng=0)
    moves = optimizer(net.parameters())

    def step(x, labels):
        moves.zero_grad()
        loss = losses.cross_entropy(net(x), labels)
        loss.backward(leaves_only=True)
        moves.step()
        return loss

    return step, (np.ones((2, 4), np.float32), np.arange(2))


def blocks(depth):
    """A step of a transformer of so many layers."""
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    net = nn.TransformerEncoder(layer, depth)

    def step(x):
        loss = np.mean(net(x) ** 2)
        loss.backward(leaves_only=True)
        return loss

    return step, (np.ones((1, 3, 4), np.float32),)


def chain(depth):
    """A derivative through so many numbers of Python's."""

    def f(x):
        for _ in range(depth):
            x = x * 1.01 + 0.1
        return x

    return mt.value_and_grad(f), (1.0,)


def work(f, *args):
    """Count the instructions of Python's that a call takes, those of comprehensions too."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    gc.collect()
    gc.disable()  # what others left behind is not our work
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        f(*args)
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def growth(make):
    """Tell how the work of 8 more layers compares with that of 4: 2 if it is linear."""
    step, given = make(2)
    mt.compile(step)(*given)  # what is done once for all
    counts = []
    for depth in (4, 8, 16):
        step, given = make(depth)
        counts.append(work(mt.compile(step), *given))
    return (counts[2] - counts[1]) / (counts[1] - counts[0])


MAKERS = {
    "SGD": lambda depth: deep(depth, lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9)),
    "Adam": lambda depth: deep(depth, optim.Adam),
    "transformer": blocks,
    "scalars": lambda depth: chain(10 * depth),
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_work_of_compiling_is_linear_in_depth(name):
    assert growth(MAKERS[name]) == pytest.approx(2, abs=0.01)


def test_work_that_grows_with_the_square_is_seen(monkeypatch):
    def search(self, place):
        return next((x for p, x in self.program.inputs if p.key == place.key), None)

    monkeypatch.setattr(NumpySource, "_before", search)
    assert growth(MAKERS["SGD"]) > 2.02


def test_hundreds_of_layers_are_one_program_with_the_loss_of_the_plain_step():
    (step, given), (twin, _) = (deep(300, lambda ps: optim.SGD(ps, lr=0.1)) for _ in range(2))
    compiled = mt.compile(twin)
    assert compiled(*given).data == step(*given).data
    assert len(compiled.programs) == 1
