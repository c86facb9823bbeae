"""How should the parameters move? Optimizers, with PyTorch's names and numbers.

>>> import numpy as np, microtensor as mt
>>> w = mt.nn.Parameter([3.0])
>>> optimizer = mt.optim.SGD([w], lr=0.1)
>>> for _ in range(50):
...     optimizer.zero_grad()
...     (w * w).sum().backward()
...     optimizer.step()
>>> bool(abs(w.data[0]) < 1e-4)
True
"""

from .adagrad import Adagrad
from .adam import Adam, AdamW
from .averaging import EMA
from .clipping import clip_grad_norm, clip_grad_value
from .decays import CosineAnnealingLR, ExponentialLR, MultiStepLR, StepLR
from .formulas import LambdaLR
from .lbfgs import LBFGS
from .onecycle import OneCycleLR
from .optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .rmsprop import RMSprop
from .schedule import LRScheduler
from .sequences import ChainedScheduler, SequentialLR
from .sgd import SGD
from .warmups import ConstantLR, LinearLR

__all__ = [
    "EMA",
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm",
    "clip_grad_value",
]
