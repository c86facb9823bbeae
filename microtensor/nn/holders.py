"""Lists and dicts whose entries belong to a model, and which are parts of one themselves.

A plain list or dict as an attribute does the same. These are for whoever wants PyTorch's names:
a list that ``train()``, ``apply()`` or the repr of a model can be asked about alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from ..errors import ArgumentError, ParameterError
from ..graph import Node
from .module import Module
from .state import Parameter


class _Listed(Module):
    """A list whose entries are attributes by the names of their places, "0", "1" ..."""

    def __init__(self, entries: Iterable[Any] | None = None) -> None:
        self.extend(() if entries is None else entries)

    def _checked(self, x: Any) -> Any:
        raise NotImplementedError

    def _entries(self) -> list[Any]:
        return [x for name, x in vars(self).items() if name.isdecimal()]

    def _refill(self, entries: list[Any]) -> None:
        for name in [name for name in vars(self) if name.isdecimal()]:
            del self.__dict__[name]
        self.__dict__.update((str(place), x) for place, x in enumerate(entries))

    def _other(self, x: Any) -> Iterable[Any]:
        if isinstance(x, Iterable) and not isinstance(x, str | Mapping):
            return x
        name = type(self).__name__
        raise ArgumentError(
            f"{name}: its entries come as a list.",
            expected=f"a list, as in {name}([a, b])",
            got=f"a {type(x).__name__}",
        )

    def append(self, x: Any) -> Self:
        """Add an entry at the end; gives itself."""
        self.__dict__[str(len(self))] = self._checked(x)
        return self

    def extend(self, entries: Iterable[Any]) -> Self:
        """Add entries at the end; gives itself."""
        for x in [self._checked(x) for x in self._other(entries)]:  # all or none
            self.append(x)
        return self

    def insert(self, place: int, x: Any) -> None:
        """Put an entry before the one at a place; those behind move up."""
        entries = self._entries()
        entries.insert(place, self._checked(x))
        self._refill(entries)

    def pop(self, place: int = -1) -> Any:
        """Take an entry out, and give it; those behind move down."""
        entries = self._entries()
        x = entries.pop(place)
        self._refill(entries)
        return x

    def __len__(self) -> int:
        return len(self._entries())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries())

    def __getitem__(self, place: int | slice) -> Any:
        """Give the entry at a place, or a list of the same kind of those in a slice."""
        found = self._entries()[place]
        return type(self)(found) if isinstance(place, slice) else found

    def __setitem__(self, place: int, x: Any) -> None:
        entries = self._entries()
        entries[place] = self._checked(x)
        self._refill(entries)

    def __delitem__(self, place: int | slice) -> None:
        entries = self._entries()
        del entries[place]
        self._refill(entries)


class ModuleList(_Listed):
    """A list of modules. It is not called itself: a ``forward`` says what is done with them.

    Parameters
    ----------
    entries : iterable of Module, optional

    Raises
    ------
    ArgumentError
        If one of them is no module, or they are no list.

    Examples
    --------
    >>> from microtensor import nn
    >>> class Tower(nn.Module):
    ...     def __init__(self, depth):
    ...         self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(depth))
    ...
    ...     def forward(self, x):
    ...         for block in self.blocks:
    ...             x = x + np.tanh(block(x))
    ...         return x
    >>> list(Tower(2).state_dict())
    ['blocks.0.weight', 'blocks.0.bias', 'blocks.1.weight', 'blocks.1.bias']
    """

    def _checked(self, x: Any) -> Any:
        return _module(f"{type(self).__name__}: an entry", x)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise _not_called(self, "for module in modules: x = module(x)")


class ModuleDict(Module):
    """A dict of modules, read and written as one; it is not called itself.

    Parameters
    ----------
    modules : mapping or iterable of (str, Module), optional

    Raises
    ------
    ArgumentError
        If one of them is no module, or a name cannot be part of a path.

    Examples
    --------
    >>> from microtensor import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "parity": nn.Linear(8, 1)})
    >>> heads["parity"]
    Linear(8, 1, bias=True)
    >>> list(heads.state_dict())
    ['digit.weight', 'digit.bias', 'parity.weight', 'parity.bias']
    """

    def __init__(self, modules: Any = None) -> None:
        self.update({} if modules is None else modules)

    def _entries(self) -> dict[str, Any]:
        return {name: x for name, x in vars(self).items() if isinstance(x, Module)}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise _not_called(self, 'x = modules["name"](x)')

    def update(self, modules: Any) -> None:
        """Take all entries of another dict, or of pairs of names and modules."""
        for name, module in dict(modules).items():
            self[name] = module

    def keys(self) -> Iterable[str]:
        """Give the names, in the order in which they came."""
        return self._entries().keys()

    def values(self) -> Iterable[Any]:
        """Give the modules."""
        return self._entries().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Give the names with their modules."""
        return self._entries().items()

    def pop(self, name: str) -> Any:
        """Take a module out, and give it."""
        module = self[name]
        del self.__dict__[name]
        return module

    def __setitem__(self, name: str, module: Any) -> None:
        if not isinstance(name, str) or not name or "." in name or hasattr(type(self), name):
            raise ArgumentError(
                f"ModuleDict: {name!r} cannot be the name of a module.",
                expected="a string without a dot, which is no attribute of a ModuleDict",
                got=repr(name),
            )
        self.__dict__[name] = _module(f"ModuleDict: {name!r}", module)

    def __getitem__(self, name: str) -> Any:
        return self._entries()[name]

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __contains__(self, name: object) -> bool:
        return name in self._entries()

    def __len__(self) -> int:
        return len(self._entries())

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries())


class ParameterList(_Listed):
    """A list of parameters; what is an array, or a list of floats, becomes a `Parameter`.

    Parameters
    ----------
    entries : iterable of Parameter or array_like of float, optional

    Raises
    ------
    ArgumentError
        If they are no list.
    DTypeError
        If one holds integers.
    ParameterError
        If one is a Value that is no Parameter.

    Examples
    --------
    >>> from microtensor import nn
    >>> coefficients = nn.ParameterList(np.zeros(n) for n in (1, 2))
    >>> list(coefficients.state_dict())
    ['0', '1']
    """

    def _checked(self, x: Any) -> Any:
        if isinstance(x, Parameter):
            return x
        if isinstance(x, Node):
            raise ParameterError(
                "ParameterList: an entry is a Value, and no Parameter.",
                expected="nn.Parameter(v.data), which is trained",
                got=f"a Value of shape {np.shape(x._data)}",
            )
        return Parameter(x)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise _not_called(self, "for p in parameters: x = x * p")


def _module(what: str, x: Any) -> Any:
    if isinstance(x, Module):
        return x
    is_class = isinstance(x, type)
    raise ArgumentError(
        f"{what} must be a module.",
        expected=f"{x.__name__}(), with brackets" if is_class else "an nn.Module",
        got=x.__name__ if is_class else f"a {type(x).__name__}",
    )


def _not_called(holder: Module, how: str) -> NotImplementedError:
    return NotImplementedError(
        f"{type(holder).__name__} holds its entries, and says nothing of the order they are "
        f"called in: write that in a forward, as in {how}"
    )
