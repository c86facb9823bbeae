"""How is part of a Value changed? By an index, into a new Value.

What indexing reads, `At` writes; both ways are differentiable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .calls import is_masked, lost_mask


class At:
    """The places of a Value that an index names: ``x.at[i].set(v)``, ``x.at[i].add(v)``.

    All give a new Value and are differentiable in ``x`` and ``v``. Where an index names a place
    twice, ``set`` keeps the last of the values given for it and ``add`` adds them all.
    ``x.at.along(indices, axis)`` names the places that ``np.take_along_axis`` reads.
    """

    __slots__ = ("_index", "_value")

    def __init__(self, value: Any, index: Any = ()) -> None:
        self._value, self._index = value, index

    def __getitem__(self, index: Any) -> At:
        return At(self._value, index)

    def along(self, indices: Any, axis: int) -> At:
        """Name the places that ``np.take_along_axis(x, indices, axis)`` reads.

        >>> import numpy as np, microtensor as mt
        >>> x = mt.Value([[3.0, 1.0], [2.0, 5.0]])
        >>> x.at.along(np.argmax(x, axis=1, keepdims=True), axis=1).set(0.0).data
        array([[0., 1.],
               [2., 0.]])
        """
        return At(self._value, ops.indexing.index_along(np.shape(self._value), indices, axis))

    def set(self, values: Any) -> Any:
        """Give a Value with these entries replaced."""
        return ops.scatter_set(self._value, values, index=self._index)

    def add(self, values: Any) -> Any:
        """Give a Value with something added to these entries."""
        shape = np.shape(self._value[self._index])
        if isinstance(values, list | tuple):
            values = np.asarray(values)
        if is_masked(values):
            raise lost_mask("add")
        values = values * self._value.dtype.type(1)  # a number takes on the dtype it is added to
        added = ops.scatter_add(
            np.broadcast_to(values, shape), index=self._index, shape=self._value.shape
        )
        return self._value + added
