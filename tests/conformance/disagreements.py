"""Where do we disagree with PyTorch, and why? A short list; the run fails beyond it."""

from __future__ import annotations

from typing import NamedTuple


class Disagreement(NamedTuple):
    """Samples of one operator or module, by their numbers, which are the same in every run."""

    operator: str
    samples: frozenset[int]
    reason: str


def of(operator: str, samples: str, reason: str) -> Disagreement:
    """Read sample numbers as in ``"0 2 5-7"``."""
    numbers: set[int] = set()
    for part in samples.split():
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return Disagreement(operator, frozenset(numbers), reason)


INEXACT = "PyTorch's own value is off by up to 3e-7; SciPy's, which is ours, is exact to rounding"
NO_Q = "the gradient in q is asked for, and refused here; that in the numbers agrees"

DISAGREEMENTS = {
    row.operator: row
    for row in [
        of("special.bessel_j0", "0 2", INEXACT),
        of("special.bessel_j1", "0 2", INEXACT),
        of("special.bessel_y0", "0", INEXACT),
        of("special.bessel_y1", "0", INEXACT),
        of(
            "cov",
            "4 8 13 15 17 22 24 26 31 35 39",
            "of weights in float32 PyTorch forms sums in float32, NumPy in float64; of the same "
            "weights in float64 they agree",
        ),
        of("quantile", "30-59", NO_Q),
        of("nanquantile", "30-59", NO_Q),
        of(
            "tensordot",
            "2",
            "PyTorch stretches a contracted dimension of one entry, which NumPy refuses",
        ),
        of(
            "linalg.pinv[hermitian]",
            "0 4 6",
            "PyTorch's formula takes the matrix as symmetric, and these samples are not; of "
            "symmetric ones the symmetric parts of the gradients agree",
        ),
        of(
            "nn.functional.cross_entropy",
            "1 3 5 7 9 11 13 15 17 19",
            "the probabilities of these samples do not add up to 1, which is refused here",
        ),
        of(
            "nn.functional.hardsigmoid",
            "0",
            "PyTorch's slope is 1/6 rounded to float32, whatever the dtype",
        ),
        of(
            "masked.logaddexp",
            "1 3 5-10",
            "where both entries are masked, PyTorch's second derivative is nan, and here 0",
        ),
    ]
}

MODULE_DISAGREEMENTS = {
    row.operator: row
    for row in [
        of(
            "nn.CrossEntropyLoss",
            "20 125",
            "every label is ignored, so there is no mean: an error here, nan in PyTorch",
        ),
        of(
            "nn.Hardsigmoid",
            "0 1",
            "PyTorch's slope is 1/6 rounded to float32, whatever the dtype",
        ),
    ]
}
