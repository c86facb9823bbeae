"""What did the user's own code call its results? By the names of local variables, at the return.

While a function is traced, each function of the user's tells, when it returns, what its variables
hold. A result that several called something goes by the last, which is the outermost.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..graph import Node

_HOUSE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_VARARGS = 4 + 8  # flags of code that takes *args, **kwargs


@contextmanager
def local_names() -> Iterator[dict[Node, str]]:
    """Collect what Values are called by the functions that return meanwhile, ours left out.

    If a profiler is watching already, nothing is collected.

    Examples
    --------
    >>> import microtensor as mt
    >>> with local_names() as names:
    ...     hidden = (lambda: mt.Value(2.0))()
    >>> names
    {}
    """
    names: dict[Node, str] = {}

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event != "return":
            return
        code = frame.f_code
        if code.co_filename.startswith(_HOUSE) or code.co_name == "<module>":
            return
        given = code.co_argcount + code.co_kwonlyargcount + bin(code.co_flags & _VARARGS).count("1")
        arguments = code.co_varnames[:given]
        for name, x in frame.f_locals.items():
            if isinstance(x, Node) and name not in arguments and name[0] not in "_.":
                names[x] = name

    if sys.getprofile() is not None:
        yield names
        return
    sys.setprofile(look)
    try:
        yield names
    finally:
        if sys.getprofile() is look:
            sys.setprofile(None)
