"""How does a program read as Python? As one function of plain NumPy, a line for each result.

The text runs by itself: above the function stand those that it calls and NumPy lacks. What a
program rests on (labels are classes, there is momentum) is asserted where it is known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..nesting import rebuild
from .identifiers import comment, identifier
from .layout import WIDTH, Line, filled, laid_out, wrapped
from .linking import Linker
from .literals import UnwritableError, literal, uniform
from .naming import named_and_passing
from .opaque import Rule
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot
from .spelling import Speller

SHORT = 48  # characters of an expression that stands within another
_GROUPS = ("arguments", "parameters", "gradients so far", "optimizer state", "rates", "others")
_DEFINITIONS = ("def ", "class ")
_HEADINGS = {"forward": "forward", "backward": "backward", "update": "update"}


def readable_source(program: Program) -> str:
    """Write a program as a module of Python that needs NumPy alone.

    Parameters
    ----------
    program : Program

    Returns
    -------
    str
        Imports, the functions that NumPy lacks, and one function of the program's name. It takes
        arguments, parameters, what an optimizer remembers, and rates; it gives what the traced
        function gave, and, where that changed anything, a dict of what is to be written.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> def half_square(x):
    ...     return np.sum(x * x) / 2
    >>> text = readable_source(mt.trace(mt.value_and_grad(half_square))(np.ones(3)))
    >>> print(text[text.index("    # forward") :].rstrip())
        # forward
        loss = (x * x).sum() / 2
    <BLANKLINE>
        # backward
        d_x = 1 / 2 * x + 1 / 2 * x    # (3,)
    <BLANKLINE>
        return loss, d_x
    """
    return _Page(program).text()


def objects_of(program: Program) -> dict[str, Any]:
    """Give what a program's text takes as arguments since no text gives it again, by its names.

    Generators of the user's own, large constants, functions whose text is not there.

    Examples
    --------
    >>> import microtensor as mt
    >>> table = np.arange(100.0)
    >>> list(objects_of(mt.trace(lambda x: x + table)(1.0)))
    ['constant0']
    """
    page = _Page(program)
    page.text()
    return page.speller.objects


class _Page:
    """One program on its way to being text."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names, self.passing = named_and_passing(program)
        self.called = identifier(program.name.strip("<>"), "program")
        if self.called == "lambda_":
            self.called = "program"
        self.linker = Linker({*self.names.values(), self.called, "written"})
        self.speller = Speller(self.names, self.linker)
        self.needed = set(program.needed())
        self.uses = self._count_uses()
        self._trees: dict[Variable, ast.expr] = {}  # of constants
        self.differentiated = set(program.gradients.values())
        self.guards: dict[Variable, list[bool]] = {}
        for x, answer in dict.fromkeys(program.guards):
            self.guards.setdefault(x, []).append(answer)

    def text(self) -> str:
        self._constants()
        body = laid_out(self._body())
        last, told = self._returned()
        inputs = self._inputs()
        parts = [f'"""{self._title()}"""', self._imports()]
        parts += self.linker.parts
        function = [*self._signature(inputs), *self._docstring(inputs, told)]
        function += [*self._defined_constants([*body, *last]), *body, "", *last]
        return _joined([*parts, "\n".join(function)]) + "\n"

    def _title(self) -> str:
        phases = list(dict.fromkeys(ins.phase for ins in self.program.instructions))
        what = " and ".join(", ".join(phases).rsplit(", ", 1)) or "nothing"
        return f"{self.called}: {what}, in plain NumPy."

    def _imports(self) -> str:
        others = sorted(self.linker.imports - {"numpy"})
        own = [f"import {m}" for m in others if not m.startswith(("numpy", "scipy"))]
        more = [f"import {m}" for m in others if m.startswith(("numpy", "scipy"))]
        above = "\n".join(own) + "\n\n" if own else ""
        return above + "\n".join(["import numpy as np", *more])

    # What is given

    def _inputs(self) -> dict[str, list[tuple[str, str]]]:
        """Give the names of what is read, and what each is, in groups."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in _GROUPS}
        for place, variable in sorted(self.program.inputs, key=lambda entry: _argument(entry[0])):
            groups[_group(place)].append((self.names[variable], _told(variable, place)))
        groups["others"] += self.speller.given.items()
        return {group: found for group, found in groups.items() if found}

    def _signature(self, inputs: dict[str, list[tuple[str, str]]]) -> list[str]:
        names = [name for group in inputs.values() for name, _ in group]
        line = f"def {self.called}({', '.join(names)}):"
        if len(line) <= 96:
            return [line]
        lines = [f"def {self.called}("]
        for group, found in inputs.items():
            lines += filled([name for name, _ in found], 4, f"  # {group}")
        return [*lines, "):"]

    def _docstring(self, inputs: dict[str, list[tuple[str, str]]], told: list[str]) -> list[str]:
        given = [f"    {name} : {what}" for group in inputs.values() for name, what in group]
        lines = [f'    """{self._summary()}', ""]
        if given:
            lines += ["    Parameters", "    ----------", *given, ""]
        return [*lines, "    Returns", "    -------", *(f"    {line}" for line in told), '    """']

    def _summary(self) -> str:
        phases = {ins.phase for ins in self.program.instructions}
        if "update" in phases:
            return "Take one step of training."
        return "Compute results and gradients." if "backward" in phases else "Compute results."

    def _constants(self) -> None:
        """Write small and uniform arrays out; take others as arguments."""
        for variable, x in self.program.constants.items():
            found = self.names[variable]
            array = np.asarray(x)
            try:
                self._trees[variable] = self.linker.imported(literal(array))
            except UnwritableError:
                self.linker.taken.discard(found)
                self.speller.take(x, found, f"a constant of {_kind(variable)}")
                continue
            number = uniform(array)
            if number is not None:
                self.speller.uniform[variable] = number

    def _defined_constants(self, body: list[str]) -> list[str]:
        """Define the constants that are used by their names."""
        lines = []
        words = set(re.findall(r"\w+", "\n".join(body)))
        for variable, tree in self._trees.items():
            found = self.names[variable]
            if found in words:
                lines += wrapped(f"    {found} = {ast.unparse(tree)}")
        return lines

    # What is computed

    def _count_uses(self) -> dict[Variable, int]:
        uses: dict[Variable, int] = {}
        for ins in self.program.instructions:
            for x in ins.reads():
                uses[x] = uses.get(x, 0) + 1
        for x in self.needed:
            uses[x] = uses.get(x, 0) + 1
        return uses

    def _body(self) -> Iterator[Line]:
        for _, variable in self.program.inputs:
            yield from self._assertions(variable)
        readers = self._only_readers()
        phase = None
        for ins in self.program.instructions:
            if self._stands_within(ins, readers):
                yield from self._assertions(ins.output)
                continue
            if ins.phase != phase:
                phase = ins.phase
                yield Line("", heading=_HEADINGS[phase])
            *first, last = self.speller.statements(ins)
            shown = next((x for x in ins.outputs if x is not None), None)
            for line in first:
                yield Line(f"    {line}")
            yield Line(f"    {last}", _kind_of_result(shown), comment(ins.module))
            for x in ins.outputs:
                if x is not None:
                    yield from self._assertions(x)

    def _only_readers(self) -> dict[Variable, Instruction]:
        return {x: ins for ins in self.program.instructions for x in ins.reads()}

    def _stands_within(self, ins: Instruction, readers: dict[Variable, Instruction]) -> bool:
        """Let a passing result stand in the one expression that uses it, if it is short."""
        if isinstance(ins.fn, Rule) or len(ins.outputs) > 1 or _draws(ins):
            return False
        x = ins.output
        reader = readers.get(x)
        is_view = ins.name in ("transpose", "swapaxes") and ins.phase != "update"
        if x not in self.passing or (self.uses.get(x, 0) != 1 and not is_view):
            return False
        if x in self.differentiated and not is_view:  # its gradient is called after it
            return False
        if reader is None or x in self.needed:
            if x not in self.guards or self.uses[x] != 1:
                return False
        elif reader.phase != ins.phase and not is_view:
            return False
        written = self.speller.expression(ins)
        if len(ast.unparse(written)) > SHORT:
            return False
        self.speller.inlined[x] = written
        return True

    def _assertions(self, x: Variable) -> Iterator[Line]:
        """Say what must hold of a value, for the program to be the one for it."""
        for answer in self.guards.get(x, ()):
            claim = self.speller.value(x)
            claim = claim if answer else ast.UnaryOp(ast.Not(), claim)
            yield Line(f"    assert {ast.unparse(claim)}", after="what this text rests on")

    # What is given back

    def _returned(self) -> tuple[list[str], list[str]]:
        """Write what is returned, and tell what it is."""
        leaves = [self.speller.value(r.x) for r in self.program.results]
        shown = _tree(rebuild(self.program.structure, iter(map(_Leaf, leaves))))
        told = [
            f"{self.names[r.x]} : {_kind(r.x)}"
            for r in self.program.results
            if isinstance(r.x, Variable)
        ]
        written = self._written()
        if not written:
            return wrapped(f"    return {_bare(shown)}"), told or ["None"]
        lines = ["    written = {"]
        for key, x, _ in written:
            value = ast.unparse(self.speller.value(x))
            whole = f'        "{key}": {value},'
            lines += (
                [whole] if len(whole) <= WIDTH else [f'        "{key}":', f"            {value},"]
            )
        lines.append("    }")
        told += ["written : dict", *(f"    {key} : {what}" for key, _, what in written)]
        return [*lines, *wrapped(f"    return {ast.unparse(shown)}, written")], told

    def _written(self) -> list[tuple[str, Any, str]]:
        read = {place.key: variable for place, variable in self.program.inputs}
        taken: set[str] = set()
        found = []
        for place, x in self.program.writes:
            key = self.names[read[place.key]] if place.key in read else self._key(place, x)
            while key in taken:
                key += "_"
            taken.add(key)
            kind = _kind(x) if isinstance(x, Variable) else type(x).__name__
            own = comment(place.name)
            found.append((key, x, kind if own.isidentifier() else f"{kind}, {own}"))
        return found

    def _key(self, place: Slot, x: Any) -> str:
        if isinstance(place, Gradient):
            own = {p.node: v for p, v in self.program.inputs if isinstance(p, Leaf)}
            if place.node in own:
                return f"d_{self.names[own[place.node]]}"
        shown = self.names.get(x, "") if isinstance(x, Variable) else ""
        return shown.removeprefix("new_") or identifier(place.name)


class _Leaf:
    """One result, within the structure of all."""

    def __init__(self, tree: ast.expr) -> None:
        self.tree = tree


def _tree(x: Any) -> ast.expr:
    if isinstance(x, _Leaf):
        return x.tree
    if isinstance(x, dict):
        keys: list[ast.expr | None] = [
            ast.Constant(k if isinstance(k, str | int) else str(k)) for k in x
        ]
        return ast.Dict(keys, [_tree(v) for v in x.values()])
    made = ast.List if isinstance(x, list) else ast.Tuple
    return made([_tree(inner) for inner in x], ast.Load())


def _bare(tree: ast.expr) -> str:
    text = ast.unparse(tree)
    return text[1:-1] if isinstance(tree, ast.Tuple) and len(tree.elts) > 1 else text


def _argument(place: Slot) -> int:
    """Tell which leaf of the arguments lies in a place; -1 for what is none."""
    found = getattr(place, "place", None)
    return -1 if found is None else found


def _group(place: Slot) -> str:
    kind = place.key[0]
    if isinstance(place, Gradient):
        return "gradients so far"
    if _argument(place) >= 0:
        return "arguments"
    if isinstance(place, Leaf):
        return "parameters"
    groups = {"argument": "arguments", "option": "rates", "generator": "others"}
    return groups.get(kind, "optimizer state")


def _told(variable: Variable, place: Slot) -> str:
    own = comment(place.name)
    return _kind(variable) + (f", {own}" if own and not own.isidentifier() else "")


def _kind(x: Variable) -> str:
    """Say what is behind a name: ``(8, 16) float32``, or ``float``."""
    if x.is_generator:
        return "numpy.random.Generator"
    return "float" if x.dtype is None else f"{x.shape} {x.dtype.name}"


def _kind_of_result(x: Variable | None) -> str:
    return str(x.shape) if x is not None and x.shape else ""


def _draws(ins: Instruction) -> bool:
    kinds = np.random.Generator | np.random.RandomState
    values = [*ins.operands, *ins.options.values()]
    return any(isinstance(x, kinds) for x in values) or any(x.is_generator for x in ins.reads())


def _joined(parts: list[str]) -> str:
    """Put two blank lines around definitions, and none between constants."""
    text, before = parts[0] + "\n\n" + parts[1], ""
    for part in parts[2:]:
        is_long = part.startswith(_DEFINITIONS) or before.startswith(_DEFINITIONS) or not before
        text += ("\n\n\n" if is_long else "\n") + part
        before = part
    return text
