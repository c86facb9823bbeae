"""Where do fused functions compute? In arrays that are new, or lent again once nobody holds them.

A function asks here for the arrays that it computes into, be they its result or no more than room
on the way, and gives none back: who lets go of an array has returned it. So a result lives as long
as somebody reads it, in a program or outside of it, and no function has to say which is which.
Where nobody lends, an array is new.

How many references there are to an array that is free is measured, and not supposed.
"""

from __future__ import annotations

import math
import sys
import threading
from bisect import bisect_left
from functools import lru_cache
from typing import Any

import numpy as np

from .workspaces import LINE, laid_out

SMALL = 1024  # bytes up to which NumPy finds room without asking for any
MANY = 2**14  # entries of a vector of ones, up to which it is made once
SPARE = 1.5  # how much larger than asked for a block may be


class _Here(threading.local):
    lender: Lender | None = None


_here = _Here()


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Give an array to compute into; what is in it is anything.

    Examples
    --------
    >>> empty((2, 3), float).shape
    (2, 3)
    """
    lender = _here.lender
    return np.empty(shape, dtype) if lender is None else lender.lend(shape, dtype)


def zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Give an array of zeros to compute into.

    Examples
    --------
    >>> zeros((3,), int)
    array([0, 0, 0])
    """
    lender = _here.lender
    if lender is None:
        return np.zeros(shape, dtype)
    x = lender.lend(shape, dtype)
    x.fill(0)
    return x


def like(x: np.ndarray, dtype: Any = None, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Give an array to compute into whose axes lie in memory in the order of those of x.

    Parameters
    ----------
    x : array
    dtype : dtype, optional
        That of x, if not given.
    shape : tuple of int, optional
        Of as many axes; that of x, if not given.

    Examples
    --------
    >>> like(np.ones((2, 3, 4)).transpose(1, 2, 0), bool).strides
    (4, 1, 12)
    """
    lender = _here.lender
    if lender is None:
        return np.empty_like(x, dtype, shape=shape)
    shape, dtype = x.shape if shape is None else shape, x.dtype if dtype is None else dtype
    if x.flags.c_contiguous:
        return lender.lend(shape, dtype)
    order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
    lent = lender.lend(tuple(shape[axis] for axis in order), dtype)
    return lent.transpose(sorted(range(x.ndim), key=order.__getitem__))


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Give an array to compute into that begins where a line of the cache does.

    NumPy leaves that to chance. Products of small matrices take a quarter less time then.

    Examples
    --------
    >>> aligned((2, 3), float).ctypes.data % LINE
    0
    """
    lender = _here.lender
    if lender is not None:
        return lender.lend(shape, dtype)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return _aligned_bytes(size).view(dtype).reshape(shape)


def ones(n: int, dtype: Any) -> np.ndarray:
    """Give a vector of ones that is read only: to sum rows by a product, as BLAS does.

    Examples
    --------
    >>> ones(3, np.float32)
    array([1., 1., 1.], dtype=float32)
    """
    if n <= MANY:
        return _ones(n, dtype)
    x = empty((n,), dtype)
    x.fill(1)
    return x


def counting(n: int) -> np.ndarray:
    """Give the integers 0 ... n - 1, read only.

    Examples
    --------
    >>> counting(3)
    array([0, 1, 2])
    """
    if n <= MANY:
        return _counting(n)
    if _here.lender is None:
        return np.arange(n)
    x = np.cumsum(ones(n, np.intp), out=empty((n,), np.intp))
    x -= 1
    return x


def where(mask: np.ndarray) -> np.ndarray:
    """List the places where a vector of bools is true, as `numpy.flatnonzero` does.

    How many there are is known late: what is lent is a part of an array that has room for all.

    Examples
    --------
    >>> where(np.array([True, False, True]))
    array([0, 2])
    """
    if _here.lender is None or not len(mask):
        return np.flatnonzero(mask)
    m = len(mask)
    found, rank, back = (empty((m,), np.intp) for _ in range(3))
    np.copyto(back, mask)
    np.cumsum(back, out=rank)
    count = int(rank[-1])
    # Each entry is written where the last true one up to it belongs, and the true one after it.
    np.subtract(rank[::-1], 1, out=back)
    np.subtract(m - 1, counting(m), out=rank)
    np.put(found, back, rank)
    return found[:count]


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> np.ndarray:
    return _fixed(np.ones(n, dtype))


@lru_cache(maxsize=64)
def _counting(n: int) -> np.ndarray:
    return _fixed(np.arange(n))


def _fixed(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


class Block:
    """Some memory, and which other blocks lie there too, in turn with it."""

    __slots__ = ("memory", "others", "size")

    def __init__(self, memory: np.ndarray) -> None:
        self.memory = memory
        self.size = memory.nbytes
        self.others: list[Block] = []

    @classmethod
    def new(cls, size: int) -> Block:
        """Make a block of its own."""
        return cls(_aligned_bytes(size))

    def is_free(self) -> bool:
        """Tell whether nobody holds an array that lies here, or a view of one."""
        if sys.getrefcount(self.memory) != _FREE:
            return False
        for other in self.others:  # noqa: SIM110  # a generator takes twice the time
            if sys.getrefcount(other.memory) != _FREE:
                return False
        return True


class Lender:
    """Memory that serves the same calls again and again, of one thread at a time.

    Within ``with lender:`` functions take their arrays from here. In its first turn it learns how
    long each is held; then all lie in one piece of memory, those that are held at the same time
    beside each other. Before an array is lent, it is looked whether its place is free, so that
    a turn that goes otherwise is no danger: it takes more memory. So do arrays that are held when
    a turn ends.

    Examples
    --------
    >>> lender = Lender()
    >>> def turn():
    ...     with lender:
    ...         x = empty((1000,), float)
    ...         place = x.ctypes.data
    ...         del x
    ...         return place == empty((500, 2), float).ctypes.data
    >>> turn(), turn(), lender.nbytes
    (True, True, 8000)
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []  # that share memory with no other, the smallest first
        self._turn: list[Block] = []  # what served each call of the last turn, or is to serve it
        self._at = 0
        self._spans: list[tuple[int, int, int]] | None = []  # while it learns: bytes, from, until
        self._held: dict[int, Block] = {}  # while it learns: what was not free when last looked at
        self._arena = _memory(0)
        self._before: Lender | None = None

    @property
    def nbytes(self) -> int:
        """How much memory there is in all."""
        return self._arena.nbytes - LINE + sum(block.size for block in self.blocks)

    def __enter__(self) -> Lender:
        self._before, _here.lender = _here.lender, self
        self._at = 0
        if len(self.blocks) > 2 * len(self._turn) + 8:  # somebody keeps them for good
            self.blocks = [block for block in self.blocks if block.is_free()]
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        _here.lender, self._before = self._before, None
        if self._spans is not None and kind is not None:  # it was no whole turn
            self._turn, self._spans, self._held = [], [], {}

    def lend(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Give an array that nobody holds."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if size <= SMALL or dtype.hasobject:
            return np.empty(shape, dtype)
        if self._at == 0 and self._spans:
            self._learn(self._spans)
        at, turn = self._at, self._turn
        self._at = at + 1
        if at >= len(turn):
            turn.append(self._found(size))
        elif not (size <= turn[at].size <= SPARE * size and turn[at].is_free()):
            turn[at] = self._found(size)
        block = turn[at]
        if self._spans is not None:
            self._note(at, size, block)
        return np.ndarray(shape, dtype, block.memory)

    def _found(self, size: int) -> Block:
        """Find the smallest block that is free and large enough, or make one."""
        blocks = self.blocks
        for i in range(bisect_left(blocks, size, key=_size), len(blocks)):
            if blocks[i].size > SPARE * size:
                break
            if blocks[i].is_free():
                return blocks[i]
        made = Block.new(size)
        blocks.insert(bisect_left(blocks, size, key=_size), made)
        return made

    # What the first turn teaches

    def _note(self, at: int, size: int, block: Block) -> None:
        self._look(at)
        self._spans.append((size, at, at))  # type: ignore[union-attr]
        self._held[at] = block

    def _look(self, at: int) -> None:
        """See which arrays were let go of before call ``at``."""
        for i in [i for i, block in self._held.items() if block.is_free()]:
            self._spans[i] = (*self._spans[i][:2], at - 1)  # type: ignore[index]
            del self._held[i]

    def _learn(self, spans: list[tuple[int, int, int]]) -> None:
        """Lay what was let go of within the turn into one piece of memory."""
        self._look(len(spans))
        passing = [i for i in range(len(spans)) if i not in self._held]
        if passing:
            offsets, total = laid_out(spans[i] for i in passing)
            self._arena = _memory(total)
            made = {}
            for i, start in zip(passing, offsets, strict=True):
                place = start, spans[i][0]
                if place not in made:
                    made[place] = Block(_part(self._arena, *place))
                self._turn[i] = made[place]
            for (start, size), block in made.items():
                block.others = [
                    other
                    for (begin, length), other in made.items()
                    if other is not block and begin < start + size and start < begin + length
                ]
        self.blocks = [block for block in self.blocks if not block.is_free()]
        self._spans = None
        self._held = {}


def _size(block: Block) -> int:
    return block.size


class _Memory(np.ndarray):
    """Memory of which parts are seen as arrays, each on its own.

    A view of a view refers to the array that has the memory, past all between, unless that is of
    another class. So a view of a part refers to the part.
    """


def _part(memory: _Memory, start: int, size: int) -> np.ndarray:
    """See some bytes of memory, counted from where a line of the cache begins."""
    return np.ndarray((size,), np.uint8, memory, start - memory.ctypes.data % -LINE)


def _aligned_bytes(size: int) -> np.ndarray:
    """Make an array of bytes that begins where a line of the cache does."""
    return _part(_memory(size), 0, size)


def _memory(size: int) -> _Memory:
    return _Memory((size + LINE,), np.uint8)


def _count_free() -> int:
    """Count the references to a block's memory that `Block.is_free` sees, if nobody has another."""

    class Counted(Block):
        __slots__ = ()

        def is_free(self) -> Any:
            return sys.getrefcount(self.memory)

    return Counted.new(1).is_free()


_FREE = _count_free()
