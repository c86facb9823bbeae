"""Nonlinearities with a bend or a step, as modules, under PyTorch's names.

What they are at the bend is PyTorch's choice: docs/conventions.md lists them all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from .casting import floats, reals
from .linear import positive
from .module import Module
from .state import Parameter


class PReLU(Module):
    """Gives x where it is positive, else ``weight * x``, with a weight that is learned.

    The output has the input's shape, any shape if there is one weight.

    Parameters
    ----------
    num_parameters : int, default 1
        1, or one for each of the C channels of an input of shape (N, C, ...).
    init : float, default 0.25
        What the weight starts at.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (num_parameters,) Parameter

    Raises
    ------
    ShapeError
        When called, if there are several weights, and not one for each channel.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, *Delving Deep into Rectifiers* (2015), equation 1.

    Examples
    --------
    >>> PReLU()(np.array([-1.0, 2.0])).data
    array([-0.25,  2.  ], dtype=float32)
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = np.float32
    ) -> None:
        self.num_parameters = positive("PReLU: num_parameters", num_parameters)
        self.weight = Parameter(np.full(self.num_parameters, init, dtype))

    def forward(self, x: Any) -> Any:
        return ops.prelu(floats(self, x), self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class CELU(Module):
    """Gives x where it is positive, else ``alpha * (exp(x / alpha) - 1)``: no bend at 0.

    Entry by entry, in any shape.

    Raises
    ------
    ArgumentError
        If alpha is 0.

    References
    ----------
    .. [1] Barron, *Continuously Differentiable Exponential Linear Units* (2017), equation 2.

    Examples
    --------
    >>> CELU(2.0)(np.array([-2.0, 2.0])).round(3)
    array([-1.264,  2.   ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        if alpha == 0:
            raise ArgumentError("CELU: alpha must not be 0.", expected="such as 1.0", got="0")
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.celu(reals(self, x), alpha=self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class SELU(Module):
    """Gives 1.0507 times x where it is positive, else times ``1.6733 * (exp(x) - 1)``.

    Entry by entry, in any shape. With these two numbers, signals of mean 0 and variance 1 stay so
    through many layers.

    References
    ----------
    .. [1] Klambauer, Unterthiner, Mayr, Hochreiter, *Self-Normalizing Neural Networks* (2017),
       equation 2.

    Examples
    --------
    >>> SELU()(np.array([-1.0, 2.0])).round(4)
    array([-1.1113,  2.1014])
    """

    def forward(self, x: Any) -> Any:
        return ops.selu(reals(self, x))


class Hardtanh(Module):
    """Holds x between two bounds, ``min(max(x, min_val), max_val)``, in any shape.

    Raises
    ------
    ArgumentError
        If the lower bound is not below the upper one.

    References
    ----------
    .. [1] Collobert et al., *Natural Language Processing (Almost) from Scratch* (2011).

    Examples
    --------
    >>> Hardtanh(-1.0, 2.0)(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  2. ])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ArgumentError(
                f"{type(self).__name__}: the lower bound must be below the upper one.",
                expected="min_val < max_val",
                got=f"min_val={min_val}, max_val={max_val}",
            )
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        return ops.hardtanh(reals(self, x), self.min_val, self.max_val)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


class ReLU6(Hardtanh):
    """Holds x between 0 and 6, ``min(max(x, 0), 6)``, in any shape.

    References
    ----------
    .. [1] Krizhevsky, *Convolutional Deep Belief Networks on CIFAR-10* (2010), section 2.

    Examples
    --------
    >>> ReLU6()(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """

    def __init__(self) -> None:
        super().__init__(0.0, 6.0)

    def extra_repr(self) -> str:
        return ""


class Hardsigmoid(Module):
    """Gives ``(x + 3) / 6``, held between 0 and 1: a sigmoid of three straight lines.

    Entry by entry, in any shape.

    References
    ----------
    .. [1] Howard et al., *Searching for MobileNetV3* (2019), section 5.2.

    Examples
    --------
    >>> Hardsigmoid()(np.array([-4.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """

    def forward(self, x: Any) -> Any:
        return ops.hardsigmoid(reals(self, x))


class Hardswish(Module):
    """Gives ``x * hardsigmoid(x)``, entry by entry, in any shape.

    References
    ----------
    .. [1] Howard et al., *Searching for MobileNetV3* (2019), section 5.2.

    Examples
    --------
    >>> Hardswish()(np.array([-4.0, 1.5, 4.0]))
    array([-0.   ,  1.125,  4.   ])
    """

    def forward(self, x: Any) -> Any:
        return ops.hardswish(reals(self, x))


class Hardshrink(Module):
    """Gives x where ``|x| > lambd``, else 0, entry by entry, in any shape.

    References
    ----------
    .. [1] Donoho, Johnstone, *Ideal Spatial Adaptation by Wavelet Shrinkage* (1994): hard
       thresholding.

    Examples
    --------
    >>> Hardshrink()(np.array([-1.0, 0.3, 1.0]))
    array([-1.,  0.,  1.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        return ops.hardshrink(reals(self, x), self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Hardshrink):
    """Gives ``sign(x) * max(|x| - lambd, 0)``, entry by entry, in any shape: nearer to 0.

    References
    ----------
    .. [1] Donoho, Johnstone, *Ideal Spatial Adaptation by Wavelet Shrinkage* (1994): soft
       thresholding.

    Examples
    --------
    >>> Softshrink()(np.array([-1.0, 0.3, 1.0]))
    array([-0.5,  0. ,  0.5])
    """

    def forward(self, x: Any) -> Any:
        return ops.softshrink(reals(self, x), self.lambd)


class Threshold(Module):
    """Gives x where ``x > threshold``, else another value, entry by entry, in any shape.

    References
    ----------
    .. [1] Konda, Memisevic, Krueger, *Zero-Bias Autoencoders and the Benefits of Co-Adapting
       Features* (2015), with 0 as the other value.

    Examples
    --------
    >>> Threshold(0.1, 20.0)(np.array([-1.0, 0.3]))
    array([20. ,  0.3])
    """

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        return ops.threshold(reals(self, x), self.threshold, self.value)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}"
