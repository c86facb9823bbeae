"""How do arrays get into a file, and out of it? With their names, and nothing that runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..calls import plain
from ..errors import ArgumentError, FileFormatError
from ..files import write_whole
from .header import KINDS, Entry, header_for, read_header

_WRITABLE = "bools, integers, or floats of 16, 32 or 64 bits"


class Contents(NamedTuple):
    """What a safetensors file holds.

    Attributes
    ----------
    arrays : dict of str to ndarray
        In alphabetical order of their names.
    metadata : dict of str to str
        What the writer says of the file; often empty.
    """

    arrays: dict[str, np.ndarray]
    metadata: dict[str, str]


def read(path: str | os.PathLike[str]) -> Contents:
    """Read the arrays and the metadata of a safetensors file.

    The arrays are read straight to where they stay: no second copy of the file is held. Numbers
    of kind BF16 become float32, which holds them exactly.

    Raises
    ------
    FileFormatError
        If it is no such file, or damaged, or holds numbers that NumPy lacks.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(folder + "/x.safetensors", {"x": [1.0, 2.0]}, {"made by": "hand"})
    ...     read(folder + "/x.safetensors")
    Contents(arrays={'x': array([1., 2.])}, metadata={'made by': 'hand'})
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        entries, metadata = read_header(file, os.fstat(file.fileno()).st_size, name)
        arrays = {key: _read_array(file, entry, name) for key, entry in entries.items()}
    return Contents({key: arrays[key] for key in sorted(arrays)}, metadata)


def _read_array(file: BinaryIO, entry: Entry, path: str) -> np.ndarray:
    dtype = KINDS[entry.kind]
    array = np.empty(entry.shape, dtype)
    space = array.reshape(-1).view(np.uint8).data
    if file.readinto(space) < len(space):  # type: ignore[attr-defined]
        raise FileFormatError(f"load: {path} became shorter while it was read.")
    if entry.kind == "BF16":  # its bits are the upper half of a float32's
        wide = array.astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    if entry.kind == "BOOL" and (array.view(np.uint8) > 1).any():
        array = array.view(np.uint8) != 0  # a bool of NumPy is one bit in a byte
    return array.astype(dtype.newbyteorder("="), copy=False)


def write(
    path: str | os.PathLike[str], arrays: Mapping[str, Any], metadata: Mapping[str, str]
) -> None:
    """Write arrays and metadata to a safetensors file: all of it, or nothing.

    Arrays in C order are written from where they are: no second copy is made.

    Parameters
    ----------
    path : str or path
        A file that is there is replaced, a folder that is not is made.
    arrays : dict of str to array_like
    metadata : dict of str to str
        What to say of the file; may be empty.

    Raises
    ------
    ArgumentError
        If there is something that the format cannot hold.
    OSError
        If the file cannot be written; the old one is as it was, and nothing is left behind.

    Examples
    --------
    See `read`.
    """
    _check_metadata(metadata)
    found = {_checked_key(key): _writable(key, x) for key, x in arrays.items()}
    found = dict(sorted(found.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])))
    write_whole(path, _parts(found, metadata))


def _parts(arrays: dict[str, np.ndarray], metadata: Mapping[str, str]) -> Iterator[Any]:
    yield header_for(arrays, metadata)
    for array in arrays.values():
        little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
        yield little.reshape(-1).view(np.uint8).data


def _checked_key(key: Any) -> str:
    if not _is_text(key) or key == "__metadata__":
        raise ArgumentError(
            "save: the keys must be names of arrays.",
            expected="strings other than '__metadata__'",
            got=repr(key),
        )
    return key


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, Mapping) or not all(
        _is_text(key) and _is_text(x) for key, x in metadata.items()
    ):
        raise ArgumentError(
            "save: metadata are strings under names.",
            expected="a dict of str to str",
            got=repr(metadata)[:200],
            hint="json.dumps makes a string of numbers, lists and dicts.",
        )


def _is_text(x: Any) -> bool:
    try:
        return isinstance(x, str) and x.encode() is not None
    except UnicodeEncodeError:  # half a surrogate pair
        return False


def _writable(key: str, x: Any) -> np.ndarray:
    array = np.asarray(plain(x))
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ArgumentError(
            f"save: {key!r} cannot be written.",
            expected=f"an array of {_WRITABLE}",
            got=f"a {type(x).__name__} of dtype {array.dtype}",
        )
    return array
