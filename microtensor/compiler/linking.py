"""Which functions must stand above a program, so that its text runs by itself?

Those that it calls and NumPy lacks, and those that these call: functions of this library, which
are plain NumPy, and a user's own. Each is written once, before what calls it.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
from types import FunctionType
from typing import Any

import numpy as np

from ..errors import MicrotensorError
from .carrying import Text, python_error
from .layout import wrapped
from .literals import UnwritableError, dotted_path, imports_of, is_everywhere, literal, name


class Linker:
    """The definitions that a text needs.

    Attributes
    ----------
    parts : list of str
        Definitions, in the order in which they can be run.
    imports : set of str
        Modules that are named.
    """

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.parts: list[str] = []
        self.imports: set[str] = {"numpy"}
        self._names: dict[int, str] = {}
        self._constants: dict[str, str] = {}  # by their texts
        self._held: list[Any] = []  # so that no id is used again
        self._failed: dict[int, str] = {}

    def function(self, fn: Any, wish: str | None = None) -> str:
        """Give the name that a function has in the text, and see that it is defined there.

        Raises
        ------
        UnwritableError
            If its text, or that of one it calls, cannot be taken along; nothing has changed then.
        """
        known = self._names.get(id(_plain(fn)))
        if known is not None:
            return known
        before = len(self.parts), set(self.imports), dict(self._names), set(self.taken)
        try:
            return self._defined(_plain(fn), wish)
        except UnwritableError as error:
            del self.parts[before[0] :]
            self.imports, self._names, self.taken = before[1:]
            raise UnwritableError(f"{getattr(fn, '__name__', 'it')}: {error}") from None

    def expression(self, x: Any) -> ast.expr:
        """Write a value, with the definitions that it needs."""
        named = None if isinstance(x, type) else getattr(x, "_fields", None)
        if named is not None:
            fields = [ast.keyword(k, self.expression(v)) for k, v in zip(named, x, strict=True)]
            return ast.Call(name(self.function(type(x))), [], fields)
        if x.__class__ in (tuple, list):
            inside = [self.expression(inner) for inner in x]
            return (ast.Tuple if x.__class__ is tuple else ast.List)(inside, ast.Load())
        if has_text(x) and dotted_path(x) is None:
            return name(self.function(x))
        return self.imported(literal(x))

    def unique(self, wish: str) -> str:
        """Give a name that nothing has yet, and take it."""
        found, n = wish, 2
        while found in self.taken:
            found, n = f"{wish}_{n}", n + 1
        self.taken.add(found)
        return found

    def imported(self, tree: ast.expr) -> ast.expr:
        """See that what an expression names is imported."""
        self.imports |= imports_of(tree)
        return tree

    def _defined(self, x: Any, wish: str | None) -> str:
        if id(x) in self._names:
            return self._names[id(x)]
        self._held.append(x)
        source = Text(x)
        own = x.__name__ if x.__name__.isidentifier() else "f"
        found = self._names[id(x)] = self.unique(wish or own)
        closed = source.closed
        text = source.carried(
            found, lambda value, called, bound: self._reference(value, called, bound, closed)
        )
        self.parts.append(text)
        return found

    def _reference(self, x: Any, called: str, bound: set[str], closed: set[str]) -> ast.expr | None:
        """Give what a name of a carried text becomes; None for what it is."""
        if getattr(builtins, called, None) is x:
            return None
        if inspect.isclass(x) and issubclass(x, MicrotensorError):
            return name(python_error(x))
        path = dotted_path(x)
        if path is not None:
            if inspect.ismodule(x):
                self.imports.add(x.__name__.replace("_operator", "operator"))
                return ast.Name(path, ast.Load())
            return self.imported(name(path))
        if called in closed and not has_text(x):
            return self.imported(literal(x))
        if inspect.ismodule(x):
            raise UnwritableError(f"it names the module {x.__name__}")
        found = self._defined(_plain(x), None) if has_text(x) else self._constant(x, called)
        if found in bound:
            other = self.unique(found)
            self.parts.append(f"{other} = {found}")
            found = other
        return name(found)

    def _constant(self, x: Any, called: str) -> str:
        if id(x) in self._names:
            return self._names[id(x)]
        tree = self._fresh_generator() if isinstance(x, np.random.Generator) else literal(x)
        self._held.append(x)
        found = self._names[id(x)] = self.unique(called)
        self._define(found, tree)
        return found

    def _define(self, found: str, tree: ast.expr) -> None:
        self.parts.append("\n".join(wrapped(f"{found} = {ast.unparse(self.imported(tree))}")))

    def constant(self, x: Any, called: str) -> ast.expr:
        """Define a constant by a name, above all functions of the program; equal ones once."""
        tree = self.expression(x)
        text = ast.unparse(tree)
        if text not in self._constants:
            self._constants[text] = self.unique(called)
            self._define(self._constants[text], tree)
        return name(self._constants[text])

    def _fresh_generator(self) -> ast.expr:
        """Write the default generator that is used where none is given, which starts anywhere."""
        return ast.Call(name("np.random.default_rng"), [], [])


def _plain(x: Any) -> Any:
    """Give the function that has the text: below a cache, or what makes Values take over."""
    while True:
        if hasattr(x, "__wrapped_primitive__"):
            x = x.__wrapped_primitive__
        elif isinstance(x, functools._lru_cache_wrapper):
            x = x.__wrapped__
        else:
            return x


def has_text(x: Any) -> bool:
    """Tell whether something is a function or class, whose text may be taken along."""
    x = _plain(x)
    home = getattr(x, "__module__", None) or ""
    return isinstance(x, FunctionType) or (inspect.isclass(x) and not is_everywhere(home))
