"""May a header be believed? Only as far as the file is long; then its numbers are read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import FileFormatError

DEFLATE = 1032  # at most so many bytes come of one, in gzip and zip files
_MOST_AXES = 32
_MOST_BYTES = 2**62  # NumPy refuses larger shapes, even of arrays without numbers


def check_shape(shape: tuple[int, ...], dtype: np.dtype, room: int, path: str) -> int:
    """Give the bytes of an array that a header tells of, if they can be in the file.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype
    room : int
        The most bytes that there can be.
    path : str
        For the message.
    """
    size = math.prod(shape) * dtype.itemsize
    filled = math.prod(n for n in shape if n) * dtype.itemsize
    if len(shape) > _MOST_AXES or filled > _MOST_BYTES:
        raise FileFormatError(
            f"{path}: its header tells of no array that could be.",
            expected=f"sizes of at most {_MOST_AXES} axes",
            got=f"{len(shape)} axes" if len(shape) > _MOST_AXES else f"shape {shape}",
            hint="The file is damaged, or made to do harm.",
        )
    if size > room:
        raise FileFormatError(
            f"{path}: its header tells of more numbers than the file has room for.",
            expected=f"{size} bytes, for shape {shape} of {dtype.name}",
            got=f"at most {room}",
            hint="It is cut off or damaged: get it once more.",
        )
    return size


def read_array(file: Any, shape: tuple[int, ...], dtype: np.dtype, path: str) -> np.ndarray:
    """Read the rest of a file as one array, of a shape that was checked; dtypes become native."""
    array = np.empty(shape, dtype)
    space = array.reshape(-1).view(np.uint8).data
    found = 0
    while found < len(space) and (n := file.readinto(space[found:])):
        found += n
    if found < len(space) or file.read(1):
        raise FileFormatError(
            f"{path}: the header and what follows it do not belong together.",
            expected=f"{len(space)} bytes, for shape {shape} of {dtype.name}",
            got=f"{found}" if found < len(space) else "more",
            hint="It is cut off or damaged: get it once more.",
        )
    return array.astype(dtype.newbyteorder("="), copy=False)
