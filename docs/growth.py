"""Measure how the time of a step grows, and write it into growth.md: ``python docs/growth.py``

Plain and compiled steps of networks of more and more layers, and of wider and wider ones, take
turns; what is kept of each is the median of its rounds. It takes half a minute. One thread:
``OPENBLAS_NUM_THREADS=1``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.amounts import time_word
from microtensor.viz import canvas

PAGE = Path(__file__).with_suffix(".md")
FIGURE = PAGE.with_suffix(".svg")
DEPTHS, WIDTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), (4, 8, 16, 32, 64, 128, 256, 512, 1024)
WIDTH, DEPTH, BATCH = 16, 3, 32  # of the networks that become deeper, and wider


class Point(NamedTuple):
    """The seconds of one network: a plain step, a compiled one, and the first, which compiles."""

    layers: int
    width: int
    plain: float
    compiled: float
    first: float


def training(layers: int, width: int) -> tuple[Callable, tuple]:
    """Make a step of training of a network of so many layers, and what it is called with."""
    net = nn.MLP(width, [width] * layers, activation="relu", rng=0)
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, width)).astype(np.float32)

    def step(x: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = losses.cross_entropy(net(x), labels)
        loss.backward(leaves_only=True)
        optimizer.step()
        return loss

    return step, (x, rng.integers(0, width, BATCH))


def seconds(f: Callable, args: tuple) -> float:
    """Tell how long one call takes."""
    began = perf_counter()
    f(*args)
    return perf_counter() - began


def measured(layers: int, width: int, rounds: int) -> Point:
    """Measure one network, plain and compiled in turn."""
    plain, args = training(layers, width)
    firsts = []
    for _ in range(min(rounds, 3)):
        compiled = mt.compile(training(layers, width)[0])
        firsts.append(seconds(compiled, args))
    seconds(plain, args)
    turns = [(seconds(plain, args), seconds(compiled, args)) for _ in range(rounds)]
    plains, compileds = zip(*turns, strict=True)
    return Point(layers, width, median(plains), median(compileds), median(firsts))


def growth(
    depths: Sequence[int], widths: Sequence[int], rounds: int
) -> tuple[list[Point], list[Point]]:
    """Measure networks that become deeper, and networks that become wider."""
    measured(1, WIDTH, 1)  # what is loaded once
    deeper = [measured(n, WIDTH, rounds) for n in depths]
    return deeper, [measured(DEPTH, n, rounds) for n in widths]


# How it is shown


def figure(deeper: list[Point], wider: list[Point]) -> Any:
    """Draw the times on logarithmic axes: a line of slope 1 is linear growth."""
    plot = canvas.figure(9.6, 3.6)
    panels = zip(plot.subplots(1, 2), (deeper, wider), ("layers", "width"), strict=True)
    for axes, points, by in panels:
        beside = f"width {WIDTH}" if by == "layers" else f"{DEPTH} layers"
        canvas.tidy(axes, title=f"seconds by {by}, {beside}", x=by)
        axes.set_xscale("log")
        axes.set_yscale("log")
        x = [getattr(p, by) for p in points]
        lines = ("first", "compile"), ("plain", "plain step"), ("compiled", "compiled step")
        ends = []
        for i, (name, word) in enumerate(lines):
            y = [getattr(p, name) for p in points]
            color = canvas.SERIES[i]
            axes.plot(x, y, color=color, marker=canvas.MARKERS[i], markersize=4, linewidth=1.6)
            ends.append((x[-1], y[-1], word, color))
        canvas.end_labels(axes, ends)
    return plot


def table(points: list[Point], by: str) -> str:
    """Write the times as a table."""
    head = [f"| {by} | plain step | compiled step | plain / compiled | the first call, compiling |"]
    head.append("|---:|---:|---:|---:|---:|")
    rows = [
        f"| {getattr(p, by):,} | {time_word(p.plain)} | {time_word(p.compiled)} "
        f"| {p.plain / p.compiled:.2f} | {time_word(p.first)} |"
        for p in points
    ]
    return "\n".join([*head, *rows])


def page(text: str, deeper: list[Point], wider: list[Point]) -> str:
    """Put the tables into the page, where the old ones stand."""
    for by, points in (("layers", deeper), ("width", wider)):
        written = table(points, by)
        text = re.sub(rf"\| {by} \|.*\n(?:\|.*\n)+", lambda _, t=written: f"{t}\n", text, count=1)
    return text


if __name__ == "__main__":
    found = growth(DEPTHS, WIDTHS, rounds=15)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), *found), encoding="utf-8")
    figure(*found).save(FIGURE)
    print(
        *(table(points, by) for points, by in zip(found, ("layers", "width"), strict=True)),
        sep="\n\n",
    )
