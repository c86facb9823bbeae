"""An operation that is solved for: its derivative comes from the equation, not from the solver.

Some functions have no formula, only an equation: y is whatever makes F(x, y) = 0. A solver finds it
in many steps. But a change of x must keep the equation true, F_x dx + F_y dy = 0, so that

    dy/dx = -F_y⁻¹ F_x

whatever the solver did. That is the implicit function theorem, and it is the rule of an operation:
first of one number, the place of a planet on its way; then of a layer of neurons that feed each
other until nothing changes any more.

    S. Bai, J. Z. Kolter, V. Koltun, *Deep Equilibrium Models* (2019)

    python examples/16_solved_for.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import microtensor as mt
from microtensor import data, losses, nn, optim

# 1. Kepler's equation: E - e sin E = M gives the planet's angle E at the time M, on an ellipse of
#    the eccentricity e. No formula gives E; Newton's method does, in a few steps.


@mt.primitive
def kepler(M, e):
    """The angle E of E - e sin E = M, for 0 ≤ e < 1."""
    E = M + 0.85 * e * np.sign(np.sin(M))  # J. Danby's beginning, from which Newton's steps arrive
    for _ in range(50):
        step = (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
        E = E - step
        if np.all(np.abs(step) < 1e-14):
            break
    return E


# The equation's change: dE - e cos E dE - sin E de = dM. Solve it for dE, and read off the rule.
mt.differentiable(
    kepler,
    lambda g, E, M, e: g / (1 - e * np.cos(E)),
    lambda g, E, M, e: g * np.sin(E) / (1 - e * np.cos(E)),
)


# 2. Neurons that feed each other: z = tanh(W z + u). From z = 0 on, each round brings z nearer to
#    where it rests, if W is not too large.


@mt.primitive
def rest(W, u):
    """Where z = tanh(z Wᵀ + u) comes to rest, (B, n), for W of (n, n) and u of (B, n)."""
    z = np.zeros_like(u)
    for _ in range(2000):
        z, before = np.tanh(z @ W.T + u), z
        if np.max(np.abs(z - before)) < 1e-13:
            break
    return z


def received(g, z, W):
    """The gradient of the sum z Wᵀ + u inside of the tanh, (B, n).

    Each row: dz = s (W dz + du) with the slope s = 1 - z² of tanh, so dz = (I - s W)⁻¹ s du. Read
    backwards, the gradient g of z becomes s (I - Wᵀ s)⁻¹ g: one linear system, for however many
    rounds.
    """
    s = 1 - z * z
    system = np.eye(len(W)) - W.T * s[:, None, :]
    return s * np.linalg.solve(system, g[..., None])[..., 0]


mt.differentiable(
    rest,
    lambda g, z, W, u: received(g, z, W).T @ z,
    lambda g, z, W, u: received(g, z, W),
)


def rounds(W, u, count):
    """The same by so many rounds, all recorded: the gradient goes back through each of them."""
    z = np.zeros_like(u)
    for _ in range(count):
        z = np.tanh(z @ W.T + u)
    return z


class Equilibrium(nn.Module):
    """A layer whose output feeds back into it, until it rests."""

    def __init__(self, inputs, width, rng):
        self.free = nn.Parameter(rng.standard_normal((width, width)) / np.sqrt(width))
        self.enter = nn.Linear(inputs, width, rng=rng, dtype=float)

    def forward(self, x):
        # No row's sum is beyond 0.95: then every round shrinks distances, and there is one rest.
        sums = np.sum(np.abs(self.free), axis=1, keepdims=True)
        return rest(0.95 * self.free / np.maximum(sums, 1), self.enter(x))


def learn(net, x, y, steps):
    """Train it as any other model."""
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    for step in range(steps):
        loss = losses.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
        if step % (steps // 4) == 0 or step == steps - 1:
            right = np.mean(np.argmax(net(x).data, axis=1) == y)
            print(f"step {step:3}  loss {loss:.4f}  right {right:.0%}")
    return right


def shortfalls(W, u, counts):
    """How far the gradient through so many rounds is from the one of the rule, at most."""
    exact = mt.grad(lambda W: np.sum(rest(W, u) ** 2))(W)
    unrolled = [mt.grad(lambda W, n=n: np.sum(rounds(W, u, n) ** 2))(W) for n in counts]
    return [np.max(np.abs(g - exact)) for g in unrolled]


def picture(counts, off, net, x, y):
    """How many rounds it takes by the chain rule; and what the layer has learned."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    left.semilogy(counts, off, "o-", color="#B34700")
    left.set(xlabel="rounds of the solver, all differentiated", ylabel="difference")
    left.set_title("A gradient through the solver, and the equation's", loc="left", weight="bold")
    ends = np.linspace(-1.1, 1.1, 120)
    grid = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)
    with mt.no_grad():
        answers = np.argmax(net(grid).data, axis=1).reshape(120, 120)
    colors = ("#0B5CAD", "#B34700", "#00766C")
    right.imshow(
        answers, extent=(-1.1, 1.1, -1.1, 1.1), origin="lower", cmap=ListedColormap(colors),
        alpha=0.25, vmin=0, vmax=2,
    )  # fmt: skip
    for k, color in enumerate(colors):
        right.plot(*x[y == k].T, ".", color=color, markersize=4)
    right.set(xticks=[], yticks=[], aspect="equal")
    right.set_title("Arms told apart by neurons at rest", loc="left", weight="bold")
    left.spines[["top", "right"]].set_visible(False)
    return figure


def main(folder, quick):
    M, e = np.linspace(0.2, 6, 7), np.array(0.6)
    E = kepler(M, e)
    print(f"Kepler's equation is solved to {np.max(np.abs(E - e * np.sin(E) - M)):.0e}")
    assert mt.check_gradients(kepler, M, e, order=2).passed

    rng = np.random.default_rng(0)
    W = rng.uniform(-1, 1, (6, 6))
    W *= 0.9 / np.abs(W).sum(axis=1, keepdims=True)
    u = rng.standard_normal((3, 6))
    print(mt.check_gradients(rest, W, u, order=2))
    counts = [1, 2, 5, 10, 20, 40, 80]
    off = shortfalls(W, u, counts)
    print("\nthe gradient through rounds of the solver, against the rule's:")
    for count, error in zip(counts, off, strict=True):
        print(f"  {count:3} rounds  off by {error:.0e}")
    assert off[-1] < 1e-10 < off[2]

    print("\nthree arms of a spiral, by a layer that is solved for:")
    x, y = data.spirals(90 if quick else 300, noise=0.1, rng=0)
    net = nn.Sequential(Equilibrium(2, 24, rng), nn.Linear(24, 3, rng=rng, dtype=float))
    right = learn(net, x, y, 40 if quick else 400)
    assert right > (0.6 if quick else 0.97)
    picture(counts, off, net, x, y).savefig(folder / "at_rest.svg")
    print("picture in", folder / "at_rest.svg")


if __name__ == "__main__":
    main(
        Path(next((a for a in sys.argv[1:] if not a.startswith("--")), ".")),
        "--quick" in sys.argv,
    )
