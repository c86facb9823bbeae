"""A function or an option without a rule is an error that says so, never a wrong gradient."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError, MissingRuleError

X = np.arange(6.0).reshape(2, 3)
MASK = X > 1


OPTIONS = [
    ("numpy.sum", "initial=", lambda x: np.sum(x, initial=Value(1.0))),
    ("numpy.quantile", "weights=", lambda x: np.quantile(x, 0.5, weights=X, method="inverted_cdf")),
    ("numpy.exp", "where=", lambda x: np.exp(x, where=MASK)),
    ("numpy.add", "where=", lambda x: np.add(x, 1.0, where=MASK)),
    ("numpy.clip", "where=", lambda x: np.clip(x, 0.0, 1.0, where=MASK)),
    ("numpy.einsum", "dtype=", lambda x: np.einsum("ij->j", x, dtype=np.float32)),
    ("numpy.pad", "mode='mean'", lambda x: np.pad(x, 1, mode="mean")),
    ("numpy.pad", "mode='linear_ramp'", lambda x: np.pad(x, 1, mode="linear_ramp")),
    ("numpy.pad", "mode='empty'", lambda x: np.pad(x, 1, "empty")),
    ("numpy.pad", "reflect_type='odd'", lambda x: np.pad(x, 1, "reflect", reflect_type="odd")),
    ("numpy.reshape", "order='A'", lambda x: np.reshape(x, (3, 2), order="A")),
    ("numpy.reshape", "order='K'", lambda x: np.ravel(x, order="K")),
    ("leaky_relu", "negative_slope=", lambda x: mt.leaky_relu(x, Value(0.1))),
    ("elu", "alpha=", lambda x: mt.elu(x, alpha=Value(0.1))),
    ("pad", "constant_values=", lambda x: np.pad(x, 1, constant_values=Value(0.1))),
]


@pytest.mark.parametrize(("fn", "option", "f"), OPTIONS, ids=[f"{o[0]} {o[1]}" for o in OPTIONS])
def test_an_option_without_a_rule_is_refused(fn, option, f):
    with pytest.raises(MissingRuleError) as error:
        f(Value(X))
    assert str(error.value) == (
        f"{fn} has no derivative rule for its option {option}.\n"
        "  Compute the same from functions that are known, or call it on v.data."
    )


OUT = [
    ("numpy.add", lambda x: np.add(x, 1.0, out=np.empty((2, 3)))),
    ("numpy.exp", lambda x: np.exp(x, out=np.empty((2, 3)))),
    ("numpy.sum", lambda x: np.sum(x, out=np.empty(()))),
    ("numpy.sum", lambda x: np.sum(x, 0, None, np.empty(3))),
    ("numpy.round", lambda x: np.round(x, 1, np.empty((2, 3)))),
    ("numpy.argmax", lambda x: np.argmax(x, None, np.empty((), int))),
    ("numpy.var", lambda x: np.var(x, out=np.empty(()))),
    ("numpy.std", lambda x: np.std(x, None, None, np.empty(()))),
    ("numpy.clip", lambda x: np.clip(x, 0.0, 1.0, out=np.empty((2, 3)))),
    ("numpy.clip", lambda x: np.clip(x, 0.0, 1.0, np.empty((2, 3)))),
    ("numpy.take", lambda x: np.take(x, [0], 0, np.empty((1, 3)))),
    ("numpy.take", lambda x: np.take(x, [0], 0, out=np.empty((1, 3)))),
    ("numpy.dot", lambda x: np.dot(x, np.ones((3, 2)), out=np.empty((2, 2)))),
    ("numpy.outer", lambda x: np.outer(x, x, out=np.empty((6, 6)))),
    ("numpy.trace", lambda x: np.trace(x, out=np.empty(()))),
    ("numpy.concatenate", lambda x: np.concatenate([x, x], out=np.empty((4, 3)))),
    ("numpy.stack", lambda x: np.stack([x, x], out=np.empty((2, 2, 3)))),
    ("numpy.einsum", lambda x: np.einsum("ij->j", x, out=np.empty(3))),
    ("numpy.cumsum", lambda x: np.cumsum(x, out=np.empty(6))),
    ("numpy.amax", lambda x: np.amax(x, out=np.empty(()))),
]


@pytest.mark.parametrize(("fn", "f"), OUT)
def test_writing_into_an_array_is_refused(fn, f):
    with pytest.raises(ArgumentError) as error:
        f(Value(X))
    assert str(error.value) == (
        f"{fn}: out= would overwrite an array that a graph may need.\n"
        "  Leave it out: the result is a new Value."
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x, axis=None, dtype=None, out=None, keepdims=False),
        lambda x: np.sum(x, None, None, None),
        lambda x: np.exp(x, where=True),
        lambda x: np.exp(x, out=None),
        lambda x: np.var(x, None, None, None, 0, False),
        lambda x: np.clip(x, 0.0, 1.0, out=None),
        lambda x: np.max(x, axis=None, out=None),
        lambda x: np.concatenate([x, x], axis=0, out=None, dtype=None, casting="same_kind"),
        lambda x: np.take(x, [0], 0, None, "raise"),
        lambda x: np.pad(x, 1, "reflect", reflect_type="even"),
    ],
)
def test_options_spelt_out_at_their_defaults_are_no_options(f):
    np.testing.assert_array_equal(f(Value(X)).data, f(X))


def test_gelu_knows_two_forms():
    with pytest.raises(ArgumentError) as error:
        mt.gelu(Value(X), approximate="erf")
    assert str(error.value) == (
        "gelu: there is no such form.\n"
        "  expected  approximate='none' or approximate='tanh'\n"
        "  got       'erf'"
    )


# NumPy's own words, even where it says more for fewer
SHAPES = [
    (lambda x: np.stack([x, x[:1]]), "all input arrays must have the same shape"),
    (lambda x: np.tensordot(x, x, 1), "shape-mismatch for sum"),
    (lambda x: np.split(x, 2, axis=1), "array split does not result in an equal division"),
    (lambda x: np.matmul(x, x), "mismatch in its core dimension 0"),
    (lambda x: np.concatenate([x, x[0]]), "must have same number of dimensions"),
    (lambda x: np.einsum("ij,jk", x), "more operands provided to einstein"),
    (lambda x: np.einsum("ij", x, x), "fewer operands provided to einstein"),
    (lambda x: np.einsum("ijk", x), "contains too many subscripts for operand 0"),
    (lambda x: np.reshape(x, (4, 2)), "cannot reshape array of size 6 into shape \\(4,2\\)"),
    (lambda x: np.take(x, [9], axis=1), "index 9 is out of bounds for axis 1 with size 3"),
    (lambda x: x[5], "index 5 is out of bounds for axis 0 with size 2"),
    (lambda x: np.sum(x, axis=2), "axis 2 is out of bounds for array of dimension 2"),
    (
        lambda x: mt.ops.softmax_cross_entropy(x, np.array([0, 3])),
        "index 3 is out of bounds for axis 1 with size 3",
    ),
]


@pytest.mark.parametrize(("f", "message"), SHAPES, ids=[m for _, m in SHAPES])
def test_what_numpy_refuses_is_refused_in_numpys_words(f, message):
    with pytest.raises((ValueError, IndexError), match=message):
        f(Value(X))


def test_a_value_inside_of_an_option_does_not_lose_its_gradient():
    with pytest.raises(MissingRuleError) as error:
        np.pad(Value([1.0]), 1, constant_values=(Value(2.0), 1.0))
    assert "has no derivative rule for its option" in str(error.value)


def test_an_option_that_a_function_does_not_have_is_told_from_one_without_a_rule():
    with pytest.raises(TypeError) as error:
        Value([1.0, 2.0]).sum(dim=0)
    assert str(error.value) == (
        "numpy.sum has no option dim=; it has axis, dtype, out, keepdims, initial, where"
    )


def test_a_value_that_is_no_integer_is_no_index():
    with pytest.raises(IndexError):
        Value([1.0, 2.0])[Value(1.0)]
