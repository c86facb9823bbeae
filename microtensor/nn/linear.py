"""Weighted sums: the linear layer, and the check of widths that every such layer makes."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..graph import Node
from ..ops import linear
from ..randomness import generator
from . import init
from .casting import as_floats
from .module import Module
from .places import here
from .state import Parameter


class Linear(Module):
    """Weighted sums with a bias, ``y = x Wᵀ + b``.

    Parameters
    ----------
    in_features, out_features : int
        The lengths I and O of the last axis of the input and of the output.
    bias : bool, default True
    rng : numpy.random.Generator or int, optional
        For the first weights; the process's default if not given.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (O, I) Parameter
    bias : (O,) Parameter or None
        Both start evenly spread within ``1 / sqrt(I)`` of 0, as PyTorch's do:
        Var(w) = 1 / (3 I), a third of what keeps signals at their size.

    Raises
    ------
    ShapeError
        When called with an input of another width.
    ArgumentError
        If a width is no positive integer.

    References
    ----------
    .. [1] LeCun, Bottou, Orr, Müller, *Efficient BackProp* (1998), section 4.6.

    Examples
    --------
    >>> layer = Linear(3, 2, rng=0)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        self.in_features = positive(f"{name}: in_features", in_features)
        self.out_features = positive(f"{name}: out_features", out_features)
        rng = generator(rng)
        shape = (self.out_features, self.in_features)
        self.weight = first_parameter(shape, self.in_features, rng, dtype)
        self.bias = first_parameter(shape[:1], self.in_features, rng, dtype) if bias else None

    def forward(self, x: Any) -> Any:
        return linear(features(self, x), self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"


def first_parameter(shape: tuple[int, ...], fan_in: int, rng: Any, dtype: Any) -> Parameter:
    """Make a weight or bias spread evenly within ``1 / sqrt(fan_in)`` of 0."""
    bound = 1 / math.sqrt(fan_in)
    return Parameter(init.uniform(shape, rng, dtype, -bound, bound))


def features(module: Any, x: Any) -> Any:
    """Give an input as floats, when its last axis is as wide as the module's weights are.

    Parameters
    ----------
    module : Module
        One with a ``weight`` of shape (..., I).
    x : (..., I) Value, array, or nested list of numbers or Values

    Raises
    ------
    ShapeError
        If the last axis has another length: nothing is cut off or filled up.
    DTypeError
        If it does not hold real numbers.
    """
    weight = module.weight._data
    data = x._data if isinstance(x, Node) else x
    if data.__class__ is not np.ndarray or data.dtype.kind != "f":
        x = as_floats(module, x)
        data = x._data if isinstance(x, Node) else x
    shape = data.shape if data.__class__ is np.ndarray else ()
    if not shape or shape[-1] != weight.shape[-1]:
        raise _wrong_width(module, shape, weight.shape[-1])
    return x


def _wrong_width(module: Any, shape: tuple[int, ...], width: int) -> ShapeError:
    hint = f"Give it {width} numbers in the last axis, or make the layer for what it is given."
    if len(shape) == 2 and shape[0] == width:
        hint = f"The first axis has {width}: perhaps the input is transposed, and x.T is meant."
    return ShapeError(
        f"{here(module)}: the input has the wrong width.",
        expected=f"an input of shape (..., {width}), since the weight has shape "
        f"{module.weight.shape}",
        got=f"an input of shape {shape}",
        hint=hint,
    )


def positive(what: str, n: Any) -> int:
    """Give a size as an int, or raise ArgumentError unless it is a positive integer."""
    try:
        size = operator.index(n)
    except TypeError:
        size = 0
    if size < 1:
        raise ArgumentError(
            f"{what} must be a positive integer.", expected="1 or more", got=repr(n)
        )
    return size
