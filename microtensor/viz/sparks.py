"""How are numbers spread? A histogram in one line of text, between the least and the largest."""

from __future__ import annotations

from typing import Any

import numpy as np

BARS = "▁▂▃▄▅▆▇█"
PLAIN = "_.:-=+*#"  # for terminals that have ASCII alone


def sparkline(x: Any, bins: int = 8) -> str:
    """Draw how numbers are spread, from the least to the largest, in that many characters.

    What is not finite is left out.

    Examples
    --------
    >>> import numpy as np
    >>> sparkline(np.random.default_rng(0).standard_normal(10_000), bins=11)
    '▂▂▂▄▇██▆▃▂▂'
    >>> sparkline([2.0, 2.0, 2.0], bins=4), sparkline([], bins=4)
    ('▁▁█▁', '    ')
    """
    entries = np.asarray(x, dtype=float).ravel()
    entries = entries[np.isfinite(entries)]
    if not entries.size:
        return " " * bins
    low, high = float(entries.min()), float(entries.max())
    if not np.isfinite(high - low) or low + (high - low) / (2 * bins) in (low, high):
        counts = np.zeros(bins, dtype=int)  # all alike, as far as floats can tell
        counts[bins // 2] = entries.size
    else:
        counts, _ = np.histogram(entries, bins=bins, range=(low, high))
    return bars(counts)


def bars(heights: Any) -> str:
    """Draw heights of at least 0 as bars; the highest is full, and none but 0 looks like 0.

    >>> bars([0, 1, 50, 100])
    '▁▂▅█'
    """
    x = np.asarray(heights, dtype=float)
    top = x.max(initial=0.0)
    if not top:
        return BARS[0] * len(x)
    levels = np.ceil(x / top * (len(BARS) - 1)).astype(int)
    return "".join(BARS[level] for level in levels)
