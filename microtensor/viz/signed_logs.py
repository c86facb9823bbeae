"""How are numbers of all sizes spread? Histograms whose bins are powers of ten, with both signs.

The bins are fixed, so that histograms of different times can be compared and added, and take as
much memory whatever is counted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .briefly import moments

LOW, HIGH = -8, 4  # powers of ten; what is smaller or larger counts to the last bin


class Histogram(NamedTuple):
    """What was seen of an array at one step.

    Attributes
    ----------
    step : int
    counts : (bins,) ndarray of int
        From large negative numbers over small ones to large positive ones.
    zeros, not_finite : int
        How many entries were exactly 0, and how many nan or infinite; no bin counts these.
    mean, std : float
        Of all entries that are finite.
    """

    step: int
    counts: np.ndarray
    zeros: int
    not_finite: int
    mean: float
    std: float


def edges(bins: int) -> np.ndarray:
    """Give the borders of the bins: bins + 1 numbers, 0 in the middle.

    >>> edges(4).tolist()
    [-10000.0, -0.01, 0.0, 0.01, 10000.0]
    """
    powers = 10.0 ** np.linspace(LOW, HIGH, bins // 2 + 1)[1:]
    return np.concatenate([-powers[::-1], [0.0], powers])


def counted(x: Any, step: int, bins: int) -> Histogram:
    """Count the entries of an array.

    >>> counted([0.0, 5.0, 0.002, -3.0, float("nan")], step=1, bins=4).counts.tolist()
    [1, 0, 1, 1]
    """
    entries = np.asarray(x, dtype=float).ravel()
    finite = entries[np.isfinite(entries)]
    full = finite[finite != 0]
    half = bins // 2
    with np.errstate(all="ignore"):  # the smallest numbers have an infinite logarithm
        powers = (np.log10(np.abs(full)) - LOW) * (half / (HIGH - LOW))
    places = np.clip(np.floor(powers), 0, half - 1).astype(int)
    places = np.where(full > 0, half + places, half - 1 - places)
    mean, std = moments(finite)
    return Histogram(
        step, np.bincount(places, minlength=bins), finite.size - full.size,
        entries.size - finite.size, mean, std,
    )  # fmt: skip
