"""What do recurrences share? Products over all steps at once, and states that stay after an end.

A recurrence is one call for one layer and direction: it gives the trajectory of its states, the
first of them included. Its backward pass finds, step by step from the last, the gradients of the
two sums ``x W_ihᵀ + b_ih`` and ``h W_hhᵀ + b_hh``; what flows to the operands are then products
over all steps at once.

Legend: ``x`` input (T, B, I), ``h`` hidden state (B, H), ``w_ih`` and ``w_hh`` weights in PyTorch's
layout, one block of H rows per gate; T time, B batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..lending import aligned, empty, ones, zeros


class Slopes(NamedTuple):
    """Gradients of what is inside of a recurrence, gate by gate.

    Attributes
    ----------
    of_inputs : (gates, T, B, H)
        Of ``x W_ihᵀ + b_ih``.
    of_states : (gates, T, B, H)
        Of ``h W_hhᵀ + b_hh``; the same array where a gate sees only the sum of both.
    of_starts : tuple of (B, H)
        Of the states before the first step.
    """

    of_inputs: Any
    of_states: Any
    of_starts: tuple


def contributions(
    slopes: Slopes, wanted: Sequence[bool], x: Any, before: Any, w_ih: Any,
    order: Sequence[int] | None = None,
) -> list[Any]:  # fmt: skip
    """Give what flows to x, the first states, W_ih, W_hh, b_ih and b_hh, in this order.

    Parameters
    ----------
    slopes : Slopes
    wanted : sequence of bool
        Which of them to compute; None stands for the others.
    x : (T, B, I) array
        The input, with zeros in place of what is not computed.
    before : (T, B, H) array
        The hidden state before each step.
    w_ih : (gates * H, I) array
    order : list of int, optional
        Which gate of PyTorch's each of the slopes is of; two may have changed places.
    """
    inputs, states = _gates(slopes.of_inputs), _gates(slopes.of_states)

    def to_x() -> Any:
        weights = in_order(np.reshape(w_ih, (len(inputs), -1, np.shape(x)[-1])), order)
        total = _matmul(inputs[0], weights[0])
        for d, w in zip(inputs[1:], weights[1:], strict=True):
            total += _matmul(d, w)
        return np.reshape(total, np.shape(x))

    def to_weight(gates: Any, factor: Any) -> Any:
        return rows(in_order(_matmul(np.swapaxes(gates, 1, 2), rows(factor)), order))

    def to_bias(gates: Any) -> Any:
        row = np.reshape(ones(np.shape(gates)[1], gates.dtype), (1, -1))
        return np.reshape(in_order(_matmul(row, gates), order), -1)  # faster than np.sum

    found = [
        to_x,
        *(lambda start=start: start for start in slopes.of_starts),
        lambda: to_weight(inputs, x),
        lambda: to_weight(states, before),
        lambda: to_bias(inputs),
        lambda: to_bias(states),
    ]
    return [find() if want else None for find, want in zip(found, wanted, strict=True)]


def _matmul(a: Any, b: Any) -> Any:
    if not a.__class__ is b.__class__ is np.ndarray:
        return np.matmul(a, b)
    batch = b.shape[:-2] or a.shape[:-2]
    return np.matmul(a, b, out=empty((*batch, a.shape[-2], b.shape[-1]), np.result_type(a, b)))


def in_order(gates: Any, order: Sequence[int] | None) -> Any:
    """Put what there is of each gate in another order."""
    if order is None:
        return gates
    return gates.take(order, 0, out=empty(gates.shape, gates.dtype), mode="clip")


def _gates(d: Any) -> Any:
    """See the slopes of each gate as one matrix of T * B rows."""
    return np.reshape(d, (len(d), -1, np.shape(d)[-1]))


def alone(position: int, count: int) -> list[bool]:
    """Want one contribution only."""
    return [place == position for place in range(count)]


def rows(x: Any) -> Any:
    """See (T, B, N) as a matrix of T * B rows."""
    if x.__class__ is np.ndarray and not x.flags.c_contiguous:
        x, given = empty(x.shape, x.dtype), x
        np.copyto(x, given)
    return np.reshape(x, (-1, np.shape(x)[-1]))


def inside(x: Any, mask: Any) -> Any:
    """Put zeros where nothing is computed: what stands there may be nan, and has no gradient."""
    if mask is None or x.__class__ is not np.ndarray:
        return x if mask is None else np.where(np.expand_dims(mask, -1), x, 0)
    found = zeros(x.shape, x.dtype)
    np.copyto(found, x, where=mask[..., None])
    return found


def kept_where(mask: Any, t: int, new: Any, old: Any) -> Any:
    """Give a new state, or the old one in the rows that are not computed at this step."""
    return new if mask is None else np.where(np.expand_dims(mask[t], -1), new, old)


def keep_in_place(mask: Any, t: int, new: np.ndarray, old: np.ndarray) -> None:
    """Do as `kept_where`, into the new array."""
    if mask is not None:
        np.copyto(new, old, where=~mask[t][:, None])


def blocks(w: np.ndarray, order: Sequence[int], signs: Sequence[int], dtype: Any) -> np.ndarray:
    """Lay weights (gates * H, K) out as (gates, K, H).

    In this layout each gate is one product, and what it gives lies in one piece, on which NumPy's
    functions take half the time. A sigmoid's sign is turned here, once, for ``exp(-a)``.
    """
    apart = in_order(np.reshape(w, (len(order), -1, w.shape[-1])), order)
    turned = aligned((len(order), apart.shape[2], apart.shape[1]), dtype)
    sign = np.asarray(signs, dtype)[:, None, None]
    return np.multiply(apart.transpose(0, 2, 1), sign, out=turned)


def sums_of_inputs(
    x: Any, w_ih: Any, biases: Sequence[Any], order: Sequence[int], signs: Sequence[int], dtype: Any
) -> np.ndarray:
    """Give ``x W_ihᵀ`` and the biases' sum, as (gates, T, B, H), in the order of `blocks`.

    The biases are one column more of the weights, for an input of ones: no pass for them alone.
    """
    steps, batch, width = x.shape
    widened = aligned((steps * batch, width + 1), dtype)
    widened.reshape(steps, batch, width + 1)[..., :-1] = x
    widened[:, -1] = 1
    columns = zeros((len(w_ih), width + 1), dtype)
    columns[:, :-1] = w_ih
    for b in biases:
        if b is not None:
            columns[:, -1] += b
    weights = blocks(columns, order, signs, dtype)
    sums = aligned((len(order), steps, batch, weights.shape[-1]), dtype)
    np.matmul(widened, weights, out=sums.reshape(len(order), len(widened), sums.shape[-1]))
    return sums


def sigmoid_of_turned(a: np.ndarray) -> None:
    """Replace ``-a`` by ``sigmoid(a)``; where exp overflows, inf gives 0, which is right."""
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)


def pulled_back(d: np.ndarray, weight: np.ndarray, room: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Fill in the gradient of the hidden state, from those of the gates: the sum of their ``d W``.

    One product per gate is small enough for BLAS to take its matrices as they lie; one product
    for all gates would copy the weights at every step first.
    """
    return np.add.reduce(np.matmul(d, weight, out=room), axis=0, out=out)
