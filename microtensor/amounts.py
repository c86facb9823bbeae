"""How are large and small amounts written? With three digits and the sign of a unit."""

from __future__ import annotations


def size_word(n: int) -> str:
    """Write a number of bytes.

    >>> size_word(136), size_word(13_600), size_word(2_500_000)
    ('136 B', '13.6 kB', '2.5 MB')
    """
    return f"{count_word(n)}B"


def count_word(n: int) -> str:
    """Write a large number in thousands, with three digits and the sign of the unit.

    >>> count_word(552), count_word(13_600), count_word(2_500_000)
    ('552 ', '13.6 k', '2.5 M')
    """
    x, units = float(n), iter(("", "k", "M", "G", "T", "P"))
    unit = next(units)
    while round(x, 1) >= 1000 and unit != "P":
        x, unit = x / 1000, next(units)
    text = f"{x:.3g}" if x < 1000 else f"{x:.0f}"
    return f"{text} {unit}"


def time_word(seconds: float) -> str:
    """Write how long something takes.

    >>> time_word(2e-7), time_word(0.00347), time_word(12.0), time_word(0.0)
    ('0.2 us', '3.47 ms', '12 s', '0 us')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if round(seconds / size, 2) >= 1:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
