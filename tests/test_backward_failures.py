"""What is left behind: by passes that fail or are stopped, by long graphs, and between threads."""

import copy
import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, backward
from microtensor.errors import StaleValueError
from microtensor.graph import Node, Scope, ancestors, state


class BrokenError(Exception):
    pass


@mt.primitive
def fragile(x, fails=BrokenError):
    return x * 1.0


def _fails(g, y, x, fails):
    if fails is None:
        return g
    raise fails


mt.differentiable(fragile, _fails)


def nothing_is_left(*roots):
    return all(node._cotangent is None for node in ancestors(*roots)) and not backward._depth


# Passes that fail


@pytest.mark.parametrize("failure", [BrokenError, KeyboardInterrupt, MemoryError, TypeError])
@pytest.mark.parametrize("options", [{}, {"leaves_only": True}, {"create_graph": True}])
def test_a_pass_that_fails_midway_changes_no_gradient(failure, options):
    x, w = Value([1.0, 2.0]), Value(3.0)
    (x * w).sum().backward()
    h = x * w
    loss = (fragile(x, fails=failure) * h).sum()
    with pytest.raises(failure):
        loss.backward(**options)
    assert nothing_is_left(loss)
    assert (x.grad.tolist(), w.grad, h.grad, loss.grad) == ([3, 3], 3.0, None, None)
    assert state.scope is None
    (h.sum()).backward()
    assert (x.grad.tolist(), w.grad) == ([6, 6], 6.0)


def test_a_stale_graph_leaves_nothing_behind():
    x, w = Value([1.0, 2.0], name="x"), Value(3.0)
    loss = (w * (x * x)).sum()
    x.data = [0.0, 0.0]
    with pytest.raises(StaleValueError):
        loss.backward()
    x.number = 0  # as if it had not happened: the marks can be looked at
    assert nothing_is_left(loss)
    assert w.grad is None


def test_a_pass_within_a_pass_that_fails_leaves_the_outer_one_intact():
    w = Value(3.0)
    shared = w * w

    @mt.primitive
    def tolerant(x):
        return x * 1.0

    def rule(g, y, x):
        with pytest.raises(BrokenError):
            backward.gradients([fragile(shared)], [w])
        return g

    mt.differentiable(tolerant, rule)
    (tolerant(shared) + shared).backward()
    assert w.grad == 12.0


def interrupted_at(line, act, within):
    """Run ``act`` with Ctrl-C at the n-th line inside of some functions; tell if it came so far."""
    count = 0
    before = sys.gettrace()

    def trace(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename != backward.__file__ or frame.f_code.co_name not in within:
            return trace if event == "call" else None
        if event == "line":
            count += 1
            if count == line:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_ctrl_c_at_any_line_of_a_pass_leaves_later_passes_right():
    within = {
        "_reach",
        "_between",
        "_pass_on",
        "_pass_on_numbers",
        "by_full_rule",
        "fit",
        "_clean",
        "seed_for",
    }
    x, w = Value([1.0, 2.0]), Value([3.0, 4.0])
    loss = (x * w + np.sum(x * x)).sum()

    def act():
        loss.backward()
        backward.gradients([loss], [x])

    line = 1
    while interrupted_at(line, act, within):
        assert nothing_is_left(loss)
        x.grad = w.grad = None
        loss.backward()
        assert x.grad.tolist() == [7, 12]
        assert w.grad.tolist() == [1, 2]
        line += 1
    assert line > 100


def test_ctrl_c_while_cleaning_up_cleans_up_again(monkeypatch):
    clean, calls = backward._clean, []

    def interrupted_once(order, outer):
        calls.append(len(order))
        if len(calls) == 1:
            raise KeyboardInterrupt
        clean(order, outer)

    x = Value(2.0)
    loss = x * x
    with monkeypatch.context() as patch:
        patch.setattr(backward, "_clean", interrupted_once)
        with pytest.raises(KeyboardInterrupt):
            loss.backward()
    assert calls == [2, 2]
    assert nothing_is_left(loss)


def test_a_mark_that_is_left_behind_would_be_noticed():
    x = Value(1.0)
    loss = x * 2
    x._cotangent = 1.0
    assert not nothing_is_left(loss)
    x._cotangent = None
    assert nothing_is_left(loss)


# Freeing


def train(steps=2):
    w, b = Value(np.ones((3, 4))), Value(np.zeros(4))
    x = np.arange(6.0).reshape(2, 3)
    for _ in range(steps):
        loss = np.mean((np.tanh(x @ w + b) - 1) ** 2) + mt.softmax(b).sum() + (x @ w)[0, 1:].max()
        loss.backward(leaves_only=True)
        for p in (w, b):
            p.data -= 0.1 * p.grad
            p.grad = None
    mt.grad(lambda w: (w**2).sum())(w.data)
    mt.hessian(lambda w: (w**3).sum())(b.data)


def failing():
    x = Value([1.0, 2.0])
    for act in (lambda: fragile(x).sum().backward(), lambda: x + np.ones(3), lambda: np.array([x])):
        try:
            act()
        except (BrokenError, ValueError, TypeError):
            pass
        else:
            raise AssertionError("it was to fail")


def cyclic():
    v = Value(1.0)
    v.grad = v * 2


def garbage_of(act):
    """List the values that only the cycle collector could free."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        act()
        gc.collect()
        return [x for x in gc.garbage if isinstance(x, Node | Scope)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.collect()


@pytest.mark.parametrize("act", [train, failing])
def test_nothing_is_left_to_the_cycle_collector(act):
    assert garbage_of(act) == []


def test_a_cycle_would_be_noticed():
    assert len(garbage_of(cyclic)) == 2


@pytest.mark.parametrize("failure", [None, BrokenError, KeyboardInterrupt])
def test_a_graph_is_freed_with_its_output(failure):
    x = Value([1.0, 2.0])
    h = x * x
    inner = weakref.ref(h)
    loss = fragile(h, fails=failure).sum()
    del h
    try:
        loss.backward()
    except (BrokenError, KeyboardInterrupt):
        assert failure is not None
    assert inner() is not None
    del loss
    assert inner() is None


def test_a_stale_graph_is_freed_with_its_output():
    x = Value([1.0, 2.0])
    loss = (x * x).sum()
    inner = weakref.ref(loss.origin.args[0])
    x.data = [0.0, 0.0]
    try:
        loss.backward()
    except StaleValueError:
        del loss
    assert inner() is None


def test_inner_gradients_die_with_the_graph_and_leaves_keep_theirs():
    x = Value([1.0, 2.0])
    loss = (x * x).sum()
    loss.backward()
    del loss
    assert x.grad.tolist() == [2, 4]


# Length


def test_a_chain_of_a_million_steps_runs_forward_backward_and_is_freed():
    x = y = Value(1.0)
    factor = Value(1.0, requires_grad=False)
    for _ in range(1_000_000):
        y = y * factor
    first = weakref.ref(y)
    y.backward(leaves_only=True)
    assert x.grad == 1.0
    del y
    assert first() is None


def test_long_chains_are_no_depth_for_any_walk():
    x = y = Value(1.0)
    for _ in range(50_000):
        y = y + 1.0
    y.backward()
    assert y.origin.args[0].grad == 1.0
    assert backward.gradients([y], [x]) == [1.0]
    assert len(backward.all_gradients(y)) == 50_001
    assert len(ancestors(y)) == 50_001
    assert len(ancestors(copy.deepcopy(y))) == 50_001

    def chain(x):
        for _ in range(20_000):
            x = x * 1.0
        return x * x

    assert mt.grad(mt.grad(chain))(3.0) == 2.0


# Threads


def run_together(*acts):
    errors, start = [], threading.Barrier(len(acts))

    def run(act):
        try:
            start.wait()
            act()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []


def test_each_thread_pauses_its_own_record():
    x = Value(2.0)
    inside = threading.Event()
    done = threading.Event()
    found = {}

    def paused():
        with mt.no_grad():
            inside.set()
            assert done.wait(10)
            found["paused"] = (x * x).requires_grad

    def recording():
        assert inside.wait(10)
        found["recording"] = (x * x).requires_grad
        done.set()

    run_together(paused, recording)
    assert found == {"paused": False, "recording": True}


def test_threads_may_run_backward_through_shared_parameters_at_once():
    w = Value(np.ones(50))

    def work(scale):
        for _ in range(100):
            h = w * scale
            (h * h).sum().backward()

    run_together(lambda: work(1.0), lambda: work(2.0))
    assert w.grad.tolist() == [100 * (2 + 8)] * 50


@pytest.mark.parametrize("rule", [lambda x: 3 * x**2, lambda g, x: g * 3 * x**2])
def test_a_rule_of_too_few_arguments_is_told_which_it_is_called_with(rule):
    @mt.primitive
    def cube(x):
        return x**3

    mt.differentiable(cube, rule)
    with pytest.raises(TypeError, match="positional argument") as error:
        cube(Value(2.0, name="x")).backward()
    assert error.value.__notes__ == [
        "in the rule of cube, of\n"
        "  x of shape ()\n"
        "A rule is called with g, y and the inputs: lambda g, y, x: ... for one input."
    ]
