"""How is a step of training run as a program? What `fit` does with a group of batches, compiled.

The program says no where the plain loop would stop: at a loss or a gradient that is not finite.
Nothing is changed then, and the plain loop takes the step again, to find out what is wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import compiler, optim
from ..errors import ArgumentError, CompileError, CompileWarning, GradientError
from ..graph import Node
from ..nesting import leaves, rebuild
from ..ops.arithmetic import astype
from .feeding import Part

_EXPECTED = 'True, "numpy", or options of mt.compile as {"backend": "numpy", "fallback": True}'


class NotFiniteError(Exception):
    """A loss is not finite, so that there is no step to take."""


class CompiledStep:
    """Takes the steps of a training as programs, one for each shape of batches.

    Parameters
    ----------
    model, loss : callable
    optimizer : Optimizer
    clip : callable or None
        What makes the gradients of parameters as small as they are to be.
    check : callable
        Raises if a loss is not a scalar Value.
    needs_outputs : bool
        Whether the outputs are looked at, so that they must leave the program.
    options : dict
        "backend", as `compile` takes it, and "fallback": whether the plain loop takes over, with
        a warning, where no program can be made.
    """

    def __init__(
        self,
        model: Callable,
        loss: Callable,
        optimizer: Any,
        clip: Callable | None,
        check: Callable[[Any], None],
        needs_outputs: bool,
        options: Mapping[str, Any],
    ) -> None:
        def take(parts: list[tuple]) -> tuple:
            optimizer.zero_grad()
            seen = []
            for inputs, targets, share in parts:
                outputs = model(*inputs)
                error = loss(outputs, targets)
                check(error)
                if not np.isfinite(error):  # the program asks it each time
                    raise NotFiniteError
                error.backward(_in_dtype_of(error, share), leaves_only=True)
                seen.append((error, outputs if needs_outputs else None))
            if clip is not None:
                clip(optimizer.parameters)
            optimizer.step()
            return tuple(seen)

        self._take = take
        self._falls_back = options.get("fallback", False)
        self._backend = options.get("backend", "numpy")
        self.steps: dict[Any, Any] = {}  # compiled, by how the batches of a step are nested
        self._compiled(None)  # an unknown backend is refused at once
        self.is_off = False

    def __call__(self, group: list[Part]) -> tuple[tuple[Any, Any], ...] | None:
        """Take a step, and give the loss and the outputs of each batch; None if it is not taken."""
        if self.is_off:
            return None
        key, arrays = _taken_apart(group)
        step = self.steps.get(key)
        if step is None:
            step = self.steps[key] = self._compiled(_parts(group))
        try:
            return step(*arrays)
        except (NotFiniteError, GradientError):
            return None
        except CompileError as error:
            if not self._falls_back:
                error.add_note("fit(compile=True): without it, the plain loop trains this model.")
                raise
            warnings.warn(
                f"fit: the steps are not compiled.\n{error}", CompileWarning, stacklevel=4
            )
            self.is_off = True
            return None

    def _compiled(self, parts: Any) -> Any:
        """Compile a step as a function of the arrays of its batches, one after the other."""
        take, pattern = self._take, rebuild(parts, iter(leaves(parts)))

        def step(*arrays: Any) -> tuple:
            return take(rebuild(pattern, iter(arrays)))

        return compiler.compile(step, backend=self._backend)


def _parts(group: list[Part]) -> list[tuple]:
    return [(p.inputs, p.targets, p.share) for p in group]


def _taken_apart(group: list[Part]) -> tuple[Any, list[Any]]:
    """Give how batches are nested, and their arrays, in order."""
    inputs, targets, _, share = group[0]
    arrays = [*inputs, targets]
    if len(group) == 1 and all(x.__class__ is np.ndarray for x in arrays):  # as most are
        return len(arrays), [*arrays, share]
    parts = _parts(group)
    return _nesting(parts), [_array(x) for x in leaves(parts)]


def _nesting(x: Any) -> Any:
    """Give something that is equal for batches that are nested in the same way."""
    if isinstance(x, list | tuple):
        return tuple(map(_nesting, x))
    return tuple((k, _nesting(y)) for k, y in x.items()) if isinstance(x, dict) else 0


def _in_dtype_of(error: Any, share: Any) -> Any:
    """Give a batch's share as the plain loop's backward pass begins with it."""
    return astype(share, error.dtype) if isinstance(share, Node) else share


def _array(x: Any) -> Any:
    """Give an array for one of another library, which a program would take for a constant."""
    known = x.__class__ is np.ndarray or isinstance(x, Node | np.generic)
    return np.asarray(x) if not known and hasattr(x, "__array__") else x


def as_options(given: Any, optimizer: Any) -> dict[str, Any] | None:
    """Give the options of compiling, or None if nothing is to be compiled."""
    if given is False or given is None:
        return None
    options = dict(given) if isinstance(given, Mapping) else {}
    if isinstance(given, str):
        options["backend"] = given
    if not (isinstance(given, bool | str | Mapping) and set(options) <= {"backend", "fallback"}):
        raise ArgumentError(
            "fit: compile says whether and how steps become programs.",
            expected=_EXPECTED,
            got=repr(given),
        )
    if isinstance(optimizer, optim.LBFGS):
        raise ArgumentError(
            "fit: a step of LBFGS is no program, since it asks for the loss as often as it needs.",
            expected="compile=False, or another optimizer",
            got=f"compile={given!r}",
        )
    return options
