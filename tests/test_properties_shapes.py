"""Moving, joining, building and choosing over shapes, dtypes and layouts, drawn at random.

Values are NumPy's, and derivatives those of the complex step. Each kind of call is made from a
shape and a seed; each is shown wrong rules, and objects.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DisagreementError, check_first, check_second, numbers

from microtensor import Value
from microtensor.primitives import Known, registry

FEW = settings(max_examples=400, deadline=None, derandomize=True)
LAYOUTS = {
    "as made": lambda x: x,
    "Fortran": lambda x: np.asfortranarray(x) if x.ndim else x,
    "backwards": lambda x: np.flip(np.flip(x).copy()) if x.ndim else x,
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
}
KINDS: dict[str, Callable] = {}


def kind(make):
    """Learn a kind of call: from rng and shape to a function, and the shapes of its inputs."""
    KINDS[make.__name__] = make
    return make


def grown(shape, ndim):
    return shape + (2, 3, 1)[: max(0, ndim - len(shape))]


def some_axis(rng, shape):
    return int(rng.integers(-len(shape), len(shape)))


def replaced(shape, axis, n):
    return tuple(n if i == axis % len(shape) else m for i, m in enumerate(shape))


# Moving


@kind
def rot90(rng, shape):
    shape = grown(shape, 2)
    axes = tuple(int(a) for a in rng.permutation(len(shape))[:2])
    k = int(rng.integers(-5, 6))
    return lambda x: np.rot90(x, k, axes), [shape]


@kind
def rollaxis(rng, shape):
    shape = grown(shape, 1)
    start = int(rng.integers(-len(shape), len(shape) + 1))
    axis = some_axis(rng, shape)
    return lambda x: np.rollaxis(x, axis, start), [shape]


@kind
def diagonal(rng, shape):
    shape = grown(shape, 2)
    first, second = (int(a) for a in rng.permutation(len(shape))[:2])
    offset = int(rng.integers(-3, 4))
    return lambda x: np.diagonal(x, offset, first - len(shape), second), [shape]


@kind
def diag(rng, shape):
    k = int(rng.integers(-3, 4))
    return lambda x: (np.diagflat(x, k), np.diag(np.ravel(x), k)), [shape]


@kind
def repeat(rng, shape):
    shape = grown(shape, 1)
    axis = some_axis(rng, shape) if rng.random() < 0.7 else None
    n = shape[axis] if axis is not None else math.prod(shape)
    times = int(rng.integers(0, 4)) if rng.random() < 0.5 else rng.integers(0, 4, n)
    return lambda x: np.repeat(x, times, axis), [shape]


@kind
def tile(rng, shape):
    reps = tuple(int(n) for n in rng.integers(0, 3, int(rng.integers(0, 4))))
    return lambda x: np.tile(x, reps), [shape]


@kind
def resize(rng, shape):
    new = tuple(int(n) for n in rng.integers(0, 5, int(rng.integers(1, 3))))
    return lambda x: np.resize(x, new) * 1.0, [grown(shape, 1) if 0 not in shape else (2,)]


@kind
def lifted(rng, shape):
    return lambda x: (*map(np.atleast_2d, [x]), np.atleast_3d(x), np.copy(x)), [shape]


# Joining


@kind
def insert(rng, shape):
    shape = grown(shape, 1)
    axis = some_axis(rng, shape)
    n = shape[axis]
    if rng.random() < 0.4:  # one place: the values fill a slice, or broadcast to it
        place = int(rng.integers(-n, n + 1))
        slab = tuple(m for i, m in enumerate(shape) if i != axis % len(shape))
        return lambda x, v: np.insert(x, place, v, axis), [shape, slab]
    places = rng.integers(-n, n + 1, 3)
    return lambda x, v: np.insert(x, places, v, axis), [shape, replaced(shape, axis, 3)]


@kind
def insert_flat(rng, shape):
    n = math.prod(shape)
    places = rng.integers(-n, n + 1, 2)
    return lambda x, v: np.insert(x, places, v), [shape, (2,)]


@kind
def delete(rng, shape):
    shape = grown(shape, 1)
    axis = some_axis(rng, shape) if rng.random() < 0.7 else None
    n = shape[axis] if axis is not None else math.prod(shape)
    ways = [slice(*sorted(rng.integers(-4, 5, 2).tolist())), rng.random(n) < 0.5]
    ways += [rng.integers(-n, n, 3), int(rng.integers(-n, n))] if n else [[]]
    way = ways[int(rng.integers(len(ways)))]
    return lambda x: np.delete(x, way, axis), [shape]


@kind
def append(rng, shape):
    shape = grown(shape, 1)
    axis = some_axis(rng, shape)
    return lambda a, b: (np.append(a, b, axis), np.append(a, b)), [
        shape, replaced(shape, axis, int(rng.integers(0, 3)))]  # fmt: skip


@kind
def block(rng, shape):
    shape = grown(shape, 2)
    wide, high = replaced(shape, -1, 2), replaced(shape, -2, 1)
    corner = replaced(wide, -2, 1)
    return lambda a, b, c, d: np.block([[a, b], [c, d]]), [shape, wide, high, corner]


@kind
def stacked(rng, shape):
    def f(a, b):
        return np.dstack([a, b]), np.column_stack([a, b]), np.vstack([a, b]), np.hstack([a, b])

    return f, [shape[:2], shape[:2]]


@kind
def cut(rng, shape):
    shape = grown(shape, 3)
    places = sorted(rng.integers(0, 4, 2).tolist())
    return lambda x: [*np.hsplit(x, places), *np.vsplit(x, places), *np.dsplit(x, places),
                      *np.unstack(x, axis=-2)], [shape]  # fmt: skip


@kind
def meshgrid(rng, shape):
    indexing, sparse = rng.choice(["xy", "ij"]), bool(rng.integers(2))
    sizes = [(n,) for n in shape] or [()]
    return lambda *x: np.meshgrid(*x, indexing=indexing, sparse=sparse), sizes


@kind
def broadcast_arrays(rng, shape):
    other = tuple(1 if rng.random() < 0.5 else n for n in shape)[int(rng.integers(0, 2)) :]
    return lambda a, b: np.broadcast_arrays(a, b), [shape, other]


# Choosing and places


@kind
def choose(rng, shape):
    mode = str(rng.choice(["wrap", "clip"]))
    a = rng.integers(-5, 6, shape)
    return lambda *c: np.choose(a, c, mode=mode), [shape, shape[-1:], ()]


@kind
def select(rng, shape):
    first, second = rng.random(shape) < 0.4, rng.random(shape[-1:]) < 0.5
    return lambda a, b, c: np.select([first, second], [a, b], c), [shape, (), shape[-1:]]


@kind
def compress(rng, shape):
    shape = grown(shape, 1)
    axis = some_axis(rng, shape)
    some = rng.random(int(rng.integers(0, shape[axis] + 1))) < 0.6
    mask = rng.random(shape) < 0.5
    return lambda x: (np.compress(some, x, axis), np.extract(mask, x)), [shape]


@kind
def piecewise(rng, shape):
    mask, other = rng.random(shape) < 0.5, rng.random(shape) < 0.3
    return lambda x: np.piecewise(x, [mask, other], [np.square, np.sin, np.negative]), [shape]


@kind
def places(rng, shape):
    shape = grown(shape, 2)
    n, m = max(shape[0], 1), max(shape[1], 1)
    rows = rng.integers(-n, n, 5 if shape[0] else 0)
    columns = rng.integers(-m, m, len(rows) if shape[1] else 0)[: len(rows)]
    mask = rng.random(shape[:2]) < 0.5
    ways = [rows, np.s_[:, columns], mask, np.s_[..., ::-2], np.s_[rows[:, None], :1]]
    ways += [(rows, columns)] if len(rows) == len(columns) else []
    way = ways[int(rng.integers(len(ways)))]
    return lambda x: x[way], [shape]


@kind
def many_places(rng, shape):
    rows = rng.integers(-7, 7, 300) if rng.random() < 0.7 else rng.permutation(300) % 7
    return lambda x: (x[rows], x[:, :, rows % 3]), [(7, *grown(shape, 1)[:1], 3)]


@kind
def along(rng, shape):
    shape = grown(shape, 1)
    axis = some_axis(rng, shape)
    n = shape[axis]
    indices = rng.integers(-n, n, replaced(shape, axis, 2)) if n else np.zeros(shape, int)
    return lambda x: np.take_along_axis(x, indices, axis), [shape]


# Building


@kind
def linspace(rng, shape):
    num, endpoint = int(rng.integers(0, 5)), bool(rng.integers(2))
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    return lambda a, b: np.linspace(a, b, num, endpoint, axis=axis), [shape, shape[-1:]]


@kind
def logspace(rng, shape):
    num, axis = int(rng.integers(0, 5)), int(rng.integers(-len(shape) - 1, len(shape) + 1))
    return lambda a, b: np.logspace(a, b, num, axis=axis, base=3.0), [shape, shape]


@kind
def geomspace(rng, shape):
    num, axis = int(rng.integers(0, 5)), int(rng.integers(-len(shape) - 1, len(shape) + 1))
    return lambda a, b: np.geomspace(np.exp(a), np.exp(b), num, axis=axis), [shape, shape]


@kind
def vander(rng, shape):
    columns, increasing = int(rng.integers(0, 5)), bool(rng.integers(2))
    return lambda x: np.vander(x, columns, increasing), [grown(shape, 1)[:1]]


# What is claimed of each


def made(name, seed, shape, layout="as made", dtype=np.float64):
    rng = np.random.default_rng(seed)
    f, sizes = KINDS[name](rng, shape)
    arrays = [np.asarray(rng.standard_normal(s), dtype) for s in sizes]
    return f, [LAYOUTS[layout](a) for a in arrays]


def hold(name, seed, shape, layout, dtype):
    """Hold values and dtypes against NumPy's, and derivatives against the oracles."""
    f, xs = made(name, seed, shape, layout, dtype)
    values = [Value(x) for x in xs]
    found, expected = f(*values), f(*xs)
    eps = float(np.finfo(dtype).eps)
    for a, b in zip(numbers(found), numbers(expected), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=99 * eps, atol=99 * eps)
    if dtype is np.float32:
        total = sum(np.sum(y) for y in (found if isinstance(found, list | tuple) else [found]))
        total.backward()
        for v in values:
            assert v.grad is None or (v.grad.shape, v.grad.dtype) == (v.shape, v.dtype)
        return
    check_first(f, f, xs, seed)
    if seed % 4 == 0:
        check_second(f, xs, seed)


@FEW
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 999),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.sampled_from(sorted(LAYOUTS)),
    st.sampled_from([np.float32, np.float64]),
)
def test_values_are_numpys_and_derivatives_agree_with_the_oracle(name, seed, shape, lay, dtype):
    hold(name, seed, shape, lay, dtype)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_holds_where_arrays_have_entries_and_where_they_have_none(name):
    for seed in range(4):
        for shape in ((), (3,), (2, 3), (0, 2), (2, 0, 1)):
            hold(name, seed, shape, "as made", np.float64)


def spoilt(entry):
    """Give what is known of a function, each of its rules being one percent off."""

    def off(rule):
        return rule and (lambda *args, **options: 1.01 * rule(*args, **options))

    twin = Known(entry.fn, "differentiable", entry.rules, variadic=entry.variadic)
    twin.computed_by(entry.forward)
    twin.wanted, twin.rules = entry.wanted, tuple(map(off, entry.rules))
    twin.plain_rules = entry.plain_rules and twin.rules
    return twin


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_objects_to_wrong_rules(name, monkeypatch):
    for fn, entry in list(registry.items()):
        if entry.word == "differentiable":
            monkeypatch.setitem(registry, fn, spoilt(entry))
    objected = 0
    for seed in range(1, 12):
        try:
            hold(name, seed, (2, 3), "as made", np.float64)
        except DisagreementError:
            objected += 1
    assert objected > 3
