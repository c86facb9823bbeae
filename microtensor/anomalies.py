"""Where did NaN come from? Every call is looked at, in both directions, and the first one named.

Nothing is looked at outside of `detect_anomaly`, and nothing asks whether to: inside, the
functions that every call passes through are replaced by those of this file, which look on.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
import weakref
import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from . import backward, calls, methods, value
from .batches import Batch
from .calls import plain
from .cures import cure_of_call, cure_of_rule
from .decorating import Decorator
from .errors import AnomalyError, StaleValueError
from .graph import PAUSED, Node, ancestors, label, module_path, refuse_while_traced, state
from .notes import described
from .primitives import name_of

_OURS = tuple(os.path.dirname(m.__file__ or "") + os.sep for m in (calls, np))


class detect_anomaly(Decorator):  # noqa: N801  # used as a function, as no_grad is
    """Name the first operation inside that turns finite numbers into NaN or infinity.

    In the forward pass, that is a call whose operands are finite and whose result is not (or is
    NaN, when no operand was). In the backward pass, it is a rule that makes such a gradient; the
    message shows where its operation was called. Numbers that are infinite from the start, such
    as a mask of -inf, are no anomaly; an output that is NaN because a number was given so is, at
    `backward`.

    Arrays are checked, too: one that was written into after a call used it, as by
    ``p.data[0] = 5``, is named when the backward pass needs what it held.

    It can decorate a function. It watches the thread that it is entered in, makes each call about
    ten times slower there, and costs nothing elsewhere. NumPy's warnings of such numbers are off
    inside, since what they warn of is raised.

    Raises
    ------
    AnomalyError
        At the operation, with its line, the ranges of its operands, its module, and a cure.
    StaleValueError
        If numbers that the backward pass needs were written into.

    Examples
    --------
    >>> import microtensor as mt
    >>> p = mt.Value([0.0, 1.0], name="p")
    >>> with mt.detect_anomaly():
    ...     loss = (p * np.log(p)).sum()
    Traceback (most recent call last):
    ...
    microtensor.errors.AnomalyError: numpy.log gave -inf in 1 of 2 entries, of finite numbers.
      called at  <doctest ...>:2
                 loss = (p * np.log(p)).sum()
      of         p of shape (2,), from 0 to 1
      log(0) is -inf. Keep x above 0: np.log(np.maximum(x, 1e-12)), or np.log1p(x) for 1 + x.
      If np.where drops the entry, let the branch it drops compute something safe.
    """

    def __enter__(self) -> None:
        refuse_while_traced(
            "mt.detect_anomaly()",
            "Enter it outside: inside of it, compiled functions run as written.",
        )
        silent = np.errstate(all="ignore")
        silent.__enter__()
        self._silent = (*getattr(self, "_silent", ()), silent)
        _watch.depth += 1
        _look_on(+1)

    def __exit__(self, *_: object) -> None:
        _look_on(-1)
        _watch.depth -= 1
        *rest, silent = self._silent
        self._silent = tuple(rest)
        silent.__exit__(None, None, None)


class _Watch(threading.local):
    depth = 0  # blocks that this thread is in
    lines = 0  # blocks of `lines.source_lines`, which only wants to know where calls are
    in_rule = False  # a rule may pass through infinity on its way: only what it gives counts


class _Trace(NamedTuple):
    """What is remembered of a recorded call: where it was made, and of which numbers."""

    place: tuple[str, int]
    sums: tuple[int | None, ...]  # the checksums of its operands, then that of its result
    forget: weakref.ref


_watch = _Watch()
_lock = threading.Lock()
_watching = 0  # blocks that are open, in all threads
_traces: dict[int, _Trace] = {}  # by creation number; they go with their Values


def _look_on(change: int) -> None:
    """Put the functions that look on in place while a block is open in any thread."""
    global _watching
    with _lock:
        before, _watching = _watching, _watching + change
        if not before or not _watching:
            _find_micrograd()
            _find_compiled()
            for module, name, own, looking in _PLACES:
                setattr(module, name, looking if _watching else own)


# The functions that look on


def _apply(known: Any, operands: tuple, options: dict[str, Any] | None) -> Any:
    y = _own_apply(known, operands, options)
    if (_watch.depth or _watch.lines) and isinstance(y, Node):
        _look(known.fn, operands, y, (options or {}).values())
    return y


def _record(data: Any, fn: Any, args: tuple, *rest: Any) -> Any:
    y = _own_record(data, fn, args, *rest)
    if _watch.depth or _watch.lines:
        _look(fn, args, y, ())
    return y


def _pass_on(node: Node, g: Any, create_graph: bool) -> None:
    if not _watch.depth:
        return _own_pass_on(node, g, create_graph)
    before = [a._cotangent if isinstance(a, Node) else None for a in node.args]
    in_rule, _watch.in_rule = _watch.in_rule, True
    try:
        _own_pass_on(node, g, create_graph)
    finally:
        _watch.in_rule = in_rule
    for a, earlier in zip(node.args, before, strict=True):
        if isinstance(a, Node) and (bad := _made_bad(a._cotangent, (g, earlier))):
            raise _anomaly_of_rule(node, a, _plain(g), bad)


def _pass_on_numbers(node: Node, g: Any) -> bool:
    return not _watch.depth and _own_pass_on_numbers(node, g)  # else `_pass_on` looks on


def _reach(roots: Any, order: list[Node]) -> None:
    _own_reach(roots, order)
    if _watch.depth:
        _check_graph(roots, order)


def _between(roots: Any, targets: Any, order: list[Node]) -> None:
    _own_between(roots, targets, order)
    if _watch.depth:
        _check_graph(roots, order)


_own_apply, _own_record = calls.apply, methods.record
_own_pass_on, _own_pass_on_numbers = backward._pass_on, backward._pass_on_numbers
_own_reach, _own_between = backward._reach, backward._between
_PLACES: list[tuple[Any, str, Callable, Callable]] = [
    (calls, "apply", _own_apply, _apply),
    (value, "apply", _own_apply, _apply),
    (methods, "record", _own_record, _record),
    (backward, "_pass_on", _own_pass_on, _pass_on),
    (backward, "_pass_on_numbers", _own_pass_on_numbers, _pass_on_numbers),
    (backward, "_reach", _own_reach, _reach),
    (backward, "_between", _own_between, _between),
]


def _find_micrograd() -> None:
    """The drop-in records by itself; if somebody has loaded it, look on there, too."""
    drop_in: Any = sys.modules.get(f"{__package__}.micrograd")
    if drop_in is None or any(module is drop_in for module, *_ in _PLACES):
        return
    own = drop_in._made

    def made(data: Any, fn: Any, args: tuple) -> Any:
        y = own(data, fn, args)
        if _watch.depth or _watch.lines:
            _look(fn, args, y, ())
        return y

    _PLACES.append((drop_in, "_made", own, made))


def _find_compiled() -> None:
    """A program runs without any of these functions: let what was compiled run as it is written."""
    compiling: Any = sys.modules.get(f"{__package__}.compiler.compiling")
    if compiling is None or any(module is compiling.Compiled for module, *_ in _PLACES):
        return
    own = compiling.Compiled.__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.f(*args, **kwargs) if _watch.depth else own(self, *args, **kwargs)

    _PLACES.append((compiling.Compiled, "__call__", own, call))


# What they look at


def _look(fn: Any, operands: tuple, y: Node, options: Iterable[Any]) -> None:
    checked = _watch.depth > 0
    if checked and not _watch.in_rule and (bad := _made_bad(y._data, (*operands, *options))):
        raise _anomaly_of_call(fn, operands, bad, _place(), state.scope)
    if y.fn is not None:
        sums = tuple(_checksum(a) for a in (*y.args, y)) if checked else ()
        number = y.number
        forget = weakref.ref(y, lambda _: _traces.pop(number, None))
        _traces[number] = _Trace(_place(), sums, forget)


def _check_graph(roots: Any, order: list[Node]) -> None:
    """Before a backward pass: are the numbers those of the forward pass, and is there a loss?"""
    for node in order:
        trace = _traces.get(node.number)
        for a, then in zip((*node.args, node), trace.sums if trace else (), strict=False):
            if then is not None and _checksum(a) != then:
                raise _written_into(node, a, trace)
    for root in roots:
        if np.isnan(root._data).any() or (np.size(root._data) == 1 and np.isinf(root._data)):
            raise _anomaly_of_output(root)


def _numbers(x: Any) -> list[np.ndarray]:
    """List the floats in an operand."""
    x = _plain(x)
    if isinstance(x, list | tuple):
        return [array for part in x for array in _numbers(part)]
    if not isinstance(x, np.ndarray | np.generic | float):
        return []
    array = np.asarray(x)
    return [array] if array.dtype.kind == "f" else []


def _plain(x: Any) -> Any:
    """Give the numbers of a Value, or of the rows that travel together in one pass."""
    return x.data if isinstance(x, Batch) else plain(x)


def _made_bad(result: Any, operands: Iterable[Any]) -> str:
    """Say how a result is not finite though its operands were; else nothing."""
    for x in _numbers(result):
        if np.isfinite(x).all():
            continue
        given = [a for operand in operands for a in _numbers(operand)]
        nan = bool(np.isnan(x).any())
        if nan and any(np.isnan(a).any() for a in given):
            return ""  # it was NaN before
        if not nan and not all(np.isfinite(a).all() for a in given):
            return ""  # it was infinite before
        kinds = {"nan": np.isnan(x), "inf": np.isposinf(x), "-inf": np.isneginf(x)}
        found = " and ".join(kind for kind, where in kinds.items() if where.any())
        size = f" in {np.sum(~np.isfinite(x))} of {x.size} entries" if x.size > 1 else ""
        return f"{found}{size}"
    return ""


def _checksum(a: Any) -> int | None:
    x = a._data if isinstance(a, Node) else a
    if not isinstance(x, np.ndarray) or x.dtype.hasobject:
        return None  # Python's and NumPy's numbers do not change
    return zlib.crc32(x.tobytes())


def _place() -> tuple[str, int]:
    """Find the user's line: the innermost one that is neither ours nor NumPy's."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_OURS) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


# What they say


def _anomaly_of_call(fn: Any, operands: tuple, bad: str, place: Any, scope: Any) -> AnomalyError:
    finite = "of finite numbers" if all(map(_is_finite, operands)) else "where none was given"
    rows = [*_where(place), *_rows(operands, scope), *_module(scope)]
    return AnomalyError(
        f"{name_of(fn)} gave {bad}, {finite}.",
        hint="\n".join([*rows, cure_of_call(fn, operands)]),
    )


def _anomaly_of_rule(node: Node, operand: Node, g: Any, bad: str) -> AnomalyError:
    trace = _traces.get(node.number)
    rows = [
        f"from       a gradient of shape {np.shape(g)}{_range(g)}",
        *_where(trace.place if trace else None),
        *_rows(node.args, node.scope),
        *_module(node.scope),
    ]
    return AnomalyError(
        f"backward: the rule of {name_of(node.fn)} gave {bad}, for {label(operand, node.scope)}.",
        hint="\n".join([*rows, cure_of_rule(node.fn, "nan" in bad)]),
    )


def _anomaly_of_output(root: Node) -> AnomalyError:
    """Find what made an output NaN, or who gave it so."""
    for node in ancestors(root):
        bad = _made_bad(node._data, node.args)
        trace = _traces.get(node.number)
        if bad and node.fn is not None:
            place = trace.place if trace else None
            return _anomaly_of_call(node.fn, node.args, bad, place, node.scope)
        for a in (node, *node.args):
            if (a is not node or node.fn is None) and not _is_finite(a):
                used = [] if a is node else [f"used by    {name_of(node.fn)}"]
                rows = [f"given      {_rows((a,), node.scope)[0][11:]}", *used]
                rows += _where(trace.place if trace else None) if used else []
                return AnomalyError(
                    f"backward: the output is {_shown(root)}, and no operation made it so.",
                    hint="\n".join([*rows, "Look at the data before they are used."]),
                )
    raise AssertionError("some operand was not finite, or the output is")


def _written_into(node: Node, a: Any, trace: Any) -> StaleValueError:
    what = f"{described((a,), node.scope)[0]} was written into after {name_of(node.fn)} had used it"
    if a is node:
        what = f"the result of {name_of(node.fn)} was written into"
    rows = [
        *_where(trace.place),
        "Its old numbers are gone, and the chain rule needs them.",
        "Write into arrays after backward(), or give a copy of them.",
    ]
    return StaleValueError(f"backward: {what}.", hint="\n".join(rows))


def _rows(operands: tuple, scope: Any) -> list[str]:
    shown = []
    for a, words in zip(operands, described(operands, scope), strict=True):
        by = f", computed by {name_of(a.fn)}" if isinstance(a, Node) and a.fn else ""
        shown.append(f"{words}{by}{_range(plain(a))}" if hasattr(a, "shape") else words)
    return [f"{'of' if i == 0 else '':<11}{row}" for i, row in enumerate(shown)]


def _range(x: Any) -> str:
    """Say from where to where numbers go, and how many are not finite."""
    if not isinstance(x, np.ndarray | np.generic | float):
        return ""
    array = np.asarray(x)
    if array.dtype.kind != "f" or not array.size:
        return ""
    finite = array[np.isfinite(array)]
    words = [f"from {np.min(finite):.4g} to {np.max(finite):.4g}"] if finite.size else []
    if array.size == 1 and finite.size:
        words = [f"of {finite.item():.4g}"]
    words += [
        f"{np.sum(where)} {kind}"
        for kind, where in (("nan", np.isnan(array)), ("inf", np.isinf(array)))
        if where.any()
    ]
    return ", " + ", ".join(words)


def _is_finite(a: Any) -> bool:
    return all(np.isfinite(x).all() for x in _numbers(a))


def _shown(root: Node) -> str:
    return f"{root._data}" if np.size(root._data) == 1 else "not a number in places"


def _where(place: tuple[str, int] | None) -> list[str]:
    if place is None:
        return [
            "called at  a line outside of mt.detect_anomaly(): run the forward pass inside, too"
        ]
    line = linecache.getline(*place).strip()
    return [f"called at  {file_shown(place[0])}:{place[1]}", *([f"{'':<11}{line}"] if line else [])]


def file_shown(path: str) -> str:
    """Name a file as its user knows it: a notebook's cell lies in one that nobody does."""
    return "cell" if f"{os.sep}ipykernel_" in path else path


def _module(scope: Any) -> list[str]:
    path = "" if scope is PAUSED else module_path(scope)
    return [f"in module  {path}"] if path else []
