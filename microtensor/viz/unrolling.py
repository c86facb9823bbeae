"""Which numbers are behind the arrays? The same graph once more, number by number.

Every array becomes an array of scalar Values, and every call is replayed on them, as
`spelling.py` says. Both graphs then have to give the same numbers and gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import backward, graph, primitives
from ..errors import ArgumentError, GradientError, GraphTooLargeError
from ..graph import Node as Recorded
from ..value import Value
from . import names as words
from .expansion import Call, calls_of
from .modules import groups_of
from .spelling import as_entries, spelled

LIMIT = 100_000  # numbers


def unroll(root: Any, *, names: Mapping[str, Any] | None = None, limit: int = LIMIT) -> Any:
    """Give the graph of single numbers behind an expression of arrays.

    Its leaves are named by their places, such as ``W[0,1]``, and those of parameters are
    parameters; it is drawn, explained and explored like any other graph. The gradients of both
    graphs were compared when this returns.

    Parameters
    ----------
    root : Value
        The output; its graph is left as it is.
    names : mapping of str to Value, optional
        Names for what has none, such as ``locals()``.
    limit : int, default 100,000
        How many numbers are too many.

    Returns
    -------
    Value, or ndarray of Values in the shape of ``root``

    Raises
    ------
    ArgumentError
        If ``root`` is no Value, or a function is not known number by number.
    GraphTooLargeError
        If there would be more numbers than ``limit``.
    GradientError
        If the two graphs disagree, which would be a mistake in one of their rules.

    Examples
    --------
    >>> import numpy as np, microtensor as mt
    >>> x, W = mt.Value([1.0, 2.0], name="x"), mt.Value(np.ones((2, 2)), name="W")
    >>> y = unroll((W @ x).sum())
    >>> print("\\n".join(mt.viz.snapshot(y).to_text().splitlines()[:5]))
    + t13 (output)   data 6   grad 1
      + t9   data 3   grad 1
        × W[0,0]·x[0]   data 1   grad 1
          W[0,0] (param)   data 1   grad 1
          x[0] (input)   data 1   grad 2
    """
    if not isinstance(root, Recorded):
        raise ArgumentError(
            "unroll: the output must be a Value.",
            expected="a Value, such as a loss",
            got=type(root).__name__,
        )
    order = graph.ancestors(root)
    numbers = sum(np.size(node._data) for node in order)
    if numbers > limit:
        raise GraphTooLargeError(
            f"unroll: the graph would have more than {numbers:,} numbers.",
            expected=f"at most {limit:,}",
            got=f"{numbers:,} entries of arrays",
            hint="Take a smaller batch, a smaller model, or one row of its output.",
        )
    calls = calls_of(order, expand=True)
    entries = _Unrolling(calls, names).entries
    _compare(root, order, entries)
    return entries[root].item() if np.ndim(root._data) == 0 else entries[root]


class Parameter(Value):
    """One number of a parameter; readers tell it by the name of its class."""

    __slots__ = ()


class _Unrolling:
    """One unrolling: the array of scalar Values that stands for each Value of the graph."""

    def __init__(self, calls: list[Call], names: Mapping[str, Any] | None) -> None:
        given, _ = words.names_by_identity(names)
        models = groups_of(calls)[1]
        paths = words.parameter_paths(models)
        self.entries: dict[Recorded, np.ndarray] = {}
        for call in calls:
            value = call.value
            name = value.name or paths.get(value) or given.get(id(value))
            if call.made.fn is None:
                is_parameter = words.is_parameter(value, paths, bool(models), given)
                self.entries[value] = _leaves(value, name, Parameter if is_parameter else Value)
            elif not value.requires_grad:
                self.entries[value] = np.asarray(value._data).astype(object)
            else:
                with graph.scope_set(call.scope if isinstance(call.scope, graph.Scope) else None):
                    self.entries[value] = self._replayed(call)
                _name(self.entries[value], name)

    def _replayed(self, call: Call) -> np.ndarray:
        made = call.made
        operands = [self.entries[a] if isinstance(a, Recorded) else a for a in call.args]
        options = {k: x for k, x in (made.kwargs or {}).items() if k != "kept"}
        known = primitives.registry[made.fn]
        if known.keeps == "constant" and "kept" in (made.kwargs or {}):
            found = operands[0] * np.asarray((made.kwargs or {})["kept"])  # as it was drawn
        else:
            found = spelled(made.fn)(*operands, **options)
        return as_entries(found)


def _leaves(value: Recorded, name: str | None, kind: type[Value]) -> np.ndarray:
    """Make a scalar Value of each entry of a leaf; what has no gradient stays plain numbers."""
    data = np.asarray(value._data)
    if not value.requires_grad:
        return data.astype(object)
    found = np.empty(data.shape, dtype=object)
    for place in np.ndindex(data.shape):
        found[place] = kind(float(data[place]))
    _name(found, name)
    return found


def _name(entries: np.ndarray, name: str | None) -> None:
    """Name the entries of an array by their places, ``W[0,1]``."""
    if name is None:
        return
    for place in np.ndindex(entries.shape):
        entry = entries[place]
        if isinstance(entry, Value) and entry.name is None:
            entry.name = f"{name}[{','.join(map(str, place))}]" if place else name


# Proof


def _compare(root: Recorded, order: list[Recorded], entries: dict[Recorded, np.ndarray]) -> None:
    """Compare the numbers and the gradients of both graphs."""
    if not root.requires_grad:
        return
    leaves = [node for node in order if node.fn is None and node.requires_grad]
    scalars = [v for leaf in leaves for v in entries[leaf].reshape(-1)]
    outputs = [v for v in entries[root].reshape(-1) if isinstance(v, Value)]
    ours = iter(backward.gradients(outputs, scalars))
    theirs = backward.gradients([root], leaves, [np.ones_like(root._data)])
    dtypes = [np.asarray(n._data).dtype for n in order if n.requires_grad]
    coarsest = max(float(np.finfo(dtype).eps) for dtype in dtypes)
    tolerance = coarsest**0.5  # half of the digits: the sums have another order
    scale = _largest(n._data for n in order if n.requires_grad)  # what is rounded on the way
    _agree("number", root, root._data, _numbers(entries[root]), tolerance * scale)
    scale = max(1.0, _largest(theirs))
    for leaf, expected in zip(leaves, theirs, strict=True):
        got = np.array([next(ours) for _ in range(entries[leaf].size)], dtype=float)
        _agree("gradient", leaf, expected, got.reshape(np.shape(expected)), tolerance * scale)


def _largest(arrays: Iterable[Any]) -> float:
    return max((float(np.max(np.abs(a), initial=0.0)) for a in arrays), default=0.0)


def _numbers(entries: np.ndarray) -> np.ndarray:
    data = [float(getattr(v, "data", v)) for v in entries.reshape(-1)]
    return np.array(data).reshape(entries.shape)


def _agree(what: str, node: Recorded, expected: Any, got: np.ndarray, tolerance: float) -> None:
    expected = np.asarray(expected, dtype=float)
    if not np.allclose(got, expected, rtol=0, atol=tolerance, equal_nan=True):
        worst = int(np.argmax(np.abs(got - expected)))
        raise GradientError(
            f"unroll: the {what} of {graph.label(node)} is another one number by number.",
            expected=f"{expected.reshape(-1)[worst]:g}, as of the arrays",
            got=f"{got.reshape(-1)[worst]:g}",
            hint="One of the rules is wrong: mt.check_gradients tells which.",
        )
