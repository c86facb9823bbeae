"""Samples of the functions of whole arrays: reducing an axis, moving entries, joining arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import Case, Draw, Row, case, distinct, normal

from microtensor.ops import joining, reductions, shapes

_AXES = (None, 0, -1, (0, 2), (-1, 1), (0, 1, 2), ())


def _reducing(draw: Draw, axes: tuple = _AXES) -> list[Case]:
    each = [case(draw.of((2, 3, 2)), axis=a, keepdims=k) for a in axes for k in (False, True)]
    return [
        *each,
        case(draw.of((4,))),
        case(draw.of(())),
        case(draw.of(None)),
        case(draw.of((3, 2)), 1),
    ]


def _zeros(count: int) -> Draw:
    """Draw (2, 4) numbers, so many of each row being 0."""
    return Draw((2, 4), lambda rng, s: rng.permuted(np.arange(4) >= count) * rng.standard_normal(s))


def _product_of_others(x: Any) -> Any:
    n = np.shape(x)[-1]
    return np.stack([np.prod(np.delete(x, i, -1), -1) for i in range(n)], -1)


REDUCTIONS = [
    Row(np.sum, _reducing(normal()), case(normal(0, 3), axis=0), case(normal(0, 3), axis=1)),
    Row(np.mean, _reducing(normal())),
    *(Row(fn, _reducing(distinct(), _AXES[:-1])) for fn in (np.max, np.min, np.amax, np.amin)),
    Row(np.prod, _reducing(normal()),
        [case(_zeros(n), axis=a) for n in (1, 2, 4) for a in (None, 1)], case(normal(0, 3), axis=0),
        case(normal(1, 1), axis=0)),
    Row(reductions.product_of_others, case(normal(4)), case(normal(2, 3)), case(_zeros(1)),
        case(_zeros(2)), case(normal(1)), value=_product_of_others),
    Row(np.cumsum, [case(normal(2, 3, 2), axis=a) for a in (None, 0, 1, -1)], case(normal(4)),
        case(normal())),
    *(
        Row(fn, _reducing(normal(), _AXES[:-1]), case(normal(4), ddof=1),
            case(normal(4, 2), 0, ddof=1), case(normal(4, 2), correction=1.5, axis=1),
            differenced=True)
        for fn in (np.var, np.std)
    ),
]  # fmt: skip

MOVING = [
    Row(np.reshape, case(normal(2, 6), (3, 4)), case(normal(2, 6), -1), case(normal(2, 6), (4, -1)),
        case(normal(2, 6), (4, 3), order="F"), case(normal(6), shape=(2, 3)),
        case(normal(), (1, 1)), case(normal(1), ()), case(normal(0, 3), (3, 0)),
        case(normal().of(None), (1,))),
    Row(np.ravel, case(normal(2, 3)), case(normal()), case(normal(2, 3), order="F")),
    Row(np.broadcast_to, case(normal(3), (2, 3)), case(normal(2, 1), (4, 2, 3)),
        case(normal(), (3,)), case(normal(1, 3), shape=(0, 3)), case(normal().of(None), (2,))),
    Row(np.expand_dims, case(normal(2, 3), 0), case(normal(2, 3), -1), case(normal(2, 3), (0, 2)),
        case(normal(2), axis=1)),
    Row(np.squeeze, case(normal(1, 3, 1)), case(normal(1, 3, 1), 0),
        case(normal(1, 3, 1), axis=(0, -1)), case(normal(1, 1))),
    Row(np.swapaxes, case(normal(2, 3, 4), 0, 2), case(normal(2, 3, 4), -1, 1),
        case(normal(2, 3), axis1=0, axis2=1)),
    Row(np.moveaxis, case(normal(2, 3, 4), 0, -1), case(normal(2, 3, 4), (0, 1), (2, 0)),
        case(normal(2, 3, 4), source=[-1, 0], destination=[0, 1])),
    Row(np.transpose, case(normal(2, 3)), case(normal(2, 3, 4)), case(normal(2, 3, 4), (1, 2, 0)),
        case(normal(2, 3, 4), (-1, 0, -2)), case(normal(2, 3), axes=(1, 0)), case(normal(3))),
    Row(np.flip, [case(normal(2, 3), axis=a) for a in (None, 0, -1, (0, 1), ())], case(normal(3))),
    Row(np.roll, case(normal(2, 3), 1), case(normal(2, 3), -2, axis=1), case(normal(2, 3), 7, 0),
        case(normal(2, 3), (1, -1), axis=(0, 1)), case(normal(2, 3), 1, (0, 1)),
        case(normal(5), shift=(1, 2), axis=0)),
    *(
        Row(fn, [case(normal(3, 4), k=k) for k in (0, 1, -1, 9)], case(normal(2, 3, 3)),
            case(normal(3, 2), -1))
        for fn in (np.tril, np.triu)
    ),
    Row(np.diagonal, [case(normal(3, 4), offset=k) for k in (0, 2, -1, 4)],
        case(normal(2, 3, 4), 1), case(normal(2, 3, 4), -1, axis1=2, axis2=0),
        case(normal(2, 3, 4), 0, 1, -1)),
    Row(np.trace, case(normal(3, 3)), case(normal(3, 4), 1), case(normal(3, 4), offset=-2),
        case(normal(2, 3, 4), 0, 1, 2)),
    Row(np.repeat, case(normal(2, 3), 2), case(normal(2, 3), 2, axis=1),
        case(normal(2, 3), [1, 3], 0), case(normal(2, 3), [0, 2, 1], axis=-1),
        case(normal(2), repeats=3), case(normal(), 3)),
    Row(np.tile, case(normal(3), 2), case(normal(2, 3), (2, 1)), case(normal(2, 3), (2, 1, 3)),
        case(normal(2, 3), reps=2), case(normal(), 3), case(normal(3), 0)),
    Row(np.pad, case(normal(2, 3), 1), case(normal(2, 3), (1, 2)),
        case(normal(2, 3), ((1, 0), (2, 1))), case(normal(3), ((2, 1),), constant_values=5),
        case(normal(3), 1, "constant", constant_values=-1.5),
        case(normal(2, 3), ((1, 2), (0, 1)), constant_values=((1, 2), (3, 4))),
        case(normal(), 1, how=lambda f, x, n: f(np.reshape(x, (1,)), n)),
        [case(normal(3, 4), ((1, 2), (0, 2)), mode=m)
         for m in ("edge", "reflect", "symmetric", "wrap")],
        case(normal(4), 9, mode="reflect"), case(normal(4), 9, mode="wrap"),
        through=(shapes._pad,)),
]  # fmt: skip


def _joined(f: Any, *arrays: Any) -> Any:
    return f(arrays)


def _joined_at(axis: Any) -> Any:
    return lambda f, *arrays: f(list(arrays), axis=axis)


def _positional(f: Any, *arrays: Any) -> Any:
    return f(arrays, -1)


JOINING = [
    Row(np.concatenate, case(normal(2, 3), normal(1, 3), how=_joined),
        case(normal(2, 3), normal(2, 1), np.ones((2, 2)), how=_joined_at(1)),
        case(normal(2, 3), normal(2, 1), how=_positional),
        case(normal(2, 3), normal(2), how=_joined_at(None)),
        case(normal(3), normal(0), how=_joined), case(normal(3), how=_joined),
        case(normal(2, 3), how=lambda f, x: f((x, x, x))),
        case(normal(2, 3, 2), how=lambda f, x: f(x)), case(normal(2), [1.0, 2.0], how=_joined),
        through=(joining._concatenate,)),
    Row(np.stack, [case(normal(2, 3), normal(2, 3), how=_joined_at(a)) for a in (0, 1, 2, -1)],
        case(normal(), normal(), how=_joined), case(normal(2), how=lambda f, x: f([x, x])),
        case(normal().of(None), normal().of(None), how=_joined),
        case(normal(2), [3.0, 4.0], how=_joined)),
    Row(np.vstack, case(normal(3), normal(3), how=_joined),
        case(normal(2, 3), normal(3), how=_joined), case(normal(), normal(), how=_joined)),
    Row(np.hstack, case(normal(3), normal(2), how=_joined),
        case(normal(2, 3), normal(2, 1), how=_joined), case(normal(), normal(), how=_joined)),
    Row(np.split, case(normal(6, 2), 3), case(normal(2, 6), [1, 4], axis=1), case(normal(6), 2, -1),
        case(normal(6), [2, -1]), case(normal(4), (3, 2, 9)), case(normal(6), np.array([2]))),
    Row(np.array_split, case(normal(7, 2), 3), case(normal(2, 7), [3, 5], axis=-1),
        case(normal(2), 3), case(normal(7), 4, axis=0)),
    Row(np.atleast_1d, case(normal()), case(normal(3)), case(normal(), normal(2, 3)),
        case(normal().of(None))),
]  # fmt: skip

ARRAYS = [*REDUCTIONS, *MOVING, *JOINING]
