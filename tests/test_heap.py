"""A loop that makes and frees arrays asks for memory once, and in large pages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

LOOP = """
import resource
import numpy as np
{prepare}
def step():
    return [np.ones(2**16) for _ in range(20)]  # 10 MiB, in arrays of half of one

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""
GLIBC = platform.libc_ver()[0] == "glibc"


def pages_asked_for(prepare: str) -> float:
    run = [sys.executable, "-c", LOOP.format(prepare=prepare)]
    return float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


def test_memory_that_was_freed_is_used_again():
    with_us, without_us = pages_asked_for("import microtensor"), pages_asked_for("")
    assert with_us <= without_us
    if GLIBC:
        assert with_us < 100
        assert without_us > 1000  # every page, each time


PLACE = """
from pathlib import Path
import numpy as np
{prepare}
x = np.ones(2**18)  # 2 MiB: less than NumPy asks for large pages for
maps = Path("/proc/self/smaps")
for line in maps.read_text().splitlines() if maps.exists() else []:
    first, *rest = line.split()
    if "-" in first and not first.endswith(":"):
        start, end = (int(place, 16) for place in first.split("-"))
    elif first == "VmFlags:" and start <= x.ctypes.data + x.nbytes // 2 < end:
        print("hg" in rest)
"""
HAS_LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled").exists()


def lies_in_large_pages(prepare: str) -> bool:
    run = [sys.executable, "-c", PLACE.format(prepare=prepare)]
    environment = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "1"}
    done = subprocess.run(run, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip() == "True"


def test_arrays_of_a_step_lie_in_large_pages_where_the_system_has_them():
    assert lies_in_large_pages("import microtensor") == (GLIBC and HAS_LARGE_PAGES)
    assert not lies_in_large_pages("")
