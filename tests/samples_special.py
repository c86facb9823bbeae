"""Samples of SciPy's special functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from draws import Case, Draw, Row, between, binary, case, nonzero, normal, offgrid, positive, unary
from scipy import special

import microtensor as mt
from microtensor.ops import bessel, polynomials
from microtensor.ops import special as ours

assert polynomials  # it registers its rules


def inside(low: float, high: float) -> Callable[..., Draw]:
    return lambda: between(low, high)


def real(fn: Callable) -> Callable:
    """Give a function that takes no complex numbers, or others than its real version does."""

    def of_reals(*inputs: Any, **options: Any) -> Any:
        if any(np.iscomplexobj(x) for x in inputs):
            raise TypeError("real numbers only")
        return fn(*inputs, **options)

    return of_reals


# Whose complex versions are other functions beside the real axis, or not exact to rounding.
_OTHERS = {
    special.gamma, special.rgamma, special.expi, special.hyp0f1, special.hyp1f1, special.hyp2f1,
    special.jv, special.jve, special.yv, special.yve, special.ive,
}  # fmt: skip


def of(fn: Callable, *cases: Any, value: Callable | None = None, name: str | None = None) -> Row:
    """Make the row of a function, which meets the complex step where SciPy has it for that."""
    complex_too = fn not in _OTHERS and any("D->" in types for types in getattr(fn, "types", ()))
    value = (value or fn) if complex_too else real(value or fn)
    return Row(fn, *cases, value=value, differenced=not complex_too, name=name)


def of_order(orders: tuple, draw: Callable[..., Draw], floats: bool = True) -> list[Case]:
    """A function of an order, whole or also a float, which is no input, and of a number."""
    each = [case(order, draw().of((2, 3))) for order in orders]
    some = np.array([[orders[0]], [orders[-1]]])
    shapes: tuple = (None, (), (0, 3))
    if floats:
        each.append(case(np.array([float(orders[-1])]), draw().of((3,))))
    return [*each, case(some, draw().of((3,))), *(case(orders[1], draw().of(s)) for s in shapes)]


ERRORS = [
    *(of(fn, unary(normal)) for fn in (special.erf, special.erfc, special.erfi, special.dawsn,
                                             special.ndtr)),
    of(special.erfcx, unary(normal)),
    of(special.log_ndtr, unary(normal), case(between(-30.0, 8.0, 6))),
    of(special.erfinv, unary(inside(-0.9, 0.9))),
    of(special.erfcinv, unary(inside(0.1, 1.9))),
    of(special.ndtri, unary(inside(0.1, 0.9))),
    of(special.ndtri_exp, unary(inside(-3.0, -0.3))),
    of(special.expit, unary(normal)),
    of(special.log_expit, unary(normal)),
    of(special.logit, unary(inside(0.1, 0.9))),
]  # fmt: skip


def _off_poles() -> Draw:
    """Numbers of both signs at least 0.2 away from every integer."""
    return Draw((), lambda rng, s: rng.integers(-3, 4, s) + rng.uniform(0.25, 0.75, s))


GAMMAS = [
    *(of(fn, unary(_off_poles), case(positive(4)))
      for fn in (special.gamma, special.gammaln, special.psi)),
    of(special.loggamma, unary(positive)),
    of(special.rgamma, unary(lambda: between(-3.5, 4.0)),
             case(Draw((4,), lambda rng, s: np.array([0.0, -1.0, -2.0, 0.5])))),
    Row(special.gammasgn, unary(_off_poles)),
    of(mt.special.polygamma, of_order((0, 1, 2, 4), positive), value=special.polygamma),
    of(mt.special.multigammaln, [case(between(2.0, 4.0, *s), d) for s, d in (
        ((3,), 1), ((2, 3), 2), ((), 4), ((0, 3), 3))], case(between(2.0, 4.0).of(None), 3),
        case(between(2.0, 4.0, 3), d=2), value=special.multigammaln),
    of(special.beta, binary(positive)),
    of(special.betaln, binary(positive)),
    of(special.gammainc, of_order((0.7, 2.0, 3.5), positive)),
    of(special.gammaincc, of_order((0.7, 2.0, 3.5), positive)),
    of(special.gammaincinv, of_order((0.7, 2.0, 3.5), inside(0.2, 0.8))),
    of(special.gammainccinv, of_order((0.7, 2.0, 3.5), inside(0.2, 0.8))),
    *(of(fn, case(0.7, 2.0, draw(2, 3)), case(2.0, np.array([1.0, 3.0]), draw(3, 1)),
               case(1.5, 2.0, draw().of(None)), case(1.5, 0.5, draw(0, 3)))
      for draw in (lambda *s: between(0.2, 0.8, *s),)
      for fn in (special.betainc, special.betaincc, special.betaincinv, special.betainccinv)),
    of(ours._zeta, of_order((1.5, 2.0, 4.0), inside(0.8, 2.0)), name="_zeta"),
    of(special.zeta, case(2.5, positive(3)), name="scipy.special.zeta"),
]  # fmt: skip

LOGS = [
    of(special.xlogy, binary(normal, positive)),
    of(special.xlog1py, binary(normal, positive)),
    of(special.entr, unary(positive)),
    of(special.rel_entr, binary(positive)),
    of(special.kl_div, binary(positive)),
    of(special.huber, binary(lambda: between(0.45, 0.55), offgrid)),
    of(special.pseudo_huber, binary(positive, normal)),
    *(of(fn, binary(positive, nonzero), case(positive(3), between(-1e-3, 1e-3, 3)))
      for fn in (special.boxcox, special.boxcox1p)),
    *(of(fn, binary(inside(-0.4, 0.4), nonzero), case(normal(3), between(-1e-3, 1e-3, 3)))
      for fn in (special.inv_boxcox, special.inv_boxcox1p)),
]  # fmt: skip

EXPONENTIALS = [
    of(special.expm1, unary(normal)),
    of(special.log1p, unary(positive)),
    *(of(fn, unary(normal)) for fn in (special.exp2, special.exp10, special.cosm1,
                                             special.exprel)),
    of(special.cbrt, unary(nonzero)),
    *(of(fn, unary(positive)) for fn in (special.exp1, special.spence)),
    of(special.expi, unary(nonzero)),
    of(special.expn, of_order((0, 1, 2, 5), positive)),
    of(special.wrightomega, unary(normal)),
    *(of(fn, unary(inside(20.0, 70.0)))
      for fn in (special.sindg, special.cosdg, special.tandg, special.cotdg)),
    *(of(fn, unary(inside(-2.0, 0.8))) for fn in (special.ellipk, special.ellipe)),
    of(special.ellipkm1, unary(positive)),
    of(special.hyp0f1, of_order((0.7, 2.0, 3.5), normal)),
    of(special.hyp1f1, case(0.7, 2.5, normal(2, 3)), case(np.array([1.0, 2.0]), 3, normal(2)),
             case(1.5, 2.5, normal().of(None))),
    of(special.hyp2f1, case(0.7, 2.5, 1.2, between(-0.8, 0.8, 2, 3)),
             case(np.array([1.0, 2.0]), 1, 3, between(-0.8, 0.8, 2)),
             case(*np.array([[1.0], [2.0], [3.0]]), between(-0.8, 0.8, 2)),
             case(1.5, 2.5, 2, between(-0.8, 0.8).of(None))),
    of(special.hyperu, case(0.7, 2.5, positive(2, 3)), case(1.5, 2.5, positive().of(None))),
]  # fmt: skip


_REAL_ORDERS = (0.0, 1.0, 2.5)
_WHOLE_ORDERS = (0, 1, 3)

BESSEL = [
    *(of(fn, unary(nonzero)) for fn in (
        special.j0, special.j1, special.i0, special.i0e, special.i1, special.i1e)),
    *(of(fn, unary(positive)) for fn in (
        special.y0, special.y1, special.k0, special.k0e, special.k1, special.k1e)),
    *(of(fn, of_order(_REAL_ORDERS, positive)) for fn in (
        special.jv, special.jve, special.yv, special.yve, special.iv, special.ive, special.kv,
        special.kve)),
    *(of(fn, of_order(_WHOLE_ORDERS, positive)) for fn in (special.yn, special.kn)),
    *(of(getattr(bessel, fn), of_order(_WHOLE_ORDERS, positive), value=getattr(special, fn))
      for fn in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn")),
]  # fmt: skip

_DEGREES = (0, 1, 2, 4)

POLYNOMIALS = [
    *(of(fn, of_order(_DEGREES, inside(-0.9, 0.9))) for fn in (
        special.eval_chebyt, special.eval_chebyu, special.eval_chebyc, special.eval_chebys,
        special.eval_legendre, special.eval_laguerre)),
    *(of(fn, of_order(_DEGREES, inside(-0.9, 0.9), floats=False))
      for fn in (special.eval_hermite, special.eval_hermitenorm)),
    *(of(fn, of_order(_DEGREES, inside(0.1, 0.9))) for fn in (
        special.eval_sh_chebyt, special.eval_sh_chebyu, special.eval_sh_legendre)),
    *(of(fn, [case(n, 0.7, normal(2, 3)) for n in _DEGREES],
         case(*np.array([[3.0], [1.0]]), normal(2)), case(np.array([0, 3]), 0.7, normal(2)),
         case(2, 1, normal().of(None)))
      for fn in (special.eval_gegenbauer, special.eval_genlaguerre)),
    of(special.eval_jacobi, [case(n, 0.7, 1.2, normal(2, 3)) for n in _DEGREES],
             case(*np.array([[3.0], [1.0], [2.0]]), normal(2)), case(3, 1, 2, normal().of(None))),
]  # fmt: skip


_WEIGHTS = np.float32([[1, 2, 0, 3], [1, 1, 2, 0], [0, 1, 1, 1]])
_WEIGHTED: list[Case] = [
    *(case(normal(3, 4), axis=a, b=_WEIGHTS, keepdims=k)
      for a in (None, 0, -1, (0, 1)) for k in (False, True)),
    case(normal(3, 4), 0, keepdims=True, return_sign=True),
    case(normal(3, 4), 0, np.float32([[1], [-2], [-3]]), return_sign=True),
    *(case(normal(*s), positive(*t), how=lambda fn, a, b, o=o: fn(a, b=b, **o))
      for s, t in (((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 1)))
      for o in ({}, {"axis": -1}, {"axis": (0,), "keepdims": True})),
]  # fmt: skip

SUMS = [
    Row(mt.special.logsumexp, _WEIGHTED, case(normal(3, 4)), case(normal(4), 0),
        value=real(special.logsumexp), differenced=True,
        through=(ours.log_of_sum_exp, ours.sign_of_sum_exp), name="mt.special.logsumexp"),
    *(Row(fn, [case(normal(3, 4), axis=a) for a in (None, 0, -1)], case(normal(4)),
          value=real(getattr(special, fn.__name__)), differenced=True,
          name=f"mt.special.{fn.__name__}") for fn in (mt.special.softmax, mt.special.log_softmax)),
    Row(special.round, unary(offgrid)),
]  # fmt: skip

SPECIAL: list[Row] = [
    *ERRORS, *GAMMAS, *LOGS, *EXPONENTIALS, *BESSEL, *POLYNOMIALS, *SUMS,
]  # fmt: skip
