"""What happens inside of a model while it learns? A recorder that looks at every tenth step.

Of each layer it keeps how its outputs, weights, gradients and updates were spread: histograms of
fixed bins, whose memory depends neither on the model's size nor on how long it is trained.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

import numpy as np

from .. import backward, graph
from ..calls import plain
from ..errors import ArgumentError
from ..graph import Model, Node
from ..nesting import leaves
from .signed_logs import Histogram, counted, edges
from .sparks import bars
from .theme import short

KINDS = ("activations", "weights", "gradients", "updates")
_KEPT = 200  # looks; when there are more, every second one is dropped, and fewer are taken
_CHARACTERS = 12


class Recorder:
    """What was seen of a model, step by step; see `watch`.

    Attributes
    ----------
    every : int
        How many steps lie between two looks; it doubles whenever 200 looks were kept.
    steps : int
        How often the model was called, for training.
    seen : dict of str to dict of str to list of Histogram
        By kind ("activations", "weights", "gradients", "updates") and by the path of the module
        or the parameter. Updates are counted in units of the parameter's root mean square.
    ratios : dict of str to list of (int, float)
        For each parameter: the step, and how long the update was beside the parameter.
    """

    def __init__(self, model: Any, every: int, bins: int) -> None:
        self.model, self.every, self.bins = model, every, bins
        self.steps = 0
        self.seen: dict[str, dict[str, list[Histogram]]] = {kind: {} for kind in KINDS}
        self.ratios: dict[str, list[tuple[int, float]]] = {}
        self._paths = {
            id(module): path or type(module).__name__ for path, module in model.named_modules()
            if sum(1 for _ in module.named_modules()) == 1
        }  # fmt: skip
        self._hooks = ExitStack()
        self._looking = False
        self._pending: dict[str, Any] | None = None  # parameters before the step that is looked at
        self._outputs: list[Any] = []
        self._gradients: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._hooks.enter_context(self.model.before_forward(self._begin))
        self._hooks.enter_context(self.model.after_forward(self._keep))
        self._hooks.enter_context(self.model.before_backward(self._differentiate))
        for _, module in self.model.named_modules():
            if id(module) in self._paths:
                self._hooks.enter_context(module.after_forward(self._note))
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()
        self._hooks.close()

    # The steps

    def _begin(self, module: Any, args: Any) -> None:
        self._looking = graph.is_recording() and getattr(self.model, "training", True)
        if not self._looking:
            return
        self._finish()
        self.steps += 1
        self._looking = (self.steps - 1) % self.every == 0
        if self._looking:
            self._pending = {name: p._data for name, p in self.model.named_parameters()}
            self._gradients = {}
            for name, data in self._pending.items():
                self._add("weights", name, data)

    def _note(self, module: Any, args: Any, output: Any) -> None:
        if self._looking:
            arrays = [np.ravel(plain(x)) for x in leaves(output) if hasattr(x, "shape")]
            floats = [x for x in arrays if x.dtype.kind == "f"]
            if floats:
                self._add("activations", self._paths[id(module)], np.concatenate(floats))

    def _keep(self, module: Any, args: Any, output: Any) -> None:
        self._outputs = [x for x in leaves(output) if isinstance(x, Node)] if self._looking else []

    def _differentiate(self, module: Any, grads: tuple) -> None:
        """Send the gradients that arrive at the output on to the parameters, on the side.

        Many loops forget ``.grad`` before the model is called again: it would be too late then.
        """
        pairs = [
            (x, g)
            for x, g in zip(self._outputs, grads, strict=False)
            if isinstance(plain(g), np.ndarray | np.generic | float) and x.requires_grad
        ]
        self._outputs = []
        named = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        if pairs:
            outputs, given = zip(*pairs, strict=True)
            parameters = [p for _, p in named]
            found = backward.gradients(outputs, parameters, [plain(g) for g in given])
            for (name, _), g in zip(named, found, strict=True):
                self._gradients[name] = g

    def _finish(self) -> None:
        """Look at what became of the step that is looked at: gradients, updates."""
        if self._pending is None:
            return
        for name, p in self.model.named_parameters():
            g = plain(p.grad) if p.grad is not None else self._gradients.get(name)
            if g is not None:
                self._add("gradients", name, g)
            before = self._pending.get(name)
            if before is None or p._data is before:
                continue
            size = float(np.sqrt(np.mean(np.square(before, dtype=float))))
            if size:
                with np.errstate(all="ignore"):
                    update = (np.asarray(p._data, dtype=float) - before) / size
                    ratio = float(np.sqrt(np.mean(np.square(update))))
                self._add("updates", name, update)
                self.ratios.setdefault(name, []).append((self.steps, ratio))
        self._pending, self._looking = None, False
        self._outputs, self._gradients = [], {}
        self._thin()

    def _add(self, kind: str, name: str, x: Any) -> None:
        rows = self.seen[kind].setdefault(name, [])
        if not rows or rows[-1].step != self.steps:  # a module that is shared: its first call
            rows.append(counted(x, self.steps, self.bins))

    def _thin(self) -> None:
        most = max((len(x) for kind in self.seen.values() for x in kind.values()), default=0)
        if most > _KEPT:
            self.every *= 2
            for kind in self.seen.values():
                for name, rows in kind.items():
                    kind[name] = [row for row in rows if (row.step - 1) % self.every == 0]
            for name, pairs in self.ratios.items():
                self.ratios[name] = [x for x in pairs if (x[0] - 1) % self.every == 0]

    # What is shown

    def figure(self, *, layers: int = 6) -> Any:
        """Draw how everything was spread over the steps: a row for each layer.

        Parameters
        ----------
        layers : int, default 6
            How many layers at most, evenly chosen.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ArgumentError
            If nothing was seen yet.
        DependencyError
            If matplotlib is not installed.
        """
        from .ridges import recorded

        self._check_seen()
        return recorded(self, layers)

    def to_json(self) -> dict[str, Any]:
        """Give everything as dicts, lists and numbers, ready for ``json.dumps``."""
        found: dict[str, Any] = {
            "every": self.every, "steps": self.steps, "edges": edges(self.bins).tolist(),
        }  # fmt: skip
        for kind, by_name in self.seen.items():
            found[kind] = {name: [_plain(row) for row in rows] for name, rows in by_name.items()}
        found["ratios"] = {
            name: [[step, _number(ratio)] for step, ratio in pairs]
            for name, pairs in self.ratios.items()
        }
        return found

    def sparkline(self) -> str:
        """Write the last look in one line per layer or parameter, from negative to positive."""
        self._check_seen()
        lines = []
        for kind, by_name in self.seen.items():
            width = max(map(len, by_name), default=0)
            for name, rows in by_name.items():
                last = rows[-1]
                parts = np.array_split(last.counts, _CHARACTERS)
                told = f"μ {short(last.mean)} σ {short(last.std)}"
                if kind == "updates":
                    told = f"ratio {short(self.ratios[name][-1][1])}"
                size = int(last.counts.sum()) + last.zeros + last.not_finite
                told += f", {last.zeros / size:.0%} zero" if last.zeros else ""
                told += f", {last.not_finite} not finite" if last.not_finite else ""
                heights = bars([part.sum() for part in parts])
                lines.append(f"{kind:<11} {name:<{width}}  {heights}  {told}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.sparkline() if self.seen["weights"] else "nothing was seen yet"

    def __repr__(self) -> str:
        return f"Recorder({self.steps} steps of {type(self.model).__name__}, every {self.every})"

    def _check_seen(self) -> None:
        if not self.seen["weights"]:
            raise ArgumentError(
                "watch: nothing was seen yet.",
                expected="a call of the model inside of the with block, in train mode",
                got="none",
            )


def watch(model: Any, *, every: int = 10, bins: int = 48) -> Recorder:
    """Watch a model while it is trained: outputs, weights, gradients, updates, layer by layer.

    A step is a call of the model in ``train`` mode while calls are recorded; validation is not
    watched. Nothing of the model or its training changes. A step that is looked at costs a few
    passes over the numbers; the others cost next to nothing.

    Parameters
    ----------
    model : Model
    every : int, default 10
        How many steps lie between two looks.
    bins : int, default 48
        Of the histograms, half of them for each sign: powers of ten from 1e-8 to 1e4.

    Returns
    -------
    Recorder
        A context manager. Afterwards: ``.figure()``, ``.sparkline()``, ``.to_json()``.

    Raises
    ------
    ArgumentError
        If it is no model that hooks can be put on, or a number does not fit.

    References
    ----------
    .. [1] A. Karpathy, *Building makemore, part 3* (2022), on what to look at.

    Examples
    --------
    >>> import numpy as np
    >>> from microtensor import losses, nn, optim, viz
    >>> net = nn.MLP(2, [8, 1], activation="tanh", rng=0)
    >>> x = np.random.default_rng(0).standard_normal((16, 2))
    >>> optimizer = optim.SGD(net.parameters(), lr=0.1)
    >>> with viz.watch(net, every=5) as seen:
    ...     for _ in range(20):
    ...         loss = losses.mse(net(x), x[:, :1])
    ...         optimizer.zero_grad()
    ...         loss.backward()
    ...         optimizer.step()
    >>> [row.step for row in seen.seen["gradients"]["layers.0.weight"]]
    [1, 6, 11, 16]
    """
    if not isinstance(model, Model) or not hasattr(model, "before_forward"):
        raise ArgumentError(
            "watch: only a module can be watched.",
            expected="a module, such as nn.MLP(2, [4, 1])",
            got=f"a {type(model).__name__}",
        )
    for name, given, fits, wanted in (
        ("every", every, _is_whole(every) and every >= 1, "a number of steps: 1, 2, 3 ..."),
        ("bins", bins, _is_whole(bins) and bins >= 4 and bins % 2 == 0, "an even number from 4 on"),
    ):
        if not fits:
            raise ArgumentError(f"watch: {name} does not fit.", expected=wanted, got=repr(given))
    return Recorder(model, every, bins)


def _is_whole(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)


def _plain(row: Histogram) -> dict[str, Any]:
    return {
        "step": row.step, "counts": row.counts.tolist(), "zeros": row.zeros,
        "not_finite": row.not_finite, "mean": _number(row.mean), "std": _number(row.std),
    }  # fmt: skip


def _number(x: float) -> float | None:
    return x if np.isfinite(x) else None
