"""How did training go? Every measure over the epochs, training's and validation's side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from . import canvas
from .theme import LIGHT, short

_VALIDATION = "val_"
_BESIDE = ("seconds", "epoch")  # not measured of the model


def history(history: Mapping[str, Any], *, title: str | None = None) -> Any:
    """Draw what was measured over the epochs: a panel for each measure.

    A measure and its validation (the same name with ``val_`` before it) share a panel. The best
    loss of the validation is marked. A loss that falls to less than a tenth has a logarithmic axis.

    Parameters
    ----------
    history : train.History or dict of str to list
        Lists of one number per epoch; nan where nothing was measured.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        It shows itself in a notebook; ``.save("history.svg")`` writes it.

    Raises
    ------
    ArgumentError
        If there is nothing to draw, or the lists differ in length.
    DependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> figure = history({"loss": [0.9, 0.3, 0.05], "val_loss": [0.8, 0.4, 0.5]})
    >>> figure.axes[0].get_yscale()
    'log'
    """
    lists = {name: np.asarray(x, dtype=float) for name, x in history.items() if name not in _BESIDE}
    if "lr" in lists and np.ptp(lists["lr"]) == 0 and len(lists) > 1:
        del lists["lr"]  # the same in every epoch: it says nothing
    _check(lists)
    panels = list(dict.fromkeys(name.removeprefix(_VALIDATION) for name in lists))
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = canvas.figure(4.2 * columns + 0.4, 2.9 * rows + 0.4 * bool(title))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, name in zip(grid.flat, panels, strict=False):
        _panel(axes, name, lists)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    if title:
        figure.suptitle(
            f"{title}\n", x=0.01, ha="left", fontsize=13, weight="bold", color=LIGHT.ink
        )
    return figure


def _check(lists: dict[str, np.ndarray]) -> None:
    lengths = {name: len(x) for name, x in lists.items()}
    if not lists or not max(lengths.values()):
        raise ArgumentError(
            "history: there is nothing to draw.",
            expected='lists with one number per epoch, such as {"loss": [0.9, 0.4]}',
            got="no epoch",
        )
    if len(set(lengths.values())) > 1:
        raise ArgumentError(
            "history: the lists must be of one length.",
            expected="one number per epoch in each",
            got=", ".join(f"{n} of {name}" for name, n in lengths.items()),
            hint="Where nothing was measured, put nan.",
        )


def _panel(axes: Any, name: str, lists: dict[str, np.ndarray]) -> None:
    canvas.tidy(axes, title=name, x="epoch")
    both = _VALIDATION + name in lists and name in lists
    is_loss = "loss" in name
    ends = []
    drawn = np.concatenate([lists[n] for n in (name, _VALIDATION + name) if n in lists])
    finite = drawn[np.isfinite(drawn)]
    falls = finite.size and 0 < 10 * finite.min() < finite.max()
    if (is_loss or name == "lr") and falls:
        axes.set_yscale("log")
    for key, color, word in (
        (name, LIGHT.forward, "training"),
        (_VALIDATION + name, LIGHT.backward, "validation"),
    ):
        if key not in lists:
            continue
        y = lists[key]
        epochs = np.arange(1, len(y) + 1)
        axes.plot(
            epochs, y, color=color, linewidth=2, label=word, marker="o" if len(y) < 3 else None
        )
        known = np.flatnonzero(np.isfinite(y))
        if not known.size:
            continue
        last = known[-1]
        text = f"{word} {short(y[last])}" if both else short(y[last])
        ends.append((float(epochs[last]), float(y[last]), text, color))
        if is_loss and key.startswith(_VALIDATION):
            best = int(np.nanargmin(y))
            if best != last:
                axes.plot(epochs[best], y[best], "o", color=color, markersize=6)
                axes.annotate(
                    f"best {short(y[best])}, epoch {epochs[best]}", (epochs[best], y[best]),
                    xytext=(0, -13), textcoords="offset points", ha=_side(best, len(y)),
                    fontsize=8, color=color,
                )  # fmt: skip
    axes.margins(x=0.02, y=0.15)
    axes.xaxis.get_major_locator().set_params(integer=True)
    canvas.end_labels(axes, ends)


def _side(place: int, epochs: int) -> str:
    """Say where a label is fixed: early ones go right, late ones left, where there is room.

    >>> [_side(place, 9) for place in (1, 4, 7)]
    ['left', 'center', 'right']
    """
    return ("left", "center", "right")[3 * place // epochs]
