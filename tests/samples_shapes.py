"""Samples of functions that join, build, choose and move entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import Draw, Row, between, case, distinct, nonzero, normal, positive

from microtensor.ops import building, choosing, indexing, joining

_NUMBER = normal().of(None)
_MASK = np.array([[True, False, True], [False, False, True]])


_SEVERAL = [(0, 1)] if np.lib.NumpyVersion(np.__version__) >= "2.3.0" else []  # at once, since then


def _joined(f: Any, *arrays: Any) -> Any:
    return f(arrays)


MOVING = [
    Row(np.copy, case(normal(2, 3)), case(normal(2, 3), order="F"), case(normal()), case(_NUMBER),
        case(normal(0, 3))),
    Row(np.matrix_transpose, case(normal(2, 3)), case(normal(4, 2, 3)), case(normal(0, 3))),
    Row(np.fliplr, case(normal(2, 3)), case(normal(2, 3, 2))),
    Row(np.flipud, case(normal(3)), case(normal(2, 3))),
    Row(np.rot90, [case(normal(2, 3), k) for k in (1, 2, 3, 4, 0, -1, -2, 7)],
        case(normal(2, 3, 2), axes=(1, 2)), case(normal(2, 3, 2), 3, (-1, 0)),
        case(normal(2, 0))),
    Row(np.rollaxis, [case(normal(2, 3, 4), a, s)
                      for a in (0, 1, 2, -1, -3) for s in (0, 1, 2, 3, -1, -2)],
        case(normal(2, 3), axis=1)),
    Row(np.diag, [case(normal(3), k) for k in (0, 1, -2)], [case(normal(3, 4), k=k)
        for k in (0, 2, -1, 9)], case(normal(0)), case(normal(0), 2), case(normal(1), -1)),
    Row(np.diagflat, case(normal(2, 2)), case(normal(2), -1), case(normal()), case(_NUMBER)),
    Row(np.atleast_2d, case(normal()), case(normal(3)), case(normal(), normal(2, 3)),
        case(_NUMBER), case(normal(1, 2, 3))),
    Row(np.atleast_3d, case(normal()), case(normal(3)), case(normal(2), normal(2, 3)),
        case(_NUMBER), case(normal(1, 2, 3)), case(normal(0, 2))),
]  # fmt: skip

_BLOCKS = {
    "a row": lambda f, a, b: f([a, b]),
    "a column": lambda f, a, b: f([[a], [b]]),
    "a square": lambda f, a, b: f([[a, b], [b, 2 * a]]),
    "constants": lambda f, a, b: f([[a, np.ones((2, 2))], [np.zeros((2, 3)), b]]),
}


def _padded(**options: Any) -> Any:
    return lambda f, x: f(np.pad(x, 2), **options)


def _first(f: Any, *arrays: Any) -> Any:
    return f(*arrays)[0]


JOINING = [
    Row(np.dstack, case(normal(3), normal(3), how=_joined), case(normal(), normal(), how=_joined),
        case(normal(2, 3), normal(2, 3), how=_joined),
        case(normal(2, 3, 1), normal(2, 3, 2), how=_joined)),
    Row(np.column_stack, case(normal(3), normal(3), how=_joined),
        case(normal(3, 2), normal(3), how=_joined), case(normal(), normal(), how=_joined),
        case(normal(0, 2), normal(0), how=_joined)),
    Row(np.append, case(normal(3), normal(2)), case(normal(2, 3), normal(1, 3), 0),
        case(normal(2, 3), normal(2), axis=None), case(normal(3), 2.0), case([1.0, 2.0], normal()),
        case(_NUMBER, normal(2)), case(normal(2, 3), np.ones((2, 1)), axis=-1)),
    Row(np.block, case(normal(2, 3), normal(2, 2), how=_BLOCKS["a row"]),
        case(normal(2), normal(3), how=_BLOCKS["a row"]),
        case(normal(), normal(3), how=_BLOCKS["a row"]),
        case(_NUMBER, normal(3), how=_BLOCKS["a row"]),
        case(normal(3), normal(2, 3), how=_BLOCKS["a column"]),
        case(normal(2, 2), normal(2, 2), how=_BLOCKS["a square"]),
        case(normal(2, 3), normal(2, 2), how=_BLOCKS["constants"]),
        case(normal(2, 1, 2), normal(2, 1, 2), how=_BLOCKS["a square"]),
        case(normal(2, 0), normal(2, 2), how=_BLOCKS["a row"]),
        case(normal(2, 2), how=lambda f, x: f([[[x]], [[x]]])),
        case(normal(2), how=lambda f, x: f(x))),
    Row(np.insert, case(normal(4), 1, normal()), case(normal(4), [1, 3], normal(2)),
        case(normal(4), [3, 1, 1], normal(3)), case(normal(2, 3), 1, normal(3), axis=0),
        case(normal(2, 3), -1, normal(2), axis=1), case(normal(2, 3), [0, 2], normal(2, 2), 1),
        case(normal(2, 3), 2, normal(2)), case(normal(2, 3), np.s_[1:3], normal(2), 1),
        case(normal(3), np.array([True, False, True]), 9.0),
        case(normal(2, 3), [1], normal(1, 3), 0), case(normal(2, 3), [], normal(2, 0), 1),
        case(normal(0), 0, normal(2)), case(normal(2), 1, _NUMBER),
        case(normal(2, 3), 1, normal(2, 1), 1), case(normal(2), np.array(1), [5.0])),
    Row(np.delete, case(normal(4), 1), case(normal(4), [1, -1]), case(normal(2, 3), 1, axis=0),
        case(normal(2, 3), np.s_[::2], axis=-1), case(normal(2, 3), [0, 4]),
        case(normal(2, 3), np.array([True, False, True]), 1), case(normal(3), []),
        case(normal(2, 3), [0, 0, 1], 1), case(normal(2, 3), np.s_[5:]),
        case(normal(2, 3), np.s_[2:0:-1], 1), case(normal(3, 0), 1, 0)),
    Row(np.hsplit, case(normal(4), 2), case(normal(2, 5), [1, 3]), case(normal(2, 4, 2), 2)),
    Row(np.vsplit, case(normal(4, 2), 2), case(normal(5, 1), (2, 4))),
    Row(np.dsplit, case(normal(2, 1, 4), 2), case(normal(1, 2, 5), [2])),
    Row(np.unstack, case(normal(2, 3)), case(normal(2, 3), axis=1), case(normal(3)),
        case(normal(2, 3, 2), axis=-2)),
    Row(np.resize, case(normal(2, 3), (4, 4)), case(normal(2, 3), 4), case(normal(2), (0, 3)),
        case(normal(3), new_shape=(3, 3)), case(normal(), (2, 2)), case(_NUMBER, 3),
        case(normal(2, 3), (3, 2))),
    Row(np.broadcast_arrays, case(normal(3), normal(2, 1)), case(normal(), normal(2)),
        case(normal(2), np.ones((3, 1)), how=_first), case(_NUMBER, normal(2)), case(normal(2, 3)),
        case(normal(0, 3), normal(3))),
    Row(np.meshgrid, case(normal(2), normal(3)), case(normal(2), normal(3), indexing="ij"),
        case(normal(2), normal(3), normal(1), sparse=True), case(normal(2), normal(3), copy=False),
        case(normal(2)), case(normal(), normal(2)), case(_NUMBER, normal(2), indexing="ij"),
        case(normal(2), [1.0, 2.0], how=_first), case(normal(0), normal(2))),
    Row(np.trim_zeros, [case(normal(2, 3), how=_padded(axis=a)) for a in (None, 0, -1, *_SEVERAL)],
        [case(normal(3), how=_padded(trim=t)) for t in ("f", "b", "FB")], case(normal(2)),
        case(normal(0), how=_padded())),
]  # fmt: skip

_LABELS = np.array([[0, 2, 1], [1, 1, 0]])


def _chosen(f: Any, a: Any, *choices: Any, **options: Any) -> Any:
    return f(a, list(choices), **options)


def _selected(f: Any, x: Any, y: Any, *default: Any) -> Any:
    return f([np.array([True, False, False]), np.array([True, True, False])], [x, y], *default)


CHOOSING = [
    Row(np.choose, case(_LABELS, normal(2, 3), normal(2, 3), normal(2, 3), how=_chosen),
        case(_LABELS, normal(3), normal(2, 1), normal(), how=_chosen),
        case(_LABELS, normal(3, 2, 3)), case(1, normal(), normal(), how=_chosen),
        case(_LABELS, normal(3), [1.0, 2.0, 3.0], normal(2, 1), how=_chosen),
        case(_LABELS, _NUMBER, _NUMBER, normal(), how=_chosen),
        *(case(np.array([-4, 5, 1]), normal(2, 3), mode=mode) for mode in ("wrap", "clip")),
        case(np.array([], int), normal(2, 0)), through=(choosing._choose,)),
    Row(np.select, case(normal(3), normal(3), how=_selected),
        case(normal(3), normal(), normal(3), how=_selected),
        case(normal(3), normal(2, 1), 7.0, how=_selected),
        case(_NUMBER, normal(3), _NUMBER, how=_selected),
        case(distinct(2, 3), how=lambda f, x: f([x > 0.5, x > 0], [x**2, -x], x)),
        case(normal(3), [1.0, 2.0, 3.0], how=_selected)),
    Row(np.compress, case([True, False, True], normal(3)), case([0, 1], normal(2, 3), axis=0),
        case([True, False], normal(2, 3), axis=-1), case([False, True, True], normal(2, 3)),
        case(distinct(4), how=lambda f, x: f(x > 0, x))),
    Row(np.extract, case(_MASK, normal(2, 3)), case(_MASK[0], normal(3)),
        case(distinct(4), how=lambda f, x: f(x > 0, x)), case(np.zeros(3), normal(3))),
    Row(np.piecewise,
        case(distinct(5), how=lambda f, x: f(x, [x < 0, x > 0.4], [np.square, np.exp])),
        case(distinct(5), how=lambda f, x: f(x, [x < 0], [np.square, lambda v: 3 * v])),
        case(distinct(5), how=lambda f, x: f(x, x < 0, [7, np.exp])),
        case(distinct(5), how=lambda f, x: f(x, [x < 0.9, x < 0.3], [np.exp, np.sin, 2.0])),
        case(normal(2, 3), [_MASK, ~_MASK], [np.negative, np.square]),
        case(normal(3), [[True, False, True]], [lambda v, k, p: k * v**p, 0.0], 3.0, p=2),
        case(nonzero(), how=lambda f, x: f(x, [x < 0, x >= 0], [np.negative, np.square])),
        case(normal(0), how=lambda f, x: f(x, [x < 0], [np.negative])), changes_dtype=True),
]  # fmt: skip


def _like(f: Any, x: Any, *args: Any) -> Any:
    return f(x, *args, like=x) if hasattr(x, "requires_grad") else f(x, *args)


def _made(**options: Any) -> Any:
    def how(f: Any, x: Any, *more: Any) -> Any:
        like = {"like": x} if hasattr(x, "requires_grad") else {}
        return f([x, *more], **options, **like)

    return how


def _of_shape(*args: Any, **options: Any) -> Any:
    """Call a creator whose result depends on what it is like in nothing but type."""

    def how(f: Any, x: Any) -> Any:
        return f(*args, **options, **({"like": x} if hasattr(x, "requires_grad") else {}))

    return how


def _range(f: Any, *bounds: Any) -> Any:
    of_values = [b for b in bounds if hasattr(b, "requires_grad")]
    return f(*bounds, **({"like": of_values[0]} if of_values else {}))


def _and_like(**options: Any) -> Any:
    return lambda f, like, fill: f(like, fill, **options) + like


def _arithmetic_sequence(start: Any, stop: Any = None, step: Any = 1) -> Any:
    if stop is None:
        start, stop = 0, start
    count = len(np.arange(np.real(start), np.real(stop), np.real(step)))
    return start + step * np.arange(count)


_ENDS = [
    [case(normal(), normal(), n) for n in (5, 1, 0, 2)],
    [case(normal(), normal(), n, False) for n in (5, 1)],
]

BUILDING = [
    Row(np.array, case(normal(2), normal(2), how=_made()), case(_NUMBER, 1.0, how=_made()),
        case(normal(2, 3), how=_like), case(normal(), how=_made(ndmin=3)),
        case(normal(2), how=_made(copy=None)), case(normal(2), [1.0, 2.0], how=_made()),
        case(normal(2), normal(2), how=lambda f, a, b: _made()(f, a, [b, [1, 2]][0]))),
    *(Row(fn, case(normal(2), normal(2), how=_made()), case(normal(2, 3), how=_like),
          case(_NUMBER, 2, how=_made())) for fn in (np.asarray, np.asanyarray)),
    *(Row(fn, case(normal(2), normal(2), how=_made()), case(normal(2, 3), how=_like),
          case(normal(), how=_like)) for fn in (np.ascontiguousarray, np.asfortranarray)),
    Row(np.full, case(normal(), how=lambda f, x: _like(lambda x, **o: f((2, 3), x, **o), x)),
        case(normal(3), how=lambda f, x: _like(lambda x, **o: f((2, 3), x, **o), x)),
        case(_NUMBER, how=lambda f, x: _like(lambda x, **o: f(2, x, **o), x))),
    Row(np.full_like, case(normal(2, 3), normal(3), how=_and_like()),
        case(normal(2), _NUMBER, how=_and_like()), case(normal(), normal(), how=_and_like()),
        case(normal(2, 3), normal(), how=_and_like(shape=(4, 1, 1)))),
    Row(np.linspace, *_ENDS, case(normal(3), normal(3), 4, axis=1),
        case(normal(3), normal(2, 1), 3),
        case(0, normal(3), num=4), case(normal(2), 1.0, 3, axis=-1), case(_NUMBER, _NUMBER, 3),
        case(normal(), normal(), 3, retstep=True),
        case([0.0, 1.0], normal(2), 3)),
    Row(np.logspace, *_ENDS, case(normal(2), normal(2), 4, axis=1), case(normal(), normal(), 3,
        base=2.0), case(normal(), normal(), 3, base=positive(), how=lambda f, a, b, n: f(a, b, n)),
        case(normal(), normal(), 4, positive(), how=lambda f, a, b, n, base: f(a, b, n, base=base)),
        case(normal(2), normal(2), 4, positive(2),
             how=lambda f, a, b, n, base: f(a, b, n, base=base, axis=-1))),
    Row(np.geomspace, [c._replace(inputs=(positive(), positive(), *c.inputs[2:]))
                       for cases in _ENDS for c in cases],
        case(positive(3), positive(2, 1), 4),
        case(between(-2.0, -0.5, 2), between(-9.0, -3.0, 2), 4),
        case(positive(2), 4.0, 3, axis=1), case(1, positive(), num=4), changes_dtype=True),
    Row(np.arange, case(between(2.1, 2.9), how=lambda f, x: _range(f, x, 7.0, 2)),
        case(between(1.1, 1.2), how=lambda f, x: _range(f, 1, 6, x)),
        case(between(0.1, 0.2), between(0.3, 0.35), how=lambda f, a, b: _range(f, a, 2, b)),
        case(between(0.1, 0.2).of(None), how=lambda f, x: _range(f, x, 4)),
        value=_arithmetic_sequence, changes_dtype=True),
    Row(np.vander, case(normal(4)), case(normal(3), 5), case(normal(3), N=2, increasing=True),
        case(normal(2), 0), case(Draw((3,), lambda rng, s: np.array([0.0, 1.0, -2.0])), 4),
        changes_dtype=True),
]  # fmt: skip

_STEPS = np.array([1, 0, 3])
_TABLE = np.arange(6.0).reshape(2, 3)
_BYTES = np.array([[7, 2, 200]], np.uint8)

STATIC = [
    *(Row(fn, case(normal(3), how=_of_shape((2, 3))), case(normal(3), how=_of_shape(2, dtype=int)))
      for fn in (np.zeros, np.ones)),
    Row(np.empty, case(normal(3), how=_of_shape((0, 3)))),
    *(Row(fn, case(normal(3), how=_of_shape(3))) for fn in (np.eye, np.identity, np.tri)),
    Row(np.fromfunction, case(normal(3), how=_of_shape(lambda i, j: i + j, (2, 3)))),
    *(Row(fn, case(normal(3, 3)), case(normal(3, 4), k=1)) for fn in
      (np.tril_indices_from, np.triu_indices_from)),
    Row(np.diag_indices_from, case(normal(3, 3))),
    Row(np.min_scalar_type, case(normal(3)), case(normal())),
    *(Row(fn, case(normal(3), np.ones(3))) for fn in (np.may_share_memory, np.shares_memory)),
    *(Row(fn, case(normal(3)), case(normal(2, 2), 3)) for fn in (np.array_repr, np.array_str)),
    Row(np.array2string, case(normal(3)), case(normal(2, 2), precision=2)),
    Row(building._plain_range, case(between(2.2, 2.4), 7.0, 2.0), value=np.arange),
    Row(np.ix_, case(_STEPS, _STEPS), case(distinct(3), how=lambda f, x: f(x > 0, [1, 0]))),
    Row(np.unravel_index, case(_STEPS, (2, 3)), case(distinct(2, 3),
        how=lambda f, x: f(np.argmax(x), x.shape))),
    Row(np.ravel_multi_index, case((_STEPS, _STEPS), (4, 5)),
        case((_STEPS, -_STEPS), (4, 2), mode="wrap"), case((_STEPS, 0), (4, 5), order="F"),
        case(distinct(3), how=lambda f, x: f((np.argsort(x), np.argsort(-x)), (3, 3)))),
    Row(building._flat_places, case(_STEPS, _STEPS, dims=(4, 5), mode="raise", order="C"),
        value=lambda *i, dims, mode, order: np.ravel_multi_index(i, dims)),
    Row(np.packbits, case(_MASK), case(_MASK, axis=1, bitorder="little"),
        case(distinct(5), how=lambda f, x: f(x > 0))),
    Row(np.unpackbits, case(_BYTES), case(_BYTES, 1, count=3)),
    Row(joining._inserted, case((2,), [0, 1], (2,), None),
        value=lambda shape, places, given, axis: np.array([2, 0, 3, 1])),
    Row(joining._kept, case((2, 3), [1], 1), value=lambda shape, places, axis: np.array([0, 2])),
    Row(indexing._looked_up, case(np.array([[0, 2]]), table=_TABLE, axis=1),
        case(distinct(2, 3), how=lambda f, x: f(np.argmax(x, 1, keepdims=True), table=_TABLE,
                                                axis=1)),
        value=lambda indices, table, axis: np.take_along_axis(table, indices, axis)),
    Row(np.array_equiv, case(normal(3), normal(3)), case(normal(3), normal(2)),
        case(normal(3), how=lambda f, x: f(x, [x, x] if not hasattr(x, "requires_grad")
                                           else np.stack([x, x])))),
]  # fmt: skip

SHAPES: list[Row] = [*MOVING, *JOINING, *CHOOSING, *BUILDING, *STATIC]
