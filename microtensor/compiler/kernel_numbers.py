"""How are numbers written in a kernel? With their dtypes, since Numba takes them for float64.

Numba gives what it computes from a float32 and a number of Python's as float64, and keeps bools in
memory in a way of its own; so each constant names its dtype, and bools lie as bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .nests import Member
from .programs import Variable
from .works import dtype_of


def cast(name: str, own: Any, wanted: Any) -> str:
    """Write a number of one dtype as a number of another."""
    own, wanted = np.dtype(own), np.dtype(wanted)
    if own == wanted:
        return name
    if wanted == np.dtype(bool):
        return f"({name} != 0)"
    return f"{wanted.name}({name})"


def loaded(text: str, dtype: np.dtype) -> str:
    """Write what is read from memory; bools lie there as bytes."""
    return f"({text} != 0)" if dtype == np.dtype(bool) else text


def kept(text: str, v: Variable) -> str:
    """Write what is laid into memory."""
    return f"uint8({text})" if dtype_of(v) == np.dtype(bool) else text


def constant(x: Any, dtype: Any) -> str:
    """Write a number in a dtype."""
    dtype = np.dtype(dtype)
    if dtype == np.dtype(bool):
        return repr(bool(x))
    if dtype.kind in "iu":
        return f"{dtype.name}({int(x)})"
    x = float(x)
    text = repr(x) if np.isfinite(x) else {"inf": "inf", "-inf": "-inf"}.get(str(x), "nan")
    return f"{dtype.name}({text})"


def zero(dtype: Any) -> str:
    """Write the 0 of a dtype."""
    return constant(0, dtype)


def start_of(m: Member, dtype: np.dtype) -> str:
    """Write what a sum, or the search for the largest, begins with."""
    fn = m.work.ins.fn
    if fn not in (np.max, np.min):
        return zero(dtype)
    if dtype == np.dtype(bool):
        return repr(fn is np.min)
    if dtype.kind == "f":
        return constant(-np.inf if fn is np.max else np.inf, dtype)
    limits = np.iinfo(dtype)
    return constant(limits.min if fn is np.max else limits.max, dtype)


def combined(m: Member, a: str, b: str, plain: bool = False) -> str:
    """Write what becomes of a sum when a number comes."""
    fn = m.work.ins.fn
    if fn in (np.max, np.min):
        if dtype_of(m.work.output) == np.dtype(bool):
            return f"{a} | {b}" if fn is np.max else f"{a} & {b}"
        return f"larger({a}, {b})" if fn is np.max else f"smaller({a}, {b})"
    return f"{a} + {b}" if plain else f"plus({a}, {b})"
