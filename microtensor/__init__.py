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

from . import ops, words
from .graph import no_grad
from .heap import keep_what_is_freed
from .ops import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from .primitives import composite, differentiable, piecewise, primitive, static
from .value import Value

if TYPE_CHECKING:
    from . import data, errors, io, losses, nn, optim, teaching, train, viz
    from . import special as special  # not in __all__: it wants SciPy
    from .anomalies import detect_anomaly
    from .checks import check_gradients, check_model
    from .compiler import compile, profile, trace
    from .derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
    from .io import load, save
    from .ops.others import (
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
        cosine_similarity,
        embedding,
        fold,
        group_norm,
        interpolate,
        layer_norm,
        max_pool1d,
        max_pool2d,
        max_pool3d,
        normalize,
        pairwise_distance,
        pixel_shuffle,
        pixel_unshuffle,
        rms_norm,
        scaled_dot_product_attention,
        unfold,
    )
    from .ops.usual import log_softmax, logsumexp, one_hot, softmax, softmin
    from .randomness import seed
    from .recomputing import checkpoint
    from .viz import (
        animate,
        draw,
        explain,
        explore,
        nudge,
        paths,
        quiz,
        stages,
        summary,
        unroll,
        what_if,
    )

__version__ = "0.1.0"

keep_what_is_freed()

_ROOMS = (
    "compiler", "data", "errors", "io", "losses", "micrograd", "nn", "optim", "special", "teaching",
    "train", "viz",
)  # fmt: skip
_LATE = {
    "animate": "viz",
    "check_gradients": "checks",
    "compile": "compiler",
    "check_model": "checks",
    "checkpoint": "recomputing",
    "detect_anomaly": "anomalies",
    "draw": "viz",
    "explain": "viz",
    "explore": "viz",
    "grad": "derivatives",
    "hessian": "derivatives",
    "hvp": "derivatives",
    "jacobian": "derivatives",
    "jvp": "derivatives",
    "load": "io",
    "nudge": "viz",
    "paths": "viz",
    "profile": "compiler",
    "quiz": "viz",
    "save": "io",
    "seed": "randomness",
    "stages": "viz",
    "summary": "viz",
    "trace": "compiler",
    "unroll": "viz",
    "value_and_grad": "derivatives",
    "vjp": "derivatives",
    "what_if": "viz",
}

__all__ = [
    "Value",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "animate",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "celu",
    "check_gradients",
    "check_model",
    "checkpoint",
    "compile",
    "composite",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_similarity",
    "data",
    "detect_anomaly",
    "differentiable",
    "draw",
    "elu",
    "embedding",
    "errors",
    "explain",
    "explore",
    "fold",
    "gelu",
    "glu",
    "grad",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hessian",
    "hvp",
    "interpolate",
    "io",
    "jacobian",
    "jvp",
    "layer_norm",
    "leaky_relu",
    "load",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "losses",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "mish",
    "nn",
    "no_grad",
    "normalize",
    "nudge",
    "one_hot",
    "optim",
    "pairwise_distance",
    "paths",
    "piecewise",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "primitive",
    "profile",
    "quiz",
    "relu",
    "relu6",
    "rms_norm",
    "save",
    "scaled_dot_product_attention",
    "seed",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "stages",
    "static",
    "summary",
    "tanh",
    "tanhshrink",
    "teaching",
    "threshold",
    "trace",
    "train",
    "unfold",
    "unroll",
    "value_and_grad",
    "viz",
    "vjp",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _LATE:
        found = getattr(importlib.import_module(f".{_LATE[name]}", __name__), name)
        globals()[name] = found
        return found
    if name in __all__:  # of the families that load late
        return getattr(ops, name)
    raise AttributeError(f"module 'microtensor' has no attribute {name!r}{words.elsewhere(name)}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, "__version__"})
