"""What does a safetensors file hold, and where? Its header, which is checked whole.

A file is eight bytes that tell the length of the header (little-endian), the header, a JSON object
with the dtype, shape and place of each array, and the arrays' bytes, without gaps.

References
----------
.. [1] The safetensors format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..errors import FileFormatError

KINDS = {  # the format's names, and what their bytes are
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # the upper half of a float32
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
_NAMES = {dtype: name for name, dtype in KINDS.items() if name != "BF16"}
READABLE = "bools, integers, or floats of 16 (BF16 too), 32 or 64 bits"
LENGTH = 8  # bytes, of the number that tells the header's length
_LONGEST = 100_000_000  # bytes of a header, as in the format's own reader
_MOST_AXES = 64  # as in NumPy
_FIELDS = {"dtype", "shape", "data_offsets"}


class Entry(NamedTuple):
    """One array of a file: what it is, and where its bytes are, counted from the first array."""

    kind: str
    shape: tuple[int, ...]
    start: int
    stop: int


def read_header(file: BinaryIO, size: int, path: str) -> tuple[dict[str, Entry], dict[str, str]]:
    """Read and check a file's header; no more is read or allocated than the file has bytes.

    Parameters
    ----------
    file : file open for reading bytes, at its start
        It stands at the first array afterwards.
    size : int
        The file's bytes.
    path : str
        For messages.

    Returns
    -------
    dict of str to Entry
        In the order of their bytes, which they cover without gap.
    dict of str to str
        The metadata.

    Raises
    ------
    FileFormatError
        If anything in it is not as the format says, or an array is of a kind that NumPy lacks.
    """
    start = file.read(LENGTH)
    length = int.from_bytes(start, "little")
    if len(start) < LENGTH or length > min(size - LENGTH, _LONGEST):
        found = "an empty file" if not start else _what_it_seems(start + file.read(1), size)
        raise _damaged(path, found, _too_long(len(start), length, size))
    text = file.read(length)
    try:
        return _parsed(text, size - LENGTH - length, path)
    except WrongHeaderError as error:
        raise _damaged(path, _what_it_seems(start + text[:1], size), str(error)) from None


class WrongHeaderError(Exception):
    """What is wrong in a header, in words that end a sentence."""


def _parsed(text: bytes, room: int, path: str) -> tuple[dict[str, Entry], dict[str, str]]:
    table = _table(text)
    metadata = table.pop("__metadata__", {})
    if not _is_dict_of_text(metadata):
        raise WrongHeaderError("the metadata are no texts")
    entries = {key: _entry(key, x, path) for key, x in table.items()}
    entries = dict(sorted(entries.items(), key=lambda item: item[1][2:]))
    end = 0
    for key, entry in entries.items():
        if entry.start != end:
            raise WrongHeaderError(
                f"{key!r} begins at byte {entry.start} of the arrays, not at {end}"
            )
        end = entry.stop
    if end != room:
        raise WrongHeaderError(
            f"the header tells of {end} bytes of arrays, and the file has {room}"
        )
    return entries, metadata


def _table(text: bytes) -> dict[str, Any]:
    try:
        if not text.startswith(b"{"):
            raise ValueError
        table = json.loads(text.decode(), object_pairs_hook=_dict_without_repeats)
        for key in table:
            key.encode()  # half a surrogate pair is no text
    except WrongHeaderError:
        raise
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        raise WrongHeaderError("the header is no JSON object") from None
    return table


def _dict_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise WrongHeaderError("the header has a name twice")
    return found


def _is_dict_of_text(x: Any) -> bool:
    return isinstance(x, dict) and all(isinstance(value, str) for value in x.values())


def _entry(key: str, x: Any, path: str) -> Entry:
    if not isinstance(x, dict) or set(x) != _FIELDS:
        raise WrongHeaderError(f"{key!r} has not the fields dtype, shape and data_offsets")
    kind, shape, place = x["dtype"], x["shape"], x["data_offsets"]
    if not isinstance(kind, str):
        raise WrongHeaderError(f"the dtype of {key!r} is no name")
    if not _are_sizes(shape) or len(shape) > _MOST_AXES:
        raise WrongHeaderError(f"the shape of {key!r} is none")
    if not _are_sizes(place) or len(place) != 2 or place[0] > place[1]:
        raise WrongHeaderError(f"the place of {key!r} is none")
    if kind not in KINDS:
        raise FileFormatError(
            f"load: {path} holds numbers of a kind that NumPy lacks.",
            expected=READABLE,
            got=f"{kind[:40]}, for {key!r}",
            hint="Convert them where the file was made, such as by tensor.float() in PyTorch.",
        )
    if math.prod(n for n in shape if n) > 2**59:
        raise WrongHeaderError(f"the shape of {key!r} is too large for an array")
    if math.prod(shape) * KINDS[kind].itemsize != place[1] - place[0]:
        raise WrongHeaderError(f"{key!r} has a shape of other than its {place[1] - place[0]} bytes")
    return Entry(kind, tuple(shape), *place)


def _are_sizes(x: Any) -> bool:
    return isinstance(x, list) and all(type(n) is int and n >= 0 for n in x)


def _too_long(seen: int, length: int, size: int) -> str:
    if seen < LENGTH:
        return f"the file has {seen} bytes, and 8 tell the header's length"
    if length > size - LENGTH:
        return f"the header would have {length} bytes, and the file has {size}"
    return f"the header would have {length} bytes, and {_LONGEST} are the most"


def _damaged(path: str, found: str, reason: str) -> FileFormatError:
    return FileFormatError(
        f"load: {path} is not a whole safetensors file.",
        expected="a file that mt.save or another safetensors library wrote",
        got=found,
        hint=f"What is wrong: {reason}.",
    )


def _what_it_seems(start: bytes, size: int) -> str:
    if start[LENGTH : LENGTH + 1] == b"{":
        return f"{size} bytes that begin like one: cut off, or damaged"
    if start[:2] == b"PK" or start[:1] == b"\x80":
        return "a zip file or a pickle, such as torch.save writes; it is not read, as it could run"
    return f"{size} bytes of something else"


def header_for(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """Make the first bytes of a file that holds the arrays in the order given.

    The arrays' dtypes are in the keys of the format; larger ones stand first, so that each begins
    at a multiple of its size.
    """
    table: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for key, array in arrays.items():
        start, end = end, end + array.nbytes
        table[key] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % LENGTH)
    return len(text).to_bytes(LENGTH, "little") + text
