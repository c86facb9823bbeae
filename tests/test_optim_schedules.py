"""Schedules: each against its closed form."""

import itertools
import math

import numpy as np
import pytest

from microtensor import nn, optim
from microtensor.errors import ArgumentError, ParameterError


def make(lr=0.8, kind=optim.SGD, **options):
    return kind([nn.Parameter([1.0])], lr=lr, **options)


def rates(schedule, steps=12):
    """List the rates of so many epochs."""
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        schedule.step()
    return found


def cosine(t, T=5, low=0.0):
    return low + (0.8 - low) * (1 + math.cos(math.pi * t / T)) / 2


CLOSED = [
    (lambda o: optim.StepLR(o, 3, 0.5), lambda t: 0.8 * 0.5 ** (t // 3)),
    (lambda o: optim.MultiStepLR(o, [5, 2, 5], 0.5), lambda t: 0.8 / 2 ** ((t > 1) + 2 * (t > 4))),
    (lambda o: optim.ExponentialLR(o, 0.9), lambda t: 0.8 * 0.9**t),
    (lambda o: optim.ExponentialLR(o, 0.0), lambda t: 0.8 * (t == 0)),
    (lambda o: optim.CosineAnnealingLR(o, 5), cosine),
    (lambda o: optim.CosineAnnealingLR(o, 5, 0.1), lambda t: cosine(t, low=0.1)),
    (lambda o: optim.CosineAnnealingLR(o, 1), lambda t: cosine(t, T=1)),
    (lambda o: optim.LinearLR(o, 0.1, 0.7, 4), lambda t: 0.8 * (0.1 + 0.6 * min(t, 4) / 4)),
    (lambda o: optim.LinearLR(o, 1.0, 0.0, 4), lambda t: 0.8 * (1 - min(t, 4) / 4)),
    (lambda o: optim.ConstantLR(o, 0.3, 4), lambda t: 0.8 * (0.3 if t < 4 else 1)),
    (lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 0.8 / (1 + t)),
    (
        lambda o: optim.SequentialLR(
            o, [optim.LinearLR(o, 0.5, 1, 3), optim.StepLR(o, 2, 0.1)], [4]
        ),
        lambda t: 0.8 * (0.5 + 0.5 * min(t, 3) / 3) if t < 4 else 0.8 * 0.1 ** ((t - 4) // 2),
    ),
    (
        lambda o: optim.ChainedScheduler(
            [optim.ConstantLR(o, 0.5, 3), optim.ExponentialLR(o, 0.9)]
        ),
        lambda t: 0.8 * 0.9**t * (0.5 if t < 3 else 1),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "closed"), CLOSED)
def test_a_schedule_follows_its_closed_form(schedule, closed):
    found = rates(schedule(make()))
    assert np.allclose(found, [closed(t) for t in range(12)], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(("schedule", "closed"), CLOSED)
def test_the_check_of_closed_forms_objects_to_the_epoch_after(schedule, closed):
    late = [closed(t + 1) for t in range(12)]
    assert not np.allclose(rates(schedule(make())), late, rtol=1e-3)


def one_cycle(t, N, peak, share=0.3, low=1 / 25, last=1e-4 / 25, curve="cos", three=False):
    """Spell the cycle as corners, and interpolate."""
    rise = share * N - 1
    corners = [(0, low), (rise, 1), (N - 1, last)]
    if three:
        corners[2:] = [(2 * share * N - 2, low), (N - 1, last)]
    for (a, x), (b, y) in itertools.pairwise(corners):
        if a <= t <= b:
            gone = (t - a) / (b - a)
            gone = (1 - math.cos(math.pi * gone)) / 2 if curve == "cos" else gone
            return peak * (x + (y - x) * gone)
    raise AssertionError


@pytest.mark.parametrize("curve", ["cos", "linear"])
@pytest.mark.parametrize("three", [False, True])
def test_one_cycle_goes_from_corner_to_corner(curve, three):
    optimizer = make()
    schedule = optim.OneCycleLR(
        optimizer, 0.5, 40, anneal_strategy=curve, three_phase=three, cycle_momentum=False
    )
    wanted = [one_cycle(t, 40, 0.5, curve=curve, three=three) for t in range(40)]
    assert np.allclose(rates(schedule, 40), wanted, rtol=1e-12)
    assert schedule.get_last_lr() == [pytest.approx(0.5 / 25 / 1e4)]  # one call too many: it stays
    assert not np.allclose(wanted, [one_cycle(t, 40, 0.5, share=0.31) for t in range(40)])


@pytest.mark.parametrize("share", [0, 0.025, 1, 1.0])
def test_one_cycle_may_begin_or_end_at_its_top(share):
    found = rates(optim.OneCycleLR(make(momentum=0.9), 0.5, 40, pct_start=share), 40)
    assert max(found) == pytest.approx(0.5, rel=0.01)
    assert min(found) >= 0


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (optim.SGD, lambda o: o.momentum),
        (optim.RMSprop, lambda o: o.momentum),
        (optim.Adam, lambda o: o.betas[0]),
    ],
)
def test_one_cycle_moves_momentum_the_other_way(kind, read):
    optimizer = make(kind=kind)
    schedule = optim.OneCycleLR(optimizer, 0.5, 12, pct_start=0.5)
    found = []
    for _ in range(12):
        found.append((optimizer.lr, read(optimizer)))
        schedule.step()
    speeds, momenta = np.array(found).T
    assert (momenta[0], momenta.min(), momenta[-1]) == pytest.approx((0.95, 0.85, 0.95), abs=1e-3)
    assert np.all(np.diff(speeds) * np.diff(momenta) < 0)


def test_a_plateau_lowers_the_rate_after_patience_and_rests():
    schedule = optim.ReduceLROnPlateau(make(), factor=0.5, patience=1, cooldown=2, min_lr=0.15)
    found = []
    for loss in [5, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3]:
        schedule.step(loss)
        found.append(schedule.get_last_lr()[0])
    assert found == [0.8] * 3 + [0.4] * 4 + [0.2] * 4 + [0.15] * 6


def test_rates_that_somebody_changed_are_changed_on():
    optimizer = make()
    schedule = optim.ExponentialLR(optimizer, 0.5)
    optimizer.lr = 0.1
    schedule.step()
    assert optimizer.lr == 0.05


def test_each_group_has_its_own_rate():
    groups = [{"params": nn.Parameter([1.0])}, {"params": nn.Parameter([1.0]), "lr": 0.5}]
    optimizer = optim.SGD(groups, lr=0.1)
    schedule = optim.ChainedScheduler(
        [optim.StepLR(optimizer, 1, 0.5), optim.LambdaLR(optimizer, [lambda t: 1, lambda t: 2])]
    )
    assert schedule.get_last_lr() == [0.1, 1.0]
    assert schedule.base_lrs == [0.1, 0.5]


def test_schedules_move_when_they_say():
    optimizer = make(momentum=0.9)
    step, epoch = optim.LinearLR(optimizer, every="step"), optim.StepLR(optimizer, 2)
    assert (step.every, epoch.every) == ("step", "epoch")
    assert optim.OneCycleLR(optimizer, 0.1, 10).every == "step"
    assert optim.ChainedScheduler([step]).every == "step"
    assert optim.SequentialLR(optimizer, [epoch, epoch], [2]).every == "epoch"


# State

KEPT = [
    lambda o: optim.StepLR(o, 2, 0.5),
    lambda o: optim.MultiStepLR(o, [2, 4], 0.5),
    lambda o: optim.CosineAnnealingLR(o, 5, 0.1),
    lambda o: optim.OneCycleLR(o, 0.5, 12, cycle_momentum=True),
    lambda o: optim.SequentialLR(o, [optim.LinearLR(o), optim.ExponentialLR(o, 0.9)], [4]),
    lambda o: optim.ChainedScheduler([optim.LinearLR(o), optim.ExponentialLR(o, 0.9)]),
    lambda o: optim.LambdaLR(o, lambda t: 0.9**t),
]


@pytest.mark.parametrize("schedule", KEPT)
@pytest.mark.parametrize("steps", [0, 3, 5])
def test_a_schedule_goes_on_from_a_state_as_if_never_stopped(schedule, steps):
    one, two = make(momentum=0.9), make(momentum=0.9)
    first, fresh = schedule(one), schedule(two)
    for _ in range(steps):
        first.step()
    state = {**first.state_dict()}
    assert all(type(x) is np.ndarray and x.dtype.kind in "iufb" for x in state.values())
    two.load_state_dict(one.state_dict())
    fresh.load_state_dict(state)
    assert fresh.last_epoch == first.last_epoch == steps
    for _ in range(5):
        first.step()
        fresh.step()
        assert (one.lr, one.momentum) == (two.lr, two.momentum)


def test_a_plateau_goes_on_from_a_state_as_if_never_stopped():
    one, two = make(), make()
    first = optim.ReduceLROnPlateau(one, "max", 0.5, patience=2, cooldown=1)
    fresh = optim.ReduceLROnPlateau(two)
    for metric in (1, 2, 2, 2):
        first.step(metric)
    fresh.load_state_dict(first.state_dict())
    two.load_state_dict(one.state_dict())
    for metric in (2, 2, 2, 2, 3, 2, 2, 2, 2):
        first.step(metric)
        fresh.step(metric)
        assert one.lr == two.lr
    assert one.lr < 0.8
    assert (fresh.mode, fresh.patience, fresh.best) == ("max", 2, 3.0)


def test_the_options_are_part_of_the_state():
    cosine = optim.OneCycleLR(make(momentum=0.9), 0.5, 12)
    linear = optim.OneCycleLR(make(momentum=0.9), 0.5, 20, anneal_strategy="linear")
    cosine.load_state_dict(linear.state_dict())
    assert (cosine.anneal_strategy, cosine.total_steps) == ("linear", 20)
    assert rates(cosine)[1:] == rates(linear)[1:]  # the first is the state of the optimizers


MISFITS = [
    (lambda o: optim.StepLR(o, 2), {"gamma": None}, "this schedule", "gamma"),
    (lambda o: optim.StepLR(o, 2), {"base_lrs": [0.1, 0.2]}, "this schedule", "base_lrs"),
    (lambda o: optim.StepLR(o, 2), {"T_max": 3}, "this schedule", "T_max"),
    (
        lambda o: optim.ChainedScheduler([optim.StepLR(o, 2)]),
        {"1.gamma": 3}, "these schedules", "1.gamma",
    ),
    (
        lambda o: optim.ChainedScheduler([optim.StepLR(o, 2)]),
        {"0.gamma": None}, "this schedule", "gamma",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "changes", "what", "first"), MISFITS)
def test_a_state_that_does_not_fit_changes_nothing(schedule, changes, what, first):
    found = schedule(make())
    state = {**found.state_dict(), "last_epoch": 7, **changes}
    state = {key: x for key, x in state.items() if x is not None}
    with pytest.raises(ParameterError) as error:
        found.load_state_dict(state)
    where = "StepLR" if (what, first) == ("this schedule", "gamma") else type(found).__name__
    assert str(error.value) == (
        f"{where}.load_state_dict: the state does not fit; nothing was changed.\n"
        f"  expected  what state_dict() gives for {what}\n"
        f"  got       another state; the first difference is at {first}"
    )
    assert found.last_epoch == 0


# What is refused

POSITIVE_INTEGER = ("must be a positive integer", "1, 2, 3 ...")
NOT_NEGATIVE = ("must not be negative", "a number of at least 0")
PART = ("must be a factor above 0, at most 1", "such as 0.1")
WHEN = ("must say when the schedule moves", "'epoch' or 'step'")
REFUSED = [
    (optim.StepLR, {"step_size": 0}, "step_size", POSITIVE_INTEGER),
    (optim.StepLR, {"step_size": 2, "gamma": -1}, "gamma", NOT_NEGATIVE),
    (optim.StepLR, {"step_size": 2, "every": "batch"}, "every", WHEN),
    (optim.ExponentialLR, {"gamma": "slow"}, "gamma", NOT_NEGATIVE),
    (optim.CosineAnnealingLR, {"T_max": 2.5}, "T_max", POSITIVE_INTEGER),
    (optim.CosineAnnealingLR, {"T_max": 2, "eta_min": -1}, "eta_min", NOT_NEGATIVE),
    (optim.LinearLR, {"start_factor": 0}, "start_factor", PART),
    (optim.LinearLR, {"end_factor": 2}, "end_factor",
     ("must be a factor from 0 to 1", "such as 1.0")),
    (optim.LinearLR, {"total_iters": 0}, "total_iters", POSITIVE_INTEGER),
    (optim.ConstantLR, {"factor": 3}, "factor", PART),
    (optim.OneCycleLR, {"max_lr": 0, "total_steps": 3}, "max_lr",
     ("must be above 0", "a number above 0")),
    (optim.OneCycleLR, {"max_lr": 1, "total_steps": -3}, "total_steps", POSITIVE_INTEGER),
    (optim.OneCycleLR, {"max_lr": 1, "epochs": 0, "steps_per_epoch": 3}, "epochs",
     POSITIVE_INTEGER),
    (optim.OneCycleLR, {"max_lr": 1, "total_steps": 3, "pct_start": 2}, "pct_start",
     ("must be from 0 to 1", "such as 0.3")),
    (optim.OneCycleLR, {"max_lr": 1, "total_steps": 3, "anneal_strategy": "sin"},
     "anneal_strategy", ("must name a curve", "'cos' or 'linear'")),
    (optim.OneCycleLR, {"max_lr": 1, "total_steps": 3, "three_phase": "yes"}, "three_phase",
     ("must be a switch", "True or False")),
    (optim.ReduceLROnPlateau, {"factor": 1.0}, "factor",
     ("must be a factor from 0 to below 1", "such as 0.1")),
    (optim.ReduceLROnPlateau, {"mode": "low"}, "mode",
     ("must say which metric is better", "'min' or 'max'")),
    (optim.ReduceLROnPlateau, {"threshold_mode": "x"}, "threshold_mode",
     ("must say what the threshold is", "'rel' or 'abs'")),
    (optim.ReduceLROnPlateau, {"patience": -1}, "patience",
     ("must be an integer of at least 0", "0, 1, 2 ...")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "option", "must"), REFUSED)
def test_options_are_in_their_range(kind, options, option, must):
    with pytest.raises(ArgumentError) as error:
        kind(make(momentum=0.9), **options)
    assert str(error.value) == (
        f"{kind.__name__}: {option} {must[0]}.\n"
        f"  expected  {must[1]}\n"
        f"  got       {options[option]!r}"
    )


def other():
    return optim.StepLR(make(), 2)


def refused(do):
    """Give the message of a mistake."""
    with pytest.raises(ArgumentError) as error:
        do(make(momentum=0.9))
    return str(error.value)


MISTAKES = [
    (lambda o: optim.StepLR(o.parameters, 2),
     "StepLR: the first argument must be the optimizer.\n"
     "  expected  such as optim.SGD(net.parameters(), lr=0.1)\n"
     "  got       a list"),
    (lambda o: optim.LambdaLR(o, [lambda t: 1] * 2),
     "LambdaLR: lr_lambda must be a function, or a list of one for each group.\n"
     "  expected  such as lambda t: 0.95**t, or 1 of them\n"),
    (lambda o: optim.LambdaLR(o, lambda t: -1),
     "SGD: lr must not be negative.\n"
     "  expected  a number of at least 0\n"
     "  got       -0.8"),
    (lambda o: optim.OneCycleLR(o, [0.1, 0.2], 5),
     "OneCycleLR: max_lr must be one number, or a list of one for each group.\n"
     "  expected  1 of them\n"
     "  got       [0.1, 0.2]"),
    (lambda o: optim.OneCycleLR(o, 0.1, epochs=5),
     "OneCycleLR: it must know how many steps there are.\n"
     "  expected  total_steps, or both epochs and steps_per_epoch\n"
     "  got       epochs=5 and steps_per_epoch=None"),
    (lambda o: optim.OneCycleLR(optim.Adagrad(o.parameters), 0.1, 5),
     "OneCycleLR: Adagrad has no momentum to cycle.\n"
     "  expected  an optimizer with the option momentum or betas\n"
     "  got       one with lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize\n"
     "  Give cycle_momentum=False."),
    (lambda o: rates(optim.OneCycleLR(o, 0.1, 5), 6),
     "OneCycleLR: the cycle is over.\n"
     "  expected  at most total_steps=5 steps\n"
     "  got       step 6\n"
     "  Give total_steps=, or epochs= and steps_per_epoch=, of the whole training."),
    (lambda o: optim.ReduceLROnPlateau(o).step(),
     "ReduceLROnPlateau.step: it needs the metric to watch.\n"
     "  expected  one number, such as the validation loss\n"
     "  got       None"),
    (lambda o: optim.ReduceLROnPlateau(o).step(math.nan),
     "ReduceLROnPlateau.step: it needs the metric to watch.\n"
     "  expected  one number, such as the validation loss\n"
     "  got       nan"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 2)] * 2, [3, 5]),
     "SequentialLR: milestones must say when each schedule but the first begins.\n"
     "  expected  1 epochs, in ascending order\n"
     "  got       [3, 5]"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 2)] * 3, [5, 3]),
     "SequentialLR: milestones must say when each schedule but the first begins.\n"
     "  expected  2 epochs, in ascending order\n"
     "  got       [5, 3]"),
    (lambda o: optim.SequentialLR(o, [], []),
     "SequentialLR: there is no schedule to follow.\n"
     "  expected  at least one"),
    (lambda o: optim.ChainedScheduler([optim.StepLR(o, 2), optim.ReduceLROnPlateau(o)]),
     "ChainedScheduler: schedulers must be schedules that need no metric.\n"
     "  expected  such as [LinearLR(optimizer), ExponentialLR(optimizer, 0.9)]\n"
     "  got       a ReduceLROnPlateau in place 1"),
    (lambda o: optim.ChainedScheduler([optim.StepLR(o, 2), other()]),
     "ChainedScheduler: all schedules must be of one optimizer.\n"
     "  expected  the same optimizer for each\n"
     "  got       another one for the StepLR in place 1"),
    (lambda o: optim.ChainedScheduler([optim.StepLR(o, 2), optim.OneCycleLR(o, 0.1, 5)]),
     "ChainedScheduler: its schedules move at different times.\n"
     "  expected  every='epoch' or every='step', for this one and all in it\n"
     "  got       StepLR('epoch') and OneCycleLR('step')"),
]  # fmt: skip


@pytest.mark.parametrize(("do", "message"), MISTAKES)
def test_what_cannot_be_followed_is_refused(do, message):
    found = refused(do)
    assert found == message or (message[-1] == "\n" and found.startswith(message))


def test_a_schedule_of_ones_own_says_its_rates():
    with pytest.raises(NotImplementedError, match="LRScheduler does not say how rates change"):
        optim.LRScheduler(make())


def test_a_repr_shows_the_options():
    assert repr(optim.StepLR(make(), 2)) == (
        "StepLR(last_epoch=0, step_size=2, gamma=0.1, every='epoch')"
    )
