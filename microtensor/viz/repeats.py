"""Which modules are the same again? A stack of equal modules is one box with its number on it."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from .folding import Box, Scene
from .snapshots import Edge, Group

LEAST = 3  # two equal modules are as quickly read as a number


def fold_repeats(scene: Scene) -> Scene:
    """Join equal modules that are folded up and follow each other, or are calls of one module.

    Modules are equal where their class, their frame, the shape they give and the numbers of their
    values and parameters are. In a stack, each feeds the next and nobody else.
    """
    stacks = [run for run in [*_stacks(scene), *_calls(scene)] if len(run) >= LEAST]
    home: dict[str, str] = {}
    joined: dict[str, Box] = {}
    for run in stacks:
        if any(box.id in home for box in run):
            continue
        home.update((box.id, run[0].id) for box in run)
        joined[run[0].id] = _joined(run)
    if not joined:
        return scene
    boxes = tuple(
        joined.get(box.id, box) for box in scene.boxes if home.get(box.id, box.id) == box.id
    )
    told = f"{len(home)} equal modules drawn as {len(joined)}"
    return replace(scene, boxes=boxes, arrows=_arrows(scene, home), notes=(*scene.notes, told))


def _kind(box: Box) -> Any:
    assert box.module is not None
    return box.module.cls, box.group, box.values, box.params, box.shape


def _stacks(scene: Scene) -> list[list[Box]]:
    """List the runs of equal modules in which each feeds the next alone."""
    boxes = {b.id: b for b in scene.boxes if b.module is not None and b.module.cls}
    users: dict[str, set[str]] = defaultdict(set)
    fed: dict[str, set[str]] = defaultdict(set)
    for arrow in scene.arrows:
        users[arrow.src].add(arrow.dst)
        fed[arrow.dst].add(arrow.src)
    following: dict[str, str] = {}
    for id, box in boxes.items():
        for user in users[id] if len(users[id]) == 1 else ():
            equal = user in boxes and _kind(boxes[user]) == _kind(box)
            if equal and sum(f in boxes for f in fed[user]) == 1:
                following[id] = user
    starts = [id for id in following if id not in set(following.values())]
    runs = []
    for id in starts:
        run = [id]
        while run[-1] in following:
            run.append(following[run[-1]])
        runs.append([boxes[i] for i in run])
    return runs


def _calls(scene: Scene) -> list[list[Box]]:
    """List the runs of calls of one module, such as one for each sample."""
    runs: dict[Any, list[Box]] = defaultdict(list)
    for box in scene.boxes:
        if box.module is not None and box.module.cls:
            runs[_first_title(box.module), *_kind(box)].append(box)
    return list(runs.values())


def _first_title(group: Group) -> str:
    return re.sub(r" · call \d+$", "", group.title)


def _joined(run: list[Box]) -> Box:
    first, last = run[0], run[-1]
    assert first.module is not None
    assert last.module is not None
    place = _first_title(first.module)
    if place != _first_title(last.module):
        start, _, kind = place.partition(" · ")
        end = last.module.title.partition(" · ")[0]
        place = f"{start} … {end.rpartition(' ')[2]} · {kind}" if kind else place
    norms = [box.grad_norm for box in run if box.grad_norm is not None]
    return replace(
        first,
        module=replace(first.module, title=place),
        times=len(run),
        values=sum(box.values for box in run),
        # one module that is called often has its parameters once
        params=first.params if place == _first_title(last.module) else sum(b.params for b in run),
        grad_norm=math.hypot(*norms) if norms else None,
    )


def _arrows(scene: Scene, home: dict[str, str]) -> tuple[Edge, ...]:
    arrows: list[Edge] = []
    bundles: dict[tuple[str, str], list[Edge]] = {}
    for arrow in scene.arrows:
        src, dst = home.get(arrow.src, arrow.src), home.get(arrow.dst, arrow.dst)
        if src == arrow.src and dst == arrow.dst:
            arrows.append(arrow)
        elif src != dst:
            bundles.setdefault((src, dst), []).append(arrow)
    for (src, dst), several in bundles.items():
        norms = [a.norm for a in several if a.norm is not None]
        arrows.append(Edge(src, dst, 0, contribution=math.hypot(*norms) if norms else None))
    return tuple(arrows)
