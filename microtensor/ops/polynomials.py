"""Orthogonal polynomials of SciPy, ``eval_...(n, x)``.

Legend: ``g`` gradient of the output, ``y`` output, ``n`` degree, ``x`` input. Source: NIST Digital
Library of Mathematical Functions (DLMF), 18.9(iii): the derivative of each family is a family of
one degree less. The derivatives in the degree and in the parameters are not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from .special import learn, refused


def _family(fn: Callable, parameters: tuple[str, ...], slope: Callable) -> None:
    """Learn a family whose derivative is ``slope(n, *parameters, x, m)``, where m = n - 1."""

    def rule(g: Any, y: Any, n: Any, *inputs: Any) -> Any:
        m = np.maximum(n - 1, 0)  # a constant has the slope 0, and no degree is -1
        return g * np.where(np.equal(n, 0), 0, slope(n, *inputs, m))

    learn(fn, *(refused(fn, name) for name in ("n", *parameters)), rule)


_U = special.eval_chebyu
_C = special.eval_gegenbauer

_family(special.eval_chebyt, (), lambda n, x, m: n * _U(m, x))
_family(special.eval_chebyu, (), lambda n, x, m: 2 * _C(m, 2, x))
_family(special.eval_chebyc, (), lambda n, x, m: n * _U(m, x / 2))
_family(special.eval_chebys, (), lambda n, x, m: _C(m, 2, x / 2))
_family(special.eval_sh_chebyt, (), lambda n, x, m: 2 * n * _U(m, 2 * x - 1))
_family(special.eval_sh_chebyu, (), lambda n, x, m: 4 * _C(m, 2, 2 * x - 1))
_family(special.eval_legendre, (), lambda n, x, m: _C(m, 1.5, x))
_family(special.eval_sh_legendre, (), lambda n, x, m: 2 * _C(m, 1.5, 2 * x - 1))
_family(special.eval_laguerre, (), lambda n, x, m: -special.eval_genlaguerre(m, 1, x))
_family(special.eval_hermite, (), lambda n, x, m: 2 * n * special.eval_hermite(m, x))
_family(special.eval_hermitenorm, (), lambda n, x, m: n * special.eval_hermitenorm(m, x))
_family(_C, ("alpha",), lambda n, a, x, m: 2 * a * _C(m, a + 1, x))
_family(
    special.eval_genlaguerre,
    ("alpha",),
    lambda n, a, x, m: -special.eval_genlaguerre(m, a + 1, x),
)
_family(
    special.eval_jacobi,
    ("alpha", "beta"),
    lambda n, a, b, x, m: (n + a + b + 1) / 2 * special.eval_jacobi(m, a + 1, b + 1, x),
)
