"""What is a model? A `Module`: parameters and other modules, held as attributes, and ``forward``.

There is nothing to register. Whoever asks for the parameters walks the attributes then, lists,
tuples and dicts included, so that what is found is what is there.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from ..errors import ParameterError
from ..graph import PAUSED, Node, Scope, assign, refuse_while_traced, state
from .casting import all_at_door, at_door
from .hooks import Hooked, call_hooked, hooked, refuse_hooks
from .loading import check_state
from .state import Buffer, Parameter
from .words import Translated


class _Paused(threading.local):
    inside = False  # whether a module is being called while nothing is recorded


_paused = _Paused()


class Module(Hooked, Translated):
    """A function with parameters: a layer, a network, or any part of one.

    Write a class with ``forward``; what is set as an attribute belongs to it: a `Parameter`, a
    `Buffer`, another module, and lists, tuples and dicts of them. ``__init__`` is optional, and
    need not call ``super().__init__()``.

    Calling the module calls ``forward``. The outermost call converts floating arrays and Values,
    and lists of Python floats, to the dtype of the model's first parameter; integers stay as they
    are. Modules inside of it pass on what they are given.

    Raises
    ------
    ParameterError
        If an attribute is a Value that requires a gradient and is no Parameter, or a set of
        modules: nothing must be trained, or left untrained, by accident.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> class Affine(mt.nn.Module):
    ...     def __init__(self):
    ...         self.scale = mt.nn.Parameter(np.ones(3))
    ...         self.shifts = [mt.nn.Parameter(np.zeros(3)), mt.nn.Parameter(np.ones(3))]
    ...
    ...     def forward(self, x):
    ...         return self.scale * x + self.shifts[0] + self.shifts[1]
    >>> net = Affine()
    >>> net(np.array([1.0, 2.0, 3.0])).data
    array([2., 3., 4.])
    >>> [name for name, _ in net.named_parameters()]
    ['scale', 'shifts.0', 'shifts.1']
    """

    training = True  # on the class, so that no __init__ is needed; `train` sets it on the module
    _dtype_path: tuple[Any, ...] | None = None  # where the parameter that decides it was found

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every module defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward: "
            "define forward(self, x) to say what it computes."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        outer = state.scope
        if outer is PAUSED:
            return self._call_unrecorded(args, kwargs)
        if outer is None:
            args, kwargs = self._at_the_door(args, kwargs)
        state.scope = Scope(outer, self)
        try:
            if hooked:
                return call_hooked(self, args, kwargs)
            return self.forward(*args, **kwargs)
        finally:
            state.scope = outer

    def _call_unrecorded(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call forward under `no_grad`, where there is no scope to tell the outermost call by."""
        if _paused.inside:
            return call_hooked(self, args, kwargs) if hooked else self.forward(*args, **kwargs)
        args, kwargs = self._at_the_door(args, kwargs)
        _paused.inside = True
        try:
            return call_hooked(self, args, kwargs) if hooked else self.forward(*args, **kwargs)
        finally:
            _paused.inside = False

    def _at_the_door(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        if state.tracer is not None:
            state.tracer.called(self)
            refuse_hooks(self)
        dtype = self._dtype()
        if dtype is not None:
            args = all_at_door(args, dtype)
            if kwargs:
                kwargs = {name: at_door(x, dtype) for name, x in kwargs.items()}
        return args, kwargs

    def _dtype(self) -> np.dtype | None:
        """Give the dtype of the first parameter that has one: a Python float is weak.

        It is looked up by the path of last time, which costs little, and searched if that fails.
        """
        x: Any = self
        try:
            for step in self._dtype_path or ():
                x = x.__dict__[step] if isinstance(x, Module) else x[step]
            if isinstance(x, Parameter):
                return x._data.dtype
        except (AttributeError, KeyError, IndexError, TypeError):
            pass
        found = _path_of_first(self)
        self.__dict__["_dtype_path"] = found
        return None if found is None else self._dtype()

    # What it holds

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Give this module, as ``""``, and those inside, each once, by their paths."""
        seen = set()
        stack: list[tuple[str, Module]] = [("", self)]
        while stack:
            path, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                inside = [(_join(path, n), m) for n, m in _parts(module) if isinstance(m, Module)]
                stack.extend(reversed(inside))

    def modules(self) -> list[Module]:
        """List this module and those inside, each once."""
        return [module for _, module in self.named_modules()]

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Give every parameter once, by its path, in PyTorch's order: a module's own come first.

        Raises
        ------
        ParameterError
            If there is a Value that requires a gradient and is no Parameter.
        """
        return _once(x for x in _state_of(self, "", ()) if isinstance(x[1], Parameter))

    def parameters(self) -> list[Parameter]:
        """List every parameter once; raises as `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Give every buffer once, by its path."""
        return _once(x for x in _state_of(self, "", ()) if isinstance(x[1], Buffer))

    def buffers(self) -> list[Buffer]:
        """List every buffer once."""
        return [buffer for _, buffer in self.named_buffers()]

    def named_state(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """Give every parameter and buffer once, by its path: all that training may change."""
        return _once(_state_of(self, "", ()))

    # State

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy all parameters and buffers into a dict of plain arrays.

        One that is shared appears under each of its paths, as in PyTorch.

        Examples
        --------
        >>> from microtensor import nn
        >>> list(nn.Sequential(nn.Linear(2, 3), nn.Tanh()).state_dict())
        ['0.weight', '0.bias']
        """
        refuse_while_traced("state_dict()", "Call it before or after the function.")
        found: dict[str, np.ndarray] = {}
        for path, x in _state_of(self, "", ()):
            if path in found:
                raise ParameterError(
                    f"{type(self).__name__}: two parameters have the path {path!r}.",
                    hint="Rename one: a path joins attribute names and dict keys by dots.",
                )
            found[path] = np.array(x._data)
        return found

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Take all parameters and buffers from a dict such as `state_dict` gives.

        Numbers are converted to the dtype that each parameter has.

        Parameters
        ----------
        state : mapping of str to array_like
            The keys and shapes of ``self.state_dict()``; of what is shared, one path is enough.
        strict : bool, default True
            Whether all keys must be there, and no others. If not, what both have is taken, at
            least one; the rest stays as it is.

        Raises
        ------
        ParameterError
            If a key is missing or unexpected, a shape differs, or what is under it are no
            numbers. Nothing is changed then.
        """
        refuse_while_traced("load_state_dict()", "Call it before the function.")
        own = list(_state_of(self, "", ()))
        arrays = check_state(f"{type(self).__name__}.load_state_dict", own, state, strict)
        for path, x in own:
            if path in arrays:
                assign(x, arrays[path])

    def train(self, mode: bool = True) -> Self:
        """Tell this module and those inside that they are trained, or not; gives itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Tell this module and those inside that they are used, not trained; gives itself."""
        return self.train(False)

    def freeze(self) -> Self:
        """Train the parameters of this module and those inside no more; gives itself.

        No gradient flows to them, the one that they had is forgotten, and an optimizer that was
        given them leaves them as they are, weight decay and momentum included. Buffers, such as
        running means, change as before: ``eval()`` is for these.

        Examples
        --------
        >>> from microtensor import nn
        >>> net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        >>> _ = net[0].freeze()
        >>> [name for name, p in net.named_parameters() if p.requires_grad]
        ['2.weight', '2.bias']
        """
        for parameter in self.parameters():
            parameter.requires_grad = False
            parameter.grad = None
        return self

    def unfreeze(self) -> Self:
        """Train the parameters of this module and those inside again; gives itself."""
        for parameter in self.parameters():
            parameter.requires_grad = True
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function on every module inside and then on this one, each once; gives itself.

        Examples
        --------
        >>> from microtensor import nn
        >>> def start_small(module):
        ...     if isinstance(module, nn.Linear):
        ...         module.weight.data *= 0.1
        >>> net = nn.MLP(2, [8, 1]).apply(start_small)
        """
        for module in list(_inside_out(self, set())):
            function(module)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if state.tracer is not None:
                state.tracer.forget(parameter)
            parameter.grad = None

    def __setattr__(self, name: str, x: Any) -> None:
        if isinstance(self.__dict__.get(name), Parameter) and not (
            x is None or isinstance(x, Parameter)
        ):
            raise ParameterError(
                f"{type(self).__name__}.{name} is a Parameter; this would lose it.",
                expected="another Parameter, or None",
                got=f"a {type(x).__name__}",
                hint=f"For new numbers, assign to its data: .{name}.data = ...",
            )
        object.__setattr__(self, name, x)

    # In print

    def extra_repr(self) -> str:
        """Say what stands in the brackets of the repr; by default the parameters' shapes."""
        own = [(n, x) for n, x in _parts(self) if isinstance(x, Parameter)]
        return ", ".join(f"{name}: {x.shape}" for name, x in own)

    def __repr__(self) -> str:
        rows = [f"({n}): {m!r}" for n, m in _parts(self) if isinstance(m, Module)]
        title = f"{type(self).__name__}({self.extra_repr()}"
        if not rows:
            return f"{title})"
        inside = "\n".join(rows).replace("\n", "\n  ")
        return f"{title}\n  {inside}\n)"


_PARTS = (Module, Node)
_CONTAINERS = (list, tuple, dict)
_NO_CONTAINERS = (set, frozenset, deque)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _parts(holder: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Name the modules and Values that a module holds; containers are entered, modules not."""
    for key, x in _entries(holder):
        if isinstance(x, _PARTS):
            yield f"{prefix}{key}", x
        elif isinstance(x, _CONTAINERS):
            yield from _parts(x, f"{prefix}{key}.")


def _entries(holder: Any) -> Any:
    """Pair what a module, dict, list or tuple holds with its attribute, key or position."""
    if isinstance(holder, Module):
        return vars(holder).items()
    return holder.items() if isinstance(holder, dict) else enumerate(holder)


def _state_of(
    module: Module, path: str, above: tuple[Module, ...]
) -> Iterator[tuple[str, Parameter | Buffer]]:
    """Name parameters and buffers, under each path that leads to them: own ones come first."""
    _refuse_sets(module)
    parts = list(_parts(module))
    for kind in (Parameter, Buffer):
        for name, x in parts:
            if isinstance(x, kind):
                yield _join(path, name), x
    for name, x in parts:
        if isinstance(x, Module):
            if not any(x is m for m in (*above, module)):  # a part may know the whole
                yield from _state_of(x, _join(path, name), (*above, module))
        elif x.requires_grad and x.fn is None and not isinstance(x, Parameter):
            raise ParameterError(
                f"{type(module).__name__}.{name} requires a gradient, but is no Parameter.",
                expected="an nn.Parameter, which is trained, or a constant, which is not",
                got=f"a Value of shape {np.shape(x._data)} with requires_grad=True",
                hint="To train it, make it with nn.Parameter(...).\n"
                "To keep it as it is, make it with Value(..., requires_grad=False).",
            )


def _refuse_sets(module: Module) -> None:
    for name, x in vars(module).items():
        if isinstance(x, _NO_CONTAINERS) and any(isinstance(y, _PARTS) for y in x):
            raise ParameterError(
                f"{type(module).__name__}.{name}: what it holds would not be trained.",
                expected="modules and parameters in a list, tuple or dict, which give them names",
                got=f"a {type(x).__name__}",
            )


def _inside_out(module: Module, seen: set[int]) -> Iterator[Module]:
    """Give the modules inside, in their order, and then the module: each once."""
    if id(module) in seen:
        return
    seen.add(id(module))
    for _, part in _parts(module):
        if isinstance(part, Module):
            yield from _inside_out(part, seen)
    yield module


def _once(named: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    seen = set()
    for path, x in named:
        if x not in seen:
            seen.add(x)
            yield path, x


def _path_of_first(holder: Any, above: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
    """Find the first parameter that has a dtype, as the steps that lead to it."""
    for key, x in _entries(holder):
        if isinstance(x, Parameter):
            if hasattr(x._data, "dtype"):
                return (key,)
        elif isinstance(x, Module | list | tuple | dict) and not any(x is y for y in above):
            rest = _path_of_first(x, (*above, holder))
            if rest is not None:
                return (key, *rest)
    return None
