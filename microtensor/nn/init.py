"""How should the weights start? Random arrays whose variance keeps signals at their size.

A layer adds up ``fan_in`` products, so ``Var(y) = fan_in Var(w) E(x²)``: for signals to neither
vanish nor explode on the way forward, ``Var(w)`` must be near ``1 / fan_in``; on the way back,
where ``fan_out`` products are added up, near ``1 / fan_out``. Each function says its variance.

Shapes are PyTorch's: (outputs, inputs, *kernel); ``fan_in`` is inputs times kernel, ``fan_out``
outputs times kernel. A shape with one axis is one row of weights, so of ``fan_out`` 1.

References
----------
.. [1] Glorot, Bengio, *Understanding the difficulty of training deep feedforward neural
   networks* (2010), equations 12 and 16.
.. [2] He, Zhang, Ren, Sun, *Delving Deep into Rectifiers* (2015), equations 10 and 14.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..randomness import generator

Shape = tuple[int, ...]


def zeros(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> np.ndarray:
    """Give zeros, as biases often start; ``rng`` is not used.

    >>> zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(_checked(shape), dtype)


def constant(
    shape: Shape, rng: Any = None, dtype: Any = np.float32, value: float = 1.0
) -> np.ndarray:
    """Give one number everywhere; ``rng`` is not used.

    >>> constant((2,), value=0.5)
    array([0.5, 0.5], dtype=float32)
    """
    return np.full(_checked(shape), value, dtype)


def uniform(
    shape: Shape, rng: Any = None, dtype: Any = np.float32, low: float = -1.0, high: float = 1.0
) -> np.ndarray:
    """Give numbers spread evenly from ``low`` to ``high``: Var(w) = (high - low)² / 12.

    Parameters
    ----------
    shape : tuple of int
    rng : numpy.random.Generator or int, optional
        The process's default if not given.
    dtype : dtype_like, default float32
    low, high : float, default -1, 1

    Examples
    --------
    >>> w = uniform((100, 100), rng=0)
    >>> bool(abs(w.var() - 4 / 12) < 0.01)
    True
    """
    return np.asarray(generator(rng).uniform(low, high, _checked(shape)), dtype)


def normal(
    shape: Shape, rng: Any = None, dtype: Any = np.float32, mean: float = 0.0, std: float = 1.0
) -> np.ndarray:
    """Give normally distributed numbers: Var(w) = std².

    Parameters are those of `uniform`, with mean and standard deviation instead of the bounds.

    Examples
    --------
    >>> w = normal((100, 100), rng=0, std=0.1)
    >>> bool(abs(w.var() - 0.01) < 0.001)
    True
    """
    return np.asarray(generator(rng).normal(mean, std, _checked(shape)), dtype)


def xavier_uniform(
    shape: Shape, rng: Any = None, dtype: Any = np.float32, gain: float = 1.0
) -> np.ndarray:
    """Give even numbers of Var(w) = 2 gain² / (fan_in + fan_out), Glorot's compromise.

    Parameters
    ----------
    shape : tuple of int
        ``(outputs, inputs, *kernel)``.
    rng : numpy.random.Generator or int, optional
    dtype : dtype_like, default float32
    gain : float, default 1
        1 for functions that are near x at 0, such as tanh.

    References
    ----------
    .. [1] Glorot, Bengio (2010), equation 16: the bound is sqrt(6 / (fan_in + fan_out)).

    Examples
    --------
    >>> w = xavier_uniform((300, 100), rng=0)
    >>> bool(abs(w.var() - 2 / 400) < 0.0001)
    True
    """
    fan_in, fan_out = fans(shape)
    return _even(shape, rng, dtype, 2 * gain**2 / (fan_in + fan_out))


def xavier_normal(
    shape: Shape, rng: Any = None, dtype: Any = np.float32, gain: float = 1.0
) -> np.ndarray:
    """Give normal numbers of Var(w) = 2 gain² / (fan_in + fan_out); else as `xavier_uniform`.

    Examples
    --------
    >>> w = xavier_normal((300, 100), rng=0)
    >>> bool(abs(w.var() - 2 / 400) < 0.0001)
    True
    """
    fan_in, fan_out = fans(shape)
    return normal(shape, rng, dtype, std=gain * math.sqrt(2 / (fan_in + fan_out)))


def kaiming_uniform(
    shape: Shape,
    rng: Any = None,
    dtype: Any = np.float32,
    gain: float = math.sqrt(2),
    mode: str = "fan_in",
) -> np.ndarray:
    """Give even numbers of Var(w) = gain² / fan_in, as He's argument for relu asks.

    Parameters
    ----------
    shape : tuple of int
        ``(outputs, inputs, *kernel)``.
    rng : numpy.random.Generator or int, optional
    dtype : dtype_like, default float32
    gain : float, default sqrt(2)
        relu passes half of the variance on, which a gain² of 2 makes good;
        sqrt(2 / (1 + a²)) for a leaky relu of slope a.
    mode : {"fan_in", "fan_out"}
        Whether to keep the size of signals forward, or of gradients backward.

    Raises
    ------
    ArgumentError
        If mode is neither.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun (2015), equations 10 (forward), 14 (backward) and 15 (leaky).

    Examples
    --------
    >>> w = kaiming_uniform((300, 100), rng=0)
    >>> bool(abs(w.var() - 2 / 100) < 0.0005)
    True
    """
    return _even(shape, rng, dtype, gain**2 / _fan(shape, mode))


def kaiming_normal(
    shape: Shape,
    rng: Any = None,
    dtype: Any = np.float32,
    gain: float = math.sqrt(2),
    mode: str = "fan_in",
) -> np.ndarray:
    """Give normal numbers of Var(w) = gain² / fan_in; else as `kaiming_uniform`.

    Examples
    --------
    >>> w = kaiming_normal((300, 100), rng=0)
    >>> bool(abs(w.var() - 2 / 100) < 0.0005)
    True
    """
    return normal(shape, rng, dtype, std=gain / math.sqrt(_fan(shape, mode)))


def fans(shape: Shape) -> tuple[int, int]:
    """Give ``fan_in`` and ``fan_out``: how many weights each output, and each input, has.

    Raises
    ------
    ShapeError
        If the shape has no axis, so that there is no row of weights.

    Examples
    --------
    >>> fans((16, 2)), fans((8, 3, 5, 5)), fans((4,))
    ((2, 16), (75, 200), (4, 1))
    """
    shape = _checked(shape)
    if not shape or 0 in shape:
        raise ShapeError(
            "init: the weights of a layer need inputs and outputs.",
            expected="a shape (outputs, inputs, *kernel), each at least 1",
            got=f"shape {shape}",
        )
    if len(shape) == 1:
        return shape[0], 1
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _checked(shape: Any) -> Shape:
    """Give a shape as a tuple; or say that weights are given, which are not changed here."""
    if hasattr(shape, "dtype") and np.ndim(shape):
        raise ArgumentError(
            "init: the first argument is the shape of the weights.",
            expected="a tuple such as (16, 2)",
            got=f"a {type(shape).__name__} of shape {np.shape(shape)}",
            hint="For new numbers: weight.data = init.xavier_uniform(weight.shape).",
        )
    return tuple(shape) if isinstance(shape, Iterable) else (shape,)


def _fan(shape: Shape, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError("init: unknown mode.", expected="'fan_in' or 'fan_out'", got=repr(mode))
    return fans(shape)[mode == "fan_out"]


def _even(shape: Shape, rng: Any, dtype: Any, variance: float) -> np.ndarray:
    bound = math.sqrt(3 * variance)  # Var(w) of numbers spread from -bound to bound is bound² / 3
    return uniform(shape, rng, dtype, -bound, bound)
