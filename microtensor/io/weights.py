"""Weights in a file, under PyTorch's names: PyTorch and others read it, and it never runs code.

References
----------
.. [1] The safetensors format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from ..calls import plain
from ..errors import ArgumentError, FileFormatError, ParameterError
from ..files import write_whole

_KINDS = "bools, integers, or floats of 16, 32 or 64 bits"
_HEADER = 8  # bytes; they tell how long the table of contents after them is


def save(path: str | os.PathLike[str], model: Any) -> None:
    """Write a model's state, or a dict of arrays, to a safetensors file.

    The file is written beside its place and then moved there, so that there is the old file or
    the whole new one, never a part.

    Parameters
    ----------
    path : str or path
        Such as ``"net.safetensors"``; a file that is there is replaced, a folder that is not
        is made.
    model : Module, Optimizer or dict of str to array_like
        What has a ``state_dict()``, or is one.

    Raises
    ------
    ArgumentError
        If it is neither, or holds something that the format cannot.
    OSError
        If the file cannot be written; nothing is left behind.

    Examples
    --------
    >>> import tempfile, microtensor as mt
    >>> net = mt.nn.Linear(2, 1, rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mt.save(folder + "/net.safetensors", net)
    ...     list(mt.load(folder + "/net.safetensors"))
    ['bias', 'weight']
    """
    from .. import __version__

    state = model.state_dict() if hasattr(model, "state_dict") else model
    if not isinstance(state, Mapping):
        raise ArgumentError(
            "save: there is no state to write.",
            expected="a model, or a dict of arrays",
            got=f"a {type(model).__name__}",
            hint="The path comes first: mt.save(path, model)."
            if isinstance(model, str | os.PathLike)
            else None,
        )
    arrays = {_checked_key(key): _writable(key, x) for key, x in state.items()}
    write_whole(path, safetensors.numpy.save(arrays, {"microtensor": __version__}))


def load(path: str | os.PathLike[str], model: Any = None) -> Any:
    """Read a safetensors file into a dict of arrays, or into a model.

    Parameters
    ----------
    path : str or path
    model : Module or Optimizer, optional
        What to fill; its keys and shapes must be those of the file.

    Returns
    -------
    dict of str to ndarray, or the model
        Keys in alphabetical order.

    Raises
    ------
    FileFormatError
        If it is no safetensors file, or damaged.
    ParameterError
        If the file does not fit the model.
    FileNotFoundError
        If there is no such file.

    In each case nothing is changed.
    """
    state = _parse(os.fspath(path), Path(path).read_bytes())
    if model is None:
        return state
    try:
        model.load_state_dict(state)
    except ParameterError as error:
        error.add_note(f"in {os.fspath(path)}")
        raise
    return model


def _checked_key(key: Any) -> str:
    if not isinstance(key, str) or key == "__metadata__":
        raise ArgumentError(
            "save: the keys must be names of arrays.",
            expected="strings other than '__metadata__'",
            got=repr(key),
        )
    return key


def _writable(key: str, x: Any) -> np.ndarray:
    """Give an array in C order and native bytes: the format's writer takes bytes as they lie."""
    array = np.asarray(plain(x))
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ArgumentError(
            f"save: {key!r} cannot be written.",
            expected=f"an array of {_KINDS}",
            got=f"a {type(x).__name__} of dtype {array.dtype}",
        )
    return np.array(array, array.dtype.newbyteorder("="), order="C")


def _parse(path: str, content: bytes) -> dict[str, np.ndarray]:
    try:
        arrays = safetensors.numpy.load(content)
    except KeyError as kind:
        raise FileFormatError(
            f"load: {path} holds numbers of a kind that NumPy lacks.",
            expected=_KINDS,
            got=str(kind.args[0]),
            hint="Convert them where the file was made, such as by tensor.float() in PyTorch.",
        ) from None
    except Exception as error:
        raise FileFormatError(
            f"load: {path} is not a whole safetensors file.",
            expected="a file that mt.save or another safetensors library wrote",
            got=_what_it_seems(content),
            hint=f"The reader says: {error}.",
        ) from None
    return {key: np.array(arrays[key]) for key in sorted(arrays)}


def _what_it_seems(content: bytes) -> str:
    if not content:
        return "an empty file"
    if content[:2] == b"PK" or content[:1] == b"\x80":
        return "a zip file or a pickle, such as torch.save writes; it is not read, as it could run"
    if content[_HEADER : _HEADER + 1] == b"{":
        return f"{len(content)} bytes that begin like one: cut off, or damaged"
    return f"{len(content)} bytes of something else"
