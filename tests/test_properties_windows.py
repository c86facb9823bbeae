"""Of any shape, option, dtype and memory layout: windows, convolutions, pooling, activations.

Each family draws a call, with an independent way to compute it; the oracles of tests/oracles.py
hold its derivatives. Each family is then shown its rules one hundredth too large, and must object.
"""

from __future__ import annotations

import copy
import functools

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from oracles import DisagreementError, check_first, check_second
from samples_activations import RECTIFIERS, SMOOTH

from microtensor import Value, ops
from microtensor.ops import trilinear, windowed, windows
from microtensor.primitives import name_of, registry

view = np.lib.stride_tricks.sliding_window_view

LAYOUTS = {
    "C": lambda x: x,
    "Fortran": np.asfortranarray,
    "batch innermost": lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0),
    "backwards": lambda x: np.flip(np.flip(x).copy()),
    "between": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


class Drawn:
    """What a family draws its call from."""

    def __init__(self, data):
        self.data = data
        self.rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))

    def one_of(self, *choices):
        return self.data.draw(st.sampled_from(choices))

    def whole(self, low, high):
        return self.data.draw(st.integers(low, high))

    def each(self, axes, low, high):
        return tuple(self.whole(low, high) for _ in range(axes))

    def normal(self, *shape):
        return self.rng.standard_normal(shape)

    def distinct(self, *shape):
        return 0.3 * self.rng.permutation(int(np.prod(shape))).reshape(shape) - 1.0


def windows_of(x, kernel, stride, padding, dilation, fill=0.0):
    """Give (N, C, *outputs, *kernel) by NumPy's own windows."""
    axes = len(kernel)
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], constant_values=fill)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    seen = view(x, reach, tuple(range(2, 2 + axes)))
    steps = [slice(None, None, s) for s in (*stride, *dilation)]
    return seen[(slice(None), slice(None), *steps)]


def convolved(x, weight, bias, stride, padding, dilation, groups):
    axes = weight.ndim - 2
    seen = windows_of(x, weight.shape[2:], stride, padding, dilation)
    own = range(2 + axes, 2 + 2 * axes)
    parts = [
        np.tensordot(s, w, ((1, *own), tuple(range(1, 2 + axes))))
        for s, w in zip(np.split(seen, groups, 1), np.split(weight, groups), strict=True)
    ]
    return np.moveaxis(np.concatenate(parts, -1) + bias, -1, 1)


def fitting_sizes(d, kernel, padding, dilation):
    """Draw inputs in which at least one window lies."""
    least = [t * (k - 1) + 1 - 2 * p for k, p, t in zip(kernel, padding, dilation, strict=True)]
    return tuple(max(1, low) + d.whole(0, 3) for low in least)


# Each family gives a function, an independent way to compute it, and the arrays to call it on.


def views(d):
    shape = d.each(d.whole(1, 3), 0, 4)
    axes = d.data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), max_size=2))
    window, left = [], list(shape)
    for a in axes:  # an axis may come twice, and is shorter then
        window.append(d.whole(min(1, left[a]), left[a]))
        left[a] -= window[-1] - 1
        if window[-1] == 0:
            window[-1], left[a] = 1, 0
    if any(n == 0 for n in shape):
        axes, window = [], []
    form = (tuple(window), tuple(axes))
    if len(axes) == 1:
        form = d.one_of(form, (window[0], axes[0]))
    return lambda x: view(x, *form), lambda x: view(x, *form), [d.normal(*shape)]


def convolutions(d):
    axes, groups = d.one_of(1, 2, 2, 3), d.one_of(1, 1, 2, 3)
    kernel, stride, dilation = d.each(axes, 1, 3), d.each(axes, 1, 3), d.each(axes, 1, 2)
    padding = d.each(axes, 0, 2)
    inputs = fitting_sizes(d, kernel, padding, dilation)
    n, c, o = d.whole(0, 2), groups * d.whole(1, 2), groups * d.whole(1, 2)
    x, w, b = d.normal(n, c, *inputs), d.normal(o, c // groups, *kernel), d.normal(o)
    fn = (ops.conv1d, ops.conv2d, ops.conv3d)[axes - 1]
    form = (stride, padding, dilation, groups)
    return lambda x, w, b: fn(x, w, b, *form), lambda x, w, b: convolved(x, w, b, *form), [x, w, b]


def transposed(d):
    """The same as: put zeros between and around the entries, and convolve with what is turned."""
    axes, groups = d.one_of(1, 2), d.one_of(1, 1, 2)
    kernel, stride, dilation = d.each(axes, 1, 3), d.each(axes, 1, 3), d.each(axes, 1, 2)
    padding = tuple(d.whole(0, t * (k - 1) // 2) for t, k in zip(dilation, kernel, strict=True))
    extra = tuple(d.whole(0, max(s, t) - 1) for s, t in zip(stride, dilation, strict=True))
    inputs, n = d.each(axes, 1, 3), d.whole(0, 2)
    c, o = groups * d.whole(1, 2), d.whole(1, 2)
    arrays = [d.normal(n, c, *inputs), d.normal(c, o, *kernel), d.normal(o * groups)]

    def by_zeros(x, w, b):
        sizes = [(m - 1) * s + 1 + e for m, s, e in zip(inputs, stride, extra, strict=True)]
        spread = np.zeros((n, c, *sizes), np.result_type(x))
        apart = [slice(0, (m - 1) * s + 1, s) for m, s in zip(inputs, stride, strict=True)]
        spread[(..., *apart)] = x
        turned = np.flip(w, tuple(range(2, 2 + axes)))
        turned = np.concatenate([np.swapaxes(p, 0, 1) for p in np.split(turned, groups)])
        around = tuple(t * (k - 1) for t, k in zip(dilation, kernel, strict=True))
        full = convolved(spread, turned, b, (1,) * axes, around, dilation, groups)
        cut = [slice(p, m - p) for p, m in zip(padding, full.shape[2:], strict=True)]
        return full[(..., *cut)]

    fn = (ops.conv_transpose1d, ops.conv_transpose2d)[axes - 1]
    form = (stride, padding, extra, groups, dilation)
    return lambda x, w, b: fn(x, w, b, *form), by_zeros, arrays


def pooled(d):
    axes = d.one_of(1, 2, 3)
    kernel, stride, dilation = d.each(axes, 1, 3), d.each(axes, 1, 3), d.each(axes, 1, 2)
    padding = tuple(
        d.whole(0, (t * (k - 1) + 1) // 2) for t, k in zip(dilation, kernel, strict=True)
    )
    inputs = fitting_sizes(d, kernel, padding, dilation)
    return axes, inputs, kernel, stride, padding, dilation


def maxima(d):
    axes, inputs, *form = pooled(d)
    fn = (ops.max_pool1d, ops.max_pool2d, ops.max_pool3d)[axes - 1]

    def largest(x):
        seen = windows_of(x, *form, fill=-np.inf)
        seen = seen.reshape(*seen.shape[: 2 + axes], int(np.prod(form[0])))
        first = np.argmax(np.real(seen), -1)[..., None]
        return np.take_along_axis(seen, first, -1)[..., 0]

    x = d.distinct(d.whole(1, 2), d.whole(1, 2), *inputs)
    return lambda x: fn(x, *form), largest, [x]


def means(d):
    axes, inputs, *form = pooled(d)
    form[-1] = (1,) * axes
    kernel, stride, padding, _ = form
    inputs = tuple(max(n, k) for n, k in zip(inputs, kernel, strict=True))
    padding = form[2] = tuple(min(p, k // 2) for p, k in zip(padding, kernel, strict=True))
    counts = d.one_of(True, False)
    fn = (ops.avg_pool1d, ops.avg_pool2d, ops.avg_pool3d)[axes - 1]
    own = tuple(range(2 + axes, 2 + 2 * axes))

    def mean(x):
        ones = windows_of(np.ones(x.shape), *form, fill=float(counts))
        return windows_of(x, *form).sum(own) / ones.sum(own)

    x = d.normal(d.whole(0, 2), d.whole(1, 2), *inputs)
    return lambda x: fn(x, kernel, stride, padding, count_include_pad=counts), mean, [x]


def columns(d):
    kernel, stride, dilation = d.each(2, 1, 3), d.each(2, 1, 3), d.each(2, 1, 2)
    padding = d.each(2, 0, 2)
    inputs = fitting_sizes(d, kernel, padding, dilation)
    n, c = d.whole(1, 2), d.whole(1, 2)
    x = d.normal(n, c, *inputs)

    def lined_up(x):
        seen = np.moveaxis(windows_of(x, kernel, stride, padding, dilation), (4, 5), (2, 3))
        return seen.reshape(n, c * kernel[0] * kernel[1], -1)

    def turned(w):
        places = lined_up(np.arange(1, x.size + 1).reshape(x.shape))  # 0 is in the padding
        out = np.zeros(x.size + 1, w.dtype)
        np.add.at(out, places.ravel(), w.ravel())
        return out[1:].reshape(x.shape)

    form = (kernel, dilation, padding, stride)
    if d.one_of(True, False):
        return lambda x: ops.unfold(x, *form), lined_up, [x]
    return lambda w: ops.fold(w, inputs, *form), turned, [d.normal(*lined_up(x).shape)]


def entrywise(row):
    def family(d):
        case = d.one_of(*row.cases)
        shape = d.each(d.whole(0, 3), 0, 4)
        x = d.rng.integers(-4, 5, shape) + d.rng.choice([0.2, 0.7, -0.3], shape)
        how = (case.inputs[1:], case.options)
        return (
            lambda x: row.fn(x, *how[0], **how[1]),
            lambda x: row.value(x, *how[0], **how[1]),
            [x],
        )

    family.__name__ = row.name
    return family


def has_a_rule(fn):
    return fn in registry and registry[fn].word == "differentiable"


ROWS = [r for r in (*RECTIFIERS, *SMOOTH) if r.name not in ("prelu", "glu", "softmin")]
ENTRYWISE = {entrywise(row): [row.fn] * has_a_rule(row.fn) for row in ROWS}
FAMILIES = {
    views: [view],
    convolutions: [
        trilinear.convolution, trilinear.transposed_convolution, trilinear.weight_correlation
    ],
    transposed: [trilinear.transposed_convolution],
    maxima: [windowed.max_pool, windowed.put_at_maxima],
    means: [windowed.sum_windows, windowed.spread_windows],
    columns: [windows.unfold_places, windows.fold_places],
    **ENTRYWISE,
}  # fmt: skip


def holds(family, examples):
    """Hold a family's calls against the independent way, and the oracles."""

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    @given(st.data())
    def of_any_call(data):
        d = Drawn(data)
        f, reference, xs = family(d)
        lay = LAYOUTS[d.one_of(*LAYOUTS)]
        xs = [lay(x) if x.ndim else x[()] for x in xs]
        dtype = d.one_of(np.float64, np.float64, np.float32)
        light = [x.astype(dtype) for x in xs]
        expected = reference(*light)
        values = [Value(x) for x in light]
        for y in (f(*values).data, f(*light)):
            assert np.shape(y) == np.shape(expected)
            eps = 100 * np.finfo(dtype).eps * max(1.0, np.max(np.abs(expected), initial=0.0))
            np.testing.assert_allclose(y, expected, rtol=0, atol=eps)
        y = f(*values)
        slopes = y.requires_grad
        assert y.dtype == dtype
        if dtype == np.float32 and slopes:
            y.backward(np.ones(y.shape))
            assert all(np.asarray(v.grad).dtype == dtype for v in values)
        elif slopes:
            check_first(f, reference, xs)
            check_second(f, xs)

    of_any_call()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_values_and_derivatives_agree_with_an_independent_way(family):
    holds(family, examples=10 if family in ENTRYWISE else 25)


WRONG = [(family, fn) for family, fns in FAMILIES.items() for fn in fns]


@pytest.mark.parametrize(
    ("family", "fn"), WRONG, ids=[f"{family.__name__} {name_of(fn)}" for family, fn in WRONG]
)
def test_each_family_objects_to_a_wrong_rule(family, fn, monkeypatch):
    def wrong(rule):
        return rule and (lambda *args, **options: 1.01 * rule(*args, **options))

    twin = copy.copy(registry[fn])
    twin.rules = tuple(map(wrong, twin.rules))
    twin.plain_rules = twin.plain_rules and twin.rules
    monkeypatch.setitem(registry, fn, twin)
    with pytest.raises(DisagreementError):
        holds(family, examples=60)


VALUES = [(family, fns[0]) for family, fns in FAMILIES.items() if fns]


@pytest.mark.parametrize(("family", "fn"), VALUES, ids=[f.__name__ for f, _ in VALUES])
def test_each_family_objects_to_a_wrong_value(family, fn, monkeypatch):
    twin, right = copy.copy(registry[fn]), registry[fn].forward

    @functools.wraps(right)
    def wrong(*args, **options):
        return 1.01 * right(*args, **options)

    twin.forward = wrong
    monkeypatch.setitem(registry, fn, twin)
    with pytest.raises(AssertionError):
        holds(family, examples=20)
