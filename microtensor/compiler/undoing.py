"""How is broadcasting undone, in a program's text? As `fitting` does it, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


def fitted(c: Any, x: Any) -> Any:
    """Give a contribution the shape and dtype of its operand, adding what was broadcast."""
    if x.__class__ is float:
        return float(np.sum(c))
    extra = np.ndim(c) - np.ndim(x)
    axes = [*range(extra), *(extra + i for i, n in enumerate(np.shape(x)) if n == 1)]
    return np.reshape(np.sum(c, axis=tuple(axes)), np.shape(x)).astype(x.dtype)[()]
