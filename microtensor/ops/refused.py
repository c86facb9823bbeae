"""Functions that have no rule and will have none: writing in place, files, memory.

Each group has its reason, and what to use instead.
"""

from __future__ import annotations

import numpy as np

from ..primitives import unsupported

_AT = (
    "It writes into an array, which would falsify the graph.\n"
    "Use {}, which gives a new Value and is differentiable,\n"
    "or write into v.numpy(), a copy of the numbers."
)
unsupported(_AT.format("v.at[index].set(values)"), np.put)
unsupported(_AT.format("np.full(shape, v, like=v) or v.at[index].set(values)"), np.copyto)
unsupported(_AT.format("np.where(mask, values, v)"), np.putmask, np.place)
unsupported(_AT.format("v.at[np.diag_indices_from(v)].set(values)"), np.fill_diagonal)
unsupported(_AT.format("v.at.along(indices, axis).set(values)"), np.put_along_axis)

unsupported(
    "A file keeps numbers, not graphs: give it v.data, or keep a model with mt.save.",
    np.save, np.savez, np.savez_compressed, np.savetxt,
)  # fmt: skip
unsupported(
    "It reads numbers that no Value gives: leave like= out, and wrap what it gives in mt.Value.",
    np.frombuffer, np.fromfile, np.fromiter, np.fromstring, np.loadtxt, np.genfromtxt,
)  # fmt: skip
unsupported(
    "It is about how numbers lie in memory, which no function of a Value depends on.\n"
    "Use np.ascontiguousarray(v, like=v) to have them in order.",
    np.require,
)
