"""How is a graph taken that is too large to be shown whole? What will not be seen is only counted.

The chain rule runs through all of it. Modules that are folded up, and stretches of calls outside
of every module, are boxes from the start, and what lies outside of the part that is asked for is
left out: so a hundred thousand numbers take seconds, and a million steps are no depth.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import graph
from ..graph import Node as Recorded
from ..lines import line_of
from . import names as words
from .capture import _Taking, too_many
from .collecting import collector_waiting
from .expansion import Call, calls_of
from .folding import BUDGET, Box, Scene, framed_where_needed
from .modules import groups_of, homes_of_leaves
from .parts import around, between, with_operands
from .passes import chain_rule, order_of
from .snapshots import Edge, Group, Snapshot
from .theme import clean

STRETCHES = 24  # boxes for the calls outside of every module


class Choice:
    """Where each value of a graph goes: into a box, out of the picture, or on it as it is.

    Attributes
    ----------
    place : dict of Node to str
        The key of the box that a value is inside of, or "" where it is left out. What is not in
        it is shown.
    boxes : dict of str to Group
        The modules and stretches that are boxes.
    """

    def __init__(self) -> None:
        self.place: dict[Recorded, str] = {}
        self.boxes: dict[str, Group] = {}


def part(order: list[Recorded], *, ends: tuple[Any, Any] | None, middle: Any, hops: int) -> Choice:
    """Choose what lies between two values, or around one; each call with what it is of."""
    operands = {value: graph.parents(value) for value in order}
    chosen = between(operands, *ends) if ends is not None else around(operands, middle, hops)
    kept = with_operands(operands, chosen) if ends is not None else chosen
    choice = Choice()
    choice.place.update((value, "") for value in order if value not in kept)
    return choice


def folded(
    order: list[Recorded],
    root: Recorded,
    depth: int | None,
    most: int,
    params: Iterable[Any] | None = None,
) -> Choice:
    """Choose the modules that are boxes; with a depth, calls outside of them in stretches too.

    Raises
    ------
    GraphTooLargeError
        If no depth is given, and there are more calls outside of modules than can be read.
    """
    calls = [Call(value, value, value.args, value.scope) for value in order]
    groups, models = groups_of(calls)
    homes = homes_of_leaves(calls)
    weights = {*words.parameter_paths(models), *(params or ())}
    for leaf in list(homes):  # inputs come from outside
        if leaf.requires_grad and leaf not in weights and not words.is_parameter_class(leaf):
            del homes[leaf]
    scopes = {value: value.scope if value.fn is not None else homes.get(value) for value in order}
    inside = {v: s.call for v, s in scopes.items() if isinstance(s, graph.Scope)}
    outside = [value for value in order if value not in inside and value is not root]
    limit = _limit(Counter(inside.values()), groups, len(outside)) if depth is None else depth
    choice = Choice()
    around_: dict[str, Group] = {}
    for group in groups.values():  # parents first
        if group.depth >= limit:
            around_[group.key] = around_.get(group.parent or "", group)
    for value, call in inside.items():
        if value is not root and (box := around_.get(groups[call].key)) is not None:
            choice.place[value] = box.key
            choice.boxes[box.key] = box
    shown = len(order) - len(choice.place) + len(choice.boxes)
    if depth is not None and len(outside) > BUDGET:
        _in_stretches(outside, choice)
    elif shown > most:
        raise too_many(shown, most)
    return choice


def _limit(counts: Counter[int], groups: dict[int, Group], outside: int) -> int:
    """Find how deep modules can be shown open, so that there are no more boxes than can be read."""
    open_ = Counter[int]()
    folded_ = Counter[int]()
    for call, n in counts.items():
        open_[groups[call].depth] += n
    for group in groups.values():
        folded_[group.depth] += 1
    for limit in range(max(folded_, default=0), 0, -1):
        if outside + sum(open_[d] for d in range(limit)) + folded_[limit] <= BUDGET:
            return limit
    return 0


def _in_stretches(outside: list[Recorded], choice: Choice) -> None:
    """Put calls that are in no module into boxes, by their lines or the order of the calls."""
    calls = [value for value in outside if value.fn is not None]
    for number, (title, stretch) in enumerate(_by_line(calls) or _in_order(calls), 1):
        key = f"s{number}"
        choice.boxes[key] = Group(key, title, "", "", None, 0)
        for value in stretch:
            choice.place[value] = key
            for a in value.args:
                if isinstance(a, Recorded) and a.fn is None:
                    choice.place.setdefault(a, key)
    given = [value for value in outside if value not in choice.place]
    if len(given) > BUDGET:
        choice.boxes["s0"] = Group("s0", f"{len(given):,} values that are given", "", "", None, 0)
        choice.place.update((value, "s0") for value in given)


def _by_line(calls: list[Recorded]) -> list[tuple[str, list[Recorded]]]:
    """Sort calls by the lines of the program, where they are known and neither one nor many."""
    found: dict[Any, list[Recorded]] = {}
    for value in calls:
        found.setdefault(line_of(value), []).append(value)
    if None in found or not 2 <= len(found) <= STRETCHES:
        return []
    return [(clean(line.told, 60), values) for line, values in found.items()]


def _in_order(calls: list[Recorded]) -> list[tuple[str, list[Recorded]]]:
    size = max(1, -(-len(calls) // STRETCHES))
    parts = [(start, calls[start : start + size]) for start in range(0, len(calls), size)]
    return [(f"calls {at + 1:,} to {at + len(part):,}", part) for at, part in parts]


def capture(
    root: Recorded,
    choice: Choice,
    *,
    names: Mapping[str, Any] | None,
    params: Iterable[Any] | None,
    gradient: Any,
    gradients: bool,
) -> tuple[Snapshot, Scene]:
    """Take what was chosen, with the gradients of the output.

    Returns
    -------
    Snapshot, Scene
        The values that are shown, and the picture of them with the boxes.
    """
    with collector_waiting():
        order, stale = order_of(root)
        calls = calls_of(order, expand=True, but=choice.place)
        wanted = gradients and not stale and (gradient is not None or np.size(root._data) == 1)
        grads, sent = chain_rule(calls, root, gradient) if wanted else ({}, {})
        taking = _Choosing(calls, root, grads, sent, names, params, choice)
        return taking.picture("stale" if stale else ("fresh" if grads else "none"))


class _Choosing(_Taking):
    """One taking of what was chosen; the rest is counted, box by box."""

    def __init__(
        self,
        calls: list[Call],
        root: Recorded,
        grads: dict[Recorded, Any],
        sent: dict[tuple[Recorded, int], Any],
        names: Mapping[str, Any] | None,
        params: Iterable[Any] | None,
        choice: Choice,
    ) -> None:
        super().__init__(calls, root, grads, sent, names, params, False)
        self.choice = choice
        self.values: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self.squares: dict[str, float] = defaultdict(float)
        self.signs: dict[str, Counter[str]] = defaultdict(Counter)
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.bundles: dict[tuple[str, str], float | None] = {}
        self.first: dict[str, int] = {}  # of each box: before which node it stands

    def picture(self, state: str) -> tuple[Snapshot, Scene]:
        with np.errstate(all="ignore"):  # what is not finite is shown as such
            for call in self.calls:
                self._add(call)
        inner = tuple(e for e in self.edges if e.src.startswith("v"))
        for e in self.edges:
            if e.src and not e.src.startswith("v"):
                self._bundle(e.src, e.dst, e.contribution)
        root = self.ids[self.root] or self.nodes[-1].id
        taken = Snapshot(tuple(self.nodes), inner, tuple(self.groups.values()), root, state)
        return taken, self._scene(taken)

    def _scene(self, taken: Snapshot) -> Scene:
        boxes = [(float(i), Box(node.id, node.group, node)) for i, node in enumerate(taken.nodes)]
        boxes += [(self.first[key] - 0.5, self._box(key)) for key in self.values]
        boxes.sort(key=lambda pair: pair[0])
        bundles = (
            Edge(src, dst, 0, contribution=None if square is None else math.sqrt(square))
            for (src, dst), square in self.bundles.items()
        )
        groups = tuple(g for g in taken.groups if not self._is_folded(g))
        made = Scene(
            tuple(box for _, box in boxes), (*taken.edges, *bundles), groups, self._notes()
        )
        return framed_where_needed(made)

    def _is_folded(self, group: Group) -> bool:
        by_key = {g.key: g for g in self.groups.values()}
        inner: Group | None = group
        while inner is not None:
            if inner.key in self.choice.boxes:
                return True
            inner = by_key.get(inner.parent or "")
        return False

    def _notes(self) -> tuple[str, ...]:
        notes = []
        modules = sum(1 for key in self.values if self.choice.boxes[key].cls)
        stretches = len(self.values) - modules
        if modules:
            notes.append(f"{modules} module{'s' if modules > 1 else ''} folded up")
        if stretches:
            calls = sum(n for key, n in self.values.items() if not self.choice.boxes[key].cls)
            notes.append(f"{calls:,} values in {stretches} stretches")
        left = sum(1 for key in self.choice.place.values() if not key)
        if left:
            notes.append(f"a part: {left:,} values are left out")
        return tuple(notes)

    def _box(self, key: str) -> Box:
        most = self.signs[key].most_common(4)
        module = self.choice.boxes[key]
        return Box(
            key, module.parent, None, module, self.values[key], self.sizes[key],
            math.sqrt(self.squares[key]) if key in self.squares else None,
            self.shapes.get(key), "" if module.cls else " · ".join(f"{n:,} {s}" for s, n in most),
        )  # fmt: skip

    def _add(self, call: Call) -> None:
        key = self.choice.place.get(call.value)
        if key is None:
            super()._add(call)
            return
        value = call.value
        self.ids[value] = key
        if not key:
            return
        self.first.setdefault(key, len(self.nodes))
        self.values[key] += 1
        if value.fn is None:
            if self._kind(value) == "param":
                self.sizes[key] += int(np.size(value._data))
                if (grad := self.grads.get(value)) is not None:
                    self.squares[key] += _square(grad)
            return
        self.shapes[key] = np.shape(value._data)
        self.signs[key][words.sign(value.fn, value.args, value.kwargs)] += 1
        for position, a in enumerate(call.args):
            if isinstance(a, Recorded) and (src := self.ids[a]) and src != key:
                self._bundle(src, key, self.sent.get((value, position)))

    def _bundle(self, src: str, dst: str, contribution: Any) -> None:
        square = self.bundles.get((src, dst))
        if contribution is not None:
            square = (square or 0.0) + _square(contribution)
        self.bundles[src, dst] = square

    def _expression(self, made: Recorded, sources: list[tuple[int, str]]) -> str | None:
        if made.fn is None or len(sources) != 2:
            return None
        labels = [
            self.nodes[int(id[1:]) - 1].name if id.startswith("v") else self._name(made.args[i])
            for i, id in sources
        ]  # what is left out still has its name
        return words.expression(made.fn, labels)


def _square(x: Any) -> float:
    if x.__class__ is float:
        return x * x if abs(x) < 1e150 else math.inf
    with np.errstate(all="ignore"):
        return float(np.sum(np.square(np.asarray(x, dtype=np.float64))))
