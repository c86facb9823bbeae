"""What happened, epoch by epoch? Plain lists, by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..files import write_whole

_ROWS = 12  # of the printed table


class History(Mapping):
    """What was measured after each epoch: a list of numbers for each name.

    Names are "loss", those of the metrics, the same with ``val_`` before them for the validation
    data, and "lr", the learning rate that the epoch was trained with. Training's own are averages
    over the epoch, while the model was changing; validation's are of the model at its end.

    Attributes
    ----------
    seconds : list of float
        How long each epoch took, with its validation.
    stopped : str or None
        Why training ended before its last epoch; None if it did not.

    Examples
    --------
    >>> history = History()
    >>> history.append({"loss": 0.7, "val_accuracy": 0.5}, seconds=0.1)
    >>> history.append({"loss": 0.2, "val_accuracy": 0.925}, seconds=0.1)
    >>> history["loss"]
    [0.7, 0.2]
    >>> print(history)
    epoch     loss  val_accuracy  seconds
        1      0.7           0.5     0.10
        2      0.2         0.925     0.10
    """

    def __init__(self) -> None:
        self.lists: dict[str, list[float]] = {}
        self.seconds: list[float] = []
        self.stopped: str | None = None

    def append(self, results: Mapping[str, float], seconds: float) -> None:
        """Add an epoch. A name that is new was not measured before: nan stands there."""
        for name in results:
            self.lists.setdefault(name, [float("nan")] * self.epochs)
        for name, numbers in self.lists.items():
            numbers.append(float(results.get(name, float("nan"))))
        self.seconds.append(seconds)

    @property
    def epochs(self) -> int:
        """The number of epochs in it."""
        return len(self.seconds)

    def __getitem__(self, name: str) -> list[float]:
        try:
            return self.lists[name]
        except KeyError:
            known = ", ".join(self.lists) or "nothing"
            raise KeyError(f"{name!r} was not measured; there is: {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.lists)

    def __len__(self) -> int:
        return len(self.lists)

    def to_dict(self) -> dict[str, list[float]]:
        """Copy all lists, and that of the seconds, into a dict."""
        return {name: list(x) for name, x in {**self.lists, "seconds": self.seconds}.items()}

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """Give a table with a row for each epoch as CSV, and write it to a file if one is named.

        Numbers are written in full, so that reading them gives the same.

        Examples
        --------
        >>> history = History()
        >>> history.append({"loss": 0.75}, seconds=2.5)
        >>> print(history.to_csv(), end="")
        epoch,loss,seconds
        1,0.75,2.5
        """
        columns = self.to_dict()
        rows = [["epoch", *columns]]
        for i in range(self.epochs):
            rows.append([str(i + 1), *(repr(numbers[i]) for numbers in columns.values())])
        text = "".join(",".join(row) + "\n" for row in rows)
        if path is not None:
            write_whole(Path(path), text.encode())
        return text

    def state_dict(self) -> dict[str, Any]:
        """Copy all of it, for `load_state_dict`."""
        return {"lists": {k: list(x) for k, x in self.lists.items()}, "seconds": [*self.seconds]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave."""
        self.lists = {name: list(numbers) for name, numbers in state["lists"].items()}
        self.seconds = list(state["seconds"])

    def __str__(self) -> str:
        if not self.epochs:
            return "no epoch yet"
        rows = [["epoch", *self.lists, "seconds"]]
        for i in _spread(self.epochs, _ROWS):
            numbers = [f"{x[i]:.4g}" for x in self.lists.values()]
            rows.append([str(i + 1), *numbers, f"{self.seconds[i]:.2f}"])
        widths = [max(7, *map(len, column)) for column in zip(*rows, strict=True)]
        widths[0] = 5
        lines = ["  ".join(x.rjust(n) for x, n in zip(r, widths, strict=True)) for r in rows]
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"History({self.epochs} epochs of {', '.join(self.lists) or 'nothing'})"


def _spread(n: int, most: int) -> list[int]:
    """Choose at most so many of 0 ... n-1, evenly, with the first and the last.

    >>> _spread(3, 5), _spread(100, 5)
    ([0, 1, 2], [0, 25, 50, 74, 99])
    """
    if n <= most:
        return list(range(n))
    return [round(i * (n - 1) / (most - 1)) for i in range(most)]
