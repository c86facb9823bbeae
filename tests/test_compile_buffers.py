"""What leaves a compiled program is the user's: no later call may write into it.

And a program that ran a few times has all the memory that it needs.
"""

import gc
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

import microtensor as mt
from microtensor import lending, losses, nn, optim
from microtensor.compiler.blocks import sunk
from microtensor.compiler.numpy_source import NumpySource
from microtensor.compiler.outlets import Outlet
from microtensor.compiler.passes import optimised
from microtensor.lending import Lender
from microtensor.ops import indexing


def trained(optimizer=optim.SGD, **options):
    net = nn.MLP(4, [8, 8, 3], activation="relu", rng=0)
    moves = optimizer(net.parameters(), lr=0.1, **options)

    @mt.compile
    def step(x, y):
        moves.zero_grad()
        loss = losses.cross_entropy(net(x), y)
        loss.backward(leaves_only=True)
        moves.step()
        return loss

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((16, 4)).astype(np.float32), rng.integers(0, 3, 16)
    return net, step, x, y


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
def test_numbers_that_were_taken_before_a_step_stay_what_they_were(optimizer):
    net, step, x, y = trained(optimizer)
    held = []
    for _ in range(6):
        loss = step(x, y)
        arrays = [loss.data, *(p.data for p in net.parameters()), net.parameters()[0].data[0]]
        arrays += [p.grad for p in net.parameters()]
        arrays += [p.grad[:1] for p in net.parameters()]
        held.append([(a, np.array(a)) for a in arrays])
    assert all(np.array_equal(a, was) for step in held for a, was in step)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [(optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, {}), (optim.RMSprop, {})],
)
def test_a_program_holds_nothing_of_the_run_that_it_was_read_from(optimizer, options):
    def computed():
        gc.collect()
        return [x for x in gc.get_objects() if isinstance(x, mt.Value) and x.fn is not None]

    others = {id(x) for x in computed()}
    net, step, x, y = trained(optimizer, **options)
    for _ in range(3):
        step(x, y)
    assert [x for x in computed() if id(x) not in others] == []
    held = net(x)
    assert any(x is held for x in computed())  # what is held is seen


def test_results_that_are_kept_stay_what_they_were():
    f = mt.compile(mt.value_and_grad(lambda w: np.sum(np.tanh(w) ** 2)))
    kept = [f(np.full(500, float(i)))[1] for i in range(6)]
    eager = mt.grad(lambda w: np.sum(np.tanh(w) ** 2))
    assert all(np.array_equal(g, eager(np.full(500, float(i)))) for i, g in enumerate(kept))


def test_a_result_that_is_returned_twice_is_two_arrays():
    a, b = mt.compile(lambda x: (x * 2, x * 2))(np.ones(3))
    a[:] = 5
    assert b.tolist() == [2, 2, 2]


def test_a_warm_step_allocates_no_array():
    _, step, x, y = trained()
    for _ in range(3):
        step(x, y)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    step(x, y)
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = [s for s in after.compare_to(before, "lineno") if s.size_diff > 1024]
    assert [s for s in grown if "tracemalloc" not in str(s.traceback)] == []


class Characters(nn.Module):
    """Says which of 30 characters comes next: a small transformer."""

    def __init__(self, dropout=0.0):
        self.characters = nn.Embedding(40, 32, rng=0)  # of which ten never come
        self.places = nn.Embedding(40, 32, rng=1)
        layer = nn.TransformerEncoderLayer(32, 2, 64, dropout=dropout, batch_first=True, rng=2)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(32, 30, rng=3)

    def forward(self, x):
        x = self.characters(x) + self.places(np.arange(40))
        return self.head(self.encoder(x, is_causal=True)).reshape(-1, 30)


def characters():
    x = np.random.default_rng(0).integers(0, 30, (8, 41))
    return Characters(), x[:, :-1].copy(), x[:, 1:].reshape(-1)


def step_of(net, wrap=lambda x: x):
    moves = optim.AdamW(net.parameters(), lr=0.01)

    def step(x, y):
        moves.zero_grad()
        loss = losses.cross_entropy(wrap(net(x)), y)
        loss.backward(leaves_only=True)
        moves.step()
        return loss

    return step


class Reader(nn.Module):
    """Reads sequences, and says of which of 30 kinds they are by its last state."""

    def __init__(self, kind):
        self.first = kind(24, 32, batch_first=True, rng=0)
        self.second = kind(32, 32, batch_first=True, bidirectional=True, rng=1)
        self.head = nn.Linear(64, 30, rng=2)

    def forward(self, x):
        return self.head(self.second(self.first(x)[0])[0][:, -1])


def drawn(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def images():
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2, rng=0), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 5, rng=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 30, rng=2),
    )  # fmt: skip
    return net, drawn(32, 1, 24, 24), np.arange(32) % 30


def normed_images():
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1, rng=0), nn.BatchNorm2d(8), nn.Tanh(),
        nn.Dropout(0.3, rng=1), nn.AvgPool2d(2), nn.Dropout2d(0.3, rng=2),
        nn.MaxPool2d(3, stride=1, padding=1), nn.Flatten(), nn.LayerNorm(288),
        nn.Linear(288, 30, rng=3),
    )  # fmt: skip
    return net, drawn(64, 3, 24, 24), np.arange(64) % 30


def sequences(kind):
    return Reader(kind), drawn(32, 12, 24), np.arange(32) % 30


def lstm():
    return sequences(nn.LSTM)


def gru():
    return sequences(nn.GRU)


def rnn():
    return sequences(nn.RNN)


MODELS = [characters, images, normed_images, lstm, gru, rnn]


@contextmanager
def small_casts():
    """Let NumPy take no more than some bytes for itself, where it broadcasts or converts."""
    before = np.setbufsize(16)
    yield
    np.setbufsize(before)


def largest(step, x, y):
    """Give the most that one call of a program takes beside what lies ready, in bytes."""
    with small_casts():
        return max(row.allocated for row in mt.profile(step, x, y, repeat=3).rows)


OBJECTS = 16_000  # bytes of views, tuples and arrays of few numbers, which each call makes


@pytest.mark.parametrize("make", MODELS)
def test_a_warm_step_of_fused_functions_makes_no_array(make):
    net, x, y = make()
    assert largest(step_of(net), x, y) < OBJECTS < 8 * 40 * 30 * 4


def test_an_array_that_a_step_makes_is_seen():
    net, x, y = characters()

    @mt.primitive
    def same(x):
        return x + 0  # asks for no array

    mt.differentiable(same, lambda g, y, x: g)
    assert largest(step_of(net, same), x, y) >= 8 * 40 * 30 * 4


@pytest.mark.parametrize("make", MODELS)
def test_a_warm_step_of_fused_functions_leaves_nothing_behind(make):
    net, x, y = make()
    step = mt.compile(step_of(net))
    for _ in range(4):
        step(x, y)
    tracemalloc.start()
    step(x, y)
    gc.collect()
    before = tracemalloc.take_snapshot()
    for _ in range(3):
        step(x, y)
    gc.collect()  # and with it, what Python keeps of small objects that nobody uses
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = [s for s in after.compare_to(before, "lineno") if s.size_diff > 1024]
    assert [s for s in grown if "tracemalloc" not in str(s.traceback)] == []


@pytest.mark.parametrize("make", MODELS)
def test_what_is_taken_from_a_step_of_fused_functions_keeps_its_numbers(make):
    net, x, y = make()
    step = mt.compile(step_of(net))
    held = []
    for i in range(8):
        loss = step(x, y)
        if i % 3:  # else all is let go of, and lies where it lay
            arrays = [loss.data, *(p.data for p in net.parameters())]
            arrays += [p.grad if i % 2 else p.grad[:1].T for p in net.parameters()]
            held.append([(a, np.array(a)) for a in arrays])
    assert all(np.array_equal(a, was) for step in held for a, was in step)


def after_steps(make, count=4):
    """Give the numbers after some compiled steps, of other rows each: losses, and parameters."""
    net, x, y = make()
    step, rng = mt.compile(step_of(net)), np.random.default_rng(0)
    found = []
    for _ in range(count):
        order = rng.permutation(len(x))
        x, y = x[order], y.reshape(len(x), -1)[order].reshape(y.shape)
        found.append(float(step(x, y)))
    return [*found, *(p.data for p in net.parameters()), *(p.grad for p in net.parameters())]


@pytest.mark.parametrize("make", MODELS)
def test_numbers_are_the_same_whatever_lay_in_an_array_that_is_lent(make, monkeypatch):
    lend = Lender.lend

    def dirty(lender, shape, dtype):
        x = lend(lender, shape, dtype)
        x.reshape(-1).view(np.uint8).fill(255)  # nan, or -1, or True
        return x

    with monkeypatch.context() as patch:
        patch.setattr(NumpySource, "lent", lambda self, run: run)
        expected = after_steps(make)
    monkeypatch.setattr(Lender, "lend", dirty)
    found = after_steps(make)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_an_array_that_is_read_before_it_is_written_is_seen(monkeypatch):
    monkeypatch.setattr(indexing, "zeros", lending.empty)
    with pytest.raises(AssertionError), np.errstate(all="ignore"):
        test_numbers_are_the_same_whatever_lay_in_an_array_that_is_lent(characters, monkeypatch)


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
def test_parameters_stay_where_they_are_unless_somebody_holds_them(optimizer):
    net, step, x, y = trained(optimizer)
    step(x, y)  # first weights may be views of what they were drawn as
    places = [id(p.data) for p in net.parameters()]
    for _ in range(3):
        step(x, y)
        assert [id(p.data) for p in net.parameters()] == places
    held = [p.data for p in net.parameters()]
    step(x, y)
    assert not {id(p.data) for p in net.parameters()} & {id(a) for a in held}


def test_an_outlet_gives_no_array_that_somebody_holds():
    outlet = Outlet((3,), np.dtype(float))
    first = outlet.take()
    view = first[:1]
    number = id(first)
    assert outlet.take() is not first
    del first
    assert id(outlet.take()) != number  # a view holds it
    del view
    assert id(outlet.take()) == number


def test_what_the_traced_run_computed_is_let_go():
    gc.collect()
    f = mt.compile(mt.value_and_grad(lambda w: np.sum(np.tanh(w @ w) ** 2)))
    w = np.ones((300, 300))
    tracemalloc.start()
    for _ in range(2):
        f(w)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    buffers = NumpySource(sunk(optimised(mt.trace(f.f)(w)))).buffers.nbytes
    assert held < buffers + 2.2 * w.nbytes  # the gradient's outlet, and what is returned
