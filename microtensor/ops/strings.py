"""What is no matter of real numbers: functions of strings and dates, and those that turn complex.

They are refused, with the reason. Lists are read from NumPy, whose versions differ.
"""

from __future__ import annotations

import numpy as np
from numpy._core import strings, umath  # strings has what np.char is made of, too

from ..primitives import unsupported

_NUMBERS = set("?bBhHiIlLqQefdg")  # the codes of bools, integers and floats in a ufunc's types

unsupported(
    "It works on strings or dates, and a Value holds real numbers.",
    *(
        fn
        for fn in vars(umath).values()
        if isinstance(fn, np.ufunc) and not any(t[0] in _NUMBERS for t in fn.types)
    ),
    *(
        fn
        for fn in vars(strings).values()
        if callable(fn) and getattr(fn, "__module__", "") == "numpy.strings"
    ),
    np.busday_count, np.busday_offset, np.datetime_as_string, np.is_busday,
)  # fmt: skip

unsupported(
    "It gives complex numbers for some real ones. The function in np gives nan for those.",
    *(getattr(np.lib.scimath, name) for name in np.lib.scimath.__all__),
)
