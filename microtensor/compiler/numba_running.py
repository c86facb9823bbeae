"""What does Python do around the kernels? It says where the arrays lie, and lays results down.

The text reads each place; an array that is not the one of the last time has its address written
into the table. Then the kernels run, and the text writes what changed.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from ..graph import next_number
from ..randomness import Rng, generator, mark
from .kernels import Call
from .landings import Landings, address
from .layouts import Layout
from .machine import runner
from .numba_source import NumbaProgram
from .programs import Program, Variable
from .slots import Gradient, Leaf, Slot
from .texts import Runner, Text
from .works import dtype_of


class KernelText(Text):
    """Writes the function that runs a program's kernels."""

    def __init__(self, made: NumbaProgram, instead: Runner, drawn: list[Rng | None]) -> None:
        """Write it; ``instead`` computes the program where the kernels find that they must not."""
        self.made, self.plan = made, made.plan
        self.table = np.array(made.table, np.int64)
        self.seen: list[Any] = [_nothing] * len(self.table)
        super().__init__(
            made.program, next_number=next_number, table=self.table, seen=self.seen,
            kernels=runner(), instead=instead, arrive=self._arrive,
            known=[None] * len(made.read_again),
        )  # fmt: skip
        self._copies: dict[int, np.ndarray] = {}
        self._local: dict[Variable, str] = {}
        self._ends = set(self.plan.ends.values())
        self._landed: dict[Variable, str] = {}
        self._instead = "return instead(given)"
        if drawn and self.plan.bad is not None:
            self.names["marked"] = lambda: [mark(generator(rng)) for rng in drawn]
            self.names["put_back"] = lambda back: [put_back() for put_back in back]
            self.lines.append("back = marked()")
            self._instead = "put_back(back); return instead(given)"
        self._read()
        self._take()
        self._run()
        self._write()

    # What is read

    def _read(self) -> None:
        wanted = self._wanted()
        for i, (place, v) in enumerate(self.program.inputs):
            used = v in self.made.places and v in self.made.spans
            if not used and v not in wanted:
                continue
            name = self._local[v] = f"v{i}"
            self.lines.append(f"{name} = {self._reading(place)}")
            if v in self.made.read_again:
                k = self.made.read_again.index(v)
                self._arrives(v, name, f"{name} is not known[{k}]")
            elif used:
                self._arrives(v, name, f"seen[{self.made.places[v]}]() is not {name}")

    def _wanted(self) -> set[Variable]:
        """List what Python itself needs to hold."""
        wanted = set(self.plan.leaving())
        for node in self.plan.nodes:
            if isinstance(node, Call):
                wanted |= {self.plan.layout(v).root for v in node.ins.reads()}
        return wanted

    def _arrives(self, v: Variable, name: str, is_new: str = "True") -> None:
        """Write how the kernels learn of an array, or a number."""
        k = self.made.places[v]
        if v in self.made.cells:
            self.lines.append(f"{self._name(self.made.cells[v], 'cell')}[0] = {name}")
        else:
            shape, dtype = self._name(v.shape, "shape"), self._name(dtype_of(v), "dtype")
            in_place = ", True" if v in self.made.alias.values() else ""
            call = f"arrive({k}, {name}, {shape}, {dtype}{in_place})"
            self.lines.append(f"if {is_new} and {call}: {self._instead}")

    def _arrive(
        self, k: int, x: Any, shape: tuple[int, ...], dtype: np.dtype, in_place: bool = False
    ) -> bool:
        """Write the address of an array into the table; of one that is not in order, a copy's.

        Tell whether it is of another shape or dtype than the kernels were written for, or must be
        copied though it is to be written into.
        """
        if not isinstance(x, np.ndarray) or x.shape != shape or x.dtype != dtype:
            return True
        flags = x.flags
        if flags.c_contiguous and flags.aligned:
            self.table[k], self.seen[k] = address(x), weakref.ref(x)
            return False
        if in_place:
            return True
        if k not in self._copies:
            self._copies[k] = np.empty(shape, dtype)
        self._copies[k][...] = x
        self.table[k], self.seen[k] = address(self._copies[k]), _nothing
        return False

    # Where results go

    def _take(self) -> None:
        made = self.made
        if not made.landing:
            return
        like = [(v.shape, dtype_of(v)) for v in made.landing]
        self.names["landings"] = Landings(like, len(made.read_again))
        self._landed = {v: f"o{i}" for i, v in enumerate(made.landing)}
        start = made.places[made.landing[0]]
        self.lines.append("landed = landings.take()")
        self.lines.append(f"({', '.join(self._landed.values())},) = landed.arrays")
        self.lines.append(f"table[{start}:{start + len(made.landing)}] = landed.addresses")

    # The kernels

    def _run(self) -> None:
        before = len(self.lines)
        for code in self.made.codes:
            if isinstance(code, Call):
                self._call(code)
            else:
                line = f"kernels({self._name(code, 'code')}, table)"
                self.lines.append(f"if {line}: {self._instead}" if self.plan.bad else line)
        if self.plan.bad is not None and any(isinstance(code, Call) for code in self.made.codes):
            # A call may fail where a guard does not hold, or an index is outside.
            inside = [f"    {line}" for line in self.lines[before:]]
            self.lines[before:] = ["try:", *inside, f"except Exception: {self._instead}"]

    def _call(self, call: Call) -> None:
        ins = call.ins
        given = [self._x(x) for x in ins.operands]
        given += [f"{k}={self._x(x)}" for k, x in ins.options.items()]
        targets = []
        for v in ins.outputs:
            if v is None:
                targets.append("_")
            else:
                self._local[v] = f"c{len(self._local)}"
                targets.append(self._local[v])
        left = ", ".join(targets) + ("," if ins.is_rule and len(targets) == 1 else "")
        self.lines.append(f"{left} = {self._name(ins.compute, 'f')}({', '.join(given)})")
        for v in ins.outputs:
            if v is None:
                continue
            name = self._local[v]
            if v.is_weak:
                self.lines.append(f"{name} = float({name})")
            elif v in self._ends or v in self.program.needed():
                self.names["alone"] = _alone
                self.lines.append(f"{name} = alone({name})")
            if v in self.made.places:
                self._arrives(v, name)

    def _x(self, x: Any) -> str:
        """Write what Python is given for an operand."""
        if isinstance(x, Variable):
            return self._variable(x)
        if x.__class__ is tuple:
            inside = ", ".join(map(self._x, x))
            return f"({inside},)" if len(x) == 1 else f"({inside})"
        if x.__class__ is list:
            return f"[{', '.join(map(self._x, x))}]"
        return self._name(x, "k")

    def _variable(self, x: Variable) -> str:
        layout = self.plan.layout(x)
        root, made = self.made.alias.get(layout.root, layout.root), self.made
        if root in self._local:
            return self._seen_as(self._local[root], x, layout)
        if root in made.arrays:
            array = made.arrays[root]
            seen = array if x is root else _view(array, layout)
            return self._name(self._hold(seen), "b")
        if root in made.cells:
            cell = self._name(made.cells[root], "cell")
            number = f"{cell}[0]" if root.dtype is not None else f"float({cell}[0])"
            if isinstance(x.sample, np.ndarray) and x.shape == ():
                return f"{cell}.reshape(()).copy()"
            return number if x.shape == () else self._seen_as(cell, x, layout)
        if root in self._landed:
            return self._seen_as(self._landed[root], x, layout)
        return self._name(self.plan.constants[root], "k")

    def _hold(self, x: np.ndarray) -> np.ndarray:
        self.made.held.append(x)
        return x

    def _seen_as(self, name: str, x: Variable, layout: Layout) -> str:
        if x is layout.root:
            return name
        self.names["view"] = _view
        return f"view({name}, {self._name(layout, 'layout')})"

    # What is written

    def _write(self) -> None:
        for place, x in self.program.writes:
            self._lay(place, x)
        again = len(self.made.read_again)
        if again:  # what was laid down is what is read next
            start = self.made.places[self.made.read_again[0]]
            self.lines.append(f"table[{start}:{start + again}] = landed.first")
            self.lines.append("known[:] = landed.arrays")
        shown = [self._shown(r.x) for r in self.program.results]
        self.lines.append(f"return [{', '.join(shown)}]")

    def _shown(self, x: Any) -> str:
        if isinstance(x, Variable):
            return self._variable(self.plan.ends.get(x, x))
        return self._x(x)

    def _lay(self, place: Slot, x: Any) -> None:
        end = self.plan.ends.get(x, x) if isinstance(x, Variable) else x
        if isinstance(end, Variable) and end in self.made.alias:
            return
        shown = self._shown(x)
        if isinstance(place, Leaf) and place.place is None:
            node = self._name(place.node, "p")
            if isinstance(place, Gradient):
                self.lines.append(f"{node}.grad = {shown}")
                return
            self.lines.append(f"{node}._data = {shown}")
            self.lines.append(f"{node}.number = next_number()")
        else:
            self.lines.append(f"{self._name(place, 'place')}.write(given, {shown})")


def _nothing() -> None:
    """Stand for a weak reference to an array that was never there."""


def _view(x: Any, layout: Layout) -> np.ndarray:
    """See a root's array as a layout has it."""
    x = np.asarray(x)
    step = x.itemsize
    strides = tuple(s * step for s in layout.strides)
    return np.ndarray(layout.shape, x.dtype, x, layout.offset * step, strides)


def _alone(x: Any) -> Any:
    """Give an array that is no view of another."""
    return x.copy() if isinstance(x, np.ndarray) and x.base is not None else x


def in_kernels(program: Program, instead: Runner, drawn: list[Rng | None]) -> Runner:
    """Give a program as a function that runs it in kernels.

    Parameters
    ----------
    program : Program
    instead : callable
        Computes it where the kernels find a guard that does not hold, or an index that is outside:
        it gives None, or raises, or knows better.
    drawn : list
        The generators that the program draws from, which are put back for that; None stands for
        the process's.
    """
    return KernelText(NumbaProgram(program), instead, drawn).function()
