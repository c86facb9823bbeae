"""Does an input have the channels that a layer is made for? And where was an error made?"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MicrotensorError, ShapeError
from ..graph import Node
from .casting import as_floats
from .places import here

_PLACES = {0: "", 1: ", L", 2: ", H, W", 3: ", D, H, W"}


def channels(module: Any, x: Any, wanted: int, places: int, batch: bool | None = None) -> Any:
    """Give an input as floats, when its channels are as many as the layer's weights are for.

    Parameters
    ----------
    module : Module
        Whose parameters, or else whose input, have the dtype.
    x : (N, C, *places) or (C, *places) Value or array
    wanted : int
        How many channels there must be.
    places : int
        How many axes follow the channels.
    batch : bool, optional
        Whether there must be a batch axis; both are fine if not given.

    Raises
    ------
    ShapeError
        If there are other channels or other axes.
    """
    data = x._data if isinstance(x, Node) else x
    if data.__class__ is not np.ndarray or data.dtype.kind != "f":
        x = as_floats(x, module._dtype() or np.dtype(np.float32))
        data = x._data if isinstance(x, Node) else x
    shape = np.shape(data)
    ranks = (places + 2,) if batch else (places + 1, places + 2)
    if len(shape) not in ranks:
        either = "" if batch else f", or ({wanted}{_PLACES[places]}) if there is no batch"
        raise ShapeError(
            f"{here(module)}: the input has the wrong number of axes.",
            expected=f"an input of shape (N, {wanted}{_PLACES[places]}){either}",
            got=f"an input of shape {shape}",
            hint="A single channel is an axis of length 1: x[:, None] gives a batch its own."
            if len(shape) == places + 1
            else None,
        )
    axis = len(shape) - places - 1
    if shape[axis] != wanted:
        raise ShapeError(
            f"{here(module)}: the input has the wrong number of channels.",
            expected=f"{wanted} channels, in axis {axis}",
            got=f"{shape[axis]}, in an input of shape {shape}",
            hint=f"The last axis has {wanted}: np.moveaxis(x, -1, {axis}) puts it there."
            if shape[-1] == wanted
            else None,
        )
    return x


class noted:  # noqa: N801  # reads as a sentence: with noted(self)
    """Note on an error of a function which module called it.

    >>> import microtensor as mt
    >>> try:
    ...     mt.nn.Sequential(mt.nn.MaxPool2d(2))(mt.Value(np.ones(3)))
    ... except mt.errors.ShapeError as error:
    ...     print(error.__notes__)
    ['in module Sequential.0']
    """

    __slots__ = ("module",)

    def __init__(self, module: Any) -> None:
        self.module = module

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, MicrotensorError):
            error.add_note(f"in module {here(self.module)}")
