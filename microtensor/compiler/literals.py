"""How is a value written in source text? As an expression that gives the very same value again.

Expressions are trees of Python's own `ast`, never pieces of text: so brackets stand where they
must, and a text among the values is always a quoted one.
"""

from __future__ import annotations

import ast
import math
import sys
from types import ModuleType
from typing import Any

import numpy as np

from .. import lending

FEW = 64  # entries of an array that is written out

_PLACES = (
    "numpy", "numpy.linalg", "numpy.fft", "numpy.lib.stride_tricks", "scipy.special",
    "scipy.special._ufuncs",
)  # fmt: skip
# What stands for the functions of `lending` where a text runs by itself, and nobody lends.
_LENT = {
    "empty": "empty", "aligned": "empty", "zeros": "zeros", "ones": "ones", "counting": "arange",
    "where": "flatnonzero", "like": "empty_like",
}  # fmt: skip


class UnwritableError(Exception):
    """A value that no text gives again: the reason is why."""


def literal(x: Any) -> ast.expr:
    """Write a number, a text, a dtype, a function of NumPy's, or a nesting of such things.

    Raises
    ------
    UnwritableError
        If it is anything else, or a large array.

    Examples
    --------
    >>> ast.unparse(literal((1, -2.5, float("inf"), np.float32(0.1), slice(None, 3), "a'b")))
    '(1, -2.5, np.inf, np.float32(0.1), slice(None, 3, None), "a\\'b")'
    >>> ast.unparse(literal(np.full((2, 3), 0.5))), ast.unparse(literal(np.dtype("f4")))
    ('np.full((2, 3), 0.5)', "np.dtype('float32')")
    """
    if x is None or x is Ellipsis or isinstance(x, bool | str | bytes):
        return ast.Constant(x)
    if x.__class__ is int or x.__class__ is float:
        return _number(x)
    if isinstance(x, np.dtype):
        return call("np.dtype", ast.Constant(x.name))
    if isinstance(x, np.generic | np.ndarray) and x.dtype.kind == "f" and x.dtype.itemsize > 8:
        raise UnwritableError(f"longer floats than Python's: {x.dtype}")
    if isinstance(x, np.generic):
        return call(f"np.{type(x).__name__}", literal(_plain(x)))
    if isinstance(x, np.ndarray):
        return _array(x)
    if x.__class__ is slice:
        return call("slice", *map(literal, (x.start, x.stop, x.step)))
    if x.__class__ is range:
        return call("range", *map(literal, (x.start, x.stop, x.step)))
    if x.__class__ is tuple:
        return ast.Tuple([literal(inner) for inner in x], ast.Load())
    if x.__class__ is list:
        return ast.List([literal(inner) for inner in x], ast.Load())
    if x.__class__ is set and x:
        return ast.Set([literal(inner) for inner in sorted(x)])
    if x.__class__ is frozenset:
        return call("frozenset", literal(sorted(x)))
    if x.__class__ is dict:
        return ast.Dict([literal(k) for k in x], [literal(v) for v in x.values()])
    if x is type(None):
        return call("type", ast.Constant(None))
    path = dotted_path(x)
    if path is None:
        raise UnwritableError(f"a {type(x).__name__}")
    return name(path)


def _number(x: float) -> ast.expr:
    if x != x:
        return name("np.nan")
    if x < 0 or (x == 0 and math.copysign(1, x) < 0):
        return ast.UnaryOp(ast.USub(), _number(-x))
    return name("np.inf") if x == math.inf else ast.Constant(x)


def _plain(x: Any) -> Any:
    """Give Python's numbers for NumPy's: of a narrow float the shortest that is rounded to it."""
    if np.ndim(x):
        return [_plain(row) for row in x]
    return float(str(x)) if x.dtype.kind == "f" and x.dtype.itemsize < 8 else x.item()


def _array(x: np.ndarray) -> ast.expr:
    """Write an array out, if it has few entries or one number throughout."""
    dtype = [] if x.dtype == np.float64 else [ast.keyword("dtype", name(f"np.{x.dtype.name}"))]
    if x.dtype.kind not in "fiub":
        raise UnwritableError(f"an array of dtype {x.dtype}")
    if x.size and (x == x.flat[0]).all() and not (x == 0).any() and x.ndim:
        shape = literal(x.shape if x.ndim > 1 else x.shape[0])
        return ast.Call(name("np.full"), [shape, literal(_plain(x.flat[0]))], dtype)
    if x.size and not x.any() and not np.signbit(x).any() and x.ndim:
        return ast.Call(name("np.zeros"), [literal(x.shape)], dtype)
    if x.size > FEW:
        raise UnwritableError(f"an array of shape {x.shape}")
    if x.dtype.kind in "iu" and x.dtype.name == "int64" and x.ndim == 1:
        dtype = []
    written = ast.Call(name("np.array"), [literal(_plain(x))], dtype)
    if x.size:
        return written
    return ast.Call(name("np.zeros"), [literal(x.shape)], dtype)


def uniform(x: np.ndarray) -> ast.expr | None:
    """Write the number that all entries of an array of floats are, if they are one.

    >>> ast.unparse(uniform(np.full(3, 1 / 24))), uniform(np.arange(2.0))
    ('1 / 24', None)
    """
    if x.dtype.kind != "f" or not x.size or x.ndim == 0 or not (x == x.flat[0]).all():
        return None
    number = _plain(x.flat[0])
    return None if number == 0 else fraction(x.flat[0]) or literal(number)


def fraction(x: Any) -> ast.expr | None:
    """Write a float as one divided by an integer, if that gives it.

    >>> ast.unparse(fraction(1 / 3)), fraction(0.3), ast.unparse(fraction(np.float32(1 / 7)))
    ('1 / 3', None, '1 / 7')
    """
    parts = round(1 / float(x)) if 1e-9 < x < 1 else 0
    if parts < 2 or type(x)(1 / parts) != x:
        return None
    return ast.BinOp(ast.Constant(1), ast.Div(), ast.Constant(parts))


def name(path: str) -> ast.expr:
    """Write a name, or a path of names.

    >>> ast.unparse(name("np.linalg.inv"))
    'np.linalg.inv'
    """
    first, *rest = path.split(".")
    written: ast.expr = ast.Name(first, ast.Load())
    if rest:
        module = path.rpartition(".")[0]
        written.needs = "numpy" if first == "np" else module  # type: ignore[attr-defined]  # ours
    for part in rest:
        written = ast.Attribute(written, part, ast.Load())
    return written


def call(path: str, *args: ast.expr, **options: ast.expr) -> ast.Call:
    """Write a call of what lies at a path.

    >>> ast.unparse(call("np.sum", name("x"), axis=literal(0)))
    'np.sum(x, axis=0)'
    """
    return ast.Call(name(path), list(args), [ast.keyword(k, v) for k, v in options.items()])


def dotted_path(x: Any) -> str | None:
    """Tell where something of NumPy's, SciPy's or Python's own can be named.

    >>> dotted_path(np.linalg.inv), dotted_path(np.float32), dotted_path(math.exp)
    ('np.linalg.inv', 'np.float32', 'math.exp')
    """
    if isinstance(x, ModuleType):
        path = x.__name__.replace("_operator", "operator")
        return _short(path) if is_everywhere(path) else None
    called = getattr(x, "__name__", None)
    if not isinstance(called, str):
        return None
    home = getattr(x, "__module__", None) or ""
    if home == lending.__name__ and called in _LENT:
        return f"np.{_LENT[called]}"
    for place in (*_PLACES, home.replace("_operator", "operator")):
        module = sys.modules.get(place)
        if module is not None and is_everywhere(place) and getattr(module, called, None) is x:
            return called if place == "builtins" else _short(f"{place}.{called}")
    return None


def is_everywhere(path: str) -> bool:
    """Tell whether a module is Python's own, NumPy's or SciPy's."""
    top = path.partition(".")[0]
    return top in ("numpy", "scipy") or top in sys.stdlib_module_names


def imports_of(tree: ast.AST) -> set[str]:
    """List the modules that an expression of `literal` names things of.

    >>> sorted(imports_of(literal((math.exp, np.tanh))))
    ['math', 'numpy']
    """
    return {node.needs for node in ast.walk(tree) if hasattr(node, "needs")}


def _short(path: str) -> str:
    return "np" + path[5:] if path == "numpy" or path.startswith("numpy.") else path
