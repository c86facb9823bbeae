"""The state of a model: copied out, taken in, refused where it does not fit, and pickled."""

import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ParameterError


class Branches(nn.Module):
    """One of each place that a parameter can be in."""

    def __init__(self):
        self.tower = [nn.Linear(2, 3, rng=0), {"head": nn.Linear(3, 1, rng=1)}]
        self.scale = nn.Parameter(np.ones(2, np.float32))
        self.pair = (nn.Parameter(np.zeros(1)), "no parameter")
        self.mean = nn.Buffer(np.zeros(2))
        self.count = 3

    def forward(self, x):
        hidden = self.tower[0](self.scale * x)
        return self.tower[1]["head"](hidden) + self.pair[0]


class Tied(nn.Module):
    """Two layers that are one, and a part that knows the whole."""

    def __init__(self):
        self.first = nn.Linear(2, 2, rng=0)
        self.second = self.first
        self.third = nn.Identity()
        self.third.whole = self

    def forward(self, x):
        return self.second(self.first(x))


def test_a_state_goes_round():
    net, other = Branches(), Branches()
    for i, (_, p) in enumerate(net.named_state()):
        p.data = p.data + i + 1
    state = net.state_dict()
    other.load_state_dict(state)
    assert all(np.array_equal(x, other.state_dict()[k]) for k, x in state.items())
    assert [x.dtype for x in other.state_dict().values()] == [x.dtype for x in state.values()]


def test_a_state_is_copied_both_ways():
    net = nn.Linear(2, 1, rng=0)
    before = net.weight.data.copy()
    state = net.state_dict()
    state["weight"][...] = 7
    assert np.array_equal(net.weight.data, before)
    net.load_state_dict(state)
    state["weight"][...] = 8
    assert np.all(net.weight.data == 7)


def test_a_loaded_state_takes_the_dtype_of_the_model_and_makes_old_graphs_stale():
    net = nn.Linear(2, 1, rng=0)
    y = net(np.ones(2)).sum()
    net.load_state_dict({"weight": [[1, 2]], "bias": mt.Value([0.5])})
    assert net.weight.dtype == np.float32
    with pytest.raises(mt.errors.StaleValueError):
        y.backward()


def test_a_state_that_does_not_fit_is_told_whole_and_changes_nothing():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    before = net.state_dict()
    with pytest.raises(ParameterError) as error:
        net.load_state_dict(
            {
                "0.weight": np.zeros((3, 2)),
                "0.bias": np.zeros(4),
                "1.bias": np.array(["x"]),
                "2.weight": 1.0,
                "extra": 2.0,
            }
        )
    assert str(error.value) == (
        "Sequential.load_state_dict: the state does not fit; nothing was changed.\n"
        "  missing: 1.weight\n"
        "  unexpected: 2.weight, extra\n"
        "  0.bias: expected shape (3,), got (4,)\n"
        "  1.bias: expected numbers, got dtype <U1"
    )
    assert all(np.array_equal(x, before[k]) for k, x in net.state_dict().items())


def test_a_state_is_a_dict():
    with pytest.raises(ParameterError) as error:
        nn.Linear(2, 1).load_state_dict([1, 2])
    assert str(error.value) == (
        "Linear.load_state_dict: a state is a dict of arrays.\n"
        "  expected  what state_dict() gives\n"
        "  got       a list"
    )


def test_a_shared_parameter_is_not_given_two_values():
    net = Tied()
    state = net.state_dict()
    state["second.bias"] = state["second.bias"] + 1
    with pytest.raises(ParameterError) as error:
        net.load_state_dict(state)
    assert str(error.value) == (
        "Tied.load_state_dict: the state does not fit; nothing was changed.\n"
        "  second.bias: is shared with first.bias, got other numbers for it"
    )


def test_two_parameters_cannot_have_one_path():
    net = nn.Identity()
    net.table = {1: nn.Parameter([1.0]), "1": nn.Parameter([2.0])}
    with pytest.raises(ParameterError) as error:
        net.state_dict()
    assert str(error.value) == (
        "Identity: two parameters have the path 'table.1'.\n"
        "  Rename one: a path joins attribute names and dict keys by dots."
    )


def test_train_and_eval_reach_every_module():
    net = Branches()
    assert net.eval() is net
    assert [m.training for m in net.modules()] == [False] * 3
    assert all(m.training for m in net.train().modules())


def test_zero_grad_forgets_all_gradients():
    net = Branches()
    net(np.ones((1, 2))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
@pytest.mark.parametrize("make", [Branches, Tied, lambda: nn.MLP(2, [3, 1], np.sin, rng=0)])
def test_a_copy_computes_the_same_and_shares_nothing(make, twin_of):
    net = make()
    x = np.ones((4, 2))
    y = net(x)
    twin = twin_of(net)
    assert np.array_equal(twin(x).data, y.data)
    assert len(twin.parameters()) == len(net.parameters())
    for p in twin.parameters():
        p.data = p.data + 1.0
    assert np.array_equal(net(x).data, y.data)
    assert not np.array_equal(twin(x).data, y.data)


def test_fractions_for_a_buffer_of_integers_change_nothing_at_all():
    class Counting(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(np.zeros(2))
            self.n = nn.Buffer(np.array([0, 0]))

    net = Counting()
    with pytest.raises(mt.errors.ParameterError) as error:
        net.load_state_dict({"w": np.full(2, 9.0), "n": np.array([1.5, 2.5])})
    assert str(error.value) == (
        "Counting.load_state_dict: the state does not fit; nothing was changed.\n"
        "  n: expected numbers that dtype int64 can hold, got dtype float64"
    )
    assert net.w.data.tolist() == [0.0, 0.0]


def test_numbers_that_a_dtype_cannot_hold_do_not_become_infinite():
    net = nn.Linear(2, 1, rng=0)
    state = {"weight": np.array([[1.0, 1e300]]), "bias": np.array([np.inf])}
    before = net.state_dict()
    with pytest.raises(ParameterError) as error:
        net.load_state_dict(state)
    assert str(error.value) == (
        "Linear.load_state_dict: the state does not fit; nothing was changed.\n"
        "  weight: expected numbers that dtype float32 can hold, got 1e+300"
    )
    assert all(np.array_equal(x, before[key]) for key, x in net.state_dict().items())
    net.load_state_dict({**state, "weight": [[1.0, 1e30]]})
    assert net.bias.data == np.inf


def test_rows_of_different_lengths_are_no_state():
    with pytest.raises(ParameterError) as error:
        nn.Linear(2, 1).load_state_dict({"weight": [[1.0, 2.0], [3.0]], "bias": [1.0]})
    assert str(error.value) == (
        "Linear.load_state_dict: the state does not fit; nothing was changed.\n"
        "  weight: expected shape (1, 2), got (2,)"
    )


def test_what_all_keys_begin_with_is_told():
    net = nn.Linear(2, 1)
    state = {f"module.{key}": x for key, x in net.state_dict().items()}
    with pytest.raises(ParameterError) as error:
        net.load_state_dict(state)
    assert str(error.value) == (
        "Linear.load_state_dict: the state does not fit; nothing was changed.\n"
        "  missing: weight, bias\n"
        "  unexpected: module.weight, module.bias\n"
        "  The keys begin with 'module.'. Leave it off: "
        "mt.load(path, model, prefix='module.'), or\n"
        "  {key.removeprefix('module.'): x for key, x in state.items()}"
    )
    net.load_state_dict({key.removeprefix("module."): x for key, x in state.items()})
