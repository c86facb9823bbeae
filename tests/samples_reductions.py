"""Samples of reductions, running sums, statistics and quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from draws import Case, Draw, Row, case, distinct, normal, positive
from samples_sequences import SEQUENCES, real_only

from microtensor.ops import accumulations, quantiles

_MASK = np.array([[[True, False], [True, True], [False, True]], [[True] * 2] * 3])
_ROWS = np.array([[True, False], [False, True], [True, True]])
_AXES = (None, 0, -1, (0, 2), (-1, 1))


def _gaps(draw: Draw) -> Draw:
    """Put nan in the place of each seventh number, unless there is no other."""

    def sample(rng: np.random.Generator, s: tuple[int, ...]) -> Any:
        x = np.array(draw.sample(rng, s))
        if x.size > 1:
            x.reshape(-1)[::7] = np.nan
        return x

    return Draw(draw.shape, sample)


def _selecting(draw: Draw, **options: Any) -> list[Case]:
    """Reduce only what ``where`` is true of."""
    draw = draw.of((2, 3, 2))
    return [
        case(draw, axis=a, where=w, keepdims=k, **options)
        for a, w, k in zip(_AXES, (_ROWS, _MASK) * 3, (False, True) * 3, strict=False)
    ]


def _passing_over_nan(draw: Draw, **options: Any) -> list[Case]:
    gaps = _gaps(draw)
    return [
        *(case(gaps.of((2, 3, 2)), axis=a, keepdims=k, **options)
          for a in _AXES for k in (False, True)),
        case(draw.of((4,)), **options), case(draw.of(()), **options),
        case(draw.of(None), **options), case(gaps.of((3, 2)), 1, **options),
    ]  # fmt: skip


def _zeros(*places: int) -> Draw:
    """Draw (2, 5) numbers with zeros at some places of each row."""

    def sample(rng: np.random.Generator, s: tuple[int, ...]) -> Any:
        x = rng.standard_normal(s)
        x[..., list(places)] = 0
        return x

    return Draw((2, 5), sample)


def _recurrence(a: Any, b: Any) -> Any:
    s = [b[..., 0]]
    for i in range(1, np.shape(b)[-1]):
        s.append(a[..., i] * s[-1] + b[..., i])
    return np.stack(s, axis=-1)


OPTIONS = [
    Row(np.sum, _selecting(normal()), case(normal(3), initial=2.0),
        case(normal(2, 3), 0, None, None, True, 2.0, np.array([True, False, True])),
        name="numpy.sum(where, initial)"),
    Row(np.prod, _selecting(normal()), case(normal(3), initial=2.0), case(normal(3), initial=0.0),
        case(_zeros(1), 1, where=np.arange(5) > 1), name="numpy.prod(where, initial)"),
    Row(np.mean, _selecting(normal()), name="numpy.mean(where)"),
    *(Row(fn, _selecting(distinct(), initial=edge), case(distinct(4), initial=9.0 * np.sign(-edge)),
          case(distinct(2, 4), axis=1, initial=-0.01), name=f"numpy.{fn.__name__}(where, initial)")
      for fn, edge in ((np.max, -9.0), (np.min, 9.0))),
    *(Row(fn, _selecting(normal()), case(normal(4), mean=0.3), case(normal(2, 4), normal(2, 1),
          how=lambda f, x, m: f(x, axis=1, mean=m)),
          case(normal(2, 3), axis=1, where=np.array([True, False, True]), ddof=1),
          name=f"numpy.{fn.__name__}(where, mean)", differenced=True)
      for fn in (np.var, np.std)),
]  # fmt: skip

ALONG = [
    Row(np.cumprod, [case(normal(2, 3, 2), axis=a) for a in (None, 0, 1, -1)], case(normal(4)),
        case(normal()), case(_zeros(1), 1), case(_zeros(1, 3), 1), case(_zeros(0, 1, 4), -1),
        case(_zeros(0, 1, 2, 3, 4), 1), case(_zeros(1)), case(_zeros(1), 0)),
    Row(accumulations.linear_recurrence, case(normal(4), normal(4)),
        case(normal(2, 3), normal(2, 3)), case(normal(2, 3), np.ones((2, 3))),
        case(normal(1), normal(1)), value=_recurrence),
    *(Row(fn, case(normal(4)), case(normal(2, 3), axis=1), case(normal(2, 3), axis=-2),
          case(normal(4), include_initial=True), case(normal(2, 3), axis=0, include_initial=True),
          case(normal()))
      for fn in (np.cumulative_sum, np.cumulative_prod)),
    *(Row(fn, [case(_gaps(normal(2, 3, 2)), axis=a) for a in (None, 0, 1, -1)], case(normal(4)),
          case(normal()))
      for fn in (np.nancumsum, np.nancumprod)),
    Row(np.diff, case(normal(5)), case(normal(2, 4), axis=0), case(normal(2, 5), n=2),
        case(normal(5), 0), case(normal(2, 3), 1, 1, 0.5), case(normal(2, 3), prepend=1, append=2),
        case(normal(3), normal(2), how=lambda f, x, p: f(x, 2, prepend=p)), case(normal(3), n=5),
        case(normal(3), normal(), how=lambda f, x, p: f(x, append=p))),
    Row(np.ediff1d, case(normal(5)), case(normal(2, 3)), case(normal(3), 1.0, [2.0, 3.0]),
        case(normal(3), normal(2), normal()), case(normal(1))),
    Row(np.trapezoid, case(normal(5)), case(normal(5), dx=0.5), case(normal(2, 5), normal(5)),
        case(normal(2, 3), normal(2, 3), axis=0), case(normal(2, 3), normal(2), axis=0),
        case(normal(2, 5), np.arange(5.0)), case(normal(5), None, positive())),
    Row(np.gradient, case(normal(5)), case(normal(3, 4)), case(normal(3, 4), axis=0),
        case(normal(3, 4), axis=(1, 0)), case(normal(5), 0.5), case(normal(3, 4), 0.5, 2.0),
        case(normal(5), edge_order=2), case(normal(5), np.array([0.0, 1.0, 1.5, 3.0, 3.2])),
        case(normal(3, 4), 2.0, np.array([0.0, 1.0, 1.5, 3.0]), edge_order=2),
        case(normal(5), np.array([0, 1, 3, 4, 6]), edge_order=2), case(normal(2)),
        case(normal(2), np.array([1.0, 3.0])), case(normal(4), positive()),
        case(normal(5), normal(5), how=lambda f, y, x: f(y, np.cumsum(0.3 + x * x))),
        case(normal(4, 2), 2.0, axis=-2)),
]  # fmt: skip

_FWEIGHTS, _AWEIGHTS = np.array([1, 2, 1, 3]), np.array([0.5, 2.0, 1.0, 0.1])

STATISTICS = [
    Row(np.ptp, [case(distinct(2, 3, 2), axis=a, keepdims=k) for a in _AXES for k in (False, True)],
        case(distinct(4)), case(distinct())),
    Row(np.average, case(normal(2, 3)), case(normal(2, 3), axis=1), case(normal(2, 3), 0, [1, 3]),
        case(normal(2, 3), positive(2, 3), how=lambda f, a, w: f(a, weights=w)),
        case(normal(2, 3), positive(3), how=lambda f, a, w: f(a, 1, w, keepdims=True)),
        case(normal(2, 3), positive(3), how=lambda f, a, w: f(a, -1, w, True)[0]),
        case(normal(2, 3, 4), positive(4, 2), how=lambda f, a, w: f(a, (2, 0), w)),
        case(normal(2, 3), how=lambda f, a: f(a, returned=True)[0]),
        case(normal(4), weights=_FWEIGHTS)),
    Row(np.cov, case(normal(3, 4)), case(normal(4)), case(normal(4), normal(4)),
        case(normal(3, 4), normal(2, 4)), case(normal(4, 3), rowvar=False),
        case(normal(3, 4), bias=True), case(normal(3, 4), ddof=0),
        case(normal(2, 4), fweights=_FWEIGHTS), case(normal(2, 4), aweights=_AWEIGHTS),
        case(normal(2, 4), fweights=_FWEIGHTS, aweights=_AWEIGHTS, ddof=2),
        case(normal(2, 4), positive(4), how=lambda f, m, w: f(m, aweights=w)),
        value=real_only(np.cov), differenced=True, changes_dtype=True),
    Row(np.corrcoef, case(normal(3, 4)), case(normal(4), normal(4)),
        case(normal(4, 3), rowvar=False),
        value=real_only(np.corrcoef), differenced=True, changes_dtype=True),
    *(Row(fn, _passing_over_nan(normal()), _selecting(_gaps(normal())),
          case(_gaps(normal(3)), initial=2.0))
      for fn in (np.nansum, np.nanprod)),
    Row(np.nanmean, _passing_over_nan(normal()),
        case(_gaps(normal(2, 3)), axis=1, where=np.array([True, False, True]))),
    *(Row(fn, _passing_over_nan(normal())[:4], case(_gaps(normal(2, 5)), axis=1, ddof=1),
          case(_gaps(normal(2, 4)), axis=1, where=np.array([True, True, False, True])),
          case(_gaps(normal(5)), mean=0.3), case(_gaps(normal(5)), correction=1), differenced=True)
      for fn in (np.nanvar, np.nanstd)),
    *(Row(fn, _passing_over_nan(distinct()), case(_gaps(distinct(4)), initial=edge),
          case(_gaps(distinct(2, 4)), axis=1, where=np.array([True, True, False, True]),
               initial=edge))
      for fn, edge in ((np.nanmax, -9.0), (np.nanmin, 9.0))),
    *(Row(fn, case(distinct(3, 4)), case(_gaps(distinct(3, 4)), axis=-1),
          case(distinct(3, 4), axis=0, keepdims=True))
      for fn in (np.nanargmax, np.nanargmin)),
]  # fmt: skip

_METHODS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher",
    "midpoint", "nearest",
)  # fmt: skip


def _order_statistic(x: Any, kind: str, q: Any = None, method: str = "linear") -> Any:
    fn = getattr(np, kind)
    return fn(x, axis=-1) if q is None else fn(x, q, axis=-1, method=method)


def _quantiles(fn: Any, scale: float, gaps: Callable) -> Row:
    q = 0.3 * scale
    several = np.array([[0.0, 0.21], [0.5, 1.0]]) * scale
    draw = gaps(distinct())
    return Row(
        fn, [case(draw.of((7,)), q, method=m) for m in _METHODS],
        [case(draw.of((2, 3, 4)), q, axis=a, keepdims=k) for a in _AXES for k in (False, True)],
        case(draw.of((3, 4)), several), case(draw.of((3, 4)), several, axis=1, keepdims=True),
        case(draw.of((3, 4)), [0.1 * scale, 0.9 * scale], -1), case(distinct(1), q),
        case(distinct(), q), case(distinct().of(None), q), differenced=True,
        through=(quantiles.order_statistic,),
    )  # fmt: skip


def _medians(fn: Any, gaps: Callable) -> Row:
    draw = gaps(distinct())
    return Row(
        fn, [case(draw.of((2, 3, 4)), axis=a, keepdims=k) for a in _AXES for k in (False, True)],
        case(draw.of((5,))), case(draw.of((4,))), case(distinct()), case(distinct().of(None)),
    )  # fmt: skip


QUANTILES = [
    _medians(np.median, lambda draw: draw),
    _medians(np.nanmedian, _gaps),
    *(_quantiles(fn, scale, gaps) for fn, scale, gaps in (
        (np.quantile, 1.0, lambda draw: draw), (np.percentile, 100.0, lambda draw: draw),
        (np.nanquantile, 1.0, _gaps), (np.nanpercentile, 100.0, _gaps))),
    Row(quantiles.order_statistic, case(distinct(4), "median"),
        case(distinct(2, 5), "quantile", 0.3), value=_order_statistic, differenced=True),
    Row(quantiles.order_weights, case(distinct(5), "median"),
        value=lambda x, kind: 1.0 * (np.arange(5) == np.argsort(x)[2])[None]),
]  # fmt: skip

REDUCTIONS = [*OPTIONS, *ALONG, *STATISTICS, *QUANTILES, *SEQUENCES]
