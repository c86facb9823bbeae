"""Which sums are a neuron? Those of weights times inputs: ``w·x + b`` becomes one box.

Its weights and its bias stand in the box, where nothing else uses them, and each input leads into
it: the local derivative on that arrow is the weight. The mathematics stays exact, since a product's
gradient is that of the sum it is a term of.
"""

from __future__ import annotations

from dataclasses import replace

from .snapshots import Edge, Node, Snapshot


def fold_neurons(snapshot: Snapshot) -> tuple[Snapshot, dict[str, tuple[Node, ...]]]:
    """Fold each sum of weights times inputs into one box.

    A product is folded when a parameter is a factor of it, nobody gave it a name, and nothing but
    the sum uses it; what else the sum has must be parameters, such as its bias.

    Parameters
    ----------
    snapshot : Snapshot
        One whose sums are folded.

    Returns
    -------
    Snapshot
        The smaller one.
    dict of str to tuple of Node
        For each neuron, by its id: the parameters that are inside.

    Examples
    --------
    >>> import microtensor as mt
    >>> from microtensor.viz import snapshot
    >>> w, x, b = (mt.Value(v, name=n) for v, n in ((3.0, "w"), (2.0, "x"), (1.0, "b")))
    >>> folded, inside = fold_neurons(snapshot(w * x + b))
    >>> [(node.op, node.label) for node in folded.nodes], [n.name for n in inside["v5"]]
    ([(None, 'x'), ('w·x + b', 't5')], ['w', 'b'])
    >>> [(edge.local, edge.contribution) for edge in folded.edges]
    [(3.0, 3.0)]
    """
    inside: dict[str, tuple[Node, ...]] = {}
    edges: dict[str, list[Edge]] = {}  # into each neuron
    gone: set[str] = set()
    for node in snapshot.nodes:
        terms = _terms(snapshot, node)
        if terms is None:
            continue
        products, biases = terms
        into, params = [], []
        for term in products:
            weight, given = _factors(snapshot, term.src)
            own = len(snapshot.users[weight.src]) == 1
            kept = [given] if own else [weight, given]
            into += [replace(edge, dst=node.id, upstream=term.upstream) for edge in kept]
            params += [snapshot.node(weight.src)] if own else []
            gone.add(term.src)
        for term in biases:
            own = len(snapshot.users[term.src]) == 1
            into += [] if own else [term]
            params += [snapshot.node(term.src)] if own else []
        gone.update(p.id for p in params)
        inside[node.id] = tuple(params)
        edges[node.id] = [replace(edge, position=i) for i, edge in enumerate(into)]
    if not inside:
        return snapshot, {}
    nodes = tuple(
        replace(n, op=_sign(snapshot, n), expression=None) if n.id in inside else n
        for n in snapshot.nodes
        if n.id not in gone
    )
    kept_edges: list[Edge] = []
    for n in nodes:
        kept_edges.extend(edges.get(n.id, snapshot.operands[n.id]))
    folded = Snapshot(nodes, tuple(kept_edges), snapshot.groups, snapshot.root, snapshot.state)
    return folded, inside


def _terms(snapshot: Snapshot, node: Node) -> tuple[list[Edge], list[Edge]] | None:
    """Part the terms of a sum into products and parameters; None where it is no neuron."""
    if node.function != "numpy.add" or not node.is_scalar:
        return None
    products, biases = [], []
    for edge in snapshot.operands[node.id]:
        term = snapshot.node(edge.src)
        if term.kind == "param":
            biases.append(edge)
        elif _is_product(snapshot, term, node):
            products.append(edge)
        else:
            return None
    return (products, biases) if products else None


def _is_product(snapshot: Snapshot, term: Node, user: Node) -> bool:
    if term.function != "numpy.multiply" or term.name is not None or term.group != user.group:
        return False
    if len(snapshot.users[term.id]) != 1 or len(snapshot.operands[term.id]) != 2:
        return False
    kinds = [snapshot.node(edge.src).kind for edge in snapshot.operands[term.id]]
    return kinds.count("param") == 1 and all(
        snapshot.node(edge.src).is_scalar for edge in snapshot.operands[term.id]
    )


def _factors(snapshot: Snapshot, product: str) -> tuple[Edge, Edge]:
    a, b = snapshot.operands[product]
    return (a, b) if snapshot.node(a.src).kind == "param" else (b, a)


def _sign(snapshot: Snapshot, node: Node) -> str:
    kinds = [snapshot.node(edge.src).kind for edge in snapshot.operands[node.id]]
    return "w·x + b" if "param" in kinds else "w·x"
