"""What is repeated? Training: `fit`, which is the plain loop, and what stands around it.

>>> from microtensor import data, losses, nn, optim, train
>>> train_set, test_set = data.digits()
>>> net = nn.MLP(64, [32, 10], activation="relu", rng=0)
>>> history = train.fit(
...     net, losses.cross_entropy, train_set, optimizer=optim.Adam(net.parameters(), lr=0.003),
...     epochs=3, validation=test_set, metrics="accuracy", rng=0, progress=False)
>>> history["val_accuracy"][-1] > 0.85
True
"""

from .callbacks import AverageWeights, Callback, CSVLog
from .checkpoints import Checkpoint
from .evaluation import evaluate
from .health import GradientHealth
from .history import History
from .loop import fit
from .metrics import (
    accuracy,
    averaged,
    mean_absolute_error,
    mean_squared_error,
    perplexity,
    r2,
    root_mean_squared_error,
    top_k,
)
from .runs import Run
from .stopping import BestWeights, EarlyStopping

__all__ = [
    "AverageWeights",
    "BestWeights",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "GradientHealth",
    "History",
    "Run",
    "accuracy",
    "averaged",
    "evaluate",
    "fit",
    "mean_absolute_error",
    "mean_squared_error",
    "perplexity",
    "r2",
    "root_mean_squared_error",
    "top_k",
]
