"""An operation, a layer and a model of your own, and the proof that the gradient is right.

python examples/06_your_own.py
"""

import sys
from pathlib import Path

import numpy as np

import microtensor as mt
from microtensor import Value, data, losses, nn, optim

# 1. An operation that NumPy lacks, in two words: what it computes, and its derivative.
#    g is the gradient of the output y. Broadcasting is undone by the engine.


@mt.primitive
def gaussian(x, width):
    """A bump of height 1 around 0."""
    return np.exp(-((x / width) ** 2))


mt.differentiable(
    gaussian,
    lambda g, y, x, width: g * y * (-2 * x / width**2),
    lambda g, y, x, width: g * y * (2 * x**2 / width**3),
)

# Is the rule right? It is compared with differences of the function itself, twice over.
print(mt.check_gradients(gaussian, np.linspace(-2, 2, 5), 0.8, order=2))

# 2. A layer is a class with parameters and a forward: each output is a bump around a centre.


class Bumps(nn.Module):
    def __init__(self, inputs, outputs, rng):
        self.centres = nn.Parameter(rng.uniform(-1, 2, (outputs, inputs)).astype(np.float32))
        self.width = nn.Parameter(np.ones(outputs, dtype=np.float32))

    def forward(self, x):  # (B, inputs)
        offsets = x[:, None, :] - self.centres  # (B, outputs, inputs)
        distance = np.sqrt((offsets**2).sum(axis=-1) + 1e-6)  # (B, outputs)
        return gaussian(distance, self.width)


# 3. A model is made of layers, in the same way.


class BumpNet(nn.Module):
    def __init__(self, rng):
        self.bumps = Bumps(2, 12, rng)
        self.top = nn.Linear(12, 2, rng=rng)

    def forward(self, x):
        return self.top(self.bumps(x))


rng = np.random.default_rng(0)
x, y = data.moons(200, noise=0.15, rng=rng)
net = BumpNet(rng)
print(net)
optimizer = optim.Adam(net.parameters(), lr=0.05)
for step in range(101):
    loss = losses.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        accuracy = np.mean(np.argmax(net(x).data, axis=1) == y)
        print(f"step {step:3}  loss {loss:.4f}  accuracy {accuracy:.0%}")
assert accuracy > 0.97

# It is drawn like any other, with its modules as frames.
loss = losses.cross_entropy(net(Value(x[:6], name="x")), y[:6])
loss.name = "loss"
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
print("picture in", mt.draw(loss, title="A model of bumps").save(folder / "bumps.svg"))
