"""How large may a gradient be? Clipping: by the norm of all of them together, or number by number.

A gradient that is clipped is a new array; the old one is left as it was.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import numpy as np

from ..calls import numbers_of, plain
from ..errors import GradientError
from ..graph import Node, label, state
from ..ops import astype
from ..primitives import piecewise, primitive
from .groups import given_groups
from .options import Check, check, is_number
from .recorded import number

POSITIVE = Check("must be above 0", "a number above 0", lambda x: is_number(x) and x > 0)


def clip_grad_norm(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    *,
    error_if_nonfinite: bool = True,
) -> float:
    """Shorten the gradients together, so that their norm is at most ``max_norm``.

    With ``n`` the norm of all gradients as one vector::

        n = (Σ |g|^norm_type)^(1 / norm_type)           (infinity: the largest |g|)
        g = g · min(1, max_norm / (n + 1e-6))

    Parameters
    ----------
    parameters : iterable of Parameter, or one
        Those without a gradient are left out.
    max_norm : float
    norm_type : float, default 2
        Above 0; ``math.inf`` for the largest number.
    error_if_nonfinite : bool, default True
        Whether a norm of nan or infinity is an error. PyTorch's default is False, which turns
        all gradients into nan, and the next step all parameters.

    Returns
    -------
    float
        The norm before.

    Raises
    ------
    GradientError
        If no parameter has a gradient, or the norm is nan or infinite. No gradient is changed.
    ArgumentError
        If max_norm or norm_type is not above 0.
    ParameterError
        If the parameters are no parameters.

    References
    ----------
    .. [1] Pascanu, Mikolov, Bengio, *On the difficulty of training recurrent neural networks*
       (2013), algorithm 1. The 1e-6 is PyTorch's.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([3.0, 4.0])
    >>> (p * p).sum().backward()
    >>> clip_grad_norm([p], max_norm=1.0)
    10.0
    >>> p.grad.round(4)
    array([0.6, 0.8])
    """
    name = "clip_grad_norm"
    if not isinstance(max_norm, Node):  # an argument of a function that is compiled
        check(name, "max_norm", POSITIVE, max_norm)
    check(name, "norm_type", POSITIVE, norm_type)
    found = _with_gradients(name, parameters)
    total = _norm([_norm_of(g, norm_type) for _, g in found], norm_type)
    if error_if_nonfinite and not _is_finite(total):
        raise _nonfinite(found, plain(total))
    scale: Any = number(max_norm) / (total + 1e-6)
    if isinstance(scale, Node):  # a program need not ask: g · 1 is g
        scale = np.minimum(scale, 1.0)  # type: ignore[call-overload]  # a Value
    if isinstance(scale, Node) or not scale >= 1:
        for p, g in found:
            p.grad = g * scale
    return total


def clip_grad_value(parameters: Any, clip_value: float) -> None:
    """Bring each number of each gradient to the nearest one from -clip_value to clip_value.

    Parameters
    ----------
    parameters : iterable of Parameter, or one
        Those without a gradient are left out.
    clip_value : float

    Raises
    ------
    GradientError
        If no parameter has a gradient.
    ArgumentError
        If clip_value is not above 0.
    ParameterError
        If the parameters are no parameters.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([3.0, -0.2])
    >>> (p * p).sum().backward()
    >>> clip_grad_value([p], 1.0)
    >>> p.grad
    array([ 1. , -0.4])
    """
    if not isinstance(clip_value, Node):
        check("clip_grad_value", "clip_value", POSITIVE, clip_value)
    for p, g in _with_gradients("clip_grad_value", parameters):
        p.grad = np.clip(g, -clip_value, clip_value)


def _with_gradients(name: str, parameters: Any) -> list[tuple[Any, Any]]:
    listed = [parameters] if isinstance(parameters, Node) else parameters
    (group,) = given_groups(name, [{"params": listed}])
    grad = attrgetter("grad") if state.tracer is None else state.tracer.grad
    found = [(p, g) for p in group["params"] if (g := grad(p)) is not None]
    if not found:
        raise GradientError(
            f"{name}: no parameter has a gradient.",
            expected="loss.backward() before it, and zero_grad() after the optimizer's step",
            got=f"grad is None for all of the {len(group['params'])}",
        )
    return [(p, numbers_of(g)) for p, g in found]


def _norm_of(g: Any, norm_type: float) -> float:
    """Measure one gradient. What overflows in float32 is measured in float64."""
    if norm_type == 2:
        square = _square(g)
        if _is_finite(square):
            return math.sqrt(square) if square.__class__ is float else np.sqrt(square)
    g = astype(g, float) if isinstance(g, Node) else np.asarray(g, float)
    return _norm(np.abs(g), norm_type)


def _norm(sizes: Any, norm_type: float) -> float:
    """Measure a vector of numbers of at least 0, the largest first taken out of the sum."""
    if isinstance(sizes, list):
        sizes = np.stack(sizes) if isinstance(sizes[0], Node) else np.asarray(sizes)
    largest = _as_number(np.max(sizes, initial=0.0))
    if norm_type == math.inf or largest == 0 or not _is_finite(largest):
        return largest
    return largest * _as_number(np.sum((sizes / largest) ** norm_type)) ** (1 / norm_type)


@primitive
def _square(g: Any) -> float:
    """Give the sum of the squares; infinity, and no warning, where it overflows."""
    with np.errstate(over="ignore"):
        return float(np.vdot(g, g))


@primitive
def _float(x: Any) -> float:
    """Give a number as Python's: with it, float32 stays what it is."""
    return float(x)


piecewise(_square, _float)


def _as_number(x: Any) -> Any:
    return _float(x) if isinstance(x, Node) else float(x)


def _is_finite(x: Any) -> bool:
    return math.isfinite(x) if x.__class__ is float else bool(np.isfinite(x))


def _nonfinite(found: list[tuple[Any, Any]], total: float) -> GradientError:
    found = [(p, plain(g)) for p, g in found]
    p, g = next(((p, g) for p, g in found if not np.all(np.isfinite(g))), found[0])
    wrong = np.size(g) - np.count_nonzero(np.isfinite(g))
    return GradientError(
        f"clip_grad_norm: the gradients have a norm of {total}.",
        expected="finite gradients",
        got=f"nan or infinity in {wrong} of {np.size(g)} numbers for {label(p)}",
        hint="mt.detect_anomaly() finds the operation that made the first one.\n"
        "error_if_nonfinite=False goes on, with gradients of nan.",
    )
