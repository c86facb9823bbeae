"""How are exp, expm1 and tanh computed in loops? Without branches, so that eight are done at once.

The C library's functions take one number at a time, and tanh a hundred times as long as NumPy's.
Here ``x = k log 2 + r`` with a whole k and a small r, so that exp(x) = 2^k exp(r): a power of two
is written into a float's exponent, and exp(r) - 1 is a polynomial. The error is below three
units in the last place.

References
----------
.. [1] Muller, *Elementary Functions: Algorithms and Implementation* (3rd edition, 2016), chapter 11
   on the reduction of the argument by two constants whose sum is log 2.
"""

from __future__ import annotations

import functools
from math import factorial, inf
from typing import Any

import numpy as np

# For each float: log 2 in two parts, the first with zeros at its end so that whole multiples are
# exact; the number that, added, leaves a whole number in the last bits; the degree; where exp
# becomes 0 and infinity.
_FACTS: dict[Any, tuple[float, float, float, int, float, float]] = {
    np.float64: (0.6931471803691238, 1.9082149292705877e-10, 1.5 * 2**52, 13, -746, 710),
    np.float32: (0.693359375, -2.12194440e-4, 1.5 * 2**23, 8, -104, 89),
}  # fmt: skip


@functools.cache
def exponentials() -> dict[str, Any]:
    """Give the functions by the names that kernels call them by, such as ``tanh_float32``."""
    found: dict[str, Any] = {}
    for dtype in _FACTS:
        found |= {f"{name}_{dtype.__name__}": fn for name, fn in _of(dtype).items()}
    return found


def _of(dtype: Any) -> dict[str, Any]:
    """Make exp, expm1 and tanh of one kind of float."""
    import numba

    njit = numba.njit(error_model="numpy")  # a division does not ask for zeros
    lower, upper = _powers_of_two()
    high, low, shift, degree, least, most = (dtype(x) for x in _FACTS[dtype])
    per_log_2, one, two, zero = dtype(1 / np.log(2)), dtype(1), dtype(2), dtype(0)
    infinite, far = dtype(inf), dtype(40)
    reduced = njit(_polynomial(dtype, int(degree)))

    @njit
    def exp(x: Any) -> Any:
        inside = (x > least) & (x < most)
        y = x if inside else zero
        shifted = y * per_log_2 + shift
        k = shifted - shift
        r = (y - k * high) - k * low
        half = lower(shifted)
        found = (reduced(r) * half + half) * upper(shifted)  # in two steps: 2^k may be too small
        beyond = infinite if x > zero else zero
        return found if inside else (x if x != x else beyond)

    @njit
    def expm1(x: Any) -> Any:
        inside = (x > least) & (x < most)
        y = x if inside else zero
        shifted = y * per_log_2 + shift
        k = shifted - shift
        r = (y - k * high) - k * low
        half, other, e = lower(shifted), upper(shifted), reduced(r)
        small = e * (half * other) + (half * other - one)
        found = (e * half + half) * other - one if x > one else small
        beyond = infinite if x > zero else -one
        found = found if inside else beyond
        return x if (x != x) | (x == zero) else found

    @njit
    def tanh(x: Any) -> Any:
        size = x if x > zero else -x
        y = -two * size if size < far / two else -far
        shifted = y * per_log_2 + shift
        k = shifted - shift
        r = (y - k * high) - k * low
        power = lower(shifted) * upper(shifted)
        e = reduced(r) * power + (power - one)  # expm1(-2 |x|)
        found = -e / (two + e)
        found = found if x > zero else -found
        return x if (x != x) | (x == zero) else found

    return {"exp": exp, "expm1": expm1, "tanh": tanh}


def _polynomial(dtype: Any, degree: int) -> Any:
    """Write exp(r) - 1 as ``r + r² (1/2! + r (1/3! + ...))``."""
    from .generated import executed

    text = f"c{degree}"
    for i in reversed(range(2, degree)):
        text = f"c{i} + r * ({text})"
    names = {f"c{i}": dtype(1 / factorial(i)) for i in range(2, degree + 1)}
    return executed(f"def reduced(r):\n    return r + r * r * ({text})\n", names, "exp")["reduced"]


@functools.cache
def _powers_of_two() -> tuple[Any, Any]:
    """Make two words whose product is 2^k, for a k in the last bits of a float."""
    from llvmlite import ir
    from numba.extending import intrinsic

    facts = {32: (np.float32, np.int32, 127, 23), 64: (np.float64, np.int64, 1023, 52)}

    def build(builder: Any, x: Any, kind: Any, upper: bool) -> Any:
        dtype, whole, bias, place = facts[kind.bitwidth]
        word = ir.IntType(kind.bitwidth)
        shift = int(np.array(_FACTS[dtype][2], dtype).view(whole))
        k = builder.sub(builder.bitcast(x, word), word(shift))
        half = builder.ashr(k, word(1))
        if upper:
            half = builder.sub(k, half)
        exponent = builder.shl(builder.add(half, word(bias)), word(place))
        return builder.bitcast(exponent, x.type)

    @intrinsic
    def lower(typingctx, x):
        def generate(context, builder, signature, given):
            return build(builder, given[0], signature.args[0], upper=False)

        return x(x), generate

    @intrinsic
    def upper(typingctx, x):
        def generate(context, builder, signature, given):
            return build(builder, given[0], signature.args[0], upper=True)

        return x(x), generate

    return lower, upper
