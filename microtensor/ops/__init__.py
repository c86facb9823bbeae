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

The first of them are loaded at once, the others when one is asked for: see `others`.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..primitives import registry
from . import (
    activations,
    arithmetic,
    arrivals,
    choices,
    comparisons,
    elementwise,
    indexing,
    linalg,
    masking,
    rectifiers,
    reductions,
    residuals,
    scattering,
    shapes,
    softmaxes,
    ufuncs,
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
from .indexing import (
    scatter_add,
    scatter_set,
)
from .linalg import (
    linear,
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
from .softmaxes import (
    log_softmax,
    logsumexp,
    one_hot,
    softmax,
    softmax_cross_entropy,
    softmin,
)

__all__ = [
    "activations",
    "arithmetic",
    "arrivals",
    "astype",
    "celu",
    "choices",
    "comparisons",
    "elementwise",
    "elu",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "indexing",
    "leaky_relu",
    "linalg",
    "linear",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "masking",
    "mish",
    "one_hot",
    "prelu",
    "rectifiers",
    "reductions",
    "relu",
    "relu6",
    "residuals",
    "scatter_add",
    "scatter_set",
    "scattering",
    "selu",
    "shapes",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softmaxes",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "ufuncs",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_others(), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_others().__all__})


def _others() -> Any:
    return importlib.import_module(".others", __package__)


registry.others = _others
