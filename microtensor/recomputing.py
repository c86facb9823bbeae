"""What need not be kept? `checkpoint` keeps a function's inputs, and computes the rest again.

One recorded call stands for the whole function. Its rule runs the function once more, recorded
this time, and the chain rule through that: so it is differentiable to any order, and nests.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .backward import gradients
from .calls import record, unrecorded
from .errors import ArgumentError, GradientError, StaleValueError
from .graph import Model, Node, is_recording, next_number, scope_set, state
from .nesting import leaves, models, rebuild
from .ops.indexing import scatter_add
from .primitives import differentiable, primitive
from .randomness import generator

_Generators = np.random.Generator | np.random.RandomState


def checkpoint(fn: Callable) -> Callable:
    """Give a function that computes the same and keeps only its inputs; backward recomputes.

    A chain of n steps needs memory for n of them. Cut into parts of √n steps, each of them a
    checkpoint, it needs memory for about 2√n, and one more forward pass.

    What PyTorch writes ``checkpoint(fn, x)`` is ``checkpoint(fn)(x)`` here.

    Parameters
    ----------
    fn : callable
        A model, a layer, or any function of Values, arrays and other arguments; it may use
        Values that it is not given, such as parameters. It gives Values in any nesting of lists,
        tuples and dicts. Run again, it must compute the same: it may change nothing that it uses.

    Returns
    -------
    callable
        Of the same arguments. Under `no_grad` it is ``fn``.

    Raises
    ------
    StaleValueError
        In the backward pass, if running ``fn`` again gave other numbers.
    ArgumentError
        If ``fn`` cannot be called.

    Notes
    -----
    Layers draw the same random numbers again: the default generator is put back to where it was,
    and so are generators that ``fn`` is given, or that belong to a model which it is, is a method
    of, is given or closes over. Buffers of these models, such as running means, change once only.
    While ``fn`` runs again, another thread must not draw from the same generator.

    References
    ----------
    .. [1] Griewank, Walther, *Algorithm 799: revolve* (ACM Transactions on Mathematical Software
       26, 2000): with checkpoints of checkpoints, memory grows as log n.
    .. [2] Chen, Xu, Zhang, Guestrin, *Training Deep Nets with Sublinear Memory Cost* (2016).

    Examples
    --------
    >>> import microtensor as mt
    >>> def wave(x):
    ...     for _ in range(100):
    ...         x = np.sin(x) + x
    ...     return x
    >>> x = mt.Value([0.1, 0.2])
    >>> bool(np.all(mt.grad(lambda x: checkpoint(wave)(x).sum())(x.data)
    ...             == mt.grad(lambda x: wave(x).sum())(x.data)))
    True
    """
    if not callable(fn):
        raise ArgumentError(
            "checkpoint: it takes a function, and gives one that computes the same.",
            expected="a function or a model, as in mt.checkpoint(f)(x)",
            got=f"a {type(fn).__name__}",
        )

    @functools.wraps(fn, updated=())  # a model's attributes stay its own
    def keeping_inputs(*args: Any, **kwargs: Any) -> Any:
        if not is_recording() or state.tracer is not None:  # a program keeps what it needs
            return fn(*args, **kwargs)
        return _Replay(fn, args, kwargs).first()

    return keeping_inputs


class _Replay:
    """One call of a function: how to make it again, and what the first time gave."""

    __slots__ = ("args", "fn", "held", "kept", "kwargs", "models", "operands", "scope", "starts")

    def __init__(self, fn: Callable, args: tuple, kwargs: dict[str, Any]) -> None:
        self.fn, self.args, self.kwargs = fn, args, kwargs
        self.scope = state.scope
        self.models = _models_of(fn, args, kwargs)
        self.held = _generators_of(self.models, args, kwargs)
        self.starts = [_position(rng) for rng in (generator(), *self.held)]
        self.kept: tuple[Any, dict[int, Any]] = (None, {})
        self.operands: tuple[Node, ...] = ()

    def __repr__(self) -> str:
        return _name(self.fn)

    def first(self) -> Any:
        """Run the function, and record one call in place of all of its own."""
        start = next_number()
        result = self.fn(*self.args, **self.kwargs)
        outputs = leaves(result)
        made = _made_since(start, outputs)
        found: dict[int, Any] = {  # masks and counts need not keep what they were made from
            id(y): unrecorded(y._data)
            for y in outputs
            if isinstance(y, Node) and y.fn is not None and not y._requires_grad
        }
        if made:
            self.operands = _inputs_of(made, start)
            node = record(
                _packed(made), recomputed, self.operands, {"replay": self}, True, self.scope
            )
            found.update(zip(map(id, made), _unpacked(node, made), strict=True))
        return rebuild(result, iter([found.get(id(y), y) for y in outputs]), keep_models=True)

    def again(self, y: Any) -> list[Node]:
        """Run the function once more, and give its outputs, recorded."""
        start = next_number()
        with scope_set(self.scope), self._as_it_was():
            made = _made_since(start, leaves(self.fn(*self.args, **self.kwargs)))
        if not made or not _same(_packed(made), y):
            raise StaleValueError(
                f"checkpoint: {_name(self.fn)} gave other numbers when it was run again.",
                expected="those of the forward pass, for which the gradient is",
                hint="Does it draw from a generator that it makes or finds by itself, or was "
                "something changed\nthat it uses? Pass the generator as an argument, and "
                "change parameters after backward().",
            )
        return made

    def gradient(self, g: Any, y: Any, position: int, shown: tuple) -> Any:
        """Give what flows to one operand. All that this pass will ask for are found at once."""
        create_graph = any(isinstance(x, Node) for x in shown)
        if create_graph and any(a is not b for a, b in zip(shown, self.operands, strict=True)):
            raise GradientError(
                f"checkpoint: a copy of the graph of {_name(self.fn)} cannot be differentiated "
                "twice.",
                hint="Copy the model or the inputs, and run the forward pass on the copies.",
            )
        if self.kept[0] is not g or position not in self.kept[1]:
            wanted = [i for i, a in enumerate(self.operands) if a._cotangent is not None]
            if position not in wanted:  # nobody's pass: somebody asks for this one alone
                wanted = [position]
            made = self.again(y._data if isinstance(y, Node) else y)
            targets = [self.operands[i] for i in wanted]
            found = gradients(made, targets, _unpacked(g, made), create_graph=create_graph)
            self.kept = (g, dict(zip(wanted, found, strict=True)))
        answer = self.kept[1].pop(position)
        if not self.kept[1]:
            self.kept = (None, {})
        return answer

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """Put generators back to where they were, and buffers, after it, to what they are."""
        generators = (generator(), *self.held)
        positions = [_position(rng) for rng in generators]
        holders = [m.named_buffers() for m in self.models if hasattr(m, "named_buffers")]
        buffers = [(b, b._data, b.number) for named in holders for _, b in named]
        try:
            for rng, position in zip(generators, self.starts, strict=True):
                _go_to(rng, position)
            yield
        finally:
            for rng, position in zip(generators, positions, strict=True):
                _go_to(rng, position)
            for buffer, data, number in buffers:
                buffer._data, buffer.number = data, number


# What was made, from what, and as one array


def _made_since(start: int, outputs: Sequence[Any]) -> list[Node]:
    """List the outputs that a gradient can flow through, each once."""
    made = {
        id(y): y for y in outputs if isinstance(y, Node) and y._requires_grad and y.number > start
    }
    return [y for y in made.values() if y.fn is not None]


def _inputs_of(made: Sequence[Node], start: int) -> tuple[Node, ...]:
    """List what the outputs were computed from and a gradient can flow to, oldest first."""
    seen, walk = set(made), list(made)
    inputs: list[Node] = []
    for node in walk:  # grows while it is walked
        for a in node.args:
            if isinstance(a, Node) and a._requires_grad and a not in seen:
                seen.add(a)
                (inputs if a.fn is None or a.number < start else walk).append(a)
    return tuple(sorted(inputs, key=lambda a: a.number))


def _packed(made: Sequence[Node]) -> Any:
    """Join outputs into one array, since one call gives one array; one alone stays itself."""
    if len(made) == 1:
        data = made[0]._data
        # A view would keep all alive that it looks at.
        return data.copy() if isinstance(data, np.ndarray) and data.base is not None else data
    return np.concatenate([np.reshape(y._data, -1) for y in made])


def _unpacked(packed: Any, made: Sequence[Node]) -> list[Any]:
    """Take the array, or its gradient, apart again."""
    if len(made) == 1:
        return [packed]
    ends = np.cumsum([np.size(y._data) for y in made]).tolist()
    return [
        part(packed, start=end - np.size(y._data), stop=end, shape=np.shape(y._data),
             dtype=getattr(y._data, "dtype", None))
        for y, end in zip(made, ends, strict=True)
    ]  # fmt: skip


@primitive
def part(packed, start, stop, shape, dtype):
    """Take one output out of those that were packed; without a dtype it is a Python float."""
    piece = packed[start:stop]
    return float(piece[0]) if dtype is None else piece.reshape(shape).astype(dtype)[()]


differentiable(
    part,
    lambda g, y, packed, start, stop, shape, dtype: scatter_add(
        np.reshape(g, -1), index=slice(start, stop), shape=np.shape(packed)
    ),
)


@primitive
def recomputed(*operands, replay):
    """Give the outputs of a checkpointed function, packed; one recorded call stands for it."""
    return _packed(replay.again(None))


differentiable(
    recomputed,
    variadic=lambda g, y, position, *shown, replay: replay.gradient(g, y, position, shown),
)


def _same(found: Any, y: Any) -> bool:
    """Tell whether two runs agree, up to the rounding that another memory layout may change."""
    if y is None or np.array_equal(found, y):
        return True
    if np.shape(found) != np.shape(y):
        return False
    size = np.max(np.abs(y), initial=0.0, where=np.isfinite(y))
    eps = np.finfo(getattr(y, "dtype", float)).eps
    return np.allclose(found, y, rtol=0.0, atol=np.sqrt(eps) * size, equal_nan=True)


# Chance and state


def _models_of(fn: Callable, args: tuple, kwargs: dict[str, Any]) -> list[Any]:
    """List the models that a function is, is a method of, is given, or closes over."""
    known = inspect.getclosurevars(fn).nonlocals if inspect.isfunction(fn) else {}
    near = [fn, getattr(fn, "__self__", None), *known.values()]
    return [x for x in near if isinstance(x, Model)] + models((args, kwargs))


def _generators_of(within: list[Any], args: tuple, kwargs: dict[str, Any]) -> list[Any]:
    attributes = [x for m in within for _, part in m.named_modules() for x in vars(part).values()]
    found = [x for x in (*leaves((args, kwargs)), *attributes) if isinstance(x, _Generators)]
    return list({id(rng): rng for rng in found}.values())


def _position(rng: Any) -> Any:
    return rng.get_state() if isinstance(rng, np.random.RandomState) else rng.bit_generator.state


def _go_to(rng: Any, position: Any) -> None:
    if isinstance(rng, np.random.RandomState):
        rng.set_state(position)
    else:
        rng.bit_generator.state = position


def _name(fn: Callable) -> str:
    return getattr(fn, "__name__", type(fn).__name__)
