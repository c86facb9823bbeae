"""One thread per library, one core: the ground every contestant stands on.

`settle` must run before NumPy is imported, so this module imports nothing of size.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

# Read by the libraries when they are imported; PyTorch is told once more by its contestants.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}

# Whose versions are worth writing down beside a number.
DISTRIBUTIONS = ("numpy", "scipy", "microtensor", "torch", "jax", "autograd", "mygrad", "micrograd")


def settle() -> None:
    """Hold this process, and those it starts, to one thread and one core. Before NumPy."""
    if "numpy" in sys.modules:
        raise RuntimeError("protocol.settle() came too late: NumPy has already started its threads")
    os.environ.update(ONE_THREAD)
    if hasattr(os, "sched_setaffinity"):  # Linux; elsewhere the system moves us about
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def settings() -> dict[str, object]:
    """What was in force, as data."""
    core = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "environment": {name: os.environ.get(name) for name in ONE_THREAD},
        "cores": core,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def versions() -> dict[str, str | None]:
    """Version of each library, None for those that are not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    if found["microtensor"] is None:  # run from a checkout: the package itself knows
        import microtensor

        found["microtensor"] = getattr(microtensor, "__version__", None)
    return found
