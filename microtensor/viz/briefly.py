"""What is one value, in a line? For text, tooltips and screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .theme import dtype_word, number, shape_word, short

if TYPE_CHECKING:
    from .snapshots import Node


def describe(node: Node) -> str:
    """Tell a value of a graph: its sign, its name, its role, data and gradient."""
    head = " ".join(filter(None, (node.op, node.label)))
    if node.word:
        head += f" ({node.word})"
    if node.kind == "failed":
        return f"{node.op} (failed)   {' '.join((node.health or '').split())}"
    data = f"data {summary(node.value, node.shape, node.dtype)}"
    if node.kind == "const":
        return f"{head}   {data}" if node.name else f"{node.word}   {data}"
    parts = [head, data, f"grad {summary(node.grad, node.shape, None)}"]
    return "   ".join(parts + ([node.health] if node.health else []))


def summary(x: Any, shape: tuple[int, ...], dtype: Any) -> str:
    """Write a number, or the shape, mean and spread of many."""
    if x is None or shape == ():
        return number(x)
    kind = f"{shape_word(shape)} {dtype_word(dtype)} " if dtype is not None else ""
    mean, spread = moments(x)
    return f"{kind}μ {short(mean)} σ {short(spread)}"


def moments(x: Any) -> tuple[float, float]:
    """Give the mean and the standard deviation of an array; nan where it has no entries.

    What is no more than the rounding of the array's own numbers is given as zero.
    """
    entries = np.asarray(x, dtype=np.float64)
    if not entries.size:
        return float("nan"), float("nan")
    kind = np.asarray(x).dtype
    eps = float(np.finfo(kind).eps) if kind.kind == "f" else 0.0
    with np.errstate(all="ignore"):
        noise = 4 * eps * float(np.max(np.abs(entries)))
        mean, spread = float(np.mean(entries)), float(np.std(entries))
    return (0.0 if abs(mean) <= noise else mean), (0.0 if spread <= noise else spread)
