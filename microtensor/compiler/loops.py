"""How is a nest written? As loops of Numba's Python, over pointers to the arrays' memory.

A nest's arrays are ``a0, a1, ...`` in the order in which it meets them, its numbers in registers
``r0, r1, ...``. No name of a user's is in the text, so nests that do the same in several places of
a program have the same text, and are compiled once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernel_numbers import cast, combined, constant, kept, loaded, start_of, zero
from .layouts import Layout, in_order, steps_of
from .nests import RESULT, Member, Nest, split
from .programs import Variable
from .works import dtype_of, picked, way_of

FEW = 8  # times; a shorter loop is unrolled
LONG = 4096  # entries; more than that are summed in float64


class Loops:
    """The text of one nest.

    Attributes
    ----------
    text : str
        A function called ``nest``.
    arrays : list of (Variable, int, dtype)
        What its arguments point to: the memory of a variable, from an entry on.
    """

    def __init__(
        self,
        nest: Nest,
        stored: set[Variable],
        scratch: dict[Variable, Variable],
        alias: dict[Variable, Variable],
    ) -> None:
        """Write a nest that stores what is in ``stored``, or a row of it in its ``scratch``.

        What has an ``alias`` is stored where that lies.
        """
        self.alias = alias
        self.nest, self.stored, self.scratch = nest, stored, scratch
        self.lengths = nest.lengths()
        self.row = nest.size if nest.row is None else nest.row
        self.outer, self.inner = split(self.lengths, self.row)
        self.arrays: list[tuple[Variable, int, np.dtype]] = []
        self.registers: dict[Variable, tuple[str, np.dtype]] = {}
        self.sums: dict[Variable, tuple[str, np.dtype]] = {}
        self.lines: list[str] = []
        self._depth = 1
        self._count = 0
        self._visit = 0
        # Told at run time, a length leaves the loop whole; of a constant one, LLVM makes so many
        # statements, and does not see that eight of them are one instruction of the processor.
        self.counts = [n for n in self.lengths if n >= FEW]
        self._names = self._names_of_lengths()
        self._sizes = self._names_of_sizes()
        self._write()
        names = [f"a{i}" for i in range(len(self.arrays))]
        given = ", ".join([*names, "count"] if self.counts else names)
        self.text = f"def nest({given}):\n" + "\n".join(self.lines) + "\n"

    def _names_of_lengths(self) -> list[str]:
        """Name the length of each loop, or write the number."""
        told = iter(range(len(self.counts)))
        return [f"n{next(told)}" if n >= FEW else str(n) for n in self.lengths]

    def _names_of_sizes(self) -> dict[int, str]:
        """Write how many entries each loop runs over, with those inside of it."""
        found, size, text = {}, 1, ""
        for n, name in zip(reversed(self.lengths), reversed(self._names), strict=True):
            size, text = size * n, f"{name} * {text}" if text else name
            found[size] = text if any(c.isalpha() for c in text) else str(size)
        return found

    def _size(self, n: int) -> str:
        """Write a number of entries: by the lengths of loops where they make it up."""
        return self._sizes.get(n, str(n))

    # The loops

    def _write(self) -> None:
        members = list(self.nest.members.values())
        for k in range(len(self.counts)):
            self._line(f"n{k} = count[{k}]")
        for m in members:
            self._begin(m)
        at = self._depth
        for k, name in enumerate(self._names[: len(self.outer)]):
            self._open(f"i{k}", name)
        for visit in range(self.nest.visits + 1):
            self._visit = visit
            if visit:
                self._forget()
            for m in members:
                if m.level == "row" and m.stage == visit:
                    self._compute(m)
            inside = [m for m in members if m.level == "entry" and m.stage == visit]
            if inside:
                self._row(inside)
        self._depth = at
        for m in members:
            self._finish(m)
        for m in members:
            if m.level == "end":
                self._compute(m)
        if not self.lines:
            self._line("pass")

    def _row(self, members: list[Member]) -> None:
        for m in members:
            if m.work.reduces and self._by_row(m):
                self._start(m)
        at = self._depth
        for k, name in enumerate(self._names[len(self.outer) :]):
            self._open(f"j{k}", name)
        for m in members:
            self._compute(m)
        self._depth = at
        for m in members:
            if m.work.reduces and self._by_row(m):
                self._end_of_row(m)

    def _open(self, name: str, n: str) -> None:
        self._line(f"for {name} in range({n}):")
        self._depth += 1

    def _forget(self) -> None:
        """Drop what was computed at an entry: the next visit has to read it again."""
        for v in list(self.registers):
            member = self.nest.members.get(v)
            if member is None or not (self.nest.given_by_row(member) or member.level == "end"):
                del self.registers[v]

    def _line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text)

    # Sums

    def _by_row(self, m: Member) -> bool:
        """Tell whether a sum is made in a register, for each row."""
        return m.work.told != RESULT and self.inner != () and not any(self._result(m)[-1:])

    def _scalar(self, m: Member) -> bool:
        return m.late and m.work.output.size == 1

    def _begin(self, m: Member) -> None:
        """Begin the sums that are there after all loops."""
        if not m.late:
            return
        if self._scalar(m):
            self._start(m)
            return
        v = m.work.output
        array = self._array(v, 0)
        self._line(f"for k in range({self._size(v.size)}):")
        self._line(f"    {array}[k] = {kept(start_of(m, dtype_of(v)), v)}")

    def _start(self, m: Member) -> None:
        v = m.work.output
        if v in self.sums:
            return
        dtype = dtype_of(v)
        terms = self.nest.size if self._scalar(m) else self.row
        if m.work.ins.fn is np.sum and dtype == np.float32 and terms > LONG:
            dtype = np.dtype(np.float64)
        name = self._new()
        self.sums[v] = name, dtype
        self._line(f"{name} = {start_of(m, dtype)}")

    def _end_of_row(self, m: Member) -> None:
        if self._scalar(m):
            return
        v = m.work.output
        name, dtype = self.sums.pop(v)
        given = cast(name, dtype, dtype_of(v))
        if m.late:
            self._add_to(m, given)
            return
        if given != name:
            register = self._new()
            self._line(f"{register} = {given}")
            name = register
        self.registers[v] = name, dtype_of(v)
        self._store(m)

    def _add_to(self, m: Member, given: str) -> None:
        """Add to the sums that lie in memory."""
        v = m.work.output
        place = f"{self._array(v, 0)}[{self._index(self._result(m))}]"
        found = combined(m, loaded(place, dtype_of(v)), given, plain=True)
        self._line(f"{place} = {kept(found, v)}")

    def _finish(self, m: Member) -> None:
        if m.late and self._scalar(m):
            v = m.work.output
            name, dtype = self.sums.pop(v)
            self.registers[v] = name, dtype
            if dtype != dtype_of(v):
                register = self._new()
                self._line(f"{register} = {cast(name, dtype, dtype_of(v))}")
                self.registers[v] = register, dtype_of(v)
            if v in self.stored:
                self._line(f"{self._array(v, 0)}[0] = {kept(self.registers[v][0], v)}")

    # One instruction

    def _compute(self, m: Member) -> None:
        work, v = m.work, m.work.output
        if work.told == RESULT:
            self._scatter(m)
            return
        if not work.reduces:
            expression = self._expression(m)
            self.registers[v] = self._new(), dtype_of(v)
            self._line(f"{self.registers[v][0]} = {expression}")
            self._store(m)
            return
        given = self._term(m)
        if v in self.sums:
            name, dtype = self.sums[v]
            self._line(f"{name} = {combined(m, name, given(dtype))}")
        else:
            self._add_to(m, given(dtype_of(v)))

    def _term(self, m: Member) -> Any:
        """Give what is added at an entry, as a function of the dtype that is wanted."""
        if m.work.ins.fn is picked:
            x, rows, columns = (self._read(x, m) for x in m.work.operands)
            return lambda dtype: (
                f"{cast(*x, dtype)} if {rows[0]} == {columns[0]} else {zero(dtype)}"
            )
        x = self._read(m.work.operands[0], m)
        return lambda dtype: cast(*x, dtype)

    def _scatter(self, m: Member) -> None:
        work, v = m.work, m.work.output
        x, at = (self._read(x, m) for x in work.operands)
        index = self._index(
            self._steps(work.result.strides, m), f"{at[0]} * {self._size(work.apart)}"
        )
        place = f"{self._array(v, 0)}[{index}]"
        self._line(f"if (0 <= {at[0]}) & ({at[0]} < {v.shape[0]}):")
        self._line(f"    {place} = {place} + {cast(*x, dtype_of(v))}")

    def _expression(self, m: Member) -> str:
        work, ins, out = m.work, m.work.ins, dtype_of(m.work.output)
        if work.told is not None:
            return self._told(m)
        read = [self._read(x, m) for x in work.operands]
        if ins.fn.__name__ == "less_at":
            x, rows, columns, share = read
            d = cast(*x, out)
            return f"{d} - {cast(*share, out)} if {rows[0]} == {columns[0]} else {d}"
        way, _, dtype = way_of(ins)  # type: ignore[misc]  # it is work, so there is one
        given = []
        for i, (name, own) in enumerate(read):
            wanted = dtype
            if dtype is None:
                wanted = (
                    own if (i == 0 and "if {0}" in way) or (i == 1 and "if {1}" in way) else out
                )
                if ins.fn.__name__ == "outside":
                    wanted = own
            given.append(cast(name, own, wanted))
        taken = out if dtype is None else dtype
        way = (
            way.replace("dtype", np.dtype(taken).name)
            .replace("one", constant(1, taken))
            .replace("zero", constant(0, taken))
        )
        found = way.format(*given)
        if dtype is None or dtype == out:  # Numba computes with small integers as with large ones
            small = out.kind in "iu" and out.itemsize < 8
            return f"{out.name}({found})" if small else found
        if "?" not in (np.dtype(dtype).char, out.char):
            found = cast(f"({found})", dtype, out)
        return found

    def _told(self, m: Member) -> str:
        """Read in the row that an integer tells; where there is none, the first."""
        work = m.work
        x: Layout = work.operands[0]
        at = self._read(work.operands[1], m)[0]
        rows = work.ins.operands[0].shape[0]
        place = self._new()
        self._line(f"{place} = int64({at}) if (0 <= {at}) & ({at} < {rows}) else int64(0)")
        array = self._array(x.root, x.offset)
        index = self._index(self._steps(x.strides, m), f"{place} * {self._size(work.apart)}")
        found = loaded(f"{array}[{index}]", dtype_of(x.root))
        return cast(found, dtype_of(x.root), dtype_of(work.output))

    # Numbers

    def _read(self, x: Any, m: Member) -> tuple[str, np.dtype]:
        """Give an operand: a register, or what is read into one; and its dtype."""
        if not isinstance(x, Layout):
            dtype = np.dtype(float) if isinstance(x, float) else np.asarray(x).dtype
            return constant(x, dtype), dtype
        if x.root in self.registers:
            return self.registers[x.root]
        dtype = dtype_of(x.root)
        if x.root in self.scratch and x.root not in self.stored:
            inside = (*(0,) * len(self.outer), *in_order(self.inner))
            found = f"{self._array(self.scratch[x.root], 0)}[{self._index(inside)}]"
        else:
            array = self._array(x.root, x.offset)
            found = f"{array}[{self._index(self._steps(x.strides, m))}]"
        return loaded(found, dtype), dtype

    def _steps(self, strides: tuple[int, ...], m: Member) -> tuple[int, ...]:
        """Give the step of each loop through an array that has strides over a member's domain."""
        if m.level == "end" or m.work.size == 1:
            return (0,) * len(self.lengths)
        over = self.outer if m.level == "row" else self.lengths
        steps = steps_of(m.work.domain, strides, over)
        return steps + (0,) * (len(self.lengths) - len(steps))

    def _result(self, m: Member) -> tuple[int, ...]:
        return self._steps(m.work.result.strides, m)

    def _index(self, steps: tuple[int, ...], start: str = "") -> str:
        names = [f"i{k}" for k in range(len(self.outer))]
        names += [f"j{k}" for k in range(len(self.inner))]
        terms = [start] if start else []
        for name, step in zip(names, steps, strict=False):
            if step:
                terms.append(name if step == 1 else f"{name} * {self._size(step)}")
        return " + ".join(terms) or "0"

    def _store(self, m: Member) -> None:
        v, result = m.work.output, m.work.result
        name = self.registers[v][0]
        if v in self.stored:
            array = self._array(result.root, result.offset)
            steps = self._result(m)
            if m.work.reduces:
                steps = (*in_order(self.outer), *(0,) * len(self.inner))
            self._line(f"{array}[{self._index(steps)}] = {kept(name, v)}")
        elif v in self.scratch:
            inside = (*(0,) * len(self.outer), *in_order(self.inner))
            array = self._array(self.scratch[v], 0)
            self._line(f"{array}[{self._index(inside)}] = {kept(name, v)}")

    def _array(self, root: Variable, offset: int) -> str:
        root = self.alias.get(root, root)
        key = root, offset, dtype_of(root)
        if key not in self.arrays:
            self.arrays.append(key)
        return f"a{self.arrays.index(key)}"

    def _new(self) -> str:
        self._count += 1
        return f"r{self._count - 1}"
