"""The table of samples: one row per function that the library knows, its options included.

A row says how inputs are drawn and how the function is called on them; `tests/test_functions.py`
then proves the same claims of every row. To add a function, add its rule and one row.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from draws import (
    Row,
    between,
    binary,
    case,
    distinct,
    nonzero,
    normal,
    offgrid,
    positive,
    unary,
)
from samples_activations import MORE_ACTIVATIONS
from samples_arrays import ARRAYS
from samples_attention import ATTENTION
from samples_batch_norms import BATCH_NORMS
from samples_images import IMAGES
from samples_linalg import LINALG
from samples_places import PLACES
from samples_recurrences import RECURRENCES
from samples_reductions import REDUCTIONS
from samples_shapes import SHAPES
from samples_special import SPECIAL
from samples_ufuncs import UFUNCS
from samples_windows import WINDOWS

from microtensor import ops
from microtensor.ops import activations, choices


def _erf(x: Any) -> Any:
    if np.iscomplexobj(x):
        raise TypeError("math.erf takes no complex numbers")
    return np.reshape([math.erf(v) for v in np.ravel(x)], np.shape(x))


def _less_than(limit: float) -> Any:
    return lambda: between(-limit, limit)


def _exponents() -> Any:
    return between(-2.0, 2.5)


ELEMENTWISE = [
    Row(np.add, binary(normal)),
    Row(np.subtract, binary(normal)),
    Row(np.multiply, binary(normal)),
    Row(np.true_divide, binary(normal, nonzero)),
    Row(np.power, binary(positive, _exponents),
        [case(nonzero(2, 3), exponent) for exponent in (2, 3.0, -1, 1, 0)],
        case(positive(3), 0.5), case(nonzero(3), np.array([0.0, 1.0, -2.0])),
        case(nonzero(3), np.array([0, 1, 3])), case(nonzero().of(None), 3),
        [case(base, normal(3)) for base in (2, 0.5, np.array([1, 2, 3]))],
        case(2, normal().of(None))),
    Row(np.remainder, binary(offgrid, lambda: between(2.35, 2.45)), case(offgrid(3), -2.4),
        differenced=True),
    Row(np.maximum, binary(normal)),
    Row(np.minimum, binary(normal)),
    Row(np.arctan2, binary(nonzero), differenced=True),
    Row(np.logaddexp, binary(normal), differenced=True),
    Row(np.negative, unary(normal)),
    Row(np.positive, unary(normal)),
    Row(np.exp, unary(normal)),
    Row(np.exp2, unary(normal)),
    Row(np.expm1, unary(normal)),
    Row(np.log, unary(positive)),
    Row(np.log2, unary(positive)),
    Row(np.log10, unary(positive)),
    Row(np.log1p, unary(positive), case(between(-0.9, -0.1, 3))),
    Row(np.sqrt, unary(positive)),
    Row(np.cbrt, unary(nonzero), differenced=True),
    Row(np.square, unary(normal)),
    Row(np.reciprocal, unary(nonzero)),
    Row(np.absolute, unary(nonzero), differenced=True),
    Row(np.fabs, unary(nonzero), differenced=True),
    Row(np.sin, unary(normal)),
    Row(np.cos, unary(normal)),
    Row(np.tan, unary(_less_than(1.2))),
    Row(np.arcsin, unary(_less_than(0.9))),
    Row(np.arccos, unary(_less_than(0.9))),
    Row(np.arctan, unary(normal)),
    Row(np.sinh, unary(normal)),
    Row(np.cosh, unary(normal)),
    Row(np.tanh, unary(normal)),
    Row(np.arcsinh, unary(normal)),
    Row(np.arccosh, unary(lambda: between(1.2, 3.0))),
    Row(np.arctanh, unary(_less_than(0.9))),
    Row(np.where,
        [case(np.array([[True], [False]]), *c.inputs) for c in binary(normal)
         if all((i.shape or (1,))[0] in (1, 2) or len(i.shape) == 1 for i in c.inputs)],
        case(True, normal(3), normal(3)), case(np.array([[1], [0]]), normal(2, 3), 0.0),
        case(np.array([[True], [False]]), 1, normal(3)), case(True, normal().of(None), 2.0)),
    Row(
        np.clip, case(offgrid(4, 3), -1.0, 1.0), case(offgrid(5), None, 0.5),
        case(offgrid(5), -0.5, None), case(offgrid(5), a_min=-1, a_max=1),
        case(offgrid(5), min=-1.0), case(offgrid(5), max=1.0), case(offgrid(5), min=-1.0, max=2.5),
        case(offgrid(4, 3), np.array([-1.0, -0.5, 0.0]), np.array([[1.0]])),
        case(distinct(3, 4), between(-0.65, -0.6, 4), between(0.6, 0.65, 3, 1)),
        case(distinct(6), between(0.05, 0.1), None), case(distinct(6), None, between(0.05, 0.1)),
        case(offgrid(5), between(1.0, 1.05), between(-1.05, -1.0)),  # low above high gives high
        case(offgrid().of(None), -1.0, 1.0), case(offgrid().of(None), None, 9.0),
        through=(choices._clip,),
    ),
    Row(ops.astype, case(normal(3), np.longdouble), case(normal(2, 3), dtype=float, copy=False),
        case(normal(), np.float64), changes_dtype=True,
        value=lambda x, dtype, copy=True: np.asarray(x).astype(np.result_type(dtype, x))[()]),
]  # fmt: skip


def _softmax(x: Any, axis: int = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def _gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "none":
        return x * 0.5 * (1 + _erf(x / math.sqrt(2)))
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _cross_entropy(logits: Any, labels: Any) -> Any:
    terms = [_logsumexp(row) - row[label] for row, label in zip(logits, labels, strict=True)]
    return np.mean(np.array(terms))


def _along(axes: tuple = (-1, 0, 1, -2)) -> list:
    return [case(normal(3, 4), axis=a) for a in axes] + [case(normal(4)), case(normal(2, 3, 2), 1)]


ACTIVATIONS = [
    Row(ops.relu, unary(nonzero), value=lambda x: np.where(np.real(x) > 0, x, 0)),
    Row(ops.leaky_relu, unary(nonzero), case(nonzero(3), 0.3), case(nonzero(3), negative_slope=0.2),
        value=lambda x, negative_slope=0.01: np.where(np.real(x) > 0, x, negative_slope * x)),
    Row(ops.elu, unary(nonzero), case(nonzero(3), 0.3), case(nonzero(3), alpha=1.7),
        value=lambda x, alpha=1.0: np.where(np.real(x) > 0, x, alpha * (np.exp(x) - 1))),
    Row(ops.sigmoid, unary(normal), value=lambda x: 1 / (1 + np.exp(-x))),
    Row(ops.softplus, unary(normal), value=lambda x: np.log(1 + np.exp(x))),
    Row(ops.silu, unary(normal), value=lambda x: x / (1 + np.exp(-x))),
    Row(activations.normal_cdf, unary(normal), value=lambda x: 0.5 * (1 + _erf(x / math.sqrt(2))),
        differenced=True),
    Row(ops.gelu, unary(normal), case(normal(3), "tanh"), case(normal(3), approximate="none"),
        case(normal().of(None), approximate="tanh"), value=_gelu, differenced=True),
    Row(ops.softmax, _along(), value=_softmax),
    Row(ops.log_softmax, _along(), value=lambda x, axis=-1: np.log(_softmax(x, axis))),
    Row(ops.logsumexp, _along(),
        [case(normal(2, 3, 2), axis=a, keepdims=k)
         for a in (None, 0, -1, (0, 2)) for k in (False, True)],
        case(normal()), value=_logsumexp),
    Row(ops.softmax_cross_entropy, case(normal(3, 4), np.array([0, 3, 1])),
        case(normal(1, 2), np.array([1])), value=_cross_entropy),
]  # fmt: skip

OPERATORS = [
    Row(operator.add, binary(normal), case(normal(3), 2), case(2.5, normal(2, 3)), name="a + b"),
    Row(operator.sub, binary(normal), case(normal(3), 2), case(2.5, normal(2, 3)), name="a - b"),
    Row(operator.mul, binary(normal), case(normal(3), 2), case(2.5, normal(2, 3)), name="a * b"),
    Row(operator.truediv, binary(normal, nonzero), case(normal(3), 2), case(2.5, nonzero(2, 3)),
        name="a / b"),
    Row(operator.pow, binary(positive, _exponents), case(nonzero(3), 2), case(positive(3), 0.5),
        case(2.5, normal(3)), case(nonzero().of(None), 3), case(nonzero(2, 3), -1), name="a ** b"),
    Row(operator.matmul, case(normal(2, 3), normal(3, 2)), case(normal(3), normal(3)),
        name="a @ b"),
    Row(operator.mod, case(offgrid(3), 2.4), case(7.3, between(2.35, 2.45, 3)), name="a % b",
        differenced=True),
    Row(operator.neg, unary(normal), name="-a"),
    Row(operator.pos, unary(normal), name="+a"),
    Row(abs, unary(nonzero), name="abs(a)", differenced=True),
    Row(lambda array, x: array + x * array - array / x, case(np.array([1.0, 2.0]), nonzero(2)),
        case(np.array([[1.0], [2.0]]), nonzero(3)), case(np.float64(3.0), nonzero(3)),
        name="array + a * array"),
    Row(lambda array, x: array @ x, case(np.ones((2, 3)), normal(3)),
        case(np.ones((2, 2, 3)), normal(3, 2)), name="array @ a"),
]  # fmt: skip

_METHODS: list[tuple] = [
    ("exp", normal(3)), ("sqrt", positive(3)), ("log", positive(3)), ("tanh", normal(3)),
    ("sin", normal(3)), ("cos", normal(3)), ("abs", nonzero(3)),
    ("exp", normal().of(None)), ("sqrt", positive().of(None)), ("log", positive().of(None)),
    ("tanh", normal().of(None)), ("sin", normal().of(None)), ("cos", normal().of(None)),
]  # fmt: skip

METHODS = [
    *(
        Row(operator.methodcaller(m), case(draw), value=getattr(np, m), name=f"a.{m}()",
            differenced=m == "abs")
        for m, draw in _METHODS
    ),
    *(
        Row(operator.methodcaller(m), unary(nonzero), value=formula, name=f"a.{m}()")
        for m, formula in (
            ("relu", lambda x: np.where(np.real(x) > 0, x, 0)),
            ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        )
    ),
    *(
        Row(operator.methodcaller(m, *args, **options), case(draw), name=f"a.{m}(...)",
            differenced=m in ("var", "std"))
        for m, draw, args, options in (
            ("sum", normal(2, 3), (0,), {}), ("sum", normal(2, 3), (), {"axis": 1}),
            ("prod", normal(2, 3), (1,), {}), ("mean", normal(2, 3), (), {"keepdims": True}),
            ("var", normal(2, 3), (0,), {"ddof": 1}), ("std", normal(2, 3), (), {}),
            ("max", distinct(2, 3), (0,), {}), ("min", distinct(2, 3), (), {"axis": -1}),
            ("cumsum", normal(2, 3), (1,), {}), ("cumprod", normal(2, 3), (0,), {}),
            ("copy", normal(3), (), {}),
            ("clip", offgrid(5), (-1, 1), {}), ("clip", offgrid(5), (), {"min": 0}),
            ("dot", normal(2, 3), (np.ones(3, np.float32),), {}),
            ("take", normal(4, 2), ([0, -1, 0], 0), {}), ("repeat", normal(2, 2), (2, 1), {}),
            ("swapaxes", normal(2, 3, 4), (0, -1), {}), ("squeeze", normal(1, 3), (), {}),
            ("copy", normal(2, 3), (), {}),
            ("diagonal", normal(3, 3), (1,), {}), ("trace", normal(3, 3), (), {}),
            ("reshape", normal(2, 3), (3, 2), {}), ("reshape", normal(2, 3), ((3, -1),), {}),
            ("reshape", normal(2, 3), (-1,), {"order": "F"}), ("transpose", normal(2, 3), (), {}),
            ("transpose", normal(2, 3, 4), (2, 0, 1), {}), ("flatten", normal(2, 3), ("F",), {}),
            ("transpose", normal(2, 3, 4), ((-1, 0, 1),), {}), ("ravel", normal(2, 3), (), {}),
        )
    ),
    *(
        Row(part, case(normal(2, 3)), case(normal()), value=lambda x: 1 * x, name=name)
        for part, name in ((lambda x: x.real, "a.real"), (lambda x: x.conj(), "a.conj()"))
    ),
    Row(lambda x: x.imag, case(normal(2, 3)), value=lambda x: 0 * x, name="a.imag"),
    Row(operator.methodcaller("compress", [True, False, True], axis=1), case(normal(2, 3)),
        name="a.compress(...)"),
    Row(lambda x: x.T, case(normal(2, 3)), case(normal(2, 3, 4)), name="a.T"),
    Row(lambda x: x.mT, case(normal(2, 3)), case(normal(2, 3, 4)), name="a.mT"),
    Row(lambda x: [*x], case(normal(3)), case(normal(2, 3)), name="[*a]"),
]  # fmt: skip

ROWS = [
    *ELEMENTWISE, *ACTIVATIONS, *MORE_ACTIVATIONS, *ARRAYS, *PLACES, *OPERATORS, *METHODS,
    *UFUNCS, *REDUCTIONS, *SHAPES, *LINALG, *WINDOWS, *IMAGES, *BATCH_NORMS, *ATTENTION,
    *SPECIAL,
    *RECURRENCES,
]  # fmt: skip
