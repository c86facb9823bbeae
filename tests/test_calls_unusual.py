"""Unusual ways to call what is known: options by position, masks and places that are Values."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from samples import ROWS

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError, MissingRuleError

X = np.array([[1.0, 2.0], [4.0, 3.0]])


@pytest.mark.parametrize("fn", [np.max, np.prod], ids=lambda fn: fn.__name__)
def test_an_option_that_is_given_as_not_given(fn: Callable) -> None:
    """NumPy's own word for it is true in a condition, and stood for keepdims=True."""
    no: Any = np._NoValue
    options = (1, None, no) if fn is np.max else (1, None, None, no, no, no)
    weights = np.array([1.0, 10.0])
    found = mt.grad(lambda x: (fn(x, *options) * weights).sum())(X)
    assert np.array_equal(found, mt.grad(lambda x: (fn(x, axis=1) * weights).sum())(X))
    assert found[0, 1] != 0


def test_keepdims_after_out_by_position() -> None:
    assert np.any(Value(X) > 3, 1, None, True).data.tolist() == [[False], [True]]
    assert np.all(Value(X) > 0, 0, None, True).data.tolist() == [[True, True]]


def test_options_of_vecdot_and_allclose() -> None:
    assert np.vecdot(Value(X), X, dtype=np.float32).dtype == np.float32
    assert np.allclose(Value(X), X + 1, 1e-5, 9.0)


@pytest.mark.parametrize("fn", [np.prod, np.cumprod, np.nanprod], ids=lambda fn: fn.__name__)
def test_axis_0_of_a_number(fn: Callable) -> None:
    x = Value(np.array(3.0))
    fn(x, axis=0).sum().backward()
    assert x.grad == 1.0


def test_axes_of_a_vector_and_repeats_of_a_number() -> None:
    x = Value([1.0, 2.0])
    (np.transpose(x, 0) * [3.0, 4.0]).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    number = Value(np.array(2.0))
    np.repeat(number, 3, axis=0).sum().backward()
    assert number.grad == 3.0


@pytest.mark.parametrize("fn", [np.var, np.std, np.nanvar, np.nanstd], ids=lambda fn: fn.__name__)
def test_variance_in_integers_is_refused(fn: Callable) -> None:
    """NumPy cuts off decimals at every step; ours would have been another number."""
    with pytest.raises(MissingRuleError, match="option dtype=int64"):
        fn(Value(X), dtype=np.int64)


def test_where_true_of_variance() -> None:
    assert np.array_equal(np.var(Value(X), axis=0, where=True).data, np.var(X, axis=0))


def test_nanmax_of_integers_and_bools() -> None:
    for x in (np.array([[3, 1], [2, 5]]), np.array([[True, False], [False, False]])):
        y = np.nanmax(Value(x), axis=0)
        assert y.dtype == x.dtype
        assert np.array_equal(y.data, np.nanmax(x, axis=0))
        assert np.array_equal(np.nanmin(Value(x)).data, np.nanmin(x))


@pytest.mark.parametrize("fn", [np.sum, np.prod, np.max, np.min], ids=lambda fn: fn.__name__)
def test_a_mask_of_values_over_plain_numbers(fn: Callable) -> None:
    """NumPy's way to them is through the ufunc's method, which called itself for ever."""
    mask = Value(X) > 1
    assert fn(X, initial=2.5, where=mask).data == fn(X, initial=2.5, where=mask.data)


def test_places_of_values_to_split_at() -> None:
    for fn in (np.split, np.array_split, np.hsplit):
        parts = fn(Value([1.0, 2.0, 3.0]), Value(np.array([1])))
        assert [p.data.tolist() for p in parts] == [[1.0], [2.0, 3.0]]
        assert len(fn(np.arange(4.0), Value(np.array(2)))) == 2


def test_counts_of_values_in_cov() -> None:
    with pytest.raises(MissingRuleError, match="operand fweights"):
        np.cov(X, fweights=Value(np.array([1, 2])))


def test_modes_and_dtypes_that_numpy_checks() -> None:
    with pytest.raises(ValueError, match="clipmode must be one of"):
        np.take(Value(X), [0], mode="full")
    total = np.average(Value(X), 0, [1, 3], returned=True)[1]
    assert total.dtype == np.float64


# Masked arrays read ``_data`` and ``_mask`` of whatever they meet

_OPERATORS = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
    "lt", "le", "gt", "ge", "eq", "ne",
]  # fmt: skip
_IN_PLACE = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"]
_OF_NP_MA = [
    "add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "mod", "remainder",
    "fmod", "power", "maximum", "minimum", "arctan2", "hypot", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_xor", "dot",
    "inner", "outer", "allequal", "allclose", "correlate", "convolve", "append",
]  # fmt: skip
_OF_TWO = {
    **{name: getattr(operator, name) for name in (*_OPERATORS, *_IN_PLACE)},
    "divmod": divmod,
    **{f"np.ma.{name}": getattr(np.ma, name) for name in _OF_NP_MA},
    "np.ma.multiply.outer": np.ma.multiply.outer,
    "np.ma.where": lambda a, b: np.ma.where([True, False], a, b),
    "np.ma.concatenate": lambda a, b: np.ma.concatenate([a, b]),
    "np.ma.stack": lambda a, b: np.ma.stack([a, b]),
    "np.trapezoid": np.trapezoid,
}


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize("name", _OF_TWO)
def test_no_masked_array_takes_a_value_and_leaves_its_graph(name: str, requires_grad: bool) -> None:
    v, number = Value([3.0, 4.0], requires_grad=requires_grad), Value(2.0)
    for other in (v, number) if name in _OPERATORS else (v,):
        for swap in (False, True):
            masked = np.ma.array([1.0, 2.0], mask=[False, True])
            with pytest.raises((ArgumentError, mt.errors.NotAnArrayError)) as error:
                _OF_TWO[name](*((other, masked) if swap else (masked, other)))
            assert "would lose its" in str(error.value)


_REFUSED = "lose its mask|lose its graph|MaskedArray|falsify the graph"
_OF_SHAPES_ALONE = {"numpy.einsum_path", "numpy.may_share_memory", "numpy.shares_memory"}


def _with_a_mask(row: Any) -> Any:
    """Give the calls of a row in which one array is masked, and the others are those of Values."""
    for case in row.cases:
        inputs = case.draw()
        sized = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and x.size]
        for i in (i for i in sized if inputs[i].ndim):
            values = {j: Value(inputs[j]) for j in sized if j != i and inputs[j].dtype.kind == "f"}
            masked = np.ma.array(inputs[i], mask=np.arange(inputs[i].size) % 2)
            if values:
                yield case, [{i: masked, **values}.get(j, x) for j, x in enumerate(inputs)]


@pytest.mark.parametrize("row", [r for r in ROWS if r.name not in _OF_SHAPES_ALONE], ids=repr)
def test_every_function_refuses_a_masked_array_beside_values(row: Any) -> None:
    for case, inputs in _with_a_mask(row):
        with pytest.raises((TypeError, ValueError, AttributeError), match=_REFUSED):
            case.call(row.fn, inputs)


def test_most_functions_are_called_with_a_masked_array() -> None:
    assert len({row.name for row in ROWS for _ in _with_a_mask(row)}) > 150


@pytest.mark.parametrize("name", ["exp", "sqrt", "sum", "mean", "sort", "array", "asarray", "std"])
def test_no_function_of_masked_arrays_takes_a_value_alone(name: str) -> None:
    with pytest.raises((ArgumentError, mt.errors.NotAnArrayError), match="lose its graph"):
        getattr(np.ma, name)(Value([3.0, 4.0]))


def test_what_a_masked_array_says_of_a_value() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(ArgumentError) as error:
        masked * Value([3.0, 4.0], name="v")
    assert str(error.value) == (
        "numpy.ma: a Value would lose its graph in a masked array.\n"
        "  expected  an array of numbers in place of the masked one\n"
        "  got       a masked array, or a function of numpy.ma, and v\n"
        "  Give a.filled(0); what is masked is left out by np.where(a.mask, 0, v), or v[~a.mask]."
    )
    with pytest.raises(ArgumentError) as error:
        masked @ Value([3.0, 4.0])  # NumPy itself has a riddle for it
    assert str(error.value) == (
        "numpy.matmul: a masked array would lose its mask.\n"
        "  expected  an array of numbers\n"
        "  Give a.filled(0); what is masked is left out by np.where(a.mask, 0, v), or v[~a.mask]."
    )
    v = Value([3.0, 4.0])
    np.where(masked.mask, 0, v).sum().backward()
    assert v.grad.tolist() == [1.0, 0.0]


def test_who_lists_what_a_value_has_is_not_told_of_masks() -> None:
    assert "_mask" not in dir(Value(1.0))
    assert "_mask" not in dict(inspect.getmembers(Value(X)))
    assert not hasattr(Value, "_mask")
