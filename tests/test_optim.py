"""Optimizers: each against its equations, written out once more in plain NumPy."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.optim import rows

SHAPES = [(3, 2), (4,), (), (1, 2, 2)]


def sgd(
    p, g, memory, t, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False, maximize=False
):
    g = (-g if maximize else g) + weight_decay * p
    if momentum:
        memory["b"] = g if t == 1 else momentum * memory["b"] + (1 - dampening) * g
        g = g + momentum * memory["b"] if nesterov else memory["b"]
    return p - lr * g


def adam(
    p, g, memory, t, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False,
    maximize=False,
):  # fmt: skip
    g = (-g if maximize else g) + weight_decay * p
    memory["m"] = betas[0] * memory.get("m", 0) + (1 - betas[0]) * g
    memory["v"] = betas[1] * memory.get("v", 0) + (1 - betas[1]) * g**2
    memory["largest"] = np.maximum(memory.get("largest", 0), memory["v"])
    second = memory["largest"] if amsgrad else memory["v"]
    mean, square = memory["m"] / (1 - betas[0] ** t), second / (1 - betas[1] ** t)
    return p - lr * mean / (np.sqrt(square) + eps)


def adamw(p, g, memory, t, lr=1e-3, weight_decay=1e-2, **options):
    return adam(p, g, memory, t, lr, **options) - lr * weight_decay * p


def adagrad(
    p, g, memory, t, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10,
    maximize=False,
):  # fmt: skip
    g = (-g if maximize else g) + weight_decay * p
    memory["sum"] = memory.get("sum", initial_accumulator_value) + g**2
    return p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(memory["sum"]) + eps)


def rmsprop(
    p, g, memory, t, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False,
    maximize=False,
):  # fmt: skip
    g = (-g if maximize else g) + weight_decay * p
    memory["v"] = alpha * memory.get("v", 0) + (1 - alpha) * g**2
    memory["a"] = alpha * memory.get("a", 0) + (1 - alpha) * g if centered else 0
    memory["b"] = momentum * memory.get("b", 0) + g / (
        np.sqrt(memory["v"] - memory["a"] ** 2) + eps
    )
    return p - lr * memory["b"]


TABLE = [
    (optim.SGD, sgd, {"lr": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "maximize": True, "weight_decay": 0.2}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2}),
    (optim.Adam, adam, {"lr": 0.1, "amsgrad": True, "maximize": True, "betas": (0.8, 0.2)}),
    (optim.AdamW, adamw, {}),
    (optim.AdamW, adamw, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2}),
    (optim.AdamW, adamw, {"lr": 0.1, "amsgrad": True, "maximize": True, "betas": (0.8, 0.2)}),
    (optim.Adagrad, adagrad, {}),
    (optim.Adagrad, adagrad, {"lr": 0.1, "lr_decay": 0.3, "weight_decay": 0.2, "eps": 1e-3}),
    (optim.Adagrad, adagrad, {"initial_accumulator_value": 0.5, "maximize": True}),
    (optim.RMSprop, rmsprop, {}),
    (optim.RMSprop, rmsprop, {"alpha": 0.8, "weight_decay": 0.2, "momentum": 0.7, "eps": 1e-2}),
    (optim.RMSprop, rmsprop, {"centered": True, "maximize": True, "eps": 1e-2}),
]
NAMES = [f"{row[0].__name__}-{row[2]}" for row in TABLE]
KINDS = [row for row, name in zip(TABLE, NAMES, strict=True) if "0.2" in name]


def parameters(dtype=np.float64):
    rng = np.random.default_rng(1)
    return [nn.Parameter(rng.standard_normal(s), dtype=dtype) for s in SHAPES] + [nn.Parameter(0.5)]


def worst_error(make, equations, options, dtype=np.float64, skipped=()):
    """Take seven steps both ways; tell the largest difference relative to the largest number."""
    rng = np.random.default_rng(2)
    moved = parameters(dtype)
    optimizer = make(moved, **options)
    plain = [np.array(p.data, float) for p in moved]
    memories, counts = [{} for _ in plain], [0] * len(plain)
    for step in range(7):
        optimizer.zero_grad()
        for i, p in enumerate(moved):
            g = rng.standard_normal(p.shape)
            if (step, i) not in skipped:
                p.grad = float(g) if isinstance(p.data, float) else g.astype(dtype)[()]
                counts[i] += 1
                plain[i] = equations(plain[i], g, memories[i], counts[i], **options)
        optimizer.step()
    return max(np.max(np.abs(p.data - x)) for p, x in zip(moved, plain, strict=True))


@pytest.mark.parametrize(("make", "equations", "options"), TABLE, ids=NAMES)
def test_an_optimizer_follows_its_equations(make, equations, options):
    assert worst_error(make, equations, options) < 1e-14
    assert worst_error(make, equations, options, np.float32) < 2e-6


@pytest.mark.parametrize(("make", "equations", "options"), TABLE, ids=NAMES)
def test_rows_that_move_part_by_part_follow_them_too(make, equations, options, monkeypatch):
    monkeypatch.setattr(rows, "PART", 4)
    assert worst_error(make, equations, options) < 1e-14


@pytest.mark.parametrize(("make", "equations", "options"), KINDS)
def test_parameters_without_a_gradient_wait(make, equations, options):
    skipped = {(0, 0), (0, 1), (2, 3), (3, 3), (3, 0), (5, 4)}
    assert worst_error(make, equations, options, skipped=skipped) < 1e-14


@pytest.mark.parametrize(("make", "equations", "options"), TABLE, ids=NAMES)
def test_the_check_of_equations_objects_to_wrong_ones(make, equations, options):
    def wrong(p, g, memory, t, **given):
        return equations(p, g, memory, max(t, 2) if t > 1 else 1, **given) * (1 + 1e-6)

    assert worst_error(make, wrong, options) > 1e-8


def test_large_and_small_parameters_move_by_the_same_equations():
    rng = np.random.default_rng(0)
    large, small = rng.standard_normal((200, 200)), rng.standard_normal(3)
    together = [nn.Parameter(large), nn.Parameter(small), nn.Parameter(small)]
    alone = [nn.Parameter(large[:1, :2]), nn.Parameter(small)]
    for optimizer in (optim.Adam(together, lr=0.1), optim.Adam(alone, lr=0.1)):
        for _ in range(5):
            for p in optimizer.parameters:
                p.grad = np.cos(p.data)
            optimizer.step()
    assert np.array_equal(together[0].data[:1, :2], alone[0].data)
    assert np.array_equal(together[1].data, alone[1].data)
    assert np.array_equal(together[2].data, alone[1].data)


@pytest.mark.parametrize("part", [4, 2**16])
@pytest.mark.parametrize(("make", "_", "options"), KINDS)
def test_a_step_leaves_old_arrays_and_gradients_as_they_were(make, _, options, part, monkeypatch):
    monkeypatch.setattr(rows, "PART", part)
    moved = parameters(np.float32)
    optimizer = make(moved, **options)
    for _ in range(2):
        before = [p.data for p in moved]
        copies = [np.array(x) for x in before]
        for p in moved:
            p.grad = p.data * 2
        gradients = [np.array(p.grad) for p in moved]
        optimizer.step()
        assert all(np.array_equal(a, b) for a, b in zip(before, copies, strict=True))
        assert all(np.array_equal(p.grad, g) for p, g in zip(moved, gradients, strict=True))
        assert not any(np.array_equal(p.data, x) for p, x in zip(moved, before, strict=True))
        assert [p.dtype for p in moved] == [np.float32] * 4 + [np.float64]
        assert isinstance(moved[-1].data, float)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_step_makes_earlier_graphs_stale(make):
    w = nn.Parameter([3.0], name="w")
    loss = (w * w).sum()
    loss.backward()
    make([w]).step()
    with pytest.raises(mt.errors.StaleValueError):
        loss.backward()


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
def test_the_learning_rate_may_change_between_steps(make):
    p = nn.Parameter(np.ones(2, np.float32))
    optimizer = make([p], lr=0.1)
    optimizer.lr = np.float64(0.0)  # as schedules computed with NumPy give
    p.grad = np.ones(2, np.float32)
    optimizer.step()
    assert p.data.tolist() == [1.0, 1.0]
    assert p.dtype == np.float32


def test_a_gradient_that_is_a_value_or_of_another_dtype_counts_by_its_numbers():
    p, q = nn.Parameter(np.ones(2, np.float32)), nn.Parameter(np.ones(2, np.float32))
    (p * p).sum().backward(create_graph=True)
    q.grad = np.full(2, 2.0)
    optim.SGD([p, q], lr=0.25).step()
    assert p.data.tolist() == q.data.tolist() == [0.5, 0.5]
    assert p.dtype == q.dtype == np.float32


def test_zero_grad_forgets_gradients():
    p = nn.Parameter([1.0])
    p.grad = np.ones(1)
    optimizer = optim.SGD([p])
    optimizer.zero_grad()
    assert p.grad is None


def test_values_that_require_a_gradient_can_be_trained_too():
    x = mt.Value([2.0])
    (x * x).sum().backward()
    optim.SGD([x], lr=0.5).step()
    assert x.data.tolist() == [0.0]


def test_a_frozen_parameter_stays():
    frozen, free = nn.Parameter([1.0], requires_grad=False), nn.Parameter([1.0])
    (frozen * free).sum().backward()
    optim.SGD([frozen, free], lr=0.5).step()
    assert (frozen.data.tolist(), free.data.tolist()) == ([1.0], [0.5])


def test_a_gradient_that_never_changes_makes_no_nan_where_its_spread_is_measured():
    p = nn.Parameter(np.zeros(50, np.float32))
    optimizer = optim.RMSprop([p], centered=True, alpha=0.5, lr=1e-3)
    for _ in range(100):  # its variance is 0, and rounds to a little above or below
        p.grad = np.linspace(0.1, 1, 50, dtype=np.float32)
        optimizer.step()
    assert np.all(np.isfinite(p.data))


@pytest.mark.parametrize(("make", "_", "options"), TABLE, ids=NAMES)
def test_training_goes_on_from_a_state_as_if_never_stopped(make, _, options):
    def run(optimizer, steps):
        for _ in range(steps):
            for p in optimizer.parameters[1:]:  # the first never moves
                p.grad = np.sin(p.data) if p.ndim else float(np.sin(p.data))
            optimizer.step()

    one, two = parameters(), parameters()
    first, fresh = make(one, **options), make(two, **{**options, "lr": 7.0})
    run(first, 3)
    for p, q in zip(one, two, strict=True):
        q.data = p.data
    fresh.load_state_dict(first.state_dict())
    run(first, 3)
    run(fresh, 3)
    assert fresh.lr == first.lr
    assert all(np.array_equal(p.data, q.data) for p, q in zip(one, two, strict=True))


@pytest.mark.parametrize("forget", [lambda o, p: o.state.clear(), lambda o, p: o.state.pop(p)])
def test_a_state_that_was_emptied_begins_anew(forget):
    p, q = nn.Parameter([1.0, 2.0]), nn.Parameter([1.0, 2.0])
    optimizer = optim.Adam([p], lr=0.1)
    for _ in range(3):
        p.grad = np.array([1.0, -3.0])
        optimizer.step()
    forget(optimizer, p)
    q.data = p.data
    fresh = optim.Adam([q], lr=0.1)
    for _ in range(2):
        p.grad = q.grad = np.array([2.0, 1.0])
        optimizer.step()
        fresh.step()
    assert np.array_equal(p.data, q.data)


# Training


@pytest.mark.parametrize(
    ("make", "lr"), [(optim.SGD, 0.5), (optim.Adam, 0.03), (optim.AdamW, 0.03)]
)
def test_xor_is_learned(make, lr):
    x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0.0], [1.0], [1.0], [0.0]]
    net = nn.MLP(2, [8, 1], activation="tanh", rng=0)
    optimizer = make(net.parameters(), lr=lr)
    for _ in range(400):
        loss = losses.binary_cross_entropy_with_logits(net(x), y)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
    assert float(loss) < 0.05
    assert np.array_equal(net(x).data > 0, np.array(y) > 0.5)
