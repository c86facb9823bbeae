"""How does a function of ours let Values take over? As NumPy's functions do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

_Array, _arrays_own = np.ndarray, np.ndarray.__array_function__


def primitive(fn: Callable | None = None, *, keeps: bool | str = False) -> Callable:
    """Make a function of arrays dispatch on Values, as NumPy's functions do.

    Parameters
    ----------
    fn : callable
        Computes its output from plain arrays. Its rule is then given by `differentiable`.
    keeps : bool or "constant", default False
        Whether ``fn`` returns ``(y, kept)``: what its rule would otherwise compute again.
        Callers see ``y`` alone. "constant" says that ``kept`` does not depend on the inputs'
        numbers, as what was drawn at random does not.

    Returns
    -------
    callable
        The function, for arrays and for Values.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> @mt.primitive
    ... def double(x):
    ...     return 2 * x
    >>> _ = mt.differentiable(double, lambda g, y, x: 2 * g)
    >>> double(np.array([1.0, 2.0]))
    array([2., 4.])
    >>> float(mt.grad(lambda x: double(x) ** 2)(3.0))
    24.0
    """
    if fn is None:
        return functools.partial(primitive, keeps=keeps)
    forward = fn

    @functools.wraps(forward)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for arg in (*args, *kwargs.values()) if kwargs else args:
            # A type with NumPy's function protocol takes over, unless it is NumPy's own.
            if arg.__class__ is not _Array:
                take_over = getattr(arg.__class__, "__array_function__", None)
                if take_over is not None and take_over is not _arrays_own:
                    return take_over(arg, dispatching, (), args, kwargs)
        if keeps:
            return forward(*args, **kwargs)[0]
        return forward(*args, **kwargs) if kwargs else forward(*args)

    dispatching.__wrapped_primitive__ = forward  # type: ignore[attr-defined]  # our own mark
    dispatching.__keeps__ = keeps  # type: ignore[attr-defined]  # our own mark
    return dispatching
