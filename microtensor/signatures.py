"""What is a function called, and what are its parameters?

They are read once, when a rule is learned or an option first given.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

_ABSENT_IF_DEFAULT = {"keepdims": False}  # what NumPy's "was not given" means, where it matters


def parameters_of(fn: Callable) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Name a function's parameters: by position, by keyword only, and whether any others go.

    Read from its code, which takes a hundredth of the time that `inspect.signature` takes; there
    are hundreds of rules, and each import reads them all.
    """
    fn = inspect.unwrap(fn)
    code = getattr(fn, "__code__", None)
    if code is None:  # a callable object, such as a partial
        parameters = inspect.signature(fn).parameters.values()
        return (
            tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD),
            tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY),
            any(p.kind is p.VAR_KEYWORD for p in parameters),
        )
    n, m = code.co_argcount, code.co_kwonlyargcount
    return (
        code.co_varnames[:n],
        code.co_varnames[n : n + m],
        bool(code.co_flags & inspect.CO_VARKEYWORDS),
    )


def signature_of(fn: Callable) -> tuple[list[str], dict[str, Any]]:
    """Read a function's parameter names and defaults; NumPy's builtins may tell neither."""
    if isinstance(fn, np.ufunc):
        return [], {}
    try:
        parameters = inspect.signature(fn).parameters
    except (ValueError, TypeError):
        return [], {}
    no_value = inspect.signature(np.sum).parameters["keepdims"].default  # NumPy's "not given"
    defaults = {
        name: _ABSENT_IF_DEFAULT.get(name, no_value) if p.default is no_value else p.default
        for name, p in parameters.items()
        if p.default is not p.empty
    }
    return list(parameters), defaults


def name_of(fn: Callable) -> str:
    """Name a function as its users write it, such as ``numpy.sum``.

    >>> import numpy as np
    >>> name_of(np.sum), name_of(np.add), name_of(np.linalg.norm)
    ('numpy.sum', 'numpy.add', 'numpy.linalg.norm')
    """
    if isinstance(fn, np.ufunc):
        for module in ("numpy", "scipy.special"):  # a ufunc does not say where it is from
            if getattr(sys.modules.get(module), fn.__name__, None) is fn:
                return f"{module}.{fn.__name__}"
        return fn.__name__
    name = getattr(fn, "__name__", repr(fn))
    module = getattr(fn, "__module__", None) or ""
    return f"{module}.{name}" if module.split(".")[0] == "numpy" else name
