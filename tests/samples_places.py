"""Samples of the functions of places, products and steps: indexing, matmul, argmax and kin."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.fft
from draws import Case, Row, case, distinct, normal, offgrid, positive

from microtensor import ops
from microtensor.ops import arrivals, einsums

arrivals.learn()  # of numpy.fft, which NumPy loads on first use
S = np.s_
_MASK = np.array(
    [[True, False, True, False], [False, False, True, True], [True, True, False, True]]
)
_INDICES: list[Any] = [
    # integers and slices
    0, -1, S[1, 2], np.int64(1), S[np.int64(2), :2], S[1:], S[1:1], S[-3:, -2:], S[::-1],
    S[:, ::2], S[2:0:-1, 1:3], S[::-2, ::-1],
    # new axes and the rest of them
    ..., (), S[None], S[..., 0], S[..., None], S[:, None, 1], S[None, ..., 1, None], S[0, 1, ...],
    # arrays of integers, with places named twice
    [0, -1, 0], np.array([0, 2, 0]), np.array([[0, 1], [2, 2]]), np.array([], dtype=int),
    S[np.array([0, 1, 1]), np.array([3, 3, 3])], S[np.array([[0], [2]]), np.array([1, -1, 1])],
    np.ix_([0, 2], [1, 1, 3]), S[np.array(1), [0, 0]], np.nonzero(_MASK),
    # masks
    _MASK, _MASK[:, 0], np.zeros(3, bool), S[:, _MASK[0]], S[_MASK[:, 0], 1], True, False,
    # and mixtures
    S[:, [0, 0, 3]], S[[1, 1], 1:], S[[0, 1], :, None], S[1, [0, 2, 2]], S[[2, 0], None, [1, 1]],
    S[_MASK[:, 1], ::-1], S[True, 1:],
]  # fmt: skip


def _places(shape: tuple[int, ...], index: Any) -> Any:
    """Number the entries of an array, and give the numbers of those that an index names."""
    return np.arange(int(np.prod(shape))).reshape(shape)[index]


def _scatter_add(values: Any, index: Any, shape: Any) -> Any:
    shape = shape if isinstance(shape, tuple) else np.shape(shape)
    out = np.zeros(shape, np.asarray(values).dtype)
    for place, v in zip(np.ravel(_places(shape, index)), np.ravel(values), strict=True):
        out.reshape(-1)[place] += v
    return out


def _scatter_set(x: Any, values: Any, index: Any) -> Any:
    out = np.array(x, dtype=np.result_type(x, values))
    places = _places(np.shape(x), index)
    for place, v in zip(
        np.ravel(places), np.ravel(np.broadcast_to(values, places.shape)), strict=True
    ):
        out.reshape(-1)[place] = v
    return out


def _scatter_cases(values_first: bool) -> list[Case]:
    cases = []
    for index in _INDICES:
        values = normal(*np.shape(_places((3, 4), index)))
        options = {"index": index}
        if values_first:
            cases.append(case(values, **options, shape=(3, 4)))
        else:
            cases.append(case(normal(3, 4), values, **options))
    return cases


def _spread_cases() -> list[Case]:
    """Values that broadcast to the places they are written to."""
    pairs = [
        ((), S[1:]),
        ((4,), S[[0, 0, 2]]),
        ((2, 1), S[:2]),
        ((), _MASK),
        ((), [1, 1]),
        (None, S[0, 0]),
    ]
    cases = [case(normal(3, 4), normal().of(shape), index=i) for shape, i in pairs]
    return [*cases, case(normal(3, 4), 0.0, index=S[0])]


INDEXING = [
    Row(operator.getitem, [case(normal(3, 4), index) for index in _INDICES], case(normal(), ()),
        case(normal(), None), case(normal(), ...), case(normal(2, 3, 4), S[[0, 1], ..., [1, 1]]),
        case(normal(2, 3, 4), S[:, _MASK[:, 0]]), case(normal(2, 3, 4), S[[1], :, 0])),
    Row(ops.scatter_add, _scatter_cases(True), value=_scatter_add),
    Row(ops.scatter_set, _scatter_cases(False), _spread_cases(),
        case(np.zeros((3, 4)), normal(4), index=2), value=_scatter_set),
    Row(lambda x, v, index: x.at[index].set(v), _scatter_cases(False), _spread_cases(),
        value=_scatter_set, name="a.at[i].set(b)"),
    Row(lambda x, v, index: x.at[index].add(v), _scatter_cases(False), _spread_cases(),
        value=lambda x, v, index: x + _scatter_add(np.broadcast_to(v, np.shape(x[index])),
                                                  index, x),
        name="a.at[i].add(b)"),
    Row(np.take, case(normal(3, 4), [0, 5, 5]), case(normal(3, 4), [0, -1], 1),
        case(normal(3, 4), 2, axis=0), case(normal(3, 4), [[0, 1], [2, 2]], axis=-1),
        case(normal(3, 4), np.array([5, -7, 3]), 0, mode="wrap"),
        case(normal(3, 4), [5, -7, 1], axis=1, mode="clip"), case(normal(3, 4), indices=-1),
        case(normal(3, 4), 15, mode="wrap"), case(normal(3, 4), [], axis=0)),
    Row(np.take_along_axis, case(normal(3, 4), np.array([[0, 3, 3]] * 3), 1),
        case(normal(3, 4), np.array([[0, 1, 2, -1]]), axis=0),
        case(normal(3, 4), np.array([5, 5, -1]), None),
        case(normal(2, 3, 4), np.ones((2, 3, 2), int), axis=-1),
        case(normal(3, 4), np.array([[1]]), 1), case(normal(3), indices=np.array([2, 0]), axis=0),
        case(normal(3, 1), np.zeros((3, 5), int), axis=1)),
]  # fmt: skip


def _products(*shapes: tuple) -> list[Case]:
    return [case(*(normal(*s) for s in pair)) for pair in shapes]


def _einsum(subscripts: str, *shapes: tuple, **options: Any) -> Case:
    def how(f: Any, *operands: Any) -> Any:
        return f(subscripts, *operands, **options)

    return case(*(normal(*s) for s in shapes), how=how)


def _einsum_lists(*axes: list, output: list | None = None) -> Case:
    size = {0: 2, 1: 3, 2: 4, 30: 2}

    def how(f: Any, *operands: Any) -> Any:
        pairs = [part for pair in zip(operands, axes, strict=True) for part in pair]
        return f(*pairs) if output is None else f(*pairs, output)

    return case(*(normal(*(size.get(i, 2) for i in a)) for a in axes), how=how)


PRODUCTS = [
    Row(np.matmul,
        _products(
            ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)),
            ((3,), (5, 3, 2)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
            ((1, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
            ((0,), (0,)))),
    Row(np.dot,
        _products(
            ((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)),
            ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((5, 2, 3), (3, 4)), ((3,), (5, 3, 2)),
            ((2, 3), (5, 3, 4)), ((2, 2, 3), (5, 3, 4))),
        case(normal().of(None), normal(3))),
    Row(np.outer, _products(((2,), (3,)), ((2, 2), (3,)), ((), (3,)), ((0,), (3,)))),
    Row(np.tensordot, _products(((2, 3, 4), (3, 4, 2))),
        [case(normal(2, 3), normal(3, 2), axes=a)
         for a in (1, 0, (1, 0), ([0, 1], [1, 0]), ((-1,), (0,)))],
        case(normal(2, 3), normal(2, 3), 2),
        case(normal(2, 3, 4), normal(4, 5, 3), ([1, 2], [2, 0])),
        case(normal(2, 3, 4), normal(4, 5, 3), axes=((-2, -1), (-1, 0))),
        case(normal(3), normal(3), 1), case(normal(2, 3), normal(), 0),
        case(normal(0, 3), normal(3, 2), 1), case(normal(2, 0), normal(0, 2), 1),
        case(normal(2, 3), normal(3), np.array([[1], [0]]))),
    Row(np.einsum, _einsum("ij,jk->ik", (2, 3), (3, 4)), _einsum("ij,jk", (2, 3), (3, 4)),
        _einsum("ij->ji", (2, 3)), _einsum("ba", (2, 3)), _einsum("ij->", (2, 3)),
        _einsum("ij->j", (2, 3)), _einsum("ii->i", (3, 3)), _einsum("ii", (3, 3)),
        _einsum("iij->ji", (2, 2, 3)), _einsum("iii->i", (2, 2, 2)), _einsum("i,i", (3,), (3,)),
        _einsum("i,j->ij", (2,), (3,)), _einsum("ij,kl->i", (2, 3), (4, 2)),
        _einsum("i,ij,j->", (2,), (2, 3), (3,)), _einsum("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
        _einsum("ij,jk,kl", (2, 3), (3, 4), (4, 2), optimize=True),
        _einsum("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
        _einsum("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
        _einsum("...ij,...jk", (5, 2, 3), (1, 3, 4)), _einsum("i...->...", (2, 3)),
        _einsum("...i->i...", (2, 3, 4)), _einsum("...ii->...i", (2, 3, 3)),
        _einsum("i...j,j", (2, 5, 3), (3,)), _einsum("...,...", (2, 3), (3,)),
        _einsum(" i j , j -> i ", (2, 3), (3,)), _einsum("ij,ij->ij", (1, 3), (4, 3)),
        _einsum("ij,ij->j", (4, 1), (4, 3)), _einsum("Ab,bA", (2, 3), (3, 2)),
        _einsum("aB", (2, 3)), _einsum("i,->i", (3,), ()),
        _einsum("ij,jk->ik", (2, 3), (3, 4), optimize="greedy"), _einsum("ii,i->i", (3, 3), (3,)),
        _einsum("ij,jj->i", (2, 3), (3, 3)),
        case(normal(3), how=lambda f, x: f("i,i,i->", x, x, x)),
        _einsum_lists([0, 1], [1, 2], output=[0, 2]), _einsum_lists([0, 1], [1, 2]),
        _einsum_lists([30, 0]), _einsum_lists([2, 0, 1]), _einsum_lists([0, 1], output=[1, 0]),
        _einsum_lists([0, 0], output=[0]),
        case(normal(2, 3), how=lambda f, x: f(x, [..., 0], [0, ...])), through=(einsums._einsum,)),
    Row(ops.linear,
        _products(((2, 3), (4, 3), (4,)), ((3,), (4, 3), (4,)), ((5, 2, 3), (4, 3), (4,)),
                  ((2, 3), (4, 3))),
        case(normal(2, 3), normal(4, 3), bias=None), case(np.ones((2, 3)), normal(4, 3), normal(4)),
        value=lambda x, weight, bias=None: np.tensordot(x, weight, (-1, 1)) + (
            0 if bias is None else bias)),
]  # fmt: skip

_BITS, _OTHERS = np.array([[6, 3, 0]]), np.array([[2], [5]])
_LEFT, _RIGHT = np.array([[1.0, 2.0], [np.nan, 0.0]]), np.array([1.0, 3.0])


def _on_arrays(*fns: Any) -> list[Row]:
    return [Row(fn, case(offgrid(2, 3)), case(offgrid()), case(offgrid().of(None))) for fn in fns]


PIECEWISE = [
    *(
        Row(fn, case(_LEFT, _RIGHT), case(distinct(3), distinct(3)), case(normal(3), 0),
            case(0.5, normal(2, 3)), case(normal().of(None), normal().of(None)))
        for fn in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
                   np.logical_and, np.logical_or, np.logical_xor, np.isclose)
    ),
    *_on_arrays(
        np.sign, np.floor, np.ceil, np.rint, np.trunc, np.round, np.around, np.isfinite, np.isnan,
        np.isinf, np.signbit, np.logical_not, np.argwhere, np.flatnonzero),
    *(Row(fn, case(_BITS, _OTHERS), case(_MASK, _MASK[0]), case(_BITS, 2),
          case(distinct(3), distinct(3), how=lambda f, a, b: f(a > 0, b > 0)))
      for fn in (np.bitwise_and, np.bitwise_or, np.bitwise_xor)),
    *(Row(fn, case(distinct(3), distinct(3), how=lambda f, a, b: f(a > 0, b > 0)),
          case(distinct(3), how=lambda f, a: f(True, a > 0)), name=f"(a > 0) {sign} (b > 0)")
      for sign, fn in (("&", operator.and_), ("|", operator.or_), ("^", operator.xor))),
    Row(np.invert, case(_BITS), case(_MASK)),
    Row(operator.invert, case(distinct(3), how=lambda f, a: f(a > 0)), name="~(a > 0)"),
    Row(np.nonzero, case(offgrid(2, 3)), case(_MASK)),
    Row(np.floor_divide, case(offgrid(2, 3), 2.4), case(7.3, positive(3)),
        case(offgrid(3), positive(3))),
    *(Row(fn, case(distinct(3, 4)), *(case(distinct(3, 4), axis=a, keepdims=True) for a in (0, -1)))
      for fn in (np.argmax, np.argmin)),
    *(Row(fn, case(_MASK), case(_MASK, axis=0), case(normal(3, 4)),
          case(_MASK, axis=-1, keepdims=True)) for fn in (np.any, np.all, np.count_nonzero)),
    Row(np.argsort, case(distinct(3, 4)), case(distinct(3, 4), axis=0),
        case(distinct(3, 4), axis=None)),
    Row(np.searchsorted, case(np.arange(4.0), normal(3)),
        case(np.arange(4.0), normal(2), side="right")),
    Row(np.round, case(normal(3), decimals=2), case(normal(3), 1), name="numpy.round(decimals)"),
    *(
        Row(fn, case(distinct(3), 0.5), case(0.5, distinct(3)), case(normal(3), normal(3)),
            name=f"a {sign} b")
        for sign, fn in (("<", operator.lt), ("<=", operator.le), (">", operator.gt),
                         (">=", operator.ge), ("==", operator.eq), ("!=", operator.ne),
                         ("//", operator.floordiv))
    ),
    *(
        Row(operator.methodcaller(m, *args), case(distinct(3, 4)), name=f"a.{m}()")
        for m, args in (("argmax", ()), ("argmin", (1,)), ("any", ()), ("all", (0,)),
                        ("round", (1,)), ("argsort", (0,)), ("nonzero", ()))
    ),
]  # fmt: skip

STATIC = [
    *(Row(fn, case(normal(2, 3)), case(normal())) for fn in (
        np.shape, np.ndim, np.size, np.isrealobj, np.iscomplexobj, np.zeros_like, np.ones_like,
        np.result_type, np.common_type)),
    Row(np.empty_like, case(normal(0, 3))),
    Row(np.can_cast, case(normal(2), np.float32, how=lambda f, x, to: f(x.dtype, to))),
    Row(np.allclose, case(normal(3), 0.0), case(normal(3), normal(3), atol=9.0)),
    Row(np.array_equal, case(normal(3), normal(3)), case(normal(3), normal(2)),
        case(normal(3), how=lambda f, x: f(x, x)), case(_LEFT, _LEFT),
        case(normal(3), how=lambda f, x: f(x * np.nan, x * np.nan, equal_nan=True))),
]  # fmt: skip

SHIFTED = [
    Row(fn, case(normal(5)), case(normal(4)), case(normal(3, 4)), case(normal(3, 4), axes=1),
        case(normal(3, 4, 5), axes=(0, -1)), case(normal(0, 3)), case(normal(3, 2), 0))
    for fn in (np.fft.fftshift, np.fft.ifftshift)
]  # fmt: skip

PLACES = [*INDEXING, *PRODUCTS, *PIECEWISE, *STATIC, *SHIFTED]
