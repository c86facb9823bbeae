"""What happens when? Both passes step by step: each call forward, the seed, each arrow backward.

A `Stage` is one step. Forward there is one per call, backward one per argument of a call: that is
where the chain rule multiplies, and where a value that is used again adds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .capture import snapshot
from .snapshots import Edge, Node, Snapshot
from .terms import Term
from .theme import clean, number, shape_word


@dataclass(frozen=True, eq=False)
class Stage:
    """One step of the forward or of the backward pass.

    Attributes
    ----------
    place : int
        Which step it is of its pass, from 1.
    direction : {"forward", "seed", "backward"}
    node : Node
        The value that is computed; backward, the one whose gradient grows.
    of : Node or None
        Backward: the value whose gradient is passed on.
    edge : Edge or None
        Backward: the argument through which it is passed.
    formula : Term or None
        Forward, the call in the positions of its operands; backward, the local derivative of a
        number ("y" and positions), or what is sent to an array ("g", "y" and positions).
    before, after : float, ndarray or None
        Backward: the gradient of ``node`` before this step, None if this is the first, and after.
    """

    place: int
    direction: str
    node: Node
    of: Node | None = None
    edge: Edge | None = None
    formula: Term | None = None
    before: Any = None
    after: Any = None

    @property
    def is_again(self) -> bool:
        """Whether the gradient of ``node`` had contributions before: it is used again."""
        return self.before is not None


def stages(root: Any, *, names: Mapping[str, Any] | None = None) -> Iterator[Stage]:
    """Give both passes of a graph step by step, first forward, then the seed, then backward.

    Parameters
    ----------
    root : Value
        The output, such as a loss. ``backward`` need not have been called.
    names : mapping of str to Value, optional
        Names for what has none, such as ``locals()``.

    Returns
    -------
    iterator of Stage

    Raises
    ------
    ArgumentError
        If ``root`` is no Value.

    Examples
    --------
    >>> import microtensor as mt
    >>> x = mt.Value(3.0, name="x")
    >>> for stage in stages(x * x):
    ...     print(stage.direction, stage.node.label, stage.before, stage.after)
    forward x·x None None
    seed x·x None 1.0
    backward x None 3.0
    backward x 3.0 6.0
    """
    return stages_of(snapshot(root, names=names, formulas=True))


def stages_of(taken: Snapshot) -> Iterator[Stage]:
    """Give the steps of a graph that was taken already."""
    place = 0
    for node in taken.nodes:
        if node.op is not None:
            place += 1
            yield Stage(place, "forward", node, formula=node.formula)
    root = taken.node(taken.root)
    if root.grad is None:
        return
    yield Stage(1, "seed", root, after=root.grad)
    place, sums = 1, dict[str, Any]()
    for node in reversed(taken.nodes):
        for edge in taken.operands[node.id]:
            if edge.contribution is None:
                continue
            place += 1
            before = sums.get(edge.src)
            after = edge.contribution if before is None else before + edge.contribution
            sums[edge.src] = after
            yield Stage(
                place, "backward", taken.node(edge.src), node, edge, edge.formula, before, after
            )


def labels_of(taken: Snapshot) -> dict[str, str]:
    """Name every value so that no two have one name: its own, a number, or t1, t2, ...

    Names of two values that are the same are told apart as x and x′2.
    """
    used: dict[str, int] = {}
    found: dict[str, str] = {}
    names = {node.id: clean(node.name) for node in taken.nodes if node.name}
    own = set(names.values())
    unnamed = 0
    for node in taken.nodes:
        name = names.get(node.id)
        if name is not None:
            used[name] = used.get(name, 0) + 1
            found[node.id] = name if used[name] == 1 else f"{name}′{used[name]}"
        elif node.kind == "const" and node.is_scalar:
            found[node.id] = "½" if node.value == 0.5 else number(node.value)
        else:
            unnamed += 1
            while f"t{unnamed}" in own:
                unnamed += 1
            found[node.id] = f"t{unnamed}"
    return found


def sizes(x: Any, digits: int = 4) -> str:
    """Write a number as it is, and an array as its shape and length: ``2×4 ‖0.531‖``."""
    if x is None or np.ndim(x) == 0:
        return number(x, digits)
    entries = np.asarray(x, dtype=np.float64)
    with np.errstate(all="ignore"):
        length = float(np.sqrt(np.sum(np.square(entries))))
    return f"{shape_word(entries.shape)} ‖{number(length, digits)}‖"
