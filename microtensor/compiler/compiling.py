"""What does a call of a compiled function do? It finds the program for what it is given, or makes
one; reads what lies in its places, computes, and writes what changed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError
from ..graph import Node, is_recording, state
from ..nesting import leaves
from .arguments import Arguments, replaced
from .executing import ANOTHER, Executable
from .naming import gradients_in
from .programs import Program
from .reading import Reader
from .settings import settings_of_function
from .tracing import Tracer

MOST = 32  # programs that one function keeps


def trace_call(
    name: str,
    f: Callable,
    arguments: Arguments,
    args: tuple,
    kwargs: dict[str, Any],
    held_grads: dict[Node, bool] | None = None,
) -> tuple[Tracer, Program]:
    """Run a function once on Values that stand for its arguments, and read what it did."""
    tracer = Tracer(name, held_grads)
    numbered = iter(enumerate(arguments.names))

    def stand_in(x: Any) -> Any:
        place, name = next(numbered)
        if isinstance(x, Node):
            return tracer.value_argument(x, place)
        return tracer.argument(x, name, place)

    outer, state.tracer = state.tracer, tracer
    try:
        fresh = tuple(replaced(x, stand_in) for x in args)
        named = {k: replaced(kwargs[k], stand_in) for k in sorted(kwargs)}
        output = f(*fresh, **named)
        tracer.finish()
        reader = Reader(tracer)
        program = reader.program(output, leaves(output))
        program.gradients = gradients_in(reader)
        return tracer, program
    finally:
        state.tracer = outer
        tracer.put_back()


class Compiled:
    """A function, and the programs that it became; made by `compile`.

    Attributes
    ----------
    programs : list of Executable
        Those made so far, the one used last in the end.
    """

    def __init__(self, f: Callable, *, backend: str = "numpy") -> None:
        functools.update_wrapper(self, f, updated=())
        self.f, self.backend = f, backend
        self.name = getattr(f, "__name__", type(f).__name__)
        self.programs: list[Executable] = []
        self._found: dict[tuple, list[Executable]] = {}
        self._last: Any = None
        self._fits: Callable[[tuple], bool] | None = None  # whether the last one fits a call
        self._names = _names_of_parameters(f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._fits is not None and not kwargs and self._fits(args):
            output = self._last.run(args)
            if output is not ANOTHER:
                return output
            return self._call(args, kwargs, again=True)
        if state.tracer is not None:  # inside of another compiled function: part of its program
            return self.f(*args, **kwargs)
        return self._call(args, kwargs)

    def _call(self, args: tuple, kwargs: dict[str, Any], again: bool = False) -> Any:
        """Find the program for a call, or make it, and run it."""
        arguments = Arguments(self._names, args, kwargs)
        key = (arguments.key, is_recording())
        for executable in self._found.get(key, ()):
            if executable.holds(arguments.leaves):
                output = executable.run(arguments.leaves, again=again)
                if output is not ANOTHER:
                    self._use(executable, args, kwargs)
                    return output
                again = True
        executable = self._made(key, arguments, args, kwargs)
        self._use(executable, args, kwargs)
        return executable.run(arguments.leaves, again=again)

    def _use(self, executable: Executable, args: tuple, kwargs: dict[str, Any]) -> None:
        self._last, self._fits = executable, executable.entrance(args, kwargs)

    def _made(self, key: tuple, arguments: Arguments, args: tuple, kwargs: dict) -> Executable:
        held: dict[Node, bool] = {}
        for other in self._found.get(key, ()):
            held |= other.held_grads()
        tracer, program = trace_call(self.name, self.f, arguments, args, kwargs, held)
        executable = Executable(program, tracer, settings_of_function(self.f), self.backend)
        self._found.setdefault(key, []).append(executable)
        self.programs.append(executable)
        if len(self.programs) > MOST:
            oldest = self.programs.pop(0)
            for found in self._found.values():
                if oldest in found:
                    found.remove(oldest)
        return executable

    @property
    def source(self) -> str:
        """The program that was made last, as Python that runs by itself."""
        if not self.programs:
            raise ArgumentError(
                f"{self.name}: there is no program yet.",
                expected="a call before it, since a program is written for shapes that are given",
                got="none",
            )
        return self.programs[-1].source


def _names_of_parameters(f: Callable) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in parameters if p.kind in kinds)


def trace(f: Callable) -> Callable[..., Program]:
    """Give the function that gives the program of a call, of the same arguments.

    Parameters
    ----------
    f : callable
        A function of arrays, or a step of training.

    Returns
    -------
    callable
        Runs ``f`` once on Values that stand for its arguments, changes nothing, and gives the
        `Program` of what it did.

    Raises
    ------
    CompileError
        If what it does depends on its numbers.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> program = mt.trace(mt.grad(lambda x: np.sum(np.tanh(x))))(np.zeros(3))
    >>> [instruction.name for instruction in program.instructions]
    ['tanh', 'multiply', 'subtract', 'multiply']
    """
    name = getattr(f, "__name__", type(f).__name__)

    def traced(*args: Any, **kwargs: Any) -> Program:
        arguments = Arguments(_names_of_parameters(f), args, kwargs)
        return trace_call(name, f, arguments, args, kwargs)[1]

    return traced


def compile(f: Callable | None = None, *, backend: str = "numpy") -> Any:
    """Write a function as a straight-line program, and run that in its place."""
    if f is None:
        return functools.partial(compile, backend=backend)
    return Compiled(f, backend=backend)
