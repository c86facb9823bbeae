"""What if a number were another? Every value and every gradient, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node as Recorded
from .capture import captured, sought
from .replaying import replay
from .snapshots import Node, Snapshot
from .staging import labels_of
from .theme import clean, number, short


class Change(NamedTuple):
    """One value, before and after."""

    name: str
    before: Node
    after: Node


class Diff(list[Change]):
    """What changed: one row per value whose number or gradient is another; prints as a table.

    Attributes
    ----------
    before, after : Snapshot
        Both graphs.
    expected : float
        By how much the gradient at the old place says that the output moves: the sum of
        ``grad * change`` over the changed leaves. True for small changes.
    moved : float
        By how much it moved.
    """

    before: Snapshot
    after: Snapshot
    expected: float
    moved: float

    def __str__(self) -> str:
        width = max([len(row.name) for row in self] + [5])
        lines = [f"{'':<{width}}  {'data':>24}  {'grad':>24}".rstrip()]
        for name, a, b in self:
            data = f"{_said(a.value)} → {_said(b.value)}"
            grad = f"{_said(a.grad)} → {_said(b.grad)}"
            lines.append(f"{name:<{width}}  {data:>24}  {grad:>24}".rstrip())
        root = clean(self.before.node(self.before.root).name or "the output")
        lines.append(
            f"{root} moves by {number(self.moved)}; gradient × change says {number(self.expected)}"
        )
        return "\n".join(lines)

    __repr__ = __str__


def what_if(
    root: Any, changes: Mapping[Any, Any], *, names: Mapping[str, Any] | None = None
) -> Diff:
    """Tell what would be if leaves had other numbers; nothing is changed.

    Parameters
    ----------
    root : Value
        The output.
    changes : mapping of Value to array_like
        New numbers for leaves, or for the names of leaves, in their shapes.
    names : mapping of str to Value, optional
        Names for what has none, such as ``locals()``.

    Returns
    -------
    Diff

    Raises
    ------
    ArgumentError
        If a changed value is no leaf of the graph, or its new numbers have another shape.

    Examples
    --------
    >>> import microtensor as mt
    >>> x, w = mt.Value(2.0, name="x"), mt.Value(3.0, name="w")
    >>> y = x * w
    >>> y.name = "y"
    >>> what_if(y, {x: 2.5})
                               data                      grad
    x                       2 → 2.5                     3 → 3
    w                         3 → 3                   2 → 2.5
    y                       6 → 7.5                     1 → 1
    y moves by 1.5; gradient × change says 1.5
    """
    old, ids = captured(root, names=names)
    changes = {sought(leaf, old, ids): new for leaf, new in changes.items()}
    twins = replay(root, changes)
    again = {name: twins.get(v, v) for name, v in names.items()} if names else None
    new, new_ids = captured(twins.get(root, root), names=again)
    labels = labels_of(old)
    pairs = [
        (old.node(id), new.node(new_ids[twins.get(v, v)]))
        for v, id in ids.items()
        if isinstance(v, Recorded) and twins.get(v, v) in new_ids
    ]
    found = Diff(
        Change(labels[a.id], a, b)
        for a, b in pairs
        if not (_same(a.value, b.value) and _same(a.grad, b.grad))
    )
    found.before, found.after = old, new
    steps = [
        np.sum(old.node(ids[leaf]).grad * (np.asarray(data) - old.node(ids[leaf]).value))
        for leaf, data in changes.items()
        if old.node(ids[leaf]).grad is not None
    ]
    found.expected = float(sum(steps))
    a, b = old.node(old.root).value, new.node(new.root).value
    found.moved = float(np.sum(np.asarray(b, float) - np.asarray(a, float)))
    return found


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return bool(np.array_equal(a, b, equal_nan=True))


def _said(x: Any) -> str:
    if x is None or np.ndim(x) == 0:
        return number(x)
    return f"‖{short(float(np.linalg.norm(x)))}‖"
