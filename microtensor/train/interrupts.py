"""What does Ctrl-C do? It asks training to end; the second time, it stops it at once."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """Notes the first Ctrl-C inside of a block, and raises KeyboardInterrupt at the second.

    It stands in for Python's own handling only: where a program handles Ctrl-C in its own way, or
    training runs beside the main thread, everything stays as it is.

    Examples
    --------
    >>> with Interrupts() as interrupts:
    ...     signal.raise_signal(signal.SIGINT)
    ...     print(interrupts.asked)
    True
    """

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        self._handles = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._handles:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handles:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
