"""Modules made of modules."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import ArgumentError
from .module import Module


class Sequential(Module):
    """Modules one after the other: each is given what the one before it gave.

    Parameters
    ----------
    *modules : Module or callable
        In order; functions such as ``np.tanh`` may stand among them. One dict names them,
        otherwise they go by their places "0", "1" ..., as in PyTorch.

    Raises
    ------
    ArgumentError
        If one of them cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from microtensor import nn
    >>> net = nn.Sequential(nn.Linear(2, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))
    >>> net(np.zeros((5, 2))).shape
    (5, 1)
    >>> net[0]
    Linear(2, 8, bias=True)
    """

    def __init__(self, *modules: Any) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], dict) else None
        self._names: list[str] = []
        for name, module in (named or dict(enumerate(modules))).items():
            self._add(str(name), module)

    def _add(self, name: str, module: Callable) -> None:
        self._check(name, module)
        if name in self._names or hasattr(type(self), name):
            raise ArgumentError(
                f"Sequential: the name {name!r} is taken.",
                expected="a name of its own for each part, and none of Sequential's own",
                got=repr(name),
            )
        setattr(self, name, module)
        self._names.append(name)

    def _check(self, name: str, module: Any) -> None:
        if isinstance(module, type):
            raise ArgumentError(
                f"Sequential: part {name} is a class, and no module yet.",
                expected=f"{module.__name__}(), with brackets",
                got=module.__name__,
            )
        if not callable(module):
            raise ArgumentError(
                f"Sequential: part {name} cannot be called.",
                expected="a module, or a function of one array",
                got=f"a {type(module).__name__}",
                hint="Pass modules one by one: Sequential(*modules), not a list of them."
                if isinstance(module, list | tuple)
                else None,
            )

    def append(self, module: Callable) -> Sequential:
        """Add a module at the end; gives itself."""
        free = (str(n) for n in itertools.count(len(self)) if str(n) not in self._names)
        self._add(next(free), module)
        return self

    def forward(self, x: Any) -> Any:
        for name in self._names:
            x = self.__dict__[name](x)
        return x

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Any]:
        return (self.__dict__[name] for name in self._names)

    def __getitem__(self, place: int | slice) -> Any:
        """Give the module at a place, or a Sequential of those in a slice, sharing them."""
        if isinstance(place, slice):
            return Sequential({name: self.__dict__[name] for name in self._names[place]})
        return self.__dict__[self._names[place]]

    def __setitem__(self, place: int, module: Callable) -> None:
        """Put another module in a place, under the name that was there."""
        name = self._names[place]
        self._check(name, module)
        setattr(self, name, module)
