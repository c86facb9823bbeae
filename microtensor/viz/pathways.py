"""Along which paths does a value act? The sum over paths, each a product of local derivatives.

There may be more paths than atoms, so they are counted exactly, by adding up along the graph, and
only those that contribute most are listed: the largest products of prefixes make the largest ones.

References
----------
.. [1] C. Olah, *Calculus on Computational Graphs: Backpropagation* (2015), "factoring paths".
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError
from ..graph import Node as Recorded
from .capture import captured, sought
from .passes import refuse_changed
from .snapshots import Edge, Snapshot
from .staging import labels_of
from .theme import factor, number


class Path(NamedTuple):
    """One path from a value to the output.

    Attributes
    ----------
    edges : tuple of Edge
        From the value to the output.
    product : float
        The product of the local derivatives along it: what it adds to the gradient.
    """

    edges: tuple[Edge, ...]
    product: float


class PathTable:
    """The paths from one value to the output; prints as a table.

    Attributes
    ----------
    count : int
        How many paths there are, exactly.
    paths : list of Path
        Those that contribute most, the largest first.
    total : float
        The sum over all paths, which is the gradient.
    """

    def __init__(self, taken: Snapshot, leaf: str, limit: int) -> None:
        self.taken, self.leaf = taken, leaf
        self.labels = labels_of(taken)
        self.count = count_paths(taken, leaf)
        self.paths = largest_paths(taken, leaf, limit)
        self.total = float(taken.node(leaf).grad or 0.0)

    def route(self, path: Path) -> str:
        """Write where a path leads: ``w1 → net_h1 → E``."""
        ids = [path.edges[0].src, *(e.dst for e in path.edges)] if path.edges else [self.leaf]
        return " → ".join(self.labels[id] for id in ids)

    def __str__(self) -> str:
        name, root = self.labels[self.leaf], self.labels[self.taken.root]
        many = "path" if self.count == 1 else "paths"
        lines = [f"∂{root}/∂{name}: {self.count:,} {many} from {name} to {root}"]
        for n, path in enumerate(self.paths, 1):
            factors = " × ".join(factor(edge.local) for edge in path.edges) or "1"
            lines.append(f"{n:4}. {self.route(path)}")
            lines.append(f"      {factors} = {number(path.product)}")
        rest = self.count - len(self.paths)
        if rest:
            others = self.total - sum(path.product for path in self.paths)
            lines.append(f"      the other {rest:,} together: {number(others)}")
        lines.append(f"      sum over paths = ∂{root}/∂{name} = {number(self.total)}")
        return "\n".join(lines)

    __repr__ = __str__

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Any:
        return iter(self.paths)


def paths(
    root: Any, leaf: Any, *, limit: int = 64, names: Mapping[str, Any] | None = None
) -> PathTable:
    """Give the paths along which a number acts on an output, and what each adds to its gradient.

    Parameters
    ----------
    root : () Value
        The output.
    leaf : () Value or str
        What it depends on: a leaf or any value on the way; or its name.
    limit : int, default 64
        How many of the paths to list; all are counted.
    names : mapping of str to Value, optional
        Names for what has none, such as ``locals()``.

    Returns
    -------
    PathTable

    Raises
    ------
    ArgumentError
        If the graph is not one of single numbers, or ``leaf`` is not in it.
    StaleValueError
        If a leaf was changed after it had been used.

    Examples
    --------
    >>> import microtensor as mt
    >>> x = mt.Value(3.0, name="x")
    >>> y = x * x + x
    >>> y.name = "y"
    >>> paths(y, x)
    ∂y/∂x: 3 paths from x to y
       1. x → t1 → y
          3 × 1 = 3
       2. x → t1 → y
          3 × 1 = 3
       3. x → y
          1 = 1
          sum over paths = ∂y/∂x = 7
    """
    taken, ids = captured(root, names=names, formulas=False)
    if taken.state == "stale":
        refuse_changed("paths", root)
    return PathTable(taken, numbers_only("paths", taken, ids, leaf), limit)


def numbers_only(asked: str, taken: Snapshot, ids: Mapping[Any, str], leaf: Any) -> str:
    """Find a value in a graph of numbers; raise ArgumentError if it is not there."""
    leaf = sought(leaf, taken, ids)
    id = ids.get(leaf) if isinstance(leaf, Recorded) else None
    if id is None or taken.node(id).grad is None:
        raise ArgumentError(
            f"{asked}: the output does not depend on that value.",
            expected="a Value of the graph that a gradient flows to",
            got="a constant" if id is not None else f"a {type(leaf).__name__} outside of the graph",
        )
    if not taken.node(id).is_scalar or not all(
        taken.node(e.src).is_scalar for e in taken.edges if e.contribution is not None
    ):
        raise ArgumentError(
            f"{asked}: paths are of single numbers, and this graph has arrays.",
            hint="mt.unroll(value) gives the graph of the numbers behind it.",
        )
    return id


def count_paths(taken: Snapshot, leaf: str) -> int:
    """Count the paths from a value to the output: each is one by a call that passes it on."""
    ways = {node.id: 0 for node in taken.nodes}
    ways[taken.root] = 1
    for node in reversed(taken.nodes):
        for edge in taken.operands[node.id]:
            if edge.contribution is not None:
                ways[edge.src] += ways[node.id]
    return ways[leaf]


def largest_paths(taken: Snapshot, leaf: str, limit: int) -> list[Path]:
    """List the paths whose products are largest in size, the largest first.

    Each value keeps its best ways from the leaf; a way that is not among the best of a value is
    not the beginning of one of the best paths either.
    """
    best: dict[str, list[tuple[float, float, Any]]] = {leaf: [(1.0, 1.0, None)]}
    for node in taken.nodes:
        ways = []
        for edge in taken.operands[node.id]:
            if edge.local is None:
                continue
            for size, product, before in best.get(edge.src, ()):
                ways.append((size * abs(edge.local), product * edge.local, (edge, before)))
        if ways and node.id != leaf:
            best[node.id] = heapq.nlargest(limit, ways, key=lambda way: way[0])
    found = []
    for _, product, way in best.get(taken.root, ()):
        edges: list[Edge] = []
        while way is not None:
            edge, way = way
            edges.append(edge)
        found.append(Path(tuple(reversed(edges)), product))
    return found
