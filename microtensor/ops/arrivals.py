"""Which functions come later? Those of modules that NumPy and SciPy load on first use only.

They are learned when a Value first meets a function that nobody knows. So nothing of theirs is
imported for those who do not use it, and the order of imports makes no difference.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ..primitives import composite, registry, unsupported


def learn() -> None:
    """Learn the functions of all modules that have been loaded by now."""
    for name, teach in ARRIVALS.items():
        if name in sys.modules:
            teach(sys.modules[name])


def _special(_: ModuleType) -> None:
    for room in ("bessel", "polynomials", "special"):
        importlib.import_module(f".{room}", __package__)


def _fourier(module: ModuleType) -> None:
    if module.fftshift not in registry:
        composite(module.fftshift)(_fftshift)
        composite(module.ifftshift)(_ifftshift)
    _refuse(
        "It is about complex numbers, which have no gradients here.\n"
        "A cosine or sine transform is a product with a matrix.",
        [getattr(module, name) for name in module.__all__],
    )


def _middles(x: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Give the axes, and by how much to roll each so that its ends meet in the middle."""
    every = range(np.ndim(x)) if axes is None else axes
    chosen = (every,) if isinstance(every, int | np.integer) else tuple(every)
    return chosen, tuple(np.shape(x)[a] // 2 for a in chosen)


def _fftshift(x: Any, axes: Any = None) -> Any:
    chosen, shifts = _middles(x, axes)
    return np.roll(x, shifts, chosen)


def _ifftshift(x: Any, axes: Any = None) -> Any:
    chosen, shifts = _middles(x, axes)
    return np.roll(x, tuple(-s for s in shifts), chosen)


def _records(module: ModuleType) -> None:
    _refuse(
        "It is about arrays of records, and a Value holds numbers: give each field its own Value.",
        [getattr(module, name) for name in module.__all__],
    )


def _characters(module: ModuleType) -> None:
    names = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    _refuse(
        "It works on strings, and a Value holds real numbers.", [getattr(module, n) for n in names]
    )


def _polynomials(module: ModuleType) -> None:
    _refuse(
        "It has no rule yet; the sum of c[i, j] * x**i * y**j has.",
        [module.polyval2d, module.polygrid2d],
    )


def _refuse(reason: str, fns: list[Callable]) -> None:
    """Refuse those of a module's functions that dispatch on Values, unless somebody knows them."""
    unsupported(reason, *(f for f in fns if hasattr(f, "__wrapped__") and f not in registry))


ARRIVALS: dict[str, Callable[[ModuleType], None]] = {
    "numpy.char": _characters,
    "numpy.fft": _fourier,
    "numpy.lib.recfunctions": _records,
    "numpy.polynomial.polynomial": _polynomials,
    "scipy.special": _special,
}
