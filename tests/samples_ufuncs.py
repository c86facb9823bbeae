"""Samples of functions of two numbers, of parts of numbers, and of the methods of ufuncs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from draws import (
    Case,
    Draw,
    Row,
    between,
    binary,
    case,
    distinct,
    nonzero,
    normal,
    offgrid,
    positive,
    unary,
)
from numpy._core import umath

from microtensor import ops
from microtensor.ops import choices, elementwise, families, masking, parts, ufuncs

_MASK = np.array([[True, False, True], [False, False, True]])
_BITS, _SHIFTS = np.array([[6, 3, 0]]), np.array([[2], [5]])


def _angles(*shape: int) -> Draw:
    """Numbers whose neighbours differ by several periods, and are far from the jump."""
    return Draw(shape, lambda rng, s: 7.0 * rng.integers(-3, 4, s) + rng.uniform(0, 0.3, s))


def _magnitudes(*shape: int) -> Draw:
    """Numbers away from the powers of two."""
    return Draw(shape, lambda rng, s: rng.uniform(1.1, 1.9, s) * 2.0 ** rng.integers(-3, 4, s))


def _mantissas(*shape: int) -> Draw:
    return between(0.55, 0.95, *shape)


def _first(f: Callable, *inputs: Any) -> Any:
    return f(*inputs)[0]


def _second(f: Callable, *inputs: Any) -> Any:
    return f(*inputs)[1]


def _with(how: Callable, cases: list[Case]) -> list[Case]:
    return [c._replace(how=how) for c in cases]


def _divisors() -> Draw:
    return between(2.35, 2.45)


PAIRS = [
    Row(np.hypot, binary(nonzero), differenced=True),
    Row(elementwise._over_square, case(normal(2, 3), nonzero(2, 3), nonzero(3)),
        case(normal(2), nonzero(2, 1), 0.0), case(normal().of(None), 0.5, nonzero().of(None)),
        value=lambda x, a, b: x / (a * a + b * b)),
    Row(elementwise._share, binary(normal), value=lambda a, b: 1 / (1 + np.exp(b - a))),
    Row(choices._to_greater, case(normal(2, 3), np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0])),
        case(normal(3), distinct(3), 0.0), case(normal().of(None), 1.0, 1.0),
        value=lambda g, a, b: np.select([a > b, a == b], [g, g / 2], 0 * g)),
    Row(np.logaddexp2, binary(normal), differenced=True),
    Row(np.float_power, binary(positive, lambda: between(-2.0, 2.5)), case(nonzero(3), 2),
        case(nonzero(3), np.array([0, 1, 3])), case([0.5, 1.5], positive(2)), changes_dtype=True,
        through=(np.power,)),
    Row(np.fmax, binary(normal)),
    Row(np.fmin, binary(normal)),
    Row(np.fmod, binary(offgrid, _divisors), case(offgrid(3), -2.4), differenced=True),
    Row(np.divmod, _with(_second, binary(offgrid, _divisors)), differenced=True,
        through=(np.remainder,)),
    Row(divmod, case(offgrid(3), 2.4, how=_second), case(7.3, _divisors().of((3,)), how=_second),
        case(np.array([7.3, -1.1]), _divisors().of((2,)), how=_second), name="divmod(a, b)",
        differenced=True),
    Row(np.copysign, case(nonzero(2, 3), np.array([1.0, -1.0, -0.0])), case(nonzero(3), -2.0),
        case(nonzero(3), nonzero(2, 1)), case(nonzero().of(None), -1.0), differenced=True),
    Row(np.heaviside, case(np.array([-1.0, 0.0, 2.0, -0.0]), normal(2, 4)), case(0.0, normal(3)),
        case(0.0, normal().of(None)), differenced=True),
    Row(np.ldexp, case(normal(2, 3), np.array([1, -2, 0])), case(normal(3), 4),
        case(normal().of(None), 3), differenced=True),
    Row(np.nextafter, case(normal(2, 3), np.inf), case(normal(3), np.array([-9.0, 0.0, 9.0])),
        case(normal().of(None), 9.0), differenced=True),
]  # fmt: skip

SINGLE = [
    *(Row(fn, unary(normal), differenced=True)
      for fn in (np.deg2rad, np.radians, np.rad2deg, np.degrees)),
    Row(np.conjugate, unary(normal), value=np.positive),
    Row(np.real, unary(normal), value=np.positive),
    Row(np.real_if_close, unary(normal), case(normal(3), tol=1000),
        value=lambda x, tol=100: np.positive(x)),
    Row(np.nan_to_num, unary(normal), case(normal(3), True, 2.0), case(normal(3), posinf=9.0)),
    Row(np.unwrap, case(_angles(7)), case(_angles(3, 5)), case(_angles(4, 2), axis=0),
        case(_angles(6), None, period=4.0), case(_angles(6), 5.0), differenced=True),
    Row(np.astype, case(normal(3), np.longdouble), case(normal(2, 3), float, copy=False),
        case(normal(), np.float64), changes_dtype=True, through=(ops.astype,),
        value=lambda x, dtype, copy=True: np.asarray(x).astype(np.result_type(dtype, x))[()]),
    Row(np.modf, _with(_first, unary(offgrid)), through=(parts._fraction,), differenced=True),
    Row(parts._whole, unary(offgrid), value=lambda x: np.trunc(x)),
    Row(np.frexp, _with(_first, unary(_magnitudes)), case(_mantissas(3), how=_first),
        through=(parts._mantissa,), differenced=True),
    Row(parts._exponent, unary(_magnitudes), value=lambda x: np.frexp(x)[1]),
    Row(umath.clip, case(offgrid(4, 3), -1.0, 1.0), case(offgrid(3), between(-0.65, -0.6), 0.7),
        name="clip, the ufunc", through=(choices._clip,)),
    Row(masking.masked, case(normal(2, 3), _MASK), case(normal(3), _MASK),
        case(normal(2, 1), _MASK), case(normal(2, 3), True), case(normal(), _MASK),
        case(normal(0, 3), _MASK[:0]), case(normal(3), np.array([1, 0, 2])),
        case(normal(2, 3), _MASK[:, :1]),
        case(normal().of(None), True), value=lambda x, mask: np.where(mask, x, 0)),
]  # fmt: skip


def _sinc_derivative(x: Any, order: int) -> Any:
    z = math.pi * x
    f = np.sin(z) / z
    for n in range(1, order + 1):  # by z f = sin z
        f = (np.sin(z + n * math.pi / 2) - n * f) / z
    return math.pi**order * f


def _bessel_i(x: Any, order: int) -> Any:
    """Sum the power series, Abramowitz and Stegun 9.6.10."""
    x = x * np.float64(1)
    return sum(
        (x / 2) ** (2 * k + order) / (math.factorial(k) * math.factorial(k + order))
        for k in range(40)
    )


FAMILIES = [
    Row(np.sinc, unary(nonzero)),
    Row(families.sinc_derivative, [case(nonzero(2, 3), order=n) for n in range(5)],
        case(between(1.0, 9.0, 20), 2), case(nonzero().of(None), 1), value=_sinc_derivative),
    Row(np.i0, unary(normal), differenced=True),
    Row(families.bessel_i, [case(normal(2, 3), order=n) for n in range(1, 5)],
        case(between(-9.0, 9.0, 20), 1), case(normal().of(None), 2), value=_bessel_i),
]  # fmt: skip

STEPS = [
    *(Row(fn, case(_BITS, _SHIFTS), case(_BITS, 2))
      for fn in (np.gcd, np.lcm, np.left_shift, np.right_shift)),
    Row(np.bitwise_count, case(_BITS)),
    *(Row(fn, case(offgrid(2, 3)), case(offgrid()), case(offgrid().of(None)),
          case(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0]) * (1.0 + 0 * np.arange(5))))
      for fn in (np.fix, np.isposinf, np.isneginf, np.angle, np.spacing)),
    Row(np.angle, case(offgrid(3), deg=True), name="numpy.angle(deg)"),
    *(Row(fn, case(offgrid(2, 3)), case(offgrid()))
      for fn in (np.imag, np.isreal, np.iscomplex, umath._ones_like)),
]  # fmt: skip


def _method(ufunc: np.ufunc, method: str, *cases: Any, **about: Any) -> Row:
    def fn(*inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*inputs, **options)

    return Row(fn, *cases, name=f"numpy.{ufunc.__name__}.{method}(a)", **about)


_AXES: tuple = ({}, {"axis": 1}, {"axis": -1, "keepdims": True})
_SEVERAL: tuple = (*_AXES, {"axis": None}, {"axis": (0, -1)}, {"axis": (1, 2), "keepdims": True})
_NO_COMPLEX = {np.hypot, np.logaddexp, np.logaddexp2, np.arctan2}


def _reducing(ufunc: np.ufunc, draw: Callable, options: tuple) -> Row:
    return _method(
        ufunc, "reduce", [case(draw(2, 3, 4), **o) for o in options], case(draw(3)),
        case(draw(1)), case(draw(2, 3), axis=()), differenced=ufunc in _NO_COMPLEX,
    )  # fmt: skip


METHODS = [
    *(_reducing(ufunc, draw, _SEVERAL)
      for ufunc, draw in ((np.add, normal), (np.multiply, normal), (np.maximum, distinct),
                          (np.minimum, distinct), (np.logaddexp, normal), (np.logaddexp2, normal),
                          (np.hypot, nonzero), (np.fmax, distinct), (np.fmin, distinct))),
    *(_reducing(ufunc, draw, _AXES)
      for ufunc, draw in ((np.subtract, normal), (np.true_divide, nonzero))),
    *(_method(ufunc, method, case(_MASK), case(_MASK, axis=-1), case(normal(2, 3), axis=-1),
              case(normal(1, 2)))
      for ufunc in (np.logical_and, np.logical_or, np.logical_xor)
      for method in ("reduce", "accumulate")),
    *(_method(ufunc, "reduce", case(np.array([[6, 3, 9], [12, 2, 7]])),
              case(np.array([[6, 3, 9], [12, 2, 7]]), axis=-1, keepdims=True))
      for ufunc in (np.gcd, np.lcm, np.bitwise_and, np.bitwise_or, np.bitwise_xor)),
    *(_method(ufunc, "accumulate", [case(draw(2, 3, 2), **o) for o in _AXES[:2]], case(draw(4)),
              case(draw(2, 3), axis=-1), case(draw(2, 0), axis=1),
              differenced=ufunc in _NO_COMPLEX)
      for ufunc, draw in ((np.add, normal), (np.multiply, normal), (np.maximum, distinct),
                          (np.minimum, distinct), (np.logaddexp, normal), (np.subtract, normal),
                          (np.hypot, nonzero), (np.true_divide, nonzero))),
    *(_method(ufunc, "outer", case(draw(2), draw(3)), case(draw(2, 3), draw(2)),
              case(draw(), draw(3)), case(draw(2), draw()), case(draw(2), np.array([2.0, -1.0])),
              differenced=ufunc in _NO_COMPLEX)
      for ufunc, draw in ((np.add, normal), (np.multiply, normal), (np.subtract, normal),
                          (np.true_divide, nonzero), (np.maximum, normal), (np.hypot, nonzero),
                          (np.arctan2, nonzero), (np.logaddexp, normal))),
    _method(np.less, "outer", case(normal(2), normal(3))),
]  # fmt: skip


def _latest(x: Any, axis: int, greatest: bool) -> Any:
    def along(row: Any) -> Any:
        best = [0]
        for i in range(1, len(row)):
            better = row[i] >= row[best[-1]] if greatest else row[i] <= row[best[-1]]
            best.append(i if better else best[-1])
        return best

    return np.apply_along_axis(along, axis, x)


METHODS.append(
    Row(ufuncs._latest_extremum, case(distinct(3, 4), axis=1, greatest=True),
        case(distinct(3, 4), axis=0, greatest=False),
        case(np.array([1.0, 1.0, 0.0, 1.0]), axis=0, greatest=True), value=_latest)
)  # fmt: skip

UFUNCS: list[Row] = [*PAIRS, *SINGLE, *FAMILIES, *STEPS, *METHODS]
