"""What did a step cost? A `Profile`: a row for each instruction, and sums over phases, modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .. import tables, terminals
from ..amounts import count_word, size_word, time_word
from ..errors import ArgumentError
from ..graph import Node, ancestors, module_path
from ..tables import Cell, Column


class Row(NamedTuple):
    """One instruction, or the reading and writing of places around them.

    Attributes
    ----------
    name : str
        What its result is called.
    function : str
    phase : {"forward", "backward", "update", "around"}
    module : str
        The path of the module it belongs to, or "".
    shape, dtype
        Those of its result.
    flops, read, written : int
        Operations, and bytes of the arrays that it reads and gives.
    seconds, share : float
        Its time, and that of all rows' times which it is.
    allocated : int
        Bytes that it takes for a while, beside what was planned for it.
    """

    name: str
    function: str
    phase: str
    module: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    flops: int = 0
    read: int = 0
    written: int = 0
    seconds: float = 0.0
    share: float = 0.0
    allocated: int = 0


class Total(NamedTuple):
    """The sum of some rows.

    Attributes
    ----------
    name : str
        What they have in common.
    number : int
        How many there are.
    allocated : int
        The most that one of them takes.
    """

    name: str
    number: int
    seconds: float
    share: float
    flops: int
    read: int
    written: int
    allocated: int


_SORTS: dict[str, Callable[[Any], float]] = {
    "time": lambda row: -row.seconds,
    "flops": lambda row: -row.flops,
    "bytes": lambda row: -(row.read + row.written),
    "memory": lambda row: -row.allocated,
    "order": lambda row: 0,
}
_GROUPS: dict[str, Callable[[Row], str]] = {
    "phase": lambda row: row.phase,
    "module": lambda row: row.module,
    "function": lambda row: row.function,
    "phase and module": lambda row: f"{row.phase} {row.module}".strip(),
}
_NUMBERS = [
    Column("time", "time", right=True),
    Column("share", "share", right=True),
    Column("flops", "FLOPs", right=True, leaves=7),
    Column("rate", "FLOP/s", right=True, leaves=1),
    Column("read", "read", right=True, leaves=5),
    Column("written", "written", right=True, leaves=4),
    Column("allocated", "allocated", right=True, leaves=3),
]
_ROWS = [
    Column("name", "result"),
    Column("function", "function", leaves=9),
    Column("phase", "phase", leaves=6),
    Column("module", "module", leaves=8),
    Column("shape", "shape", leaves=2),
    *_NUMBERS,
]


class Profile:
    """The ledger of a compiled function, as `profile` gives it. ``print`` it.

    Attributes
    ----------
    name : str
        The function's.
    rows : list of Row
        In the order in which the program runs; first what is read, and last what is written.
    seconds : float
        The time of a whole run without a clock in it, the median.
    repeat : int
    flops : int
    buffers, outlets, allocated : int
        Bytes of the buffers that are computed into, of the arrays that leave the program, and the
        most that calls take beside them at a time: what they give may live until the end.
    peak : int
        All three together: the memory of a step beyond the model, its state and the arguments.
    """

    def __init__(
        self,
        name: str,
        rows: list[Row],
        seconds: float,
        repeat: int,
        memory: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        self.name, self.rows, self.seconds, self.repeat = name, rows, seconds, repeat
        self.buffers, self.outlets, self.allocated = memory
        self.flops = sum(row.flops for row in rows)
        self.peak = sum(memory)

    def sorted(self, by: str = "time") -> list[Row]:
        """List the rows, largest first: by "time", "flops", "bytes" or "memory"; or in "order"."""
        return sorted(self.rows, key=_SORTS[_one_of("sorted", by, _SORTS)])

    def by(self, what: str, sort: str = "time") -> list[Total]:
        """Add up the rows: by "phase", "module", "function", or "phase and module".

        Examples
        --------
        >>> rows = [Row("z0", "matmul", "forward", flops=8), Row("h0", "tanh", "forward", flops=1)]
        >>> [total.flops for total in Profile("f", rows, 1e-5, 1).by("phase")]
        [9]
        """
        key = _GROUPS[_one_of("by", what, _GROUPS)]
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(key(row), []).append(row)
        totals = [_total(name, rows) for name, rows in groups.items()]
        return sorted(totals, key=_SORTS[_one_of("by", sort, _SORTS)])

    def times(self) -> dict[str, float]:
        """Give the seconds of each module, those inside it included, by its path.

        Both passes count; what belongs to no module is left out.
        """
        found: dict[str, float] = {}
        for row in self.rows:
            path = row.module
            while path:
                found[path] = found.get(path, 0.0) + row.seconds
                path = path.rpartition(".")[0]
        return dict(sorted(found.items()))

    def colors(self, value: Node) -> dict[Node, float]:
        """Give each value of a graph the milliseconds of the module that it was computed in.

        Both passes count, and the modules inside not: these have values of their own. It is what
        ``mt.explore(loss, colors=found.colors(loss))`` colours by.

        Parameters
        ----------
        value : Value
            What the profiled function computes, by an ordinary call: its graph has the modules.
        """
        own: dict[str, float] = {}
        for row in self.rows:
            own[row.module] = own.get(row.module, 0.0) + 1e3 * row.seconds
        known: dict[Any, dict[int, str]] = {}
        paths = {x: module_path(x.scope, known) for x in ancestors(value) if x.fn is not None}
        return {x: own[path] for x, path in paths.items() if path in own}

    def to_json(self) -> dict[str, Any]:
        """Give everything as dicts, lists, strings and numbers, ready for ``json.dumps``."""
        names = ("name", "seconds", "repeat", "flops", "buffers", "outlets", "allocated", "peak")
        rows = [row._asdict() | {"shape": list(row.shape)} for row in self.rows]
        return {name: getattr(self, name) for name in names} | {"rows": rows}

    def to_text(
        self,
        width: int | None = None,
        *,
        by: str | None = "phase and module",
        sort: str = "time",
        most: int = 12,
        color: bool | None = None,
        ascii: bool | None = None,
    ) -> str:
        """Write the ledger for a terminal of so many columns.

        Parameters
        ----------
        width : int, optional
            By itself that of the terminal.
        by : str or None
            What is added up in the first table; None for none.
        sort : {"time", "flops", "bytes", "memory", "order"}
        most : int, default 12
            How many rows are shown of each table; what is left out is one row.
        color, ascii : bool, optional
            By themselves what standard output can show.
        """
        width = terminals.width() if width is None else width
        color = terminals.shows_color() if color is None else color
        ascii = terminals.is_ascii() if ascii is None else ascii
        options: Any = {"color": color, "ascii": ascii}
        parts = tables.wrapped(self._headline(), width, ascii)
        if by is not None:
            titles, totals = by.split(" and "), self.by(by, sort)
            shown = [_cells(t) | _in_columns(titles, t.name) for t in totals[:most]]
            shown += [row | dict.fromkeys(titles[1:], Cell("")) for row in _rest(totals[most:])]
            keys = [Column("name", titles[0]), *(Column(title, title) for title in titles[1:])]
            parts.append(tables.table([*keys, *_NUMBERS], shown, width, **options))
        rows = self.sorted(sort)
        shown = [_cells(row) | _words(row) for row in rows[:most]] + _rest(rows[most:])
        parts.append(tables.table(_ROWS, shown, width, **options))
        return "\n".join(parts)

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__

    def _headline(self) -> list[str]:
        parts = [
            self.name,
            f"{time_word(self.seconds)}, the median of {self.repeat}",
            f"{len(self.rows) - 2} instructions",
            f"{count_word(self.flops)}FLOPs",
            f"{count_word(int(self.flops / max(self.seconds, 1e-9)))}FLOP/s",
            f"{size_word(self.peak)} at most",
        ]
        kinds = {"buffers": self.buffers, "results": self.outlets, "calls": self.allocated}
        return [*parts, *(f"{size_word(n)} in {kind}" for kind, n in kinds.items())]


def _total(name: str, rows: Iterable[Row | Total]) -> Total:
    rows = list(rows)
    return Total(
        name,
        len(rows),
        sum(row.seconds for row in rows),
        sum(row.share for row in rows),
        sum(row.flops for row in rows),
        sum(row.read for row in rows),
        sum(row.written for row in rows),
        max(row.allocated for row in rows),
    )


def _cells(row: Row | Total) -> dict[str, Cell]:
    rate = count_word(int(row.flops / row.seconds)).strip() if row.seconds and row.flops else "—"
    return {
        "time": Cell(time_word(row.seconds)),
        "share": Cell(f"{100 * row.share:.1f} %"),
        "flops": Cell(count_word(row.flops).strip() if row.flops else "—"),
        "rate": Cell(rate),
        "read": Cell(size_word(row.read) if row.read else "—"),
        "written": Cell(size_word(row.written) if row.written else "—"),
        "allocated": Cell(size_word(row.allocated) if row.allocated >= 1024 else "—"),
    }


def _in_columns(titles: list[str], name: str) -> dict[str, Cell]:
    first, *others = name.split(" ") if len(titles) > 1 else [name]
    others += [""] * (len(titles) - 1 - len(others))
    named = zip(("name", *titles[1:]), (first, *others), strict=True)
    return {key: Cell(word or "—") for key, word in named}


def _words(row: Row) -> dict[str, Cell]:
    shape = "×".join(map(str, row.shape)) or ("()" if row.dtype else "—")
    return {
        "name": Cell(row.name),
        "function": Cell(row.function),
        "phase": Cell(row.phase),
        "module": Cell(row.module or "—"),
        "shape": Cell(shape),
    }


def _rest(rows: list[Any]) -> list[dict[str, Cell]]:
    """Give one row for what is left out."""
    if not rows:
        return []
    blank = dict.fromkeys(("function", "phase", "module", "shape"), Cell(""))
    return [_cells(_total("", rows)) | blank | {"name": Cell(f"{len(rows)} others")}]


def _one_of(method: str, given: str, known: dict[str, Any]) -> str:
    if given not in known:
        raise ArgumentError(
            f"Profile.{method}: there is nothing of that name.",
            expected="one of " + ", ".join(map(repr, known)),
            got=repr(given),
        )
    return given
