"""Digits that nobody wrote: a variational autoencoder, and a walk through the plane it finds.

Two numbers z, drawn from a standard normal, choose a digit, and a network paints it. Which z
painted a given image is not known: a second network guesses it, and says how sure it is. Both learn
from one number, the ELBO, which is never above the log-likelihood of the image:

    log p(x)  ≥  E[log p(x | z)] - KL(q(z | x) ‖ p(z)),   z drawn from q(z | x)

    D. P. Kingma, M. Welling, *Auto-Encoding Variational Bayes* (2014)

    python examples/12_variational_autoencoder.py [FOLDER] [--quick]
"""

import sys
from math import comb
from pathlib import Path
from statistics import NormalDist

import numpy as np
from matplotlib.figure import Figure

import microtensor as mt
from microtensor import data, losses, nn, optim

# A pixel of these digits says how many of 16 dots are black, so each is a binomial, Bin(16, p).
DOTS = 16
LOG_WAYS = np.log([float(comb(DOTS, k)) for k in range(DOTS + 1)])


class Autoencoder(nn.Module):
    """An encoder that guesses z of an image, and a decoder that paints an image of z."""

    def __init__(self, hidden, rng):
        self.encoder = nn.MLP(64, [hidden, hidden, 4], activation="silu", rng=rng)
        self.decoder = nn.MLP(2, [hidden, hidden, 64], activation="silu", rng=rng)

    def encode(self, x):
        """The guess of z, as a normal distribution: its mean and log σ, each (B, 2)."""
        both = self.encoder(x)
        return both[:, :2], both[:, 2:]


def drawn(mean, log_sigma, noise):
    """Draw z from N(mean, σ²), in such a way that the gradient goes through.

    To draw is no function that has a slope. But a draw of N(mean, σ²) is mean + σ·ε, where ε is
    drawn from N(0, 1), which depends on no parameter: so ε is an input like any other, and
    ∂z/∂mean = 1, ∂z/∂σ = ε. This is the reparameterisation trick.
    """
    return mean + np.exp(log_sigma) * noise


def log_likelihood(logits, x):
    """log p(x | z) of each image, (B,): the binomials of all 64 pixels."""
    ways = LOG_WAYS[np.round(DOTS * x).astype(int)].sum(axis=-1)
    surprise = losses.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return ways.astype(x.dtype) - DOTS * np.sum(surprise, axis=-1)


def divergence(mean, log_sigma):
    """KL(N(mean, σ²) ‖ N(0, 1)) of each image, (B,): what the guess costs, in nats."""
    return np.sum(0.5 * (mean**2 + np.exp(2 * log_sigma) - 1) - log_sigma, axis=-1)


def elbo(net, x, noise):
    """The ELBO of each image, (B,), by one draw of z for each."""
    mean, log_sigma = net.encode(x)
    z = drawn(mean, log_sigma, noise)
    return log_likelihood(net.decoder(z), x) - divergence(mean, log_sigma)


def closer_bound(net, x, draws, rng):
    """A bound between the ELBO and log p(x), the closer the more draws: log of a mean of weights.

    Each draw of z has the weight p(x, z) / q(z | x), whose mean is p(x).
    """
    mean, log_sigma = (part.data for part in net.encode(x))
    weights = []
    for _ in range(draws):
        noise = rng.standard_normal(mean.shape, dtype=x.dtype)
        z = mean + np.exp(log_sigma) * noise
        of_z = np.sum(0.5 * noise**2 + log_sigma - 0.5 * z**2, axis=1)  # log p(z) - log q(z | x)
        weights.append(log_likelihood(net.decoder(z), x).data + of_z)
    return mt.logsumexp(np.array(weights), axis=0) - np.log(draws)


def without_z(x_train, x):
    """log p(x) of each image if each pixel were drawn for itself, as often black as in all."""
    p = np.clip(x_train.mean(axis=0), 1e-3, 1 - 1e-3)
    return log_likelihood(np.broadcast_to(np.log(p / (1 - p)), x.shape), x)


def learn(net, x, epochs, rng):
    """Make the ELBO of the images as large as possible."""
    batches = data.batches(x, size=64, rng=rng)
    optimizer = optim.Adam(net.parameters())
    schedule = optim.OneCycleLR(optimizer, 4e-3, total_steps=epochs * len(batches))

    for epoch in range(epochs):
        bounds = []
        for batch in batches:
            bound = np.mean(elbo(net, batch, rng.standard_normal((len(batch), 2), dtype=x.dtype)))
            optimizer.zero_grad()
            (-bound).backward(leaves_only=True)
            optimizer.step()
            schedule.step()
            bounds.append(float(bound))
        if epoch % max(1, epochs // 6) == 0 or epoch == epochs - 1:
            print(f"epoch {epoch + 1:3}  ELBO {np.mean(bounds):7.2f} nats an image")


def picture(net, x, y):
    """A walk through the plane of z, on its quantiles; and where the images lie in it."""
    n = 13
    z = np.array([NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)], dtype=np.float32)
    grid = np.stack(np.meshgrid(z, z[::-1]), axis=-1).reshape(-1, 2)
    painted = mt.sigmoid(net.decoder(grid)).data.reshape(n, n, 8, 8)
    sheet = np.pad(painted, ((0, 0), (0, 0), (1, 1), (1, 1)))  # a margin around each
    sheet = sheet.transpose(0, 2, 1, 3).reshape(10 * n, 10 * n)
    figure = Figure(figsize=(10.4, 5.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(sheet, cmap="gray_r")
    left.set(xticks=[], yticks=[])
    left.set_title("Nobody wrote these: a walk through the plane", loc="left", weight="bold")
    mean = net.encode(x)[0].data
    right.scatter(*mean.T, s=0)
    colors = ("#0B5CAD", "#B34700", "#00766C", "#8A2BA8", "#6B5B00",
              "#C2185B", "#3F51B5", "#2E7D32", "#5D4037", "#455A64")  # fmt: skip
    for place, digit in zip(mean, y, strict=True):
        right.text(*place, str(digit), color=colors[digit], fontsize=8, ha="center", va="center")
    right.set(xlabel="z₁", ylabel="z₂", aspect="equal")
    right.set_title("Where images lie that it never saw", loc="left", weight="bold")
    right.spines[["top", "right"]].set_visible(False)
    return figure


def main(folder, quick):
    rng = np.random.default_rng(0)
    (x_train, _), (x_test, y_test) = data.digits()
    net = Autoencoder(128 if quick else 256, rng)
    learn(net, x_train, 30 if quick else 120, rng)

    with mt.no_grad():
        noise = rng.standard_normal((len(x_test), 2), dtype=x_test.dtype)
        bound = float(np.mean(elbo(net, x_test, noise)))
        closer = float(np.mean(closer_bound(net, x_test, 20 if quick else 200, rng)))
        alone = float(np.mean(without_z(x_train, x_test)))
        print(f"\nheld-out images, nats each: {alone:.1f} without z, and with it")
        print(f"  at least {bound:.1f} (ELBO), at least {closer:.1f} (many draws)")
        assert alone < bound < closer
        picture(net, x_test, y_test).savefig(folder / "digits_nobody_wrote.svg")
    print("picture in", folder / "digits_nobody_wrote.svg")


if __name__ == "__main__":
    main(
        Path(next((a for a in sys.argv[1:] if not a.startswith("--")), ".")),
        "--quick" in sys.argv,
    )
