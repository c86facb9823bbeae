"""One training step of a small language model: forward, backward, AdamW, float32.

Characters and their places are embedded in 128 numbers, pass two encoder layers of four heads and
512 hidden units, each place seeing those before it, and a linear layer says which of 65 characters
comes next: 16 sequences of 64. Each contestant gives `step`, as in the races of the MLP. PyTorch's
layers are its own, `TransformerEncoder` without dropout, and so are ours; JAX's are written out.

References
----------
.. [1] Vaswani et al., *Attention Is All You Need* (2017), section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.race import Contestant, StepRace

Step = Callable[[], Any]

CHARACTERS, LENGTH, WIDTH, HEADS, HIDDEN, LAYERS = 65, 64, 128, 4, 512, 2
RATE, BETAS, EPS, DECAY = 1e-3, (0.9, 0.999), 1e-8, 1e-2

SHAPES = {
    "self_attn.in_proj_weight": (3 * WIDTH, WIDTH),
    "self_attn.in_proj_bias": (3 * WIDTH,),
    "self_attn.out_proj.weight": (WIDTH, WIDTH),
    "self_attn.out_proj.bias": (WIDTH,),
    "linear1.weight": (HIDDEN, WIDTH),
    "linear1.bias": (HIDDEN,),
    "linear2.weight": (WIDTH, HIDDEN),
    "linear2.bias": (WIDTH,),
    "norm1.weight": (WIDTH,),
    "norm1.bias": (WIDTH,),
    "norm2.weight": (WIDTH,),
    "norm2.bias": (WIDTH,),
}


@dataclass
class Problem:
    """The same weights, under PyTorch's names, and the same batch for everybody."""

    state: dict[str, np.ndarray]
    x: np.ndarray
    labels: np.ndarray

    @classmethod
    def make(cls, batch: int = 16) -> Problem:
        """Weights of variance 1 / inputs, biases near 0, scales near 1; characters at random."""
        rng = np.random.default_rng(0)
        shapes = {"characters.weight": (CHARACTERS, WIDTH), "places.weight": (LENGTH, WIDTH)}
        for i in range(LAYERS):
            shapes |= {f"encoder.layers.{i}.{name}": shape for name, shape in SHAPES.items()}
        shapes |= {"head.weight": (CHARACTERS, WIDTH), "head.bias": (CHARACTERS,)}
        state = {}
        for name, shape in shapes.items():
            spread = shape[1] ** -0.5 if len(shape) == 2 else 0.02
            mean = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            state[name] = (mean + spread * rng.standard_normal(shape)).astype(np.float32)
        text = rng.integers(0, CHARACTERS, (batch, LENGTH + 1))
        return cls(state, text[:, :-1].copy(), text[:, 1:].copy())


def our_step(problem: Problem) -> Callable[[np.ndarray, np.ndarray], Any]:
    from microtensor import losses, nn, optim

    class Model(nn.Module):
        def __init__(self):
            self.characters = nn.Embedding(CHARACTERS, WIDTH)
            self.places = nn.Embedding(LENGTH, WIDTH)
            layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, LAYERS)
            self.head = nn.Linear(WIDTH, CHARACTERS)

        def forward(self, x):
            x = self.characters(x) + self.places(np.arange(LENGTH))
            return self.head(self.encoder(x, is_causal=True))

    model = Model()
    model.load_state_dict(problem.state)
    optimizer = optim.AdamW(model.parameters(), RATE, BETAS, EPS, DECAY)

    def step(x, labels):
        optimizer.zero_grad()
        loss = losses.cross_entropy(model(x).reshape(-1, CHARACTERS), labels.reshape(-1))
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    return step


def with_pytorch(problem: Problem) -> Step:
    import torch
    from torch import nn

    torch.set_num_threads(1)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.characters = nn.Embedding(CHARACTERS, WIDTH)
            self.places = nn.Embedding(LENGTH, WIDTH)
            layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, LAYERS)
            self.head = nn.Linear(WIDTH, CHARACTERS)

        def forward(self, x):
            x = self.characters(x) + self.places(places)
            return self.head(self.encoder(x, mask, is_causal=True))

    places, mask = torch.arange(LENGTH), nn.Transformer.generate_square_subsequent_mask(LENGTH)
    model = Model()
    model.load_state_dict({name: torch.from_numpy(p) for name, p in problem.state.items()})
    optimizer = torch.optim.AdamW(model.parameters(), RATE, BETAS, EPS, DECAY)
    x, labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels).reshape(-1)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x).reshape(-1, CHARACTERS), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def with_jax(problem: Problem) -> Step:
    import jax
    import jax.numpy as jnp

    def linear(state, name, x):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def norm(state, name, x):
        u = jax.nn.standardize(x, epsilon=1e-5)
        return u * state[f"{name}.weight"] + state[f"{name}.bias"]

    def attention(state, name, x):
        qkv = x @ state[f"{name}.in_proj_weight"].T + state[f"{name}.in_proj_bias"]
        q, k, v = (part.reshape(*x.shape[:2], HEADS, -1) for part in jnp.split(qkv, 3, axis=-1))
        y = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        return linear(state, f"{name}.out_proj", y.reshape(x.shape))

    def mean_loss(state, x, labels):
        x = state["characters.weight"][x] + state["places.weight"]
        for name in (f"encoder.layers.{i}" for i in range(LAYERS)):
            x = norm(state, f"{name}.norm1", x + attention(state, f"{name}.self_attn", x))
            hidden = jax.nn.relu(linear(state, f"{name}.linear1", x))
            x = norm(state, f"{name}.norm2", x + linear(state, f"{name}.linear2", hidden))
        log_probabilities = jax.nn.log_softmax(linear(state, "head", x))
        return -jnp.take_along_axis(log_probabilities, labels[..., None], axis=-1).mean()

    @jax.jit
    def train(state, moments, count, x, labels):
        loss, gradients = jax.value_and_grad(mean_loss)(state, x, labels)
        first, second = (1 - beta**count for beta in BETAS)

        def moved(p, g, m, v):
            m, v = BETAS[0] * m + (1 - BETAS[0]) * g, BETAS[1] * v + (1 - BETAS[1]) * g * g
            p = p - RATE * (m / first / (jnp.sqrt(v / second) + EPS) + DECAY * p)
            return p, m, v

        new = {name: moved(p, gradients[name], *moments[name]) for name, p in state.items()}
        state = {name: p for name, (p, _, _) in new.items()}
        return loss, state, {name: (m, v) for name, (_, m, v) in new.items()}

    state = {name: jnp.array(p) for name, p in problem.state.items()}
    moments = {name: (jnp.zeros_like(p), jnp.zeros_like(p)) for name, p in state.items()}
    x, labels, count = jnp.array(problem.x), jnp.array(problem.labels), 0

    def step():
        nonlocal state, moments, count
        count += 1
        loss, state, moments = train(state, moments, count, x, labels)
        return loss.block_until_ready()

    return step


CONTESTANTS = [
    *ours.contestants(our_step),
    Contestant("pytorch", "PyTorch", "torch", with_pytorch),
    Contestant("jax", "JAX jit", "jax", with_jax),
]

RACES = [
    StepRace(
        name="transformer",
        title="a training step, two encoder layers, batch 16",
        contestants=CONTESTANTS,
        problem=Problem.make,
    )
]
