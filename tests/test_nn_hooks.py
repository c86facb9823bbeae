"""Functions that are called around a module, and what is done to all of its parts at once."""

import gc

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn, optim
from microtensor.errors import ArgumentError, ShapeError
from microtensor.nn.hooks import hooked

X = np.random.default_rng(0).standard_normal((5, 3))


def network():
    return nn.Sequential(
        nn.Linear(3, 4, rng=0, dtype=np.float64), nn.Tanh(),
        nn.Linear(4, 1, rng=1, dtype=np.float64),
    )  # fmt: skip


class Pair(nn.Module):
    """Two inputs, two outputs, and one that has no gradient."""

    def forward(self, a, b, scale=1.0):
        return {"sum": scale * (a + b), "rest": [a * b[0], np.zeros(2)]}


@pytest.fixture(autouse=True)
def _no_hook_is_left():
    yield
    assert hooked == {}


# Forward


def test_a_hook_sees_what_goes_in_and_comes_out_in_order():
    net, seen = network(), []
    with (
        net[1].before_forward(lambda module, args: seen.append(("before", module, args[0].shape))),
        net[1].after_forward(lambda module, args, y: seen.append(("after", module, y.shape))),
        net.after_forward(lambda module, args, y: seen.append(("last", module, args[0] is x))),
    ):
        x = mt.Value(X)
        net(x)
    net(x)
    assert seen == [("before", net[1], (5, 4)), ("after", net[1], (5, 4)), ("last", net, True)]


def test_a_hook_may_replace_what_goes_in_and_what_comes_out():
    net = network()
    with net.before_forward(lambda module, args: (2 * args[0],)):
        assert np.allclose(net(X).data, net(X).data)
        doubled = net(X).data
    assert np.allclose(doubled, net(2 * X).data)
    with net.before_forward(lambda module, args: 2 * args[0]):  # one alone needs no tuple
        assert np.allclose(net(X).data, doubled)
    with net[2].after_forward(lambda module, args, y: -y), net.after_forward(lambda m, a, y: y + 1):
        assert np.allclose(net(X).data, 1 - net_output(net))


def net_output(net):
    w, b = net[0].weight.data, net[0].bias.data
    return np.tanh(X @ w.T + b) @ net[2].weight.data.T + net[2].bias.data


def test_hooks_of_one_moment_are_called_in_the_order_in_which_they_came():
    net, seen = network(), []
    with net.after_forward(lambda *_: seen.append(1)), net.after_forward(lambda *_: seen.append(2)):
        net(X)
    assert seen == [1, 2]


@pytest.mark.parametrize("moment", ["before_forward", "after_forward"])
def test_hooks_are_called_while_nothing_is_recorded_too(moment):
    net, seen = network(), []
    with mt.no_grad(), getattr(net[1], moment)(lambda *args: seen.append(len(args))):
        net(X)
        net[1](X)
    assert seen == [2 if moment == "before_forward" else 3] * 2


def test_a_hook_is_gone_after_an_error_too():
    net = network()
    with pytest.raises(ZeroDivisionError), net.after_forward(lambda *_: 1 / 0):
        net(X)
    assert net(X).shape == (5, 1)


def test_a_hook_without_a_block_stays_until_it_is_removed():
    net, seen = network(), []
    hook = net.after_forward(lambda *_: seen.append(1))
    net(X)
    hook.remove()
    hook.remove()
    net(X)
    assert seen == [1]


def test_a_hook_may_remove_itself():
    net, seen = network(), []

    def once(*_):
        seen.append(1)
        hook.remove()

    hook = net[1].after_forward(once)
    net(X)
    net(X)
    assert seen == [1]


def test_a_copy_has_no_hooks():
    import copy

    net, seen = network(), []
    with net.after_forward(lambda *_: seen.append(1)):
        copy.deepcopy(net)(X)
    assert seen == []


# Backward


def test_hooks_see_the_gradients_of_outputs_and_inputs():
    net, seen = network(), []
    h = mt.Value(np.tanh(X @ net[0].weight.data.T + net[0].bias.data))
    (net[2](h) ** 2).sum().backward()
    y = net_output(net)
    with (
        net[2].before_backward(lambda module, grads: seen.append((module, grads))),
        net[2].after_backward(lambda module, *grads: seen.append((module, *grads))),
    ):
        (net(X) ** 2).sum().backward()
    (first, before), (second, after, output_grads) = seen
    assert first is second is net[2]
    assert len(before) == len(after) == 1
    assert np.allclose(before[0], 2 * y)
    assert output_grads[0] is before[0]
    assert np.allclose(after[0], h.grad)


def test_hooks_change_no_gradient_unless_they_say_so():
    plain, watched = network(), network()
    x, z = mt.Value(X), mt.Value(X)
    (plain(x) ** 2).sum().backward()
    with (
        watched[0].before_backward(lambda *_: None), watched[1].after_backward(lambda *_: None),
        watched.after_backward(lambda *_: None),
    ):  # fmt: skip
        (watched(z) ** 2).sum().backward()
    assert np.array_equal(x.grad, z.grad)
    for p, q in zip(plain.parameters(), watched.parameters(), strict=True):
        assert np.array_equal(p.grad, q.grad)


def test_a_hook_may_replace_gradients():
    net, x, z = network(), mt.Value(X), mt.Value(X)
    net(x).sum().backward()
    weight = net[0].weight.grad
    net.zero_grad()
    with (
        net[1].before_backward(lambda module, grads: [3 * g for g in grads]),
        net[0].after_backward(lambda module, grads, _: (grads[0] + 1,)),
    ):
        net(z).sum().backward()
    assert np.allclose(z.grad, 3 * x.grad + 1)
    assert np.allclose(net[0].weight.grad, 3 * weight)


def test_a_layer_whose_input_is_data_has_no_gradients_to_tell_of():
    net, seen = network(), []
    with net[0].after_backward(lambda module, grads, outputs: seen.append((grads, outputs))):
        net(X).sum().backward()
    [(grads, outputs)] = seen
    assert grads == (None,)
    assert outputs[0].shape == (5, 4)


def test_several_inputs_and_outputs_come_by_together():
    module, seen = Pair(), []
    a, b = mt.Value([1.0, 2.0]), mt.Value([[3.0, 4.0]])
    with (
        module.before_backward(lambda m, grads: seen.append(grads)),
        module.after_backward(lambda m, grads, _: seen.append(grads)),
    ):
        y = module(a, b, scale=2.0)
        (y["sum"] * [10.0, 20.0]).sum().backward()
    outputs, inputs = seen
    assert outputs[0].tolist() == [[10, 20]]
    assert outputs[1].tolist() == [0, 0]
    assert outputs[2] is None
    assert [g.tolist() for g in inputs] == [[20, 40], [[20, 40]]]
    assert (a.grad.tolist(), b.grad.tolist()) == ([20, 40], [[20, 40]])
    assert y["rest"][0].data.tolist() == [3, 8]
    assert y["sum"].shape == (1, 2)


def test_gradients_of_several_keep_their_dtypes():
    module = Pair()
    a, b = mt.Value(np.ones(2, np.float32)), mt.Value(np.ones((1, 2)))
    with module.after_backward(lambda m, grads, _: None):
        y = module(a, b)
        (y["sum"].sum() + y["rest"][0].sum()).backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    assert (a.grad.tolist(), b.grad.tolist()) == ([2, 2], [[2, 2]])


def test_a_shared_module_tells_of_each_of_its_calls():
    shared = nn.Linear(3, 3, rng=0, dtype=np.float64)
    net, seen = nn.Sequential(shared, nn.Tanh(), shared), []
    with shared.before_backward(lambda m, grads: seen.append(grads[0])):
        x = mt.Value(X)
        net(x).sum().backward()
    assert len(seen) == 2
    assert np.array_equal(seen[0], np.ones((5, 3)))  # the last call's come first
    assert not np.array_equal(seen[1], np.ones((5, 3)))


def test_hooks_see_gradients_of_gradients():
    net, seen = network(), []

    def loss(x):
        return (net(x) ** 3).sum()

    def penalty(x):
        return (mt.grad(loss)(x) ** 2).sum()

    expected = mt.grad(penalty)(X)
    with net[1].after_backward(lambda module, grads, _: seen.append(type(grads[0]))):
        found = mt.grad(penalty)(X)
    assert np.allclose(found, expected)
    assert mt.Value in seen


def test_rows_of_a_jacobian_come_by_one_by_one():
    net, seen = network(), []
    expected = mt.jacobian(net)(X)
    with net[1].after_backward(lambda module, grads, _: seen.append(grads[0].shape)):
        found = mt.jacobian(net)(X)
    assert np.allclose(found, expected)
    assert set(seen) == {(5, 4)}


def test_a_hook_that_is_gone_is_not_called_by_what_was_recorded_before():
    net, seen = network(), []
    with net.before_backward(lambda *_: seen.append(1)):
        y = net(X).sum()
    y.backward()
    assert seen == []


def test_hooks_leave_no_cycle_behind():
    net = network()
    gc.collect()
    with net[1].after_backward(lambda *_: None):
        net(mt.Value(X)).sum().backward()
    assert gc.collect() == 0


# What is said of a wrong hook


def test_a_hook_is_a_function():
    with pytest.raises(ArgumentError) as error:
        nn.Tanh().after_forward(3)
    assert str(error.value) == (
        "Tanh.after_forward: a hook is a function.\n"
        "  expected  such as module.after_forward(print)\n"
        "  got       a int"
    )


@pytest.mark.parametrize(
    ("given", "shapes"), [(np.ones(4), "[(4,)]"), ([], "[]"), ((None,), "[None]")]
)
def test_gradients_in_place_of_others_have_their_shapes(given, shapes):
    net = network()
    with pytest.raises(ShapeError) as error, net[1].before_backward(lambda *_: given):
        net(X).sum().backward()
    assert str(error.value) == (
        "Tanh.before_backward: the hook gave gradients of other shapes.\n"
        "  expected  None, or gradients of the shapes [(5, 4)]\n"
        f"  got       the shapes {shapes}"
    )


# All parts at once


def test_apply_goes_from_the_inside_out_and_to_each_once():
    shared = nn.Tanh()
    net = nn.Sequential(nn.Sequential(shared, nn.ReLU()), shared, nn.Identity())
    seen = []
    assert net.apply(seen.append) is net
    assert seen == [shared, net[0][1], net[0], net[2], net]


@pytest.mark.parametrize(
    "make",
    [
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
        lambda p: optim.AdamW(p, lr=0.1),
    ],
)
def test_a_frozen_part_stays_as_it_is_while_the_rest_is_trained(make):
    net = network()
    optimizer = make(net.parameters())
    for step in range(4):
        if step == 1:
            assert net[0].freeze() is net[0]
            before = net.state_dict()
        net.zero_grad()
        (net(X) ** 2).sum().backward()
        optimizer.step()
    after = net.state_dict()
    assert [np.array_equal(before[key], after[key]) for key in before] == [True, True, False, False]
    assert net[0].weight.grad is None


def test_freezing_forgets_gradients_so_that_no_step_uses_them():
    net = network()
    net(X).sum().backward()
    net[0].freeze()
    before = net[0].weight.data.copy()
    optim.SGD(net.parameters(), lr=0.1).step()
    assert np.array_equal(net[0].weight.data, before)


def test_gradients_flow_through_a_frozen_part():
    net, x, z = network(), mt.Value(X), mt.Value(X)
    net(x).sum().backward()
    net.freeze()
    net(z).sum().backward()
    assert np.array_equal(x.grad, z.grad)


def test_what_was_frozen_can_be_trained_again():
    net = network().freeze().unfreeze()
    net(X).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
