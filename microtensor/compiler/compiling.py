"""What does a call of a compiled function do? It finds the program for what it is given, or makes
one; reads what lies in its places, computes, and writes what changed.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .. import graph
from ..errors import ArgumentError, CompileError, CompileWarning
from ..graph import Node, is_recording, state
from ..nesting import leaves
from .arguments import Arguments, replaced
from .callers import local_names
from .executing import ANOTHER, BACKENDS, Backend, Executable
from .naming import called_in, gradients_in
from .programs import Program
from .reading import Reader
from .tracing import Tracer
from .watching import Watch

_counting = threading.Lock()
MOST = 32  # programs that one function keeps
HOUSE_PATH = os.path.dirname(os.path.dirname(__file__)) + os.sep


def trace_call(
    name: str,
    f: Callable,
    arguments: Arguments,
    args: tuple,
    kwargs: dict[str, Any],
) -> tuple[Tracer, Program]:
    """Run a function once on Values that stand for its arguments, and read what it did."""
    tracer = Tracer(name, Watch(f, *arguments.others))
    numbered = iter(enumerate(arguments.names))

    def stand_in(x: Any) -> Any:
        place, name = next(numbered)
        if isinstance(x, Node):
            return tracer.value_argument(x, place)
        return tracer.argument(x, name, place)

    with _counting:
        graph.tracers += 1
    outer, state.tracer = state.tracer, tracer
    failed = True
    try:
        fresh = tuple(replaced(x, stand_in) for x in args)
        named = {k: replaced(kwargs[k], stand_in) for k in sorted(kwargs)}
        with local_names() as called:
            output = f(*fresh, **named)
        tracer.finish()
        reader = Reader(tracer)
        program = reader.program(output, leaves(output))
        program.gradients = gradients_in(reader)
        program.called = called_in(reader, called)
        failed = False
        return tracer, program
    finally:
        state.tracer = outer
        with _counting:
            graph.tracers -= 1
        tracer.put_back(failed)


class Compiled:
    """A function, and the programs that it became; made by `compile`.

    Attributes
    ----------
    programs : list of Executable
        Those that it keeps, the latest last; each has its ``program``, to print.
    source : str
        The latest program, as Python that runs by itself.
    names : tuple of str
        Of the function's parameters.
    """

    def __init__(self, f: Callable, *, backend: Backend = "numpy", fallback: bool = False) -> None:
        functools.update_wrapper(self, f, updated=())
        self.f, self.backend, self.fallback = f, backend, fallback
        self.name = getattr(f, "__name__", type(f).__name__)
        self.programs: list[Executable] = []
        self._found: dict[tuple, list[Executable]] = {}
        self._last: Any = None
        self._plain: dict[tuple, None] = {}  # the keys of calls that run as they are
        self._made_so_far = 0
        self._enter: Callable[[tuple], Any] | None = None  # what the last one needs of a call
        self.names = _names_of_parameters(f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._enter is not None and not kwargs:
            given = self._enter(args)
            if given is not None:
                output = self._last.run(given)
                return self._call(args, kwargs, again=True) if output is ANOTHER else output
        if state.tracer is not None:  # inside of another compiled function: part of its program
            return self.f(*args, **kwargs)
        return self._call(args, kwargs)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        """Stand for a method, as a function in a class does."""
        return self if owner is None else functools.partial(self, owner)

    def __repr__(self) -> str:
        count = len(self.programs)
        return f"<compiled {self.name}: {count} program{'s' * (count != 1)}, {self.backend}>"

    def _call(self, args: tuple, kwargs: dict[str, Any], again: bool = False) -> Any:
        """Find the program for a call, or make it, and run it."""
        arguments = Arguments(self.names, args, kwargs)
        if self._plain and (arguments.key, is_recording()) in self._plain:
            return self.f(*args, **kwargs)
        try:
            for executable in self.candidates(arguments, args, kwargs):
                output = executable.run(arguments.leaves, again=again)
                if output is not ANOTHER:
                    self._use(executable, args, kwargs)
                    break
                again = True
            return output
        except CompileError as error:
            if not self.fallback:
                raise
            self._warn(f"{self.name} runs as it is, since it cannot be compiled.\n{error}")
        self._plain[arguments.key, is_recording()] = None
        return self.f(*args, **kwargs)

    def candidates(self, arguments: Arguments, args: tuple, kwargs: dict) -> Iterator[Executable]:
        """Give each program that may be the one for a call, until its numbers fit; then a new one.

        ``arguments`` are ``args`` and ``kwargs``, taken apart.
        """
        key = (arguments.key, is_recording())
        for executable in tuple(self._found.get(key, ())):
            if executable.holds(arguments.leaves):
                yield executable
        yield self._made(key, arguments, args, kwargs)

    def _use(self, executable: Executable, args: tuple, kwargs: dict[str, Any]) -> None:
        self._last, self._enter = executable, executable.entrance(args, kwargs)

    def _made(self, key: tuple, arguments: Arguments, args: tuple, kwargs: dict) -> Executable:
        tracer, program = trace_call(self.name, self.f, arguments, args, kwargs)
        executable = Executable(program, tracer, self.backend)
        self._made_so_far += 1
        if self._made_so_far == MOST + 1:
            self._warn(
                f"{self.name} was written as a program {MOST + 1} times, and keeps {MOST} of them."
                "\nIs it called with ever other shapes, whole numbers, strings or objects?"
            )
        self._found.setdefault(key, []).append(executable)
        self.programs.append(executable)
        if len(self.programs) > MOST:
            oldest = self.programs.pop(0)
            for found in self._found.values():
                if oldest in found:
                    found.remove(oldest)
        return executable

    def _warn(self, message: str) -> None:
        """Warn at the line of the user's that called."""
        depth, frame = 1, sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(HOUSE_PATH):
            depth, frame = depth + 1, frame.f_back
        warnings.warn(message, CompileWarning, stacklevel=depth + 1)

    @property
    def source(self) -> str:
        """The latest program, as Python that reads like a textbook and runs by itself."""
        return self._latest().source

    @property
    def optimised_source(self) -> str:
        """The lines that are run, into buffers made beforehand, as Python that runs by itself."""
        return self._latest().optimised_source

    def _latest(self) -> Executable:
        if not self.programs:
            raise ArgumentError(
                f"{self.name}: there is no program yet.",
                expected="a call before it, since a program is written for shapes that are given",
                got="none",
            )
        return self.programs[-1]


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
        `Program` of what it did: ``print`` shows it as a page, ``source`` is Python that runs by
        itself, ``diff(other)`` compares it, ``to_json()`` is for other tools.

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


def compile(f: Callable | None = None, *, backend: str = "numpy", fallback: bool = False) -> Any:
    """Write a function, or a step of training, as a straight-line program, and run that instead.

    The first call runs the function once on Values that stand for its arguments, reads what it did
    as a program (forward, backward and update), and from then on runs the program: NumPy calls in a
    row that compute into buffers made beforehand. Parameters, gradients, buffers of models, what
    optimizers remember and what dropout draws change as they do without, to the last bit where the
    order of sums is the same. ``print(step.source)`` shows it.

    Parameters
    ----------
    f : callable
        A function of arrays, numbers, Values, models, and nestings of these. It may use models,
        optimizers and other Values that it is not given.
    backend : {"numpy", "numba"}, default "numpy"
        How the program is run: as NumPy, or as loops that Numba compiles (``microtensor[jit]``).
    fallback : bool, default False
        Whether what cannot be compiled runs as it is, with a `CompileWarning` that says why.

    Returns
    -------
    Compiled
        Called as ``f`` is. Used as a decorator it may stand on functions and on methods.

    Raises
    ------
    CompileError
        At a call, if what is computed, or a shape, depends on the numbers of an argument or of a
        parameter: ``if loss > 1`` in ``f``, ``float(loss)``, ``x[x > 0]``. Nothing is changed.
    ArgumentError
        If there is no such backend.

    Notes
    -----
    Arrays and Python's floats among the arguments are read at each call. Another shape or dtype,
    another integer, string or switch, another state of ``model.training`` or of an attribute, a
    global or a closed-over number that was read, is another program: made once, and kept (32 of
    them at most). Where the library itself asks of numbers, such as whether labels are classes,
    the program asks each time. Plain arrays that the function finds in a closure, a global or an
    object are read at each call, too; but what NumPy makes of plain arrays alone is computed once,
    and what it prints is printed once. A list or an attribute that it changes is an error.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> from microtensor import losses, nn, optim
    >>> net = nn.MLP(2, [8, 2], rng=0)
    >>> optimizer = optim.SGD(net.parameters(), lr=0.5)
    >>> @mt.compile
    ... def step(x, labels):
    ...     optimizer.zero_grad()
    ...     loss = losses.cross_entropy(net(x), labels)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, labels = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    >>> first = step(x, labels)
    >>> for _ in range(50):
    ...     loss = step(x, labels)
    >>> bool(loss < first / 10), len(step.programs)
    (True, 1)
    """
    if f is None:
        return functools.partial(compile, backend=backend, fallback=fallback)
    if backend not in BACKENDS:
        raise ArgumentError(
            "compile: there is no such backend.",
            expected=f"one of {', '.join(map(repr, BACKENDS))}",
            got=repr(backend),
        )
    if not callable(f):
        raise ArgumentError(
            "compile: it takes a function, and gives one that computes the same.",
            expected="a function, as in mt.compile(step) or above a definition, @mt.compile",
            got=f"a {type(f).__name__}",
        )
    return Compiled(f, backend=backend, fallback=fallback)
