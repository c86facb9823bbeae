"""Modules: what they hold, what they are called with, what is said when something is wrong."""

import copy
import gc
import operator
from collections import deque

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import InPlaceError, ParameterError
from microtensor.graph import Model, module_path, name_of
from microtensor.nn.words import HERE


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


# What it holds


def test_parameters_are_found_in_attributes_lists_tuples_and_dicts():
    assert [name for name, _ in Branches().named_parameters()] == [
        "scale",
        "pair.0",
        "tower.0.weight",
        "tower.0.bias",
        "tower.1.head.weight",
        "tower.1.head.bias",
    ]


def test_modules_are_found_with_their_paths_the_outermost_first():
    net = Branches()
    assert [name for name, _ in net.named_modules()] == ["", "tower.0", "tower.1.head"]
    assert net.modules() == [net, net.tower[0], net.tower[1]["head"]]


def test_buffers_belong_to_the_state_and_are_not_trained():
    net = Branches()
    assert [name for name, _ in net.named_buffers()] == ["mean"]
    assert net.buffers() == [net.mean]
    assert not net.mean.requires_grad
    assert [name for name, _ in net.named_state()][:3] == ["scale", "pair.0", "mean"]


def test_what_is_shared_is_trained_once_and_kept_under_each_name():
    net = Tied()
    assert [name for name, _ in net.named_parameters()] == ["first.weight", "first.bias"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "third"]
    assert list(net.state_dict()) == [
        "first.weight", "first.bias", "second.weight", "second.bias",
    ]  # fmt: skip


def test_a_module_is_the_model_that_the_core_knows():
    assert isinstance(nn.Identity(), Model)


@pytest.mark.parametrize("kind", [set, frozenset, deque])
def test_modules_in_a_set_would_be_trained_by_nobody(kind):
    class Forgotten(nn.Module):
        def __init__(self, parts):
            self.names = {"a", "b"}
            self.parts = kind(parts)

    assert Forgotten([]).parameters() == []
    with pytest.raises(ParameterError) as error:
        Forgotten([nn.Linear(2, 2)]).parameters()
    assert str(error.value) == (
        "Forgotten.parts: what it holds would not be trained.\n"
        "  expected  modules and parameters in a list, tuple or dict, which give them names\n"
        f"  got       a {kind.__name__}"
    )


def test_a_value_that_would_be_trained_by_nobody_is_refused():
    class Forgotten(nn.Module):
        def __init__(self):
            self.scales = [mt.Value(np.ones(3))]

    with pytest.raises(ParameterError) as error:
        Forgotten().parameters()
    assert str(error.value) == (
        "Forgotten.scales.0 requires a gradient, but is no Parameter.\n"
        "  expected  an nn.Parameter, which is trained, or a constant, which is not\n"
        "  got       a Value of shape (3,) with requires_grad=True\n"
        "  To train it, make it with nn.Parameter(...).\n"
        "  To keep it as it is, make it with Value(..., requires_grad=False)."
    )


def test_constants_and_computed_values_may_be_attributes():
    net = nn.Linear(2, 1, rng=0)
    net.table = mt.Value(np.ones(3), requires_grad=False)
    net.last = net(np.ones((1, 2)))
    assert len(net.parameters()) == 2


def test_a_parameter_is_not_replaced_by_what_is_none():
    net = nn.Linear(2, 1, rng=0)
    with pytest.raises(ParameterError) as error:
        net.weight = net.weight - 0.1
    assert str(error.value) == (
        "Linear.weight is a Parameter; this would lose it.\n"
        "  expected  another Parameter, or None\n"
        "  got       a Value\n"
        "  For new numbers, assign to its data: .weight.data = ..."
    )
    net.weight, net.bias = nn.Parameter(np.ones((1, 2))), None
    assert float(net([1.0, 2.0]).sum()) == 3.0


IN_PLACE = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv,
    operator.ipow, operator.imatmul, operator.ifloordiv, operator.imod,
]  # fmt: skip


@pytest.mark.parametrize("change", IN_PLACE)
def test_an_in_place_operator_on_a_parameter_names_what_to_write(change):
    with pytest.raises(InPlaceError) as error:
        change(nn.Parameter([1.0, 2.0], name="scale"), 2.0)
    assert str(error.value) == (
        "scale: an operator such as -= cannot change a Parameter.\n"
        "  It would make a new Value, which no module holds and no optimizer trains.\n"
        "  Write p.data -= lr * p.grad, or use an optimizer such as optim.SGD."
    )


def test_a_parameter_must_be_floats():
    with pytest.raises(mt.errors.DTypeError):
        nn.Parameter(np.array([1, 2]))


def test_a_frozen_parameter_is_kept_and_gets_no_gradient():
    net = nn.Linear(2, 1, rng=0)
    net.weight = nn.Parameter(np.ones((1, 2)), requires_grad=False)
    net(np.ones((3, 2))).sum().backward()
    assert net.weight.grad is None
    assert net.bias.grad is not None
    assert "weight" in net.state_dict()


# Being called


def test_a_module_needs_no_init():
    class Double(nn.Module):
        def forward(self, x):
            return 2 * x

    assert Double()(3.0) == 6.0
    assert Double().training
    assert Double().parameters() == []


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError) as error:
        Empty()(1.0)
    assert str(error.value) == (
        "Empty has no forward: define forward(self, x) to say what it computes."
    )


def test_calls_are_recorded_in_the_scope_of_their_module():
    net = nn.MLP(2, [3, 1], "tanh", rng=0)
    y = net(np.ones((1, 2)))
    assert module_path(y.origin.scope) == "MLP.layers.1"
    assert name_of(net.layers[1].weight, y.origin.scope) == "layers.1.weight"
    assert y.origin.scope.parent.module is net


def test_the_scope_is_left_after_an_error():
    net = nn.MLP(2, [3, 1], rng=0)
    with pytest.raises(mt.errors.ShapeError):
        net(np.ones(5))
    assert (net.layers[0].weight * 1).origin.scope is None
    with mt.no_grad(), pytest.raises(mt.errors.ShapeError):
        net(np.ones(5))
    with mt.no_grad():
        assert net(np.ones(2)).dtype == np.float32


class Kinds(nn.Module):
    """Tells the dtype of what it is given, inside of a model whose first parameter is given."""

    def __init__(self, dtype):
        self.scale = nn.Parameter(np.ones(1), dtype=dtype)

    def forward(self, x, *, y=None):
        return [getattr(v, "dtype", type(v)) for v in (x, y)]


@pytest.mark.parametrize("paused", [False, True], ids=["recorded", "no_grad"])
@pytest.mark.parametrize("model", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize(
    ("given", "is_cast"),
    [
        (np.ones(2), True),
        (np.ones(2, np.float32), True),
        (np.float64(1.0), True),
        (mt.Value(np.ones(2)), True),
        ([1.0, 2.0], True),
        ([[1, 2.5]], True),
        (np.arange(3), False),
        (np.array([True]), False),
        ([1, 2], False),
        ([], False),
        (["a"], False),
        (2.0, False),
        ("text", False),
        (None, False),
    ],
    ids=repr,
)
def test_floating_input_is_cast_at_the_door(model, given, is_cast, paused):
    expected = np.dtype(model) if is_cast else getattr(given, "dtype", type(given))
    with mt.no_grad() if paused else np.errstate():
        assert Kinds(model)(given, y=given) == [expected, expected]


def test_a_cast_value_keeps_its_gradient():
    x = mt.Value(np.array([1.0, 2.0]))
    nn.Linear(2, 1, rng=0)(x).sum().backward()
    assert x.grad.dtype == np.float64
    assert np.all(x.grad != 0)


@pytest.mark.parametrize("paused", [False, True], ids=["recorded", "no_grad"])
def test_only_the_outermost_module_casts(paused):
    class Outer(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(np.ones(1))  # float64: the model's dtype
            self.inner = Kinds(np.float32)

        def forward(self, x):
            return self.inner(x)

    with mt.no_grad() if paused else np.errstate():
        assert Outer()(np.ones(1, np.float32))[0] == np.float64


def test_the_dtype_follows_a_parameter_that_was_replaced():
    class Deep(nn.Module):
        def __init__(self):
            self.parts = [Kinds(np.float32)]

        def forward(self, x):
            return x.dtype

    net = Deep()
    assert net(np.ones(1)) == np.float32
    net.parts[0].scale = nn.Parameter(np.ones(1))
    assert net(np.ones(1, np.float32)) == np.float64
    net.parts = {"other": Kinds(np.float16)}
    assert net(np.ones(1)) == np.float16
    net.parts = []
    assert net(np.ones(1)) == np.float64  # no parameter: nothing to cast to


def test_a_parameter_that_is_a_python_number_is_weak():
    class Scale(nn.Module):
        def __init__(self):
            self.factor = nn.Parameter(2.0)

        def forward(self, x):
            return self.factor * x

    assert Scale()(np.ones(2, np.float32)).dtype == np.float32
    assert Scale()(np.ones(2)).dtype == np.float64


def test_training_leaves_no_cycles():
    net = nn.MLP(2, [4, 1], "tanh", rng=0)
    gc.collect()
    net(np.ones((3, 2))).sum().backward()
    net.zero_grad()
    assert gc.collect() == 0


# In print


def test_a_repr_shows_what_is_inside():
    assert repr(Branches()) == (
        "Branches(scale: (2,), pair.0: (1,)\n"
        "  (tower.0): Linear(2, 3, bias=True)\n"
        "  (tower.1.head): Linear(3, 1, bias=True)\n"
        ")"
    )
    nested = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Neuron(2, None))
    assert repr(nested) == (
        "Sequential(\n"
        "  (0): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        "  (1): Neuron(2, activation=None)\n"
        ")"
    )


def test_words_of_pytorch_say_what_they_are_here():
    net = nn.Sequential(nn.Linear(2, 1))
    with pytest.raises(AttributeError) as error:
        net.register_buffer("mean", np.zeros(2))
    assert str(error.value) == (
        "Sequential has no 'register_buffer', as PyTorch's modules have.\n"
        "  Assign it: self.mean = nn.Buffer(array). A constant may be a plain array."
    )
    with pytest.raises(AttributeError) as error:
        net.double()
    assert str(error.value) == (
        "Sequential has no 'double', as PyTorch's modules have.\n"
        "  Parameters keep the dtype that they were made with, as in "
        "nn.Linear(2, 1, dtype=np.float64);\n"
        "  load_state_dict() takes the numbers of a model of another dtype. There is one device."
    )


def test_a_model_may_have_these_words_itself_and_other_misses_are_pythons():
    class Own(nn.Module):
        def __init__(self):
            self.to = nn.Linear(2, 1)

        def double(self):
            return 2

        @property
        def broken(self):
            return self.missing

    own = Own()
    assert own.double() == 2
    assert isinstance(own.to, nn.Linear)
    assert not any(hasattr(nn.Module, word) for word in HERE)
    for word in ("missing", "broken"):  # a property's error is its own
        with pytest.raises(AttributeError) as error:
            getattr(own, word)
        assert str(error.value) == "'Own' object has no attribute 'missing'"
    twin = copy.deepcopy(own)
    assert list(twin.state_dict()) == ["to.weight", "to.bias"]
