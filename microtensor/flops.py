"""How much work is a call? Floating-point operations, counted by shapes.

A multiplication and an addition are two operations, as in most papers; so is a fused pair. An
exponential counts as one, as does a comparison; moving numbers counts as none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

_MOVES = {
    "reshape", "ravel", "transpose", "swapaxes", "moveaxis", "rollaxis", "getitem", "concatenate",
    "stack", "expand_dims", "squeeze", "broadcast_to", "astype", "split", "array_split", "flip",
    "roll", "rot90", "pad", "copy", "repeat", "tile", "take", "take_along_axis", "look_up",
    "scatter_add", "tapped", "diagonal", "tril", "triu", "pixel_shuffle", "windows", "unfold",
}  # fmt: skip


def operations(
    word: str, shapes: Sequence[tuple[int, ...]], size: int, subscripts: str = ""
) -> int:
    """Count the operations of one call.

    Parameters
    ----------
    word : str
        The function's name.
    shapes : sequence of tuple of int
        Those of its operands that are numbers.
    size : int
        How many numbers it gives.
    subscripts : str
        Of an einsum.

    Examples
    --------
    >>> operations("matmul", [(6, 2), (2, 4)], 24)                    # 6 × 4 sums of 2 products
    96
    >>> operations("tanh", [(6, 4)], 24), operations("transpose", [(6, 4)], 24)
    (24, 0)
    """
    if word in _MOVES:
        return 0
    if word in _PRODUCTS and len(shapes) >= 2:
        return _PRODUCTS[word](shapes[0], shapes[1], size)
    if word == "einsum":
        return _of_einsum(subscripts, shapes, size)
    # a sum of n numbers is n operations; an elementwise function is one for each number it gives
    return max([size, *map(math.prod, shapes)])


def _of_last_axis(a: tuple[int, ...], b: tuple[int, ...], size: int) -> int:
    return 2 * size * (a[-1] if a else 1)


def _of_contraction(a: tuple[int, ...], b: tuple[int, ...], size: int) -> int:
    # (M K) (K N) / (M N) = K²
    return 2 * size * math.isqrt(math.prod(a) * math.prod(b) // max(size, 1))


def _of_convolution(a: tuple[int, ...], b: tuple[int, ...], size: int) -> int:
    return 2 * size * (math.prod(b[1:]))  # (O, I / groups, k ...): one product per weight of O


def _of_transposed_convolution(a: tuple[int, ...], b: tuple[int, ...], size: int) -> int:
    return 2 * math.prod(a) * math.prod(b[1:])  # each number of the input goes out so often


def _of_correlation(a: tuple[int, ...], b: tuple[int, ...], size: int) -> int:
    return 2 * math.prod(b) * (size // b[1])  # each of (N, O, places ...) with each weight of O


_PRODUCTS: dict[str, Callable[[tuple[int, ...], tuple[int, ...], int], int]] = {
    "matmul": _of_last_axis,
    "dot": _of_last_axis,
    "inner": _of_last_axis,
    "vdot": lambda a, b, size: 2 * math.prod(a),
    "tensordot": _of_contraction,
    "convolution": _of_convolution,
    "transposed_convolution": _of_transposed_convolution,
    "weight_correlation": _of_correlation,
}


def _of_einsum(subscripts: str, shapes: Sequence[tuple[int, ...]], size: int) -> int:
    """As many operations for each point of the loop over all letters as there are arrays."""
    letters: dict[str, int] = {}
    for term, shape in zip(subscripts.split("->")[0].split(","), shapes, strict=False):
        if len(term) != len(shape):  # an ellipsis: what it stands for is in the output's size
            return len(shapes) * size
        letters.update(zip(term, shape, strict=True))
    return len(shapes) * math.prod(letters.values() or [size])
