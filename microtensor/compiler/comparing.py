"""How do two programs differ? Instruction by instruction: removed, added, changed.

Instructions are matched in order, by what they compute of what kind; their names, which count
results, do not matter. Those that match must read what matches, or one has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from .identifiers import comment
from .listing import Names, Row, guards_of, kind_of, rows, rows_of, value_of, widths_of
from .naming import named
from .programs import Instruction, Program, Variable, variables_in


@dataclass
class Difference:
    """What one program has and another has not.

    Attributes
    ----------
    names : tuple of str
        The two programs'.
    removed, added : list of Row
        Lines of the first alone, and of the second alone.
    changed : list of (Row, Row)
        Lines of both that say something else.
    """

    names: tuple[str, str]
    removed: list[Row]
    added: list[Row]
    changed: list[tuple[Row, Row]]

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.changed)

    def __str__(self) -> str:
        first, second = map(comment, self.names)
        if not self:
            return f"{first} and {second} are the same program"
        counts = (len(self.removed), "removed"), (len(self.added), "added")
        told = [f"{n} {word}" for n, word in (*counts, (len(self.changed), "changed")) if n]
        lines = [f"from {first} to {second}: {', '.join(told)}"]
        pairs = [x for pair in self.changed for x in pair]
        widths = widths_of([*self.removed, *self.added, *pairs])
        phase = None
        for row, sign in self._signed():
            if row.phase != phase:
                phase = row.phase
                lines += ["", f"  {phase}"]
            first, *more = row.text(*widths)
            lines += [f"  {sign} {first}", *(f"    {line}" for line in more)]
        return "\n".join(lines)

    def _signed(self) -> Iterator[tuple[Row, str]]:
        """Give all lines phase by phase, each with its sign."""
        everything = [(row, "-") for row in self.removed]
        for old, new in self.changed:
            everything += [(old, "-"), (new, "+")]
        everything += [(row, "+") for row in self.added]
        order = ["inputs", "forward", "backward", "update", "rests on", "results", "writes"]
        return iter(sorted(everything, key=lambda entry: order.index(entry[0].phase)))


def difference(a: Program, b: Program) -> Difference:
    """Compare two programs.

    Examples
    --------
    >>> import microtensor as mt
    >>> a = mt.trace(lambda x: np.sum(np.tanh(x)))(np.ones(3))
    >>> b = mt.trace(lambda x: np.sum(np.exp(x)))(np.ones(3))
    >>> print(difference(a, b))
    from lambda to lambda: 1 changed
    <BLANKLINE>
      forward
      - h0    float64 (3,)  tanh(x)
      + exp0  float64 (3,)  exp(x)
    """
    return _Comparison(a, b).found


class _Comparison:
    def __init__(self, a: Program, b: Program) -> None:
        self.names: tuple[Names, Names] = named(a), named(b)
        self.found = Difference((a.name, b.name), [], [], [])
        self.same: dict[Variable, Variable] = {}  # variables of a, and those of b that they match
        self._inputs(a, b)
        self._instructions(a.instructions, b.instructions)
        self._ends(a, b)

    def _inputs(self, a: Program, b: Program) -> None:
        """Match inputs by their names, which come from where they lie."""
        sides = [
            {names[x]: x for x in (*(v for _, v in program.inputs), *program.constants)}
            for program, names in zip((a, b), self.names, strict=True)
        ]
        lines = [{row.name: row for row in rows(p) if row.phase == "inputs"} for p in (a, b)]
        for name, x in sides[0].items():
            if name in sides[1]:
                self.same[x] = sides[1][name]
        constants = a.constants, b.constants
        self._texts(*lines)
        for x, y in self.same.items():
            both = x in constants[0] and y in constants[1]
            if both and not np.array_equal(constants[0][x], constants[1][y], equal_nan=True):
                row, other = lines[0][self.names[0][x]], lines[1][self.names[1][y]]
                self.found.changed.append((row, replace(other, call="constant of other numbers")))

    def _texts(self, a: dict[str, Row], b: dict[str, Row]) -> None:
        for name in [*a, *(n for n in b if n not in a)]:
            if name not in b:
                self.found.removed.append(a[name])
            elif name not in a:
                self.found.added.append(b[name])
            elif a[name] != b[name]:
                self.found.changed.append((a[name], b[name]))

    def _instructions(self, a: list[Instruction], b: list[Instruction]) -> None:
        keys = [_key(ins) for ins in a], [_key(ins) for ins in b]
        for word, i, j, k, m in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
            if word == "equal":
                for x, y in zip(a[i:j], b[k:m], strict=True):
                    self._matched(x, y)
            else:
                self._replaced(a[i:j], b[k:m])

    def _matched(self, x: Instruction, y: Instruction) -> None:
        if not self._reads_the_same(x, y):
            self._change(x, y)  # if it says so; what has another name is told where it has it
        self._call_the_same(x, y)

    def _call_the_same(self, x: Instruction, y: Instruction) -> None:
        for old, new in zip(x.outputs, y.outputs, strict=False):
            if old is not None and new is not None:
                self.same[old] = new

    def _reads_the_same(self, x: Instruction, y: Instruction) -> bool:
        pairs = zip(x.reads(), y.reads(), strict=False)
        return all(self.same.get(old) is new for old, new in pairs)

    def _replaced(self, a: list[Instruction], b: list[Instruction]) -> None:
        """Pair what stands in one another's place: as many as there are, of one kind of result."""
        for x, y in zip(a, b, strict=False):
            if _kinds(x) == _kinds(y):
                self._change(x, y)
                self._call_the_same(x, y)
            else:
                self._add(self.found.removed, x, 0)
                self._add(self.found.added, y, 1)
        for x in a[len(b) :]:
            self._add(self.found.removed, x, 0)
        for y in b[len(a) :]:
            self._add(self.found.added, y, 1)

    def _change(self, x: Instruction, y: Instruction) -> None:
        pairs = zip(rows_of(x, self.names[0]), rows_of(y, self.names[1]), strict=False)
        is_other = _key(x) != _key(y)
        self.found.changed += [(old, new) for old, new in pairs if is_other or old != new]

    def _add(self, lines: list[Row], ins: Instruction, side: int) -> None:
        lines += rows_of(ins, self.names[side])

    def _ends(self, a: Program, b: Program) -> None:
        """Compare what is rested on, given back and written, by where it goes."""
        first, second = _ends_of(a), _ends_of(b)
        for key in [*first, *(k for k in second if k not in first)]:
            if key not in second:
                self.found.removed.append(first[key][0])
            elif key not in first:
                self.found.added.append(second[key][0])
            else:
                (old, x), (new, y) = first[key], second[key]
                same = self.same.get(x) is y if isinstance(x, Variable) else _equal(x, y)
                if old != new and not (same and (old.kind, old.call) == (new.kind, new.call)):
                    self.found.changed.append((old, new))


def _ends_of(program: Program) -> dict[tuple, tuple[Row, Any]]:
    """Give the last lines of a listing and what each is about, by the place that it goes to."""
    lines = [row for row in rows(program) if row.phase in ("rests on", "results", "writes")]
    things = [x for x, _ in guards_of(program)] + [r.x for r in program.results]
    things += [x for _, x in program.writes]
    found: dict[tuple, tuple[Row, Any]] = {}
    for row, x in zip(lines, things, strict=True):
        key, n = (row.phase, row.name if row.phase == "rests on" else row.call), 0
        while (*key, n) in found:
            n += 1
        found[(*key, n)] = (row, x)
    return found


def _key(ins: Instruction) -> tuple:
    """Give what instructions have in common that match: all but which variables they read."""
    operands = tuple(_shape(x) for x in ins.operands)
    options = tuple((k, _shape(x)) for k, x in sorted(ins.options.items()))
    return (ins.name, ins.phase, ins.module, operands, options, _kinds(ins))


def _kinds(ins: Instruction) -> tuple[str, ...]:
    return tuple("" if x is None else kind_of(x) for x in ins.outputs)


def _shape(x: Any) -> str:
    if isinstance(x, Variable):
        return kind_of(x)
    return value_of(x, {v: kind_of(v) for v in variables_in(x)})


def _equal(x: Any, y: Any) -> bool:
    return x is y or (type(x) is type(y) and bool(np.array_equal(x, y)))
