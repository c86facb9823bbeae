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
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]
