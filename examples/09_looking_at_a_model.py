"""Looking at a model: a summary before training, health and a recorder during it, and afterwards
what it learned, and how three optimizers ski down a loss.

    python examples/09_looking_at_a_model.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import microtensor as mt
from microtensor import data, losses, nn, optim, train, viz

quick = "--quick" in sys.argv
folder = Path(next((a for a in sys.argv[1:] if not a.startswith("--")), "."))

learned, checked = data.split(*data.moons(400, noise=0.15, rng=0), (0.7, 0.3), rng=0)
net = nn.Sequential(
    nn.Linear(2, 16, rng=1), nn.ReLU(), nn.Linear(16, 16, rng=2), nn.Tanh(), nn.Linear(16, 2, rng=3)
)


def loss_of(outputs):
    return losses.cross_entropy(outputs, learned[1])


# What is in it, and what does one pass of the data do? Looking changes nothing.
print(mt.summary(net, learned[0], loss=loss_of))

# One thing is made wrong, so that there is something to find.
ill = nn.MLP(2, [16, 16, 2], activation="tanh", rng=1)
ill.layers[0].weight.data *= 100
report = viz.health(losses.cross_entropy(ill(learned[0]), learned[1]))
print(f"\n{report}\n")
assert any(finding.rule == "saturated" for finding in report)

# Training, watched: every tenth step is looked at.
optimizer = optim.Adam(net.parameters(), lr=0.01)
with viz.watch(net, every=10) as recorder:
    history = train.fit(
        net,
        losses.cross_entropy,
        data.batches(*learned, size=32, rng=0),
        optimizer=optimizer,
        epochs=5 if quick else 40,
        validation=checked,
        metrics="accuracy",
        progress=False,
    )
print(recorder.sparkline())
print(f"\nvalidation accuracy {history['val_accuracy'][-1]:.1%}")
assert history["val_accuracy"][-1] > (0.8 if quick else 0.95)

recorder.figure().save(folder / "watched.svg")
viz.history(history, title="Two moons").save(folder / "history.svg")
viz.decision_boundary(net, *checked).save(folder / "boundary.svg")
viz.heatmap(net[2].weight, title="the second layer's weights").save(folder / "weights.svg")


# Both passes of one neuron, as an SVG that plays.
x, w, b = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w"), mt.Value(6.5, name="b")
y = (x * w + b).tanh()
y.name = "y"
mt.animate(y, folder / "backprop.svg")


# A loss over two weights, and three ways down from one point.
def valley(u, v):
    """A long valley: twenty times steeper across than along, as losses of real models are."""
    return 0.1 * u**2 + 2 * v**2


start, steps = (-4.5, 2.0), 40
ways = {
    "SGD": viz.descend(valley, start, lambda p: optim.SGD(p, lr=0.42), steps=steps),
    "momentum": viz.descend(
        valley, start, lambda p: optim.SGD(p, lr=0.1, momentum=0.8), steps=steps
    ),
    "Adam": viz.descend(valley, start, lambda p: optim.Adam(p, lr=0.4), steps=steps),
}
assert all(valley(*way[-1]) < valley(*start) / 10 for way in ways.values())
view = {"x": (-5.5, 3.0), "y": (-2.6, 2.6), "paths": ways, "title": "Skiing down the loss"}
viz.surface(valley, minimum=(0, 0), **view).save(folder / "skiing.svg")
viz.surface(valley, kind="3d", **view).save(folder / "mountains.png")
print("pictures in", folder)
