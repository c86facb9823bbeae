"""The chain rule: what arrives at which value, and that nobody else holds it."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.backward import all_gradients, gradients
from microtensor.contributing import contributions

# Adding up


def test_gradients_of_leaves_add_up_over_calls_and_inner_ones_are_of_the_last():
    x = Value([1.0, 2.0])
    h = x * x
    loss = h.sum()
    for times in (1, 2, 3):
        loss.backward()
        assert x.grad.tolist() == [2.0 * times, 4.0 * times]
        assert h.grad.tolist() == [1.0, 1.0]
        assert loss.grad == 1.0


def test_gradients_of_several_outputs_add_up_in_their_leaves():
    w = Value(3.0)
    (w * 2).backward()
    (w**2).backward()
    assert w.grad == 8.0


def test_leaves_only_keeps_no_inner_gradients_and_takes_earlier_ones_away():
    x = Value(2.0)
    h = x * 3
    loss = h * h
    loss.backward()
    assert (h.grad, loss.grad) == (12.0, 1.0)
    loss.backward(leaves_only=True)
    assert (x.grad, h.grad, loss.grad) == (72.0, None, None)


def test_a_leaf_is_its_own_gradients_one():
    x = Value(2.0)
    x.backward()
    x.backward(leaves_only=True)
    assert x.grad == 2.0


@pytest.mark.parametrize(
    ("compute", "slope"),
    [
        (lambda x: x + x, 2),
        (lambda x: x * x * x, 12),
        (lambda x: (x * 2) * (x * 3), 24),
        (lambda x: x - x, 0),
        (lambda x: np.stack([x, x, x * x]).sum(), 6),
        (lambda x: np.sign(x) * x, 1),
    ],
)
def test_gradient_of_a_value_used_several_times_is_summed(compute, slope):
    for start in (2.0, np.float64(2), np.array(2.0)):
        x = Value(start)
        compute(x).backward()
        assert x.grad == slope


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 1), (1, 4)),
        ((4,), (3, 4)),
        ((), (3, 4)),
        ((2, 1, 1), (3, 4)),
        ((1,), ()),
        ((0, 1), (3,)),
    ],
)
def test_broadcasting_is_undone_by_adding_up(a, b):
    x, y = Value(np.full(a, 2.0)), Value(np.full(b, 3.0))
    (x * y).sum().backward()
    size = np.broadcast(np.empty(a), np.empty(b)).size
    assert np.array_equal(x.grad, np.full(a, 3.0 * size / max(1, x.size)))
    assert np.array_equal(y.grad, np.full(b, 2.0 * size / max(1, y.size)))


def test_an_entry_that_is_read_repeatedly_receives_all():
    x = Value([1.0, 2.0, 3.0])
    (x[[0, 0, 2]] * [1.0, 10.0, 100.0]).sum().backward()
    assert x.grad.tolist() == [11, 0, 100]


def test_an_output_can_be_worth_something_else_than_one():
    x = Value([1.0, 2.0])
    (x * x).backward([1, 10])
    assert x.grad.tolist() == [2, 40]
    s = Value(3.0)
    (s * s).backward(np.float32(2))
    assert s.grad == 12.0


def test_arrays_are_constants_and_so_are_values_without_a_gradient():
    x, c = Value([1.0, 2.0]), Value([3.0, 4.0], requires_grad=False)
    (x * c * np.array([5.0, 6.0])).sum().backward()
    assert x.grad.tolist() == [15, 24]
    assert c.grad is None


def test_a_value_that_nothing_arrives_at_has_a_gradient_of_zeros():
    x, steps = Value([1.0, 2.0]), Value([3.0, 4.0])
    inner = steps * 2
    (x * np.where(steps > 3, 1.0, 0.0) + scatter(x, inner)).sum().backward()
    assert x.grad.tolist() == [1, 2]
    assert inner.grad.tolist() == steps.grad.tolist() == [0, 0]


@mt.primitive
def scatter(x, steps):
    return x.copy()


mt.differentiable(scatter, lambda g, y, x, steps: g, None)


def test_gradients_have_their_operands_dtype():
    x, w = Value(np.ones(2, np.float32)), Value(np.ones(2, np.float64))
    (x * w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)


# Nobody else holds it


@mt.primitive
def lend(a, b):
    return a + b


# Rules that hand out arrays of others: the output's gradient, the output, and an operand.
mt.differentiable(lend, lambda g, y, a, b: y, lambda g, y, a, b: a)

GRAPHS = {
    "add": lambda a, b: a + b,
    "shared": lambda a, b: (a + b) * (a - b) + a,
    "sum": lambda a, b: np.sum(a) + np.sum(a * b, axis=0).sum(),
    "mean": lambda a, b: np.mean(a + b, axis=1).sum(),
    "broadcast": lambda a, b: np.broadcast_to(a, (2, *a.shape)) + b,
    "reshape": lambda a, b: np.reshape(a, -1) + np.reshape(b, -1),
    "transpose": lambda a, b: a.T + b.T,
    "index": lambda a, b: a[:, :2] + b[:, 1:],
    "concatenate": lambda a, b: np.concatenate([a, b, a]),
    "stack": lambda a, b: np.stack([a, b]),
    "where": lambda a, b: np.where(np.array([True, False, True]), a, b),
    "matmul": lambda a, b: a @ b.T,
    "flip": lambda a, b: np.flip(a) + np.roll(b, 1),
    "lend": lambda a, b: lend(a, b),
    "multiply": lambda a, b: a * b * 1.0,
    "positive": lambda a, b: +a + +b,
}


def overlapping(arrays):
    """Name the pairs of arrays that share memory."""
    arrays = [(name, x) for name, x in arrays if isinstance(x, np.ndarray)]
    return [
        (m, n)
        for i, (m, x) in enumerate(arrays)
        for n, y in arrays[:i]
        if x is y or np.shares_memory(x, y)
    ]


def test_shared_memory_is_noticed():
    x = np.zeros(3)
    assert overlapping([("x", x), ("y", x[1:]), ("z", x.copy())]) == [("y", "x")]


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("leaves_only", [False, True])
def test_the_gradient_of_a_leaf_shares_memory_with_nothing(name, leaves_only):
    given = {"a": np.arange(6.0).reshape(2, 3), "b": np.arange(6.0, 12).reshape(2, 3)}
    a, b = Value(given["a"]), Value(given["b"])
    y = GRAPHS[name](a, b)
    seed = np.ones(y.shape)
    for _ in range(2):
        y.backward(seed, leaves_only=leaves_only)
    held = [*given.items(), ("a.data", a.data), ("b.data", b.data), ("y", y.data), ("seed", seed)]
    grads = [("a.grad", a.grad), ("b.grad", b.grad)]
    inner = [("y.grad", y.grad)]
    assert overlapping([*grads, *held]) == overlapping(held)
    assert [pair for pair in overlapping([*inner, *grads]) if "y.grad" in pair] == []
    assert a.grad.flags.writeable
    assert b.grad.flags.writeable


@pytest.mark.parametrize("name", GRAPHS)
def test_writing_into_results_of_grad_and_vjp_changes_nothing_else(name):
    f = GRAPHS[name]
    a, b = np.arange(6.0).reshape(2, 3), np.arange(6.0, 12).reshape(2, 3)
    y, pull = mt.vjp(f, a, b)
    seed = np.ones(np.shape(y))
    first, second = pull(seed), pull(seed)
    found = [("a", a), ("b", b), ("y", y), ("seed", seed), *enumerate(first), *enumerate(second)]
    assert overlapping(found) == []
    before = [g.copy() for g in second]
    for x in (y, *first):
        if np.ndim(x):
            x += 100.0
    for g, old, new in zip(second, before, pull(seed), strict=True):
        assert np.array_equal(g, old)
        assert np.array_equal(new, old)
    value, grads = mt.value_and_grad(lambda a, b: f(a, b).sum(), (0, 1))(a, b)
    assert overlapping([("a", a), ("b", b), *enumerate(grads), ("value", value)]) == []


def test_writing_into_a_leafs_gradient_leaves_the_next_one_right():
    x = Value([1.0, 2.0])
    y = x + 0.0
    y.backward([1.0, 1.0])
    x.grad *= 0
    y.backward([1.0, 1.0])
    assert x.grad.tolist() == [1, 1]
    assert y.grad.tolist() == [1, 1]


# Gradients of gradients


def test_create_graph_gives_values_that_can_be_differentiated():
    x = Value([1.0, 2.0])
    (x**3).sum().backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert x.grad.data.tolist() == [3, 12]
    first, x.grad = x.grad, None
    first.sum().backward()
    assert x.grad.tolist() == [6, 12]


def test_create_graph_gives_values_also_where_the_gradient_is_constant():
    x, unused = Value([1.0, 2.0]), Value(1.0)
    (x.sum() + 0 * np.sign(unused)).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert not x.grad.requires_grad


def test_plain_gradients_add_to_values_and_values_to_plain_ones():
    x = Value(2.0)
    y = x**3
    y.backward(create_graph=True)
    y.backward()
    assert x.grad.data == 24.0
    x.grad = 1.0
    y.backward(create_graph=True)
    assert x.grad.data == 13.0
    assert repr(x) == "Value(data=2.0, grad=13.0)"


def test_a_gradient_penalty_agrees_with_its_formula():
    x, w = np.array([0.5, -1.0]), Value([2.0, 3.0])
    slope = mt.grad(lambda x: (w * x**2).sum())(x)
    penalty = (slope**2).sum()  # sum of (2 w x)²
    penalty.backward()
    np.testing.assert_allclose(w.grad, 8 * w.data * x**2, rtol=1e-15)


def test_what_a_rule_kept_is_not_taken_for_a_constant():
    @mt.primitive(keeps=True)
    def square(x):
        return x * x, 2 * x

    def rule(g, y, x, kept):
        return g * (2 * x if kept is None else kept)

    mt.differentiable(square, rule)
    assert mt.grad(square)(3.0) == 6.0
    assert mt.grad(mt.grad(square))(3.0) == 2.0
    assert square(3.0) == 9.0


# For the readers


def test_all_gradients_and_contributions_touch_no_grad():
    x, w = Value(2.0), Value(3.0)
    h = x * w
    y = h * h + np.sign(h)
    found = all_gradients(y)
    assert {k: found[k] for k in (x, w, h, y)} == {x: 36.0, w: 24.0, h: 12.0, y: 1.0}
    assert contributions(h, 12.0) == [(0, x, 36.0), (1, w, 24.0)]
    square = y.origin.args[0]
    assert contributions(square, 1.0) == [(0, h, 6.0), (1, h, 6.0)]
    assert contributions(x, 1.0) == []
    assert contributions(x * 5.0, 1.0) == [(0, x, 5.0)]
    assert contributions(np.sign(h), 1.0) == [(0, h, 0.0)]
    assert all_gradients(Value(1.0, requires_grad=False)) == {}
    assert all(v.grad is None for v in (x, w, h, y))


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x * 3.0,
        lambda x: x / x,
        lambda x: x**3,
        lambda x: x**-1,
        lambda x: x**0.5,
        lambda x: np.sqrt(x),
        lambda x: np.tanh(x),
        lambda x: np.maximum(x, x),
        lambda x: 2.0**x,
    ],
)
@pytest.mark.parametrize("at", [2.0, 0.0, -2.0, np.inf])
def test_contributions_on_plain_numbers_are_what_backward_adds_up(compute, at):
    with np.errstate(all="ignore"):
        x = mt.Value(at)
        y = compute(x)
        y.backward()
        total = sum(c for _, operand, c in contributions(y, 1.0) if operand is x)
        assert float(total) == pytest.approx(x.grad, nan_ok=True)


def test_contributions_add_up_to_the_gradient():
    x = Value(np.array([[1.0, 2.0], [3.0, 4.0]]))
    y = x @ x + x.sum(axis=0)
    found = all_gradients(y, np.ones((2, 2)))
    total = sum(
        c for node, g in found.items() for _, operand, c in contributions(node, g) if operand is x
    )
    np.testing.assert_allclose(found[x], total, rtol=1e-15)


def test_gradients_with_respect_to_inner_values_pass_no_further():
    x = Value(2.0)
    h, other = x * 3, x * 5
    y = h * h * other
    assert gradients([y], [h, other]) == [120.0, 36.0]
    assert gradients([y], [y, x, Value(7.0)]) == [1.0, 0.0, 0.0]
    assert gradients([y, h], [x], [1.0, 10.0]) == [3 * 36 * 5 * 1.0 + 30]
    assert gradients([h, h], [x], [1.0, 10.0]) == [33.0]
    assert x.grad is None
