"""How does the program that is run look? The same lines, as a module that needs NumPy alone.

What `numpy_source` reads from places is an argument here, what it writes into them is returned,
and each buffer, view and constant that its lines name is made at the top.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from .identifiers import comment, identifier
from .layout import Line, laid_out, wrapped
from .linking import Linker, has_text
from .literals import UnwritableError, dotted_path
from .naming import named
from .numpy_source import NumpySource
from .opaque import Rule
from .programs import Instruction, Program, Variable
from .slots import Gradient, Leaf, Slot
from .undoing import fitted


def optimised_source(program: Program) -> str:
    """Write the lines that are run as a module of Python; ``program`` is an optimised one.

    A constant array that is too large to be written is an argument, behind the others.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> f = mt.compile(mt.grad(lambda x: np.sum(np.tanh(x))))
    >>> f(np.zeros(3))
    array([1., 1., 1.])
    >>> text = f.optimised_source
    >>> print(text[text.index("def ") :].rstrip())
    def grad_of_lambda(x):
        d_x = np.empty((3,), float64)
        tanh(x, b)                    # h0
        multiply(b, b, b)             # product0
        subtract(1, b, b)             # difference0
        multiply(constant, b, d_x)    # d_x
        return [d_x], {}
    """
    return _Alone(program).page()


class _Alone(NumpySource):
    """Writes the lines, without places."""

    def __init__(self, program: Program) -> None:
        self.shown = named(program)
        self._own = set(self.shown.values())  # names that no buffer may have
        self._heads: dict[int, Line] = {}
        self.given: list[str] = []  # constants that are too large to be written: arguments, too
        super().__init__(program)

    def page(self) -> str:
        called = identifier(self.program.name.strip("<>"), "program")
        functions = {n for n, x in self.names.items() if has_text(x) and dotted_path(x) is None}
        linker = Linker({*(self.names.keys() - functions), *self.shown.values(), called, "np"})
        defined = self._definitions(linker)
        others = sorted(linker.imports - {"numpy"})
        inputs = ", ".join([*(self.shown[x] for _, x in self.program.inputs), *self.given])
        parts = [f'"""{called}: as it is run, into buffers made beforehand."""']
        parts += ["\n".join(["import numpy as np", *(f"import {m}" for m in others)])]
        parts += [*linker.parts, "\n".join(defined)]
        body = [f"    {line}" for line in self.top]
        body += [line for line in laid_out(self._commented()) if line.strip()]
        signature = "\n".join(wrapped(f"def {called}({inputs}):"))
        return "\n\n\n".join(parts) + f"\n\n\n{signature}\n" + "\n".join(body) + "\n"

    # What differs from what is run

    def _name(self, x: Any, start: str) -> str:
        return super()._name(x, f"{start}_" if start in self._own else start)

    def _new_local(self, x: Variable) -> str:
        name = self.shown.get(x, "copied")
        while name in self.names or name in self._local.values():
            name += "_"
        self._local[x] = name
        return name

    def _read(self) -> None:
        for _, x in self.program.inputs:
            self._local[x] = self.shown[x]

    def _guard(self, x: Variable) -> None:
        for answer in self._guards.pop(x):
            self.lines.append(f"assert {'not ' * (not answer)}{self._x(x)}")

    def _clear(self) -> None:
        pass  # gradients are returned

    def _take(self, out: Variable) -> str:
        name = self._new_local(out)
        dtype = self._name(out.dtype.type, out.dtype.name)
        self.top.append(f"{name} = np.empty({out.shape}, {dtype})")
        return name

    def _outlet(self, out: Variable, place: Slot, in_place: bool, is_safe: bool) -> str:
        return self._take(out)

    def _returned_place(self, out: Variable) -> str:
        return self._take(out)

    def _finish(self) -> None:
        results = [self._x(r.x) for r in self.program.results]
        keys: dict[str, str] = {}
        for place, x in self.program.writes:
            key = self._key(place)
            while key in keys:
                key += "_"
            keys[key] = self._x(x)
        written = ", ".join(f"{k!r}: {x}" for k, x in keys.items())
        self.lines.append(f"return [{', '.join(results)}], {{{written}}}")

    def _key(self, place: Slot) -> str:
        """Name a place that is written: as what is read there, a gradient by its leaf."""
        before = self._before(place)
        if before is not None:
            return self.shown[before]
        if isinstance(place, Gradient):
            own = {p.node: x for p, x in self.program.inputs if type(p) is Leaf}
            if place.node in own:
                return f"d_{self.shown[own[place.node]]}"
        return identifier(place.name, "place")

    def _write(self, i: int, ins: Instruction) -> None:
        before = len(self.lines)
        super()._write(i, ins)
        self._tell(before, ins)

    def _tell(self, before: int, ins: Instruction) -> None:
        """Say beside a line whose numbers it computes."""
        shown = ", ".join(self.shown.get(x, "") for x in ins.outputs if x is not None)
        for n in range(before, len(self.lines)):
            if not self.lines[n].startswith(shown):
                self._heads[n] = Line("", shape=shown, module=comment(ins.module))

    def _commented(self) -> list[Line]:
        found = []
        for n, text in enumerate(self.lines):
            head = self._heads.get(n)
            shape, module = (head.shape, head.module) if head is not None else ("", "")
            found.append(Line(f"    {text}", shape, module))
        return found

    # The names at the top

    def _definitions(self, linker: Linker) -> list[str]:
        """Write what the text's names are: functions, constants, buffers and views of them."""
        lines: list[str] = []
        owners: dict[int, str] = {}
        read = {n.id for n in ast.walk(ast.parse(self.text)) if isinstance(n, ast.Name)}
        for name, x in list(self.names.items()):
            if isinstance(x, np.ndarray) and x.base is None:
                owners[id(x)] = name
        for name, x in list(self.names.items()):
            if name not in read or name == "np":
                continue
            if isinstance(x, np.ndarray):
                try:
                    lines += self._array(name, x, owners, linker)
                except UnwritableError:
                    self.given.append(name)
            elif name.endswith("_reduce") and hasattr(np, name.removesuffix("_reduce")):
                lines.append(f"{name} = np.{name.removesuffix('_reduce')}.reduce")
            else:
                lines += self._other(name, x, linker)
        return lines

    def _array(self, name: str, x: np.ndarray, owners: dict[int, str], linker: Linker) -> list[str]:
        dtype = f"np.{x.dtype.name}"
        if not name.startswith(("b", "t")):
            return [f"{name} = {ast.unparse(linker.expression(x))}"]
        if x.base is None:
            return [f"{name} = np.empty({x.shape}, {dtype})"]
        owner: Any = x.base
        while getattr(owner, "base", None) is not None:
            owner = owner.base
        lines = []
        if id(owner) not in owners:
            owners[id(owner)] = f"{name}_owner"
            lines.append(f"{name}_owner = np.empty({owner.shape}, np.{owner.dtype.name})")
        start = x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        places = f"{owners[id(owner)]}, {start}, {x.strides}"
        return [*lines, f"{name} = np.ndarray({x.shape}, {dtype}, {places})"]

    def _rule(self, name: str, rule: Rule, linker: Linker) -> list[str]:
        """Write a fused rule as a function of what it is called with here."""
        known = rule.known
        inputs = [f"x{i}" for i in range(len(rule.wanted))]
        if known.together is not None:
            fn = linker.function(known.together)
            given = [str(list(rule.wanted)), *inputs, *self._options(rule, -1, linker)]
            sent = f"{fn}(g, y, {', '.join(given)})"
        else:
            calls = []
            for i, (one, wanted) in enumerate(zip(known.rules, rule.wanted, strict=True)):
                given = [*inputs, *self._options(rule, i, linker)] if wanted and one else []
                fn = linker.function(one) if given else ""
                calls.append(f"{fn}(g, y, {', '.join(given)})" if given else "None")
            sent = f"[{', '.join(calls)}]"
        pieces = []
        for i, wanted in enumerate(rule.wanted):
            if not wanted or known.rules[i] is None:
                pieces.append("None")
            elif rule.is_loose(i):
                pieces.append(f"{linker.function(fitted)}(sent[{i}], x{i})")
            else:
                pieces.append(f"sent[{i}]")
        text = f"def {name}(g, y, kept, {', '.join(inputs)}):\n    sent = {sent}\n"
        return ["", "", *f"{text}    return [{', '.join(pieces)}]".split("\n"), "", ""]

    def _options(self, rule: Rule, position: int, linker: Linker) -> list[str]:
        known, given = rule.known, {**rule.options, "kept": None}
        seen = known.options_for(position, given)
        return [
            f"{k}={'kept' if k == 'kept' else ast.unparse(linker.expression(x))}"
            for k, x in seen.items()
        ]

    def _other(self, name: str, x: Any, linker: Linker) -> list[str]:
        if isinstance(x, list) and x and isinstance(x[0], slice):
            step, end = x[0].stop, x[-1].stop
            return [f"{name} = [slice(i, min(i + {step}, {end})) for i in range(0, {end}, {step})]"]
        if isinstance(x, Rule):
            return self._rule(name, x, linker)
        path = dotted_path(x)
        if path is not None:
            return [f"{name} = {path}"] if path != name else []
        try:
            if callable(x) and not isinstance(x, type):
                found = linker.function(x, name)
            else:
                found = ast.unparse(linker.expression(x))
        except UnwritableError as error:
            raise UnwritableError(f"{name} cannot be written: {error}") from None
        return [f"{name} = {found}"] if found != name else []
