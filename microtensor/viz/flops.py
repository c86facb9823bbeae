"""How much work was a call? Floating-point operations, counted on what was recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..flops import operations
from .expansion import Call
from .names import function_word


def flops_of(call: Call) -> int:
    """Count the operations of one call.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> from microtensor.viz.expansion import calls_of
    >>> y = mt.Value(np.ones((6, 2))) @ np.ones((2, 4))
    >>> [flops_of(call) for call in calls_of([y], expand=True)]       # 6 × 4 sums of 2 products
    [96]
    """
    made = call.made
    if made.fn is None:
        return 0
    shapes = [np.shape(getattr(a, "_data", a)) for a in made.args if _is_array(a)]
    subscripts = (made.kwargs or {}).get("subscripts", "")
    return operations(function_word(made.fn), shapes, np.size(made._data), subscripts)


def _is_array(a: Any) -> bool:
    return hasattr(a, "shape") or isinstance(a, int | float)
