"""How are a thousand steps told? By the modules they happened in, and what was left out is said."""

from __future__ import annotations

from typing import Any

import numpy as np

from .pieces import Piece, derivative, said, value, words
from .snapshots import Group, Node, Snapshot
from .telling import Line, Teller
from .theme import number


def count_steps(taken: Snapshot) -> int:
    """Count the steps of both passes."""
    forward = sum(node.op is not None for node in taken.nodes)
    return forward + sum(edge.contribution is not None for edge in taken.edges)


def modular(teller: Teller, max_steps: int) -> list[Line]:
    """Tell a large graph by its modules, in the order of their calls; without any, its ends."""
    taken = teller.taken
    groups = _shown_groups(taken, max_steps)
    if not groups:
        return _ends(teller, max_steps)
    homes = _homes(taken, groups)
    steps = count_steps(taken)
    told = f"{steps:,} steps, told by {len(groups)} modules; explain a part of it for each step."
    lines = [Line("words", words(told)), Line("heading", words("Forward pass"))]
    rows = [(group, *_ends_of(taken, group, homes)) for group in groups]
    for place, (group, members, out) in enumerate(rows, 1):
        given = words(f"{group.title}: {len(members)} calls, gives ")
        lines.append(Line("step", given + value(out.value, teller.digits), place))
    root = taken.node(taken.root)
    lines.append(Line("words", said(teller.root) + Piece(" = ", " = ") + value(root.value)))
    if root.grad is None:
        return lines
    lines.append(Line("heading", words(f"Backward pass: ∂{teller.root}/∂v for every module")))
    for place, (group, _, out) in enumerate(reversed(rows), 1):
        received = words(f"{group.title} receives ") + value(out.grad, teller.digits)
        lines.append(Line("step", received, place, _parameters(teller, group, homes)))
    return lines


def _shown_groups(taken: Snapshot, max_steps: int) -> list[Group]:
    """Choose the modules to tell: as deep as may be, without telling more than a page of them."""
    most = max(max_steps // 4, 2)
    deepest = max((g.depth for g in taken.groups), default=-1)
    for depth in range(deepest, -1, -1):
        chosen = [g for g in taken.groups if g.depth <= depth]
        inner = {g.parent for g in chosen}
        chosen = [g for g in chosen if g.key not in inner]
        if 0 < len(chosen) <= most:
            return chosen
    return [g for g in taken.groups if g.depth == 0][:most]


def _homes(taken: Snapshot, groups: list[Group]) -> dict[str, str]:
    """Find for each group the told one that it is, or is inside of."""
    told = {g.key for g in groups}
    homes: dict[str, str] = {}
    for group in taken.groups:  # parents come first
        if group.key in told:
            homes[group.key] = group.key
        elif group.parent in homes:
            homes[group.key] = homes[group.parent]
    return homes


def _ends_of(taken: Snapshot, group: Group, homes: dict[str, str]) -> tuple[list[Node], Node]:
    members = [n for n in taken.nodes if n.op is not None and homes.get(n.group or "") == group.key]
    if not members:
        return [], taken.node(taken.root)
    return members, members[-1]


def _parameters(teller: Teller, group: Group, homes: dict[str, str]) -> Piece:
    """Say how large the gradients of a module's parameters are."""
    own = [
        n
        for n in teller.taken.nodes
        if n.kind == "param" and n.grad is not None and homes.get(n.group or "") == group.key
    ]
    told = Piece("", "")
    for i, node in enumerate(own[:4]):
        size = Piece(f" ‖{_norm(node.grad)}‖", rf"\;\|{_norm(node.grad)}\|".replace("−", "-"))
        told = told + (words(", ") if i else Piece("", ""))
        told = told + derivative(teller.root, teller.labels[node.id]) + size
    return told + words(f" and {len(own) - 4} others") if len(own) > 4 else told


def _norm(x: Any) -> str:
    with np.errstate(all="ignore"):
        return number(float(np.sqrt(np.sum(np.square(np.asarray(x, dtype=np.float64))))))


def _ends(teller: Teller, max_steps: int) -> list[Line]:
    """Tell the first and the last steps of a graph that has no modules."""
    lines = teller.lines()
    half = max(max_steps // 2, 1)
    left_out = len(lines) - 2 * half
    told = words(f"… {left_out:,} steps are left out; explain a value further back, or wrt= one.")
    return [*lines[:half], Line("words", told), *lines[-half:]]
