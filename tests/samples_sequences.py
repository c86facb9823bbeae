"""Samples of sequences: convolving, reading between points, sorting, counting, coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import Draw, Row, case, distinct, nonzero, normal, positive

from microtensor.ops import counting, ordering

_CAN_LEAVE_UNSORTED = np.lib.NumpyVersion(np.__version__) >= "2.3.0"

_MODES = ("full", "same", "valid")
_SIZES = ((5, 3), (3, 5), (4, 2), (2, 4), (6, 3), (3, 3), (4, 4), (1, 3))
_POINTS = np.array([-1.0, 0.0, 0.5, 2.0])


def _steps(f: Any, x: Any, xp: Any, fp: Any, **options: Any) -> Any:
    """Read between points that stay in order."""
    return f(x, np.cumsum(0.3 + xp * xp) - 1.5, fp, **options)


def real_only(fn: Any) -> Any:
    """Refuse complex numbers, where NumPy conjugates them."""

    def of_real(*inputs: Any, **options: Any) -> Any:
        if any(np.iscomplexobj(x) for x in inputs):
            raise TypeError("no complex numbers")
        return fn(*inputs, **options)

    return of_real


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    return np.correlate(a, np.conj(v), mode)


SIGNALS = [
    *(Row(fn, [case(normal(n), normal(m), mode=mode) for n, m in _SIZES for mode in _MODES],
          case(normal(4), np.array([1.0, 2.0])), value=value)
      for fn, value in ((np.convolve, np.convolve), (np.correlate, _correlate))),
    Row(np.interp, case(normal(6), _POINTS, normal(4)), case(normal(2, 3), _POINTS, [1.0, 2, 4, 3]),
        case(normal(6), normal(4), normal(4), how=_steps), case(normal(), _POINTS, normal(4)),
        case(normal(6), normal(4), normal(4), how=lambda *a: _steps(*a, left=7.0, right=-2.0)),
        case(normal(6), _POINTS, normal(4), period=3.3), case(normal(6), [0.3], normal(1)),
        case(normal(6), _POINTS, normal(4), 5.0), case(0.3, _POINTS, normal(4)),
        case(normal().of(None), _POINTS, normal(4)), case(_POINTS, _POINTS, normal(4)),
        value=real_only(np.interp), differenced=True, changes_dtype=True),
]  # fmt: skip

_KEYS = np.array([1.0, 0.0, 1.0, 0.0])


def _ties(*shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.integers(0, 3, s) * 1.0)


ORDERING = [
    Row(np.sort, [case(distinct(2, 3, 2), axis=a) for a in (None, 0, 1, -1)], case(distinct(5)),
        case(distinct(2, 5), kind="stable"), case(distinct(5), stable=True), case(normal(0))),
    Row(np.partition, case(distinct(6), 2), case(distinct(6), [1, 4]), case(distinct(3, 4), 1, 0),
        case(distinct(3, 4), -1), case(distinct(3, 2), 2, axis=None),
        value=real_only(np.partition), differenced=True),
    Row(ordering.ranks, case(distinct(5)), case(distinct(3, 4), axis=0),
        value=lambda x, axis=-1: np.argsort(np.argsort(x, axis), axis)),
    Row(ordering.permuted, case(normal(4), np.array([1, 3, 2, 0])),
        case(normal(2, 3), np.array([[1, 0, 0], [0, 1, 1]]), axis=0),
        value=lambda x, places, axis=-1: np.take_along_axis(x, places, axis)),
    Row(ordering.read_at, case(normal(4), np.array([1, 3, 1])), case(normal(2, 3), np.array([1])),
        case(normal(2, 3), np.array([False, True])), value=lambda x, places: x[places]),
    Row(np.argpartition, case(distinct(6), 2), case(distinct(3, 4), 1, axis=0)),
    Row(np.lexsort, case(distinct(4), how=lambda f, x: f((x, _KEYS))),
        case(_ties(6), _ties(6), how=lambda f, a, b: f((a, b))),
        case(_ties(3, 6)), case(_ties(2, 3, 4), axis=1),
        case(distinct(4), how=lambda f, x: f((x,)))),
    Row(np.digitize, case(normal(5), _POINTS), case(normal(2, 3), _POINTS, right=True),
        case(normal(5), _POINTS[::-1])),
]  # fmt: skip


def _pair(f: Any, a: Any, b: Any, **options: Any) -> Any:
    """Give the second some entries of the first."""
    return f(a, np.concatenate([a[1:3], b]), **options)


def _both(*options: dict) -> list:
    return [
        case(distinct(4), normal(3), how=lambda f, a, b, o=o: _pair(f, a, b, **o)) for o in options
    ]


_OTHERS = np.array([7.0, 8.0])


def _first(*options: dict) -> list:
    return [
        case(distinct(4), _OTHERS, how=lambda f, a, b, o=o: _pair(f, a, b, **o)) for o in options
    ]


COUNTING = [
    Row(np.unique, case(distinct(5)), case(distinct(2, 3)), case(distinct(3, 2), axis=0),
        case(distinct(4), how=lambda f, x: f(np.concatenate([x, x[:2]]), True, True, True)[0]),
        [case(distinct(4), sorted=False)] if _CAN_LEAVE_UNSORTED else [],
        value=real_only(np.unique), differenced=True),
    Row(np.unique_values, case(distinct(5)), case(distinct(2, 3)), differenced=True,
        value=real_only(lambda x: np.sort(np.unique_values(x)))),
    *(Row(fn, case(distinct(5), how=lambda f, x: f(x)[0]), case(distinct(4), how=lambda f, x: f(
        np.concatenate([x, x[:2]]))[0]))
      for fn in (np.unique_all, np.unique_inverse, np.unique_counts)),
    Row(counting.unique_places, case(_ties(6)), case(_ties(4, 2), axis=0),
        value=lambda x, axis=None: np.unique(x, True, True, True, axis)[1:]),
    Row(counting.common_places, case(_ties(6), _ties(4)),
        value=lambda a, b: np.intersect1d(a, b, return_indices=True)[1:]),
    Row(np.intersect1d, _first({}, {"assume_unique": True}),
        case(distinct(4), _OTHERS, how=lambda f, a, b: _pair(f, a, b, return_indices=True)[0])),
    Row(np.union1d, _both({}), case(distinct(2, 3), normal(2))),
    Row(np.setdiff1d, _first({}, {"assume_unique": True})),
    Row(np.setxor1d, _both({}, {"assume_unique": True})),
    Row(np.isin, case(_ties(5), _ties(2)), case(_ties(2, 3), [1.0], invert=True)),
    Row(np.bincount, case(np.array([0, 2, 2, 1]), normal(4)),
        case(np.array([0, 2, 2, 1]), normal(4), minlength=6),
        case(np.array([3, 0]), normal(2), how=lambda f, x, w: f(x, weights=w)),
        differenced=True, changes_dtype=True),
]  # fmt: skip

_LEADING = np.array([0.0, 0.0, 2.0, 1.0])

COEFFICIENTS = [
    Row(np.polyval, case(normal(4), normal(3)), case(normal(4), normal()), case(normal(3), 2.0),
        case([1, 2], normal(2, 3)), case(normal(3), normal().of(None)),
        case(normal(3), how=lambda f, x: f(np.poly1d([1.0, 2.0, 0.5]), x)),
        case(normal(3), how=lambda f, p: f(p, np.array([1.0, 2.0])))),
    *(Row(fn, case(normal(4), normal(2)), case(normal(2), normal(4)), case(normal(3), normal(3)),
          case(normal(3), [1.0, 2.0]), case(normal(3), 2.0)) for fn in (np.polyadd, np.polysub)),
    Row(np.polymul, case(normal(4), normal(2)), case(normal(2), _LEADING),
        case(normal(), normal(3))),
    Row(np.polyder, case(normal(4)), case(normal(4), 2), case(normal(4), m=0), case(normal(2), 3)),
    Row(np.polyint, case(normal(3)), case(normal(3), 2), case(normal(3), m=2, k=[1.0, 2.0]),
        case(normal(3), 2, normal(1)), case(normal(3), 1, normal()), case(normal(3), m=0)),
    Row(np.poly, case(normal(3)), case(normal(1))),
    Row(np.polydiv, case(normal(5), nonzero(3)),
        case(normal(4), nonzero(1)), case(normal(3), nonzero(3)),
        case(normal(2), nonzero(3), how=lambda f, u, v: f(u + 0 * v[:2], v)[1])),
    Row(np.polyfit, case(distinct(5), normal(5), 1), case(distinct(6), normal(6), 2),
        case(distinct(5), normal(5, 2), 1),
        case(distinct(5), normal(5), positive(5), how=lambda f, x, y, w: f(x, y, 1, w=w)),
        case(distinct(5), normal(5), 1, cov=True), case(distinct(5), normal(5, 2), 1, cov=True),
        case(distinct(5), normal(5), 1, cov="unscaled"),
        value=real_only(np.polyfit), differenced=True, changes_dtype=True),
]  # fmt: skip


def _moments(x: Any) -> Any:
    return np.stack([np.sum(x), np.sum(x * x)])


APPLYING = [
    Row(np.apply_along_axis,
        *(case(normal(2, 3, 4), how=lambda f, x, g=g, a=a: f(g, a, x))
          for a in (0, 1, -1) for g in (np.sum, _moments, lambda x: x[:2] * x[1])),
        case(normal(3), how=lambda f, x: f(np.sum, 0, x)),
        case(normal(3), how=lambda f, x: f(lambda r, k, p=1: r**p * k, 0, x, 3.0, p=2))),
    Row(np.apply_over_axes, case(normal(2, 3, 4), how=lambda f, x: f(np.sum, x, [0, -1])),
        case(normal(2, 3), how=lambda f, x: f(np.prod, x, 1)),
        case(normal(2, 3), how=lambda f, x: f(lambda v, a: np.cumsum(v, a), x, (0, 1)))),
]  # fmt: skip

SEQUENCES = [*SIGNALS, *ORDERING, *COUNTING, *COEFFICIENTS, *APPLYING]
