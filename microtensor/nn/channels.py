"""Does an input have the channels that a layer is made for? And where was an error made?"""

from __future__ import annotations

from typing import Any

from ..errors import MicrotensorError, ShapeError
from .casting import floats
from .places import here

_PLACES = {0: "", 1: ", L", 2: ", H, W", 3: ", D, H, W"}


def channels(module: Any, x: Any, wanted: int, *places: int, alone: bool = True) -> Any:
    """Give an input as floats, when its channels are as many as the layer's weights are for.

    Parameters
    ----------
    module : Module
        Whose parameters, or else whose input, have the dtype.
    x : (N, C, ...) or (C, ...) Value or array
    wanted : int
        How many channels there must be.
    *places : int
        How many axes may follow the channels.
    alone : bool, default True
        Whether the batch axis may be left out.

    Raises
    ------
    ShapeError
        If there are other channels or other axes.
    DTypeError
        If it does not hold real numbers.
    """
    x = floats(module, x)
    shape = x.shape
    ranks = [2 + p for p in places] + [1 + p for p in places if alone]
    if len(shape) not in ranks:
        raise _wrong_rank(module, shape, wanted, places, alone)
    axis = 1 if len(shape) in ranks[: len(places)] else 0
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


def _wrong_rank(
    module: Any, shape: tuple[int, ...], wanted: int, places: tuple[int, ...], alone: bool
) -> ShapeError:
    shapes = " or ".join(f"(N, {wanted}{_PLACES[p]})" for p in places)
    if alone:
        shapes += f", or ({wanted}{_PLACES[places[0]]}) if there is no batch"
    hint = "A single channel is an axis of length 1: x[:, None] gives a batch its own."
    return ShapeError(
        f"{here(module)}: the input has the wrong number of axes.",
        expected=f"an input of shape {shapes}",
        got=f"an input of shape {shape}",
        hint=hint if wanted == 1 else None,
    )


class noted:  # noqa: N801  # reads as a sentence: with noted(self)
    """Note on an error of a function which module called it.

    >>> import numpy as np, microtensor as mt
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
