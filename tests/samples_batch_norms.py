"""Samples of normalisation over a batch, against the paper's algorithm, channel by channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from draws import Row, case, normal

from microtensor.ops import batch_norms


def _moments(x: Any) -> Any:
    channels = np.moveaxis(x, 1, 0).reshape(np.shape(x)[1], -1)
    means = [sum(row) / len(row) for row in channels]
    squares = [sum((v - m) ** 2 for v in row) for row, m in zip(channels, means, strict=True)]
    return np.array([means, [s / channels.shape[1] for s in squares]], dtype=x.dtype)


def _normalised(x: Any, weight: Any, bias: Any, moments: Any, eps: float) -> Any:
    y = np.empty(x.shape, np.result_type(x, *(w for w in (weight, bias) if w is not None)))
    for c, (m, v) in enumerate(_moments(x).T):
        z = (x[:, c] - m) / np.sqrt(v + eps)
        z = z if weight is None else z * weight[c]
        y[:, c] = z if bias is None else z + bias[c]
    return y


def _of(x: Any, weight: Any, bias: Any, eps: float = 0.1) -> Any:
    """A call with the moments of x itself, through which some of its gradient flows."""
    return case(
        x, weight, bias,
        how=lambda fn, x, w, b: fn(x, w, b, batch_norms.batch_moments(x), eps),
    )  # fmt: skip


BATCH_NORMS = [
    Row(batch_norms.batch_moments, case(normal(4, 3)), case(normal(1, 3)), case(normal(2, 3, 2)),
        case(normal(2, 1, 2, 2)), value=_moments),
    Row(batch_norms.batch_norm, _of(normal(4, 3), normal(3), normal(3)),
        _of(normal(2, 3, 2), normal(3), None), _of(normal(3, 2, 2, 1), None, normal(2), 1e-5),
        _of(normal(5, 2), None, None), value=_normalised),
]  # fmt: skip
