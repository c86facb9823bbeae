"""Learning to tell two moons apart, with nothing but numbers: micrograd's demo.

Every weight here is a Value of its own, and the loss of one step is a graph of some ten thousand
of them. It is how Andrej Karpathy's micrograd teaches; `microtensor.micrograd` has its interface.

    python examples/03_moons.py [FOLDER] [--quick]
"""

import random
import sys
from pathlib import Path

import numpy as np

import microtensor as mt
from microtensor import data
from microtensor.micrograd import MLP

quick = "--quick" in sys.argv
folder = Path(next((a for a in sys.argv[1:] if not a.startswith("--")), "."))

random.seed(1337)  # the drop-in draws its weights as micrograd does
x, y = data.moons(40, noise=0.1, rng=1337)
y = 2 * y - 1  # the max-margin loss wants -1 and 1
model = MLP(2, [16, 16, 1])  # two hidden layers of 16 neurons
print(model.layers[0])
print(len(model.parameters()), "parameters")


def loss():
    """Every point wants a score of its sign, with a margin of 1; large weights cost a little."""
    scores = [model(point) for point in x.tolist()]
    margins = [(1 - float(yi) * si).relu() for yi, si in zip(y, scores, strict=True)]
    data_loss = sum(margins) * (1 / len(margins))
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    right = np.mean([(yi > 0) == (si.data > 0) for yi, si in zip(y, scores, strict=True)])
    return data_loss + penalty, right


steps = 3 if quick else 40
for k in range(steps):
    total, right = loss()
    model.zero_grad()
    total.backward()
    rate = 1.0 - 0.9 * k / steps
    for p in model.parameters():
        p.data -= rate * p.grad
    if k % 5 == 0 or k == steps - 1:
        print(f"step {k:2}  loss {total.data:.4f}  accuracy {right:.0%}")
if not quick:
    assert right == 1.0

# The neuron of the first layer that one point excites most: all of the network is made of these.
point = x[0].tolist()
neuron = max(model.layers[0].neurons, key=lambda n: n(point).data)
names = {"w1": neuron.w[0], "w2": neuron.w[1], "b": neuron.b}
drawing = mt.draw(neuron(point), names=names, title="One neuron, on one point")
print("picture in", drawing.save(folder / "neuron_of_moons.svg"))
