"""Which colours does a reader want? A number or a word for each value, as a page takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Node as Recorded
from .capture import sought
from .snapshots import Snapshot
from .theme import clean


def own_colors(
    colors: Mapping[Any, Any], taken: Snapshot, ids: Mapping[Any, str]
) -> dict[str, Any]:
    """Write a reader's own numbers or words for the values of a graph as columns.

    Parameters
    ----------
    colors : mapping of Value or str to float or str
        Numbers are shown on a scale from purple to green that is symmetric about zero; each word
        has a colour of its own.
    taken : Snapshot
    ids : mapping of Value to str
        The id of each value that is in it.

    Returns
    -------
    dict
        By the values' places: ``own`` has the numbers, or the numbers of words as texts, and
        ``told`` the words; ``scale`` is the largest number, by magnitude.

    Raises
    ------
    ArgumentError
        If a value is not in the graph, or what it is given is neither a number nor a word.
    """
    place = {node.id: i for i, node in enumerate(taken.nodes)}
    own: dict[int, Any] = {}
    words: dict[str, int] = {}
    told: dict[int, str] = {}
    for key, given in colors.items():
        value = sought(key, taken, ids)
        if not isinstance(value, Recorded) or value not in ids:
            raise ArgumentError(
                "explore: colors has a value that is not in the graph.",
                expected="Values of the graph, or their names",
                got=repr(key),
            )
        i = place[ids[value]]
        if isinstance(given, str):
            own[i] = str(words.setdefault(given, len(words)))
            told[i] = clean(given)
        elif np.ndim(given) == 0 and isinstance(given, int | float | np.number):
            own[i] = float(given) if math.isfinite(given) else 0.0
        else:
            raise ArgumentError(
                "explore: colors has something that no colour stands for.",
                expected="a number or a word for each value",
                got=f"{type(given).__name__} for {key!r}",
            )
    scale = max((abs(x) for x in own.values() if isinstance(x, float)), default=0.0)
    return {"own": own, "told": told, "scale": scale}
