"""Where do the numbers come from? Datasets, bundled, made or from files, and batches of them.

This room knows NumPy alone: what it gives are plain arrays, and any library can use them.

>>> from microtensor import data
>>> train, test = data.digits()
>>> for x, y in data.batches(*train, size=32, rng=0):
...     break
>>> x.shape, y.shape
((32, 64), (32,))
"""

from .batching import Batches, batches
from .bundled import all_digits, digits, hamlet, iris
from .csv_files import read_csv
from .examples import Examples, Split
from .idx_files import mnist, read_idx
from .made import blobs, circles, moons, spirals, xor
from .npy_files import read_npy
from .preparing import Standardiser, one_hot, standardise
from .rows import Dataset, stack
from .splitting import split
from .text import Bytes, Characters, windows

__all__ = [
    "Batches",
    "Bytes",
    "Characters",
    "Dataset",
    "Examples",
    "Split",
    "Standardiser",
    "all_digits",
    "batches",
    "blobs",
    "circles",
    "digits",
    "hamlet",
    "iris",
    "mnist",
    "moons",
    "one_hot",
    "read_csv",
    "read_idx",
    "read_npy",
    "spirals",
    "split",
    "stack",
    "standardise",
    "windows",
    "xor",
]
