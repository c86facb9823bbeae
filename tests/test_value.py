"""What a Value holds, and how it behaves among Python's and NumPy's own numbers."""

import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.graph import Step, ancestors


def same(a, b):
    """Tell whether two are the same numbers, of the same type and dtype."""
    return type(a) is type(b) and np.array_equal(a, b) and np.result_type(a) == np.result_type(b)


# What it holds


@pytest.mark.parametrize(
    ("given", "held", "differentiable"),
    [
        (3, 3.0, True),
        (2.5, 2.5, True),
        ([1, 2], np.array([1.0, 2.0]), True),
        ([[1, 2.5]], np.array([[1.0, 2.5]]), True),
        ((), np.array([]), True),
        (np.float32(2), np.float32(2), True),
        (np.array(2.0), np.float64(2), True),
        (np.array([1, 2], np.float32), np.array([1, 2], np.float32), True),
        (np.array([1, 2], np.float16), np.array([1, 2], np.float16), True),
        (np.array([1, 2]), np.array([1, 2]), False),
        (np.array([1, 2], np.uint8), np.array([1, 2], np.uint8), False),
        (np.int64(3), np.int64(3), False),
        (True, np.True_, False),
        ([True, False], np.array([True, False]), False),
    ],
)
def test_numbers_become_floats_and_arrays_keep_their_dtype(given, held, differentiable):
    v = Value(given)
    assert same(v.data, held)
    assert v.requires_grad is differentiable
    assert (v.shape, v.ndim, v.size) == (np.shape(held), np.ndim(held), np.size(held))
    assert v.dtype == np.result_type(held)


@pytest.mark.parametrize("given", [3, [1, 2], np.array([1, 2])])
def test_dtype_converts_what_is_given(given):
    v = Value(given, dtype=np.float32)
    assert v.dtype == np.float32
    assert v.requires_grad


def test_data_are_copied_from_what_is_given():
    given = np.array([1.0, 2.0])
    v = Value(given)
    given[0] = 9
    assert v.data.tolist() == [1, 2]


def test_a_leaf_has_no_origin_and_a_result_shows_its_call():
    x = Value([1.0, 2.0])
    y = np.sum(x, axis=0)
    assert x.is_leaf
    assert x.origin is None
    assert not y.is_leaf
    assert y.origin == Step(np.sum, (x,), {"axis": 0}, None)


def test_operands_are_kept_in_order_and_with_repeats():
    a, b = Value(2.0), Value(3.0)
    assert (a + a).origin.args == (a, a)
    assert (2 - b).origin.args[0] == 2
    assert (2 - b).origin.args[1] is b


def test_grad_is_none_before_backward_then_plain_numpy():
    x, w = Value(2.0), Value([1.0, 2.0])
    assert x.grad is None
    assert repr(x) == "Value(data=2.0, grad=—)"
    (x * w).sum().backward()
    assert type(x.grad) is float
    assert type(w.grad) is np.ndarray
    assert repr(x) == "Value(data=2.0, grad=3.0)"


def test_repr_shows_the_name():
    assert repr(Value([1.0], name="x")) == "Value(data=array([1.]), grad=—, name='x')"


# As a number


def test_a_value_of_one_number_works_as_one():
    v = Value(2.75)
    assert (float(v), int(v), v.item(), round(v), round(v, 1)) == (2.75, 2, 2.75, 3, 2.8)
    assert bool(v)
    assert not Value(0.0)
    assert ["a", "b", "c"][Value(np.int64(1))] == "b"
    assert f"{v:.1f}|{v:>6}|{v:e}" == "2.8|  2.75|2.750000e+00"
    assert f"{Value(np.float32(2)):.2f}" == "2.00"


def test_without_a_format_an_fstring_shows_what_str_shows():
    for v in (Value(2.0), Value([1.0])):
        assert f"{v}" == str(v) == repr(v)


def test_plain_copies_of_the_numbers():
    v = Value([[1.0, 2.0]])
    array = v.numpy()
    array[0, 0] = 9
    assert v.tolist() == [[1.0, 2.0]]
    assert type(Value(1.5).numpy()) is np.ndarray
    assert Value(np.float32(1.5)).item() == 1.5


def test_len_iteration_and_contains_are_those_of_the_array():
    v = Value([[1.0, 2.0], [3.0, 4.0]])
    assert len(v) == 2
    a, b = v
    assert (a.data.tolist(), b.data.tolist()) == ([1, 2], [3, 4])
    assert 3.0 in v
    assert Value(3.0) in v
    assert 5.0 not in v
    (b * b).sum().backward()
    assert v.grad.tolist() == [[0, 0], [6, 8]]


@pytest.mark.parametrize("use", [len, list, iter])
def test_one_number_has_no_length_and_no_entries(use):
    with pytest.raises(TypeError):
        use(Value(2.0))


def test_the_truth_of_an_array_is_numpys_error():
    with pytest.raises(ValueError, match="truth value of an array"):
        bool(Value([1.0, 2.0]))


def test_values_are_hashed_by_identity():
    a, b = Value(1.0), Value(1.0)
    assert hash(a) != hash(b)
    names = {a: "a", b: "b"}
    assert (names[a], names[b], len({a, b, a})) == ("a", "b", 2)


# Copies


def test_copies_of_a_leaf_share_nothing():
    x = Value([1.0, 2.0], name="x", requires_grad=True)
    (x * x).sum().backward()
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (twin.name, twin.requires_grad, twin.is_leaf) == ("x", True, True)
        twin.data -= 1
        twin.grad += 1
        assert twin.data.tolist() == [0, 1]
    assert x.data.tolist() == [1, 2]
    assert x.grad.tolist() == [2, 4]


def test_a_shallow_copy_of_a_result_is_a_leaf():
    y = Value([1.0, 2.0]) * 2
    twin = copy.copy(y)
    twin.data -= 1
    assert twin.is_leaf
    assert y.data.tolist() == [2, 4]


def test_a_deep_copy_of_a_graph_keeps_what_is_shared():
    x = Value(3.0, name="x")
    y = x * x
    twin_x, twin_y, twin_z = copy.deepcopy([x, y, y + x])
    twin_z.backward()
    assert (twin_x.grad, twin_y.grad, x.grad) == (7.0, 1.0, None)
    assert twin_y.origin.args == (twin_x, twin_x)
    assert all(a is twin_x for a in twin_y.origin.args)
    assert len(ancestors(twin_z)) == 3


def test_a_deep_copy_of_a_chain_of_100_000_steps_needs_no_depth():
    x = y = Value(1.0)
    for _ in range(100_000):
        y = y * 1.0
    twin = copy.deepcopy(y)
    twin.backward(leaves_only=True)
    assert x.grad is None
    assert len(ancestors(twin)) == 100_001


def test_gradients_travel_with_a_pickle():
    x = Value(np.array([1.0, 2.0], np.float32), name="x")
    (x * x).sum().backward()
    twin = pickle.loads(pickle.dumps(x))
    assert twin.grad.tolist() == [2, 4]
    assert twin.dtype == np.float32


# Assignment


def test_assigning_converts_to_the_leafs_dtype_and_keeps_the_kind_of_number():
    p, s = Value(np.zeros(2, np.float32)), Value(1.0)
    p.data = [1, 2]
    s.data = np.float64(3)
    assert p.dtype == np.float32
    assert type(s.data) is float
    p.data -= 0.5
    assert p.data.tolist() == [0.5, 1.5]


def test_two_values_never_share_an_array_by_assignment():
    p, q = Value([1.0, 2.0]), Value([0.0, 0.0])
    q.data = p.data
    p.data -= 1
    assert q.data.tolist() == [1, 2]
    q.data = q  # its own
    q.data = p
    p.data -= 1
    assert q.data.tolist() == [0, 1]


def test_detached_numbers_are_a_constant_of_their_own():
    p = Value([1.0, 2.0], name="p")
    c = p.detach()
    p.data -= 1
    assert (c.data.tolist(), c.requires_grad, c.is_leaf, c.name) == ([1, 2], False, True, "p")


# Places


def test_entries_are_set_and_added_in_a_new_value():
    x, v = Value([1.0, 2.0, 3.0]), Value([10.0, 20.0])
    y = x.at[[0, 0]].set(v)
    z = x.at[1:].add(v)
    assert y.data.tolist() == [20, 2, 3]
    assert z.data.tolist() == [1, 12, 23]
    (y.sum() + z.sum()).backward()
    assert x.grad.tolist() == [1, 2, 2]
    assert v.grad.tolist() == [1, 2]
    assert x.at[Value(np.array([0, 0]))].add(1.0).data.tolist() == [3, 2, 3]


def test_methods_are_numpys_functions():
    x = np.array([[1.0, -2.0, 3.0], [4.0, 5.5, -6.0]])
    v = Value(x)
    for y, expected in [
        (v.T, x.T), (v.mT, x.mT), (v.reshape(3, 2), x.reshape(3, 2)), (v.reshape((6,)), x.ravel()),
        (v.transpose(), x.T), (v.transpose(1, 0), x.T), (v.transpose((1, 0)), x.T),
        (v.flatten(), x.ravel()), (v.ravel(), x.ravel()), (v.sum(axis=0), x.sum(axis=0)),
        (v.mean(1, keepdims=True), x.mean(1, keepdims=True)), (v.max(), x.max()),
        (v.clip(-1, 1), x.clip(-1, 1)), (v.astype(np.float32), x.astype(np.float32)),
        (v.argmax(axis=1), x.argmax(axis=1)), (v.swapaxes(0, 1), x.T), (v.round(), x.round()),
        (v.any(), True), (v.abs(), np.abs(x)), (v.dot(x.T), x @ x.T),
        (v.take([0, 2]), x.take([0, 2])),
    ]:  # fmt: skip
        assert isinstance(y, Value)
        assert np.array_equal(y.data, expected)


def test_the_textbooks_methods_are_the_packages_functions():
    for at in (0.7, np.array([0.7, 2.0])):
        v = Value(at)
        for y, fn in [
            (v.exp(), np.exp), (v.log(), np.log), (v.sqrt(), np.sqrt), (v.tanh(), np.tanh),
            (v.sin(), np.sin), (v.cos(), np.cos), (v.relu(), mt.relu), (v.sigmoid(), mt.sigmoid),
        ]:  # fmt: skip
            np.testing.assert_allclose(y.data, fn(at), rtol=4 * np.finfo(float).eps)
            assert y.origin.fn is fn


def test_numbers_print_as_numbers_whatever_their_dtype():
    v = Value(np.float32(0.5))
    v.backward()
    assert repr(v) == "Value(data=0.5, grad=1.0)"
    assert repr(Value(2.0) > 1) == "Value(data=True, grad=—)"
