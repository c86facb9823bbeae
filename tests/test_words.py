"""What a Value says of other libraries' words for tensors: what they are called here."""

import copy
import pickle
import re

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, nn
from microtensor.words import HERE

V = np.array([[1.5, 0.5], [0.25, 2.0]])
GIVEN = {
    "v": Value(V), "w": Value(2 * V), "x": 3.0, "n": 2, "np": np, "mt": mt, "shape": (2, 2),
    "other": Value(V), "axis": 1, "axes": (1, 0), "low": 0, "high": 1, "mask": V > 1, "dtype": int,
    "indices": np.array([[0, 1], [1, 0]]),
}  # fmt: skip


def told(value, name):
    with pytest.raises(AttributeError) as error:
        getattr(value, name)
    assert error.value.name == name
    return str(error.value)


def test_the_message_whole():
    assert told(Value(1.0), "view") == (
        "Value has no 'view', as other libraries' tensors have.\n  v.reshape(shape) does it."
    )
    assert told(nn.Parameter([1.0]), "add_") == (
        "Parameter has no 'add_', as other libraries' tensors have.\n"
        "  No method writes into a Value: v + 1 gives a new one, v.at[i].set(x) too.\n"
        "  A leaf's numbers are assigned: v.data = ..."
    )
    assert told(Value(1.0), "floor").endswith("\n  np.floor(v) does it.")
    assert told(Value(1.0), "concatenate").endswith("\n  np.concatenate(v) does it.")
    assert told(mt.micrograd.Value(1.0), "view").startswith("Value has no 'view'")


@pytest.mark.parametrize("name", ["nonsense", "_prev", "__array_interface__", "load", "float64"])
def test_a_word_of_nobodys_is_pythons_error(name):
    assert told(Value(1.0), name) == f"'Value' object has no attribute '{name}'"
    assert not hasattr(Value(1.0), name)


@pytest.mark.parametrize(
    "name", [name for name, hint in HERE.items() if not hint.startswith("mt.") or name == "softmax"]
)
def test_what_is_told_can_be_done(name):
    said = re.split(" (?:does it|gives|is|converts)", HERE[name])[0]
    exec(said, dict(GIVEN))  # our own table, run as a reader would


def test_functions_that_are_named_exist():
    ours = [name for name, hint in HERE.items() if hint == f"mt.{name}(v) does it."]
    assert "softmax" in ours
    assert all(callable(getattr(mt, name)) for name in ours)


def test_no_word_of_a_values_own_is_translated():
    assert [name for name in HERE if hasattr(Value, name)] == []
    assert Value(2.0).sum().item() == 2.0  # NumPy's function of that name stays a method


def test_no_attribute_goes_through_python_code():
    assert not hasattr(Value, "__getattr__")  # it would make each a third slower, or worse
    assert Value.__getattribute__ is object.__getattribute__


def test_copies_and_pickles_ask_for_words_that_are_none():
    v = Value([1.0, 2.0], name="v")
    for twin in (copy.copy(v), copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert twin.name == "v"
        assert twin.data.tolist() == [1.0, 2.0]


def test_dir_lists_what_is_there_alone():
    assert "view" not in dir(Value(1.0))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("exp", "\n  NumPy's functions work on Values: np.exp(v)."),
        ("concatenate", "\n  NumPy's functions work on Values: np.concatenate(v)."),
        ("Tensor", "\n  mt.Value(...) is it."),
        ("tensor", "\n  mt.Value(...) is it."),
        ("float32", ""),  # of NumPy, and no function
        ("sigmoidd", ""),
    ],
)
def test_what_the_package_has_not_may_be_elsewhere(name, hint):
    with pytest.raises(AttributeError) as error:
        getattr(mt, name)
    assert str(error.value) == f"module 'microtensor' has no attribute {name!r}{hint}"
    assert not hasattr(mt, name)


GRAPH = (
    "\n  Operands are recorded, not given: a + b knows that a and b made it."
    "\n  micrograd's own interface is microtensor.micrograd.Value."
)


@pytest.mark.parametrize(
    ("given", "words", "got", "hint"),
    [
        ((), {"label": "x"}, "label='x'", "\n  The word is name: Value(data, name='x')."),
        (("x",), {}, "'x', besides the data", "\n  The word is name: Value(data, name='x')."),
        (((), "+"), {}, "(), '+', besides the data", GRAPH),
        (({1.0}, "+"), {}, "{1.0}, '+', besides the data", GRAPH),
        ((), {"_children": ()}, "_children=()", GRAPH),
        ((), {"_op": "+"}, "_op='+'", GRAPH),
        (
            ((), "+"),
            {"label": "x"},
            "(), '+', label='x', besides the data",
            "\n  The word is name: Value(data, name='x')." + GRAPH,
        ),
        ((2.0,), {}, "2.0, besides the data", "\n  Several numbers are a list: Value([1.0, 2.0])."),
        ((True,), {}, "True, besides the data", ""),
        ((), {"grad": 0.0}, "grad=0.0", "\n  It is assigned: v.grad = ..."),
        ((), {"dtyp": None, "name": "x"}, "dtyp=None", ""),
    ],
)
def test_what_a_value_is_not_made_from(given, words, got, hint):
    with pytest.raises(TypeError) as error:
        Value(1.0, *given, **words)
    assert str(error.value) == (
        "Value: it is not made from these arguments.\n"
        "  expected  the data; and name=, requires_grad= or dtype=\n"
        f"  got       {got}{hint}"
    )


def test_a_label_that_is_assigned_is_told_to_be_the_name():
    v = Value(1.0)
    with pytest.raises(AttributeError) as error:
        v.label = "x"
    assert str(error.value) == (
        "Value has no 'label', as other libraries' tensors have.\n  v.name is it."
    )
    v.name = "x"
    assert repr(v) == "Value(data=1.0, grad=—, name='x')"
