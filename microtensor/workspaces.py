"""Where does what is computed on the way lie? In one piece of memory, each part used in turn.

Two arrays may lie in the same place if one is read for the last time before the other is computed.
The large ones are laid first, each as low as those allow that are needed at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

LINE = 64  # bytes; arrays begin where a line of the processor's cache does


def laid_out(spans: Iterable[tuple[int, int, int]]) -> tuple[list[int], int]:
    """Give the offset of each array, and how many bytes they take in all.

    Parameters
    ----------
    spans : iterable of (int, int, int)
        For each array its bytes, and the first and the last moment at which it is needed.

    Examples
    --------
    >>> laid_out([(64, 0, 1), (64, 1, 2), (64, 2, 3)])
    ([0, 64, 0], 128)
    """
    spans = list(spans)
    size_of, begins, ends = np.array(spans, int).reshape(-1, 3).T
    size_of = -(-size_of // LINE) * LINE
    at = np.zeros(len(spans), int)
    is_laid = np.zeros(len(spans), bool)
    total = 0
    for i in np.argsort(-size_of, kind="stable"):
        others = np.flatnonzero(is_laid & (begins <= ends[i]) & (begins[i] <= ends))
        others = others[np.argsort(at[others], kind="stable")]
        # The room below each of them, above all that are lower.
        lower = np.maximum.accumulate(np.append(0, at[others] + size_of[others]))
        fits = np.flatnonzero(lower[:-1] + size_of[i] <= at[others])
        at[i] = lower[fits[0]] if len(fits) else lower[-1]
        is_laid[i] = True
        total = max(total, int(at[i] + size_of[i]))
    return at.tolist(), total
