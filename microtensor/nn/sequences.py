"""Does what a recurrent module is given fit it? Inputs, first states and lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls import numbers_of, plain
from ..errors import ArgumentError, ShapeError
from .casting import at_door, floats
from .places import here


def sequences(module: Any, x: Any) -> Any:
    """Give an input as floats, when it is a batch of sequences, or one, as wide as is wanted.

    Parameters
    ----------
    module : Module
        With ``input_size`` I and ``batch_first``.
    x : (T, B, I), (B, T, I) or (T, I) Value or array

    Raises
    ------
    ShapeError
        If it has other axes, another width, or no steps.
    """
    x = floats(module, x)
    shape, width = np.shape(x), module.input_size
    several = "(B, T, I)" if module.batch_first else "(T, B, I)"
    if len(shape) not in (2, 3):
        raise ShapeError(
            f"{here(module)}: the input must be a batch of sequences, or one sequence.",
            expected=f"an input of shape {several}, or (T, I), with I = {width}",
            got=f"an input of shape {shape}",
        )
    _check_width(module, shape)
    if shape[1 if len(shape) == 3 and module.batch_first else 0] == 0:
        raise ShapeError(
            f"{here(module)}: a sequence must have at least one step.",
            expected=f"an input of shape {several if len(shape) == 3 else '(T, I)'} with T of 1 "
            "or more",
            got=f"an input of shape {shape}",
        )
    return x


def one_step(module: Any, x: Any) -> Any:
    """Do as `sequences` for the cell of one step, which is given (B, I) or (I,)."""
    x = floats(module, x)
    if np.ndim(x) not in (1, 2):
        raise ShapeError(
            f"{here(module)}: the input must be one step of a batch of sequences, or of one.",
            expected=f"an input of shape (B, I), or (I,), with I = {module.input_size}",
            got=f"an input of shape {np.shape(x)}",
            hint="Give it x[t], one step after the other; "
            f"nn.{type(module).__name__.removesuffix('Cell')} takes whole sequences.",
        )
    _check_width(module, np.shape(x))
    return x


def _check_width(module: Any, shape: tuple[int, ...]) -> None:
    if shape[-1] != module.input_size:
        raise ShapeError(
            f"{here(module)}: the input has the wrong width.",
            expected=f"{module.input_size} numbers in the last axis, the input_size",
            got=f"{shape[-1]}, in an input of shape {shape}",
        )


def first_states(module: Any, hx: Any, widths: tuple[int, ...], x: Any, alone: bool) -> list[Any]:
    """Give the states before the first step as arrays (L * D, B, width); zeros for None.

    Raises
    ------
    ArgumentError
        If a pair is wanted and something else is given.
    ShapeError
        If a state has another shape.
    """
    directions = module.num_layers * (2 if module.bidirectional else 1)
    if hx is None:
        batch = np.shape(x)[1]
        return [np.zeros((directions, batch, width), module._dtype()) for width in widths]
    middle = () if alone else np.shape(x)[1:2]
    wanted = [(directions, *middle, width) for width in widths]
    states = checked_states(module, hx, x, wanted, "_0")
    return [np.expand_dims(s, 1) if alone else s for s in states]


def checked_states(
    module: Any, hx: Any, x: Any, wanted: list[tuple[int, ...]], end: str = ""
) -> list[Any]:
    """Give a state as arrays of the shapes that are wanted, in no wider dtype than x.

    The door of the model casts arrays, and does not look into a pair of them.
    """
    names = [f"h{end}", f"c{end}"][: len(wanted)]
    if len(wanted) == 1:
        hx = (hx,)
    elif not isinstance(hx, tuple | list) or len(hx) != len(wanted):
        equal = len(set(wanted)) == 1
        raise ArgumentError(
            f"{here(module)}: a state is a pair, the hidden state and the cell.",
            expected=f"hx=({', '.join(names)}), "
            + (f"each of shape {wanted[0]}" if equal else f"of shapes {wanted[0]} and {wanted[1]}"),
            got=f"a {type(hx).__name__}"
            + (f" of {len(hx)}" if isinstance(hx, tuple | list) else f" of shape {np.shape(hx)}"),
        )
    dtype = np.result_type(x.dtype, module._dtype())
    states = [at_door(floats(module, s), dtype) for s in hx]
    for name, s, shape in zip(names, states, wanted, strict=True):
        if np.shape(s) != shape:
            raise ShapeError(
                f"{here(module)}: the state {name} has the wrong shape.",
                expected=f"shape {shape}",
                got=f"shape {np.shape(s)}",
            )
    return states


def mask_of(module: Any, lengths: Any, x: Any, alone: bool) -> Any:
    """Tell which steps (T, B) belong to their sequence; None if all do.

    Raises
    ------
    ArgumentError
        If lengths are no integers, or not from 1 to T.
    ShapeError
        If there is not one per sequence.
    """
    if lengths is None:
        return None
    steps, batch = np.shape(x)[:2]
    lengths = numbers_of(lengths)
    lengths = lengths if hasattr(lengths, "dtype") else np.asarray(lengths)
    if alone or lengths.shape != (batch,):
        raise ShapeError(
            f"{here(module)}: there must be one length per sequence of a batch.",
            expected="no lengths, since the input is one sequence"
            if alone
            else f"lengths of shape {(batch,)}",
            got=f"lengths of shape {lengths.shape}",
            hint="Cut the sequence instead: x[:length]." if alone else None,
        )
    whole = lengths.dtype.kind in "iu"
    if not whole or (batch and not 1 <= lengths.min() <= lengths.max() <= steps):
        lengths = plain(lengths)
        raise ArgumentError(
            f"{here(module)}: lengths must be numbers of steps.",
            expected=f"integers from 1 to {steps}, the length of the input",
            got=f"numbers from {lengths.min()} to {lengths.max()}"
            if whole
            else f"dtype {lengths.dtype}",
        )
    return np.less(np.arange(steps)[:, None], lengths)
