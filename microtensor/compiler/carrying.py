"""How does a function's own text move to another place? Word for word, where words still hold.

Annotations and decorators go, a docstring keeps its first line, and a global name becomes what it
is called in the new place. All else stays as it was written, comments included.
"""

from __future__ import annotations

import ast
import dis
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from .literals import UnwritableError

Resolve = Callable[[Any, str, set[str]], ast.expr | None]

_MARKS = re.compile(r"[ \t]*# (?:fmt: skip|noqa\b.*|type: ignore\b.*)$", re.M)
_IDLE = re.compile(r"^( *)pass(?: *#.*)?\n\n?(?=\1\S)", re.M)  # more follows in the block
_NO_MARK = {"property", "classmethod", "staticmethod"}  # decorators that a class needs


class Text:
    """The text that a function or class was written as.

    Attributes
    ----------
    node : ast.FunctionDef, ast.Lambda or ast.ClassDef
    names : dict of str to object
        What the names that it does not bind stand for.
    bound : set of str
        The names that it binds itself.
    closed : set of str
        Those of ``names`` that come from a function around it.
    """

    def __init__(self, of: Any) -> None:
        try:
            lines, _ = inspect.findsource(of)
            self.whole = "".join(lines)
            self.node = _find(of, _parsed(self.whole))
        except (OSError, TypeError, SyntaxError) as error:
            raise UnwritableError(f"its text is not there ({error})") from None
        scope = vars(sys.modules[of.__module__]) if inspect.isclass(of) else of.__globals__
        self.closed = set() if inspect.isclass(of) else set(of.__code__.co_freevars)
        self.bound = _bound(self.node)
        self.names = {}
        for node in _relative_imports(self.node):
            module = importlib.import_module(
                "." * node.level + (node.module or ""), scope["__package__"]
            )
            for alias in node.names:
                self.names[alias.asname or alias.name] = getattr(module, alias.name)
        for free in _free(self.node, self.bound):
            if free in self.closed:
                self.names[free] = of.__closure__[of.__code__.co_freevars.index(free)].cell_contents
            elif free in scope and free not in self.names:
                self.names[free] = scope[free]
        hidden = _globals_of(of) & self.bound - set(self.names)
        if hidden:
            raise UnwritableError(f"{min(hidden)} is its own name and another's")

    def carried(self, name: str, resolve: Resolve) -> str:
        """Give the text under a new name, with ``resolve(object, name, bound)`` for each other."""
        return _Mover(self, resolve).text(name)


@lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _find(of: Any, tree: ast.Module) -> Any:
    """Find the part of a file that defines something."""
    if inspect.isclass(of):
        found: Any = tree
        for part in of.__qualname__.split("."):
            found = next(
                (n for n in found.body if isinstance(n, ast.ClassDef) and n.name == part), None
            )
            if found is None:
                raise OSError(f"no class {part}")
        return found
    code: CodeType = of.__code__
    places = set(code.co_positions())
    alone = []  # lambdas of that line, where Python keeps no columns
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            if min([node.lineno, *(d.lineno for d in node.decorator_list)]) == code.co_firstlineno:
                return node
        elif isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno:
            b = node.body
            if (b.lineno, b.end_lineno, b.col_offset, b.end_col_offset) in places:
                return node
            alone.append(node)
    if len(alone) == 1 and all(column is None for _, _, column, _ in places):
        return alone[0]
    raise OSError("not in its file")


def _bound(node: ast.AST) -> set[str]:
    """List what a definition binds: arguments, targets, inner definitions, imports."""
    found: set[str] = set()
    for n in ast.walk(node):
        if isinstance(n, ast.arg):
            found.add(n.arg)
        elif isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load):
            found.add(n.id)
        elif isinstance(n, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and n is not node:
            found.update([n.name] if n.name else [])
        elif isinstance(n, ast.Import) or (isinstance(n, ast.ImportFrom) and not n.level):
            found.update((a.asname or a.name).partition(".")[0] for a in n.names)
        elif isinstance(n, ast.Global | ast.AsyncFunctionDef | ast.Match):
            raise UnwritableError(f"it has a {type(n).__name__.lower()} statement")
    if isinstance(node, ast.ClassDef):  # its fields are no names within its methods
        own = [n for n in node.body if not isinstance(n, ast.FunctionDef)]
        fields = {t.id for n in own for t in ast.walk(n) if isinstance(t, ast.Name)}
        inside = [_bound(n) for n in node.body if isinstance(n, ast.FunctionDef)]
        methods = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
        found = set().union(*inside) | (found - fields - methods)
    return found


def _shown(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through what is carried: no annotation, and no decorator but a class's own."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (name == "decorator_list" and _goes(child)):
                yield child
                yield from _shown(child)


def _goes(decorator: ast.AST) -> bool:
    return not (isinstance(decorator, ast.Name) and decorator.id in _NO_MARK)


def _free(node: ast.AST, bound: set[str]) -> set[str]:
    loads = {n.id for n in _shown(node) if isinstance(n, ast.Name)}
    return loads - bound


def _relative_imports(node: ast.AST) -> list[ast.ImportFrom]:
    return [n for n in ast.walk(node) if isinstance(n, ast.ImportFrom) and n.level]


def _globals_of(of: Any) -> set[str]:
    """List the global names that are read, by what Python made of the text."""
    if inspect.isclass(of):
        members = [getattr(m, "fget", None) or getattr(m, "__func__", m) for m in vars(of).values()]
        codes = [
            m.__code__
            for m in members
            if isinstance(m, FunctionType) and m.__module__ == of.__module__
        ]
    else:
        codes = [of.__code__]
    found = set()
    while codes:
        code = codes.pop()
        codes += [c for c in code.co_consts if isinstance(c, CodeType)]
        found |= {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    return found


class _Mover(ast.NodeVisitor):
    """Collects what is to change in a text, and changes it."""

    def __init__(self, source: Text, resolve: Resolve) -> None:
        self.source, self.resolve = source, resolve
        self.lines = source.whole.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.edits: list[tuple[int, int, str]] = []

    def text(self, name: str) -> str:
        node = self.source.node
        if isinstance(node, ast.Lambda):
            return self._of_lambda(node, name)
        first, last = self._at(node.lineno, 0), self._end(node)
        start = self._start(node)
        word = 4 if isinstance(node, ast.FunctionDef) else 6  # def, class
        self.edits.append((start + word, start + word + len(node.name), name))
        for child in ast.iter_child_nodes(node):
            if child not in getattr(node, "decorator_list", ()) and child is not getattr(
                node, "returns", None
            ):
                self.visit(child)
        self._without_returns(node)
        self._shorten_docstring(node)
        text = textwrap.dedent(_MARKS.sub("", self._changed(first, last)))
        return _IDLE.sub("", text)

    def _of_lambda(self, node: ast.Lambda, name: str) -> str:
        self.visit(node.args)
        self.visit(node.body)
        colon = self.source.whole.rindex(":", 0, self._start(node.body))
        args = self._changed(self._start(node) + len("lambda "), colon)
        body = self._changed(self._start(node.body), self._end(node.body))
        if "\n" in body:
            body = "(\n        " + " ".join(line.strip() for line in body.splitlines()) + "\n    )"
        return f"def {name}({args}):\n    return {body}"

    # Places in the text

    def _at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def _start(self, node: Any) -> int:
        return self._at(node.lineno, node.col_offset)

    def _end(self, node: Any) -> int:
        return self._at(node.end_lineno, node.end_col_offset)

    def _changed(self, first: int, last: int) -> str:
        """Give a part of the text with all edits in it; one within another is not made."""
        text, at = "", first
        inside = sorted(
            (e for e in self.edits if first <= e[0] and e[1] <= last), key=lambda e: (e[0], -e[1])
        )
        for start, end, new in inside:
            if start >= at:
                text += self.source.whole[at:start] + new
                at = end
        return text + self.source.whole[at:last]

    # What changes

    def visit_arguments(self, node: ast.arguments) -> None:
        places = [*node.posonlyargs, *node.args]
        pairs = [
            *zip(reversed(places), reversed(node.defaults), strict=False),
            *zip(node.kwonlyargs, node.kw_defaults, strict=True),
        ]
        defaults = {arg: default for arg, default in pairs if default is not None}
        for arg in (*places, *node.kwonlyargs, node.vararg, node.kwarg):
            if arg is not None:
                after = self._start(arg) + len(arg.arg)
                default = defaults.get(arg)
                if default is not None:
                    self.edits.append((after, self._start(default), "="))
                    self.visit(default)
                elif arg.annotation is not None:
                    self.edits.append((after, self._end(arg.annotation), ""))

    def _without_returns(self, node: Any) -> None:
        if getattr(node, "returns", None) is not None:
            arrow = self.source.whole.rindex("->", 0, self._start(node.returns))
            self.edits.append((arrow - 1, self._end(node.returns), ""))

    def _shorten_docstring(self, node: Any) -> None:
        told = ast.get_docstring(node)
        if told:
            text = told.split("\n")[0].replace("\\", "\\\\").replace('"""', "'''")
            place = node.body[0].value
            room = 94 - place.col_offset
            end = "" if len(text) <= room else "\n" + " " * place.col_offset
            self.edits.append((self._start(place), self._end(place), f'"""{text}{end}"""'))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            if _goes(decorator):
                raise UnwritableError("something decorates a function inside of it")
        self.visit(node.args)
        for child in node.body:
            self.visit(child)
        self._without_returns(node)
        self._shorten_docstring(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None and isinstance(self.source.node, ast.ClassDef):  # a field
            self.edits.append((self._start(node.annotation), self._end(node.annotation), "object"))
        elif node.value is None:
            self.edits.append((self._start(node), self._end(node), "pass"))
        else:
            self.edits.append((self._end(node.target), self._end(node.annotation), ""))
            self.visit(node.value)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:  # its names are global ones in the new place
            self.edits.append((self._start(node), self._end(node), "pass"))

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self.source.names and isinstance(node.ctx, ast.Load):
            self._replace(node, self.source.names[node.id], node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Name what lies in a module of ours by its own name."""
        whole = self._object(node)
        if whole is None:
            self.visit(node.value)
        else:
            self._replace(node, whole[0], node.attr)

    def _object(self, node: ast.expr) -> tuple[Any] | None:
        if isinstance(node, ast.Attribute):
            if not isinstance(node.value, ast.Name) or node.value.id not in self.source.names:
                return None
            module = self.source.names[node.value.id]
            return (getattr(module, node.attr),) if inspect.ismodule(module) else None
        if isinstance(node, ast.Name) and node.id in self.source.names:
            return (self.source.names[node.id],)
        return None

    def _replace(self, node: Any, x: Any, name: str) -> None:
        new = self.resolve(x, name, self.source.bound)
        if new is not None:
            self.edits.append((self._start(node), self._end(node), ast.unparse(new)))

    def visit_Call(self, node: ast.Call) -> None:
        called = self._object(node.func)
        if called is not None and getattr(called[0], "__keeps__", False):  # callers see y alone
            self.edits.append((self._end(node), self._end(node), "[0]"))
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Let an error of ours be Python's own, with the first line of its message."""
        error = node.exc
        if not isinstance(error, ast.Call):
            return self.generic_visit(node)
        called = self._object(error.func)
        kind = called[0] if called is not None else None
        base = python_error(kind) if inspect.isclass(kind) else "ValueError"
        if error.args and inspect.isclass(kind):
            told = error.args[0]
            self.edits.append((self._start(error), self._start(told), f"{base}("))
            self.visit(told)
            self.edits.append((self._end(told), self._end(error), ")"))
        else:
            self.edits.append((self._start(error), self._end(error), f"{base}()"))
        return None


def python_error(kind: type) -> str:
    """Name the error of Python's own that an error is.

    >>> from ..errors import ShapeError
    >>> python_error(ShapeError)
    'ValueError'
    """
    own = [c.__name__ for c in kind.__mro__ if c.__module__ == "builtins" and c is not object]
    return next((name for name in own if name not in ("Exception", "BaseException")), "Exception")
