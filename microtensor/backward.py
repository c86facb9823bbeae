"""How does the output change? The chain rule, from the output back to every input.

One pass serves everybody. It visits the graph youngest first, so that a value's gradient is
complete before it is passed on; it asks each call's rules what they send to their operands; it
undoes broadcasting and adds contributions up. It leaves no trace: `Value.backward` keeps what it
finds in ``.grad``, while ``mt.grad`` and the pictures keep it elsewhere.

Each node on the way holds the sum of what it received so far in a slot of its own, its cotangent,
which costs nothing to look up. A lock makes one pass at a time the slots' only user.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import ShapeError
from .graph import Node, ancestors, recording
from .ops.arithmetic import astype
from .primitives import Known, name_of, registry

_lock = threading.RLock()
_depth = 0  # passes under way in the thread that holds the lock: a rule may start one of its own


@contextmanager
def backward_pass(
    order: list[Node],
    seeds: Iterable[tuple[Node, Any]],
    *,
    create_graph: bool = False,
    stop: frozenset[Node] | None = None,
    keep_inner: bool = True,
) -> Iterator[None]:
    """Run the chain rule; inside, each node's gradient can be taken with `collect`.

    Parameters
    ----------
    order : list of Node
        The nodes to visit, oldest first: contributions to others are not computed.
    seeds : iterable of (Node, array)
        The gradients to start from: of the outputs, in their shapes.
    create_graph : bool, default False
        Whether rules are shown Values, so that the gradients can be differentiated in turn.
    stop : frozenset of Node, optional
        Nodes to treat as leaves; then ``order`` need not be all that a gradient could reach.
    keep_inner : bool, default True
        Whether to keep the gradients of values that are not leaves.
    """
    global _depth
    with _lock:
        outer = [(n, getattr(n, "_cotangent", None)) for n in order] if _depth else []
        inside = None if stop is None else set(order)
        _depth += 1
        try:
            for node in order:
                node._cotangent = None
            for node, seed in seeds:
                node._cotangent = seed if node._cotangent is None else node._cotangent + seed
            for node in reversed(order):
                g = node._cotangent
                if g is None or node.fn is None:
                    continue
                if stop is not None and node in stop:
                    continue
                if not keep_inner:
                    node._cotangent = None  # what has been passed on is not kept alive
                _pass_on(node, g, create_graph, inside)
            yield
        finally:
            _depth -= 1
            for node in order:
                node._cotangent = None
            for node, cotangent in outer:
                node._cotangent = cotangent


def _pass_on(node: Node, g: Any, create_graph: bool, inside: set[Node] | None) -> None:
    """Add what a call sends to its operands to their cotangents."""
    known = registry[node.fn]
    args = node.args
    shown: Sequence[Any]
    if create_graph:
        shown, y = args, node
    else:
        shown = [a._data if isinstance(a, Node) else a for a in args]
        y = node._data
    position = -1
    for a in args:
        position += 1
        if isinstance(a, Node) and a.requires_grad and (inside is None or a in inside):
            c = _contribution(known, position, g, y, shown, node, create_graph)
            if c is None:
                continue
            received = a._cotangent
            if received is not None:
                a._cotangent = received + c  # never in place: a + b sends one array to both
            elif c.__class__ is np.ndarray and a.fn is None:
                # What a leaf keeps must not be a view of, or the same as, anything else.
                alone = c.base is None and c is not g and c is not y
                alone = alone and not any(c is x for x in shown)
                a._cotangent = c if alone else c.copy()
            else:
                a._cotangent = c


def _contribution(
    known: Known, position: int, g: Any, y: Any, shown: Any, node: Node, create_graph: bool
) -> Any:
    """Compute the gradient that a call sends to one operand, or None where its rule is zero."""
    if known.plain_rules:
        rule = known.rules[position]
        if rule is None:
            return None
        try:
            c = rule(g, y, *shown)
        except ArithmeticError:  # Python's numbers raise where NumPy's give inf or nan
            c = rule(g, y, *(np.float64(x) if x.__class__ is float else x for x in shown))
    else:
        c = _by_full_rule(known, position, g, y, shown, node, create_graph)
        if c is None:
            return None
    x = node.args[position]._data
    if c.__class__ is float and x.__class__ is float:
        return c
    if (
        c.__class__ is np.ndarray
        and x.__class__ is np.ndarray
        and c.shape == x.shape
        and c.dtype == x.dtype
    ):
        return c
    return fit(c, x, known.fn, position)


def _by_full_rule(
    known: Known, position: int, g: Any, y: Any, shown: Any, node: Node, create_graph: bool
) -> Any:
    """Call a rule that wants options, or one rule for all operands, or none at all."""
    if known.variadic:
        options = known.options_for(0, node.kwargs)
        return known.rules[0](g, y, position, *shown, **options)
    rule = known.rules[position] if position < len(known.rules) else None
    if rule is None:
        return None
    options = known.options_for(position, node.kwargs)
    if create_graph and "kept" in options:
        options["kept"] = None  # what the forward pass kept cannot be differentiated
    return rule(g, y, *shown, **options)


def fit(c: Any, x: Any, fn: Any, position: int) -> Any:
    """Give a contribution the shape and dtype of its operand, undoing broadcasting.

    An operand that was broadcast was used several times; its contributions are added.

    Parameters
    ----------
    c : array or Node
        The contribution, of a shape that the shape of ``x`` broadcasts to.
    x : array or float
        The operand's data.
    fn, position
        The call, for the message.

    Raises
    ------
    ShapeError
        If the contribution cannot have come from broadcasting, so that the rule is wrong.
    """
    have, want = np.shape(c), np.shape(x)
    if have != want:
        extra = len(have) - len(want)
        if extra < 0 or any(
            n not in (1, m) for n, m in zip(want, have[max(extra, 0) :], strict=True)
        ):
            raise ShapeError(
                f"The rule of {name_of(fn)} for operand {position} gave a wrong shape.",
                expected=f"{want}, as the operand has, or a shape that it broadcasts to",
                got=f"{have}",
                hint="Rules may leave broadcasting to be undone, but nothing else.",
            )
        axes = tuple(range(extra)) + tuple(
            extra + i for i, n in enumerate(want) if n == 1 and have[extra + i] != 1
        )
        if c.__class__ is np.ndarray and axes == (0,) and c.ndim == 2:
            c = np.ones(have[0], c.dtype) @ c  # a sum over the long axis, by BLAS
        else:
            c = np.sum(c, axis=axes)
        if np.shape(c) != want:
            c = np.reshape(c, want)
    if isinstance(c, Node):
        same = c._data.__class__ is float or _dtype(c._data) == _dtype(x)
        return c if same else astype(c, _dtype(x))
    if x.__class__ is float:
        return float(c)
    dtype = _dtype(x)
    if want == ():
        return dtype.type(c)
    return np.asarray(c, dtype=dtype)


def _dtype(x: Any) -> np.dtype:
    return x.dtype if hasattr(x, "dtype") else np.dtype(type(x))


def seed_for(node: Node, gradient: Any = None) -> Any:
    """Make the gradient to start from: ones, or what was given, in the output's shape and dtype."""
    x = node._data
    if gradient is None:
        return 1.0 if x.__class__ is float else np.ones(np.shape(x), x.dtype)[()]
    if isinstance(gradient, Node):
        return gradient
    return float(gradient) if x.__class__ is float else np.array(gradient, dtype=x.dtype)[()]


def zeros_for(node: Node) -> Any:
    """Make the gradient of a value that nothing arrived at."""
    x = node._data
    return 0.0 if x.__class__ is float else np.zeros(np.shape(x), _dtype(x))[()]


def gradients(
    roots: Sequence[Node],
    targets: Sequence[Node],
    seeds: Sequence[Any] | None = None,
    *,
    create_graph: bool = False,
) -> list[Any]:
    """Compute the gradients of outputs with respect to chosen values, touching no ``.grad``.

    Parameters
    ----------
    roots : list of Node
        The outputs.
    targets : list of Node
        The values to differentiate with respect to: leaves or not.
    seeds : list of array, optional
        The gradient to start from at each root; ones if not given.
    create_graph : bool, default False
        Whether the gradients are Values that can be differentiated in turn.

    Returns
    -------
    list of array or Node
        One per target, in its shape and dtype; zeros where no path leads to it.
    """
    stop = frozenset(targets)
    order = _between(roots, stop)
    inside = set(order)
    given = seeds if seeds is not None else [None] * len(roots)
    start = [(r, seed_for(r, s)) for r, s in zip(roots, given, strict=True) if r in inside]
    with recording(), backward_pass(order, start, create_graph=create_graph, stop=stop):
        return [collect(t) if t in inside else zeros_for(t) for t in targets]


def collect(node: Node) -> Any:
    """Take a node's gradient inside of `backward_pass`; zeros where nothing arrived."""
    g = node._cotangent
    return zeros_for(node) if g is None else g


def _between(roots: Sequence[Node], targets: frozenset[Node]) -> list[Node]:
    """List the nodes on the paths from the targets to the roots, oldest first."""
    needed = set(targets)
    order = []
    for node in ancestors(
        *roots, differentiable=True, stop=targets
    ):  # oldest first: operands before users
        if node in needed:
            order.append(node)
        elif any(isinstance(a, Node) and a in needed for a in node.args):
            needed.add(node)
            order.append(node)
    return order


def all_gradients(root: Node, gradient: Any = None) -> dict[Node, Any]:
    """Compute the gradient of one output with respect to all it depends on, for the readers.

    Returns
    -------
    dict of Node to array
        Every node that a gradient can flow through, the root included; no ``.grad`` is touched.
    """
    if not root.requires_grad:
        return {}
    order = ancestors(root, differentiable=True)
    with backward_pass(order, [(root, seed_for(root, gradient))]):
        return {node: collect(node) for node in order}


def contributions(node: Node, gradient: Any) -> list[tuple[int, Node, Any]]:
    """Tell what one call sends to each of its operands, given the gradient of its output.

    Returns
    -------
    list of (position, operand, contribution)
        One per differentiable operand, in order and with repeats: ``x * x`` has two.
    """
    if node.fn is None:
        return []
    known = registry[node.fn]
    shown = [a._data if isinstance(a, Node) else a for a in node.args]
    sent = []
    for position, a in enumerate(node.args):
        if isinstance(a, Node) and a.requires_grad:
            c = _contribution(known, position, gradient, node._data, shown, node, False)
            sent.append((position, a, zeros_for(a) if c is None else c))
    return sent
