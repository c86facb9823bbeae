"""Chapter 13: the program of a backward pass is the one that a person writes, and is counted."""

from pathlib import Path

import numpy as np
from chapters import reading

from microtensor.ops import elementwise


def by_hand(W1, b1, w2, b2, x, y):
    """Loss and gradients as in a textbook, of the loss's own definition."""
    h = np.tanh(x @ W1 + b1)
    distance = h @ w2 + b2 - y
    delta = 2 * distance / len(x)
    hidden = np.outer(delta, w2) * (1 - h**2)
    return np.mean(distance**2), (x.T @ hidden, hidden.sum(0), h.T @ delta, delta.sum())


def test_its_program_is_the_one_by_hand_and_its_counts_are_the_formulas():
    with reading("course/13-backpropagation-as-a-program") as page:
        names, B = page.names, 100
        page.prints(r"^    z0 = x @ W1 \+ b1 +# (.*)$", [B, 8])
        for line in (r"h = np.tanh\(z0\)", r"d_h = d_out\[:, None\] \* w2", "d_z0 = .*"):
            page.prints(rf"^    {line} +# (\(.*\))$", [B, 8])
        page.prints(r"^    d_out = (\d+) / (\d+) \* \((\d) \* difference0\)", 1, B, 2)
        page.prints(r"squeeze\(axis=(\S+)\)", -1)
        page.prints(r"^    d_W1 = x.T @ d_z0 +# (.*)$", [2, 8])

        for line in ("d_z0 = d_h * (1 - h * h)", "d_W1 = x.T @ d_z0", "d_b1 = d_z0.sum(axis=0)"):
            assert f"`{line}`" in page.prose
            assert line in names["program"].source
        rules = Path(elementwise.__file__).read_text()
        assert "differentiable(np.tanh, lambda g, y, x: g * (1 - y * y))" in rules

        x, y = names["x"].astype(float), names["y"]
        rng = np.random.default_rng(1)
        at = rng.normal(size=(2, 8)), rng.normal(size=8), rng.normal(size=8), 0.3
        loss, gradients = by_hand(*at, x, y)
        found, theirs = names["own"](*at, x, y)
        assert np.isclose(found, loss)
        for a, b in zip(theirs, gradients, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)

        page.prints(r"right: (\d+)%", (95, 100))
        n, k = 32, [(64, 64), (64, 64), (64, 10)]
        forward = sum(2 * n * a * b for a, b in k)
        page.prints(r"forward +(\d) products, +(\d+) operations", 3, forward)
        backward = 2 * forward - 2 * n * 64 * 64  # no gradient of the digits themselves
        page.prints(r"backward +(\d) products, +(\d+) operations", 5, backward)

        assert 4 / 3 < names["ratio"] < 8
        assert page.printed.count("True") == 4  # the same numbers, weights, faster, and mended
        page.prints(r"masked\(d_h, z0 > (\d)\)", 0)
        page.prints(r"d_y = (\S+) \* y \+ (\S+) \* y", -1, -1)
        slope = names["mt"].grad(names["mt"].grad(names["squash"]))(0.5)
        assert np.isclose(slope, -2 * np.tanh(0.5) * (1 - np.tanh(0.5) ** 2))
