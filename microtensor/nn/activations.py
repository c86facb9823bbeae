"""Nonlinearities as modules, under PyTorch's names; and their short names, as layers take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from .channels import noted
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
    """Gives its input, as where a layer was taken out."""

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """Gives max(x, 0).

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        return ops.relu(x)


class LeakyReLU(Module):
    """Gives x where it is positive, else ``negative_slope * x``.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """Gives x where it is positive, else ``alpha * (exp(x) - 1)``.

    >>> ELU()(np.array([-1.0, 2.0])).round(3)
    array([-0.632,  2.   ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(x, alpha=self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class Sigmoid(Module):
    """Gives ``1 / (1 + exp(-x))``.

    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


class Tanh(Module):
    """Gives tanh(x).

    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    def forward(self, x: Any) -> Any:
        return np.tanh(x)


class Softplus(Module):
    """Gives ``log(1 + exp(beta x)) / beta``, and x itself where ``beta x`` is above a threshold.

    >>> Softplus()(np.array([0.0, 1000.0])).round(3).tolist()
    [0.693, 1000.0]
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        return ops.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class LogSigmoid(Module):
    """Gives log(sigmoid(x)), without the logarithm of a small number.

    >>> LogSigmoid()(np.array([-1000.0, 0.0])).round(3).tolist()
    [-1000.0, -0.693]
    """

    def forward(self, x: Any) -> Any:
        return ops.logsigmoid(x)


class Softsign(Module):
    """Gives ``x / (1 + |x|)``.

    >>> Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """

    def forward(self, x: Any) -> Any:
        return ops.softsign(x)


class Tanhshrink(Module):
    """Gives ``x - tanh(x)``.

    >>> Tanhshrink()(np.array([0.0, 2.0])).round(3)
    array([0.   , 1.036])
    """

    def forward(self, x: Any) -> Any:
        return ops.tanhshrink(x)


class Mish(Module):
    """Gives ``x * tanh(softplus(x))``.

    References
    ----------
    .. [1] Misra, *Mish: A Self Regularized Non-Monotonic Activation Function* (2020), equation 1.

    Examples
    --------
    >>> Mish()(np.array([-1.0, 2.0])).round(4)
    array([-0.3034,  1.944 ])
    """

    def forward(self, x: Any) -> Any:
        return ops.mish(x)


class SiLU(Module):
    """Gives ``x * sigmoid(x)``, also known as swish.

    >>> SiLU()(np.array([0.0, 1.0])).round(3)
    array([0.   , 0.731])
    """

    def forward(self, x: Any) -> Any:
        return ops.silu(x)


class GELU(Module):
    """Gives x times the probability that a standard normal number is below it.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        Exact, or by the paper's tanh.

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
        return ops.gelu(x, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """Gives probabilities proportional to exp(x) along an axis, the last if not said otherwise.

    >>> Softmax()(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return ops.softmax(x, axis=self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """Gives log(softmax(x)) along an axis, the last if not said otherwise.

    >>> LogSoftmax()(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return ops.log_softmax(x, axis=self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Softmax):
    """Gives probabilities proportional to exp(-x) along an axis, the last if not said otherwise.

    >>> Softmin()(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """

    def forward(self, x: Any) -> Any:
        return ops.softmin(x, axis=self.dim)


class GLU(Softmax):
    """Gives the first half of an axis, each entry let through by the sigmoid of its partner's.

    Parameters
    ----------
    dim : int, default -1
        The axis that is cut in two.

    Raises
    ------
    ShapeError
        When called, if its length is odd.

    References
    ----------
    .. [1] Dauphin, Fan, Auli, Grangier, *Language Modeling with Gated Convolutional Networks*
       (2017), equation 1.

    Examples
    --------
    >>> GLU()(np.array([1.0, 2.0, 0.0, 0.0]))
    array([0.5, 1. ])
    """

    def forward(self, x: Any) -> Any:
        with noted(self):
            return ops.glu(x, axis=self.dim)
