"""Every function that HIPS autograd has a rule for in NumPy's and SciPy's names has one here.

That each of ours is right at first and second order and in forward mode is what
``tests/test_functions.py`` proves of every row of the table of samples; here it is only asked
whether the function is there, and in the table.
"""

import operator
import sys
from pathlib import Path

import autograd.numpy
import autograd.numpy.linalg
import autograd.scipy.linalg
import autograd.scipy.signal
import autograd.scipy.special
import autograd.scipy.stats  # noqa: F401  # importing a module fills autograd's registry
import numpy as np
import scipy.special
from autograd.core import primitive_vjps

sys.path.insert(0, str(Path(__file__).parent.parent))

from samples import ROWS

import microtensor as mt
from microtensor.primitives import registry

SPELLED_SO_HERE = {
    "__getitem__": operator.getitem,
    "array_from_args": np.stack,  # np.array of several arrays
    "astype": mt.ops.astype,
    "concatenate_args": np.concatenate,
    "logsumexp": mt.logsumexp,
    "make_diagonal": np.diag,
    "multigammaln": "multigammaln",
    "polygamma": "polygamma",
}
NO_FUNCTION_OF_USERS = {
    "_array_from_scalar_or_array", "_make_dict", "container_take", "container_untake", "covector",
    "dot_adjoint_0", "dot_adjoint_1", "inner_prod", "make_sequence", "mut_add", "scalar_mul",
    "sequence_extend_left", "sequence_extend_right", "sparse_add", "tensordot_adjoint_0",
    "tensordot_adjoint_1", "truncate_pad", "untake",
}  # fmt: skip
STATISTICS = "SciPy's distributions are not taken over"
OUT_OF_REACH = {
    **dict.fromkeys(
        ("cdf", "entropy", "logcdf", "logpdf", "logpmf", "logsf", "pdf", "pmf", "sf"), STATISTICS
    ),
    "odeint": "SciPy's integrators are not taken over",
    "eig": "its results are complex numbers in general",
    "solve_banded": "SciPy's linear algebra is not taken over",
    "solve_sylvester": "SciPy's linear algebra is not taken over",
    "solve_triangular": "SciPy's linear algebra is not taken over",
    "sqrtm": "SciPy's linear algebra is not taken over",
}


def names_in_autograd():
    return sorted({fn.__name__ for fn in primitive_vjps})


def counterpart(name):
    """Find the function of that name that Values know, or None."""
    found = SPELLED_SO_HERE.get(name, name)
    if callable(found):
        return found
    places = (np, np.linalg, getattr(mt, "special", None), scipy.special)
    for place in places:
        fn = getattr(place, found, None)
        if fn in registry:
            return fn
    return None


def names_to_have():
    """Leave out what users do not call, and what turns complex."""
    left_out = {*NO_FUNCTION_OF_USERS, *OUT_OF_REACH}
    return [n for n in names_in_autograd() if n not in left_out and "fft" not in n]


def missing(known):
    names = names_to_have()
    words = {"differentiable", "composite", "piecewise", "static"}  # np.imag is zero
    return [
        n for n in names if counterpart(n) not in known or known[counterpart(n)].word not in words
    ]


def test_every_function_with_a_rule_in_autograd_has_one_here():
    assert missing(registry) == []


def test_one_that_is_missing_is_named():
    assert missing({k: v for k, v in registry.items() if k is not np.tanh}) == ["tanh"]


def test_each_of_them_is_in_the_table_of_samples():
    sampled = {row.fn for row in ROWS} | {fn for row in ROWS for fn in row.through}
    assert [n for n in names_to_have() if counterpart(n) not in sampled] == []


def test_what_is_left_out_is_still_in_autograd():
    assert {*NO_FUNCTION_OF_USERS, *OUT_OF_REACH, *SPELLED_SO_HERE} <= set(names_in_autograd())
