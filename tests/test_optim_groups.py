"""Optimizers: groups of parameters with options of their own, closures, and states."""

import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn, optim
from microtensor.errors import ArgumentError, ParameterError


def test_groups_have_options_of_their_own():
    p, q, r = (nn.Parameter([1.0]) for _ in range(3))
    optimizer = optim.Adam([{"params": p}, {"params": [q, r], "lr": 0.5, "betas": (0, 0)}], lr=0.25)
    for x in (p, q, r):
        x.grad = np.ones(1)
    optimizer.step()
    assert np.allclose([p.data, q.data, r.data], [[0.75], [0.5], [0.5]])
    optimizer.param_groups[1]["lr"] = 0.0
    optimizer.step()
    assert np.allclose([p.data, q.data, r.data], [[0.5], [0.5], [0.5]])


def test_a_repr_shows_the_options():
    p, q = nn.Parameter([1.0]), nn.Parameter([1.0])
    assert repr(optim.SGD([p], lr=0.1)) == (
        "SGD(1 parameters, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0, "
        "nesterov=False, maximize=False)"
    )
    assert repr(optim.AdamW([{"params": p}, {"params": q, "lr": 0.1}])) == (
        "AdamW(2 parameters in 2 groups, lr=[0.001, 0.1], betas=(0.9, 0.999), eps=1e-08, "
        "weight_decay=0.01, amsgrad=False, maximize=False)"
    )


# State


def test_a_state_is_a_copy_with_the_paths_of_pytorchs():
    p = nn.Parameter([1.0, 2.0])
    p.grad = np.ones(2)
    for make, names in (
        (lambda: optim.SGD([p], momentum=0.9), ["momentum_buffer"]),
        (lambda: optim.Adam([p]), ["step", "exp_avg", "exp_avg_sq"]),
    ):
        optimizer = make()
        first = list(optimizer.state_dict())
        assert first == [f"param_groups.0.{x}" for x in (*optimizer.defaults, "params")]
        optimizer.step()
        state = optimizer.state_dict()
        assert list(state) == first + [f"state.0.{name}" for name in names]
        state[f"state.0.{names[-1]}"][...] = 7
        assert not np.any(optimizer.state_dict()[f"state.0.{names[-1]}"] == 7)


def with_changes(make, **changes):
    """Give the state of an optimizer of one parameter after a step, with some entries changed."""
    p = nn.Parameter([1.0, 2.0])
    p.grad = np.ones(2)
    optimizer = make([p], lr=0.1)
    optimizer.step()
    state = {**optimizer.state_dict(), **changes}
    return {key: x for key, x in state.items() if x is not None}


SGD_STATE = with_changes(optim.SGD)
ADAM_STATE = with_changes(optim.Adam)
LR, MEAN = "param_groups.0.lr", "state.0.exp_avg"
MISFITS = [
    (optim.SGD, {}, LR),
    (optim.SGD, ADAM_STATE, "param_groups.0.momentum"),
    (optim.SGD, {**SGD_STATE, "param_groups.1.lr": 0.1}, "param_groups.1.lr"),
    (optim.SGD, {**SGD_STATE, "param_groups.0.params": [0, 1]}, "param_groups.0.params"),
    (optim.SGD, {**SGD_STATE, "state.0.exp_avg": [1.0, 1.0]}, "state.0.exp_avg"),
    (optim.Adam, {**ADAM_STATE, "state.1.step": 1}, "state.1.step"),
    (optim.Adam, {**ADAM_STATE, MEAN: [1.0]}, MEAN),
    (optim.Adam, {**ADAM_STATE, MEAN: [1, 2]}, MEAN),
    (optim.Adam, {**ADAM_STATE, "state.0.step": [1, 1]}, "state.0.step"),
    (optim.Adam, with_changes(optim.Adam, **{MEAN: None}), MEAN),
]


@pytest.mark.parametrize(("make", "state", "first"), MISFITS)
def test_a_state_that_does_not_fit_changes_nothing(make, state, first):
    optimizer = make([nn.Parameter([1.0, 2.0])], lr=0.5)
    with pytest.raises(ParameterError) as error:
        optimizer.load_state_dict(state)
    assert str(error.value) == (
        f"{make.__name__}.load_state_dict: the state does not fit; nothing was changed.\n"
        "  expected  what state_dict() gives for these 1 parameters\n"
        f"  got       another state; the first difference is at {first}"
    )
    assert optimizer.state == {}
    assert optimizer.lr == 0.5


def test_a_state_is_a_dict():
    with pytest.raises(ParameterError) as error:
        optim.SGD([nn.Parameter([1.0])]).load_state_dict([1.0])
    assert str(error.value) == (
        "SGD.load_state_dict: a state is a dict of arrays.\n"
        "  expected  what state_dict() gives\n"
        "  got       a list"
    )


def test_a_state_that_was_taken_does_not_follow_the_optimizer():
    p = nn.Parameter(np.ones(3))
    optimizer = optim.Adam([p], lr=0.1)
    p.grad = np.ones(3)
    optimizer.step()
    taken = optimizer.state_dict()
    before = {name: np.copy(x) for name, x in taken.items()}
    for x in taken.values():
        if isinstance(x, np.ndarray) and x.ndim:
            x *= 2  # and it can be written into
    optimizer.step()
    again = optimizer.state_dict()
    assert np.allclose(again[MEAN], 0.9 * before[MEAN] + 0.1)


def test_a_state_with_a_negative_learning_rate_is_refused():
    optimizer = optim.SGD([nn.Parameter(np.ones(2))], lr=0.1)
    with pytest.raises(ArgumentError) as error:
        optimizer.load_state_dict({**optimizer.state_dict(), LR: np.array(-1.0)})
    assert str(error.value) == (
        "SGD: lr must not be negative.\n  expected  a number of at least 0\n  got       -1.0"
    )
    assert optimizer.lr == 0.1


def two(kind=optim.SGD, **options):
    """Make an optimizer of two groups of a parameter each; the second has another rate."""
    p, q = nn.Parameter([1.0, 2.0]), nn.Parameter([[1.0], [3.0]])
    return kind([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.1, **options)


def walk(optimizer, steps):
    for _ in range(steps):
        for p in optimizer.parameters:
            p.grad = np.sin(p.data)
        optimizer.step()


# Options of all groups


def test_an_option_that_groups_share_is_an_attribute():
    optimizer = two(momentum=0.9)
    assert optimizer.momentum == 0.9
    optimizer.momentum = 0.5
    assert [group["momentum"] for group in optimizer.param_groups] == [0.5, 0.5]
    optimizer.param_groups[1]["lr"] = 0.1
    optimizer.lr = 0.3
    assert [group["lr"] for group in optimizer.param_groups] == [0.3, 0.3]


@pytest.mark.parametrize(
    "use", [lambda o: o.lr, lambda o: setattr(o, "lr", 0.3)], ids=["read", "set"]
)
def test_an_option_in_which_groups_differ_is_no_attribute(use):
    optimizer = two()
    with pytest.raises(ArgumentError) as error:
        use(optimizer)
    assert str(error.value) == (
        "SGD.lr: the groups differ in it.\n"
        "  expected  one for all groups\n"
        "  got       0.1, 0.5\n"
        '  Read or set that of one group: param_groups[0]["lr"].'
    )
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]


WRITES = [
    lambda group, name, x: group.__setitem__(name, x),
    lambda group, name, x: group.update({name: x}),
    lambda group, name, x: group.update([(name, x)]),
    lambda group, name, x: group.__ior__({name: x}),
]
UNKNOWN = (
    "SGD: there is no option 'momentun'.\n"
    "  expected  one of lr, momentum, dampening, weight_decay, nesterov, maximize\n"
    "  got       'momentun'"
)
NEGATIVE = "SGD: lr must not be negative.\n  expected  a number of at least 0\n  got       -1"
NESTEROV = (
    "SGD: Nesterov's momentum needs momentum, and no dampening.\n"
    "  expected  momentum above 0 and dampening=0\n"
    "  got       momentum=0.0 and dampening=0.0"
)
WRONG = [("momentun", 0.9, UNKNOWN), ("lr", -1, NEGATIVE), ("nesterov", True, NESTEROV)]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("name", "x", "message"), WRONG)
def test_a_group_refuses_what_cannot_be_however_it_is_written(write, name, x, message):
    (group, _) = two().param_groups
    before = dict(group)
    with pytest.raises(ArgumentError) as error:
        write(group, name, x)
    assert str(error.value) == message
    assert dict(group) == before


@pytest.mark.parametrize(("name", "x", "message"), WRONG)
def test_a_group_is_refused_where_it_is_given(name, x, message):
    with pytest.raises(ArgumentError) as error:
        optim.SGD([{"params": nn.Parameter([1.0]), name: x}])
    assert str(error.value) == message


def test_a_default_is_checked_too():
    (group, _) = two().param_groups
    assert group.setdefault("lr", -1) == 0.1  # it is there
    with pytest.raises(ArgumentError, match="there is no option 'speed'"):
        group.setdefault("speed", 1)


# Groups that come later


def test_a_group_may_be_added_and_trains_from_then_on():
    optimizer = two(optim.Adam)
    walk(optimizer, 2)
    p = nn.Parameter([1.0])
    optimizer.add_param_group({"params": p, "lr": 0.25})
    walk(optimizer, 1)
    assert np.allclose(p.data, 0.75)
    assert len(optimizer.parameters) == 3
    assert [int(optimizer.state[p]["step"]) for p in optimizer.parameters] == [3, 3, 1]


def test_a_parameter_is_in_one_group():
    optimizer = two()
    with pytest.raises(ParameterError) as error:
        optimizer.add_param_group({"params": optimizer.parameters[:1]})
    assert str(error.value) == (
        "SGD: a Value of shape (2,) is given twice, and would move twice in a step.\n"
        "  net.parameters() gives each once, also where modules share them."
    )
    assert len(optimizer.param_groups) == 2


@pytest.mark.parametrize(
    ("second", "got"),
    [(nn.Parameter([1.0]), "Parameter in place 1"), ({"lr": 1.0}, "keys ['lr'] in place 1")],
)
def test_groups_and_parameters_do_not_mix(second, got):
    with pytest.raises(ParameterError) as error:
        optim.SGD([{"params": [nn.Parameter([1.0])]}, second])
    assert str(error.value) == (
        "SGD: where one group is given, all must be groups.\n"
        '  expected  dicts such as {"params": net.parameters(), "lr": 0.01}\n'
        f"  got       {got}"
    )


# States of groups

KINDS = [
    (optim.SGD, {"momentum": 0.9}),
    (optim.Adam, {"amsgrad": True}),
    (optim.RMSprop, {"momentum": 0.9, "centered": True, "eps": 0.1}),
    (optim.Adagrad, {"lr_decay": 0.1}),
]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_the_options_of_each_group_are_part_of_the_state(kind, options):
    one, other = two(kind, **options), two(kind)
    walk(one, 3)
    one.param_groups[0]["weight_decay"] = 0.125
    state = one.state_dict()
    assert all(type(x) is np.ndarray and x.dtype.kind in "iufb" for x in state.values())
    for p, q in zip(one.parameters, other.parameters, strict=True):
        q.data = p.data
    groups = list(other.param_groups)
    other.load_state_dict(state)
    assert all(a is b for a, b in zip(groups, other.param_groups, strict=True))  # schedules see it
    without = lambda group: {name: x for name, x in group.items() if name != "params"}
    assert [*map(without, one.param_groups)] == [*map(without, other.param_groups)]
    walk(one, 3)
    walk(other, 3)
    pairs = zip(one.parameters, other.parameters, strict=True)
    assert all(np.array_equal(p.data, q.data) for p, q in pairs)


def test_betas_that_a_schedule_changed_are_part_of_the_state():
    optimizer = optim.Adam([nn.Parameter([1.0])])
    schedule = optim.OneCycleLR(optimizer, 0.1, 10)
    schedule.step()
    fresh = optim.Adam([nn.Parameter([1.0])])
    fresh.load_state_dict(optimizer.state_dict())
    assert fresh.betas == optimizer.betas != (0.9, 0.999)


def test_a_state_keeps_the_dtype_of_its_parameters():
    p = nn.Parameter(np.ones(2, np.float32))
    optimizer = optim.SGD([p], momentum=0.9)
    p.grad = np.ones(2, np.float32)
    optimizer.step()
    state = optimizer.state_dict()
    name = "state.0.momentum_buffer"
    optimizer.load_state_dict({**state, name: state[name].astype(float)})
    assert optimizer.state[p]["momentum_buffer"].dtype == np.float32


def test_what_is_remembered_can_be_written_into():
    optimizer = two(optim.Adam)
    walk(optimizer, 2)
    before = [p.data for p in optimizer.parameters]
    for kept in optimizer.state.values():
        kept["exp_avg"][...] = 0
    for p in optimizer.parameters:
        p.grad = np.zeros(p.shape)
    optimizer.step()
    pairs = zip(optimizer.parameters, before, strict=True)
    assert all(np.array_equal(p.data, x) for p, x in pairs)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_a_copy_goes_its_own_way(copied, kind, options):
    one = two(kind, **options)
    walk(one, 2)
    other = copied(one)
    walk(other, 2)
    assert not np.array_equal(one.parameters[0].data, other.parameters[0].data)
    walk(one, 2)
    pairs = zip(one.parameters, other.parameters, strict=True)
    assert all(np.array_equal(p.data, q.data) for p, q in pairs)
    with pytest.raises(ArgumentError):
        other.param_groups[0]["lr"] = -1


class Lion(optim.Optimizer):
    """Chen and others, *Symbolic Discovery of Optimization Algorithms* (2023)."""

    def move(self, group, moving):
        for p, g in moving:
            kept = self.state.setdefault(p, {"mean": np.zeros_like(g), "first": p.data[:1]})
            p.data = p.data - group["lr"] * np.sign(0.9 * kept["mean"] + 0.1 * g)
            kept["mean"] = 0.99 * kept["mean"] + 0.01 * g


def test_an_optimizer_of_ones_own_keeps_what_it_likes():
    one, other = two(Lion), two(Lion)
    walk(one, 5)
    for p, q in zip(one.parameters, other.parameters, strict=True):
        q.data = p.data
    other.load_state_dict(one.state_dict())
    walk(one, 5)
    walk(other, 5)
    pairs = zip(one.parameters, other.parameters, strict=True)
    assert all(np.array_equal(p.data, q.data) for p, q in pairs)
    assert list(one.state_dict())[-1] == "state.1.first"


# Closures


@pytest.mark.parametrize(("kind", "options"), [*KINDS, (optim.LBFGS, {})])
def test_a_step_calls_its_closure_and_gives_the_loss(kind, options):
    p = nn.Parameter([3.0])
    optimizer = kind([p], **options)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with mt.no_grad():  # inside of the closure, calls are recorded
        assert float(optimizer.step(closure)) == 9.0
    assert p.data[0] < 3.0


def test_a_step_without_a_closure_gives_nothing():
    p = nn.Parameter([3.0])
    p.grad = np.ones(1)
    assert optim.SGD([p]).step() is None


# What PyTorch does too


def test_a_frozen_parameter_with_a_gradient_moves_as_in_pytorch():
    p = nn.Parameter([1.0])
    p.grad = np.ones(1)
    p.requires_grad = False
    optim.SGD([p], lr=0.5).step()
    assert p.data.tolist() == [0.5]


# Minima


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        (lambda p: optim.SGD([p], lr=1e-3, momentum=0.9), 3000),
        (lambda p: optim.SGD([p], lr=1e-3, momentum=0.9, nesterov=True), 3000),
        (lambda p: optim.Adagrad([p], lr=0.5), 6000),
        (lambda p: optim.RMSprop([p], lr=2e-3, momentum=0.5), 4000),
        (lambda p: optim.Adam([p], lr=0.05), 2000),
        (lambda p: optim.Adam([p], lr=0.05, amsgrad=True), 3000),
        (lambda p: optim.AdamW([p], lr=0.05, weight_decay=0), 2000),
    ],
)
def test_rosenbrocks_valley_is_followed_to_its_minimum(make, steps):
    p = nn.Parameter([-1.2, 1.0])
    optimizer = make(p)
    for _ in range(steps):
        x, y = p.data
        p.grad = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
        optimizer.step()
    assert np.allclose(p.data, 1, atol=0.05)
