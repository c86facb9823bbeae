"""The graphs that the pictures are tested on, and the smallest model that the core knows."""

import itertools

import numpy as np
from worked_examples import published

import microtensor as mt
from microtensor import graph


class Module:
    """What the protocol of the core asks of a model, and no more."""

    def __call__(self, *inputs):
        before = graph.state.scope
        graph.state.scope = graph.Scope(before, self)
        try:
            return self.forward(*inputs)
        finally:
            graph.state.scope = before

    def _parts(self):
        for name, part in vars(self).items():
            if isinstance(part, list):
                yield from ((f"{name}.{i}", entry) for i, entry in enumerate(part))
            else:
                yield name, part

    def named_modules(self, prefix=""):
        yield prefix, self
        for name, part in self._parts():
            if isinstance(part, Module):
                yield from part.named_modules(f"{prefix}.{name}".lstrip("."))

    def named_parameters(self, prefix=""):
        for name, part in self._parts():
            if isinstance(part, Module):
                yield from part.named_parameters(f"{prefix}.{name}".lstrip("."))
            elif isinstance(part, mt.Value):
                yield f"{prefix}.{name}".lstrip("."), part


class Linear(Module):
    def __init__(self, weight, bias):
        self.weight, self.bias = mt.Value(weight), mt.Value(bias)

    def forward(self, x):
        return mt.ops.linear(x, self.weight, self.bias)


class Tanh(Module):
    def forward(self, x):
        return np.tanh(x)


class Chain(Module):
    """Linear layers with tanh in between; weights are waves, the same on every machine."""

    def __init__(self, *widths):
        self.layers = []
        for n, m in itertools.pairwise(widths):
            weight = np.round(np.sin(1.7 * np.arange(m * n) + n), 2).reshape(m, n)
            self.layers += [Linear(weight, np.round(np.cos(np.arange(m) + n), 2) / 2), Tanh()]
        self.layers.pop()

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Stack(Module):
    """Equal layers, one after the other."""

    def __init__(self, n, width=2):
        self.layers = [Linear(np.eye(width), np.ones(width) / 8) for _ in range(n)]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Perceptron(Module):
    """One neuron of single numbers."""

    def __init__(self, weights, bias):
        self.w, self.b = [mt.Value(w) for w in weights], mt.Value(bias)

    def forward(self, xs):
        total = self.b
        for w, x in zip(self.w, xs, strict=True):
            total = total + w * x
        return total.tanh()


class Pair(Module):
    """Two neurons that one reads."""

    def __init__(self):
        self.neurons = [Perceptron([0.5, -0.25], 0.1), Perceptron([-1.0, 0.75], 0.2)]
        self.head = Perceptron([1.5, -0.5], 0.0)

    def forward(self, xs):
        return self.head([neuron(xs) for neuron in self.neurons])


def neuron():
    """Karpathy's neuron: o = tanh(x1 w1 + x2 w2 + b)."""
    x1, x2 = mt.Value(2.0, name="x1"), mt.Value(0.0, name="x2")
    w1, w2 = mt.Value(-3.0, name="w1"), mt.Value(1.0, name="w2")
    b = mt.Value(6.8813735870195432, name="b")
    n = x1 * w1 + x2 * w2 + b
    n.name = "n"
    o = n.tanh()
    o.name = "o"
    return o


class Sigmoids(Module):
    """Linear layers with the logistic sigmoid after each."""

    def __init__(self, *layers):
        self.layers = [Linear(np.array(weight), np.array(bias)) for weight, bias in layers]

    def forward(self, x):
        for layer in self.layers:
            x = mt.sigmoid(layer(x))
        return x


def draelos():
    """Draelos' network of four inputs and three hidden neurons, and its input."""
    given = published("draelos2019.json")["inputs"]
    first = (given["W1_rows_E_F_G"], [float(given["b1"])] * 3)
    net = Sigmoids(first, ([given["w_out_E_F_G"]], [given["b_out"]]))
    return net, given["x"]


def mazur():
    """Mazur's network of two layers, and its error."""
    named = {"i1": 0.05, "i2": 0.10, "b1": 0.35, "b2": 0.60}
    weights = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
    named |= {f"w{k}": w for k, w in enumerate(weights, start=1)}
    v = {name: mt.Value(data, name=name) for name, data in named.items()}

    def unit(a, b, p, q, bias, name):
        net = a * v[p] + b * v[q] + v[bias]
        out = net.sigmoid()
        net.name, out.name = f"net_{name}", f"out_{name}"
        return out

    h1 = unit(v["i1"], v["i2"], "w1", "w2", "b1", "h1")
    h2 = unit(v["i1"], v["i2"], "w3", "w4", "b1", "h2")
    o1 = unit(h1, h2, "w5", "w6", "b2", "o1")
    o2 = unit(h1, h2, "w7", "w8", "b2", "o2")
    error = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
    error.name = "E"
    return error


def pair():
    """A loss of nested modules of single numbers."""
    model = Pair()
    loss = (model([mt.Value(0.5, name="x1"), mt.Value(-1.0, name="x2")]) - 1.0) ** 2
    loss.name = "loss"
    return loss, model


def batch():
    """A loss of a batch, with the model and the data."""
    model = Chain(2, 3, 1)
    x = np.linspace(-1.0, 1.0, 8).reshape(4, 2)
    y = np.array([[1.0], [0.0], [1.0], [0.0]])
    loss = ((model(x) - y) ** 2).mean()
    loss.name = "loss"
    return loss, {"x": x, "y": y}, model


def classes():
    """A cross-entropy, which is fused, of the logits of three samples."""
    logits = mt.Value(np.array([[2.0, -1.0], [0.5, 0.25], [-3.0, 1.0]]), name="logits")
    return mt.ops.softmax_cross_entropy(logits, np.array([0, 1, 1]))
