"""What does each neuron answer to one input? The activations of a chain of layers, run once.

The model is called as its user calls it, and its record is read: what the next layer's weight is
multiplied with is what this layer answers. Nothing of it is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import graph
from ..errors import ArgumentError
from ..graph import Node as Recorded
from ..value import Value
from .chains import Layer


def activity(model: Any, layers: list[Layer], x: Any) -> list[np.ndarray]:
    """Compute what goes into each layer, and what comes out of the last.

    Parameters
    ----------
    model : model
        A chain of linear layers.
    layers : list of Layer
        As `chains.linear_chain` reads them.
    x : (I,) or (1, I) array_like
        One input.

    Returns
    -------
    list of (width,) ndarray
        One for each column of neurons, the inputs first.

    Raises
    ------
    ArgumentError
        If it is not one input of the model's width, or the model does not use its layers in turn.
    """
    data = np.asarray(getattr(x, "data", x), dtype=np.float64)
    width = layers[0].weight.shape[1]
    if data.shape not in ((width,), (1, width)):
        raise ArgumentError(
            "draw: x must be one input of the network.",
            expected=f"{width} numbers",
            got=f"an array of shape {data.shape}",
            hint="Of a batch, pass one row: x[0]." if data.ndim == 2 else None,
        )
    with graph.recording():
        output = model(Value(data, requires_grad=True))
    weights = [part for path, part in model.named_parameters() if _is_weight(path)]
    inputs = _operands_beside(output, weights) if isinstance(output, Recorded) else {}
    if len(inputs) < len(weights):
        raise ArgumentError(
            f"draw: {type(model).__name__} gave no activation of each layer.",
            expected="a model whose layers are all used in its forward",
            got=f"activations of {len(inputs)} of {len(weights)} layers",
            hint="Leave x= out to draw its weights alone.",
        )
    columns = [inputs[w] for w in weights] + [np.asarray(output.data)]
    return [np.asarray(column, dtype=np.float64).reshape(-1) for column in columns]


def _is_weight(path: str) -> bool:
    return path.rpartition(".")[2] == "weight"


def _operands_beside(output: Recorded, weights: list[Recorded]) -> dict[Recorded, Any]:
    """Find what each weight, or the weight turned around, is multiplied with."""
    stands_for: dict[Recorded, Recorded] = {w: w for w in weights}
    found: dict[Recorded, Any] = {}
    for value in graph.ancestors(output):
        operands = graph.parents(value)
        ours = [a for a in operands if a in stands_for]
        if not ours:
            continue
        weight = stands_for[ours[0]]
        others = [a for a in value.args[:2] if a is not ours[0]]
        if not any(isinstance(a, Recorded | np.ndarray) for a in others):
            if np.size(value._data) == np.size(weight._data):
                stands_for[value] = weight  # a transpose, or another dtype
        elif weight not in found:
            found[weight] = getattr(others[0], "_data", others[0])
    return found
