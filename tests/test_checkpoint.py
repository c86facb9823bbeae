"""A checkpointed function gives the same numbers, to any order, and keeps only its inputs."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, contributing, nn
from microtensor.errors import ArgumentError, GradientError, StaleValueError


def lines(*rows):
    return "\n".join(rows)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


W = Value(normal(3, 3), name="W")  # closed over by some functions below
W32 = Value(normal(3, 3).astype(np.float32))


def plain(x):
    return x.data if isinstance(x, Value) else x


FUNCTIONS = {
    "one output": (lambda x: np.tanh(x) * x, normal(3)),
    "a number": (lambda x: x * x * x, 1.5),
    "an input used twice": (lambda x, y: x * y + np.sin(x) * x, normal(3), normal(3, seed=1)),
    "one value for two arguments": (lambda p: (lambda x, y: x * y)(p, p), normal(3)),
    "closed over": (lambda x: np.tanh(x @ W) @ W, normal(2, 3)),
    "several outputs": (lambda x: (x * x, [np.sin(x[0]), {"s": x.sum()}]), normal(3)),
    "an output twice": (lambda x: (lambda y: (y, y))(x * x), normal(3)),
    "an input given back": (lambda x: (x, x * x), normal(3)),
    "weak and strong": (lambda x: (x * 2.0, x.sum().item() * 0.0 + x[0]), normal(3)),
    "a view": (lambda x: (x * x)[:2].T, normal(3, 4)),
    "nested arguments": (lambda p: p["a"] * p["b"][0], {"a": normal(3), "b": [normal(3)]}),
    "nothing differentiable": (lambda x: (x > 0, x * x), normal(3)),
}


def numbers(tree):
    return [np.asarray(plain(x)) for x in mt.nesting.leaves(tree)]


def total(tree):
    return sum(np.sum(np.sin(x + 0.1)) for x in mt.nesting.leaves(tree) if _is_float(x))


def _is_float(x):
    return isinstance(x, Value) and x.requires_grad


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_and_derivatives_of_every_order_are_those_of_the_function(name):
    f, *args = FUNCTIONS[name]
    g = mt.checkpoint(f)
    for a, b in zip(numbers(mt.vjp(g, *args)[0]), numbers(mt.vjp(f, *args)[0]), strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == b.dtype

    for order in range(3):
        of_f, of_g = (_derivative(h, order) for h in (f, g))
        W.grad = None
        for a, b in zip(numbers(of_g(*args)), numbers(of_f(*args)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def _derivative(f, order):
    """Make the function whose gradient of the given order is taken, by the first argument."""
    scalar = lambda *args: total(f(*args))
    for _ in range(order):
        scalar = _slope(scalar)
    return mt.grad(scalar)


def _slope(scalar):
    found = mt.grad(scalar)
    return lambda *args: sum(np.sum(np.sin(g)) for g in mt.nesting.leaves(found(*args)))


def test_a_wrong_derivative_would_be_noticed(monkeypatch):
    monkeypatch.setattr(mt.recomputing._Replay, "gradient", lambda self, g, y, i, shown: 2.0 * g)
    with pytest.raises(AssertionError):
        test_numbers_and_derivatives_of_every_order_are_those_of_the_function("one output")


def test_values_closed_over_get_their_gradients_and_backward_can_be_called_again():
    x, w = Value(normal(3)), Value(normal(3, seed=1))
    h = w * 2.0
    f = mt.checkpoint(lambda x: np.tanh(x * h) * w)
    loss = f(x).sum()
    expected = mt.grad(lambda x, w: (np.tanh(x * (w * 2.0)) * w).sum(), (0, 1))(x.data, w.data)
    for times in (1, 2):
        loss.backward()
        np.testing.assert_allclose(x.grad, times * expected[0])
        np.testing.assert_allclose(w.grad, times * expected[1])
    assert h.grad is not None
    assert {id(a) for a in loss.origin.args[0].origin.args} == {id(x), id(w), id(h)}


def test_jacobians_and_hessians_are_those_of_the_function():
    f = lambda x: np.tanh(x @ W) * x
    g = mt.checkpoint(f)
    x = normal(3)
    assert np.array_equal(plain(mt.jacobian(g)(x)), plain(mt.jacobian(f)(x)))
    of_f, of_g = (plain(mt.hessian(lambda x, h=h: h(x).sum())(x)) for h in (f, g))
    np.testing.assert_allclose(of_g, of_f, rtol=1e-12)


def test_only_what_is_asked_for_is_computed_and_all_of_it_at_once():
    calls = []

    def f(x, y):
        calls.append(1)
        return x * y

    x, y = Value(normal(3)), Value(normal(3))
    out = mt.checkpoint(f)(x, y)
    out.sum().backward()
    assert len(calls) == 2
    assert mt.backward.gradients([out], [x], [np.ones(3)])[0].tolist() == y.data.tolist()
    assert len(calls) == 3
    sent = contributing.contributions(out, np.ones(3))  # as a reader asks, outside of a pass
    assert [s[2].tolist() for s in sent] == [y.data.tolist(), x.data.tolist()]


def test_models_train_to_the_same_numbers():
    def trained(wrap):
        mt.seed(0)
        net = nn.MLP(3, [8, 8, 1], activation="tanh")
        optimizer = mt.optim.SGD(net.parameters(), lr=0.1)
        x, y = normal(16, 3), normal(16, 1, seed=1)
        for _ in range(5):
            optimizer.zero_grad()
            h = x
            for layer in net.layers:
                h = wrap(layer)(h)
            mt.losses.mse(h, y.astype(np.float32)).backward(leaves_only=True)
            optimizer.step()
        return [p.data for p in net.parameters()]

    for a, b in zip(trained(mt.checkpoint), trained(lambda layer: layer), strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == np.float32


def test_checkpoints_of_checkpoints():
    inner = mt.checkpoint(lambda x: np.sin(x) * W[0])
    outer = mt.checkpoint(lambda x: inner(inner(x)) * x)
    plainly = lambda x: (lambda f: f(f(x)) * x)(lambda x: np.sin(x) * W[0])
    x = normal(3)
    for f, g in (
        (outer, plainly),
        (_slope(lambda x: outer(x).sum()), _slope(lambda x: plainly(x).sum())),
    ):
        a, b = (mt.grad(lambda x, h=h: h(x).sum())(x) for h in (f, g))
        np.testing.assert_allclose(plain(a), plain(b), rtol=1e-12)


def test_keyword_arguments_and_plain_arguments_are_passed_on():
    f = mt.checkpoint(lambda x, *, power, mode: x**power if mode == "up" else x)
    x, k = Value([2.0, 3.0]), Value(2.0)
    f(x, power=k, mode="up").sum().backward()
    assert x.grad.tolist() == [4, 6]
    assert k.grad == pytest.approx(4 * np.log(2) + 9 * np.log(3))


def test_it_goes_by_the_name_of_its_function_and_passes_errors_on():
    def wave(x):
        "A wave."
        return np.sin(x)

    assert (mt.checkpoint(wave).__name__, mt.checkpoint(wave).__doc__) == ("wave", "A wave.")
    with pytest.raises(TypeError, match="positional argument"):
        mt.checkpoint(wave)(1.0, 2.0)


# What is kept


def test_within_no_grad_it_is_the_function():
    x = Value([1.0, 2.0])
    with mt.no_grad():
        y = mt.checkpoint(np.sin)(x)
    assert (y.requires_grad, y.origin) == (False, None)
    assert np.array_equal(y.data, np.sin(x.data))


def test_nothing_that_requires_a_gradient_leaves_nothing_to_keep():
    y = mt.checkpoint(lambda x: (x * 2, np.argmax(x)))(Value([1.0, 2.0], requires_grad=False))
    assert [v.requires_grad for v in y] == [False, False]
    assert mt.checkpoint(lambda x: (x.sum(), 3, "a"))(Value([1.0]))[1:] == (3, "a")


def test_inner_values_are_forgotten_and_the_graph_is_freed_by_counting():
    inner = []

    def f(x):
        h = x * x
        inner.append(weakref.ref(h))
        return np.sin(h), h.sum()

    x = Value(normal(3))
    gc.disable()
    try:
        y, total = mt.checkpoint(f)(x)
        assert inner[0]() is None
        loss = y.sum() + total
        loss.backward()
        assert [r() for r in inner] == [None, None]
        alive = weakref.ref(loss)
        del y, total, loss
        assert alive() is None
    finally:
        gc.enable()


def test_an_output_that_is_a_view_does_not_keep_what_it_looks_at():
    y = mt.checkpoint(lambda x: (x * x)[:1])(Value(np.ones(1000)))
    assert y._data.base is None


def test_what_one_pass_left_over_is_not_given_to_the_next():
    x, y = Value(2.0), Value(3.0)
    z = mt.checkpoint(lambda x, y: x * y)(x, y)
    replay = z.origin.kwargs["replay"]
    x._cotangent = y._cotangent = mt.backward.NOTHING  # as within a pass, which then is stopped
    try:
        assert replay.gradient(1.0, 6.0, 0, (2.0, 3.0)) == 3.0
        assert replay.gradient(10.0, 6.0, 1, (2.0, 3.0)) == 20.0
    finally:
        x._cotangent = y._cotangent = None


def test_a_parameter_that_the_function_sets_itself_has_its_gradient():
    p, x = Value(1.0), Value(3.0)

    def f(x):
        p.data = 2.0
        return p * x

    mt.checkpoint(f)(x).backward()
    assert (p.grad, x.grad) == (3.0, 2.0)


def test_a_layer_runs_again_as_a_part_of_its_model():
    """The outermost module converts its input; a part of it does not, the second time either."""

    class Net(nn.Module):
        def __init__(self):
            self.part = nn.Linear(3, 2, rng=0)

        def forward(self, x):
            return mt.checkpoint(self.part)(x.astype(float) / 3.0)

    net = Net()
    y = net(Value(normal(2, 3)))
    assert y.dtype == float
    y.sum().backward()
    assert net.part.weight.grad.dtype == np.float32


def peak(wrap, parts=16, steps=16, size=20_000):
    def several(x):
        for _ in range(steps):
            x = np.tanh(x)
        return x

    x = Value(np.ones(size))
    gc.collect()
    tracemalloc.start()
    h = x
    for _ in range(parts):
        h = wrap(several)(h)
    h.sum().backward(leaves_only=True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / (8 * size), x.grad


def test_a_deep_chain_needs_memory_for_its_parts_only():
    """256 steps of one array each; 16 parts of 16 need 16 + 16 of them, and a few to work with."""
    without, expected = peak(lambda f: f)
    with_it, found = peak(mt.checkpoint)
    assert np.array_equal(found, expected)
    assert without > 256
    assert with_it < 16 + 16 + 8


# Chance and state


class Noisy(nn.Module):
    def __init__(self, rng=None):
        self.weight = nn.Parameter(np.ones(4))
        self.mean = nn.Buffer(np.zeros(4))
        self.rng = rng

    def forward(self, x):
        keep = mt.randomness.generator(self.rng).random(4) > 0.5
        self.mean.data = self.mean.data + 1.0
        return self.weight * x * keep


@pytest.mark.parametrize("rng", [None, np.random.default_rng(3), np.random.RandomState(3)])
@pytest.mark.parametrize("how", ["itself", "a method", "closed over", "an argument"])
def test_layers_draw_the_same_numbers_again_and_buffers_change_once(rng, how):
    mt.seed(5)
    net = Noisy(rng)
    f = {
        "itself": mt.checkpoint(net),
        "a method": mt.checkpoint(net.forward),
        "closed over": mt.checkpoint(lambda x: net(x)),
        "an argument": lambda x: mt.checkpoint(lambda model, x: model(x))(net, x),
    }[how]
    x = np.arange(1.0, 5.0)
    losses = []
    for _ in range(4):
        y = f(x)
        losses.append((y.sum(), y.data != 0))
    user = (Value(np.ones(4)) * net.mean).sum()  # of the buffer as it is now
    before = mt.recomputing._position(mt.randomness.generator(rng))
    for loss, kept in reversed(losses):
        net.weight.grad = None
        loss.backward()
        assert net.weight.grad.tolist() == (x * kept).tolist()
    assert net.mean.data.tolist() == [4] * 4
    assert str(mt.recomputing._position(mt.randomness.generator(rng))) == str(before)
    user.backward()  # is not stale
    assert len({tuple(kept) for _, kept in losses}) > 1


def test_a_generator_that_is_given_is_put_back_too():
    rng = np.random.default_rng(0)
    x = Value(np.ones(50))
    y = mt.checkpoint(lambda x, rng: x * (rng.random(50) > 0.5))(x, rng)
    after = rng.bit_generator.state
    y.sum().backward()
    assert x.grad.tolist() == y.data.tolist()
    assert rng.bit_generator.state == after


AGAIN = lines(
    "checkpoint: f gave other numbers when it was run again.",
    "  expected  those of the forward pass, for which the gradient is",
    "  Does it draw from a generator that it makes or finds by itself, or was something changed",
    "  that it uses? Pass the generator as an argument, and change parameters after backward().",
)


def test_a_function_that_gives_other_numbers_again_is_refused():
    x = Value(np.ones(50))
    hidden = {"rng": np.random.default_rng(0), "scale": np.ones(50), "longer": False}

    def f(x):
        return x * (hidden["rng"].random(50) > 0.5)

    y = mt.checkpoint(f)(x)
    with pytest.raises(StaleValueError) as error:
        y.sum().backward()
    assert str(error.value) == AGAIN

    def f(x):
        y = x * hidden["scale"]
        return (
            (y, y)
            if hidden["longer"] is None
            else np.concatenate([y, y])
            if hidden["longer"]
            else y
        )

    y = mt.checkpoint(f)(x)
    y.sum().backward()
    for change in ({"scale": np.full(50, 1.001)}, {"scale": np.ones(50), "longer": True}):
        hidden.update(change)
        with pytest.raises(StaleValueError) as error:
            y.sum().backward()
        assert str(error.value) == AGAIN
    assert x.grad.tolist() == [1] * 50


def test_a_parameter_that_changed_is_named():
    w, x = Value(2.0, name="w"), Value(3.0)
    y = mt.checkpoint(lambda x: x * w)(x)
    w.data = 5.0
    with pytest.raises(StaleValueError, match="w was changed after recomputed had used it"):
        y.backward()


def test_a_pass_that_failed_leaves_nothing_for_the_next():
    fails = [False]

    def f(x, y):
        return x * y, x + y

    x, y = Value(2.0), Value(3.0)
    a, b = mt.checkpoint(f)(x, y)

    @mt.primitive
    def fragile(x):
        return x * 1.0

    def rule(g, y, x):
        if fails[0]:
            raise ZeroDivisionError
        return g

    mt.differentiable(fragile, rule)
    loss = fragile(a) + b
    fails[0] = True
    with pytest.raises(ZeroDivisionError):
        loss.backward()
    fails[0] = False
    loss.backward()
    assert (x.grad, y.grad) == (4.0, 3.0)


def test_a_copied_graph_is_differentiated_once_and_refused_twice():
    import copy

    x = Value([1.0, 2.0])
    y = copy.deepcopy(mt.checkpoint(lambda x: x * x)(x))
    twin = y.origin.args[0]
    y.sum().backward()
    assert (twin.grad.tolist(), x.grad) == ([2, 4], None)
    with pytest.raises(GradientError) as error:
        y.sum().backward(create_graph=True)
    assert str(error.value) == lines(
        "checkpoint: a copy of the graph of <lambda> cannot be differentiated twice.",
        "  Copy the model or the inputs, and run the forward pass on the copies.",
    )


def test_what_is_no_function_is_refused():
    with pytest.raises(ArgumentError) as error:
        mt.checkpoint(Value(1.0))
    assert str(error.value) == lines(
        "checkpoint: it takes a function, and gives one that computes the same.",
        "  expected  a function or a model, as in mt.checkpoint(f)(x)",
        "  got       a Value",
    )


def test_it_can_be_drawn_and_its_recorded_call_run():
    y = mt.checkpoint(lambda x: np.sin(x) * 2)(Value([1.0, 2.0], name="x"))
    assert "recomputed" in str(mt.draw(y).source if hasattr(mt.draw(y), "source") else mt.draw(y))
    step = y.origin
    assert np.array_equal(step.fn(*(a.data for a in step.args), **step.kwargs), y.data)
