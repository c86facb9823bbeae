"""PyTorch's operators that sum up, order, accumulate and count, in our words."""

from __future__ import annotations

import numpy as np

import microtensor as mt


def axes(x, dim):
    """Give NumPy's axis for PyTorch's dim: a number has dimension 0, and () means all."""
    return None if np.ndim(x) == 0 or dim == () else dim


def axis_of(x, dim):
    """Give a number one axis, as PyTorch sees it, and an axis to work along."""
    return (np.reshape(x, (1,)), 0) if np.ndim(x) == 0 else (x, dim)


def reduced(fn):
    def spelled(x, dim=None, keepdim=False, **options):
        return fn(x, axis=axes(x, dim), keepdims=keepdim, **options)

    return spelled


def spread(fn):
    """Spell the variance and its root, whose degrees of freedom have had two names."""

    def spelled(x, dim=None, unbiased=None, keepdim=False, correction=1):
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if unbiased is not None:
            correction = int(unbiased)
        ddof = 1 if correction is None else correction
        return fn(x, axis=axes(x, dim), keepdims=keepdim, ddof=ddof)

    return spelled


def with_mean(fn):
    def spelled(x, dim=None, unbiased=None, keepdim=False, correction=1):
        mean = reduced(np.mean)(x, None if isinstance(dim, bool) else dim, keepdim)
        return spread(fn)(x, dim, unbiased, keepdim, correction), mean

    return spelled


def extreme(best, place):
    """Spell max and min: of two arrays, of all entries, or with their places along a dim."""

    def spelled(x, dim=None, keepdim=False):
        if dim is None:
            return best(x)
        if not isinstance(dim, int):
            return {np.max: np.maximum, np.min: np.minimum}[best](x, dim)
        return reduced(best)(x, dim, keepdim), reduced(place)(x, dim, keepdim)

    return spelled


def aminmax(x, dim=None, keepdim=False):
    return reduced(np.min)(x, dim, keepdim), reduced(np.max)(x, dim, keepdim)


def counted(x, dim=None):
    return np.count_nonzero(x, axis=axes(x, dim))


def sort(x, dim=-1, descending=False, stable=False):
    order = argsort(x, dim, descending, stable)
    if np.ndim(x) == 0:
        return x, order
    values = np.sort(x, axis=dim, kind="stable")
    return (np.flip(values, dim) if descending else values), order


def argsort(x, dim=-1, descending=False, stable=False):
    if np.ndim(x) == 0:
        return np.argsort(np.reshape(x, (1,)))[0]
    return np.argsort(-x if descending else x, axis=dim, kind="stable")


def ranked(x, k, dim=-1, keepdim=False):
    """Give the k-th smallest along a dim, and its place."""
    row, axis = axis_of(x, dim)
    place = np.take(np.argsort(row, axis), [k - 1], axis)
    value = np.take_along_axis(row, place, axis)
    if np.ndim(x) == 0:
        return value[0], place[0]
    return (value, place) if keepdim else (np.squeeze(value, axis), np.squeeze(place, axis))


def median(x, dim=None, keepdim=False):
    """Give the lower of two middle entries, as PyTorch does."""
    if dim is None:
        return np.sort(np.ravel(x))[(np.size(x) - 1) // 2]
    n = 1 if np.ndim(x) == 0 else x.shape[dim]
    return ranked(x, (n + 1) // 2, dim, keepdim)


def nanmedian(x, dim=None, keepdim=False):
    """Do as `median` with the entries that are no nan, which sorting puts last."""
    if dim is None:
        return np.sort(np.ravel(x))[np.maximum(np.sum(~np.isnan(x)) - 1, 0) // 2]
    row, axis = axis_of(x, dim)
    order = np.argsort(row, axis)
    count = np.sum(~np.isnan(row), axis=axis, keepdims=True)
    place = np.take_along_axis(order, np.maximum(count - 1, 0) // 2, axis)
    value = np.take_along_axis(row, place, axis)
    if np.ndim(x) == 0:
        return value[0], place[0]
    return (value, place) if keepdim else (np.squeeze(value, axis), np.squeeze(place, axis))


def topk(x, k, dim=-1, largest=True, sorted=True):
    row, axis = axis_of(x, dim)
    places = np.take(np.argsort(-row if largest else row, axis), range(k), axis)
    values = np.take_along_axis(row, places, axis)
    return (values[0], places[0]) if np.ndim(x) == 0 else (values, places)


def quantile(fn):
    def spelled(x, q, dim=None, keepdim=False, interpolation="linear"):
        return fn(x, q, axis=axes(x, dim), keepdims=keepdim, method=interpolation)

    return spelled


def accumulated(fn):
    def spelled(x, dim, dtype=None):
        row, axis = axis_of(x, dim)
        return np.reshape(fn(row, axis), np.shape(x))

    return spelled


def best_so_far(fn, better):
    """Spell cummax and cummin with the place of the best so far."""

    def spelled(x, dim):
        row, axis = axis_of(x, dim)
        best = fn.accumulate(row, axis)
        shape = [-1 if a == axis % row.ndim else 1 for a in range(row.ndim)]
        places = np.maximum.accumulate(
            np.where(better(row, best), np.arange(row.shape[axis]).reshape(shape), 0), axis
        )
        return (best[0], places[0]) if np.ndim(x) == 0 else (best, places)

    return spelled


def gradient(x, spacing=None, dim=None, edge_order=1):
    steps = [1.0] if spacing is None else spacing if isinstance(spacing, list) else [spacing]
    found = np.gradient(x, *steps, axis=dim, edge_order=edge_order)
    return found if isinstance(found, list | tuple) else [found]


def trapezoid(y, x=None, dim=-1, dx=1.0):
    return np.trapezoid(y, x, dx=dx, axis=dim)


def cumulative_trapezoid(y, x=None, dim=-1, dx=1.0):
    step = dx if x is None else np.diff(x, axis=dim)
    last = np.moveaxis(y, dim, -1)
    pairs = np.moveaxis((last[..., 1:] + last[..., :-1]) / 2, -1, dim)
    return np.cumsum(step * pairs, axis=dim)


def cov(x, correction=1, fweights=None, aweights=None):
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def searchsorted(edges, x, out_int32=False, right=False, side=None, sorter=None):
    """Find each number's place; where the edges have many rows, count those before it."""
    side = side or ("right" if right else "left")
    if np.ndim(edges) == 1:
        places = np.searchsorted(edges, x, side, sorter)
    else:
        edges = edges if sorter is None else np.take_along_axis(edges, sorter, -1)
        before = np.less_equal if side == "right" else np.less
        places = np.sum(before(edges[..., None, :], x[..., None]), axis=-1)
    return places.astype(np.int32) if out_int32 else places


def bucketize(x, edges, out_int32=False, right=False):
    return searchsorted(edges, x, out_int32, right)


def cdist(a, b, p=2.0, compute_mode=None):
    return np.linalg.vector_norm(a[..., :, None, :] - b[..., None, :, :], ord=p, axis=-1)


def pdist(x, p=2.0):
    rows, others = np.triu_indices(len(x), 1)
    return np.linalg.vector_norm(x[rows] - x[others], ord=p, axis=-1)


def unique(x, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """NumPy's is always sorted."""
    return np.unique(x, False, return_inverse, return_counts, dim)


SPELLINGS = {
    "unique": unique,
    "sum": reduced(np.sum),
    "nansum": reduced(np.nansum),
    "mean": reduced(np.mean),
    "nanmean": reduced(np.nanmean),
    "prod": reduced(np.prod),
    "amax": reduced(np.max),
    "amin": reduced(np.min),
    "aminmax": aminmax,
    "max": extreme(np.max, np.argmax),
    "min": extreme(np.min, np.argmin),
    "argmax": reduced(np.argmax),
    "argmin": reduced(np.argmin),
    "all": reduced(np.all),
    "any": reduced(np.any),
    "count_nonzero": counted,
    "var": spread(np.var),
    "std": spread(np.std),
    "var_mean": with_mean(np.var),
    "std_mean": with_mean(np.std),
    "logsumexp": lambda x, dim, keepdim=False: mt.logsumexp(x, axes(x, dim), keepdims=keepdim),
    "cov": cov,
    "corrcoef": np.corrcoef,
    "sort": sort,
    "argsort": argsort,
    "msort": lambda x: np.sort(x, axis=0),
    "kthvalue": ranked,
    "median": median,
    "nanmedian": nanmedian,
    "topk": topk,
    "quantile": quantile(np.quantile),
    "nanquantile": quantile(np.nanquantile),
    "cumsum": accumulated(np.cumsum),
    "cumprod": accumulated(np.cumprod),
    "logcumsumexp": accumulated(np.logaddexp.accumulate),
    "cummax": best_so_far(np.maximum, np.greater_equal),
    "cummin": best_so_far(np.minimum, np.less_equal),
    "diff": lambda x, n=1, dim=-1, prepend=None, append=None: np.diff(
        x, n, dim, **{k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    ),
    "gradient": gradient,
    "trapz": trapezoid,
    "trapezoid": trapezoid,
    "cumulative_trapezoid": cumulative_trapezoid,
    "trace": np.trace,
    "cdist": cdist,
    "nn.functional.pdist": pdist,
    "searchsorted": searchsorted,
    "bucketize": bucketize,
    "nonzero": lambda x, as_tuple: np.nonzero(np.atleast_1d(x)) if as_tuple else np.argwhere(x),
    "argwhere": np.argwhere,
}
