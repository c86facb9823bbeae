"""A transformer that has read Hamlet, letter by letter: its held-out loss, and what it writes.

    python examples/published/characters.py [--seed S] [--quick]

The play's first nine tenths are learned from, the last tenth is held out. Guessing by how often
each letter comes costs about 3.1 nats a letter.
"""

import argparse
import time

import numpy as np

import microtensor as mt
from microtensor import data, losses, nn, optim

T = 64  # letters that are seen at once


class Reader(nn.Module):
    """Letters and their places, two layers of attention to what came before, and a guess."""

    def __init__(self, letters, width=96, heads=4, rng=None):
        self.letters = nn.Embedding(letters, width, rng=rng)
        self.places = nn.Embedding(T, width, rng=rng)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.1, activation="gelu", batch_first=True,
            norm_first=True, rng=rng,
        )  # fmt: skip
        self.layers = nn.TransformerEncoder(layer, 2)
        self.norm = nn.LayerNorm(width)
        self.guess = nn.Linear(width, letters, rng=rng)

    def forward(self, ids):  # (B, T)
        x = self.letters(ids) + self.places(np.arange(ids.shape[1]))
        mask = np.triu(np.ones((ids.shape[1],) * 2, dtype=bool), k=1)  # True: must not be seen
        return self.guess(self.norm(self.layers(x, mask=mask, is_causal=True)))


def mean_loss(net, windows):
    """The held-out loss, in nats a letter."""
    net.eval()
    with mt.no_grad():
        total = [
            float(losses.cross_entropy(net(x).reshape(-1, net.guess.out_features), y.reshape(-1)))
            for x, y in data.batches(*windows, size=64, shuffle=False)
        ]
    net.train()
    return float(np.mean(total))


def written(net, alphabet, start, count, rng):
    """Let it write on, drawing each letter by the chance it gives it."""
    net.eval()
    ids = alphabet.encode(start).tolist()
    with mt.no_grad():
        for _ in range(count):
            p = mt.softmax(net(np.array([ids[-T:]]))[0, -1].data.astype(float) / 0.8)
            ids.append(int(rng.choice(len(p), p=p / p.sum())))
    net.train()
    return alphabet.decode(np.array(ids))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="thirty steps")
    given = parser.parse_args()

    mt.seed(given.seed)
    rng = np.random.default_rng(given.seed)
    text = data.hamlet()
    alphabet = data.Characters(text)
    ids = alphabet.encode(text)
    cut = len(ids) * 9 // 10
    held_out = data.windows(ids[cut:], T, stride=T)
    net = Reader(len(alphabet), rng=rng)
    steps = 30 if given.quick else 3_000
    optimizer = optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1)
    schedule = optim.OneCycleLR(optimizer, 4e-3, total_steps=steps, pct_start=0.1)
    start = time.perf_counter()
    for step in range(steps):
        places = rng.integers(0, cut - T - 1, 16)[:, None] + np.arange(T)
        logits = net(ids[places])
        loss = losses.cross_entropy(logits.reshape(-1, len(alphabet)), ids[places + 1].reshape(-1))
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optim.clip_grad_norm(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 249:
            print(f"step {step + 1:5}: loss {loss:.3f}, held out {mean_loss(net, held_out):.3f}")
    reached = mean_loss(net, held_out)
    print(written(net, alphabet, "HAMLET", 60 if given.quick else 500, rng))
    seconds = time.perf_counter() - start
    print(f"seed {given.seed}: {reached:.3f} nats a letter held out, in {seconds:.0f} s")
    if not given.quick:
        assert reached < 1.75


if __name__ == "__main__":
    main()
