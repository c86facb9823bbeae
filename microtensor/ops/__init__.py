"""The rules, by family: what is known of each function, in plain NumPy.

The rules never see a Value. A function that NumPy lacks is made with ``@primitive``. To read them,
begin with `arithmetic` and `elementwise`, a page of calculus each; the others, by what they are of:

=================  ================================================================================
one number or two  arithmetic, elementwise, comparisons, choices (where, maximum, clip), masking,
                   parts (signs, fractions, exponents), families (sinc, i0), ufuncs (their methods)
whole axes         reductions, statistics, quantiles, accumulations, ordering, counting, applying
shapes and places  shapes, joining, building, indexing, scattering, choosing (select, extract)
matrices           linalg (matmul, linear), products, einsums, solving, determinants,
                   decompositions, pseudoinverses, norms, exponentials
sequences          signals (convolve, interp), coefficients (polynomials),
                   recurrences (rnn, lstm, projected_lstm, gru)
networks           rectifiers, activations, softmaxes, windows, convolutions, trilinear, pooling,
                   windowed, images, similarities, dropping, batch_norms,
                   standardizing, normalizing, attending, attention, lookups, residuals
of SciPy           special, bessel, polynomials; with arrivals, which learns what is loaded late
none               refused, strings: what has no rule, and why
=================  ================================================================================

Those that a Value's own methods need are loaded at once; the `usual` ones when a Value first meets
one, and all `others` when one of theirs is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from ..primitives import registry
from . import (
    activations,
    arithmetic,
    masking,
    rectifiers,
)
from .activations import (
    gelu,
    glu,
    logsigmoid,
    mish,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanh,
    tanhshrink,
)
from .arithmetic import (
    astype,
)
from .rectifiers import (
    celu,
    elu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    prelu,
    relu,
    relu6,
    selu,
    softshrink,
    threshold,
)

__all__ = [
    "activations",
    "arithmetic",
    "astype",
    "celu",
    "elu",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "masking",
    "mish",
    "prelu",
    "rectifiers",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]


def __getattr__(name: str) -> Any:
    """Find a file of rules by its name, and else one of the functions that are named."""
    if not name.startswith("__"):
        try:
            return importlib.import_module(f".{name}", __package__)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":  # it is there, and misses another
                raise
        for families in _later():
            if name in families.__all__:
                found = globals()[name] = getattr(families, name)
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for families in _later() for name in families.__all__)})


def _later() -> Iterator[Any]:
    """Load the families that come later, one lot after the other."""
    for lot in ("usual", "others"):
        yield importlib.import_module(f".{lot}", __package__)


registry.later = _later
