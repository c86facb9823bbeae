"""The backward pass: how each weight changes the error, and one step of learning.

The numbers are those of Matt Mazur's "A Step by Step Backpropagation Example" (2015,
https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/): two inputs, two hidden
neurons, two outputs, sigmoid, half the squared error.

    python examples/02_mazur_backward.py
"""

import sys
from pathlib import Path

import microtensor as mt
from microtensor import Value

i1, i2 = Value(0.05, name="i1"), Value(0.10, name="i2")
w1, w2, w3, w4 = (Value(w, name=f"w{k}") for k, w in enumerate([0.15, 0.20, 0.25, 0.30], 1))
w5, w6, w7, w8 = (Value(w, name=f"w{k}") for k, w in enumerate([0.40, 0.45, 0.50, 0.55], 5))
b1, b2 = Value(0.35, name="b1"), Value(0.60, name="b2")


def error():
    """Run the network forward."""
    h1 = (w1 * i1 + w2 * i2 + b1).sigmoid()
    h2 = (w3 * i1 + w4 * i2 + b1).sigmoid()
    o1 = (w5 * h1 + w6 * h2 + b2).sigmoid()
    o2 = (w7 * h1 + w8 * h2 + b2).sigmoid()
    return 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2


# Forward: how wrong is it?
E = error()
E.name = "E"
print(f"E       {E:.9f}")

# Backward: one call computes how E changes with every number it was computed from.
E.backward()
print(f"dE/dw5  {w5.grad:.9f}")
print(f"dE/dw1  {w1.grad:.9f}")
drawing = mt.draw(E, title="Mazur's network: every number of both passes")

# w1 acts through h1 on both outputs, so its gradient is a sum over two paths. A nudge agrees:
h = 1e-6
w1.data += h
higher = float(error())
w1.data -= 2 * h
lower = float(error())
w1.data += h
print(f"nudged  {(higher - lower) / (2 * h):.9f}")

# Learn: each weight takes a step against its gradient. (The article leaves the biases alone.)
for w in (w1, w2, w3, w4, w5, w6, w7, w8):
    w.data -= 0.5 * w.grad
print(f"w5      {w5:.8f}")
print(f"w1      {w1:.9f}")

# The error is smaller. The article prints 0.291027924 here: it updated w5 to w8 first, and then
# used the new ones for the gradients of w1 to w4. All at once is what the chain rule says.
print(f"E       {error():.12f}")

assert f"{E:.9f}" == "0.298371109"
assert f"{w5:.8f}" == "0.35891648"
assert f"{error():.12f}" == "0.291027773694"

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
print("picture in", drawing.save(folder / "mazur.svg"))
