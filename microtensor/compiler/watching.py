"""What may a function reach, beside its arguments? All of it is looked at before it runs.

What could decide something becomes a setting that the program rests on: closed-over names, globals
and attributes, as far as the user's functions name them, and all of a model's own.
"""

from __future__ import annotations

import dis
import functools
import sys
import sysconfig
from collections.abc import Iterator
from operator import attrgetter, methodcaller
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..graph import Node
from .settings import HOUSE, Attribute, Entry, Length, Setting

_MOST = 1000  # entries of a container that are looked at
_ABSENT = object()
_SIMPLE = (int, float, str, bytes, type(None), np.dtype, np.ufunc, np.generic)
# Where a module notes what it has found; and what an optimizer changes in places of the program.
_LEFT_OUT = {"_dtype_path", "param_groups", "defaults", "_laid", "__dict__", "__weakref__"}
_ANY_NAME = {"getattr", "vars", "__dict__", "setattr"}  # with these, an attribute is not named
_CALLED_BY_US = {"forward", "move", "formula", "change", "get_lr"}
# Python calls the methods between two underscores that nobody names, but these at other times.
_AT_OTHER_TIMES = {
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__del__",
    "__repr__", "__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__",
    "__setstate__", "__sizeof__", "__dir__", "__class_getitem__",
}  # fmt: skip
_MADE_BY_A_PROGRAM = 1 << 9  # a class's flag, Py_TPFLAGS_HEAPTYPE
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Watch:
    """What a function may reach, as it is before it runs.

    Attributes
    ----------
    settings : list of (holder, name, value)
        Numbers, switches and objects, by where they are.
    arrays : dict of int to array
        The plain arrays among them, by their ids.
    generators : dict of int to generator
        What could be drawn from, by their ids.
    leaves : dict of Node to None
        Parameters, buffers and other Values that no call made.
    words : set of str
        The attributes and globals that the user's functions name.
    """

    def __init__(self, *reached: Any) -> None:
        self.settings: list[Setting] = []
        self.arrays: dict[int, np.ndarray] = {}
        self.generators: dict[int, Any] = {}
        self.leaves: dict[Node, None] = {}
        self.words: set[str] = set()
        self._seen: dict[int, Any] = {}  # held, so that no id is used again
        self._objects: list[tuple[Any, bool]] = []  # and whether all attributes count
        self._noted: set[tuple[int, Any]] = set()
        self._held: list[tuple[Any, set[str]]] = []  # objects, and the attributes that they had
        self.add(*reached)

    def add(self, *reached: Any) -> None:
        """Look at more, such as a model that is called."""
        for x in reached:
            self._expand(x)
        count = -1
        while count != len(self._seen):  # what is found may name further attributes
            count = len(self._seen)
            for x, whole in list(self._objects):
                self._attributes(x, whole)

    def name_of_array(self, x: np.ndarray) -> str | None:
        """Name a plain array that lies somewhere, or one that looks into it; None for others."""
        base: Any = x
        while isinstance(base, np.ndarray):
            if id(base) in self.arrays:
                found = (n for _, n, y in self.settings if y is base and isinstance(n, str))
                return next(found, "array")
            base = base.base
        return None

    def added(self) -> list[tuple[Any, str]]:
        """List the attributes that objects did not have when they were looked at."""
        return [
            (x, name)
            for x, before in self._held
            for name in vars(x)
            if name not in before and name not in _LEFT_OUT and name != "training"
        ]

    # What counts

    def _note(self, holder: Any, name: Any, x: Any) -> None:
        key = (id(getattr(holder, "of", holder)), name)
        if key not in self._noted:
            self._noted.add(key)
            if not isinstance(x, ModuleType):
                self.settings.append((holder, name, x))
            self._expand(x)

    def _keep(self, x: Any, whole: bool) -> None:
        self._objects.append((x, whole))
        if not isinstance(x, type | ModuleType):
            self._held.append((x, set(vars(x))))

    def _attributes(self, x: Any, whole: bool) -> None:
        held, is_optimizer = vars(x), _is_optimizer(x)
        whole = whole or not self.words.isdisjoint(_ANY_NAME)
        for name in list(held):
            if not isinstance(name, str) or name in _LEFT_OUT:
                continue
            inner = held[name]
            counts = whole or name in self.words or _is_called(name, inner, held)
            if counts and not (name == "state" and is_optimizer):
                if isinstance(inner, FunctionType | property | staticmethod | classmethod):
                    self._expand(getattr(inner, "fget", None) or getattr(inner, "__func__", inner))
                elif not isinstance(x, type):
                    self._note(held, name, inner)
                else:  # a class's dict is a view of it, made anew each time
                    answers = hasattr(type(inner), "__get__")
                    self._note(Entry(x) if answers else Attribute(x), name, inner)
        for kind in (x if isinstance(x, type) else type(x)).__mro__:
            if kind is not x and not _is_a_librarys(kind):
                self._given_by(kind, x)

    def _given_by(self, kind: type, x: Any) -> None:
        """Look at what a class gives to x, which may have one of its own some day."""
        for name, inner in list(vars(kind).items()):
            if name in self.words and name not in vars(x) and not hasattr(type(inner), "__get__"):
                self._note(Attribute(x), name, getattr(x, name))

    # What it is

    def _expand(self, x: Any) -> None:
        if isinstance(x, _SIMPLE) or id(x) in self._seen:
            return
        self._seen[id(x)] = x
        if isinstance(x, Node):
            if x.fn is None:
                self.leaves[x] = None
        elif isinstance(x, np.ndarray):
            self.arrays[id(x)] = x
        elif isinstance(x, np.random.Generator | np.random.RandomState):
            self.generators[id(x)] = x
        elif isinstance(x, list | tuple | dict | set):
            self._container(x)
        elif isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, MethodType):
            self._expand(x.__func__)
            self._expand(x.__self__)
        elif isinstance(x, attrgetter | methodcaller):
            self.words.update(".".join(map(str, x.__reduce__()[1])).split("."))
        elif isinstance(x, _WRAPPERS):
            for part in _wrapped_in(x):
                self._expand(part)
        elif isinstance(x, type):
            self._class(x)
        elif isinstance(x, ModuleType):
            if not is_of_a_library(x.__name__):
                self._keep(x, False)
        else:
            self._object(x)

    def _object(self, x: Any) -> None:
        kind = type(x)  # an object may answer to any name
        of_library = _is_a_librarys(kind)
        if hasattr(kind, "named_parameters") and hasattr(kind, "named_modules"):
            for _, module in x.named_modules():
                self._seen[id(module)] = module
                self._module(module)
        elif _is_optimizer(x):  # whose options are places of the program
            for group in x.param_groups:
                self._expand(tuple(group["params"]))
            if not of_library:
                self._keep(x, False)
                self._expand(type(x))
        elif hasattr(kind, "get_lr"):  # a schedule, which is called beside the program
            self._expand(x.optimizer)
        elif type(x).__name__ == "Compiled" and of_library:
            self._expand(x.f)
        elif isinstance(getattr(x, "parameters", None), list) and of_library:  # an average
            self._expand(tuple(x.parameters))
        elif hasattr(x, "__dict__") and not of_library:
            self._keep(x, False)
            self._expand(type(x))

    def _module(self, module: Any) -> None:
        of_library = _is_a_librarys(type(module))
        kinds = [kind for kind in type(module).__mro__ if "forward" in vars(kind)]
        self._keep(module, of_library or not kinds or _is_a_librarys(kinds[0]))
        if "training" not in vars(module):
            self._note(Attribute(module), "training", module.training)
        self._expand(type(module))

    def _container(self, x: Any) -> None:
        if not isinstance(x, tuple):
            self.settings.append((Attribute(Length(x)), "n", len(x)))
        if len(x) > _MOST:
            return
        if isinstance(x, list | dict):
            for name, inner in x.items() if isinstance(x, dict) else enumerate(x):
                self._note(x, name, inner)
        else:  # it cannot change, or has no names
            for inner in x:
                self._expand(inner)

    def _class(self, cls: type) -> None:
        for kind in cls.__mro__:
            if not _is_a_librarys(kind):
                self._keep(kind, False)

    def _function(self, f: FunctionType) -> None:
        of_library = _is_a_librarys(f)
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                x = cell.cell_contents
            except ValueError:
                continue
            if of_library:
                self._expand(x)
            else:
                self._note(cell, name, x)
        if of_library:
            return
        for x in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self._expand(x)
        for name, is_global in _names_in(f.__code__):
            self.words.add(name)
            x = f.__globals__.get(name, _ABSENT) if is_global else _ABSENT
            if x is not _ABSENT:
                self._note(f.__globals__, name, x)


_CACHED = type(functools.lru_cache(len))
_WRAPPERS = (
    functools.partial, functools.partialmethod, functools.singledispatchmethod,
    functools.cached_property, np.vectorize, _CACHED,
)  # fmt: skip


def _wrapped_in(x: Any) -> Iterator[Any]:
    """Give what is called by Python's, or NumPy's, ways of calling something else."""
    if isinstance(x, functools.singledispatchmethod):
        yield from x.dispatcher.registry.values()
    elif isinstance(x, np.vectorize):
        yield x.pyfunc
    elif isinstance(x, _CACHED):
        yield x.__wrapped__
    else:
        yield from (x.func, getattr(x, "args", None), getattr(x, "keywords", None))


def _is_optimizer(x: Any) -> bool:
    return "param_groups" in getattr(x, "__dict__", ())


def _is_called(name: str, x: Any, held: Any) -> bool:
    """Tell whether a method is called without being named: by us, or by Python's operators."""
    if name in _CALLED_BY_US:
        return True
    is_special = name.startswith("__") and name.endswith("__") and isinstance(x, FunctionType)
    # A dataclass compares all its fields, and is there to be read.
    of_fields = name in ("__eq__", "__hash__") and "__dataclass_fields__" in held
    return is_special and name not in _AT_OTHER_TIMES and not of_fields


def _names_in(code: CodeType) -> Iterator[tuple[str, bool]]:
    """List the names that a function uses, and whether each is a global; inner ones included."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"):
            yield instruction.argval, True
        elif instruction.opname.endswith(("_ATTR", "_METHOD")):
            yield instruction.argval, False
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names_in(inner)


def _is_a_librarys(x: type | FunctionType) -> bool:
    """Tell whether users do not write it; what `exec` made of a text, in no module, they do."""
    module: str | None = x.__module__
    if module is None or module == "builtins":  # a class in no module says that it is Python's
        return isinstance(x, type) and not x.__flags__ & _MADE_BY_A_PROGRAM
    return is_of_a_library(module)


@functools.cache
def is_of_a_library(module: str | None) -> bool:
    """Tell whether a module is one that users do not write: ours, Python's, or an installed one."""
    if module == "__main__":  # wherever it lies: what is run, or typed into what is run
        return False
    if module is None or module.partition(".")[0] in (HOUSE, "builtins", "numpy"):
        return True
    path = getattr(sys.modules.get(module), "__file__", None)
    is_installed = path is not None and path.startswith(_LIBRARIES)
    return is_installed or module in sys.builtin_module_names
