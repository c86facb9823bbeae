"""Which functions can a page compute, too? Their counterparts in JavaScript, for single numbers.

Formulas are traced from the rules (`formulas.py`) and written with these words, so that a page
that is given other numbers computes what Python would, both ways. Legend: ``{0}``, ``{1}`` are
operands, and then options, in their order in Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from .terms import Key, Term

_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "fmod": "%"}
_CONDITIONS = {
    "greater": "{0}>{1}", "less": "{0}<{1}", "greater_equal": "{0}>={1}", "less_equal": "{0}<={1}",
    "equal": "{0}==={1}", "not_equal": "{0}!=={1}", "logical_and": "{0}&&{1}",
    "logical_or": "{0}||{1}", "logical_not": "!{0}", "isnan": "Number.isNaN({0})",
    "isfinite": "Number.isFinite({0})", "isinf": "Math.abs({0})===Infinity",
    "signbit": "({0}<0||Object.is({0},-0))",
}  # fmt: skip
_OF_MATH = {
    "tanh": "tanh", "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin", "cos": "cos",
    "tan": "tan", "sinh": "sinh", "cosh": "cosh", "absolute": "abs", "fabs": "abs", "sign": "sign",
    "expm1": "expm1", "log1p": "log1p", "log2": "log2", "log10": "log10", "arctan": "atan",
    "arcsin": "asin", "arccos": "acos", "cbrt": "cbrt", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "power": "pow",
    "maximum": "max", "minimum": "min", "hypot": "hypot", "arctan2": "atan2",
}  # fmt: skip
_TEMPLATES = {
    ("sigmoid", 1): "(1/(1+Math.exp(-{0})))", ("relu", 1): "Math.max(0,{0})",
    ("silu", 1): "({0}/(1+Math.exp(-{0})))", ("expit", 1): "(1/(1+Math.exp(-{0})))",
    ("softplus", 3): "({1}*{0}>{2}?{0}:F.log1pexp({1}*{0})/{1})",
    ("softplus", 1): "({0}>20?{0}:F.log1pexp({0}))",
    ("logsigmoid", 1): "(-F.log1pexp(-{0}))",
    ("leaky_relu", 2): "({0}>0?{0}:{1}*{0})", ("prelu", 2): "({0}>0?{0}:{1}*{0})",
    ("elu", 2): "({0}>0?{0}:{1}*Math.expm1({0}))",
    ("celu", 2): "({0}>0?{0}:{1}*Math.expm1({0}/{1}))",
    ("hardtanh", 3): "Math.min(Math.max({0},{1}),{2})",
    ("clip", 3): "Math.min(Math.max({0},{1}),{2})",
    ("hardswish", 1): "({0}*(Math.min(Math.max({0}+3,0),6)/6))",
    ("hardshrink", 2): "(Math.abs({0})<={1}?0:{0})",
    ("softshrink", 2): "({0}-Math.min(Math.max({0},-{1}),{1}))",
    ("threshold", 3): "({0}<={1}?{2}:{0})",
    ("normal_cdf", 1): "F.cdf({0})", ("ndtr", 1): "F.cdf({0})",
    ("erf", 1): "F.erf({0})", ("erfc", 1): "F.erfc({0})",
    ("gelu[none]", 1): "({0}*F.cdf({0}))",
    ("gelu[tanh]", 1):
        "(0.5*{0}*(1+Math.tanh(0.7978845608028654*({0}+0.044715*{0}*{0}*{0}))))",
    ("mish", 1): "({0}*Math.tanh(F.log1pexp({0})))",
    ("negative_part", 1): "Math.min({0},0)", ("slope_from", 2): "({0}>0?1:{1})",
    ("masked", 2): "({1}?{0}:0)", ("negative", 1): "(-{0})", ("square", 1): "({0}*{0})",
    ("reciprocal", 1): "(1/{0})", ("holds", 1): "{0}", ("where", 3): "({0}?{1}:{2})",
    ("logaddexp", 2): "F.logaddexp({0},{1})", ("exp2", 1): "Math.pow(2,{0})",
    ("fmax", 2): "F.fmax({0},{1})", ("fmin", 2): "(-F.fmax(-{0},-{1}))",
    ("heaviside", 2): "({0}>0?1:{0}<0?0:{0}===0?{1}:NaN)",
    ("remainder", 2): "F.mod({0},{1})", ("floor_divide", 2): "F.whole({0},{1})",
    ("rint", 1): "F.rint({0})",
    ("round", 2): "(F.rint({0}*Math.pow(10,{1}))/Math.pow(10,{1}))",
    ("at_least", 2): "Math.max({0},{1})",
    ("huber", 2): "(Math.abs({0})<={1}?{0}*{0}/2:{1}*(Math.abs({0})-{1}/2))",
    ("binary_cross_entropy", 2):
        "-({1}*Math.max(Math.log({0}),-100)+(1-{1})*Math.max(Math.log1p(-{0}),-100))",
    ("deg2rad", 1): "({0}*(Math.PI/180))", ("radians", 1): "({0}*(Math.PI/180))",
    ("rad2deg", 1): "({0}*(180/Math.PI))", ("degrees", 1): "({0}*(180/Math.PI))",
}  # fmt: skip
# Of a single number these give that number, whatever their options say of axes and shapes.
UNCHANGED = frozenset(
    ("sum", "mean", "max", "min", "amax", "amin", "prod", "reshape", "broadcast_to", "squeeze",
     "expand_dims", "ravel", "transpose", "copy", "positive", "conjugate", "real", "spread")
)  # fmt: skip

# What Math lacks; a page gets those that its graph needs.
_HELPERS = {
    # log(1 + exp x), and log(exp a + exp b), with no exponential that overflows
    "log1pexp": "x=>Math.max(x,0)+Math.log1p(Math.exp(-Math.abs(x)))",
    "logaddexp": "(a,b)=>a===b?a+Math.LN2:Math.max(a,b)+Math.log1p(Math.exp(-Math.abs(a-b)))",
    "fmax": "(a,b)=>a>=b||Number.isNaN(b)?a:b",
    # the remainder has the sign of the divisor
    "mod": "(a,b)=>{const r=a%b;return r&&r<0!==b<0?r+b:r}",
    "whole": "(a,b)=>{const q=(a-F.mod(a,b))/b,w=Math.floor(q);return q-w>.5?w+1:w}",
    # halves go to the even number
    "rint": "x=>{const w=Math.floor(x),d=x-w;return d<.5||d===.5&&w%2===0?w:w+1}",
    # Abramowitz and Stegun 7.1.6, a sum of positive terms, and 7.1.14, a continued fraction
    "erf": "x=>{const s=Math.abs(x);if(!(s<1.5))return Math.sign(x)*(1-F.erfc(s))||x;"
    "let t=s,y=s;for(let n=1;t>y*1e-17;n++){t*=2*s*s/(2*n+1);y+=t}"
    "return Math.sign(x)*2/Math.sqrt(Math.PI)*Math.exp(-s*s)*y}",
    "erfc": "x=>{if(x<1.5)return 1-F.erf(x);let c=x;for(let n=99;n>0;n--)c=x+n/2/c;"
    "return x<Infinity?Math.exp(-x*x)/Math.sqrt(Math.PI)/c:x===x?0:x}",
    "cdf": "x=>.5*(1+F.erf(x/Math.SQRT2))",
}
_NEEDS = re.compile(r"F\.(\w+)")


def javascript(term: Term, names: Any) -> str | None:
    """Write a formula of numbers as JavaScript; None where a function has no counterpart there.

    Parameters
    ----------
    term : Term
    names : mapping of symbols to str

    Examples
    --------
    >>> from .terms import number, simplified, symbol
    >>> y = symbol("y")
    >>> javascript(simplified("subtract", number(1), simplified("multiply", y, y)), {"y": "y"})
    '(1-Math.pow(y,2))'
    """
    op, args = term
    if op == "number":
        return _number(args[0])
    if op == "symbol":
        return str(names[args[0]])
    if op == "option":
        return None
    if op in UNCHANGED:
        return javascript(args[0], names)
    parts = [javascript(a, names) for a in args]
    if any(part is None for part in parts):
        return None
    if op in _INFIX and len(parts) == 2:
        return f"({parts[0]}{_INFIX[op]}{parts[1]})"
    if op in _CONDITIONS:
        return f"({_CONDITIONS[op].format(*parts)}?1:0)"
    template = _TEMPLATES.get((op, len(parts)))
    if template is not None:
        return template.format(*parts)
    word = _OF_MATH.get(op)
    return None if word is None else f"Math.{word}({','.join(map(str, parts))})"


def helpers(programs: Iterable[str]) -> str:
    """Give the functions that some programs use and Math lacks, as members of ``F``.

    >>> helpers(["F.cdf(a[0])"]).count("=>")          # cdf, and the erf and erfc behind it
    3
    >>> helpers(["Math.tanh(a[0])"])
    '{}'
    """
    found: dict[str, str] = {}
    waiting = list(programs)
    while waiting:
        for name in _NEEDS.findall(waiting.pop()):
            if name not in found:
                found[name] = _HELPERS[name]
                waiting.append(_HELPERS[name])
    return f"{{{','.join(f'{name}:{found[name]}' for name in sorted(found))}}}"


def symbols(key: Key) -> str:
    """Name a symbol as programs do: the operands are ``a[0]``, ``a[1]``, the value is ``y``."""
    return "y" if key == "y" else f"a[{key}]"


def _number(x: float) -> str:
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else ("Infinity" if x > 0 else "(-Infinity)")
    return f"({x!r})" if x < 0 else repr(x).removesuffix(".0")
