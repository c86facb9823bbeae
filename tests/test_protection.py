"""What an accident cannot do: change computed numbers, mix up passes or threads, hide its place."""

import threading

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, nn
from microtensor.backward import gradients
from microtensor.errors import DTypeError, GradientError, ShapeError, StaleValueError


def lines(*rows):
    return "\n".join(rows)


def raised(kind, act):
    """Run what must fail; give its message and its notes."""
    with pytest.raises(kind) as error:
        act()
    return str(error.value), getattr(error.value, "__notes__", [])


# The numbers of a computed value


def test_numbers_of_a_computed_value_cannot_be_written_into():
    x = Value([1.0, 2.0])
    y = x * x
    for write in (
        lambda: exec("y.data -= 1", {"y": y}),
        lambda: y.data.__setitem__(0, 5.0),
        lambda: np.add(y.data, 1, out=y.data),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()
    assert y.data.tolist() == [1, 4]
    (y * y).sum().backward()
    assert x.grad.tolist() == [4, 32]


def test_numbers_of_a_leaf_and_of_a_constant_are_the_users_to_write_into():
    x = Value([1.0, 2.0])
    x.data[0] = 3.0
    x.data = x.data
    assert (x * 1).data.tolist() == [3, 2]
    with mt.no_grad():
        y = x * 2
    y.data[0] = 0.0
    z = (x * 2).detach()
    z.data[0] = 0.0
    assert (y.data.tolist(), z.data.tolist(), x.data.tolist()) == ([0, 4], [0, 4], [3, 2])


def test_numbers_of_a_computed_value_are_seen_not_copied():
    y = Value(np.ones(3)) * 2
    assert np.shares_memory(y.data, y.data)
    assert np.asarray(y.data).tolist() == [2, 2, 2]
    assert (Value(2.0) * 3).data == 6.0


# Who has a gradient


def test_a_leaf_can_be_frozen_and_thawed():
    x = Value([1.0, 2.0])
    x.requires_grad = False
    assert not (x * x).requires_grad
    x.requires_grad = True
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]


@pytest.mark.parametrize("data", [np.array([1, 2]), np.array([True])])
def test_integers_and_bools_cannot_require_a_gradient(data):
    v = Value(data, name="v")
    v.requires_grad = False
    assert raised(DTypeError, lambda: setattr(v, "requires_grad", True))[0] == lines(
        "v: only floats have gradients.",
        "  expected  requires_grad=False, or data of a floating dtype",
        f"  got       requires_grad=True for data of dtype {data.dtype}",
        "  Pass dtype=float to make the data floats.",
    )
    assert not v.requires_grad


def test_a_computed_value_cannot_be_told_to_require_a_gradient_or_not():
    y = Value(2.0) * 3
    y.requires_grad = True
    assert raised(GradientError, lambda: setattr(y, "requires_grad", False))[0] == lines(
        "a Value of shape () was computed by multiply: "
        "whether a gradient flows through it is decided by its operands.",
        "  expected  a leaf, such as a parameter",
        "  got       requires_grad=False for a computed Value",
        "  v.detach() gives a constant of the same numbers.",
    )


# Seeds


@pytest.mark.parametrize(
    ("seed", "dtype"),
    [
        ([1j, 0], "complex128"),
        (["a", "b"], "<U1"),
        (np.array([None, None]), "object"),
    ],
)
def test_a_gradient_to_start_from_that_holds_no_real_numbers(seed, dtype):
    y = Value(np.ones(2, np.float32)) * 2
    for act in (lambda: y.backward(seed), lambda: gradients([y], [y], [np.array(seed)])):
        assert raised(DTypeError, act)[0] == lines(
            "backward: the gradient to start from must be real numbers.",
            "  expected  numbers that convert to float32, the dtype of the output",
            f"  got       dtype {dtype}",
        )


@pytest.mark.parametrize("seed", [[1, 2], np.array([1, 2]), np.array([1.0, 2.0]), Value([1, 2])])
def test_a_gradient_to_start_from_takes_the_dtype_of_the_output(seed):
    x = Value(np.ones(2, np.float32))
    (x * 2).backward(seed)
    assert (x.grad.tolist(), x.grad.dtype) == ([2, 4], np.float32)


def test_a_gradient_to_start_from_is_not_kept():
    x, seed = Value([1.0, 2.0]), np.ones(2)
    np.positive(x).backward(seed)
    seed[0] = 7.0
    assert x.grad.tolist() == [1, 1]


def test_a_gradient_to_start_from_of_another_shape():
    pull = mt.vjp(lambda x: x * 2, np.ones(2))[1]
    with pytest.raises(ShapeError):
        pull(np.ones(3))


# Passes within passes


def test_a_pass_within_a_pass_sees_nothing_of_it():
    """The outer pass has sent 3 to w when the rule of `busy` runs, and no path leads to it."""
    x, w = Value(2.0), Value(5.0)
    seen = []

    @mt.primitive
    def busy(x):
        return x * 1.0

    def rule(g, y, x):
        inner = Value(4.0)
        seen.extend(gradients([inner * inner], [inner, w]))
        return g

    mt.differentiable(busy, rule)
    a = busy(x)
    (a + w * 3.0).backward()
    assert seen == [8.0, 0.0]
    assert (x.grad, w.grad) == (1.0, 3.0)


def test_a_pass_within_a_pass_leaves_the_outer_ones_marks():
    w = Value(3.0)
    shared = w * w

    @mt.primitive
    def busy(x):
        return x * 1.0

    def rule(g, y, x):
        assert gradients([shared * 2.0], [shared]) == [2.0]
        assert gradients([shared * 2.0], [w]) == [12.0]
        return g

    mt.differentiable(busy, rule)
    (busy(shared) + shared).backward()
    assert w.grad == 12.0


# Threads


def in_threads(*acts):
    errors = []

    def run(act):
        try:
            act()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []


def test_two_threads_take_turns_on_one_parameter():
    """A pass that began while another stood in a rule would find its marks on w, and miss it."""
    w = Value(1.0)
    within, other_is_done = threading.Event(), threading.Event()
    waited = []

    @mt.primitive
    def slow(x):
        return x * 1.0

    def rule(g, y, x):
        within.set()
        waited.append(other_is_done.wait(0.2))
        return g

    mt.differentiable(slow, rule)
    first, second = slow(w * 2.0), w * 10.0

    def other():
        assert within.wait(10)
        second.backward()
        other_is_done.set()

    in_threads(first.backward, other)
    assert waited == [False]
    assert w.grad == 12.0


def test_what_one_thread_made_while_it_paused_is_a_constant_in_another():
    x, made = Value([1.0, 2.0]), []

    def pausing():
        with mt.no_grad():
            made.append(x * x)

    in_threads(pausing)
    (constant,) = made
    assert (constant.requires_grad, constant.origin) == (False, None)
    (constant * x).sum().backward()
    assert x.grad.tolist() == [1, 4]
    with pytest.raises(GradientError):
        constant.sum().backward()


def test_what_one_thread_recorded_has_its_gradient_in_another_that_pauses():
    x = Value([1.0, 2.0])
    loss = (x * x).sum()

    def pausing():
        with mt.no_grad():
            loss.backward()

    in_threads(pausing)
    assert x.grad.tolist() == [2, 4]


# Pausing


def test_derivatives_within_no_grad_are_plain_though_the_function_uses_parameters():
    w = Value([1.0, 2.0])
    f = lambda x: (w * x * x).sum()
    assert isinstance(mt.grad(f)(np.ones(2)), Value)
    with mt.no_grad():
        for g in (mt.grad(f)(np.ones(2)), mt.grad(f)(Value(np.ones(2)))):
            assert type(g) is np.ndarray
            assert g.tolist() == [2, 4]


def test_what_is_computed_within_no_grad_shares_no_memory_with_what_it_is_of():
    same = mt.primitive(lambda x: x)  # gives the very array that it was given
    mt.differentiable(same, lambda g, y, x: g)
    p = Value(np.zeros(4))
    p.data = np.arange(4.0)  # an array that is no view of another
    assert p._data.base is None
    functions = [same, np.ravel, np.transpose, lambda v: v[1:], lambda v: v.reshape(2, 2)]
    with mt.no_grad():
        for f in functions:
            assert not np.shares_memory(f(p)._data, p._data)
    constant = Value(np.zeros(4), requires_grad=False)
    constant.data = p.data
    for f in functions:  # nothing is recorded of these either
        assert not np.shares_memory(f(constant)._data, constant._data)


# Where an error was made


def test_an_error_in_a_composite_names_the_call_within_and_the_composite():
    @mt.primitive
    def affine(x, parts):
        raise AssertionError("rewritten")

    mt.composite(affine)(lambda x, parts: x + parts[0] * parts[1])
    x, w = Value(np.ones((2, 3)), name="x"), Value(np.ones(2), name="w")
    message, notes = raised(ValueError, lambda: affine(x, [w, np.ones(4)]))
    assert message.startswith("operands could not be broadcast together")
    assert notes == [
        lines("in numpy.multiply, of", "  w of shape (2,)", "  an array of shape (4,)"),
        lines(
            "in affine, of",
            "  x of shape (2, 3)",
            "  a list of w of shape (2,), an array of shape (4,)",
        ),
    ]


def test_an_error_in_a_rule_names_the_rule_and_its_call():
    @mt.primitive
    def odd(x):
        return x * 1.0

    mt.differentiable(odd, lambda g, y, x: g @ np.ones(3))
    net = nn.Sequential(nn.Linear(2, 2, dtype=float))
    net[0].forward = lambda x: odd(x @ net[0].weight)
    loss = net(np.ones((1, 2))).sum()
    message, notes = raised(ValueError, loss.backward)
    assert message.startswith("matmul")
    assert notes == [
        lines("in the rule of odd, of", "  a Value of shape (1, 2)", "in module Sequential.0")
    ]


def test_an_operand_that_is_long_is_cut_short():
    _, notes = raised(ValueError, lambda: np.reshape(Value(np.ones(3)), tuple(range(40))))
    assert notes == ["in numpy.reshape, of\n  a Value of shape (3,)"]
    x = Value(np.ones(3))
    _, notes = raised(ValueError, lambda: np.add(x, [1.0] * 40))
    assert notes == [
        lines("in numpy.add, of", "  a Value of shape (3,)", f"  {'[1.0' + ', 1.0' * 11}…")
    ]


def test_a_stale_graph_is_refused_within_a_pass_too():
    w = Value(2.0, name="w")
    y = w * w
    w.data = 3.0
    with pytest.raises(StaleValueError):
        gradients([y], [w])
