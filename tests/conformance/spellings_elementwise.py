"""PyTorch's operators that work entry by entry, in our words."""

from __future__ import annotations

import numpy as np

import microtensor as mt
from microtensor import special


def divide(a, b, rounding_mode=None):
    if rounding_mode == "floor":
        return np.floor_divide(a, b)
    return np.trunc(a / b) if rounding_mode == "trunc" else a / b


def logit(x, eps=None):
    return special.logit(x if eps is None else np.clip(x, eps, 1 - eps))


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def to_type(dtype):
    return lambda x, memory_format=None: x.astype(dtype)


def of_degree(fn):
    """Spell a polynomial, with the degree cut to an integer, and 0 for degrees below 0."""

    def spelled(x, n):
        degree = np.trunc(n).astype(int)
        return np.where(degree < 0, 0.0, fn(np.maximum(degree, 0), x))

    return spelled


SPELLINGS = {
    # Arithmetic
    "add": lambda a, b, alpha=1: a + alpha * b,
    "sub": lambda a, b, alpha=1: a - alpha * b,
    "rsub": lambda a, b, alpha=1: b - alpha * a,
    "mul": np.multiply,
    "div": divide,
    "true_divide": np.true_divide,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "fmod": np.fmod,
    "pow": np.power,
    "float_power": np.float_power,
    "neg": np.negative,
    "positive": np.positive,
    "reciprocal": np.reciprocal,
    "square": np.square,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "abs": np.abs,
    "__radd__": lambda a, b: b + a,
    "__rsub__": lambda a, b: b - a,
    "__rmul__": lambda a, b: b * a,
    "__rdiv__": lambda a, b: b / a,
    "__rmod__": lambda a, b: b % a,
    "__rpow__": lambda a, b: b**a,
    "__rmatmul__": lambda a, b: b @ a,
    "addcmul": lambda x, a, b, value=1: x + value * a * b,
    "addcdiv": lambda x, a, b, value=1: x + value * a / b,
    "lerp": lambda a, b, weight: a + weight * (b - a),
    "ldexp": lambda a, b: a * np.exp2(b),
    "copysign": np.copysign,
    "hypot": np.hypot,
    "nextafter": np.nextafter,
    "heaviside": np.heaviside,
    # Exponentials, logarithms, trigonometry
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "deg2rad": np.deg2rad,
    "rad2deg": np.rad2deg,
    "sinc": np.sinc,
    "sigmoid": mt.sigmoid,
    "logit": logit,
    # Rounding, signs, limits
    "ceil": np.ceil,
    "floor": np.floor,
    "trunc": np.trunc,
    "frac": lambda x: x - np.trunc(x),
    "round": lambda x, decimals=0: np.round(x, decimals),
    "sign": np.sign,
    "sgn": np.sign,
    "signbit": np.signbit,
    "frexp": np.frexp,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "clamp": lambda x, min=None, max=None: np.clip(x, min, max),
    "clamp_min": lambda x, min: np.clip(x, min, None),
    "clamp_max": lambda x, max: np.clip(x, None, max),
    "nan_to_num": nan_to_num,
    "real": np.real,
    "angle": np.angle,
    "conj": np.conj,
    "conj_physical": np.conjugate,
    "clone": np.copy,
    "contiguous": np.copy,
    "alias_copy": np.copy,
    "double": to_type(np.float64),
    "float": to_type(np.float32),
    "half": to_type(np.float16),
    "bool": to_type(np.bool_),
    "int": to_type(np.int32),
    "long": to_type(np.int64),
    "short": to_type(np.int16),
    "char": to_type(np.int8),
    "fill": lambda x, value: np.full_like(x, value),
    # Comparisons and questions
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "equal": np.array_equal,
    "isclose": np.isclose,
    "allclose": np.allclose,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "isposinf": np.isposinf,
    "isneginf": np.isneginf,
    "isreal": np.isreal,
    "isin": np.isin,
    "logical_not": np.logical_not,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    # Special functions
    "erf": lambda x: special.erf(x),
    "erfc": lambda x: special.erfc(x),
    "erfinv": lambda x: special.erfinv(x),
    "lgamma": lambda x: special.gammaln(x),
    "digamma": lambda x: special.psi(x),
    "polygamma": lambda x, n: special.polygamma(n, x),
    "special.polygamma": lambda x, n: special.polygamma(n, x),
    "mvlgamma": lambda x, p: special.multigammaln(x, p),
    "igamma": lambda a, x: special.gammainc(a, x),
    "igammac": lambda a, x: special.gammaincc(a, x),
    "i0": lambda x: special.i0(x),
    "xlogy": lambda x, y: special.xlogy(x, y),
    "special.i0e": lambda x: special.i0e(x),
    "special.i1": lambda x: special.i1(x),
    "special.i1e": lambda x: special.i1e(x),
    "special.ndtr": lambda x: special.ndtr(x),
    "special.ndtri": lambda x: special.ndtri(x),
    "special.log_ndtr": lambda x: special.log_ndtr(x),
    "special.erfcx": lambda x: special.erfcx(x),
    "special.entr": lambda x: special.entr(x),
    "special.xlog1py": lambda x, y: special.xlog1py(x, y),
    "special.zeta": lambda x, q: special.zeta(x, q),
    "special.bessel_j0": lambda x: special.j0(x),
    "special.bessel_j1": lambda x: special.j1(x),
    "special.bessel_y0": lambda x: special.y0(x),
    "special.bessel_y1": lambda x: special.y1(x),
    "special.modified_bessel_i0": lambda x: special.i0(x),
    "special.modified_bessel_i1": lambda x: special.i1(x),
    "special.modified_bessel_k0": lambda x: special.k0(x),
    "special.modified_bessel_k1": lambda x: special.k1(x),
    "special.scaled_modified_bessel_k0": lambda x: special.k0e(x),
    "special.scaled_modified_bessel_k1": lambda x: special.k1e(x),
    "special.chebyshev_polynomial_t": of_degree(lambda n, x: special.eval_chebyt(n, x)),
    "special.chebyshev_polynomial_u": of_degree(lambda n, x: special.eval_chebyu(n, x)),
    "special.hermite_polynomial_h": of_degree(lambda n, x: special.eval_hermite(n, x)),
    "special.hermite_polynomial_he": of_degree(lambda n, x: special.eval_hermitenorm(n, x)),
    "special.laguerre_polynomial_l": of_degree(lambda n, x: special.eval_laguerre(n, x)),
    "special.legendre_polynomial_p": of_degree(lambda n, x: special.eval_legendre(n, x)),
    "special.shifted_chebyshev_polynomial_t": of_degree(lambda n, x: special.eval_sh_chebyt(n, x)),
    "special.shifted_chebyshev_polynomial_u": of_degree(lambda n, x: special.eval_sh_chebyu(n, x)),
    "special.spherical_bessel_j0": lambda x: special.spherical_jn(0, x),
}
