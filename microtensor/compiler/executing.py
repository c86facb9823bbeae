"""How does a program run? What it rests on is looked at; its places are read; it is computed; and
when all is there, what changed is written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import is_recording
from ..ops.activations import sigmoid
from ..randomness import Rng, generator, mark
from .blocks import sunk
from .bounds import bounds_joined
from .entering import entrance
from .float_source import FloatText, is_of_floats
from .interpreting import interpreter
from .numba_running import in_kernels
from .numpy_source import NumpySource
from .passes import optimised
from .programs import Program
from .releasing import guards_first, unread_left_out
from .returning import returning
from .row_passages import ROW_PASSAGES
from .settings import Attribute, Setting, holds
from .slots import Gradient, Leaf
from .tracing import Tracer

Runner = Callable[[Sequence[Any]], list[Any] | None]  # None if a guard does not hold
Backend = str | Callable[[Program], Runner]  # one by its name, or what makes a program run
ANOTHER: Any = object()  # no result: these numbers want another program


class Executable:
    """A program that can be run, and what it rests on."""

    def __init__(self, program: Program, tracer: Tracer, backend: Backend) -> None:
        self.program = program
        self.settings = [*tracer.watch.settings, *tracer.settings, *_trained(program)]
        self.conditions = tracer.conditions
        self.grads = [(place, True) for place, _ in program.inputs if isinstance(place, Gradient)]
        self.grads += [
            (Gradient("", leaf, tracer.places.get(leaf)), False) for leaf in tracer.absent
        ]
        self.before = [act for before, act in tracer.effects if before]
        self.after = [act for before, act in tracer.effects if not before]
        self.made: Runner = (backend if callable(backend) else BACKENDS[backend])(program)
        self.compute = self.made
        for made in filter(None, (program, program.run_form)):
            made.forget_samples()
        if any(ins.fn is sigmoid for ins in program.instructions):
            self.compute = _without_warning(self.made)
        self._generators = drawn_from(program) if program.guards else []
        self._alone = threading.Lock()  # its buffers serve one thread at a time
        self._entrance: tuple[Any] | None = None
        self._finish = returning(program)

    @property
    def source(self) -> str:
        """The program as Python that runs by itself."""
        return self.program.source

    @property
    def optimised_source(self) -> str:
        """The lines that are run, as Python that runs by itself."""
        from .numpy_alone import optimised_source  # few ask for it

        if self.program.run_form is None:
            raise ArgumentError(
                f"{self.program.name}: only the NumPy backend runs a program as lines of NumPy.",
                expected='backend="numpy"',
                got="another backend",
                hint="Its source shows what is computed.",
            )
        return optimised_source(self.program.run_form)

    def holds(self, given: list[Any]) -> bool:
        """Tell whether the program is the one for how things are now."""
        for gradient, was_there in self.grads:
            if (gradient.read(given) is not None) is not was_there:
                return False
        return all(condition() for condition in self.conditions) and holds(self.settings)

    def entrance(self, args: tuple, kwargs: dict[str, Any]) -> Callable[[tuple], Any] | None:
        """Give a quick way to tell whether the program fits another call, and with what leaves."""
        if kwargs:
            return None
        if self._entrance is None:
            paused = not is_recording()
            made = entrance(args, paused, self.settings, self.grads, self.conditions)
            self._entrance = (made,)
        return self._entrance[0]

    def run(self, given: Sequence[Any], *, again: bool = False) -> Any:
        """Compute it; give `ANOTHER` if the numbers are such that another program is wanted.

        ``again`` tells that such a one was found: what is done before a program has been done.
        """
        if not again:
            for act in self.before:
                act()
        with self._alone:
            back = [mark(generator(rng)) for rng in self._generators]
            results = self.compute(given)
            if results is None:
                for put_back in back:
                    put_back()
                return ANOTHER
        for act in self.after:
            act()
        return self._finish(results, given)


def _without_warning(compute: Runner) -> Runner:
    """Run without a warning of exp(-x), which may be infinite in a sigmoid: that gives 0."""

    def run(given: Sequence[Any]) -> list[Any] | None:
        with np.errstate(over="ignore"):
            return compute(given)

    return run


def _trained(program: Program) -> list[Setting]:
    """Tell of each leaf whether it has a gradient, which may be switched on and off."""
    leaves = [place.node for place, _ in program.inputs if type(place) is Leaf]
    return [(Attribute(leaf), "_requires_grad", leaf._requires_grad) for leaf in leaves]


def drawn_from(program: Program) -> list[Rng | None]:
    """List what a program draws from; None for the process's generator."""
    found: dict[int, Any] = {}
    for ins in program.instructions:
        for x in (*ins.operands, *ins.options.values()):
            if isinstance(x, np.random.Generator | np.random.RandomState):
                found[id(x)] = x
    default = any(place.key == ("generator",) for place, _ in program.inputs)
    return [*found.values(), *([None] if default else [])]


def through_places(program: Program, compute: Callable) -> Runner:
    """Make a function of arrays one that reads the program's inputs, and writes what it gives.

    ``compute`` takes the inputs' arrays and gives (results, what is written), or None if a guard
    does not hold.
    """

    def run(given: Sequence[Any]) -> list[Any] | None:
        found = compute(*[place.read(given) for place, _ in program.inputs])
        if found is None:
            return None
        results, written = found
        for (place, _), x in zip(program.writes, written, strict=True):
            place.write(given, x)
        return results

    return run


def for_numpy(found: Program) -> Program:
    """Give an optimised program in the form in which it is run as NumPy."""
    return sunk(guards_first(unread_left_out(bounds_joined(found))))


def as_numpy(program: Program) -> Runner:
    """Make a program run as straight-line NumPy, and remember the form in which it runs."""
    found = optimised(program)
    program.run_form = for_numpy(found)
    return in_floats(found, program) or NumpySource(program.run_form).function()


def in_floats(found: Program, program: Program) -> Runner | None:
    """Make a program of single numbers arithmetic of Python's, if it is one."""
    if not is_of_floats(found):
        return None
    return FloatText(found, BACKENDS["interpreter"](program)).function()


def as_kernels(program: Program) -> Runner:
    """Make a program run in kernels of Numba's, of single numbers as arithmetic of Python's."""
    instead = BACKENDS["interpreter"](program)
    found = optimised(program, ROW_PASSAGES)
    return in_floats(found, program) or in_kernels(found, instead, drawn_from(program))


# How each backend makes a program run, by the name that `compile` is given.
BACKENDS: dict[str, Callable[[Program], Runner]] = {
    "interpreter": lambda program: through_places(program, interpreter(program)),
    "numpy": as_numpy,
    "numba": as_kernels,
}
