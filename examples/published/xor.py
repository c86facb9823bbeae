"""XOR, which no line separates: a network of one hidden layer learns it.

    python examples/published/xor.py [--seed S] [--quick]

Published: a hidden layer of two ReLUs represents it exactly.
I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), section 6.1.
"""

import argparse

import numpy as np

from microtensor import losses, nn, optim

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="the same: it takes no time")
    given = parser.parse_args()

    net = nn.MLP(2, [8, 1], activation="tanh", rng=given.seed)
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    for _ in range(500):
        loss = losses.mse(net(X), Y)
        optimizer.zero_grad()
        loss.backward(leaves_only=True)
        optimizer.step()
    answers = net(X).data.round(3)
    print(f"seed {given.seed}: loss {float(loss):.1e}, answers {answers.ravel().tolist()}")
    assert float(loss) < 1e-6


if __name__ == "__main__":
    main()
