"""One training step of an LSTM on 32 sequences of 64 steps: forward, backward, descent, float32.

One layer of 128 hidden units on 64 inputs; its last hidden state is classified by a linear layer.
Each contestant gives `step`, as in the races of the MLP. Gates in PyTorch's order: i, f, n, o.

Legend: T time, B batch, I inputs, H hidden units.

References
----------
.. [1] Hochreiter, Schmidhuber, *Long Short-Term Memory* (1997), with the forget gate of Gers,
   Schmidhuber, Cummins, *Learning to Forget* (2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import handwritten, ours
from benchmarks.race import Contestant, StepRace

Step = Callable[[], Any]

RATE = 0.2
STEPS, INPUTS, HIDDEN, CLASSES = 64, 64, 128, 10


@dataclass
class Problem:
    """The same weights and the same batch for everybody."""

    parameters: list[np.ndarray]  # W_ih, W_hh, b_ih, b_hh, and W, b of the classifier
    x: np.ndarray  # (T, B, I)
    labels: np.ndarray

    @classmethod
    def make(cls, batch: int = 32) -> Problem:
        """Weights as PyTorch starts them, normal inputs, labels at random."""
        rng = np.random.default_rng(0)
        rows = 4 * HIDDEN
        shapes = [(rows, INPUTS), (rows, HIDDEN), (rows,), (rows,), (CLASSES, HIDDEN), (CLASSES,)]
        bound = 1 / np.sqrt(HIDDEN)
        parameters = [rng.uniform(-bound, bound, shape).astype(np.float32) for shape in shapes]
        x = rng.standard_normal((STEPS, batch, INPUTS)).astype(np.float32)
        return cls(parameters, x, rng.integers(0, CLASSES, batch))


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def by_hand(problem: Problem) -> Step:
    """As a careful person writes it: inputs in one product, steps in a loop, weights in one."""
    x = problem.x
    flat = x.reshape(-1, INPUTS)

    def forward(w_ih, w_hh, b_ih, b_hh):
        sums = (flat @ w_ih.T + (b_ih + b_hh)).reshape(*x.shape[:2], -1)
        h, c = np.zeros((2, x.shape[1], HIDDEN), np.float32)
        hs, cs, gates = [h], [c], []
        for t in range(len(x)):
            a = sums[t] + h @ w_hh.T
            i, f, n, o = np.split(a, 4, axis=1)
            i, f, n, o = sigmoid(i), sigmoid(f), np.tanh(n), sigmoid(o)
            c = f * c + i * n
            h = o * np.tanh(c)
            gates.append((i, f, n, o))
            hs.append(h)
            cs.append(c)
        return hs, cs, gates

    def backward(dh, w_hh, hs, cs, gates):
        """Gradients of W_ih, W_hh, b_ih and b_hh, given that of the last hidden state."""
        d = np.empty((len(gates), dh.shape[0], 4 * HIDDEN), np.float32)
        dc = np.zeros_like(dh)
        for t in reversed(range(len(gates))):
            i, f, n, o = gates[t]
            out = np.tanh(cs[t + 1])
            dc = dc + dh * o * (1 - out * out)
            parts = [
                dc * n * i * (1 - i), dc * cs[t] * f * (1 - f), dc * i * (1 - n * n),
                dh * out * o * (1 - o),
            ]  # fmt: skip
            d[t] = np.concatenate(parts, axis=1)
            dh, dc = d[t] @ w_hh, dc * f
        d = d.reshape(-1, 4 * HIDDEN)
        bias = d.sum(axis=0)
        return d.T @ flat, d.T @ np.concatenate(hs[:-1]), bias, bias

    def step():
        *recurrent, weight, bias = problem.parameters
        hs, cs, gates = forward(*recurrent)
        loss, g = handwritten.cross_entropy(hs[-1] @ weight.T + bias, problem.labels)
        found = backward(g @ weight, recurrent[1], hs, cs, gates)
        for p, d in zip(problem.parameters, [*found, g.T @ hs[-1], g.sum(axis=0)], strict=True):
            p -= RATE * d
        return loss

    return step


def our_step(problem: Problem) -> Callable[[np.ndarray, np.ndarray], Any]:
    from microtensor import losses, nn, optim

    layer, classifier = nn.LSTM(INPUTS, HIDDEN), nn.Linear(HIDDEN, CLASSES)
    parameters = [*layer.parameters(), *classifier.parameters()]
    for p, data in zip(parameters, problem.parameters, strict=True):
        p.data = data
    optimizer = optim.SGD(parameters, lr=RATE)

    def step(x, labels):
        optimizer.zero_grad()
        _, (h, _) = layer(x)
        loss = losses.cross_entropy(classifier(h[0]), labels)
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    return step


def with_pytorch(problem: Problem) -> Step:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    layer, classifier = nn.LSTM(INPUTS, HIDDEN), nn.Linear(HIDDEN, CLASSES)
    parameters = [*layer.parameters(), *classifier.parameters()]
    with torch.no_grad():
        for p, data in zip(parameters, problem.parameters, strict=True):
            p.copy_(torch.from_numpy(data))
    optimizer = torch.optim.SGD(parameters, lr=RATE)
    x, labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)

    def step():
        optimizer.zero_grad()
        _, (h, _) = layer(x)
        loss = nn.functional.cross_entropy(classifier(h[0]), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def with_jax(problem: Problem) -> Step:
    import jax
    import jax.numpy as jnp

    def mean_loss(parameters, x, labels):
        w_ih, w_hh, b_ih, b_hh, weight, bias = parameters

        def advance(state, sums):
            h, c = state
            i, f, n, o = jnp.split(sums + h @ w_hh.T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(n)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zeros = jnp.zeros((x.shape[1], HIDDEN), x.dtype)
        (h, _), _ = jax.lax.scan(advance, (zeros, zeros), x @ w_ih.T + (b_ih + b_hh))
        log_probabilities = jax.nn.log_softmax(h @ weight.T + bias)
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
        name="lstm",
        title="a training step, LSTM of 128, 64 steps, batch 32",
        contestants=CONTESTANTS,
        problem=Problem.make,
    )
]
