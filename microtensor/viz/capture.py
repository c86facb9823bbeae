"""How is a Snapshot taken? One walk back from the output, one pass of the chain rule beside it.

Nothing is changed: no ``.grad`` is touched, and what is kept are copies. Every walk is iterative.
Fused functions are shown as what they stand for, by replaying that on values of our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import graph
from ..errors import ArgumentError, GraphTooLargeError
from ..graph import Node as Recorded
from ..lines import line_of
from . import names as words
from .collecting import collector_waiting
from .expansion import Call, calls_of
from .formulas import (
    General,
    contribution_formula,
    forward_formula,
    general_formulas,
    local_derivative,
)
from .modules import groups_of, homes_of_leaves
from .passes import chain_rule, local_derivatives, order_of
from .snapshots import Edge, Node, Snapshot
from .theme import shape_word
from .troubles import not_finite, trouble_of

_NONE: frozenset[int] = frozenset()
_FLOAT = np.dtype(float)  # of Python's own numbers, of which graphs of numbers are made
LIMIT = 200_000  # values; a picture of more says nothing, and capturing them takes many seconds


def snapshot(
    root: Any,
    *,
    names: Mapping[str, Any] | None = None,
    params: Iterable[Any] | None = None,
    gradient: Any = None,
    gradients: bool = True,
    expand: bool = True,
    limit: int | None = LIMIT,
    open_limit: int | None = None,
    formulas: bool | str = False,
) -> Snapshot:
    """Take the graph of one output, with the gradients of that output.

    Parameters
    ----------
    root : Value
        The output, such as a loss.
    names : mapping of str to Value or array, optional
        Names for what has none, such as ``locals()``.
    params : iterable of Value, optional
        Which leaves are parameters. If not given: those of the models in the graph, and, in a
        graph without models, those named as textbooks name weights (w1, W, b, theta).
    gradient : array_like, optional
        The gradient to start from, for an output that is not one number.
    gradients : bool, default True
        Whether to compute gradients. ``backward`` need not have been called, and is not.
    expand : bool, default True
        Whether to show a fused function as the functions it stands for.
    limit : int or None
        How many values are too many.
    open_limit : int or None
        How many are too many outside of every module, where nothing but a sum can be folded.
    formulas : bool or "general", default False
        Whether to write each call, and each local derivative, as a formula. In general ones
        constants are symbols too; those of a derivative that holds at these numbers only are None.

    Returns
    -------
    Snapshot

    Raises
    ------
    ArgumentError
        If ``root`` is no Value.
    GraphTooLargeError
        If there are more values than the limits.

    Examples
    --------
    >>> import microtensor as mt
    >>> w, x = mt.Value(3.0, name="w"), mt.Value(2.0, name="x")
    >>> taken = snapshot(w * x)
    >>> [(node.label, node.kind, node.grad) for node in taken.nodes]
    [('w', 'param', 2.0), ('x', 'input', 3.0), ('w·x', 'output', 1.0)]
    >>> w.grad is None
    True
    """
    options = {"params": params, "gradient": gradient, "gradients": gradients, "expand": expand}
    return captured(
        root, names=names, limit=limit, open_limit=open_limit, formulas=formulas, **options
    )[0]


def captured(
    root: Any,
    *,
    names: Mapping[str, Any] | None = None,
    params: Iterable[Any] | None = None,
    gradient: Any = None,
    gradients: bool = True,
    expand: bool = True,
    limit: int | None = LIMIT,
    open_limit: int | None = None,
    formulas: bool | str = False,
) -> tuple[Snapshot, dict[Any, str]]:
    """Do as `snapshot`, and give the ids of the graph's own values too."""
    if not isinstance(root, Recorded):
        raise ArgumentError(
            "snapshot: the output must be a Value.",
            expected="a Value, such as a loss",
            got=f"{type(root).__name__}",
        )
    with collector_waiting():
        order, stale = order_of(root)
        if limit is not None and len(order) > limit:
            raise too_many(len(order), limit)
        if open_limit is not None and (n := _outside(order)) > open_limit:
            raise too_many(n, open_limit)
        calls = calls_of(order, expand)
        wanted = gradients and not stale and (gradient is not None or np.size(root._data) == 1)
        grads, sent = chain_rule(calls, root, gradient) if wanted else ({}, {})
        state = "stale" if stale else ("fresh" if grads else "none")
        taking = _Taking(calls, root, grads, sent, names, params, formulas)
        return taking.snapshot(state), taking.ids


def sought(what: Any, taken: Snapshot, ids: Mapping[Any, str]) -> Any:
    """Give the Value that a name stands for in a graph; what is no name is given back."""
    if not isinstance(what, str):
        return what
    for value, id in ids.items():
        if isinstance(value, Recorded) and taken.node(id).name == what:
            return value
    names = [node.name for node in taken.nodes if node.name is not None and node.requires_grad]
    raise ArgumentError(
        f"There is no value named {what!r} in the graph.",
        expected="one of " + ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
        if names
        else "a Value, as none of the graph has a name",
        got=repr(what),
    )


def too_many(n: int, limit: int) -> GraphTooLargeError:
    """Build the error for a graph that cannot be read as a picture."""
    return GraphTooLargeError(
        f"A picture of {n:,} boxes cannot be read.",
        expected=f"at most {limit:,}",
        got=f"{n:,}",
        hint="depth=0 draws modules, and stretches of what is in none, as boxes;\n"
        "between=(w, loss) draws the paths from one value to another, and neighbourhood=w what\n"
        "is around one. Or draw a smaller batch, or write the model with modules or arrays.\n"
        "draw(..., force=True) draws it all the same.",
    )


def _outside(order: list[Recorded]) -> int:
    """Count the calls that no folding can put away: in no module, and no sums."""
    return sum(
        node.fn is not None and node.fn is not np.add and not isinstance(node.scope, graph.Scope)
        for node in order
    )


class _Taking:
    """One taking of a snapshot: ids are given out, names are found, groups are opened."""

    def __init__(
        self,
        calls: list[Call],
        root: Recorded,
        grads: dict[Recorded, Any],
        sent: dict[tuple[Recorded, int], Any],
        names: Mapping[str, Any] | None,
        params: Iterable[Any] | None,
        formulas: bool | str,
    ) -> None:
        self.formulas = formulas
        self.calls, self.root, self.grads, self.sent = calls, root, grads, sent
        self.given, self.arrays = words.names_by_identity(names)
        self.groups, self.models = groups_of(calls)
        self.paths = words.parameter_paths(self.models)
        self.params = None if params is None else {p for p in params if isinstance(p, Recorded)}
        self.homes = homes_of_leaves(calls)
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.ids: dict[Any, str] = {}  # by Recorded, or by the id() of a constant array

    def snapshot(self, state: str) -> Snapshot:
        with np.errstate(all="ignore"):  # what is not finite is shown as such
            for call in self.calls:
                self._add(call)
        return Snapshot(
            tuple(self.nodes), tuple(self.edges), tuple(self.groups.values()),
            self.ids[self.root], state,
        )  # fmt: skip

    # Nodes

    def _add(self, call: Call) -> None:
        value, made = call.value, call.made
        sources: list[tuple[int, str]] = []
        for position, a in enumerate(call.args):
            if isinstance(a, Recorded):
                sources.append((position, self.ids[a]))
            elif not words.absorbs(made.fn, position, a):
                sources.append((position, self._constant(a, call.scope)))
        kind = self._kind(value)
        name = self._name(value)
        general = self._general(call, sources) if self.formulas == "general" else None
        formula = None
        if general is not None:
            formula = general.forward
        elif self.formulas and made.fn is not None:
            formula = forward_formula(made)
        data, grad = value._data, self.grads.get(value)
        number = data.__class__ is float
        scope = call.scope if made.fn is not None or kind == "input" else self.homes.get(value)
        node = Node(
            self._next_id(value), kind, self._word(value, kind, name),
            None if made.fn is None else words.sign(made.fn, made.args, made.kwargs),
            None if made.fn is None else words.function_name(made.fn),
            name, self._expression(made, sources), _kept(data), _kept(grad),
            () if number else np.shape(data), _FLOAT if number else np.asarray(data).dtype,
            value._requires_grad, self._group_key(scope), trouble_of(made, data, grad), formula,
            None if general is None else general.program, line_of(value),
        )  # fmt: skip
        self.nodes.append(node)
        known = None if general is None else general.programs
        derivatives = local_derivatives(made, known) if node.is_scalar else {}
        for position, src in sources:
            self.edges.append(self._edge(call, position, src, node, derivatives, general))

    def _general(self, call: Call, sources: list[tuple[int, str]]) -> General | None:
        """Find the formulas of a call on numbers, whatever the numbers."""
        data = call.value._data
        if call.made.fn is None or (data.__class__ is not float and np.shape(data) != ()):
            return None
        boxed = []
        for i, id in sources:
            if self.nodes[int(id[1:]) - 1].shape != ():
                return None
            if not isinstance(call.args[i], Recorded):
                boxed.append(i)
        return general_formulas(call.made, frozenset(boxed) if boxed else _NONE)

    def _next_id(self, key: Any) -> str:
        id = f"v{len(self.nodes) + 1}"
        self.ids[key] = id
        return id

    def _constant(self, array: Any, scope: Any) -> str:
        key: Any
        if isinstance(array, np.ndarray):
            key, name = id(array), self.given.get(id(array)) or self._name_of_copy(array)
            if key in self.ids:
                return self.ids[key]
            scope = scope if _belongs(array, scope) else None  # data comes from outside
        else:
            key, name = object(), None  # a number has no identity: each use is a box of its own
        id_ = self._next_id(key)
        self.nodes.append(
            Node(
                id=id_, kind="const", word="const", op=None, function=None, name=name,
                expression=None, value=_kept(array), grad=None, shape=np.shape(array),
                dtype=np.asarray(array).dtype, requires_grad=False,
                group=self._group_key(scope), health=not_finite(array),
            )
        )  # fmt: skip
        return id_

    def _group_key(self, scope: Any) -> str | None:
        return self.groups[scope.call].key if isinstance(scope, graph.Scope) else None

    def _name_of_copy(self, array: np.ndarray) -> str | None:
        """Find the name of the array that a model converted to its own dtype."""
        for name, given in self.arrays:
            if given.shape == array.shape and np.array_equal(given.astype(array.dtype), array):
                return name
        return None

    def _edge(
        self,
        call: Call,
        position: int,
        src: str,
        node: Node,
        derivatives: dict[int, float],
        general: General | None,
    ) -> Edge:
        contribution = self.sent.get((call.value, position))
        if contribution is None:
            return Edge(src, node.id, position)
        data = call.args[position]._data
        shape = () if data.__class__ is float else np.shape(data)
        formula = program = None
        if shape == () and node.shape == ():
            upstream = float(self.grads[call.value])
            local = derivatives.get(position)
            if general is not None:
                formula = general.locals.get(position)
                program = general.programs.get(position)
            elif self.formulas:
                formula = local_derivative(call.made, position)
            sent = float(contribution)
            return Edge(src, node.id, position, upstream, local, sent, None, formula, program)
        if self.formulas:
            formula = contribution_formula(call.made, position)
        told = None
        fn = call.made.fn
        if shape != node.shape and isinstance(fn, np.ufunc) and fn.nin == 2 and fn is not np.matmul:
            told = f"summed from {shape_word(node.shape)} to {shape_word(shape)}"
        return Edge(src, node.id, position, None, None, _kept(contribution), told, formula)

    # Words

    def _kind(self, value: Recorded) -> str:
        if value is self.root:
            return "output"
        if value.fn is not None:
            return "op"
        if self.params is not None:
            is_parameter = value in self.params
        else:
            is_parameter = words.is_parameter(value, self.paths, bool(self.models), self.given)
        if is_parameter:
            return "param"
        return "input" if value.requires_grad else "const"

    def _word(self, value: Recorded, kind: str, name: str | None) -> str:
        if kind == "output":
            return "loss" if words.is_loss_name(name) and np.size(value._data) == 1 else "output"
        return "" if kind == "op" else kind

    def _name(self, value: Recorded) -> str | None:
        return value.name or self.paths.get(value) or self.given.get(id(value))

    def _expression(self, made: Recorded, sources: list[tuple[int, str]]) -> str | None:
        if made.fn is None or len(sources) != 2:
            return None
        labels: list[str | None] = []
        for _, id in sources:
            name = self.nodes[int(id[1:]) - 1].name
            if name is None:
                return None
            labels.append(name)
        return words.expression(made.fn, labels)


def _belongs(array: np.ndarray, scope: Any) -> bool:
    """Tell whether an array is an attribute of the module that used it."""
    module = scope.module if isinstance(scope, graph.Scope) else None
    return any(a is array for a in getattr(module, "__dict__", {}).values())


def _kept(x: Any) -> Any:
    """Copy what may change under us; numbers are floats, or ints where they are whole by type."""
    if x is None or x.__class__ is float:
        return x
    if np.ndim(x) == 0:
        return x.item() if hasattr(x, "item") else x
    copy = np.array(x)
    copy.setflags(write=False)
    return copy
