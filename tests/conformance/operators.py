"""Does one of PyTorch's operators agree with our spelling of it, on PyTorch's own samples?

PyTorch keeps, for the tests of its own, a database of its operators with samples of their
arguments. Here each sample is computed twice, by PyTorch and by a spelling in NumPy's words on
Values, and compared: the value, the gradient of every argument for a random cotangent, and the
gradient of that gradient along a random direction.

Legend: a *cotangent* is the gradient that the backward pass starts from, one per output; *first*
are the gradients of the arguments, *second* those of the dot product of *first* with directions.
"""

from __future__ import annotations

import contextlib
import random
import sys
import types
import unittest
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from microtensor import Value
from microtensor.backward import gradients

torch = pytest.importorskip("torch")

# Both sides round some thousand operations at 2e-16 and have them magnified by the condition of
# the problem, in these samples at most some thousand: 1e-9. Differentiating once more multiplies
# by the condition again. A wrong rule is off by a term of the result's own size. Results in
# float32 or float16 (casts) carry their own rounding.
TOLERANCE = {"value": 1e-9, "first": 1e-9, "second": 1e-7}


class Outcome(NamedTuple):
    """How one sample compares: ``complaint`` is empty where all agrees."""

    number: int
    complaint: str
    orders: int  # how often it was differentiated: 0, 1 or 2


def database() -> dict[str, list[Any]]:
    """Give PyTorch's operators by name, each with its variants, those of float64."""
    with warnings.catch_warnings(), without_expecttest():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    torch.set_num_threads(1)  # the samples are small: threads wait for each other
    operators: dict[str, list[Any]] = {}
    for operator in op_db:
        variants = operators.setdefault(operator.name, [])
        if torch.float64 in operator.supported_dtypes("cpu"):
            variants.append(operator)
    return operators


@contextlib.contextmanager
def without_expecttest() -> Iterator[None]:
    """Let PyTorch's test module be imported where the package it derives its tests from is not."""
    stand_in = types.ModuleType("expecttest")
    stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined]  # all that it names
    absent = "expecttest" not in sys.modules
    if absent:
        sys.modules["expecttest"] = stand_in
    try:
        yield
    finally:
        if absent:
            del sys.modules["expecttest"]


def full_name(operator: Any) -> str:
    """Name an operator with its variant, as in ``norm[nuc]``."""
    variant = operator.variant_test_name
    return f"{operator.name}[{variant}]" if variant else operator.name


def samples(operator: Any) -> Iterator[tuple[int, Any]]:
    """Number an operator's samples; they are the same in every run."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  # the generator that PyTorch's samples draw from
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from enumerate(
            operator.sample_inputs("cpu", torch.float64, requires_grad=operator.supports_autograd)
        )


def compare(operator: Any, spelling: Callable) -> list[Outcome]:
    """Compare a spelling with an operator on all its samples."""
    outcomes = []
    for number, sample in samples(operator):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outcomes.append(_compare(operator, spelling, number, sample))
    return outcomes


def _compare(operator: Any, spelling: Callable, number: int, sample: Any) -> Outcome:
    arguments = Arguments(sample, as_values=not operator.supports_autograd)
    try:
        ours = spelling(*arguments.args, **arguments.kwargs)
        ours = outputs_of(sample.output_process_fn_grad(ours), (Value, np.ndarray, np.generic))
    except Exception as error:
        return Outcome(number, first_line(error), 0)
    theirs = operator(sample.input, *sample.args, **sample.kwargs)
    theirs = outputs_of(sample.output_process_fn_grad(theirs), (torch.Tensor,))
    if len(ours) != len(theirs):
        return Outcome(number, f"{len(ours)} outputs instead of {len(theirs)}", 0)
    for y, t in zip(ours, theirs, strict=True):
        if complaint := difference("value", y, t):
            return Outcome(number, complaint, 0)
    if not arguments.tensors or not any(t.requires_grad for t in theirs):
        return Outcome(number, "", 0)
    try:
        return _compare_gradients(operator, arguments, ours, theirs, number)
    except Exception as error:
        return Outcome(number, first_line(error), 0)


def _compare_gradients(
    operator: Any, arguments: Arguments, ours: list, theirs: list, number: int
) -> Outcome:
    twice = operator.supports_gradgrad
    rng = np.random.default_rng(number)
    pairs = [(y, t) for y, t in zip(ours, theirs, strict=True) if t.requires_grad]
    cotangents = [draw(rng, t) for _, t in pairs]
    theirs_first = torch.autograd.grad(
        [t for _, t in pairs], arguments.tensors, [torch.as_tensor(c) for c in cotangents],
        create_graph=twice, allow_unused=True, materialize_grads=True,
    )  # fmt: skip
    roots = [  # an output that depends on no argument sends nothing back
        (y, c)
        for (y, _), c in zip(pairs, cotangents, strict=True)
        if isinstance(y, Value) and y.requires_grad
    ]
    ours_first = gradients(
        [y for y, _ in roots], arguments.values, [c for _, c in roots], create_graph=twice
    )
    for place, (g, t) in enumerate(zip(ours_first, theirs_first, strict=True)):
        if complaint := difference("first", g, t):
            return Outcome(number, f"argument {place}: {complaint}", 1)
    if not twice:
        return Outcome(number, "", 1)

    directions = [draw(rng, t) for t in theirs_first]
    again = [(t, d) for t, d in zip(theirs_first, directions, strict=True) if t.requires_grad]
    if again:
        try:
            theirs_second = torch.autograd.grad(
                [t for t, _ in again], arguments.tensors, [torch.as_tensor(d) for _, d in again],
                allow_unused=True, materialize_grads=True,
            )  # fmt: skip
        except RuntimeError:  # PyTorch cannot, as for native_layer_norm without a weight
            return Outcome(number, "", 1)
    else:
        theirs_second = [torch.zeros_like(t) for t in arguments.tensors]  # it is linear
    roots = [
        (g, d)
        for g, d in zip(ours_first, directions, strict=True)
        if isinstance(g, Value) and g.requires_grad
    ]
    ours_second = gradients([g for g, _ in roots], arguments.values, [d for _, d in roots])
    for place, (h, t) in enumerate(zip(ours_second, theirs_second, strict=True)):
        if complaint := difference("second", h, t):
            return Outcome(number, f"argument {place}: {complaint}", 2)
    return Outcome(number, "", 2)


def first_line(error: Exception) -> str:
    """Name an error with the first line of what it says."""
    return f"{type(error).__name__}: {(str(error) or repr(error)).splitlines()[0]}"


class Arguments:
    """The arguments of a sample in NumPy's terms, with those to be differentiated as Values."""

    def __init__(self, sample: Any, as_values: bool) -> None:
        self.tensors: list[Any] = []
        self.values: list[Any] = []
        self._as_values = as_values  # of an operator without gradients: see its values at least
        self.args = self._translated((sample.input, *sample.args))
        self._as_values = False  # tolerances and the like are no operands
        self.kwargs = {name: self._translated(x) for name, x in sample.kwargs.items()}

    def _translated(self, x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            return self._array(x)
        if isinstance(x, torch.dtype):
            return DTYPES[x]
        if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
            kind = list if isinstance(x, list) else tuple  # torch.Size is a tuple
            return kind(map(self._translated, x))
        return x

    def _array(self, tensor: Any) -> Any:
        for known, value in zip(self.tensors, self.values, strict=True):
            if tensor is known:
                return value
        array = tensor.detach().numpy().copy()[()]
        if not tensor.requires_grad:
            return Value(array) if self._as_values and array.dtype.kind == "f" else array
        self.tensors.append(tensor)
        self.values.append(Value(array))
        return self.values[-1]


DTYPES = {
    getattr(torch, name): getattr(np, name)
    for name in ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8")
} | {torch.bool: np.bool_}


def outputs_of(result: Any, kinds: tuple) -> list[Any]:
    """List the arrays of a result, which may be a tuple, a list or one array."""
    if isinstance(result, list | tuple):
        return [y for part in result for y in outputs_of(part, kinds)]
    if isinstance(result, kinds):
        return [result]
    return [kinds[0](result) if kinds[0] is Value else torch.as_tensor(result)]


def draw(rng: np.random.Generator, tensor: Any) -> Any:
    """Draw numbers in a tensor's shape and dtype."""
    dtype = tensor.detach().numpy(force=True).dtype
    return np.asarray(rng.uniform(0.5, 1.5, tuple(tensor.shape))).astype(dtype)[()]


def difference(what: str, ours: Any, theirs: Any) -> str:
    """Say how two arrays differ; nothing where they agree to the tolerance.

    Rounding is measured against the largest finite number of the result: where entries are sums
    of many terms, the small ones carry the rounding of the large. Results that vanish carry the
    rounding of what cancelled, so nothing counts as smaller than a thousandth.
    """
    y = np.asarray(ours.data if isinstance(ours, Value) else ours)
    t = theirs.detach().numpy(force=True)
    if y.shape != t.shape:
        return f"{what} has shape {y.shape} instead of {t.shape}"
    if y.dtype.kind != t.dtype.kind or (t.dtype.kind == "f" and y.dtype != t.dtype):
        return f"{what} has dtype {y.dtype} instead of {t.dtype}"
    if t.dtype.kind != "f":
        return "" if np.array_equal(y, t) else f"{what} differs"
    dtype, y, t = t.dtype, y.astype(float), t.astype(float)
    finite = np.isfinite(t)
    if not np.array_equal(y[~finite], t[~finite], equal_nan=True):
        return f"{what} is not infinite or nan in the same places"
    size = max(1e-3, np.max(np.abs(t[finite]), initial=0.0))
    eps = float(np.finfo(dtype).eps)
    off = np.max(np.abs(y[finite] - t[finite]), initial=0.0) / size
    if off <= max(TOLERANCE[what], 4 * eps if eps > 1e-9 else 0.0):
        return ""
    return f"{what} is off by {off:.1e} of its size"
