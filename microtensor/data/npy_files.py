"""How are NumPy's own files read? Numbers only: what could run code is refused."""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from typing import IO, Any

import numpy as np

from ..errors import FileFormatError
from .claims import DEFLATE, check_shape, read_array

_NPY, _ZIP = b"\x93NUMPY", b"PK"
_LONGEST = 10_000  # bytes of a header, as in NumPy
_F = r"'(descr|fortran_order|shape)'\s*:\s*('[<>|=]?[a-zA-Z]\d*'|True|False|\([\d\s,]*\))"
_FIELD = re.compile(_F)
_DICT = re.compile(rf"\s*\{{\s*{_F}(\s*,\s*{_F}){{2}}\s*,?\s*\}}\s*")
_OF_ZIPFILE = (EOFError, OSError, ValueError, KeyError, IndexError, OverflowError)  # on damage


def read_npy(path: str | os.PathLike[str]) -> Any:
    """Read a file that ``np.save`` or ``np.savez`` wrote: an array, or a dict of arrays.

    Objects are never read, as they are kept as a pickle, which can run any code.

    Returns
    -------
    ndarray, or dict of str to ndarray
        Bools, integers, floats or complex numbers.

    Raises
    ------
    FileFormatError
        If it is no such file, or damaged, or holds anything but numbers. Nothing is allocated
        that cannot be in it.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> np.save(folder + "/x.npy", np.arange(3))
    >>> read_npy(folder + "/x.npy")
    array([0, 1, 2])
    >>> np.savez(folder + "/xy.npz", x=np.ones(2), y=np.array(5))
    >>> read_npy(folder + "/xy.npz")
    {'x': array([1., 1.]), 'y': array(5)}
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(len(_NPY))
        file.seek(0)
        if start[: len(_ZIP)] == _ZIP:
            return _read_zip(file, size, name)
        return _read(file, size, name)


def _read(file: IO[bytes], size: int, path: str) -> np.ndarray:
    """Read an array from a file of so many bytes."""
    try:
        shape, by_columns, dtype = _parsed(_header(file))
    except (ValueError, TypeError) as error:  # NumPy raises both for letters that are no dtype
        raise FileFormatError(
            f"{path}: this is no file of numbers by np.save.",
            expected="the header of an array",
            got=str(error),
        ) from None
    if dtype.kind not in "biufc":
        raise FileFormatError(
            f"{path}: this is no file of numbers.",
            expected="bools, integers, floats or complex numbers",
            got=f"dtype {dtype}",
            hint="Objects are kept as a pickle, which can run any code: it is never read.\n"
            "Who made the file can save arrays of numbers: np.save(path, x.astype(float))."
            if dtype.hasobject
            else None,
        )
    check_shape(shape, dtype, size - file.tell(), path)
    if by_columns:
        return read_array(file, shape[::-1], dtype, path).T
    return read_array(file, shape, dtype, path)


def _header(file: IO[bytes]) -> str:
    """Read the header's text.

    Version 3 of the format is for names of fields, which arrays of numbers have not.
    """
    start = file.read(8)
    width = {b"\1\0": 2, b"\2\0": 4}.get(start[6:], 0)
    if start[:6] != _NPY or not width:
        raise ValueError(f"the bytes {start.hex(' ') or '(none)'}")
    length = int.from_bytes(file.read(width), "little")
    if length > _LONGEST:
        raise ValueError(f"a header of {length} bytes, and NumPy's have at most {_LONGEST}")
    return file.read(length).decode("latin-1")


def _parsed(header: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Take shape, order and dtype from the text of a Python dict, as it is always written.

    >>> _parsed("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }")
    ((3, 4), False, dtype('float64'))
    """
    found = dict(_FIELD.findall(header)) if _DICT.fullmatch(header) else {}
    if set(found) != {"descr", "fortran_order", "shape"} or found["descr"][0] != "'":
        raise ValueError(f"{header.rstrip()[:200]!r}")
    shape = tuple([int(n) for n in found["shape"].strip("() ").split(",") if n.strip()])
    return shape, found["fortran_order"] == "True", np.dtype(found["descr"].strip("'"))


def _read_zip(file: IO[bytes], size: int, path: str) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_sizes(members, size, path)
            return {_key(m): _member(archive, m, path) for m in members}
    except FileFormatError:
        raise
    except RuntimeError as error:  # NotImplementedError is one
        raise _damaged(path, f"a zip file of a kind that is not read: {error}") from None
    except (zipfile.BadZipFile, zlib.error, struct.error, *_OF_ZIPFILE) as error:
        raise _damaged(path, f"{size} bytes; the reader says: {error!r}") from None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> np.ndarray:
    with archive.open(member) as inside:
        return _read(inside, member.file_size, f"{path}, {member.filename}")


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _check_sizes(members: list[zipfile.ZipInfo], size: int, path: str) -> None:
    """See that the list of contents tells of no more than can be: bombs share bytes, or lie."""
    names = [_key(m) for m in members]
    packed = sum(m.compress_size for m in members)
    if len(set(names)) < len(names):
        raise _damaged(path, "a zip file with two arrays of one name")
    if packed > size:
        raise _damaged(path, f"{size} bytes, and a list of {packed} in it")
    for m in members:
        if m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _damaged(path, f"{m.filename}, compressed as NumPy does not")
        if m.file_size > max(m.compress_size, 1) * DEFLATE:
            raise _damaged(path, f"{m.filename}, {m.file_size} bytes made of {m.compress_size}")


def _damaged(path: str, got: str) -> FileFormatError:
    return FileFormatError(
        f"{path}: this is no whole file of arrays.",
        expected="what np.savez or np.savez_compressed writes",
        got=got,
    )
