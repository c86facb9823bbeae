"""PyTorch's masked operators, in our words: what is left out counts as the neutral element."""

from __future__ import annotations

import numpy as np
from spellings_linalg import vector_norm
from spellings_networks import normalize, softmax
from spellings_reductions import accumulated, nanmedian, reduced

import microtensor as mt


def kept(x, mask, neutral):
    return x if mask is None else np.where(mask, x, neutral)


def masked(fn, neutral):
    """Spell a reduction."""

    def spelled(x, dim=None, keepdim=False, mask=None):
        return reduced(fn)(kept(x, mask, neutral), dim, keepdim)

    return spelled


def place(fn, neutral):
    """Spell argmax and argmin, whose result PyTorch gives in the dtype of the input."""
    return lambda x, **options: masked(fn, neutral)(x, **options).astype(x.dtype)


def along(fn, neutral):
    """Spell a function along one dim."""
    return lambda x, dim, mask=None: fn(kept(x, mask, neutral), dim)


def mean(x, dim=None, keepdim=False, mask=None):
    mask = np.broadcast_to(True if mask is None else mask, np.shape(x))
    total = reduced(np.sum)(np.where(mask, x, 0.0), dim, keepdim)
    return total / reduced(np.sum)(mask, dim, keepdim)


def var(x, dim=None, unbiased=None, correction=None, keepdim=False, mask=None):
    mask = np.broadcast_to(True if mask is None else mask, np.shape(x))
    ddof = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    squares = np.where(mask, np.square(x - mean(x, dim, True, mask)), 0.0)
    count = np.maximum(reduced(np.sum)(mask, dim, keepdim) - ddof, 0)
    return reduced(np.sum)(squares, dim, keepdim) / count


def norm(x, ord, dim=None, keepdim=False, mask=None):
    return vector_norm(kept(x, mask, np.inf if ord == -np.inf else 0.0), ord, dim, keepdim)


def logaddexp(a, b, input_mask=None, other_mask=None):
    return np.logaddexp(kept(a, input_mask, -np.inf), kept(b, other_mask, -np.inf))


def median(x, dim, keepdim=False, mask=None):
    return nanmedian(kept(x, mask, np.nan), dim, keepdim)[0]


SPELLINGS = {
    "masked.median": median,
    "masked.sum": masked(np.sum, 0.0),
    "masked.prod": masked(np.prod, 1.0),
    "masked.amax": masked(np.max, -np.inf),
    "masked.amin": masked(np.min, np.inf),
    "masked.argmax": place(np.argmax, -np.inf),
    "masked.argmin": place(np.argmin, np.inf),
    "masked.logsumexp": masked(mt.logsumexp, -np.inf),
    "masked.mean": mean,
    "masked.var": var,
    "masked.std": lambda x, *args, **options: np.sqrt(var(x, *args, **options)),
    "masked.norm": norm,
    "masked.cumsum": along(accumulated(np.cumsum), 0.0),
    "masked.cumprod": along(accumulated(np.cumprod), 1.0),
    "masked.softmax": along(softmax(mt.softmax), -np.inf),
    "masked.log_softmax": along(softmax(mt.log_softmax), -np.inf),
    "masked.softmin": along(softmax(mt.softmin), np.inf),
    "masked.normalize": lambda x, ord, dim, mask=None: normalize(kept(x, mask, 0.0), ord, dim),
    "masked.logaddexp": logaddexp,
}
