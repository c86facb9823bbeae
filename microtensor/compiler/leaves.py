"""What do parameters, buffers and other leaves hold while a program is traced?

The run reads and writes ``.data`` and ``.grad`` as it would without. What it wrote is noted, with
its place in the order of things, and put back: the program is what changes things.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..calls import record
from ..graph import Node, next_number
from .opaque import held, slot
from .slots import Gradient, Slot


class Leaves:
    """What was given to leaves during a run.

    Attributes
    ----------
    assigned : dict of Node to list of (number, Node or array)
        What ``.data`` was given, and when.
    grads : dict of Node to None
        The leaves whose ``.grad`` the program writes.
    absent : set of Node
        The leaves on whose having no gradient before the program rests.
    places : dict of Node to int
        The leaves that stand for Values among the arguments.
    slots : dict of key to (Slot, Node)
        What the function read that is not in the program.
    """

    def __init__(self) -> None:
        self.began = next_number()
        self.assigned: dict[Node, list[tuple[int, Any]]] = {}
        self.grads: dict[Node, None] = {}
        self.absent: set[Node] = set()
        self.places: dict[Node, int] = {}
        self.slots: dict[tuple, tuple[Slot, Node]] = {}
        self._originals: dict[Node, Any] = {}
        self._made_inside: set[Node] = set()
        self._entered: dict[Node, Any] = {}  # what .grad held first: None, or who stands for it
        self._forgotten: set[Node] = set()
        self._undo: list[Callable[[], None]] = []
        self._unless_done: list[Callable[[], None]] = []

    def _slot(self, made: Slot, data: Any) -> Node:
        if made.key not in self.slots:
            node = record(data, slot, (), {"slot": made}, False, None)
            node.name = made.name
            self.slots[made.key] = (made, node)
        return self.slots[made.key][1]

    # Data

    def assign(self, node: Node, data: Any) -> None:
        """Take note of what a leaf is given."""
        if node not in self._originals:
            if self.is_constant(node):
                self._made_inside.add(node)
            self._originals[node] = node._data
        self.assigned.setdefault(node, []).append((next_number(), data))

    def version(self, leaf: Node, number: float) -> Any:
        """Give what a leaf had been given when something happened; None for what it began with."""
        before = [x for when, x in self.assigned.get(leaf, ()) if when < number]
        return before[-1] if before else None

    def first(self, leaf: Node) -> Any:
        """Give the numbers that a leaf held before the run."""
        return self._originals.get(leaf, leaf._data)

    def is_constant(self, node: Node) -> bool:
        """Tell whether a Value was made while the function ran, of Python's own numbers."""
        if node in self._originals:
            return node in self._made_inside
        return node.fn is None and node.number > self.began and node not in self.places

    # Gradients

    def enter(self, leaf: Node) -> None:
        """Put a Value in the place of the gradient that a leaf has before the run."""
        if leaf in self._entered:
            return
        g = leaf.grad
        if isinstance(g, Node):  # of a graph of before, which cannot go on in the program
            self._entered[leaf] = g
        elif g is None:
            self._entered[leaf] = None
        else:
            name = f"d_{leaf.name}" if leaf.name else "gradient"
            made = self._slot(Gradient(name, leaf, self.places.get(leaf)), g)
            leaf.grad = self._entered[leaf] = made
        self._undo.append(lambda: setattr(leaf, "grad", g))

    def grad(self, leaf: Node) -> Any:
        """Give what is in a leaf's ``.grad``: None, or a Value."""
        self.enter(leaf)
        g = leaf.grad
        if g is None:
            self._is_missing(leaf)
        elif not isinstance(g, Node):  # numbers that the function put there by hand
            g = leaf.grad = record(g, held, (g,), None, False, None)
        return g

    def _is_missing(self, leaf: Node) -> None:
        """Take note that a leaf has no gradient, unless the function itself forgot what it had."""
        if self._entered[leaf] is None and leaf not in self._forgotten:
            self.absent.add(leaf)

    def forget(self, leaf: Node) -> None:
        """Take note that a leaf's gradient is to be None, whatever it was."""
        self.enter(leaf)
        self._forgotten.add(leaf)
        self.grads[leaf] = None

    def look_at_grads(self, asked: bool) -> None:
        """Find the gradients that the function changed by hand, when the run is over.

        ``asked`` tells that it reads ``.grad`` itself, and so may have asked whether one is there.
        """
        for leaf, g in self._entered.items():
            if leaf.grad is not g:
                self.grads.setdefault(leaf)
            elif g is None and asked and leaf._requires_grad and leaf not in self._made_inside:
                self._is_missing(leaf)

    # The end

    def unless_done(self, undo: Callable[[], None]) -> None:
        """Have something be undone if there will be no program."""
        self._unless_done.append(undo)

    def later(self, undo: Callable[[], None]) -> None:
        """Have something be undone when the run is over."""
        self._undo.append(undo)

    def put_back(self, failed: bool = False) -> None:
        """Undo what the run changed: the program is what changes things."""
        for undo in reversed(self._unless_done) if failed else ():
            undo()
        for node, data in self._originals.items():
            node._data = data
        for undo in reversed(self._undo):
            undo()
