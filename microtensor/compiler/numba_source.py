"""How does a program run in Numba? As lines of kernels, and what Python does between them.

A table holds the address of every array that a kernel reads or writes. What is computed on the way
lies in one workspace, whose addresses never change; an array that is given anew, or leaves the
program, has its address written into the table, unless it is the one that was there before.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..workspaces import LINE, laid_out
from .kernels import Call, Check, Plan
from .kernels_in_place import written_in_place
from .landings import address
from .loops import Loops
from .machine import COUNTS, blas, compiled, numba
from .nests import Nest
from .products import Product, leading
from .programs import Program, Variable
from .slots import Leaf
from .works import dtype_of, is_stored

_HERE = 0  # the place in the table that holds 0: what is added to it is an address


class NumbaProgram:
    """A program, its kernels, and the memory that they work in.

    Attributes
    ----------
    table : list of int
        The address of each array that lies still, 0 for the others.
    codes : list of array or Call
        The lines of kernels, as `machine.runner` reads them, and what Python calls between them.
    kernels : list of str
        The text of each nest of loops, in order.
    """

    def __init__(self, program: Program) -> None:
        numba()
        self.program, self.plan = program, Plan(program)
        self.kernels: list[str] = []
        self.table: list[int] = [0]
        self.places: dict[Variable, int] = {}  # in the table, of roots
        self.cells: dict[Variable, np.ndarray] = {}  # of single numbers
        self.arrays: dict[Variable, np.ndarray] = {}  # what lies still
        self.read_again: list[Variable] = []  # inputs whose next numbers are results
        self.landing: list[Variable] = []  # the results that are arrays, those numbers first
        self.held: list[Any] = []
        self._users: Counter[Variable] = Counter()  # nodes that look at a root
        self.spans = self._needed_when()
        self._ends = set(self.plan.ends.values())
        self.alias = written_in_place(self.plan, self.spans)
        self._stored = {n: self._stored_by(n) for _, n in self._nests()}
        self._scratch = {n: self._scratch_of(n) for _, n in self._nests()}
        self._lay_out()
        self.codes = self._codes()

    def _nests(self) -> list[tuple[int, Nest]]:
        return [(i, n) for i, n in enumerate(self.plan.nodes) if isinstance(n, Nest)]

    # What is needed when

    def _needed_when(self) -> dict[Variable, tuple[int, int]]:
        """Tell in which node each root is used first, and in which last."""
        spans: dict[Variable, tuple[int, int]] = {}
        for i, node in enumerate(self.plan.nodes):
            for v in self._roots(node):
                first, last = spans.get(v, (i, i))
                # What is called may keep what it is given, for its rule.
                spans[v] = first, max(last, len(self.plan.nodes) if isinstance(node, Call) else i)
                self._users[v] += 1
        return spans

    def _roots(self, node: Any) -> set[Variable]:
        found = {self.plan.layout(v).root for v in node.roots()}
        if isinstance(node, Nest):
            found |= {m.work.result.root for m in node.members.values()}
        return found

    def _stored_by(self, nest: Nest) -> set[Variable]:
        """List what a nest has to leave in memory."""
        stored = set()
        for v, m in nest.members.items():
            root = m.work.result.root
            used = root in self._ends or self._users[root] > 1
            if root is not v or used or (m.late and v.size > 1):
                stored.add(v)
        return stored

    def _scratch_of(self, nest: Nest) -> dict[Variable, Variable]:
        """Give a row of memory for what is asked for once more when the row is visited again."""
        scratch: dict[Variable, Variable] = {}
        for m in nest.members.values():
            for x in m.work.layouts():
                made = nest.members.get(x.root)
                if made is None or x.root in self._stored[nest] or nest.given_by_row(made):
                    continue
                if made.level == "entry" and not made.late and made.stage < m.stage:
                    row = nest.row or 1
                    scratch[x.root] = Variable("row", (row,), dtype_of(x.root))
        return scratch

    # Memory

    def _lay_out(self) -> None:
        for v, x in self.plan.constants.items():
            if isinstance(x, np.ndarray) and is_stored(v):
                self._still(v, np.ascontiguousarray(x))
        self._land()
        for _, v in self.program.inputs:
            if is_stored(v) and v not in self.places:
                self._given(v)
        own: list[tuple[Variable, int, int]] = []
        for i, node in enumerate(self.plan.nodes):
            if isinstance(node, Call):
                for v in node.ins.outputs:
                    if v is not None and is_stored(v):
                        self._given(v)
                continue
            for v in self._roots(node):
                if v in self.places or v in self.alias or self._is_passing(node, v):
                    continue
                if not v.shape:
                    self._cell(v)
                else:
                    self.places[v] = -1
                    own.append((v, *self.spans[v]))
            if isinstance(node, Nest):
                own += [(v, i, i) for v in self._scratch[node].values()]
        offsets, total = laid_out((_bytes(v), first, last) for v, first, last in own)
        self.workspace = _memory(total)
        for (v, _, _), offset in zip(own, offsets, strict=True):
            n = v.size * dtype_of(v).itemsize
            self._still(v, self.workspace[offset : offset + n].view(dtype_of(v)).reshape(v.shape))

    def _land(self) -> None:
        """Give the results places in a row, and those that they take the place of."""
        nodes, made = self.plan.nodes, self.plan.made
        for v in self.plan.ends.values():
            computed = v.shape and not isinstance(nodes[made[v]], Call)
            if computed and v not in self.landing and v not in self.alias:
                self.landing.append(v)
        places = {place.key: v for place, v in self.program.inputs if v in self.spans}
        pairs: dict[Variable, Variable] = {}
        for place, x in self.program.writes:
            end = self.plan.ends.get(x) if isinstance(x, Variable) else None
            before = places.get(place.key)
            if not isinstance(place, Leaf) or before is None or end not in self.landing:
                continue
            if end not in pairs and (before.shape, before.dtype) == (end.shape, end.dtype):
                pairs[end] = before
        self.read_again = list(pairs.values())
        self.landing = [*pairs, *(v for v in self.landing if v not in pairs)]
        for v in (*self.read_again, *self.landing):
            self._place(v, 0)

    def _is_passing(self, node: Any, v: Variable) -> bool:
        """Tell whether a variable is in a register only, or stands for part of another."""
        if not isinstance(node, Nest) or v not in node.members:
            return False
        return v not in self._stored[node] or node.members[v].work.result.root is not v

    def _given(self, v: Variable) -> None:
        if v.shape:
            self._place(v, 0)
        else:
            self._cell(v)

    def _cell(self, v: Variable) -> None:
        self.cells[v] = np.zeros(1, dtype_of(v))
        self._place(v, address(self.cells[v]))

    def _still(self, v: Variable, x: np.ndarray) -> None:
        self.arrays[v] = x
        self._place(v, address(x))

    def _place(self, v: Variable, address: int) -> None:
        self.places[v] = len(self.table)
        self.table.append(address)

    # Kernels

    def _codes(self) -> list[Any]:
        """Give the lines of kernels, and the calls between them, in order."""
        found: list[Any] = []
        line: list[list[int]] = []
        for node in self.plan.nodes:
            if isinstance(node, Call):
                found += [self._code(line), node] if line else [node]
                line = []
            elif isinstance(node, Check):
                line.append([0, 1, *self._pointer(node.bad, 0)])  # code 0: a question
            elif isinstance(node, Product):
                line += self._product(node)
            else:
                line.append(self._nest(node))
        return [*found, self._code(line)] if line else found

    def _code(self, line: list[list[int]]) -> np.ndarray:
        return np.array([len(line), *(x for call in line for x in call)], np.int64)

    def _pointer(self, root: Variable, offset: int) -> tuple[int, int]:
        root = self.plan.layout(root).root
        root = self.alias.get(root, root)
        return self.places[root], offset * dtype_of(root).itemsize

    def _constant(self, x: np.ndarray) -> tuple[int, int]:
        """Point to numbers of our own."""
        self.held.append(x)
        return _HERE, address(x)

    def _nest(self, nest: Nest) -> list[int]:
        loops = Loops(nest, self._stored[nest], self._scratch[nest], self.alias)
        dtypes = [dtype for _, _, dtype in loops.arrays]
        pointers = [self._pointer(root, offset) for root, offset, _ in loops.arrays]
        if loops.counts:
            dtypes.append(np.dtype(np.int64))
            pointers.append(self._constant(np.array(loops.counts)))
        self.kernels.append(loops.text)
        address = compiled(loops.text, tuple(dtypes))
        pointers += [(_HERE, 0)] * (next(n for n in COUNTS if n >= len(pointers)) - len(pointers))
        return [address, len(pointers), *(x for pointer in pointers for x in pointer)]

    def _product(self, product: Product) -> list[list[int]]:
        """Call GEMM for each matrix of a batch.

        BLAS counts by columns, and ``c = a @ b`` by rows is ``c' = b' a'`` by columns.
        """
        (m, k), n = product.a.shape[-2:], product.b.shape[-1]
        (a_turned, a_step), (b_turned, b_step) = leading(product.a), leading(product.b)  # type: ignore[misc]
        integers = np.array([n, m, k, b_step, a_step, n], np.int32)
        numbers = np.array([1, 0], product.dtype)
        letters = np.array([ord("T" if turned else "N") for turned in (b_turned, a_turned)], "u1")
        i, x, t = (self._constant(held)[1] for held in (integers, numbers, letters))
        routine = blas("sgemm" if product.dtype == np.float32 else "dgemm")
        size = product.dtype.itemsize
        calls = []
        for at_a, at_b, at_c in product.matrices():
            still = [(_HERE, t), (_HERE, t + 1), (_HERE, i), (_HERE, i + 4), (_HERE, i + 8)]
            a, b, c = (
                self._pointer(of.root, at)
                for of, at in ((product.a, at_a), (product.b, at_b), (product.c, at_c))
            )
            pointers = [
                *still, (_HERE, x), b, (_HERE, i + 12), a, (_HERE, i + 16), (_HERE, x + size),
                c, (_HERE, i + 20),
            ]  # fmt: skip
            calls.append([routine, len(pointers), *(y for p in pointers for y in p)])
        return calls


def _bytes(v: Variable) -> int:
    return v.size * dtype_of(v).itemsize


def _memory(n: int) -> np.ndarray:
    """Give bytes that begin where a line of the cache does."""
    whole = np.zeros(n + LINE, np.uint8)
    start = -address(whole) % LINE
    return whole[start : start + n]
