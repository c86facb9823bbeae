"""The yardstick: an MLP's training step as a careful person writes it in plain NumPy.

Legend: x input, h hidden activations, W weight, b bias, g gradient of the loss with respect to the
array at hand; B batch, I inputs of a layer, O outputs of a layer, C classes.

No buffers are reused (`out=`) and nothing is spelled against the grain for speed. Reviewed once and
then left alone: every ratio of this project is a ratio to these lines.
"""

from __future__ import annotations

import numpy as np

Layers = list[tuple[np.ndarray, np.ndarray]]  # of each layer W (I, O) and b (O,)


def forward(layers: Layers, x: np.ndarray) -> list[np.ndarray]:
    """Input of every layer, then the logits: ReLU between layers, none after the last.

    Parameters
    ----------
    layers : list of (W (I, O), b (O,))
        The layers, first to last.
    x : (B, I) ndarray of float
        A batch, one example a row.

    Returns
    -------
    list of ndarray
        ``[x, h1, ..., logits]``, one more than there are layers.
    """
    activations = [x]
    for W, b in layers[:-1]:
        x = np.maximum(x @ W + b, 0)
        activations.append(x)
    W, b = layers[-1]
    activations.append(x @ W + b)
    return activations


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """Mean cross-entropy in nats, and its gradient: (softmax(logits) - onehot(labels)) / B.

    Parameters
    ----------
    logits : (B, C) ndarray of float
    labels : (B,) ndarray of int
        The true class of each row, in 0 ... C-1.

    Returns
    -------
    loss : float
    g : (B, C) ndarray

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.3.
    """
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)  # softmax is the same, exp cannot overflow
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    loss = (np.log(sums[:, 0]) - shifted[rows, labels]).mean()
    g = exponentials / sums
    g[rows, labels] -= 1
    return loss, g / len(logits)


def backward(layers: Layers, activations: list[np.ndarray], g: np.ndarray) -> Layers:
    """Gradient of the loss with respect to every W and b, given `g` for the logits.

    Parameters
    ----------
    layers : list of (W (I, O), b (O,))
    activations : list of ndarray
        What `forward` gave.
    g : (B, C) ndarray
        Gradient with respect to the logits.

    Returns
    -------
    list of (dW (I, O), db (O,))
        In the order of `layers`.
    """
    gradients = []
    for i in reversed(range(len(layers))):
        h = activations[i]
        gradients.append((h.T @ g, g.sum(axis=0)))
        if i > 0:  # nobody asks for the gradient of the data
            g = (g @ layers[i][0].T) * (h > 0)
    return gradients[::-1]


def step(layers: Layers, x: np.ndarray, labels: np.ndarray, rate: float) -> np.floating:
    """One training step in place: forward, backward, gradient descent. Gives the loss before it."""
    activations = forward(layers, x)
    loss, g = cross_entropy(activations[-1], labels)
    for (W, b), (dW, db) in zip(layers, backward(layers, activations, g), strict=True):
        W -= rate * dW
        b -= rate * db
    return loss
