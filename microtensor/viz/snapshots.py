"""What does a reader see? A `Snapshot`: the graph of one output, taken once and never changed.

Every picture and every explanation reads a Snapshot, not the graph: plain values with ids in
topological order, one edge per argument, the modules that the calls happened in, and gradients.
It holds copies, so it stays true whatever happens to the model afterwards.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..files import write_whole
from ..lines import Line
from . import parts
from .briefly import describe
from .terms import Term
from .theme import clean

_INDENT_LIMIT = 24  # deeper text would leave the page: the line then says how deep it is


@dataclass(frozen=True, eq=False)
class Node:
    """One value of the graph.

    Attributes
    ----------
    id : str
        ``v1``, ``v2``, ... in topological order.
    kind : {"input", "param", "const", "op", "output"}
        In the picture of an error also "failed".
    word : str
        The role in a word, as cards show it: input, param, loss, ... ; empty for an operation.
    op : str or None
        The sign of the call that made it, such as ``×``; None for a leaf.
    function : str or None
        The name of that call's function, such as ``numpy.multiply``.
    name : str or None
        What its user calls it, or its path in the model.
    expression : str or None
        For a value without name: what it is of, such as ``x1·w1``.
    value, grad : float, ndarray or None
        The data; the gradient of the output with respect to it, None where there is none.
    shape, dtype, requires_grad
        As the Value has them.
    group : str or None
        The key of the module call that it belongs to.
    health : str or None
        What is wrong with it, in words.
    formula : Term or None
        The call in the positions of its operands, where a snapshot was asked for formulas.
    program : Term or None
        The same, to compute with, where a snapshot was asked for general formulas.
    line : Line or None
        Where it was computed, if `source_lines` was told to remember.
    """

    id: str
    kind: str
    word: str
    op: str | None
    function: str | None
    name: str | None
    expression: str | None
    value: Any
    grad: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    requires_grad: bool
    group: str | None = None
    health: str | None = None
    formula: Term | None = None
    program: Term | None = None
    line: Line | None = None

    @property
    def label(self) -> str:
        """Its name, else its short expression, else ``t7`` for ``v7``: one line that prints."""
        return clean(self.name or self.expression or f"t{self.id[1:]}")

    @property
    def is_scalar(self) -> bool:
        """Whether it is one number."""
        return self.shape == ()


@dataclass(frozen=True, eq=False)
class Edge:
    """One argument of a call: ``x * x`` has two.

    Attributes
    ----------
    src, dst : str
        Ids: the operand, and the value that the call made.
    position : int
        Which argument it is.
    upstream, local : float or None
        For single numbers: the gradient of ``dst``, and the derivative of ``dst`` with respect to
        this argument. Their product is the contribution.
    contribution : float, ndarray or None
        What ``dst`` adds to the gradient of ``src`` through this argument.
    broadcast : str or None
        For an operand that was broadcast: over what its contributions were added.
    formula : Term or None
        Where a snapshot was asked for formulas: the local derivative between numbers, in "y" and
        the positions of the operands; between arrays what is sent, in "g" as well.
    program : Term or None
        The local derivative to compute with, where a snapshot was asked for general formulas.
    """

    src: str
    dst: str
    position: int
    upstream: float | None = None
    local: float | None = None
    contribution: Any = None
    broadcast: str | None = None
    formula: Term | None = None
    program: Term | None = None

    @property
    def id(self) -> str:
        """``v1_v6_0``: source, target, position."""
        return f"{self.src}_{self.dst}_{self.position}"

    @cached_property
    def norm(self) -> float | None:
        """The Euclidean norm of the contribution."""
        if self.contribution is None:
            return None
        entries = np.asarray(self.contribution, dtype=np.float64)
        largest = np.max(np.abs(entries), initial=0.0)
        if largest == 0 or not np.isfinite(largest):
            return float(largest)
        return float(largest * np.sqrt(np.sum(np.square(entries / largest))))  # no overflow


@dataclass(frozen=True, eq=False)
class Group:
    """One call of a module, perhaps inside the call of another.

    Attributes
    ----------
    key : str
        ``g1``, ``g2``, ... in the order of the calls; a parent before its children.
    title : str
        What pictures write on it, such as ``layer 0 · Linear(2→4)``.
    path, cls : str
        Where the module is in its model, and its class.
    parent : str or None
        The key of the call around it.
    depth : int
        0 for the outermost.
    """

    key: str
    title: str
    path: str
    cls: str
    parent: str | None
    depth: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The graph of one output.

    Attributes
    ----------
    nodes : tuple of Node
        In topological order: operands before what was made of them.
    edges : tuple of Edge
        In the order of their targets, then of their positions.
    groups : tuple of Group
    root : str
        The id of the output.
    state : {"fresh", "stale", "none"}
        Whether gradients are there; stale where a leaf was changed after it had been used.

    Examples
    --------
    >>> import microtensor as mt
    >>> from microtensor.viz import snapshot
    >>> x = mt.Value(3.0, name="x")
    >>> taken = snapshot(x * x)
    >>> [(e.src, e.dst, e.position, e.contribution) for e in taken.edges]
    [('v1', 'v2', 0, 3.0), ('v1', 'v2', 1, 3.0)]
    >>> print(taken.to_text())
    × x·x (output)   data 9   grad 1
      x (input)   data 3   grad 6
      ↑ x
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...]
    root: str
    state: str = "none"
    _by_id: dict[str, Node] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id.update((node.id, node) for node in self.nodes)

    def node(self, id: str) -> Node:
        """Give the node of that id."""
        return self._by_id[id]

    @cached_property
    def operands(self) -> dict[str, tuple[Edge, ...]]:
        """The edges into each node, in order of position."""
        found: dict[str, list[Edge]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.dst].append(edge)
        return {id: tuple(edges) for id, edges in found.items()}

    @cached_property
    def users(self) -> dict[str, tuple[Edge, ...]]:
        """The edges out of each node, in the order of their targets."""
        found: dict[str, list[Edge]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.src].append(edge)
        return {id: tuple(edges) for id, edges in found.items()}

    @cached_property
    def is_scalar(self) -> bool:
        """Whether every value is one number."""
        return all(node.is_scalar for node in self.nodes)

    def ancestors(self, node: Node | str) -> Snapshot:
        """Give the part that a value was computed from, and itself.

        Gradients stay those of the whole graph's output. A value is given by itself, its id or
        its name, here and below.

        Examples
        --------
        >>> import microtensor as mt
        >>> x, w = mt.Value(3.0, name="x"), mt.Value(2.0, name="w")
        >>> taken = mt.viz.snapshot(mt.tanh(w * x) + x)
        >>> [node.label for node in taken.ancestors("v3").nodes]
        ['x', 'w', 'w·x']
        """
        return self._part(parts.before(self._given, self._id(node)), self._id(node))

    def between(self, first: Node | str, last: Node | str) -> Snapshot:
        """Give the paths from one value to another, with what their calls are of."""
        a, b = self._id(first), self._id(last)
        found = parts.between(self._given, a, b)
        if not found:
            raise ArgumentError(
                "between: no path leads from the first to the second.",
                expected="a value, and one that was computed from it",
                got=f"{self.node(a).label}, and {self.node(b).label}",
            )
        return self._part(parts.with_operands(self._given, found), b)

    def neighbourhood(self, node: Node | str, hops: int = 2) -> Snapshot:
        """Give what is at most so many steps from a value, in either direction."""
        found = parts.around(self._given, self._id(node), hops)
        return self._part(found, self.root if self.root in found else None)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, as its suffix says: .json, .txt, or a drawing's .svg, .png, .dot."""
        path = Path(path)
        if path.suffix == ".json":
            text = json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False, indent=1)
            return write_whole(path, text.encode())
        if path.suffix == ".txt":
            return write_whole(path, self.to_text().encode())
        from .graphs import draw  # a drawing is made of a snapshot: not the other way round

        return Path(draw(self).save(path))

    @cached_property
    def _given(self) -> dict[str, list[str]]:
        return {id: [edge.src for edge in edges] for id, edges in self.operands.items()}

    def _id(self, what: Node | str) -> str:
        """Find a value by itself, its id or its name."""
        id = what.id if isinstance(what, Node) else what
        if id in self._by_id:
            return id
        named = [node.id for node in self.nodes if node.name == id]
        if named:
            return named[0]
        known = [node.name for node in self.nodes if node.name is not None]
        raise ArgumentError(
            f"There is no value {what!r} in the snapshot.",
            expected="a Node of it, an id such as 'v1', or a name"
            + (f" such as {known[0]!r}" if known else ""),
            got=repr(what),
        )

    def _part(self, members: set[str], root: str | None) -> Snapshot:
        nodes = tuple(node for node in self.nodes if node.id in members)
        edges = tuple(e for e in self.edges if e.src in members and e.dst in members)
        around = {g.key: g for g in self.groups}
        kept = set()
        for node in nodes:
            key = node.group
            while key is not None and key not in kept:
                kept.add(key)
                key = around[key].parent
        groups = tuple(g for g in self.groups if g.key in kept)
        return Snapshot(nodes, edges, groups, root or nodes[-1].id, self.state)

    def to_json(self) -> dict[str, Any]:
        """Give the snapshot as dicts, lists, strings and numbers, ready for ``json.dumps``.

        Numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity".
        """
        nodes = [
            {
                "id": n.id, "kind": n.kind, "word": n.word, "op": n.op, "function": n.function,
                "name": n.name, "label": n.label, "value": _plain(n.value), "grad": _plain(n.grad),
                "shape": list(n.shape), "dtype": n.dtype.name, "requires_grad": n.requires_grad,
                "group": n.group, "health": n.health,
                "line": None if n.line is None else str(n.line),
            }
            for n in self.nodes
        ]  # fmt: skip
        edges = [
            {
                "id": e.id, "src": e.src, "dst": e.dst, "position": e.position,
                "upstream": _plain(e.upstream), "local": _plain(e.local),
                "contribution": _plain(e.contribution), "broadcast": e.broadcast,
            }
            for e in self.edges
        ]  # fmt: skip
        groups = [
            {
                "key": g.key, "title": g.title, "path": g.path, "cls": g.cls, "parent": g.parent,
                "depth": g.depth,
            }
            for g in self.groups
        ]  # fmt: skip
        return {
            "root": self.root, "state": self.state, "nodes": nodes, "edges": edges,
            "groups": groups,
        }  # fmt: skip

    def to_text(self) -> str:
        """Write the graph as an indented tree; a value that comes again is ``↑`` and its name."""
        lines = []
        seen = set()
        waiting = [(self.root, 0)]
        while waiting:
            id, depth = waiting.pop()
            indent = "  " * min(depth, _INDENT_LIMIT)
            if depth > _INDENT_LIMIT:
                indent += f"[{depth}] "
            if id in seen:
                lines.append(f"{indent}↑ {self.node(id).label}")
                continue
            seen.add(id)
            lines.append(indent + describe(self.node(id)))
            waiting.extend((edge.src, depth + 1) for edge in reversed(self.operands[id]))
        return "\n".join(lines)


def _plain(x: Any) -> Any:
    if x is None:
        return None
    if np.ndim(x):
        return [_plain(entry) for entry in x]
    if isinstance(x, bool | np.bool_):
        return bool(x)
    if isinstance(x, int | np.integer):
        return int(x)
    x = float(x)
    if np.isfinite(x):
        return x
    return "NaN" if np.isnan(x) else ("Infinity" if x > 0 else "-Infinity")
