"""The first operation that makes NaN or infinity is named, in both directions, and nothing else."""

import gc
import threading
import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, anomalies, backward, calls, methods, nn, value
from microtensor.errors import AnomalyError, StaleValueError


def lines(*rows):
    return "\n".join(rows)


def message(act, kind=AnomalyError):
    """Run what must be objected to; give what is said, without the place."""
    with pytest.raises(kind) as error, mt.detect_anomaly():
        act()
    assert not getattr(error.value, "__notes__", [])
    rows = str(error.value).splitlines()
    place = [row for row in rows if row.startswith("  called at")]
    assert all(__file__ in row or "outside of mt.detect_anomaly" in row for row in place)
    return lines(*(row for row in rows if row not in place and "act()" not in row))


def x32(*numbers, name="x"):
    return Value(np.array(numbers, np.float32), name=name)


# Forward


LOG = (
    "  log(0) is -inf. Keep x above 0: np.log(np.maximum(x, 1e-12)), or np.log1p(x) for 1 + x.",
    "  If np.where drops the entry, let the branch it drops compute something safe.",
)


def test_the_message_names_the_line_the_operands_the_module_and_the_cure():
    class Net(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(np.array([1.0, 0.0, 2.0]))

        def forward(self, x):
            return np.log(x * self.scale)

    with pytest.raises(AnomalyError) as error, mt.detect_anomaly():
        Net()(np.ones(3))
    rows = str(error.value).splitlines()
    here = Net.forward.__code__.co_firstlineno + 1
    assert rows == [
        "numpy.log gave -inf in 1 of 3 entries, of finite numbers.",
        f"  called at  {__file__}:{here}",
        "             return np.log(x * self.scale)",
        "  of         a Value of shape (3,), computed by numpy.multiply, from 0 to 2",
        "  in module  Net",
        *LOG,
    ]


FORWARD = {
    "log of 0": (lambda: np.log(x32(0, 1, 2)), "numpy.log gave -inf in 1 of 3 entries", LOG[0]),
    "an operator on arrays": (lambda: x32(0, 1) / x32(0, 0), "numpy.divide gave nan and", "by 0"),
    "an operator on numbers": (lambda: Value(1.0) / 0.0, "numpy.divide gave inf,", "by 0"),
    "a reflected operator": (lambda: 1.0 / x32(0, 1), "numpy.divide gave inf in 1", "by 0"),
    "a method of a number": (lambda: Value(0.0).log(), "numpy.log gave -inf,", "log(0)"),
    "a number's overflow": (lambda: Value(1000.0).exp(), "numpy.exp gave inf,", "mt.logsumexp"),
    "a product's overflow": (lambda: Value(1e308) * 10.0, "numpy.multiply gave inf", "too large"),
    "overflow": (lambda: np.exp(x32(100)), "numpy.exp gave inf", "mt.softmax"),
    "a matrix product": (lambda: x32(3e38, 3e38) @ x32(2, 2), "numpy.matmul gave inf", "too large"),
    "0 times inf": (
        lambda: x32(0, 1) * np.array([np.inf, 1], np.float32),
        "numpy.multiply gave nan in 1 of 2 entries, where none was given.",
        "select with np.where",
    ),
    "inf minus inf": (lambda: Value(np.inf) - np.inf, "numpy.subtract gave nan", "made the op"),
    "a root": (lambda: np.sqrt(x32(-1)), "numpy.sqrt gave nan", "np.abs(x)"),
    "a power": (lambda: x32(-1.0) ** 0.5, "numpy.power gave nan", "fractional"),
    "arccos": (lambda: np.arccos(x32(1.5)), "numpy.arccos gave nan", "np.clip(x"),
    "log of softmax": (
        lambda: np.log(mt.softmax(x32(0, 200))), "numpy.log gave -inf", "mt.log_softmax(x)"
    ),
    "log of sigmoid": (
        lambda: np.log(mt.sigmoid(x32(-200))), "numpy.log gave -inf", "-mt.softplus(-x)"
    ),
    "within a composite": (lambda: np.var(x32(3e38, -3e38)), "numpy.", "too large"),
    "converting": (lambda: Value([1e39]).astype(np.float32), "astype gave inf", "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
@pytest.mark.parametrize("pause", [False, True])
def test_the_call_that_makes_it_is_named_recorded_or_not(name, pause):
    act, problem, cure = FORWARD[name]

    def acting():
        if pause:
            with mt.no_grad():
                act()
        act()

    found = message(acting)
    assert found.startswith(problem)
    assert cure in found


@pytest.mark.parametrize(
    "act",
    [
        lambda: np.log(x32(1, 2)),
        lambda: mt.softmax(x32(1, 2) + np.array([-np.inf, 0], np.float32)).sum().backward(),
        lambda: np.where(np.array([True, False]), x32(1, 2), -np.inf).max().backward(),
        lambda: (x32(1, np.nan) * 2)[0].backward(),
        lambda: np.isnan(x32(np.nan) * 1),
        lambda: np.maximum(x32(1.0), -np.inf),
        lambda: np.zeros((0, 3)) * Value(np.zeros((0, 3))),
        lambda: Value(np.array([1, 2])) * 2,
        lambda: mt.logsumexp(x32(-np.inf, 1)).backward(),
        lambda: np.concatenate([x32(np.inf), x32(1)]),
        lambda: np.pad(x32(1.0), 1, constant_values=-np.inf),
        lambda: mt.vjp(lambda x: (x * 1.0, x * 2.0), 1.0)[1]((np.inf, 1.0)),
        lambda: mt.vjp(lambda x: (x * 2.0, x * 1.0), 1.0)[1]((1.0, np.inf)),
    ],
)
def test_what_was_given_so_and_does_no_harm_is_no_anomaly(act):
    with mt.detect_anomaly():
        act()


# Backward


def test_a_rule_is_named_with_the_line_of_its_call_in_the_forward_pass():
    x = Value([0.0, 4.0], name="x")
    with mt.detect_anomaly():
        y = np.sqrt(x)
        line = here() - 1
        loss = (y * 3.0).sum()
        with pytest.raises(AnomalyError) as error:
            loss.backward()
    assert str(error.value) == lines(
        "backward: the rule of numpy.sqrt gave inf in 1 of 2 entries, for x.",
        "  from       a gradient of shape (2,), from 3 to 3",
        f"  called at  {__file__}:{line}",
        "             y = np.sqrt(x)",
        "  of         x of shape (2,), from 0 to 4",
        "  The slope of the root at 0 is infinite, and so is that of norms and standard deviations",
        "  made with it. Add a small number under the root: np.sqrt(x + 1e-12).",
    )
    assert x.grad is None


def here():
    import sys

    return sys._getframe(1).f_lineno


BACKWARD = {
    "power": (lambda x: (x**0.5).sum(), "numpy.power gave inf"),
    "root": (lambda x: np.sqrt(x).sum(), "numpy.sqrt gave inf"),
    "arcsin": (lambda x: np.arcsin(x + 1.0).sum(), "numpy.arcsin gave inf"),
    "a dropped branch": (
        lambda x: np.where(x.data > 0, np.sqrt(x), 0.0).sum(), "numpy.sqrt gave nan"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BACKWARD)
def test_the_rule_that_makes_it_is_named_by_every_way_to_a_gradient(name):
    f, problem = BACKWARD[name]
    x = np.array([0.0, 0.0])
    for act in (
        lambda: f(Value(x)).backward(),
        lambda: f(Value(x)).backward(leaves_only=True),
        lambda: f(Value(x)).backward(create_graph=True),
        lambda: mt.grad(f)(x),
        lambda: mt.vjp(f, x)[1](1.0),
        lambda: mt.jacobian(lambda x: f(x) * np.ones(3))(x),
        lambda: mt.checkpoint(f)(Value(x)).backward(),
    ):
        found = message(act)
        assert found.startswith(f"backward: the rule of {problem}")
        assert ("np.log(np.where(ok, x, 1))" in found) is (name == "a dropped branch")


def test_a_second_derivative_that_is_infinite_is_found():
    found = message(lambda: mt.grad(lambda x: mt.grad(lambda x: x**1.5)(x))(0.0))
    assert found.startswith("backward: the rule of numpy.power gave inf, for ")


def test_the_line_is_missing_where_the_forward_pass_was_not_watched():
    loss = np.sqrt(Value([0.0])).sum()
    found = message(loss.backward)
    assert found.startswith("backward: the rule of numpy.sqrt gave inf, for a Value of shape (1,).")
    with pytest.raises(AnomalyError, match="run the forward pass inside, too"), mt.detect_anomaly():
        loss.backward()


def test_the_line_is_known_where_another_block_watched_the_forward_pass():
    with mt.detect_anomaly():
        loss = np.sqrt(Value([0.0])).sum()
    with pytest.raises(AnomalyError, match=r"loss = np\.sqrt"), mt.detect_anomaly():
        loss.backward()


def test_an_output_that_was_given_as_nan_is_traced_to_who_gave_it():
    assert message(lambda: (x32(1, np.nan, np.inf) * 2).sum().backward()) == lines(
        "backward: the output is nan, and no operation made it so.",
        "  given      x of shape (3,), from 1 to 1, 1 nan, 1 inf",
        "  Look at the data before they are used.",
    )
    assert message(lambda: (Value(np.inf) * 2).backward()).startswith(
        "backward: the output is inf, and no operation made it so."
    )
    data = np.array([1, np.nan], np.float32)
    assert "\n  used by    numpy.multiply" in message(lambda: (x32(1, 2) * data).sum().backward())
    with np.errstate(all="ignore"):
        loss = np.log(x32(-1.0)).sum()
    assert message(loss.backward).startswith("numpy.log gave nan, of finite numbers.")


# Numbers that were written into


@pytest.mark.parametrize("create_graph", [False, True])
def test_writing_into_a_parameter_behind_our_back_is_told(create_graph):
    p = Value([1.0, 2.0], name="p")
    with mt.detect_anomaly():
        loss = (p * p).sum()
        p.data[0] = 5.0
        with pytest.raises(StaleValueError) as error:
            loss.backward(create_graph=create_graph)
    rows = str(error.value).splitlines()
    assert rows[1].startswith(f"  called at  {__file__}:")
    assert [rows[0], *rows[2:]] == [
        "backward: p of shape (2,) was written into after numpy.multiply had used it.",
        "             loss = (p * p).sum()",
        "  Its old numbers are gone, and the chain rule needs them.",
        "  Write into arrays after backward(), or give a copy of them.",
    ]
    assert p.grad is None


def test_writing_into_anything_that_the_chain_rule_needs_is_told():
    c = np.ones(3)
    y = []

    def make(p):
        y.append(np.tanh(p))
        return (y[-1] * c).sum()

    for write, what in (
        (lambda p: c.__setitem__(0, 2.0), "an array of shape (3,) was written into after numpy.mu"),
        (lambda p: y[-1]._data.__setitem__(0, 2.0), "the result of numpy.tanh was written into."),
        (lambda p: p.data.__setitem__(1, 2.0), "p of shape (3,) was written into"),
    ):

        def act(write=write):
            p = Value(np.full(3, 0.5), name="p")
            loss = make(p)
            write(p)
            loss.backward()

        assert message(act, StaleValueError).startswith(f"backward: {what}")


def test_writing_before_a_gradient_of_a_function_is_pulled_is_told():
    def act():
        c = np.ones(3)
        _, pull = mt.vjp(lambda x: (x * c).sum(), np.ones(3))
        c[0] = 5.0
        pull(1.0)

    assert message(act, StaleValueError).startswith("backward: an array of shape (3,) was written")


def test_assigning_is_told_as_ever_and_writing_afterwards_is_no_matter():
    p = Value([1.0, 2.0], name="p")
    with mt.detect_anomaly():
        for _ in range(3):
            loss = (p * p).sum()
            loss.backward()
            p.data[0] += 1.0
            p.data -= 0.1 * p.grad
            p.grad = None
        loss = (p * p).sum()
        p.data = [0.0, 0.0]
        with pytest.raises(StaleValueError, match="p was changed after multiply"):
            loss.backward()


# What it costs and leaves


def untouched():
    own = [getattr(module, name) is own for module, name, own, _ in anomalies._PLACES]
    return all(own) and not anomalies._watch.depth and not anomalies._watching


def test_nothing_is_replaced_outside_of_a_block():
    assert untouched()
    with mt.detect_anomaly():
        assert calls.apply is value.apply is anomalies._apply
        assert methods.record is anomalies._record
        assert backward._pass_on is anomalies._pass_on
        assert not untouched()
        with mt.detect_anomaly():
            pass
        assert not untouched()
    assert untouched()
    with pytest.raises(KeyError), mt.detect_anomaly():
        raise KeyError
    assert untouched()


def test_the_drop_in_for_micrograd_is_watched_too():
    from microtensor import micrograd

    own = micrograd._made
    found = message(lambda: (micrograd.Value(0.0) ** -1 + 1.0).backward())
    assert found.startswith("numpy.")
    assert " gave inf, of finite numbers.\n" in found
    found = message(lambda: (micrograd.Value(0.0) ** 0.5).backward())
    assert found.startswith("backward: the rule of numpy.power gave inf, for ")
    assert micrograd._made is own
    assert untouched()


def test_blocks_nest_and_one_object_can_be_entered_twice():
    watch = mt.detect_anomaly()
    with watch, watch, mt.detect_anomaly():
        pass
    assert untouched()
    with watch, pytest.raises(AnomalyError):
        np.log(x32(0.0))


def test_it_decorates_a_function_that_calls_itself():
    @mt.detect_anomaly()
    def f(n):
        return f(n - 1) if n else np.log(x32(0.0))

    with pytest.raises(AnomalyError):
        f(3)
    assert untouched()


def test_numpys_warnings_are_off_inside_only():
    with mt.detect_anomaly(), warnings.catch_warnings():
        warnings.simplefilter("error")
        np.log(np.zeros(1))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(np.zeros(1))


def test_each_thread_is_watched_by_itself():
    inside, done = threading.Event(), threading.Event()
    found = []

    def watching():
        with mt.detect_anomaly():
            inside.set()
            assert done.wait(10)
            try:
                np.log(x32(0.0))
            except AnomalyError:
                found.append("watching")

    def other():
        assert inside.wait(10)
        with np.errstate(all="ignore"):
            x = x32(0.0)
            (np.log(x) * x).sum().backward()
            np.sqrt(x).sum().backward()
        found.append("other")
        done.set()

    threads = [threading.Thread(target=act) for act in (watching, other)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == ["other", "watching"]
    assert untouched()


def test_what_is_remembered_goes_with_the_graph():
    gc.collect()
    before = len(anomalies._traces)
    x = Value([1.0, 2.0])
    with mt.detect_anomaly():
        for _ in range(100):
            loss = (x * x).sum()
            loss.backward()
        assert len(anomalies._traces) == before + 2
        del loss
    assert len(anomalies._traces) == before


def test_numbers_and_gradients_are_the_same_inside():
    def work():
        mt.seed(0)
        net = nn.MLP(3, [8, 2], activation="tanh", rng=0)
        x, y = np.random.default_rng(1).standard_normal((4, 3)), np.array([0, 1, 0, 1])
        loss = mt.losses.cross_entropy(net(x), y)
        loss.backward()
        return [loss.data, *(p.grad for p in net.parameters())]

    plain = work()
    with mt.detect_anomaly():
        watched = work()
    assert all(np.array_equal(a, b) for a, b in zip(plain, watched, strict=True))


def test_a_cell_of_a_notebook_is_called_so_and_not_by_its_file():
    cell = compile("x.log()", "/tmp/ipykernel_12/3456.py", "exec")
    with pytest.raises(AnomalyError) as error, mt.detect_anomaly():
        exec(cell, {"x": Value(0.0)})
    assert str(error.value).splitlines()[1] == "  called at  cell:1"
