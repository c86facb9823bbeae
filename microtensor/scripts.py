"""What does a file of the user's hold? It is run as ``python FILE`` would run it, and then asked.

The file is ``__main__``: what stands under ``if __name__ == "__main__"`` runs, its own folder is
where its imports are looked for, and ``sys.argv`` holds its name alone.
"""

from __future__ import annotations

import difflib
import importlib.machinery
import importlib.util
import inspect
import sys
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import ArgumentError
from .graph import Model, Node


class Ended(Exception):  # noqa: N818  # not an error of ours
    """The user's file came to an end by itself, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def found(target: str) -> tuple[str, Any]:
    """Run a file, and give what a name in it stands for; a function is called.

    Parameters
    ----------
    target : str
        ``FILE:NAME``.

    Returns
    -------
    str, object
        The name, and what it stands for.

    Raises
    ------
    ArgumentError
        If there is no such file or no such name, or the function needs arguments.
    Ended
        If the file's own code failed, or ended the program with a code that means failure; what
        Python says of it has been printed.
    """
    file, colon, name = target.rpartition(":")
    if not colon or not file or not name.isidentifier():
        raise ArgumentError(
            f"{target!r} does not say what to show.",
            expected="FILE:NAME, such as train.py:loss",
            got=repr(target),
        )
    path = Path(file)
    if not path.is_file():
        near = difflib.get_close_matches(path.name, _scripts_in(path.parent), n=1)
        raise ArgumentError(
            f"There is no file {file}.",
            expected="a Python file",
            got="a folder" if path.is_dir() else "nothing of that name",
            hint=f"Is it {path.with_name(near[0])}?" if near else None,
        )
    with _as_main(path) as module:
        with _users_code(path):
            _run(module)
        if name not in vars(module):
            raise _missing(path, module, name)
        thing = vars(module)[name]
        if isinstance(thing, types.FunctionType):
            _check_callable(thing, name)
            with _users_code(path):
                thing = thing()
    return name, thing


@contextmanager
def _as_main(path: Path) -> Iterator[types.ModuleType]:
    """Make a module of a file, in the place and with the surroundings that a program has."""
    loader = importlib.machinery.SourceFileLoader("__main__", str(path))
    spec = importlib.util.spec_from_loader("__main__", loader)
    assert spec is not None  # a loader was given
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    before = sys.modules.get("__main__"), sys.argv, sys.path[:], sys.dont_write_bytecode
    sys.modules["__main__"] = module
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield module
    finally:
        main, sys.argv, sys.path[:], sys.dont_write_bytecode = before
        if main is not None:
            sys.modules["__main__"] = main


def _run(module: types.ModuleType) -> None:
    assert module.__spec__ is not None
    assert module.__spec__.loader is not None
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # as a program, it is not kept
    try:
        module.__spec__.loader.exec_module(module)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    finally:
        sys.dont_write_bytecode = writes


@contextmanager
def _users_code(path: Path) -> Iterator[None]:
    """Let what goes wrong inside be told as Python tells it, without the lines that are ours."""
    try:
        yield
    except SystemExit as end:
        if end.code in (None, 0):
            raise Ended(0) from None
        if not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
        raise Ended(end.code if isinstance(end.code, int) else 1) from None
    except (Exception, KeyboardInterrupt) as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != str(path):
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        raise Ended(130 if isinstance(error, KeyboardInterrupt) else 1) from None


def _check_callable(function: Any, name: str) -> None:
    needed = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if needed:
        raise ArgumentError(
            f"{name} is a function that needs arguments.",
            expected="a function that can be called without any",
            got=f"{name}({', '.join(needed)})",
            hint=f"Give a result of it a name in the file, such as shown = {name}(...).",
        )


def _missing(path: Path, module: types.ModuleType, name: str) -> ArgumentError:
    own = [key for key in vars(module) if not key.startswith("_")]
    shown = [key for key in own if isinstance(vars(module)[key], Node | Model | types.FunctionType)]
    near = difflib.get_close_matches(name, own, n=1)
    return ArgumentError(
        f"{path} has no {name} when it has run.",
        expected="one of " + ", ".join(shown[:12]) if shown else "the name of a Value or a model",
        got=repr(name),
        hint=f"Is it {near[0]}?" if near else None,
    )


def _scripts_in(folder: Path) -> list[str]:
    return [p.name for p in folder.glob("*.py")] if folder.is_dir() else []
