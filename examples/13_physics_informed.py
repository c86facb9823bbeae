"""A network that solves a differential equation: it is shown no solution, only the equation.

Burgers' equation says how the speed u(x, t) of a fluid changes that pushes itself along and is
viscous: waves steepen until they nearly break.

    ∂u/∂t + u ∂u/∂x = ν ∂²u/∂x²,   u(x, 0) = -sin πx,   u(-1, t) = u(1, t) = 0

The loss is by how much the network breaks it, at some points. So there are derivatives inside of
the loss, by the inputs, and training takes the gradient of them, by the parameters.

    M. Raissi, P. Perdikaris, G. E. Karniadakis, *Physics-informed neural networks* (2019)

    python examples/13_physics_informed.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import microtensor as mt
from microtensor import nn, optim

VISCOSITY = 0.05


def exact(x, t):
    """The solution, which is known: a ratio of two integrals over a bell curve.

    E. Hopf, *The partial differential equation u_t + u u_x = μ u_xx* (1950); J. D. Cole (1951).
    """
    place, weight = np.polynomial.hermite.hermgauss(80)
    y = x[..., None] - np.sqrt(4 * VISCOSITY * t[..., None]) * place
    f = np.exp(-np.cos(np.pi * y) / (2 * np.pi * VISCOSITY)) * weight
    return -np.sum(np.sin(np.pi * y) * f, axis=-1) / np.sum(f, axis=-1)


def guess_of(net):
    """The function that is trained: it has the right start and ends, whatever the network says."""

    def u(x, t):  # (B,) and (B,)
        correction = net(np.stack([x, t], axis=-1))[:, 0]
        return -np.sin(np.pi * x) + t * (1 - x**2) * correction

    return u


def residual(u, x, t):
    """By how much u breaks the equation at each point, (B,): 0 for a solution.

    `jvp` gives a function and its derivative in a direction. All x move at once, but each point's u
    depends on its own x alone: so one pass gives ∂u/∂x at every point. The second derivative is the
    derivative of that pass.
    """
    together = np.ones(len(x))

    def with_slope(x):
        return mt.jvp(lambda x: u(x, t), (x,), (together,))

    (value, u_x), (_, u_xx) = mt.jvp(with_slope, (x,), (together,))
    _, u_t = mt.jvp(lambda t: u(x, t), (t,), (together,))
    return u_t + value * u_x - VISCOSITY * u_xx


def learn(net, x, t, rounds, iterations):
    """Make the residual small at the points, by L-BFGS, and tell how it goes."""
    u = guess_of(net)
    optimizer = optim.LBFGS(
        net.parameters(), max_iter=iterations, history_size=50, line_search_fn="strong_wolfe",
        tolerance_grad=1e-9, tolerance_change=1e-13,
    )  # fmt: skip

    @mt.compile  # written once as a program: three derivatives, and the gradient of them
    def closure():
        loss = np.mean(residual(u, x, t) ** 2)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        return loss

    for k in range(1, rounds + 1):
        optimizer.step(closure)
        print(f"{k * iterations:5} iterations  loss {closure():.1e}  error {error(u):.2%}")


def grid():
    """Places and times at which the solution is looked at, each (101, 201)."""
    return np.meshgrid(np.linspace(-1, 1, 201), np.linspace(0, 1, 101))


def error(u):
    """How far u is from the solution: the root of the mean square, as a part of the solution's."""
    x, t = grid()
    truth = exact(x, t)
    with mt.no_grad():
        difference = u(x.ravel(), t.ravel()).data.reshape(x.shape) - truth
    return float(np.sqrt(np.mean(difference**2) / np.mean(truth**2)))


def picture(u, x, t):
    """The solution that was found, as a map with its points; and cuts through it at five times."""
    places, times = grid()
    with mt.no_grad():
        found = u(places.ravel(), times.ravel()).data.reshape(places.shape)
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = left.imshow(
        found.T, extent=(0, 1, -1, 1), origin="lower", aspect="auto", cmap="PuOr", vmin=-1, vmax=1
    )
    left.plot(t, x, ".", color="black", markersize=1.5, alpha=0.5)
    left.set(xlabel="t", ylabel="x")
    left.set_title("u, and where the equation was asked for", loc="left", weight="bold")
    figure.colorbar(shown, ax=left)
    for k in range(5):
        row = 25 * k
        shade = 0.25 + 0.15 * k
        right.plot(places[row], exact(places[row], times[row]), color="#B34700", alpha=shade, lw=5)
        right.plot(places[row], found[row], color="#0B5CAD", lw=1.5)
    right.plot([], [], color="#B34700", alpha=0.5, lw=5, label="exact, at t = 0, ¼, ½, ¾, 1")
    right.plot([], [], color="#0B5CAD", lw=1.5, label="the network")
    right.set(xlabel="x", ylabel="u", xticks=(-1, -0.5, 0, 0.5, 1))
    right.set_title("The wave steepens", loc="left", weight="bold")
    right.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False, loc="lower left")
    return figure


def main(folder, quick):
    rng = np.random.default_rng(0)
    n = 500 if quick else 1000
    x, t = rng.uniform(-1, 1, n), rng.uniform(0, 1, n)

    # Are the equation and its solution written down right? Then they agree, to rounding.
    print(f"the solution breaks the equation by {np.abs(residual(exact, x, t)).max():.0e} at most")

    net = nn.MLP(2, [24, 24, 24, 1], activation="tanh", rng=rng, dtype=float)
    learn(net, x, t, *((3, 100) if quick else (6, 200)))
    u = guess_of(net)
    print(f"the network is off by {error(u):.2%}")
    assert error(u) < (0.1 if quick else 0.002)

    picture(u, x, t).savefig(folder / "burgers.svg")
    print("picture in", folder / "burgers.svg")


if __name__ == "__main__":
    main(
        Path(next((a for a in sys.argv[1:] if not a.startswith("--")), ".")),
        "--quick" in sys.argv,
    )
