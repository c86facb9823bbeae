"""One training step of an MLP in each library: forward, backward, gradient descent, in float32.

Each contestant is a function of the same shape: given a `Problem` it gives `step`, and a call of
`step` is one training step and gives the loss before it. Each is written as that library's own
documentation would have it; where it has a switch for speed that people use, the switch is on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks import handwritten, ours
from benchmarks.race import Contestant, StepRace

Step = Callable[[], Any]

RATE = 0.1
MODELS = {
    "tiny": ([2, 16, 16, 2], 100),
    "small": ([64, 128, 128, 10], 32),
    "medium": ([784, 256, 128, 10], 128),
    "large": ([784, 1024, 1024, 10], 256),
}


@dataclass
class Problem:
    """The same weights and the same batch for everybody."""

    sizes: list[int]
    layers: handwritten.Layers
    x: np.ndarray
    labels: np.ndarray

    @classmethod
    def make(cls, sizes: list[int], batch: int, dtype: type = np.float32) -> Problem:
        """Weights of He's variance, small biases, normal input, labels at random; always the same.

        Biases are not zero, so that a contestant who leaves them out is found out.
        """
        rng = np.random.default_rng(0)
        layers = [
            (
                (rng.standard_normal((i, o)) * np.sqrt(2 / i)).astype(dtype),
                (rng.standard_normal(o) * 0.1).astype(dtype),
            )
            for i, o in pairwise(sizes)
        ]
        x = rng.standard_normal((batch, sizes[0])).astype(dtype)
        return cls(sizes, layers, x, rng.integers(0, sizes[-1], batch))


def by_hand(problem: Problem) -> Step:
    return lambda: handwritten.step(problem.layers, problem.x, problem.labels, RATE)


def our_step(problem: Problem) -> Callable[[np.ndarray, np.ndarray], Any]:
    from microtensor import losses, nn, optim

    *hidden, outputs = problem.sizes[1:]
    model = nn.MLP(problem.sizes[0], [*hidden, outputs], activation="relu")
    arrays = [a for W, b in problem.layers for a in (W.T.copy(), b)]
    for parameter, array in zip(model.parameters(), arrays, strict=True):
        parameter.data = array
    optimizer = optim.SGD(model.parameters(), lr=RATE)

    def step(x, labels):
        optimizer.zero_grad()
        loss = losses.cross_entropy(model(x), labels)
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    return step


def with_pytorch(problem: Problem) -> Step:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    modules: list[nn.Module] = []
    for W, b in problem.layers:
        linear = nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        modules += [linear, nn.ReLU()]
    model = nn.Sequential(*modules[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    x, labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def with_jax(problem: Problem) -> Step:
    import jax
    import jax.numpy as jnp

    def mean_loss(layers, x, labels):
        for W, b in layers[:-1]:
            x = jax.nn.relu(x @ W + b)
        W, b = layers[-1]
        log_probabilities = jax.nn.log_softmax(x @ W + b)
        return -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1).mean()

    @jax.jit
    def train(layers, x, labels):
        loss, gradients = jax.value_and_grad(mean_loss)(layers, x, labels)
        return loss, jax.tree.map(lambda p, g: p - RATE * g, layers, gradients)

    layers = jax.tree.map(jnp.array, problem.layers)
    x, labels = jnp.array(problem.x), jnp.array(problem.labels)

    def step():
        nonlocal layers
        loss, layers = train(layers, x, labels)
        return loss.block_until_ready()  # one program: the weights are ready when the loss is

    return step


def with_autograd(problem: Problem) -> Step:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, labels, rows = problem.x, problem.labels, np.arange(len(problem.x))

    def mean_loss(layers):
        h = x
        for W, b in layers[:-1]:
            h = anp.maximum(h @ W + b, 0)
        W, b = layers[-1]
        logits = h @ W + b
        shifted = logits - anp.max(logits, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[rows, labels])

    loss_and_gradients = value_and_grad(mean_loss)

    def step():
        loss, gradients = loss_and_gradients(problem.layers)
        for (W, b), (dW, db) in zip(problem.layers, gradients, strict=True):
            W -= RATE * dW
            b -= RATE * db
        return loss

    return step


def with_mygrad(problem: Problem) -> Step:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    mg.turn_memory_guarding_off()  # its documentation's advice for training
    layers = [(mg.tensor(W), mg.tensor(b)) for W, b in problem.layers]

    def step():
        h = problem.x
        for W, b in layers[:-1]:
            h = relu(mg.matmul(h, W) + b)
        W, b = layers[-1]
        loss = softmax_crossentropy(mg.matmul(h, W) + b, problem.labels)
        loss.backward()
        for parameter in (p for layer in layers for p in layer):
            parameter.data -= RATE * parameter.grad
        return loss

    return step


CONTESTANTS = [
    Contestant("handwritten", "hand-written NumPy", "numpy", by_hand),
    *ours.contestants(our_step),
    Contestant("pytorch", "PyTorch", "torch", with_pytorch),
    Contestant("jax", "JAX jit", "jax", with_jax),
    Contestant("autograd", "autograd", "autograd", with_autograd),
    Contestant("mygrad", "MyGrad", "mygrad", with_mygrad),
]

RACES = [
    StepRace(
        name=f"mlp-{name}",
        title=f"a training step, {'-'.join(map(str, sizes))}, batch {batch}",
        contestants=CONTESTANTS,
        problem=lambda sizes=sizes, batch=batch: Problem.make(sizes, batch),
    )
    for name, (sizes, batch) in MODELS.items()
]
