"""Learning to learn: initial weights from which one step of gradient descent is nearly enough.

Each task is a sine wave of its own height and phase, of which ten points are given. Meta-learning
looks for weights θ that are good for no wave at all, but are near to good ones for all of them:

    minimise  L(θ - α ∇l(θ)),   l the loss on a task's ten points, L the loss on ten others

A gradient stands inside of the function. So the gradient of the function has a second derivative
in it, by the chain rule: (I - α ∇²l(θ)) ∇L. Nobody writes it down: `mt.grad` gives a gradient that
is recorded like everything else, and `backward()` goes through it.

    C. Finn, P. Abbeel, S. Levine, *Model-Agnostic Meta-Learning for Fast Adaptation of Deep
    Networks* (2017), section 5.1

    python examples/14_learning_to_learn.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import microtensor as mt
from microtensor import nn, optim

POINTS = 10  # that are given of a wave
RATE = 0.02  # of the step that adapts the weights to a wave: α


def waves(n, points, rng):
    """Draw n waves, and points of each: x and y of shape (n, points, 1)."""
    height, phase = rng.uniform(0.1, 5, (n, 1, 1)), rng.uniform(0, np.pi, (n, 1, 1))
    x = rng.uniform(-5, 5, (n, points, 1))
    return x, height * np.sin(x - phase)


def begin(rng, width=40):
    """Weights and biases of a network 1-40-40-1."""
    sizes = [(1, width), (width, width), (width, 1)]
    layers = [(rng.standard_normal(s) * np.sqrt(2 / s[0]), np.zeros((1, s[1]))) for s in sizes]
    return [nn.Parameter(part) for layer in layers for part in layer]


def network(weights, x):
    """The network's answers; with weights of shape (n, ...), each wave has a network of its own."""
    w1, b1, w2, b2, w3, b3 = weights
    return np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3


def errors(weights, x, y):
    """The mean squared error on each wave, (n,)."""
    return np.mean((network(weights, x) - y) ** 2, axis=(1, 2))


def for_each(weights, n):
    """Let each of n waves begin with the same weights."""
    return [np.broadcast_to(w, (n, *w.shape)) for w in weights]


def stepped(weights, x, y):
    """One step of gradient descent for each wave, on its points; the waves do not meet."""
    slopes = mt.grad(lambda weights: np.sum(errors(weights, x, y)))(weights)
    return [w - RATE * slope for w, slope in zip(weights, slopes, strict=True)]


def after_a_step(weights, given, asked):
    """What is minimised: the error on other points, after a step on the ones that are given."""
    return np.mean(errors(stepped(for_each(weights, len(given[0])), *given), *asked))


def at_once(weights, given, asked):
    """What is minimised usually: the error on all waves, by the same weights."""
    return np.mean(errors(weights, *asked))


def learn(objective, steps, rng):
    """Learn initial weights on 25 waves at a time, which never come again."""
    weights = begin(rng)
    optimizer = optim.Adam(weights, lr=3e-3)
    schedule = optim.CosineAnnealingLR(optimizer, T_max=steps)

    @mt.compile
    def step(given, asked):
        loss = objective(weights, given, asked)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    for _ in range(steps):
        x, y = waves(25, 2 * POINTS, rng)
        step((x[:, :POINTS], y[:, :POINTS]), (x[:, POINTS:], y[:, POINTS:]))
        schedule.step()
    return [w.data for w in weights]


def slope_three_ways(weights, given, asked, direction, h=1e-5):
    """How the objective changes along a direction: by its gradient, by a nudge, and by half a
    gradient, in which the step is taken for a constant."""

    def along(gradient):
        return sum(float(np.sum(g * d)) for g, d in zip(gradient, direction, strict=True))

    def nudged(h):
        moved = [w + h * d for w, d in zip(weights, direction, strict=True)]
        return float(after_a_step(moved, given, asked))

    each = stepped(for_each(weights, len(given[0])), *given)
    half = mt.grad(lambda weights: np.mean(errors(weights, *asked)))(each)
    return (
        along(mt.grad(after_a_step)(weights, given, asked)),
        (nudged(h) - nudged(-h)) / (2 * h),
        along([g.sum(axis=0) for g in half]),
    )


def adapting(weights, x, y, steps):
    """The mean error on the points that are not given, after 0, 1, ... steps on those that are."""
    given, asked = (x[:, :POINTS], y[:, :POINTS]), (x[:, POINTS:], y[:, POINTS:])
    weights, found = for_each(weights, len(x)), []
    for _ in range(steps + 1):
        found.append(float(np.mean(errors(weights, *asked))))
        weights = stepped(weights, *given)
    return found


def picture(learned, rng):
    """Three waves: what the network says before, after one step and after five."""
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    rows = figure.subplots(2, 3, sharex=True, sharey=True)
    x, y = waves(3, POINTS, rng)
    line = np.broadcast_to(np.linspace(-5, 5, 200)[:, None], (3, 200, 1))
    for axes, (name, weights) in zip(rows, learned.items(), strict=True):
        now = for_each(weights, 3)
        for steps in range(6):
            if steps in (0, 1, 5):
                style = {0: ("#9AA5B1", "--"), 1: ("#B34700", "-"), 5: ("#0B5CAD", "-")}[steps]
                label = {0: "before", 1: "after one step", 5: "after five"}[steps]
                for k in range(3):
                    says = network(now, line)[k, :, 0]
                    axes[k].plot(line[k, :, 0], says, *style[1:], color=style[0], label=label)
            now = stepped(now, x, y)
        for k in range(3):
            axes[k].plot(x[k, :, 0], y[k, :, 0], "o", color="black", markersize=4)
            axes[k].spines[["top", "right"]].set_visible(False)
        axes[0].set_title(f"{name}: the points, and what it says", loc="left", weight="bold")
    rows[0, 2].legend(frameon=False, fontsize=8)
    return figure


def main(folder, quick):
    steps = 1000 if quick else 8000
    learned = {
        "learned to learn": learn(after_a_step, steps, np.random.default_rng(0)),
        "learned all at once": learn(at_once, steps, np.random.default_rng(0)),
    }
    rng = np.random.default_rng(1)
    x, y = waves(4, 2 * POINTS, rng)
    weights = learned["learned to learn"]
    given, asked = (x[:, :POINTS], y[:, :POINTS]), (x[:, POINTS:], y[:, POINTS:])
    direction = [rng.standard_normal(w.shape) for w in weights]
    whole, nudge, half = slope_three_ways(weights, given, asked, direction)
    print(f"the objective's slope in some direction  {whole:+.6f}")
    print(f"the same by a nudge                      {nudge:+.6f}")
    print(f"without the second derivative            {half:+.6f}")
    assert np.isclose(whole, nudge, rtol=1e-4)

    x, y = waves(300, POINTS + 50, rng)
    print("\nerror on 300 new waves after   0 steps   1 step   2 steps   5 steps")
    found = {name: adapting(weights, x, y, 5) for name, weights in learned.items()}
    for name, error in found.items():
        print(f"{name:<30} {error[0]:7.2f}  {error[1]:7.2f}  {error[2]:8.2f}  {error[5]:8.2f}")
    assert found["learned to learn"][1] < found["learned all at once"][1] / (2 if quick else 5)

    picture(learned, np.random.default_rng(3)).savefig(folder / "waves.svg")
    print("picture in", folder / "waves.svg")


if __name__ == "__main__":
    main(
        Path(next((a for a in sys.argv[1:] if not a.startswith("--")), ".")),
        "--quick" in sys.argv,
    )
