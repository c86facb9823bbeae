"""What need not be looked for? Circles of garbage, while a picture makes objects and no circles.

Python looks through all objects again whenever there are a quarter more of them. A snapshot of a
large graph is hundreds of thousands of new ones, none of which can go: a third of its time was
spent on looking for some that could.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_waiting() -> Iterator[None]:
    """Let the collector of circles wait inside, and go on after, if it was at work before."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
