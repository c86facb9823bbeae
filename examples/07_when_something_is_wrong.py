"""What to do when a number looks wrong: find the first nan, check a gradient, keep less memory.

A small network learns to place points so that those of one class are near to each other. Its loss
uses distances, and the distance of a point to itself is 0, where the root has an infinite slope.

    python examples/07_when_something_is_wrong.py
"""

import sys
from pathlib import Path

import numpy as np

import microtensor as mt
from microtensor import data, nn, optim

np.seterr(all="ignore")  # NumPy warns of what follows; many programs silence it, as here

points, labels = data.moons(24, noise=0.1, rng=0)
same = np.equal.outer(labels, labels)  # (B, B): which pairs are of one class
net = nn.MLP(2, [16, 2], activation="tanh", rng=0)


def naive_distances(z):
    """Give the distance of every pair of rows, (B, B)."""
    return np.sqrt(np.sum((z[:, None] - z[None]) ** 2, axis=-1))


def loss_of(z, same, distances):
    """Pull pairs of one class together, and push others to a distance of at least 1."""
    d = distances(z)
    return np.mean(np.where(same, d**2, np.maximum(1 - d, 0) ** 2))


# 1. Training goes on without an error, and every parameter is nan after one step.
loss = loss_of(net(points), same, naive_distances)
loss.backward()
print("the loss is", f"{loss:.4f}", "and its gradient", net.layers[0].bias.grad[:3])
net.zero_grad()

# Inside of detect_anomaly the first operation that made a nan or infinity is named.
try:
    with mt.detect_anomaly():
        loss_of(net(points), same, naive_distances).backward()
except mt.errors.AnomalyError as error:
    print(f"\n{error}")


# 2. The cure: leave the diagonal out of the root. `where` alone would not do, since the branch that
#    it drops is still differentiated: what goes into the root must be safe.
def safe_distances(z):
    """Give the distance of every pair of rows, (B, B); 0 on the diagonal."""
    squares = np.sum((z[:, None] - z[None]) ** 2, axis=-1)
    apart = squares > 0
    return np.where(apart, np.sqrt(np.where(apart, squares, 1)), 0)


def safe_loss(z, same):
    return loss_of(z, same, safe_distances)


# Is the gradient right now? Every parameter is compared with differences of the loss.
print("\n" + repr(mt.check_model(net, safe_loss, points, same, order=1)))

# 3. A loss of all pairs keeps arrays of B² entries. `checkpoint` keeps its input alone, and
#    computes the rest again when the gradient is asked for: the numbers are the same.
z = mt.Value(np.random.default_rng(0).standard_normal((24, 2)), name="z")
plain = mt.grad(safe_loss)(z, same).data
frugal = mt.grad(mt.checkpoint(safe_loss))(z, same).data
print("\nthe same gradient, recomputed:", np.array_equal(plain, frugal))

optimizer = optim.Adam(net.parameters(), lr=0.01)
for _ in range(200):
    loss = safe_loss(net(points), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"after 200 steps the loss is {loss:.4f}")
assert loss.data < 0.05

# The graph of the loss of three points, with the gradient that was found.
few = mt.Value(net(points[:3]).data.astype(float), name="z")
of_three = safe_loss(few, same[:3, :3])
of_three.name = "loss"
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
drawing = mt.draw(of_three, title="Distances of three points, safe at 0", rankdir="TB")
print("picture in", drawing.save(folder / "distances.svg"))
