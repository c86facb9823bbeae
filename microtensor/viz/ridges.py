"""How did numbers spread over time? A figure of all that a recorder saw, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import canvas
from .signed_logs import HIGH, LOW, Histogram
from .theme import LIGHT

_COLUMNS = (
    ("activations", LIGHT.forward),
    ("weights", LIGHT.param[1]),
    ("gradients", LIGHT.backward),
)
_TICKS = (-2, -6)  # powers of ten at which there are marks, for both signs


def recorded(recorder: Any, layers: int) -> Any:
    """Draw a row for each layer: outputs, weights, gradients over the steps, and update ratios."""
    rows = _rows(recorder, layers)
    figure = canvas.figure(11, 1.55 * len(rows) + 0.6)
    grid = figure.subplots(len(rows), 4, squeeze=False, sharex=True)
    for i, (layer, parameter) in enumerate(rows):
        for j, (kind, color) in enumerate(_COLUMNS):
            axes = grid[i, j]
            if parameter is None and kind != "activations":
                axes.set_visible(False)  # nothing to learn here
                continue
            seen = recorder.seen[kind].get(layer if kind == "activations" else parameter, [])
            canvas.tidy(axes, title=kind if i == 0 else "", grid=False)
            _spread(axes, seen, recorder.bins, color)
        grid[i, 3].set_visible(parameter is not None)
        _ratios(grid[i, 3], recorder.ratios.get(parameter or "", []), first=i == 0)
        grid[i, 0].set_ylabel(_short(layer), fontsize=9, color=LIGHT.ink, weight="bold")
    for axes in grid[-1]:
        axes.set_xlabel("step", fontsize=9, color=LIGHT.muted)
    return figure


def _rows(recorder: Any, most: int) -> list[tuple[str, str | None]]:
    """Choose layers, evenly, each with its first parameter; those that have one go before."""
    first: dict[str, str] = {}
    for name in recorder.seen["weights"]:
        first.setdefault(name.rpartition(".")[0], name)
    model = type(recorder.model).__name__
    every = [(layer, first.get("" if layer == model else layer)) for layer in
             recorder.seen["activations"]]  # fmt: skip
    having = [row for row in every if row[1] is not None]
    rows = every if len(every) <= most else having or every
    rows = rows or [(layer or model, name) for layer, name in first.items()]
    if len(rows) > most:
        rows = [rows[round(i * (len(rows) - 1) / max(most - 1, 1))] for i in range(most)]
    return rows


def _spread(axes: Any, seen: list[Histogram], bins: int, color: str) -> None:
    """Draw one column of colours for each look: the deeper, the more numbers of that size."""
    half = bins // 2
    axes.set_ylim(0, bins)
    marks: dict[float, str] = {half: "0"}
    for power in _TICKS:
        at = half * (power - LOW) / (HIGH - LOW)
        marks[half + at], marks[half - at] = f"1e{power}", f"−1e{power}"
    axes.set_yticks(list(marks), [m.replace("e-", "e−") for m in marks.values()], fontsize=7)
    axes.axhline(half, color=LIGHT.heat_line, linewidth=0.6, zorder=3)
    if not seen:
        axes.text(0.5, 0.5, "not seen", transform=axes.transAxes, ha="center", va="center",
                  color=LIGHT.muted, fontsize=9)  # fmt: skip
        return
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("seen", [LIGHT.page, color])
    shares = np.stack([row.counts / max(row.counts.sum(), 1) for row in seen], axis=1)
    steps = [row.step for row in seen]
    gap = steps[1] - steps[0] if len(steps) > 1 else 1
    axes.imshow(
        np.sqrt(shares), cmap=ramp, vmin=0, extent=(steps[0], steps[-1] + gap, 0, bins),
        origin="lower", aspect="auto", interpolation="nearest",
    )  # fmt: skip
    dead = seen[-1].zeros / max(seen[-1].counts.sum() + seen[-1].zeros, 1)
    if dead >= 0.005:
        axes.text(0.98, 0.06, f"{dead:.0%} zero", transform=axes.transAxes, ha="right",
                  fontsize=8, color=LIGHT.muted)  # fmt: skip


def _ratios(axes: Any, pairs: list[tuple[int, float]], *, first: bool) -> None:
    canvas.tidy(axes, title="update : weight" if first else "")
    axes.set_yscale("log")
    axes.set_ylim(1e-6, 1)
    axes.tick_params(labelsize=7)
    axes.axhline(1e-3, color=LIGHT.muted, linewidth=1, linestyle="--")
    if first:
        axes.annotate("1e−3: about right", (0.98, 1e-3), xycoords=("axes fraction", "data"),
                      xytext=(0, -10), textcoords="offset points", ha="right", fontsize=7,
                      color=LIGHT.muted)  # fmt: skip
    if pairs:
        steps, ratios = np.array(pairs).T
        axes.plot(steps, np.clip(ratios, 1e-6, 1), color=LIGHT.output[1], linewidth=1.8,
                  marker="o" if len(steps) < 3 else None)  # fmt: skip


def _short(path: str) -> str:
    return path if len(path) <= 18 else "…" + path[-17:]
