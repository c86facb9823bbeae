"""How is a step told? Each stage of both passes as one line of mathematics, with its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from .pieces import (
    EQUALS,
    GROWS,
    NOTHING,
    PLUS,
    TIMES,
    Piece,
    as_factor,
    derivative,
    formula,
    said,
    value,
    words,
)
from .snapshots import Edge, Node, Snapshot
from .staging import Stage, labels_of, stages_of
from .terms import Key, Term, is_value, symbol
from .theme import shape_word


class Line(NamedTuple):
    """One line of an explanation.

    ``place`` numbers a step; ``note`` is what is said beside it. The kind is "heading", "step",
    "equation" or "words".
    """

    kind: str
    said: Piece
    place: int | None = None
    note: Piece = NOTHING


class Teller:
    """Tells a graph: knows what each value is called, and how many digits to write."""

    def __init__(self, taken: Snapshot, digits: int = 4) -> None:
        self.taken, self.digits = taken, digits
        self.labels = labels_of(taken)
        self.root = self.labels[taken.root]

    # Both passes

    def lines(self, only: str | None = None) -> list[Line]:
        """Tell both passes, step by step; or the backward pass as far as it leads to one value."""
        steps = list(stages_of(self.taken))
        if only is not None:
            way = depending_on(self.taken, only)
            steps = [s for s in steps if s.direction != "forward" and s.node.id in way]
            told = words("Backward pass from ") + said(self.root) + words(" to ")
            return [Line("heading", told + said(self.labels[only])), *self._backward(steps)]
        forward = [s for s in steps if s.direction == "forward"]
        backward = [s for s in steps if s.direction != "forward"]
        found = [Line("heading", words("Forward pass"))]
        found += [self.forward(stage, place) for place, stage in enumerate(forward, 1)]
        if backward:
            found.append(Line("heading", words(f"Backward pass: ∂{self.root}/∂v for every v")))
            found += self._backward(backward)
        return found

    def forward(self, stage: Stage, place: int) -> Line:
        """Tell one call: ``t1 = i1 · w1 = 0.05 · 0.15 = 0.0075``."""
        node = stage.node
        sides = [said(self.labels[node.id])]
        if node.formula is not None:
            sides.append(formula(node.formula, self._names(node)))
            numbers = self._numbers(node)
            if numbers is not None:
                sides.append(formula(node.formula, numbers))
        sides.append(value(node.value, self.digits))
        return Line("step", _chain(sides), place, self._shapes_of(node))

    def _backward(self, stages: Iterable[Stage]) -> list[Line]:
        found: list[Line] = []
        for of, group in groupby(stages, key=lambda stage: stage.of):
            steps = list(group)
            if of is not None and len(steps) > 1 and all(map(_is_passed_through, steps)):
                found.append(self._passed_through(of, steps, len(found) + 1))
            else:
                found += [self.backward(s, len(found) + i) for i, s in enumerate(steps, 1)]
        return found

    def backward(self, stage: Stage, place: int) -> Line:
        """Tell one arrow: ``∂E/∂w5 = ∂E/∂t4 × ∂t4/∂w5 = 0.1385 × [out_h1 = 0.5933] = 0.0822``."""
        if stage.of is None or stage.edge is None:
            seed = derivative(self.root, self.root) + EQUALS + value(stage.after, self.digits)
            return Line("step", words("Seed: ") + seed, place)
        of, by = self.labels[stage.of.id], self.labels[stage.node.id]
        sides = [derivative(self.root, by), *self._sent(stage.edge, of, by)]
        told = sides[0] + (GROWS if stage.is_again else EQUALS) + _chain(sides[1:])
        return Line("step", told, place, self._beside(stage))

    def _sent(self, edge: Edge, of: str, by: str) -> list[Piece]:
        """Say what is sent through an arrow, in symbols and in numbers."""
        result = value(edge.contribution, self.digits)
        if edge.local is not None:
            symbols = derivative(self.root, of) + TIMES + derivative(of, by)
            numbers = as_factor(edge.upstream, self.digits) + TIMES + self.local(edge)
            return [symbols, numbers, result]
        node = self.taken.node(edge.dst)
        if edge.formula is None:
            return [result]
        return [formula(edge.formula, self._names(node)), result]

    def local(self, edge: Edge) -> Piece:
        """Say a local derivative: its formula and its number, ``[1 − o² = 0.5]``."""
        number = value(edge.local, self.digits)
        if edge.formula is None:
            return Piece(f"[{number.text}]", number.latex)
        said_as = formula(edge.formula, self._names(self.taken.node(edge.dst)))
        if said_as.text == number.text:
            return as_factor(edge.local, self.digits)
        return Piece(
            f"[{said_as.text} = {number.text}]",
            rf"\underbrace{{{said_as.latex}}}_{{{number.latex}}}",
        )

    def _passed_through(self, of: Node, steps: list[Stage], place: int) -> Line:
        """Tell a call that hands the gradient on as it is, such as a sum, in one line."""
        names = [said(self.labels[s.node.id]) for s in steps]
        listed = names[0]
        for i, name in enumerate(names[1:], 1):
            listed = listed + (words(" and ") if i == len(names) - 1 else words(", ")) + name
        told = words(f"{of.op} passes ") + derivative(self.root, self.labels[of.id]) + EQUALS
        told = told + value(of.grad, self.digits) + words(" on unchanged to ") + listed
        notes = [self._again(s) for s in steps if s.is_again]
        return Line("step", told, place, _chain(notes, Piece("; ", r";\ ")))

    def said_of(self, id: str) -> Piece:
        """Say what a value is called."""
        return said(self.labels[id])

    # What is said beside a step

    def _beside(self, stage: Stage) -> Piece:
        notes = [self._again(stage)] if stage.is_again else []
        edge = stage.edge
        assert edge is not None
        if edge.broadcast is not None:
            notes.append(self._shared(edge))
        shapes = self._shapes_of_sent(edge)
        if shapes.text:
            notes.append(shapes)
        return _chain(notes, Piece("; ", r";\ "))

    def _again(self, stage: Stage) -> Piece:
        """Say that contributions of one value add up."""
        assert stage.edge is not None
        total = value(stage.before, self.digits) + PLUS
        total = total + as_factor(stage.edge.contribution, self.digits) + EQUALS
        name = said(self.labels[stage.node.id])
        return name + words(" is used again: ") + total + value(stage.after, self.digits)

    def _shared(self, edge: Edge) -> Piece:
        """Say that an operand was broadcast, and so has many contributions."""
        big, small = self.taken.node(edge.dst), self.taken.node(edge.src)
        count = _entries(big.shape) // max(_entries(small.shape), 1)
        by = f"{count} rows" if big.shape[-1:] == small.shape[-1:] else f"{count} entries"
        name = said(self.labels[edge.src])
        return name + words(f" is shared by {by}: the {count} contributions are added")

    def _shapes_of(self, node: Node) -> Piece:
        if node.function != "numpy.matmul" or not node.shape:
            return NOTHING
        edges = self.taken.operands[node.id]
        return _product([self.taken.node(e.src).shape for e in edges], node.shape)

    def _shapes_of_sent(self, edge: Edge) -> Piece:
        """Say the shapes of a product of matrices: ``(2×6)(6×4) = 2×4``."""
        term, node = edge.formula, self.taken.node(edge.dst)
        if term is None or term.op != "matmul":
            return NOTHING
        shapes = {"g": node.shape, "y": node.shape}
        by_place: dict[Key, tuple[int, ...]] = {**shapes}
        for e in self.taken.operands[node.id]:
            by_place[e.position] = self.taken.node(e.src).shape
        sides = [_shape(a, by_place) for a in term.args if isinstance(a, Term)]
        if any(side is None for side in sides):
            return NOTHING
        return _product([s for s in sides if s is not None], self.taken.node(edge.src).shape)

    # Names

    def _names(self, node: Node) -> dict[Key, Piece]:
        """What the symbols of a call's formulas are called."""
        found: dict[Key, Piece] = _Unknown()
        found["y"] = said(self.labels[node.id])
        found["g"] = derivative(self.root, self.labels[node.id])
        for edge in self.taken.operands[node.id]:
            found[edge.position] = said(self.labels[edge.src])
        return found

    def _numbers(self, node: Node) -> dict[Key, Piece] | None:
        """What the symbols of a call are as numbers; None if they are not all numbers."""
        found: dict[Key, Piece] = _Unknown()
        for edge in self.taken.operands[node.id]:
            operand = self.taken.node(edge.src)
            if not operand.is_scalar:
                return None
            found[edge.position] = as_factor(operand.value, self.digits)
        return found if found and node.is_scalar else None


class _Unknown(dict[Key, Piece]):
    """Names of what a formula speaks of; what is no value of the graph is three dots."""

    def __missing__(self, key: Key) -> Piece:
        return Piece("…", r"\ldots")


def _chain(sides: Iterable[Piece], sign: Piece = EQUALS) -> Piece:
    """Put a sign between what differs: ``x = 3 = 3`` is ``x = 3``."""
    found: list[Piece] = []
    for side in sides:
        if not found or found[-1].text != side.text:
            found.append(side)
    told = found[0] if found else NOTHING
    for side in found[1:]:
        told = told + sign + side
    return told


def _is_passed_through(stage: Stage) -> bool:
    """Tell whether a gradient is handed on as it is."""
    edge = stage.edge
    if edge is None or edge.formula is None or edge.broadcast is not None:
        return False
    return is_value(edge.formula, 1) if edge.local is not None else edge.formula == symbol("g")


def _entries(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


def _shape(term: Term, shapes: dict[Key, tuple[int, ...]]) -> tuple[int, ...] | None:
    """Tell the shape of a value or its transpose in a formula."""
    if term.op == "symbol":
        return shapes.get(term.args[0])
    if term.op in ("transpose", "swapaxes"):
        inner = _shape(term.args[0], shapes)
        return None if inner is None else (*inner[:-2], *inner[:-3:-1])
    return None


def _product(sides: list[tuple[int, ...]], result: tuple[int, ...]) -> Piece:
    written = "".join(f"({shape_word(s)})" for s in sides) + f" = {shape_word(result)}"
    return Piece(written, written.replace("×", r" \times "))


def depending_on(taken: Snapshot, leaf: str) -> set[str]:
    """List the ids of a value and of all that was computed from it."""
    found = {leaf}
    for edge in taken.edges:  # ordered by their targets
        if edge.src in found and edge.contribution is not None:
            found.add(edge.dst)
    return found
