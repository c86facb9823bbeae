"""What can be done with a Value? The operators, and the methods that an ndarray has.

Operators on numbers take a shorter way to the same record as `apply`: Python's own arithmetic on
the data, and NumPy's wherever Python raises (division by zero, overflow), for its inf or nan.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .calls import WITHOUT_A_MASK, call, record
from .errors import ArgumentError, ShapeError
from .graph import PAUSED, Node, label, state
from .ops import activations, rectifiers
from .ops.arithmetic import astype

_PLAIN = {float, int, np.ndarray}  # what an operator may meet beside a Value, and calculate with
_NoNumber = (str, bytes, dict, set, type(None))  # Python says what cannot be done with these


def _operator(fn: Callable, compute: Callable) -> Callable:
    """Make a binary operator: Python's arithmetic on the data, NumPy's where Python raises."""

    def operate(self: Node, other: Any) -> Any:
        if isinstance(other, Node):
            number, requires_grad = other._data, self._requires_grad or other._requires_grad
        elif other.__class__ in _PLAIN:
            number, requires_grad = other, self._requires_grad
            if other.__class__ is np.ndarray and other.dtype.kind not in "fiub":
                requires_grad = False  # complex numbers and objects: refused below
        else:
            return _general(fn, self, other)
        if requires_grad and (scope := state.scope) is not PAUSED:
            try:
                data = compute(self._data, number)
                if data.__class__ is not complex:
                    return record(data, fn, (self, other), None, True, scope)
            except (ArithmeticError, ValueError, TypeError):
                pass  # NumPy decides, below
        return _general(fn, self, other)

    return operate


def _reflected(fn: Callable, compute: Callable) -> Callable:
    """Make an operator for a number or array on the left."""

    def operate(self: Node, other: Any) -> Any:
        if (
            other.__class__ in _PLAIN
            and self._requires_grad
            and (scope := state.scope) is not PAUSED
        ):
            try:
                data = compute(other, self._data)
                if data.__class__ is not complex:
                    return record(data, fn, (other, self), None, True, scope)
            except (ArithmeticError, ValueError, TypeError):
                pass  # NumPy decides, below
        return _general(fn, other, self)

    return operate


def _general(fn: Callable, a: Any, b: Any) -> Any:
    if isinstance(a, _NoNumber) or isinstance(b, _NoNumber):
        return NotImplemented
    try:
        return call(fn, (a, b), {})
    except TypeError:
        if any(getattr(type(x), "__array_ufunc__", fn) is None for x in (a, b)):
            return NotImplemented  # NumPy's sign of a type that decides itself
        raise


def _other_operator(fn: Callable) -> Callable:
    def operate(self: Node, other: Any) -> Any:
        return _general(fn, self, other)

    return operate


def _in_place(compute: Callable) -> Callable:
    """Make ``+=`` and its kin: a new Value, as in micrograd, unless the class refuses."""

    def operate(self: Methods, other: Any) -> Any:
        self._refuse_in_place()
        return compute(self, other)

    return operate


def _function(fn: Callable, on_number: Callable) -> Callable:
    """Make a method of one array; ``on_number`` is Python's own for a number."""

    def method(self: Node) -> Any:
        data = self._data
        if data.__class__ is float and self._requires_grad and (scope := state.scope) is not PAUSED:
            try:
                return record(on_number(data), fn, (self,), None, True, scope)
            except (ArithmeticError, ValueError):
                pass  # NumPy gives inf or nan
        return call(fn, (self,), {})

    return method


def _method(fn: Callable) -> Callable:
    """Make a method that is a NumPy function of the Value and further arguments."""

    def method(self: Node, *args: Any, **kwargs: Any) -> Any:
        return call(fn, (self, *args), kwargs)

    method.__name__ = fn.__name__
    method.__doc__ = f"The same as ``np.{fn.__name__}`` of this Value."
    return method


class _NoMask:
    """The attribute ``_mask``, which masked arrays look for and nobody else.

    They take ``_data`` too, which is theirs by name, and would go on without the graph.
    """

    __slots__ = ()

    def __get__(self, value: Any, owner: type) -> Any:
        if value is None:
            raise AttributeError("_mask")  # of the class: there is none
        raise ArgumentError(
            "numpy.ma: a Value would lose its graph in a masked array.",
            expected="an array of numbers in place of the masked one",
            got=f"a masked array, or a function of numpy.ma, and {label(value)}",
            hint=WITHOUT_A_MASK,
        )


class Methods(Node):
    """What a Value inherits: nothing here knows more of it than its data and its record."""

    __slots__ = ()

    _mask = _NoMask()

    __add__ = _operator(np.add, operator.add)
    __sub__ = _operator(np.subtract, operator.sub)
    __mul__ = _operator(np.multiply, operator.mul)
    __truediv__ = _operator(np.true_divide, operator.truediv)
    __pow__ = _operator(np.power, operator.pow)
    __matmul__ = _operator(np.matmul, operator.matmul)
    __radd__ = _reflected(np.add, operator.add)
    __rsub__ = _reflected(np.subtract, operator.sub)
    __rmul__ = _reflected(np.multiply, operator.mul)
    __rtruediv__ = _reflected(np.true_divide, operator.truediv)
    __rpow__ = _reflected(np.power, operator.pow)
    __rmatmul__ = _reflected(np.matmul, operator.matmul)
    __floordiv__ = _other_operator(np.floor_divide)
    __mod__ = _other_operator(np.remainder)
    __lt__ = _other_operator(np.less)
    __le__ = _other_operator(np.less_equal)
    __gt__ = _other_operator(np.greater)
    __ge__ = _other_operator(np.greater_equal)
    __eq__ = _other_operator(np.equal)
    __ne__ = _other_operator(np.not_equal)
    __hash__ = object.__hash__  # defining __eq__ takes it away; a Value is hashed by identity
    __neg__ = _function(np.negative, operator.neg)
    __abs__ = _function(np.absolute, abs)

    def __pos__(self) -> Any:
        return call(np.positive, (self,), {})

    def __invert__(self) -> Any:
        return call(np.invert, (self,), {})

    __and__ = __rand__ = _other_operator(np.bitwise_and)  # of bools and integers, as NumPy's
    __or__ = __ror__ = _other_operator(np.bitwise_or)
    __xor__ = __rxor__ = _other_operator(np.bitwise_xor)
    __lshift__ = _other_operator(np.left_shift)
    __rshift__ = _other_operator(np.right_shift)

    def __rlshift__(self, other: Any) -> Any:
        return _general(np.left_shift, other, self)

    def __rrshift__(self, other: Any) -> Any:
        return _general(np.right_shift, other, self)

    def __rfloordiv__(self, other: Any) -> Any:
        return _general(np.floor_divide, other, self)

    def __rmod__(self, other: Any) -> Any:
        return _general(np.remainder, other, self)

    def __divmod__(self, other: Any) -> Any:
        return _general(np.divmod, self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _general(np.divmod, other, self)

    __iadd__ = _in_place(operator.add)
    __isub__ = _in_place(operator.sub)
    __imul__ = _in_place(operator.mul)
    __itruediv__ = _in_place(operator.truediv)
    __ifloordiv__ = _in_place(operator.floordiv)
    __imod__ = _in_place(operator.mod)
    __ipow__ = _in_place(operator.pow)
    __imatmul__ = _in_place(operator.matmul)

    def _refuse_in_place(self) -> None:
        """Raise where ``+=`` would not do what it says: a Parameter does."""

    # As a number

    def _numbers(self, how: str) -> Any:
        """Give the data to what leaves the graph, unless a program that is traced would lose it."""
        tracer = state.tracer
        return self._data if tracer is None else tracer.numbers(self, how)

    def __float__(self) -> float:
        return float(self._numbers("float(v)"))

    def __int__(self) -> int:
        return int(self._numbers("int(v)"))

    def __index__(self) -> int:
        return operator.index(self._numbers("v as an index"))

    def __bool__(self) -> bool:
        tracer = state.tracer
        return bool(self._data) if tracer is None else tracer.decide(self)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        data = self._data
        if np.shape(data) != ():
            raise ShapeError(
                f"a format such as {{v:{spec}}} writes one number.",
                expected="a Value of shape ()",
                got=f"a Value of shape {np.shape(data)}",
                hint="Format one of its numbers, v[0], or print np.round(v.data, 4).",
            )
        return format(data.item() if hasattr(data, "item") else data, spec)

    def item(self) -> float:
        """Give the one number as Python's."""
        data = self._numbers("v.item()")
        return data.item() if hasattr(data, "item") else data

    def numpy(self) -> Any:
        """Give a copy of the numbers as an array."""
        return np.array(self._data) if state.tracer is None else state.tracer.held(self)

    def tolist(self) -> Any:
        """Give the numbers as Python's, in nested lists."""
        return np.asarray(self._numbers("v.tolist()")).tolist()

    # Methods, as an ndarray has them

    exp = _function(np.exp, math.exp)
    log = _function(np.log, math.log)
    sqrt = _function(np.sqrt, math.sqrt)
    tanh = _function(np.tanh, math.tanh)
    relu = _function(rectifiers.relu, rectifiers.relu)
    sigmoid = _function(activations.sigmoid, activations.sigmoid)
    sin = _function(np.sin, math.sin)
    cos = _function(np.cos, math.cos)
    abs = _function(np.absolute, abs)

    sum = _method(np.sum)
    prod = _method(np.prod)
    mean = _method(np.mean)
    var = _method(np.var)
    std = _method(np.std)
    max = _method(np.max)
    min = _method(np.min)
    cumsum = _method(np.cumsum)
    cumprod = _method(np.cumprod)
    argmax = _method(np.argmax)
    argmin = _method(np.argmin)
    argsort = _method(np.argsort)
    argpartition = _method(np.argpartition)
    searchsorted = _method(np.searchsorted)
    nonzero = _method(np.nonzero)
    any = _method(np.any)
    all = _method(np.all)
    clip = _method(np.clip)
    round = _method(np.round)
    dot = _method(np.dot)
    take = _method(np.take)
    repeat = _method(np.repeat)
    copy = _method(np.copy)
    swapaxes = _method(np.swapaxes)
    squeeze = _method(np.squeeze)
    diagonal = _method(np.diagonal)
    trace = _method(np.trace)
    choose = _method(np.choose)
    conj = conjugate = _method(np.conjugate)
    astype = _method(astype)

    def compress(self, condition: Any, axis: Any = None) -> Any:
        """The same as ``np.compress`` of this Value."""
        return call(np.compress, (condition, self), {"axis": axis})

    @property
    def real(self) -> Any:
        return call(np.real, (self,), {})

    @property
    def imag(self) -> Any:
        return call(np.imag, (self,), {})

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """The same as ``np.reshape`` of this Value; the shape may be given as numbers."""
        return call(np.reshape, (self, shape[0] if len(shape) == 1 else shape), {"order": order})

    def transpose(self, *axes: Any) -> Any:
        """The same as ``np.transpose`` of this Value; the axes may be given as numbers."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return call(np.transpose, (self, order), {})

    def flatten(self, order: str = "C") -> Any:
        """Give all entries in one row."""
        return call(np.reshape, (self, -1), {"order": order})

    ravel = flatten
