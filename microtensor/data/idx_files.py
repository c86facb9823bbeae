"""How is MNIST read? IDX files: four bytes of magic, the sizes, the numbers.

References
----------
.. [1] Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*, section "The IDX
   file format": http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import FileFormatError
from .claims import DEFLATE, check_shape, read_array
from .examples import Examples, Split

_DTYPES: dict[
    int, np.dtype
] = {  # by the third byte; numbers of several bytes have the largest first
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_GZIP = b"\x1f\x8b"


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file, the format of MNIST and its kin; compressed by gzip or not.

    Returns
    -------
    ndarray
        Of the shape and kind of numbers that the file tells of.

    Raises
    ------
    FileFormatError
        If it is no such file, or damaged; nothing is allocated that cannot be in it.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "labels-idx1-ubyte")
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        compressed = file.read(2) == _GZIP
        file.seek(0)
        if not compressed:
            return _read(file, size, name)
        try:
            with gzip.open(file) as inside:
                return _read(inside, size * DEFLATE, name)
        except (EOFError, OSError, zlib.error) as error:
            raise FileFormatError(
                f"{name}: what gzip compressed is cut off or damaged.",
                got=f"{size} bytes; gzip says: {error}",
                hint="Get the file once more.",
            ) from None


def _read(file: IO[bytes] | gzip.GzipFile, room: int, path: str) -> np.ndarray:
    magic = file.read(4)
    axes = magic[3] if len(magic) == 4 else 0
    if magic[:2] != b"\0\0" or len(magic) < 4 or magic[2] not in _DTYPES:
        raise FileFormatError(
            f"{path}: this is no IDX file.",
            expected="two zeros, 8, 9, 11, 12, 13 or 14, and the number of axes",
            got=f"the bytes {magic.hex(' ') or '(none)'}",
            hint="MNIST's files are named like train-images-idx3-ubyte, with or without .gz.",
        )
    header = file.read(4 * axes)
    if len(header) < 4 * axes:
        raise FileFormatError(
            f"{path}: the header is cut off.",
            expected=f"{4 * axes} bytes of sizes, for {axes} axes",
            got=f"{len(header)}",
            hint="Get the file once more.",
        )
    shape, dtype = struct.unpack(f">{axes}I", header), _DTYPES[magic[2]]
    check_shape(shape, dtype, room - 4 - len(header), path)
    return read_array(file, shape, dtype, path)


_PARTS = {"train": "train", "test": "t10k"}


def mnist(folder: str | os.PathLike[str], *, images: bool = False, raw: bool = False) -> Split:
    """MNIST, or another set in its four files such as Fashion-MNIST, from a folder of yours.

    Parameters
    ----------
    folder : str or path
        Where ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``
        and ``t10k-labels-idx1-ubyte`` are, each as it is or with ``.gz``.
    images : bool, default False
        Whether x has shape (N, 28, 28), in place of (N, 784).
    raw : bool, default False
        Whether x has the file's bytes, 0 to 255; else they are divided by 255 and float32.

    Returns
    -------
    Split
        ``train`` with 60,000 rows and ``test`` with 10,000; y is int64.

    Raises
    ------
    FileNotFoundError
        If one of the files is missing.
    FileFormatError
        If one is damaged, or images and labels do not belong together.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document
    recognition*, Proceedings of the IEEE 86 (1998), 2278-2324.

    Examples
    --------
    Two images in place of 70,000:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for part in ("train", "t10k"):
    ...     sizes = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28])
    ...     _ = (folder / f"{part}-images-idx3-ubyte").write_bytes(sizes + bytes(784))
    ...     one_label = bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])
    ...     _ = (folder / f"{part}-labels-idx1-ubyte").write_bytes(one_label)
    >>> train, test = mnist(folder)
    >>> train.x.shape, test.y
    ((1, 784), array([7]))
    """
    train, test = (_examples(Path(folder), part, images, raw) for part in _PARTS.values())
    return Split(train, test)


def _examples(folder: Path, part: str, images: bool, raw: bool) -> Examples:
    x = read_idx(_found(folder / f"{part}-images-idx3-ubyte"))
    y = read_idx(_found(folder / f"{part}-labels-idx1-ubyte"))
    if x.ndim != 3 or y.shape != x.shape[:1] or x.dtype != np.uint8 or y.dtype.kind not in "iu":
        raise FileFormatError(
            f"{folder}: images and labels of {part} do not belong together.",
            expected="images of shape (N, 28, 28) and labels of shape (N,), in bytes",
            got=f"images of shape {x.shape}, {x.dtype}, and labels of shape {y.shape}, {y.dtype}",
        )
    x = x if images else x.reshape(len(x), -1)
    return Examples(x if raw else x.astype(np.float32) / 255, y.astype(np.int64))


def _found(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    return packed if packed.exists() and not path.exists() else path
