"""Nonlinearities as modules, under PyTorch's names; and their short names, as layers take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from .casting import reals
from .module import Module

BY_NAME: dict[str, Callable[[Any], Any]] = {
    "elu": ops.elu,
    "gelu": ops.gelu,
    "leaky_relu": ops.leaky_relu,
    "relu": ops.relu,
    "sigmoid": ops.sigmoid,
    "silu": ops.silu,
    "softplus": ops.softplus,
    "tanh": np.tanh,
}

Activation = str | Callable[[Any], Any] | None


def check_activation(where: str, activation: Activation) -> None:
    """Raise ArgumentError unless it is a name of the table, a function, or None for none."""
    if activation is not None and not callable(activation) and activation not in BY_NAME:
        raise ArgumentError(
            f"{where}: unknown activation.",
            expected=f"one of {', '.join(BY_NAME)}, a function or module, or None",
            got=repr(activation),
        )


def activate(activation: Activation, x: Any) -> Any:
    """Apply an activation given by name, as a function, or as None for none."""
    if activation is None:
        return x
    return (BY_NAME[activation] if isinstance(activation, str) else activation)(x)


class Identity(Module):
    """Gives its input, of any shape, as where a layer was taken out: ``y = x``.

    >>> Identity()(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """Gives ``max(x, 0)``, entry by entry, in any shape.

    References
    ----------
    .. [1] Nair, Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines* (2010).

    Examples
    --------
    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        return ops.relu(reals(self, x))


class LeakyReLU(Module):
    """Gives x where it is positive, else ``negative_slope * x``, entry by entry, in any shape.

    References
    ----------
    .. [1] Maas, Hannun, Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*
       (2013).

    Examples
    --------
    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(reals(self, x), negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """Gives x where it is positive, else ``alpha * (exp(x) - 1)``, entry by entry, in any shape.

    References
    ----------
    .. [1] Clevert, Unterthiner, Hochreiter, *Fast and Accurate Deep Network Learning by
       Exponential Linear Units* (2016), equation 15.

    Examples
    --------
    >>> ELU()(np.array([-1.0, 2.0])).round(3)
    array([-0.632,  2.   ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(reals(self, x), alpha=self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class Sigmoid(Module):
    """Gives ``1 / (1 + exp(-x))``, entry by entry, in any shape.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 3.10.

    Examples
    --------
    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(reals(self, x))


class Tanh(Module):
    """Gives ``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``, entry by entry, in any shape.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.3.2.

    Examples
    --------
    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    def forward(self, x: Any) -> Any:
        return np.tanh(reals(self, x))


class Softplus(Module):
    """Gives ``log(1 + exp(beta x)) / beta``, entry by entry, in any shape.

    Where ``beta x`` is above the threshold it gives x itself.

    References
    ----------
    .. [1] Dugas, Bengio, Bélisle, Nadeau, Garcia, *Incorporating Second-Order Functional Knowledge
       for Better Option Pricing* (2001).

    Examples
    --------
    >>> Softplus()(np.array([0.0, 1000.0])).round(3).tolist()
    [0.693, 1000.0]
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        return ops.softplus(reals(self, x), self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class LogSigmoid(Module):
    """Gives ``-log(1 + exp(-x))``, the logarithm of sigmoid(x), entry by entry, in any shape.

    No logarithm of a small number is taken.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 3.10.

    Examples
    --------
    >>> LogSigmoid()(np.array([-1000.0, 0.0])).round(3).tolist()
    [-1000.0, -0.693]
    """

    def forward(self, x: Any) -> Any:
        return ops.logsigmoid(reals(self, x))


class Softsign(Module):
    """Gives ``x / (1 + |x|)``, entry by entry, in any shape.

    References
    ----------
    .. [1] Glorot, Bengio, *Understanding the Difficulty of Training Deep Feedforward Neural
       Networks* (2010).

    Examples
    --------
    >>> Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """

    def forward(self, x: Any) -> Any:
        return ops.softsign(reals(self, x))


class Tanhshrink(Module):
    """Gives ``x - tanh(x)``, entry by entry, in any shape.

    References
    ----------
    .. [1] Collobert, Kavukcuoglu, Farabet, *Torch7: A Matlab-like Environment for Machine
       Learning* (2011), whose layers have it under this name.

    Examples
    --------
    >>> Tanhshrink()(np.array([0.0, 2.0])).round(3)
    array([0.   , 1.036])
    """

    def forward(self, x: Any) -> Any:
        return ops.tanhshrink(reals(self, x))


class Mish(Module):
    """Gives ``x * tanh(softplus(x))``, entry by entry, in any shape.

    References
    ----------
    .. [1] Misra, *Mish: A Self Regularized Non-Monotonic Activation Function* (2020), equation 1.

    Examples
    --------
    >>> Mish()(np.array([-1.0, 2.0])).round(4)
    array([-0.3034,  1.944 ])
    """

    def forward(self, x: Any) -> Any:
        return ops.mish(reals(self, x))


class SiLU(Module):
    """Gives ``x * sigmoid(x)``, also known as swish, entry by entry, in any shape.

    References
    ----------
    .. [1] Elfwing, Uchibe, Doya, *Sigmoid-Weighted Linear Units for Neural Network Function
       Approximation in Reinforcement Learning* (2018), equation 3.

    Examples
    --------
    >>> SiLU()(np.array([0.0, 1.0])).round(3)
    array([0.   , 0.731])
    """

    def forward(self, x: Any) -> Any:
        return ops.silu(reals(self, x))


class GELU(Module):
    """Gives ``x * P(Z <= x)`` for a standard normal Z, entry by entry, in any shape.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        Exact, ``x (1 + erf(x / sqrt(2))) / 2``, or by the paper's
        ``x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2``.

    Raises
    ------
    ArgumentError
        If there is no such approximation.

    References
    ----------
    .. [1] Hendrycks, Gimpel, *Gaussian Error Linear Units* (2016), section 2.

    Examples
    --------
    >>> GELU()(np.array([1.0])).round(4), GELU(approximate="tanh")(np.array([1.0])).round(4)
    (array([0.8413]), array([0.8412]))
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ArgumentError(
                "GELU: unknown approximation.",
                expected="approximate='none' or approximate='tanh'",
                got=repr(approximate),
            )
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return ops.gelu(reals(self, x), approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"
