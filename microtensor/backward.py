"""How does the output change? The chain rule, from the output back to every input.

One pass serves everybody. It visits the graph youngest first, so that a value's gradient is
complete before it is passed on; it asks each call's rules what they send to their operands; it
undoes broadcasting and adds contributions up. It leaves no trace: `Value.backward` keeps what it
finds in ``.grad``, while ``mt.grad`` and the pictures keep it elsewhere.

Each node on the way holds the sum of what it received so far in a slot of its own, its cotangent,
which costs nothing to look up: None outside of a pass, and `NOTHING` until something arrives. A
lock makes one pass at a time the slots' only user.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from . import ownership
from .errors import MicrotensorError
from .fitting import fit, seed_for, zeros_for
from .graph import Node, ancestors, by_number, stale, state
from .notes import note_call
from .ownership import ALONE, added, apart, is_given_only
from .primitives import Known, registry

_lock = threading.RLock()
_depth = 0  # passes under way in the thread that holds the lock: a rule may start one of its own
Array = np.ndarray
_loaded = registry.loaded  # where most recorded functions are


class _Nothing:
    """Stands in a cotangent's slot for a sum of no terms: it is known to be zero."""

    def __repr__(self) -> str:
        return "nothing arrived yet"


NOTHING: Any = _Nothing()


def backward_pass(
    roots: Sequence[Node],
    seeds: Sequence[Any],
    take: Callable[[list[Node]], Any],
    *,
    create_graph: bool = False,
    targets: frozenset[Node] | None = None,
    leaves_only: bool = False,
) -> Any:
    """Run the chain rule, and take what it found before it is forgotten.

    Parameters
    ----------
    roots : sequence of Node
        The outputs.
    seeds : sequence of array
        The gradients to start from, one per output, in their shapes.
    take : callable
        Is given the nodes passed through, oldest first. It finds their gradients with `collect`.
    create_graph : bool, default False
        Whether rules are shown Values, so that the gradients can be differentiated in turn.
    targets : frozenset of Node, optional
        Pass through what lies between them and the outputs only; else through all.
    leaves_only : bool, default False
        Whether to forget inner gradients once they have been passed on, earlier ones included;
        with targets they are forgotten in any case.

    Returns
    -------
    What ``take`` gives.
    """
    global _depth
    order: list[Node] = []
    with _lock:
        outer = _save_outer_pass(roots, targets) if _depth else []
        scope, state.scope = state.scope, None  # rules that are shown Values are recorded
        _depth += 1
        try:
            if targets is None:
                _reach(roots, order)
            else:
                _between(roots, targets, order)
            for root, seed in zip(roots, seeds, strict=True):
                if root._cotangent is NOTHING:
                    root._cotangent = seed
                elif root._cotangent is not None:  # None: no target is among its inputs
                    root._cotangent = root._cotangent + seed
            tracer = state.tracer  # a program is made of what is recorded
            recorded = create_graph or tracer is not None
            try:
                for node in reversed(order):
                    if node.fn is None:
                        continue
                    g = node._cotangent
                    if targets is not None:
                        if node in targets:
                            continue
                        node._cotangent = NOTHING  # nobody asks for it: its memory is free
                    elif leaves_only:
                        node._cotangent, node.grad = NOTHING, None
                    if g is not NOTHING:
                        if recorded:
                            if tracer is not None:
                                tracer.passes(node, g, create_graph)
                        elif node._data.__class__ is float and _pass_on_numbers(node, g):
                            continue
                        _pass_on(node, g, recorded)
            except Exception as error:
                if not isinstance(error, MicrotensorError):  # ours name what they are about
                    note_call(error, node.fn, node.args, node.scope, "in the rule of")
                raise
            if tracer is None:
                return take(order)
            state.scope = scope  # what is added to a leaf's gradient is no module's
            found = take(order)
            tracer.passed()
            return found
        finally:
            _depth -= 1
            state.scope = scope
            try:
                _clean(order, outer)
            except BaseException:  # Ctrl-C: what is left behind would falsify every later pass
                _clean(order, outer)
                raise


def collect(node: Node) -> Any:
    """Give a node's gradient, at the end of a `backward_pass`; zeros where nothing arrived."""
    g = node._cotangent
    return zeros_for(node) if g is NOTHING or g is None else g


def _save_outer_pass(
    roots: Sequence[Node], targets: frozenset[Node] | None
) -> list[tuple[Node, Any]]:
    """Take the cotangents that a pass around this one has left on our way, and clear them.

    The targets are on it though no path may lead to them: `collect` looks at theirs. What lies
    behind them is not, which keeps a pass that recomputes one part of a long chain short.
    """
    targets = targets or frozenset()
    way = {*ancestors(*roots, differentiable=True, stop=targets), *targets}
    busy = [(n, n._cotangent) for n in way if n._cotangent is not None]
    for node, _ in busy:
        node._cotangent = None
    return busy


def _clean(order: list[Node], outer: list[tuple[Node, Any]]) -> None:
    for node in order:
        node._cotangent = None
    for node, cotangent in outer:
        node._cotangent = cotangent


def _reach(roots: Sequence[Node], order: list[Node]) -> None:
    """List all that a gradient can flow to, oldest first, and mark it; as `ancestors` does."""
    for root in roots:
        if root._cotangent is None:
            order.append(root)  # first, so that all that is marked is cleaned, even at Ctrl-C
            root._cotangent = NOTHING
    for node in order:  # grows while it is walked
        number = node.number
        for a in node.args:
            if isinstance(a, Node):
                if a.number > number:
                    raise stale(a, node)
                if a._requires_grad and a._cotangent is None:
                    order.append(a)
                    a._cotangent = NOTHING
    order.sort(key=by_number)


def _between(roots: Sequence[Node], targets: frozenset[Node], order: list[Node]) -> None:
    """List the nodes on the paths from the targets to the roots, oldest first, and mark them."""
    for node in ancestors(*roots, differentiable=True, stop=targets):  # operands before users
        if node in targets or any(isinstance(a, Node) and a._cotangent for a in node.args):
            order.append(node)
            node._cotangent = NOTHING


def _pass_on(node: Node, g: Any, create_graph: bool) -> None:
    """Add what a call sends to its operands to their cotangents."""
    y = node._data
    known, args = registry[node.fn], node.args
    rules, sent = known.plain_rules, None
    shown = args if create_graph else [a._data if isinstance(a, Node) else a for a in args]
    if create_graph:
        y = node
        if state.tracer is not None:
            sent = state.tracer.sent(known, node, g)
            rules = None if sent is not None else rules
    elif g.__class__ is Array:
        if known.in_place is not None and g.size > ownership.SMALL and is_given_only(g):
            rules = (known.in_place,)
        elif known.together is not None:
            wanted = [isinstance(a, Node) and a._cotangent is not None for a in args]
            options = known.options_for(-1, node.kwargs)
            sent = dict(enumerate(known.together(g, y, wanted, *shown, **options)))
    for position, a in enumerate(args):
        if not isinstance(a, Node):
            continue
        received = a._cotangent
        if received is None:  # a constant, or not on the way to a target
            continue
        try:
            if rules is not None:
                c = rules[position](g, y, *shown)
            elif sent is None:
                c = by_full_rule(known, position, g, y, shown, node, create_graph)
            else:
                c = NOTHING if known.rules[position] is None else sent.pop(position)
        except (ArithmeticError, TypeError):  # Python's zero division; or there is no rule
            c = by_full_rule(known, position, g, y, shown, node, create_graph)
        x = a._data
        if (
            c.__class__ is not Array
            or x.__class__ is not Array
            or c.dtype is not x.dtype
            or c.shape != x.shape
        ):
            if c is NOTHING:
                continue
            if c.__class__ is complex:
                c = by_full_rule(known, position, g, y, shown, node, create_graph)
            c = fit(c, x, known.fn, position)
        if received is not NOTHING:
            c = added(received, c)
        elif a.fn is None and c.__class__ is Array:
            alone = getrefcount(c) == ALONE and c.base is None  # as most are
            c = c if alone else apart(c, g, y, shown)
        a._cotangent = c


def _pass_on_numbers(node: Node, g: Any) -> bool:
    """Do as `_pass_on` for a call on one number or two, unless it is no matter of plain floats.

    A graph of numbers is made of little else, and this takes a third of the time.
    """
    try:
        rules = _loaded[node.fn].plain_rules
    except KeyError:  # methods of numbers record a call before anybody asks for its rule
        rules = registry[node.fn].plain_rules
    if rules is None or len(rules) != 2:
        return rules is not None and len(rules) == 1 and _pass_on_number(node, g, rules[0])
    a, b = node.args
    if isinstance(a, Node):
        p, to_a = a._data, a._cotangent
    else:
        p, to_a = a, None
    if isinstance(b, Node):
        q, to_b = b._data, b._cotangent
    else:
        q, to_b = b, None
    try:
        c = 0.0 if to_a is None else rules[0](g, node._data, p, q)
        d = 0.0 if to_b is None else rules[1](g, node._data, p, q)
    except (ArithmeticError, TypeError):
        return False
    if c.__class__ is not float or d.__class__ is not float:
        return False
    if to_a is not None:
        a._cotangent = c if to_a is NOTHING else to_a + c
    if to_b is not None:
        if a is b:
            to_b = a._cotangent
        b._cotangent = d if to_b is NOTHING else to_b + d
    return True


def _pass_on_number(node: Node, g: Any, rule: Callable) -> bool:
    """Do as `_pass_on_numbers` for a call on one."""
    (a,) = node.args
    received = a._cotangent
    try:
        c = rule(g, node._data, a._data)
    except (ArithmeticError, TypeError):
        return False
    if c.__class__ is not float or received is None:
        return False
    a._cotangent = c if received is NOTHING else received + c
    return True


def by_full_rule(
    known: Known, position: int, g: Any, y: Any, shown: Any, node: Node, create_graph: bool
) -> Any:
    """Call a rule that may want options, be one for all operands, or be missing: NOTHING."""
    if known.variadic:
        options = known.options_for(0, node.kwargs)
        return known.rules[0](g, y, position, *shown, **options)
    rule = known.rules[position] if position < len(known.rules) else None
    if rule is None:
        return NOTHING
    options = known.options_for(position, node.kwargs)
    if create_graph and "kept" in options and known.keeps != "constant":
        options["kept"] = None  # what the forward pass kept cannot be differentiated
    if create_graph and state.tracer is not None:
        g, options = state.tracer.shown(g, options)
    try:
        c = rule(g, y, *shown, **options)
        if c.__class__ is not complex:
            return c
    except ArithmeticError:
        pass
    # Python's numbers raise, or turn complex, where NumPy's give inf or nan.
    strong = [np.float64(x) if x.__class__ in (float, int) else x for x in (g, y, *shown)]
    return rule(*strong, **options)


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
    given = seeds if seeds is not None else [None] * len(roots)
    start = [seed_for(r, s) for r, s in zip(roots, given, strict=True)]
    found = backward_pass(
        roots,
        start,
        lambda _: [collect(t) for t in targets],
        create_graph=create_graph,
        targets=frozenset(targets),
    )
    if state.tracer is not None:  # a program calls them after what they are gradients of
        for target, g in zip(targets, found, strict=True):
            if isinstance(g, Node):
                state.tracer.gradient_of.setdefault(g, target)
    return found


def all_gradients(root: Node, gradient: Any = None) -> dict[Node, Any]:
    """Compute the gradient of one output with respect to all it depends on, for the readers.

    Returns
    -------
    dict of Node to array
        Every node that a gradient can flow through, the root included; no ``.grad`` is touched.
    """
    if not root._requires_grad:
        return {}
    seed = seed_for(root, gradient)
    return backward_pass([root], [seed], lambda order: {node: collect(node) for node in order})
