"""The ledger of a compiled function: its times, its work, and that measuring changes nothing."""

import itertools
import json

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler import ledger, profiling
from microtensor.compiler.ledger import Row
from microtensor.errors import ArgumentError, CompileError
from tests.compiled import differences, state_of


def trained(make):
    net = nn.Sequential(
        nn.Linear(4, 6, rng=0),
        nn.BatchNorm1d(6),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(6, 3, rng=1),
    )
    optimizer = make(net.parameters())
    schedule = optim.StepLR(optimizer, 2)

    def step(x, y):
        optimizer.zero_grad()
        loss = losses.cross_entropy(net(x), y)
        loss.backward(leaves_only=True)
        optimizer.step()
        schedule.step()
        return loss

    return net, optimizer, schedule, step


X = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
Y = np.arange(8) % 3

OPTIMIZERS = {
    "SGD": lambda ps: optim.SGD(ps, lr=0.1),
    "momentum": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9),
    "Adam": lambda ps: optim.Adam(ps, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("steps", [0, 2])
def test_all_that_a_step_changes_is_put_back(name, steps):
    net, optimizer, schedule, step = trained(OPTIMIZERS[name])
    twin, its_optimizer, its_schedule, its_step = trained(OPTIMIZERS[name])
    mt.seed(0)
    for _ in range(steps):
        step(X, Y)
    before, chance = state_of(net, optimizer, schedule)(), mt.randomness.get_state()
    mt.profile(step, X, Y, repeat=2)
    after = state_of(net, optimizer, schedule)()
    if steps:
        assert differences(after, before, exact=True) == []
    assert str(mt.randomness.get_state()) == str(chance)
    step(X, Y)
    mt.seed(0)
    for _ in range(steps + 1):
        its_step(X, Y)
    state, expected = (
        state_of(net, optimizer, schedule)(), state_of(twin, its_optimizer, its_schedule)()
    )  # fmt: skip
    assert differences(state, expected, exact=True) == []


def test_numbers_that_somebody_holds_are_left_alone():
    net, _, _, step = trained(OPTIMIZERS["momentum"])
    held = [p.data for p in net.parameters()]
    were = [x.copy() for x in held]
    mt.profile(step, X, Y, repeat=2)
    assert all(np.array_equal(x, was) for x, was in zip(held, were, strict=True))


# Work


def ones(*shapes):
    return [np.ones(shape, np.float32) for shape in shapes]


def attention(q, k, v):
    return mt.scaled_dot_product_attention(q, k, v)


def convolved(x, w):
    return mt.conv2d(x, w)


@pytest.mark.parametrize(
    ("f", "shapes", "function", "flops"),
    [
        (lambda a, b: a @ b, [(6, 2), (2, 4)], "matmul", 2 * 6 * 2 * 4),
        (lambda a, b: a @ b, [(5, 6, 2), (5, 2, 4)], "matmul", 5 * 2 * 6 * 2 * 4),
        (np.tanh, [(3, 5)], "tanh", 15),
        (lambda x: np.sum(x, axis=0), [(3, 5)], "sum", 15),
        (convolved, [(2, 3, 8, 8), (4, 3, 3, 3)], "convolution", 2 * (2 * 4 * 6 * 6) * 27),
        (lambda a, b: np.einsum("ij,jk->ik", a, b), [(6, 2), (2, 4)], "einsum", 96),
    ],
)
def test_operations_are_those_counted_by_hand(f, shapes, function, flops):
    found = mt.profile(f, *ones(*shapes), repeat=1)
    assert [row.flops for row in found.rows if row.function == function] == [flops]


def test_both_gradients_of_a_convolution_are_as_much_work_as_it_is():
    loss = mt.value_and_grad(lambda x, w: np.sum(convolved(x, w)), argnums=(0, 1))
    found = mt.profile(loss, *ones((2, 3, 8, 8), (4, 3, 3, 3)), repeat=1)
    assert sum(row.flops for row in found.rows if row.phase == "backward") >= 2 * 2 * 288 * 27
    once = 2 * 288 * 27
    work = {row.function: row.flops for row in found.rows}
    assert (work["convolution"], work["weight_correlation"]) == (once, once)


def test_a_fused_function_counts_as_what_it_stands_for():
    q = ones((2, 4, 16, 8))[0]
    forward = mt.profile(attention, q, q, q, repeat=1)
    products = 2 * 2 * (2 * 4 * 16 * 16 * 8)  # queries with keys, and chances with values
    softmaxes = 2 * 4 * 16 * 16
    assert products + 3 * softmaxes < forward.flops < products + 10 * softmaxes
    both = mt.profile(mt.grad(lambda q: np.sum(attention(q, q, q))), q, repeat=1)
    backward = sum(row.flops for row in both.rows if row.phase == "backward")
    assert 2 * products < backward < 2 * products + 20 * softmaxes


def test_bytes_are_those_of_the_arrays_and_views_move_none():
    found = mt.profile(lambda a, b: (a.T @ b).reshape(-1) * 2, *ones((30, 20), (30, 10)), repeat=1)
    product = next(row for row in found.rows if row.function == "matmul")
    assert (product.read, product.written) == (4 * (600 + 300), 4 * 200)
    views = [row for row in found.rows if row.function in ("transpose", "reshape")]
    assert [(row.read, row.written) for row in views] == [(0, 0)] * len(views)


def test_what_runs_block_by_block_is_one_row_that_moves_only_its_ends():
    x = np.ones((512, 256), np.float32)
    found = mt.profile(lambda x: np.tanh(np.exp(x) * x) + 1, x, repeat=1)
    chain = next(row for row in found.rows if row.function == "4 in blocks")
    assert (chain.flops, chain.read, chain.written) == (4 * x.size, x.nbytes, x.nbytes)


def test_a_step_with_a_sigmoid_is_measured_and_does_not_warn():
    found = mt.profile(lambda x: mt.sigmoid(x), np.full((3, 4), -1e4))
    assert [row.function for row in found.rows][1:-1] == ["negative", "exp", "add", "divide"]


def test_memory_is_that_of_buffers_results_and_calls():
    n = 10_000

    def f(x):
        return np.sum(np.exp(np.tanh(x)) * x), np.sort(x)

    found = mt.profile(f, np.zeros(n), repeat=1)
    assert found.buffers == 8 * n  # tanh, exp and the product take turns in one
    assert 8 * n <= found.allocated < 8 * n + 4096  # what sort gives is new
    assert found.peak == found.buffers + found.outlets + found.allocated


def test_what_calls_give_counts_as_long_as_it_lives():
    def f(x):
        a, b, c = np.sort(x), np.sort(x + 1), np.sort(x + 2)
        return np.sum(a * b * c)

    found = mt.profile(f, np.zeros(10_000), repeat=1)
    assert max(row.allocated for row in found.rows) < 90_000
    assert 240_000 <= found.allocated < 250_000


def test_what_calls_give_is_let_go_when_it_was_read_last():
    def f(x):
        for _ in range(6):
            x = np.sort(x)
        return np.sum(x)

    found = mt.profile(f, np.zeros(10_000), repeat=1)
    assert 160_000 <= found.allocated < 170_000  # the last one, and the next


# Time, told by a clock that a function of ours moves


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves by 1 whenever it is read, and by 50 in a `wait`."""
    clock = itertools.count()
    monkeypatch.setattr(profiling, "perf_counter", lambda: float(next(clock)))

    @mt.primitive
    def wait(x):
        for _ in range(50):
            next(clock)
        return x + 0

    mt.differentiable(wait, lambda g, y, x: g * 1)
    return wait


class Slow(nn.Module):
    def __init__(self, wait, times):
        self.wait, self.times = wait, times

    def forward(self, x):
        for _ in range(self.times):
            x = self.wait(x)
        return x * 2


def test_each_instruction_has_the_time_that_it_took(clock):
    found = mt.profile(lambda x: np.tanh(clock(np.exp(x))), np.ones(3), repeat=3)
    times = {row.function: row.seconds for row in found.rows}
    assert times == {"read": 0.0, "exp": 0.0, "wait": 50.0, "tanh": 0.0, "write": 0.0}
    assert sum(row.share for row in found.rows) == 1.0
    assert found.sorted()[0].function == "wait"
    assert found.seconds == 51.0


def test_times_are_added_up_by_module_phase_and_function(clock):
    net = nn.Sequential(Slow(clock, 2), nn.Sequential(Slow(clock, 3)))

    def step(x):
        loss = np.sum(net(x))
        loss.backward()
        return loss

    found = mt.profile(step, mt.Value(np.ones(3)), repeat=1)
    times = {"Sequential": 250.0, "Sequential.0": 100.0, "Sequential.1": 150.0}
    assert found.times() == times | {"Sequential.1.0": 150.0}
    assert found.by("phase")[0][:4] == ("forward", 8, 250.0, 1.0)
    assert {t.name: t.number for t in found.by("phase")}["backward"] == 1  # of constants
    assert {t.name: t.number for t in found.by("function")}["wait"] == 5
    assert found.by("phase and module")[0].name == "forward Sequential.1.0"
    assert found.by("phase", sort="order")[0].name == "around"


def test_a_graph_is_coloured_by_the_times_of_its_modules(clock):
    net = nn.Sequential(Slow(clock, 2), nn.Sequential(Slow(clock, 3)))

    def error(x):
        return np.sum(net(x) ** 2)

    x = np.ones(3)
    found, loss = mt.profile(error, x, repeat=1), error(mt.Value(x, name="x"))
    colors = found.colors(loss)
    assert {x.scope.chain()[-1].module for x in colors if colors[x] == 100e3} == {net[0]}
    assert {x.scope.chain()[-1].module for x in colors if colors[x] == 150e3} == {net[1][0]}
    assert sum(c == 100e3 for c in colors.values()) == 3
    assert colors[loss] == 0
    assert "150000" in mt.explore(loss, colors=colors).html


# How it is written


def ledger_of_a_network():
    net = nn.MLP(64, [128, 128, 10], activation="relu", rng=0)
    optimizer = optim.Adam(net.parameters())

    def step(x, y):
        optimizer.zero_grad()
        loss = losses.cross_entropy(net(x), y)
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    x = np.random.default_rng(0).standard_normal((32, 64)).astype(np.float32)
    return mt.profile(step, x, np.arange(32) % 10, repeat=2)


def test_the_ledger_fits_and_shows_most_where_there_is_room():
    found = ledger_of_a_network()
    for width in (40, 80, 100, 140):
        text = found.to_text(width, color=False, ascii=False)
        assert max(map(len, text.splitlines())) <= width
    assert "time   share   FLOPs" in found.to_text(80, ascii=False, color=False)
    assert found.to_text(80, ascii=True).isascii()
    assert str(found).splitlines()[0].startswith("step · ")
    assert len(found.to_text(80, most=3, by=None).splitlines()) == 2 + 2 + 3 + 1


def test_the_ledger_is_ready_for_json():
    found = ledger_of_a_network()
    read = json.loads(json.dumps(found.to_json()))
    assert read["peak"] == found.peak
    assert [tuple(row["shape"]) for row in read["rows"]] == [row.shape for row in found.rows]
    products = {"forward": 3, "backward": 5}  # the first layer's input needs no gradient
    kinds = [row["phase"] for row in read["rows"] if row["function"] == "matmul"]
    named = {phase: kinds.count(phase) for phase in products}
    assert named["backward"] == products["backward"]
    assert named["forward"] >= products["forward"]


def test_rows_are_sorted_by_what_is_asked_for():
    rows = [Row("a", "f", "forward", flops=1, read=9), Row("b", "f", "forward", flops=2)]
    found = ledger.Profile("f", rows, 1.0, 1)
    assert [row.name for row in found.sorted("flops")] == ["b", "a"]
    assert [row.name for row in found.sorted("bytes")] == ["a", "b"]
    assert [row.name for row in found.sorted("order")] == ["a", "b"]


# Wrong use


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: mt.profile(np.tanh, np.ones(3), repeat=0),
            "profile: repeat is how often the function is measured.\n"
            "  expected  a whole number of at least 1\n"
            "  got       0",
        ),
        (
            lambda: mt.profile(mt.compile(np.tanh, backend="interpreter"), np.ones(3)),
            "profile: tanh was compiled for another backend.\n"
            '  expected  a function, or one compiled with backend="numpy", whose lines are '
            "measured\n"
            "  got       backend='interpreter'",
        ),
        (
            lambda: mt.profile(np.tanh, np.ones(3), repeat=1).sorted("name"),
            "Profile.sorted: there is nothing of that name.\n"
            "  expected  one of 'time', 'flops', 'bytes', 'memory', 'order'\n"
            "  got       'name'",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(act, message):
    with pytest.raises(ArgumentError) as error:
        act()
    assert str(error.value) == message


def test_a_function_that_cannot_be_compiled_cannot_be_measured():
    with pytest.raises(CompileError):
        mt.profile(lambda x: x if np.sum(x) > 0 else -x, np.ones(3))
