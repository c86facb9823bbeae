"""Weights in a file, under PyTorch's names: PyTorch and others read it, and it never runs code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, ParameterError
from .arrays import read, write
from .shards import is_index, read_shards


def save(
    path: str | os.PathLike[str], model: Any, metadata: Mapping[str, str] | None = None
) -> None:
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
    metadata : dict of str to str, optional
        What to say of the file, beside this library's version; `read` gives it. Hugging Face's
        transformers want ``{"format": "pt"}``.

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
    write(path, state, {"microtensor": __version__, **({} if metadata is None else metadata)})


def load(
    path: str | os.PathLike[str], model: Any = None, *, strict: bool = True, prefix: str = ""
) -> Any:
    """Read a safetensors file into a dict of arrays, or into a model.

    Files that PyTorch, Hugging Face and others wrote are read too. Of a large model that is kept
    in several files, give the one that lists them, ``model.safetensors.index.json``.

    Parameters
    ----------
    path : str or path
    model : Module or Optimizer, optional
        What to fill.
    strict : bool, default True
        Whether the file must hold all that the model has, and nothing else. If not, what both
        have is taken, and the rest is left as it is; at least one name must be in both, and the
        shapes must agree.
    prefix : str, default ""
        Read only names that begin so, and leave it off: ``prefix="encoder."`` reads the part of a
        larger model into the encoder.

    Returns
    -------
    dict of str to ndarray, or the model
        Keys in alphabetical order. BF16 numbers come as float32.

    Raises
    ------
    FileFormatError
        If it is no safetensors file, or damaged, or holds numbers that NumPy lacks, such as F8.
    ParameterError
        If the file does not fit the model.
    ArgumentError
        If ``model`` is a class.
    FileNotFoundError
        If there is no such file.

    In each case nothing is changed.

    Examples
    --------
    >>> import tempfile, numpy as np, microtensor as mt
    >>> net = mt.nn.Linear(2, 1, rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mt.save(folder + "/both.safetensors", {"a.weight": np.ones((1, 2)), "b": np.ones(3)})
    ...     mt.load(folder + "/both.safetensors", net, strict=False, prefix="a.").weight
    Parameter(data=array([[1., 1.]], dtype=float32), grad=—)
    """
    if isinstance(model, type):
        raise ArgumentError(
            f"load: {model.__name__} is a class, and no model yet.",
            expected=f"{model.__name__}(...), with the arguments of the model that was saved",
            got=f"the class {model.__name__}",
        )
    name = os.fspath(path)
    state = read_shards(path) if is_index(path) else read(path).arrays
    if prefix:
        state = _under(prefix, state, name)
    if model is None:
        return state
    try:
        _fill(model, state, strict)
    except ParameterError as error:
        error.add_note(f"in {name}")
        raise
    return model


def _under(prefix: str, state: dict[str, np.ndarray], path: str) -> dict[str, np.ndarray]:
    found = {key[len(prefix) :]: x for key, x in state.items() if key.startswith(prefix)}
    if not found:
        some = ", ".join(list(state)[:5]) + (", ..." if len(state) > 5 else "")
        raise ParameterError(
            f"load: {path} has no name that begins with {prefix!r}.",
            got=some or "a file without arrays",
        )
    return found


def _fill(model: Any, state: dict[str, np.ndarray], strict: bool) -> None:
    if strict:
        model.load_state_dict(state)
    elif hasattr(model, "named_state"):
        model.load_state_dict(state, strict=False)
    else:
        raise ArgumentError(
            f"load: the state of a {type(model).__name__} cannot be taken in part.",
            expected="strict=True, or a Module",
            got=f"strict={strict}",
        )
