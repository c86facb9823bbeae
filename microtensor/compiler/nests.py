"""Which instructions share their loops? Those that visit as many entries, in one order.

A nest is a set of loops over some entries, and instructions that are computed for each as it is
visited. Loops may be cut in rows and what is in a row. Then a sum over each row is there when the
row was visited, and the same row can be visited again: a softmax is three visits of a row, while
the row is in the processor's cache. What one instruction gives is a number in a register to the
next, if it is asked for at the very entry that is visited; else it has to be stored, and asked
for by another nest.

Legend: a member's ``level`` is "entry" (computed at each entry), "row" (once for each row) or
"end" (once, after the loops); its ``stage`` counts the visits of a row that come before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

from .layouts import Layout, in_order, loops_of, steps_of
from .programs import Instruction, Variable

MOST = 60  # arrays that one nest may look at
RESULT = -1


@dataclass(eq=False)
class Work:
    """One instruction, as loops see it.

    Attributes
    ----------
    ins : Instruction
    domain : tuple of int
        The shape of the entries that are visited to compute it.
    operands : list
        The layout, over the domain, of each operand that is an array; others as they are.
    result : Layout
        Where the results go, over the domain: with step 0 along what is reduced.
    reduces : bool
    told : int or None
        The operand that is read (or RESULT: the result that is added to) in the row that the last
        operand tells; ``apart`` is how far apart its rows are.
    """

    ins: Instruction
    domain: tuple[int, ...]
    operands: list[Any]
    result: Layout
    reduces: bool = False
    told: int | None = None
    apart: int = 0

    @property
    def output(self) -> Variable:
        return self.ins.output

    @property
    def size(self) -> int:
        return prod(self.domain)

    def direct(self) -> Iterator[Layout]:
        """Give the operands that are read where the loops are."""
        for i, x in enumerate(self.operands):
            if isinstance(x, Layout) and i != self.told:
                yield x

    def layouts(self) -> Iterator[Layout]:
        return (x for x in self.operands if isinstance(x, Layout))

    def loops(self) -> tuple[int, ...]:
        """Give the fewest loops that its arrays can be walked by."""
        return loops_of(self.domain, [self.result.strides, *(x.strides for x in self.layouts())])


@dataclass(eq=False)
class Member:
    """An instruction's place in a nest; see the legend. ``late`` is there after the loops only."""

    work: Work
    level: str
    stage: int
    late: bool = False


class Nest:
    """Loops, and what is computed in them.

    Attributes
    ----------
    size : int
        How many entries are visited.
    cuts : set of int
        How many entries each loop but the outermost runs over, with those inside of it.
    row : int or None
        How many entries are in a row; None while nothing was asked of rows.
    members : dict of Variable to Member
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.cuts: set[int] = set()
        self.row: int | None = None
        self.members: dict[Variable, Member] = {}
        self.visits = 1
        self._read: set[tuple[Variable, int]] = set()

    def lengths(self) -> tuple[int, ...]:
        """Give the length of each loop, outermost first."""
        return lengths_of(self.size, self.cuts)

    def roots(self) -> set[Variable]:
        """List the arrays that are read, and those that are computed."""
        return {root for root, _ in self._read} | set(self.members)

    def reads(self, x: Layout) -> bool:
        """Tell whether an array is read, from the same entry on, or computed here."""
        return (x.root, x.offset) in self._read or x.root in self.members

    # Joining

    def take(self, work: Work) -> bool:
        """Let an instruction join, if it can."""
        read = self._read | {(x.root, x.offset) for x in work.layouts()}
        if len(read) + len(self.members) >= MOST:
            return False
        if work.told not in (None, RESULT) and work.operands[work.told].root in self.members:
            return False
        if work.size == self.size:
            return self._take_entries(work)
        if work.size == 1 and not work.reduces and self.members:
            return self._take_end(work)
        if self.size % max(work.size, 1) == 0 and 1 < work.size < self.size:
            return self._take_rows(work)
        return False

    def _take_entries(self, work: Work) -> bool:
        lengths = work.loops()
        steps = _steps(work.domain, work.result, lengths) if work.reduces else None
        row, late = self.row, False
        cuts = self.cuts | cuts_of(lengths)
        if steps is not None:
            kept = [s != 0 for s in steps]
            if not any(kept):
                late = True
            else:
                if not kept[-1] and work.told != RESULT:  # what is in a row is reduced
                    inner = prod(lengths[len(kept) - kept[::-1].index(True) :])
                    if row not in (None, inner):
                        return False
                    row, cuts = inner, cuts | {inner}
                late = kept != sorted(kept, reverse=True) or kept[-1] or work.told == RESULT
        if not is_chain(self.size, cuts):
            return False
        stage = self._stage(work, "entry", cuts, row)
        if stage is None:
            return False
        self.cuts, self.row = cuts, row
        if row is not None:
            self.cuts.add(row)
        self._add(work, "entry", stage, late)
        return True

    def _take_rows(self, work: Work) -> bool:
        row = self.size // work.size
        if self.row not in (None, row) or not self._has_rows(row):
            return False
        lengths = work.loops()
        cuts = self.cuts | {row} | {c * row for c in cuts_of(lengths)}
        if not is_chain(self.size, cuts):
            return False
        if work.reduces and any(s != 0 for s in _steps(work.domain, work.result, lengths)):
            return False  # only a sum over all rows
        stage = self._stage(work, "row", cuts, row)
        if stage is None:
            return False
        self.cuts, self.row = cuts, row
        self._add(work, "row", stage, work.reduces)
        return True

    def _has_rows(self, row: int) -> bool:
        """Tell whether anything in the nest is computed for rows of such a length."""
        return self.row == row

    def _take_end(self, work: Work) -> bool:
        inside = [x.root for x in work.layouts() if x.root in self.members]
        if not inside or not all(
            self.members[v].late or self.members[v].level == "end" for v in inside
        ):
            return False
        if any(v.size != 1 for v in inside):
            return False
        self._add(work, "end", 0, False)
        return True

    def _stage(self, work: Work, level: str, cuts: set[int], row: int | None) -> int | None:
        """Tell in which visit of a row it can be computed; None if in none."""
        stage = 0
        lengths = lengths_of(self.size, cuts)
        for x in work.direct():
            member = self.members.get(x.root)
            if member is None:
                continue
            if member.late or member.level == "end":
                return None
            if not self._is_met(x, member, work.domain, level, lengths, row):
                return None
            given = self.given_by_row(member)
            if level == "row" and not given:
                return None
            ready = member.stage + (1 if given and self._reduced(member) else 0)
            stage = max(stage, ready)
        return stage

    @staticmethod
    def _reduced(member: Member) -> bool:
        return member.work.reduces and member.level == "entry"

    @staticmethod
    def given_by_row(member: Member) -> bool:
        """Tell whether a member gives one number for each row."""
        return member.level == "row" or (member.work.reduces and not member.late)

    def _is_met(
        self,
        x: Layout,
        member: Member,
        domain: tuple[int, ...],
        level: str,
        lengths: tuple[int, ...],
        row: int | None,
    ) -> bool:
        """Tell whether an operand is read at the very entry where it is computed."""
        root, n = x.root, row or self.size
        if x.offset:
            return False
        outer, _ = split(lengths, n)
        rows = prod(outer)
        try:
            if self.given_by_row(member):
                if root.size != rows:
                    return False
                expected = in_order(outer)
                if level == "entry":
                    expected = (*expected, *(0,) * (len(lengths) - len(outer)))
            else:
                expected = in_order(lengths)
                if level == "row" or root.size != self.size:
                    return False
            over = outer if level == "row" else lengths
            return steps_of(domain, x.strides, over) == expected
        except (ValueError, IndexError):
            return False

    def _add(self, work: Work, level: str, stage: int, late: bool) -> None:
        self.members[work.output] = Member(work, level, stage, late)
        self.visits = max(self.visits, stage + 1)
        self._read |= {(x.root, x.offset) for x in work.layouts()}


def lengths_of(size: int, cuts: Iterable[int]) -> tuple[int, ...]:
    """Give the lengths of the loops that are cut so."""
    found, outer = [], size
    for cut in sorted(set(cuts) - {1, size}, reverse=True):
        found.append(outer // cut)
        outer = cut
    return (*found, outer) if outer > 1 else tuple(found)


def cuts_of(lengths: tuple[int, ...]) -> set[int]:
    """Give how many entries each loop but the outermost runs over, with those inside of it."""
    found, n = set(), 1
    for length in reversed(lengths[1:]):
        n *= length
        found.add(n)
    return found


def is_chain(size: int, cuts: set[int]) -> bool:
    """Tell whether loops can be cut at all these places at once."""
    chain = [1, *sorted(cuts), size]
    return all(b % a == 0 for a, b in pairwise(chain))


def split(lengths: tuple[int, ...], row: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Part the loops over rows from those inside of one."""
    n = 1
    for i in range(len(lengths), -1, -1):
        if n == row:
            return lengths[:i], lengths[i:]
        n *= lengths[i - 1] if i else 1
    return (), lengths


def _steps(domain: tuple[int, ...], layout: Layout, lengths: tuple[int, ...]) -> tuple[int, ...]:
    return steps_of(domain, layout.strides, lengths)
