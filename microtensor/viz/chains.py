"""Which models are a chain of linear layers? Those that a textbook draws as columns of neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError


@dataclass(frozen=True, eq=False)
class Layer:
    """One linear layer of a chain: where it is, its numbers, and what follows it."""

    path: str
    weight: np.ndarray
    bias: np.ndarray | None
    weight_grad: np.ndarray | None
    bias_grad: np.ndarray | None
    activation: str


def linear_chain(model: Any) -> list[Layer]:
    """Read the linear layers of a model, in order.

    Raises
    ------
    ArgumentError
        If the model has other parameters, or the layers do not follow each other.
    """
    owners: dict[str, dict[str, Any]] = {}
    for path, parameter in model.named_parameters():
        owner, _, name = path.rpartition(".")
        owners.setdefault(owner, {})[name] = parameter
    if not owners:
        raise _no_chain(model, "it has no parameters")
    activations = _activations(model, list(owners))
    layers: list[Layer] = []
    for owner, parts in owners.items():
        where = owner or type(model).__name__
        strange = sorted(set(parts) - {"weight", "bias"})
        if strange or "weight" not in parts:
            raise _no_chain(model, f"{where} has {', '.join(strange) or 'no weight'}")
        weight = np.atleast_2d(np.asarray(parts["weight"].data, dtype=np.float64))
        if weight.ndim != 2 or 0 in weight.shape:
            raise _no_chain(model, f"{where}.weight has shape {weight.shape}")
        if layers and layers[-1].weight.shape[0] != weight.shape[1]:
            raise _no_chain(
                model,
                f"{where} takes {weight.shape[1]} inputs, "
                f"and {layers[-1].path} gives {layers[-1].weight.shape[0]}",
            )
        bias = parts.get("bias")
        numbers = None if bias is None else np.atleast_1d(np.asarray(bias.data, dtype=np.float64))
        if numbers is not None and numbers.shape != weight.shape[:1]:
            raise _no_chain(model, f"{where}.bias has shape {numbers.shape}")
        layers.append(
            Layer(
                where, weight, numbers, _grad(parts["weight"], weight.shape),
                None if numbers is None else _grad(bias, numbers.shape), activations[owner],
            )
        )  # fmt: skip
    return layers


def _grad(parameter: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    grad = parameter.grad
    if grad is None:
        return None
    return np.asarray(getattr(grad, "data", grad), dtype=np.float64).reshape(shape)


def _no_chain(model: Any, why: str) -> ArgumentError:
    return ArgumentError(
        f"draw: {type(model).__name__} is not a chain of linear layers.",
        expected="layers of a weight (out, in) and a bias (out,), each feeding the next",
        got=why,
        hint="Draw its computation graph instead: draw(model(x)), or draw(loss).",
    )


def _activations(model: Any, owners: list[str]) -> dict[str, str]:
    """Find what follows each linear layer: its ``activation``, or the modules after it."""
    found = dict.fromkeys(owners, "")
    last = None
    for path, module in model.named_modules():
        if path in found:
            last = path
            found[path] = _word(getattr(module, "activation", None))
            continue
        holds = not path or any(owner.startswith(f"{path}.") for owner in owners)
        told = last is not None and path.startswith(f"{last}.") and found[last]
        if last is not None and not holds and not told:
            found[last] = " ".join(filter(None, (found[last], type(module).__name__)))
    return found


def _word(activation: Any) -> str:
    if activation is None or isinstance(activation, str):
        word = activation or ""
    elif hasattr(activation, "__name__"):
        word = activation.__name__
    else:
        word = type(activation).__name__
    return "" if word.lower() in ("linear", "identity", "none") else word
