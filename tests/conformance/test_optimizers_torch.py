"""PyTorch's own optimizers with its own sets of options, its schedules, clipping and averages."""

import functools
import types

import numpy as np
import optimizers
import pytest
from optimizers import LEFT_OUT, SCHEDULES_LEFT_OUT, Pair, complaint, torch

from microtensor import nn, optim

DATABASE = optimizers.database()
SHARED = [name for name in DATABASE if hasattr(optim, name)]
OPTION_SETS = [(name, x) for name in SHARED for x in optimizers.option_sets(DATABASE[name])]
IDS = [f"{name}-{x}" for name, x in OPTION_SETS]
GROUPS = {  # of each optimizer, options that a second group may have
    "SGD": {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.2, "maximize": True},
    "Adagrad": {"lr": 0.05, "weight_decay": 0.2, "lr_decay": 0.3, "eps": 1e-3},
    "RMSprop": {"lr": 0.05, "alpha": 0.8, "momentum": 0.5, "centered": True, "eps": 1e-3},
    "Adam": {"lr": 0.05, "betas": (0.7, 0.8), "eps": 1e-3, "amsgrad": True},
    "AdamW": {"lr": 0.05, "betas": (0.7, 0.8), "weight_decay": 0.3, "maximize": True},
}


def test_every_optimizer_has_a_counterpart_or_a_reason():
    assert sorted([*SHARED, *LEFT_OUT]) == sorted(DATABASE)
    assert set(GROUPS) | {"LBFGS"} == set(SHARED)
    assert len(OPTION_SETS) >= 35


@pytest.mark.parametrize(("name", "options"), OPTION_SETS, ids=IDS)
def test_ten_steps_agree(name, options):
    assert complaint(name, options) == ""


@pytest.mark.parametrize(("name", "options"), OPTION_SETS, ids=IDS)
def test_ten_steps_agree_in_two_groups(name, options):
    if name == "LBFGS":  # takes one group, there and here
        options, groups = {**options, "history_size": 3, "max_iter": 6}, []
    else:
        groups = [{}, GROUPS[name]]
    assert complaint(name, options, groups=groups) == ""


# Schedules

SCHEDULES = [
    lambda words, o: [words.StepLR(o, 7, gamma=0.3)],
    lambda words, o: [words.MultiStepLR(o, [3, 9, 9, 20], gamma=0.5)],
    lambda words, o: [words.ExponentialLR(o, 0.93)],
    lambda words, o: [words.CosineAnnealingLR(o, 30)],
    lambda words, o: [words.CosineAnnealingLR(o, 8, eta_min=0.01)],
    lambda words, o: [words.LinearLR(o)],
    lambda words, o: [words.LinearLR(o, 0.2, 0.7, total_iters=11)],
    lambda words, o: [words.LinearLR(o, 1.0, 0.0, total_iters=11)],
    lambda words, o: [words.ConstantLR(o)],
    lambda words, o: [words.ConstantLR(o, 0.2, total_iters=11)],
    lambda words, o: [words.LambdaLR(o, lambda t: 1 / (1 + t))],
    lambda words, o: [words.LambdaLR(o, [lambda t: 0.9**t, lambda t: 1 + t % 3])],
    lambda words, o: [words.OneCycleLR(o, 0.2, total_steps=31)],
    lambda words, o: [
        words.OneCycleLR(o, [0.2, 0.3], epochs=4, steps_per_epoch=8, three_phase=True)
    ],
    lambda words, o: [
        words.OneCycleLR(
            o, 0.2, 31, pct_start=0.4, anneal_strategy="linear", base_momentum=[0.7, 0.8],
            max_momentum=0.9, div_factor=10, final_div_factor=100,
        )
    ],
    lambda words, o: [words.OneCycleLR(o, 0.2, total_steps=31, cycle_momentum=False)],
    lambda words, o: [
        words.SequentialLR(
            o, [words.LinearLR(o, 0.1, total_iters=5), words.CosineAnnealingLR(o, 25)], [5]
        )
    ],
    lambda words, o: [
        words.SequentialLR(
            o,
            [words.ConstantLR(o, 0.5, 3), words.LambdaLR(o, lambda t: 0.9**t), words.StepLR(o, 3)],
            milestones=[4, 14],
        )
    ],
    lambda words, o: [
        words.ChainedScheduler([words.ConstantLR(o, 0.1, 4), words.ExponentialLR(o, 0.9)])
    ],
    lambda words, o: [
        words.ChainedScheduler(
            [words.LinearLR(o, 0.3, 0.9), words.CosineAnnealingLR(o, 9), words.StepLR(o, 4, 0.7)], o
        )
    ],
    lambda words, o: [words.ExponentialLR(o, 0.9), words.ReduceLROnPlateau(o, patience=2)],
]  # fmt: skip
TWO_GROUPS = [{}, {"lr": 0.05}]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("name", "options"), [("SGD", {"momentum": 0.9}), ("Adam", {})])
def test_thirty_epochs_of_a_schedule_agree(name, options, schedule):
    options = {**options, "lr": 0.1}
    assert complaint(name, options, groups=TWO_GROUPS, steps=30, schedule=schedule) == ""


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_thirty_epochs_of_waiting_for_a_plateau_agree(mode, threshold_mode, cooldown):
    noise = np.random.default_rng(3).standard_normal(30)
    sign = 1 if mode == "min" else -1
    schedule = lambda words, o: [
        words.ReduceLROnPlateau(
            o, mode, 0.5, 2, 0.01, threshold_mode, cooldown, [1e-3, 0.02], eps=1e-4
        )
    ]
    found = complaint(
        "SGD", {"lr": 0.1}, groups=TWO_GROUPS, steps=30, schedule=schedule,
        metrics=lambda t: sign * (2 / (1 + t) + 0.05 * noise[t]),
    )  # fmt: skip
    assert found == ""


def inputs_of_the_database():
    """List the schedules that PyTorch tries its optimizers with, which need no other one."""
    return [
        (name, [optimizers.in_our_words(make) for make in makes])
        for name in SHARED
        for makes in DATABASE[name].scheduler_inputs
        if not any(set(make.__code__.co_names) & set(SCHEDULES_LEFT_OUT) for make in makes)
    ]


@pytest.mark.parametrize(("name", "makes"), inputs_of_the_database())
def test_the_schedules_of_the_database_agree(name, makes):
    schedule = lambda words, o: [x for make in makes for x in make(words, o)]
    assert complaint(name, {"lr": 0.01}, steps=30, schedule=schedule) == ""


def test_every_schedule_has_a_counterpart_or_a_reason():
    there = torch.optim.lr_scheduler
    names = [
        n
        for n, x in vars(there).items()
        if isinstance(x, type) and issubclass(x, there.LRScheduler)
    ]
    shared = [n for n in names if hasattr(optim, n)]
    assert sorted([*shared, *SCHEDULES_LEFT_OUT]) == sorted(n for n in names if n[0] != "_")
    tried = {n for make in SCHEDULES for n in make.__code__.co_names}
    assert set(shared) - {"LRScheduler"} <= tried


# Clipping and averages


@pytest.mark.parametrize("norm_type", [1, 2.0, 3.5, np.inf])
@pytest.mark.parametrize("max_norm", [1e-3, 0.5, 1e6])
def test_clipping_agrees(norm_type, max_norm):
    pair = Pair()
    pair.our_loss(pair.ours)
    pair.their_loss(pair.theirs)
    total = optim.clip_grad_norm(pair.ours.parameters(), max_norm, norm_type)
    theirs = torch.nn.utils.clip_grad_norm_(pair.theirs.parameters(), max_norm, norm_type)
    assert np.isclose(total, float(theirs), rtol=1e-12)
    for p, q in zip(pair.ours.parameters(), pair.theirs.parameters(), strict=True):
        assert np.allclose(p.grad, q.grad.numpy(), rtol=1e-12)
    optim.clip_grad_value(pair.ours.parameters(), 0.01 * max_norm)
    torch.nn.utils.clip_grad_value_(pair.theirs.parameters(), 0.01 * max_norm)
    for p, q in zip(pair.ours.parameters(), pair.theirs.parameters(), strict=True):
        assert np.allclose(p.grad, q.grad.numpy(), rtol=1e-12)


def test_averages_of_weights_agree():
    pair, there = Pair(), torch.optim.swa_utils
    mine = optim.EMA(pair.ours, 0.8)
    theirs = there.AveragedModel(pair.theirs, multi_avg_fn=there.get_ema_multi_avg_fn(0.8))
    one = optim.SGD(pair.ours.parameters(), lr=0.5)
    two = torch.optim.SGD(pair.theirs.parameters(), lr=0.5)
    for _ in range(6):
        one.step(lambda: pair.our_loss(one))
        two.step(lambda: pair.their_loss(two))
        mine.update()
        theirs.update_parameters(pair.theirs)
        for a, q in zip(mine.average, theirs.module.parameters(), strict=True):
            assert np.allclose(a, q.detach().numpy(), rtol=1e-12)


# What follows shows the comparison something wrong, and it must object.


def words(**changes):
    """Give our words with some of them replaced."""
    return types.SimpleNamespace(**{**{n: getattr(optim, n) for n in optim.__all__}, **changes})


class Uphill(optim.SGD):
    def move(self, group, moving):
        super().move(group, [(p, -g) for p, g in moving])


class Forgetful(optim.SGD):
    def move(self, group, moving):
        super().move({**group, "dampening": 0}, moving)


class OneGroup(optim.SGD):
    def move(self, group, moving):
        super().move(self.param_groups[0], moving)


class Late(optim.Adam):
    def change(self, group, row, g):
        row.t += row.t == 4  # a step counted twice
        return super().change(group, row, g)


class Rounded(optim.SGD):
    def move(self, group, moving):
        super().move(group, [(p, g * (1 + 1e-8)) for p, g in moving])


@pytest.mark.parametrize(
    ("name", "wrong", "options", "groups", "first"),
    [
        ("SGD", Uphill, {}, [], "step 0: layers.0.weight is off by"),
        ("SGD", Forgetful, {"momentum": 0.9, "dampening": 0.5}, [], "step 1: layers.0.weight is"),
        ("SGD", OneGroup, {}, [{}, {"lr": 0.5}], "step 0: layers.0.bias is off by"),
        ("SGD", Rounded, {"lr": 1.0}, [], "step 0: layers.0."),
        ("Adam", Late, {}, [], "step 4: layers.0.weight is off by"),
        ("SGD", functools.partial(optim.SGD, lr=0.5), {}, [], "step 0: layers.0.weight is off by"),
        ("SGD", optim.Adam, {"momentum": 0.9}, [], "TypeError: Adam.__init__() got an unexpected"),
    ],
)
def test_a_wrong_optimizer_is_seen(name, wrong, options, groups, first):
    assert complaint(name, options, groups=groups) == ""
    assert complaint(name, options, groups=groups, ours=words(**{name: wrong})).startswith(first)


class Early(optim.StepLR):
    def factor(self, t):
        return super().factor(t + 1)


class NoFloor(optim.CosineAnnealingLR):
    floor = 0.0


class NoMomentum(optim.OneCycleLR):
    def get_lr(self):
        self.cycle_momentum = self.last_epoch < 7
        return super().get_lr()


@pytest.mark.parametrize(
    ("name", "wrong", "schedule", "first"),
    [
        ("StepLR", Early, lambda words, o: [words.StepLR(o, 7)], "step 5: ["),
        (
            "CosineAnnealingLR", NoFloor,
            lambda words, o: [words.CosineAnnealingLR(o, 9, 0.1)], "step 0: [",
        ),
        ("OneCycleLR", NoMomentum, lambda words, o: [words.OneCycleLR(o, 1.0, 31)], "step 6: ["),
    ],
)  # fmt: skip
def test_a_wrong_schedule_is_seen(name, wrong, schedule, first):
    options = {"lr": 0.5, "momentum": 0.9}
    assert complaint("SGD", options, steps=30, schedule=schedule) == ""
    ours = words(**{name: wrong})
    assert complaint("SGD", options, steps=30, schedule=schedule, ours=ours).startswith(first)


def test_a_schedule_of_the_database_is_made_with_our_words():
    (make,) = DATABASE["LBFGS"].scheduler_inputs[0][:1]
    (found,) = optimizers.in_our_words(make)(optim, optim.SGD([nn.Parameter([1.0])]))
    assert type(found) is optim.StepLR
