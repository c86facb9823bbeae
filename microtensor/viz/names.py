"""What is it called? Signs of operations, names of values, and roles, as pictures show them.

The record knows functions and numbers; the words of the pictures live here alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Model
from ..graph import Node as Recorded
from ..primitives import name_of
from .theme import dtype_word

_SIGNS = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "true_divide": "÷",
    "matmul": "@", "negative": "−x", "power": "xʸ", "square": "x²", "sqrt": "√x",
    "reciprocal": "1/x", "absolute": "|x|", "fabs": "|x|", "maximum": "max",
    "minimum": "min", "amax": "max", "amin": "min", "relu": "ReLU", "leaky_relu": "leaky ReLU",
    "elu": "ELU", "silu": "SiLU", "gelu": "GELU", "dot": "·", "greater": ">", "less": "<",
    "greater_equal": "≥", "less_equal": "≤", "equal": "=", "not_equal": "≠",
    "softmax_cross_entropy": "cross-entropy", "linear": "x·Wᵀ + b", "remainder": "mod",
    "concatenate": "concat", "expand_dims": "reshape", "astype": "dtype", "scatter_add": "scatter",
}  # fmt: skip
# Most calls of a graph of numbers: their sign is the same, whatever they are of.
_FREQUENT = {"add", "subtract", "multiply", "true_divide", "negative", "relu"}
_INFIX = {"add": "+", "subtract": "−", "multiply": "·", "true_divide": "/", "divide": "/",
          "matmul": "@"}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_WEIGHT = re.compile(r"(?:[wWbB]|weights?|bias(?:es)?|theta|θ|params?)(?:_?\d[\d,_]*)?(?:\[\d+\])*")
_LOSS = re.compile(r"(?:loss|cost|error|E|L|J)(?:_?(?:\d+|total))?", re.IGNORECASE)
_LISTS = (list, tuple)


# A graph of a hundred thousand calls has few functions, and their names are found once.
function_name = lru_cache(maxsize=1024)(name_of)


@lru_cache(maxsize=1024)
def function_word(fn: Any) -> str:
    """Name a function by its last word: ``multiply`` for ``numpy.multiply``."""
    return name_of(fn).rsplit(".", 1)[-1].lstrip("_")


def sign(fn: Any, args: tuple, kwargs: Mapping[str, Any] | None) -> str:
    """Give the sign of a call, such as ``×``; constants that belong to it are part of it.

    >>> sign(np.multiply, (1.0, 2.0), None), sign(np.power, (None, 2), None)
    ('×', 'x²')
    """
    word = function_word(fn)
    if word in _FREQUENT:
        return _SIGNS[word]
    options = kwargs or {}
    if word == "power" and _is_number(args[1]):
        exponent = f"{args[1]:g}"
        whole = re.fullmatch(r"-?\d+", exponent)
        return "x" + (exponent.translate(_SUPERSCRIPTS) if whole else f"^{exponent}")
    if word == "getitem":
        return f"x[{_index(_index_of(args, options))}]"
    if word in ("transpose", "swapaxes") and np.ndim(getattr(args[0], "_data", args[0])) == 2:
        return "xᵀ"
    given = (*args[1:], *options.values(), *args[:1])
    if word == "astype":
        return f"→ {dtype_word(given[0])}"
    if word == "einsum":
        return f"einsum {next((a for a in given if isinstance(a, str)), '')}".strip()
    return _SIGNS.get(word, word)


def absorbs(fn: Any, position: int, arg: Any) -> bool:
    """Tell whether a constant argument is part of the sign, and so gets no box of its own."""
    if function_word(fn) in ("power", "getitem"):
        return position == 1 and (_is_number(arg) or function_word(fn) == "getitem")
    return not (_is_number(arg) or isinstance(arg, np.ndarray))


def expression(fn: Any, operands: list[str | None]) -> str | None:
    """Write a call of two named operands in short, such as ``x1·w1``."""
    infix = _INFIX.get(function_word(fn))
    if infix is None or len(operands) != 2:
        return None
    left, right = operands
    if left is None or right is None or len(left) > 6 or len(right) > 6:
        return None
    return f"{left}{infix}{right}"


def is_weight_name(name: str | None) -> bool:
    """Tell whether textbooks use such a name for a weight: w1, W, b2, theta ...

    >>> is_weight_name("w1"), is_weight_name("W_ih"), is_weight_name("x1")
    (True, False, False)
    """
    return name is not None and _WEIGHT.fullmatch(name) is not None


def is_loss_name(name: str | None) -> bool:
    """Tell whether such a name means a loss.

    >>> is_loss_name("loss"), is_loss_name("o")
    (True, False)
    """
    return name is not None and _LOSS.fullmatch(name) is not None


def names_by_identity(
    names: Mapping[str, Any] | None,
) -> tuple[dict[int, str], list[tuple[str, np.ndarray]]]:
    """Turn a dict such as ``locals()`` around, and list its arrays; entries of lists are ``w[0]``.

    Names that begin with an underscore are left out: a notebook keeps its past results there.
    """
    if names is not None and not isinstance(names, Mapping):
        raise ArgumentError(
            "names must be a dict: which value has which name.",
            expected="such as locals(), or {'w': w}",
            got=f"a {type(names).__name__}",
        )
    found: dict[int, str] = {}
    arrays: list[tuple[str, np.ndarray]] = []
    waiting = [(str(k), v, 0) for k, v in reversed(list((names or {}).items()))]
    waiting = [item for item in waiting if not item[0].startswith("_")]
    while waiting:
        name, thing, depth = waiting.pop()
        if isinstance(thing, Recorded | np.ndarray):
            if id(thing) not in found and isinstance(thing, np.ndarray):
                arrays.append((name, thing))
            found.setdefault(id(thing), name)
        elif isinstance(thing, _LISTS) and depth < 3 and len(thing) <= 1000:
            inner = [(f"{name}[{i}]", entry, depth + 1) for i, entry in enumerate(thing)]
            waiting.extend(reversed(inner))
    return found, arrays


def parameter_paths(models: Iterable[Any]) -> dict[Recorded, str]:
    """Find every parameter of some models, with its path in its own."""
    paths: dict[Recorded, str] = {}
    for model in models:
        if isinstance(model, Model):
            for path, parameter in model.named_parameters():
                paths.setdefault(parameter, path)
    return paths


def is_parameter(
    leaf: Recorded, paths: Mapping[Recorded, str], any_models: bool, given: Mapping[int, str]
) -> bool:
    """Tell whether a leaf is a parameter: of a model; or, in a graph without any, by its name."""
    if leaf in paths or is_parameter_class(leaf):
        return True
    name = leaf.name or given.get(id(leaf))
    return not any_models and leaf.requires_grad and is_weight_name(name)


def is_parameter_class(node: Recorded) -> bool:
    """Tell a Parameter by the name of its class: the room of models is not ours to import."""
    return any(cls.__name__ == "Parameter" for cls in type(node).__mro__)


def module_title(module: Any, cls: str, path: str) -> str:
    """Write what a module's frame says: where it is, its class, and its widths.

    >>> module_title(None, "Linear", "layers.0")
    'layer 0 · Linear'
    """
    widths = [str(w) for w in _widths(module)] if isinstance(module, Model) else []
    if len(widths) > 6:
        widths[3:-1] = ["…"]
    kind = f"{cls}({'→'.join(widths)})" if widths else cls
    place = re.sub(r"\b([A-Za-z]+)s\.(\d+)", r"\1 \2", path)
    if re.sub(r"\W*\d*$", "", place).lower() == kind.lower():
        return place  # "neuron 0 · Neuron" says it twice
    return f"{place} · {kind}" if place else kind


def _widths(module: Any) -> list[int]:
    """Read the widths 2→4→1 off a module's weight matrices, if they follow each other."""
    widths: list[int] = []
    for path, parameter in module.named_parameters():
        shape = np.shape(parameter._data)
        if path.rsplit(".", 1)[-1] != "weight" or len(shape) != 2:
            continue
        if widths and widths[-1] != shape[1]:
            return []
        widths = [*(widths or [shape[1]]), shape[0]]
    return widths


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float | np.number) and not isinstance(x, bool)


def _index_of(args: tuple, options: Mapping[str, Any]) -> Any:
    """Find the index of an indexing, an operand or an option by whatever name it goes."""
    return args[1] if len(args) > 1 else next(iter(options.values()), "")


def _index(index: Any) -> str:
    if isinstance(index, tuple):
        text = ", ".join(map(_index, index))
    elif isinstance(index, slice):
        ends = ["" if end is None else str(end) for end in (index.start, index.stop, index.step)]
        text = ":".join(ends if index.step is not None else ends[:2])
    elif index is Ellipsis:
        text = "…"
    elif index is None:
        text = "new"
    elif isinstance(index, int | np.integer):
        text = str(index)
    else:
        text = "i" if np.asarray(index).dtype != bool else "mask"
    return text
