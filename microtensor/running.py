"""What happens when a function is differentiated? It runs on fresh Values that stand for its
arguments, and what it gives is led back to them.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .backward import gradients
from .batches import Batch
from .errors import ArgumentError, DisconnectedWarning, DTypeError, GradientError
from .graph import Node, ancestors, is_float, is_recording, next_number, recording, state
from .nesting import leaves, models, rebuild
from .ops import astype
from .value import Value

STAND_IN: dict = {}  # the mark of a leaf that stands for plain numbers: no call made it
FEW = 4
MOST_NUMBERS = 2**18  # in one array of many rows: 2 MB, which caches still hold


class Run:
    """One call of a function on fresh Values, and the way back through it."""

    def __init__(self, f: Callable, args: tuple, kwargs: dict, argnums: Any) -> None:
        self.argnums = argnums
        chosen = argnums if isinstance(argnums, tuple | list) else (argnums,)
        for n in chosen:
            if not isinstance(n, int | np.integer) or isinstance(n, bool):
                raise ArgumentError(
                    "argnums must say by number which positional arguments are meant.",
                    expected="an int, or a tuple or list of them",
                    got=f"{argnums!r}",
                )
            if not -len(args) <= n < len(args):
                raise ArgumentError(
                    "argnums names an argument that was not given.",
                    expected=f"the number of one of the {len(args)} positional arguments",
                    got=f"{n}",
                )
        if len({n % len(args) for n in chosen}) != len(chosen):
            raise ArgumentError("argnums names an argument twice.", got=f"{argnums}")
        self.given = [args[n] for n in chosen]
        outer = is_recording()
        self.began = next_number()
        with recording():
            fresh = list(args)
            self.inputs: list[Value] = []
            # A model computes with its own parameters, which are Values of the caller's.
            own = {p for model in models(self.given) for _, p in model.named_parameters()}
            for n, given in zip(chosen, self.given, strict=True):
                inputs: list[Value] = [
                    leaf if isinstance(leaf, Value) and leaf in own else _fresh(leaf)
                    for leaf in leaves(given)
                ]
                self.inputs.extend(inputs)
                fresh[n] = rebuild(given, iter(inputs), keep_models=True)
                traced = state.tracer is not None  # then no leaf stands for an argument
            self.mine = frozenset(
                x for x in self.inputs if (x.fn is None or traced) and x not in own
            )
            self.output = f(*fresh, **kwargs)
        if self.output is None:
            raise GradientError(
                "the function to differentiate gave None.",
                expected="a Value, or several in lists, tuples and dicts",
                hint="Does it return what it computes?",
            )
        self.outputs = [_as_output(leaf) for leaf in leaves(self.output)]
        # Results stay connected to Values of the caller's, and are Values if it gave any.
        self.connected = outer and self._uses_other_values()
        self.gives_values = self.connected or (outer and any(x.fn is not None for x in self.inputs))

    def _uses_other_values(self) -> bool:
        """Tell whether the result depends on Values of the caller's, so must stay connected.

        What stands in for an argument of a function within this one is no Value of the caller's.
        """
        tracer = state.tracer
        return any(
            (node.fn is None or (tracer is not None and node in tracer.stand_ins))
            and node not in self.mine
            and not (node.kwargs is STAND_IN and node.number > self.began)
            for node in ancestors(*self.outputs, differentiable=True)
            if node.requires_grad
        )

    def only_output(self, name: str, scalar: bool = True) -> Value:
        if not isinstance(self.output, Node | np.ndarray | float | int | np.number) or (
            scalar and np.size(self.outputs[0]._data) != 1
        ):
            shape = "a " + type(self.output).__name__
            if len(self.outputs) == 1:
                shape = f"an output of shape {np.shape(self.outputs[0]._data)}"
            raise GradientError(
                f"{name}: the function must give {'one number' if scalar else 'one array'}.",
                expected="a scalar Value, such as a loss" if scalar else "a Value",
                got=shape,
                hint="Use mt.jacobian for an array, or mt.vjp for any structure."
                if scalar
                else "Use mt.vjp for nested outputs.",
            )
        return self.outputs[0]

    def pull(self, seeds: list[Any]) -> Any:
        shaped = [
            s if isinstance(s, Node) else np.broadcast_to(s, np.shape(o._data))
            for s, o in zip(seeds, self.outputs, strict=True)
        ]
        connected = self.connected or any(isinstance(s, Node) for s in seeds)
        found = gradients(self.outputs, self.inputs, shaped, create_graph=connected)
        return self.structure(self.shown(found, connected))

    def rows(self) -> list[np.ndarray]:
        """Give the gradients of each entry of the one output: per input, a row for each.

        All at once; or one by one, where a rule does what a Batch cannot do, or where they are so
        few that a Batch, whose calls take longer than an array's, would not pay.
        """
        if np.size(self.outputs[0]._data) < FEW:
            return self.rows_one_by_one()
        try:
            return self.rows_at_once()
        except Exception:  # an error that is no matter of Batches comes again
            return self.rows_one_by_one()

    def rows_at_once(self) -> list[np.ndarray]:
        """Give them by passes of many rows each, as many as the graph's largest array allows."""
        from . import batched  # noqa: F401  # it says how functions take Batches

        nodes = ancestors(*self.outputs, differentiable=True)
        largest = max(np.size(node._data) for node in nodes)
        return self._rows(max(1, MOST_NUMBERS // max(1, largest)), Batch)

    def rows_one_by_one(self) -> list[np.ndarray]:
        return self._rows(1, lambda seeds: seeds[0])

    def _rows(self, at_most: int, packed: Callable) -> list[np.ndarray]:
        """Start a pass from so many entries of the output at a time, and collect the gradients."""
        (output,) = self.outputs
        size, shape = int(np.size(output._data)), np.shape(output._data)
        whole = [np.empty((size, *x.shape), x.dtype) for x in self.inputs]
        for start in range(0, size, at_most):
            count = min(at_most, size - start)
            seeds = np.zeros((count, size), output.dtype)
            seeds[np.arange(count), np.arange(start, start + count)] = 1
            seeds = seeds.reshape(count, *shape)
            found = gradients(self.outputs, self.inputs, [packed(seeds)])
            for rows, g in zip(whole, found, strict=True):
                rows[start : start + count] = g.data if isinstance(g, Batch) else g
        return whole

    def shown(self, found: list[Any], as_values: bool = False) -> list[Any]:
        """Give results as Values if the caller's own are involved, else as plain numbers."""
        if not (as_values or self.gives_values):
            return found
        constant = _constant if state.tracer is None else state.tracer.constant
        return [x if isinstance(x, Node) else constant(x) for x in found]

    def structure(self, results: list[Any]) -> Any:
        """Give results, one per input, in the structure of the chosen arguments."""
        source = iter(results)
        parts = tuple(rebuild(given, source) for given in self.given)
        return parts if isinstance(self.argnums, tuple | list) else parts[0]

    def rebuild(self, results: list[Any]) -> Any:
        return rebuild(self.output, iter(results))

    def release(self) -> Any:
        """Give the output: Values if the caller's own are involved, else its numbers."""
        if self.gives_values:
            return self.rebuild(self.outputs)
        numbers = (o._data for o in self.outputs)
        # What a later pull needs must not change when the caller writes into the output.
        return self.rebuild([x.copy() if isinstance(x, np.ndarray) else x for x in numbers])


def _fresh(x: Any) -> Value:
    """Make the Value that stands for an argument: connected to the caller's if it is one."""
    if isinstance(x, Node):
        if x.requires_grad:
            return np.positive(x)  # type: ignore[call-overload]  # a Value of its own, connected
        if state.tracer is not None:
            if isinstance(x._data, np.integer):
                x = astype(x, float)
            if is_float(x._data):
                return state.tracer.stand_in(x)
        x = x._data
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        x = float(x)
    value = Value(x)
    if not value.requires_grad:
        raise DTypeError(
            "an argument to differentiate by must hold floats.",
            expected="a float, or an array of floats",
            got=f"an array of dtype {value.dtype}",
            hint="Convert it with .astype(float), or leave it out of argnums.",
        )
    value.kwargs = STAND_IN
    return value


def _constant(x: Any) -> Value:
    return Value(x, requires_grad=False)


def _as_output(x: Any) -> Value:
    if isinstance(x, Value):
        return x
    warnings.warn(
        f"the function gave {type(x).__name__}, not a Value: nothing connects it to its input, "
        "so its gradient is zero. float(x), x.data and x.item() leave the graph.",
        DisconnectedWarning,
        stacklevel=_frames_of_ours(),
    )
    return Value(x, requires_grad=False)


def _frames_of_ours() -> int:
    """Count the frames up to the user's line, which a warning is to show."""
    here, depth = os.path.dirname(__file__), 1
    while os.path.dirname(sys._getframe(depth).f_code.co_filename) == here:
        depth += 1
    return depth
