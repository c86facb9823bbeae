"""What a call on Values says that cannot be computed or recorded: every message whole."""

import operator

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError, DTypeError, MissingRuleError
from microtensor.graph import Scope, state
from microtensor.primitives import registry, unsupported


def lines(*rows):
    return "\n".join(rows)


def raised(kind, python, act):
    """Run what must fail; give its message and its notes."""
    with pytest.raises(kind) as error:
        act()
    assert isinstance(error.value, python)
    return str(error.value), getattr(error.value, "__notes__", [])


# Functions without a rule


def test_a_function_that_the_library_refuses_says_why():
    reason = "Its result is no number."
    np_like = mt.primitive(lambda x: x)
    np_like.__name__ = "np_like"
    unsupported(reason, np_like)
    try:
        for x in (Value(1.0), Value([1.0])):
            message, _ = raised(MissingRuleError, TypeError, lambda x=x: np_like(x))
            assert message == lines(
                "np_like is not supported on Values.",
                "  Its result is no number.",
                "  If it is not to be differentiated, call it on v.data.",
            )
        mt.differentiable(np_like, lambda g, y, x: g)  # a user may know better
        assert np_like(Value(1.0)).data == 1.0
    finally:
        registry.pop(np_like)


def test_a_rule_for_a_plain_function_would_never_be_used():
    def plain(x):
        return x * 2

    message, _ = raised(
        ArgumentError, ValueError, lambda: mt.differentiable(plain, lambda g, y, x: g * 2)
    )
    assert message == lines(
        "differentiable: plain is a plain function, whose calls nobody sees.",
        "  expected  a function of NumPy's, or one made by @mt.primitive",
        "  got       a function that computes with Values as it does with arrays",
        "  Put @mt.primitive above its definition; then its rule is used.",
    )


def test_a_function_of_two_arrays_without_a_rule_is_told_of_two():
    @mt.primitive
    def both(a, b, k=1):
        return k * a * b

    message, _ = raised(MissingRuleError, TypeError, lambda: both(Value(1.0), Value(2.0)))
    assert message == lines(
        "both has no derivative rule.",
        "  If you know it, add one rule per array, with g the gradient of the output y:",
        "      mt.differentiable(both, lambda g, y, a, b: g * ..., ...)",
        "  If it is not to be differentiated, call it on v.data.",
    )


def test_an_array_that_was_given_no_rule_is_told_to_be_given_one():
    @mt.primitive
    def both(a, b):
        return a * b

    try:
        mt.differentiable(both, lambda g, y, a, b: g * b)
        message, _ = raised(MissingRuleError, TypeError, lambda: both(Value(1.0), Value(2.0)))
        assert message == lines(
            "both has no derivative rule for its option b=.",
            "  Rules see the options that they name behind the inputs: lambda g, y, x, b: ...",
            "  If b is an array with a gradient of its own, give it a rule of its own.",
        )
        message, _ = raised(
            ArgumentError, ValueError, lambda: mt.differentiable(both, lambda g, y, a: g)
        )
        assert message == lines(
            "both is known already, as differentiable.",
            "  To give it another rule, run its definition with @mt.primitive again.",
        )
    finally:
        registry.pop(both, None)


def test_a_function_of_the_users_without_a_rule():
    @mt.primitive
    def double(x):
        return 2 * x

    message, _ = raised(MissingRuleError, TypeError, lambda: double(x=Value(1.0)))
    assert message == lines(
        "double has no derivative rule.",
        "  If you know it, add it in one line, with g the gradient of the output y:",
        "      mt.differentiable(double, lambda g, y, x: g * ...)",
        "  If it is not to be differentiated, call it on v.data.",
    )


def test_an_option_without_a_rule():
    x = Value([1.0, 2.0])
    message, _ = raised(MissingRuleError, TypeError, lambda: np.sum(x, initial=Value(1.0)))
    assert message == lines(
        "numpy.sum has no derivative rule for its option initial=.",
        "  Compute the same from functions that are known, or call it on v.data.",
    )
    assert np.sum(x, where=True, out=None, axis=None).data == 3
    assert np.var(x, where=True, out=None).data == 0.25
    for out in ({"out": np.zeros(())}, {"dtype": None, "out": np.zeros(())}):
        assert raised(ArgumentError, ValueError, lambda o=out: np.var(x, 0, **o))[0] == lines(
            "numpy.var: out= would overwrite an array that a graph may need.",
            "  Leave it out: the result is a new Value.",
        )
    with pytest.raises(ArgumentError):
        np.outer(x, x, np.zeros((2, 2)))


def test_a_value_as_an_option_would_lose_its_gradient():
    x, low = Value([1.0, 2.0]), Value(0.5)
    message, _ = raised(MissingRuleError, TypeError, lambda: mt.elu(x, alpha=low))
    assert message == lines(
        "elu has no derivative rule for its option alpha=.",
        "  Compute the same from functions that are known, or call it on v.data.",
    )
    assert mt.elu(x, alpha=low.detach()).data.tolist() == [1, 2]


def test_indices_are_answered_as_numpy_answers():
    assert [i.tolist() for i in np.nonzero(Value([0.0, 1.0, 2.0]))] == [[1, 2]]


@pytest.mark.parametrize(
    ("call", "name", "instead"),
    [
        (
            lambda x: np.add.reduceat(x, [0, 1]),
            "add.reduceat",
            "Use np.add.reduce of each slice, and np.stack the results",
        ),
        (
            lambda x: np.arctan2.reduce(x),
            "arctan2.reduce",
            "Apply it along the axis, entry after entry",
        ),
        (
            lambda x: np.less.accumulate(x),
            "less.accumulate",
            "Apply it along the axis, entry after entry, and np.stack the results",
        ),
    ],
)
def test_methods_of_numpys_ufuncs(call, name, instead):
    message, _ = raised(MissingRuleError, TypeError, lambda: call(Value([1.0, 2.0])))
    assert message == lines(
        f"numpy.{name} has no derivative rule.",
        f"  {instead}, or call it on v.data.",
    )


# Numbers that have no gradients


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x * np.array([1j, 1]),
        lambda x: np.multiply(np.array([1j, 1]), x),
        lambda x: np.array([1j, 1]) * x,
        lambda x: x * 1j,
        lambda x: 1j * x,
        lambda x: x.sum() * 1j,
    ],
)
def test_complex_numbers(compute):
    message, _ = raised(DTypeError, TypeError, lambda: compute(Value([1.0, 2.0])))
    assert message == lines(
        "numpy.multiply gave complex numbers, which have no gradients here.",
        "  expected  real floating-point numbers",
        "  Keep the real and imaginary parts in two Values.",
    )


def test_arrays_of_objects():
    objects = np.array([1, 2], dtype=object)
    for compute in (lambda x: x * objects, lambda x: np.multiply(objects, x)):
        assert raised(DTypeError, TypeError, lambda c=compute: c(Value([1.0, 2.0])))[0] == lines(
            "numpy.multiply gave objects that are no real numbers.", "  expected  real numbers"
        )


# NumPy's own errors, with a note


class Net:
    """The least that the core takes for a model."""

    def __init__(self):
        self.weight = Value(np.ones((2, 3)))
        self.head = Head()

    def named_parameters(self):
        return iter([("weight", self.weight), ("head.bias", self.head.bias)])

    def named_modules(self):
        return iter([("", self), ("head", self.head)])

    def __call__(self, x):
        before, state.scope = state.scope, Scope(state.scope, self)
        try:
            return self.head(x @ self.weight)
        finally:
            state.scope = before


class Head:
    def __init__(self):
        self.bias = Value(np.ones(4), requires_grad=True)

    def __call__(self, x):
        before, state.scope = state.scope, Scope(state.scope, self)
        try:
            return x + self.bias
        finally:
            state.scope = before


@pytest.mark.parametrize(
    ("compute", "note"),
    [
        (
            lambda a, b: a + b,
            lines("in numpy.add, of", "  a of shape (2, 3)", "  a Value of shape (4,)"),
        ),
        (
            lambda a, b: np.ones(4) * a,
            lines("in numpy.multiply, of", "  an array of shape (4,)", "  a of shape (2, 3)"),
        ),
        (
            lambda a, b: a @ b,
            lines("in numpy.matmul, of", "  a of shape (2, 3)", "  a Value of shape (4,)"),
        ),
        (
            lambda a, b: np.reshape(a, (4, 2)),
            lines("in numpy.reshape, of", "  a of shape (2, 3)"),
        ),
        (
            lambda a, b: np.maximum(a.sum() * 2.0, np.ones(2)) + np.ones(3),
            lines("in numpy.add, of", "  a Value of shape (2,)", "  an array of shape (3,)"),
        ),
        (
            lambda a, b: np.add(a, [1.0, 2.0]),
            lines("in numpy.add, of", "  a of shape (2, 3)", "  [1.0, 2.0]"),
        ),
    ],
)
def test_a_shape_error_is_numpys_with_the_call_its_names_and_shapes(compute, note):
    a, b = Value(np.ones((2, 3)), name="a"), Value(np.ones(4))
    with pytest.raises(ValueError, match=r"shape|dimension") as expected:
        compute(a.data, b.data)
    message, notes = raised(ValueError, ValueError, lambda: compute(a, b))
    assert message == str(expected.value)
    assert notes == [note]


def test_a_shape_error_in_a_model_names_the_module_and_the_parameter():
    message, notes = raised(ValueError, ValueError, lambda: Net()(Value(np.ones((5, 2)))))
    assert message == "operands could not be broadcast together with shapes (5,3) (4,) "
    assert notes == [
        lines(
            "in numpy.add, of",
            "  a Value of shape (5, 3)",
            "  head.bias of shape (4,)",
            "in module Net.head",
        )
    ]
    message, notes = raised(ValueError, ValueError, lambda: Net()(np.ones((5, 4))))
    assert notes == [
        lines(
            "in numpy.matmul, of",
            "  an array of shape (5, 4)",
            "  weight of shape (2, 3)",
            "in module Net",
        )
    ]


def test_a_primitive_of_several_arrays_does_not_lose_their_gradients():
    @mt.primitive
    def halves(x):
        return x[:1], x[1:]

    mt.differentiable(halves, lambda g, y, x: g)
    with pytest.raises(mt.errors.MissingRuleError) as error:
        halves(Value([1.0, 2.0]))
    assert str(error.value) == (
        "halves gave several arrays, and has rules for one.\n"
        "  expected  one array; or (y, kept), where it was made by primitive(keeps=True)\n"
        "  got       a tuple of 2"
    )


def test_an_option_of_a_primitive_that_its_rule_does_not_see_is_refused():
    @mt.primitive
    def scaled(x, mode="single"):
        return 2 * x if mode == "double" else x

    mt.differentiable(scaled, lambda g, y, x: g)
    with pytest.raises(mt.errors.MissingRuleError) as error:
        scaled(Value(1.0), mode="double")
    assert str(error.value).startswith("scaled has no derivative rule for its option mode=.\n")


class Foreign:
    """An array of another library, which takes NumPy's functions over and gives its own."""

    dtype = np.dtype(float)

    def __array__(self, dtype=None, copy=None):
        return np.array([3.0, 4.0])

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        ufunc(*(np.asarray(x) for x in inputs))
        return Foreign()


def test_arrays_of_another_library_become_numpys():
    v = Value([1.0, 2.0])
    y = v * Foreign()
    assert type(y.data) is np.ndarray
    y.backward(np.ones(2))
    assert v.grad.tolist() == [3.0, 4.0]


class Wrapping:
    """One that wraps what NumPy computed, and knows no bools, as PyTorch's tensors wrap them."""

    def __init__(self, numbers=(1.5, 1.5)):
        self.numbers = np.asarray(numbers)

    def __array__(self, dtype=None, copy=None):
        return self.numbers.copy() if copy else self.numbers

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return Wrapping(array.astype(np.uint8) if array.dtype == bool else array)


@pytest.mark.parametrize("compare", [operator.lt, operator.ge, operator.eq, np.logical_and])
def test_bools_stay_bools_beside_arrays_of_another_library(compare):
    v, theirs = Value([1.0, 2.0]), Wrapping()
    assert compare(v.data, theirs).numbers.dtype == np.uint8
    found = compare(v, theirs)
    assert found.dtype == bool
    assert np.array_equal(found.data, compare(v.data, np.asarray(theirs)))
    assert np.array_equal((v > theirs).data, [False, True])
    assert v[v > theirs].data.tolist() == [2.0]


def test_what_is_assigned_of_another_library_becomes_numpys():
    v = Value([1.0, 2.0])
    theirs = Wrapping([3.0, 4.0])
    v.data, v.grad = theirs, theirs
    (v * v).sum().backward()
    assert type(v.data) is type(v.grad) is np.ndarray
    assert v.data.tolist() == [3.0, 4.0]
    assert v.grad.tolist() == [9.0, 12.0]
    v.data -= 1
    assert theirs.numbers.tolist() == [3.0, 4.0]
    with pytest.raises(mt.errors.ArgumentError, match="would lose its mask"):
        v.data = np.ma.array([1.0, 2.0], mask=[False, True])


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize(
    ("compute", "name"),
    [
        (lambda v, m: v * m, "numpy.multiply"),
        (lambda v, m: np.add(m, v), "numpy.add"),
        (lambda v, m: v > m, "numpy.greater"),
        (lambda v, m: Value(m), "Value"),
    ],
)
def test_a_mask_is_not_lost_in_silence(compute, name, requires_grad):
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(mt.errors.ArgumentError) as error:
        compute(Value([1.0, 2.0], requires_grad=requires_grad), masked)
    assert str(error.value) == (
        f"{name}: a masked array would lose its mask.\n"
        "  expected  an array of numbers\n"
        "  Give a.filled(0); what is masked is left out by np.where(a.mask, 0, v), or v[~a.mask]."
    )


def test_what_an_identity_gave_under_no_grad_does_not_follow_its_parameter():
    @mt.primitive
    def itself(x):
        return x

    mt.differentiable(itself, lambda g, y, x: g)
    p = Value([0.0, 0.0])
    p.data = np.array([1.0, 2.0])  # an array of its own, no view
    with mt.no_grad():
        y = itself(p)
    p.data -= 1
    assert y.data.tolist() == [1.0, 2.0]


def test_a_matrix_is_multiplied_entry_by_entry_as_numpy_multiplies():
    numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
    v = Value(np.ones((2, 2)))
    y = np.multiply(v, numbers.view(type("Kind", (np.ndarray,), {})))
    assert type(y.data) is np.ndarray
    y.backward(np.ones((2, 2)))
    assert np.array_equal(v.grad, numbers)


def test_bools_are_taken_as_the_numbers_they_are():
    taken = np.take(Value([1.0, 2.0, 3.0]), np.array([True, False, True]))
    assert taken.data.tolist() == [2.0, 1.0, 2.0]


def test_a_gradient_that_is_a_value_leaves_plain_gradients():
    v = Value([1.0, 2.0])
    (v * 3).backward(Value([1.0, 10.0]))
    assert type(v.grad) is np.ndarray
    assert v.grad.tolist() == [3.0, 30.0]


def test_a_step_writes_into_nobodys_array():
    with pytest.raises(mt.errors.ArgumentError):
        np.floor(Value([1.5]), out=np.zeros(1))


def test_under_no_grad_an_operator_computes_once():
    calls = []

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            calls.append(ufunc)
            return ufunc(*(np.asarray(x) for x in inputs))

    v = Value(np.ones(2))
    v._data = v._data.view(Counted)
    with mt.no_grad():
        v * 2.0
    assert calls == [np.multiply]
