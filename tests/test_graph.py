"""The record: its order, its names and scopes, pausing it, and knowing when it is stale."""

import copy

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError, StaleValueError
from microtensor.graph import (
    Scope,
    ancestors,
    assign,
    is_recording,
    label,
    module_path,
    name_of,
    no_grad,
    parents,
    rebind,
    recording,
    state,
)


class Part:
    """The least that the core takes for a model: its parameters and parts, by their paths."""

    def __init__(self, **members):
        self.members = members

    def named_parameters(self):
        for name, x in self.members.items():
            if isinstance(x, Part):
                yield from ((f"{name}.{path}", p) for path, p in x.named_parameters())
            else:
                yield name, x

    def named_modules(self):
        yield "", self
        for name, x in self.members.items():
            if isinstance(x, Part):
                yield from ((f"{name}.{path}".strip("."), m) for path, m in x.named_modules())

    def __call__(self, act):
        before, state.scope = state.scope, Scope(state.scope, self)
        try:
            return act()
        finally:
            state.scope = before


class Outer(Part):
    pass


# Order


def test_calls_are_younger_than_their_operands():
    x, w = Value(2.0), Value(3.0)
    h = x * w
    y = h + h * x
    assert ancestors(y) == sorted(ancestors(y), key=lambda v: v.number)
    assert [v.data for v in ancestors(y)] == [2.0, 3.0, 6.0, 12.0, 18.0]
    assert [v.data for v in ancestors(y, h)] == [2.0, 3.0, 6.0, 12.0, 18.0]


def test_parents_come_in_order_and_with_repeats():
    x = Value(2.0)
    y = np.where(np.array(True), x, x)
    assert parents(x * 3 * x)[1] is x
    assert [p is x for p in parents(y)] == [True, True]
    assert parents(x) == []


def test_ancestors_stop_where_told_and_follow_what_is_differentiable():
    x = Value([1.0, 2.0])
    mask = x > 1
    h = np.where(mask, x, 0.0)
    y = h * 2
    assert mask in set(ancestors(y))
    assert mask not in set(ancestors(y, differentiable=True))
    assert set(ancestors(y, stop=frozenset([h]))) == {y, h}


# What is recorded


def test_steps_are_recorded_and_have_no_gradient_of_their_own():
    x = Value([1.0, 2.0, 3.0])
    for y in (x > 1, np.argmax(x), np.isnan(x), x == x):
        assert y.origin is not None
        assert not y.requires_grad
    (np.sign(x) * x + np.floor(x)).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_questions_of_shape_are_answered_and_not_recorded():
    x = Value([[1.0, 2.0]])
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((1, 2), 2, 2)
    assert type(np.zeros_like(x)) is np.ndarray


def test_calls_on_constants_are_not_recorded():
    c = Value([1.0, 2.0], requires_grad=False)
    assert (c * 2 + 1).is_leaf
    assert np.stack([c, c]).is_leaf


def test_lists_are_recorded_as_the_arrays_they_were():
    x, factors = Value([1.0, 2.0]), [3.0, 4.0]
    y = (x * factors).sum()
    factors[0] = 100.0
    y.backward()
    assert x.grad.tolist() == [3, 4]


# Pausing


def test_no_grad_gives_constants_and_ends_where_it_ends():
    x = Value([1.0, 2.0])
    with no_grad():
        assert not is_recording()
        for y in (x * x, 2 * x, np.sum(x), x.tanh(), -x, x[0], x.reshape(2, 1), x > 1):
            assert y.is_leaf
            assert not y.requires_grad
        with recording():
            assert (x * x).requires_grad
        assert not is_recording()
        with no_grad():
            pass
        assert not is_recording()
    assert is_recording()
    assert (x * x).requires_grad


def test_no_grad_is_a_decorator_and_may_be_used_again():
    pause = no_grad()

    @no_grad()
    def twice(x, depth=0):
        return twice(x, depth + 1) if depth < 2 else x * 2

    assert twice(Value(1.0)).is_leaf
    assert is_recording()
    with pause, pause:
        assert not is_recording()
    with pause:
        pass
    assert is_recording()


def recorded_between(pieces, x):
    """Go through a generator, and tell what is recorded while it waits."""
    return [(y.requires_grad, (x * 1).requires_grad) for y in pieces]


def test_a_generator_under_no_grad_records_nothing_and_its_user_does():
    x = Value(1.0)

    def plain(n):
        for i in range(n):
            yield x * i
        return "done"

    assert recorded_between(plain(2), x) == [(True, True)] * 2
    assert recorded_between(no_grad()(plain)(2), x) == [(False, True)] * 2
    with no_grad():
        assert recorded_between(no_grad()(plain)(2), x) == [(False, False)] * 2
    ended = no_grad()(plain)(0)
    with pytest.raises(StopIteration, match="done"):
        next(ended)


def test_a_generator_under_no_grad_is_sent_to_thrown_into_and_closed():
    x, seen = Value(1.0), []

    @no_grad()
    def echo():
        try:
            while True:
                try:
                    seen.append((yield x * 2))
                except KeyError as error:
                    seen.append((error.args, (x * 2).requires_grad))
        finally:
            seen.append(("closed", (x * 2).requires_grad))

    pieces = echo()
    assert next(pieces).is_leaf
    assert pieces.send("hello").is_leaf
    assert pieces.throw(KeyError("a")).is_leaf
    pieces.close()
    assert seen == ["hello", (("a",), False), ("closed", False)]
    assert is_recording()
    with pytest.raises(ZeroDivisionError):
        next(no_grad()(lambda: (yield 1 / 0))())
    assert is_recording()


def test_an_async_function_is_told_to_pause_between_its_waits():
    with pytest.raises(ArgumentError) as error:

        @no_grad()
        async def wait():
            return 1

    assert str(error.value) == (
        "no_grad: an async function has waits, in which others run.\n"
        "  expected  a function, or a generator\n"
        "  got       async def wait\n"
        "  Write it inside, between two waits: with no_grad(): ..."
    )


def test_an_error_inside_ends_the_pause():
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # what is raised
    assert is_recording()


# Staleness

USES = {
    "itself": lambda p: (p * p).sum(),
    "an exponential": lambda p: np.exp(p).sum(),
    "a reshape": lambda p: (np.reshape(p, -1) ** 2).sum(),
    "a transpose": lambda p: (p.T @ p).sum(),
    "a slice": lambda p: (p[0] * p[1:]).sum(),
    "a view of a view": lambda p: (p.T[0].reshape(2, 1) ** 2).sum(),
    "a broadcast": lambda p: (np.broadcast_to(p, (3, 2, 2)) ** 2).sum(),
    "a mask": lambda p: (np.where(p > 1, p, 0.0) * p).sum(),
    "a diagonal": lambda p: (np.diagonal(p) ** 2).sum(),
    "an einsum": lambda p: (np.einsum("ij->ji", p) * p).sum(),
}
CHANGES = {
    "assigns": lambda p: setattr(p, "data", p.data * 0),
    "subtracts in place": lambda p: setattr(p, "data", p.data.__isub__(1.0)),
    "uses the door": lambda p: assign(p, p.data - 1),
    "rebinds": lambda p: rebind(p, p.data - 1),
    "writes, then assigns": lambda p: (p.data.fill(0.0), setattr(p, "data", p.data)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_parameter_that_changed_after_it_was_used_is_named(use, change):
    p = Value([[1.0, 2.0], [3.0, 4.0]], name="weight")
    loss = USES[use](p)
    users = {v.fn.__name__ for v in ancestors(loss) if p in set(parents(v))}
    CHANGES[change](p)
    for act in (
        loss.backward,
        lambda: loss.backward(leaves_only=True),
        lambda: loss.backward(create_graph=True),
        lambda: mt.backward.gradients([loss], [p]),
        lambda: mt.backward.all_gradients(loss),
        lambda: copy.deepcopy(loss),
    ):
        with pytest.raises(StaleValueError) as error:
            act()
        assert str(error.value) in {
            f"backward: weight was changed after {user} had used it.\n"
            "  Its old numbers are gone, and the chain rule needs them.\n"
            "  Run the forward pass again after an update, then call backward."
            for user in users
        }
    fresh = USES[use](p)
    fresh.backward()
    assert p.grad is not None


def test_a_changed_number_is_noticed_and_a_constant_one_too():
    s, c = Value(2.0, name="s"), Value(3.0, name="c", requires_grad=False)
    for changed in (s, c):
        loss = s * c
        changed.data = 5.0
        with pytest.raises(StaleValueError, match=f"backward: {changed.name} was changed"):
            loss.backward()


def test_the_gradient_of_before_is_not_of_after_an_assignment():
    w = Value(3.0)
    before = w * w
    before.backward()
    w.data -= 0.1 * w.grad
    w.grad = None
    (w * w).backward()
    assert w.grad == 2 * w.data


@pytest.mark.parametrize(
    "view", [lambda p: p.reshape(-1), lambda p: p.T, lambda p: p[0], lambda p: +p]
)
def test_constants_of_before_keep_the_numbers_of_before(view):
    """What is computed without a record, from views too, is right in any later graph."""
    p, x = Value([[1.0, 2.0]]), Value(1.0)
    plain = view(p.data).copy()
    with no_grad():
        paused = view(p)
    detached = view(p).detach()
    constant = view(Value(p.data, requires_grad=False))
    p.data -= 1.0
    for c in (paused, detached, constant):
        assert np.array_equal(c.data, plain)
        x.grad = None
        (x * c).sum().backward()
        assert x.grad == plain.sum()


def test_a_function_that_gives_its_operand_itself_gives_a_copy_when_paused():
    @mt.primitive
    def same(x):
        return x

    mt.differentiable(same, lambda g, y, x: g)
    p = Value([1.0, 2.0])
    with no_grad():
        y = same(p)
    p.data -= 1
    assert y.data.tolist() == [1, 2]


def test_an_index_that_is_a_value_may_change_later():
    x, i = Value([1.0, 2.0, 3.0]), Value(np.array([0, 1]))
    y = x[i].sum() + x[[i, i]].sum() + np.take(x, i).sum()
    i.data += 1
    y.backward()
    assert x.grad.tolist()[2] == 0


# Names and scopes


def test_values_are_called_by_name_by_path_or_by_shape():
    weight, named, other = Value([1.0]), Value(2.0, name="k"), Value(np.ones((2, 3)))
    model = Outer(head=Part(weight=weight), k=named)
    y = model(lambda: model.members["head"](lambda: weight * named))
    assert name_of(weight, y.scope) == "head.weight"
    assert name_of(weight) is None
    assert name_of(named, y.scope) == "k"
    assert label(other, y.scope) == "a Value of shape (2, 3)"


def test_a_stale_parameter_is_called_by_its_path():
    weight = Value([1.0])
    model = Outer(head=Part(weight=weight))
    y = model(lambda: model.members["head"](lambda: weight * 2)).sum()
    weight.data -= 1
    with pytest.raises(StaleValueError) as error:
        y.backward()
    assert str(error.value).startswith("backward: head.weight was changed after multiply had used")


def test_scopes_tell_the_module_call_and_its_path():
    inner = Part()
    model = Outer(body=Part(inner=inner))
    x = Value(1.0)
    y = model(lambda: model.members["body"](lambda: inner(lambda: x * 1)))
    z = model(lambda: x * 1)
    lone = model(lambda: Part()(lambda: x * 1))
    assert module_path(y.scope) == "Outer.body.inner"
    assert module_path(z.scope) == "Outer"
    assert module_path(lone.scope) == "Outer.Part"
    assert module_path(x.scope) == ""
    assert [s.module for s in y.scope.chain()] == [model, model.members["body"], inner]
    assert y.scope.chain()[0].call != z.scope.call
    assert y.origin.scope is y.scope


def test_a_scope_does_not_keep_its_module_alive():
    x = Value(1.0)
    model = Outer(x=x)
    y = model(lambda: x * 1)
    del model
    assert y.scope.module is None
    assert module_path(y.scope) == "Outer"
    assert label(x, y.scope) == "a Value of shape ()"


def test_the_backward_pass_runs_outside_of_every_scope():
    x = Value(2.0)
    model = Outer()

    def forward():
        loss = x**3
        loss.backward(create_graph=True)
        return state.scope

    assert model(forward).module is model
    assert x.grad.scope is None
