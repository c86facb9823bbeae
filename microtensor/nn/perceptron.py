"""The multilayer perceptron as the textbook draws it: neurons, layers of them, an MLP of layers.

Weights and biases start as in PyTorch's linear layer, evenly within ``1 / sqrt(fan_in)`` of 0.
The variances of Glorot and of He with biases of 0 (see `init`) were tried instead: networks this
small learn worse with them, since without biases all neurons bend at the same place, the origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops import linear
from ..randomness import generator
from .activations import Activation, activate, check_activation
from .linear import Linear, features, first_parameter, positive
from .module import Module


class Neuron(Module):
    """One weighted sum of the inputs through an activation, ``y = activation(x · w + b)``.

    From (..., I) to (...).

    Parameters
    ----------
    in_features : int
        The number I of inputs.
    activation : str, callable or None, default "relu"
        As in `MLP`.
    rng : numpy.random.Generator or int, optional
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (I,) Parameter
    bias : () Parameter

    Raises
    ------
    ShapeError
        When called with an input whose last axis is not I long.
    ArgumentError
        If in_features is no positive integer, or the activation is unknown.

    References
    ----------
    .. [1] Rosenblatt, *The Perceptron* (1958).

    Examples
    --------
    >>> neuron = Neuron(2, activation="tanh", rng=0)
    >>> neuron(np.array([1.0, -1.0])).shape
    ()
    """

    def __init__(
        self,
        in_features: int,
        activation: Activation = "relu",
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.in_features = positive("Neuron: in_features", in_features)
        check_activation("Neuron", activation)
        self.activation = activation
        rng = generator(rng)
        self.weight = first_parameter((self.in_features,), self.in_features, rng, dtype)
        self.bias = first_parameter((), self.in_features, rng, dtype)

    def forward(self, x: Any) -> Any:
        return activate(self.activation, np.matmul(features(self, x), self.weight) + self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, activation={_shown(self.activation)}"


class Layer(Linear):
    """Neurons side by side, one row of the weights each: ``y = activation(x Wᵀ + b)``.

    From (..., I) to (..., O).

    Parameters
    ----------
    in_features, out_features : int
        The numbers I of inputs and O of neurons.
    activation : str, callable or None, default "relu"
        As in `MLP`; None for a linear layer.
    rng : numpy.random.Generator or int, optional
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (O, I) Parameter
    bias : (O,) Parameter

    Raises
    ------
    ShapeError
        When called with an input whose last axis is not I long.
    ArgumentError
        If a size is no positive integer, or the activation is unknown.

    References
    ----------
    .. [1] Rumelhart, Hinton, Williams, *Learning Representations by Back-Propagating Errors*
       (1986).

    Examples
    --------
    >>> layer = Layer(2, 3, activation="tanh", rng=0)
    >>> layer(np.zeros((5, 2))).shape
    (5, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        activation: Activation = "relu",
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_activation("Layer", activation)
        super().__init__(in_features, out_features, rng=rng, dtype=dtype)
        self.activation = activation

    def forward(self, x: Any) -> Any:
        return activate(self.activation, linear(features(self, x), self.weight, self.bias))

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, activation={_shown(self.activation)}"


class MLP(Module):
    """A multilayer perceptron: hidden layers with an activation, and a linear output layer.

    ``h_k = activation(h_{k-1} W_kᵀ + b_k)`` from ``h_0 = x`` to the last layer, which has no
    activation: from (..., I) to (..., O).

    Parameters
    ----------
    in_features : int
        The number I of inputs.
    widths : list of int
        The number of neurons of each layer; the last is that of outputs, O.
    activation : str, callable or None, default "relu"
        Of the hidden layers: "elu", "gelu", "leaky_relu", "relu", "sigmoid", "silu", "softplus",
        "tanh", a function such as ``np.sin``, a module, or None for none.
    rng : numpy.random.Generator or int, optional
        For the first weights; the process's default, which ``mt.seed`` restarts, if not given.
    dtype : dtype_like, default float32
        Of the parameters. Floating input is converted to it where it enters.

    Attributes
    ----------
    layers : list of Layer

    Raises
    ------
    ShapeError
        When called with an input whose last axis is not I long.
    ArgumentError
        If a size is no positive integer, or the activation is unknown.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), chapter 6.

    Examples
    --------
    >>> net = MLP(2, [16, 16, 1], activation="tanh", rng=0)
    >>> net(np.zeros((5, 2))).shape
    (5, 1)
    >>> net
    MLP(
      (layers.0): Layer(2, 16, activation='tanh')
      (layers.1): Layer(16, 16, activation='tanh')
      (layers.2): Layer(16, 1, activation=None)
    )
    """

    def __init__(
        self,
        in_features: int,
        widths: Iterable[int],
        activation: Activation = "relu",
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        sizes = list(widths) if isinstance(widths, Iterable) else []
        if not sizes:
            raise ArgumentError(
                "MLP: widths must list the number of neurons of each layer.",
                expected="a list such as [16, 16, 1]; the last is the number of outputs",
                got=repr(widths),
            )
        check_activation("MLP", activation)
        rng = generator(rng)
        sizes = [positive("MLP: in_features", in_features)] + [
            positive(f"MLP: widths[{i}]", n) for i, n in enumerate(sizes)
        ]
        last = len(sizes) - 2
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activation if i < last else None, rng=rng, dtype=dtype)
            for i in range(last + 1)
        ]

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


def _shown(activation: Activation) -> str:
    """Write it as one would pass it: a name in quotes, a function or module by its own."""
    if activation is None or isinstance(activation, str):
        return repr(activation)
    return getattr(activation, "__name__", type(activation).__name__)
