"""Embeddings: a learned vector for each of a number of things."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.lookups import check_ids, look_up, row_of_padding
from ..randomness import generator
from . import init
from .linear import positive
from .module import Module
from .places import here
from .state import Parameter


class Embedding(Module):
    """One row of a table of learned vectors for each number, ``y[...] = weight[ids[...]]``.

    Parameters
    ----------
    num_embeddings : int
        V, how many things there are.
    embedding_dim : int
        C, how many numbers stand for one.
    padding_idx : int, optional
        A thing that means nothing: its row starts as 0 and is not trained. -1 is the last one.
    rng : numpy.random.Generator or int, optional
        For the first weights; the process's default if not given.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight : (V, C) Parameter
        Starts normal, with variance 1, as PyTorch's does.

    Called with ids, an array of integers of any shape (...), it gives (..., C).

    Raises
    ------
    ArgumentError
        If a size is no positive integer, or padding_idx no row; when called, if an id is no row.
    DTypeError
        When called, if ids are no integers.

    References
    ----------
    .. [1] Bengio, Ducharme, Vincent, Jauvin, *A Neural Probabilistic Language Model* (2003),
       section 2.

    Examples
    --------
    >>> table = Embedding(10, 3, padding_idx=0, rng=0)
    >>> table(np.array([[1, 2, 0, 0]])).shape
    (1, 4, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.num_embeddings = positive("Embedding: num_embeddings", num_embeddings)
        self.embedding_dim = positive("Embedding: embedding_dim", embedding_dim)
        self.padding_idx = row_of_padding("Embedding", padding_idx, self.num_embeddings)
        shape = (self.num_embeddings, self.embedding_dim)
        weight = init.normal(shape, generator(rng), dtype)
        if self.padding_idx is not None:
            weight[self.padding_idx] = 0
        self.weight = Parameter(weight)

    def forward(self, ids: Any) -> Any:
        ids = check_ids(lambda: here(self), ids, self.num_embeddings)
        return look_up(self.weight, ids, padding_idx=self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
