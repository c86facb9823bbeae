"""What does a function do, for any numbers of these shapes? Found out by running it once.

While it runs, arguments are Values, and every call on a Value is recorded, whether a gradient can
flow through it or not; rules are shown Values, so that the backward pass is recorded too. What
would leave the record is answered in one of three ways: with a Value that stands for the numbers
(``v.data``), with an error (``float(v)``), or, where the library itself asks whether labels are
classes, with an answer that the program makes sure of each time.

Nothing is changed by it: what the function assigned is put back, and the program does it again.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backward import NOTHING
from ..calls import record
from ..errors import CompileError
from ..graph import Node, Scope, label, next_number, state
from ..nesting import like
from ..primitives import Known
from ..randomness import get_state, set_state
from .opaque import Rule, held, part, slot
from .slots import Argument, Gradient, Place, Slot

_HOUSE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_BETWEEN = tuple(_HOUSE + name for name in ("methods.py", "value.py", "compiler" + os.sep))


def _is_asked_by_the_library() -> bool:
    """Tell whether it is the library, and not the user, who wants a number of a Value."""
    depth = 2
    while (path := sys._getframe(depth).f_code.co_filename).startswith(_BETWEEN):
        depth += 1
    return path.startswith(_HOUSE)


class Tracer:
    """The record of one run, beyond the graph.

    Attributes
    ----------
    name : str
        The function's, for messages.
    slots : dict of key to (Slot, Node)
        What the function read that is not in the program.
    guards : list of (Node, bool)
        What the library asked of numbers, and the answer that the program rests on.
    assigned : dict of Node to list of (number, Node or array)
        What leaves were given, and when.
    settings : list of (holder, name, value)
        Python's own numbers and switches that decided something, as an optimizer's are.
    conditions : list of callable
        Further questions that must be answered with True at each call.
    effects : list of (number, callable)
        What is called beside the program, such as a schedule's step.
    """

    def __init__(self, name: str, held_grads: dict[Node, bool] | None = None) -> None:
        self.name = name
        self.held_grads = held_grads or {}  # leaves of earlier programs that had a gradient
        self.began = next_number()
        self.slots: dict[tuple, tuple[Slot, Node]] = {}
        self.guards: list[tuple[Node, bool]] = []
        self.assigned: dict[Node, list[tuple[int, Any]]] = {}
        # What .grad held before: numbers, None, or what does not matter (None in the dict).
        self.grads: dict[Node, bool | None] = {}
        self.places: dict[Node, int] = {}  # leaves that stand for Values among the arguments
        self.settings: list[tuple[Any, Any, Any]] = []
        self.conditions: list[Callable[[], bool]] = []
        self.effects: list[tuple[int, Callable]] = []
        self.written: list[tuple[Slot, Any]] = []
        self.scopes: list[Scope] = []  # the module calls, as far as they recorded anything
        self.gradient_of: dict[Any, Node] = {}
        self._drawn_from: dict[int, Any] = {}
        self._owners: dict[int, tuple[Any, Node, str]] = {}
        self._originals: dict[Node, Any] = {}
        self._undo: list[Callable[[], None]] = []
        self._phases: list[tuple[int, str]] = [(0, "forward")]
        self._keeps_graph = False
        self.refused: CompileError | None = None

    # What the function is given

    def argument(self, x: Any, name: str, place: int) -> Node:
        """Make the Value that stands for an array of the arguments."""
        return self._slot(Argument(name, place), x)

    def value_argument(self, x: Node, place: int) -> Any:
        """Make the leaf that stands for a Value among the arguments."""
        leaf = record(x._data, None, (), None, x._requires_grad, None)
        leaf.name, leaf.grad = x.name, x.grad
        self.places[leaf] = place
        return leaf

    def place(
        self,
        name: str,
        key: tuple,
        read: Callable[[], Any],
        write: Callable[[Any], None] | None = None,
        in_place: bool = False,
        data: Any = None,
    ) -> Node:
        """Make the Value that stands for what lies in a place of somebody's own.

        Parameters
        ----------
        name : str
        key : tuple
            Which place it is: what was made for it before is given again.
        read, write : callable
            Give what lies there; lay something there.
        in_place : bool, default False
            Whether its array is written into.
        data : array, optional
            What lies there, if it is not to be read now.
        """
        return self._slot(Place(name, key, read, write, in_place), read() if data is None else data)

    def condition(self, holds: Callable[[], bool]) -> None:
        """Have a question be asked before each call, without whose yes the program is not used."""
        self.conditions.append(holds)

    def write(self, node: Node, x: Any) -> None:
        """Have a place, by the Value that stands for it, be given another at the end."""
        found = node.kwargs["slot"]  # type: ignore[index]  # every place has one
        self.written = [(s, old) for s, old in self.written if s is not found]
        self.written.append((found, x))

    def _slot(self, made: Slot, data: Any) -> Node:
        if made.key not in self.slots:
            node = record(data, slot, (), {"slot": made}, False, None)
            node.name = made.name
            self.slots[made.key] = (made, node)
        return self.slots[made.key][1]

    def setting(self, holder: Any, name: Any) -> Any:
        """Read a switch of Python's: the program rests on it, and is not used once it changes."""
        value = holder[name]
        self.settings.append((holder, name, value))
        return value

    # What happens to Values

    def held(self, node: Node) -> Any:
        """Give a Value of the same numbers for one's array."""
        return record(node._data, held, (node,), None, False, self._scope())

    def stand_in(self, x: Node) -> Any:
        """Give a Value to differentiate by, for the argument of a function."""
        return record(x._data, held, (x,), {"stand_in": True}, True, self._scope())

    def numbers(self, node: Node, how: str) -> Any:
        """Give the data of a constant; of what the program computes there is none yet.

        The library may ask, to tell what is wrong; if nothing is, the run ends with the error.
        """
        if self.is_constant(node):
            return node._data
        error = CompileError(
            f"{self.name}: {how} asks for a number while the program is written.",
            expected="Values throughout: return v itself, and read its number after the call",
            got=f"{how}, of {label(node)}",
            hint="A program is written once for all numbers. Shapes may be asked freely.",
        )
        if not _is_asked_by_the_library():
            raise error
        self.refused = self.refused or error
        return node._data

    def finish(self) -> None:
        """Raise what the run should have ended with, had it not been left to find another error."""
        if self.refused is not None:
            raise self.refused

    def decide(self, node: Node) -> bool:
        """Answer whether a Value is true: to the library, which the program checks each time."""
        if self.is_constant(node):
            return bool(node._data)
        if not _is_asked_by_the_library():
            raise CompileError(
                f"{self.name}: a number of the program decides what is computed.",
                expected="np.where(condition, a, b), which computes both and takes one",
                got=f"if, while, and, or, not, max, min or sorted, of {label(node)}",
                hint="A program is written once for all numbers, so Python cannot ask for one "
                "while it is written.",
            )
        answer = bool(node._data)
        self.guards.append((node, answer))
        return answer

    def shape_depends_on_numbers(self, name: str) -> CompileError:
        """Build the error for a result whose shape is not known before the numbers are."""
        return CompileError(
            f"{self.name}: the shape of what {name} gives depends on numbers.",
            expected="shapes that are known before the numbers, as np.where(mask, x, 0) has",
            got=name,
            hint="Do it outside of the compiled function, and give it the result.",
        )

    def as_option(self, fn: Any, name: str, x: Node) -> Any:
        """Give an option's array, and remember whose it is."""
        data = x._data
        if name == "index" and getattr(data, "dtype", None) == np.dtype(bool) and np.ndim(data):
            raise self.shape_depends_on_numbers("indexing with bools")
        if not isinstance(data, np.ndarray | np.generic):
            return self.numbers(x, f"{fn.__name__}({name}=v)")
        self._owners[id(data)] = (data, x, "")
        return data

    def shown(self, g: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Give options with Values in the place of their arrays, for a rule that computes.

        The gradient is a Value then too, since functions look at what stands first.
        """
        found = False

        def value(x: Any) -> Any:
            owner = self.owner(x) if isinstance(x, np.ndarray | np.generic) else None
            if owner is not None and not owner[1]:
                nonlocal found
                found = True
                return owner[0]
            return like(x, [value(inner) for inner in x]) if isinstance(x, tuple | list) else x

        options = {name: value(x) for name, x in options.items()}
        if found and not isinstance(g, Node):
            g = record(g, held, (g,), None, False, None)
        return g, options

    def options(self, options: dict[str, Any]) -> None:
        """Take note of what a call is going to draw from, so that it can be put back."""
        for x in options.values():
            if isinstance(x, np.random.Generator | np.random.RandomState):
                self.draws(x)

    def draws(self, rng: Any) -> None:
        """Have a generator be where it was, when the run is over."""
        if id(rng) not in self._drawn_from:
            self._drawn_from[id(rng)] = rng
            before = get_state(rng)
            self._undo.append(lambda: set_state(rng, before))

    def owner(self, array: Any) -> tuple[Node, str] | None:
        """Tell which Value an array is that stands in the record as a plain one."""
        found = self._owners.get(id(array))
        return None if found is None or found[0] is not array else found[1:]

    def assign(self, node: Node, data: Any) -> None:
        """Take note of what a leaf is given."""
        self._originals.setdefault(node, node._data)
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
        is_new = node.fn is None and node.number > self.began and node not in self._originals
        return is_new and node not in self.places

    # The backward pass

    def passes(self, node: Node, g: Any, keeps_graph: bool) -> None:
        """Take note that the chain rule goes through a call now, whose gradient is ``g``."""
        self.phase("backward")
        if isinstance(g, Node):
            self.gradient_of[g] = node
        self._keeps_graph = keeps_graph
        state.scope = node.scope
        if node.kwargs and "kept" in node.kwargs:
            kept = node.kwargs["kept"]
            self._owners[id(kept)] = (kept, node, "kept")

    def passed(self) -> None:
        """Take note that the chain rule has come to its end."""
        self.phase("forward")

    def sent(self, known: Known, node: Node, g: Node) -> dict[int, Any] | None:
        """Give the contributions of a fused function, by its rules for arrays: see `opaque`."""
        if self._keeps_graph or (known.together is None and known.keeps is not True):
            return None
        wanted = tuple(isinstance(a, Node) and a._cotangent is not None for a in node.args)
        options = {k: x for k, x in (node.kwargs or {}).items() if k != "kept"}
        computed = {k: x for k, x in options.items() if self._is_computed(x)}
        kept = (node.kwargs or {}).get("kept")
        rule = Rule(known, wanted, options)
        plain = [a._data if isinstance(a, Node) else a for a in node.args]
        found = rule(g._data if isinstance(g, Node) else g, node._data, kept, *plain)
        whole = record(found, rule, (g, node, *node.args), computed, False, node.scope)
        return {
            i: NOTHING if c is None else record(c, part, (whole,), {"place": i}, False, node.scope)
            for i, c in enumerate(found)
        }

    def _is_computed(self, x: Any) -> bool:
        """Tell whether an option is, or holds, what a Value stands for."""
        if isinstance(x, tuple | list):
            return any(map(self._is_computed, x))
        return isinstance(x, np.ndarray | np.generic) and self.owner(x) is not None

    def gradient(self, node: Node, g: Any, keeps_graph: bool) -> Any:
        """Take note of a leaf's gradient, and give it as what ``.grad`` is to hold."""
        if node.fn is not None:
            return g
        before = self.grad(node)
        if node not in self.grads:
            was_reset = before is None and self.held_grads.get(node, False)
            self.grads[node] = None if was_reset else before is not None
        node.grad = before
        if isinstance(g, Node):
            self.gradient_of[g] = node
        if keeps_graph or not isinstance(g, Node):
            return g
        return self.held(g)

    def forget(self, node: Node) -> None:
        """Take note that a leaf's gradient is to be None, whatever it was."""
        g = node.grad
        if node not in self.grads:
            self.grads[node] = None
            self._undo.append(lambda: setattr(node, "grad", g))
        node.grad = None

    def grad(self, node: Node) -> Any:
        """Give what is in a leaf's ``.grad``: None, or a Value."""
        g = node.grad
        if g is None or isinstance(g, Node):
            return g
        name = f"d_{node.name}" if node.name else "gradient"
        self._undo.append(lambda: setattr(node, "grad", g))
        self.grads.setdefault(node, True)
        return self._slot(Gradient(name, node, self.places.get(node)), g)

    # Where it happens

    def phase(self, name: str) -> None:
        """Say what the calls from here on belong to: forward, backward or update."""
        if self._phases[-1][1] != name:
            self._phases.append((next_number(), name))

    def phase_of(self, node: Node) -> str:
        """Tell what a call belonged to."""
        place = bisect_right(self._phases, node.number, key=lambda found: found[0])
        return self._phases[max(place - 1, 0)][1]

    def _scope(self) -> Scope | None:
        return state.scope if isinstance(state.scope, Scope) else None

    def effect(self, act: Callable[[], None]) -> None:
        """Have something of Python's be done at each call of the program, outside of it."""
        self.effects.append((next_number(), act))

    def put_back(self) -> None:
        """Undo what the run changed: the program is what changes things."""
        for node, data in self._originals.items():
            node._data = data
        for undo in reversed(self._undo):
            undo()
        for node in self.grads:
            if isinstance(node.grad, Node):
                node.grad = None

    def later(self, undo: Callable[[], None]) -> None:
        """Have something be undone when the run is over."""
        self._undo.append(undo)
