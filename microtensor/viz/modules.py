"""Whose call is it? The module calls that a graph happened in, one inside the other.

A value belongs to the module call that computed it. A parameter was there before every call: it
belongs to the innermost one around all its uses.
"""

from __future__ import annotations

from typing import Any

from .. import graph
from ..graph import Node as Recorded
from . import names as words
from .expansion import Call
from .snapshots import Group


def groups_of(calls: list[Call]) -> tuple[dict[int, Group], list[Any]]:
    """Make a group of each module call, parents first, and list the outermost modules.

    Parameters
    ----------
    calls : list of Call
        The graph, oldest first.

    Returns
    -------
    dict of int to Group, list of module
        The groups by the numbers of the calls; each outermost module once.
    """
    groups: dict[int, Group] = {}
    models: dict[int, Any] = {}
    paths: dict[int, dict[int, str]] = {}  # of each outermost module: where its parts are
    times: dict[tuple[int, str | None], int] = {}
    titles: dict[tuple[int, str], str] = {}  # a module that is called often is read once
    for call in calls:
        if not isinstance(call.scope, graph.Scope) or call.scope.call in groups:
            continue
        chain = call.scope.chain()
        top = chain[0].module
        if id(top) not in paths:
            models[id(top)] = top
            parts = top.named_modules() if isinstance(top, graph.Model) else ()
            paths[id(top)] = {id(m): path for path, m in parts}
        for depth, scope in enumerate(chain):
            if scope.call in groups:
                continue
            parent = groups[chain[depth - 1].call] if depth else None
            path = paths[id(top)].get(id(scope.module), "") if depth else ""
            group = _group(f"g{len(groups) + 1}", scope, path, parent, depth, times, titles)
            groups[scope.call] = group
    return groups, list(models.values())


def _group(
    key: str,
    scope: graph.Scope,
    path: str,
    parent: Group | None,
    depth: int,
    times: dict[tuple[int, str | None], int],
    titles: dict[tuple[int, str], str],
) -> Group:
    inside = path.removeprefix(parent.path + ".") if parent is not None and parent.path else path
    module = scope.module
    known = (id(module), inside)
    title = titles.get(known) if module is not None else None
    if title is None:
        title = titles[known] = words.module_title(module, scope.cls.__name__, inside)
    above = parent.key if parent is not None else None
    place = (id(module), above)
    times[place] = times.get(place, 0) + 1
    if times[place] > 1 and module is not None:
        title += f" · call {times[place]}"
    return Group(key, title, path, scope.cls.__name__, above, depth)


def homes_of_leaves(calls: list[Call]) -> dict[Recorded, graph.Scope]:
    """Find the innermost module call around all uses of each leaf that is used in one."""
    homes: dict[Recorded, list[graph.Scope]] = {}
    for call in calls:
        chain = call.scope.chain() if isinstance(call.scope, graph.Scope) else []
        for a in call.args:
            if isinstance(a, Recorded) and a.fn is None:
                shared = homes.get(a, chain)
                homes[a] = [s for s, t in zip(shared, chain, strict=False) if s is t]
    return {leaf: chain[-1] for leaf, chain in homes.items() if chain}
