"""A whole state in one file: nested dicts and lists of arrays, numbers and words, and no code.

The arrays are a safetensors file's tensors, under the names of their places. The rest, such as
counts, words and the states of random generators, is JSON in that file's metadata, together with
a checksum of everything. So other libraries can read the arrays, and a damaged file is noticed.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import Any

import numpy as np

from ..calls import plain
from ..errors import ArgumentError, FileFormatError
from .arrays import read, write

_LAYOUT = "1"  # of the metadata; another one would be another number
_PLAIN = {bool, int, float, str, type(None)}  # what JSON gives back as it was


def save_checkpoint(path: str | os.PathLike[str], state: Any) -> None:
    """Write nested dicts, lists and tuples of arrays, numbers, words and None to one file.

    The file is there whole or not at all: killed at any moment, the last whole one is there.

    Parameters
    ----------
    path : str or path
        Such as ``"net.checkpoint"``; a file that is there is replaced.
    state : dict
        Numbers come back exactly: floats to the last bit, integers of any size, arrays with their
        dtype.

    Raises
    ------
    ArgumentError
        If something in it cannot be kept.
    OSError
        If the file cannot be written. An older one is left as it was, and nothing beside it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(folder + "/run", {"w": np.ones(2), "epoch": 3, "spans": [(0, 2**70)]})
    ...     load_checkpoint(folder + "/run")
    {'w': array([1., 1.]), 'epoch': 3, 'spans': [(0, 1180591620717411303424)]}
    """
    from .. import __version__

    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_taken_apart(state, "", arrays))
    metadata = {
        "microtensor": __version__,
        "checkpoint": _LAYOUT,
        "state": text,
        "checksum": _checksum(text, arrays),
    }
    write(path, arrays, metadata)


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """Read what `save_checkpoint` wrote.

    Raises
    ------
    FileFormatError
        If it is no checkpoint, or not a bit is as it was written.
    FileNotFoundError
        If there is no such file.
    """
    arrays, metadata = read(path)
    if metadata.get("checkpoint") != _LAYOUT or "state" not in metadata:
        raise FileFormatError(
            f"load_checkpoint: {os.fspath(path)} is no checkpoint.",
            expected="a file that save_checkpoint wrote, or fit with checkpoint=",
            got=f"a safetensors file of {len(arrays)} arrays"
            if "checkpoint" not in metadata
            else f"a checkpoint of layout {metadata['checkpoint']}; this version knows {_LAYOUT}",
            hint="Weights alone are read by mt.load(path, model).",
        )
    if metadata.get("checksum") != _checksum(metadata["state"], arrays):
        raise FileFormatError(
            f"load_checkpoint: {os.fspath(path)} is damaged.",
            expected=f"contents with the checksum {metadata.get('checksum')}, as written",
            got=f"contents with the checksum {_checksum(metadata['state'], arrays)}",
            hint="The disk or a transfer changed it. Use an earlier copy.",
        )
    try:
        return _put_together(json.loads(metadata["state"]), arrays)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise FileFormatError(
            f"load_checkpoint: {os.fspath(path)} was not written by save_checkpoint.",
            expected="a state whose arrays are in the file",
            got=f"one that cannot be put together: {error!r}",
        ) from None


def _checksum(text: str, arrays: dict[str, np.ndarray]) -> str:
    total = zlib.crc32(text.encode())
    for name in sorted(arrays):
        total = zlib.crc32(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode(), total)
        total = zlib.crc32(
            np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data, total
        )
    return f"{total:08x}"


def _taken_apart(x: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """Give what JSON can hold; arrays go into ``arrays``, and marks stand in their places.

    A mark is a dict whose only key begins with "$"; a dict that could be taken for one is marked.
    """
    x = plain(x)
    if isinstance(x, bool | int | float | str | None) and not isinstance(x, np.generic):
        return x  # np.float64 is a float of Python's, too
    if isinstance(x, np.ndarray | np.generic):
        name = place or "state"
        while name in arrays:  # {"a.b": ...} beside {"a": {"b": ...}}
            name += "'"
        arrays[name] = np.asarray(x, x.dtype.newbyteorder("="))
        return {"$array" if isinstance(x, np.ndarray) else "$number": name}
    if isinstance(x, list | tuple):
        rows = [
            y if type(y) in _PLAIN else _taken_apart(y, f"{place}.{i}".strip("."), arrays)
            for i, y in enumerate(x)
        ]
        return rows if isinstance(x, list) else {"$tuple": rows}
    if isinstance(x, dict):
        pairs = [(k, _taken_apart(y, f"{place}.{k}".strip("."), arrays)) for k, y in x.items()]
        if all(isinstance(key, str) and key[:1] != "$" for key in x):
            return dict(pairs)
        return {"$dict": [[_taken_apart(k, "key", arrays), y] for k, y in pairs]}
    raise ArgumentError(
        f"save_checkpoint: {place or 'the state'} cannot be kept.",
        expected="dicts, lists and tuples of arrays, numbers, strings and None",
        got=f"a {type(x).__name__}",
        hint="If it is your own object, keep what its state_dict() gives.",
    )


def _put_together(x: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(x, list):
        return [_put_together(y, arrays) for y in x]
    if not isinstance(x, dict):
        return x
    mark = next(iter(x), "") if len(x) == 1 else ""
    if mark == "$array":
        return arrays[x[mark]]
    if mark == "$number":
        return arrays[x[mark]][()]
    if mark == "$tuple":
        return tuple(_put_together(x[mark], arrays))
    if mark == "$dict":
        return {_put_together(k, arrays): _put_together(y, arrays) for k, y in x[mark]}
    return {key: _put_together(y, arrays) for key, y in x.items()}
