"""One training step of LeNet on 64 images of 28x28: forward, backward, gradient descent, float32.

Two convolutions of 5x5, each followed by ReLU and max pooling of 2x2, and three linear layers:
6 and 16 channels, 120, 84 and 10 units. Each contestant gives `step`, as in the races of the MLP;
its convolutions are those of its library, and where it has none, are written out in NumPy.

References
----------
.. [1] LeCun, Bottou, Bengio, Haffner, *Gradient-Based Learning Applied to Document Recognition*
   (1998), figure 2; with ReLU and max pooling, as it is written today.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import handwritten, ours
from benchmarks.race import Contestant, StepRace

Step = Callable[[], Any]

RATE = 0.05
SHAPES = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84)]
PADDING = (2, 0)  # of the two convolutions


@dataclass
class Problem:
    """The same weights and the same batch for everybody."""

    parameters: list[np.ndarray]  # weight and bias of each layer, in PyTorch's layouts
    x: np.ndarray
    labels: np.ndarray

    @classmethod
    def make(cls, batch: int = 64) -> Problem:
        """Weights of He's variance, small biases, normal images, labels at random."""
        rng = np.random.default_rng(0)
        parameters = []
        for shape in SHAPES:
            weight = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
            parameters += [weight, rng.standard_normal(shape[0]) * 0.1]
        x = rng.standard_normal((batch, 1, 28, 28)).astype(np.float32)
        return cls([p.astype(np.float32) for p in parameters], x, rng.integers(0, 10, batch))


def columns(x: np.ndarray, size: int) -> np.ndarray:
    """Every window of images (N, C, H, W), as a row: (N, H', W', C * size * size)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    n, c, h, w = windows.shape[:4]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n, h, w, c * size * size)


def by_hand(problem: Problem) -> Step:
    """As a careful person writes it: columns, one product of matrices, and windows of 2x2."""

    def forward(x, weight, bias, padding):
        x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        seen = columns(x, weight.shape[2])
        y = seen @ weight.reshape(len(weight), -1).T + bias  # (N, H', W', O)
        n, h, w, o = y.shape
        parts = np.maximum(y, 0).reshape(n, h // 2, 2, w // 2, 2, o)
        pooled = parts.max(axis=(2, 4))
        return seen, parts, pooled, pooled.transpose(0, 3, 1, 2)

    def backward(g, seen, parts, pooled):
        """Gradients of weight and bias as matrices, and of the sums, (N, H', W', O)."""
        g = g.transpose(0, 2, 3, 1)[:, :, None, :, None, :]
        largest = parts == pooled[:, :, None, :, None, :]
        n, h, _, w, _, o = parts.shape
        g = (g * (largest & (parts > 0))).reshape(n, 2 * h, 2 * w, o)
        return g.reshape(-1, o).T @ seen.reshape(-1, seen.shape[-1]), g.sum(axis=(0, 1, 2)), g

    def step():
        w1, b1, w2, b2, *rest = problem.parameters
        seen1, parts1, pooled1, h1 = forward(problem.x, w1, b1, PADDING[0])
        seen2, parts2, pooled2, h2 = forward(h1, w2, b2, PADDING[1])
        layers = [(rest[i].T, rest[i + 1]) for i in (0, 2, 4)]
        inputs = handwritten.forward(layers, h2.reshape(len(h2), -1))
        loss, g = handwritten.cross_entropy(inputs.pop(), problem.labels)
        gradients: list[np.ndarray] = []
        for number in (2, 1, 0):
            h, (W, _) = inputs[number], layers[number]
            gradients = [g.T @ h, g.sum(axis=0), *gradients]
            g = (g @ W.T) * (h > 0) if number else g @ W.T
        dw2, db2, g2 = backward(g.reshape(h2.shape), seen2, parts2, pooled2)
        turned = w2[:, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(w2.shape[1], -1)
        around = np.pad(g2.transpose(0, 3, 1, 2), [(0, 0), (0, 0), (4, 4), (4, 4)])
        g1 = (columns(around, 5) @ turned.T).transpose(0, 3, 1, 2)
        dw1, db1, _ = backward(g1, seen1, parts1, pooled1)
        gradients = [dw1.reshape(w1.shape), db1, dw2.reshape(w2.shape), db2, *gradients]
        for p, d in zip(problem.parameters, gradients, strict=True):
            p -= RATE * d
        return loss

    return step


def our_step(problem: Problem) -> Callable[[np.ndarray, np.ndarray], Any]:
    import microtensor as mt
    from microtensor import losses, nn, ops, optim

    parameters = [nn.Parameter(p) for p in problem.parameters]
    optimizer = optim.SGD(parameters, lr=RATE)

    def logits(x):
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = parameters
        x = mt.max_pool2d(mt.relu(mt.conv2d(x, w1, b1, padding=PADDING[0])), 2)
        x = mt.max_pool2d(mt.relu(mt.conv2d(x, w2, b2, padding=PADDING[1])), 2)
        x = mt.relu(ops.linear(x.reshape(len(problem.x), -1), w3, b3))
        return ops.linear(mt.relu(ops.linear(x, w4, b4)), w5, b5)

    def step(x, labels):
        optimizer.zero_grad()
        loss = losses.cross_entropy(logits(x), labels)
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    return step


def with_pytorch(problem: Problem) -> Step:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    F = nn.functional
    parameters = [torch.tensor(p, requires_grad=True) for p in problem.parameters]
    optimizer = torch.optim.SGD(parameters, lr=RATE)
    images, labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)

    def logits(x):
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = parameters
        x = F.max_pool2d(F.relu(F.conv2d(x, w1, b1, padding=PADDING[0])), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, w2, b2, padding=PADDING[1])), 2)
        x = F.relu(F.linear(x.flatten(1), w3, b3))
        return F.linear(F.relu(F.linear(x, w4, b4)), w5, b5)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(logits(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def with_jax(problem: Problem) -> Step:
    import jax
    import jax.numpy as jnp
    from jax import lax

    def block(x, weight, bias, padding):
        pairs = [(padding, padding)] * 2
        x = lax.conv_general_dilated(x, weight, (1, 1), pairs) + bias[:, None, None]
        return lax.reduce_window(
            jax.nn.relu(x), -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"
        )

    def mean_loss(parameters, x, labels):
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = parameters
        x = block(block(x, w1, b1, PADDING[0]), w2, b2, PADDING[1])
        x = jax.nn.relu(x.reshape(len(x), -1) @ w3.T + b3)
        log_probabilities = jax.nn.log_softmax(jax.nn.relu(x @ w4.T + b4) @ w5.T + b5)
        return -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1).mean()

    @jax.jit
    def train(parameters, x, labels):
        loss, gradients = jax.value_and_grad(mean_loss)(parameters, x, labels)
        return loss, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    parameters = [jnp.array(p) for p in problem.parameters]
    x, labels = jnp.array(problem.x), jnp.array(problem.labels)

    def step():
        nonlocal parameters
        loss, parameters = train(parameters, x, labels)
        return loss.block_until_ready()

    return step


CONTESTANTS = [
    Contestant("handwritten", "hand-written NumPy", "numpy", by_hand),
    *ours.contestants(our_step),
    Contestant("pytorch", "PyTorch", "torch", with_pytorch),
    Contestant("jax", "JAX jit", "jax", with_jax),
]

RACES = [
    StepRace(
        name="lenet",
        title="a training step, LeNet on 28x28, batch 64",
        contestants=CONTESTANTS,
        problem=Problem.make,
    )
]
