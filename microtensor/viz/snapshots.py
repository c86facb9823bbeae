"""What does a reader see? A `Snapshot`: the graph of one output, taken once and never changed.

Every picture and every explanation reads a Snapshot, not the graph: plain values with ids in
topological order, one edge per argument, the modules that the calls happened in, and gradients.
It holds copies, so it stays true whatever happens to the model afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..lines import Line
from .terms import Term
from .theme import clean, dtype_word, number, shape_word, short

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


def describe(node: Node) -> str:
    """Tell a node in one line, for text, tooltips and screen readers."""
    head = " ".join(filter(None, (node.op, node.label)))
    if node.word:
        head += f" ({node.word})"
    if node.kind == "failed":
        return f"{node.op} (failed)   {' '.join((node.health or '').split())}"
    data = f"data {summary(node.value, node.shape, node.dtype)}"
    if node.kind == "const":
        return f"{head}   {data}" if node.name else f"{node.word}   {data}"
    parts = [head, data, f"grad {summary(node.grad, node.shape, None)}"]
    return "   ".join(parts + ([node.health] if node.health else []))


def summary(x: Any, shape: tuple[int, ...], dtype: Any) -> str:
    """Write a number, or the shape, mean and spread of many."""
    if x is None or shape == ():
        return number(x)
    kind = f"{shape_word(shape)} {dtype_word(dtype)} " if dtype is not None else ""
    mean, spread = moments(x)
    return f"{kind}μ {short(mean)} σ {short(spread)}"


def moments(x: Any) -> tuple[float, float]:
    """Give the mean and the standard deviation of an array; nan where it has no entries.

    What is no more than the rounding of the array's own numbers is given as zero.
    """
    entries = np.asarray(x, dtype=np.float64)
    if not entries.size:
        return float("nan"), float("nan")
    kind = np.asarray(x).dtype
    eps = float(np.finfo(kind).eps) if kind.kind == "f" else 0.0
    with np.errstate(all="ignore"):
        noise = 4 * eps * float(np.max(np.abs(entries)))
        mean, spread = float(np.mean(entries)), float(np.std(entries))
    return (0.0 if abs(mean) <= noise else mean), (0.0 if spread <= noise else spread)


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
