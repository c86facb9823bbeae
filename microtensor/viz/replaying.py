"""What would have come out? The recorded calls, run again with other leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import calls, graph, primitives
from ..errors import ArgumentError
from ..graph import Node as Recorded
from ..value import Value


def replay(root: Recorded, changes: Mapping[Recorded, Any]) -> dict[Recorded, Recorded]:
    """Run the calls again that depend on changed leaves, with their new numbers.

    Parameters
    ----------
    root : Value
        The output.
    changes : mapping of Value to array_like
        New numbers for leaves of its graph, in their shapes.

    Returns
    -------
    dict of Value to Value
        For each value that may have changed, the new one. Nothing of the old graph is touched, and
        what was drawn at random is what it was.

    Raises
    ------
    ArgumentError
        If a changed value is no leaf of the graph, or its new numbers have another shape.

    Examples
    --------
    >>> import microtensor as mt
    >>> x = mt.Value(3.0)
    >>> y = x * x
    >>> replay(y, {x: 4.0})[y].data, y.data
    (16.0, 9.0)
    """
    order = graph.ancestors(root)
    twins: dict[Recorded, Recorded] = {}
    known = set(order)
    for leaf, new in changes.items():
        twins[leaf] = _changed(leaf, new, known)
    with graph.recording():
        for node in order:
            if node.fn is None or not any(
                isinstance(a, Recorded) and a in twins for a in node.args
            ):
                continue
            operands = tuple(twins.get(a, a) if isinstance(a, Recorded) else a for a in node.args)
            twins[node] = _again(node, operands)
            twins[node].name = node.name
    return twins


def _changed(leaf: Any, new: Any, known: set[Recorded]) -> Value:
    if not isinstance(leaf, Recorded) or leaf not in known or leaf.fn is not None:
        what = "another object" if not isinstance(leaf, Recorded) else graph.label(leaf)
        raise ArgumentError(
            "Only a leaf of the graph can be given other numbers.",
            expected="a Value that the output depends on, and that no call made",
            got=what,
        )
    data = calls.plain(new)
    if np.shape(data) != np.shape(leaf._data):
        raise ArgumentError(
            f"{graph.label(leaf)}: its new numbers must have its shape.",
            expected=f"shape {np.shape(leaf._data)}",
            got=f"shape {np.shape(data)}",
        )
    return Value(
        data,
        name=leaf.name,
        requires_grad=leaf.requires_grad,
        dtype=getattr(leaf._data, "dtype", None),
    )


def _again(node: Recorded, operands: tuple) -> Recorded:
    """Run one call again; one that drew at random repeats what it drew."""
    known = primitives.registry[node.fn]
    options = {k: x for k, x in (node.kwargs or {}).items() if k != "kept"}
    if known.keeps == "constant":
        return _as_drawn(node, operands)
    return calls.apply(known, operands, options or None)


def _as_drawn(node: Recorded, operands: tuple) -> Recorded:
    """Repeat a product with random factors, as dropout is."""
    drawn = (node.kwargs or {})["kept"]
    x = node.args[0]
    if not np.array_equal(np.multiply(getattr(x, "_data", x), drawn), node._data, equal_nan=True):
        raise ArgumentError(
            f"{primitives.name_of(node.fn)} drew at random, and cannot be run again as it was.",
            hint="Take a graph without it, such as that of the model in eval mode.",
        )
    return np.multiply(operands[0], drawn)
