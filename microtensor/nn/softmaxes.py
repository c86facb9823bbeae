"""Nonlinearities along an axis, as modules: softmax and its kin, and the gated linear unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .casting import reals
from .channels import noted
from .module import Module
from .reshaping import axis_number, axis_of


class Softmax(Module):
    """Gives probabilities along an axis, ``y_i = exp(x_i) / Σ_j exp(x_j)``, in any shape.

    Parameters
    ----------
    dim : int, default -1
        The axis.

    Raises
    ------
    ArgumentError
        If it is no integer.
    ShapeError, DTypeError
        When called, if the input lacks this axis, or holds no real numbers.

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.3.

    Examples
    --------
    >>> Softmax()(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = axis_number(f"{type(self).__name__}: dim", dim)

    def _checked(self, x: Any) -> Any:
        x = reals(self, x)
        axis_of(self, self.dim, np.ndim(x) or 1, np.shape(x))
        return x

    def forward(self, x: Any) -> Any:
        return ops.softmax(self._checked(x), axis=self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """Gives the logarithms of `Softmax` along an axis, ``y_i = x_i - log Σ_j exp(x_j)``.

    Shapes, parameters, raises and references are those of `Softmax`.

    Examples
    --------
    >>> LogSoftmax()(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """

    def forward(self, x: Any) -> Any:
        return ops.log_softmax(self._checked(x), axis=self.dim)


class Softmin(Softmax):
    """Gives the more of a sum of 1 the less an entry is, ``y_i = exp(-x_i) / Σ_j exp(-x_j)``.

    Shapes, parameters, raises and references are those of `Softmax`.

    Examples
    --------
    >>> Softmin()(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """

    def forward(self, x: Any) -> Any:
        return ops.softmin(self._checked(x), axis=self.dim)


class GLU(Softmax):
    """Gives the first half of an axis, each entry let through by the sigmoid of its partner's.

    Of the halves a and b, ``y = a * sigmoid(b)``: from (..., 2 N, ...) to (..., N, ...).

    Parameters
    ----------
    dim : int, default -1
        The axis that is cut in two.

    Raises
    ------
    ArgumentError
        If it is no integer.
    ShapeError, DTypeError
        When called, if its length is odd, or the input lacks it, or holds no real numbers.

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
        x = self._checked(x)
        with noted(self):
            return ops.glu(x, axis=self.dim)
