"""What happens when a model is called once? Its outputs, its graph, its gradients, no traces.

A call may change things: BatchNorm's running moments, the place of dropout's generators, what a
forward of a user's own keeps. All of it is put back as it was, whatever happens.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import backward, graph
from ..errors import ArgumentError
from ..graph import Node as Recorded
from ..nesting import leaves
from ..randomness import generator, get_state, set_state
from .expansion import calls_of
from .flops import flops_of

_GENERATORS = (np.random.Generator, np.random.RandomState)


@dataclass
class Trial:
    """One call of a model.

    Attributes
    ----------
    output : what the model gave
    loss : Node or None
    outputs : dict of int to list
        By the ``id`` of each module: what each of its calls gave, as a list of Values or arrays.
    order : list of Node
        The graph, operands first.
    flops : dict of Node to int
        The operations of each call.
    grads : dict of Node to array
        Gradients of the loss.
    """

    output: Any
    loss: Recorded | None
    outputs: dict[int, list[list[Any]]]
    order: list[Recorded] = field(default_factory=list)
    flops: dict[Recorded, int] = field(default_factory=dict)
    grads: dict[Recorded, Any] = field(default_factory=dict)


def tried(model: Any, inputs: tuple, loss: Callable | None = None) -> Trial:
    """Call a model once, changing nothing.

    Parameters
    ----------
    model : Model
    inputs : tuple
        What it is called with.
    loss : callable, optional
        Makes one number of its output.

    Raises
    ------
    ArgumentError
        If the loss is not one number.
    """
    outputs: dict[int, list[list[Any]]] = {}

    def note(module: Any, args: Any, output: Any) -> None:
        outputs.setdefault(id(module), []).append(
            [x for x in leaves(output) if hasattr(x, "shape")]
        )

    with unchanged(model), ExitStack() as hooks, np.errstate(all="ignore"):
        for _, module in model.named_modules():
            if hasattr(module, "after_forward"):
                hooks.enter_context(module.after_forward(note))
        with graph.scope_set(None):
            with _all_recorded(model):
                output = model(*inputs)
                number = loss(output) if loss is not None else None
                if loss is not None:
                    _check_loss(number)
                given = [number, output, *outputs.values()]
                roots = [x for x in leaves(given) if isinstance(x, Recorded)]
                trial = Trial(output, number, outputs, graph.ancestors(*roots) if roots else [])
                trial.flops = {x: _flops(x) for x in trial.order if x.fn is not None}
            if number is not None:
                trial.grads = backward.all_gradients(number)
    return trial


def _flops(value: Recorded) -> int:
    return sum(flops_of(call) for call in calls_of([value], expand=True))


def _check_loss(number: Any) -> None:
    is_value = isinstance(number, Recorded)
    if is_value and np.size(number._data) == 1:
        return
    shape = f" of shape {np.shape(number._data)}" if is_value else ""
    raise ArgumentError(
        "summary: loss must make one number of the model's output.",
        expected="a function such as lambda y: losses.mse(y, target)",
        got=f"a function that gave a {type(number).__name__}{shape}",
    )


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Put everything back that calls of a model inside may change.

    That is: attributes of its modules, numbers and gradients of its parameters and buffers, and
    every random generator that it holds or that the process has.
    """
    modules = [module for _, module in model.named_modules()]
    attributes = [(module, dict(vars(module))) for module in modules if hasattr(module, "__dict__")]
    state = [x for _, x in _state_of(model)]
    values = [(x, x._data, x.number, x.grad) for x in state]
    copies = [None if x.requires_grad else np.array(x._data) for x in state]  # buffers are small
    generators = list(_held([held for _, held in attributes]))
    places = [(rng, get_state(rng)) for rng in [generator(), *generators]]
    legacy, plain = np.random.get_state(), random.getstate()  # noqa: NPY002  # a forward may draw
    try:
        yield
    finally:
        for module, before in attributes:
            vars(module).clear()
            vars(module).update(before)
        for (x, data, number, grad), copy in zip(values, copies, strict=True):
            if copy is not None and isinstance(data, np.ndarray) and not _same(data, copy):
                data[...] = copy
            x._data, x.number, x.grad = data, number, grad
        for rng, place in places:
            set_state(rng, place)
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(plain)


@contextmanager
def _all_recorded(model: Any) -> Iterator[None]:
    """Record the calls of frozen parameters, too: they count as work, and have shapes."""
    frozen = [
        p for _, p in model.named_parameters() if not p.requires_grad and graph.is_float(p._data)
    ]
    for p in frozen:
        p._requires_grad = True
    try:
        yield
    finally:
        for p in frozen:
            p._requires_grad = False


def _state_of(model: Any) -> list[tuple[str, Any]]:
    named = getattr(model, "named_state", model.named_parameters)
    return list(named())


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _held(holders: Any) -> Iterator[Any]:
    """Find the generators among attributes, and in the lists and dicts that they are."""
    seen: set[int] = set()
    waiting = list(holders)
    while waiting:
        x = waiting.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, _GENERATORS):
            yield x
        elif isinstance(x, dict):
            waiting += x.values()
        elif isinstance(x, list | tuple):
            waiting += x
