"""The families that nearly every program needs: loaded when a Value first meets one of them.

They do not load with the package, which is imported by programs that only look at it, and by each
of many processes.
"""

from . import (
    choices,
    comparisons,
    elementwise,
    indexing,
    linalg,
    reductions,
    scattering,
    shapes,
    softmaxes,
)
from .indexing import (
    scatter_add,
    scatter_set,
)
from .linalg import (
    linear,
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
    "choices",
    "comparisons",
    "elementwise",
    "indexing",
    "linalg",
    "linear",
    "log_softmax",
    "logsumexp",
    "one_hot",
    "reductions",
    "scatter_add",
    "scatter_set",
    "scattering",
    "shapes",
    "softmax",
    "softmax_cross_entropy",
    "softmaxes",
    "softmin",
]
