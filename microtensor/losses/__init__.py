"""How wrong is it? One number that training makes smaller.

Each loss compares a prediction with what was wanted; ``reduction`` says whether the rows' losses
are averaged ("mean"), added up ("sum") or given one by one ("none"). The names are PyTorch's, as
are the numbers. Plain arrays work as Values do. Options are passed by name.
"""

from .classification import cross_entropy, nll
from .distributions import gaussian_nll, kl_div
from .margins import cosine_embedding, hinge, multi_margin
from .regression import huber, l1, mse, smooth_l1
from .two_classes import binary_cross_entropy, binary_cross_entropy_with_logits

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding",
    "cross_entropy",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_div",
    "l1",
    "mse",
    "multi_margin",
    "nll",
    "smooth_l1",
]
