"""What leaves a compiled program is the user's: no later call may write into it."""

import gc
import tracemalloc

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler.blocks import sunk
from microtensor.compiler.numpy_source import NumpySource
from microtensor.compiler.outlets import Outlet
from microtensor.compiler.passes import optimised


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
