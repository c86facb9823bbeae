"""Chance as regularisation: entries that are dropped at random.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lending import empty, like
from ..primitives import differentiable, piecewise, primitive, stands_for


@primitive(keeps="constant")
def dropout(x: Any, p: float, rng: Any, together: int) -> Any:
    """Put 0 in place of each entry with probability ``p``, and divide the others by ``1 - p``.

    Parameters
    ----------
    x : array of float
    p : float
        From 0 to 1.
    rng : numpy.random.Generator or numpy.random.RandomState
    together : int
        How many of the last axes share one draw, as the pixels of a channel do.

    Returns
    -------
    array
        Of the same shape and dtype; its expectation is ``x``.

    References
    ----------
    .. [1] Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, *Dropout: A Simple Way to
       Prevent Neural Networks from Overfitting* (2014), section 10, where what is kept is scaled
       up in training, so that nothing is left to do afterwards.

    Examples
    --------
    >>> dropout(np.ones(6), 0.5, np.random.default_rng(1), 0)
    array([2., 0., 0., 0., 2., 2.])
    """
    x = np.asarray(x)
    noise = _noise(x, p, rng, together)
    y = np.multiply(x, noise, out=like(x, noise.dtype))
    return y if y.ndim else y[()], noise


differentiable(dropout, lambda g, y, x, kept: g * kept)


@stands_for(dropout)
def _dropout(x: Any, p: float, rng: Any, together: int) -> Any:
    return np.multiply(x, _noise(x, p, rng, together))


@primitive
def drawn_factors(like: Any, p: float, rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draw what `dropout` multiplies by; ``like`` says no more than whether Values are about."""
    return _drawn(shape, dtype, p, rng)


piecewise(drawn_factors)


def _noise(x: Any, p: float, rng: Any, together: int) -> Any:
    """Give the factors of the entries of x, of which the last axes share one each."""
    shape = np.shape(x)
    shape = shape[: len(shape) - together] + (1,) * together
    return _drawn(shape, x.dtype if x.dtype.kind == "f" else np.dtype(float), p, rng)


def _drawn(shape: tuple[int, ...], dtype: np.dtype, p: float, rng: Any) -> Any:
    """Draw factors: 0 with probability p, else 1 / (1 - p)."""
    # 24 random bits a number are drawn in less time than 53; the older generator has these only
    if isinstance(rng, np.random.Generator):
        drawn = rng.random(shape, np.float32, out=empty(shape, np.float32))
    else:
        drawn = rng.random(shape)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    kept = np.less(drawn, 1 - p, out=empty(shape, bool))
    return np.multiply(kept, dtype.type(scale), dtype=dtype, out=empty(shape, dtype))
