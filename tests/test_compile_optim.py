"""Every optimizer and schedule, clipping and averages: compiled, a step moves what it moves."""

import functools
import math

import numpy as np
import pytest
from compiled import BACKENDS, Training, differences, first_difference, state_of

import microtensor as mt
from microtensor import losses, nn, optim

STEPS = 10


def batches(seed=0, width=3, count=STEPS, dtype=float):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 6, width)).astype(dtype)
    return [(batch, rng.standard_normal((6, 2)).astype(dtype)) for batch in x]


def model(dtype=float):
    return nn.MLP(3, [4, 2], activation="tanh", rng=0, dtype=dtype)


def training(make_optimizer, make_model=model):
    """Give the maker of a training."""

    def make():
        net = make_model()
        optimizer = make_optimizer(net)

        def step(x, y):
            optimizer.zero_grad()
            loss = losses.mse(net(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, state_of(net, optimizer))

    return make


OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.0}),
    ("AdamW", {"lr": 0.05, "amsgrad": True, "weight_decay": 0.3}),
    ("RMSprop", {"lr": 0.02}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.01}),
    ("RMSprop", {"lr": 0.02, "centered": True, "alpha": 0.9}),
    ("RMSprop", {"lr": 0.02, "centered": True, "momentum": 0.5, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.01}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
]
NO_OPTIMIZERS = {"Optimizer", "LBFGS"}  # LBFGS is refused: see test_compile_errors.py


def is_optimizer(name):
    x = getattr(optim, name)
    return isinstance(x, type) and issubclass(x, optim.Optimizer)


def test_every_optimizer_is_in_the_table():
    assert {name for name, _ in OPTIMIZERS} == set(filter(is_optimizer, optim.__all__)) - (
        NO_OPTIMIZERS
    )


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_an_optimizer_moves_as_it_does_without(name, options):
    make = training(lambda net: getattr(optim, name)(net.parameters(), **options))
    assert first_difference(make, batches()) == ""


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS[::4])
def test_small_floats_stay_small(name, options):
    make = training(
        lambda net: getattr(optim, name)(net.parameters(), **options), lambda: model(np.float32)
    )
    assert first_difference(make, batches(dtype=np.float32)) == ""


@pytest.mark.parametrize("name", sorted({name for name, _ in OPTIMIZERS}))
def test_groups_have_options_of_their_own(name):
    def grouped(net):
        first, *others = net.layers
        groups = [
            {"params": first.parameters(), "lr": 0.01, "weight_decay": 0.1},
            {"params": [p for layer in others for p in layer.parameters()]},
        ]
        return getattr(optim, name)(groups, lr=0.05)

    assert first_difference(training(grouped), batches()) == ""


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_large_parameters_and_numbers_move_too(name):
    class Odd(nn.Module):
        def __init__(self):
            self.wide = nn.Parameter(np.linspace(-1, 1, 2**16).reshape(-1, 2))
            self.number = nn.Parameter(0.5)

        def forward(self, x):
            return x[:, :1] * self.number + np.mean(self.wide, axis=0) * x[:, :2]

    options = {"momentum": 0.9} if name == "SGD" else {}
    make = training(lambda net: getattr(optim, name)(net.parameters(), lr=0.1, **options), Odd)
    assert first_difference(make, batches(count=4)) == ""


# Options that change between steps: the program reads them at each call.


def trained(name, compiled, before_step):
    """Give the state after ten steps, with something done before each."""
    net = model()
    options = {"momentum": 0.9} if name == "SGD" else {}
    optimizer = getattr(optim, name)(net.parameters(), lr=0.1, **options)

    def step(x, y):
        optimizer.zero_grad()
        losses.mse(net(x), y).backward()
        optimizer.step()

    step = compiled(step)
    for i, batch in enumerate(batches()):
        before_step(i, net, optimizer)
        step(*batch)
    return state_of(net, optimizer)()


def backends():
    return [functools.partial(mt.compile, backend=backend) for backend in BACKENDS]


def other_rate(i, net, optimizer):
    optimizer.lr = 0.1 / (1 + i)
    optimizer.param_groups[0]["weight_decay"] = 0.01 * (i // 4)


def save_and_load():
    kept = []

    def before_step(i, net, optimizer):
        if i == 3:
            kept[:] = net.state_dict(), optimizer.state_dict()
        elif i == 7:
            net.load_state_dict(kept[0])
            optimizer.load_state_dict(kept[1])

    return before_step


def forget(i, net, optimizer):
    if i in (2, 6):
        optimizer.state.clear()


@pytest.mark.parametrize("make_change", [lambda: other_rate, save_and_load, lambda: forget])
@pytest.mark.parametrize("name", sorted({name for name, _ in OPTIMIZERS}))
def test_what_is_changed_between_steps_is_used(name, make_change):
    expected = trained(name, lambda step: step, make_change())
    assert differences(trained(name, lambda step: step, lambda *_: None), expected) != []
    for compiled in backends():
        assert differences(trained(name, compiled, make_change()), expected) == []


def test_a_rate_that_changes_makes_no_new_program():
    net = model()
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    @mt.compile
    def step(x, y):
        net.zero_grad()
        losses.mse(net(x), y).backward()
        optimizer.step()

    for i, batch in enumerate(batches()):
        optimizer.lr = 0.1 / (1 + i)
        step(*batch)
    assert len(step.programs) <= 2


SCHEDULES = [
    ("ChainedScheduler", lambda o: optim.ChainedScheduler(
        [optim.ConstantLR(o, 0.5, 3), optim.ExponentialLR(o, 0.9)])),
    ("ConstantLR", lambda o: optim.ConstantLR(o, 0.5, 4)),
    ("CosineAnnealingLR", lambda o: optim.CosineAnnealingLR(o, 7)),
    ("ExponentialLR", lambda o: optim.ExponentialLR(o, 0.8)),
    ("LambdaLR", lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t))),
    ("LinearLR", lambda o: optim.LinearLR(o, 0.2, total_iters=5)),
    ("MultiStepLR", lambda o: optim.MultiStepLR(o, [2, 5], 0.3)),
    ("OneCycleLR", lambda o: optim.OneCycleLR(o, 0.2, total_steps=20)),
    ("ReduceLROnPlateau", lambda o: optim.ReduceLROnPlateau(o, patience=0, factor=0.5)),
    ("SequentialLR", lambda o: optim.SequentialLR(
        o, [optim.LinearLR(o, 0.1, total_iters=3), optim.StepLR(o, 2)], [4])),
    ("StepLR", lambda o: optim.StepLR(o, 3)),
]  # fmt: skip


def test_every_schedule_is_in_the_table():
    known = {n for n in optim.__all__ if isinstance(getattr(optim, n), type)}
    schedules = {n for n in known if issubclass(getattr(optim, n), optim.LRScheduler)}
    assert {name for name, _ in SCHEDULES} == schedules - {"LRScheduler"}


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize(("name", "make_schedule"), SCHEDULES)
def test_a_schedule_goes_on_with_each_call(name, make_schedule, where):
    def make():
        net = model()
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        schedule = make_schedule(optimizer)
        needs_metric = name == "ReduceLROnPlateau"

        def step(x, y):
            if where == "before" and not needs_metric:
                schedule.step()
            optimizer.zero_grad()
            loss = losses.mse(net(x), y)
            loss.backward()
            optimizer.step()
            if needs_metric:
                schedule.step(loss)
            elif where == "after":
                schedule.step()
            return loss

        return Training(step, state_of(net, optimizer, schedule))

    assert first_difference(make, batches()) == ""


def test_a_schedule_takes_one_step_even_where_the_first_program_is_not_the_one():
    def make():
        net = nn.Linear(3, 3, rng=0, dtype=float)
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        schedule = optim.ExponentialLR(optimizer, 0.5)
        drop = nn.Dropout(0.3)

        def step(x, labels):
            schedule.step()
            optimizer.zero_grad()
            loss = losses.cross_entropy(drop(net(x)), labels)
            loss.backward()
            optimizer.step()
            return loss, schedule.get_last_lr()

        return Training(step, state_of(net, optimizer, schedule))

    x = np.random.default_rng(0).standard_normal((4, 3))
    labels = [np.array([0, 1, 2, 0]), np.array([0, -100, 2, 0])]
    calls = [(x, labels[i]) for i in (0, 1, 0, 0, 1, 1, 0)]
    assert first_difference(make, calls) == ""


# Clipping and averages


@pytest.mark.parametrize("error", [True, False])
@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.05, 1000.0])
def test_gradients_are_clipped_by_their_norm(max_norm, norm_type, error):
    def make():
        net = model(np.float32)
        optimizer = optim.Adam(net.parameters(), lr=0.05)

        def step(x, y):
            optimizer.zero_grad()
            losses.mse(net(x), y).backward()
            norm = optim.clip_grad_norm(
                net.parameters(), max_norm, norm_type, error_if_nonfinite=error
            )
            optimizer.step()
            return norm

        return Training(step, state_of(net, optimizer))

    assert first_difference(make, batches(count=4, dtype=np.float32)) == ""


def test_clipping_asks_each_time_whether_the_norm_is_finite():
    def make():
        p = nn.Parameter(np.array([1.0, 2.0], np.float32))

        def step(x):
            p.grad = None
            (p * x).sum().backward()
            return optim.clip_grad_norm([p], 1.0)

        return Training(step, state_of(p))

    fine, huge = np.array([3.0, 4.0], np.float32), np.array([3e30, 4e30], np.float32)
    wrong = np.array([np.nan, 4.0], np.float32)
    assert first_difference(make, [(x,) for x in (fine, huge, fine, wrong, fine, fine * 0)]) == ""


def test_gradients_are_clipped_by_value_and_by_limits_that_are_given():
    def make():
        net = model()

        def step(x, y, limit):
            net.zero_grad()
            losses.mse(net(x), y).backward()
            optim.clip_grad_value(net.parameters(), limit)
            return optim.clip_grad_norm(net.parameters(), 2 * limit)

        return Training(step, state_of(net))

    calls = [(*batch, 0.01 * (i + 1)) for i, batch in enumerate(batches(count=4))]
    assert first_difference(make, calls) == ""


def test_an_average_follows_the_weights():
    def make():
        net = model(np.float32)
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        ema = optim.EMA(net, 0.7)

        def step(x, y):
            optimizer.zero_grad()
            losses.mse(net(x), y).backward()
            optimizer.step()
            ema.update()

        return Training(step, state_of(net, optimizer, ema))

    assert first_difference(make, batches(dtype=np.float32)) == ""


# Optimizers of the user's own


class Signs(optim.Optimizer):
    """The one of the manual."""

    def move(self, group, moving):
        for p, g in moving:
            p.data = p.data - group["lr"] * np.sign(g)


class Remembering(optim.Optimizer):
    """Keeps a running sum, and a number of its own."""

    keep = 0.5

    def move(self, group, moving):
        for p, g in moving:
            before = self.state.get(p, {}).get("sum", np.zeros(g.shape))
            self.state[p] = {"sum": self.keep * before + g}
            p.data = p.data - group["lr"] * self.state[p]["sum"]


class WholeStep(optim.Optimizer):
    """Writes the step by itself, and reads the rate where the groups agree."""

    def step(self):
        for p in self.parameters:
            if p.grad is not None:
                p.data = p.data - self.lr * p.grad


@pytest.mark.parametrize("cls", [Signs, Remembering, WholeStep])
def test_an_optimizer_of_the_users_own_moves_as_it_does_without(cls):
    make = training(lambda net: cls(net.parameters(), lr=0.05))
    assert first_difference(make, batches()) == ""


def test_a_schedule_moves_an_optimizer_of_the_users_own():
    def make():
        net = model()
        optimizer = WholeStep(net.parameters(), lr=0.1)
        schedule = optim.ExponentialLR(optimizer, 0.5)

        def step(x, y):
            optimizer.zero_grad()
            losses.mse(net(x), y).backward()
            optimizer.step()
            schedule.step()

        return Training(step, state_of(net, optimizer, schedule))

    assert first_difference(make, batches()) == ""


# What else a step may be


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_two_steps_in_one_program_follow_each_other(name, options):
    def make():
        net = model()
        optimizer = getattr(optim, name)(net.parameters(), **options)

        def step(x, y):
            for part in (slice(0, 3), slice(3, 6)):
                optimizer.zero_grad()
                losses.mse(net(x[part]), y[part]).backward()
                optimizer.step()

        return Training(step, state_of(net, optimizer))

    assert first_difference(make, batches(count=4)) == ""


def test_a_parameter_without_a_gradient_stays():
    def make():
        used, unused = nn.Linear(3, 2, rng=0, dtype=float), nn.Linear(3, 2, rng=1, dtype=float)
        optimizer = optim.Adam([*used.parameters(), *unused.parameters()], lr=0.1)

        def step(x, y, both):
            optimizer.zero_grad()
            h = used(x) + unused(x) if both else used(x)
            losses.mse(h, y).backward()
            optimizer.step()

        return Training(step, state_of(used, unused, optimizer))

    calls = [(*batch, i in (2, 3, 6)) for i, batch in enumerate(batches())]
    assert first_difference(make, calls) == ""
