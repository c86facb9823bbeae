"""How fast was the ball, and how did it spin? The parameters of a simulation, found from a film.

A tennis ball flies through the air, which slows it down, and, as it spins, turns it aside. A camera
sees it for half a second, to two centimetres. The flight is simulated step by step, and derivatives
go through all the steps: first ones to find the parameters, second ones to say how sure they are.

    python examples/15_fit_a_simulation.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import microtensor as mt

# Arrays hold many films at once, N of them, along their last axis.
GRAVITY = np.array([[0.0], [-9.81]])  # m/s²
START = np.array([[0.0], [1.0]])  # m
DT = 0.025  # s, from one image to the next
SEEN, LATER = 20, 29  # images that the camera sees, and one that it does not
NOISE = 0.02  # m
NAMES = ("speed (m/s)", "angle (°)", "drag (1/m)", "lift (1/m)")
TRUTH = np.array([30.0, 9.0, 0.020, -0.008])  # a lift below 0: topspin


def acceleration(velocity, drag, lift):
    """Gravity; the air's drag against the motion; and the Magnus force across it."""
    speed = np.sqrt(np.sum(velocity**2, axis=0))
    across = np.stack([-velocity[1], velocity[0]])
    return GRAVITY - drag * speed * velocity + lift * speed * across


def flight(parameters, images=SEEN):
    """Where the ball is at each image, (images, 2, N), by the method of Runge and Kutta.

    The parameters are (4, N), in the order of NAMES.
    """
    speed, angle, drag, lift = parameters
    x, v = START, speed * np.stack([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    places = []
    for _ in range(images):
        a1 = acceleration(v, drag, lift)
        a2 = acceleration(v + a1 * (DT / 2), drag, lift)
        a3 = acceleration(v + a2 * (DT / 2), drag, lift)
        a4 = acceleration(v + a3 * DT, drag, lift)
        x = x + v * DT + (a1 + a2 + a3) * (DT**2 / 6)
        v = v + (a1 + 2 * a2 + 2 * a3 + a4) * (DT / 6)
        places.append(x)
    return np.stack(places)


def surprise(parameters, films):
    """How unlikely the films are, in nats, up to a constant, if the noise is normal."""
    return np.sum((films - flight(parameters)) ** 2) / (2 * NOISE**2)


def fourfold(parameters):
    """Each film four times, (4, 4N), and a direction for each copy: one of its parameters grows.

    Films do not meet, so that one pass in these directions gives all four derivatives of each film.
    """
    directions = np.kron(np.eye(4), np.ones(parameters.shape[1]))
    return np.tile(parameters, 4), directions


def slopes(parameters, images=SEEN):
    """How each place changes with each parameter, (images, 2, 4, N), by forward mode."""
    copies, directions = fourfold(parameters)
    _, change = mt.jvp(lambda p: flight(p, images), (copies,), (directions,))
    return change.reshape(images, 2, 4, -1)


def curvature(parameters, films):
    """The second derivatives of the surprise, (N, 4, 4)."""
    copies, directions = fourfold(parameters)
    four_films = np.tile(films, 4)
    (rows,) = mt.hvp(lambda p: surprise(p, four_films), (copies,), (directions,))
    return rows.reshape(4, 4, -1).transpose(2, 0, 1)


def fitted(films, rounds=6):
    """Find the likeliest parameters of each film, (4, N), and their covariances, (N, 4, 4).

    The method is Gauss' and Newton's: solve as if places were linear in the parameters, and again.
    Near its lowest point the surprise is a parabola, so that the likelihood is a bell, whose
    covariance is the inverse of the second derivatives.
    """
    n = films.shape[-1]
    found = np.tile([[25.0], [0.0], [0.0], [0.0]], n)  # a guess: no air
    for _ in range(rounds):
        J = slopes(found).reshape(-1, 4, n).transpose(2, 0, 1)
        misses = (films - flight(found)).reshape(-1, 1, n).transpose(2, 0, 1)
        found = found + (np.linalg.pinv(J) @ misses)[..., 0].T
    return found, np.linalg.inv(curvature(found, films))


def predicted(found, covariance):
    """The ball's place in a later image, (2, N), and its covariance, (N, 2, 2).

    An error dp of the parameters moves the place by J dp, which has the covariance J Σ Jᵀ.
    """
    J = slopes(found, LATER)[-1].transpose(2, 0, 1)  # (N, 2, 4)
    return flight(found, LATER)[-1], J @ covariance @ J.transpose(0, 2, 1)


def films_of(parameters, n, rng):
    """What the camera sees of n flights with the same parameters, (images, 2, n)."""
    return flight(np.reshape(parameters, (4, 1))) + NOISE * rng.standard_normal((SEEN, 2, n))


def ellipse(center, covariance, sigmas=2.45):
    """The border of a place that holds 95 % of a bell in two dimensions."""
    turn = np.linspace(0, 2 * np.pi, 100)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    return center[:, None] + sigmas * np.linalg.cholesky(covariance) @ circle


def picture(film, found, place, spread, z):
    """The flight with what was predicted; and how far off all fits are, in their error bars."""
    figure = Figure(figsize=(10.5, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
    left.plot(*flight(found, LATER)[..., 0].T, color="#0B5CAD", label="the simulation, fitted")
    left.plot(*film.T, ".", color="black", markersize=5, label="what the camera saw")
    left.plot(*ellipse(place, spread), color="#B34700", label="where it will be, with 95 %")
    truth = flight(TRUTH[:, None], LATER)[-1, :, 0]
    left.plot(*truth, "*", color="#B34700", markersize=10, label="where it really was")
    straight = flight(found * [[1], [1], [1], [0]], LATER)[..., 0]
    left.plot(*straight.T, "--", color="#9AA5B1", label="the same ball without spin")
    left.set(xlabel="distance (m)", ylabel="height (m)", ylim=(0, 2.2))
    left.set_title("The film, and what followed", loc="left", weight="bold")
    left.legend(frameon=False, fontsize=9, loc="lower left")
    right.hist(z.ravel(), bins=np.arange(-3.5, 3.6, 0.5), density=True, color="#BFD1E0")
    bell = np.linspace(-3.5, 3.5, 100)
    right.plot(bell, np.exp(-(bell**2) / 2) / np.sqrt(2 * np.pi), color="#B34700")
    right.set(xlabel="(found - true) / error bar", yticks=[])
    right.set_title(f"{z.shape[1]} films: are the bars right?", loc="left", weight="bold")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def main(folder, quick):
    films = films_of(TRUTH, 50 if quick else 1000, np.random.default_rng(0))
    found, covariance = fitted(films)
    bars = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)).T  # (4, N)
    print("of one film    true      found")
    for name, true, value, bar in zip(NAMES, TRUTH, found[:, 0], bars[:, 0], strict=True):
        print(f"{name:<11}  {true:7.3f}   {value:7.4f} ± {bar:.4f}")
    assert np.all(np.abs(found[:, 0] - TRUTH) < 3 * bars[:, 0])

    places, spreads = predicted(found[:, :1], covariance[:1])
    place, spread = places[:, 0], spreads[0]
    truth = flight(TRUTH[:, None], LATER)[-1, :, 0]
    for axis, value, variance, true in zip("xy", place, np.diag(spread), truth, strict=True):
        print(f"{axis} at image {LATER}: {value:.2f} ± {variance**0.5:.2f} m (really {true:.2f})")

    # An error bar is a claim about all films: in two of three the truth is inside.
    z = (found - TRUTH[:, None]) / bars
    inside = np.mean(np.abs(z) < 1)
    print(f"of {z.shape[1]} films, the truth was inside of the error bars in {inside:.0%}")
    assert abs(inside - 0.683) < (0.15 if quick else 0.04)

    picture(films[..., 0], found[:, :1], place, spread, z).savefig(folder / "ball.svg")
    print("picture in", folder / "ball.svg")


if __name__ == "__main__":
    main(
        Path(next((a for a in sys.argv[1:] if not a.startswith("--")), ".")),
        "--quick" in sys.argv,
    )
