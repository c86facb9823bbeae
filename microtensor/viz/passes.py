"""What are the gradients? The backward pass of a picture, on the side: no ``.grad`` is touched."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backward, graph
from ..graph import Node as Recorded
from .expansion import Call


def order_of(root: Recorded) -> tuple[list[Recorded], bool]:
    """List the graph with operands first, and tell whether a leaf was changed after its use.

    `graph.ancestors` refuses a stale graph; a picture still shows it, without gradients.
    """
    seen = {root}
    found = [root]
    stale = False
    for node in found:  # grows while it is walked
        for a in graph.parents(node):
            stale = stale or a.number > node.number
            if a not in seen:
                seen.add(a)
                found.append(a)
    found.sort(key=lambda n: (stale and n.fn is not None, n.number))
    return found, stale


def chain_rule(
    calls: list[Call], root: Recorded, gradient: Any
) -> tuple[dict[Recorded, Any], dict[tuple[Recorded, int], Any]]:
    """Compute every gradient, and what each argument contributes to it, on the side."""
    if not root.requires_grad:
        return {}, {}
    grads: dict[Recorded, Any] = {root: backward.seed_for(root, gradient)}
    sent: dict[tuple[Recorded, int], Any] = {}
    with np.errstate(all="ignore"):  # what is not finite is shown as such
        for call in reversed(calls):
            g = grads.get(call.value)
            if g is None or call.made.fn is None or not call.made.requires_grad:
                continue
            for position, _, c in backward.contributions(call.made, g):
                operand = call.args[position]
                sent[call.value, position] = c
                grads[operand] = c if operand not in grads else grads[operand] + c
    for call in calls:
        if call.value.requires_grad and call.value not in grads:
            grads[call.value] = backward.zeros_for(call.value)
    return grads, sent


def local_derivatives(made: Recorded) -> dict[int, float]:
    """Give the derivative of a call on numbers with respect to each operand."""
    if made.fn is None or not made._requires_grad:
        return {}
    one = 1.0 if made._data.__class__ is float else backward.seed_for(made)
    return {
        position: float(c)
        for position, _, c in backward.contributions(made, one)
        if c.__class__ is float or np.shape(c) == ()
    }
