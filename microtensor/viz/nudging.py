"""Is the gradient right? Nudge a number, and see how far the output moves.

``(L(x + h) - L(x - h)) / 2h`` is the slope through two neighbours of ``x``. It is off by h²/6 of
the third derivative and by the rounding of L over h: best with h near the cube root of the
rounding, and then right to about two thirds of the digits.

References
----------
.. [1] Press, Teukolsky, Vetterling, Flannery, *Numerical Recipes* (2007), section 5.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import graph
from ..errors import ArgumentError
from ..graph import Node as Recorded
from .capture import captured, sought
from .replaying import replay
from .staging import labels_of
from .theme import clean, number, short

_MOST_ENTRIES = 64  # of one array; of a larger one, so many evenly spaced ones


class Nudge(NamedTuple):
    """One number, nudged.

    Attributes
    ----------
    name : str
        Of the number, such as ``w1`` or ``W[0,1]``.
    h : float
        By how much.
    up, down : float
        The output after it was made larger, and smaller, by h.
    slope : float
        ``(up - down) / 2h``.
    grad : float
        What the chain rule says.
    tolerance : float
        How far apart they may be.
    """

    name: str
    h: float
    up: float
    down: float
    slope: float
    grad: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether both agree."""
        return bool(abs(self.slope - self.grad) <= self.tolerance)


class CheckTable(list[Nudge]):
    """A row per nudged number; true if every gradient agrees, and printed as a table."""

    output = "L"

    def __bool__(self) -> bool:
        return all(row.passed for row in self)

    def __str__(self) -> str:
        width = max([len(row.name) for row in self] + [5])
        L = self.output
        head = f"{'x':<{width}}  {'h':>8}  {f'{L}(x+h)':>12}  {f'{L}(x−h)':>12}  "
        lines = [head + f"{'slope':>10}  {'gradient':>10}"]
        for row in self:
            verdict = "✓" if row.passed else "✗ differs"
            lines.append(
                f"{row.name:<{width}}  {short(row.h):>8}  {number(row.up, 7):>12}  "
                f"{number(row.down, 7):>12}  {number(row.slope):>10}  {number(row.grad):>10} "
                f"{verdict}"
            )
        return "\n".join(lines)

    __repr__ = __str__


def nudge(
    root: Any,
    leaf: Any = None,
    *,
    h: float | str = "auto",
    names: Mapping[str, Any] | None = None,
) -> CheckTable:
    """Compare gradients with the slopes that small nudges of the leaves show.

    Parameters
    ----------
    root : () Value
        The output, one number.
    leaf : Value or str, optional
        The leaf to nudge, or its name; all that a gradient flows to, if not given. Of an array each
        entry is nudged, of one with more than 64 so many that are evenly spaced.
    h : float or "auto"
        By how much; "auto" is the cube root of the rounding, times the size of the number.
    names : mapping of str to Value, optional
        Names for what has none, such as ``locals()``.

    Returns
    -------
    CheckTable

    Raises
    ------
    ArgumentError
        If the output is not one number, the leaf is not in its graph, or ``h`` is not above 0.

    Examples
    --------
    >>> import microtensor as mt
    >>> x = mt.Value(3.0, name="x")
    >>> nudge(x * x, x, h=0.001)
    x             h        L(x+h)        L(x−h)       slope    gradient
    x         0.001      9.006001      8.994001           6           6 ✓
    """
    if isinstance(root, Recorded) and np.size(root._data) != 1:
        raise ArgumentError(
            "nudge: the output must be one number.",
            expected="a Value of one entry, such as a loss",
            got=f"a Value of shape {np.shape(root._data)}",
        )
    if not (h == "auto" or (isinstance(h, int | float | np.number) and h > 0)):
        raise ArgumentError(
            "nudge: h says by how much a number is moved.",
            expected="a number above 0, or 'auto'",
            got=repr(h),
        )
    taken, ids = captured(root, names=names)
    labels = labels_of(taken)
    leaves = [sought(leaf, taken, ids)] if leaf is not None else _leaves(root)
    table = CheckTable()
    table.output = clean(taken.node(taken.root).name or "L")
    for x in leaves:
        if not isinstance(x, Recorded) or x not in ids or taken.node(ids[x]).grad is None:
            raise ArgumentError(
                "nudge: the output does not depend on that value.",
                expected="a leaf of its graph that a gradient flows to",
                got=f"a {type(x).__name__} outside of the graph",
            )
        node = taken.node(ids[x])
        table.extend(_rows(root, x, labels[node.id], node.grad, h))
    return table


def _leaves(root: Recorded) -> list[Recorded]:
    return [n for n in graph.ancestors(root) if n.fn is None and n.requires_grad]


def _rows(root: Recorded, x: Recorded, name: str, grad: Any, h: float | str) -> list[Nudge]:
    data = np.asarray(x._data)
    size = data.size
    if size <= _MOST_ENTRIES:
        places = np.arange(size)
    else:
        places = np.linspace(0, size - 1, _MOST_ENTRIES).astype(int)
    return [_row(root, x, name, grad, int(place), h) for place in places]


def _row(root: Recorded, x: Recorded, name: str, grad: Any, place: int, h: Any) -> Nudge:
    data = np.asarray(x._data)
    eps = float(np.finfo(min(data.dtype, np.asarray(root._data).dtype)).eps)
    at = float(data.reshape(-1)[place])
    step = eps ** (1 / 3) * max(1.0, abs(at)) if h == "auto" else float(h)
    outputs, moved = [], []
    for sign in (1, -1):
        entries = data.copy().reshape(-1)
        entries[place] += sign * step
        moved.append(float(entries[place]))
        nudged = replay(root, {x: entries.reshape(data.shape)[()]})
        outputs.append(float(np.asarray(nudged[root]._data).reshape(())))
    up, down = outputs
    slope = (up - down) / (moved[0] - moved[1])
    g = float(np.asarray(grad).reshape(-1)[place])
    noise = eps * max(abs(up), abs(down)) / step  # the rounding of L, and of what it is made of
    tolerance = 10 * noise + 10 * step**2 * max(1.0, abs(g), abs(slope))
    if data.ndim:
        index = ",".join(map(str, np.unravel_index(place, data.shape)))
        name = f"{name}[{index}]"
    return Nudge(name, step, up, down, slope, g, tolerance)
