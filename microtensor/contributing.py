"""What does one call send to each of its operands? The terms of the chain rule, for readers."""

from __future__ import annotations

from typing import Any

from .backward import NOTHING, by_full_rule
from .fitting import fit, zeros_for
from .graph import Node, state
from .primitives import registry


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
    if known.plain_rules is not None and gradient.__class__ is float:
        numbers = _contributions_of_numbers(known.plain_rules, node, gradient, shown)
        if numbers is not None:
            return numbers
    sent = []
    for position, a in enumerate(node.args):
        if isinstance(a, Node) and a._requires_grad:
            c = by_full_rule(known, position, gradient, node._data, shown, node, False)
            c = zeros_for(a) if c is NOTHING else fit(c, a._data, known.fn, position)
            sent.append((position, a, c))
    return sent


def _contributions_of_numbers(
    rules: tuple, node: Node, g: float, shown: list[Any]
) -> list[tuple[int, Node, Any]] | None:
    """Do as `contributions` for a call on plain floats; None if it is no matter of those."""
    y = node._data
    sent = []
    try:
        for position, a in enumerate(node.args):
            if isinstance(a, Node) and a._requires_grad:
                c = rules[position](g, y, *shown)
                if c.__class__ is not float or a._data.__class__ is not float:
                    return None
                sent.append((position, a, c))
    except (ArithmeticError, TypeError):
        return None
    return sent


def recorded_contribution(node: Node, position: int, gradient: Node) -> Any:
    """Give what one call sends to one operand as a graph: the chain rule, as a formula.

    Parameters
    ----------
    node : Node
        The value that the call made; in the formula it stands for itself, as its operands do.
    position : int
        Which operand.
    gradient : Node
        Stands for the gradient of ``node``.

    Returns
    -------
    Node, array, or NOTHING
        Before broadcasting is undone; NOTHING where no gradient goes there.
    """
    known = registry[node.fn]
    scope, state.scope = state.scope, None
    try:
        return by_full_rule(known, position, gradient, node, node.args, node, True)
    finally:
        state.scope = scope
