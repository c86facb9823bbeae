"""Training as it is done every day: `train.fit`, which is the loop of `04_digits.py`, and around it
a validation set, metrics, a schedule and a checkpoint.

Then training is stopped in the middle of an epoch, goes on from the file, and ends with the very
numbers that it would have had.

    python examples/08_training.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from microtensor import data, losses, nn, optim, train

quick = "--quick" in sys.argv
folder = Path(next((a for a in sys.argv[1:] if not a.startswith("--")), "."))
epochs = 4 if quick else 30

# Three parts: one to learn from, one to look at meanwhile, one that is touched once, at the end.
given, test = data.digits()
learned, checked = data.split(*given, (0.85, 0.15), stratify=True, rng=0)


def macro_f1(targets, outputs):
    """Average the classes' F1 scores: any function of (targets, outputs) is a metric."""
    answers = np.argmax(outputs, axis=1)
    right = [np.sum((answers == c) & (targets == c)) for c in range(10)]
    named = [np.sum(answers == c) + np.sum(targets == c) for c in range(10)]
    return np.mean(2 * np.array(right) / np.maximum(named, 1))


def training(**options):
    """Train a new model, always from the same beginning."""
    net = nn.Sequential(
        nn.Linear(64, 64, rng=1), nn.ReLU(), nn.Dropout(0.2, rng=2), nn.Linear(64, 10, rng=3)
    )
    optimizer = optim.AdamW(net.parameters(), lr=1e-2)
    history = train.fit(
        net,
        losses.cross_entropy,
        data.batches(*learned, size=64, rng=0),
        optimizer=optimizer,
        epochs=epochs,
        validation=checked,
        metrics={"accuracy": train.accuracy, "f1": macro_f1},
        schedule=optim.CosineAnnealingLR(optimizer, T_max=epochs),
        clip=5.0,
        **options,
    )
    return net, history


health = train.GradientHealth()
net, history = training(callbacks=[health, train.CSVLog(folder / "history.csv")])
print(history)
print(f"\nThe gradients of the last epoch:\n{health}")


# The same again; but after 30 steps it is stopped, as Ctrl-C would do it ...
class Stop(train.Callback):
    def after_step(self, run):
        if run.steps == 30:
            run.stop(f"after step {run.step} of epoch {run.epoch + 1}")


file = folder / "training.checkpoint"
_, part = training(callbacks=[train.GradientHealth(), Stop()], checkpoint=file, progress=False)
print("\nstopped", part.stopped)

# ... and goes on from the file. Not a bit differs from the training that went through.
again, whole = training(callbacks=[train.GradientHealth()], resume=file, progress=False)
assert dict(whole) == dict(history)
assert all(np.array_equal(again.state_dict()[key], x) for key, x in net.state_dict().items())
print("resumed, and the same to the last bit")

found = train.evaluate(net, losses.cross_entropy, test, metrics="accuracy")
print(f"held-out accuracy {found['accuracy']:.1%}")
assert found["accuracy"] > (0.9 if quick else 0.96)

# What the history tells: where the two curves part, the model begins to learn by heart.
figure = Figure(figsize=(7, 3.2), layout="constrained")
left, right = figure.subplots(1, 2)
axis = np.arange(1, history.epochs + 1)
for name, color in (("", "#0B5CAD"), ("val_", "#B34700")):
    label = "validation" if name else "training"
    left.semilogy(axis, history[f"{name}loss"], color=color, label=label)
    right.plot(axis, 100 * np.array(history[f"{name}accuracy"]), color=color, label=label)
left.set(xlabel="epoch", title="loss (nats)")
right.set(xlabel="epoch", title="accuracy (%)")
left.legend()
figure.savefig(folder / "training.svg")
print("picture in", folder / "training.svg")
