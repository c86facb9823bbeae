"""How is a model read that is kept in several files? By the index that lists them.

References
----------
.. [1] Hugging Face's checkpoints in parts:
   https://huggingface.co/docs/transformers/big_models
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError
from .arrays import read

_LARGEST = 100_000_000  # bytes of an index


def is_index(path: str | os.PathLike[str]) -> bool:
    """Tell by the name whether a file lists others: it ends in ``.index.json``.

    Examples
    --------
    >>> is_index("model.safetensors.index.json"), is_index("model.safetensors")
    (True, False)
    """
    return os.fspath(path).endswith(".index.json")


def read_shards(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read all arrays that an index lists, from the files beside it.

    Raises
    ------
    FileFormatError
        If the index is none, names a file that is not beside it, or tells of other arrays than
        its files hold.
    """
    places = _places(Path(path))
    state: dict[str, np.ndarray] = {}
    for shard in sorted(set(places.values())):
        found = _read_shard(Path(path), shard)
        listed = {key for key, place in places.items() if place == shard}
        if listed != set(found):
            other = min(listed ^ set(found))
            raise FileFormatError(
                f"load: {os.fspath(path)} and {shard} do not belong together.",
                expected=f"the same {len(listed)} arrays in both",
                got=f"{other!r} in {'the index' if other in listed else shard} alone",
            )
        state.update(found)
    return {key: state[key] for key in sorted(state)}


def _read_shard(index: Path, shard: str) -> dict[str, np.ndarray]:
    try:
        return read(index.parent / shard).arrays
    except FileNotFoundError:
        raise FileFormatError(
            f"load: {index} lists a file that is missing.",
            expected=f"{shard} beside it",
            got="no such file",
        ) from None


def _places(path: Path) -> dict[str, str]:
    """Give the file that holds each array."""
    with path.open("rb") as file:
        text = file.read(_LARGEST + 1)
    try:
        index: Any = json.loads(text.decode()) if len(text) <= _LARGEST else None
        places: Any = index["weight_map"]
        right = all(_is_file_name(x) for x in places.values()) and len(places) > 0
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        right = False
    if not right:
        raise FileFormatError(
            f"load: {path} is no index of safetensors files.",
            expected="a JSON object whose weight_map names a file beside it for each array",
            got=f"{len(text)} bytes of something else",
        )
    return places


def _is_file_name(x: Any) -> bool:
    """Tell a name from a path, which could lead anywhere."""
    return isinstance(x, str) and x not in ("", ".", "..") and not set(x) & set("/\\:\0")
