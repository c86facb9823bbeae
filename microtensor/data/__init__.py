"""Where do the numbers come from? Datasets, bundled or made, and batches of them.

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
from .examples import Examples, Split
from .made import blobs, circles, moons, spirals, xor
from .rows import Dataset, stack

__all__ = [
    "Batches",
    "Dataset",
    "Examples",
    "Split",
    "all_digits",
    "batches",
    "blobs",
    "circles",
    "digits",
    "hamlet",
    "iris",
    "moons",
    "spirals",
    "stack",
    "xor",
]
