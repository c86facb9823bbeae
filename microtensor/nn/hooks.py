"""What is called around a module? Functions that look at what goes in and out, or change it.

Hooks on the backward pass see gradients where they pass: a step that computes nothing, `tapped`,
is recorded on what goes into the module and on what comes out, and its rule calls them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from ..batches import Batch
from ..errors import ArgumentError, ShapeError
from ..graph import Node, is_recording, refuse_while_traced, state
from ..nesting import leaves, rebuild
from ..ops import astype
from ..primitives import differentiable, primitive

hooked: dict[
    int, list[Hook]
] = {}  # by the module's id; empty, which costs nothing, if there is none


class Hook:
    """A function that is called around one module, until its ``with`` block ends.

    It is there from the call that made it on; without ``with``, until ``remove()``.
    """

    __slots__ = ("active", "function", "module", "moment")

    def __init__(self, module: Any, moment: str, function: Callable) -> None:
        if not callable(function):
            raise ArgumentError(
                f"{type(module).__name__}.{moment}: a hook is a function.",
                expected=f"such as module.{moment}(print)",
                got=f"a {type(function).__name__}",
            )
        self.module, self.moment, self.function, self.active = module, moment, function, True
        hooked.setdefault(id(module), []).append(self)

    def remove(self) -> None:
        """Call it no more, also in the backward pass of what was computed before."""
        if self.active:
            self.active = False
            mine = hooked[id(self.module)]
            mine.remove(self)
            if not mine:
                del hooked[id(self.module)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Hooked:
    """What can be asked to call a function before and after each of its calls, or gradients.

    Each of the four gives a context manager; hooks are called in the order in which they came,
    and apply to the module wherever it is shared. A hook that returns None changes nothing.

    Examples
    --------
    >>> from microtensor import Value, nn
    >>> net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    >>> def show(module, args, output):
    ...     print(module, output.shape)
    >>> with net[0].after_forward(show), net[1].after_forward(show):
    ...     y = net(np.ones((5, 2)))
    Linear(2, 3, bias=True) (5, 3)
    Tanh() (5, 3)
    >>> def halve(module, grads):
    ...     return [g / 2 for g in grads]
    >>> x = Value([1.0, 2.0])
    >>> with net.before_backward(halve):
    ...     net(x).sum().backward()
    """

    def before_forward(self, function: Callable) -> Hook:
        """Call ``function(module, args)`` before each forward; a tuple it returns replaces args."""
        return Hook(self, "before_forward", function)

    def after_forward(self, function: Callable) -> Hook:
        """Call ``function(module, args, output)`` after each forward; what it returns replaces it.

        ``args`` are those that forward was given.
        """
        return Hook(self, "after_forward", function)

    def before_backward(self, function: Callable) -> Hook:
        """Call ``function(module, grads)`` when the gradients of a call's outputs have arrived.

        ``grads`` is a tuple, with None for outputs that have no gradient; a sequence that it
        returns is sent on in its place. It sees calls that were made, and passes that are made,
        while it is there.
        """
        return Hook(self, "before_backward", function)

    def after_backward(self, function: Callable) -> Hook:
        """Call ``function(module, grads, output_grads)`` when those of a call's inputs are known.

        ``grads`` is a tuple, with None for inputs that have no gradient: if none has, as data do
        not, it is called when the outputs' gradients arrive. A sequence that it returns is sent
        on in its place.
        """
        return Hook(self, "after_backward", function)


def is_plain(module: Any, kind: type) -> bool:
    """Tell whether a part computes as its class says, and nobody looks: then it may be fused."""
    return type(module) is kind and not hooked and "forward" not in module.__dict__


def refuse_hooks(module: Any) -> None:
    """Raise CompileError if a hook is on a model that is called while a program is traced.

    The program asks before each call that there is none.
    """
    tracer: Any = state.tracer
    if not tracer.is_first(("hooks", id(module))):
        return
    ids = {id(m) for m in module.modules()}

    def has_none() -> bool:
        return not hooked or ids.isdisjoint(hooked)

    if not has_none():
        refuse_while_traced("a hook", "Remove it, or call the function that was not compiled.")
    tracer.condition(has_none)


def call_hooked(module: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call forward with what hooks there are around it."""
    mine = hooked.get(id(module))
    if mine is None:
        return module.forward(*args, **kwargs)
    mine = list(mine)  # a hook may remove itself
    for hook in _at("before_forward", mine):
        changed = hook.function(module, args)
        if changed is not None:
            args = changed if isinstance(changed, tuple) else (changed,)
    backward = [hook for hook in mine if hook.moment.endswith("_backward")]
    if not backward or not is_recording():
        output = module.forward(*args, **kwargs)
    else:
        call = _Call(module, backward)
        output = module.forward(*call.watched(args, call.at_inputs), **kwargs)
    for hook in _at("after_forward", mine):
        changed = hook.function(module, args, output)
        output = output if changed is None else changed
    if backward and is_recording():
        output = call.watched(output, call.at_outputs)
    return output


def _at(moment: str, hooks: list[Hook]) -> list[Hook]:
    return [hook for hook in hooks if hook.moment == moment]


class _Call:
    """One recorded call of a module, which tells the hooks when its gradients come by."""

    __slots__ = ("hooks", "layouts", "module", "output_grads")

    def __init__(self, module: Any, hooks: list[Hook]) -> None:
        self.module = weakref.ref(module)  # a model may keep a Value of its own without a cycle
        self.hooks = hooks
        self.layouts: dict[str, list[tuple[int, ...] | None]] = {}  # shapes; None: no gradient
        self.output_grads: tuple = ()

    def watched(self, tree: Any, told: Callable) -> Any:
        """Record a tap on all Values of a nesting that a gradient can flow to."""
        found = leaves(tree)
        flows = [isinstance(x, Node) and x._requires_grad for x in found]
        shapes = [np.shape(x) if f else None for x, f in zip(found, flows, strict=True)]
        self.layouts[told.__name__] = shapes
        if not any(flows):
            return tree
        taps = iter(_tapped([x for x, f in zip(found, flows, strict=True) if f], told))
        new = [next(taps) if f else x for x, f in zip(found, flows, strict=True)]
        return rebuild(tree, iter(new), keep_models=True)

    def at_outputs(self, g: Any) -> Any:
        """Be told the gradients of the outputs, packed, and give what shall be sent on."""
        shapes = self.layouts["at_outputs"]
        grads = _unpacked(g, shapes)
        for hook in self._active("before_backward"):
            grads = _replaced(hook, hook.function(self.module(), grads), grads)
        self.output_grads = grads
        inputs = self.layouts["at_inputs"]
        if not any(shape is not None for shape in inputs):
            for hook in self._active("after_backward"):
                hook.function(self.module(), (None,) * len(inputs), grads)
        return _packed(grads)

    def at_inputs(self, g: Any) -> Any:
        """Be told the gradients of the inputs, packed, and give what shall be sent on."""
        grads = _unpacked(g, self.layouts["at_inputs"])
        output_grads, self.output_grads = self.output_grads, ()  # not kept longer than needed
        for hook in self._active("after_backward"):
            changed = hook.function(self.module(), grads, output_grads)
            grads = _replaced(hook, changed, grads)
        return _packed(grads)

    def _active(self, moment: str) -> list[Hook]:
        return [hook for hook in _at(moment, self.hooks) if hook.active]


@primitive
def tapped(x, told):
    """Give x itself; in the backward pass, its gradient goes through ``told``."""
    return x


def _tell(g: Any, y: Any, x: Any, told: Callable) -> Any:
    if isinstance(g, Batch):
        raise TypeError("a hook is told one gradient at a time")  # whoever sent them sends each
    return told(g)


differentiable(tapped, _tell)


def _tapped(values: Sequence[Any], told: Callable) -> list[Any]:
    """Record one tap on several Values, so that their gradients come by together."""
    if len(values) == 1:
        return [tapped(values[0], told=told)]
    flat = tapped(np.concatenate([np.reshape(v, -1) for v in values]), told=told)
    parts = np.split(flat, np.cumsum([v.size for v in values])[:-1].tolist())
    return [
        astype(np.reshape(part, v.shape), v.dtype) for part, v in zip(parts, values, strict=True)
    ]


def _unpacked(g: Any, shapes: list[tuple[int, ...] | None]) -> tuple:
    """Give the gradients that are packed into one, in their shapes, and None for the others."""
    present = [shape for shape in shapes if shape is not None]
    if len(present) == 1:
        parts = iter([g])
    else:
        ends = np.cumsum([int(np.prod(shape)) for shape in present])[:-1].tolist()
        parts = (np.reshape(p, s) for p, s in zip(np.split(g, ends), present, strict=True))
    return tuple(None if shape is None else next(parts) for shape in shapes)


def _packed(grads: tuple) -> Any:
    present = [g for g in grads if g is not None]
    if len(present) == 1:
        return present[0]
    return np.concatenate([np.reshape(g, -1) for g in present])


def _replaced(hook: Hook, changed: Any, grads: tuple) -> tuple:
    """Give what a hook returned in place of gradients, if it fits."""
    if changed is None:
        return grads
    changed = tuple(changed) if isinstance(changed, tuple | list) else (changed,)
    shapes, wanted = ([None if g is None else np.shape(g) for g in x] for x in (changed, grads))
    if shapes != wanted:
        raise ShapeError(
            f"{type(hook.module).__name__}.{hook.moment}: the hook gave gradients of other shapes.",
            expected=f"None, or gradients of the shapes {wanted}",
            got=f"the shapes {shapes}",
        )
    return changed
