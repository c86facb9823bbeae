"""What a Value says when it is used wrongly: every message whole."""

import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import (
    ArgumentError,
    DTypeError,
    GradientError,
    InPlaceError,
    MicrotensorError,
    NotAnArrayError,
    ShapeError,
    StaleValueError,
    UnpicklableError,
)


def lines(*rows):
    return "\n".join(rows)


def raised(kind, python, act):
    """Run what must fail; give its message and its notes."""
    with pytest.raises(kind) as error:
        act()
    assert isinstance(error.value, python)
    return str(error.value), getattr(error.value, "__notes__", [])


# What a Value is made of


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: Value("3"),
            DTypeError,
            lines(
                "Value: the data are no numbers.",
                "  expected  a number, a nested list of numbers, or a numeric array",
                "  got       str (dtype <U1)",
            ),
        ),
        (
            lambda: Value(None),
            DTypeError,
            lines(
                "Value: the data are no numbers.",
                "  expected  a number, a nested list of numbers, or a numeric array",
                "  got       NoneType (dtype object)",
            ),
        ),
        (
            lambda: Value([1j]),
            DTypeError,
            lines(
                "Value: the data are complex numbers, which have no gradients here.",
                "  expected  real floating-point numbers",
                "  Keep the real and imaginary parts in two Values.",
            ),
        ),
        (
            lambda: Value(np.array([1, 2]), requires_grad=True),
            DTypeError,
            lines(
                "Value: only floats have gradients.",
                "  expected  requires_grad=False, or data of a floating dtype",
                "  got       requires_grad=True for data of dtype int64",
                "  Pass dtype=float to make the data floats.",
            ),
        ),
        (
            lambda: Value(Value([1.0, 2.0])),
            ArgumentError,
            lines(
                "Value: the data are a Value already.",
                "  expected  numbers",
                "  got       a Value of shape (2,)",
                "  Use it as it is, or v.detach() for a constant of the same numbers.",
            ),
        ),
        (
            lambda: Value([[1.0], (Value(2.0),)]),
            ArgumentError,
            lines(
                "Value: the data contain Values, whose graph would be lost.",
                "  expected  numbers",
                "  got       a list with Values in it",
                "  Use np.stack([...]) to join Values into one.",
            ),
        ),
    ],
)
def test_data_that_no_value_can_hold(make, kind, message):
    python = TypeError if kind is DTypeError else ValueError
    assert raised(kind, python, make)[0] == message


@pytest.mark.parametrize(
    ("rows", "got"),
    [
        ([[1.0, 2.0], [3.0]], "2, 1"),
        ([[1.0, 2.0], 3.0], "2, a number"),
        ([[[1.0], [2.0]], [[3.0], [4.0, 5.0]]], "equal, with unequal lists inside"),
        ([[1.0] * k for k in range(9)], "0, 1, 2, 3, 4, 5, 6, 7, ..."),
    ],
    ids=["short row", "number", "deep", "many"],
)
def test_rows_of_unequal_lengths_are_no_array(rows, got):
    told = (
        " are rows of unequal lengths.",
        "  expected  lists of one length, at each depth",
        f"  got       {got}",
    )
    assert raised(ShapeError, ValueError, lambda: Value(rows))[0] == "Value: the data" + lines(
        *told
    )
    w = Value(np.ones((2, 2)), name="w")
    message, _ = raised(ShapeError, ValueError, lambda: setattr(w, "data", rows))
    assert message == "w: the numbers assigned to .data" + lines(*told)
    assert np.array_equal(w.data, np.ones((2, 2)))


def test_one_number_is_not_spread_over_an_array_in_silence():
    bias = mt.nn.Linear(3, 2).bias
    assert raised(ShapeError, ValueError, lambda: setattr(bias, "data", 0.35))[0] == lines(
        "a Value of shape (2,): an assignment to .data must keep the shape.",
        "  expected  shape (2,)",
        "  got       shape ()",
        "  For one number everywhere: v.data = np.full((2,), 0.35).",
    )


def test_a_format_is_of_one_number():
    assert raised(ShapeError, ValueError, lambda: f"{Value([1.0, 2.0]):.3f}")[0] == lines(
        "a format such as {v:.3f} writes one number.",
        "  expected  a Value of shape ()",
        "  got       a Value of shape (2,)",
        "  Format one of its numbers, v[0], or print np.round(v.data, 4).",
    )


# Where NumPy wants an array


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        lambda v: np.array([v]),
        lambda v: np.array([v, v]),
        lambda v: np.array([[v], [v]]),
        lambda v: np.array(v, dtype=float),
        lambda v: np.asarray(v, copy=False),
        lambda v: np.full(3, v),
        lambda v: np.float64([v]),
        lambda v: np.maximum([v], 0),
        lambda v: np.sin([v]),
        lambda v: np.sum([v]),
        lambda v: np.linspace(0, 1, 3)[[v]],
        lambda v: mt.relu([v]),
        lambda v: v * [v],
        lambda v: np.zeros((1, 3)).__setitem__(0, v),
    ],
)
@pytest.mark.parametrize("data", [2.0, np.float32(2), np.array([2.0]), np.array([1, 2])])
def test_a_value_is_never_converted_to_an_array_in_silence(convert, data):
    message, _ = raised(NotAnArrayError, TypeError, lambda: convert(Value(data)))
    assert message == lines(
        "a Value is not an array: converting it would lose its graph.",
        "  Use v.data for its numbers, or np.stack([...]) to join Values into one.",
    )


# In place


@pytest.mark.parametrize(("index", "shown"), [(0, "0"), (slice(1, 2), "i"), ([0, 1], "i")])
def test_assigning_to_an_entry(index, shown):
    x = Value([1.0, 2.0])
    message, _ = raised(InPlaceError, TypeError, lambda: x.__setitem__(index, 1.0))
    assert message == lines(
        "a Value cannot be assigned to by index.",
        f"  Use x.at[{shown}].set(value), which gives a new Value and is differentiable.",
    )


def test_numpys_in_place_ufuncs():
    x, array = Value([1.0, 2.0]), np.zeros(2)
    assert raised(InPlaceError, TypeError, lambda: np.add.at(x, 0, 1.0))[0] == lines(
        "np.add.at would change a Value in place.",
        "  Use x.at[i].add(value), which gives a new Value and is differentiable.",
    )
    assert raised(ArgumentError, ValueError, lambda: np.add(x, 1, out=array))[0] == lines(
        "numpy.add: out= would overwrite an array that a graph may need.",
        "  Leave it out: the result is a new Value.",
    )
    assert raised(ArgumentError, ValueError, lambda: array.__iadd__(x))[0] == lines(
        "numpy.add: a Value cannot be written into an array, which would lose its graph.",
        "  Use array += v.data, or array = array + v, which is a new Value.",
    )
    assert array.tolist() == [0, 0]


def test_assigning_another_shape():
    p = Value(np.zeros((2, 3)), name="p")
    for numbers, got in ((np.zeros((3, 2)), "(3, 2)"), ([1.0, 2.0], "(2,)")):
        message, _ = raised(ShapeError, ValueError, lambda n=numbers: setattr(p, "data", n))
        assert message == lines(
            "p: an assignment to .data must keep the shape.",
            "  expected  shape (2, 3)",
            f"  got       shape {got}",
            "  For other numbers of another shape, make a new Value.",
        )


@pytest.mark.parametrize(
    ("old", "new", "got"),
    [
        (np.array([1, 2]), [1.5, 2.0], "float64"),
        (np.array([1.0, 2.0]), [1j, 2], "complex128"),
        (2.0, "3", "<U1"),
        (2.0, None, "object"),
        (np.array([True, False]), [1, 0], "int64"),
    ],
)
def test_assigning_numbers_that_the_dtype_cannot_hold(old, new, got):
    v = Value(old)
    message, _ = raised(DTypeError, TypeError, lambda: setattr(v, "data", new))
    assert message == lines(
        f"a Value of shape {v.shape}: its dtype cannot hold the numbers assigned to .data.",
        f"  expected  numbers of dtype {v.dtype}, or that convert to it",
        f"  got       dtype {got}",
        "  For numbers of another dtype, make a new Value.",
    )
    assert np.array_equal(v.data, old)


def test_assigning_to_a_computed_value():
    y = Value([1.0, 2.0]) * 2
    message, _ = raised(StaleValueError, RuntimeError, lambda: setattr(y, "data", [0.0, 0.0]))
    assert message == lines(
        "a Value of shape (2,) was computed by multiply, so its data cannot be assigned.",
        "  Assign to the leaves it depends on, or use v.detach() for one of its own.",
    )


def test_pickling_a_computed_value():
    y = Value(1.0) * 2
    message, _ = raised(UnpicklableError, TypeError, lambda: pickle.dumps({"loss": y}))
    assert message == lines(
        "a Value computed by multiply cannot be pickled without its graph.",
        "  Pickle v.detach(), or the model whose parameters it depends on.",
    )
    assert pickle.loads(pickle.dumps(y.detach())).data == 2


# Backward


DEPENDS = "  expected  a Value computed from a Value with requires_grad=True"


def test_backward_on_more_than_one_number():
    x = Value([1.0, 2.0])
    assert raised(GradientError, RuntimeError, (x * x).backward)[0] == lines(
        "backward: the output must be one number.",
        "  expected  a scalar, such as a loss",
        "  got       a Value of shape (2,)",
        "  Reduce it, as in v.sum().backward(), or say what it is worth: v.backward(gradient).",
    )


def no_gradient(label, reason):
    return lines(
        "backward: no gradient can flow from this value.",
        DEPENDS,
        f"  got       {label} that depends on none",
        f"  {reason}",
        "  Wrap in Value what you want gradients for.",
    )


def under_no_grad():
    with mt.no_grad():
        return Value(2.0) * 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: Value(2.0, requires_grad=False),
        lambda: (Value(2.0) * 3).detach(),
        lambda: Value(2.0).detach() * 3,
        under_no_grad,
    ],
)
def test_backward_on_what_no_gradient_flows_from(make):
    message, _ = raised(GradientError, RuntimeError, make().backward)
    assert message == no_gradient(
        "a Value of shape ()",
        "It was made from constants or integers, detached, or computed under mt.no_grad().",
    )


def test_backward_on_integers():
    v = Value(np.array(2), name="n")
    for count in (v, v * 3, np.argmax(Value([1.0, 2.0]))):
        label = "n" if count is v else "a Value of shape ()"
        assert raised(GradientError, RuntimeError, count.backward)[0] == no_gradient(
            label, "Its numbers are integers or bools, which no small step can change."
        )


def test_backward_that_records_while_recording_is_paused():
    loss = Value(2.0) ** 2
    with mt.no_grad():
        message, _ = raised(GradientError, RuntimeError, lambda: loss.backward(create_graph=True))
        loss.backward()
    assert message == lines(
        "backward: create_graph=True records, and recording is paused here.",
        "  Call it outside of mt.no_grad().",
    )


@pytest.mark.parametrize("gradient", [1.0, np.ones(3), [[1.0, 2.0]]])
def test_a_gradient_of_another_shape_than_the_output(gradient):
    y = Value([1.0, 2.0]) * 2
    message, _ = raised(ShapeError, ValueError, lambda: y.backward(gradient))
    assert message == lines(
        "backward: the gradient must have the shape of the output.",
        "  expected  shape (2,)",
        f"  got       shape {np.shape(gradient)}",
    )


@pytest.mark.parametrize("assigned", [np.ones((3, 2)), np.ones(1), np.ones(3), [1.0, 2.0, 3.0]])
def test_backward_into_a_gradient_of_another_shape(assigned):
    x = Value([1.0, 2.0], name="x")
    x.grad = assigned
    message, _ = raised(ShapeError, ValueError, (x * x).sum().backward)
    assert message == lines(
        "backward: x had a .grad of another shape.",
        "  expected  None, a number, or shape (2,)",
        f"  got       shape {np.shape(assigned)}",
        "  Set v.grad = None to begin anew.",
    )


@pytest.mark.parametrize("assigned", [0, 0.0, np.zeros(2), [0.0, 0.0]])
def test_backward_adds_to_a_gradient_that_was_assigned(assigned):
    x = Value([1.0, 2.0])
    x.grad = assigned
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_the_length_of_one_number():
    with pytest.raises(TypeError, match=r"^a Value of one number has no length$"):
        len(Value(1.0))
    with pytest.raises(TypeError, match=r"^a Value of one number has no length$"):
        len(Value(np.float32(1.0)))


def test_every_error_of_ours_can_be_caught_as_one():
    with pytest.raises(MicrotensorError):
        np.asarray(Value(1.0))


def test_a_stale_graph_cannot_be_copied_as_if_it_were_fresh():
    w = Value(2.0, name="w")
    y = w * w
    w.data = 3.0
    with pytest.raises(StaleValueError):
        copy.deepcopy(y)
