"""What belongs together where there are no modules? What one line of the program computed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .snapshots import Group, Node, Snapshot


def with_lines(taken: Snapshot, budget: int) -> tuple[list[str | None], list[Group]]:
    """Put values into groups by the lines they were computed in, where too many are together.

    Parameters
    ----------
    taken : Snapshot
    budget : int
        More values than this in one module, or in none, are too many.

    Returns
    -------
    list of str or None
        The group of each value: that of its line, or its own as it was.
    list of Group
        The snapshot's, and those of lines.
    """
    crowded = {key for key, n in Counter(n.group for n in taken.nodes).items() if n > budget}
    groups, homes = list(taken.groups), [n.group for n in taken.nodes]
    lines = [_line(taken, n) for n in taken.nodes]
    depths = {g.key: g.depth for g in groups}
    several = Counter(key for key, _ in dict.fromkeys(zip(homes, lines, strict=True)))
    made: dict[tuple[str | None, object], str] = {}
    for i, (home, line) in enumerate(zip(homes, lines, strict=True)):
        if home not in crowded or line is None or several[home] < 2:
            continue
        if (home, line) not in made:
            key = made[home, line] = f"l{len(made) + 1}"
            depth = 0 if home is None else depths[home] + 1
            groups.append(Group(key, line.told, "", "", home, depth))
        homes[i] = made[home, line]
    return homes, groups


def _line(taken: Snapshot, node: Node) -> Any:
    """Find the line of a value; a leaf goes with the first call that uses it."""
    if node.op is not None or not taken.users[node.id]:
        return node.line
    user = taken.node(taken.users[node.id][0].dst)
    return user.line if user.group == node.group else None
