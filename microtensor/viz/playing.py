"""In which order does a drawn graph play? Each box forward, the seed, each arrow backward."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .snapshots import Edge, Node, Snapshot
from .staging import sizes
from .theme import number, shape_word

_INFIX = {"+", "−", "×", "÷", "@"}


class Step(NamedTuple):
    """What happens at one moment.

    Attributes
    ----------
    told : str
        In words and numbers.
    backward : bool
    active : tuple of str
        Ids of the boxes and arrows at work.
    shows : tuple of str
        Ids of boxes and of arrows' labels that are there from now on.
    gradients : tuple of str
        Ids of boxes whose gradients are there from now on.
    """

    told: str
    backward: bool
    active: tuple[str, ...]
    shows: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()


def steps_of(taken: Snapshot, drawn: list[str]) -> list[Step]:
    """Put the drawn boxes and arrows of a graph in the order in which they play.

    Parameters
    ----------
    taken : Snapshot
    drawn : list of str
        Ids of boxes (``v3``) and arrows (``v1_v3_0``); what is folded is not among them.

    Returns
    -------
    list of Step
        Leaves are there from the beginning; then each call, the seed, and each arrow backward.
    """
    boxes = {id for id in drawn if "_" not in id}
    into: dict[str, list[str]] = {}
    for id in drawn:
        if "_" in id:
            into.setdefault(id.split("_")[1], []).append(id)
    calls = [node for node in taken.nodes if node.id in boxes and node.op is not None]
    edges = {edge.id: edge for edge in taken.edges}
    steps = [
        Step(_forward(taken, node), False, (node.id, *into.get(node.id, ())), (node.id,))
        for node in calls
    ]
    root = taken.node(taken.root)
    seed = f"backward: begin with ∂{root.label}/∂{root.label} = {sizes(root.grad)}"
    steps.append(Step(seed, True, (root.id,), (), (root.id,)))
    plan = [id for node in reversed(calls) for id in sorted(into.get(node.id, ()), key=_order)]
    last = {id.split("_")[0]: k for k, id in enumerate(plan)}
    sums: dict[str, Any] = {}
    for k, id in enumerate(plan):
        source = taken.node(id.split("_")[0])
        if source.grad is None:
            continue
        done = (source.id,) if last[source.id] == k else ()
        told = _backward(root, source, edges.get(id), sums, bool(done))
        steps.append(Step(told, True, (id, source.id), (id,), done))
    return steps


def _order(id: str) -> int:
    return int(id.rsplit("_", 1)[1])


def _forward(taken: Snapshot, node: Node) -> str:
    given = [taken.node(edge.src) for edge in taken.operands[node.id]]
    op = node.op or ""
    if node.is_scalar and all(operand.is_scalar for operand in given):
        numbers = [number(operand.value) for operand in given]
        if op in _INFIX and len(given) == 2:
            a, b = (_factor(operand.value) for operand in given)
            return f"forward: {a} {op} {b} = {number(node.value)}"
        return f"forward: {op}({', '.join(numbers)}) = {number(node.value)}"
    shapes = [shape_word(operand.shape) for operand in given]
    made = number(node.value) if node.is_scalar else shape_word(node.shape)
    if op in _INFIX and len(given) == 2:
        return f"forward: {shapes[0]} {op} {shapes[1]} → {made}"
    return f"forward: {op} of {', '.join(shapes)} → {made}"


def _backward(root: Node, source: Node, edge: Edge | None, sums: dict[str, Any], done: bool) -> str:
    what = f"∂{root.label}/∂{source.label}"
    if edge is None or edge.contribution is None:  # it passes through something folded
        return f"backward: {what} = {sizes(source.grad)}"
    before = sums.get(source.id)
    after = edge.contribution if before is None else before + edge.contribution
    sums[source.id] = after
    if edge.local is not None and np.ndim(after) == 0:
        sent = f"{_factor(edge.upstream)} × {_factor(edge.local)} = {number(edge.contribution)}"
        if before is None:
            return f"backward: {what} = {sent}" + ("" if done else ", so far")
        return (
            f"backward: {what} = {number(before)} + {_factor(edge.upstream)} × "
            f"{_factor(edge.local)} = {number(after)}" + ("" if done else ", so far")
        )
    told = f"backward: {what} = {sizes(after)}"
    return told + (f", {edge.broadcast}" if edge.broadcast else "")


def _factor(x: Any) -> str:
    text = number(x)
    return f"({text})" if text.startswith("−") else text
