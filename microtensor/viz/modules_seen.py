"""What is known of each module? What it holds; and, of one call, what it gave and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .. import graph
from ..calls import plain
from ..graph import Node as Recorded
from ..nesting import leaves
from .diagnosis import Finding, Limits
from .gradient_rules import parameter_findings
from .graph_rules import graph_findings
from .names import module_title
from .theme import shape_word
from .trials import Trial, tried


class Row(NamedTuple):
    """One module.

    Attributes
    ----------
    path, label : str
        Where it is in the model; its name and class.
    depth : int
        1 for those directly in the model.
    own : bool
        Whether ``data`` and ``grad`` are those of its parameters.
    shape : str
        Of its output; empty if it was not called.
    calls : int
    params, trainable : int
        Numbers that no row above counts already.
    shared : bool
        Whether it has parameters that a row above counts.
    mode : str
        "train" or "eval".
    memory, flops : int or None
        Bytes of what it computed and operations, those of its rows below left out.
    data, grad : ndarray or None
        All entries, flat.
    health : str
        "ok", or what is wrong in a few words after a mark; empty if nothing is known.
    """

    path: str
    label: str
    depth: int
    own: bool
    shape: str
    calls: int
    params: int
    trainable: int
    shared: bool
    mode: str
    memory: int | None
    flops: int | None
    data: np.ndarray | None
    grad: np.ndarray | None
    health: str


@dataclass
class Seen:
    """All rows, and the totals."""

    title: str
    rows: list[Row] = field(default_factory=list)
    parameters: int = 0
    trainable: int = 0
    parameter_bytes: int = 0
    activation_bytes: int = 0
    inputs: str = ""
    output: str = ""
    flops: int | None = None
    loss: float | None = None
    grad_norm: float | None = None


def seen(model: Any, inputs: tuple, depth: int, loss: Callable | None) -> Seen:
    """Look at a model, and call it once if there are inputs."""
    parameters = [p for _, p in model.named_parameters()]
    trial = tried(model, inputs, loss) if inputs else None
    found = Seen(
        _title(model),
        parameters=sum(p.size for p in parameters),
        trainable=sum(p.size for p in parameters if p.requires_grad),
        parameter_bytes=sum(np.asarray(p._data).nbytes for p in parameters),
    )
    grads = {p: _gradient(p, trial) for p in parameters}
    norms = [float(np.sum(np.square(g, dtype=float))) for g in grads.values() if g is not None]
    if norms:
        found.grad_norm = float(np.sqrt(sum(norms)))
    places = _places(model, depth)
    work = _work(trial, places) if trial is not None else None
    if trial is not None and work is not None:
        found.inputs = _shapes(leaves(list(inputs)))
        found.output = _shapes(leaves(trial.output))
        found.flops = sum(flops for flops, _ in work.values())
        found.activation_bytes = sum(memory for _, memory in work.values())
        found.loss = float(trial.loss._data) if trial.loss is not None else None
    ills = _ills(model, trial, grads, {place.path: place.home for place in places.values()})
    counted: set[Any] = set()
    tells = bool(ills.get("")) or "" in (work or {})  # whether the model does something by itself
    for place in places.values():
        if place.home == place.path and (place.path or place.own or tells or len(places) == 1):
            found.rows.append(_row(place, trial, grads, work, ills, counted))
    return found


class _Place:
    """A module, where it is, and which parameters are its own in the table."""

    def __init__(self, path: str, module: Any, label: str, depth: int, own: list, home: str):
        self.path, self.module, self.label, self.depth = path, module, label, depth
        self.own, self.home = own, home


def _places(model: Any, depth: int) -> dict[int, _Place]:
    """Find for each module the row that it belongs to: itself, or the one it is folded into."""
    modules = list(model.named_modules())
    paths = {path for path, _ in modules}
    above = {path: _parent(path, paths) for path in paths}
    levels = {"": 0}
    homes = {"": ""}
    places = {}
    for path, module in modules:
        if path:
            levels[path] = levels[above[path]] + 1
            homes[path] = path if levels[path] <= depth else homes[above[path]]
        inside = [p for p, _ in module.named_modules() if p]
        folded = levels[path] >= depth  # what is inside counts to it
        own = [
            p
            for name, p in module.named_parameters()
            if folded or not any(name.startswith(f"{part}.") for part in inside)
        ]
        title = _title(module)
        name = path.removeprefix(above[path] + ".") if path and above[path] else path
        label = f"{name}  {title}" if path else title
        places[id(module)] = _Place(path, module, label, levels[path] or 1, own, homes[path])
    return places


def _title(module: Any) -> str:
    """Name a module's class, with the widths of one that has no others inside."""
    kind = type(module).__name__
    is_leaf = sum(1 for _ in module.named_modules()) == 1
    return module_title(module if is_leaf else None, kind, "")


def _parent(path: str, paths: set[str]) -> str:
    while path:
        path = path.rpartition(".")[0]
        if path in paths:
            return path
    return ""


def _gradient(p: Any, trial: Trial | None) -> Any:
    if not p.requires_grad:
        return None
    if trial is not None and trial.loss is not None:
        return trial.grads.get(p)
    return plain(p.grad)


def _row(
    place: _Place,
    trial: Trial | None,
    grads: dict[Any, Any],
    work: dict[str, tuple[int, int]] | None,
    ills: dict[str, list[Finding]],
    counted: set[Any],
) -> Row:
    new = [p for p in place.own if p not in counted]
    counted.update(new)
    calls = trial.outputs.get(id(place.module), []) if trial is not None else []
    flops, memory = (None, None) if work is None else work.get(place.path, (0, 0))
    if place.own:
        data = _joined([p._data for p in place.own])
        grad = _joined([g for p in place.own if (g := grads[p]) is not None])
    else:
        values = [x for call in calls for x in call]
        data = _joined([plain(x) for x in values if np.asarray(plain(x)).dtype.kind == "f"])
        found = trial.grads if trial is not None else {}
        grad = _joined([found[x] for x in values if isinstance(x, Recorded) and x in found])
    ill = sorted(ills.get(place.path, []), key=lambda f: not f.is_error)
    health = "ok" if place.own or calls else ""
    if ill:
        more = f" +{len(ill) - 1}" if len(ill) > 1 else ""
        health = f"{'✗' if ill[0].is_error else '!'} {ill[0].short}{more}"
    return Row(
        path=place.path,
        label=place.label + (f" ×{len(calls)}" if len(calls) > 1 else ""),
        depth=place.depth,
        own=bool(place.own),
        shape=_shapes(calls[0]) if calls else "",
        calls=len(calls),
        params=sum(p.size for p in new),
        trainable=sum(p.size for p in new if p.requires_grad),
        shared=len(new) < len(place.own),
        mode="train" if getattr(place.module, "training", True) else "eval",
        memory=memory,
        flops=flops,
        data=data,
        grad=grad,
        health=health,
    )


def _joined(arrays: list[Any]) -> np.ndarray | None:
    flat = [np.ravel(np.asarray(a)) for a in arrays]
    return np.concatenate(flat) if flat else None


def _shapes(arrays: list[Any]) -> str:
    return ", ".join(shape_word(np.shape(plain(a))) for a in arrays)


def _work(trial: Trial, places: dict[int, _Place]) -> dict[str, tuple[int, int]]:
    """Sum up operations and memory for each row; "" is what happens outside of every other."""
    found: dict[str, tuple[int, int]] = {}
    seen_arrays: set[int] = set()
    for node in trial.order:
        chain = node.scope.chain() if isinstance(node.scope, graph.Scope) else []
        known = [places[id(s.module)] for s in chain if id(s.module) in places]
        if node.fn is None or not known:  # the loss is made outside
            continue
        path = known[-1].home
        flops, memory = found.get(path, (0, 0))
        array = node._data
        base = array.base if isinstance(array, np.ndarray) and array.base is not None else array
        if id(base) not in seen_arrays:  # a view takes no memory
            seen_arrays.add(id(base))
            memory += np.asarray(array).nbytes
        found[path] = (flops + trial.flops[node], memory)
    return found


def _ills(
    model: Any, trial: Trial | None, grads: dict[Any, Any], homes: dict[str, str]
) -> dict[str, list[Finding]]:
    """Find what is unwell, by the path of the module whose row shall tell."""
    limits = Limits()
    named = [(path, p) for path, p in model.named_parameters() if p.requires_grad]
    has = any(g is not None for g in grads.values())
    findings = []
    if trial is not None:
        paths = {p: path for path, p in model.named_parameters()}
        findings += graph_findings(trial.order, trial.grads, limits, paths)
    if not any(f[0] in ("nan", "infinite") for f in findings):
        findings += parameter_findings([(n, p, grads[p]) for n, p in named], limits, None, has)
    found: dict[str, list[Finding]] = {}
    for finding in (Finding(*f) for f in findings):
        found.setdefault(homes.get(finding.module, ""), []).append(finding)
    return found
