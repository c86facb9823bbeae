"""How long may somebody's engine run? A number of lines, after which it is stopped.

Lines are counted and not seconds, so that the verdict is the same on every machine. A second limit,
of processor time, is there for work that happens inside of single lines, such as ``v in a_list``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SECONDS = 30.0  # of processor time: no engine needs as much for what is asked here


class StoppedError(BaseException):
    """The engine was stopped, having run for longer than allowed.

    It is no Exception, so that an engine's ``except Exception`` does not swallow it.
    """


@contextmanager
def at_most(steps: int, *, by_lines: bool = True, seconds: float = SECONDS) -> Iterator[None]:
    """Stop what runs inside after so many lines of Python, or calls with ``by_lines=False``.

    While it lasts, a debugger or a coverage tool sees nothing of what runs inside. Two loops
    cannot be stopped: one inside of a C function, and one that swallows every exception.
    """
    left, deadline = steps, time.process_time() + seconds

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or (left & 255 == 0 and time.process_time() > deadline):
            raise StoppedError
        return watch if by_lines else None

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)
