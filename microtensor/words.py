"""What are other libraries' words for tensors called here? Code written with them is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    "constant": "v.requires_grad is its opposite.",
    **dict.fromkeys(("zero_grad", "null_grad", "null_gradients"), "v.grad = None does it."),
    **dict.fromkeys(
        ("bool", "cast", "cpu", "cuda", "double", "float", "half", "int", "long", "to", "type"),
        _DTYPE,
    ),
    **{name: f"mt.{name}(v) does it." for name in _BY_US},
}


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

    if not TYPE_CHECKING:  # else every misspelt attribute would be one

        def __getattr__(self, name: str) -> Any:
            hint = _hint(name)
            if hint is None:
                return object.__getattribute__(self, name)  # raises, as a property does
            hint = hint.replace("\n", "\n  ")
            raise AttributeError(
                f"{type(self).__name__} has no {name!r}, as other libraries' tensors have.\n"
                f"  {hint}",
                name=name,
                obj=self,
            )


def elsewhere(name: str) -> str:
    """Say where that is which the package has not under such a name: a line, or nothing.

    >>> elsewhere("exp")
    "\\n  NumPy's functions work on Values: np.exp(v)."
    """
    if name in ("tensor", "Tensor", "Variable"):
        return "\n  mt.Value(...) is it."
    function = vars(np).get(name)
    if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
        return f"\n  NumPy's functions work on Values: np.{name}(v)."
    return ""


def _hint(name: str) -> str | None:
    if name in HERE:
        return HERE[name]
    if name.startswith("_"):
        return None
    if name.endswith("_"):
        return _IN_PLACE
    function = vars(np).get(name)  # a ufunc, or what a type may take over
    if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
        return f"np.{name}(v) does it."
    return None
