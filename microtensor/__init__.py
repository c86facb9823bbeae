"""microtensor: build models, see their computation graphs, study how backpropagation works.

>>> import microtensor as mt
>>> x, w, b = mt.Value(2.0), mt.Value(-3.0), mt.Value(6.5)
>>> y = (x * w + b).tanh()
>>> y.backward()
>>> round(w.grad, 4)
1.5729

The core is here at once; the rooms (``nn``, ``losses``, ``optim``, ``data``, ``viz`` ...) load
when they are first named, so that importing costs NumPy and little more.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .graph import no_grad
from .ops import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    elu,
    fold,
    gelu,
    leaky_relu,
    log_softmax,
    logsumexp,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
    unfold,
)
from .primitives import composite, differentiable, piecewise, primitive, static
from .value import Value

if TYPE_CHECKING:
    from . import data, errors, io, losses, nn, optim, special, viz
    from .anomalies import detect_anomaly
    from .checks import check_gradients
    from .io import load, save
    from .randomness import seed
    from .recomputing import checkpoint
    from .viz import draw

__version__ = "0.1.0"

_ROOMS = ("data", "errors", "io", "losses", "micrograd", "nn", "optim", "special", "viz")
_LATE = {
    "check_gradients": "checks",
    "checkpoint": "recomputing",
    "detect_anomaly": "anomalies",
    "draw": "viz",
    "load": "io",
    "save": "io",
    "seed": "randomness",
}

__all__ = [
    "Value",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "check_gradients",
    "checkpoint",
    "composite",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "data",
    "detect_anomaly",
    "differentiable",
    "draw",
    "elu",
    "errors",
    "fold",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "io",
    "jacobian",
    "jvp",
    "leaky_relu",
    "load",
    "log_softmax",
    "logsumexp",
    "losses",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "nn",
    "no_grad",
    "optim",
    "piecewise",
    "primitive",
    "relu",
    "save",
    "seed",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "special",
    "static",
    "tanh",
    "unfold",
    "value_and_grad",
    "viz",
    "vjp",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _LATE:
        found = getattr(importlib.import_module(f".{_LATE[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'microtensor' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, "__version__"})
