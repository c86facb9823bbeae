"""What are other libraries' words for tensors called here? Code written with them is told."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

_DTYPE = "v.astype(dtype) converts it. There is one device."
_IN_PLACE = (
    "No method writes into a Value: v + 1 gives a new one, v.at[i].set(x) too.\n"
    "A leaf's numbers are assigned: v.data = ..."
)
_BY_US = (
    "cosine_similarity", "conv1d", "conv2d", "conv3d", "avg_pool2d", "elu", "gelu", "hardswish",
    "hardtanh", "interpolate", "leaky_relu", "log_softmax", "logsumexp", "max_pool2d", "mish",
    "one_hot", "relu6", "selu", "silu", "softmax", "softplus", "softsign",
)  # fmt: skip
_WRITTEN = ("apply", "detach", "normal", "relu", "sigmoid", "uniform", "zero")  # with a _ behind

HERE = {
    "view": "v.reshape(shape) does it.",
    "view_as": "v.reshape(other.shape) does it.",
    "unsqueeze": "v[:, None] does it, or np.expand_dims(v, axis).",
    "permute": "v.transpose(axes) does it.",
    "expand": "np.broadcast_to(v, shape) does it.",
    "t": "v.T does it.",
    "dim": "v.ndim is it.",
    "numel": "v.size is it.",
    "add": "v + x does it.",
    "sub": "v - x does it.",
    "mul": "v * x does it.",
    "div": "v / x does it.",
    "neg": "-v does it.",
    "pow": "v ** n does it.",
    "rsqrt": "1 / np.sqrt(v) does it.",
    "erf": "mt.special.erf(v) does it, where SciPy is installed.",
    "clamp": "v.clip(low, high) does it.",
    "norm": "np.linalg.norm(v) does it.",
    "inverse": "np.linalg.inv(v) does it.",
    "cat": "np.concatenate([v, w]) does it.",
    "chunk": "np.array_split(v, n) does it.",
    "gather": "np.take_along_axis(v, indices, axis) does it.",
    "masked_fill": "np.where(mask, x, v) does it.",
    "scatter": "v.at.along(indices, axis).set(x) gives such a Value.",
    "scatter_add": "v.at.along(indices, axis).add(x) gives such a Value.",
    "index_add": "v.at[indices].add(x) gives such a Value.",
    "put": "v.at[indices].set(x) gives such a Value.",
    "sort": "np.sort(v) gives such a Value.",
    "fill": "np.full_like(v, x) gives such a Value.",
    "requires_grad_": "v.requires_grad = True does it.",
    "register_hook": "v.grad is there after backward(), of inner values too.",
    "retain_grad": "v.grad is there after backward(), of inner values too.",
    "grad_fn": "v.origin is the call that made it.",
    "creator": "v.origin is the call that made it.",
    "label": "v.name is it.",
    "constant": "v.requires_grad is its opposite.",
    **dict.fromkeys(("zero_grad", "null_grad", "null_gradients"), "v.grad = None does it."),
    **dict.fromkeys(
        ("bool", "cast", "cpu", "cuda", "double", "float", "half", "int", "long", "to", "type"),
        _DTYPE,
    ),
    **{name: f"mt.{name}(v) does it." for name in _BY_US},
}


class Word:
    """An attribute that is not there, and says how the same is done here.

    One for each word: a ``__getattr__`` would make every attribute of a Value three times as slow.
    """

    __slots__ = ("hint", "name")

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        self.hint = hint.replace("\n", "\n  ")

    def __get__(self, value: Any, owner: type) -> Any:
        raise AttributeError(
            f"{owner.__name__} has no {self.name!r}, as other libraries' tensors have.\n"
            f"  {self.hint}",
            name=self.name,
            obj=value,
        )


class AssignedWord(Word):
    """One that other libraries' users assign to."""

    __slots__ = ()

    def __set__(self, value: Any, new: Any) -> None:
        self.__get__(value, type(value))


class Translated:
    """What says of a word that other libraries' tensors have how the same is done here.

    Examples
    --------
    >>> import microtensor as mt
    >>> try:
    ...     mt.Value([1.0, 2.0]).unsqueeze(0)
    ... except AttributeError as error:
    ...     print(error)
    Value has no 'unsqueeze', as other libraries' tensors have.
      v[:, None] does it, or np.expand_dims(v, axis).
    """

    __slots__ = ()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if hasattr(type(self), name)]


def not_taken(more: tuple, others: dict[str, Any]) -> TypeError:
    """Build the error for what `Value` is not made from, and say how it is said here.

    >>> print(not_taken((), {"label": "x"}))
    Value: it is not made from these arguments.
      expected  the data; and name=, requires_grad= or dtype=
      got       label='x'
      The word is name: Value(data, name='x').
    """
    given = [*map(reprlib.repr, more), *(f"{k}={reprlib.repr(x)}" for k, x in others.items())]
    lines = [
        "Value: it is not made from these arguments.",
        "  expected  the data; and name=, requires_grad= or dtype=",
        f"  got       {', '.join(given)}" + ", besides the data" * bool(more),
    ]
    first = more[0] if more else None
    if "label" in others or isinstance(first, str):
        name = first if isinstance(first, str) else others["label"]
        lines.append(f"  The word is name: Value(data, name={reprlib.repr(name)}).")
    if isinstance(first, tuple | set) or {"_children", "_op"} & others.keys():
        lines.append("  Operands are recorded, not given: a + b knows that a and b made it.")
        lines.append("  micrograd's own interface is microtensor.micrograd.Value.")
    if isinstance(first, int | float) and not isinstance(first, bool):
        lines.append("  Several numbers are a list: Value([1.0, 2.0]).")
    if "grad" in others:
        lines.append("  It is assigned: v.grad = ...")
    return TypeError("\n".join(lines))


def elsewhere(name: str) -> str:
    """Say where that is which the package has not under such a name: a line, or nothing.

    >>> elsewhere("exp")
    "\\n  NumPy's functions work on Values: np.exp(v)."
    """
    if name in ("tensor", "Tensor", "Variable"):
        return "\n  mt.Value(...) is it."
    if _is_numpys(name):
        return f"\n  NumPy's functions work on Values: np.{name}(v)."
    return ""


def _is_numpys(name: str) -> bool:
    """Tell whether NumPy has a function of the name that a type may take over."""
    function = vars(np).get(name)
    return isinstance(function, np.ufunc) or hasattr(function, "_implementation")


def _hints() -> dict[str, str]:
    numpys = {name: f"np.{name}(v) does it." for name in vars(np) if _is_numpys(name)}
    words = numpys | HERE
    in_place = {f"{name}_": _IN_PLACE for name in (*words, *_WRITTEN) if not name.endswith("_")}
    return in_place | words


for _name, _hint in _hints().items():
    setattr(Translated, _name, (AssignedWord if _name == "label" else Word)(_name, _hint))
