"""How is a function called on Values? By what is known of it, computed and recorded.

NumPy's protocols, the methods and the operators all end in `call`, and `call` in `apply`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import ops
from .errors import ArgumentError, DTypeError, MicrotensorError, MissingRuleError
from .graph import PAUSED, Node, next_number, state
from .notes import note_call
from .primitives import Known, missing_option, missing_rule, name_of, registry

_new = object.__new__
_LISTS = {tuple, list}
_NUMBERS = (float, int)
_ONES_OWN = (np.ndarray, np.generic, Node)  # what is no other library's array
_USUAL = {np.ndarray, np.float32, np.float64, float, int, bool, type(None)}  # others are looked at
WITHOUT_A_MASK = (
    "Give a.filled(0); what is masked is left out by np.where(a.mask, 0, v), or v[~a.mask]."
)
_ARRAYS: set[Any] = {np.ndarray, np.float32}  # not np.float64: what numbers give is a Python float
value_class: type = Node  # value.py, which stands above, says that it is Value


def record(
    data: Any, fn: Any, args: tuple, kwargs: dict | None, requires_grad: bool, scope: Any
) -> Any:
    """Make the Value of one call."""
    value: Any = _new(value_class)
    value._data = data
    value.grad = None
    value._cotangent = None
    value.fn = fn
    value.args = args
    value.kwargs = kwargs
    value.number = next_number()
    value.scope = scope
    value.name = None
    value._requires_grad = requires_grad
    return value


def unrecorded(data: Any) -> Any:
    """Make the Value of a call that no gradient will ask about."""
    if data.__class__ is np.ndarray and data.base is not None:
        data = data.copy()  # a view would change with the parameter it looks at
    return record(data, None, (), None, False, None)


def call(fn: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call a function on Values, by what is known of it."""
    known = registry.get(fn)
    if known is None or known.word == "unsupported":
        known = _look_again(fn)
    if not kwargs and len(args) == known.arity:
        return apply(known, args, None)
    if known.word == "composite":
        if _hide_numbers(args) or _hide_numbers(kwargs.values()):
            raise lost_mask(name_of(fn))
        try:
            return known.body(*args, **kwargs)  # type: ignore[misc]  # a composite has a body
        except (ArithmeticError, TypeError, ValueError) as error:
            if not isinstance(error, MicrotensorError):  # ours name what they are about
                note_call(error, fn, args, state.scope)
            raise
    if known.word == "static":
        return known.forward(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
    operands, options = known.bind(args, kwargs)
    return apply(known, operands, options)


def _look_again(fn: Callable) -> Known:
    """Look once more, after learning what was not learned yet."""
    if fn not in registry or registry[fn].word == "unsupported":
        ops.arrivals.learn()  # the functions of modules that were loaded since
    known = registry.get(fn)
    if known is None or known.word == "unsupported":
        raise missing_rule(fn)
    return known


def apply(known: Known, operands: tuple, options: dict[str, Any] | None) -> Any:
    """Compute one call and record it, if anything in it can have a gradient."""
    arrays: list[Any] = []
    flows = unusual = False
    for a in operands:
        if isinstance(a, Node):
            flows = flows or a._requires_grad
            arrays.append(a._data)
        else:
            unusual = unusual or a.__class__ not in _USUAL
            arrays.append(a)
    if unusual and any(map(is_masked, arrays)):  # many a function would read its numbers only
        raise lost_mask(name_of(known.fn))
    data: Any
    try:
        if options:
            tracer = state.tracer
            if tracer is not None:
                tracer.options(options)
            options = {name: _option(known, name, x) for name, x in options.items()}
            data = known.forward(*arrays, **options)
            if tracer is not None:
                tracer.drawn(options)
        else:
            data = known.forward(*arrays)
    except Exception as error:
        note_call(error, known.fn, operands, state.scope)
        raise
    if known.keeps:
        data, kept = data
        options = {**options, "kept": kept} if options else {"kept": kept}
    if data.__class__ not in _ARRAYS or data.dtype.kind != "f":
        return _record_other(data, known, operands, arrays, options)
    if flows and (scope := state.scope) is not PAUSED:
        if unusual:  # a list may change later
            operands = tuple([np.asarray(a) if a.__class__ in _LISTS else a for a in operands])
        return record(data, known.fn, operands, options, True, scope)
    return _record_other(data, known, operands, arrays, options)


def _record_other(
    data: Any, known: Known, operands: tuple, arrays: list, options: dict[str, Any] | None
) -> Any:
    """Record a call whose result is a number, no float, or asks for no gradient."""
    if data.__class__ is np.float64 and all(a.__class__ in _NUMBERS for a in arrays):
        data = float(data)  # numbers stay weak: they never turn float32 into float64
    kind = "f"
    if data.__class__ is not float:
        if data.__class__ in _LISTS:
            if hasattr(known.fn, "__wrapped_primitive__") and known.word == "differentiable":
                raise MissingRuleError(
                    f"{name_of(known.fn)} gave several arrays, and has rules for one.",
                    expected="one array; or (y, kept), where it was made by primitive(keeps=True)",
                    got=f"a {type(data).__name__} of {len(data)}",
                )
            if state.tracer is not None:
                given = tuple(map(_operand, operands))
                return state.tracer.several(known, data, given, options)
            return data  # np.nonzero and its kin answer with indices
        if not known.keeps and hasattr(data, "__array__") and not isinstance(data, _ONES_OWN):
            # What another library made of NumPy's numbers may be of another kind: bools, integers.
            data = known.forward(*map(_operand, arrays), **(options or {}))
        if is_masked(data):
            raise lost_mask(name_of(known.fn))
        kind = np.asarray(data).dtype.kind
        if kind not in "fiub":
            raise not_real(f"{name_of(known.fn)} gave", kind)
        if data.__class__ is not np.ndarray and not isinstance(data, np.generic):
            data = np.asarray(data)[()]  # Python's int or bool, a matrix, a tensor
    nodes = [a for a in operands if isinstance(a, Node)]
    paused = state.scope is PAUSED
    if paused or not any(a._requires_grad or a.fn is not None for a in nodes):
        if state.tracer is not None:
            scope = None if paused else state.scope
            return record(data, known.fn, tuple(map(_operand, operands)), options, False, scope)
        if data.__class__ is np.ndarray and id(data) in map(id, arrays):
            data = data.copy()  # else it would change with the parameter that it is
        return unrecorded(data)
    operands = tuple(_operand(a) for a in operands)
    requires_grad = kind == "f" and any(a._requires_grad for a in nodes)
    return record(data, known.fn, operands, options, requires_grad, state.scope)


def _operand(a: Any) -> Any:
    """Give what a rule can calculate with: lists and other libraries' arrays become NumPy's."""
    if a.__class__ is np.ndarray or isinstance(a, Node | np.generic | float | int):
        return a
    return np.asarray(a) if type(a) in _LISTS or hasattr(a, "__array__") else a


def numbers_of(x: Any) -> Any:
    """Give the numbers of a Value; the Value itself while a program is traced, which needs it."""
    return plain(x) if state.tracer is None else x


def plain(x: Any) -> Any:
    """Give the numbers of a Value, and of the Values in a list or tuple; else ``x`` itself."""
    if isinstance(x, Node):
        return x._data
    if x.__class__ is tuple or x.__class__ is list:
        return x.__class__(map(plain, x))
    return x


def _option(known: Known, name: str, x: Any) -> Any:
    """Do as `plain`, unless a gradient would be lost; a leaf's numbers may change, so copy them."""
    if isinstance(x, Node):
        if x._requires_grad and name != "index":  # NumPy says what it thinks of such an index
            raise missing_option(known.fn, f"{name}=")
        if state.tracer is not None:
            return state.tracer.as_option(known.fn, name, x)
        return x._data.copy() if x.fn is None and isinstance(x._data, np.ndarray) else x._data
    if x.__class__ is tuple or x.__class__ is list:
        return x.__class__(_option(known, name, inner) for inner in x)
    if x.__class__ not in _USUAL and is_masked(x):
        raise lost_mask(name_of(known.fn))
    return x


def is_masked(data: Any) -> bool:
    """Tell whether an array hides some of its numbers."""
    return (
        data.__class__ is not np.ndarray and isinstance(data, np.ndarray) and hasattr(data, "mask")
    )


def _hide_numbers(given: Iterable) -> bool:
    """Tell whether masked arrays are among what is given, or in the lists among it."""
    return any(map(is_masked, given)) or any(
        any(map(is_masked, x)) for x in given if x.__class__ in _LISTS
    )


def lost_mask(where: str) -> ArgumentError:
    """Build the error for a masked array, which is more than its numbers."""
    return ArgumentError(
        f"{where}: a masked array would lose its mask.",
        expected="an array of numbers",
        hint=WITHOUT_A_MASK,
    )


def not_real(where: str, kind: str) -> DTypeError:
    """Build the error for numbers that are complex, or for what is no number."""
    if kind != "c":
        return DTypeError(f"{where} objects that are no real numbers.", expected="real numbers")
    return DTypeError(
        f"{where} complex numbers, which have no gradients here.",
        expected="real floating-point numbers",
        hint="Keep the real and imaginary parts in two Values.",
    )
