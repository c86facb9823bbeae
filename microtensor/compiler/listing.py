"""What does a program look like at a glance? A table: a line for each input and each result."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .identifiers import comment
from .naming import named
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot

WIDTH = 100
_NAME, _KIND, _MODULE = 34, 20, 18  # columns at most

Names = dict[Variable, str]


@dataclass(frozen=True)
class Row:
    """One line of a listing: what is there, of what kind, computed how, and where."""

    phase: str
    name: str
    kind: str
    call: str
    module: str = ""

    def text(self, name: int, kind: int, module: int) -> list[str]:
        """Write it in columns that wide; a call that has no room goes on below."""
        left = f"{cut(self.name, name):<{name}}  {cut(self.kind, kind):<{kind}}  "
        room = WIDTH - 4 - len(left) - (module + 2 if self.module else 0)
        call, *more = textwrap.wrap(self.call, room, max_lines=4, placeholder=" …") or [""]
        first = f"{left}{call:<{room}}  {cut(self.module, module)}" if self.module else left + call
        return [first.rstrip(), *(f"{' ' * len(left)}{line}" for line in more)]


def listing(program: Program) -> str:
    """Write a program as a table of forward pass, backward pass and update, 100 columns wide.

    Examples
    --------
    >>> import microtensor as mt
    >>> def half_square(x):
    ...     return np.sum(x * x) / 2
    >>> print(listing(mt.trace(half_square)(np.ones(3))))
    half_square: 3 instructions
    <BLANKLINE>
      inputs
        x         float64 (3,)  argument
    <BLANKLINE>
      forward
        product0  float64 (3,)  x * x
        total0    float64       sum(product0)
        ratio0    float64       total0 / 2
    <BLANKLINE>
      results
        ratio0    float64
    """
    found = rows(program)
    widths = widths_of(found)
    count = len(program.instructions)
    lines = [f"{comment(program.name)}: {count} instruction{'s' * (count != 1)}"]
    phase = None
    for row in found:
        if row.phase != phase:
            phase = row.phase
            lines += ["", f"  {phase}"]
        lines += [f"    {line}" for line in row.text(*widths)]
    return "\n".join(lines)


def widths_of(found: list[Row]) -> tuple[int, int, int]:
    """Tell how wide the columns of names, kinds and modules are."""
    name = max((len(row.name) for row in found), default=0)
    kind = max((len(row.kind) for row in found), default=0)
    module = max((len(row.module) for row in found), default=0)
    return min(name, _NAME), min(kind, _KIND), min(module, _MODULE)


def rows(program: Program) -> list[Row]:
    """Give all lines of a program's listing."""
    names = named(program)
    found = [*_inputs(program, names), *_instructions(program, names), *_ends(program, names)]
    roots = {row.module.partition(".")[0] for row in found if row.module}
    if len(roots) > 1:
        return found
    # All within one model: its name says nothing new in each line.
    return [replace(row, module=row.module.partition(".")[2] or row.module) for row in found]


def _inputs(program: Program, names: Names) -> Iterator[Row]:
    for place, x in program.inputs:
        yield Row("inputs", names[x], kind_of(x), _place(place))
    for x in program.constants:
        yield Row("inputs", names[x], kind_of(x), "constant")


def _instructions(program: Program, names: Names) -> Iterator[Row]:
    for ins in program.instructions:
        yield from rows_of(ins, names)


def rows_of(ins: Instruction, names: Names) -> Iterator[Row]:
    """Give the lines of one instruction: one for each of its results."""
    call, more = call_of(ins, names), "from the same call"
    if not ins.is_rule and len(ins.outputs) == 2:
        more = f"kept of {names[ins.output]}"
    first = next((x for x in ins.outputs if x is not None), None)
    for x in ins.outputs:
        if x is not None:
            told = call if x is first else more
            yield Row(ins.phase, names[x], kind_of(x), told, comment(ins.module))


def _ends(program: Program, names: Names) -> Iterator[Row]:
    for x, answer in guards_of(program):
        yield Row("rests on", names[x], kind_of(x), f"is {'' if answer else 'not '}true")
    for r in program.results:
        kind = kind_of(r.x) if isinstance(r.x, Variable) else ""
        yield Row("results", value_of(r.x, names), kind, "")
    for place, x in program.writes:
        kind = kind_of(x) if isinstance(x, Variable) else ""
        yield Row("writes", value_of(x, names), kind, f"to {comment(place.name)}")


def guards_of(program: Program) -> list[tuple[Variable, bool]]:
    """List what a program rests on, each once."""
    return list(dict.fromkeys(program.guards))


def _place(place: Slot) -> str:
    """Say where an input lies."""
    if isinstance(place, Gradient):
        return f"gradient so far, {comment(place.name)}"
    if isinstance(place, Leaf):
        return f"parameter {comment(place.name)}"
    kinds = {"argument": "argument", "option": "rate", "generator": "generator"}
    return kinds.get(place.key[0], f"optimizer's {comment(place.name)}")


# Words

_SIGNS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@",
    np.power: "**", np.less: "<", np.greater: ">", np.less_equal: "<=", np.greater_equal: ">=",
    np.equal: "==", np.not_equal: "!=",
}  # fmt: skip


def call_of(ins: Instruction, names: Names) -> str:
    """Write what an instruction computes."""
    operands = [value_of(x, names) for x in ins.operands]
    options = [f"{comment(k)}={value_of(x, names)}" for k, x in ins.options.items()]
    if ins.fn in _SIGNS and len(operands) == 2 and not options:
        return f"{operands[0]} {_SIGNS[ins.fn]} {operands[1]}"
    if ins.name == "getitem" and len(operands) == 1:
        return f"{operands[0]}[{value_of(ins.options['index'], names)}]"
    return f"{comment(ins.name).strip('_')}({', '.join([*operands, *options])})"


def value_of(x: Any, names: Names) -> str:
    """Write an operand or option in a few characters."""
    if isinstance(x, Variable):
        return names[x]
    if x.__class__ is slice:
        parts = [None if p is None else value_of(p, names) for p in (x.start, x.stop, x.step)]
        start, stop, step = ("" if part is None else part for part in parts)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(x, tuple | list):
        inside = ", ".join(value_of(inner, names) for inner in x)
        return f"({inside}{',' if len(x) == 1 else ''})" if isinstance(x, tuple) else f"[{inside}]"
    if isinstance(x, np.generic):
        return f"{x}"
    if x is None or isinstance(x, bool | int | float | np.dtype):
        return str(x)
    if isinstance(x, str):
        return f"'{comment(x)}'"
    return comment(getattr(x, "__name__", "") or type(x).__name__)


def kind_of(x: Variable) -> str:
    """Say what is behind a name: ``float32 (8, 16)``."""
    if x.dtype is None:
        return "float" if x.is_weak else "generator" if x.is_generator else "several"
    return f"{x.dtype.name} {x.shape}" if x.shape else x.dtype.name


def cut(text: str, width: int) -> str:
    """Shorten a text to a width.

    >>> cut("layer0_weight", 8)
    'layer0_…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"
