"""What happened? The record of a forward pass, which every reader reads and which knows none.

One `Node` is one value and, where a function made it, the one call that made it: the function, its
operands in order and with repeats, and its options. There are no closures and no cycles, so a
graph is freed by counting references. Every walk is iterative: a million steps are no depth.

What is kept per thread: whether calls are recorded, the scope (the module call) they run in, and
the tracer, if a program is being made of what happens.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from .decorating import Decorator
from .errors import CompileError, DTypeError, GradientError, ShapeError, StaleValueError

next_number = itertools.count(1).__next__  # creation order; atomic under the interpreter's lock


class Node:
    """A value, and the call that made it.

    Attributes
    ----------
    fn : callable or None
        The function that made this value; None for a leaf.
    args : tuple
        Its operands, in order and with repeats: Nodes and constants.
    kwargs : dict or None
        Its options.
    number : int
        The place in creation order. A call is younger than its operands, so sorting by it is a
        topological order; assigning to a leaf renews it, which is how stale graphs are told.
    scope : Scope or None
        The module call that this happened in.
    requires_grad : bool
        Whether a gradient can flow through this value. A leaf of floats can be told so; the core
        reads the slot behind it, which is faster.
    """

    __slots__ = (
        "__weakref__", "_cotangent", "_data", "_requires_grad", "args", "fn", "grad", "kwargs",
        "name", "number", "scope",
    )  # fmt: skip

    _data: Any
    _cotangent: Any  # what the running backward pass has sent here so far; None outside of one
    grad: Any
    fn: Any
    args: tuple
    kwargs: dict[str, Any] | None
    number: int
    scope: Scope | None
    name: str | None
    _requires_grad: bool

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.fn is not None and wanted is not self._requires_grad:
            raise GradientError(
                f"{label(self)} was computed by {self.fn.__name__}: "
                "whether a gradient flows through it is decided by its operands.",
                expected="a leaf, such as a parameter",
                got=f"requires_grad={wanted} for a computed Value",
                hint="v.detach() gives a constant of the same numbers.",
            )
        if wanted and not is_float(self._data):
            raise no_gradient_of(label(self), self._data)
        self._requires_grad = bool(wanted)


class Step(NamedTuple):
    """One recorded call, as `Value.origin` shows it."""

    fn: Any
    args: tuple
    kwargs: dict[str, Any]
    scope: Scope | None


@runtime_checkable
class Model(Protocol):
    """What the core must know of a model to name its parts; ``nn.Module`` is one."""

    def named_parameters(self) -> Iterator[tuple[str, Any]]: ...

    def named_modules(self) -> Iterator[tuple[str, Any]]: ...


class Scope:
    """One call of a module, inside the call of another or of none.

    It holds its module weakly: a model may keep a Value of its own without making a cycle.
    """

    __slots__ = ("call", "cls", "parent", "ref")

    def __init__(self, parent: Scope | None, module: Any) -> None:
        self.parent = parent
        self.ref = weakref.ref(module)
        self.cls = type(module)
        self.call = next_number()

    @property
    def module(self) -> Any:
        """The module whose call this is, or None if it is gone."""
        return self.ref()

    def chain(self) -> list[Scope]:
        """List the scopes from the outermost one to this."""
        scopes: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            scopes.append(scope)
            scope = scope.parent
        return scopes[::-1]


class _NoRecord:
    """Stands where a scope would, while nothing is recorded: one look-up answers both."""

    call = 0
    parent = None


PAUSED: Any = _NoRecord()


class _ThreadState(threading.local):
    scope: Any = None  # Scope, None outside of every module, or PAUSED
    tracer: Any = None  # what makes a program of all that happens now: the compiler's


state = _ThreadState()
tracers = 0  # how many threads trace a program now: none, as a rule, which is asked in no time


def refuse_while_traced(what: str, hint: str) -> None:
    """Raise CompileError if a program is being made of what happens: this cannot be part of it."""
    if state.tracer is not None:
        raise CompileError(
            f"{state.tracer.name}: {what} cannot be part of a program.",
            expected="forward, backward and the optimizer's step",
            got=what,
            hint=hint,
        )


@contextmanager
def scope_set(scope: Any) -> Iterator[None]:
    """Let calls inside happen in that scope, and give back the one before, whatever happens."""
    before, state.scope = state.scope, scope
    try:
        yield
    finally:
        state.scope = before


class no_grad(Decorator):  # noqa: N801  # the field's word, used as a function
    """Record nothing inside: values computed here are constants to every later gradient.

    It can decorate a function, or a generator, which records nothing between its values.

    Examples
    --------
    >>> import microtensor as mt
    >>> x = mt.Value(3.0)
    >>> with mt.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def __enter__(self) -> None:
        self._before = (*getattr(self, "_before", ()), state.scope)
        state.scope = PAUSED

    def __exit__(self, *_: object) -> None:
        *rest, state.scope = self._before
        self._before = tuple(rest)


def is_recording() -> bool:
    """Tell whether calls on Values are recorded in this thread now.

    >>> is_recording()
    True
    """
    return state.scope is not PAUSED


def recording() -> Any:
    """Record inside, even within `no_grad`."""
    return scope_set(None if state.scope is PAUSED else state.scope)


def assign(node: Node, data: Any) -> None:
    """Give a leaf new numbers: the one door through which parameters and state change.

    Parameters
    ----------
    node : Node
        A leaf.
    data : array_like
        Its new numbers, of the same shape; they are converted to the leaf's dtype. An array that
        has it already is kept, not copied.

    Raises
    ------
    StaleValueError
        If a call made this value: changing it would falsify the graph.
    ShapeError
        If the shape would change, or the rows of a nested list have unequal lengths.
    DTypeError
        If the leaf's dtype cannot hold the numbers: integers cannot hold fractions.
    """
    old = node._data
    if state.tracer is not None:
        state.tracer.assign(node, data)
    if isinstance(data, Node):
        data = data._data
    if node.fn is not None:
        raise StaleValueError(
            f"{label(node)} was computed by {node.fn.__name__}, so its data cannot be assigned.",
            hint="Assign to the leaves it depends on, or use v.detach() for one of its own.",
        )
    try:
        shape = np.shape(data)
    except ValueError:
        raise rows_differ(f"{label(node)}: the numbers assigned to .data", data) from None
    if shape != np.shape(old):
        raise ShapeError(
            f"{label(node)}: an assignment to .data must keep the shape.",
            expected=f"shape {np.shape(old)}",
            got=f"shape {shape}",
            hint="For other numbers of another shape, make a new Value."
            if shape
            else f"For one number everywhere: v.data = np.full({np.shape(old)}, {data!r}).",
        )
    dtype = getattr(old, "dtype", np.dtype(float))
    given = data.dtype if hasattr(data, "dtype") else np.asarray(data).dtype
    if given != dtype and not np.can_cast(given, dtype, "same_kind"):
        raise DTypeError(
            f"{label(node)}: its dtype cannot hold the numbers assigned to .data.",
            expected=f"numbers of dtype {dtype}, or that convert to it",
            got=f"dtype {given}",
            hint="For numbers of another dtype, make a new Value.",
        )
    if isinstance(old, np.ndarray):
        rebind(node, np.asarray(data, dtype=old.dtype))
    else:
        rebind(node, type(old)(data))  # a Python float stays one, and so stays weak


def rows_differ(what: str, rows: Any) -> ShapeError:
    """Build the error for nested lists that are no array, since their lengths differ."""
    lengths = [str(len(row)) if isinstance(row, list | tuple) else "a number" for row in rows]
    told = lengths if len(set(lengths)) > 1 else ["equal, with unequal lists inside"]
    return ShapeError(
        f"{what} are rows of unequal lengths.",
        expected="lists of one length, at each depth",
        got=", ".join(told[:8]) + (", ..." if len(told) > 8 else ""),
    )


def rebind(node: Node, array: Any) -> None:
    """Do as `assign` with an array that is known to have the leaf's shape and dtype.

    It checks nothing, for loops over many small parameters. The old array is left as it was.
    """
    node._data = array
    node.number = next_number()


def is_float(data: Any) -> bool:
    """Tell whether numbers can change by a small step, so that they may have a gradient."""
    return data.__class__ is float or data.dtype.kind == "f"


def no_gradient_of(what: str, data: Any) -> DTypeError:
    """Build the error for a gradient that is asked for and cannot exist."""
    return DTypeError(
        f"{what}: only floats have gradients.",
        expected="requires_grad=False, or data of a floating dtype",
        got=f"requires_grad=True for data of dtype {data.dtype}",
        hint="Pass dtype=float to make the data floats.",
    )


def parents(node: Node) -> list[Node]:
    """List the operands of the call that are Nodes, in order and with repeats."""
    return [a for a in node.args if isinstance(a, Node)]


def ancestors(
    *roots: Node, differentiable: bool = False, stop: frozenset[Node] = frozenset()
) -> list[Node]:
    """List all that the roots were computed from, and the roots, oldest first.

    Parameters
    ----------
    *roots : Node
        Where to start.
    differentiable : bool, default False
        Whether to follow only values that a gradient can flow through.
    stop : frozenset of Node
        Nodes whose own past is left out.

    Returns
    -------
    list of Node
        In creation order, which is a topological order.

    Raises
    ------
    StaleValueError
        If a leaf was assigned to after a call had used it.
    """
    seen = set(roots)
    found = list(seen)
    for node in found:  # grows while it is walked
        number = node.number
        if node in stop:
            continue
        for a in node.args:
            if isinstance(a, Node):
                if a.number > number:
                    raise stale(a, node)
                if (a._requires_grad or not differentiable) and a not in seen:
                    seen.add(a)
                    found.append(a)
    found.sort(key=by_number)
    return found


by_number = attrgetter("number")


def stale(changed: Node, user: Node) -> StaleValueError:
    """Build the error for a leaf that was assigned to after a call had used it."""
    return StaleValueError(
        f"backward: {label(changed, user.scope)} was changed after {user.fn.__name__} had used it.",
        hint="Its old numbers are gone, and the chain rule needs them.\n"
        "Run the forward pass again after an update, then call backward.",
    )


def label(node: Node, scope: Scope | None = None) -> str:
    """Name a value for a message: its own name, its parameter path, or its shape."""
    name = name_of(node, scope)
    return name if name is not None else f"a Value of shape {np.shape(node._data)}"


def name_of(node: Node, scope: Scope | None = None) -> str | None:
    """Name a value: as its user did, else by its path in the model that ``scope`` ran in."""
    if node.name is not None:
        return node.name
    for outer in scope.chain() if isinstance(scope, Scope) else ():
        model = outer.module
        if isinstance(model, Model):
            for path, parameter in model.named_parameters():
                if parameter is node:
                    return path
    return None


def module_path(scope: Scope | None, known: dict[Any, dict[int, str]] | None = None) -> str:
    """Tell where in the outermost model a scope ran, such as ``MLP.layers.0``.

    A module that is not an attribute of that model goes by its class. Who asks for many gives
    ``known``, which remembers where the modules of each model are.
    """
    if not isinstance(scope, Scope):
        return ""
    chain = scope.chain()
    root = chain[0].module
    known = {} if known is None else known
    if id(root) not in known:
        named = root.named_modules() if isinstance(root, Model) else ()
        known[id(root)] = {id(m): path for path, m in named}
    paths, module = known[id(root)], scope.module
    if len(chain) > 1 and module is not None and id(module) in paths:
        return f"{chain[0].cls.__name__}.{paths[id(module)]}"
    return ".".join(s.cls.__name__ for s in chain)
