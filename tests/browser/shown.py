"""Graphs for the tests of pages, and what can be read off a page."""

import itertools

import numpy as np

import microtensor as mt
from microtensor import Value

ONE = [
    np.tanh, mt.sigmoid, mt.relu, np.exp, np.sin, np.cos, abs, np.square, mt.softplus, mt.silu,
    lambda x: x**3, lambda x: -x, lambda x: 2.5 * x, lambda x: x - 1.5, lambda x: 1 / (x * x + 1),
    lambda x: np.sqrt(x * x + 0.5), lambda x: np.log(x * x + 1), np.arctan, np.sign,
    mt.gelu, mt.mish, mt.hardtanh, lambda x: np.clip(x, -0.7, 0.9), lambda x: mt.elu(x, 1.3),
]  # fmt: skip
TWO = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (b * b + 1),
    np.maximum, np.minimum, lambda a, b: a * a, lambda a, b: (a * a + 0.1) ** np.tanh(b),
]  # fmt: skip


def random_graph(seed, calls=30):
    """Make a graph of numbers: shared values, constants, unused inputs, zero gradients."""
    rng = np.random.default_rng(seed)
    values = [Value(float(x), name=f"x{k}") for k, x in enumerate(rng.normal(size=4))]
    values += [Value(float(x), name=f"w{k}") for k, x in enumerate(rng.normal(size=3))]
    for _ in range(calls):
        if rng.random() < 0.45:
            made = ONE[rng.integers(len(ONE))](values[rng.integers(len(values))])
        else:
            a, b = rng.integers(len(values), size=2)
            made = TWO[rng.integers(len(TWO))](values[a], values[b])
        values.append(np.tanh(made) if abs(made.data) > 20 else made)
    total = values[-1]
    for v in values[-6:-1]:
        total = total + v
    total.name = "L"
    return total


class Neuron:
    """A module of single numbers, as far as the core knows modules."""

    def __init__(self, n, rng):
        self.w = [Value(float(x)) for x in rng.normal(size=n)]
        self.b = Value(0.1)

    def __call__(self, xs):
        before = mt.graph.state.scope
        mt.graph.state.scope = mt.graph.Scope(before, self)
        try:
            total = self.b
            for w, x in zip(self.w, xs, strict=True):
                total = total + w * x
            return np.tanh(total)
        finally:
            mt.graph.state.scope = before

    def named_modules(self):
        yield "", self

    def named_parameters(self):
        yield from ((f"w.{k}", w) for k, w in enumerate(self.w))
        yield "b", self.b


class Net:
    """Neurons in layers, a module around them all."""

    def __init__(self, *widths, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = [[Neuron(n, rng) for _ in range(m)] for n, m in itertools.pairwise(widths)]

    def __call__(self, xs):
        before = mt.graph.state.scope
        mt.graph.state.scope = mt.graph.Scope(before, self)
        try:
            for layer in self.layers:
                xs = [neuron(xs) for neuron in layer]
            return xs[0]
        finally:
            mt.graph.state.scope = before

    def named_modules(self):
        yield "", self
        for i, layer in enumerate(self.layers):
            yield from ((f"layers.{i}.neurons.{j}", neuron) for j, neuron in enumerate(layer))

    def named_parameters(self):
        for path, module in list(self.named_modules())[1:]:
            yield from ((f"{path}.{name}", p) for name, p in module.named_parameters())


KEPT = []  # models: a graph does not keep them


def modular(widths=(2, 3, 2, 1), samples=1):
    net = Net(*widths)
    KEPT.append(net)
    rng = np.random.default_rng(1)
    total = Value(0.0, requires_grad=False)
    for _ in range(samples):
        xs = [Value(float(x)) for x in rng.normal(size=widths[0])]
        total = total + (net(xs) - 1.0) ** 2
    total.name = "L"
    return total


def tensors():
    net = mt.nn.MLP(3, [4, 2], activation="relu", rng=np.random.default_rng(0), dtype=np.float64)
    KEPT.append(net)
    x = Value(np.random.default_rng(1).normal(size=(5, 3)), name="x")
    loss = mt.losses.mse(net(x), np.zeros((5, 2)))
    loss.name = "loss"
    return loss


def texts(tab):
    """Read the number beside each name: {"x": ("data", "grad")} of the boxes on the page."""
    return tab.evaluate("""() => Object.fromEntries([...document.querySelectorAll(".card")].map(
        c => [c.dataset.box, [".value", ".grad"].map(s => c.querySelector(s)?.textContent ?? "")]
    ))""")


def call(tab, name, *args):
    """Use one of the doors that the page has for programs."""
    return tab.evaluate("([name, args]) => window.explorer[name](...args)", [name, list(args)])
