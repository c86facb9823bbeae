"""np.sinc and np.i0: functions whose derivatives are families of functions.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` input. Derivatives of every order are
right at 0 too, where the formulas that divide by x are not.

Source: Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), 9.6.18, 9.6.26, 10.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives import differentiable, primitive, registry

_LARGEST = 720.0  # beyond it the functions are infinite


def _like(y: Any, x: Any) -> Any:
    """Give float64 results the dtype of a floating input."""
    dtype = np.asarray(x).dtype
    return y.astype(dtype if dtype.kind == "f" else np.float64)[()]


@primitive
def sinc_derivative(x: Any, order: int) -> Any:
    """Give a derivative of ``np.sinc(x) = sin(pi x) / (pi x)``.

    With z = pi x, the n-th derivative f by z is, near 0, the series of
    ``(-1)^((m+n)/2) z^m / ((m + n + 1) m!)`` over m = n, n + 2, ... modulo 2; elsewhere
    ``z f_n = sin^(n) z - n f_(n-1)``, which is Leibniz's rule for z f = sin z.

    Parameters
    ----------
    x : array
    order : int
        Which derivative, from 0.

    Returns
    -------
    array of the shape of ``x``

    Examples
    --------
    >>> round(float(sinc_derivative(0.0, order=2)), 12)      # -pi**2 / 3
    -3.289868133696
    """
    z = math.pi * np.asarray(x).astype(np.float64, casting="same_kind")
    limit = order + 2.0  # the recurrence loses digits below the order, the series far above
    is_small = np.less(np.abs(z), limit)

    small, m = np.where(is_small, z, 0), order % 2
    power = small**m
    series, size = np.zeros_like(small), 1.0
    while size > 1e-20:  # of the largest power / m! yet to come
        series += (-1) ** ((m + order) // 2) * power / (m + order + 1)
        m += 2
        power = power * small * small / (m * (m - 1))
        size = limit**m / math.factorial(m)

    large = np.where(is_small, 1, z)
    sine, cosine = np.sin(large), np.cos(large)
    f = sine / large
    for n in range(1, order + 1):
        f = ((sine, cosine, -sine, -cosine)[n % 4] - n * f) / large
    return _like(math.pi**order * np.where(is_small, series, f), x)


differentiable(sinc_derivative, lambda g, y, x, order: g * sinc_derivative(x, order=order + 1))
differentiable(np.sinc, lambda g, y, x: g * sinc_derivative(x, order=1))


@primitive
def bessel_i(x: Any, order: int) -> Any:
    """Give the modified Bessel function of the first kind, of an integer order.

    It is ``(|x|/2)^n / (sqrt(pi) Gamma(n + 1/2))`` times the integral of
    ``exp(|x| cos t) sin(t)^(2n)`` over t from 0 to pi. All terms are positive, so that no digits
    are lost, and the sum over equal steps is as exact as floats are, since the integrand is
    periodic.

    Parameters
    ----------
    x : array
    order : int
        From 0.

    Returns
    -------
    array of the shape of ``x``

    Examples
    --------
    >>> round(float(bessel_i(2.0, order=1)), 12)
    1.590636854637
    """
    if order == 0:
        return np.i0(x)[()]
    x64 = np.asarray(x).astype(np.float64, casting="same_kind")
    z = np.minimum(np.abs(x64), 2 * _LARGEST)  # infinite from there on
    largest = min(float(np.fmax.reduce(z, axis=None, initial=0.0)), _LARGEST)
    steps = math.ceil((2 * order + 36 + 9 * math.sqrt(largest)) / 2)
    integral = np.zeros_like(z)
    for i in range(1, steps):
        t = math.pi * i / steps
        integral += np.exp(z * (math.cos(t) - 1)) * math.sin(t) ** (2 * order)
    integral *= math.pi / steps
    scale = math.sqrt(math.pi) * math.gamma(order + 0.5)
    root = np.exp(z / 2)  # its square may overflow where y does not
    y = (z / 2) ** order / scale * integral * root * root
    return _like(y * np.sign(x64) ** order if order % 2 else y, x)


differentiable(
    bessel_i,
    lambda g, y, x, order: (
        g * (0.5 * (bessel_i(x, order=abs(order - 1)) + bessel_i(x, order=order + 1)))
    ),
)
differentiable(np.i0, lambda g, y, x: g * bessel_i(x, order=1))
registry[np.i0].computed_by(lambda x: np.i0(x)[()])
