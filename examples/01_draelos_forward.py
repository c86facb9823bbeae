"""The forward pass: a small network, every number of it.

The network is the one of Rachel Draelos' article "Introduction to Neural Networks" (2019,
https://glassboxmedicine.com/2019/01/17/introduction-to-neural-networks/): four inputs, three
hidden neurons E, F and G, one output, and the logistic sigmoid throughout.

    python examples/01_draelos_forward.py
"""

import sys
from pathlib import Path

import numpy as np

import microtensor as mt
from microtensor import Value

# One neuron at a time, as the article begins. E multiplies each input by a weight ...
x = [Value(0.5), Value(2.8), Value(0.0), Value(-0.1)]
w = [Value(3.0), Value(1.0), Value(5.0), Value(-4.0)]
weighted_sum = w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3]
print(f"weighted sum of E  {weighted_sum:.1f}")

# ... adds its bias ...
z_e = weighted_sum + Value(-2.0)
print(f"z of E             {z_e:.1f}")

# ... and applies a nonlinearity, without which any number of layers would be one.
print(f"a of E             {z_e.sigmoid():.3f}")

# All three neurons at once: a row of weights each, a matrix product, the same numbers.
x = Value([0.5, 2.8, 0.0, -0.1], name="x")
W = Value(
    [
        [3.0, 1.0, 5.0, -4.0],  # into E
        [-1.5, -3.0, 7.1, 5.2],  # into F
        [2.0, 1.0, -6.0, 2.9],  # into G
    ],
    name="W",
)
b = Value([-2.0, -2.0, -2.0], name="b")
z = W @ x + b
a = mt.sigmoid(z)
print("z                 ", np.round(z.data, 2))
print("a                 ", np.round(a.data, 6))

# The output neuron takes a as its inputs.
w_out, b_out = Value([-2.0, 5.0, 1.0], name="w_out"), Value(0.6, name="b_out")
output = mt.sigmoid(w_out @ a + b_out)
print(f"output             {output:.8f}")

assert np.allclose(z.data, [2.7, -11.67, 1.51])
assert round(float(output), 8) == 0.38818466

# What the network did, in one picture. (The next example is how it learns.)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
drawing = mt.draw(output, names=locals(), title="The forward pass of the article")
print("picture in", drawing.save(folder / "draelos.svg"))
