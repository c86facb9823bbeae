"""Which letter comes next? Two models of language that read Hamlet, and what each of them writes.

A bigram looks at one letter: how often did each other follow it? Counting answers that, and so does
gradient descent, with the same numbers. A network that looks at eight letters does better.

    Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, *A Neural Probabilistic Language Model* (2003)

    python examples/11_language_models.py [FOLDER] [--quick]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import microtensor as mt
from microtensor import data, losses, nn, optim

T = 8  # letters that the network sees
LINE = "heart.--Good night, sweet prince,"  # from the part that is held out


def bigram_counts(tokens, size):
    """Count what follows what, (V, V); from 1, so that no pair is thought impossible."""
    counts = np.ones((size, size))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    return counts


def by_counting(counts):
    """The chances that make the text most likely: each row of counts, divided by its sum."""
    return counts / counts.sum(axis=1, keepdims=True)


def by_descent(counts, steps=1000):
    """The same chances, found by going downhill from "everything is equally likely".

    The parameters are free numbers, one for each pair; softmax makes chances of a row. The loss is
    the mean surprise at the next letter, and its gradient in a row is (chances found) - (chances
    counted), times how often the row's letter comes: it is 0 where both are the same.
    """
    logits = nn.Parameter(np.zeros(counts.shape))
    optimizer = optim.Adam([logits], lr=0.1)
    schedule = optim.CosineAnnealingLR(optimizer, T_max=steps)
    for _ in range(steps):
        loss = -np.sum(counts * mt.log_softmax(logits, axis=1)) / counts.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return mt.softmax(logits, axis=1).data


def bigram_loss(chances, tokens):
    """The mean surprise at the next letter, in nats: 0 if all were known, log V for a guess."""
    return -np.mean(np.log(chances[tokens[:-1], tokens[1:]]))


class Reader(nn.Module):
    """Each letter becomes a point in a space that is learned; a hidden layer reads T of them."""

    def __init__(self, size, features, hidden, rng):
        self.letters = nn.Embedding(size, features, rng=rng)
        self.hidden = nn.Linear(T * features, hidden, rng=rng)
        self.guess = nn.Linear(hidden, size, rng=rng)

    def forward(self, ids):  # (B, T)
        points = self.letters(ids).reshape(len(ids), -1)  # (B, T * features)
        return self.guess(np.tanh(self.hidden(points)))  # (B, V)


def reader_loss(net, tokens):
    """The mean surprise of the network, in nats a letter."""
    ids, following = data.windows(tokens, T)
    with mt.no_grad():
        return float(losses.cross_entropy(net(ids), following[:, -1]))


def learn(net, tokens, steps, rng):
    """Show it pieces of the text, 128 at a time, each with the letter that comes next."""
    ids, following = data.windows(tokens, T)
    optimizer = optim.AdamW(net.parameters(), weight_decay=0.01)
    schedule = optim.OneCycleLR(optimizer, 5e-3, total_steps=steps)

    @mt.compile
    def step(x, y):
        loss = losses.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    for _ in range(steps):
        some = rng.integers(0, len(ids), 128)
        step(ids[some], following[some, -1])
        schedule.step()


def write(chances_after, alphabet, start, count, rng):
    """Write on from a start: each letter is drawn by the chances that the model gives it."""
    ids = alphabet.encode(start).tolist()
    for _ in range(count):
        ids.append(int(rng.choice(len(alphabet), p=chances_after(ids))))
    return alphabet.decode(ids[len(start) :])


def surprises(net, chances, alphabet, line):
    """How surprised both are at each letter of a line, but the first T: the bigram, the network."""
    tokens = alphabet.encode(line)
    ids, following = data.windows(tokens, T)
    with mt.no_grad():
        seen = losses.cross_entropy(net(ids), following[:, -1], reduction="none").data
    return -np.log(chances[tokens[T - 1 : -1], tokens[T:]]), seen


def picture(chances, net, alphabet, line):
    """What the bigram knows, as a table; and what surprises each of the two in a line."""
    shown = " abcdefghijklmnopqrstuvwxyz"
    rows = alphabet.encode(shown)
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    left.imshow(np.sqrt(chances[np.ix_(rows, rows)]), cmap="Blues")
    left.set(xticks=range(27), yticks=range(27), xlabel="the next letter", ylabel="a letter")
    left.set_xticklabels("␣" + shown[1:], fontsize=7, family="DejaVu Sans Mono")
    left.set_yticklabels("␣" + shown[1:], fontsize=7, family="DejaVu Sans Mono")
    left.set_title("What follows what", loc="left", weight="bold")

    both = surprises(net, chances, alphabet, line)
    places = np.arange(len(line) - T)
    for values, shift, color, name in zip(
        both,
        (-0.2, 0.2),
        ("#B34700", "#0B5CAD"),
        ("bigram", f"network of {T} letters"),
        strict=True,
    ):
        label = f"{name}, {values.sum():.0f} nats in all"
        right.bar(places + shift, values, width=0.4, color=color, label=label)
    right.set(xticks=places, ylabel="surprise (nats)", ylim=(0, 1.2 * np.max(both)))
    right.set_xticklabels(line[T:].replace(" ", "␣"), family="DejaVu Sans Mono")
    right.set_title("What surprises them in a line that they never read", loc="left", weight="bold")
    right.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False)
    return figure


def main(folder, quick):
    rng = np.random.default_rng(0)
    text = data.hamlet()
    alphabet = data.Characters(text)
    tokens = alphabet.encode(text)
    learned, held_out = np.split(tokens, [int(0.9 * len(tokens))])
    print(f"{len(learned):,} letters to learn from, {len(held_out):,} to be tested on")

    counts = bigram_counts(learned, len(alphabet))
    counted, found = by_counting(counts), by_descent(counts, 300 if quick else 1000)
    print(f"\na guess                       {np.log(len(alphabet)):.4f} nats a letter")
    print(f"bigram by counting            {bigram_loss(counted, held_out):.4f}")
    print(f"bigram by gradient descent    {bigram_loss(found, held_out):.4f}")
    print(f"their chances differ by       {np.abs(found - counted).max():.0e} at most")
    assert np.abs(found - counted).max() < (2e-3 if quick else 1e-4)

    net = Reader(len(alphabet), features=16, hidden=256, rng=rng)
    learn(net, learned, 2000 if quick else 15_000, rng)
    surprise = reader_loss(net, held_out)
    print(f"a network of {T} letters        {surprise:.4f}")
    assert surprise < bigram_loss(counted, held_out) - (0.3 if quick else 0.6)

    def network(ids):
        with mt.no_grad():
            chances = mt.softmax(net(np.array([ids[-T:]]))[0]).data.astype(float)
        return chances / chances.sum()

    start = "\nHam.\nTo be, "
    print("\nThe bigram writes:", write(lambda ids: counted[ids[-1]], alphabet, start, 150, rng))
    print("\nThe network writes:", write(network, alphabet, start, 300, rng))
    picture(counted, net, alphabet, LINE).savefig(folder / "letters.svg")
    print("\npicture in", folder / "letters.svg")


if __name__ == "__main__":
    main(
        Path(next((a for a in sys.argv[1:] if not a.startswith("--")), ".")),
        "--quick" in sys.argv,
    )
