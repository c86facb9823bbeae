"""Where does what is computed on the way lie? In one piece of memory, each part used in turn.

Two arrays may lie in the same place if one is read for the last time before the other is computed.
The large ones are laid first, each as low as those allow that are needed at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    offsets, total = [0] * len(spans), 0
    laid: list[int] = []
    for i in sorted(range(len(spans)), key=lambda i: -spans[i][0]):
        size, first, last = spans[i]
        size = -(-size // LINE) * LINE
        others = [j for j in laid if spans[j][1] <= last and first <= spans[j][2]]
        start = 0
        for j in sorted(others, key=lambda j: offsets[j]):
            if start + size <= offsets[j]:
                break
            start = max(start, offsets[j] + -(-spans[j][0] // LINE) * LINE)
        offsets[i] = start
        total = max(total, start + size)
        laid.append(i)
    return offsets, total
