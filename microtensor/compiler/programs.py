"""What is a program? Instructions in a line, each naming what it computes from what.

Every name is given once (the program is in static single assignment form), so a name is a value
and each pass over a program can be read as an equation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..nesting import like
from ..primitives import registry
from .opaque import Rule
from .slots import Slot

if TYPE_CHECKING:
    from .comparing import Difference


class Variable:
    """A name, and what is known of the numbers behind it before they are there.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : numpy.dtype or None
        None for one of Python's floats, which is weak: it takes the other operand's dtype.
    """

    __slots__ = ("dtype", "is_generator", "is_weak", "name", "order", "sample", "shape")

    def __init__(self, name: str, shape: tuple[int, ...], dtype: Any, sample: Any = None) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype
        self.sample = sample  # its numbers in the traced run, while the program is being made
        self.order = order_of(sample)  # of axes in memory, if that is not their own
        # A number of Python's takes the other operand's dtype; a generator is no number.
        self.is_weak = dtype is None and isinstance(sample, float | int)
        self.is_generator = isinstance(sample, np.random.Generator | np.random.RandomState)

    @classmethod
    def like(cls, name: str, data: Any) -> Variable:
        """Make the variable of some numbers, or of what a call keeps, in tuples too."""
        return cls(name, getattr(data, "shape", ()), getattr(data, "dtype", None), data)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * (8 if self.dtype is None else self.dtype.itemsize)

    def __repr__(self) -> str:
        return f"{self.name}: {'float' if self.dtype is None else self.dtype.name}{self.shape}"


def order_of(x: Any) -> tuple[int, ...] | None:
    """Tell in which order an array's axes lie in memory, the slowest first; None for its own."""
    if not isinstance(x, np.ndarray) or x.flags.c_contiguous or not x.size:
        return None
    order = tuple(sorted(range(x.ndim), key=lambda axis: -x.strides[axis]))
    return order if x.transpose(order).flags.c_contiguous else None


def is_reordered(x: Variable, shape: tuple[int, ...]) -> bool:
    """Tell whether numbers have to move for an array of axes in another order to be reshaped."""
    if x.order is None:
        return False
    like = np.empty([x.shape[a] for a in x.order], np.bool_).transpose(np.argsort(x.order))
    return not np.may_share_memory(like.reshape(shape), like)


@dataclass(eq=False)
class Instruction:
    """One call: ``outputs = fn(*operands, **options)``.

    Attributes
    ----------
    fn : callable
        What is called: a function that the registry knows, or a ``Rule``.
    operands : tuple
        Variables and constants, in order.
    options : dict
        May hold variables, in tuples and lists too, such as an index.
    outputs : list of Variable
        One; or the result and what is kept of it; or a rule's contributions (None: not wanted).
    phase : {"forward", "backward", "update"}
    module : str
        The path of the module it belongs to, or "".
    """

    fn: Any
    operands: tuple
    options: dict[str, Any]
    outputs: list[Any]
    phase: str = "forward"
    module: str = ""

    @property
    def output(self) -> Variable:
        return self.outputs[0]

    @property
    def compute(self) -> Any:
        """What computes the outputs from arrays."""
        known = registry.get(self.fn) if not isinstance(self.fn, Rule) else None
        return self.fn if known is None else known.forward

    @property
    def is_rule(self) -> bool:
        return isinstance(self.fn, Rule)

    @property
    def name(self) -> str:
        return getattr(self.fn, "__name__", type(self.fn).__name__)

    def reads(self) -> Iterator[Variable]:
        """Give each variable that is read, with repeats."""
        for x in self.operands:
            yield from variables_in(x)
        for x in self.options.values():
            yield from variables_in(x)

    def replaced(self, new: dict[Variable, Any]) -> Instruction:
        """Give the same call of other operands."""
        operands = tuple(substitute(x, new) for x in self.operands)
        options = {k: substitute(x, new) for k, x in self.options.items()}
        return Instruction(self.fn, operands, options, self.outputs, self.phase, self.module)


def variables_in(x: Any) -> Iterator[Variable]:
    """Give the variables in an operand or option, however nested."""
    if isinstance(x, Variable):
        yield x
    elif isinstance(x, tuple | list):
        for inner in x:
            yield from variables_in(inner)


def substitute(x: Any, new: dict[Variable, Any]) -> Any:
    """Put others in place of variables, however nested."""
    if isinstance(x, Variable):
        return new.get(x, x)
    if isinstance(x, tuple | list):
        return like(x, [substitute(inner, new) for inner in x])
    return x


@dataclass
class Result:
    """One leaf of what a function returns: a variable or a constant, and how it is shown.

    ``as_value`` tells whether eager gives a Value there, rather than plain numbers, and ``flows``
    whether a gradient could flow from it. ``leaf`` is the parameter, or other leaf, that it is.
    """

    x: Any
    as_value: bool = False
    flows: bool = False
    leaf: Any = None


@dataclass(eq=False, repr=False)
class Program:
    """A function, written as instructions.

    Attributes
    ----------
    name : str
        The function's.
    inputs : list of (Slot, Variable)
        What is read.
    instructions : list of Instruction
    results : list of Result
        The leaves of what is returned.
    structure : Any
        What is returned, for its nesting.
    writes : list of (Slot, Variable or constant)
        What is written when all is computed.
    guards : list of (Variable, bool)
        What must have this truth, or the program is not the one for these numbers.
    constants : dict of Variable to array
        Arrays that are the same at each call.
    gradients : dict of Variable to Variable
        Of which variable each gradient is one, as far as they are in the program.
    called : dict of Variable to str
        What results are called in the functions that computed them.
    """

    name: str
    inputs: list[tuple[Slot, Variable]]
    instructions: list[Instruction]
    results: list[Result]
    structure: Any = None
    writes: list[tuple[Slot, Any]] = field(default_factory=list)
    guards: list[tuple[Variable, bool]] = field(default_factory=list)
    constants: dict[Variable, Any] = field(default_factory=dict)
    gradients: dict[Variable, Variable] = field(default_factory=dict)
    called: dict[Variable, str] = field(default_factory=dict)
    run_form: Program | None = None  # what is run in its place, if that is lines of NumPy

    def needed(self) -> list[Variable]:
        """List the variables that must be there at the end."""
        found = [r.x for r in self.results if isinstance(r.x, Variable)]
        found += [x for _, x in self.writes if isinstance(x, Variable)]
        return found + [x for x, _ in self.guards]

    def forget_samples(self) -> None:
        """Let go of the traced run's numbers, which are needed while a program is made."""
        for x in self.variables():
            x.sample = None

    def variables(self) -> Iterator[Variable]:
        """Give every variable, with repeats."""
        yield from (x for _, x in self.inputs)
        yield from self.constants
        for ins in self.instructions:
            yield from ins.reads()
            yield from (x for x in ins.outputs if x is not None)
        yield from self.needed()

    def with_instructions(
        self, instructions: list[Instruction], new: dict[Variable, Any] | None = None
    ) -> Program:
        """Give the same program of other instructions, and of other variables at its end."""
        new = new or {}
        return Program(
            self.name,
            self.inputs,
            instructions,
            [replace(r, x=substitute(r.x, new)) for r in self.results],
            self.structure,
            [(slot, substitute(x, new)) for slot, x in self.writes],
            # What has turned out to be a constant has the answer of the traced run for ever.
            [(y, answer) for x, answer in self.guards if isinstance(y := new.get(x, x), Variable)],
            self.constants,
            self.gradients,
            self.called,
        )

    # How it is read. Each reader is written of programs, so it is imported here.

    @property
    def source(self) -> str:
        """The program as Python that runs by itself, with NumPy alone."""
        from .readable import readable_source

        return readable_source(self)

    def __str__(self) -> str:
        from .listing import listing

        return listing(self)

    def __repr__(self) -> str:
        return f"<Program {self.name}: {len(self.instructions)} instructions>"

    def diff(self, other: Program) -> Difference:
        """Tell what another program has that this has not, and the other way round."""
        from .comparing import difference

        return difference(self, other)

    def to_json(self, indent: int | None = 2) -> str:
        """Give all of it as JSON, but the numbers of large arrays."""
        from .exporting import as_json

        return as_json(self, indent)
