"""Numbers taken apart, and their bits: signs, fractions, exponents, neighbours; real and imaginary.

Legend: ``g`` gradient of the output, ``y`` output, ``x`` (or ``a, b``) inputs. A function of
several outputs is made of one primitive for each. Real numbers are their own real part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import composite, differentiable, piecewise, primitive, static

# The sign of b on the size of a: no slope at a = 0, as PyTorch's, and none in b. PyTorch divides
# y by a, which is nan where they are infinite.
differentiable(np.copysign, lambda g, y, a, b: g * (np.sign(a) * np.sign(y)), None)

# The float next to a is as far away for all that are near a: it moves as a does. Where a = b,
# PyTorch's convention is that it stands still; on both sides it moves.
differentiable(np.nextafter, lambda g, y, a, b: g, None)

differentiable(np.ldexp, lambda g, y, x, power: np.ldexp(g, power), None)


@primitive
def _fraction(x: Any) -> Any:
    """Give what stands after the point: x less a number that is constant between its jumps."""
    return np.modf(x)[0]


@primitive
def _whole(x: Any) -> Any:
    return np.modf(x)[1]


@primitive
def _mantissa(x: Any) -> Any:
    """Give x / 2**exponent, of a size from 1/2 to 1."""
    return np.frexp(x)[0]


@primitive
def _exponent(x: Any) -> Any:
    return np.frexp(x)[1]


differentiable(_fraction, lambda g, y, x: g)
differentiable(_mantissa, lambda g, y, x: np.ldexp(g, -_exponent(x)))
piecewise(_whole, _exponent)


@composite(np.modf)
def _modf(x: Any) -> Any:
    return _fraction(x), _whole(x)


@composite(np.frexp)
def _frexp(x: Any) -> Any:
    return _mantissa(x), _exponent(x)


# Whatever is added to make the steps between neighbours small is a whole number of periods.
differentiable(np.unwrap, lambda g, y, p, discont, axis, period: g)

differentiable(np.conjugate, lambda g, y, x: g)
piecewise(np.angle)  # 0 or pi
static(np.imag, np.isreal, np.iscomplex)


@composite(np.real)
def _real(val: Any) -> Any:
    return np.positive(val) if val.dtype.kind == "f" else val


@composite(np.real_if_close)
def _real_if_close(a: Any, tol: float = 100) -> Any:
    return np.real(a)
