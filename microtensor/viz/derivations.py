"""Why has this value this gradient? The chain rule along each path from it to the output.

For one value, as M. Mazur derives it: the chain of derivatives in symbols, each as a formula, then
as numbers, then their product. Values without a name are steps inside of a link of the chain.

References
----------
.. [1] M. Mazur, *A Step by Step Backpropagation Example* (2015).
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from .pathways import Path, count_paths, largest_paths
from .pieces import (
    EQUALS,
    PLUS,
    TIMES,
    Piece,
    as_factor,
    derivative,
    formula,
    joined,
    said,
    value,
    words,
)
from .snapshots import Edge
from .telling import Line, Teller
from .terms import Term, number, simplified, substituted, symbol

_SHOWN = 6  # paths written out; more are counted


def derivation(teller: Teller, leaf: str, lr: float | None = None) -> list[Line]:
    """Derive the gradient of one number, as lines.

    Parameters
    ----------
    teller : Teller
        Of a graph of numbers, taken with its formulas.
    leaf : str
        The id of the value.
    lr : float, optional
        The learning rate, for the line that updates it.
    """
    taken, labels = teller.taken, teller.labels
    name, root = labels[leaf], teller.root
    count = count_paths(taken, leaf)
    shown = largest_paths(taken, leaf, _SHOWN)
    total = taken.node(leaf).grad
    sought = derivative(root, name)
    lines = [Line("heading", words("The derivative of ") + said(root) + words(" by ") + said(name))]
    if count != 1:
        many = f"{root} depends on {name} along {count:,} paths; the contributions are added."
        lines.append(Line("words", words(many)))
    for n, path in enumerate(shown, 1):
        if count > 1:
            lines.append(Line("words", words(f"Path {n}: {_route(teller, path)}")))
        lines += _chain_of(teller, path, sought if count == 1 else None)
    if count > 1:
        lines.append(Line("equation", sought + EQUALS + _sum(teller, shown, count, total)))
    lines += _update(teller, leaf, total, lr)
    return lines


def _route(teller: Teller, path: Path) -> str:
    ids = [link[0].src for link in links(teller, path)] + [teller.taken.root]
    return " → ".join(teller.labels[id] for id in ids)


def links(teller: Teller, path: Path) -> list[list[Edge]]:
    """Cut a path into links, from one named value to the next."""
    found: list[list[Edge]] = [[]]
    for edge in path.edges:
        found[-1].append(edge)
        if teller.taken.node(edge.dst).name is not None:
            found.append([])
    return [link for link in found if link]


def _chain_of(teller: Teller, path: Path, sought: Piece | None) -> list[Line]:
    """Write a path's product: in symbols, as formulas, as numbers."""
    chain = links(teller, path)[::-1]  # from the output back, as the chain rule is written
    if not chain:
        return [Line("equation", (sought or Piece("", "")) + EQUALS + value(1.0))]
    symbols = joined(TIMES, (_quotient(teller, link) for link in chain))
    formulas = joined(TIMES, (_formula(teller, link) for link in chain))
    numbers = joined(TIMES, (as_factor(_product(link), teller.digits) for link in chain))
    sides = [symbols, formulas, numbers, value(path.product, teller.digits)]
    if sought is not None and sought.text != symbols.text:
        sides.insert(0, sought)
    indent = Piece(" " * len(sides[0].text) if sought is not None else "  ", "")
    first, *rest = [s for i, s in enumerate(sides) if i == 0 or s.text != sides[i - 1].text]
    if not rest:
        return [Line("equation", first)]
    return [
        Line("equation", first + EQUALS + rest[0]),
        *(Line("equation", indent + EQUALS + side) for side in rest[1:]),
    ]


def _quotient(teller: Teller, link: list[Edge]) -> Piece:
    return derivative(teller.labels[link[-1].dst], teller.labels[link[0].src])


def _product(link: list[Edge]) -> float:
    return reduce(lambda a, b: a * b, (float(e.local) for e in link if e.local is not None), 1.0)


def _formula(teller: Teller, link: list[Edge]) -> Piece:
    """Write the product of a link's local derivatives as one formula."""
    terms, names = [], dict[Any, Piece]()
    for edge in reversed(link):
        if edge.formula is None:
            return as_factor(_product(link), teller.digits)
        here = {"y": symbol(edge.dst)}
        names[edge.dst] = teller.said_of(edge.dst)
        for other in teller.taken.operands[edge.dst]:
            here[other.position] = symbol(other.src)  # type: ignore[index]  # keys of both kinds
            names[other.src] = teller.said_of(other.src)
        terms.append(substituted(edge.formula, here))
    product: Term = reduce(lambda a, b: simplified("multiply", a, b), terms, number(1))
    told = formula(product, names)
    if product.op in ("add", "subtract", "negative") or (product.is_number and product.args[0] < 0):
        return Piece(f"({told.text})", rf"\left({told.latex}\right)")
    return told


def _sum(teller: Teller, shown: list[Path], count: int, total: Any) -> Piece:
    parts = [as_factor(path.product, teller.digits) for path in shown]
    if count > len(shown):
        rest = total - sum(path.product for path in shown)
        others = words(f" ({count - len(shown):,} others)")
        parts.append(as_factor(rest, teller.digits) + others)
    return joined(PLUS, parts) + EQUALS + value(total, teller.digits)


def _update(teller: Teller, leaf: str, total: Any, lr: float | None) -> list[Line]:
    """Write the step of gradient descent, for what is trained."""
    node = teller.taken.node(leaf)
    if node.kind != "param" and lr is None:
        return []
    name, grad = teller.labels[leaf], derivative(teller.root, teller.labels[leaf])
    told = said(name) + Piece(" ← ", r" \leftarrow ") + said(name) + Piece(" − η·", r" - \eta\,")
    told = told + grad
    if lr is not None:
        digits = teller.digits
        told = told + EQUALS + value(node.value, digits) + Piece(" − ", " - ")
        told = told + value(lr, digits) + Piece("·", r" \cdot ") + as_factor(total, digits) + EQUALS
        told = told + value(node.value - lr * total, digits)
    return [Line("equation", told)]
