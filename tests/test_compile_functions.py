"""Every function that the library knows is compiled: value and gradients, on new numbers."""

import numpy as np
import pytest
from oracles import leaves
from test_functions import ROWS, SMOOTH, of_drawn

import microtensor as mt
from microtensor.errors import CompileError

CASES = 3  # of each row; the first ones are the plainest

# What these give has a shape, or a way to it, that depends on numbers; or they draw from a
# generator that is made for the call.
REFUSED = {
    "dropout", "drawn_factors", "numpy.nonzero", "a.nonzero()", "numpy.unique",
    "numpy.unique_values", "numpy.unique_all", "numpy.unique_inverse", "numpy.unique_counts",
    "unique_places", "common_places", "numpy.intersect1d", "numpy.union1d", "numpy.setdiff1d",
    "numpy.setxor1d", "numpy.trim_zeros", "numpy.piecewise", "numpy.ix_", "numpy.argwhere",
    "numpy.flatnonzero", "numpy.extract",
}  # fmt: skip


def weighed(f):
    """Give one number that depends on every entry of what a function gives."""

    def total(*xs):
        found = [y for y in leaves(f(*xs)) if getattr(y, "dtype", np.dtype(float)).kind == "f"]
        return sum(np.sum(y * np.cos(np.arange(np.size(y)).reshape(np.shape(y)))) for y in found)

    return total


def other(x):
    """Give other numbers of the same shape and kind, in the same domain: those there, in turn."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.ndim and x.shape[0] > 1:
        return np.ascontiguousarray(x[::-1])
    return x


def same(a, b):
    a, b = leaves(a), leaves(b)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        x = x.data if isinstance(x, mt.Value) else x
        y = y.data if isinstance(y, mt.Value) else y
        if not isinstance(y, np.ndarray | np.generic | float):
            assert x == y
            continue
        assert np.shape(x) == np.shape(y)
        assert getattr(x, "dtype", None) == getattr(y, "dtype", None)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-13)


def outcome(f, xs):
    """Give what a call gives, or the name of the error that it ends with."""
    try:
        with np.errstate(all="ignore"):
            return f(*xs)
    except Exception as error:
        return type(error).__name__


def check(row):
    for case, inputs in list(row.samples())[:CASES]:
        f, xs = of_drawn(case, inputs, row.fn)
        if row in SMOOTH and xs:
            f = mt.value_and_grad(weighed(f), tuple(range(len(xs))))
        compiled = mt.compile(f)
        for given in (xs, list(map(other, xs))):
            expected = outcome(f, given)
            if not isinstance(expected, str):
                same(compiled(*given), expected)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name not in REFUSED], ids=repr)
def test_a_function_is_compiled(row):
    check(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in REFUSED], ids=repr)
def test_a_function_whose_result_has_no_shape_before_its_numbers_is_refused(row):
    with pytest.raises(CompileError):
        check(row)


def test_other_numbers_are_not_taken_for_the_same():
    compiled = mt.compile(np.tanh)
    compiled(np.array([1.0, 2.0]))
    with pytest.raises(AssertionError):
        same(compiled(np.array([2.0, 1.0])), np.tanh(np.array([1.0, 2.0])))
