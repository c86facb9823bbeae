"""A list or a tuple of numbers is what NumPy makes of it: an array, in every function of ours."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
from samples import ROWS

import microtensor as mt
from microtensor import Value
from microtensor.errors import NotAnArrayError

OURS = {
    id(fn): fn
    for fn in (getattr(mt, name) for name in mt.__all__)
    if isinstance(fn, types.FunctionType) and fn.__module__.startswith("microtensor.ops")
}
SAMPLES = [
    pytest.param(row.fn, case, id=f"{row}-{n}")
    for row in ROWS
    if id(row.fn) in OURS
    for n, case in enumerate(row.cases)
    if all(map(np.size, case.draw())) and any(map(np.ndim, case.draw()))  # () has lost its shape
]
X = np.array([[1.0, 2.0, 3.0], [4.0, 6.0, 5.0]])
WITHOUT_A_ROW = [
    (mt.embedding, (np.array([1, 0]), X)),
    (mt.layer_norm, (X, 3)),
    (mt.rms_norm, (X, 3)),
    (mt.group_norm, (X, 3)),
    (mt.scaled_dot_product_attention, (X, X, X)),
]


def listed(x: Any, kind: type) -> Any:
    """Write an array as nested lists, or tuples."""
    if isinstance(x, np.ndarray):
        return kind(listed(row, kind) for row in x) if x.ndim else x.item()
    return x


def test_every_function_of_ours_is_called_with_lists() -> None:
    called = {id(p.values[0]) for p in SAMPLES} | {id(fn) for fn, _ in WITHOUT_A_ROW}
    assert {fn.__name__ for key, fn in OURS.items() if key not in called} == set()
    assert len(OURS) > 50


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize(("fn", "case"), SAMPLES)
def test_a_list_of_numbers_is_an_array(fn: Any, case: Any, kind: type) -> None:
    inputs = case.draw()
    wanted = case.call(fn, inputs)
    found = case.call(fn, [listed(x, kind) for x in inputs])
    assert isinstance(found, type(wanted))
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize(("fn", "inputs"), WITHOUT_A_ROW)
def test_a_list_of_numbers_is_an_array_without_a_row(fn: Any, inputs: Any, kind: type) -> None:
    found = fn(*(listed(x, kind) for x in inputs))
    assert type(found) is np.ndarray
    assert np.array_equal(found, fn(*inputs))


def a_call_of(fn: Any) -> tuple[tuple, dict]:
    """Give inputs, the first of which is an array with numbers in it, and options."""
    for row in (row for row in ROWS if row.fn is fn):
        for case in row.cases:
            inputs = case.draw()
            if case.how is None and isinstance(inputs[0], np.ndarray) and inputs[0].size:
                return tuple(inputs), case.options
    return dict(WITHOUT_A_ROW)[fn], {}


@pytest.mark.parametrize("fn", OURS.values(), ids=lambda fn: fn.__name__)
def test_a_list_of_values_loses_no_graph(fn: Any) -> None:
    inputs, options = a_call_of(fn)
    values = [Value(x) for x in np.ravel(inputs[0])]
    with pytest.raises(NotAnArrayError) as error:
        fn(values, *inputs[1:], **options)
    assert str(error.value) == (
        "a Value is not an array: converting it would lose its graph.\n"
        "  Use v.data for its numbers, or np.stack([...]) to join Values into one."
    )


def test_integers_in_a_list_are_as_in_an_array() -> None:
    assert mt.sigmoid([0, 0]).tolist() == [0.5, 0.5]
    assert mt.relu([-1, 2]).dtype == np.maximum([-1, 2], 0).dtype
    assert mt.threshold([-1, 2], 0.5, 9).tolist() == [9.0, 2.0]
    assert mt.threshold(np.array([-1, 2], np.float32), 0.5, np.float64(9)).dtype == np.float32
