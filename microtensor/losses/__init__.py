"""How wrong is it? One number that training makes smaller.

Each loss compares a prediction with what was wanted; ``reduction`` says whether the rows' losses
are averaged ("mean"), added up ("sum") or given one by one ("none"). The names are PyTorch's, as
are the numbers. Plain arrays work as Values do.
"""

from .classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
)
from .regression import l1, mse

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "l1",
    "mse",
]
