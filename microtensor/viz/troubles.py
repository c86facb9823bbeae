"""What is wrong with a value? NaN and infinite entries, and units that no sample gets through."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Node as Recorded
from . import names as words


def trouble_of(made: Recorded, data: Any, grad: Any) -> str | None:
    """Say what is wrong with a value, if anything is."""
    trouble = not_finite(data) or (not_finite(grad) if grad is not None else None)
    if trouble is not None or made.fn is None or words.function_word(made.fn) != "relu":
        return trouble
    if np.ndim(data) != 2 or len(data) < 2:
        return None  # a unit is dead when no sample of a batch gets through it
    dead = int(np.sum(~np.any(data, axis=0)))
    return f"{dead} of {data.shape[1]} ReLU units dead" if dead else None


def not_finite(x: Any) -> str | None:
    """Say how many entries are no finite numbers, if any are not."""
    if x.__class__ is float and math.isfinite(x):  # nearly all of a graph of numbers
        return None
    entries = np.asarray(x)
    if entries.dtype.kind not in "fc" or np.isfinite(entries).all():
        return None
    bad = int(np.sum(~np.isfinite(entries)))
    kind = "NaN" if np.isnan(entries).any() else "infinite"
    return kind if entries.ndim == 0 else f"{bad} of {entries.size} entries {kind}"
