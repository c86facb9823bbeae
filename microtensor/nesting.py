"""What is inside? Arrays in nested lists, tuples and dicts; a model is a dict of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .errors import ShapeError
from .graph import Model, Node


def leaves(tree: Any) -> list[Any]:
    """List what is in a nesting, in order.

    >>> leaves({"w": [1.0, 2.0], "b": (3.0,)})
    [1.0, 2.0, 3.0]
    """
    if _is_model(tree):
        return [parameter for _, parameter in tree.named_parameters()]
    if isinstance(tree, dict):
        return [leaf for branch in tree.values() for leaf in leaves(branch)]
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [tree]


def rebuild(tree: Any, source: Iterator[Any], keep_models: bool = False) -> Any:
    """Put other leaves in the places of a nesting's; a model stays itself if ``keep_models``.

    >>> rebuild({"w": [1.0, 2.0], "b": (3.0,)}, iter("xyz"))
    {'w': ['x', 'y'], 'b': ('z',)}
    """
    if _is_model(tree):
        named = {name: next(source) for name, _ in tree.named_parameters()}
        return tree if keep_models else named
    if isinstance(tree, dict):
        return {key: rebuild(branch, source, keep_models) for key, branch in tree.items()}
    if isinstance(tree, list | tuple):
        return like(tree, [rebuild(branch, source, keep_models) for branch in tree])
    return next(source)


def like(tree: Any, branches: list[Any]) -> Any:
    """Give a list or tuple of other branches, a named tuple with the names of another.

    >>> like((1, 2), ["a", "b"])
    ('a', 'b')
    """
    if isinstance(tree, list):
        return branches
    return type(tree)(*branches) if hasattr(tree, "_fields") else tuple(branches)


def leaves_like(pattern: Any, tree: Any, what: str) -> list[Any]:
    """List what is in a nesting in the order of another, whose structure and shapes it must have.

    Raises
    ------
    ShapeError
        If it has another structure, or a leaf another shape; ``what`` begins the message.

    Examples
    --------
    >>> leaves_like({"w": 0.0, "b": 0.0}, {"b": 1.0, "w": 2.0}, "the gradient")
    [2.0, 1.0]
    """
    found = _in_order(pattern, tree)
    wanted = leaves(pattern)
    if found is None or [np.shape(x) for x in found] != [np.shape(x) for x in wanted]:
        raise ShapeError(
            f"{what} must have the structure and shapes of what it is for.",
            expected=_outline(pattern),
            got=_outline(tree),
        )
    return found


def paths(tree: Any, so_far: str = "") -> list[str]:
    """Say where in a nesting each of its leaves is.

    >>> paths({"w": [1.0, 2.0], "b": 3.0})
    ["['w'][0]", "['w'][1]", "['b']"]
    """
    branches = _branches(tree)
    if branches is None:
        return [so_far]
    return [p for key, branch in branches for p in paths(branch, f"{so_far}[{key!r}]")]


def models(tree: Any) -> list[Any]:
    """List the models in a nesting."""
    if _is_model(tree):
        return [tree]
    return [model for _, branch in _branches(tree) or () for model in models(branch)]


def _branches(tree: Any) -> list[tuple[Any, Any]] | None:
    if isinstance(tree, dict):
        return list(tree.items())
    return list(enumerate(tree)) if isinstance(tree, list | tuple) else None


def _in_order(pattern: Any, tree: Any) -> list[Any] | None:
    """List the leaves of a tree in a pattern's order; None if its structure is another."""
    if _is_model(pattern):
        pattern = dict(pattern.named_parameters())
        tree = dict(tree.named_parameters()) if _is_model(tree) else tree
    if isinstance(pattern, dict):
        if not isinstance(tree, dict) or tree.keys() != pattern.keys():
            return None
        pairs = [(pattern[key], tree[key]) for key in pattern]
    elif isinstance(pattern, list | tuple):
        if not isinstance(tree, list | tuple) or len(tree) != len(pattern):
            return None
        pairs = list(zip(pattern, tree, strict=True))
    else:
        return [np.asarray(tree) if isinstance(tree, list | tuple) else tree]
    branches = [_in_order(p, t) for p, t in pairs]
    if any(branch is None for branch in branches):
        return None
    return [leaf for branch in branches for leaf in branch or ()]


def _outline(tree: Any) -> str:
    shapes = (np.shape(x) for x in leaves(tree))
    return f"{rebuild(tree, shapes)}"


def _is_model(tree: Any) -> bool:
    # A protocol's own check takes many times as long, and nearly everything is no model.
    named = hasattr(tree, "named_parameters")
    return named and isinstance(tree, Model) and not isinstance(tree, Node)
