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
from ..primitives import Known, name_of
from .draws import Draws
from .leaves import Leaves
from .opaque import Rule, held, part
from .owners import Owners
from .slots import Argument, Place, Slot
from .surroundings import Surroundings
from .watching import Watch

# What gives as many places as there are numbers of a kind.
_SHAPED_BY_NUMBERS = {"nonzero", "unique_places", "common_places", "ix_"}
_HOUSE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_BETWEEN = tuple(_HOUSE + name for name in ("methods.py", "value.py", "compiler" + os.sep))


def _is_asked_by_the_library() -> bool:
    """Tell whether it is the library, and not the user, who wants a number of a Value."""
    depth = 2
    while (path := sys._getframe(depth).f_code.co_filename).startswith(_BETWEEN):
        depth += 1
    return path.startswith(_HOUSE)


class Tracer(Leaves, Owners):
    """The record of one run, beyond the graph.

    Attributes
    ----------
    name : str
        The function's, for messages.
    watch : Watch
        What the function may reach.
    guards : list of (Node, bool)
        What the library asked of numbers, and the answer that the program rests on.
    settings : list of (holder, name, value)
        Python's own numbers and switches that decided something, as an optimizer's are.
    conditions : list of callable
        Further questions that must be answered with True at each call.
    effects : list of (bool, callable)
        What is called beside the program, such as a schedule's step, and whether before it.
    """

    def __init__(self, name: str, watch: Watch | None = None) -> None:
        Leaves.__init__(self)
        Owners.__init__(self)
        self.name = name
        self.watch = watch or Watch()
        self.guards: list[tuple[Node, bool]] = []
        self.settings: list[tuple[Any, Any, Any]] = []
        self.conditions: list[Callable[[], bool]] = []
        self.effects: list[tuple[bool, Callable]] = []
        self.written: list[tuple[Slot, Any]] = []
        self.scopes: list[Scope] = []  # the module calls, as far as they recorded anything
        self.gradient_of: dict[Any, Node] = {}
        self.refused: CompileError | None = None
        self.draws = Draws(self.watch)
        self.stand_ins: set[Node] = set()  # for arguments of functions that are differentiated
        self._asked: set[tuple] = set()
        self._stepped: set[int] = set()  # groups of options that change behind the program
        self._phases: list[tuple[int, str]] = [(0, "forward")]
        self._keeps_graph = False
        self._is_inner: dict[Node, bool] = {}  # whether a leaf stands for what was computed
        self._given: dict[int, Any] = {}  # the leaf of each Value among the arguments, by its id
        self._around = Surroundings(self.watch)
        for leaf in self.watch.leaves:
            self.enter(leaf)

    # What the function is given

    def argument(self, x: Any, name: str, place: int) -> Node:
        """Make the Value that stands for an array of the arguments."""
        return self._slot(Argument(name, place), x)

    def value_argument(self, x: Node, place: int) -> Any:
        """Make the leaf that stands for a Value among the arguments."""
        if x in self.watch.leaves:
            raise CompileError(
                f"{self.name}: {label(x)} is an argument, and the function reaches it by itself.",
                expected="one way to it, so that a program need not know of two",
                got="both",
                hint="Leave it out of the arguments: the function has it.",
            )
        if id(x) in self._given:  # once more: it is one leaf
            return self._given[id(x)]
        leaf = record(x._data, None, (), None, x._requires_grad, None)
        leaf.name, leaf.grad = x.name, x.grad
        self._given[id(x)] = leaf
        self.places[leaf] = place
        self._is_inner[leaf] = x.fn is not None
        self.enter(leaf)
        return leaf

    def place(
        self,
        name: str,
        key: tuple,
        read: Callable[[], Any],
        write: Callable[[Any], None] | None = None,
        in_place: bool = False,
        data: Any = None,
        forget: Callable[[], None] | None = None,
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
        forget : callable, optional
            Has nothing lie there, if that may be.
        """
        if key[0] == "option" and key[1] in self._stepped:
            raise CompileError(
                f"{self.name}: an optimizer's options change between two steps.",
                expected="the schedule's step after the last step of its optimizer, or before all",
                got=f"{name} read before and after it",
                hint="Call the schedule's step() outside of the compiled function.",
            )
        made = Place(name, key, read, write, in_place, forget)
        return self._slot(made, read() if data is None else data)

    def is_first(self, key: tuple) -> bool:
        """Tell whether it is asked for the first time with this key."""
        new = key not in self._asked
        self._asked.add(key)
        return new

    def latest(self, node: Node) -> Any:
        """Give what a place holds now, by the Value that stands for it."""
        found = node.kwargs["slot"]  # type: ignore[index]  # every place has one
        return next((x for s, x in self.written if s is found), node)

    def condition(self, holds: Callable[[], bool]) -> None:
        """Have a question be asked before each call, without whose yes the program is not used."""
        self.conditions.append(holds)

    def write(self, node: Node, x: Any) -> None:
        """Have a place, by the Value that stands for it, be given another at the end."""
        found = node.kwargs["slot"]  # type: ignore[index]  # every place has one
        self.written = [(s, old) for s, old in self.written if s is not found]
        self.written.append((found, x))

    def setting(self, holder: Any, name: Any) -> Any:
        """Read a switch of Python's: the program rests on it, and is not used once it changes."""
        value = holder[name]
        self.settings.append((holder, name, value))
        return value

    # What happens to Values

    def held(self, node: Node) -> Any:
        """Give a Value of the same numbers for one's array."""
        return record(node._data, held, (node,), None, False, self._scope())

    def constant(self, x: Any) -> Any:
        """Give a Value of plain numbers, that is plain again when the function returns it."""
        return record(x, held, (x,), None, False, None)

    def detached(self, node: Node) -> Any:
        """Give a Value of the same numbers that stays one when the function returns it."""
        return record(node._data, held, (node,), {"detached": True}, False, self._scope())

    def stand_in(self, x: Node) -> Any:
        """Give a Value to differentiate by, for an argument that has no gradient of its own."""
        made = record(x._data, held, (x,), None, True, self._scope())
        self.stand_ins.add(made)
        return made

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
        """Look at what the run has left, and raise what it should have ended with."""
        if self.refused is not None:
            raise self.refused
        self.draws.check(self.name)
        self._around.check(self.name)
        self.look_at_grads("grad" in self.watch.words)

    def called(self, model: Any) -> None:
        """Take note that a model is called, which was perhaps not seen before."""
        self.watch.add(model)
        for leaf in self.watch.leaves:
            self.enter(leaf)  # once

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

    def several(self, known: Known, data: Any, operands: tuple, options: Any) -> Any:
        """Record a call that gives several arrays, and give a Value for each."""
        name = known.fn.__name__
        if name in _SHAPED_BY_NUMBERS or len(data) < 2:
            raise self.shape_depends_on_numbers(name_of(known.fn))
        scope = self._scope()
        whole = record(data, known.fn, operands, options, False, scope)
        parts = [record(x, part, (whole,), {"place": i}, False, scope) for i, x in enumerate(data)]
        return like(data, parts)

    def options(self, options: dict[str, Any]) -> None:
        """Take note of what a call is going to draw from, so that it can be put back."""
        for x in options.values():
            if isinstance(x, np.random.Generator | np.random.RandomState):
                self.draws.begin(x)

    def drawn(self, options: dict[str, Any]) -> None:
        """Take note of where a call has left what it drew from."""
        for x in options.values():
            if isinstance(x, np.random.Generator | np.random.RandomState):
                self.draws.end(x)

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
            self.own(kept, node, "kept")

    def passed(self) -> None:
        """Take note that the chain rule has come to its end."""
        self.phase("forward")

    def sent(self, known: Known, node: Node, g: Node) -> dict[int, Any] | None:
        """Give the contributions of a fused function, by its rules for arrays: see `opaque`."""
        if self._keeps_graph or (known.together is None and known.keeps is not True):
            return None
        wanted = tuple(isinstance(a, Node) and a._cotangent is not None for a in node.args)
        options = {k: x for k, x in (node.kwargs or {}).items() if k != "kept"}
        computed = {k: x for k, x in options.items() if self.is_computed(x)}
        kept = (node.kwargs or {}).get("kept")
        rule = Rule(known, wanted, options)
        plain = [a._data if isinstance(a, Node) else a for a in node.args]
        found = rule(g._data if isinstance(g, Node) else g, node._data, kept, *plain)
        whole = record(found, rule, (g, node, *node.args), computed, False, node.scope)
        return {
            i: NOTHING if c is None else record(c, part, (whole,), {"place": i}, False, node.scope)
            for i, c in enumerate(found)
        }

    def gradient(self, node: Node, g: Any, keeps_graph: bool) -> Any:
        """Take note of a leaf's gradient, and give it as what ``.grad`` is to hold."""
        if node.fn is not None:
            return g
        if node in self.places and self._is_inner[node]:
            raise CompileError(
                f"{self.name}: a gradient flows to an argument, and further to what it was "
                "computed from.",
                expected="leaves as arguments; or the computation inside of the function",
                got=f"{label(node)}, which was computed before the call",
                hint="v.detach() gives a constant of the same numbers.",
            )
        self.grad(node)
        self.grads.setdefault(node)
        if isinstance(g, Node):
            self.gradient_of[g] = node
        if keeps_graph or not isinstance(g, Node):
            return g
        return self.held(g)

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

    def effect(self, act: Callable, groups: list[Any], of: Any = None) -> None:
        """Have something of Python's be done at each call of the program, outside of it.

        Parameters
        ----------
        act : callable
        groups : list of dict
            The options that it changes.
        of : Node, optional
            The number that it is given.
        """
        ids = set(map(id, groups))
        read = {s.key[1] for s, _ in self.slots.values() if s.key[0] == "option"}
        if of is not None:
            box: list[Any] = []
            key = ("effect", len(self.effects))
            self.write(self.place("number", key, lambda: 0.0, box.append), of)
            given = act
            act = lambda: given(box.pop())
        before = of is None and ids.isdisjoint(read)
        if not before:
            self._stepped |= ids
        self.effects.append((before, act))

    def put_back(self, failed: bool = False) -> None:
        """Undo what the run changed: the program is what changes things."""
        super().put_back(failed)
        self.draws.put_back()
