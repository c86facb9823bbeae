"""What are the gradients? The backward pass of a picture, on the side: no ``.grad`` is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import backward, contributing, graph
from ..errors import StaleValueError
from ..graph import Node as Recorded
from .expansion import Call
from .terms import Term


def order_of(root: Recorded) -> tuple[list[Recorded], bool]:
    """List the graph with operands first, and tell whether a leaf was changed after its use.

    `graph.ancestors` refuses a stale graph; a picture still shows it, without gradients.
    """
    seen = {root}
    found = [root]
    stale = False
    for node in found:  # grows while it is walked
        number = node.number
        for a in node.args:
            if isinstance(a, Recorded):
                if a.number > number:
                    stale = True
                if a not in seen:
                    seen.add(a)
                    found.append(a)
    if stale:
        found.sort(key=lambda n: (n.fn is not None, n.number))
    else:
        found.sort(key=graph.by_number)
    return found, stale


def refuse_changed(asked: str, root: Recorded) -> None:
    """Raise StaleValueError if a leaf was changed after its use: its numbers would be told wrong.

    A picture has room to say so; a line such as ``w·x = 1·2 = 6`` has not.
    """
    for node in order_of(root)[0]:
        for a in node.args:
            if isinstance(a, Recorded) and a.number > node.number:
                raise StaleValueError(
                    f"{asked}: {graph.label(a, node.scope)} was changed after "
                    f"{node.fn.__name__} had used it.",
                    hint="Its old numbers are gone, and what was computed with them cannot be "
                    "told.\nRun the forward pass again after an update, and explain that.",
                )


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
            for position, _, c in contributing.contributions(call.made, g):
                operand = call.args[position]
                sent[call.value, position] = c
                grads[operand] = c if operand not in grads else grads[operand] + c
    for call in calls:
        if call.value.requires_grad and call.value not in grads:
            grads[call.value] = backward.zeros_for(call.value)
    return grads, sent


def local_derivatives(
    made: Recorded, formulas: Mapping[int, Term] | None = None
) -> dict[int, float]:
    """Give the derivative of a call on numbers with respect to each operand.

    Where all formulas of the derivatives are known and are a number or an operand, as those of
    sums and products are, they are read; else the rule is asked.
    """
    if made.fn is None or not made._requires_grad:
        return {}
    if formulas:
        found = {i: _read(made, term) for i, term in formulas.items()}
        wanted = sum(isinstance(a, Recorded) and a._requires_grad for a in made.args)
        if len(found) == wanted and None not in found.values():
            return found
    one = 1.0 if made._data.__class__ is float else backward.seed_for(made)
    return {
        position: float(c)
        for position, _, c in contributing.contributions(made, one)
        if c.__class__ is float or np.shape(c) == ()
    }


def _read(made: Recorded, term: Term) -> Any:
    """Give the number that a formula stands for, if that takes no computing."""
    what = term.args[0] if term.args else None
    if term.op == "number":
        return what
    if term.op != "symbol" or what.__class__ is not int:
        return None
    data = getattr(made.args[what], "_data", made.args[what])
    return data if data.__class__ is float else None
