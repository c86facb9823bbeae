"""What becomes one kernel? Nests of loops, matrix products, and what stays a call of Python's.

Instructions are taken in order. One that loops can do joins the nest in which it finds its
operands, or a later one that looks at the same arrays, or begins another. Nothing is computed
twice, and since a program gives each name once, what is computed earlier disturbs nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.joining import _concatenate
from .layouts import Layout, in_order, view_layout
from .nests import MOST, Nest
from .products import product_of
from .programs import Instruction, Program, Variable
from .works import Work, copied, differs, dtype_of, is_stored, outside, told_places, work_of

_JOINS = (np.concatenate, _concatenate)


@dataclass(eq=False)
class Call:
    """An instruction that Python computes, on arrays."""

    ins: Instruction

    def roots(self) -> set[Variable]:
        return {v for v in (*self.ins.reads(), *self.ins.outputs) if v is not None}


@dataclass(eq=False)
class Check:
    """The point from which on the program is the right one, if ``bad`` is not true."""

    bad: Variable

    def roots(self) -> set[Variable]:
        return {self.bad}


class Plan:
    """A program as a line of nests, products and calls.

    Attributes
    ----------
    nodes : list of Nest, Product, Call or Check
    layouts : dict of Variable to Layout
        Where each variable lies.
    ends : dict of Variable to Variable
        What leaves the program in the place of a view, or of what leaves twice.
    constants : dict of Variable to array
    bad : Variable or None
        Whether a guard does not hold, or an index is outside.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes: list[Any] = []
        self.layouts: dict[Variable, Layout] = {}
        self.constants: dict[Variable, Any] = dict(program.constants)
        self.made: dict[Variable, int] = {}  # the node that computes a root, the last if several
        self.ends: dict[Variable, Variable] = {}
        self.bad: Variable | None = None
        self._known: dict[Any, Variable] = {}
        self._positions: dict[Any, int] = {}  # of nodes
        self._looking: dict[Variable, list[Nest]] = {}  # nests, by the arrays that they look at
        self._waiting: dict[Variable, Work] = {}
        self._numbers: list[Nest] = []  # those that compute single numbers
        self._checks: list[Variable] = []
        self._checked: set[tuple[Variable, int]] = set()
        self._phase, self._asking = "forward", False
        for ins in program.instructions:
            self._phase = ins.phase
            self._take(ins)
        self._wait_no_longer()
        self._leave()
        self._wait_no_longer()
        self._check()

    def layout(self, x: Variable) -> Layout:
        return self.layouts.get(x) or Layout.of(x)

    # One instruction

    def _take(self, ins: Instruction) -> None:
        self._awaited(ins)
        x = ins.operands[0] if ins.operands else None
        if isinstance(x, Variable) and is_stored(x) and len(ins.outputs) == 1:
            seen = view_layout(ins, self.layout(x))
            if seen is not None:
                self.layouts[ins.output] = seen
                return
        if ins.fn is np.mean and self._mean(ins):
            return
        if ins.fn in _JOINS and self._joined(ins):
            return
        if ins.fn is np.reshape and isinstance(x, Variable):  # not in order: copied first
            y = self._made(copied, x)
            shape = ins.output.shape
            self.layouts[ins.output] = Layout(y, 0, in_order(shape), shape)
            return
        work = work_of(ins, self.layout, self.constant)
        if work is not None and len(work.operands) < MOST - 1:
            self._told(ins)
            self._place(work)
            return
        product = product_of(ins, self.layout, self._in_order)
        if product is not None:
            self._append(product, [ins.output])
            return
        self._append(Call(ins), [v for v in ins.outputs if v is not None])

    def _mean(self, ins: Instruction) -> bool:
        x = ins.operands[0]
        if not isinstance(x, Variable) or x.dtype is None or x.dtype.kind != "f" or not x.size:
            return False
        if ins.output.dtype != x.dtype or not ins.options.keys() <= {"axis", "keepdims"}:
            return False
        total = Variable(ins.output.name, ins.output.shape, x.dtype)
        self._take(Instruction(np.sum, (x,), ins.options, [total], ins.phase, ins.module))
        n = x.dtype.type(x.size // ins.output.size)
        self._take(Instruction(np.true_divide, (total, n), {}, ins.outputs, ins.phase, ins.module))
        return True

    def _joined(self, ins: Instruction) -> bool:
        """Copy each operand of a concatenation to its place."""
        out, axis = ins.output, ins.options.get("axis", 0)
        alike = all(isinstance(x, Variable) and x.dtype == out.dtype for x in ins.operands)
        if not alike or not is_stored(out) or axis is None or not out.size:
            return False
        own, start = Layout.of(out), 0
        axis %= len(out.shape)
        for x in ins.operands:
            if x.size:
                piece = Variable(x.name, x.shape, x.dtype)
                made = Instruction(copied, (x,), {}, [piece], ins.phase, ins.module)
                where = Layout(out, start * own.strides[axis], own.strides, x.shape)
                self._place(Work(made, x.shape, [self.layout(x)], where), may_wait=False)
            start += x.shape[axis]
        return True

    def _made(self, fn: Any, x: Variable, *more: Any, like: Any = None) -> Variable:
        """Compute something of our own, such as a copy."""
        dtype = dtype_of(x) if like is None else np.dtype(like)
        y = Variable(x.name, x.shape, dtype)
        self._take(Instruction(fn, (x, *more), {}, [y], self._phase))
        return y

    def _in_order(self, x: Layout) -> Layout:
        """Copy a view whose entries do not follow each other in memory."""
        seen = Variable(x.root.name, x.shape, x.root.dtype)
        self.layouts[seen] = x
        return Layout.of(self._made(copied, seen))

    def constant(self, x: Any) -> Variable:
        """Give the variable of an array that is the same at each call."""
        key = x.dtype, x.shape, x.tobytes()
        if key not in self._known:
            self._known[key] = Variable("constant", x.shape, x.dtype)
            self.constants[self._known[key]] = np.ascontiguousarray(x)
        return self._known[key]

    # Where it is computed

    def _awaited(self, ins: Instruction) -> None:
        """Place what waits for an instruction, near what else that one reads."""
        roots = [self.layout(v).root for v in ins.reads()]
        for root in roots:
            if root in self._waiting:
                work = self._waiting.pop(root)
                near = {self.made[v] for v in roots if v in self.made}
                if not self._joins_any(sorted(near, reverse=True), work):
                    self._place(work, may_wait=False)

    def _wait_no_longer(self) -> None:
        for work in self._waiting.values():
            self._place(work, may_wait=False)
        self._waiting.clear()

    def _place(self, work: Work, may_wait: bool = True) -> None:
        """Find a nest for an instruction, or let it wait for one that reads it.

        What depends on nothing that is computed may stand anywhere.
        """
        first = max((self.made.get(x.root, -1) for x in work.layouts()), default=-1)
        if first >= 0 and self._joins(first, work):
            return
        if work.size == 1:  # numbers are computed as soon as they can be: much waits for them
            if self._asking or not self._joins_any(sorted(self._later(self._numbers, first)), work):
                self._insert(first + 1, Nest(1))
                self._numbers += [] if self._asking else [self.nodes[first + 1]]
                self._begins(first + 1, work)
            return
        if first < 0 and may_wait and not work.reduces:
            self._waiting[work.result.root] = work
            return
        looking = [n for x in work.layouts() for n in self._looking.get(x.root, ()) if n.reads(x)]
        if not self._joins_any(sorted(self._later(looking, first), reverse=True), work):
            self.nodes.append(Nest(work.size))
            self._positions[self.nodes[-1]] = len(self.nodes) - 1
            self._begins(len(self.nodes) - 1, work)

    def _later(self, nests: list[Nest], first: int) -> set[int]:
        """Give the places of those that come after a node."""
        return {self._positions[n] for n in nests if self._positions[n] > first}

    def _joins_any(self, places: list[int], work: Work) -> bool:
        return any(self._joins(i, work) for i in places)

    def _begins(self, i: int, work: Work) -> None:
        joined = self._joins(i, work)
        assert joined, f"{work.ins.name} does not even join a nest of its own"

    def _joins(self, i: int, work: Work) -> bool:
        node = self.nodes[i]
        if not isinstance(node, Nest) or not node.take(work):
            return False
        root = work.result.root
        self.made[root] = max(i, self.made.get(root, -1))
        for v in {root, *(x.root for x in work.layouts())}:
            looking = self._looking.setdefault(v, [])
            if v.size > 1 and (not looking or looking[-1] is not node):
                looking.append(node)
        return True

    def _append(self, node: Any, outputs: list[Variable]) -> None:
        self.nodes.append(node)
        self._positions[node] = len(self.nodes) - 1
        for v in outputs:
            self.made[v] = len(self.nodes) - 1

    # What must hold

    def _told(self, ins: Instruction) -> None:
        """Have an index be looked at, which NumPy would refuse if it were outside."""
        told = told_places(ins)
        if told is None:
            return
        places, n = told
        if not isinstance(places, Variable):
            places = self.constant(places)
        if (places, n) in self._checked:
            return
        self._checked.add((places, n))
        bad = self._made(outside, places, n, like=bool)
        if bad.size > 1:
            any_bad = Variable("outside", (), np.dtype(bool))
            self._take(Instruction(np.max, (bad,), {}, [any_bad], self._phase))
            bad = any_bad
        self._checks.append(bad)

    def _check(self) -> None:
        """Ask all questions as one, as soon as all can be answered."""
        self._phase, self._asking = "forward", True
        bad = list(self._checks)
        for x, answer in self.program.guards:
            bad.append(self._made(differs, x, answer, like=bool))
        if not bad:
            return
        whole = bad[0]
        for other in bad[1:]:
            whole = self._made(np.logical_or, whole, other, like=bool)
        self.bad = whole
        self._insert(self.made[self.layout(whole).root] + 1, Check(whole))

    def _insert(self, place: int, node: Any) -> None:
        self.nodes.insert(place, node)
        self.made = {v: i + (i >= place) for v, i in self.made.items()}
        for i in range(place, len(self.nodes)):
            self._positions[self.nodes[i]] = i

    # What leaves

    def _leave(self) -> None:
        """Have what leaves lie in memory of its own."""
        taken: set[Variable] = set()
        for x in self.leaving():
            if x in self.ends:
                continue
            root = self.layout(x).root
            if x in taken or not is_stored(x):
                continue
            computed = root in self.made and root.size != 0
            own = root is x and computed and root not in taken
            if root is x and not computed:  # an input leaves as it is, a constant as a copy
                if x not in self.constants:
                    continue
                own = False
            taken.add(x)
            self.ends[x] = x if own else self._copy(x)

    def _copy(self, x: Variable) -> Variable:
        y = Variable(x.name, x.shape, x.dtype, x.sample)
        self._take(Instruction(copied, (x,), {}, [y], "update"))
        return y

    def leaving(self) -> Iterator[Variable]:
        """Give what is returned or written, in order."""
        for r in self.program.results:
            if isinstance(r.x, Variable):
                yield r.x
        for _, x in self.program.writes:
            if isinstance(x, Variable):
                yield x
