"""Reading handwritten digits: a network of layers, in the loop that any model is trained by.

1,442 real images to learn from, 355 others to be tested on. What the numbers of the first
examples were, arrays are here: one Value holds a layer's weights, one a whole batch.

    python examples/04_digits.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np

import microtensor as mt
from microtensor import data, losses, nn, optim

quick = "--quick" in sys.argv
folder = Path(next((a for a in sys.argv[1:] if not a.startswith("--")), "."))

mt.seed(0)
(x_train, y_train), (x_test, y_test) = data.digits()
net = nn.MLP(64, [64, 32, 10], activation="relu")
print(net)

# Four lines are the whole of learning: forward, backward, step, and again.
optimizer = optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(2 if quick else 20):
    for x, y in data.batches(x_train, y_train, size=32):
        loss = losses.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
    with mt.no_grad():
        print(f"epoch {epoch + 1:2}  loss {losses.cross_entropy(net(x_train), y_train):.4f}")

with mt.no_grad():
    answers = np.argmax(net(x_test).data, axis=1)
accuracy = np.mean(answers == y_test)
print(f"held-out accuracy {accuracy:.1%}")
assert accuracy > (0.8 if quick else 0.96)

# What does one wrong answer look like from the inside?
wrong = np.flatnonzero(answers != y_test)[:1]
loss = losses.cross_entropy(net(x_test[wrong]), y_test[wrong])
loss.name = "loss"
title = f"A {y_test[wrong[0]]}, read as {answers[wrong[0]]}"
print("picture in", mt.draw(loss, title=title).save(folder / "digit.svg"))
