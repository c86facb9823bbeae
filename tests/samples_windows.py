"""Samples of windows, convolutions and pooling."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from draws import Case, Row, case, distinct, normal

from microtensor.ops import convolutions, pooling, trilinear, windowed, windows
from microtensor.ops.windows import Geometry

view = np.lib.stride_tricks.sliding_window_view

# The definitions, entry by entry


def _each(option: Any, axes: int) -> tuple[int, ...]:
    return tuple(option) if np.ndim(option) else (option,) * axes


def _seen(geometry: Geometry) -> Iterator[tuple[tuple, tuple, tuple]]:
    """Give each window, each of its taps, and the entry that it sees there, if there is one."""
    inputs, kernel, outputs, stride, padding, dilation = geometry
    for o in np.ndindex(*outputs):
        for k in np.ndindex(*kernel):
            i = tuple(
                a * s + b * d - p
                for a, s, b, d, p in zip(o, stride, k, dilation, padding, strict=True)
            )
            if all(0 <= place < n for place, n in zip(i, inputs, strict=True)):
                yield o, k, i


def _terms(geometry: Geometry, n: int, o: int, c: int, groups: int) -> Iterator[tuple]:
    """Give the indices of x, w and g of each term of the form that convolution is."""
    for place, k, i in _seen(geometry):
        for image, out, channel in np.ndindex(n, o, c // groups):
            first = out // (o // groups) * (c // groups)
            yield (image, first + channel, *i), (out, channel, *k), (image, out, *place)


def _by_terms(which: int, a: Any, b: Any, geometry: Geometry, groups: int) -> Any:
    """Derive the form by one of x, w and g: sum the products of the other two."""
    shapes = [a.shape, b.shape]
    n = shapes[0][0]
    o = b.shape[1] if which == 1 else b.shape[0]
    c = a.shape[1] if which != 0 else b.shape[1] * groups
    shape = [
        (n, c, *geometry.inputs), (o, c // groups, *geometry.kernel), (n, o, *geometry.outputs)
    ][which]  # fmt: skip
    out = np.zeros(shape, np.result_type(a, b))
    for indices in _terms(geometry, n, o, c, groups):
        mine = indices[which]
        at_a, at_b = (i for position, i in enumerate(indices) if position != which)
        at_a, at_b = (at_b, at_a) if which == 0 else (at_a, at_b)
        out[mine] += a[at_a] * b[at_b]
    return out


def _convolution(x: Any, weight: Any, bias: Any = None, *, geometry: Geometry, groups: int) -> Any:
    y = _by_terms(2, x, weight, geometry, groups)
    return y if bias is None else y + np.reshape(bias, (-1, *(1,) * len(geometry.inputs)))


def _transposed(g: Any, weight: Any, *, geometry: Geometry, groups: int) -> Any:
    return _by_terms(0, g, weight, geometry, groups)


def _correlation(x: Any, g: Any, *, geometry: Geometry, groups: int) -> Any:
    return _by_terms(1, x, g, geometry, groups)


def _conv(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    axes = weight.ndim - 2
    if x.ndim == axes + 1:
        return _conv(x[None], weight, bias, stride, padding, dilation, groups)[0]
    stride, dilation, kernel = _each(stride, axes), _each(dilation, axes), weight.shape[2:]
    reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if padding == "same":
        pairs = [(r // 2, r - r // 2) for r in reach]
    else:
        pairs = [(p, p) for p in _each(0 if padding == "valid" else padding, axes)]
    x = np.pad(x, [(0, 0), (0, 0), *pairs])
    outputs = tuple(
        (n - r - 1) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)
    )
    geometry = Geometry(x.shape[2:], kernel, outputs, stride, (0,) * axes, dilation)
    return _convolution(x, weight, bias, geometry=geometry, groups=groups)


def _conv_transpose(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    axes = weight.ndim - 2
    if x.ndim == axes + 1:
        return _conv_transpose(
            x[None], weight, bias, stride, padding, output_padding, groups, dilation
        )[0]
    stride, dilation, kernel = _each(stride, axes), _each(dilation, axes), weight.shape[2:]
    extra = _each(output_padding, axes)
    sizes = tuple(
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(x.shape[2:], stride, dilation, kernel, extra, strict=True)
    )
    geometry = Geometry(sizes, kernel, x.shape[2:], stride, (0,) * axes, dilation)
    y = _transposed(x, weight, geometry=geometry, groups=groups)
    cut = [slice(p, n - p) for p, n in zip(_each(padding, axes), sizes, strict=True)]
    y = y[(..., *cut)]
    return y if bias is None else y + np.reshape(bias, (-1, *(1,) * axes))


def _windows(x: Any, geometry: Geometry) -> dict[tuple, list]:
    """List what each window sees, as (N, C) arrays, with where it sees it."""
    lists: dict[tuple, list] = {}
    for o, _, i in _seen(geometry):
        lists.setdefault(o, []).append((x[(slice(None), slice(None), *i)], i))
    return lists


def _largest(v: Any, x: Any, geometry: Geometry) -> Any:
    """Take from v where a window over x has its first largest entry."""
    y = np.zeros((*x.shape[:2], *geometry.outputs), v.dtype)
    for o, seen in _windows(x, geometry).items():
        first = np.argmax([np.real(entry) for entry, _ in seen], axis=0)
        for n, c in np.ndindex(*x.shape[:2]):
            y[(n, c, *o)] = v[(n, c, *seen[first[n, c]][1])]
    return y


def _put(g: Any, x: Any, y: Any, *, geometry: Geometry) -> Any:
    numbers = np.arange(x.size).reshape(x.shape)
    out = np.zeros(x.size, g.dtype)
    np.add.at(out, _largest(numbers, x, geometry).ravel(), g.ravel())
    return out.reshape(x.shape)


def _spread(g: Any, *, geometry: Geometry) -> Any:
    out = np.zeros((*g.shape[:2], *geometry.inputs), g.dtype)
    for o, _, i in _seen(geometry):
        out[(slice(None), slice(None), *i)] += g[(slice(None), slice(None), *o)]
    return out


def _sum(x: Any, *, geometry: Geometry) -> Any:
    y = np.zeros((*x.shape[:2], *geometry.outputs), x.dtype)
    for o, _, i in _seen(geometry):
        y[(slice(None), slice(None), *o)] += x[(slice(None), slice(None), *i)]
    return y


def _pool_geometry(
    x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> Geometry:
    axes = x.ndim - 2
    kernel, padding, dilation = _each(kernel, axes), _each(padding, axes), _each(dilation, axes)
    stride = kernel if stride is None else _each(stride, axes)
    outputs = []
    for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True):
        starts = [o for o in range(n + 2 * p) if o * s < n + p]
        if not ceil:
            starts = [o for o in starts if o * s + d * (k - 1) < n + 2 * p]
        else:  # up to the first that reaches to the end
            starts = [o for o in starts if o == 0 or (o - 1) * s + d * (k - 1) + 1 < n + 2 * p]
        outputs.append(len(starts))
    return Geometry(x.shape[2:], kernel, tuple(outputs), stride, padding, dilation)


def _max_pool(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:  # fmt: skip
    geometry = _pool_geometry(x, kernel_size, stride, padding, dilation, ceil_mode)
    return _largest(x, x, geometry)


def _avg_pool(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> Any:  # fmt: skip
    geometry = _pool_geometry(x, kernel_size, stride, padding, 1, ceil_mode)
    ones = np.ones_like(x)
    if count_include_pad:  # the zeros are entries
        pairs = [(p, p) for p in geometry.padding]
        ones = np.pad(ones, [(0, 0), (0, 0), *pairs], constant_values=1)
        sizes, zeros = ones.shape[2:], (0,) * len(pairs)
        number = _sum(ones, geometry=geometry._replace(inputs=sizes, padding=zeros))
    else:
        number = _sum(ones, geometry=geometry)
    return _sum(x, geometry=geometry) / (divisor_override or number)


def _adaptive(reduce: Any) -> Any:
    def pool(x: Any, output_size: Any) -> Any:
        sizes = [s or n for s, n in zip(_each(output_size, x.ndim - 2), x.shape[2:], strict=True)]
        y = np.zeros((*x.shape[:2], *sizes), x.dtype)
        for o in np.ndindex(*sizes):
            part = tuple(
                slice(int(np.floor(i * n / s)), int(np.ceil((i + 1) * n / s)))
                for i, n, s in zip(o, x.shape[2:], sizes, strict=True)
            )
            y[(..., *o)] = reduce(x[(..., *part)].reshape(*x.shape[:2], -1))
        return y

    return pool


def _first_largest(entries: Any) -> Any:
    first = np.argmax(np.real(entries), axis=-1)[..., None]
    return np.take_along_axis(entries, first, axis=-1)[..., 0]


def _unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    if x.ndim == 3:
        return _unfold(x[None], kernel_size, dilation, padding, stride)[0]
    geometry = _pool_geometry(x, kernel_size, stride, padding, dilation, False)
    y = np.zeros((*x.shape[:2], *geometry.kernel, *geometry.outputs), x.dtype)
    for o, k, i in _seen(geometry):
        y[(slice(None), slice(None), *k, *o)] = x[(slice(None), slice(None), *i)]
    rows, places = x.shape[1] * np.prod(geometry.kernel), np.prod(geometry.outputs)
    return y.reshape(len(x), rows, places)


def _fold(
    x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    if x.ndim == 2:
        return _fold(x[None], output_size, kernel_size, dilation, padding, stride)[0]
    image = np.zeros((1, 1, *output_size))
    geometry = _pool_geometry(image, kernel_size, stride, padding, dilation, False)
    channels = x.shape[1] // np.prod(geometry.kernel)
    columns = x.reshape(len(x), channels, *geometry.kernel, *geometry.outputs)
    out = np.zeros((*columns.shape[:2], *output_size), x.dtype)
    for o, k, i in _seen(geometry):
        out[(slice(None), slice(None), *i)] += columns[(slice(None), slice(None), *k, *o)]
    return out


def _add_windows(w: Any, window_shape: Any, axis: Any, shape: Any) -> Any:
    places = view(np.arange(int(np.prod(shape))).reshape(shape), window_shape, axis)
    out = np.zeros(int(np.prod(shape)), w.dtype)
    np.add.at(out, places.ravel(), w.ravel())
    return out.reshape(shape)


# Samples

VIEWS: list[tuple] = [
    ((5,), 2, None), ((5,), (5,), 0), ((5,), 1, -1), ((4, 5), (2, 3), None), ((4, 5), 3, 1),
    ((4, 5), (3,), (-2,)), ((4, 5), (2, 2), (1, 0)), ((2, 6), (2, 3), (1, 1)), ((0, 4), 2, 1),
    ((2, 3, 4), (2, 2), (0, -1)),
]  # fmt: skip


def _read(shape: tuple, window: Any, axis: Any) -> tuple[int, ...]:
    return view(np.empty(shape), window, axis).shape


PAIR = (2, 2)
LAID = [  # inputs, kernel, outputs, stride, padding, dilation
    Geometry((4,), (2,), (3,), (1,), (0,), (1,)),
    Geometry((5,), (2,), (3,), (2,), (1,), (2,)),
    Geometry((3, 4), (2, 2), (2, 3), (1, 1), (0, 0), (1, 1)),
    Geometry((4, 3), (3, 1), (3, 2), (2, 2), (2, 0), (1, 1)),
    Geometry((5, 4), (2, 3), (2, 2), (2, 1), (0, 1), (1, 2)),
    Geometry((2, 3, 2), (2, 2, 1), (1, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1)),
]


def _of_form(which: int) -> list[Case]:
    """Two arrays of the form, for each geometry and some groups."""
    cases = []
    for laid, groups in [*itertools.product(LAID, (1,)), (LAID[2], 2), (LAID[4], 4)]:
        n, c, o = 2, 4 if groups > 1 else 2, 4 if groups > 1 else 3
        x, w, g = (n, c, *laid.inputs), (o, c // groups, *laid.kernel), (n, o, *laid.outputs)
        a, b = [(g, w), (x, g), (x, w)][which]
        cases.append(case(normal(*a), normal(*b), geometry=laid, groups=groups))
    return cases


def _with_ties(laid: Geometry, seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 2, (2, 2, *laid.inputs)).astype(float)


def _maxima(put: bool) -> list[Case]:
    cases = []
    for seed, laid in enumerate(LAID):
        x = _with_ties(laid, seed)
        sizes = laid.outputs if put else laid.inputs
        cases.append(case(normal(2, 2, *sizes), x, _largest(x, x, laid), geometry=laid))
    return cases


WINDOWS: list[Row] = [
    Row(view, [case(normal(*shape), window, axis) for shape, window, axis in VIEWS],
        case(normal(3, 4), window_shape=2, axis=1)),
    Row(windows.add_windows,
        [case(normal(*_read(*v)), window_shape=v[1], axis=v[2], shape=v[0]) for v in VIEWS],
        value=_add_windows),
    Row(windows.unfold, case(normal(2, 2, 3, 4), PAIR), case(normal(2, 3, 3), 2),
        case(normal(1, 2, 5, 4), (3, 2), 1, (1, 0), 2), case(normal(2, 1, 4, 5), PAIR, dilation=2),
        case(normal(0, 1, 3, 3), 2), value=_unfold, through=(windows.unfold_places,)),
    Row(windows.fold, case(normal(2, 8, 6), (3, 4), PAIR), case(normal(4, 4), (3, 3), 2),
        case(normal(1, 6, 9), (5, 4), (3, 2), 1, (1, 0), (2, 1)),
        case(normal(0, 4, 2), (2, 3), 2), value=_fold, through=(windows.fold_places,)),
    Row(trilinear.convolution, _of_form(2),
        case(normal(2, 2, 3, 4), normal(3, 2, 2, 2), normal(3), geometry=LAID[2], groups=1),
        value=_convolution),
    Row(trilinear.transposed_convolution, _of_form(0), value=_transposed),
    Row(trilinear.weight_correlation, _of_form(1), value=_correlation),
    Row(convolutions.conv1d, case(normal(2, 2, 4), normal(3, 2, 2), normal(3)),
        case(normal(2, 5), normal(3, 2, 3)),
        case(normal(2, 2, 6), normal(2, 1, 2), None, 2, (1,), 2, 2), value=_conv),
    Row(convolutions.conv2d, case(normal(2, 2, 3, 4), normal(3, 2, 2, 2), normal(3)),
        case(normal(2, 3, 3), normal(1, 2, 2, 3)), case(normal(2, 2, 3, 3), normal(3, 2, 1, 1)),
        case(normal(2, 2, 4, 3), normal(2, 2, 2, 2), normal(2), padding="same"),
        case(normal(1, 2, 4, 4), normal(2, 2, 2, 2), padding="valid", stride=(2, 1)),
        case(normal(1, 4, 4, 4), normal(4, 1, 2, 2), normal(4), stride=2, padding=(1, 0), groups=4),
        case(normal(1, 4, 5, 4), normal(2, 2, 2, 2), dilation=(2, 1), groups=2),
        case(normal(0, 2, 3, 3), normal(3, 2, 2, 2), normal(3)), value=_conv),
    Row(convolutions.conv3d, case(normal(2, 1, 2, 3, 3), normal(2, 1, 2, 2, 2), normal(2)),
        case(normal(2, 2, 2, 2), normal(2, 2, 1, 2, 2), padding=(0, 1, 0)), value=_conv),
    Row(convolutions.conv_transpose1d, case(normal(2, 3, 3), normal(3, 2, 2), normal(2)),
        case(normal(2, 3), normal(2, 2, 3), None, 2, 1, 1, 1, 2), value=_conv_transpose),
    Row(convolutions.conv_transpose2d, case(normal(2, 3, 2, 3), normal(3, 2, 2, 2), normal(2)),
        case(normal(2, 2, 2), normal(2, 2, 2, 3), stride=(2, 1), padding=(1, 0)),
        case(normal(1, 4, 2, 2), normal(4, 1, 2, 2), normal(2), stride=2, output_padding=1,
             groups=2), value=_conv_transpose),
    Row(convolutions.conv_transpose3d,
        case(normal(1, 2, 2, 2, 2), normal(2, 1, 2, 1, 2), normal(1), stride=(1, 2, 1)),
        value=_conv_transpose),
    Row(pooling.max_pool1d, case(distinct(2, 2, 5), 2), case(distinct(2, 2, 5), 3, 1, 1, 2, True),
        value=_max_pool, through=(windowed.max_pool,)),
    Row(pooling.max_pool2d, case(distinct(2, 2, 4, 5), 2), case(distinct(2, 1, 5, 4), (3, 2), 1),
        case(distinct(1, 2, 5, 5), 3, 2, 1), case(distinct(1, 2, 5, 5), 2, dilation=2),
        case(distinct(1, 2, 4, 5), 2, stride=(2, 3), ceil_mode=True), case(distinct(0, 2, 2, 2), 2),
        value=_max_pool),
    Row(pooling.max_pool3d, case(distinct(1, 2, 2, 3, 4), 2, 1), value=_max_pool),
    Row(lambda x, *options: pooling.max_pool2d(x, *options, return_indices=True)[0],
        case(distinct(2, 3, 3), 2, 1), name="max_pool2d(...)[0]",
        value=lambda x, *options: _max_pool(x[None], *options)[0]),
    Row(windowed.put_at_maxima, _maxima(put=True), value=_put),
    Row(windowed.take_at_maxima, _maxima(put=False),
        value=lambda v, x, y, geometry: _largest(v, x, geometry)),
    Row(pooling.avg_pool1d, case(normal(2, 2, 5), 2), case(normal(2, 2, 5), 3, 2, 1, True),
        case(normal(2, 2, 5), 2, padding=1, count_include_pad=False), value=_avg_pool,
        through=(windowed.sum_windows,)),
    Row(pooling.avg_pool2d, case(normal(2, 2, 4, 5), 2), case(normal(2, 1, 5, 4), (3, 2), 1),
        case(normal(1, 2, 5, 5), 3, 2, 1), case(normal(1, 2, 5, 5), 3, 2, 1, True, False),
        case(normal(1, 2, 4, 5), 2, stride=(2, 3), ceil_mode=True),
        case(normal(1, 2, 4, 4), 2, divisor_override=3), value=_avg_pool),
    Row(pooling.avg_pool3d, case(normal(1, 2, 2, 3, 4), 2, 1), value=_avg_pool),
    Row(windowed.spread_windows, [case(normal(2, 2, *g.outputs), geometry=g) for g in LAID],
        value=_spread),
    Row(pooling.adaptive_avg_pool1d, case(normal(2, 2, 5), 2), case(normal(2, 2, 5), 1),
        value=_adaptive(lambda part: part.mean(-1))),
    Row(pooling.adaptive_avg_pool2d, case(normal(2, 2, 5, 4), 3), case(normal(2, 2, 4, 4), (2, 1)),
        case(normal(2, 2, 3, 4), (None, 6)), value=_adaptive(lambda part: part.mean(-1))),
    Row(pooling.adaptive_max_pool1d, case(distinct(2, 2, 5), 2), case(distinct(2, 2, 4), 2),
        value=_adaptive(_first_largest)),
    Row(pooling.adaptive_max_pool2d, case(distinct(2, 2, 5, 4), 3),
        case(distinct(2, 2, 4, 4), (2, 1)), case(distinct(1, 2, 3, 4), (None, 6)),
        value=_adaptive(_first_largest)),
]  # fmt: skip
