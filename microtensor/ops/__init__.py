"""The rules, by family: what is known of each function, in plain NumPy.

The rules never see a Value. A function that NumPy lacks is made with ``@primitive``.
"""

from . import (
    activations,
    arithmetic,
    choices,
    comparisons,
    elementwise,
    families,
    indexing,
    linalg,
    parts,
    reductions,
    shapes,
    strings,
    ufuncs,
)
from .activations import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    silu,
    softmax,
    softmax_cross_entropy,
    softplus,
    tanh,
)
from .arithmetic import astype
from .indexing import scatter_add, scatter_set
from .linalg import linear

__all__ = [
    "activations",
    "arithmetic",
    "astype",
    "choices",
    "comparisons",
    "elementwise",
    "elu",
    "families",
    "gelu",
    "indexing",
    "leaky_relu",
    "linalg",
    "linear",
    "log_softmax",
    "logsumexp",
    "parts",
    "reductions",
    "relu",
    "scatter_add",
    "scatter_set",
    "shapes",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "strings",
    "tanh",
    "ufuncs",
]
