"""Products of vectors, matrices and tensors.

Legend: ``g`` gradient of the output, ``y`` output, ``a, b`` (or ``x``, ``weight``) inputs. The
rules of matrix products: Giles, *Collected Matrix Derivative Results* (2008), section 2.2.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives import composite, differentiable, primitive, stands_for


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    """dL/dA = G Bᵀ; a vector is a matrix of one row or column."""
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * b
    if np.ndim(b) == 1:
        return np.expand_dims(g, -1) * b
    if np.ndim(a) == 1:  # the batch of b, if it has one, is summed by the engine
        return np.squeeze(np.expand_dims(g, -2) @ np.swapaxes(b, -1, -2), -2)
    return g @ np.swapaxes(b, -1, -2)


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    """dL/dB = Aᵀ G."""
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * a
    if np.ndim(a) == 1:
        return np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if np.ndim(b) == 1:
        return np.squeeze(np.swapaxes(a, -1, -2) @ np.expand_dims(g, -1), -1)
    return np.swapaxes(a, -1, -2) @ g


differentiable(np.matmul, _matmul_left, _matmul_right)


@composite(np.dot)
def _dot(a: Any, b: Any, out: None = None) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, axes=((-1,), (-2,)))  # NumPy's dot sums over b's last but one axis


@composite(np.outer)
def _outer(a: Any, b: Any, out: None = None) -> Any:
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@composite(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Line the summed axes up as a matrix product's inner one."""
    if np.ndim(axes) == 0 and not isinstance(axes, tuple | list):
        left, right = list(range(np.ndim(a) - axes, np.ndim(a))), list(range(axes))
    else:
        left, right = ([int(i) for i in np.atleast_1d(np.asarray(x))] for x in axes)
    left, right = [i % np.ndim(a) for i in left], [i % np.ndim(b) for i in right]
    if [np.shape(a)[i] for i in left] != [np.shape(b)[i] for i in right]:
        raise ValueError("shape-mismatch for sum")
    kept_a = [i for i in range(np.ndim(a)) if i not in left]
    kept_b = [i for i in range(np.ndim(b)) if i not in right]
    shape_a, shape_b = [np.shape(a)[i] for i in kept_a], [np.shape(b)[i] for i in kept_b]
    inner = int(np.prod([np.shape(a)[i] for i in left], dtype=int))
    rows, columns = int(np.prod(shape_a, dtype=int)), int(np.prod(shape_b, dtype=int))
    product = np.matmul(
        np.reshape(np.transpose(a, kept_a + left), (rows, inner)),
        np.reshape(np.transpose(b, right + kept_b), (inner, columns)),
    )
    return np.reshape(product, tuple(shape_a + shape_b))


@primitive
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Apply one layer of weighted sums: ``x @ weight.T + bias``.

    Parameters
    ----------
    x : (..., I) array
        Inputs.
    weight : (O, I) array
        One row of weights per output, as PyTorch lays them out.
    bias : (O,) array, optional

    Returns
    -------
    (..., O) array

    References
    ----------
    .. [1] Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.5.6.

    Examples
    --------
    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    y = _times(x, weight.T)
    if bias is None:
        return y
    if bias.dtype == y.dtype:
        y += bias
        return y
    return y + bias


def _times(x: Any, matrix: Any) -> Any:
    """Multiply vectors, in a batch of any rank, by a matrix: all in one product."""
    if x.ndim == 2:  # of two small matrices, np.dot takes half the time that np.matmul takes
        return np.dot(x, matrix)
    if x.ndim < 2 or not x.__class__ is matrix.__class__ is np.ndarray:
        return np.matmul(x, matrix)
    rows, (width, outputs) = math.prod(x.shape[:-1]), matrix.shape
    y = np.empty((*x.shape[:-1], outputs), np.result_type(x, matrix))
    np.matmul(x.reshape(rows, width), matrix, out=y.reshape(rows, outputs))
    return y


def to_input(g: Any, y: Any, x: Any, weight: Any, bias: Any) -> Any:
    """Give the gradient of the inputs of `linear`."""
    return _times(g, weight)


def to_weight(g: Any, y: Any, x: Any, weight: Any, bias: Any) -> Any:
    """Give the gradient of the weights of `linear`."""
    if g.ndim != 2:  # see a batch of any rank as a matrix, one row per vector
        rows = math.prod(g.shape[:-1])
        g, x = g.reshape(rows, g.shape[-1]), x.reshape(rows, x.shape[-1])
    return np.dot(g.T, x)


differentiable(linear, to_input, to_weight, lambda g, y, x, weight, bias: g)


@stands_for(linear)
def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    y = np.matmul(x, np.transpose(weight))
    return y if bias is None else np.add(y, bias)
