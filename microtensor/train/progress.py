"""What is seen while it runs? A bar in a terminal and in a notebook, and a few lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

_OFTEN = 0.1  # seconds between two looks at the numbers
_LINES = 20  # in a file, at most, however many epochs there are
_BAR = 6  # columns, at least


class Progress:
    """Shows how far training is, on standard error.

    In a bar, a number after a slash is validation's; in lines, names tell it.

    Parameters
    ----------
    epochs : int
    steps : int or None
        Optimizer steps in an epoch; None if nobody knows before its end.
    done : int
        Steps that were taken before, where training is resumed.
    shown : bool
        Whether to show anything.
    """

    def __init__(self, epochs: int, steps: int | None, done: int, shown: bool) -> None:
        self.epochs, self.shown = epochs, shown
        self.rows, self.began, self._last = 0, time.perf_counter(), 0.0
        self._results: Mapping[str, float] = {}
        self.bar: Any = self._make_bar(steps and steps * epochs, done) if shown else None

    def step(self, epoch: int, rows: int, loss: float) -> None:
        """Show a step, and the mean loss of the epoch so far."""
        self.rows += rows
        if self.bar is not None:
            self.bar.update()
            now = time.perf_counter()
            if now - self._last > _OFTEN:
                self._last = now
                self._describe(epoch, {**self._results, "loss": loss})

    def epoch(self, epoch: int, results: Mapping[str, float], seconds: float) -> None:
        """Show what an epoch measured; ``epoch`` counts from 1."""
        self._results = {name: x for name, x in results.items() if name != "lr"}
        if self.bar is not None:
            self._describe(epoch, self._results)
        elif self.shown:
            every = -(-self.epochs // _LINES)
            if epoch % every == 0 or epoch in (1, self.epochs):
                words = ", ".join(f"{name} {x:.4g}" for name, x in self._results.items())
                self.say(f"epoch {self._count(epoch)}: {words}, {self._speed()}")

    def say(self, text: str) -> None:
        """Print a line, above the bar where there is one."""
        if not self.shown:
            return
        if self.bar is not None:
            self.bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()

    def _make_bar(self, total: int | None, done: int) -> Any:
        from tqdm.auto import tqdm

        in_notebook = any(cls.__module__ == "tqdm.notebook" for cls in tqdm.__mro__)
        if not in_notebook and not sys.stderr.isatty():
            return None
        left = "|{bar}| {remaining} left" if total else "{n_fmt} steps, {elapsed}"
        return tqdm(
            total=total,
            initial=done,
            dynamic_ncols=True,
            file=sys.stderr,
            bar_format=f"{{desc}} {left}{{postfix}}",
        )

    def _describe(self, epoch: int, results: Mapping[str, float]) -> None:
        """Say as much as fits: the loss, the speed, and the metrics, as training/validation."""
        self.bar.desc = self._count(epoch)
        in_notebook = hasattr(self.bar, "container")
        width = 200 if in_notebook else os.get_terminal_size(sys.stderr.fileno()).columns - 1
        room = width - len(self.bar.desc) - len(" || 00:00 left") - _BAR
        words = ""
        loss, *others = _paired(results)
        for item in [loss, self._speed(), *others]:
            if len(words) + len(item) + 2 <= room:
                words += f", {item}"
        self.bar.postfix = words.removeprefix(", ")
        self.bar.refresh()

    def _count(self, epoch: int) -> str:
        return f"{epoch:{len(str(self.epochs))}}/{self.epochs}"

    def _speed(self) -> str:
        """Tell how many rows went through a second, validation's time included."""
        each = self.rows / max(time.perf_counter() - self.began, 1e-9)
        by, unit = (1e6, "M") if each >= 1e6 else (1e3, "k") if each >= 1e3 else (1.0, "")
        return f"{each / by:.{0 if each / by >= 10 else 1}f}{unit} rows/s"


def _paired(results: Mapping[str, float]) -> list[str]:
    """Put what was measured in training and in validation side by side.

    >>> _paired({"loss": 0.5, "accuracy": 0.75, "val_loss": 0.625, "val_accuracy": 0.6875})
    ['loss 0.5/0.625', 'accuracy 0.75/0.688']
    """
    found = []
    for name, x in results.items():
        if not name.startswith("val_"):
            beside = f"/{results['val_' + name]:.3g}" if f"val_{name}" in results else ""
            found.append(f"{name} {x:.3g}{beside}")
    return found
