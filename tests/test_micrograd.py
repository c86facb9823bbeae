"""The drop-in: whoever wrote code for micrograd finds its interface here, number for number."""

import importlib
import math
import random
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor import micrograd
from microtensor.micrograd import MLP, Layer, Module, Neuron, Value

# Numbers: every expected one is a formula's, in exact arithmetic


def test_a_small_expression_has_its_derivatives():
    x = Value(-4.0)
    z = 2 * x + 2 + x  # -10
    q = z.relu() + z * x  # 40
    h = (z * z).relu()  # 100
    y = h + q + q * x  # 100 + 40 - 160
    y.backward()
    # z' = 3, q' = z + 3x = -22, h' = 2 z z' = -60, y' = h' + q' + q + q' x
    assert y.data == -20.0
    assert x.grad == -60 - 22 + 40 + 88


def test_every_operator_has_its_derivative():
    a, b = Value(-4.0), Value(2.0)
    for compute, value, da, db in [
        (lambda: a + b, -2.0, 1, 1),
        (lambda: a - b, -6.0, 1, -1),
        (lambda: a * b, -8.0, 2, -4),
        (lambda: a / b, -2.0, 0.5, 1),
        (lambda: a**3, -64.0, 48, 0),
        (lambda: -a, 4.0, -1, 0),
        (lambda: 1 + a, -3.0, 1, 0),
        (lambda: 1 - a, 5.0, -1, 0),
        (lambda: 3 * a, -12.0, 3, 0),
        (lambda: 2 / a, -0.5, -2 / 16, 0),
        (lambda: a.relu() + b.relu(), 2.0, 0, 1),
        (lambda: b**-1, 0.5, 0, -0.25),
        (lambda: b.exp(), math.exp(2), 0, math.exp(2)),
        (lambda: b.tanh(), math.tanh(2), 0, 1 - math.tanh(2) ** 2),
        (lambda: b.log(), math.log(2), 0, 0.5),
        (lambda: 2**b, 4.0, 0, 4 * math.log(2)),
        (lambda: b**a, 2.0**-4, 2.0**-4 * math.log(2), -4 * 2.0**-5),
    ]:
        a.grad = b.grad = 0
        y = compute()
        y.backward()
        assert y.data == pytest.approx(value, rel=1e-15)
        assert (a.grad, b.grad) == (pytest.approx(da, rel=1e-15), pytest.approx(db, rel=1e-15))
        assert y.grad == 1


def test_gradients_start_at_zero_and_add_up():
    a = Value(3)
    assert a.grad == 0
    (a * a).backward()
    (a * a).backward()
    assert a.grad == 12
    assert (a + a)._prev == {a}


def test_numbers_stay_what_python_makes_of_them():
    assert type((Value(2) * 3).data) is int
    assert type((Value(2) / 3).data) is float
    assert type((Value(2.0) + np.float32(1)).data) is float
    assert Value(np.float64(2)).data == 2.0
    assert type(Value(np.array(2)).data) is float


@pytest.mark.parametrize(
    ("compute", "value", "slope"),
    [
        (lambda x: 1 / x, np.inf, -np.inf),
        (lambda x: x**-1, np.inf, -np.inf),
        (lambda x: Value(1.0) / x, np.inf, -np.inf),
        (lambda x: (x + 10.0) ** 400, np.inf, np.inf),
        (lambda x: x.log(), -np.inf, np.inf),
    ],
)
def test_where_python_raises_numbers_are_numpys(compute, value, slope):
    x = Value(0.0)
    with np.errstate(all="ignore"):
        y = compute(x)
        y.backward()
    assert (y.data, x.grad) == (value, slope)
    assert type(y.data) is float


@pytest.mark.parametrize("data", [[1.0, 2.0], np.ones(2), 1j, np.complex128(1)])
def test_a_value_holds_one_real_number(data):
    with pytest.raises(TypeError) as error:
        Value(data)
    assert str(error.value) == f"micrograd's Value holds one real number, got {data!r}"
    with pytest.raises(TypeError):
        Value(1.0) + data


def test_updates_are_seen_by_a_stale_graph():
    w = Value(2.0)
    loss = w * w
    w.data -= 0.1
    with pytest.raises(mt.errors.StaleValueError):
        loss.backward()
    w.data = 3
    (w * w).backward()
    assert w.grad == 6


# Looking at graphs, as its notebooks do


def trace(root):
    """Collect nodes and edges through ``_prev``, as micrograd's drawing does."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def test_a_graph_can_be_walked_and_drawn_before_and_after_backward():
    a, b = Value(-4.0), Value(2.0)
    y = (a * b + b**3 + 1).relu()
    before = trace(y)
    y.backward()
    nodes, edges = trace(y)
    assert before == (nodes, edges)
    assert len({str(id(n)) for n in nodes}) == 8  # a, b, a * b, b**3, 1, two sums, and the end
    assert sorted(n._op for n in nodes) == ["", "", "", "*", "**3", "+", "+", "ReLU"]
    assert (a.grad, b.grad) == (2.0, -4.0 + 12.0)


def test_signs_are_micrograds():
    a, b = Value(2.0), Value(3.0)
    steps = [a + b, a - b, a * b, a / b, -a, a**2, a**b, a.relu(), a.tanh(), a.exp(), a.log()]
    signs = ["+", "-", "*", "/", "-", "**2", "**3.0", "ReLU", "tanh", "exp", "log"]
    assert [y._op for y in steps] == signs
    assert a._op == ""
    assert a._prev == set()
    assert (a**2)._prev == {a}
    assert (a**b)._prev == {a, b}


def test_values_print_as_micrograds():
    a = Value(2.0)
    assert repr(a) == str(a) == f"{a}" == "Value(data=2.0, grad=0)"
    assert f"{a.data:.4f}" == "2.0000"
    b = (a - 5).relu()
    b.backward()
    assert repr(b) == "Value(data=0, grad=1)"
    assert repr(a) == "Value(data=2.0, grad=0.0)"


def test_the_rest_of_the_library_reads_these_values():
    a = Value(2.0)
    y = a * a + 1
    y.backward()
    assert isinstance(y, mt.Value)
    assert mt.backward.all_gradients(y)[a] == 4.0


def test_a_gradient_may_be_given():
    a = Value(2.0)
    y = a * a
    y.backward(10.0)
    assert (a.grad, y.grad) == (40.0, 10.0)


# Networks


def test_networks_print_as_micrograds():
    assert repr(Neuron(2)) == "ReLUNeuron(2)"
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(Layer(2, 2)) == "Layer of [ReLUNeuron(2), ReLUNeuron(2)]"
    assert repr(MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )


def test_networks_have_one_parameter_per_weight_and_bias():
    assert len(Neuron(3).parameters()) == 4
    assert len(Layer(3, 4).parameters()) == 16
    assert len(MLP(2, [16, 16, 1]).parameters()) == 337
    assert Module().parameters() == []


def test_weights_are_drawn_by_pythons_random_and_biases_are_zero():
    random.seed(1337)
    drawn = [random.uniform(-1, 1) for _ in range(2)]
    random.seed(1337)
    n = Neuron(2)
    assert [w.data for w in n.w] == drawn
    assert n.b.data == 0


def test_a_network_computes_and_learns():
    random.seed(0)
    net = MLP(2, [3, 1])
    x = [1.0, -2.0]
    hidden = [
        max(0.0, sum(w.data * xi for w, xi in zip(n.w, x, strict=True)))
        for n in net.layers[0].neurons
    ]
    out = net.layers[1].neurons[0]
    y = net(x)
    assert y.data == pytest.approx(sum(w.data * h for w, h in zip(out.w, hidden, strict=True)))
    assert isinstance(MLP(2, [3, 2])(x), list)
    losses = []
    for _ in range(20):
        loss = (net(x) - 1.0) ** 2
        net.zero_grad()
        assert all(p.grad == 0 for p in net.parameters())
        loss.backward()
        for p in net.parameters():
            p.data -= 0.01 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.5 * losses[0]


def test_extra_inputs_are_left_out_as_micrograd_leaves_them_out():
    n = Neuron(2, nonlin=False)
    assert n([1.0, 2.0, 3.0]).data == n([1.0, 2.0]).data


def test_code_that_imports_micrograd_runs_on_it(monkeypatch):
    package = type(sys)("micrograd")
    for name, module in [
        ("micrograd", package),
        ("micrograd.engine", micrograd),
        ("micrograd.nn", micrograd),
    ]:
        monkeypatch.setitem(sys.modules, name, module)
    assert importlib.import_module("micrograd.engine").Value is Value
    assert importlib.import_module("micrograd.nn").MLP is MLP


def test_a_graph_may_be_deep_and_backward_called_twice():
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y + 1
    y.backward()
    y.backward()
    assert x.grad == 2.0
