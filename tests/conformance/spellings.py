"""How is each of PyTorch's operators spelled here? One table, by PyTorch's names.

A spelling takes the arguments of the operator, with Values and arrays in the place of tensors,
and gives what the operator gives.
"""

from __future__ import annotations

from collections.abc import Callable

import spellings_elementwise
import spellings_linalg
import spellings_losses
import spellings_masked
import spellings_networks
import spellings_places
import spellings_reductions
import spellings_shapes
import spellings_windows

FAMILIES = [
    spellings_elementwise, spellings_reductions, spellings_shapes, spellings_places,
    spellings_linalg, spellings_networks, spellings_windows, spellings_losses,
    spellings_masked,
]  # fmt: skip
SPELLINGS: dict[str, Callable] = {}
for _family in FAMILIES:
    assert not SPELLINGS.keys() & _family.SPELLINGS.keys(), "an operator is spelled twice"
    SPELLINGS.update(_family.SPELLINGS)
NAMES = [name for name in SPELLINGS if "[" not in name]


def spelling_of(full_name: str) -> Callable:
    """Give the spelling of an operator; a variant may have one of its own, as in ``a[b]``."""
    return SPELLINGS.get(full_name) or SPELLINGS[full_name.partition("[")[0]]
