"""A loop that makes and frees arrays does not ask the system for the same memory again."""

from __future__ import annotations

import platform
import subprocess
import sys

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
