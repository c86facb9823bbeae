"""How is one instruction written as Python? As the textbook has it, where NumPy has a sign for it.

``x @ weight.T + bias``, ``d_z.sum(axis=0)``, ``np.tanh(z)``; what NumPy lacks is a call of a
function whose text stands above. Expressions are trees of Python's `ast`, so that brackets are
where they must be, and nothing in them is anything but a name or a quoted constant.
"""

from __future__ import annotations

import ast
import operator
from keyword import iskeyword
from typing import Any

import numpy as np

from ..ops.arithmetic import astype
from ..ops.joining import _concatenate
from ..ops.linalg import linear
from ..primitives import registry
from .identifiers import comment, identifier
from .linking import Linker, has_text
from .literals import UnwritableError, dotted_path, fraction, literal, name
from .opaque import Rule
from .programs import Instruction, Variable, variables_in
from .sending import contributions

_SIGNS: dict[Any, ast.operator] = {
    np.add: ast.Add(), np.subtract: ast.Sub(), np.multiply: ast.Mult(), np.divide: ast.Div(),
    np.power: ast.Pow(), np.matmul: ast.MatMult(), np.remainder: ast.Mod(),
    np.floor_divide: ast.FloorDiv(),
}  # fmt: skip
_RELATIONS: dict[Any, ast.cmpop] = {
    np.greater: ast.Gt(), np.less: ast.Lt(), np.greater_equal: ast.GtE(),
    np.less_equal: ast.LtE(), np.equal: ast.Eq(), np.not_equal: ast.NotEq(),
}  # fmt: skip
_METHODS = {np.sum, np.mean, np.max, np.min, np.prod, np.argmax, np.argmin}


class Speller:
    """Writes instructions, given the names of variables.

    Attributes
    ----------
    inlined : dict of Variable to ast.expr
        What stands in the place of its name, where it is used.
    uniform : dict of Variable to ast.expr
        The number that stands for an array of it, where broadcasting gives the same.
    given : dict of str to str
        What the text cannot hold, and takes as an argument: the name, and what it is.
    """

    def __init__(self, names: dict[Variable, str], linker: Linker) -> None:
        self.names, self.linker = names, linker
        self.inlined: dict[Variable, ast.expr] = {}
        self.uniform: dict[Variable, ast.expr] = {}
        self.given: dict[str, str] = {}
        self._given: dict[int, tuple[Any, str]] = {}

    # Operands

    def value(self, x: Any) -> ast.expr:
        """Write an operand or option, which may hold variables."""
        if isinstance(x, Variable):
            return self.inlined.get(x) or name(self.names[x])
        named = None if isinstance(x, type) else getattr(x, "_fields", None)
        if named is not None:
            fields = [ast.keyword(k, self.value(v)) for k, v in zip(named, x, strict=True)]
            return ast.Call(self.expression_of_object(type(x)), [], fields)
        if x.__class__ is tuple:
            return ast.Tuple([self.value(inner) for inner in x], ast.Load())
        if x.__class__ is list:
            return ast.List([self.value(inner) for inner in x], ast.Load())
        return self.expression_of_object(x)

    def expression_of_object(self, x: Any) -> ast.expr:
        """Write a constant; or the name of an argument, if no text gives it again."""
        try:
            return self.linker.expression(x)
        except UnwritableError as error:
            is_random = isinstance(x, np.random.Generator | np.random.RandomState)
            called = "rng" if is_random else getattr(x, "__name__", "") or type(x).__name__
            return name(self.take(x, called, str(error)))

    def take(self, x: Any, called: str, why: str) -> str:
        """Have something be an argument of the text's function, and give its name."""
        if id(x) not in self._given:
            found = self.linker.unique(identifier(called))
            self._given[id(x)] = (x, found)
            what = f"{type(x).__module__}.{type(x).__qualname__}"
            self.given[found] = f"{comment(what)} (no text gives it again: {comment(why)})"
        return self._given[id(x)][1]

    @property
    def objects(self) -> dict[str, Any]:
        """What is to be given for each of ``given``."""
        return {found: x for x, found in self._given.values()}

    # Expressions

    def expression(self, ins: Instruction) -> ast.expr:
        """Write what an instruction computes, if that is one thing."""
        written = self._special(ins) or self._sign(ins) or self._call(ins)
        if is_weak(ins.output) and not self._is_python(ins):
            return ast.Call(name("float"), [written], [])
        return written

    def _is_python(self, ins: Instruction) -> bool:
        """Tell whether Python itself computes it, of its own numbers."""
        numbers = all(is_weak(a) or a.__class__ in (int, float) for a in ins.operands)
        return ins.fn in (*_SIGNS, np.negative) and numbers and not ins.options

    def _sign(self, ins: Instruction) -> ast.expr | None:
        if ins.options or not any(isinstance(a, Variable) for a in ins.operands):
            return None
        if not all(isinstance(a, Variable | int | float | np.generic) for a in ins.operands):
            return None
        if _is_first_power(ins):
            return self.value(ins.operands[0])
        if ins.fn in _SIGNS:
            left, right = self._factors(ins)
            one = left is self.uniform.get(ins.operands[0]) and ast.unparse(left) == "1.0"
            if one and ins.fn is np.multiply and ins.phase == "backward":
                return right  # beside an array of ones, of the same shape and dtype
            return ast.BinOp(left, _SIGNS[ins.fn], right)
        if ins.fn in _RELATIONS:
            left, right = map(self.value, ins.operands)
            return ast.Compare(left, [_RELATIONS[ins.fn]], [right])
        if ins.fn is np.negative:
            return ast.UnaryOp(ast.USub(), self.value(ins.operands[0]))
        return None

    def _factors(self, ins: Instruction) -> list[ast.expr]:
        """Write two operands; an array of one number as the number, beside one of its shape."""
        y, (a, b) = ins.output, ins.operands
        for x, other in ((a, b), (b, a)):  # beside its like, a number needs no dtype
            if isinstance(x, np.floating) and _same_dtype(x, y) and _same_dtype(other, y):
                return [_short_number(v) if v is x else self.value(v) for v in (a, b)]
        if ins.fn is not np.matmul and isinstance(a, Variable) and isinstance(b, Variable):
            for x, other in ((a, b), (b, a)):
                alike = other.shape == y.shape and _same_dtype(other, y) and _same_dtype(x, y)
                if x in self.uniform and alike and other not in self.uniform:
                    return [self.uniform[v] if v is x else self.value(v) for v in (a, b)]
        return [_short_number(v) if v.__class__ is float else self.value(v) for v in (a, b)]

    def _special(self, ins: Instruction) -> ast.expr | None:
        """Write what has a spelling of its own, if its options are those that it has."""
        fn, options = ins.fn, self._chosen(ins)
        first = ins.operands[0] if ins.operands else None
        if fn is linear:
            return self._linear(*ins.operands)
        if fn is _concatenate:
            arrays = ast.List([self.value(a) for a in ins.operands], ast.Load())
            return ast.Call(name("np.concatenate"), [arrays], self.keywords(options))
        if not isinstance(first, Variable) or is_weak(first) or len(ins.operands) > 1:
            return None
        if fn is operator.getitem:
            if ins.options["index"] == () and first.shape:
                return self.value(first)
            return ast.Subscript(self.value(first), self._index(ins.options["index"]), ast.Load())
        if _is_plain_transpose(ins):
            turned = self.value(first)
            if isinstance(turned, ast.Attribute) and turned.attr == "T":
                return turned.value  # turned twice
            return ast.Attribute(turned, "T", ast.Load())
        if fn is np.swapaxes:
            axes = (literal(ins.options["axis1"]), literal(ins.options["axis2"]))
            swapped = self._method(first, "swapaxes", *axes)
            end = ast.unparse(swapped).removeprefix(ast.unparse(self.value(first)))
            within = self.value(first)
            if isinstance(within, ast.Call) and ast.unparse(within).endswith(end):
                return within.func.value  # type: ignore[attr-defined]  # swapped twice
            return swapped
        if fn is np.expand_dims and isinstance(options.get("axis"), int):
            return ast.Subscript(self.value(first), _index_of_new(ins), ast.Load())
        if fn is np.squeeze:
            squeezed = ast.Attribute(self.value(first), "squeeze", ast.Load())
            return ast.Call(squeezed, [], self.keywords(options))
        if fn is np.reshape and set(options) == {"shape"}:
            return self._method(first, "reshape", self.value(options["shape"]))
        if fn is np.copy and not options:
            return self._method(first, "copy")
        if fn is astype and set(options) == {"dtype"}:
            return self._method(first, "astype", self.value(_scalar_type(options["dtype"])))
        if fn in _METHODS:
            axis = options.get("axis")
            if axis.__class__ is tuple and len(axis) == 1:
                options["axis"] = axis[0]
            return ast.Call(
                ast.Attribute(self.value(first), fn.__name__, ast.Load()),
                [],
                self.keywords(options),
            )
        return None

    def _linear(self, x: Any, weight: Any, bias: Any = None) -> ast.expr:
        turned = ast.Attribute(self.value(weight), "T", ast.Load())
        product = ast.BinOp(self.value(x), ast.MatMult(), turned)
        return product if bias is None else ast.BinOp(product, ast.Add(), self.value(bias))

    def _method(self, x: Variable, called: str, *args: ast.expr) -> ast.expr:
        return ast.Call(ast.Attribute(self.value(x), called, ast.Load()), list(args), [])

    def _index(self, index: Any) -> ast.expr:
        if index.__class__ is tuple and index:
            return ast.Tuple([self._index(i) for i in index], ast.Load())
        if index.__class__ is slice:
            places = (index.start, index.stop, index.step)
            start, stop, step = (None if x is None else self.value(x) for x in places)
            return ast.Slice(lower=start, upper=stop, step=step)
        return self.value(index)

    def _chosen(self, ins: Instruction) -> dict[str, Any]:
        """Give the options that are not what they are without being given."""
        known = registry.get(ins.fn)
        defaults = {} if known is None or not ins.options else known.defaults
        return {
            k: x
            for k, x in ins.options.items()
            if not (
                k in defaults and x.__class__ is defaults[k].__class__ and _same(x, defaults[k])
            )
        }

    def keywords(self, options: dict[str, Any]) -> list[ast.keyword]:
        """Write options by their names."""
        usual = [ast.keyword(k, self._option(k, x)) for k, x in options.items() if _is_name(k)]
        others = {k: x for k, x in options.items() if not _is_name(k)}
        if others:  # such names stay texts
            values = [self.value(x) for x in others.values()]
            usual.append(ast.keyword(None, ast.Dict([ast.Constant(k) for k in others], values)))
        return usual

    def _option(self, called: str, x: Any) -> ast.expr:
        """Write an option; a long record, such as how windows lie, stands above by its name."""
        if hasattr(x, "_fields") and not isinstance(x, type) and not any(variables_in(x)):
            try:
                return self.linker.constant(x, called)
            except UnwritableError:
                pass
        return self.value(x)

    def _call(self, ins: Instruction) -> ast.expr:
        return ast.Call(
            self._function(ins), [self.value(a) for a in ins.operands],
            self.keywords(self._chosen(ins)),
        )  # fmt: skip

    def _function(self, ins: Instruction) -> ast.expr:
        fn, compute = ins.fn, ins.compute
        if compute is fn or ins.fn is np.where:
            path = dotted_path(fn)
            if path is not None:
                return self.linker.imported(literal(fn))
        try:
            return name(self.linker.function(fn if has_text(fn) else compute, _wish(ins.name)))
        except UnwritableError as error:
            return name(self.take(compute, ins.name, str(error)))

    # Statements

    def statements(self, ins: Instruction) -> list[str]:
        """Write an instruction as lines, which give its outputs their names."""
        if isinstance(ins.fn, Rule):
            return contributions(self, ins, f"{_wish(ins.fn.known.fn.__name__)}_backward")
        if len(ins.outputs) == 1:
            return [f"{self.names[ins.output]} = {ast.unparse(self.expression(ins))}"]
        targets = ", ".join(map(self.target, ins.outputs))
        return [f"{targets} = {ast.unparse(self._call(ins))}"]

    def target(self, x: Variable | None) -> str:
        """Write what is given a result."""
        return "_" if x is None else self.names[x]


def _same_dtype(x: Any, y: Variable) -> bool:
    """Tell whether two have a dtype, and the same one; None would equal float64."""
    own = getattr(x, "dtype", None)
    return own is not None and y.dtype is not None and own == y.dtype


def _is_first_power(ins: Instruction) -> bool:
    if ins.fn is not np.power or ins.operands[1].__class__ is not int or ins.operands[1] != 1:
        return False
    x = ins.operands[0]
    return _same_dtype(x, ins.output) or (is_weak(x) and is_weak(ins.output))


def _is_name(text: str) -> bool:
    return text.isidentifier() and not iskeyword(text)


def is_weak(x: Any) -> bool:
    """Tell whether a variable is one of Python's numbers."""
    return isinstance(x, Variable) and x.is_weak


def _short_number(x: Any) -> ast.expr:
    """Write a float, as a fraction if that is shorter: 1 / 3."""
    plain = float(str(x)) if isinstance(x, np.float32 | np.float16) else float(x)
    return (fraction(x) if len(repr(plain)) > 8 else None) or literal(plain)


def _index_of_new(ins: Instruction) -> ast.expr:
    """Write the index that puts in an axis: ``x[:, None]``."""
    n = len(ins.output.shape)
    axis = ins.options["axis"] % n
    new, all_of = ast.Constant(None), ast.Slice()
    if axis == n - 1 and n > 2:
        return ast.Tuple([ast.Constant(...), new], ast.Load())
    return ast.Tuple([*[all_of] * axis, new], ast.Load()) if axis else new


def _is_plain_transpose(ins: Instruction) -> bool:
    if ins.fn is np.transpose:
        return not any(x is not None for x in ins.options.values())
    if ins.fn is np.swapaxes and len(ins.output.shape) == 2:
        return {ins.options["axis1"] % 2, ins.options["axis2"] % 2} == {0, 1}
    return False


def _scalar_type(dtype: Any) -> Any:
    return np.dtype(dtype).type if not isinstance(dtype, Variable) else dtype


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(a is b or a == b)
    except ValueError:
        return False


def _wish(called: str) -> str:
    return identifier(called, "f").rstrip("_") if called.isidentifier() else "f"
