"""What do fused functions consist of, for kernels? Of what is done with one row after the other.

`lowering` spells functions out in the order that NumPy is fastest in, which goes over the whole
array for each step. A nest visits a row, while it is in the cache, as often as it likes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.softmaxes import softmax_cross_entropy
from .building import Builder
from .lowering import Passage, less_at, picked


def _softmax_cross_entropy(b: Builder, logits: Any, labels: Any) -> Any:
    n, dtype = logits.shape[0], logits.dtype.type
    shifted = b(np.subtract, logits, b(np.max, logits, axis=1, keepdims=True))
    e = b(np.exp, shifted)
    total = b(np.sum, e, axis=1)
    true = b(picked, shifted, labels)
    loss = b(np.true_divide, b(np.sum, b(np.subtract, b(np.log, total), true)), dtype(n))
    p = b(np.true_divide, e, b(np.expand_dims, total, axis=1))
    return loss, b(less_at, p, labels, 1)


ROW_PASSAGES: dict[Any, Passage] = {softmax_cross_entropy: _softmax_cross_entropy}
