"""What is worth a box? Sums become one box, modules fold up, until a picture can be read.

Folding changes the picture only: the mathematics of what is shown stays exact, and the caption
says what was folded. A chain of single-use additions is one sum, since every local derivative of
a sum is 1; a folded module shows what goes into it and what comes out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from .neurons import fold_neurons
from .snapshots import Edge, Group, Node, Snapshot
from .theme import clean

BUDGET = 400  # boxes; with more, modules are folded up, deepest first


@dataclass(frozen=True, eq=False)
class Box:
    """One box of a picture: a value, or a module that is folded up.

    Attributes
    ----------
    id : str
    group : str or None
        The key of the frame that it stands in.
    node : Node or None
        The value it shows.
    module : Group or None
        The module it stands for; then the numbers below are told.
    values, params : int
        How many values are inside, and how many numbers their parameters have.
    grad_norm : float or None
        The norm of all gradients of the parameters inside.
    shape : tuple of int or None
        Of the youngest value inside: what comes out.
    told : str
        What else there is to tell of it.
    times : int
        Of how many equal modules it stands for.
    inside : tuple of Node
        Of a neuron: its parameters.
    """

    id: str
    group: str | None
    node: Node | None = None
    module: Group | None = None
    values: int = 1
    params: int = 0
    grad_norm: float | None = None
    shape: tuple[int, ...] | None = None
    told: str = ""
    times: int = 1
    inside: tuple[Node, ...] = ()

    @property
    def title(self) -> str:
        """What is written on a module's box; its number stays where a long name is cut."""
        assert self.module is not None
        times = f" × {self.times}" if self.times > 1 else ""
        return clean(self.module.title, 40) + times


@dataclass(frozen=True, eq=False)
class Scene:
    """The boxes and arrows of one picture, and what a caption must say of them."""

    boxes: tuple[Box, ...]
    arrows: tuple[Edge, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()


def scene(snapshot: Snapshot, *, fold: bool | str | None, depth: int | None, budget: int) -> Scene:
    """Choose the boxes of a picture.

    Parameters
    ----------
    snapshot : Snapshot
    fold : bool, "neurons" or None
        Whether to fold sums, or neurons too; None for sums where there are more than 40 values.
    depth : int or None
        Modules that are this deep are folded up: 0 for the outermost.
    budget : int
        With more boxes than this, modules are folded up, deepest first.

    Returns
    -------
    Scene
    """
    notes = []
    if fold is not False:
        snapshot = fold_transposes(snapshot)
    if fold or (fold is None and len(snapshot.nodes) > 40):
        snapshot, folded = fold_sums(snapshot)
        if folded:
            notes.append(f"{folded} additions folded into Σ")
    neurons: dict[str, tuple[Node, ...]] = {}
    if fold == "neurons":
        snapshot, neurons = fold_neurons(snapshot)
        if neurons:
            notes = [
                f"{len(neurons)} neuron{'s' if len(neurons) > 1 else ''} w·x + b as one box each"
            ]
    deepest = max((g.depth for g in snapshot.groups), default=-1)
    limit = deepest + 1 if depth is None else min(depth, deepest + 1)
    made = _boxed(snapshot, limit)
    while len(made.boxes) > budget and limit > 0 and depth is None:
        limit -= 1
        made = _boxed(snapshot, limit)
    folded_modules = sum(1 for box in made.boxes if box.module is not None)
    if folded_modules:
        plural = "s" if folded_modules > 1 else ""
        notes.append(f"{folded_modules} module{plural} folded up")
    boxes = tuple(replace(b, inside=neurons[b.id]) if b.id in neurons else b for b in made.boxes)
    return replace(framed_where_needed(replace(made, boxes=boxes)), notes=tuple(notes))


def fold_sums(snapshot: Snapshot) -> tuple[Snapshot, int]:
    """Join chains of single-use additions; give the smaller snapshot and how many went.

    An addition joins the one that uses it when nothing else does, both happened in one module,
    nobody gave it a name, and nothing is broadcast in between.
    """
    users = snapshot.users
    target: dict[str, str] = {}
    for node in snapshot.nodes:
        if not _is_sum(node) or node.name is not None or len(users[node.id]) != 1:
            continue
        user = snapshot.node(users[node.id][0].dst)
        if _is_sum(user) and user.group == node.group and user.shape == node.shape:
            target[node.id] = user.id
    if not target:
        return snapshot, 0
    for id in reversed(list(target)):  # users come later, so theirs is known first
        target[id] = target.get(target[id], target[id])
    sums = set(target.values())
    nodes = tuple(
        replace(n, op="Σ", expression=None) if n.id in sums else n
        for n in snapshot.nodes
        if n.id not in target
    )
    terms: dict[str, int] = {}
    # Terms in the order in which they were written: a chain's first operand is its older part.
    edges: list[Edge] = []
    for node in nodes:
        waiting = list(reversed(snapshot.operands[node.id]))
        while waiting:
            edge = waiting.pop()
            if edge.src in target:
                waiting.extend(reversed(snapshot.operands[edge.src]))
                continue
            if node.id in sums:
                edge = replace(edge, dst=node.id, position=terms.get(node.id, 0))
                terms[node.id] = edge.position + 1
            edges.append(edge)
    folded = Snapshot(nodes, tuple(edges), snapshot.groups, snapshot.root, snapshot.state)
    return folded, len(target)


def fold_transposes(snapshot: Snapshot) -> Snapshot:
    """Take a transposed weight into the product that uses it: ``x @ Wᵀ`` is one box."""
    weights: dict[str, Edge] = {}  # of each transpose that goes: the edge from its weight
    products = set()
    for node in snapshot.nodes:
        if node.op != "xᵀ" or node.name is not None or len(snapshot.users[node.id]) != 1:
            continue
        use = snapshot.users[node.id][0]
        source = snapshot.operands[node.id][0]
        product = snapshot.node(use.dst).op == "@" and use.position == 1
        if product and snapshot.node(source.src).kind == "param":
            weights[node.id] = source
            products.add(use.dst)
    if not weights:
        return snapshot
    nodes = tuple(
        replace(n, op="x @ Wᵀ", expression=None) if n.id in products else n
        for n in snapshot.nodes
        if n.id not in weights
    )
    edges = tuple(
        replace(weights[e.src], dst=e.dst, position=e.position) if e.src in weights else e
        for e in snapshot.edges
        if e.dst not in weights
    )
    return Snapshot(nodes, edges, snapshot.groups, snapshot.root, snapshot.state)


def _is_sum(node: Node) -> bool:
    return node.function == "numpy.add"


def _boxed(snapshot: Snapshot, limit: int) -> Scene:
    """Make one box of each value, or of the module around it that is ``limit`` deep."""
    by_key = {g.key: g for g in snapshot.groups}
    around: dict[str, Group] = {}  # of each group: the folded module that it is in
    for group in snapshot.groups:  # a parent comes before its children
        if group.depth >= limit:
            around[group.key] = around.get(group.parent or "", group)
    inside: dict[str, list[Node]] = {}
    home: dict[str, str] = {}
    for node in snapshot.nodes:
        folded = around.get(node.group or "")
        home[node.id] = folded.key if folded is not None else node.id
        if folded is not None:
            inside.setdefault(folded.key, []).append(node)
    for nodes in inside.values():
        if len(nodes) == 1:  # a module that is one operation says more as that operation
            home[nodes[0].id] = nodes[0].id
    boxes: list[Box] = []
    done = set()
    for node in snapshot.nodes:
        key = home[node.id]
        if key == node.id:
            folded = around.get(node.group or "")
            boxes.append(Box(node.id, node.group if folded is None else folded.parent, node))
        elif key not in done:
            done.add(key)
            boxes.append(_module_box(by_key[key], inside[key]))
    groups = tuple(g for g in snapshot.groups if g.key not in around)
    return Scene(tuple(boxes), _arrows(snapshot, home), groups)


def _module_box(group: Group, nodes: list[Node]) -> Box:
    params = [n for n in nodes if n.kind == "param"]
    grads = [np.ravel(n.grad) for n in params if n.grad is not None]
    norm = float(np.linalg.norm(np.concatenate(grads))) if grads else None
    size = sum(int(np.size(n.value)) for n in params)
    return Box(
        group.key, group.parent, None, group, len(nodes), size, norm, nodes[-1].shape
    )  # fmt: skip


def _arrows(snapshot: Snapshot, home: dict[str, str]) -> tuple[Edge, ...]:
    arrows: list[Edge] = []
    bundles: dict[tuple[str, str], list[Edge]] = {}
    for edge in snapshot.edges:
        src, dst = home[edge.src], home[edge.dst]
        if src == edge.src and dst == edge.dst:
            arrows.append(edge)
        elif src != dst:
            bundles.setdefault((src, dst), []).append(edge)
    for (src, dst), edges in bundles.items():
        norms = [e.norm for e in edges if e.norm is not None]
        norm = float(np.linalg.norm(norms)) if norms else None
        arrows.append(Edge(src, dst, 0, contribution=norm))
    return tuple(arrows)


def framed_where_needed(scene: Scene) -> Scene:
    """Take away frames around a single box: a frame says that several belong together."""
    groups = list(scene.groups)
    moved: dict[str, str | None] = {}
    filled = Counter(box.group for box in scene.boxes)
    only: dict[str | None, Group] = {}  # of each frame: the last frame inside it
    titles: dict[str, str] = {}
    for group in reversed(scene.groups):  # children first
        if filled[group.key] <= 1:
            moved[group.key] = group.parent
            filled[group.parent] += filled[group.key]
            groups.remove(group)
            inner = only.get(group.key)
            if inner is not None:  # a frame around one frame: that one takes over its place
                place = group.title.partition(" · ")[0]
                titles[inner.key] = f"{place} · {titles.get(inner.key, inner.title)}"
                only[group.parent] = inner
        else:
            filled[group.parent] += 1
            only[group.parent] = group
    if not moved:
        return scene

    def home(key: str | None) -> str | None:
        while key in moved:
            key = moved[key]
        return key

    boxes = tuple(replace(box, group=home(box.group)) for box in scene.boxes)
    kept = tuple(
        replace(g, parent=home(g.parent), title=titles.get(g.key, g.title)) for g in groups
    )
    return replace(scene, boxes=boxes, groups=kept)
