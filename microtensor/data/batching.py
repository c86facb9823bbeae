"""How are many examples taken a few at a time?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..randomness import Rng, generator, get_state, set_state
from .rows import ArrayRows, ExampleRows, rows_of


def batches(
    *source: Any,
    size: int | None = None,
    shuffle: bool = True,
    rng: Any = None,
    drop_last: bool = False,
    collate: Callable[[list[Any]], Any] | None = None,
) -> Batches:
    """Take the rows of arrays, or the examples of a dataset, a batch at a time.

    What it gives can be looped over as often as you like, in a new random order each time, and
    has a length, the number of batches in a round. Each row comes once per round.

    Parameters
    ----------
    *source : (N, ...) array_like, or one Dataset
        Any number of arrays, usually x and y; rows of the same index stay together. Or one object
        with a length that gives an example for each index, see `Dataset`.
    size : int
        The number of rows in a batch; may also stand last, as in ``batches(x, y, 32)``.
    shuffle : bool, default True
        Whether the rows come in random order, another one each round.
    rng : None, int, Generator or RandomState
        Where the order comes from; an int gives the same sequence of rounds every time.
    drop_last : bool, default False
        Whether to leave out the last batch of a round where it has fewer rows than the others.
    collate : callable, optional
        Makes a batch of a list of examples; `stack` unless given. With arrays, an example is a
        tuple with a row of each, or the row where there is one array.

    Returns
    -------
    Batches
        Gives a tuple of arrays, one batch of each; of one array alone, its batch. Of a dataset, it
        gives what collate makes of the examples.

    Raises
    ------
    ShapeError
        If the arrays have different numbers of rows.
    ArgumentError
        If size is no integer of at least 1, or there would be no batch at all.

    Examples
    --------
    >>> x, y = np.arange(10).reshape(5, 2), np.array([0, 1, 2, 3, 4])
    >>> for x_batch, y_batch in batches(x, y, 2, shuffle=False):
    ...     print(x_batch.tolist(), y_batch)
    [[0, 1], [2, 3]] [0 1]
    [[4, 5], [6, 7]] [2 3]
    [[8, 9]] [4]

    Another order each round:

    >>> rounds = batches(y, size=5, rng=0)
    >>> len(rounds), next(iter(rounds)), next(iter(rounds))
    (1, array([2, 4, 3, 0, 1]), array([4, 1, 2, 0, 3]))

    Sentences of different lengths, put together by a function of one's own:

    >>> def padded(examples):
    ...     longest = max(map(len, examples))
    ...     return np.array([x + [0] * (longest - len(x)) for x in examples])
    >>> list(batches([[1, 2], [3], [4, 5, 6]], size=2, shuffle=False, collate=padded))
    [array([[1, 2],
           [3, 0]]), array([[4, 5, 6]])]
    """
    if size is None and source and np.ndim(source[-1]) == 0:
        *source, size = source  # type: ignore[assignment]  # batches(x, y, 32)
    return Batches(rows_of(source, collate), size, shuffle, rng, drop_last)


class Batches:
    """The rounds of batches that `batches` makes; loop over it, or ask its ``len``.

    Attributes
    ----------
    rows : int
        The number of rows that the batches are taken from.
    size : int
        The number of rows in a batch.
    rng : Generator or RandomState
        Where the order comes from: the process's default one of the moment unless another one was
        given. May be set.

    Examples
    --------
    >>> rounds = batches(np.arange(100), size=32, drop_last=True)
    >>> rounds
    Batches(3 of 32 rows from 100)
    """

    def __init__(
        self,
        source: ArrayRows | ExampleRows,
        size: Any,
        shuffle: bool,
        rng: Any,
        drop_last: bool,
    ) -> None:
        self._source = source
        self.rows = len(source)
        self.size = _checked_size(size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self._rng = None if rng is None else generator(rng)
        self._round: _Round | None = None  # the latest, while it has batches to give
        self._to_resume: _Round | None = None
        if len(self) == 0:
            smaller = f"at least {self.size} rows, since drop_last leaves out smaller batches"
            raise ArgumentError(
                "batches: there would be no batch at all.",
                expected=smaller if drop_last else "at least one row",
                got=f"{self.rows} rows",
            )

    @property
    def rng(self) -> Rng:
        return generator(self._rng)

    @rng.setter
    def rng(self, rng: Any) -> None:
        self._rng = None if rng is None else generator(rng)

    def __len__(self) -> int:
        """Give the number of batches in a round."""
        return self.rows // self.size if self.drop_last else -(-self.rows // self.size)

    def __iter__(self) -> Iterator[Any]:
        """Start a round, in a new order; or go on with the one that was loaded."""
        self._round, self._to_resume = self._to_resume or self._new_round(), None
        return self._rest(self._round)

    def _new_round(self) -> _Round:
        if not self.shuffle:
            return _Round(None, np.arange(self.rows))
        return _Round(get_state(self.rng), self.rng.permutation(self.rows))

    def _rest(self, this: _Round) -> Iterator[Any]:
        while this.given < len(self):
            start = this.given * self.size
            this.given += 1
            yield self._source.take(this.order[start : start + self.size])
        if self._round is this:
            self._round = None

    def state_dict(self) -> dict[str, Any]:
        """Tell the place in the round and the state of the generator, for `load_state_dict`.

        A loop that goes on from here gives the very batches that this one would have given, in
        this round and in all later ones.

        Returns
        -------
        dict
            Of numbers, strings, lists and dicts, such as JSON keeps: ``rows``, ``size`` and
            ``shuffle``; ``given``, the number of batches that the latest round has given, or 0
            after its end; ``order``, the state of the generator before that round, or None where
            there is no round or no shuffling; ``rng``, the state of the generator now.

        Examples
        --------
        >>> rounds = batches(np.arange(6), size=2, rng=0)
        >>> for batch in rounds:
        ...     kept = rounds.state_dict()
        ...     break
        >>> again = batches(np.arange(6), size=2, rng=1)
        >>> again.load_state_dict(kept)
        >>> batch, list(again)
        (array([3, 2]), [array([5, 4]), array([0, 1])])
        """
        this = self._to_resume or self._round
        return {
            "rows": self.rows,
            "size": self.size,
            "shuffle": self.shuffle,
            "given": this.given if this else 0,
            "order": this.before if this else None,
            "rng": get_state(self.rng),
        }

    def load_state_dict(self, state: Any) -> None:
        """Go to a place in a round: the next loop gives what was left of it, the others follow.

        Parameters
        ----------
        state : dict
            What `state_dict` gave for as many rows, in batches of the same size.

        Raises
        ------
        ArgumentError
            If it is none, or the data or their batches were others. Nothing is changed then.
        """
        given = self._checked_place(state)
        now = get_state(self.rng)
        try:
            if self.shuffle and state["order"] is not None:
                set_state(self.rng, state["order"])
            resumed = self._new_round() if given or state["order"] is not None else None
            set_state(self.rng, state["rng"])
        except ArgumentError:
            set_state(self.rng, now)
            raise
        if resumed:
            resumed.given = given
        self._round, self._to_resume = None, resumed

    def _checked_place(self, state: Any) -> int:
        """Give the number of batches that the round of a state has given."""
        names = ("rows", "size", "shuffle", "given", "order", "rng")
        found = tuple(state) if isinstance(state, dict) else ()
        if set(found) != set(names):
            raise ArgumentError(
                "Batches.load_state_dict: this is no place in a round.",
                expected="a dict with " + ", ".join(names) + ", as state_dict gives it",
                got=f"a dict with {', '.join(map(str, found)) or 'nothing'}"
                if isinstance(state, dict)
                else f"a {type(state).__name__}",
            )
        given = state["given"]
        own = (self.rows, self.size, self.shuffle)
        if (state["rows"], state["size"], state["shuffle"]) != own or not (
            isinstance(given, int) and 0 <= given <= len(self)
        ):
            raise ArgumentError(
                "Batches.load_state_dict: the place is in other batches than these.",
                expected=f"a place in {self!r}, {_in_order(self.shuffle)}",
                got=f"{given} batches of {state['size']} rows from {state['rows']}, "
                f"{_in_order(state['shuffle'])}",
                hint="Make the batches as those before: of the same data, and by the same size.",
            )
        return given

    def __repr__(self) -> str:
        return f"Batches({len(self)} of {self.size} rows from {self.rows})"


class _Round:
    """One pass through the rows."""

    __slots__ = ("before", "given", "order")

    def __init__(self, before: Any, order: np.ndarray) -> None:
        self.before = before  # the generator's state that the order came from
        self.order = order
        self.given = 0  # batches so far


def _in_order(shuffle: Any) -> str:
    return "shuffled" if shuffle else "in the order of the data"


def _checked_size(size: Any) -> int:
    try:
        count = operator.index(size)
    except TypeError:
        count = 0
    if count < 1:
        raise ArgumentError(
            "batches: size is the number of rows in a batch.",
            expected="an integer of at least 1",
            got=repr(size),
            hint="32 is usual, as in batches(x, y, size=32).",
        )
    return count
