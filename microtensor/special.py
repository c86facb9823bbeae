"""SciPy's special functions, for Values too.

Every function of ``scipy.special`` can be named here, and nearly 90 have a derivative. Those that
are ufuncs work on Values by themselves: ``scipy.special.erf(v)`` is ``mt.special.erf(v)``. Some
are plain functions that turn what they are given into arrays, which a Value refuses; of these,
here are versions that take Values and arrays. The others take arrays only, and say so.

SciPy comes with ``pip install "microtensor[science]"``.

>>> import microtensor as mt
>>> round(mt.grad(mt.special.gammaln)(1.0), 4)      # minus Euler's constant
-0.5772
"""

from __future__ import annotations

from typing import Any

from . import ops
from .errors import DependencyError

try:
    import scipy.special

    from .ops.bessel import spherical_in, spherical_jn, spherical_kn, spherical_yn
    from .ops.special import log_of_sum_exp, multigammaln, polygamma, sign_of_sum_exp
except ImportError as error:
    raise DependencyError(
        "mt.special needs SciPy, and it is not installed.",
        hint='pip install "microtensor[science]"',
    ) from error

__all__ = [
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "softmax",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]


def __getattr__(name: str) -> Any:
    return getattr(scipy.special, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *scipy.special.__all__})


def softmax(x: Any, axis: Any = None) -> Any:
    """Give probabilities proportional to ``exp(x)``, over all entries or along an axis.

    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0], [0.0, 0.0]]))
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    return ops.softmax(x, axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """Give the logarithm of `softmax`, without forming small probabilities.

    >>> import numpy as np
    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    return ops.log_softmax(x, axis)


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Give ``log(sum(b * exp(a)))`` over an axis, without overflow.

    Parameters
    ----------
    a : array_like
    axis : int, tuple of int or None
    b : array_like, optional
        Weights, of a shape that broadcasts with that of ``a``; ones if not given.
    keepdims : bool, default False
    return_sign : bool, default False
        Whether to give the log of the sum's magnitude, and its sign, as a pair.

    Returns
    -------
    array
        nan where the sum is negative, unless ``return_sign``.

    Examples
    --------
    >>> import numpy as np
    >>> logsumexp(np.array([1000.0, 1000.0]), b=np.array([3.0, -2.0]))
    np.float64(1000.0)
    """
    if b is None and not return_sign:
        return ops.logsumexp(a, axis=axis, keepdims=keepdims)
    weights, options = 1.0 if b is None else b, {"axis": axis, "keepdims": keepdims}
    if not return_sign:
        return log_of_sum_exp(a, weights, **options)
    size = log_of_sum_exp(a, weights, **options, magnitude=True)
    return size, sign_of_sum_exp(a, weights, **options)
