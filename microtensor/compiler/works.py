"""What can loops compute? For each function, what is done at one entry.

A way says, in Numba's Python, what an elementwise function gives from the numbers at one entry,
``{0}`` and ``{1}``. It is computed in the dtype that NumPy computes it in.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops.arithmetic import astype
from ..ops.indexing import scatter_add
from ..ops.masking import masked
from .layouts import Layout
from .lowering import less_at, picked
from .nests import RESULT, Work
from .programs import Instruction, Variable

# Of floats; what they give has the dtype of the operands, which stands for ``dtype``.
FLOATS: dict[Any, str] = {
    np.negative: "-{0}", np.positive: "+{0}", np.square: "{0} * {0}", np.reciprocal: "one / {0}",
    np.exp: "exp_dtype({0})", np.expm1: "expm1_dtype({0})", np.tanh: "tanh_dtype({0})",
    np.log: "log({0})", np.log1p: "log1p({0})",
    np.sqrt: "sqrt({0})", np.sin: "sin({0})", np.cos: "cos({0})", np.tan: "tan({0})",
    np.sinh: "sinh({0})", np.cosh: "cosh({0})", np.arctan: "atan({0})",
    np.absolute: "fabs({0})", np.true_divide: "{0} / {1}", np.power: "{0} ** {1}",
    np.floor: "floor({0})", np.ceil: "ceil({0})",
}  # fmt: skip
# Of floats and integers.
NUMBERS: dict[Any, str] = {
    np.add: "{0} + {1}", np.subtract: "{0} - {1}", np.multiply: "{0} * {1}",
    np.maximum: "{0} if ({0} >= {1}) | ({0} != {0}) else {1}",
    np.minimum: "{0} if ({0} <= {1}) | ({0} != {0}) else {1}",
}  # fmt: skip
# What they give is a bool.
QUESTIONS: dict[Any, str] = {
    np.greater: "{0} > {1}", np.greater_equal: "{0} >= {1}", np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}", np.equal: "{0} == {1}", np.not_equal: "{0} != {1}",
    np.isnan: "{0} != {0}", np.isfinite: "{0} - {0} == zero",
}  # fmt: skip
# Of bools, and giving one.
TRUTHS: dict[Any, str] = {
    np.logical_and: "{0} & {1}", np.logical_or: "{0} | {1}", np.logical_not: "not {0}",
    np.logical_xor: "{0} != {1}",
}  # fmt: skip
REDUCTIONS = {np.sum, np.max, np.min}
_BOOL = np.dtype(bool)
_KINDS = {np.dtype(t) for t in ("?", *(f"{k}{n}" for k in "iu" for n in (1, 2, 4, 8)), "f4", "f8")}


def copied(x: Any) -> Any:
    """Give the same numbers in memory of their own."""
    return np.array(x)


def outside(places: Any, n: int) -> Any:
    """Tell which places are not in ``0 ... n - 1``."""
    return (places < 0) | (places >= n)


def differs(x: Any, answer: bool) -> Any:
    """Tell whether a number has another truth than it should."""
    return bool(x) is not answer


def way_of(ins: Instruction) -> tuple[str, list[Any], Any] | None:
    """Say how an elementwise instruction is computed at one entry.

    Returns
    -------
    (str, list, dtype) or None
        The way, its operands, and the dtype that they are taken in (None: as they are).
    """
    fn, operands, out = ins.fn, list(ins.operands), ins.output
    if fn in (astype, copied, np.copy):
        return "{0}", operands[:1], None
    if fn is outside:
        return f"({{0}} < 0) | ({{0}} >= {operands[1]})", operands[:1], None
    if fn is differs:
        return ("not {0}" if operands[1] else "{0}"), operands[:1], _BOOL
    if fn is masked:
        return "{0} if {1} else zero", operands, None
    if fn is np.where and len(operands) == 3:
        return "{1} if {0} else {2}", operands, None
    if ins.options or not operands or len(operands) > 2:
        return None
    if fn in QUESTIONS:
        given = _compared_in(operands)
        return None if given is None else (QUESTIONS[fn], operands, given)
    if fn in TRUTHS:
        return TRUTHS[fn], operands, _BOOL
    dtype = dtype_of(out)
    if fn is np.power and not isinstance(operands[1], Variable) and np.ndim(operands[1]) == 0:
        way = _POWERS.get(float(operands[1]))
        if way is not None and dtype.kind == "f":
            return way, operands[:1], dtype
    if (fn in FLOATS and dtype.kind == "f") or (fn in NUMBERS and dtype != _BOOL):
        return (FLOATS.get(fn) or NUMBERS[fn]), operands, dtype
    return None


# As NumPy has them: of a constant exponent, these are no powers.
_POWERS = {2.0: "{0} * {0}", 1.0: "{0}", 0.5: "sqrt({0})", -1.0: "one / {0}", 0.0: "one"}


def _compared_in(operands: list[Any]) -> np.dtype | None:
    """Give the dtype that numbers are compared in; None where NumPy compares them otherwise."""
    try:
        found = np.result_type(*map(example, operands))
    except OverflowError:  # a number of Python's that the array's dtype cannot hold
        return None
    mixed = found.kind == "f" and all(np.asarray(example(x)).dtype.kind in "iu" for x in operands)
    return None if mixed else found


def dtype_of(x: Variable) -> np.dtype:
    """Give the dtype that a variable is stored in; Python's floats are stored as float64."""
    return np.dtype(float) if x.dtype is None else x.dtype


def example(x: Any) -> Any:
    """Give what has the dtype of an operand, and as weak a one."""
    if not isinstance(x, Variable):
        return x
    return 1.0 if x.is_weak else np.empty(0, x.dtype)


def is_stored(x: Variable) -> bool:
    """Tell whether loops know how such numbers are stored."""
    return x.is_weak or (isinstance(x.dtype, np.dtype) and x.dtype in _KINDS)


Layouts = Callable[[Variable], Layout]


def work_of(ins: Instruction, layout: Layouts, constant: Callable[[Any], Variable]) -> Work | None:
    """See an instruction as work for loops; None if it is none.

    Parameters
    ----------
    ins : Instruction
    layout : callable
        Gives the layout of a variable.
    constant : callable
        Gives a variable for an array that is the same at each call.
    """
    if ins.is_rule or len(ins.outputs) != 1 or not is_stored(ins.output):
        return None
    if not all(is_stored(v) for v in ins.reads()) or ins.output.size == 0:
        return None
    for special in (_of_rows, _reduction, _gathered, _scattered):
        work = special(ins, layout, constant)
        if work is not None:
            return work
    way = way_of(ins)
    if way is None:
        return None
    operands = _over(ins.output.shape, way[1], layout, constant)
    return Work(ins, ins.output.shape, operands, Layout.of(ins.output))


def _over(shape: tuple[int, ...], operands: Any, layout: Layouts, constant: Any) -> list[Any]:
    found = []
    for x in operands:
        if not isinstance(x, Variable) and np.ndim(x):
            x = constant(np.asarray(x))
        found.append(layout(x).broadcast(shape) if isinstance(x, Variable) else x)
    return found


def _reduction(ins: Instruction, layout: Layouts, constant: Any) -> Work | None:
    fn, x = ins.fn, (ins.operands or (None,))[0]
    if not isinstance(x, Variable):
        return None
    if fn is np.matmul and _sums(ins):
        axes: tuple[int, ...] = (len(x.shape) - 1,)
    elif fn in REDUCTIONS and len(ins.operands) == 1:
        if not ins.options.keys() <= {"axis", "keepdims"}:
            return None
        axis = ins.options.get("axis")
        axes = tuple(range(len(x.shape))) if axis is None else axis
        axes = tuple(a % len(x.shape) for a in (axes if isinstance(axes, tuple) else (axes,)))
    else:
        return None
    if not x.size or x.size == ins.output.size:
        return None
    if fn is np.sum and x.dtype is not None and x.dtype.kind not in "fib":
        return None
    return _reduced(ins, x.shape, axes, [layout(x)])


def _sums(ins: Instruction) -> bool:
    """Tell whether a product is one with ones, which is a sum."""
    x, ones = ins.operands
    if not isinstance(ones, np.ndarray) or ones.ndim != 1 or not isinstance(x, Variable):
        return False
    return bool(np.all(ones == 1)) and x.dtype == ones.dtype == ins.output.dtype


def _reduced(
    ins: Instruction, domain: tuple[int, ...], axes: tuple[int, ...], operands: list[Any]
) -> Work:
    strides, step = [0] * len(domain), 1
    for axis in reversed(range(len(domain))):
        if axis not in axes:
            strides[axis] = step
            step *= domain[axis]
    return Work(ins, domain, operands, Layout(ins.output, 0, tuple(strides), domain), reduces=True)


def _of_rows(ins: Instruction, layout: Layouts, constant: Any) -> Work | None:
    """One entry of each row, told by an integer: the columns are compared with it."""
    if ins.fn not in (picked, less_at):
        return None
    x, places = ins.operands[:2]
    if not isinstance(places, Variable) or places.dtype is None or places.dtype.kind not in "iu":
        return None
    columns = layout(constant(np.arange(x.shape[1]))).broadcast(x.shape)
    rows = Layout(*_column(layout(places)), x.shape)
    if ins.fn is picked:
        return _reduced(ins, x.shape, (1,), [layout(x), rows, columns])
    share = _over(x.shape, ins.operands[2:], layout, constant)
    return Work(ins, x.shape, [layout(x), rows, columns, *share], Layout.of(ins.output))


def _column(x: Layout) -> tuple[Variable, int, tuple[int, ...]]:
    return x.root, x.offset, (x.strides[0], 0)


def _gathered(ins: Instruction, layout: Layouts, constant: Any) -> Work | None:
    """Rows told by integers: ``x[places]``."""
    if ins.fn is not operator.getitem or not isinstance(ins.operands[0], Variable):
        return None
    places = _places(ins, constant)
    if places is None or not ins.operands[0].size:
        return None
    domain, seen = ins.output.shape, layout(ins.operands[0])
    missing = len(places.shape)
    rows = Layout(seen.root, seen.offset, (0,) * missing + seen.strides[1:], domain)
    work = Work(ins, domain, [rows, _along(layout(places), domain)], Layout.of(ins.output))
    work.told, work.apart = 0, seen.strides[0]
    return work


def _scattered(ins: Instruction, layout: Layouts, constant: Any) -> Work | None:
    """Rows added to where integers tell: ``y[places] += x``."""
    if ins.fn is not scatter_add or not isinstance(ins.operands[0], Variable):
        return None
    places, x = _places(ins, constant), ins.operands[0]
    if places is None or x.shape != places.shape + ins.output.shape[1:] or not x.size:
        return None
    own = Layout.of(ins.output)
    rows = Layout(own.root, 0, (0,) * len(places.shape) + own.strides[1:], x.shape)
    work = Work(ins, x.shape, [layout(x), _along(layout(places), x.shape)], rows, reduces=True)
    work.told, work.apart = RESULT, own.strides[0]
    return work


def _places(ins: Instruction, constant: Any) -> Variable | None:
    """Give the array of integers that an instruction is told places by, if it is one."""
    places = ins.options["index"] if "index" in ins.options else ins.operands[1]
    if isinstance(places, np.ndarray):
        places = constant(places)
    if not isinstance(places, Variable) or places.dtype is None or places.dtype.kind not in "iu":
        return None
    return places if places.shape else None


def _along(x: Layout, domain: tuple[int, ...]) -> Layout:
    """See an array as broadcast along the axes that come behind its own."""
    more = len(domain) - len(x.shape)
    return Layout(x.root, x.offset, x.strides + (0,) * more, domain)


def told_places(ins: Instruction) -> tuple[Any, int] | None:
    """Give the places that an instruction is told, and how many there are to be told of."""
    if ins.fn in (picked, less_at):
        return ins.operands[1], ins.operands[0].shape[1]
    if ins.fn is operator.getitem or ins.fn is scatter_add:
        places = ins.options["index"] if "index" in ins.options else ins.operands[1]
        rows = ins.output.shape if ins.fn is scatter_add else ins.operands[0].shape
        return places, rows[0]
    return None
