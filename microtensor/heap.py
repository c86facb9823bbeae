"""Memory that a step frees stays with the process, for the next step, in large pages.

The allocator of most Linux systems gives the end of its heap back to the system once more than a
few hundred kilobytes of it are free. A training step frees all that it made and makes it again a
moment later: every page of it is taken away, asked for again and filled with zeros, which was a
seventh of the time of an LSTM's step. The same allocator learns: when a larger array is freed, it
concludes that such sizes come and go, and keeps twice as much. So it is shown one.

NumPy asks the system for pages of 2 MiB in place of 4 KiB where an array is of 4 MiB or more. Those
of a step are smaller, and one of 2 MiB lies in 512 pages, which the processor must all find; but
pages stay large, whatever is put there later. So two more are made where the next ones will lie.

No page of these arrays is ever touched. Where the allocator is another, nothing happens.

References
----------
.. [1] The GNU C Library Reference Manual, "Malloc Tunable Parameters", of the dynamic adjustment of
   M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
.. [2] NumPy's documentation, "Global Configuration Options", of NUMPY_MADVISE_HUGEPAGE.
"""

from __future__ import annotations

import contextlib
import sys

import numpy as np

SHOWN = 2**25 - 2**16  # bytes, of more the allocator does not learn: twice as many stay
PAGED = 15 * 2**21  # bytes: two such arrays fit in there


def keep_what_is_freed() -> None:
    """Let the allocator keep some 60 MiB of what is freed; takes microseconds and no memory."""
    if sys.platform == "linux":
        with contextlib.suppress(MemoryError):  # where the process may not have as much, so be it
            np.empty(SHOWN, np.uint8)
            _ = np.empty(PAGED, np.uint8), np.empty(PAGED, np.uint8)
