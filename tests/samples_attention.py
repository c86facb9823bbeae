"""Samples of normalisation, attention and embeddings: what transformers are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from draws import Row, case, normal

from microtensor.ops import attending, lookups, residuals, standardizing


def _affine(u: Any, weight: Any, bias: Any = None) -> Any:
    u = u if weight is None else u * weight
    return u if bias is None else u + bias


def _each(x: Any, axes: int) -> Any:
    """Give the entries that belong together as one last axis."""
    return np.reshape(x, (*x.shape[: x.ndim - axes], math.prod(x.shape[x.ndim - axes :])))


def _layer(x: Any, weight: Any, bias: Any, axes: int, eps: float) -> Any:
    rows = _each(x, axes)
    d = rows - np.sum(rows, axis=-1, keepdims=True) / rows.shape[-1]
    u = d / np.sqrt(np.sum(d * d, axis=-1, keepdims=True) / rows.shape[-1] + eps)
    return _affine(np.reshape(u, x.shape), weight, bias)


def _rms(x: Any, weight: Any, axes: int, eps: float) -> Any:
    rows = _each(x, axes)
    u = rows / np.sqrt(np.sum(rows * rows, axis=-1, keepdims=True) / rows.shape[-1] + eps)
    return _affine(np.reshape(u, x.shape), weight)


def _attend(q: Any, k: Any, v: Any, m: Any, f: Any, scale: float) -> Any:
    """Query by query, key by key."""
    e = np.exp(np.einsum("...le,...se->...ls", q, k) * scale + (0 if m is None else m))
    p = e / np.sum(e, axis=-1, keepdims=True) * (1 if f is None else f)
    return np.einsum("...ls,...sv->...lv", p, v)


def _attend_to_itself(qkv: Any, m: Any, f: Any, heads: int, scale: float) -> Any:
    """Head by head, each with its own columns."""
    width = qkv.shape[-1] // 3
    n, outputs = width // heads, []
    for h in range(heads):
        q, k, v = (qkv[..., i * width + h * n : i * width + (h + 1) * n] for i in range(3))
        of_head = [x[:, min(h, x.shape[1] - 1)] if np.ndim(x) == 4 else x for x in (m, f)]
        outputs.append(_attend(q, k, v, *of_head, scale))
    return np.concatenate(outputs, axis=-1)


def _look_up(weight: Any, ids: Any, padding_idx: int | None = None) -> Any:
    if padding_idx is None:
        return weight[ids]
    return np.where((ids == padding_idx)[..., None], np.real(weight)[ids], weight[ids])


def _residual_linear(r: Any, x: Any, weight: Any, bias: Any) -> Any:
    return r + np.einsum("...i,oi->...o", x, weight) + (0 if bias is None else bias)


def _network(r: Any, x: Any, a: Any, b: Any, c: Any, e: Any) -> Any:
    sums = np.einsum("...i,hi->...h", x, a) + (0 if b is None else b)
    return (
        r
        + np.einsum("...h,oh->...o", np.where(np.real(sums) > 0, sums, 0), c)
        + (0 if e is None else e)
    )


CAUSAL = np.triu(np.full((3, 3), -np.inf), 1)
FACTORS = np.random.default_rng(0).integers(0, 2, (2, 3, 4)) * 2.0

ATTENTION = [
    Row(standardizing.layer_normalization,
        case(normal(2, 3), normal(3), normal(3), axes=1, eps=1e-5),
        case(normal(2, 2, 3), normal(2, 3), normal(2, 3), axes=2, eps=0.1),
        case(normal(2, 3), None, None, axes=1, eps=1e-5),
        case(normal(4), normal(4), None, axes=1, eps=1e-5),
        case(normal(2, 3), None, normal(3), axes=1, eps=1e-5),
        case(normal(0, 3), normal(3), normal(3), axes=1, eps=1e-5), value=_layer),
    Row(standardizing.rms_normalization, case(normal(2, 3), normal(3), axes=1, eps=1e-5),
        case(normal(2, 2, 3), normal(2, 3), axes=2, eps=0.1),
        case(normal(4), None, axes=1, eps=0.0),
        case(normal(0, 3), normal(3), axes=1, eps=1e-5), value=_rms),
    Row(attending.attend,
        case(normal(2, 3), normal(4, 3), normal(4, 2), None, None, scale=0.5),
        case(normal(2, 3, 2), normal(2, 4, 2), normal(2, 4, 3), normal(3, 4), FACTORS, scale=1.5),
        case(normal(2, 2, 3, 2), normal(2, 1, 3, 2), normal(1, 2, 3, 1), CAUSAL, None, scale=0.7),
        case(normal(3, 2), normal(2, 4, 2), normal(4, 1), normal(2, 1, 4), None, scale=1.0),
        case(normal(0, 3, 2), normal(0, 4, 2), normal(0, 4, 2), None, None, scale=1.0),
        value=_attend),
    Row(attending.attend_to_itself,
        case(normal(2, 3, 12), None, None, heads=2, scale=0.5),
        case(normal(1, 3, 6), CAUSAL, None, heads=1, scale=1.5),
        case(normal(2, 3, 12), normal(2, 2, 3, 3), None, heads=2, scale=0.7),
        case(normal(2, 3, 6), None, FACTORS[:, None, :, :3], heads=2, scale=0.7),
        case(normal(2, 4, 6), None, None, heads=2, scale=0.5),  # long: the weights are not kept
        case(normal(2, 4, 6), normal(2, 2, 4, 4), None, heads=2, scale=0.7),
        case(normal(2, 4, 6), None, FACTORS[:, None, :1, :], heads=2, scale=0.7),
        case(normal(0, 3, 6), None, None, heads=1, scale=0.5),
        value=_attend_to_itself),
    Row(lookups.look_up, case(normal(4, 2), np.array([[3, 0, 3], [1, 1, 2]])),
        case(normal(4, 2), np.array([2, 0, 2]), padding_idx=2), case(normal(3, 2), np.array(1)),
        case(normal(3, 2), np.zeros((0, 2), int)), value=_look_up),
    Row(residuals.residual_linear,
        case(normal(3, 2), normal(3, 4), normal(2, 4), normal(2)),
        case(normal(2, 3, 2), normal(2, 3, 3), normal(2, 3), None),
        case(normal(0, 2), normal(0, 3), normal(2, 3), normal(2)),
        value=_residual_linear),
    Row(residuals.residual_network,
        case(normal(3, 2), normal(3, 2), normal(4, 2), normal(4), normal(2, 4), normal(2)),
        case(normal(2, 3, 2), normal(2, 3, 3), normal(4, 3), None, normal(2, 4), None),
        case(normal(0, 2), normal(0, 2), normal(3, 2), normal(3), normal(2, 3), normal(2)),
        value=_network),
]  # fmt: skip
