"""Where does the time of a step go? The program that runs is run again, with a clock between lines.

The text of a program gets a call of a clock behind the lines of each instruction; nothing else is
changed, so that it is the optimised program, buffers and all, which is measured.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..randomness import generator, mark
from .arguments import Arguments
from .buffers import VIEWS
from .compiling import Compiled
from .counting import Counter, size_of
from .executing import drawn_from, for_numpy
from .generated import executed
from .ledger import Profile, Row
from .naming import named
from .numpy_source import NumpySource
from .outlets import Outlet
from .passes import optimised
from .programs import Instruction, Program, Variable

_TRIES = 8  # programs that are tried, until the same one serves twice
_TICK = "tick(clock())"


class TimedSource(NumpySource):
    """Writes a program's text with a clock in it.

    Attributes
    ----------
    measured : list of list of Instruction
        Those that have lines of their own, or together, as a chain that runs block by block; the
        others are views, which were made beforehand.
    copies : set of Instruction
        The views among them that move numbers after all.
    """

    def __init__(self, program: Program) -> None:
        self.measured: list[list[Instruction]] = []
        self.copies: set[Instruction] = set()
        super().__init__(program)

    def function(self) -> Callable:
        """Give the text without the clock, which computes into the same buffers."""
        lines = [line for line in self.text.splitlines(keepends=True) if _TICK not in line]
        return self.lent(executed("".join(lines), self.names, self.program.name)["run"])

    def timed(self) -> Callable:
        """Give the text as a function of (given, tick, clock)."""
        text = self.text.replace("def run(given):", "def run(given, tick, clock):", 1)
        return self.lent(executed(text, self.names, self.program.name)["run"])

    def _read(self) -> None:
        super()._read()
        self.lines += [_TICK, _TICK]  # what lies between two of them is the clock itself

    def _write(self, i: int, ins: Instruction) -> None:
        written = len(self.lines)
        super()._write(i, ins)
        if len(self.lines) > written:
            self.measured.append([ins])
            if self.lines[written].startswith("copyto"):
                self.copies.add(ins)
            self.lines.append(_TICK)

    def _chain(self, start: int, end: int) -> None:
        super()._chain(start, end)
        self.measured.append(self.program.instructions[start:end])
        self.lines.append(_TICK)

    def _finish(self) -> None:
        super()._finish()
        self.lines.insert(-1, _TICK)  # before the return


class TimedProgram:
    """A program that can be run as it is, and with a clock in it."""

    def __init__(self, program: Program) -> None:
        self.program = for_numpy(optimised(program))
        self.source = TimedSource(self.program)
        self.run, self._timed = self.source.function(), self.source.timed()

    def __call__(self, given: Sequence[Any]) -> Any:
        return self.run(given)

    def seconds(self, given: Sequence[Any]) -> list[float]:
        """Run it once, and give the seconds of reading, of each instruction, and of writing."""
        ticks: list[float] = []
        began = perf_counter()
        self._timed(given, ticks.append, perf_counter)
        ticks.insert(0, began)
        steps = np.diff(ticks)
        of_clock = steps[1]
        return np.maximum(np.delete(steps, 1) - of_clock, 0.0).tolist()

    def allocated(self, given: Sequence[Any]) -> tuple[list[int], int]:
        """Run it once, and give the bytes at the highest point of each, above where it began.

        Last comes the highest point of all, above where the run began: what calls give lives on.
        """
        found: list[int] = []
        before = most = 0

        def look() -> int:
            nonlocal before, most
            now, highest = tracemalloc.get_traced_memory()
            above, before, most = highest - before, now, max(most, highest)
            tracemalloc.reset_peak()
            return above

        gc.collect()
        tracemalloc.start()
        try:
            look()
            began = before
            self._timed(given, found.append, look)
        finally:
            tracemalloc.stop()
        del found[1]  # the clock's own
        return found, most - began

    def memory(self, given: Sequence[Any]) -> tuple[int, int]:
        """Count the bytes of the buffers, and of the arrays that leave the program.

        Constants are no buffers; and what lies where the old numbers of a parameter lay is no more
        than these were.
        """
        read = {place.key for place, _ in self.program.inputs}
        lying = [place.read(given) for place, _ in self.program.writes if place.key in read]
        constants = {id(_owner(x)) for x in self.program.constants.values()}
        owners = {id(_owner(x)): _owner(x) for x in self.source.names.values() if _is_array(x)}
        buffers = sum(x.nbytes for number, x in owners.items() if number not in constants)
        buffers += 0 if self.source.lender is None else self.source.lender.nbytes
        outlets = [x for x in self.source.names.values() if isinstance(x, Outlet)]
        left = {id(a): a.nbytes for outlet in outlets for a in outlet.arrays}
        return buffers, sum(left.values()) - sum(left.get(id(x), 0) for x in lying)


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray)


def _owner(x: np.ndarray) -> np.ndarray:
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def profile(f: Callable, *args: Any, repeat: int = 30, **kwargs: Any) -> Profile:
    """Measure a compiled function: the time, the work and the memory of each of its instructions.

    The function really runs, some ``2 * repeat`` times, and then all that it changes is put back:
    parameters, gradients, running statistics, what optimizers remember, and random generators.
    What it does beside its program, such as a schedule's step, is not done.

    Parameters
    ----------
    f : callable
        A function of arrays or a step of training, compiled or not; it is compiled for this, with
        the NumPy backend.
    *args, **kwargs
        What to call it with.
    repeat : int, default 30
        How often it is measured. Times are medians.

    Returns
    -------
    Profile
        ``print`` it; ``profile.by("module")`` adds up; ``profile.to_json()``.

    Raises
    ------
    ArgumentError
        If repeat is no number of times, or f was compiled for another backend.
    CompileError
        If f cannot be compiled.

    Notes
    -----
    Operations are those of `summary`: a multiplication and an addition are two, an exponential is
    one, moving numbers is none; a fused function counts as what it stands for, and its rule as the
    chain rule through that. Bytes are those of the arrays that an instruction reads and gives, as
    if none of them were in a cache.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> w = np.ones((200, 100))
    >>> found = mt.profile(mt.value_and_grad(lambda w, x: np.sum(np.tanh(x @ w))), w, w.T.copy())
    >>> [(row.function, row.flops) for row in found.rows if row.function == "matmul"]
    [('matmul', 4000000), ('matmul', 4000000)]
    >>> found.seconds > 0
    True
    """
    if isinstance(repeat, bool) or not isinstance(repeat, int | np.integer) or repeat < 1:
        raise ArgumentError(
            "profile: repeat is how often the function is measured.",
            expected="a whole number of at least 1",
            got=repr(repeat),
        )
    timed = Compiled(_function(f), backend=TimedProgram)
    kept: dict[tuple, Callable[[], None]] = {}
    try:
        program, given = _warm(timed, args, kwargs, kept)
        with np.errstate(over="ignore"):  # as where a sigmoid's program runs
            return _measured(timed.name, program, given, repeat)
    finally:
        for put_back in kept.values():
            put_back()


def _function(f: Callable) -> Callable:
    if not isinstance(f, Compiled):
        return f
    if f.backend != "numpy":
        raise ArgumentError(
            f"profile: {f.name} was compiled for another backend.",
            expected='a function, or one compiled with backend="numpy", whose lines are measured',
            got=f"backend={f.backend!r}",
        )
    return f.f


def _warm(
    timed: Compiled, args: tuple, kwargs: dict[str, Any], kept: dict[tuple, Callable[[], None]]
) -> tuple[TimedProgram, list[Any]]:
    """Run a function until the same program serves twice: a first step is often another one."""
    arguments = Arguments(timed.names, args, kwargs)
    last = None
    for _ in range(_TRIES):
        for executable in timed.candidates(arguments, args, kwargs):
            for place, _ in executable.program.writes:
                if place.key not in kept:
                    kept[place.key] = place.keep(arguments.leaves)
            for rng in drawn_from(executable.program):
                if ("drawn", id(rng)) not in kept:
                    kept["drawn", id(rng)] = mark(generator(rng))
            if executable.compute(arguments.leaves) is not None:
                break
        if executable is last:
            break
        last = executable
    program = executable.made
    assert isinstance(program, TimedProgram)
    return program, arguments.leaves


def _measured(name: str, timed: TimedProgram, given: list[Any], repeat: int) -> Profile:
    runs, wholes = [], []
    timed.seconds(given)
    for _ in range(repeat):
        runs.append(timed.seconds(given))
        began = perf_counter()
        timed(given)
        wholes.append(perf_counter() - began)
    seconds = [median(column) for column in zip(*runs, strict=True)]
    allocated, most = timed.allocated(given)
    buffers, outlets = timed.memory(given)
    total = sum(seconds) or 1.0
    rows = [
        row._replace(seconds=s, share=s / total, allocated=a)
        for row, s, a in zip(_rows(timed), seconds, allocated, strict=True)
    ]
    return Profile(name, rows, median(wholes), repeat, (buffers, outlets, most))


def _rows(timed: TimedProgram) -> list[Row]:
    """List what is measured: reading, instructions, writing."""
    program = timed.program
    names, count = named(program), Counter()
    ends = set(program.needed())
    last: dict[Variable, Instruction] = {
        x: ins for ins in program.instructions for x in ins.reads()
    }
    rows = []
    for group in timed.source.measured:
        *_, ins = group
        x = next(x for x in ins.outputs if x is not None)
        word = ins.name.strip("_") if len(group) == 1 else f"{len(group)} in blocks"
        read = {v for i in group for v in i.reads()} - {v for i in group for v in i.outputs}
        kept = {v for i in group for v in i.outputs if isinstance(v, Variable)}
        if len(group) > 1:  # what only the chain reads never leaves the cache
            kept = {v for v in kept if v in ends or not any(last.get(v) is i for i in group)}
        moves = ins.fn not in VIEWS or ins in timed.source.copies
        work = sum(map(count, group)), size_of(read) * moves, size_of(kept) * moves
        dtype = "float" if x.dtype is None else x.dtype.name
        rows.append(Row(names[x], word, ins.phase, ins.module, x.shape, dtype, *work))
    written = [place for place, x in program.writes if isinstance(x, Variable)]
    before = Row(_places(len(program.inputs)), "read", "around")
    return [before, *rows, Row(_places(len(written)), "write", "around")]


def _places(n: int) -> str:
    return f"{n} place{'s' * (n != 1)}"
