"""MNIST-1D: digits as curves of 40 points, by a line, a perceptron, convolutions, and gates.

The data are made by the authors' package, with its own seed:

    pip install mnist1d
    python examples/published/curves.py logistic|mlp|cnn|gru [--seed S] [--quick]

Published test accuracies: logistic regression 32 %, MLP 68 %, CNN 94 %, GRU 91 %.
S. Greydanus, D. Kobak, *Scaling Down Deep Learning with MNIST-1D* (2024), figure 1.
"""

import argparse
import time

import numpy as np
from mnist1d.data import get_dataset_args, make_dataset

import microtensor as mt
from microtensor import losses, nn, optim, train


class Perceptron(nn.Module):
    """Hidden layers of 100, the second of which adds to what it is given."""

    def __init__(self, rng):
        self.first = nn.Linear(40, 100, rng=rng)
        self.second = nn.Linear(100, 100, rng=rng)
        self.last = nn.Linear(100, 10, rng=rng)

    def forward(self, x):
        h = mt.relu(self.first(x))
        return self.last(h + mt.relu(self.second(h)))


class Gated(nn.Module):
    """A gated recurrent layer that reads both ways, and a layer over all of its states."""

    def __init__(self, rng):
        self.gru = nn.GRU(1, 6, batch_first=True, bidirectional=True, rng=rng)
        self.last = nn.Linear(40 * 2 * 6, 10, rng=rng)

    def forward(self, x):
        states, _ = self.gru(x[:, :, None])
        return self.last(states.reshape(len(x), -1))


def cnn(rng):
    def block(channels, width):
        return [nn.Conv1d(channels, 25, width, stride=2, padding=1, rng=rng), nn.ReLU()]

    return nn.Sequential(
        nn.Unflatten(1, (1, 40)), *block(1, 5), *block(25, 3), *block(25, 3),
        nn.Flatten(), nn.Dropout(0.2, rng=rng), nn.Linear(125, 10, rng=rng),
    )  # fmt: skip


MODELS = {
    "logistic": (lambda rng: nn.Linear(40, 10, rng=rng), 150, 32),
    "mlp": (Perceptron, 40, 68),
    "cnn": (cnn, 40, 94),
    "gru": (Gated, 100, 91),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="two epochs")
    given = parser.parse_args()

    made = make_dataset(get_dataset_args())
    x, x_test = (made[part].astype(np.float32) for part in ("x", "x_test"))
    rng = np.random.default_rng(given.seed)
    make, epochs, published = MODELS[given.model]
    net, epochs = make(rng), 2 if given.quick else epochs
    # Two are read off an average of the weights on their way, the others where they come to rest.
    averaged = [train.AverageWeights(0.998)] if given.model in ("mlp", "cnn") else []
    optimizer = optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.1 if averaged else 0.0)
    batches = mt.data.batches(x, made["y"], size=100, rng=rng)
    start = time.perf_counter()
    train.fit(
        net, losses.cross_entropy, batches, optimizer=optimizer, epochs=epochs,
        validation=(x_test, made["y_test"]), metrics="accuracy", callbacks=averaged,
        schedule=None if averaged else optim.CosineAnnealingLR(optimizer, epochs),
    )  # fmt: skip
    net.eval()
    with mt.no_grad():
        reached = 100 * train.accuracy(made["y_test"], net(x_test).data)
    print(
        f"{given.model}, seed {given.seed}: {reached:.1f} % of 1,000 test curves, published "
        f"{published} %, in {time.perf_counter() - start:.0f} s"
    )
    if not given.quick:
        assert reached >= published - 1


if __name__ == "__main__":
    main()
