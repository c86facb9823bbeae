"""Derivatives of functions: gradients, Hessians, directions, of any order.

`backward()` asks how one number changes with everything it was computed from. The functions here
ask it of a function, at a place: they take a function and give another.

    python examples/05_derivatives.py
"""

import sys
from pathlib import Path

import numpy as np

import microtensor as mt


def rosenbrock(x):
    """A curved valley, by which optimizers are compared; its lowest point is (1, 1)."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


x = np.array([-1.2, 1.0])  # the place where the comparison starts
print("value    ", rosenbrock(x).round(6))
print("gradient ", mt.grad(rosenbrock)(x))
print("Hessian  ", mt.hessian(rosenbrock)(x).tolist())

# Newton's method: step to where the gradient would be zero if the function were a parabola.
for step in range(1, 7):
    x = x - np.linalg.solve(mt.hessian(rosenbrock)(x), mt.grad(rosenbrock)(x))
    print(f"Newton {step}   {x.round(6)}  value {rosenbrock(x):.2e}")
assert np.allclose(x, 1)

# In a thousand dimensions the Hessian has a million entries. Its product with one direction
# costs two passes: how does the gradient change when x moves that way?
far = np.linspace(0.5, 1.5, 1000)
direction = np.ones(1000)
(along,) = mt.hvp(rosenbrock, (far,), (direction,))
print("H @ v     of shape", along.shape, "without H")

# Derivatives of derivatives, as often as you like: sin, cos, -sin, -cos, sin ...
f = np.sin
for order in range(1, 5):
    f = mt.grad(f)
    print(f"derivative {order} of sin at 1: {f(1.0):+.6f}")
assert np.isclose(f(1.0), np.sin(1.0))

# A function of several things at once: lists, dicts and models work as arguments.
p = {"w": np.array([1.0, 2.0]), "b": 0.5}
print(mt.grad(lambda p, x: np.tanh(p["w"] @ x + p["b"]))(p, np.array([0.1, 0.2])))

# The gradient is a graph like any other. This is that of d(x**3)/dx, recorded as it was computed.
v = mt.Value(2.0, name="x")
slope = mt.grad(lambda x: x**3)(v)
slope.name = "slope"
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
drawing = mt.draw(slope, title="The slope of x³, and how it changes with x")
print("picture in", drawing.save(folder / "slope.svg"))
