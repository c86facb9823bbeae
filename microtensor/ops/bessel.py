"""Bessel functions, of SciPy: of real order, modified, scaled, spherical.

Legend: ``g`` gradient of the output, ``y`` output, ``v`` or ``n`` order, ``x`` input. Source: NIST
Digital Library of Mathematical Functions (DLMF), 10.6, 10.29 and 10.51: each derivative is a mean
of the orders before and after, which needs no division by x. Scaled functions are multiplied by
exp(-|x|) (ive) or exp(x) (kve). The derivative in the order is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ..primitives import primitive
from .special import in_the_dtype_of, learn, refused

learn(special.j0, lambda g, y, x: -g * special.j1(x))
learn(special.y0, lambda g, y, x: -g * special.y1(x))
learn(special.j1, lambda g, y, x: g * ((special.j0(x) - special.jv(2, x)) / 2))
learn(special.y1, lambda g, y, x: g * ((special.y0(x) - special.yn(2, x)) / 2))
learn(special.i0, lambda g, y, x: g * special.i1(x))
learn(special.k0, lambda g, y, x: -g * special.k1(x))
learn(special.i1, lambda g, y, x: g * ((special.i0(x) + special.iv(2, x)) / 2))
learn(special.k1, lambda g, y, x: -g * ((special.k0(x) + special.kn(2, x)) / 2))
learn(special.i0e, lambda g, y, x: g * (special.i1e(x) - np.sign(x) * y))
learn(special.k0e, lambda g, y, x: g * (y - special.k1e(x)))
learn(
    special.i1e,
    lambda g, y, x: g * ((special.i0e(x) + special.ive(2, x)) / 2 - np.abs(y)),
)
learn(special.k1e, lambda g, y, x: g * (y - (special.k0e(x) + special.kve(2, x)) / 2))


def _of_order(fn: Callable, rule: Callable) -> None:
    learn(fn, refused(fn, "n" if fn.__name__[-1] == "n" else "v"), rule)


def _mean(fn: Callable, sign: int) -> Callable:
    """Make the rule y' = (y of the order before + sign * y of the order after) / 2."""
    return lambda g, y, v, x: g * ((fn(v - 1, x) + sign * fn(v + 1, x)) / 2)


for _fn in (special.jv, special.jve, special.yv, special.yve, special.yn):
    _of_order(_fn, _mean(_fn, -1))
_of_order(special.iv, _mean(special.iv, +1))
_of_order(special.kv, lambda g, y, v, x: -g * ((special.kv(v - 1, x) + special.kv(v + 1, x)) / 2))
_of_order(
    special.kn,  # K of order -1 is K of order 1
    lambda g, y, n, x: -g * ((special.kn(np.abs(n - 1), x) + special.kn(n + 1, x)) / 2),
)
_of_order(
    special.ive,
    lambda g, y, v, x: g * ((special.ive(v - 1, x) + special.ive(v + 1, x)) / 2 - np.sign(x) * y),
)
_of_order(
    special.kve,
    lambda g, y, v, x: g * (y - (special.kve(v - 1, x) + special.kve(v + 1, x)) / 2),
)


# Spherical functions, which SciPy has as plain functions


@primitive
def spherical_jn(n: Any, x: Any) -> Any:
    """Give the spherical Bessel function of the first kind, of order n.

    >>> round(float(spherical_jn(0, 1.0)), 4)      # sin(1) / 1
    0.8415
    """
    return in_the_dtype_of(x, special.spherical_jn(n, x))


@primitive
def spherical_yn(n: Any, x: Any) -> Any:
    """Give the spherical Bessel function of the second kind, of order n.

    >>> round(float(spherical_yn(0, 1.0)), 4)      # -cos(1) / 1
    -0.5403
    """
    return in_the_dtype_of(x, special.spherical_yn(n, x))


@primitive
def spherical_in(n: Any, x: Any) -> Any:
    """Give the modified spherical Bessel function of the first kind, of order n.

    >>> round(float(spherical_in(0, 1.0)), 4)      # sinh(1) / 1
    1.1752
    """
    return in_the_dtype_of(x, special.spherical_in(n, x))


@primitive
def spherical_kn(n: Any, x: Any) -> Any:
    """Give the modified spherical Bessel function of the second kind, of order n.

    >>> round(float(spherical_kn(0, 1.0)), 4)      # (pi / 2) exp(-1)
    0.5779
    """
    return in_the_dtype_of(x, special.spherical_kn(n, x))


def _spherical(fn: Callable, before: int, after: int) -> None:
    """Learn (2n + 1) y' = ± n y of the order before ± (n + 1) y of the order after."""

    def rule(g: Any, y: Any, n: Any, x: Any) -> Any:
        lower = np.where(np.equal(n, 0), 0, n * fn(np.maximum(n - 1, 0), x))
        return g * ((before * lower + after * (n + 1) * fn(n + 1, x)) / (2 * n + 1))

    learn(fn, refused(fn, "n"), rule)


_spherical(spherical_jn, +1, -1)
_spherical(spherical_yn, +1, -1)
_spherical(spherical_in, +1, +1)
_spherical(spherical_kn, -1, -1)
