"""Lists and dicts of modules and parameters, and layers that only reshape."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, DTypeError, ParameterError, ShapeError


def layers(n):
    return [nn.Linear(2, 2, rng=i) for i in range(n)]


# Lists


def test_a_module_list_is_read_and_changed_as_a_list():
    a, b, c, d = layers(4)
    held, plain = nn.ModuleList([a, b]), [a, b]
    for x in (held, plain):
        x.append(c)
        x.insert(0, d)
        x[1] = b
        del x[2]
        x.extend([a])
    assert list(held) == plain == [d, b, c, a]
    assert len(held) == 4
    assert held[-1] is a
    assert list(held[1:3]) == [b, c]
    assert isinstance(held[1:3], nn.ModuleList)
    assert held.pop(0) is d
    assert list(held) == [b, c, a]
    assert len(nn.ModuleList()) == 0


def test_the_entries_of_a_list_go_by_their_places_after_every_change():
    class Net(nn.Module):
        def __init__(self):
            self.blocks = nn.ModuleList(layers(3))

    net = Net()
    net.blocks.pop(0)
    net.blocks.insert(1, nn.Tanh())
    assert [path for path, _ in net.named_modules()] == [
        "", "blocks", "blocks.0", "blocks.1", "blocks.2",
    ]  # fmt: skip
    assert list(net.state_dict()) == [
        "blocks.0.weight", "blocks.0.bias", "blocks.2.weight", "blocks.2.bias",
    ]  # fmt: skip


def test_training_mode_reaches_the_entries():
    held = nn.ModuleList([nn.Dropout()])
    assert not held.eval()[0].training


def test_a_holder_is_shown_with_its_entries():
    assert repr(nn.ModuleList([nn.Tanh()])) == "ModuleList(\n  (0): Tanh()\n)"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([np.tanh], "ModuleList: an entry must be a module.\n"
                    "  expected  an nn.Module\n  got       a ufunc"),
        ([nn.Tanh], "ModuleList: an entry must be a module.\n"
                    "  expected  Tanh(), with brackets\n  got       Tanh"),
        (nn.Tanh(), "ModuleList: its entries come as a list.\n"
                    "  expected  a list, as in ModuleList([a, b])\n  got       a Tanh"),
    ],
)  # fmt: skip
def test_a_module_list_takes_a_list_of_modules(entries, message):
    with pytest.raises(ArgumentError) as error:
        nn.ModuleList(entries)
    assert str(error.value) == message


def test_nothing_is_added_if_one_entry_is_wrong():
    held = nn.ModuleList()
    with pytest.raises(ArgumentError):
        held.extend([nn.Tanh(), 3])
    assert len(held) == 0


def test_a_parameter_list_makes_parameters_of_arrays():
    p = nn.Parameter(np.ones(2, np.float32))
    held = nn.ParameterList([p, np.zeros(3, np.float32), [1.0, 2.0]])
    assert held[0] is p
    assert [x.shape for x in held.parameters()] == [(2,), (3,), (2,)]
    assert list(held.state_dict()) == ["0", "1", "2"]


def test_a_parameter_list_takes_nothing_that_cannot_be_trained():
    with pytest.raises(DTypeError):
        nn.ParameterList([np.arange(3)])
    with pytest.raises(ParameterError) as error:
        nn.ParameterList([mt.Value([1.0, 2.0])])
    assert str(error.value) == (
        "ParameterList: an entry is a Value, and no Parameter.\n"
        "  expected  nn.Parameter(v.data), which is trained\n"
        "  got       a Value of shape (2,)"
    )


# Dicts


def test_a_module_dict_is_read_and_changed_as_a_dict():
    a, b, c, d = layers(4)
    held, plain = nn.ModuleDict({"a": a, "b": b}), {"a": a, "b": b}
    for x in (held, plain):
        x["c"] = c
        x["a"] = d
        x.update({"e": a})
        del x["b"]
    assert dict(held.items()) == plain
    assert list(held) == list(held.keys()) == ["a", "c", "e"]
    assert list(held.values()) == [d, c, a]
    assert "b" not in held
    assert len(held) == 3
    assert held.pop("c") is c
    assert next(iter(held.state_dict())) == "a.weight"
    assert list(nn.ModuleDict([("one", a)])) == ["one"]


@pytest.mark.parametrize("change", [lambda d: d["b"], lambda d: d.pop("training")])
def test_a_name_that_is_not_there_is_a_key_error(change):
    held = nn.ModuleDict({"a": nn.Tanh()}).train()
    with pytest.raises(KeyError):
        change(held)


@pytest.mark.parametrize("name", ["a.b", "", "keys", "training", 3])
def test_a_name_can_be_part_of_a_path(name):
    with pytest.raises(ArgumentError) as error:
        nn.ModuleDict({name: nn.Tanh()})
    assert str(error.value) == (
        f"ModuleDict: {name!r} cannot be the name of a module.\n"
        "  expected  a string without a dot, which is no attribute of a ModuleDict\n"
        f"  got       {name!r}"
    )


def test_a_module_dict_holds_modules():
    with pytest.raises(ArgumentError) as error:
        nn.ModuleDict({"a": 3})
    assert str(error.value) == (
        "ModuleDict: 'a' must be a module.\n  expected  an nn.Module\n  got       a int"
    )


@pytest.mark.parametrize(
    ("holder", "how"),
    [
        (nn.ModuleList(), "for module in modules: x = module(x)"),
        (nn.ModuleDict(), 'x = modules["name"](x)'),
        (nn.ParameterList(), "for p in parameters: x = x * p"),
    ],
)
def test_a_holder_is_not_called(holder, how):
    with pytest.raises(NotImplementedError) as error:
        holder(1.0)
    assert str(error.value) == (
        f"{type(holder).__name__} holds its entries, and says nothing of the order they are "
        f"called in: write that in a forward, as in {how}"
    )


# Reshaping


@pytest.mark.parametrize(
    ("layer", "shape", "wanted"),
    [
        (nn.Flatten(), (4, 3, 2), (4, 6)),
        (nn.Flatten(), (4, 3), (4, 3)),
        (nn.Flatten(0), (4, 3, 2), (24,)),
        (nn.Flatten(0), (), (1,)),
        (nn.Flatten(-3, -2), (5, 4, 3, 2), (5, 12, 2)),
        (nn.Flatten(), (0, 3, 2), (0, 6)),
        (nn.Unflatten(1, (3, 2)), (4, 6), (4, 3, 2)),
        (nn.Unflatten(-1, [-1, 2]), (4, 6), (4, 3, 2)),
        (nn.Unflatten(0, (2, 2)), (4, 6), (2, 2, 6)),
        (nn.Unflatten(1, (0, 2)), (3, 0), (3, 0, 2)),
    ],
)
def test_the_numbers_stay_in_order_in_another_shape(layer, shape, wanted):
    x = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    y = layer(mt.Value(x))
    assert y.shape == wanted
    assert np.array_equal(y.data, x.reshape(wanted))
    assert layer(x).shape == wanted


BAD_SHAPES = [
    (nn.Flatten(), (3,),
     "Sequential.0: the input has no axis 1.\n"
     "  expected  an input of at least 2 axes\n  got       an input of shape (3,)"),
    (nn.Flatten(0, -4), (2, 3),
     "Sequential.0: the input has no axis -4.\n"
     "  expected  an input of at least 4 axes\n  got       an input of shape (2, 3)"),
    (nn.Flatten(2, 1), (2, 3, 4),
     "Sequential.0: the first axis to join is behind the last.\n"
     "  expected  start_dim at or before end_dim\n"
     "  got       start_dim=2, end_dim=1 for shape (2, 3, 4)"),
    (nn.Unflatten(1, (3, 2)), (2, 7),
     "Sequential.0: the axis cannot be cut into these sizes.\n"
     "  expected  6 in axis 1, for sizes (3, 2)\n  got       an input of shape (2, 7)"),
    (nn.Unflatten(1, (3, -1)), (2, 7),
     "Sequential.0: the axis cannot be cut into these sizes.\n"
     "  expected  a multiple of 3 in axis 1, for sizes (3, -1)\n"
     "  got       an input of shape (2, 7)"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "message"), BAD_SHAPES)
def test_an_axis_that_does_not_fit_is_an_error_with_the_place(layer, shape, message):
    with pytest.raises(ShapeError) as error:
        nn.Sequential(layer)(mt.Value(np.zeros(shape)))
    assert str(error.value) == message


@pytest.mark.parametrize("sizes", [(), (-1, -1), (-2, 3), 6, (2.5,)])
def test_the_sizes_of_new_axes_are_a_tuple(sizes):
    with pytest.raises(ArgumentError) as error:
        nn.Unflatten(1, sizes)
    assert str(error.value) == (
        "Unflatten: unflattened_size must list the sizes of the new axes.\n"
        "  expected  a tuple such as (3, 8, 8), with at most one -1\n"
        f"  got       {sizes!r}"
    )
